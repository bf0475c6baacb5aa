"""What one client leaves behind, no other sees: settings, roles, locks, temporary tables."""

import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLEAN = ('"$user", public', None, "4MB", "UTC", "postgres", 0, 0, None)

ENVIRONMENT = """
    SELECT current_setting('search_path'), current_setting('my.setting', true),
           current_setting('work_mem'), current_setting('TimeZone'), current_user,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                                            AND pid = pg_backend_pid()),
           (SELECT count(*) FROM pg_listening_channels()), to_regclass('left_behind')"""

LEAVES_EVERYTHING = """
    DO $$ BEGIN
      PERFORM set_config('search_path', 'pg_catalog', false);
      PERFORM set_config('my.setting', 'x', false);
      PERFORM pg_advisory_lock(7);
      LISTEN somewhere;
      CREATE TEMP TABLE left_behind (a int);
    END $$"""


def make_cluster():
    cluster = Cluster(shards=1, standbys=1, settings={"timezone": "UTC"})
    for statement in ("CREATE ROLE other", "GRANT other TO postgres",
                      "CREATE FUNCTION unseen() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
                      " PERFORM set_config('work_mem', '9MB', false);"
                      " PERFORM pg_advisory_lock(42); RETURN 1; END $$"):
        cluster[0].primary.sql(statement, dbname="app")
    return cluster


cluster = testing.Shared(make_cluster)


class LeaksTest(unittest.TestCase):
    def setUp(self):
        # Two clients and two server connections: what one leaves, the other would find.
        self.router = Router(shards=cluster().shards_flag(), threads=1, pool_size=2)
        self.addCleanup(self.router.close)
        self.one = self.connect()
        self.other = self.connect()

    def connect(self):
        connection = self.router.connect(autocommit=True)
        self.addCleanup(connection.close)
        return connection

    def environment(self, connection):
        return connection.execute(ENVIRONMENT).fetchone()

    def assert_other_is_clean(self):
        for _ in range(3):
            self.assertEqual(self.environment(self.other), CLEAN)

    @testing.timeout(60)
    def test_a_do_that_leaves_everything_leaks_nothing(self):
        self.one.execute(LEAVES_EVERYTHING)
        self.assert_other_is_clean()
        # Its own client keeps it all.
        path, setting, *_, locks, channels, table = self.environment(self.one)
        self.assertEqual((path, setting, locks, channels, table),
                         ("pg_catalog", "x", 1, 1, "left_behind"))
        self.one.close()
        self.assert_other_is_clean()
        self.assertEqual(self.environment(self.connect()), CLEAN)

    @testing.timeout(60)
    def test_a_function_that_changes_state_unseen(self):
        self.one.execute("SELECT unseen()")
        self.assert_other_is_clean()
        self.assertEqual(self.environment(self.one)[2], "9MB")
        self.assertEqual(self.environment(self.one)[5], 1)
        self.one.close()
        self.assert_other_is_clean()

    @testing.timeout(60)
    def test_settings_and_roles(self):
        for statement in ("SET TimeZone = 'Asia/Tokyo'", "SET ROLE other",
                          "SELECT set_config('work_mem', '6MB', false)", "SET search_path = other"):
            self.one.execute(statement)
            self.assert_other_is_clean()
        seen = self.environment(self.one)
        self.assertEqual((seen[0], seen[2], seen[3], seen[4]),
                         ("other", "6MB", "Asia/Tokyo", "other"))
        self.assertEqual(self.one.info.parameter_status("TimeZone"), "Asia/Tokyo")
        self.assertEqual(self.other.info.parameter_status("TimeZone"), "UTC")
        self.one.execute("DISCARD ALL")
        self.assertEqual(self.environment(self.one), CLEAN)

    @testing.timeout(60)
    def test_what_a_failed_statement_leaves(self):
        for statement in ("SELECT pg_advisory_lock(7), 1 / (random() * 0)::int",
                          "DO $$ BEGIN PERFORM pg_advisory_lock(8); RAISE EXCEPTION 'x'; END $$"):
            with self.assertRaises(psycopg.Error):
                self.one.execute(statement)
            self.assert_other_is_clean()
        # The locks are its client's, who has not lost them.
        self.assertEqual(self.environment(self.one)[5], 2)

    @testing.timeout(60)
    def test_settings_made_where_no_statement_says_so(self):
        for statement in ("EXPLAIN ANALYZE SELECT set_config('work_mem', '8MB', false)",
                          "UPDATE pg_settings SET setting = '8MB' WHERE name = 'work_mem'",
                          "PREPARE p AS SELECT set_config('work_mem', '8MB', false); EXECUTE p",
                          "COPY (SELECT set_config('work_mem', '8MB', false)) TO STDOUT",
                          "BEGIN; DECLARE c CURSOR FOR SELECT set_config('work_mem', '8MB', false);"
                          " FETCH c; COMMIT"):
            with self.subTest(statement=statement):
                if statement.startswith("COPY"):
                    with self.one.cursor().copy(statement) as copy:
                        self.assertEqual([row[0] for row in copy.rows()], ["8MB"])
                else:
                    self.one.execute(statement)
                self.assert_other_is_clean()
                self.assertEqual(self.environment(self.one)[2], "8MB")
                self.one.execute("RESET work_mem")

    @testing.timeout(60)
    def test_reset_goes_back_to_the_startup_packet(self):
        one = self.router.connect(autocommit=True, prepare_threshold=None,
                                  options="-c work_mem=6MB -c timezone=Asia/Tokyo")
        self.addCleanup(one.close)
        show = "SELECT current_setting('work_mem'), current_setting('TimeZone')"
        for statement in ("RESET ALL", "DISCARD ALL", "RESET work_mem; RESET timezone"):
            for begin, end in (("", ""), ("BEGIN", "ROLLBACK"), ("BEGIN", "COMMIT")):
                if begin and statement == "DISCARD ALL":
                    continue
                with self.subTest(statement=statement, end=end):
                    one.execute("SET work_mem = '9MB'; SET timezone = 'UTC'")
                    if begin:
                        one.execute(begin)
                    one.execute(statement)
                    self.assertEqual(one.execute(show).fetchone(), ("6MB", "Asia/Tokyo"))
                    self.assertEqual(one.info.parameter_status("TimeZone"), "Asia/Tokyo")
                    if end:
                        one.execute(end)
                    after = ("9MB", "UTC") if end == "ROLLBACK" else ("6MB", "Asia/Tokyo")
                    self.assertEqual(one.execute(show).fetchone(), after)
                    self.assertEqual(one.info.parameter_status("TimeZone"), after[1])
                    self.assert_other_is_clean()

    @testing.timeout(60)
    def test_who_had_temporary_tables_shows_it_to_nobody(self):
        self.one.execute("CREATE TEMP TABLE mine (a int)")
        self.one.execute("DROP TABLE mine")
        for _ in range(4):
            self.assertEqual(self.other.execute(
                "SELECT pg_my_temp_schema()::int, current_schemas(true)::text").fetchone(),
                (0, "{pg_catalog,public}"))
            self.other.execute("SET temp_buffers = '9MB'")
            self.other.execute("RESET temp_buffers")

    @testing.timeout(60)
    def test_what_a_transaction_undoes(self):
        self.one.execute("SET work_mem = '5MB'")
        for statement, work_mem, role in (
                ("BEGIN", "5MB", "postgres"),
                ("SET LOCAL work_mem = '6MB'", "6MB", "postgres"),
                ("SAVEPOINT a", "6MB", "postgres"),
                ("SET work_mem = '7MB'", "7MB", "postgres"),
                ("SET ROLE other", "7MB", "other"),
                ("ROLLBACK TO a", "6MB", "postgres"),
                ("SET work_mem = '8MB'", "8MB", "postgres"),
                ("COMMIT", "8MB", "postgres"),
                ("BEGIN", "8MB", "postgres"),
                ("SET work_mem = '9MB'", "9MB", "postgres"),
                ("ROLLBACK", "8MB", "postgres"),
                ("RESET work_mem", "4MB", "postgres")):
            with self.subTest(statement=statement):
                self.one.execute(statement)
                seen = self.environment(self.one)
                self.assertEqual((seen[2], seen[4]), (work_mem, role))
        self.assert_other_is_clean()

    @testing.timeout(60)
    def test_session_pooling_keeps_one_server_connection(self):
        router = Router(shards=cluster().shards_flag(), threads=1, pool_size=2,
                        pool_mode="session", checkout_timeout="300ms")
        self.addCleanup(router.close)
        one = router.connect(autocommit=True)
        pid = one.execute("SELECT pg_backend_pid()").fetchone()
        one.execute(LEAVES_EVERYTHING)
        for _ in range(5):
            self.assertEqual(one.execute("SELECT pg_backend_pid()").fetchone(), pid)
        self.assertEqual(self.environment(one)[-1], "left_behind")
        two = router.connect(autocommit=True)
        self.assertNotEqual(two.execute("SELECT pg_backend_pid()").fetchone(), pid)
        self.assertEqual(self.environment(two), CLEAN)
        # Both are taken: a third client waits, and is told why it did in vain.
        with router.connect(autocommit=True) as three:
            with self.assertRaises(psycopg.errors.TooManyConnections):
                three.execute("SELECT pg_backend_pid()")
            one.close()
            two.close()
            wait_until(lambda: self.answers(three), "a place to become free")
            self.assertEqual(self.environment(three), CLEAN)

    def answers(self, connection):
        try:
            return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.errors.TooManyConnections:
            return False

    @testing.timeout(60)
    def test_prepared_statements_are_each_clients_own(self):
        self.one.execute("PREPARE p AS SELECT 1")
        self.assertEqual(self.one.execute("EXECUTE p").fetchone(), (1,))
        self.other.execute("PREPARE p AS SELECT 2")
        self.assertEqual(self.other.execute("EXECUTE p").fetchone(), (2,))
        self.assertEqual(self.one.execute("EXECUTE p").fetchone(), (1,))
        self.one.execute("DEALLOCATE ALL")
        # The protocol's: one name, two texts.
        for _ in range(3):
            self.assertEqual(self.one.execute("SELECT %s::int + 1", (1,), prepare=True).fetchone(),
                             (2,))


if __name__ == "__main__":
    testing.main()
