"""psycopg2, as its users use it: the client binds, simple queries all the way."""

import datetime
import decimal
import io
import os
import select
import threading
import uuid

import psycopg2
import psycopg2.extensions as extensions
import psycopg2.extras as extras

from transcript import LANE, main, show


def connect(**options):
    options.setdefault("options", f"-c search_path={LANE}")
    return psycopg2.connect("", **options)


def error_of(action, *arguments):
    """What went wrong, in the words of the server."""
    try:
        action(*arguments)
    except psycopg2.Error as error:
        show(type(error).__name__, error.pgcode, error.diag.message_primary)
    else:
        show("no error")


def connecting():
    connection = connect(application_name="psycopg2")
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(f"DROP SCHEMA IF EXISTS {LANE} CASCADE; CREATE SCHEMA {LANE}")
    show(connection.server_version, connection.encoding, connection.info.user,
         connection.info.dbname, connection.protocol_version)
    for name in ("server_version", "application_name", "DateStyle", "TimeZone", "in_hot_standby"):
        show(name, connection.get_parameter_status(name))
    for wrong in ({"password": "wrong"}, {"dbname": "nowhere"}, {"options": "-c nonsense=1"}):
        try:
            psycopg2.connect("", **wrong)
        except psycopg2.OperationalError as error:
            show(str(error).rpartition("failed: ")[2].splitlines()[0])
    connection.close()


def queries():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1, 'a', NULL")
        show(cursor.fetchall(), cursor.rowcount, cursor.statusmessage)
        cursor.execute("SELECT %s, %s, %s", (1, "it's", None))
        show(cursor.fetchone())
        cursor.execute("SELECT %(a)s AS a, %(b)s AS b", {"a": [1, 2], "b": "100%"})
        show(cursor.fetchone(), cursor.query)
        show([(c.name, c.type_code, c.internal_size) for c in cursor.description])
        with connection.cursor(cursor_factory=extras.RealDictCursor) as other:
            other.execute("SELECT 1 AS one")
            show(dict(other.fetchone()))
        cursor.execute("SELECT 1; SELECT 2")  # of several, the last one's answer
        show(cursor.fetchall())


def prepared():
    """psycopg2 has none of its own; its users write PREPARE."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE p (a int PRIMARY KEY, b text)")
        cursor.execute("PREPARE put (int, text) AS INSERT INTO p VALUES ($1, $2)")
        extras.execute_batch(cursor, "EXECUTE put (%s, %s)", [(i, f"row {i}") for i in range(250)])
        cursor.execute("DEALLOCATE put")
        connection.commit()
        cursor.execute("PREPARE get AS SELECT b FROM p WHERE a = $1")
        for i in range(3):
            connection.commit()
            cursor.execute("EXECUTE get (%s)", (i,))
            show(cursor.fetchone())
        cursor.execute("DEALLOCATE get")
        error_of(cursor.execute, "EXECUTE get (1)")


def types():
    with connect() as connection, connection.cursor() as cursor:
        extras.register_uuid(conn_or_curs=connection)
        cursor.execute("CREATE TYPE mood AS ENUM ('sad', 'happy');"
                       " CREATE TYPE pair AS (a int, b text)")
        pair = extras.register_composite(f"{LANE}.pair", cursor).type
        values = {
            "int2": 32767, "int8": 2**62, "numeric": decimal.Decimal("0.00012300"), "float8": 0.1,
            "text": "naïve, ☃ and 𝄞", "bytea": psycopg2.Binary(bytes(range(256))), "bool": False,
            "date": datetime.date(1999, 12, 31), "time": datetime.time(1, 2, 3),
            "timestamptz": datetime.datetime(2020, 2, 29, 12, 0, tzinfo=datetime.timezone.utc),
            "timestamp": datetime.datetime(1, 1, 1), "interval": datetime.timedelta(days=-3),
            "uuid": uuid.UUID(int=7), "jsonb": extras.Json({"a": [1, None, "ü"]}),
            "json": extras.Json([]), "int[]": [1, None, 3], "text[]": ["a", 'q"uote', "", None],
            "int4range": extras.NumericRange(1, 5), "mood": "happy", "mood[]": ["sad"],
            "pair": (1, "x, y"), "pair[]": [(1, None)],
        }
        for name, value in values.items():
            cursor.execute(f"SELECT %s::{name}", (value,))
            got = cursor.fetchone()[0]
            show(name, bytes(got) if isinstance(got, memoryview) else got)
        show(pair(1, "b"))
        cursor.execute("SELECT %s, %s::int", (None, None))
        show(cursor.fetchone())


def transactions():
    connection = connect()
    cursor = connection.cursor()
    with connection:
        cursor.execute("CREATE TABLE t (a int PRIMARY KEY)")
    with connection:
        cursor.execute("INSERT INTO t VALUES (1)")
        show(connection.info.transaction_status == extensions.TRANSACTION_STATUS_INTRANS)
    try:
        with connection:
            cursor.execute("INSERT INTO t VALUES (2)")
            raise KeyError("rolls back")
    except KeyError:
        pass
    with connection:
        cursor.execute("SAVEPOINT a")
        error_of(cursor.execute, "INSERT INTO t VALUES (1)")
        error_of(cursor.execute, "SELECT 1")
        show(connection.info.transaction_status == extensions.TRANSACTION_STATUS_INERROR)
        cursor.execute("ROLLBACK TO a")
        cursor.execute("INSERT INTO t VALUES (3)")
    cursor.execute("SELECT array_agg(a ORDER BY a) FROM t")
    show(cursor.fetchone())
    connection.rollback()
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, deferrable=True)
    cursor.execute("SELECT current_setting('transaction_isolation'),"
                   " current_setting('transaction_read_only')")
    show(cursor.fetchone())
    error_of(cursor.execute, "INSERT INTO t VALUES (9)")
    connection.rollback()
    connection.set_session(readonly=True, autocommit=True)  # SET default_transaction_read_only
    cursor.execute("SHOW default_transaction_read_only")
    show(cursor.fetchone())
    error_of(cursor.execute, "INSERT INTO t VALUES (9)")
    connection.set_session(readonly="DEFAULT")
    cursor.execute("INSERT INTO t VALUES (10)")
    connection.close()


def errors():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE e (a int NOT NULL CHECK (a > 0))")
    for text in ("SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
                 "INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"):
        try:
            cursor.execute(text)
        except psycopg2.Error as error:
            diag = error.diag
            show(type(error).__name__, error.pgcode, diag.severity, diag.message_detail,
                 diag.statement_position, diag.column_name, diag.constraint_name, str(error))
        cursor.execute("SELECT 1")
        show(cursor.fetchone())
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$")
    cursor.execute("DROP TABLE IF EXISTS not_there")
    show(connection.notices)
    connection.close()


def many():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE m (a int PRIMARY KEY, b text)")
        cursor.executemany("INSERT INTO m VALUES (%s, %s)", [(i, str(i)) for i in range(100)])
        extras.execute_values(cursor, "INSERT INTO m VALUES %s", [(i, "v") for i in range(100, 400)])
        show(extras.execute_values(cursor, "INSERT INTO m VALUES %s RETURNING a",
                                   [(i, "v") for i in range(400, 403)], fetch=True))
        connection.commit()
        error_of(extras.execute_batch, cursor, "INSERT INTO m VALUES (%s, 'x')",
                 [(500,), (1,), (501,)])
        connection.rollback()
        cursor.execute("SELECT count(*), sum(a) FROM m")
        show(cursor.fetchone())


def copying():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE c (a int, b text)")
        cursor.copy_from(io.StringIO("".join(f"{i}\trow {i}\n" for i in range(5000))), "c")
        show(cursor.rowcount)
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT * FROM c WHERE a < 3 ORDER BY a) TO STDOUT (FORMAT csv)", out)
        show(out.getvalue())
        connection.commit()
        error_of(cursor.copy_expert, "COPY c FROM STDIN (FORMAT csv)",
                 io.StringIO("1,a\n" * 50000 + "x,y\n"))
        connection.rollback()

        class Broken:
            def read(self, size):
                raise ValueError("my own reason")
        error_of(cursor.copy_expert, "COPY c FROM STDIN", Broken())
        connection.rollback()
        cursor.execute("SELECT count(*) FROM c")
        show(cursor.fetchone())


def cursors():
    with connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g")
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
        held = connection.cursor("held", withhold=True)
        held.execute("SELECT a FROM r ORDER BY a")
        connection.commit()
        show(held.fetchmany(2))
        connection.rollback()
        show(held.fetchone())
        held.close()


def notifications():
    listener, speaker = connect(), connect()
    listener.autocommit = speaker.autocommit = True
    listener.cursor().execute(f"LISTEN news_{LANE}")
    for word in ("first", "second"):
        speaker.cursor().execute(f"NOTIFY news_{LANE}, %s", (word,))
    while len(listener.notifies) < 2:
        select.select([listener], [], [], 5)
        listener.poll()
    show([(n.channel, n.payload) for n in listener.notifies])
    listener.close()
    speaker.close()


def canceling():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    timer = threading.Timer(0.2, connection.cancel)
    timer.start()
    error_of(cursor.execute, "SELECT pg_sleep(30)")
    timer.join()
    cursor.execute("SELECT 1")
    show(cursor.fetchone())
    connection.close()


def large_objects():
    with connect() as connection:
        large = connection.lobject(0, "wb")
        show(large.write(b"0123456789" * 10000))
        oid = large.oid
        large.close()
        connection.commit()
        large = connection.lobject(oid, "rb")
        large.seek(50_003)
        show(large.read(5), large.tell(), len(large.read()))
        large.close()
        large.unlink()
        connection.commit()
        error_of(connection.lobject, oid, "r")


def asynchronous():
    connection = psycopg2.connect("", options=f"-c search_path={LANE}", async_=True)

    def wait():
        while (state := connection.poll()) != extensions.POLL_OK:
            if state == extensions.POLL_READ:
                select.select([connection.fileno()], [], [])
            else:
                select.select([], [connection.fileno()], [])
    wait()
    cursor = connection.cursor()
    for i in range(3):
        cursor.execute("SELECT %s + 1", (i,))
        wait()
        show(cursor.fetchone())
    connection.close()


def sizes():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g")
        show(sum(row[0] for row in cursor))
        cursor.execute("SELECT length(%s), %s", ("ü" * 3_000_000, psycopg2.Binary(b"\1" * 2_000_000)))
        row = cursor.fetchone()
        show(row[0], len(row[1]))


def settings():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()

    def ask(text):
        cursor.execute(text)
        show(cursor.fetchone())
    cursor.execute("SET TIME ZONE 'Asia/Kolkata'")
    show(connection.get_parameter_status("TimeZone"))
    ask("SELECT '2020-01-01 00:00+00'::timestamptz::text")
    connection.set_client_encoding("LATIN1")
    ask("SELECT 'é'")
    show(connection.encoding)
    connection.reset()
    show(connection.encoding, connection.get_parameter_status("TimeZone"))
    connection.autocommit = True
    cursor.execute("SET search_path TO pg_catalog; SET work_mem TO '5MB'")
    ask("SELECT current_schemas(false)::text")
    cursor.execute("RESET ALL")
    ask("SELECT current_schemas(false)::text")
    cursor.execute("CREATE TEMP TABLE mine AS SELECT 7 AS a")
    ask("SELECT * FROM mine")
    cursor.execute("DISCARD ALL")
    error_of(cursor.execute, "SELECT * FROM mine")
    connection.close()


def sequences():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE s (id serial PRIMARY KEY, x text)")
        cursor.execute("INSERT INTO s (x) VALUES ('a') RETURNING id")
        show(cursor.fetchone())
        cursor.execute("INSERT INTO s (x) VALUES ('b')")
        cursor.execute("SELECT lastval(), currval('s_id_seq')")
        show(cursor.fetchone())
        connection.commit()


def last_ids():
    with connect() as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("INSERT INTO s (x) VALUES ('c')")
        cursor.execute("SELECT lastval(), currval('s_id_seq')")
        show(cursor.fetchone())


def two_phase():
    connection = connect()
    connection.cursor().execute("CREATE TABLE x (a int)")
    connection.commit()
    for number, end in enumerate(("commit", "rollback")):
        connection.tpc_begin(connection.xid(42, f"{LANE}-{number}", "branch"))
        connection.cursor().execute("INSERT INTO x VALUES (%s)", (number,))
        connection.tpc_prepare()
        connection.tpc_commit() if end == "commit" else connection.tpc_rollback()
    connection.tpc_begin(connection.xid(42, f"{LANE}-later", "branch"))
    connection.cursor().execute("INSERT INTO x VALUES (99)")
    connection.tpc_prepare()
    connection.close()
    connection = connect()
    mine = [x for x in connection.tpc_recover() if x.gtrid == f"{LANE}-later"]
    show(len(mine), mine[0].bqual)
    connection.reset()
    connection.tpc_commit(mine[0])
    cursor = connection.cursor()
    cursor.execute("SELECT array_agg(a ORDER BY a) FROM x")
    show(cursor.fetchone())
    connection.close()


# --- Over two shards ----------------------------------------------------------------


def by_key():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    for i in range(20):
        cursor.execute("INSERT INTO items VALUES (%s, %s)", (i, f"item {i}"))
    for i in range(20):
        cursor.execute("SELECT * FROM items WHERE id = %s", (i,))
        show(cursor.fetchone())
    cursor.execute("UPDATE items SET name = 'new' WHERE id = 3")
    show(cursor.rowcount)
    error_of(cursor.execute, "INSERT INTO items VALUES (3, 'again')")
    cursor.execute("DELETE FROM items WHERE id = 3 RETURNING *")
    show(cursor.fetchall())
    connection.close()


def scattered():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("SELECT id, name FROM items")
    show(sorted(cursor.fetchall()))
    cursor.execute("SELECT id FROM items WHERE id = ANY(%s)", ([1, 2, 5],))
    show(sorted(cursor.fetchall()))
    connection.close()


def on_one_shard():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE items SET name = 'mine' WHERE id = 5")
        connection.rollback()
        cursor.execute("SELECT name FROM items WHERE id = 5")
        show(cursor.fetchone())


os.environ["PGAPPNAME"] = "from the environment"
main([connecting, queries, prepared, types, transactions, errors, many, copying, cursors,
      notifications, canceling, large_objects, asynchronous, sizes, settings, sequences, last_ids,
      two_phase],
     [by_key, scattered, on_one_shard])
