"""A session reads its own writes and never goes back in time."""

import collections
import json
import os
import subprocess
import sys
import threading
import time
import unittest

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

WRITERS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "writers.py")
PROCESSES = 4


class Disturber(threading.Thread):
    """Holds up the standbys in turn: delayed, paused, stopped and started, killed."""

    def __init__(self, shards):
        super().__init__()
        self.shards = shards
        self.steps = []
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.is_set():
            for shard in self.shards:
                for standby in shard.standbys:
                    for step in (self.delay, self.pause, self.restart, self.kill):
                        if self.stopped.is_set():
                            return
                        step(standby)
                        self.steps.append(step.__name__)

    def delay(self, standby):
        standby.set_recovery_min_apply_delay(150)
        self.stopped.wait(0.7)
        standby.set_recovery_min_apply_delay(0)
        self.stopped.wait(0.3)

    def pause(self, standby):
        standby.pause_replay()
        self.stopped.wait(0.7)
        standby.resume_replay()
        self.stopped.wait(0.3)

    def restart(self, standby):
        standby.restart()
        self.stopped.wait(0.3)

    def kill(self, standby):
        standby.kill9()
        self.stopped.wait(0.2)
        standby.start()
        self.stopped.wait(0.3)


class OwnWritesTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(shards=2, standbys=1)
        self.addCleanup(self.cluster.close)
        for shard in self.cluster.shards:
            shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY, v int)", dbname="app")
            shard.wait_for_replay()
        self.router = Router(shards=self.cluster.shards_flag(), tables="t:hash(k)")
        self.addCleanup(self.router.close)
        self.primaries = {shard.primary.port for shard in self.cluster.shards}
        self.keys = 0

    def write_and_read(self, clients, rounds, consistency="session"):
        """All clients at once; gives what they saw, added up."""
        port = self.router.flags["listen"].rsplit(":", 1)[1]
        each = clients // PROCESSES
        running = []
        for i in range(PROCESSES):
            running.append(subprocess.Popen(
                [sys.executable, WRITERS, port, str(each), str(rounds), str(self.keys),
                 consistency], stdout=subprocess.PIPE, text=True))
            self.keys += each * rounds
        total = collections.Counter()
        ports = collections.Counter()
        errors = []
        for process in running:
            seen = json.loads(process.communicate()[0])
            total.update(done=seen["done"], stale=seen["stale"])
            ports.update({int(port): count for port, count in seen["ports"].items()})
            errors += seen["errors"]
        self.assertEqual(errors, [])
        total["standby"] = sum(n for port, n in ports.items() if port not in self.primaries)
        total["primary"] = sum(n for port, n in ports.items() if port in self.primaries)
        return total

    @testing.timeout(200)
    def test_not_one_stale_read_while_standbys_are_held_up(self):
        disturber = Disturber(self.cluster.shards)
        disturber.start()
        try:
            seen = self.write_and_read(clients=20, rounds=1000)
        finally:
            disturber.stopped.set()
            disturber.join()
        print(dict(seen), collections.Counter(disturber.steps))
        self.assertEqual(seen["done"], 20_000)
        self.assertEqual(seen["stale"], 0)
        # It did read from standbys, and they were held up.
        self.assertGreater(seen["standby"], 0)
        self.assertGreaterEqual(len(disturber.steps), 4)

    @testing.timeout(100)
    def test_eventual_consistency_shows_what_session_consistency_hides(self):
        for shard in self.cluster.shards:
            for standby in shard.standbys:
                standby.set_recovery_min_apply_delay(200)
        seen = self.write_and_read(clients=8, rounds=50, consistency="eventual")
        self.assertGreater(seen["stale"], 0)
        seen = self.write_and_read(clients=8, rounds=50, consistency="session")
        self.assertEqual(seen["stale"], 0)

    @testing.timeout(100)
    def test_an_undelayed_standby_serves_at_least_half_of_the_reads_after_a_write(self):
        # One after the other, and many at a time.
        for clients in (4, 20):
            seen = self.write_and_read(clients=clients, rounds=100)
            print(clients, dict(seen))
            self.assertEqual(seen["stale"], 0)
            self.assertGreaterEqual(seen["standby"], seen["primary"])

    @testing.timeout(100)
    def test_a_session_never_goes_back_in_time(self):
        # It has seen a row on the primary that the standby has not replayed.
        shard = self.cluster[0]
        key = next(k for k in range(100) if self.shard_of(k) == 0)
        with self.router.connect(autocommit=True) as writer, \
                self.router.connect(autocommit=True) as reader:
            shard.standbys[0].pause_replay()
            writer.execute("INSERT INTO t VALUES (%s, 7)", (key,))
            reader.execute("BEGIN")
            self.assertEqual(self.read(reader, key), 7)
            reader.execute("COMMIT")
            for _ in range(20):
                self.assertEqual(self.read(reader, key), 7)
            shard.standbys[0].resume_replay()
            wait_until(lambda: self.served_by(reader, key) not in self.primaries,
                       "the standby serves again")
            self.assertEqual(self.read(reader, key), 7)

    @testing.timeout(100)
    def test_a_standby_behind_the_allowed_lag_serves_nobody(self):
        shard = self.cluster[0]
        key = next(k for k in range(100, 200) if self.shard_of(k) == 0)
        with self.router.connect(autocommit=True) as other:
            other.execute("SET pgbraid.consistency = 'eventual'")
            wait_until(lambda: self.served_by(other, key) not in self.primaries,
                       "the standby serves")
            shard.standbys[0].pause_replay()
            shard.primary.sql("INSERT INTO t VALUES (%s, 1)", key, dbname="app")
            wait_until(lambda: self.served_by(other, key) in self.primaries,
                       "the standby is left out")
            # And it stays out for as long as it is behind.
            for _ in range(20):
                self.assertIn(self.served_by(other, key), self.primaries)
                time.sleep(0.02)

    @testing.timeout(100)
    def test_strong_consistency_reads_from_the_primary(self):
        with self.router.connect(autocommit=True) as connection:
            connection.execute("SET pgbraid.consistency = 'strong'")
            for key in range(20):
                self.assertIn(self.served_by(connection, key), self.primaries)

    def read(self, connection, key):
        row = connection.execute("SELECT v FROM t WHERE k = %s", (key,)).fetchone()
        return row and row[0]

    def served_by(self, connection, key):
        return connection.execute(
            "SELECT inet_server_port() FROM (SELECT 1) one LEFT JOIN t ON t.k = %s", (key,)
        ).fetchone()[0]

    def shard_of(self, key):
        with self.router.connect(autocommit=True) as connection:
            shards = connection.execute(
                f"EXPLAIN (ROUTE) SELECT v FROM t WHERE k = {key}").fetchone()[1]
        return int(shards[1:])


if __name__ == "__main__":
    testing.main()
