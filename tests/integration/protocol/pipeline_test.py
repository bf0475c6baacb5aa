"""Pipelines of real clients, several Syncs outstanding, with a standby that reads go to: the answers
of PostgreSQL in order, each read after the writes that were sent before it."""

import re
import unittest

import psycopg
from psycopg import pq

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=1))
ROUND = 40
SETUP = """DROP TABLE IF EXISTS items;
           CREATE TABLE items (id int PRIMARY KEY, name text);
           INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 5) n"""


class PipelineTest(unittest.TestCase):

    def setUp(self):
        self.node = CLUSTER()[0].primary
        self.router = Router(shards=CLUSTER().shards_flag(), threads=1, pool_size=3,
                             log_routes=True, freshness_wait="5s", max_replica_lag="60s")
        self.addCleanup(self.router.close)
        self.node.sql(SETUP, dbname="app")
        CLUSTER().wait_for_replay()

    def routed(self, start):
        """How many statements have gone to the primary, and to the standby, since then."""
        hosts = re.findall(r"^route: .*host=\S+ \((\w+)\)", self.router.log_text(start), re.M)
        return hosts.count("primary"), hosts.count("standby")

    def await_standby(self):
        with self.router.connect(autocommit=True) as client:
            def arrives():
                start = len(self.router.log_text())
                client.execute("SELECT count(*) FROM items")
                return self.routed(start) == (0, 1)
            wait_until(arrives, "a read to go to the standby")

    def on_both(self, body):
        """The same from the router as from PostgreSQL; the last is returned."""
        results = []
        for port in (self.node.port, self.router.port):
            self.node.sql(SETUP, dbname="app")
            self.await_standby()
            self.start = len(self.router.log_text())
            results.append(body(f"host=127.0.0.1 port={port} user=postgres dbname=app"))
        self.assertEqual(results[1], results[0])
        return results[1]

    @testing.timeout(60)
    def test_libpq_with_a_sync_after_each(self):
        def body(conninfo):
            connection = pq.PGconn.connect(conninfo.encode())
            connection.enter_pipeline_mode()
            for n in range(ROUND):
                connection.send_query_params(b"INSERT INTO items VALUES ($1, 'new')",
                                             [str(100 + n).encode()])
                connection.pipeline_sync()
                connection.send_query_params(b"SELECT count(*), max(id) FROM items", [])
                connection.pipeline_sync()
                connection.send_query_params(b"SELECT 1 / (id - 3) FROM items WHERE id = $1",
                                             [str(n % 5 + 1).encode()])
                connection.pipeline_sync()
            got, syncs = [], 0
            while syncs < 3 * ROUND:
                result = connection.get_result()
                if result is None:
                    continue
                syncs += result.status == pq.ExecStatus.PIPELINE_SYNC
                got.append((pq.ExecStatus(result.status).name, result.command_status,
                            result.error_field(pq.DiagnosticField.SQLSTATE),
                            [result.get_value(row, 0) for row in range(result.ntuples)]))
            connection.exit_pipeline_mode()
            connection.finish()
            return got
        got = self.on_both(body)
        counts = [rows for _, tag, _, rows in got if tag == b"SELECT 1"][::2][:2]
        self.assertEqual(counts[0], [b"6"])
        primary, standby = self.routed(self.start)
        self.assertEqual(primary + standby, 3 * ROUND)
        self.assertGreaterEqual(primary, ROUND)

    @testing.timeout(60)
    def test_libpq_reads_alone_go_to_the_standby(self):
        def body(conninfo):
            connection = pq.PGconn.connect(conninfo.encode())
            connection.enter_pipeline_mode()
            for n in range(ROUND):
                connection.send_query_params(b"SELECT name FROM items WHERE id = $1",
                                             [str(n % 5 + 1).encode()])
                connection.pipeline_sync()
            names, syncs = [], 0
            while syncs < ROUND:
                result = connection.get_result()
                if result is None:
                    continue
                syncs += result.status == pq.ExecStatus.PIPELINE_SYNC
                names += [result.get_value(row, 0) for row in range(result.ntuples)]
            connection.finish()
            return names
        self.assertEqual(self.on_both(body)[:2], [b"item 1", b"item 2"])
        self.assertEqual(self.routed(self.start), (0, ROUND))

    @testing.timeout(60)
    def test_psycopg_with_errors_and_syncs_between(self):
        def body(conninfo):
            got = []
            with psycopg.connect(conninfo, autocommit=True) as connection:
                for turn in range(6):
                    try:
                        with connection.pipeline() as pipeline:
                            answers = []
                            for n in range(ROUND // 4):
                                key = 100 + turn * ROUND + n
                                connection.execute("INSERT INTO items VALUES (%s, 'p')", (key,))
                                pipeline.sync()
                                answers.append(connection.execute(
                                    "SELECT name FROM items WHERE id = %s", (key,)))
                                pipeline.sync()
                            if turn % 2:
                                connection.execute("INSERT INTO items VALUES (1, 'twice')")
                                connection.execute("INSERT INTO items VALUES (99, 'skipped')")
                                pipeline.sync()
                            got.append([answer.fetchone() for answer in answers])
                    except psycopg.Error as error:
                        got.append(error.sqlstate)
                    got.append(connection.execute(
                        "SELECT count(*), count(*) FILTER (WHERE id = 99) FROM items").fetchone())
            return got
        got = self.on_both(body)
        self.assertIn([("p",)] * (ROUND // 4), got)
        self.assertIn("23505", got)
        self.assertEqual(got[-1][1], 0)


if __name__ == "__main__":
    testing.main()
