"""Custom settings that code makes under names of its own: its session keeps them, nobody else ever
sees one, and nobody is kept from the server's few connections by code that cannot make any."""

import ctypes
import itertools
import unittest

import psycopg

from tests.integration.rulebook.runner import SITE
from tests.support import testing

CODE = """
    CREATE TABLE scripts (name text, body text);
    INSERT INTO scripts VALUES ('set', 'SET my.scripted = ''secret'''),
                               ('call', 'SELECT set_config(''my.scripted'', ''secret'', false)');
    CREATE TABLE plain (a int);
    CREATE TABLE parents (id int PRIMARY KEY);
    CREATE TABLE watched (id int REFERENCES parents ON DELETE CASCADE);
    INSERT INTO parents VALUES (1), (2), (3), (4);
    INSERT INTO watched VALUES (1), (2), (3), (4);
    CREATE FUNCTION remember(name text, value text) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN RETURN set_config('my.' || name, value, false); END $$;
    CREATE FUNCTION run_script(which text) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE line record;
      BEGIN
        FOR line IN SELECT body FROM scripts WHERE name = which LOOP EXECUTE line.body; END LOOP;
      END $$;
    CREATE FUNCTION run_text(body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN EXECUTE body; END $$;
    CREATE FUNCTION outer_one() RETURNS void LANGUAGE sql AS $$ SELECT run_script('set') $$;
    CREATE PROCEDURE perform_it() LANGUAGE plpgsql AS $$ BEGIN PERFORM outer_one(); END $$;
    CREATE FUNCTION on_delete() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM run_script('call'); RETURN OLD; END $$;
    CREATE TRIGGER watch BEFORE DELETE ON watched FOR EACH ROW EXECUTE FUNCTION on_delete();
    CREATE VIEW seen AS SELECT remember('scripted', 'secret') AS a;
    CREATE FUNCTION under_setting() RETURNS text LANGUAGE sql SET my.scripted = 'secret'
      AS $$ SELECT current_setting('my.scripted') $$;
    CREATE FUNCTION harmless(a int) RETURNS int LANGUAGE plpgsql AS $$
      BEGIN EXECUTE 'INSERT INTO plain ' || 'VALUES ($1)' USING a; RETURN a; END $$;
    CREATE FUNCTION plain_call(a text) RETURNS text LANGUAGE sql AS $$ SELECT upper(a) $$;
    CREATE FUNCTION reads_only() RETURNS bigint LANGUAGE sql
      AS $$ SELECT count(*) FROM scripts, watched $$;
"""
DROP = """
    DROP SCHEMA IF EXISTS code CASCADE; CREATE SCHEMA code;
"""

# What makes my.scripted unseen.
MAKERS = (
    "SELECT remember('scripted', 'secret')",
    "SELECT run_script('set')",
    "SELECT run_script('call')",
    "SELECT run_text('SET my.scripted = ''secret''')",
    "SELECT run_text('DO $x$ BEGIN PERFORM set_config(''my.'' || ''scripted'', ''secret'', false); END $x$')",
    "SELECT outer_one()",
    "CALL perform_it()",
    "DELETE FROM watched WHERE id = 1",
    "DELETE FROM parents WHERE id = 2",
    "SELECT * FROM seen",
    "DO $$ BEGIN PERFORM run_script('set'); END $$",
    "DO $$ BEGIN DELETE FROM parents WHERE id = 3; END $$",
    "DO $$ DECLARE t text := 'SET my.scripted = 1'; BEGIN EXECUTE replace(t, '1', '''secret'''); END $$",
    "SELECT set_config('my.' || 'scripted', 'secret', false)",
    "SELECT set_config('my.' || name, 'secret', false) FROM (VALUES ('scripted')) v(name)",
    "SELECT query_to_xml($$ SELECT set_config('my.' || 'scripted', 'secret', false) $$, true, true, '')",
    "PREPARE p AS SELECT set_config($1, 'secret', false); EXECUTE p('my.scripted'); DEALLOCATE p",
    "BEGIN; CREATE FUNCTION fresh() RETURNS void LANGUAGE sql AS 'SELECT run_script(''set'')';"
    " SELECT fresh(); DROP FUNCTION fresh(); COMMIT",
)
# What cannot make any of a name that is not known.
OTHERS = (
    "SELECT harmless(1)",
    "SELECT reads_only()",
    "INSERT INTO plain VALUES (1)",
    "DO $$ BEGIN INSERT INTO plain VALUES (2); END $$",
    "DO $$ BEGIN PERFORM harmless(3); SET my.named = 'x'; END $$",
    "DO $$ BEGIN EXECUTE 'SET my.named = ''y'''; END $$",
    "SELECT under_setting()",
    "SELECT count(*) FROM watched",
    "SELECT set_config('my.named', 'z', false)",
    "CREATE FUNCTION another() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SET a.' || 'b = 1'; END $$",
    "DROP FUNCTION another()",
    "CREATE OR REPLACE FUNCTION run_text(body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS"
    " $$ BEGIN EXECUTE body; END $$",
    "COMMENT ON FUNCTION run_text IS 'runs it'",
    "CREATE TABLE made (a int, b int DEFAULT 1)",
    "ALTER TABLE made ADD c int DEFAULT 2",
    "CREATE INDEX ON made (b)",
    "DROP TABLE made",
)
SHOW = "SELECT coalesce(current_setting('my.scripted', true), 'NULL')"


class Argument(ctypes.Structure):
    """PQArgBlock of libpq."""
    _fields_ = [("size", ctypes.c_int), ("is_integer", ctypes.c_int), ("value", ctypes.c_char_p)]


def function_call(connection, oid, *texts):
    """PQfn(): the protocol's FunctionCall."""
    libpq = ctypes.CDLL("libpq.so.5")
    arguments = (Argument * len(texts))(*(Argument(len(text), 0, text) for text in texts))
    result, size = ctypes.create_string_buffer(1000), ctypes.c_int()
    libpq.PQfn.restype = libpq.PQerrorMessage.restype = ctypes.c_void_p
    answer = libpq.PQfn(ctypes.c_void_p(connection.pgconn.pgconn_ptr), oid, result, ctypes.byref(size),
                        0, arguments, len(texts))
    status = libpq.PQresultStatus(ctypes.c_void_p(answer))
    libpq.PQclear(ctypes.c_void_p(answer))
    return status == 1  # PGRES_COMMAND_OK


class UnseenSettingsTest(unittest.TestCase):

    def setUp(self):
        SITE().administer(DROP)
        SITE().administer("SET search_path = code;" + CODE)
        SITE().administer("ALTER ROLE ALL IN DATABASE app SET search_path = code, public")
        self.addCleanup(SITE().administer, "ALTER ROLE ALL IN DATABASE app RESET search_path")
        self.addCleanup(SITE().administer, DROP)

    def router(self, **flags):
        router = SITE().router(**({"log_routes": False, "checkout_timeout": "400ms",
                                   "consistency": "strong"} | flags))
        self.addCleanup(router.close)
        return router

    def connect(self, to, **options):
        connection = to.connect(**({"autocommit": True, "dbname": "app"} | options))
        self.addCleanup(connection.close)
        return connection

    def direct(self):
        return self.connect(SITE().reference[0].primary)

    def value(self, connection, sql=SHOW):
        return connection.execute(sql).fetchone()[0]

    def pins(self, connection):
        return self.value(connection, "SHOW pgbraid.pins")

    def runs(self, connection, sql, prepare):
        """Each as one simple query or, where it is a single statement, by the extended protocol."""
        if prepare and not sql.startswith(("PREPARE", "BEGIN")):
            connection.execute(sql, prepare=True)
        else:
            connection.execute(sql)

    @testing.timeout(60)
    def test_its_session_keeps_it_and_others_never_see_it(self):
        router = self.router(pool_size=2)
        for number, maker in enumerate(MAKERS):
            for prepare in (False, True):
                with self.subTest(maker, prepare=prepare):
                    SITE().administer(f"INSERT INTO code.parents SELECT generate_series(1, 3) ON CONFLICT DO NOTHING;"
                                      f"DELETE FROM code.watched;"
                                      f"INSERT INTO code.watched SELECT generate_series(1, 3)")
                    with router.connect() as maker_session, self.direct() as twin, \
                            router.connect() as other:
                        for session in (maker_session, twin):
                            self.runs(session, maker, prepare)
                        for _ in range(3):
                            self.assertEqual(self.value(maker_session), self.value(twin))
                            self.assertEqual(self.value(other), "NULL")
                        self.assertEqual(self.value(twin), "secret")
                        self.assertEqual(self.pins(maker_session), "custom settings of unknown names")
                    with router.connect() as later:
                        self.assertEqual(self.value(later), "NULL")

    @testing.timeout(60)
    def test_what_cannot_make_any_keeps_nothing(self):
        router = self.router(pool_size=1)
        with router.connect() as one, router.connect() as two:
            for sql, prepare in itertools.product(OTHERS, (False, True)):
                if prepare and sql.startswith(("CREATE", "DROP", "ALTER")):
                    continue
                with self.subTest(sql, prepare=prepare):
                    self.runs(one, sql, prepare)
                    self.assertEqual(self.pins(one), "")
                    self.assertEqual(self.value(two, "SELECT 1"), 1)
            self.assertEqual(self.value(one, "SELECT current_setting('my.named')"), "z")
            self.assertEqual(self.value(two, "SELECT coalesce(current_setting('my.named', true), 'NULL')"),
                             "NULL")

    @testing.timeout(60)
    def test_a_call_by_the_protocol_is_looked_into(self):
        router = self.router(pool_size=1)
        with SITE().cluster[0].primary.connect(dbname="app") as primary:
            oids = dict(primary.execute("SELECT proname, oid FROM pg_proc WHERE proname IN"
                                        " ('remember', 'plain_call')").fetchall())
        with router.connect() as one:
            self.assertTrue(function_call(one, oids["plain_call"], b"x"))
            self.assertEqual(self.pins(one), "")
            self.assertTrue(function_call(one, oids["remember"], b"scripted", b"secret"))
            self.assertEqual(self.pins(one), "custom settings of unknown names")
            self.assertEqual(self.value(one), "secret")
        with router.connect() as later:
            self.assertEqual(self.value(later), "NULL")

    @testing.timeout(60)
    def test_a_parameter_may_be_the_name(self):
        router = self.router(pool_size=1)
        for binary in (False, True):
            with self.subTest(binary=binary), router.connect() as one, router.connect() as two, \
                    self.direct() as twin:
                form = "%b" if binary else "%t"
                for sql in (f"SELECT set_config({form}, {form}, false)",
                            f"SELECT set_config({form}::text, {form}, false)"):
                    for number in range(3):
                        for session, value in ((one, "mine"), (two, "other's"), (twin, "mine")):
                            session.execute(sql, (f"My.Name{number}", value + str(number)))
                for session in (one, two):
                    self.assertEqual(self.pins(session), "")
                for number in range(3):
                    show = f"SELECT current_setting('my.name{number}')"
                    self.assertEqual(self.value(one, show), f"mine{number}")
                    self.assertEqual(self.value(two, show), f"other's{number}")
                    self.assertEqual(self.value(twin, show), f"mine{number}")
                one.execute(f"SELECT set_config({form}, {form}, false)", ("work_mem", "7MB"))
                self.assertEqual(self.value(two, "SHOW work_mem"), "4MB")
                self.assertEqual(self.value(one, "SHOW work_mem"), "7MB")
            with router.connect() as later:
                self.assertEqual(self.value(later, "SELECT coalesce(current_setting('my.name1', true), 'NULL')"),
                                 "NULL")

    @testing.timeout(60)
    def test_it_outlives_reset_and_discard_and_ends_with_the_session(self):
        router = self.router(pool_size=1)
        with router.connect(prepare_threshold=None) as one, router.connect() as two:
            one.execute("SELECT run_script('set')")
            self.assertEqual(self.pins(one), "custom settings of unknown names")
            with self.assertRaises(psycopg.errors.TooManyConnections):
                two.execute("SELECT 1")
            with self.direct() as twin:
                twin.execute("SELECT run_script('set')")
                for reset in ("RESET ALL", "DISCARD ALL"):
                    for session in (one, twin):
                        session.execute(reset)
                        self.assertEqual(self.value(session), "")
                    self.assertNotEqual(self.pins(one), "")
            one.close()
            self.assertEqual(self.value(two), "NULL")

    @testing.timeout(60)
    def test_failed_and_undone_code_counts(self):
        router = self.router(pool_size=1)
        for statements in (("DO $$ BEGIN PERFORM run_script('set'); RAISE 'x'; END $$",),
                           ("BEGIN", "SELECT run_script('set')", "ROLLBACK"),
                           ("BEGIN", "SELECT run_script('set')", "SELECT 1/0", "COMMIT")):
            with self.subTest(statements), router.connect() as one, self.direct() as twin:
                for session, sql in itertools.product((one, twin), statements):
                    try:
                        session.execute(sql)
                    except psycopg.Error:
                        pass
                self.assertEqual(self.value(one), self.value(twin))
                one.close()
                with router.connect() as later:
                    self.assertEqual(self.value(later), "NULL")

    @testing.timeout(60)
    def test_code_made_a_moment_ago_is_known(self):
        router = self.router(pool_size=1)
        with router.connect() as one:
            for number in range(5):
                one.execute(f"CREATE OR REPLACE FUNCTION changing() RETURNS int LANGUAGE plpgsql AS "
                            f"$$ BEGIN RETURN {number}; END $$")
                one.execute("SELECT changing()")
                self.assertEqual(self.pins(one), "")
                with router.connect() as two:
                    self.assertEqual(self.value(two, "SELECT changing()"), number)
                    self.assertEqual(self.pins(two), "")
                    one.execute("CREATE OR REPLACE FUNCTION changing() RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
                                "PERFORM set_config('my.' || 'scripted', 'secret', false); RETURN 0; END $$")
                    two.execute("SELECT changing()")
                    self.assertEqual(self.pins(two), "custom settings of unknown names")
                self.assertEqual(self.value(one), "NULL")

    @testing.timeout(60)
    def test_unlisten_in_code_ends_a_shared_listen(self):
        SITE().administer("CREATE FUNCTION code.be_quiet() RETURNS void LANGUAGE plpgsql AS "
                          "$$ BEGIN UNLISTEN one_channel; END $$;"
                          "CREATE FUNCTION code.ears() RETURNS SETOF text LANGUAGE sql AS "
                          "$$ SELECT * FROM pg_listening_channels() ORDER BY 1 $$")
        router = self.router(pool_size=1)
        with router.connect() as one, router.connect() as two, self.direct() as twin:
            for session in (one, twin):
                session.execute("LISTEN one_channel; LISTEN another")
            for sql in ("SELECT ears()", "SELECT be_quiet()", "SELECT ears()", "DO $$ BEGIN UNLISTEN *; END $$",
                        "SELECT pg_listening_channels()"):
                rows = []
                for session in (one, twin):
                    cursor = session.execute(sql)
                    rows.append(cursor.fetchall() if cursor.description else None)
                self.assertEqual(rows[0], rows[1], sql)
            self.assertEqual(two.execute("SELECT ears()").fetchall(), [])
            one.execute("LISTEN one_channel")
            two.execute("NOTIFY another; NOTIFY one_channel")
            self.assertEqual(next(one.notifies()).channel, "one_channel")
            with one.transaction(), self.assertRaises(psycopg.errors.FeatureNotSupported):
                with one.transaction():
                    one.execute("SELECT be_quiet()")


if __name__ == "__main__":
    testing.main()
