"""asyncpg, as its users use it: binary, prepared, a statement cache and a pool."""

import asyncio
import datetime
import decimal
import functools
import io
import uuid

import asyncpg

from transcript import LANE, main, show


def connect(**options):
    settings = {"search_path": LANE, "application_name": "asyncpg"}
    return asyncpg.connect(server_settings=settings, **options)


def connected(step):
    """A step that gets a connection of its own."""
    @functools.wraps(step)
    def run():
        async def with_connection():
            connection = await connect()
            try:
                await step(connection)
            finally:
                await connection.close()
        asyncio.run(with_connection())
    return run


async def error_of(awaitable):
    """What went wrong, in the words of the server."""
    try:
        await awaitable
    except asyncpg.PostgresError as error:
        show(type(error).__name__, error.sqlstate, error.message)
    else:
        show("no error")


@connected
async def connecting(connection):
    await connection.execute(f"DROP SCHEMA IF EXISTS {LANE} CASCADE; CREATE SCHEMA {LANE}")
    show(connection.get_server_version()[:2])
    settings = connection.get_settings()
    for name in ("server_version", "application_name", "TimeZone", "DateStyle", "in_hot_standby"):
        show(name, getattr(settings, name))
    show(await connection.fetchval("SHOW application_name"))
    for wrong in ({"password": "wrong"}, {"database": "nowhere"}):
        await error_of(asyncpg.connect(**wrong))
    await error_of(asyncpg.connect(server_settings={"nonsense": "1"}))


@connected
async def queries(connection):
    show(await connection.fetch("SELECT 1 AS a, 'x' AS b, NULL AS c"))
    show(await connection.fetchrow("SELECT $1::int + $2 AS sum", 1, 2))
    show(await connection.fetchval("SELECT $1::text", None))
    show(await connection.execute("CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2)"))
    show(await connection.execute("UPDATE q SET a = a + $1", 1))
    show([dict(row) for row in await connection.fetch("SELECT * FROM q ORDER BY a")])


@connected
async def prepared(connection):
    await connection.execute("CREATE TABLE p (a int PRIMARY KEY, b text)")
    put = await connection.prepare("INSERT INTO p VALUES ($1, $2)")
    show([t.name for t in put.get_parameters()], put.get_attributes())
    for i in range(12):
        await put.fetch(i, f"row {i}")
    get = await connection.prepare("SELECT a, b FROM p WHERE a = $1")
    show([(a.name, a.type.name) for a in get.get_attributes()])
    for i in range(12):
        show(await get.fetchrow(i))
    for i in range(8):  # by the statement cache
        show(await connection.fetchval("SELECT b FROM p WHERE a = $1", i))
    for i in range(120):  # more than the cache holds
        await connection.fetchval(f"SELECT {i} + $1::int", i)
    await connection.execute("ALTER TABLE p ADD c int DEFAULT 5")
    show(await connection.fetch("SELECT * FROM p WHERE a = $1", 1))
    await connection.execute("ALTER TABLE p DROP c")
    show(await connection.fetch("SELECT * FROM p WHERE a = $1", 1))
    show(await get.fetchval(5))
    await connection.reload_schema_state()
    show(get.get_statusmsg())
    await error_of(connection.prepare("SELECT nonsense"))


@connected
async def types(connection):
    await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy');"
                             " CREATE TYPE pair AS (a int, b text);"
                             " CREATE DOMAIN small AS int CHECK (VALUE < 10)")
    values = {
        "int2": 32767, "int4": -2147483648, "int8": 2**62, "numeric": decimal.Decimal("-1.2300"),
        "float4": 1.5, "float8": 1.5e-300, "text": "naïve, ☃ and 𝄞", "bytea": bytes(range(256)),
        "date": datetime.date(1999, 12, 31), "time": datetime.time(23, 59, 58, 999999),
        "timestamptz": datetime.datetime(2020, 2, 29, 12, 0, tzinfo=datetime.timezone.utc),
        "timestamp": datetime.datetime(1, 1, 1), "interval": datetime.timedelta(days=3, seconds=5),
        "bool": True, "uuid": uuid.UUID(int=7), "jsonb": '{"a": [1, null, "ü"]}', "json": "[]",
        "int4[]": [1, None, 3], "int4[][]": [[1, 2], [3, 4]], "text[]": ["a", 'q"uote', "", None],
        "int4range": asyncpg.Range(1, 5), "mood": "happy", "mood[]": ["sad", "happy"],
        "pair": (1, "x, y"), "pair[]": [(1, None)], "small": 7, "inet": None, "point": (1.0, 2.0),
    }
    for name, value in values.items():
        show(name, str(await connection.fetchval(f"SELECT $1::{name}", value)))
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=len)
    show(await connection.fetchval("SELECT '[1, 2]'::jsonb"))


@connected
async def transactions(connection):
    await connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
    async with connection.transaction():
        await connection.execute("INSERT INTO t VALUES (1)")
        try:
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (2)")
                await connection.execute("INSERT INTO t VALUES (1)")
        except asyncpg.UniqueViolationError as error:
            show(error.constraint_name, error.table_name, error.schema_name, error.detail)
        show(connection.is_in_transaction())
    outer = connection.transaction(isolation="serializable", readonly=True, deferrable=True)
    await outer.start()
    show(await connection.fetchval("SHOW transaction_isolation"))
    await error_of(connection.execute("INSERT INTO t VALUES (3)"))
    await error_of(connection.execute("SELECT 1"))
    await outer.rollback()
    show(await connection.fetch("SELECT * FROM t"))


@connected
async def errors(connection):
    await connection.execute("CREATE TABLE e (a int NOT NULL CHECK (a > 0))")
    for text in ("SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
                 "INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"):
        try:
            await connection.fetch(text)
        except asyncpg.PostgresError as error:
            show(error.as_dict().get("position"), {k: v for k, v in error.as_dict().items()
                                                   if k not in ("server_source_line",)})
        show(await connection.fetchval("SELECT 1"))
    said = []
    connection.add_log_listener(lambda _, message: said.append(message.message))
    await connection.execute("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$")
    await connection.execute("DROP TABLE IF EXISTS not_there")
    await asyncio.sleep(0)
    show(said)


@connected
async def many(connection):
    await connection.execute("CREATE TABLE m (a int PRIMARY KEY, b text)")
    await connection.executemany("INSERT INTO m VALUES ($1, $2)", [(i, str(i)) for i in range(2000)])
    await error_of(connection.executemany("INSERT INTO m VALUES ($1, 'x')", [(5000,), (1,), (5001,)]))
    show(await connection.fetchrow("SELECT count(*), sum(a) FROM m"))


@connected
async def copying(connection):
    await connection.execute("CREATE TABLE c (a int, b text, c timestamptz)")
    moment = datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)
    show(await connection.copy_records_to_table(
        "c", records=[(i, f"row {i}", moment) for i in range(2000)]))
    out = io.BytesIO()
    show(await connection.copy_from_query("SELECT a, b FROM c WHERE a < $1 ORDER BY a", 3,
                                          output=out, format="csv"))
    show(out.getvalue())
    out = io.BytesIO()
    show(await connection.copy_from_table("c", output=out, format="binary"), len(out.getvalue()))
    await error_of(connection.copy_to_table("c", source=io.BytesIO(b"x\ty\tz\n")))

    async def broken():
        yield b"1\tx\t2020-01-01\n"
        raise ValueError("my own reason")
    try:
        await connection.copy_to_table("c", source=broken())
    except ValueError as error:
        show(str(error))
    show(await connection.fetchval("SELECT count(*) FROM c"))


@connected
async def cursors(connection):
    await connection.execute("CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g")
    async with connection.transaction():
        total = 0
        async for row in connection.cursor("SELECT a FROM r ORDER BY a", prefetch=64):
            total += row["a"]
        show(total)
        cursor = await connection.cursor("SELECT a FROM r WHERE a > $1 ORDER BY a", 10)
        show(await cursor.fetch(3))
        await cursor.forward(5)
        show(await cursor.fetchrow())
    statement = await connection.prepare("SELECT a FROM r WHERE a < $1 ORDER BY a")
    async with connection.transaction():
        show([row["a"] async for row in statement.cursor(5)])
    try:
        async for row in connection.cursor("SELECT 1"):
            pass
    except asyncpg.NoActiveSQLTransactionError as error:
        show(str(error))


@connected
async def notifications(connection):
    speaker = await connect()
    heard = asyncio.Queue()

    def hear(_, __, channel, payload):
        heard.put_nowait((channel, payload))
    await connection.add_listener(f"news_{LANE}", hear)
    await speaker.execute(f"NOTIFY news_{LANE}, 'first'")
    await speaker.execute("SELECT pg_notify($1, $2)", f"news_{LANE}", "second")
    show(await asyncio.wait_for(heard.get(), 10), await asyncio.wait_for(heard.get(), 10))
    await connection.remove_listener(f"news_{LANE}", hear)
    await speaker.close()


@connected
async def canceling(connection):
    try:
        await connection.fetch("SELECT pg_sleep(30)", timeout=0.2)
    except asyncio.TimeoutError:
        show("timeout")
    show(await connection.fetchval("SELECT 1"))
    task = asyncio.ensure_future(connection.fetch("SELECT pg_sleep(30)"))
    await asyncio.sleep(0.2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        show("canceled")
    show(await connection.fetchval("SELECT 2"))


@connected
async def sizes(connection):
    rows = await connection.fetch("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g")
    show(len(rows), sum(row[0] for row in rows))
    show(await connection.fetchval("SELECT length($1::text)", "ü" * 3_000_000))
    show(len(await connection.fetchval("SELECT $1::bytea", b"\0" * 5_000_000)))
    show(await connection.fetchval("SELECT count(*) FROM unnest($1::int[])", list(range(20000))))


@connected
async def settings(connection):
    await connection.execute("SET timezone TO 'Asia/Kolkata'")
    show(connection.get_settings().TimeZone)
    show(await connection.fetchval("SELECT '2020-01-01 00:00+00'::timestamptz::text"))
    await connection.execute("SET search_path TO pg_catalog")
    show(await connection.fetchval("SELECT current_schemas(false)"))
    await connection.reset()
    show(await connection.fetchval("SELECT current_schemas(false)"), connection.get_settings().TimeZone)
    async with connection.transaction():
        await connection.execute("SET LOCAL work_mem TO '123MB'")
        show(await connection.fetchval("SHOW work_mem"))
    show(await connection.fetchval("SHOW work_mem"))
    await connection.execute("CREATE TEMP TABLE mine AS SELECT 7 AS a")
    show(await connection.fetch("SELECT * FROM mine"))
    show(await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", LANE))
    await connection.reset()


@connected
async def sequences(connection):
    await connection.execute("CREATE TABLE s (id serial PRIMARY KEY, x text)")
    show(await connection.fetchval("INSERT INTO s (x) VALUES ('a') RETURNING id"))
    show(await connection.fetch("INSERT INTO s (x) SELECT 'b' FROM generate_series(1, 3) RETURNING *"))


def pooling():
    async def work(pool, number):
        async with pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute("INSERT INTO w VALUES ($1)", number)
            return await connection.fetchval("SELECT a FROM w WHERE a = $1", number)

    async def run():
        # What one connection of a pool has written, another one reads.
        settings = {"search_path": LANE, "pgbraid.consistency": "strong"}
        async with asyncpg.create_pool(min_size=2, max_size=4, server_settings=settings) as pool:
            await pool.execute("CREATE TABLE w (a int)")
            show(await asyncio.gather(*(work(pool, i) for i in range(60))))
            show(await pool.fetchval("SELECT count(*) FROM w"))
    asyncio.run(run())


# --- Over two shards ----------------------------------------------------------------


@connected
async def by_key(connection):
    for i in range(20):
        await connection.execute("INSERT INTO items VALUES ($1, $2)", i, f"item {i}")
    for i in range(20):
        show(await connection.fetchrow("SELECT * FROM items WHERE id = $1", i))
    show(await connection.execute("UPDATE items SET name = 'new' WHERE id = $1", 3))
    await error_of(connection.execute("INSERT INTO items VALUES (3, 'again')"))
    show(await connection.fetch("DELETE FROM items WHERE id = $1 RETURNING *", 3))


@connected
async def scattered(connection):
    for _ in range(3):
        show(sorted(map(tuple, await connection.fetch("SELECT id, name FROM items"))))
    for i in range(8):
        rows = await connection.fetch("SELECT id FROM items WHERE name <> $1", f"item {i}")
        show(sorted(row["id"] for row in rows))
    show(sorted(map(tuple, await connection.fetch("SELECT id FROM items WHERE id = ANY($1)",
                                                  [1, 2, 5]))))


@connected
async def on_one_shard(connection):
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("UPDATE items SET name = 'mine' WHERE id = $1", 5)
    show(await connection.fetchval("SELECT name FROM items WHERE id = $1", 5))
    await transaction.rollback()
    show(await connection.fetchval("SELECT name FROM items WHERE id = $1", 5))


main([connecting, queries, prepared, types, transactions, errors, many, copying, cursors,
      notifications, canceling, sizes, settings, sequences, pooling],
     [by_key, scattered, on_one_shard])
