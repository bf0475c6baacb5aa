-- What the cases work on, the same on both sides.
CREATE TABLE items (id int PRIMARY KEY, name text);
INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 5) i;
CREATE TABLE parts (id serial PRIMARY KEY, item int, note text DEFAULT 'new');
INSERT INTO parts (item) VALUES (1), (2);
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, note text);
CREATE UNLOGGED TABLE scratch (a int);
CREATE UNLOGGED TABLE unlogged (a int);
CREATE TABLE guarded (id int, owner text);
INSERT INTO guarded VALUES (1, 'other'), (2, 'postgres');
CREATE TABLE triggered (a int);
CREATE SEQUENCE tickets;
CREATE SEQUENCE coupons;
CREATE SEQUENCE disturbed;
CREATE SEQUENCE cached CACHE 10;

CREATE ROLE other;
CREATE ROLE guest LOGIN;
GRANT other TO postgres;
GRANT ALL ON ALL TABLES IN SCHEMA public TO other, guest;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO other, guest;

CREATE FUNCTION stable_one() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION immutable_one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION next_ticket() RETURNS bigint VOLATILE LANGUAGE sql
  AS $$ SELECT nextval('public.tickets') $$;
CREATE FUNCTION last_ticket() RETURNS bigint VOLATILE LANGUAGE sql
  AS $$ SELECT currval('public.tickets') $$;
CREATE FUNCTION ticket_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM nextval('public.tickets'); RETURN NEW; END $$;
CREATE TRIGGER takes_a_ticket BEFORE INSERT ON triggered
  FOR EACH ROW EXECUTE FUNCTION ticket_trigger();
CREATE FUNCTION change_settings() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('work_mem', '9MB', false);
  PERFORM set_config('app.tenant', 'from a function', false); END $$;
CREATE FUNCTION with_path() RETURNS text LANGUAGE sql SET search_path FROM CURRENT
  AS $$ SELECT current_setting('search_path') $$;
CREATE FUNCTION with_local() RETURNS text LANGUAGE plpgsql SET work_mem = '7MB' AS $$ BEGIN
  RETURN current_setting('work_mem'); END $$;
CREATE PROCEDURE set_path(path text) LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('search_path', path, false); END $$;
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.items VALUES (900, 'kept'); COMMIT;
  INSERT INTO public.items VALUES (901, 'undone'); ROLLBACK; END $$;

CREATE VIEW plain_view AS SELECT id, name FROM items;
CREATE VIEW sneaky_view AS SELECT next_ticket() AS n;
CREATE VIEW deep_view AS SELECT * FROM sneaky_view;
CREATE VIEW locking_view AS SELECT * FROM items FOR UPDATE;
CREATE MATERIALIZED VIEW kept_view AS SELECT count(*) FROM items;

CREATE FUNCTION sneaky_equal(int, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
  PERFORM nextval('public.tickets'); RETURN true; END $$;
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = sneaky_equal);
CREATE TYPE celsius AS (degrees int);
CREATE FUNCTION to_celsius(int) RETURNS celsius LANGUAGE plpgsql AS $$ BEGIN
  PERFORM nextval('public.tickets'); RETURN ROW($1)::celsius; END $$;
CREATE CAST (int AS celsius) WITH FUNCTION to_celsius(int);
CREATE FUNCTION sneaky_check(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
  PERFORM nextval('public.tickets'); RETURN true; END $$;
CREATE DOMAIN checked AS int CHECK (sneaky_check(VALUE));
CREATE POLICY sneaky_policy ON guarded USING (sneaky_check(id) AND owner = current_user);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE ruled (a int);
CREATE RULE ruled_insert AS ON INSERT TO ruled DO ALSO SELECT next_ticket();
