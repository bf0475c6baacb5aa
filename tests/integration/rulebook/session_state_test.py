"""The rulebook's "Session state": each session sees its own and nothing of another's."""

import unittest

import psycopg

from tests.integration.rulebook import site
from tests.integration.rulebook.runner import SITE, TableTest
from tests.support import testing
from tests.support.node import wait_until

SETTINGS = r"""
[SET, RESET, SHOW, current_setting, pg_settings: the session's own]
P   SET work_mem = '5MB'
.   SHOW work_mem
.   SELECT current_setting('work_mem'), setting FROM pg_settings WHERE name = 'work_mem'
2.  SHOW work_mem
P   SET work_mem TO DEFAULT
.   SHOW work_mem
P   SET SESSION enable_seqscan = off
.   SELECT name, setting FROM pg_settings WHERE name LIKE 'enable%' ORDER BY 1
P   RESET ALL
.   SHOW enable_seqscan
P   SET nothing_known = 1
P   SET work_mem = 'much'
P   SET work_mem = '1TB'
.   SHOW work_mem
P   SET statement_timeout = '7s'
.   SELECT current_setting('statement_timeout')
P   SET search_path = other_schema, public
.   SELECT current_schemas(false), current_setting('search_path')
P   SET search_path TO ''
P   SELECT count(*) FROM items
P   RESET search_path
R   SELECT count(*) FROM items
P   SET extra_float_digits = 0
R   SELECT 0.1::float8 + 0.2::float8
P   SET bytea_output = 'escape'
R   SELECT '\xff00'::bytea

[the forms of SET]
P   SET TIME ZONE 'Asia/Tokyo'
R   SELECT timestamptz '2020-01-01 00:00+00'
P   SET TIME ZONE -5
R   SELECT timestamptz '2020-01-01 00:00+00'
P   SET TIME ZONE INTERVAL '+02:30' HOUR TO MINUTE
R   SELECT timestamptz '2020-01-01 00:00+00'
P   SET TIME ZONE LOCAL
.   SHOW TimeZone
P   SET NAMES 'LATIN1'
.   SHOW client_encoding
P   SET NAMES 'UTF8'
P   SET NAMES
.   SHOW client_encoding
P   SET XML OPTION DOCUMENT
.   SHOW xmloption
P   SET SCHEMA 'other_schema'
.   SHOW search_path
P   SET DateStyle TO German, MDY
R   SELECT date '2020-02-03'
P   SET datestyle = 'SQL'
R   SELECT date '2020-02-03'
P   SET IntervalStyle = iso_8601
R   SELECT interval '1 day 2 hours'
P   SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE, DEFERRABLE
.   SHOW default_transaction_isolation
.   SHOW default_transaction_deferrable
P   SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED
P   SET LOCAL work_mem = '9MB'
.   SHOW work_mem
P   RESET ALL
.   SHOW DateStyle
R   SELECT date '2020-02-03', interval '1 day 2 hours'

[ParameterStatus: on every change, and only its own]
P   SET application_name = 'mine'
P   SET DateStyle = 'Postgres, DMY'
2.  SELECT 1
P   SET client_encoding = 'LATIN1'
P   SET standard_conforming_strings = off
P   SELECT 'a\\b', '\101'
P   SET standard_conforming_strings = on
P   SET client_encoding = 'UTF8'
P   SET IntervalStyle = sql_standard
P   SET TimeZone = 'America/New_York'
P   SET default_transaction_read_only = on
P   SET default_transaction_read_only = off
P   BEGIN; SET TimeZone = 'UTC'; SET application_name = 'inside'
P   SAVEPOINT a; SET DateStyle = 'German'
P   ROLLBACK TO a
.   ROLLBACK
P   RESET ALL
.   SHOW in_hot_standby
P   SET SESSION AUTHORIZATION guest
2.  SELECT 1
P   RESET SESSION AUTHORIZATION

[SET inside a transaction, savepoints; SET LOCAL]
P   SET work_mem = '5MB'
L   BEGIN
P   SET LOCAL work_mem = '6MB'
P   SHOW work_mem
P   SAVEPOINT a
P   SET work_mem = '7MB'
P   SET LOCAL TimeZone = 'Asia/Tokyo'
P   SHOW work_mem
P   ROLLBACK TO a
P   SHOW work_mem
P   SHOW TimeZone
P   SET work_mem = '8MB'
P   RELEASE a
P   COMMIT
.   SHOW work_mem
L   BEGIN
P   SET work_mem = '9MB'
P   SELECT 1 / 0
P   COMMIT
.   SHOW work_mem
L   BEGIN
P   SAVEPOINT a
P   SET LOCAL work_mem = '1MB'
P   SAVEPOINT b
P   SET work_mem = '2MB'
P   RELEASE b
P   ROLLBACK TO a
P   SHOW work_mem
P   RESET work_mem
P   SHOW work_mem
P   COMMIT
.   SHOW work_mem
L   BEGIN
P   SET LOCAL ROLE other
P   SELECT current_user
P   COMMIT
.   SELECT current_user
P   SET work_mem = '3MB'; SELECT 1 / 0
.   SHOW work_mem

[SET ROLE, SESSION AUTHORIZATION, and their RESET]
P   SET ROLE other
.   SELECT current_user, session_user, current_setting('role')
P   CREATE TABLE owned_by_other (a int)
P   SET ROLE nobody_there
.   SELECT current_user
P   SET ROLE NONE
.   SELECT current_user
P   SET SESSION AUTHORIZATION guest
.   SELECT current_user, session_user
P   SET ROLE other
P   SELECT count(*) FROM guarded
.   SELECT current_user, session_user
P   RESET SESSION AUTHORIZATION
.   SELECT current_user, session_user
P   SET ROLE 'other'
P   RESET ROLE
.   SELECT current_user
P   SET SESSION SESSION AUTHORIZATION DEFAULT
.   SELECT current_user
P   SET ROLE other
P   SELECT count(*) FROM guarded
P   RESET ALL
.   SELECT current_user
P   DISCARD ALL
.   SELECT current_user
L   BEGIN
P   SET LOCAL SESSION AUTHORIZATION guest
.   SELECT session_user
P   ROLLBACK
.   SELECT session_user

[set_config: constant arguments, others, local ones]
P   SELECT set_config('work_mem', '5MB', false)
.   SHOW work_mem
P   SELECT set_config('work_mem', (2 * 3) || 'MB', false)
.   SHOW work_mem
.   SELECT set_config(name, '7MB', false) FROM pg_settings WHERE name = 'work_mem'
.   SHOW work_mem
.   SELECT set_config('work_mem', '8MB', true)
.   SHOW work_mem
.   BEGIN
.   SELECT set_config('work_mem', '9MB', true), set_config('TimeZone', 'Asia/' || 'Tokyo', true)
.   SHOW TimeZone
.   COMMIT
.   SHOW work_mem
.   SHOW TimeZone
.   BEGIN
.   SELECT set_config('search_path', 'other_schema', false)
.   ROLLBACK
.   SHOW search_path
.   SELECT set_config('role', 'other', false)
.   SELECT current_user
.   SELECT set_config('role', 'none', false)
.   SELECT set_config('nothing_known', '1', false)
.   WITH s AS (SELECT set_config('work_mem', '4MB', false)) SELECT * FROM s
.   SHOW work_mem
.   UPDATE pg_settings SET setting = '6MB' WHERE name = 'work_mem'
.   SHOW work_mem

[a custom setting: not there, set, emptied, and never there for another client]
P   SHOW app.tenant
R   SELECT current_setting('app.tenant')
R   SELECT current_setting('app.tenant', true)
P   SET app.tenant = '42'
R   SELECT current_setting('app.tenant', true)
2P  SHOW app.tenant
2R  SELECT current_setting('app.tenant', true)
P   RESET app.tenant
R   SELECT current_setting('app.tenant', true)
P   SHOW app.tenant
P   DISCARD ALL
R   SELECT current_setting('app.tenant', true)
2.  SELECT current_setting('app.tenant')
3L  BEGIN
3P  SET LOCAL app.tenant = '7'
3P  SELECT current_setting('app.tenant')
3P  COMMIT
3R  SELECT current_setting('app.tenant', true)
2L  BEGIN
2P  SET my.setting = 'x'
2P  SAVEPOINT a
2P  SET my.setting = 'y'
2P  ROLLBACK TO a
2P  SHOW my.setting
2P  ROLLBACK
2.  SHOW my.setting
2P  SET my.setting TO DEFAULT
2P  SELECT set_config('my.other', 'o', false), set_config('my.local', 'l', true)
2R  SELECT current_setting('my.other', true), current_setting('my.local', true)
2P  RESET ALL
2R  SELECT current_setting('my.other', true), current_setting('my.setting', true)
P   SET app.tenant = default
P   SET my.bad-name = 1
P   SELECT set_config('my.computed', 'a' || 'b', false)
R   SELECT current_setting('my.computed', true)
2R  SELECT current_setting('my.computed', true)
P   SELECT set_config('my.computed', 'c' || 'd', true)
R   SELECT current_setting('my.computed', true)

[functions of the user's, CALL and DO that change state unseen]
P   SELECT change_settings()
P   SELECT current_setting('work_mem'), current_setting('app.tenant')
2P  SELECT current_setting('work_mem'), current_setting('app.tenant', true)
P   CALL set_path('other_schema, pg_catalog')
.   SHOW search_path
2.  SHOW search_path
P   RESET search_path
P   DO $$ BEGIN PERFORM set_config('my.setting', 'by DO', false); SET work_mem = '3MB'; END $$
.   SELECT current_setting('my.setting'), current_setting('work_mem')
2R  SELECT current_setting('my.setting', true)
P   DO $$ BEGIN SET LOCAL work_mem = '2MB'; END $$
.   SHOW work_mem
P   DO $$ BEGIN SET work_mem = '1MB'; RAISE EXCEPTION 'undone'; END $$
.   SHOW work_mem
P   SELECT with_path(), with_local()
.   SHOW work_mem
P   DO $$ BEGIN PERFORM pg_advisory_lock(77); RAISE EXCEPTION 'but the lock stays'; END $$
P   SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
2P  SELECT pg_try_advisory_lock(77)
P   SELECT pg_advisory_unlock_all()
2P  SELECT pg_try_advisory_lock(77)
2P  SELECT pg_advisory_unlock(77)
P   DO $$ DECLARE n text := 'my.' || 'setting'; BEGIN PERFORM set_config(n, 'unknown name', false); END $$
.   SELECT current_setting('my.setting')
2.  SELECT current_setting('my.setting', true)

[DISCARD ALL, RESET ALL]
P   SET work_mem = '5MB'
P   SET ROLE other
P   SELECT pg_advisory_lock(5)
P   CREATE TEMP TABLE gone (a int)
P   LISTEN gone
P   DISCARD ALL
P   SELECT current_user, current_setting('work_mem')
2P  SELECT pg_try_advisory_lock(5)
2P  SELECT pg_advisory_unlock_all()
P   SELECT * FROM gone
P   SET work_mem = '6MB'
P   SET ROLE other
P   RESET ALL
P   SELECT current_user, current_setting('work_mem')
L   BEGIN
P   DISCARD ALL
P   ROLLBACK

[setseed, then random(): the session keeps its connection]
P   SELECT setseed(0.5)
P   SELECT random(), random()
P   SELECT random()
P   SET SEED TO 0.25
P   SELECT random()
P   DO $$ BEGIN PERFORM setseed(0.75); END $$
P   SELECT random()
"""

STARTUP = r"""
[parameters in the startup packet are SET at start | options=-c work_mem=5MB -c app.tenant=9 & application_name=starter]
.   SHOW work_mem
.   SELECT current_setting('app.tenant')
P   SET work_mem = '6MB'
P   RESET work_mem
.   SHOW work_mem
L   BEGIN
P   SET work_mem = '7MB'
P   RESET work_mem
P   SHOW work_mem
P   SET LOCAL work_mem TO DEFAULT
P   SHOW work_mem
P   RESET ALL
P   SHOW work_mem
P   COMMIT
.   SHOW application_name
P   SET work_mem = '8MB'
P   DISCARD ALL
.   SHOW work_mem
P   SET app.tenant = '10'
P   RESET app.tenant
.   SHOW app.tenant
.   SET work_mem = '1MB'; RESET work_mem; SHOW work_mem

[set_config(.., NULL, ..) goes back to the startup packet's value | options=-c work_mem=5MB -c app.tenant=9 -c search_path=other_schema,public]
P   SET work_mem = '6MB'
.   SELECT set_config('work_mem', NULL, false), 1 AS "ä", set_config('app.tenant', null::text, false)
.   SHOW work_mem
P   SET search_path = public
.   SELECT set_config('search_path', NULL, false)
.   SELECT current_schemas(false)
P   SET work_mem = '7MB'
L   BEGIN
P   SELECT set_config('work_mem', NULL, true)
P   SHOW work_mem
P   ROLLBACK
.   SHOW work_mem
L   BEGIN
P   SELECT set_config('work_mem', NULL, true)
P   COMMIT
.   SHOW work_mem
.   SELECT set_config('work_mem', NULL, false), 1 / 0
.   SELECT set_config('work_mem', NULL, false), 'ä', nothing
.   SHOW work_mem
.   SELECT set_config('maintenance_work_mem', NULL, false) = current_setting('maintenance_work_mem')
.   SELECT set_config('my.setting', NULL, false)
.   SELECT current_setting('my.setting')
.   SET work_mem = '8MB'; SELECT set_config('work_mem', NULL, false); SHOW work_mem
2.  SHOW work_mem

[... and to the server's where that has none]
P   SET work_mem = '6MB'
.   SELECT set_config('work_mem', NULL, false)
.   SHOW work_mem
2.  SHOW work_mem

[... each parameter by itself | options=-c DateStyle=German -c search_path=other_schema,public & client_encoding=LATIN1]
R   SELECT date '2020-02-03'
.   SHOW search_path
.   SHOW client_encoding
P   SET DateStyle = 'ISO'
L   BEGIN
P   RESET DateStyle
P   SHOW DateStyle
P   ROLLBACK
.   SHOW DateStyle
P   RESET ALL
.   SHOW search_path
"""

LEAVES_EVERYTHING = """
    DO $$ BEGIN
      PERFORM set_config('search_path', 'pg_catalog', false);
      PERFORM set_config('app.tenant', 'left', false);
      PERFORM pg_advisory_lock(7);
      LISTEN somewhere;
      CREATE TEMP TABLE left_behind (a int);
    END $$"""


class SessionStateTest(TableTest):

    @testing.timeout(120)
    def test_simple(self):
        self.run_table(SETTINGS, "simple")

    @testing.timeout(120)
    def test_extended(self):
        self.run_table(SETTINGS, "extended")

    @testing.timeout(60)
    def test_startup_simple(self):
        self.run_table(STARTUP, "simple")

    @testing.timeout(60)
    def test_startup_extended(self):
        self.run_table(STARTUP, "extended")


class NoTraceTest(unittest.TestCase):
    """A pool of one connection: what the next client finds is what a fresh session has."""

    def setUp(self):
        self.router = SITE().router(pool_size=1, log_routes=False)
        self.addCleanup(self.router.close)
        self.direct = SITE().direct()
        self.addCleanup(self.direct.close)

    def leaves_no_trace(self, *statements):
        with self.subTest("; ".join(statements)):
            client = site.through(self.router)
            for sql in statements:
                client.simple(sql)
            client.close()
            after = site.through(self.router)
            self.assertEqual(after.simple(site.TRACES), self.direct.simple(site.TRACES))
            after.close()

    @testing.timeout(60)
    def test_what_a_client_leaves(self):
        for statements in (
                (LEAVES_EVERYTHING,),
                ("SET app.tenant = 'x'",),
                ("SET app.tenant = 'x'", "RESET app.tenant"),
                ("BEGIN", "SET LOCAL app.tenant = 'x'", "COMMIT"),
                ("BEGIN", "SET app.tenant = 'x'", "ROLLBACK"),
                ("SELECT set_config('app.tenant', 'a' || 'b', false)",),
                ("SELECT set_config('app.' || 'tenant', 'b', false)",),
                ("SELECT set_config('app.' || 'tenant', 'b', false), 1 / (random() * 0)::int",),
                ("SELECT change_settings()",),
                ("DO $$ BEGIN SET my.setting = 'x'; RAISE EXCEPTION 'x'; END $$",),
                ("SELECT pg_advisory_lock(1), 1 / (random() * 0)::int",),
                ("SET ROLE other", "SET SESSION AUTHORIZATION guest"),
                ("CREATE TEMP TABLE x (a int)", "DROP TABLE x"),
                ("SET app.tenant = 'x'", "DISCARD ALL"),
                ("BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "COMMIT"),
                ("SELECT setseed(0.5)", "DISCARD ALL")):
            self.leaves_no_trace(*statements)

    @testing.timeout(60)
    def test_a_seed_is_nobody_elses(self):
        def first_random(statement):
            client = site.through(self.router)
            client.simple(statement)
            client.simple("DISCARD ALL")
            client.close()
            after = site.through(self.router)
            value = after.value("SELECT random()")
            after.close()
            return value
        for statement in ("SELECT setseed(0.5)", "SET seed = 0.5",
                          "DO $$ BEGIN PERFORM setseed(0.5); END $$"):
            seeded = self.direct
            seeded.simple(statement)
            with self.subTest(statement):
                self.assertNotEqual(first_random(statement), seeded.value("SELECT random()"))


class OwnSettingsTest(unittest.TestCase):
    """pgbraid.consistency is a setting like any other."""

    def setUp(self):
        self.router = SITE().router()
        self.addCleanup(self.router.close)
        self.session = site.through(self.router)
        self.addCleanup(self.session.close)

    def shows(self, value):
        self.assertEqual(self.session.value("SHOW pgbraid.consistency"), value.encode())

    def test_it_goes_with_its_transaction(self):
        for sql, value in (("SET pgbraid.consistency = 'strong'", "strong"),
                           ("BEGIN", "strong"),
                           ("SET pgbraid.consistency = 'eventual'", "eventual"),
                           ("SAVEPOINT a", "eventual"),
                           ("SET LOCAL pgbraid.consistency = 'session'", "session"),
                           ("ROLLBACK TO a", "eventual"),
                           ("ROLLBACK", "strong"),
                           ("BEGIN", "strong"),
                           ("SET LOCAL pgbraid.consistency = 'eventual'", "eventual"),
                           ("COMMIT", "strong"),
                           ("RESET pgbraid.consistency", "session"),
                           ("SET pgbraid.consistency = 'eventual'", "eventual"),
                           ("RESET ALL", "session"),
                           ("SET pgbraid.consistency = 'eventual'", "eventual"),
                           ("DISCARD ALL", "session")):
            with self.subTest(sql):
                self.assertIsNone(self.session.simple(sql).error)
                self.shows(value)

    def test_other_values_and_names_are_refused(self):
        error = self.session.simple("SET pgbraid.consistency = 'sometimes'").error
        self.assertEqual(error[0], "22023")
        self.assertIn("Available values", error[3])
        error = self.session.simple("SET pgbraid.nothing = 1").error
        self.assertEqual(error[0], "42704")
        self.session.simple("BEGIN")
        self.session.simple("SELECT 1 / 0")
        self.assertEqual(self.session.simple("SET pgbraid.consistency = 'strong'").error[0],
                         "25P02")
        self.session.simple("ROLLBACK")
        self.shows("session")

    def test_it_may_be_given_at_the_start(self):
        session = site.through(self.router, options="-c pgbraid.consistency=strong")
        self.assertEqual(session.value("SHOW pgbraid.consistency"), b"strong")
        session.simple("SET pgbraid.consistency = 'eventual'")
        session.simple("RESET pgbraid.consistency")
        self.assertEqual(session.value("SHOW pgbraid.consistency"), b"strong")
        session.close()


class LoginDefaultsTest(unittest.TestCase):
    """ALTER ROLE SET and ALTER DATABASE SET: who logs in afterwards gets the new default."""

    def setUp(self):
        self.router = SITE().router(pool_size=3)
        self.addCleanup(self.router.close)
        self.addCleanup(SITE().administer, "ALTER ROLE guest RESET ALL")
        self.addCleanup(SITE().administer, "ALTER DATABASE app RESET ALL")

    def new_login(self, setting):
        session = site.through(self.router, user="guest")
        value = session.value(f"SHOW {setting}").decode()
        session.close()
        return value

    @testing.timeout(60)
    def test_at_once_if_it_went_through_the_router(self):
        admin = site.through(self.router)
        for kilobytes in range(100, 110):
            admin.simple(f"ALTER ROLE guest SET work_mem = {kilobytes}")
            self.assertEqual(self.new_login("work_mem"), f"{kilobytes}kB")
        admin.simple("ALTER DATABASE app SET TimeZone = 'Asia/Tokyo'")
        session = site.through(self.router, user="guest")
        self.assertEqual(session.parameters()["TimeZone"], "Asia/Tokyo")
        self.assertEqual(session.value("SHOW TimeZone"), b"Asia/Tokyo")
        session.close()
        admin.close()

    @testing.timeout(60)
    def test_soon_if_it_did_not(self):
        self.assertEqual(self.new_login("work_mem"), "4MB")
        SITE().administer("ALTER ROLE guest SET work_mem = '111kB'")
        wait_until(lambda: self.new_login("work_mem") == "111kB", "the new default", 5)


class UnknownProtocolOptionsTest(unittest.TestCase):

    def test_settings_of_a_driver(self):
        router = SITE().router()
        self.addCleanup(router.close)
        with router.connect(options="-c statement_timeout=5s -c geqo=off",
                            application_name="driver") as connection:
            self.assertEqual(connection.execute("SHOW statement_timeout").fetchone(), ("5s",))
            self.assertEqual(connection.execute("SHOW geqo").fetchone(), ("off",))
            self.assertEqual(connection.execute("SHOW application_name").fetchone(), ("driver",))
        with self.assertRaises(psycopg.OperationalError) as raised:
            router.connect(options="-c nothing_known=1")
        self.assertIn("unrecognized configuration parameter", str(raised.exception))


if __name__ == "__main__":
    testing.main()
