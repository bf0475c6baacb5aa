"""psycopg 3, as its users use it."""

import contextlib
import datetime
import decimal
import enum
import threading
import uuid

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from transcript import LANE, main, show


def connect(**options):
    options.setdefault("options", f"-c search_path={LANE}")
    return psycopg.connect(**options)


def error_of(action, *arguments):
    """What went wrong, in the words of the server."""
    try:
        action(*arguments)
    except psycopg.Error as error:
        show(type(error).__name__, error.sqlstate, str(error.diag.message_primary))
    else:
        show("no error")


def connecting():
    with connect(autocommit=True, application_name="psycopg3") as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {LANE} CASCADE")
        connection.execute(f"CREATE SCHEMA {LANE}")
        info = connection.info
        show(info.server_version, info.encoding, info.user, info.dbname, info.status)
        for name in ("server_version", "server_encoding", "client_encoding", "application_name",
                     "is_superuser", "session_authorization", "DateStyle", "IntervalStyle",
                     "TimeZone", "integer_datetimes", "standard_conforming_strings",
                     "in_hot_standby", "default_transaction_read_only"):
            show(name, info.parameter_status(name))
        show(connection.execute("SHOW application_name").fetchone(),
             connection.execute("SHOW search_path").fetchone())
    for wrong in ({"password": "wrong"}, {"dbname": "nowhere"}, {"options": "-c nonsense=1"},
                  {"options": "-c work_mem=never"}):
        try:
            psycopg.connect(**wrong)
        except psycopg.OperationalError as error:
            show(str(error).rpartition("failed: ")[2].splitlines()[0])


def queries():
    with connect(autocommit=True) as connection:
        show(connection.execute("SELECT 1, 'a', NULL").fetchall())
        show(connection.execute("SELECT %s::int + %s, %s", (1, 2, "x")).fetchall())
        show(connection.execute("SELECT %(a)s::text || %(b)s", {"a": "x", "b": "y"}).fetchone())
        cursor = connection.cursor(row_factory=dict_row)
        show(cursor.execute("SELECT 1 AS one, 'b' AS b").fetchall())
        cursor = connection.cursor(row_factory=namedtuple_row)
        show(cursor.execute("SELECT 1 AS one, 'b' AS b").fetchone())
        cursor = connection.execute("CREATE TABLE q (a int, b text); INSERT INTO q VALUES (1, 'x');"
                                    " SELECT * FROM q")
        while True:
            show(cursor.statusmessage, cursor.rowcount,
                 cursor.fetchall() if cursor.description else None)
            if not cursor.nextset():
                break
        show([(c.name, c.type_code, c.internal_size) for c in
              connection.execute("SELECT 1 AS i, 'x'::varchar(7) AS v, now() AS t").description])


def prepared():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE p (a int PRIMARY KEY, b text)")
        for i in range(12):  # from the 6th on it is prepared
            connection.execute("INSERT INTO p VALUES (%s, %s)", (i, f"row {i}"))
        for i in range(12):
            show(connection.execute("SELECT b FROM p WHERE a = %s", (i,)).fetchone())
        for i in range(3):
            show(connection.execute("SELECT a FROM p WHERE b = %s", (f"row {i}",),
                                    prepare=True).fetchone())
        show(connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0] > 0)
        connection.execute("ALTER TABLE p ADD c int DEFAULT 5")
        show(connection.execute("SELECT * FROM p WHERE a = %s", (1,), prepare=True).fetchall())
        connection.execute("ALTER TABLE p DROP c")
        show(connection.execute("SELECT b FROM p WHERE a = %s", (1,)).fetchall())
        connection.prepared_max = 2
        for i in range(20):
            connection.execute(f"SELECT {i}, %s", (i,), prepare=True)
        error_of(connection.execute, "SELECT 0, %s, nonsense", (1,))


class Mood(enum.Enum):
    sad = "sad"
    happy = "happy"


def types():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        connection.execute("CREATE TYPE pair AS (a int, b text)")
        register_enum(EnumInfo.fetch(connection, "mood"), connection, Mood)
        pair = CompositeInfo.fetch(connection, "pair")
        register_composite(pair, connection)
        values = {
            "int2": 32767, "int4": -2147483648, "int8": 2**62, "numeric": decimal.Decimal("12345.678900"),
            "float8": 1.5e-300, "text": "naïve, ☃ and 𝄞", "bytea": bytes(range(256)),
            "date": datetime.date(1999, 12, 31), "time": datetime.time(23, 59, 58, 999999),
            "timestamptz": datetime.datetime(2020, 2, 29, 12, 0, tzinfo=datetime.timezone.utc),
            "timestamp": datetime.datetime(1, 1, 1), "interval": datetime.timedelta(days=3, seconds=5),
            "bool": True, "uuid": uuid.UUID(int=7), "jsonb": Jsonb({"a": [1, None, "ü"]}),
            "int4[]": [1, None, 3], "text[]": ["a", 'q"uote', "", None, "NULL"],
            "int4range": Range(1, 5), "tstzrange": Range(None, None), "mood": Mood.happy,
            "mood[]": [Mood.sad, Mood.happy], "pair": pair.python_type(1, "x, y"),
        }
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            for name, value in values.items():
                placeholder = "%b" if binary and name != "interval" else "%s"
                try:
                    cursor.execute(f"SELECT {placeholder}::{name}", (value,))
                    show(name, binary, cursor.fetchone()[0])
                except psycopg.Error as error:
                    show(name, binary, type(error).__name__, str(error))
        show(connection.execute("SELECT %s, %s::int, %s::text[]", (None, None, None)).fetchone())


def transactions():
    with connect() as connection:
        connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
        connection.commit()
        connection.execute("INSERT INTO t VALUES (1)")
        show(connection.info.transaction_status.name)
        connection.rollback()
        show(connection.info.transaction_status.name)
        show(connection.execute("SELECT count(*) FROM t").fetchone())
        connection.commit()
        with connection.transaction():
            connection.execute("INSERT INTO t VALUES (2)")
            try:
                with connection.transaction("inner"):
                    connection.execute("INSERT INTO t VALUES (3)")
                    connection.execute("INSERT INTO t VALUES (2)")
            except psycopg.errors.UniqueViolation as error:
                show(error.sqlstate, error.diag.constraint_name, error.diag.table_name,
                     error.diag.schema_name, error.diag.message_detail)
            with connection.transaction():
                connection.execute("INSERT INTO t VALUES (4)")
                raise psycopg.Rollback()
        show(connection.execute("SELECT array_agg(a) FROM t").fetchone())
        error_of(connection.execute, "SELECT 1/0")
        error_of(connection.execute, "SELECT 1")
        show(connection.info.transaction_status.name)
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = True
        connection.deferrable = True
        show(connection.execute("SELECT current_setting('transaction_isolation'),"
                                " current_setting('transaction_read_only'),"
                                " current_setting('transaction_deferrable')").fetchone())
        error_of(connection.execute, "INSERT INTO t VALUES (9)")


def errors():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE e (a int NOT NULL CHECK (a > 0))")
        for text in ("SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
                     "INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)",
                     "SELECT 'x'::int", "SELECT nofunction(1)"):
            try:
                connection.execute(text)
            except psycopg.Error as error:
                diag = error.diag
                show(type(error).__name__, error.sqlstate, diag.severity, diag.message_primary,
                     diag.message_detail, diag.message_hint, diag.statement_position,
                     diag.table_name, diag.column_name, diag.constraint_name)
            show(connection.execute("SELECT 1").fetchone())
        notices = []
        connection.add_notice_handler(lambda diag: notices.append(
            (diag.severity, diag.sqlstate, diag.message_primary)))
        connection.execute("DO $$ BEGIN RAISE NOTICE 'hello %', 1; RAISE WARNING 'beware'; END $$")
        connection.execute("DROP TABLE IF EXISTS not_there")
        show(notices)


def many():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE m (a int PRIMARY KEY, b text)")
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO m VALUES (%s, %s)", [(i, str(i)) for i in range(200)])
        show(cursor.rowcount)
        cursor.executemany("INSERT INTO m VALUES (%s, %s) RETURNING a",
                           [(i, str(i)) for i in range(200, 204)], returning=True)
        while True:
            show(cursor.fetchone())
            if not cursor.nextset():
                break
        error_of(cursor.executemany, "INSERT INTO m VALUES (%s, %s)",
                 [(300, "a"), (1, "again"), (301, "b")])
        show(connection.execute("SELECT count(*), sum(a) FROM m").fetchone())


def pipelines():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE l (a int PRIMARY KEY, b text)")
        with connection.pipeline():
            cursors = [connection.execute("INSERT INTO l VALUES (%s, %s) RETURNING a", (i, "x"))
                       for i in range(50)]
            answer = connection.execute("SELECT count(*) FROM l")
        show([cursor.fetchone()[0] for cursor in cursors], answer.fetchone())
        try:
            with connection.pipeline() as pipeline:
                connection.execute("INSERT INTO l VALUES (100)")
                pipeline.sync()
                connection.execute("INSERT INTO l VALUES (101)")
                connection.execute("INSERT INTO l VALUES (1)")
                aborted = connection.execute("INSERT INTO l VALUES (102)")
                pipeline.sync()
                connection.execute("INSERT INTO l VALUES (103)")
        except psycopg.Error as error:
            show(type(error).__name__, error.sqlstate)
        show(connection.execute("SELECT array_agg(a ORDER BY a) FROM l WHERE a > 99").fetchone())
        with connection.pipeline():
            with connection.transaction():
                connection.execute("INSERT INTO l VALUES (200)")
                with connection.transaction():
                    connection.execute("SET LOCAL timezone TO 'Asia/Kolkata'")
                    zone = connection.execute("SHOW timezone")
            after = connection.execute("SHOW timezone")
        show(zone.fetchone(), after.fetchone())
        with connection.pipeline() as pipeline:
            for i in range(1000, 3000):
                last = connection.execute("SELECT %s::int * 2", (i,))
        show(last.fetchone())


def copying():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE c (a int, b text, c timestamptz)")
        cursor = connection.cursor()
        moment = datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)
        with cursor.copy("COPY c FROM STDIN") as copy:
            for i in range(1000):
                copy.write_row((i, f"row\t{i}\n", moment))
        show(cursor.rowcount)
        with cursor.copy("COPY (SELECT a, b FROM c ORDER BY a LIMIT 3) TO STDOUT") as copy:
            show([bytes(part) for part in copy])
        with cursor.copy("COPY c FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text", "timestamptz"])
            copy.write_row((5000, "binary", moment))
        with cursor.copy("COPY (SELECT * FROM c WHERE a = 5000) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text", "timestamptz"])
            show([row for row in copy.rows()])

        def broken():
            with cursor.copy("COPY c FROM STDIN") as copy:
                for i in range(5000):
                    copy.write(f"{i}\tx\t2020-01-01\n")
                copy.write("not a number\tx\t\\N\n")
        error_of(broken)

        def given_up():
            with cursor.copy("COPY c FROM STDIN") as copy:
                copy.write("1\tx\t2020-01-01\n")
                raise ValueError("my own reason")
        try:
            given_up()
        except psycopg.errors.QueryCanceled as error:
            show(str(error))
        show(connection.execute("SELECT count(*), sum(a) FROM c").fetchone())


def cursors():
    with connect() as connection:
        connection.execute("CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g")
        connection.commit()
        with connection.cursor("named") as cursor:
            cursor.itersize = 64
            cursor.execute("SELECT a FROM r ORDER BY a")
            show(sum(row[0] for row in cursor))
        with connection.cursor("scrolled", scrollable=True) as cursor:
            cursor.execute("SELECT a FROM r ORDER BY a")
            show(cursor.fetchmany(3))
            cursor.scroll(10)
            show(cursor.fetchone())
            cursor.scroll(1, mode="absolute")
            show(cursor.fetchone())
        connection.commit()
        held = connection.cursor("held", withhold=True)
        held.execute("SELECT a FROM r ORDER BY a")
        connection.commit()
        show(held.fetchmany(2))
        connection.execute("INSERT INTO r VALUES (0)")
        connection.commit()
        show(held.fetchone())
        held.close()
        connection.commit()
        error_of(connection.execute, "FETCH 1 FROM held")
        connection.rollback()
        show(next(connection.cursor().stream("SELECT a FROM r ORDER BY a")))


def notifications():
    with connect(autocommit=True) as listener, connect(autocommit=True) as speaker:
        listener.execute(f"LISTEN news_{LANE}")
        speaker.execute(f"NOTIFY news_{LANE}, 'first'")
        speaker.execute("SELECT pg_notify(%s, %s)", (f"news_{LANE}", "second"))
        heard = []
        for notification in listener.notifies():
            heard.append((notification.channel, notification.payload))
            if len(heard) == 2:
                break
        show(heard)
        with speaker.transaction():
            speaker.execute(f"NOTIFY news_{LANE}, 'never'")
            raise psycopg.Rollback()
        listener.add_notify_handler(lambda notification: show(
            notification.channel, notification.payload))
        listener.execute(f"NOTIFY news_{LANE}, 'own'")
        listener.execute("UNLISTEN *")
        listener.execute(f"NOTIFY news_{LANE}, 'unheard'")


def canceling():
    with connect(autocommit=True) as connection:
        timer = threading.Timer(0.2, connection.cancel)
        timer.start()
        error_of(connection.execute, "SELECT pg_sleep(30)")
        timer.join()
        show(connection.execute("SELECT 1").fetchone())
        connection.execute("SET statement_timeout = '50ms'")
        error_of(connection.execute, "SELECT pg_sleep(30)")
        connection.execute("RESET statement_timeout")
        show(connection.execute("SELECT 2").fetchone())


def sizes():
    with connect(autocommit=True) as connection:
        rows = connection.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g")
        show(rows.rowcount, sum(row[0] for row in rows))
        large = "ü" * 3_000_000
        show(connection.execute("SELECT length(%s::text)", (large,)).fetchone())
        show(len(connection.execute("SELECT %s::bytea", (b"\0" * 5_000_000,)).fetchone()[0]))
        show(connection.execute("SELECT " + ",".join(["1"] * 1600)).fetchone()[-1])
        many = list(range(20000))
        show(connection.execute("SELECT count(*) FROM unnest(%s::int[])", (many,)).fetchone())


def settings():
    with connect(autocommit=True) as connection:
        connection.execute("SET timezone TO 'Asia/Kolkata'")
        show(connection.info.timezone.key)
        show(connection.execute("SELECT '2020-01-01 00:00+00'::timestamptz").fetchone())
        connection.execute("SET datestyle TO 'SQL, DMY'")
        show(connection.execute("SELECT '31/12/2020'::date::text").fetchone())
        connection.execute("SET client_encoding TO 'LATIN1'")
        show(connection.info.encoding, connection.execute("SELECT 'é' || %s", ("ü",)).fetchone())
        error_of(connection.execute, "SELECT chr(9731)")
        connection.execute("SET client_encoding TO 'UTF8'")
        connection.execute("SET search_path TO pg_catalog")
        show(connection.execute("SELECT current_schemas(false)").fetchone())
        connection.execute("RESET search_path")
        show(connection.execute("SELECT current_schemas(false)").fetchone())
        with connection.transaction():
            connection.execute("SET LOCAL work_mem TO '123MB'")
            show(connection.execute("SHOW work_mem").fetchone())
        show(connection.execute("SHOW work_mem").fetchone())
        connection.execute("SELECT set_config('my.own', 'value', false)")
        show(connection.execute("SELECT current_setting('my.own')").fetchone())
        connection.execute("CREATE TEMP TABLE mine (a int)")
        connection.execute("INSERT INTO mine VALUES (7)")
        show(connection.execute("SELECT * FROM mine").fetchall())
        connection.execute("DISCARD ALL")
        error_of(connection.execute, "SELECT * FROM mine")
        show(connection.execute("SHOW timezone").fetchone())


def sequences():
    with connect(autocommit=True) as connection:
        connection.execute("CREATE TABLE s (id serial PRIMARY KEY, x text)")
        show(connection.execute("INSERT INTO s (x) VALUES ('a') RETURNING id").fetchone())
        with connection.transaction():
            connection.execute("INSERT INTO s (x) VALUES ('b')")
            show(connection.execute("SELECT lastval(), currval('s_id_seq')").fetchone())


def last_ids():
    with connect(autocommit=True) as connection:
        connection.execute("INSERT INTO s (x) VALUES ('c')")
        show(connection.execute("SELECT lastval()").fetchone())
        show(connection.execute("SELECT currval('s_id_seq'::regclass)").fetchone())


def two_phase():
    connection = connect()
    with contextlib.closing(connection):
        connection.execute("CREATE TABLE x (a int)")
        connection.commit()
        for number, end in enumerate(("commit", "rollback")):
            xid = connection.xid(42, f"{LANE}-{number}", "branch")
            connection.tpc_begin(xid)
            connection.execute("INSERT INTO x VALUES (%s)", (number,))
            connection.tpc_prepare()
            connection.tpc_commit() if end == "commit" else connection.tpc_rollback()
        xid = connection.xid(42, f"{LANE}-later", "branch")
        connection.tpc_begin(xid)
        connection.execute("INSERT INTO x VALUES (99)")
        connection.tpc_prepare()
    with connect() as connection:
        mine = [x for x in connection.tpc_recover() if x.gtrid == f"{LANE}-later"]
        show(len(mine), mine[0].format_id, mine[0].bqual)
        connection.rollback()
        connection.tpc_commit(mine[0])
        show(connection.execute("SELECT array_agg(a ORDER BY a) FROM x").fetchone())


def composing():
    with connect(autocommit=True) as connection:
        query = sql.SQL("SELECT {} AS {}, {}").format(
            sql.Literal("it's"), sql.Identifier('we"ird'), sql.Placeholder())
        cursor = connection.execute(query, [3])
        show(cursor.description[0].name, cursor.fetchone())


# --- Over two shards ----------------------------------------------------------------


def by_key():
    with connect(autocommit=True) as connection:
        for i in range(20):
            connection.execute("INSERT INTO items VALUES (%s, %s)", (i, f"item {i}"))
        for i in range(20):
            show(connection.execute("SELECT * FROM items WHERE id = %s", (i,)).fetchone())
        show(connection.execute("UPDATE items SET name = 'new' WHERE id = %s", (3,)).rowcount)
        show(connection.execute("SELECT name FROM items WHERE id = 3").fetchone())
        error_of(connection.execute, "INSERT INTO items VALUES (3, 'again')")
        show(connection.execute("DELETE FROM items WHERE id = 3 RETURNING *").fetchall())


def scattered():
    with connect(autocommit=True) as connection:
        for prepare in (None, True, True):
            rows = connection.execute("SELECT id, name FROM items", prepare=prepare).fetchall()
            show(sorted(rows))
        for i in range(8):
            show(sorted(connection.execute("SELECT id FROM items WHERE name <> %s",
                                           (f"item {i}",)).fetchall()))
        cursor = connection.cursor(binary=True)
        show(sorted(cursor.execute("SELECT id FROM items WHERE id = ANY(%s)", ([1, 2, 5],))))


def on_one_shard():
    with connect() as connection:
        connection.execute("UPDATE items SET name = 'mine' WHERE id = %s", (5,))
        show(connection.execute("SELECT name FROM items WHERE id = %s", (5,)).fetchone())
        connection.rollback()
        show(connection.execute("SELECT name FROM items WHERE id = %s", (5,)).fetchone())
        connection.commit()
    with connect(autocommit=True) as connection, connection.pipeline():
        answers = [connection.execute("SELECT name FROM items WHERE id = %s", (7,))
                   for _ in range(8)]
        show([answer.fetchone() for answer in answers])


main([connecting, queries, prepared, types, transactions, errors, many, pipelines, copying, cursors,
      notifications, canceling, sizes, settings, sequences, last_ids, two_phase, composing],
     [by_key, scattered, on_one_shard])
