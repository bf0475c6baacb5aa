"""Who is the primary: promotions, old primaries that come back, strangers."""

import time
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router


class RolesTest(unittest.TestCase):
    def start(self, shards=1, standbys=2):
        self.cluster = Cluster(shards=shards, standbys=standbys)
        self.addCleanup(self.cluster.close)
        for shard in self.cluster.shards:
            shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY, v int)", dbname="app")
            shard.primary.sql("INSERT INTO t VALUES (1, 0)", dbname="app")
            shard.wait_for_replay()
        return self.cluster[0].nodes

    def route(self, **flags):
        flags.setdefault("shards", self.cluster.shards_flag())
        router = Router(**flags)
        self.addCleanup(router.close)
        return router

    def write(self, session, value, seconds=10):
        """Writes as soon as that works; the seconds it took."""
        started = time.monotonic()
        while True:
            try:
                session.execute("UPDATE t SET v = %s WHERE k = 1", (value,))
                return time.monotonic() - started
            except psycopg.Error as error:
                if error.sqlstate[:2] not in ("08", "57", "25"):
                    raise
                if time.monotonic() - started > seconds:
                    raise
                time.sleep(0.01)

    def read(self, session):
        return session.execute("SELECT v, inet_server_port() FROM t WHERE k = 1").fetchone()

    @testing.timeout(60)
    def test_a_promotion_is_followed_and_old_timelines_never_serve(self):
        old, new, sibling = self.start()
        router = self.route(checkout_timeout="3s")
        with router.connect() as session:
            self.write(session, 1)
            sibling.pause_replay()
            old.kill9()
            new.promote()
            self.assertLess(self.write(session, 2), 2.0)
            for value in range(3, 40):
                self.write(session, value)
                seen, port = self.read(session)
                self.assertEqual(seen, value)
                self.assertEqual(port, new.port)
            with self.subTest("eventual reads"):
                session.execute("SET pgbraid.consistency = 'eventual'")
                for _ in range(20):
                    self.assertEqual(self.read(session), (39, new.port))
                session.execute("RESET pgbraid.consistency")
            with self.subTest("the old primary comes back on its timeline"):
                old.start()
                deadline = time.monotonic() + 1.0
                while time.monotonic() < deadline:
                    self.write(session, 40)
                    self.assertEqual(self.read(session), (40, new.port))
                self.assertEqual(old.sql("SELECT v FROM t", dbname="app"), [(1,)])
            with self.subTest("the sibling follows the new primary and serves again"):
                sibling.resume_replay()
                sibling.follow(new)
                deadline = time.monotonic() + 10
                while self.read(session)[1] != sibling.port and time.monotonic() < deadline:
                    time.sleep(0.01)
                self.write(session, 41)
                self.assertEqual(self.read(session)[0], 41)
            with self.subTest("the router starts anew while the new primary is away"):
                new.sql("CHECKPOINT")
                self.cluster_checkpoint(sibling, new)
                router.stop()
                new.stop()
                router.start()
                with self.assertRaisesRegex(psycopg.Error, "no primary"):
                    with router.connect() as other:
                        other.execute("UPDATE t SET v = 666 WHERE k = 1")
                self.assertEqual(old.sql("SELECT v FROM t", dbname="app"), [(1,)])
                new.start()
                with router.connect() as other:
                    self.write(other, 42)
                    self.assertEqual(self.read(other)[0], 42)
                self.assertEqual(old.sql("SELECT v FROM t", dbname="app"), [(1,)])

    def cluster_checkpoint(self, standby, primary):
        lsn = primary.sql("SELECT pg_current_wal_flush_lsn()::text")[0][0]
        standby.wait_for_replay(lsn)
        standby.sql("CHECKPOINT")

    @testing.timeout(40)
    def test_the_old_primary_is_fenced_off_where_both_live(self):
        old, new, _ = self.start()
        router = self.route(monitor_interval="50ms")
        with router.connect() as session:
            self.write(session, 1)
            new.promote()
            deadline = time.monotonic() + 5
            while self.read(session)[1] != new.port and time.monotonic() < deadline:
                time.sleep(0.01)
            for value in range(2, 30):
                self.write(session, value)
                self.assertEqual(self.read(session), (value, new.port))
            self.assertEqual(old.sql("SELECT v FROM t", dbname="app"), [(1,)])

    @testing.timeout(40)
    def test_hosts_of_two_systems_in_one_shard_are_refused_with_the_reason(self):
        self.start(shards=2, standbys=1)
        hosts = [self.cluster[0].primary, self.cluster[1].standbys[0]]
        flag = "s0=" + ",".join(f"127.0.0.1:{host.port}/app" for host in hosts)
        router = self.route(shards=flag, checkout_timeout="500ms")
        with self.assertRaisesRegex(psycopg.Error, "no primary"):
            with router.connect() as session:
                session.execute("UPDATE t SET v = 1 WHERE k = 1")
        self.assertEqual(hosts[0].sql("SELECT v FROM t", dbname="app"), [(0,)])

    @testing.timeout(40)
    def test_a_router_killed_and_started_again_serves_as_before(self):
        self.start()
        router = self.route()
        with router.connect() as session:
            self.write(session, 1)
        router.kill9()
        router.start()
        with router.connect() as session:
            for value in range(2, 50):
                self.write(session, value)
                self.assertEqual(self.read(session)[0], value)


if __name__ == "__main__":
    testing.main()
