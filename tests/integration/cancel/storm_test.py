"""Ten thousand cancel requests beside fifty clients that work."""

import collections
import random
import threading
import unittest

import psycopg

from tests.integration.cancel.raw_client import RawClient, cancel, query
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

REQUESTS = 10_000
SENDERS = 8
WORKERS = 50
SLEEPERS = 4
POOL = 10

SERVERS = """SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND datname = 'app' AND pid <> pg_backend_pid()"""


class Sleeper(threading.Thread):
    """Sleeps on a server until it is cancelled, again and again."""

    def __init__(self, port):
        super().__init__()
        self.client = RawClient(port)
        self.answers = collections.Counter()
        self.over = False

    def run(self):
        while not self.over:
            answer = self.client.ask(query("SELECT pg_sleep(60), txid_current()"))
            self.answers["57014" if b"\0C57014\0" in answer else repr(answer)] += 1


class CancelStormTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(shards=1, standbys=1)
        self.addCleanup(self.cluster.close)
        self.primary = self.cluster[0].primary
        self.primary.sql("CREATE TABLE t (k int PRIMARY KEY, v int)", dbname="app")
        self.primary.sql("INSERT INTO t SELECT k, 0 FROM generate_series(1, 50) k", dbname="app")
        self.cluster[0].wait_for_replay()
        self.router = Router(shards=self.cluster.shards_flag(), pool_size=POOL,
                             checkout_timeout="60s")
        self.addCleanup(self.router.close)
        self.stop = threading.Event()
        self.errors = []
        self.done = 0

    def work(self, number):
        """One client: every answer is its own, and nothing is cancelled."""
        chance = random.Random(number)
        mine = 0
        try:
            with self.router.connect() as connection:
                while not self.stop.is_set():
                    value = chance.randrange(1 << 30)
                    seen = connection.execute("SELECT %s::int, pg_sleep(0.001)", (value,)).fetchone()
                    assert seen[0] == value, (seen, value)
                    with connection.transaction():
                        connection.execute("UPDATE t SET v = v + 1 WHERE k = %s", (number,))
                        seen = connection.execute("SELECT v FROM t WHERE k = %s",
                                                  (number,)).fetchone()
                    mine += 1
                    assert seen[0] == mine, (seen, mine)
        except (psycopg.Error, AssertionError) as error:
            self.errors.append(f"client {number}: {error!r}")
        self.done += mine

    def send_cancels(self, number, idle, ended, sleepers):
        chance = random.Random(1000 + number)
        try:
            for _ in range(REQUESTS // SENDERS):
                kind = chance.randrange(4)
                victim = chance.choice((idle, idle, ended, [s.client for s in sleepers])[kind])
                key = victim.key ^ 1 if kind == 1 else victim.key  # 1: a wrong key
                cancel(self.router.port, victim.process, key)
        except OSError as error:
            self.errors.append(f"sender {number}: {error!r}")

    @testing.timeout(240)
    def test_nobody_who_works_is_disturbed(self):
        with self.router.connect() as connection:
            connection.execute("SELECT 1")
        files_before = self.router.open_files()
        idle = [RawClient(self.router.port) for _ in range(20)]
        ended = [RawClient(self.router.port) for _ in range(20)]
        for client in ended:
            client.close()
        sleepers = [Sleeper(self.router.port) for _ in range(SLEEPERS)]
        workers = [threading.Thread(target=self.work, args=(n + 1,)) for n in range(WORKERS)]
        for thread in workers + sleepers:
            thread.start()
        senders = [threading.Thread(target=self.send_cancels, args=(n, idle, ended, sleepers))
                   for n in range(SENDERS)]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        self.stop.set()
        for sleeper in sleepers:
            sleeper.over = True
            while sleeper.is_alive():
                sleeper.client.cancel()
                sleeper.join(0.05)
        for thread in workers:
            thread.join()

        self.assertEqual(self.errors, [])
        self.assertGreater(self.done, WORKERS)
        for sleeper in sleepers:
            self.assertEqual(list(sleeper.answers), ["57014"])
            self.assertGreater(sleeper.answers["57014"], 5)
        for client in idle:
            self.assertIn(b"untouched", client.ask(query("SELECT 'untouched'")))
        # Nothing is left over, on either side.
        for client in idle + [sleeper.client for sleeper in sleepers]:
            client.close()
        sleeping = SERVERS + " AND state = 'active' AND query LIKE '%%pg_sleep(60)%%'"
        self.assertEqual(self.primary.sql(sleeping), [(0,)])
        # The router's monitors and catalog readers are there besides the pool.
        most = POOL + 8
        wait_until(lambda: self.primary.sql(SERVERS)[0][0] <= most, "connections to go", 10)
        wait_until(lambda: self.router.open_files() <= files_before + 2 * POOL,
                   "file descriptors to be closed", 10)
        files = self.router.open_files()
        # Once more, smaller: nothing grows.
        late = RawClient(self.router.port)
        for _ in range(300):
            cancel(self.router.port, late.process, late.key)
            cancel(self.router.port, ended[0].process, ended[0].key)
        late.close()
        wait_until(lambda: self.router.open_files() <= files + 2, "them to be closed again", 10)


if __name__ == "__main__":
    testing.main()
