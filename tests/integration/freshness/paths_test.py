"""Each way of asking reads its own writes while the standbys are held up."""

import collections
import multiprocessing
import threading
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

PROCESSES = 4
CLIENTS = 5  # of each process
ROUNDS = 1000

READ = "SELECT v, inet_server_port() FROM t WHERE k = %s"


def make_cluster():
    cluster = Cluster(shards=2, standbys=1)
    for shard in cluster.shards:
        shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY, v int)", dbname="app")
    cluster.wait_for_replay()
    return cluster


CLUSTER = testing.Shared(make_cluster)
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), tables="t:hash(k)",
                                       threads=2))


# --- The ways: each writes `value` under `key`, and gives the rows it reads then -------


def simple(connection, key, value):
    cursor = psycopg.ClientCursor(connection)
    cursor.execute("UPDATE t SET v = %s WHERE k = %s", (value, key))
    return cursor.execute(READ, (key,)).fetchall()


def extended(connection, key, value):
    connection.execute("UPDATE t SET v = %s WHERE k = %s", (value, key), prepare=False)
    return connection.execute(READ, (key,), prepare=False).fetchall()


def prepared(connection, key, value):
    connection.execute("UPDATE t SET v = %s WHERE k = %s", (value, key), prepare=True)
    return connection.execute(READ, (key,), prepare=True).fetchall()


def pipelined(connection, key, value):
    with connection.pipeline() as pipeline:
        connection.execute("UPDATE t SET v = %s WHERE k = %s", (value, key), prepare=True)
        pipeline.sync()
        return connection.execute(READ, (key,), prepare=True).fetchall()


def scattered(connection, key, value):
    connection.execute("UPDATE t SET v = %s WHERE k = %s", (value, key))
    rows = connection.execute("SELECT v FROM t WHERE k >= %s AND k <= %s", (key, key)).fetchall()
    return [(v, 0) for v, in rows]  # who served it cannot be asked over several shards


def transaction(connection, key, value):
    with connection.transaction():
        connection.execute("UPDATE t SET v = %s WHERE k = %s", (value, key))
    cursor = connection.cursor()
    cursor.execute("BEGIN READ ONLY")
    rows = cursor.execute(READ, (key,)).fetchall()
    cursor.execute("COMMIT")
    return rows


WAYS = (simple, extended, prepared, pipelined, scattered, transaction)


def client(port, first_key, rounds, consistency, answers):
    """Goes through the ways in turn; appends what went wrong and who served."""
    with psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="app",
                         autocommit=True) as connection:
        connection.execute(f"SET pgbraid.consistency = '{consistency}'")
        for key in range(first_key, first_key + 4):
            connection.execute("INSERT INTO t VALUES (%s, 0)", (key,))
        for i in range(rounds):
            way = WAYS[i % len(WAYS)]
            key = first_key + i % 4
            rows = way(connection, key, i)
            stale = len(rows) != 1 or rows[0][0] != i
            answers.append((way.__name__, stale, rows[0][1] if rows else 0))


def clients(port, first_key, rounds, consistency, queue):
    """The body of a process: several clients at once."""
    answers, errors = [], []

    def run(number):
        try:
            client(port, first_key + 4 * number, rounds, consistency, answers)
        except psycopg.Error as error:
            errors.append(f"{error.sqlstate}: {error}")

    threads = [threading.Thread(target=run, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put((collections.Counter(answers), errors))


class PathsTest(unittest.TestCase):
    next_key = 0

    def run_clients(self, rounds, consistency="session"):
        """All clients at once; what they saw, as {(way, stale, port): count}."""
        queue = multiprocessing.Queue()
        running = []
        for _ in range(PROCESSES):
            running.append(multiprocessing.Process(
                target=clients, args=(ROUTER().port, PathsTest.next_key, rounds, consistency,
                                      queue)))
            PathsTest.next_key += 4 * CLIENTS
            running[-1].start()
        seen, errors = collections.Counter(), []
        for _ in running:
            answers, failed = queue.get()
            seen += answers
            errors += failed
        for process in running:
            process.join()
        self.assertEqual(errors, [])
        self.assertEqual(seen.total(), PROCESSES * CLIENTS * rounds)
        return seen

    def stale(self, seen):
        return {way: n for (way, stale, _), n in seen.items() if stale}

    def by_standbys(self, seen):
        primaries = {shard.primary.port for shard in CLUSTER().shards}
        served = collections.Counter()
        for (way, _, port), n in seen.items():
            served[way] += n if port and port not in primaries else 0
        return served

    @testing.timeout(100)
    def test_no_way_reads_stale_while_replay_is_held_up(self):
        over = threading.Event()

        def disturb():
            while not over.is_set():
                for shard in CLUSTER().shards:
                    standby = shard.standbys[0]
                    standby.set_recovery_min_apply_delay(100)
                    over.wait(0.4)
                    standby.set_recovery_min_apply_delay(0)
                    over.wait(0.3)
                    standby.pause_replay()
                    over.wait(0.3)
                    standby.kill9()
                    standby.start()
                    over.wait(0.3)

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            seen = self.run_clients(ROUNDS)
        finally:
            over.set()
            disturber.join()
        print("served by standbys:", dict(self.by_standbys(seen)))
        self.assertEqual(self.stale(seen), {})
        self.assertGreater(self.by_standbys(seen).total(), 0)

    @testing.timeout(60)
    def test_every_way_is_served_by_standbys_that_keep_up(self):
        seen = self.run_clients(60)
        self.assertEqual(self.stale(seen), {})
        served = self.by_standbys(seen)
        print("served by standbys:", dict(served))
        for way in WAYS:
            if way not in (pipelined, scattered):  # the one is sent before the write is over
                self.assertGreaterEqual(served[way.__name__], PROCESSES * CLIENTS * 10 // 2, way)

    @testing.timeout(60)
    def test_eventual_reads_are_stale_where_replay_is_delayed(self):
        for shard in CLUSTER().shards:
            shard.standbys[0].set_recovery_min_apply_delay(100)
        try:
            seen = self.run_clients(30, "eventual")
        finally:
            for shard in CLUSTER().shards:
                shard.standbys[0].set_recovery_min_apply_delay(0)
        # Pipelined, the read is there before the write is over.
        self.assertEqual(set(self.stale(seen)) | {"pipelined"}, {way.__name__ for way in WAYS})


if __name__ == "__main__":
    testing.main()
