"""Two standbys that lag, restart and crash: a session never sees less than before."""

import os
import signal
import threading
import time
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

PORT = "SELECT inet_server_port()"


def make_cluster():
    cluster = Cluster(shards=1, standbys=2)
    cluster[0].primary.sql("CREATE TABLE c (id int PRIMARY KEY, n int)", dbname="app")
    cluster[0].primary.sql("INSERT INTO c SELECT i, 0 FROM generate_series(1, 100) i",
                           dbname="app")
    cluster[0].primary.sql("CREATE ROLE weak LOGIN")
    cluster.wait_for_replay()
    return cluster


CLUSTER = testing.Shared(make_cluster)


class StandbysTest(unittest.TestCase):
    def setUp(self):
        self.shard = CLUSTER()[0]
        self.primary = self.shard.primary
        self.addCleanup(self.make_whole)

    def make_whole(self):
        for standby in self.shard.standbys:
            if not standby.is_up():
                standby.start()
            standby.resume_replay()
            standby.set_recovery_min_apply_delay(0)
        self.shard.wait_for_replay()

    def route(self, **flags):
        router = Router(shards=CLUSTER().shards_flag(), **flags)
        self.addCleanup(router.close)
        return router

    def port(self, connection, prefix=""):
        return connection.execute(prefix + PORT).fetchone()[0]

    def standby_ports(self):
        return {standby.port for standby in self.shard.standbys}

    def value(self, connection, key):
        return connection.execute("SELECT n FROM c WHERE id = %s", (key,)).fetchone()[0]

    def await_standby(self, connection):
        """Waits until the session reads from a standby; that standby."""
        wait_until(lambda: self.port(connection) in self.standby_ports(), "a standby to serve")
        port = self.port(connection)
        return next(node for node in self.shard.standbys if node.port == port)

    @testing.timeout(40)
    def test_what_was_seen_is_never_unseen_whichever_standby_serves(self):
        first, second = self.shard.standbys
        first.set_recovery_min_apply_delay(40)
        second.set_recovery_min_apply_delay(300)
        router = self.route()
        over = threading.Event()
        backwards, ports = [], set()

        def write():
            with self.primary.connect(dbname="app") as connection:
                while not over.wait(0.002):
                    connection.execute("UPDATE c SET n = n + 1 WHERE id = 1")

        def read(number):
            with router.connect() as connection:
                last = -1
                while not over.is_set():
                    if number % 2 and last % 7 == 0:
                        connection.execute("UPDATE c SET n = n WHERE id = %s", (number + 10,))
                    n, port = connection.execute(
                        "SELECT n, inet_server_port() FROM c WHERE id = 1").fetchone()
                    ports.add(port)
                    if n < last:
                        backwards.append((number, last, n, port))
                    last = n
                    time.sleep(0.001)

        threads = [threading.Thread(target=write)]
        threads += [threading.Thread(target=read, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(2):
                for standby in (first, second):
                    time.sleep(0.6)
                    standby.kill9()
                    time.sleep(0.3)
                    standby.start()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(backwards, [])
        self.assertTrue(ports & self.standby_ports(), "no standby served at all")

    def see_on_standby(self, router, key):
        """A session that has seen 1 on a standby which shows 0 once it has started anew."""
        session = router.connect()
        self.addCleanup(session.close)
        standby = self.await_standby(session)
        for other in self.shard.standbys:
            if other is not standby:
                other.stop()
        standby.sql("CHECKPOINT")  # what comes after is only in WAL
        self.primary.sql("UPDATE c SET n = 1 WHERE id = %s", key, dbname="app")
        wait_until(lambda: self.value(session, key) == 1, "the session to see the new value")
        self.assertIs(self.await_standby(session), standby)
        # Replayed at once before, in a minute after.
        standby.set_recovery_min_apply_delay(60_000)
        return session, standby

    def assert_never_older(self, session, standby, key):
        """The standby is older now than it was; the session must not see it."""
        wait_until(standby.is_up, "the standby to be back")
        self.assertEqual(standby.sql("SELECT n FROM c WHERE id = %s", key, dbname="app"), [(0,)])
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            self.assertEqual(self.value(session, key), 1)

    @testing.timeout(40)
    def test_a_standby_restarted_at_an_older_position_is_not_believed(self):
        router = self.route(max_replica_lag="60s")
        session, standby = self.see_on_standby(router, 2)
        standby.kill9()
        standby.start()
        self.assert_never_older(session, standby, 2)

    @testing.timeout(40)
    def test_a_standby_whose_backend_crashed_is_not_believed(self):
        # The postmaster lives on, but starts recovery anew.
        router = self.route(max_replica_lag="60s")
        session, standby = self.see_on_standby(router, 3)
        victim = standby.connect()
        pid = victim.execute("SELECT pg_backend_pid()").fetchone()[0]
        postmaster = standby.pid()
        os.kill(pid, signal.SIGKILL)

        def is_back():
            try:
                return standby.sql("SELECT n FROM c WHERE id = 3", dbname="app") == [(0,)]
            except psycopg.Error:
                return False

        # Meanwhile the session asks nothing: a read on the primary would warn it.
        wait_until(is_back, "the standby to be back, older than before")
        self.assertEqual(standby.pid(), postmaster)
        self.assert_never_older(session, standby, 3)

    @testing.timeout(30)
    def test_a_paused_standby_is_left_without_waiting_for_it_every_time(self):
        router = self.route(freshness_wait="200ms")
        with router.connect() as session:
            self.await_standby(session)
            for standby in self.shard.standbys:
                standby.pause_replay()
            started = time.monotonic()
            for n in range(10):
                session.execute("UPDATE c SET n = %s WHERE id = 4", (n,))
                self.assertEqual(self.value(session, 4), n)
            self.assertLess(time.monotonic() - started, 1.0)  # not 10 times 200 ms

    @testing.timeout(30)
    def test_ddl_is_seen_by_the_session_that_ran_it(self):
        router = self.route()
        with router.connect() as session:
            self.await_standby(session)
            for standby in self.shard.standbys:
                standby.set_recovery_min_apply_delay(100)
            for n in range(5):
                session.execute(f"CREATE TABLE made_{n} (a int)")
                self.assertEqual(session.execute(f"SELECT * FROM made_{n}").fetchall(), [])
                session.execute(f"ALTER TABLE made_{n} ADD COLUMN b int DEFAULT 5")
                session.execute(f"INSERT INTO made_{n} VALUES (1)")
                self.assertEqual(session.execute(f"SELECT b FROM made_{n}").fetchall(), [(5,)])
                session.execute(f"DROP TABLE made_{n}")
                with self.assertRaisesRegex(Exception, "does not exist"):
                    session.execute(f"SELECT * FROM made_{n}")

    @testing.timeout(30)
    def test_a_read_only_transaction_sees_earlier_writes_also_on_a_standby(self):
        router = self.route()
        with router.connect() as session:
            self.await_standby(session)
            served = []
            for n in range(20):
                session.execute("UPDATE c SET n = %s WHERE id = 5", (n,))
                session.execute("BEGIN READ ONLY")
                served.append(self.port(session))
                self.assertEqual(self.value(session, 5), n)
                self.assertEqual(self.port(session), served[-1])
                session.execute("COMMIT")
            by_standby = sum(port in self.standby_ports() for port in served)
            self.assertGreaterEqual(by_standby, 10)

    @testing.timeout(30)
    def test_consistency_is_chosen_by_setting_and_by_hint(self):
        router = self.route(allow_hints=True, max_replica_lag="60s")
        with router.connect() as session:
            self.await_standby(session)
            for standby in self.shard.standbys:
                standby.pause_replay()
            session.execute("UPDATE c SET n = 60 WHERE id = 6")
            read = "SELECT n FROM c WHERE id = 6"
            hint = "/* pgbraid: consistency={} */ "
            self.assertEqual(session.execute(read).fetchone()[0], 60)
            self.assertEqual(session.execute(hint.format("eventual") + read).fetchone()[0], 0)
            self.assertEqual(session.execute(read).fetchone()[0], 60)
            session.execute("SET pgbraid.consistency = 'eventual'")
            self.assertEqual(session.execute(read).fetchone()[0], 0)
            self.assertEqual(session.execute(hint.format("strong") + read).fetchone()[0], 60)
            self.assertEqual(session.execute(hint.format("session") + read).fetchone()[0], 60)
            session.execute("RESET pgbraid.consistency")
            self.assertEqual(session.execute(read).fetchone()[0], 60)
            session.execute("SET pgbraid.consistency = 'strong'")
            self.assertEqual(self.port(session), self.primary.port)

    @testing.timeout(30)
    def test_a_lagging_standby_serves_no_eventual_reads_either(self):
        router = self.route(consistency="eventual", max_replica_lag="300ms")
        with router.connect() as session:
            self.await_standby(session)
            for standby in self.shard.standbys:
                standby.pause_replay()
            self.primary.sql("UPDATE c SET n = 70 WHERE id = 7", dbname="app")
            wait_until(lambda: self.value(session, 7) == 70, "the standbys to be left out")
            for _ in range(50):
                self.assertEqual(self.port(session), self.primary.port)

    @testing.timeout(30)
    def test_a_monitor_that_may_not_see_timelines_leaves_all_to_the_primary(self):
        router = self.route(monitor_user="weak")
        with router.connect() as session:
            for n in range(30):
                session.execute("UPDATE c SET n = %s WHERE id = 8", (n,))
                self.assertEqual(self.value(session, 8), n)
                self.assertEqual(self.port(session), self.primary.port)
                time.sleep(0.02)

    @testing.timeout(40)
    def test_a_primary_that_crashes_and_comes_back_goes_on(self):
        router = self.route()
        with router.connect() as session:
            session.execute("UPDATE c SET n = 90 WHERE id = 9")
            self.await_standby(session)
            self.primary.kill9()
            self.primary.start()
            for n in range(91, 120):
                for _ in range(100):
                    try:
                        session.execute("UPDATE c SET n = %s WHERE id = 9", (n,))
                        break
                    except Exception as error:
                        self.assertIn(error.sqlstate[:2], ("08", "57"), error)
                        time.sleep(0.02)
                self.assertEqual(self.value(session, 9), n)
            self.await_standby(session)
            self.assertEqual(self.value(session, 9), 119)


if __name__ == "__main__":
    testing.main()
