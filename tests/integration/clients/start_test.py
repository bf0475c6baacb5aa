"""Starting and stopping the router as a process."""

import signal
import subprocess
import time
import unittest

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router, binary

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=0))


class StartTest(unittest.TestCase):

    def test_a_taken_port_is_named(self):
        port = CLUSTER()[0].primary.port
        done = subprocess.run(
            [binary(), f"--shards={CLUSTER().shards_flag()}", f"--listen=127.0.0.1:{port}"],
            text=True, capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(str(port), done.stderr)

    def test_sigterm_ends_it_at_once_and_undoes_open_transactions(self):
        with Router(shards=CLUSTER().shards_flag()) as router:
            clients = [router.connect() for _ in range(20)]
            clients[0].execute("BEGIN")
            clients[0].execute("CREATE TABLE unfinished (a int)")
            start = time.monotonic()
            self.assertEqual(router.stop(signal.SIGTERM), 0)
            self.assertLess(time.monotonic() - start, 3)
            self.assertEqual(
                CLUSTER()[0].primary.sql("SELECT to_regclass('unfinished')", dbname="app"),
                [(None,)])


if __name__ == "__main__":
    testing.main()
