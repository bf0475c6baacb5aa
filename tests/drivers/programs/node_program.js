// node's pg (with pg-cursor and pg-query-stream), as its users use it.
'use strict';

const { Client, Pool, types } = require('pg');
const Cursor = require('pg-cursor');
const QueryStream = require('pg-query-stream');

const LANE = process.env.LANE;
const show = (...values) => console.log(...values.map((value) => typeof value === 'string' ? value
  : JSON.stringify(value)));

async function connect(options = {}) {
  const client = new Client({ options: `-c search_path=${LANE}`, ...options });
  await client.connect();
  return client;
}

// A step that gets a connection of its own.
const connected = (name, step) => [name, async () => {
  const client = await connect();
  try {
    await step(client);
  } finally {
    await client.end();
  }
}];

// What went wrong, in the words of the server.
async function errorOf(promise) {
  try {
    await promise;
    show('no error');
  } catch (error) {
    const { code, message, severity, detail, position, table, column, constraint } = error;
    show({ code, message, severity, detail, position, table, column, constraint });
  }
}

const STEPS = [
  connected('connecting', async (client) => {
    await client.query(`DROP SCHEMA IF EXISTS ${LANE} CASCADE; CREATE SCHEMA ${LANE}`);
    const named = await connect({ application_name: 'node', statement_timeout: 5000 });
    show((await named.query('SHOW application_name')).rows, (await named.query('SHOW statement_timeout')).rows);
    await named.end();
    await errorOf(connect({ password: 'wrong' }));
    const nowhere = connect({ database: 'nowhere' });
    await nowhere.catch((error) => show(error.code, error.message));
    await errorOf(connect({ options: '-c nonsense=1' }));
  }),

  connected('queries', async (client) => {
    const result = await client.query("SELECT 1 AS a, 'x' AS b, NULL AS c");
    show(result.rows, result.command, result.rowCount);
    show(result.fields.map((field) => [field.name, field.dataTypeID, field.format]));
    show((await client.query('SELECT $1::int + $2 AS sum', [1, 2])).rows);
    show((await client.query({ text: 'SELECT 1, 2', rowMode: 'array' })).rows);
    const several = await client.query('CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2); SELECT * FROM q');
    show(several.map((one) => [one.command, one.rowCount, one.rows]));
    const together = await Promise.all([1, 2, 3, 4].map((i) => client.query('SELECT $1::int AS i', [i])));
    show(together.map((one) => one.rows[0].i));
  }),

  connected('prepared', async (client) => {
    await client.query('CREATE TABLE p (a int PRIMARY KEY, b text)');
    for (let i = 0; i < 12; i++) {
      await client.query({ name: 'put', text: 'INSERT INTO p VALUES ($1, $2)', values: [i, `row ${i}`] });
    }
    for (let i = 0; i < 12; i++) {
      show((await client.query({ name: 'get', text: 'SELECT b FROM p WHERE a = $1', values: [i] })).rows);
    }
    for (let i = 0; i < 12; i++) {
      show((await client.query({ name: 'all', text: 'SELECT * FROM p WHERE a < $1', values: [2], rows: 0 })).rowCount);
    }
    await errorOf(client.query({ name: 'get', text: 'SELECT 1' }));
    await errorOf(client.query({ name: 'bad', text: 'SELECT nonsense' }));
    show((await client.query({ name: 'get', text: 'SELECT b FROM p WHERE a = $1', values: [5] })).rows);
  }),

  connected('types', async (client) => {
    await client.query("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text)");
    const values = {
      int2: 32767, int4: -2147483648, int8: '4611686018427387904', numeric: '12345.678900', float8: 1.5e-300,
      text: 'naïve, ☃ and 𝄞', bytea: Buffer.from([...Array(256).keys()]), bool: true,
      date: '1999-12-31', timestamptz: new Date(Date.UTC(2020, 1, 29, 12)), timestamp: '2001-02-03 04:05:06',
      interval: '3 days 5 seconds', uuid: '00000000-0000-0000-0000-000000000007', jsonb: { a: [1, null, 'ü'] },
      json: '[]', 'int4[]': [1, null, 3], 'text[]': ['a', 'q"uote', '', null], int4range: '[1,5)',
      mood: 'happy', 'mood[]': ['sad', 'happy'], pair: '(1,"x, y")', 'timestamptz[]': [new Date(0)],
    };
    for (const [name, value] of Object.entries(values)) {
      show(name, (await client.query(`SELECT $1::${name} AS v`, [value])).rows[0].v);
    }
    show((await client.query({ text: "SELECT 42 AS i, 'x' AS t, true AS b", values: [], binary: true })).rows);
    show((await client.query('SELECT $1::text AS a, $2::int AS b', [null, undefined])).rows);
    show(types.builtins.UUID, typeof types.getTypeParser(20));
  }),

  connected('transactions', async (client) => {
    await client.query('CREATE TABLE t (a int PRIMARY KEY)');
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES ($1)', [1]);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES ($1)', [2]);
    await client.query('SAVEPOINT a');
    await errorOf(client.query('INSERT INTO t VALUES ($1)', [2]));
    await errorOf(client.query('SELECT 1'));
    await client.query('ROLLBACK TO a');
    await client.query('INSERT INTO t VALUES ($1)', [3]);
    show((await client.query('COMMIT')).command);
    show((await client.query('SELECT a FROM t ORDER BY a')).rows);
    await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY');
    await errorOf(client.query('INSERT INTO t VALUES (9)'));
    show((await client.query('COMMIT')).command);
  }),

  connected('errors', async (client) => {
    await client.query('CREATE TABLE e (a int NOT NULL CHECK (a > 0))');
    for (const text of ['SELECT nothing', 'SELECT * FROM nowhere', 'SELEC 1', 'SELECT 1/0',
      'INSERT INTO e VALUES (NULL)', 'INSERT INTO e VALUES (-1)', "SELECT 'x'::int"]) {
      await errorOf(client.query(text));
      await errorOf(client.query(text, []));
      show((await client.query('SELECT 1 AS one')).rows);
    }
    await errorOf(client.query('SELECT $1::int', ['not a number']));
    await errorOf(client.query('SELECT $1::int', []));
    const notices = [];
    client.on('notice', (notice) => notices.push([notice.severity, notice.code, notice.message]));
    await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$");
    await client.query('DROP TABLE IF EXISTS not_there');
    show(notices);
  }),

  connected('cursors', async (client) => {
    await client.query('CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g');
    const cursor = client.query(new Cursor('SELECT a FROM r WHERE a > $1 ORDER BY a', [10]));
    show(await cursor.read(3));
    show(await cursor.read(2));
    await cursor.close();
    const whole = client.query(new Cursor('SELECT a FROM r ORDER BY a'));
    let sum = 0;
    for (;;) {
      const rows = await whole.read(64);
      if (!rows.length) break;
      for (const row of rows) sum += row.a;
    }
    show(sum);
    const stream = client.query(new QueryStream('SELECT a FROM r ORDER BY a', [], { batchSize: 50 }));
    let count = 0;
    for await (const row of stream) count += row.a;
    show(count);
    await client.query('BEGIN');
    await client.query('DECLARE c CURSOR WITH HOLD FOR SELECT a FROM r ORDER BY a');
    await client.query('COMMIT');
    show((await client.query('FETCH 2 FROM c')).rows);
    await client.query('CLOSE c');
    const broken = client.query(new Cursor('SELECT 10 / (5 - a) FROM r ORDER BY a'));
    await errorOf(broken.read(100));
    show((await client.query('SELECT 1 AS one')).rows);
  }),

  connected('notifications', async (client) => {
    const heard = [];
    const both = new Promise((resolve) => client.on('notification', (message) => {
      heard.push([message.channel, message.payload]);
      if (heard.length === 2) resolve();
    }));
    await client.query(`LISTEN news_${LANE}`);
    const speaker = await connect();
    await speaker.query(`NOTIFY news_${LANE}, 'first'`);
    await speaker.query('SELECT pg_notify($1, $2)', [`news_${LANE}`, 'second']);
    await both;
    show(heard);
    await client.query(`UNLISTEN news_${LANE}`);
    await speaker.end();
  }),

  connected('canceling', async (client) => {
    await client.query("SET statement_timeout = '100ms'");
    await errorOf(client.query('SELECT pg_sleep(30)'));
    await client.query('RESET statement_timeout');
    show((await client.query('SELECT 1 AS one')).rows);
    const other = await connect();  // node's pg has no cancel of its own that is documented
    const canceler = new Client();
    setTimeout(() => canceler.cancel(other, other.activeQuery), 200);
    await errorOf(other.query('SELECT pg_sleep(30)'));
    show((await other.query('SELECT 2 AS two')).rows);
    await other.end();
  }),

  connected('sizes', async (client) => {
    const { rows } = await client.query("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g");
    show(rows.length, rows.reduce((sum, row) => sum + row.g, 0));
    show((await client.query('SELECT length($1::text) AS n', ['ü'.repeat(3000000)])).rows);
    show((await client.query('SELECT $1::bytea AS b', [Buffer.alloc(5000000)])).rows[0].b.length);
    show((await client.query('SELECT count(*) FROM unnest($1::int[])', [[...Array(20000).keys()]])).rows);
  }),

  connected('settings', async (client) => {
    const ask = async (text) => show((await client.query(text)).rows);
    await client.query("SET timezone TO 'Asia/Kolkata'");
    await ask("SELECT '2020-01-01 00:00+00'::timestamptz::text AS t");
    await client.query('SET search_path TO pg_catalog');
    await ask('SELECT current_schemas(false)');
    await client.query('RESET search_path');
    await ask('SELECT current_schemas(false)');
    await client.query('CREATE TEMP TABLE mine AS SELECT 7 AS a');
    await ask('SELECT * FROM mine');
    await client.query('DISCARD ALL');
    await errorOf(client.query('SELECT * FROM mine'));
    await ask('SHOW timezone');
  }),

  connected('sequences', async (client) => {
    await client.query('CREATE TABLE s (id serial PRIMARY KEY, x text)');
    show((await client.query('INSERT INTO s (x) VALUES ($1) RETURNING id', ['a'])).rows);
    await client.query('BEGIN');
    await client.query('INSERT INTO s (x) VALUES ($1)', ['b']);
    show((await client.query("SELECT lastval(), currval('s_id_seq')")).rows);
    await client.query('COMMIT');
  }),

  ['pooling', async () => {
    // What one connection of a pool has written, another one reads.
    const pool = new Pool({ max: 4, options: `-c search_path=${LANE} -c pgbraid.consistency=strong` });
    await pool.query('CREATE TABLE w (a int)');
    const work = async (i) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('INSERT INTO w VALUES ($1)', [i]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
      return (await pool.query('SELECT a FROM w WHERE a = $1', [i])).rows[0].a;
    };
    show(await Promise.all([...Array(60).keys()].map(work)));
    show((await pool.query('SELECT count(*) FROM w')).rows);
    await pool.end();
  }],
];

const SHARDED = [
  connected('by_key', async (client) => {
    for (let i = 0; i < 20; i++) {
      await client.query('INSERT INTO items VALUES ($1, $2)', [i, `item ${i}`]);
    }
    for (let i = 0; i < 20; i++) {
      show((await client.query({ name: 'get', text: 'SELECT * FROM items WHERE id = $1', values: [i] })).rows);
    }
    show((await client.query("UPDATE items SET name = 'new' WHERE id = $1", [3])).rowCount);
    await errorOf(client.query("INSERT INTO items VALUES (3, 'again')"));
    show((await client.query('DELETE FROM items WHERE id = 3 RETURNING *')).rows);
  }),

  connected('scattered', async (client) => {
    const sorted = (result) => result.rows.map((row) => row.id).sort((a, b) => a - b);
    for (let i = 0; i < 8; i++) {
      show(sorted(await client.query('SELECT id, name FROM items')));
      show(sorted(await client.query({ name: 'but', text: 'SELECT id FROM items WHERE name <> $1', values: [`item ${i}`] })));
    }
    show(sorted(await client.query('SELECT id FROM items WHERE id = ANY($1)', [[1, 2, 5]])));
  }),

  connected('on_one_shard', async (client) => {
    await client.query('BEGIN');
    await client.query("UPDATE items SET name = 'mine' WHERE id = $1", [5]);
    show((await client.query('SELECT name FROM items WHERE id = $1', [5])).rows);
    await client.query('ROLLBACK');
    show((await client.query('SELECT name FROM items WHERE id = $1', [5])).rows);
  }),
];

async function main() {
  for (const [name, step] of process.argv[2] === 'sharded' ? SHARDED : STEPS) {
    console.log(`== ${name}`);
    try {
      await step();
    } catch (error) {
      process.exitCode = 1;
      console.log(`!! ${error.stack.split('\n').slice(0, 3).join(' ')}`);
    }
  }
}

main();
