"""The ODBC driver (psqlODBC, Unicode), as pyodbc's users use it."""

import datetime
import decimal
import os
import threading
import uuid

import pyodbc

from transcript import LANE, main, show

DRIVER = "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"

pyodbc.pooling = False


def connect(autocommit=False, **options):
    keys = {"Driver": DRIVER, "Servername": os.environ["PGHOST"], "Port": os.environ["PGPORT"],
            "Database": os.environ["PGDATABASE"], "UID": os.environ["PGUSER"],
            "PWD": os.environ["PGPASSWORD"], "ConnSettings": f"{{SET search_path TO {LANE}}}"}
    text = ";".join(f"{key}={value}" for key, value in (keys | options).items())
    return pyodbc.connect(text, autocommit=autocommit)


def error_of(action, *arguments):
    """What went wrong: the SQLSTATE and the server's words."""
    try:
        action(*arguments)
    except pyodbc.Error as error:
        show(type(error).__name__, error.args[0], error.args[1].splitlines()[0])
    else:
        show("no error")


def connecting():
    connection = connect(autocommit=True)
    connection.execute(f"DROP SCHEMA IF EXISTS {LANE} CASCADE")
    connection.execute(f"CREATE SCHEMA {LANE}")
    for info in (pyodbc.SQL_DBMS_NAME, pyodbc.SQL_DBMS_VER, pyodbc.SQL_DATABASE_NAME,
                 pyodbc.SQL_USER_NAME, pyodbc.SQL_TXN_CAPABLE, pyodbc.SQL_DEFAULT_TXN_ISOLATION):
        show(connection.getinfo(info))
    show(connection.execute("SELECT current_setting('search_path'),"
                            " current_setting('client_encoding'),"
                            " current_setting('datestyle')").fetchone())
    for wrong in ({"PWD": "wrong"}, {"Database": "nowhere"}):
        error_of(lambda options=wrong: connect(**options))
    connection.close()


def queries():
    connection = connect(autocommit=True)
    show(connection.execute("SELECT 1, 'x', NULL").fetchall())
    show(connection.execute("SELECT ?::int + ?::int, ?", 1, 2, "it's").fetchone())
    connection.execute("CREATE TABLE q (a int, b varchar(7)); INSERT INTO q VALUES (1, 'x'), (2, 'y')")
    show(connection.execute("UPDATE q SET a = a + ?", 1).rowcount)
    cursor = connection.execute("SELECT a, b, 1.5::numeric(5,2) AS n FROM q ORDER BY a")
    show([(c[0], c[1].__name__, c[3], c[5]) for c in cursor.description])
    show(cursor.fetchall())
    cursor = connection.execute("SELECT 1; SELECT 2")
    show(cursor.fetchall(), cursor.nextset(), cursor.fetchall())
    connection.close()


def prepared():
    connection = connect(autocommit=True)
    connection.execute("CREATE TABLE p (a int PRIMARY KEY, b text)")
    for server_side in ("1", "0"):
        other = connect(autocommit=True, UseServerSidePrepare=server_side)
        cursor = other.cursor()
        for i in range(12):
            cursor.execute("INSERT INTO p VALUES (?, ?)", i + 100 * int(server_side), f"row {i}")
        for i in range(12):
            cursor.execute("SELECT b FROM p WHERE a = ?", i + 100 * int(server_side))
            show(cursor.fetchall())
        error_of(cursor.execute, "SELECT nonsense WHERE 1 = ?", 1)
        other.close()
    connection.close()


def types():
    connection = connect(autocommit=True)
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
    values = {
        "int2": 32767, "int4": -2147483648, "int8": 2**62, "numeric": decimal.Decimal("12345.678900"),
        "float8": 1.5e-300, "text": "naïve, ☃ and 𝄞", "bytea": bytes(range(256)), "bool": True,
        "date": datetime.date(1999, 12, 31), "time": datetime.time(23, 59, 58),
        "timestamp": datetime.datetime(2001, 2, 3, 4, 5, 6), "uuid": uuid.UUID(int=7),
        "jsonb": '{"a": [1, null, "ü"]}', "int4[]": "{1,NULL,3}", "int4range": "[1,5)", "mood": "happy",
    }
    for name, value in values.items():
        show(name, connection.execute(f"SELECT ?::{name}", value).fetchone()[0])
    show(connection.execute("SELECT ?::text, ?::int", None, None).fetchone())
    connection.close()


def transactions():
    connection = connect()
    connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
    connection.commit()
    connection.execute("INSERT INTO t VALUES (1)")
    connection.rollback()
    connection.execute("INSERT INTO t VALUES (2)")
    # The driver sets a savepoint of its own before each statement.
    error_of(connection.execute, "INSERT INTO t VALUES (2)")
    error_of(connection.execute, "SELECT 1")
    connection.rollback()
    connection.execute("INSERT INTO t VALUES (3)")
    connection.commit()
    show(connection.execute("SELECT a FROM t ORDER BY a").fetchall())
    connection.rollback()
    connection.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_SERIALIZABLE)
    show(connection.execute("SHOW transaction_isolation").fetchone())
    connection.rollback()
    connection.close()
    for protocol in ("7.4-0", "7.4-1", "7.4-2"):  # on an error: nothing, the transaction, the statement
        connection = connect(Protocol=protocol)
        connection.execute("INSERT INTO t VALUES (10)")
        error_of(connection.execute, "INSERT INTO t VALUES (10)")
        error_of(connection.execute, "SELECT count(*) FROM t")
        connection.rollback()
        connection.close()


def errors():
    connection = connect(autocommit=True)
    connection.execute("CREATE TABLE e (a int NOT NULL CHECK (a > 0))")
    for text in ("SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
                 "INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"):
        error_of(connection.execute, text)
        error_of(connection.execute, text + "  -- ?")
        show(connection.execute("SELECT 1").fetchone())
    connection.close()


def many():
    connection = connect()
    connection.execute("CREATE TABLE m (a int PRIMARY KEY, b text)")
    connection.commit()
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO m VALUES (?, ?)", [(i, str(i)) for i in range(100)])
    connection.commit()
    cursor.fast_executemany = True
    cursor.executemany("INSERT INTO m VALUES (?, ?)", [(i, str(i)) for i in range(100, 200)])
    connection.commit()
    error_of(cursor.executemany, "INSERT INTO m VALUES (?, ?)", [(500, "a"), (1, "b"), (501, "c")])
    connection.rollback()
    show(connection.execute("SELECT count(*), sum(a) FROM m").fetchone())
    connection.close()


def cursors():
    connection = connect(UseDeclareFetch="1", Fetch="64")
    connection.execute("CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g")
    connection.commit()
    cursor = connection.execute("SELECT a FROM r WHERE a > ? ORDER BY a", 10)
    show(cursor.fetchmany(3))
    show(sum(row[0] for row in cursor))
    connection.commit()
    connection.close()
    connection = connect(autocommit=True, UseDeclareFetch="1", Fetch="64")  # WITH HOLD then
    show(sum(row[0] for row in connection.execute("SELECT a FROM r ORDER BY a")))
    connection.close()


def canceling():
    connection = connect(autocommit=True)
    cursor = connection.cursor()
    timer = threading.Timer(0.2, cursor.cancel)
    timer.start()
    error_of(cursor.execute, "SELECT pg_sleep(30)")
    timer.join()
    show(connection.execute("SELECT 1").fetchone())
    connection.execute("SET statement_timeout = '50ms'")
    error_of(connection.execute, "SELECT pg_sleep(30)")
    connection.close()


def sizes():
    connection = connect(autocommit=True)
    rows = connection.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g")
    show(sum(row[0] for row in rows))
    show(connection.execute("SELECT length(?)", "ü" * 1_000_000).fetchone())
    connection.close()


def settings():
    connection = connect(autocommit=True)
    connection.execute("SET TIME ZONE 'Asia/Kolkata'")
    show(connection.execute("SELECT '2020-01-01 00:00+00'::timestamptz::text").fetchone())
    connection.execute("SET search_path TO pg_catalog")
    show(connection.execute("SELECT current_schemas(false)::text").fetchone())
    connection.execute("CREATE TEMP TABLE mine AS SELECT 7 AS a")
    show(connection.execute("SELECT * FROM mine").fetchall())
    connection.execute("DROP TABLE mine")
    connection.close()


def sequences():
    connection = connect(autocommit=True)
    connection.execute("CREATE TABLE s (id serial PRIMARY KEY, x text)")
    show(connection.execute("INSERT INTO s (x) VALUES (?) RETURNING id", "a").fetchone())
    connection.close()


def last_ids():
    connection = connect(autocommit=True)
    connection.execute("INSERT INTO s (x) VALUES ('b')")
    show(connection.execute("SELECT lastval()").fetchone())
    show(connection.execute("SELECT currval('s_id_seq')").fetchone())
    connection.close()


def metadata():
    connection = connect(autocommit=True)
    connection.execute("CREATE TABLE parent (id serial PRIMARY KEY, name varchar(40) NOT NULL)")
    connection.execute("CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)")
    cursor = connection.cursor()
    show([(row.table_name, row.table_type) for row in cursor.tables(schema=LANE, table="%ent")])
    show([(row.column_name, row.type_name, row.column_size, row.nullable)
          for row in cursor.columns(schema=LANE, table="parent")])
    show([row.column_name for row in cursor.primaryKeys("parent", schema=LANE)])
    show([(row.pktable_name, row.fkcolumn_name)
          for row in cursor.foreignKeys(foreignTable="child", foreignSchema=LANE)])
    show([(row.index_name, row.column_name) for row in
          cursor.statistics("parent", schema=LANE) if row.index_name])
    show(len(cursor.getTypeInfo().fetchall()) > 5)
    connection.close()


# --- Over two shards ----------------------------------------------------------------


def by_key():
    connection = connect(autocommit=True)
    cursor = connection.cursor()
    for i in range(20):
        cursor.execute("INSERT INTO items VALUES (?, ?)", i, f"item {i}")
    for i in range(20):
        show(cursor.execute("SELECT * FROM items WHERE id = ?", i).fetchall())
    error_of(cursor.execute, "INSERT INTO items VALUES (3, 'again')")
    show(cursor.execute("DELETE FROM items WHERE id = 3 RETURNING *").fetchall())
    connection.close()


def scattered():
    connection = connect(autocommit=True)
    for i in range(8):
        show(sorted(row[0] for row in connection.execute("SELECT id FROM items WHERE name <> ?",
                                                         f"item {i}")))
    connection.close()


def on_one_shard():
    connection = connect()
    connection.execute("UPDATE items SET name = 'mine' WHERE id = ?", 5)
    show(connection.execute("SELECT name FROM items WHERE id = ?", 5).fetchone())
    connection.rollback()
    show(connection.execute("SELECT name FROM items WHERE id = ?", 5).fetchone())
    connection.close()


main([connecting, queries, prepared, types, transactions, errors, many, cursors, canceling, sizes,
      settings, sequences, last_ids, metadata], [by_key, scattered, on_one_shard])
