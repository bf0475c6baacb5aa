"""Notifications that may be lost, or that a client does not read: its session ends, it is told."""

import os
import signal
import threading
import unittest

import psycopg

from tests.integration.listen.ears import Ear
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router


class LossTest(unittest.TestCase):
    def start(self, shards=1, standbys=0, **flags):
        self.cluster = Cluster(shards=shards, standbys=standbys)
        self.addCleanup(self.cluster.close)
        self.router = Router(shards=self.cluster.shards_flag(), **{"pool_size": 4} | flags)
        self.addCleanup(self.router.close)
        self.primary = self.cluster[0].primary

    def connect(self):
        connection = self.router.connect()
        self.addCleanup(connection.close)
        return connection

    def listener_pid(self, shard=0):
        return self.cluster[shard].primary.sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbraid listener'")[0][0]

    def assert_ended(self, connection, sqlstate, words, ear=None):
        """The session was ended with this FATAL error, without being asked anything."""
        ear = ear or Ear(connection)
        wait_until(lambda: ear.read(1.0) or ear.ended, "the end of the session")
        self.assertEqual([code for code, _ in ear.errors], [sqlstate])
        self.assertIn(words, ear.errors[0][1])

    def assert_works(self, connection):
        ear = Ear(connection)
        connection.execute("LISTEN again")
        connection.execute("NOTIFY again, 'heard'")
        self.assertEqual(ear.payloads(), ["heard"])

    def test_the_listening_connection_is_terminated(self):
        self.start(threads=2)
        listening = [self.connect() for _ in range(4)]
        others = [self.connect() for _ in range(4)]
        for connection in listening:
            connection.execute("LISTEN a")
        with others[0].transaction():
            others[0].execute("SELECT 1")
            self.primary.sql("SELECT pg_terminate_backend(%s)", self.listener_pid())
            for connection in listening:
                self.assert_ended(connection, "57P01", "notifications may have been missed")
            others[0].execute("SELECT 1")  # it was not disturbed
        for connection in others:
            self.assert_works(connection)

    def test_a_session_hears_of_the_loss_after_its_statement(self):
        self.start()
        connection = self.connect()
        ear = Ear(connection)
        connection.execute("LISTEN a")
        listener = self.listener_pid()
        result = []
        thread = threading.Thread(
            target=lambda: result.append(connection.execute("SELECT pg_sleep(0.5), 42").fetchone()[1]))
        thread.start()
        wait_until(lambda: self.primary.sql(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(0.5)%%'"
            " AND pid <> pg_backend_pid()"), "the statement runs")
        self.primary.sql("SELECT pg_terminate_backend(%s)", listener)
        thread.join()
        self.assertEqual(result, [42])
        self.assert_ended(connection, "57P01", "notifications may have been missed", ear)

    def test_a_transaction_of_a_session_that_listens_is_rolled_back_at_the_loss(self):
        self.start()
        self.primary.sql("CREATE TABLE t (a int)", dbname="app")
        connection = self.connect()
        connection.execute("LISTEN a")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1)")
        self.primary.sql("SELECT pg_terminate_backend(%s)", self.listener_pid())
        self.assert_ended(connection, "57P01", "notifications may have been missed")
        wait_until(lambda: not self.primary.sql(
            "SELECT 1 FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation::regclass::text = 't'",
            dbname="app"), "its locks are gone")
        self.assertEqual(self.primary.sql("SELECT count(*) FROM t", dbname="app")[0][0], 0)

    @testing.timeout(60)
    def test_a_backend_is_killed_and_all_start_anew(self):
        self.start()
        listening, other = self.connect(), self.connect()
        listening.execute("LISTEN a")
        os.kill(self.listener_pid(), signal.SIGKILL)
        self.assert_ended(listening, "08006", "notifications may have been missed")
        wait_until(self.primary.is_up, "the server is back")

        def works():
            try:
                self.assert_works(other)
                return True
            except psycopg.Error as error:
                self.assertFalse(other.closed, error)
                return False

        wait_until(works, "another session goes on")

    @testing.timeout(60)
    def test_promotion(self):
        self.start(standbys=1)
        listening, other = self.connect(), self.connect()
        listening.execute("LISTEN a")
        standby, old = self.cluster[0].standbys[0], self.primary
        standby.wait_for_replay(old.lsn())
        # The old primary lives on, and nothing of its connections is lost.
        standby.promote()
        self.assert_ended(listening, "57P01", "has a new primary")
        self.assertFalse(other.closed)
        with self.connect() as connection:
            ear = Ear(connection)
            connection.execute("LISTEN a")
            with standby.connect(dbname="app", autocommit=True) as direct:
                direct.execute("NOTIFY a, 'new primary'")
            ear.wait(1)
            self.assertEqual(ear.payloads(), ["new primary"])

    def test_one_of_two_shards_is_lost(self):
        self.start(shards=2)
        listening = self.connect()
        listening.execute("LISTEN a")
        self.cluster[1].primary.sql("SELECT pg_terminate_backend(%s)", self.listener_pid(1))
        self.assert_ended(listening, "57P01", "notifications may have been missed")
        with self.connect() as connection:
            self.assert_works(connection)

    def test_a_client_that_does_not_read_is_ended_and_the_others_are_not(self):
        self.start(notification_backlog=65536)
        slow, quick, notifier = self.connect(), self.connect(), self.connect()
        ear = Ear(quick)
        for connection in (slow, quick):
            connection.execute("LISTEN a")
        payload = "x" * 7900
        rounds = 0
        before = self.router.rss_bytes()
        # Until its socket's buffers and the router's bound are full.
        while "does not keep up" not in self.router.log_text() and rounds < 4000:
            notifier.execute("SELECT pg_notify('a', %s || n) FROM generate_series(1, 20) n",
                             (payload,))
            rounds += 1
            ear.wait(rounds * 20)
        self.assertLess(rounds, 4000)
        self.assertLess(self.router.rss_bytes() - before, 64 << 20)
        notifier.execute("NOTIFY a, 'last'")
        self.assertEqual(ear.wait(rounds * 20 + 1)[-1][1], "last")
        # What came is in order and whole; then the connection ends.
        slow_ear = Ear(slow)
        wait_until(lambda: slow_ear.read(1.0) or slow_ear.ended, "the end of the session")
        numbers = [int(p[7900:]) for p in slow_ear.payloads()]
        self.assertEqual(numbers, [n % 20 + 1 for n in range(len(numbers))])
        self.assertLess(len(numbers), rounds * 20)

    def test_a_transaction_that_takes_long_holds_a_bounded_number(self):
        self.start(notification_backlog=65536)
        sleeper, notifier = self.connect(), self.connect()
        sleeper.execute("LISTEN a")
        sleeper.execute("BEGIN")
        sleeper.execute("SELECT 1")
        notifier.execute("SELECT pg_notify('a', repeat('x', 1000) || n)"
                         " FROM generate_series(1, 1000) n")
        self.assert_ended(sleeper, "53400", "does not keep up with its notifications")

    def test_no_primary_to_listen_on(self):
        self.start(checkout_timeout="500ms")
        connection = self.connect()
        self.primary.stop()
        with self.assertRaises(psycopg.OperationalError) as caught:
            connection.execute("LISTEN a")
        self.assertIn(caught.exception.sqlstate, ("57P03", "08006"))
        self.assertFalse(connection.closed)
        self.primary.start()
        wait_until(lambda: self.can_listen(connection), "the primary is back")
        self.assert_works(connection)

    def can_listen(self, connection):
        try:
            connection.execute("LISTEN a")
            return True
        except psycopg.OperationalError:
            return False


if __name__ == "__main__":
    testing.main()
