#!/bin/bash
# psql (and pgbench, pg_dump, pg_isready), as people use them.

export PGOPTIONS="-c search_path=$LANE" PGAPPNAME=psql
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# psql with the script on standard input; process numbers and clocks are none of ours.
sql() {
  psql -X "$@" 2>&1 | sed -E -e 's/PID [0-9]+/PID n/' -e 's/pg_temp_[0-9]+ */pg_temp /' -e 's/^.* \(every (.*)\)$/every \1/'
}

connecting() {
  sql -c "DROP SCHEMA IF EXISTS $LANE CASCADE" -c "CREATE SCHEMA $LANE" 2>&1 | grep -v 'drop cascades'
  sql <<'END'
\conninfo
SHOW application_name;
SHOW search_path;
\encoding
\echo :SERVER_VERSION_NAME :ENCODING :USER :DBNAME
\c
\c - - - -
SELECT current_database();
END
  pg_isready | sed 's/.*- //'
  PGPASSWORD=wrong psql -X -c 'SELECT 1' 2>&1 | sed 's/.*failed: //'
  psql -X nowhere -c 'SELECT 1' 2>&1 | sed 's/.*failed: //' | head -n 1
  PGOPTIONS='-c nonsense=1' psql -X -c 'SELECT 1' 2>&1 | sed 's/.*failed: //' | head -n 1
}

queries() {
  sql <<'END'
SELECT 1 AS one, 'x' AS x, NULL AS n;
SELECT 1 \; SELECT 2;
\x
SELECT 'naïve, ☃ and 𝄞' AS t, '\xdeadbeef'::bytea AS b;
\x
\gdesc
SELECT 1 AS a, now() AS t, 'x'::varchar(7) AS v \gdesc
SELECT 'SELECT ' || g FROM generate_series(1, 3) g \gexec
SELECT 42 AS answer, 'y' AS why \gset
\echo :answer :why
SELECT :'why' || :answer;
SELECT g, g % 2 AS odd, g * g FROM generate_series(1, 3) g \crosstabview
CREATE SEQUENCE turns;
SELECT 10 / (3 - nextval('turns')) AS left \watch 0.02
END
  sql -At -c 'SELECT 1' -c 'SELECT 2; SELECT 3' -c '\echo done'
  sql -1 -c 'CREATE TABLE one (a int)' -c 'INSERT INTO one VALUES (1)' -c 'SELECT 1/0'
  sql -At -c "SELECT to_regclass('one') IS NULL"
}

statements() {
  sql <<'END'
PREPARE twice (int) AS SELECT $1 * 2 AS twice;
EXECUTE twice (21);
BEGIN;
EXECUTE twice (4);
COMMIT;
DEALLOCATE twice;
EXECUTE twice (1);
EXPLAIN (COSTS off) SELECT 1;
END
}

describing() {
  sql <<'END'
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE parent (id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', mood mood, CHECK (name <> ''));
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
CREATE INDEX by_name ON parent (lower(name));
CREATE VIEW seen AS SELECT id, name FROM parent WHERE id > 0;
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i * 2';
COMMENT ON TABLE parent IS 'the parent';
GRANT SELECT ON parent TO PUBLIC;
\d parent
\d child
\d+ seen
\dt
\di
\ds
\dT
\df twice
\sf twice
\sv seen
\dp parent
\dd
\d nothing
\set ECHO_HIDDEN noexec
\dn
END
}

copying() {
  seq 1 5000 | sed 's/$/\tline/' > "$folder/in"
  sql <<END
CREATE TABLE c (a int, b text);
\\copy c FROM '$folder/in'
\\copy c FROM stdin
6000	from stdin
\\.
\\copy (SELECT * FROM c WHERE a < 4 ORDER BY a) TO '$folder/out' CSV HEADER
\\! cat '$folder/out'
COPY (SELECT count(*), sum(a) FROM c) TO STDOUT;
\\copy c FROM stdin
not a number	x
\\.
SELECT count(*) FROM c;
\\copy c (a) FROM PROGRAM 'seq 1 3'
COPY c FROM STDIN \\; SELECT 'after' AS after;
7000	x
\\.
SELECT count(*) FROM c;
END
}

transactions() {
  sql <<'END'
CREATE TABLE t (a int PRIMARY KEY);
BEGIN;
INSERT INTO t VALUES (1);
SAVEPOINT a;
INSERT INTO t VALUES (1);
SELECT 1;
ROLLBACK TO a;
INSERT INTO t VALUES (2);
COMMIT;
SELECT * FROM t;
\set AUTOCOMMIT off
INSERT INTO t VALUES (3);
ROLLBACK;
\set ON_ERROR_ROLLBACK on
INSERT INTO t VALUES (4);
INSERT INTO t VALUES (4);
INSERT INTO t VALUES (5);
COMMIT;
\set AUTOCOMMIT on
SELECT array_agg(a ORDER BY a) FROM t;
\set FETCH_COUNT 2
SELECT a FROM t ORDER BY a;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
INSERT INTO t VALUES (9);
COMMIT AND CHAIN;
SHOW transaction_isolation;
ROLLBACK;
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t ORDER BY a;
COMMIT;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
CLOSE c;
END
}

errors() {
  sql -v VERBOSITY=verbose <<'END'
SELECT nothing;
SELECT * FROM nowhere;
SELEC 1;
SELECT 1/0;
SELECT 'x'::int;
\errverbose
\set VERBOSITY sqlstate
SELECT 1/0;
\set VERBOSITY default
DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; RAISE EXCEPTION 'end' USING ERRCODE = 'PB001', HINT = 'h'; END $$;
SELECT 1;
END
  sql -v ON_ERROR_STOP=1 -c 'SELECT 1/0' -c 'SELECT 2'
}

listening() {
  sql <<END
LISTEN news_$LANE;
NOTIFY news_$LANE, 'own';
SELECT 1;
UNLISTEN *;
END
}

settings() {
  sql <<'END'
SET timezone TO 'Asia/Kolkata';
SELECT '2020-01-01 00:00+00'::timestamptz;
\encoding LATIN1
SHOW client_encoding;
\encoding UTF8
SET search_path TO pg_catalog;
SELECT current_schemas(false);
RESET search_path;
SELECT current_schemas(false);
CREATE TEMP TABLE mine (a int);
\dt mine
DISCARD ALL;
SELECT * FROM mine;
SET statement_timeout TO '50ms';
SELECT pg_sleep(30);
SHOW statement_timeout;
END
}

large_objects() {
  echo 0123456789 > "$folder/large"
  sql -q <<END
\\lo_import '$folder/large'
\\lo_export :LASTOID '$folder/copy'
\\lo_unlink :LASTOID
END
  cat "$folder/copy"
}

tools() {
  sql -q -c 'CREATE TABLE d (a int PRIMARY KEY, b text)' -c "INSERT INTO d SELECT g, 'x' FROM generate_series(1, 100) g"
  pg_dump --schema="$LANE" --table="$LANE.d" | grep -vE '^-- Dumped|restrict ' | sed "s/$LANE/LANE/g" | md5sum
  pg_dump --schema="$LANE" -Fc -f "$folder/dump" && pg_restore -l "$folder/dump" | grep -c TABLE
  sql -q -c 'DROP TABLE d'
  pg_restore --table=d -d "$PGDATABASE" "$folder/dump"
  # Another session has written it.
  sql -At -c "SET pgbraid.consistency = 'strong'" -c 'SELECT count(*) FROM d'
  echo "SELECT * FROM d WHERE a = :client_id + 1;" > "$folder/load"
  for mode in simple extended prepared; do
    pgbench -n -M $mode -c 2 -t 50 -f "$folder/load" 2>&1 | grep -E 'processed|failed'
  done
}

# --- Over two shards ------------------------------------------------------------------

by_key() {
  for i in 0 1 2 3 4 5 6 7 8 9; do
    echo "INSERT INTO items VALUES ($i, 'item $i');"
    echo "SELECT * FROM items WHERE id = $i;"
  done | sql
  sql -c "INSERT INTO items VALUES (3, 'again')" -c 'DELETE FROM items WHERE id = 3 RETURNING *'
}

scattered() {
  sql -At -c 'SELECT * FROM items' | sort
  sql -At -c 'SELECT * FROM items WHERE id IN (1, 2, 5)' | sort
  sql -c '\d items'
}

on_one_shard() {
  sql -c "BEGIN; UPDATE items SET name = 'mine' WHERE id = 5; ROLLBACK" -c 'SELECT name FROM items WHERE id = 5'
}

if [[ $1 == sharded ]]; then
  steps="by_key scattered on_one_shard"
else
  steps="connecting queries statements describing copying transactions errors listening settings large_objects tools"
fi
for step in $steps; do
  echo "== $step"
  $step
done
