"""The rulebook's "Reads and writes": where each statement goes, and that it answers as PostgreSQL."""

from tests.integration.rulebook.runner import TableTest
from tests.support import testing

TABLE = r"""
[INSERT, UPDATE, DELETE, MERGE, TRUNCATE, DDL ... anything unknown: the primary]
P   INSERT INTO items VALUES (10, 'ten')
R   SELECT * FROM items WHERE id = 10
P   INSERT INTO items VALUES (10, 'twice')
P   UPDATE items SET name = 'TEN' WHERE id = 10 RETURNING *
R   SELECT name FROM items WHERE id = 10
P   MERGE INTO items USING (VALUES (10, 'merged'), (11, 'new')) v(id, name) ON items.id = v.id
    WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name)
P   DELETE FROM items WHERE id > 9
R   SELECT count(*) FROM items
P   CREATE TABLE made (a int)
P   COMMENT ON TABLE made IS 'made here'
P   GRANT SELECT ON made TO other
P   CREATE INDEX ON made (a)
P   ANALYZE made
P   VACUUM made
P   CLUSTER made USING made_a_idx
P   REINDEX TABLE made
P   TRUNCATE made
P   DO $$ BEGIN NULL; END $$
P   CALL set_path('public')
P   CALL commits()
P   DELETE FROM items WHERE id >= 900 RETURNING id
P   CHECKPOINT
P   ALTER TABLE made ADD b text
P   DROP TABLE made
P   DROP TABLE made

[text that the grammar does not accept: one shard, PostgreSQL's own error]
P   SELEC 1
P   SELECT * FROM items WHERE
P   SELECT 'unterminated
P   SELECT 1 FROM items; SELEC 2
P   MERGE items
P   SELECT * FROM items LIMIT 1,2

[data-modifying CTE, at any depth: the primary]
P   WITH w AS (INSERT INTO items VALUES (20, 'cte') RETURNING *) SELECT * FROM w
P   SELECT * FROM (WITH w AS (DELETE FROM items WHERE id = 20 RETURNING *) SELECT * FROM w) s
P   WITH w AS (UPDATE items SET name = name WHERE id = 1 RETURNING *)
    SELECT 1 WHERE EXISTS (SELECT FROM w)
P   EXPLAIN (COSTS OFF) WITH w AS (DELETE FROM items RETURNING *) SELECT * FROM w

[SELECT ... FOR UPDATE / NO KEY UPDATE / SHARE / KEY SHARE, at any depth: the primary]
P   SELECT * FROM items WHERE id = 1 FOR UPDATE
P   SELECT * FROM items WHERE id = 1 FOR NO KEY UPDATE
P   SELECT * FROM items WHERE id = 1 FOR SHARE NOWAIT
P   SELECT * FROM items WHERE id = 1 FOR KEY SHARE SKIP LOCKED
P   SELECT * FROM (SELECT * FROM items WHERE id = 1 FOR UPDATE) s
P   SELECT (SELECT name FROM items WHERE id = 1 FOR SHARE)
P   WITH w AS (SELECT * FROM items WHERE id = 1 FOR KEY SHARE) SELECT * FROM w
P   SELECT * FROM locking_view WHERE id = 1

[SELECT INTO, CREATE TABLE AS, CREATE MATERIALIZED VIEW, REFRESH: the primary]
R   SELECT * FROM kept_view
P   SELECT id INTO copied FROM items
P   CREATE TABLE copied_too AS SELECT * FROM items
P   CREATE MATERIALIZED VIEW copied_view AS SELECT id FROM items
P   REFRESH MATERIALIZED VIEW copied_view
P   DROP MATERIALIZED VIEW copied_view
P   DROP TABLE copied, copied_too

[functions: immutable and stable ones on the allowlist: a standby]
R   SELECT upper('x'), length(name), 1 + id, now() > '2000-01-01' FROM items WHERE id = 1
R   SELECT to_char(timestamp '2020-02-03', 'YYYY-MM'), current_user, current_database()
R   SELECT count(*), sum(id), max(name) FROM items
R   SELECT row_number() OVER (ORDER BY id) FROM items
R   SELECT i.id FROM items i JOIN parts p ON p.item = i.id ORDER BY 1
R   SELECT to_json(i) FROM items i WHERE id = 1
R   SELECT * FROM plain_view WHERE id = 2
R   VALUES (1), (2)
R   TABLE items

[functions: volatile, nextval, setval, lo_*, txid_*, pg_notify; the user's own: the primary]
P   SELECT nextval('tickets') > 0
P   SELECT setval('tickets', 100)
P   SELECT lo_unlink(lo_create(0))
~P  SELECT txid_current()
P   SELECT pg_notify('nobody', 'x')
P   SELECT stable_one()
P   SELECT immutable_one()
P   SELECT next_ticket()
P   SELECT id FROM items WHERE id = stable_one()
P   SELECT * FROM items ORDER BY immutable_one() LIMIT 1
P   SELECT txid_current_if_assigned()
P   SELECT no_such_function(1)

[a view, operator, cast, domain, policy or rule that hides a volatile function: the primary]
P   SELECT n FROM sneaky_view
P   SELECT n FROM deep_view
P   SELECT id === 'x' FROM items WHERE id = 1
P   SELECT 5::celsius
P   SELECT CAST(id AS celsius) FROM items WHERE id = 1
P   SELECT 5::checked
P   SELECT count(*) FROM guarded
P   INSERT INTO ruled VALUES (1)
P   INSERT INTO triggered VALUES (1)
P   SET ROLE other
P   SELECT * FROM guarded
P   RESET ROLE

[volatile functions that a standby runs: the list that the operator can extend or cut]
~R  SELECT random()
~R  SELECT clock_timestamp(), statement_timestamp()
~R  SELECT gen_random_uuid()
R   SELECT pg_sleep(0)
R   SELECT version()
~R  SELECT id FROM items ORDER BY random() LIMIT 1

[temporary and unlogged tables: the primary, and temporary ones pin]
P   INSERT INTO unlogged VALUES (1)
P   SELECT * FROM unlogged
P   TRUNCATE unlogged
P   CREATE TEMP TABLE mine (a int)
P   INSERT INTO mine VALUES (1), (2)
P   SELECT sum(a) FROM mine
R   SELECT count(*) FROM items
P   CREATE TEMP VIEW mine_too AS SELECT * FROM items
P   SELECT count(*) FROM mine_too
P   CREATE TEMP SEQUENCE my_sequence
P   SELECT nextval('my_sequence'), currval('my_sequence')
P   SELECT * INTO TEMP copied FROM items
P   SELECT count(*) FROM copied
P   CREATE TABLE pg_temp.other_way (a int)
P   SELECT * FROM pg_temp.other_way
2P  SELECT * FROM mine
P   DISCARD TEMP
P   SELECT * FROM mine

[system catalogs and information_schema: the primary]
P   SELECT relname FROM pg_class WHERE relname = 'items'
P   SELECT count(*) FROM information_schema.tables WHERE table_name = 'items'
P   SELECT 'items'::regclass
P   CREATE TABLE just_now (a int)
P   SELECT count(*) FROM pg_tables WHERE tablename = 'just_now'
P   DROP TABLE just_now
P   SELECT to_regclass('just_now')

[EXPLAIN of a read / EXPLAIN ANALYZE of a write: as what is inside]
R   EXPLAIN (COSTS OFF) SELECT * FROM items
~R  EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM items
P   EXPLAIN (COSTS OFF) INSERT INTO items VALUES (30, 'x')
~P  EXPLAIN ANALYZE INSERT INTO items VALUES (30, 'explained')
R   SELECT name FROM items WHERE id = 30
~P  EXPLAIN (ANALYZE) DELETE FROM items WHERE id = 30
~P  EXPLAIN (ANALYZE true) SELECT nextval('coupons')
P   EXPLAIN (COSTS OFF, ANALYZE off) DELETE FROM items
R   SELECT count(*) FROM items

[COPY in all directions]
R   COPY (SELECT * FROM items ORDER BY id) TO STDOUT
R   COPY items TO STDOUT WITH (FORMAT csv, HEADER)
P   COPY items FROM STDIN << 40\tforty\n41\t\\N\n
R   SELECT * FROM items WHERE id IN (40, 41) ORDER BY id
P   COPY items FROM STDIN << 40\ttwice\n42\tnever\n
P   COPY items FROM STDIN << not a number\tx\n
P   COPY items (id, name) FROM STDIN WITH (FORMAT csv) << 43,"a,b"\n
P   COPY (DELETE FROM items WHERE id >= 40 RETURNING id) TO STDOUT
P   COPY (SELECT nextval('tickets') > 0) TO STDOUT
P   COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'
P   COPY items FROM PROGRAM 'printf "50\\tfrom a program\\n"'
P   COPY (SELECT 1) TO '/dev/null'
P   COPY items FROM '/dev/null'
P   COPY missing TO STDOUT
P   DELETE FROM items WHERE id >= 50 RETURNING *
R   SELECT count(*) FROM items

[SHOW: the session's own value]
P   SHOW work_mem
P   SET work_mem = '6MB'
P   SHOW work_mem
2P  SHOW work_mem
P   SHOW server_version
P   SHOW nothing.known
P   SHOW search_path
P   RESET work_mem
P   SHOW work_mem
P   SHOW transaction_isolation
P   SHOW TIME ZONE

[LOCK TABLE, transaction-level advisory locks: the primary, inside the transaction]
L   BEGIN
P   LOCK TABLE items IN SHARE MODE
P   SELECT pg_advisory_xact_lock(5)
2P  SELECT pg_try_advisory_xact_lock(5)
2P  LOCK TABLE items IN ROW EXCLUSIVE MODE NOWAIT
P   SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
P   COMMIT
2P  SELECT pg_try_advisory_xact_lock(5)
P   LOCK TABLE items
P   LOCK TABLE sneaky_view
"""

SEQUENCES = r"""
[currval, lastval: nobody has advanced any yet]
P   SELECT lastval()
P   SELECT currval('tickets')
P   SELECT currval('nowhere')
2P  SELECT nextval('coupons') > 0
P   SELECT lastval()
P   SELECT currval('coupons')

[currval, lastval: in autocommit, while others advance theirs elsewhere]
P   INSERT INTO parts (item) VALUES (3)
P   SELECT lastval()
P   SELECT currval('parts_id_seq')
P   SELECT currval(pg_get_serial_sequence('parts', 'id'))
R   SELECT count(*) FROM items
P   SELECT lastval()
P   SELECT nextval('tickets')
P   SELECT lastval(), currval('tickets'), currval('parts_id_seq')
P   SELECT setval('coupons', 70)
P   SELECT currval('coupons'), lastval()
P   INSERT INTO notes (note) VALUES ('x')
P   SELECT lastval()
P   UPDATE parts SET id = DEFAULT WHERE item = 3
P   SELECT lastval()
P   INSERT INTO items SELECT 1000 + lastval(), 'from lastval'
P   DELETE FROM items WHERE id > 1000 RETURNING id
P   COPY parts (item) FROM STDIN << 4\n4\n
P   SELECT lastval()
P   MERGE INTO parts USING (VALUES (5)) v(i) ON item = v.i WHEN NOT MATCHED THEN INSERT (item) VALUES (v.i)
P   SELECT lastval()
P   CREATE TABLE numbered AS SELECT nextval('tickets') AS n
P   SELECT lastval()
P   DROP TABLE numbered
P   DELETE FROM parts WHERE item > 2

[currval, lastval: through triggers, functions, DO and CALL]
P   INSERT INTO triggered VALUES (7)
P   SELECT currval('tickets')
P   SELECT lastval()
P   SELECT next_ticket()
P   SELECT lastval()
P   SELECT last_ticket()
P   DO $$ BEGIN PERFORM nextval('coupons'); END $$
P   SELECT lastval(), currval('coupons')
P   INSERT INTO ruled VALUES (2)
P   SELECT lastval()

[currval, lastval: two sessions, each its own]
P   SELECT nextval('tickets')
2P  SELECT nextval('tickets')
P   SELECT currval('tickets')
2P  SELECT currval('tickets')
2P  SELECT nextval('coupons')
P   SELECT lastval()
2P  SELECT lastval(), currval('tickets')
P   SELECT currval('coupons')

[currval, lastval: within one transaction]
P   SELECT nextval('coupons')
L   BEGIN
P   INSERT INTO parts (item) VALUES (6)
P   SELECT lastval(), currval('parts_id_seq')
P   ROLLBACK
P   SELECT lastval()
L   BEGIN
P   SELECT lastval()
P   SELECT nextval('tickets')
P   SELECT currval('tickets'), currval('parts_id_seq')
P   COMMIT
P   SELECT lastval()

[currval, lastval: an error does not take the value back]
P   INSERT INTO parts (id, item) VALUES (nextval('tickets'), 1 / 0)
P   SELECT currval('tickets')
P   INSERT INTO items SELECT 1, 'twice' WHERE nextval('coupons') > 0
P   SELECT lastval()

[currval, lastval: several statements at once]
P   INSERT INTO parts (item) VALUES (8); SELECT lastval(); DELETE FROM parts WHERE item = 8
P   SELECT lastval()

[DISCARD forgets them]
P   SELECT nextval('tickets')
P   DISCARD SEQUENCES
P   SELECT lastval()
P   SELECT nextval('tickets')
P   DISCARD ALL
P   SELECT currval('tickets')
"""


class ReadsAndWritesTest(TableTest):

    @testing.timeout(120)
    def test_simple(self):
        self.run_table(TABLE, "simple")

    @testing.timeout(120)
    def test_extended(self):
        self.run_table(TABLE, "extended")

    @testing.timeout(120)
    def test_strong(self):
        self.run_table(TABLE, "strong")

    @testing.timeout(120)
    def test_sequences_simple(self):
        self.run_table(SEQUENCES, "simple", disturbed=False)

    @testing.timeout(120)
    def test_sequences_extended(self):
        self.run_table(SEQUENCES, "extended", disturbed=False)


if __name__ == "__main__":
    testing.main()
