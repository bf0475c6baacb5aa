"""The demo's life: started, started twice, stopped, interrupted, without PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
import unittest

import psycopg

from tests.support import guard, router, testing

DEMO = os.path.join(os.path.dirname(os.path.realpath(__file__)), "demo.py")


class DemoTest(unittest.TestCase):

    def setUp(self):
        # A place and a record of its own: a demo that somebody uses is not touched.
        self.place = self.enterContext(guard.GuardedFolder(prefix="demo-")).path
        self.record = os.path.join(self.place, "record")
        self.environment = os.environ | {"PGBRAID_TMP": self.place, "PGBRAID_BIN": router.binary(),
                                         "PGBRAID_DEMO_RECORD": self.record}
        self.addCleanup(self.call, "--stop")

    def start(self, *arguments, **environment):
        return subprocess.Popen([sys.executable, DEMO, *arguments], text=True,
                                env=self.environment | environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def call(self, *arguments, **environment):
        """Runs it to its end: (exit status, output)."""
        process = self.start(*arguments, **environment)
        output = process.communicate()[0]
        return process.returncode, output

    def assert_nothing_is_left(self):
        self.assertEqual(os.listdir(self.place), [])
        self.assertEqual(guard.processes_in(self.place), [])

    def test_it_stays_until_it_is_stopped(self):
        status, output = self.call()
        self.assertEqual(status, 0, output)
        self.assertIn("tools/demo --stop", output)
        url = next(line.strip() for line in output.splitlines() if "postgresql://" in line)
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT name FROM customers WHERE id = 107").fetchone()
            self.assertEqual(row, ("Grace Wanjiru",))
        status, output = self.call()
        self.assertEqual(status, 1)
        self.assertIn("running already", output)
        self.assertIn(url, output)
        self.assertEqual(self.call("--stop"), (0, "The demo is stopped.\n"))
        self.assert_nothing_is_left()
        self.assertEqual(self.call("--stop"), (0, "The demo is not running.\n"))

    def test_two_starts_at_once_do_not_meet(self):
        first = self.start()
        self.assertIn("Starting", first.stdout.readline())
        status, output = self.call()
        self.assertEqual((status, "just now" in output), (1, True), output)
        first.communicate()
        self.assertEqual(first.returncode, 0)

    def test_one_that_died_with_the_machine_is_cleared_away(self):
        self.assertEqual(self.call()[0], 0)
        with open(self.record) as file:
            folder = file.read()
        guard.signal_all(guard.processes_in(folder), signal.SIGKILL)
        while guard.processes_in(folder):
            time.sleep(0.01)
        status, output = self.call()
        self.assertEqual(status, 0, output)
        self.assertFalse(os.path.exists(folder))

    def test_interrupted_at_any_step_it_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for words in ("Starting two shards", "Starting the router", "Creating", "3."):
                with self.subTest(signal=number.name, after=words):
                    process = self.start()
                    while not process.stdout.readline().startswith(words):
                        pass
                    process.send_signal(number)
                    output = process.communicate()[0]
                    self.assertEqual(process.returncode, 130, output)
                    self.assertIn("interrupted; nothing is left running", output)
                    self.assert_nothing_is_left()

    def test_without_postgresql_it_says_so(self):
        status, output = self.call(PGBRAID_PG_BIN="/nonexistent")
        self.assertEqual(status, 1)
        self.assertIn("no PostgreSQL server found in /nonexistent", output)
        self.assertNotIn("Traceback", output)
        self.assert_nothing_is_left()

    def test_a_router_that_does_not_start_is_shown(self):
        status, output = self.call(PGBRAID_BIN="/bin/false")
        self.assertEqual(status, 1)
        self.assertIn("the router ended with status 1", output)
        self.assertNotIn("Traceback", output)
        self.assert_nothing_is_left()


if __name__ == "__main__":
    testing.main()
