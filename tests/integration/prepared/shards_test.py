"""EXECUTE goes where its statement belongs: to a standby, to the shard of its key."""

import unittest

import psycopg

from tests.integration.prepared.steps import (
    SYNC, answer, bind, describe, execute, parse, query, run, run_undescribed)
from tests.integration.clients.wire_client import WireClient
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

cluster = testing.Shared(lambda: Cluster(shards=2, standbys=1))

TABLES = ("CREATE TABLE t (id int PRIMARY KEY, v text); "
          "CREATE TABLE named (name text PRIMARY KEY, v int)")


class ShardsTest(unittest.TestCase):
    def setUp(self):
        for shard in cluster().shards:
            shard.primary.sql("DROP TABLE IF EXISTS t, named; " + TABLES, dbname="app")
        self.router = Router(shards=cluster().shards_flag(), threads=1, pool_size=4,
                             tables="t:hash(id), named:hash(name)")
        self.addCleanup(self.router.close)
        self.client = self.router.connect(autocommit=True)
        self.addCleanup(self.client.close)
        for n in range(20):
            self.client.execute(f"INSERT INTO t VALUES ({n}, 'row {n}')", prepare=False)
            self.client.execute(f"INSERT INTO named VALUES ('{n}', {n})", prepare=False)
        cluster().wait_for_replay()

    def one(self, text):
        """The first value, by a simple query."""
        cursor = psycopg.ClientCursor(self.client)
        return cursor.execute(text).fetchone()

    def route(self, text):
        """(plan, shards, host) of a statement."""
        return self.one(f"EXPLAIN (ROUTE) {text}")[:3]

    def refused(self, text, state="0A000"):
        with self.assertRaises(psycopg.Error) as caught:
            psycopg.ClientCursor(self.client).execute(text)
        self.assertEqual(caught.exception.sqlstate, state)
        return str(caught.exception)

    @testing.timeout(60)
    def test_the_key_in_the_list_leads_to_its_shard(self):
        self.client.execute("PREPARE by_id AS SELECT v FROM t WHERE id = $1")
        self.client.execute("PREPARE by_name(text) AS SELECT v FROM named WHERE name = $1")
        self.client.execute("PREPARE change(int, text) AS UPDATE t SET v = $2 WHERE id = $1")
        seen = set()
        for n in range(20):
            self.assertEqual(self.one(f"EXECUTE by_id({n})"), (f"row {n}",))
            self.assertEqual(self.one(f"EXECUTE by_id('{n}')"), (f"row {n}",))
            self.assertEqual(self.one(f"EXECUTE by_name('{n}')"), (n,))
            self.assertEqual(self.one(f"EXECUTE by_name({n})"), (n,))
            route = self.route(f"EXECUTE by_id({n})")
            self.assertEqual(route[:2], self.route(f"SELECT v FROM t WHERE id = {n}")[:2])
            seen.add(route[1])
        self.assertEqual(seen, {"s0", "s1"})
        for n in (1, 2, 3, 4):
            self.client.execute(f"EXECUTE change({n}, 'new')")
            self.assertEqual(self.one(f"SELECT v FROM t WHERE id = {n}"), ("new",))

    @testing.timeout(60)
    def test_what_does_not_lead_to_one_shard_is_refused(self):
        self.client.execute("PREPARE by_id(int) AS SELECT v FROM t WHERE id = $1")
        self.client.execute("PREPARE whole AS SELECT v FROM t")
        self.client.execute("PREPARE rounded(float4) AS SELECT v FROM t WHERE id = $1")
        for text in ("EXECUTE by_id(1 + 1)", "EXECUTE by_id(1.4)", "EXECUTE by_id(abs(-3))",
                     "EXECUTE by_id('3'::int)", "EXECUTE by_id('x')", "EXECUTE whole", "EXECUTE rounded(3)"):
            with self.subTest(text):
                self.assertIn("EXECUTE over several shards is not supported", self.refused(text))
        # Errors of its own are PostgreSQL's.
        self.refused("EXECUTE missing(1)", "26000")
        self.refused("PREPARE by_id AS SELECT 1", "42P05")
        self.refused("PREPARE bad AS SELECT nothing FROM t", "42703")

    @testing.timeout(60)
    def test_transactions_take_the_shard_of_the_first_statement_that_has_one(self):
        self.client.execute("PREPARE by_id(int) AS UPDATE t SET v = 'x' WHERE id = $1 RETURNING id")
        for n in range(8):
            with self.client.transaction():
                self.client.execute(f"PREPARE inside{n}(int) AS SELECT v FROM t WHERE id = $1")
                self.assertEqual(self.one(f"EXECUTE by_id({n})"), (n,))
                self.assertEqual(self.one(f"EXECUTE inside{n}({n})"), ("x",))

    @testing.timeout(60)
    def test_prepare_by_the_extended_protocol_decides_its_transactions_shard(self):
        statement = "PREPARE inside (int) AS SELECT v FROM t WHERE id = $1"
        done, refused = 0, 0
        for n in range(8):
            with WireClient(self.router.port) as wire:
                wire.log_in()
                answer(wire, query("BEGIN"))
                prepared = answer(wire, parse("", statement) + run(""))
                self.assertEqual([body for kind, body in prepared if kind == "E"], [])
                got = answer(wire, query(f"EXECUTE inside({n})"))
                errors = [body for kind, body in got if kind == "E"]
                if errors:
                    self.assertEqual(errors[0][1], "0A000")
                    self.assertIn("a transaction over several shards is not supported", errors[0][2])
                    refused += 1
                else:
                    self.assertEqual([body[6:] for kind, body in got if kind == "D"],
                                     [f"row {n}".encode()])
                    done += 1
                answer(wire, query("ROLLBACK"))
                # Outside of a transaction it decides nothing.
                answer(wire, parse("", statement) + run(""))
                got = answer(wire, query(f"EXECUTE inside({n})"))
                self.assertEqual([body[6:] for kind, body in got if kind == "D"],
                                 [f"row {n}".encode()])
        self.assertGreater(done, 0)
        self.assertGreater(refused, 0)

    @testing.timeout(60)
    def test_over_several_shards_columns_do_not_change_unseen_either(self):
        read = parse("p", "SELECT * FROM t") + SYNC
        with WireClient(self.router.port) as wire:
            wire.log_in()
            self.assertEqual(self.columns(answer(wire, read + describe("p") + SYNC)), 2)
            self.assertEqual(self.widths(answer(wire, run_undescribed("p"))), [2] * 20)
            for shard in cluster().shards:
                shard.primary.sql("ALTER TABLE t ADD COLUMN more int", dbname="app")
            cluster().wait_for_replay()
            refused = answer(wire, run_undescribed("p"))
            self.assertEqual([body[2] for kind, body in refused if kind == "E"],
                             ["cached plan must not change result type"])
            self.assertEqual(self.widths(refused), [])
            again = answer(wire, run("p"))
            self.assertEqual((self.columns(again), self.widths(again)), (3, [3] * 20))
            self.assertEqual(self.widths(answer(wire, run_undescribed("p"))), [3] * 20)

    def columns(self, messages):
        """How many columns were described."""
        return [len(body) for kind, body in messages if kind == "T"][-1]

    def widths(self, messages):
        """How many columns each row has."""
        return [int.from_bytes(body[:2], "big") for kind, body in messages if kind == "D"]

    @testing.timeout(60)
    def test_reads_go_to_standbys_and_writes_do_not(self):
        self.client.execute("SET pgbraid.consistency = 'eventual'")
        self.client.execute("PREPARE r(int) AS SELECT inet_server_port(), v FROM t WHERE id = $1")
        self.client.execute("PREPARE w(int) AS DELETE FROM t WHERE id = $1")
        self.client.execute("PREPARE l(int) AS SELECT * FROM t WHERE id = $1 FOR UPDATE")
        standbys = {shard.standbys[0].port for shard in cluster().shards}
        used = set()
        for n in range(20):
            self.assertIn("standby", self.route(f"EXECUTE r({n})")[2])
            self.assertIn("primary", self.route(f"EXECUTE w({n})")[2])
            self.assertIn("primary", self.route(f"EXECUTE l({n})")[2])
            self.client.execute(f"EXECUTE l({n})")
            port, value = self.one(f"EXECUTE r({n})")
            self.assertEqual(value, f"row {n}")
            used.add(port)
        self.assertEqual(used, standbys)
        # What stands in the list counts too.
        self.client.execute("PREPARE either(int, bigint) AS SELECT v FROM t WHERE id = $1")
        self.assertIn("standby", self.route("EXECUTE either(1, 2)")[2])
        self.assertIn("standby", self.route("EXPLAIN EXECUTE either(1, 2)")[2])
        self.refused("EXECUTE either(1, txid_current())")
        with WireClient(self.router.port) as wire:
            wire.log_in()
            answer(wire, query("SET pgbraid.consistency = 'eventual'"))
            answer(wire, parse("r", "SELECT inet_server_port() FROM t WHERE id = $1") + SYNC)
            for n in range(10):
                got = answer(wire, query(f"EXECUTE r({n})") + run("r", n)
                             + parse("", f"EXECUTE r({n})") + bind("") + execute() + SYNC)
                ports = [body[6:].decode() for kind, body in got if kind == "D"]
                self.assertEqual(len(ports), 3)
                for port in ports[:1] + ports[2:]:
                    self.assertIn(int(port), standbys)


if __name__ == "__main__":
    testing.main()
