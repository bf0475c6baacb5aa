-- Transactions, several statements in one message, utilities and errors.

[a transaction on one shard]
same     BEGIN
same     INSERT INTO items VALUES (201, 1, 'in a transaction')
same     UPDATE items SET n = 2 WHERE id = 201
same     SELECT n FROM items WHERE id = 201
same     SELECT name FROM countries WHERE code = 'de'
same     COMMIT
same     SELECT n FROM items WHERE id = 201
same     BEGIN
same     DELETE FROM items WHERE id = 201
same     ROLLBACK
same     SELECT n FROM items WHERE id = 201
same     START TRANSACTION READ ONLY
same     SELECT n FROM items WHERE id = 201
same     DELETE FROM items WHERE id = 201
same     SELECT 1
same     COMMIT
same     BEGIN ISOLATION LEVEL SERIALIZABLE
same     SELECT n FROM items WHERE id = 201
same     COMMIT AND CHAIN
same     SELECT n FROM items WHERE id = 201
same     ROLLBACK
same     COMMIT
same     ROLLBACK
same     BEGIN
same     BEGIN
same     COMMIT
same     SAVEPOINT outside

[a transaction that tries another shard fails whole]
same     BEGIN
same     UPDATE accounts SET balance = -1 WHERE id = 9
refused  UPDATE accounts SET balance = -1 WHERE id = 108
same     SELECT 1
same     COMMIT
same     SELECT balance FROM accounts WHERE id = 9
same     BEGIN
same     INSERT INTO notes VALUES (800, 'undone')
refused  INSERT INTO single VALUES (800, 'elsewhere')
same     ROLLBACK
same     SELECT * FROM notes WHERE id = 800
same     BEGIN
refused  SELECT count(*) FROM items
same     SELECT 1
same     COMMIT
same     BEGIN
refused  SELECT * FROM items
same     ROLLBACK
same     BEGIN
same     UPDATE accounts SET balance = -1 WHERE id = 9
refused  UPDATE accounts SET balance = -1 WHERE id = $1 <- int4 108
same     ROLLBACK
same     SELECT balance FROM accounts WHERE id = 9

[savepoints]
same     BEGIN
same     INSERT INTO notes VALUES (810, 'kept')
same     SAVEPOINT a
same     INSERT INTO notes VALUES (811, 'undone')
same     ROLLBACK TO a
same     INSERT INTO notes VALUES (810, 'twice')
same     SELECT 1
same     ROLLBACK TO SAVEPOINT a
same     INSERT INTO notes VALUES (812, 'kept too')
same     RELEASE a
same     RELEASE a
same     ROLLBACK
same     BEGIN
same     SAVEPOINT a
same     INSERT INTO notes VALUES (813, 'kept')
same     SAVEPOINT b
refused  INSERT INTO single VALUES (813, 'elsewhere')
same     ROLLBACK TO b
same     COMMIT
same     SELECT * FROM notes WHERE id > 809 ORDER BY id
same     BEGIN
same     SET LOCAL statement_timeout = '7s'
same     SAVEPOINT a
same     SET LOCAL statement_timeout = '8s'
same     ROLLBACK TO a
same     SHOW statement_timeout
same     COMMIT
same     SHOW statement_timeout

[several statements in one message]
same     SELECT 1; SELECT 2
same     SELECT id FROM items WHERE id = 1; SELECT n FROM items WHERE id = 1
same     INSERT INTO accounts VALUES (10, 1, 'm'); UPDATE accounts SET balance = 2 WHERE id = 11; SELECT * FROM accounts WHERE id = 10
same     INSERT INTO notes VALUES (820, 'undone'); SELECT 1 / 0
same     SELECT * FROM notes WHERE id = 820
refused  SELECT balance FROM accounts WHERE id = 9; SELECT balance FROM accounts WHERE id = 108
refused  INSERT INTO accounts VALUES (12, 1, 'm'); INSERT INTO accounts VALUES (112, 1, 'm')
refused  SELECT 1; SELECT * FROM items
refused  SELECT id FROM items WHERE id = 1; SELECT count(*) FROM items
refused  INSERT INTO notes VALUES (821, 'no'); INSERT INTO single VALUES (821, 'no')
same     BEGIN; UPDATE notes SET v = 'b' WHERE id = 2; COMMIT
same     BEGIN; UPDATE notes SET v = 'c' WHERE id = 2; ROLLBACK
same     SELECT v FROM notes WHERE id = 2
either   BEGIN; UPDATE accounts SET balance = 5 WHERE id = 9; COMMIT; BEGIN; UPDATE accounts SET balance = 5 WHERE id = 108; COMMIT
same     SELECT 'a;b'; SELECT $$;$$

[errors]
same     SELECT 1 / 0
same     SELECT nothing FROM items WHERE id = 5
either   SELECT * FROM nowhere
either   SELECT * FROM items WHERE nothing = 5
same     SELECT nowhere.id FROM items WHERE id = 5
either   SELECT no_function(1)
same     SELECT id / 0 FROM items WHERE id = 5
same     SELECT * FROM items WHERE id = 5 AND n = 'x'
same     SELECT id, count(*) FROM items WHERE id = 5
same     SELEC 1
same     SELECT * FROM items WHERE
same     SELECT 'unterminated
same     SELECT * FROM items WHERE id = $1
same     SELECT $1 <- text x
either   SELECT id FROM nosuch.items WHERE id = 5
either   DROP TABLE nowhere
either   EXECUTE nothing
same     DEALLOCATE nothing
same     FETCH nothing
same     CLOSE nothing
same     SELECT ('x' || n % 1)::int FROM items
same     SELECT n / 0 FROM items

[utilities]
same     EXPLAIN (COSTS OFF) INSERT INTO items VALUES (5)
same     EXPLAIN (COSTS OFF) SELECT 1
same     EXPLAIN (COSTS OFF) SELECT * FROM single
same     EXPLAIN (COSTS OFF) UPDATE orders SET amount = 1 WHERE item_id = 5 AND note = 'x'
refused  EXPLAIN SELECT * FROM items
refused  EXPLAIN ANALYZE SELECT count(*) FROM items
refused  EXPLAIN ANALYZE DELETE FROM items
same     COPY notes TO STDOUT
same     COPY (SELECT id, name FROM items WHERE id = 5) TO STDOUT
same     COPY notes FROM STDIN << 900\tcopied\n901\t\\N\n
same     COPY notes (id) FROM STDIN << 900\n
same     COPY notes FROM STDIN << x\ty\n
same     SELECT * FROM notes WHERE id >= 900 ORDER BY id
refused  COPY items TO STDOUT
refused  COPY items FROM STDIN << 950\t1\tx\t1\t\\N\n
refused  COPY items (n) FROM STDIN << 1\n
refused  COPY (SELECT * FROM items) TO STDOUT
refused  COPY (SELECT count(*) FROM items) TO STDOUT
refused  COPY countries FROM STDIN << it\tItaly\n
refused  TRUNCATE items
refused  TRUNCATE notes, single
refused  TRUNCATE countries
refused  DROP TABLE items
refused  DROP TABLE countries
refused  ALTER TABLE items ADD COLUMN extra int
refused  CREATE INDEX ON items (n)
refused  CREATE SCHEMA fresh
refused  CREATE VIEW every AS SELECT * FROM items
refused  CREATE ROLE somebody
refused  GRANT SELECT ON items TO PUBLIC
refused  COMMENT ON TABLE items IS 'x'
refused  VACUUM
refused  ANALYZE items
refused  REINDEX TABLE items
refused  LOCK TABLE items
same     BEGIN
same     LOCK TABLE notes IN SHARE MODE
same     COMMIT
refused  BEGIN; LOCK TABLE items; COMMIT
either   CREATE TEMP TABLE scratch (id int)
either   INSERT INTO scratch VALUES (1), (2)
either   SELECT count(*) FROM scratch
either   SELECT * FROM scratch, single
either   DROP TABLE scratch
either   CREATE TEMP TABLE items (id int)
either   SELECT count(*) FROM pg_temp.items
either   DROP TABLE pg_temp.items
same     SELECT nextval('ticket')
same     SELECT currval('ticket')
same     SELECT setval('ticket', 50)
same     SELECT nextval('ticket'), v FROM notes WHERE id = 1
same     SELECT pg_advisory_xact_lock(1)
either   SELECT relname FROM pg_class WHERE relname = 'items' AND relkind = 'r' AND relnamespace = 'public'::regnamespace
either   SELECT count(*) FROM information_schema.columns WHERE table_schema = 'other'
either   SELECT 'ok'::mood
either   SELECT 5::positive
either   SELECT (-5)::positive
same     SELECT pg_typeof(1), version() = version()
same     LISTEN channel
same     UNLISTEN channel
same     NOTIFY channel
same     PREPARE one AS SELECT * FROM items WHERE id = $1
same     BEGIN
same     DECLARE c CURSOR FOR SELECT id FROM notes ORDER BY id
same     FETCH 2 FROM c
same     MOVE 1 IN c
same     FETCH ALL FROM c
same     CLOSE c
same     COMMIT
same     BEGIN
same     DECLARE c CURSOR FOR SELECT * FROM orders WHERE item_id = 5
same     FETCH ALL FROM c
same     COMMIT
same     BEGIN
refused  DECLARE c CURSOR FOR SELECT * FROM items
same     ROLLBACK
same     DISCARD ALL
same     SELECT 1
