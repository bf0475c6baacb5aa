"""Pipelines over two shards: right, or refused with what came before undone."""

import unittest

from tests.integration.clients.wire_client import WireClient, kinds, sqlstates
from tests.integration.protocol.frontend import (
    FLUSH, SYNC, bind, describe, execute, function_call, parse, query, run)
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=2, standbys=0))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), tables="t:hash(id)",
                                       threads=1))
INT4 = 23


class ShardsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        for shard in CLUSTER().shards:
            shard.primary.sql("CREATE TABLE t (id int PRIMARY KEY, v text)", dbname="app")
        with ROUTER().connect() as connection:
            for n in range(1, 41):
                connection.execute("INSERT INTO t VALUES (%s, 'a')", (n,))
        cls.here = [r[0] for r in CLUSTER()[0].primary.sql("SELECT id FROM t", dbname="app")]
        cls.there = [r[0] for r in CLUSTER()[1].primary.sql("SELECT id FROM t", dbname="app")]

    def setUp(self):
        self.client = WireClient(ROUTER().port)
        self.client.log_in()

    def tearDown(self):
        self.client.socket.close()
        for shard in CLUSTER().shards:
            shard.primary.sql("UPDATE t SET v = 'a'", dbname="app")

    def changed(self):
        return sorted(r[0] for shard in CLUSTER().shards
                      for r in shard.primary.sql("SELECT id FROM t WHERE v <> 'a'", dbname="app"))

    def change(self, key):
        return parse("UPDATE t SET v = 'b' WHERE id = $1", types=(INT4,)) + bind(key) + execute()

    def test_several_binds_of_one_shard_are_one_transaction(self):
        keys = self.here[:3]
        self.client.socket.sendall(b"".join(map(self.change, keys)) + SYNC)
        self.assertEqual(kinds(self.client.until_ready()), "12C" * 3 + "Z")
        self.assertEqual(self.changed(), sorted(keys))

    def test_binds_of_two_shards_are_refused_and_the_first_is_undone(self):
        self.client.socket.sendall(self.change(self.here[0]) + self.change(self.there[0])
                                   + self.change(self.here[1]) + SYNC)
        got = self.client.until_ready()
        self.assertEqual(sqlstates(got), ["0A000"])
        self.assertEqual(got[-1], (b"Z", b"I"))
        self.assertEqual(self.changed(), [])
        self.assertEqual(sqlstates(self.client.query("SELECT 1")), [])

    def test_a_sync_each_reaches_every_shard(self):
        keys = self.here[:5] + self.there[:5]
        self.client.socket.sendall(b"".join(self.change(k) + SYNC for k in keys))
        for _ in keys:
            self.assertEqual(kinds(self.client.until_ready()), "12CZ")
        self.assertEqual(self.changed(), sorted(keys))

    def test_one_statement_prepared_once_reaches_every_shard(self):
        self.client.socket.sendall(parse("UPDATE t SET v = 'b' WHERE id = $1", "u")
                                   + describe("u") + SYNC)
        self.assertEqual(kinds(self.client.until_ready()), "1tnZ")
        keys = self.here[:5] + self.there[:5]
        self.client.socket.sendall(b"".join(bind(k, statement="u") + execute() + SYNC
                                            for k in keys))
        for _ in keys:
            self.assertEqual(kinds(self.client.until_ready()), "2CZ")
        self.assertEqual(self.changed(), sorted(keys))

    def test_a_transaction_in_a_pipeline_takes_the_shard_of_its_first_statement(self):
        self.client.socket.sendall(run("BEGIN") + self.change(self.there[0])
                                   + self.change(self.there[1]) + run("COMMIT") + SYNC)
        self.assertEqual(sqlstates(self.client.until_ready()), [])
        self.assertEqual(self.changed(), sorted(self.there[:2]))

    def test_a_query_in_an_open_series_stays_on_its_shard_or_undoes_it(self):
        for key, states in ((self.here[1], []), (self.there[0], ["0A000"])):
            self.client.socket.sendall(
                self.change(self.here[0]) + FLUSH
                + query(f"UPDATE t SET v = 'c' WHERE id = {key}"))
            got = self.client.until_ready()
            self.assertEqual(sqlstates(got), states)
            self.assertEqual(self.changed(), [] if states else sorted([self.here[0], key]))
            self.tearDown()
            self.setUp()

    def test_a_scattered_read_may_come_in_pieces(self):
        whole = run("SELECT id FROM t") + SYNC
        for at in (1, 30, len(whole) - 12, len(whole) - 5, len(whole) - 1):
            self.client.socket.sendall(whole[:at])
            self.client.socket.sendall(whole[at:])
            got = self.client.until_ready()
            self.assertEqual(sqlstates(got), [])
            self.assertEqual(kinds(got).count("D"), 40)

    def test_a_scattered_read_among_others_is_refused_and_they_are_undone(self):
        self.client.socket.sendall(self.change(self.here[0]) + run("SELECT id FROM t") + SYNC)
        self.assertEqual(sqlstates(self.client.until_ready()), ["0A000"])
        self.assertEqual(self.changed(), [])

    def test_a_large_value_before_the_key_finds_its_shard(self):
        text = "x" * 3_000_000
        for key in (self.here[0], self.there[0]):
            self.client.socket.sendall(parse("UPDATE t SET v = $1 WHERE id = $2")
                                       + describe() + SYNC)
            self.assertEqual(sqlstates(self.client.until_ready()), [])
            self.client.socket.sendall(bind(text, key) + execute() + SYNC)
            self.assertEqual(kinds(self.client.until_ready()), "2CZ")
        self.assertEqual(self.changed(), sorted([self.here[0], self.there[0]]))

    def test_function_calls_are_refused(self):
        for before in (b"", self.change(self.here[0])):
            self.client.socket.sendall(before + function_call(65, 1, 1))
            self.assertEqual(sqlstates(self.client.until_ready()), ["0A000"])
            self.assertEqual(self.changed(), [])


if __name__ == "__main__":
    testing.main()
