"""The router's launcher, tried on a stand-in program."""

import os
import signal
import tempfile
import time
import unittest
import unittest.mock

from tests.support import router, testing

# Listens on --listen and says so; --fail makes it end at once, --deaf ignores SIGTERM.
STAND_IN = """\
#!/usr/bin/python3
import os, signal, socket, sys, threading, time
flags = dict(a.removeprefix("--").partition("=")[::2] for a in sys.argv[1:])
if flags.get("fail") == "true":
    sys.exit("--shards: expected a host after '='")
if flags.get("deaf") == "true":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
host, _, port = flags["listen"].rpartition(":")
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind((host, int(port)))
except OSError as error:
    sys.exit(f"cannot listen: {error.strerror}")
server.listen()
print("listening, shards are", flags.get("shards"), flush=True)
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
end = time.process_time() + 0.15  # /proc rounds user and system time down, each by itself
while time.process_time() < end:
    pass
while True:
    server.accept()[0].close()
"""


class RouterTest(unittest.TestCase):

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/tmp"))
        program = os.path.join(folder, "pgbraid")
        with open(program, "w") as file:
            file.write(STAND_IN)
        os.chmod(program, 0o755)
        self.enterContext(unittest.mock.patch.dict(os.environ, PGBRAID_BIN=program))

    def test_it_accepts_when_started_and_is_gone_when_closed(self):
        with router.Router(shards="s0=x") as process:
            self.assertTrue(process.is_up())
            self.assertIn("--shards=s0=x", process.arguments())
            self.assertIn("--database=app", process.arguments())
            self.assertIn("shards are s0=x", process.log_text())
        self.assertFalse(process.is_up())
        self.assertFalse(os.path.exists(process.folder))

    def test_switches_are_written_as_gflags_reads_them(self):
        with router.Router(allow_hints=True, log_routes=False) as process:
            self.assertIn("--allow_hints=true", process.arguments())
            self.assertIn("--log_routes=false", process.arguments())

    def test_a_failing_start_shows_its_words(self):
        with self.assertRaisesRegex(router.RouterError, "status 1:\n--shards: expected a host"):
            router.Router(fail=True)

    def test_a_taken_port_that_was_asked_for_is_reported(self):
        with router.Router() as first, unittest.mock.patch.object(time, "sleep"):
            with self.assertRaisesRegex(router.RouterError, "taken"):
                router.Router(listen=first.flags["listen"])

    def test_a_taken_port_that_was_picked_is_replaced(self):
        with router.Router() as first:
            picks = [first.port, first.port, router.ports.free_port()]
            with unittest.mock.patch.object(router.ports, "free_port",
                                            side_effect=lambda: picks.pop(0)):
                with router.Router() as second:
                    self.assertEqual(picks, [])
                    self.assertNotEqual(second.port, first.port)

    def test_stop_kill_and_restart_keep_the_port(self):
        with router.Router() as process:
            port = process.port
            self.assertEqual(process.stop(), -signal.SIGTERM)
            process.start()
            process.kill9()
            self.assertFalse(process.is_up())
            process.restart(shards="s0=y")
            self.assertTrue(process.is_up())
            self.assertEqual(process.port, port)
            self.assertIn("shards are s0=y", process.log_text())

    def test_one_that_does_not_stop_is_reported(self):
        with router.Router(deaf=True) as process:
            with unittest.mock.patch.object(router, "STOP_SECONDS", 0.2):
                with self.assertRaisesRegex(router.RouterError, "did not end"):
                    process.stop()
            self.assertTrue(process.is_up())
        self.assertFalse(process.is_up())

    def test_figures_come_from_proc(self):
        with router.Router() as process:
            deadline = time.monotonic() + 10
            while sum(process.cpu_seconds()) < 0.1 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertGreaterEqual(sum(process.cpu_seconds()), 0.1)
            self.assertGreater(process.rss_bytes(), 1 << 20)
            self.assertEqual(process.threads(), 2)
            self.assertGreaterEqual(process.open_files(), 4)


if __name__ == "__main__":
    testing.main()
