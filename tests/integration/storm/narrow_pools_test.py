"""Pools of one connection and 50 clients: everybody's work gets done, nobody waits for ever.

    narrow_pools_test.py [--seconds=60] [--seed=N] [--clients=50]

Three shards and a standby of each; whatever needs connections in different ways goes on at
the same time: scatters, Describe inside and outside of transactions, pipelines, COPY,
pins for short, reads that standbys may answer. Each client knows what its own rows hold.
"""

import asyncio
import collections
import os
import random
import signal
import statistics
import struct
import sys
import time
import unittest

from tests.integration.storm import wire
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

OPTIONS = {"seconds": 60, "seed": 20240518, "clients": 50}
for argument in [a for a in sys.argv[1:] if a.startswith("--")]:
    OPTIONS[argument[2:].partition("=")[0]] = int(argument.partition("=")[2])
    sys.argv.remove(argument)

CHECKOUT_SECONDS = 5
# A step that takes longer than the checkout and this is one that waits for ever.
BOUND = CHECKOUT_SECONDS + 10
SCHEMA = """
    CREATE TABLE t (id int PRIMARY KEY, client int NOT NULL, n int NOT NULL);
    CREATE TABLE here (client int, n int);
"""


def make_cluster():
    cluster = Cluster(shards=3, standbys=1, settings={"timezone": "UTC"})
    for shard in cluster.shards:
        shard.primary.psql(SCHEMA, database="app")
        shard.wait_for_replay()
    return cluster


cluster = testing.Shared(make_cluster)


class Worker:
    """One client: its rows are `keys` of t, each counted up by itself."""

    def __init__(self, number, counts, pins):
        self.number = number
        self.steps = 0
        self.slowest = (0, "")
        self._rng = random.Random(f"{OPTIONS['seed']}/{number}")
        self._counts = counts
        self._pins = pins
        self._rows = {}
        self._client = None

    async def run(self, port, until):
        """Works until the time `until`."""
        self._client = await wire.connect(port, {"user": "postgres", "database": "app"})
        kinds = [self.read, self.write, self.scatter, self.describe_outside, self.transaction,
                 self.describe_first, self.pipeline, self.copy_out, self.copy_in, self.read_only,
                 self.pinned, self.flush]
        for key in range(self.number * 10, self.number * 10 + 3):
            self._rows[key] = 0
            await self.ask(wire.query(f"INSERT INTO t VALUES ({key}, {self.number}, 0)"),
                           must=True)
        while time.monotonic() < until:
            kind = self._rng.choice(kinds)
            try:
                await kind()
                self._counts[kind.__name__] += 1
            except Refused as refused:
                self._counts["refused " + refused.args[0]] += 1
                await self.ask(wire.query("ROLLBACK"))
            self.steps += 1
        self._client.end()

    async def ask(self, data, ready=1, must=False):
        """The messages of an answer. A checkout that took too long is Refused."""
        for _ in range(10 if must else 1):
            began = time.monotonic()
            kept = self._client.take(await self._client.ask(data, ready, timeout=BOUND))
            self.slowest = max(self.slowest, (time.monotonic() - began, repr(data[:100])))
            code = wire.sqlstate(kept)
            if not code:
                return kept
            if code != "53300":
                raise AssertionError(f"client {self.number}: {data[:200]!r}: {kept}")
        raise Refused(code)

    async def rows(self, data, ready=1):
        """The first columns of an answer's rows, as text."""
        return [body[6:6 + struct.unpack_from("!I", body, 2)[0]].decode()
                for kind, body in await self.ask(data, ready) if kind == b"D"]

    def key(self):
        return self._rng.choice(list(self._rows))

    def expect(self, got, wanted):
        if got != wanted:
            raise AssertionError(f"client {self.number}: {got} instead of {wanted}")

    # --- Kinds of work ---------------------------------------------------------------------

    async def read(self):
        key = self.key()
        ask = self._rng.choice([wire.query, wire.run])
        self.expect(await self.rows(ask(f"SELECT n FROM t WHERE id = {key}")),
                    [str(self._rows[key])])

    async def write(self):
        key = self.key()
        await self.ask(self._rng.choice([wire.query, wire.run])(
            f"UPDATE t SET n = n + 1 WHERE id = {key}"))
        self._rows[key] += 1

    async def scatter(self):
        ask = self._rng.choice([wire.query, wire.run])
        got = await self.rows(ask(f"SELECT n FROM t WHERE client = {self.number}"))
        self.expect(sorted(map(int, got)), sorted(self._rows.values()))

    async def describe_outside(self):
        """Parse and Describe alone, then the rest by what that has said."""
        key = self.key()
        await self.ask(wire.parse("s", "SELECT n FROM t WHERE id = $1") + wire.describe("S", "s") +
                       wire.SYNC)
        got = await self.rows(wire.bind("", "s", str(key)) + wire.execute() + wire.SYNC)
        await self.ask(wire.close("S", "s") + wire.SYNC)
        self.expect(got, [str(self._rows[key])])

    async def transaction(self):
        """Describe while the only connection of the shard is this client's own."""
        key = self.key()
        await self.ask(wire.query("BEGIN"))
        await self.ask(wire.query(f"UPDATE t SET n = n + 1 WHERE id = {key}"))
        name = f"x{self._rng.randint(0, 3)}"
        await self.ask(wire.parse(name, f"SELECT n FROM t WHERE id = {key}") +
                       wire.describe("S", name) + wire.SYNC)
        await asyncio.sleep(self._rng.random() * 0.004)
        got = await self.rows(wire.bind("", name) + wire.execute() + wire.SYNC)
        await self.ask(wire.close("S", name) + wire.SYNC)
        self.expect(got, [str(self._rows[key] + 1)])
        end = self._rng.choice(["COMMIT", "ROLLBACK"])
        await self.ask(wire.query(end))
        self._rows[key] += end == "COMMIT"

    async def describe_first(self):
        """Describe in a transaction that has no connection yet: any shard answers."""
        key = self.key()
        await self.ask(wire.query("BEGIN"))
        await self.ask(wire.parse("", "SELECT n FROM t WHERE id = $1 FOR UPDATE") +
                       wire.describe("S", "") + wire.SYNC)
        got = await self.rows(wire.bind("", "", str(key)) + wire.execute() + wire.SYNC)
        await self.ask(wire.query("COMMIT"))
        self.expect(got, [str(self._rows[key])])

    async def pipeline(self):
        """Several segments in one go, on different shards."""
        data, wanted = b"", []
        for key in self._rows:
            data += wire.run(f"SELECT n FROM t WHERE id = {key}")
            wanted.append(str(self._rows[key]))
        data += wire.run(f"SELECT n FROM t WHERE client = {self.number} AND id < 0")
        self.expect(await self.rows(data, ready=len(wanted) + 1), wanted)

    async def copy_out(self):
        answer = await self.ask(wire.query(f"COPY (SELECT n FROM here WHERE client = -1) TO STDOUT"))
        self.expect([body for kind, body in answer if kind == b"C"], [b"COPY 0\0"])

    async def copy_in(self):
        """The connection is held from COPY to CopyDone."""
        rows = self._rng.randint(0, 50)
        data = wire.query("COPY here FROM STDIN")
        data += b"".join(wire.message(b"d", b"%d\t%d\n" % (self.number, n)) for n in range(rows))
        answer = await self.ask(data + wire.message(b"c"))
        self.expect([body for kind, body in answer if kind == b"C"], [b"COPY %d\0" % rows])

    async def read_only(self):
        key = self.key()
        await self.ask(wire.query("BEGIN READ ONLY"))
        got = await self.rows(wire.query(f"SELECT n FROM t WHERE id = {key}"))
        await self.ask(wire.query("COMMIT"))
        self.expect(got, [str(self._rows[key])])

    async def pinned(self):
        """A session lock keeps the connection for some statements; a scatter needs it too."""
        async with self._pins:
            await self.ask(wire.query("SELECT pg_advisory_lock(7)"))
            try:
                got = await self.rows(wire.query(f"SELECT n FROM t WHERE client = {self.number}"))
            finally:
                await self.ask(wire.query("SELECT pg_advisory_unlock_all()"))
        self.expect(sorted(map(int, got)), sorted(self._rows.values()))

    async def flush(self):
        """Flush shows the answer before the segment ends, which holds the connection."""
        key = self.key()
        self._client.send(wire.parse("", f"SELECT n FROM t WHERE id = {key}") +
                          wire.bind("", "") + wire.execute() + wire.message(b"H"))
        await asyncio.sleep(self._rng.random() * 0.002)
        self.expect(await self.rows(wire.SYNC), [str(self._rows[key])])


class Refused(Exception):
    """The router gave up waiting for a connection, and said so."""


async def work(port, seconds):
    """Everybody at once; the workers and what they did."""
    counts = collections.Counter()
    pins = asyncio.Semaphore(1)
    workers = [Worker(n, counts, pins) for n in range(OPTIONS["clients"])]
    until = time.monotonic() + seconds
    await asyncio.gather(*(worker.run(port, until) for worker in workers))
    return workers, counts


class NarrowPoolsTest(unittest.TestCase):
    def setUp(self):
        for shard in cluster().shards:
            shard.primary.sql("TRUNCATE t, here", dbname="app")
            shard.wait_for_replay()

    @testing.timeout(200)
    def test_everybody_gets_on_with_one_connection_to_each_host(self):
        seconds = OPTIONS["seconds"]
        with Router(shards=cluster().shards_flag(), tables="t:hash(id), here:shard(s0)",
                    pool_size=1, threads=1, checkout_timeout=f"{CHECKOUT_SECONDS}s") as router:
            workers, counts = asyncio.run(work(router.port, seconds))
            steps = [worker.steps for worker in workers]
            slowest = max(worker.slowest for worker in workers)
            print(f"seed {OPTIONS['seed']}: {sum(steps)} steps, each client {min(steps)} to "
                  f"{max(steps)}; slowest {slowest}; {dict(sorted(counts.items()))}")
            self.assertTrue(router.is_up(), router.logs())
        self.assertGreater(sum(steps), 60 * seconds)
        self.assertEqual(counts["refused 53300"], 0)
        self.assertLess(slowest[0], CHECKOUT_SECONDS)
        # First come, first served: nobody is left behind.
        self.assertGreater(min(steps), statistics.median(steps) / 4)

    def test_a_server_that_is_full_for_a_moment_is_waited_for(self):
        """Its places are taken by others: an error only once the client's own wait is over."""
        primary = cluster()[0].primary
        primary.psql("CREATE ROLE narrow LOGIN CONNECTION LIMIT 1", database="app")
        try:
            with Router(shards=cluster().shards_flag(), tables="t:hash(id), here:shard(s0)",
                        pool_size=1, threads=1, checkout_timeout="5s") as router:
                with primary.connect(dbname="app", user="narrow") as taken:
                    taken.execute("SELECT 1")
                    asyncio.run(self.wait_for(router.port, taken))
        finally:
            wait_until(lambda: not primary.sql(
                "SELECT 1 FROM pg_stat_activity WHERE usename = 'narrow'", dbname="app"),
                       "connections to go", timeout=5)
            primary.psql("DROP ROLE narrow", database="app")

    async def wait_for(self, port, taken):
        login = asyncio.create_task(wire.connect(port, {"user": "narrow", "database": "app"}))
        await asyncio.sleep(0.3)
        self.assertFalse(login.done(), "it has to wait")
        taken.close()
        client = await login
        answer = client.take(await client.ask(wire.query("SELECT 1")))
        self.assertFalse(wire.sqlstate(answer), answer)
        client.end()

    def test_a_connection_that_does_not_take_the_settings_is_replaced(self):
        """Nothing of the client's was on it yet: the client sees only the answer."""
        with Router(shards=cluster().shards_flag(), tables="t:hash(id), here:shard(s0)",
                    pool_size=2, threads=1, checkout_timeout="10s") as router:
            with router.connect() as first, router.connect() as second:
                insert = "INSERT INTO here VALUES (1, 1) RETURNING pg_backend_pid()"
                (pid,) = first.execute(insert).fetchone()
                second.execute("SET work_mem = '1234kB'")
                (last,) = second.execute(insert).fetchone()
                self.assertEqual(pid, last, "one connection serves both")
                os.kill(pid, signal.SIGSTOP)
                try:
                    (other,) = first.execute(insert).fetchone()
                finally:
                    os.kill(pid, signal.SIGCONT)
                self.assertNotEqual(other, pid)

    @testing.timeout(60)
    def test_who_waits_for_a_connection_that_is_never_free_is_told(self):
        with Router(shards=cluster().shards_flag(), tables="t:hash(id), here:shard(s0)",
                    pool_size=1, threads=1, checkout_timeout="300ms") as router:
            asyncio.run(self.starve(router.port))

    async def starve(self, port):
        holder = await wire.connect(port, {"user": "postgres", "database": "app"})
        other = await wire.connect(port, {"user": "postgres", "database": "app"})
        for key in range(6):
            await holder.ask(wire.query(f"INSERT INTO t VALUES ({key}, 0, 0)"))
        await holder.ask(wire.query("BEGIN"))
        await holder.ask(wire.query("UPDATE t SET n = 1 WHERE id = 3"))
        describe = wire.parse("", "SELECT n FROM t WHERE id = 3") + wire.describe("S", "") + wire.SYNC
        refused = 0
        # Whatever needs the holder's connection, in every way of asking.
        for data in (wire.query("UPDATE t SET n = 2 WHERE id = 3"),
                     wire.run("SELECT n FROM t WHERE client = 0 FOR UPDATE"),
                     wire.query("BEGIN; UPDATE t SET n = 2 WHERE id = 3"),
                     wire.run("SELECT n FROM t WHERE id = 3 FOR UPDATE") * 2):
            began = time.monotonic()
            answer = other.take(await other.ask(data, ready=data.count(wire.SYNC) or 1))
            self.assertLess(time.monotonic() - began, 5)
            codes = [body["C"] for kind, body in answer if kind == b"E"]
            self.assertLessEqual(set(codes), {"53300", "0A000"})
            refused += codes.count("53300")
            # What does not need it goes on, the holder's own Describe too.
            self.assertFalse(wire.sqlstate(holder.take(await holder.ask(describe))))
        self.assertGreaterEqual(refused, 4)
        self.assertFalse(wire.sqlstate(holder.take(await holder.ask(wire.query("COMMIT")))))
        for data in (wire.query("UPDATE t SET n = 2 WHERE id = 3"), describe,
                     wire.query("SELECT n FROM t WHERE client = 0")):
            self.assertFalse(wire.sqlstate(other.take(await other.ask(data))))
        holder.end()
        other.end()


if __name__ == "__main__":
    testing.main()
