"""What keeps a server connection with its client, how it ends, and how both are seen."""

import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

cluster = testing.Shared(lambda: Cluster(shards=1, standbys=0))

# What begins it, the reason that is told, what ends it.
WAYS = (
    ("SELECT pg_advisory_lock(1)", "session advisory lock", "SELECT pg_advisory_unlock(1)"),
    ("SELECT pg_try_advisory_lock_shared(2)", "session advisory lock", "SELECT pg_advisory_unlock_all()"),
    ("SELECT pg_advisory_lock(3)", "session advisory lock", "DISCARD ALL"),
    ("CREATE TEMP TABLE mine (a int)", "temporary object", "DROP TABLE mine"),
    ("CREATE TEMP TABLE mine (a int)", "temporary object", "DISCARD TEMP"),
    ("SELECT 1 AS a INTO TEMP mine", "temporary object", "DISCARD ALL"),
    ("DECLARE held CURSOR WITH HOLD FOR SELECT 1", "cursor with hold", "CLOSE held"),
    ("DECLARE held CURSOR WITH HOLD FOR SELECT 1", "cursor with hold", "CLOSE ALL"),
)


class PinsTest(unittest.TestCase):
    @testing.timeout(60)
    def test_a_connection_is_kept_as_long_as_its_reason(self):
        with Router(shards=cluster().shards_flag(), pool_size=1, threads=1, log_pins=True,
                    checkout_timeout="300ms") as router, \
                router.connect(prepare_threshold=None) as keeper, router.connect() as other:
            for number, (begin, reason, end) in enumerate(WAYS):
                with self.subTest(begin=begin, end=end):
                    self.assertEqual(self.pins(keeper), "")
                    keeper.execute(begin)
                    self.assertIn(reason, self.pins(keeper))
                    with self.assertRaises(psycopg.errors.TooManyConnections):
                        other.execute("SELECT 1")
                    keeper.execute(end)
                    self.assertEqual(self.pins(keeper), "")
                    self.assertEqual(other.execute(
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone(),
                        (0,))
                    self.assertEqual(other.execute(
                        "SELECT count(*) FROM pg_class WHERE relname = 'mine'").fetchone(), (0,))
                    log = router.log_text()
                    self.assertEqual(log.count("connection is kept for"), number + 1, log)
                    self.assertEqual(log.count("connection is given back after"), number + 1, log)
                    self.assertIn(f"user=postgres database=app: the server connection is kept for "
                                  f"{reason}", log)

    @testing.timeout(60)
    def test_the_end_of_a_session_ends_it_too(self):
        with Router(shards=cluster().shards_flag(), pool_size=1, threads=1) as router, \
                router.connect() as other:
            for begin, _, _ in WAYS:
                with self.subTest(begin=begin):
                    with router.connect() as keeper:
                        keeper.execute(begin)
                    self.assertEqual(other.execute("SELECT pg_try_advisory_xact_lock(1)")
                                     .fetchone(), (True,))

    @testing.timeout(60)
    def test_pins_can_be_read_only(self):
        with Router(shards=cluster().shards_flag()) as router, router.connect() as connection:
            with self.assertRaisesRegex(psycopg.errors.CantChangeRuntimeParam, "cannot be changed"):
                connection.execute("SET pgbraid.pins = 'none'")

    def pins(self, connection):
        return connection.execute("SHOW pgbraid.pins").fetchone()[0]


if __name__ == "__main__":
    testing.main()
