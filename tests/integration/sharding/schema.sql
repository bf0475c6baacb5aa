-- The same on every shard and on the one PostgreSQL that it is compared with.
CREATE TABLE customers (id int PRIMARY KEY, name text, country text, score numeric, joined date);
CREATE TABLE orders (customer_id int, number int, item text, price numeric, PRIMARY KEY (customer_id, number));
CREATE TABLE docs (title text PRIMARY KEY, body text, size bigint);
CREATE TABLE codes (code varchar(5) PRIMARY KEY, note text);
CREATE TABLE things (id uuid PRIMARY KEY, label text);
CREATE TABLE pairs (a int, b text, v int);
CREATE TABLE regions (code text, city text);
CREATE TABLE levels (n int, label text);
CREATE TABLE events (at timestamptz, what text);
CREATE TABLE days (d date, what text);
CREATE TABLE countries (code text PRIMARY KEY, name text);
CREATE TABLE notes (a int PRIMARY KEY, b text);
CREATE TABLE plain (a int PRIMARY KEY, b text);
CREATE TABLE counted (id int, seq serial, v text, UNIQUE (id, seq));
CREATE TABLE watched (id int PRIMARY KEY, v text);
CREATE VIEW customer_names AS SELECT id, name FROM customers;
CREATE VIEW plain_view AS SELECT a, b FROM plain;
CREATE SEQUENCE plain_seq;
CREATE FUNCTION customer_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM customers';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := upper(NEW.v); RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION touch();
-- What PostgreSQL itself splits by hash, to check where rows are.
CREATE TABLE by_int (k int) PARTITION BY HASH (k);
CREATE TABLE by_text (k text) PARTITION BY HASH (k);
CREATE TABLE by_uuid (k uuid) PARTITION BY HASH (k);
CREATE TABLE by_pair (a int, b text) PARTITION BY HASH (a, b);
