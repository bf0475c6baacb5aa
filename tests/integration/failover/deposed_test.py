"""A standby is promoted while the old primary lives on: nothing is committed there any more."""

import contextlib
import threading
import time
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

# What the pool's connections were last used for, as the server shows it.
POOLED = """SELECT count(*) FROM pg_stat_activity
            WHERE datname = 'app' AND query LIKE '%%of the pool%%' AND pid <> pg_backend_pid()"""


class DeposedPrimaryTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(shards=1, standbys=1)
        self.addCleanup(self.cluster.close)
        self.old = self.cluster[0].primary
        self.new = self.cluster[0].standbys[0]
        self.old.sql("CREATE TABLE t (k int PRIMARY KEY)", dbname="app")
        self.cluster[0].wait_for_replay()
        self.router = Router(shards=self.cluster.shards_flag())
        self.addCleanup(self.router.close)

    def connect(self):
        connection = self.router.connect()
        self.addCleanup(connection.close)
        return connection

    def begin(self, key):
        """A session that has written in a transaction, and goes on with it later."""
        connection = self.connect()
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (%s)", (key,))
        return connection

    def promote(self):
        """Promotes the standby, and waits until the router has followed in all its threads."""
        self.cluster[0].wait_for_replay()
        self.new.promote()
        wait_until(self.is_followed, "the router to follow the promotion")

    def is_followed(self):
        """Whether all threads have: new sessions are dealt out to them evenly."""
        with contextlib.ExitStack() as stack:
            try:
                sessions = [stack.enter_context(self.router.connect()) for _ in range(12)]
                ports = [session.execute("SELECT inet_server_port(), txid_current()").fetchone()[0]
                         for session in sessions]
            except psycopg.Error:
                return False
            return set(ports) == {self.new.port}

    def keys(self, node):
        return [row[0] for row in node.sql("SELECT k FROM t ORDER BY k", dbname="app")]

    def assert_ended(self, connection, statement, *values):
        with self.assertRaises(psycopg.Error) as caught:
            connection.execute(statement, *values)
        self.assertIn("no longer the primary of shard s0", str(caught.exception))
        self.assertIn(f":{self.new.port} now", str(caught.exception))
        self.assertTrue(connection.closed)

    @testing.timeout(60)
    def test_open_transactions_end_and_commit_nothing(self):
        simple, extended, writes_on = (self.begin(key) for key in (1, 2, 3))
        with_table = self.connect()
        with_table.execute("CREATE TEMP TABLE kept (a int)")
        self.promote()
        self.assert_ended(simple, "COMMIT")
        # In the extended protocol, and one that has more to say first.
        with self.assertRaises(psycopg.Error):
            with extended.pipeline():
                extended.execute("INSERT INTO t VALUES (%s)", (20,))
                extended.execute("COMMIT")
        self.assertTrue(extended.closed)
        self.assert_ended(writes_on, "INSERT INTO t VALUES (%s)", (30,))
        self.assert_ended(with_table, "SELECT * FROM kept")
        self.assertEqual(self.keys(self.old), [])
        # A session without anything open goes on, on the new primary.
        with self.router.connect() as connection:
            connection.execute("INSERT INTO t VALUES (4)")
        self.assertEqual(self.keys(self.new), [4])

    @testing.timeout(60)
    def test_idle_connections_are_retired_and_running_statements_cancelled(self):
        idle = [self.connect() for _ in range(4)]
        barrier = threading.Barrier(len(idle))

        def use(connection):
            barrier.wait()
            connection.execute("SELECT pg_sleep(0.2), txid_current() /* of the pool */")

        users = [threading.Thread(target=use, args=(c,)) for c in idle]
        for user in users:
            user.start()
        for user in users:
            user.join()
        self.assertGreater(self.old.sql(POOLED)[0][0], 1)
        runs, errors = self.connect(), []

        def run():
            try:
                runs.execute("INSERT INTO t SELECT 5 FROM pg_sleep(50) /* of the pool */")
            except psycopg.Error as error:
                errors.append(error)

        running = threading.Thread(target=run)
        running.start()
        wait_until(lambda: self.old.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE"
                                        " 'INSERT%%' AND state = 'active'")[0][0] == 1,
                   "the statement to run")
        self.promote()
        running.join(5)
        self.assertEqual([error.sqlstate for error in errors], ["08006"])
        # The session itself has lost nothing.
        self.assertEqual(runs.execute("SELECT 1").fetchone(), (1,))
        wait_until(lambda: self.old.sql(POOLED)[0][0] == 0, "the old connections to go")
        self.assertEqual(self.keys(self.old), [])

    @testing.timeout(60)
    def test_a_frozen_primary_commits_nothing_when_it_thaws(self):
        waiting, in_flight = self.begin(1), self.begin(2)
        self.cluster[0].wait_for_replay()
        self.old.sigstop()
        thawed = False
        try:
            errors = []

            def commit():
                try:
                    in_flight.execute("COMMIT")
                except psycopg.Error as error:
                    errors.append(error)

            committing = threading.Thread(target=commit)
            committing.start()
            time.sleep(0.1)  # the COMMIT is with the frozen server, probably
            self.new.promote()
            wait_until(self.is_followed, "the router to follow the promotion")
            # Nobody knows what becomes of that COMMIT, and its client need not wait to hear it.
            committing.join(5)
            self.assertIn("lost during COMMIT", str(errors))
            self.old.sigcont()
            thawed = True
            self.assert_ended(waiting, "COMMIT")
        finally:
            if not thawed:
                self.old.sigcont()
        self.assertNotIn(1, self.keys(self.old))
        self.assertEqual(self.keys(self.new), [])
        # It is alive again, and still nobody writes to it.
        for key in range(10, 30):
            with self.router.connect() as connection:
                connection.execute("INSERT INTO t VALUES (%s)", (key,))
        self.assertEqual(self.keys(self.new), list(range(10, 30)))


if __name__ == "__main__":
    testing.main()
