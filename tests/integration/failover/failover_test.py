"""Servers and the router die and come back: what clients see of it."""

import time
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router


class FailoverTest(unittest.TestCase):
    def start(self, standbys):
        self.cluster = Cluster(shards=1, standbys=standbys)
        self.addCleanup(self.cluster.close)
        self.shard = self.cluster[0]
        self.shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY, v int)", dbname="app")
        self.shard.wait_for_replay()
        self.router = Router(shards=self.cluster.shards_flag())
        self.addCleanup(self.router.close)
        self.names = {node.port: node.name for node in self.cluster.nodes}

    def connect(self):
        return self.router.connect(autocommit=True)

    def served_by(self, connection):
        port = connection.execute("SELECT inet_server_port() FROM (SELECT 1) one"
                                  " LEFT JOIN t ON t.k = -1").fetchone()[0]
        return self.names[port]

    def write_until_done(self, connection, key):
        """Writes until it is acknowledged, as an application would."""
        while True:
            try:
                connection.execute("INSERT INTO t VALUES (%s, 1) ON CONFLICT DO NOTHING", (key,))
                return
            except psycopg.Error as error:
                self.assertIn(error.sqlstate, ("08006", "57P03", "08007"))
                self.assertFalse(connection.closed)

    @testing.timeout(60)
    def test_promotion_is_followed_and_a_lagging_sibling_does_not_serve(self):
        self.start(standbys=2)
        old = self.shard.primary
        successor, sibling = self.shard.standbys
        with self.connect() as connection:
            wait_until(lambda: self.served_by(connection) != old.name, "a standby serves")
            sibling.pause_replay()
            connection.execute("INSERT INTO t VALUES (1, 1)")
            successor.wait_for_replay(old.lsn())
            old.kill9()
            successor.promote()
            promoted = time.monotonic()
            self.write_until_done(connection, 2)
            self.assertLess(time.monotonic() - promoted, 2.0)
        # The sibling is on the old timeline and behind: it serves nobody, and
        # everybody sees both rows.
        for _ in range(40):
            with self.connect() as another:
                self.assertEqual(self.served_by(another), successor.name)
                self.assertEqual(another.execute("SELECT count(*) FROM t").fetchone(), (2,))
        # Nor is the old primary believed when it comes back.
        old.start()
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            with self.connect() as another:
                self.assertEqual(self.served_by(another), successor.name)
                another.execute("UPDATE t SET v = v + 1 WHERE k = 2")
        # Not even by a router that has never seen another.
        self.router.restart()
        with self.connect() as another:
            self.assertEqual(another.execute("SELECT count(*) FROM t").fetchone(), (2,))
            another.execute("INSERT INTO t VALUES (3, 1)")
        self.assertEqual(successor.sql("SELECT count(*) FROM t", dbname="app")[0][0], 3)

    @testing.timeout(60)
    def test_reads_go_on_when_the_standby_is_killed(self):
        self.start(standbys=1)
        standby = self.shard.standbys[0]
        with self.connect() as connection:
            wait_until(lambda: self.served_by(connection) == standby.name, "the standby serves")
            standby.kill9()
            for _ in range(50):
                self.assertEqual(self.served_by(connection), self.shard.primary.name)
            standby.start()
            wait_until(lambda: self.served_by(connection) == standby.name,
                       "the standby serves again")

    @testing.timeout(60)
    def test_writes_go_on_when_the_primary_comes_back(self):
        self.start(standbys=1)
        primary = self.shard.primary
        with self.connect() as connection, self.connect() as in_transaction:
            connection.execute("INSERT INTO t VALUES (1, 1)")
            in_transaction.execute("BEGIN")
            in_transaction.execute("INSERT INTO t VALUES (100, 1)")
            primary.kill9()
            with self.assertRaises(psycopg.Error):
                in_transaction.execute("COMMIT")
            primary.start()
            self.write_until_done(connection, 2)
            rows = connection.execute("SELECT k FROM t ORDER BY k").fetchall()
            self.assertEqual(rows, [(1,), (2,)])

    @testing.timeout(60)
    def test_a_write_waits_for_a_primary_and_says_what_it_found(self):
        self.start(standbys=1)
        self.router.restart(checkout_timeout="500ms")
        with self.connect() as connection:
            self.shard.primary.kill9()
            with self.assertRaises(psycopg.Error) as caught:
                connection.execute("INSERT INTO t VALUES (1, 1)")
            self.assertIn(caught.exception.sqlstate, ("57P03", "08006"))
            self.assertFalse(connection.closed)
            with self.assertRaises(psycopg.errors.CannotConnectNow) as caught:
                connection.execute("INSERT INTO t VALUES (1, 1)")
            self.assertIn("no primary", str(caught.exception))

    @testing.timeout(60)
    def test_a_lost_server_connection_ends_the_statement_not_the_session(self):
        self.start(standbys=1)
        primary = self.shard.primary
        with self.connect() as connection:
            # Outside of a transaction: 08006, and the session goes on.
            victim = "SELECT pg_terminate_backend(pg_backend_pid()), txid_current()"
            with self.assertRaises(psycopg.Error) as caught:
                connection.execute(victim)
            self.assertEqual(caught.exception.sqlstate, "08006")
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))
            # Inside: what it believed in is gone, and so is the session.
            connection.execute("BEGIN")
            pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
            primary.sql("SELECT pg_terminate_backend(%s)", pid)
            with self.assertRaises(psycopg.Error):
                connection.execute("INSERT INTO t VALUES (5, 5)")
            self.assertTrue(connection.closed)

    @testing.timeout(60)
    def test_the_router_is_killed_and_started_again(self):
        self.start(standbys=1)
        with self.connect() as connection:
            connection.execute("INSERT INTO t VALUES (1, 1)")
        self.router.kill9()
        self.router.start()
        with self.connect() as connection:
            self.assertEqual(connection.execute("SELECT * FROM t").fetchall(), [(1, 1)])

    @testing.timeout(60)
    def test_frozen_servers_do_not_freeze_the_others(self):
        self.start(standbys=1)
        standby = self.shard.standbys[0]
        with self.connect() as connection:
            wait_until(lambda: self.served_by(connection) == standby.name, "the standby serves")
        standby.sigstop()
        try:
            wait_until(self.primary_serves_a_new_client, "reads leave the frozen standby")
        finally:
            standby.sigcont()

    def primary_serves_a_new_client(self):
        connection = self.connect()
        try:
            connection.execute("SET pgbraid.consistency = 'strong'")
            return self.served_by(connection) == self.shard.primary.name
        finally:
            connection.close()


if __name__ == "__main__":
    testing.main()
