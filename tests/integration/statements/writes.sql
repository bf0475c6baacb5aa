-- Writes go to the shard of their key, once, or are refused.

[INSERT of one row]
same     INSERT INTO items VALUES (101, 1, 'hundred one')
same     INSERT INTO items (n, id) VALUES (2, 102)
same     INSERT INTO items (id, n) VALUES (-103, 3) RETURNING *
same     INSERT INTO items (id) VALUES ('104') RETURNING id + 1 AS next
same     INSERT INTO items (id, n) VALUES ($1, $2) <- int4 105 | int4 NULL
same     INSERT INTO items (id, n) VALUES ($1, $2) ON CONFLICT DO NOTHING <- int8 106 | int4 6
same     INSERT INTO items (id, n) VALUES ($1::int, 6) ON CONFLICT (id) DO UPDATE SET n = items.n + EXCLUDED.n RETURNING n <- int4 107
same     INSERT INTO items (id, name, at) VALUES (108, 'it''s', now() - now() + '2024-01-01 00:00:00+00')
same     INSERT INTO items VALUES (101, 9, 'again')
same     INSERT INTO items VALUES (NULL, 9, 'no key')
same     INSERT INTO items AS i (id, n) VALUES (5, 7) ON CONFLICT (id) DO UPDATE SET n = 7 WHERE i.n > 100
same     INSERT INTO orders VALUES (101, 1, 5, 'of 101'), (101, 2, 6, 'also'), (101, 3, 7, NULL)
same     INSERT INTO orders VALUES (101, 4, NULL, 'no amount')
same     INSERT INTO big VALUES (9223372036854775807, 1)
same     INSERT INTO big VALUES (-9223372036854775808, 1)
same     INSERT INTO big VALUES (77, -1)
same     INSERT INTO small VALUES (32767, 1)
22003    INSERT INTO small VALUES (32768, 1)
22003    INSERT INTO items (id) VALUES (2147483648)
same     INSERT INTO people VALUES ('Zoë', 30)
same     INSERT INTO people (name) VALUES ('default age') RETURNING age
same     INSERT INTO people VALUES (E'tab\there', DEFAULT)
same     INSERT INTO people VALUES ('')
same     INSERT INTO codes VALUES ('abc  ', 50)
same     INSERT INTO codes VALUES (NULL, 51)
same     INSERT INTO devices VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'last')
same     INSERT INTO devices VALUES ($1, 'by parameter') ON CONFLICT DO NOTHING <- uuid 12345678-1234-1234-1234-1234567890ab
same     INSERT INTO pairs VALUES (70, 'seventy', 1)
same     INSERT INTO pairs VALUES (71, NULL, 1)
same     INSERT INTO pairs VALUES (NULL, 'only b', 1)
same     INSERT INTO pairs VALUES ($1, $2, 1) ON CONFLICT DO NOTHING <- int4 72 | text 'seventy-two'
same     INSERT INTO loose VALUES (NULL, 200)
same     INSERT INTO loose VALUES ($1, 201) <- int4 NULL
same     INSERT INTO loose VALUES ($1, 202) <- int8 61
same     INSERT INTO births VALUES ('2000-02-29', 'leap')
same     INSERT INTO births VALUES (date '1999-12-31', 'eve')
same     INSERT INTO births VALUES ($1, 'by parameter') <- date 2001-01-01
same     INSERT INTO regions VALUES ('us', 200, 1)
same     INSERT INTO regions VALUES ('mars', 201, 1)
same     INSERT INTO regions VALUES (NULL, 202, 1)
same     INSERT INTO zones VALUES ('c', 1)
23514    INSERT INTO zones VALUES ('d', 1)
23514    INSERT INTO zones VALUES (NULL, 1)
same     INSERT INTO accounts VALUES (99, 1, 'edge')
same     INSERT INTO accounts VALUES (100, 1, 'edge')
same     INSERT INTO accounts VALUES (200, 1, 'edge')
same     INSERT INTO accounts VALUES (-5, 1, 'below')
same     INSERT INTO words VALUES ('fzzzz', 1)
same     INSERT INTO words VALUES ('G', 1)
same     INSERT INTO words VALUES ('ÿ', 1)
same     INSERT INTO events VALUES ('2024-02-29 23:59:59.999999+00', 300, 'edge')
same     INSERT INTO events VALUES ('2024-03-01 00:00:00+00', 301, 'edge')
same     INSERT INTO events VALUES ('2024-03-01 00:59:59+01', 302, 'still February')
same     INSERT INTO events VALUES ('1999-12-31 23:59:59+00', 303, 'before the epoch')
same     INSERT INTO events VALUES ($1, 304, 'by parameter') <- timestamptz 2024-07-31 22:00:00+00
same     INSERT INTO days VALUES ('2024-03-03', 300)
same     INSERT INTO days VALUES ('1999-12-26', 301)
same     INSERT INTO days VALUES (NULL, 302)
same     INSERT INTO stamps VALUES ('2024-04-01 23:59:59.999', 300)
same     INSERT INTO stamps VALUES ('1999-12-31 23:59:59', 301)
same     INSERT INTO "Odd Table" ("select", "Key Col") VALUES ('odd', 50)
same     INSERT INTO other.items VALUES (50, 'other')
same     INSERT INTO split VALUES (100, 'a')
same     INSERT INTO split VALUES (100, 'z')
same     INSERT INTO computed VALUES (100) RETURNING twice
same     INSERT INTO counted VALUES (100, 'given')
same     INSERT INTO single VALUES (100, 'on s1')
same     INSERT INTO notes SELECT id + 100, v FROM notes
same     INSERT INTO notes VALUES (300, 'a'), (301, 'b') RETURNING id
same     INSERT INTO notes VALUES (300, 'twice')
either   INSERT INTO items (nothing) VALUES (1)
same     INSERT INTO items (id, id) VALUES (1, 1)
same     INSERT INTO items (id, n) VALUES (1)
same     INSERT INTO items (id) VALUES (1, 2)
either   INSERT INTO nowhere VALUES (1)

[INSERTs whose shard is not certain]
either   INSERT INTO items (id) VALUES (111), (112)
refused  INSERT INTO items (id) VALUES (113), (114), (115), (116), (117), (118), (119), (120)
refused  INSERT INTO items (n) VALUES (1)
refused  INSERT INTO items DEFAULT VALUES
refused  INSERT INTO items (id) VALUES (DEFAULT)
refused  INSERT INTO items (id) VALUES (100 + 21)
refused  INSERT INTO items (id) VALUES (121.0)
refused  INSERT INTO items (id) VALUES (121.5)
refused  INSERT INTO items (id) VALUES (1e2)
refused  INSERT INTO items (id) VALUES (' 121')
refused  INSERT INTO items (id) VALUES ((SELECT 121))
refused  INSERT INTO items (id) VALUES ((SELECT max(id) + 1 FROM items))
refused  INSERT INTO items (id, n) VALUES (121, (SELECT count(*) FROM items))
refused  INSERT INTO items (id) VALUES (plus_one(121))
refused  INSERT INTO items (id) VALUES (nextval('ticket'))
either   INSERT INTO items (id) VALUES ($1) <- numeric 121
either   INSERT INTO items (id) VALUES ($1) <- float8 121
refused  INSERT INTO items SELECT 121, 1, 'selected'
refused  INSERT INTO items (id) SELECT id + 200 FROM notes
refused  INSERT INTO items (id) SELECT item_id + 1000 FROM orders WHERE item_id = 5
refused  INSERT INTO items (id) TABLE notes
either   INSERT INTO items (id, n) VALUES (5, 1) ON CONFLICT (id) DO UPDATE SET id = 999
refused  INSERT INTO codes VALUES ('abcdefgh', 1)
refused  INSERT INTO codes VALUES ('abcde   ', 1)
refused  INSERT INTO births VALUES ('today', 'now')
refused  INSERT INTO births VALUES (current_date, 'now')
refused  INSERT INTO births VALUES ('2000/01/01', 'slashes')
refused  INSERT INTO births VALUES ('1/2/2000', 'which')
refused  INSERT INTO births VALUES (timestamptz '2000-01-01 12:00:00+00', 'moment')
refused  INSERT INTO events VALUES (now(), 1, 'now')
refused  INSERT INTO events VALUES ('2024-03-02 15:30:00 PST', 1, 'PST')
refused  INSERT INTO events VALUES ('2024-03-31 23:59:59.9999999+00', 1, 'rounded up')
refused  INSERT INTO stamps VALUES ('2024-03-05 23:59:59.9999', 1)
refused  INSERT INTO stamps VALUES ('2024-03-05 04:00:00 PST', 1)
refused  INSERT INTO defaulted (v) VALUES ('by default')
refused  INSERT INTO counted (v) VALUES ('by sequence')
refused  INSERT INTO counted VALUES (DEFAULT, 'by sequence')
refused  INSERT INTO watched VALUES (1, 'a trigger moves it')
refused  INSERT INTO watched VALUES ($1, 'a trigger moves it') <- int4 1
refused  UPDATE watched SET v = 'x' WHERE id = 5
refused  INSERT INTO countries VALUES ('it', 'Italy')
refused  UPDATE countries SET name = 'x'
refused  DELETE FROM countries WHERE code = 'de'
refused  INSERT INTO item_names VALUES (130, 'through a view')
refused  UPDATE item_names SET name = 'x' WHERE id = 5
same     INSERT INTO split_a VALUES (130, 'a')
refused  DELETE FROM split_a
either   SELECT * FROM split_a
refused  SELECT count(*) FROM split_a
refused  INSERT INTO notes SELECT id, name FROM items
either   INSERT INTO notes SELECT id + 500, name FROM items WHERE id = 5
refused  INSERT INTO single SELECT id + 500, v FROM notes
refused  SELECT add_note(999)
refused  CALL nothing()
refused  DO $$ BEGIN INSERT INTO items VALUES (131); END $$
refused  DO 'BEGIN NULL; END'

[UPDATE and DELETE by key]
same     UPDATE items SET n = n + 1 WHERE id = 5
same     UPDATE items SET n = 1, name = 'new' WHERE id = 6 RETURNING *
same     UPDATE items SET n = $2 WHERE id = $1 <- int4 7 | int4 77
same     UPDATE items SET n = 0 WHERE id = 7777
same     UPDATE items SET n = 0 WHERE id = NULL
same     UPDATE items SET n = 0 WHERE id = 5 AND id = 6
same     UPDATE items i SET n = o.amount FROM orders o WHERE o.item_id = i.id AND i.id = 5 AND o.no = 1
same     UPDATE items SET name = c.name FROM countries c WHERE c.code = 'de' AND items.id = 8
same     UPDATE items SET n = (SELECT max(amount) FROM orders WHERE item_id = 9) WHERE id = 9
same     UPDATE items SET n = 1 / 0 WHERE id = 5
same     UPDATE items SET n = 'x' WHERE id = 5
same     UPDATE items SET nothing = 1 WHERE id = 5
same     UPDATE pairs SET n = 5 WHERE a = 3 AND b = 'b3'
same     UPDATE loose SET n = n + 1000 WHERE id IS NULL
same     UPDATE accounts SET balance = 0 WHERE id < 50
same     UPDATE accounts SET balance = balance + 1 WHERE id BETWEEN 100 AND 150
same     UPDATE events SET what = 'March' WHERE at >= '2024-03-01 00:00:00+00' AND at < '2024-04-01 00:00:00+00'
same     UPDATE regions SET total = total + 1 WHERE region IN ('eu', 'uk')
same     UPDATE single SET v = 'updated'
same     UPDATE notes SET v = v || '!' WHERE id < 4
same     UPDATE split SET v = 'b' WHERE id = 5
same     DELETE FROM items WHERE id = 10
same     DELETE FROM items WHERE id = 11 RETURNING name
same     DELETE FROM items WHERE id IN (12)
same     DELETE FROM items WHERE id = ANY ($1) <- int4[] {13}
same     DELETE FROM orders USING items WHERE item_id = items.id AND items.id = 14
same     DELETE FROM pairs WHERE a = 4 AND b = 'b4'
same     DELETE FROM days WHERE day >= '2024-03-04' AND day < '2024-03-11'
same     DELETE FROM notes WHERE id > 300
same     MERGE INTO notes USING (VALUES (1, 'merged'), (700, 'new')) s (id, v) ON notes.id = s.id
           WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)
same     WITH gone AS (DELETE FROM items WHERE id = 15 RETURNING *) SELECT name FROM gone
same     WITH changed AS (UPDATE items SET n = 16 WHERE id = 16 RETURNING id) SELECT * FROM changed
same     WITH gone AS (DELETE FROM notes WHERE id = 700 RETURNING id) SELECT count(*) FROM gone

[UPDATE and DELETE that reach several shards or move rows]
refused  UPDATE items SET n = 0
refused  UPDATE items SET n = 0 WHERE n = 1
refused  UPDATE items SET id = 1000 WHERE id = 5
refused  UPDATE items SET id = id WHERE id = 5
refused  UPDATE items SET (id, n) = (1000, 1) WHERE id = 5
refused  UPDATE pairs SET b = 'moved' WHERE a = 3 AND b = 'b3'
refused  UPDATE accounts SET id = 500 WHERE id = 9
refused  UPDATE events SET at = at + '1 month' WHERE at = '2024-03-02 23:30:00+00'
refused  UPDATE items SET n = 0 WHERE id = 5 OR n = 3
refused  UPDATE items SET n = (SELECT count(*) FROM orders) WHERE id = 5
refused  UPDATE items SET n = o.amount FROM orders o WHERE o.item_id = items.id
refused  UPDATE items SET n = o.amount FROM orders o WHERE o.no = 1 AND items.id = 5
refused  UPDATE items SET n = 0 WHERE id = 5 RETURNING ctid
refused  UPDATE items SET n = 0 WHERE ctid = '(0,1)'
refused  UPDATE accounts SET balance = 0 WHERE id > 50
refused  UPDATE events SET what = 'x' WHERE at > '2024-01-01 00:00:00+00'
refused  DELETE FROM items
refused  DELETE FROM items WHERE n = 2
refused  DELETE FROM items WHERE id IN (SELECT id FROM notes)
refused  DELETE FROM items WHERE id = (SELECT 5)
refused  DELETE FROM items USING notes WHERE items.id = notes.id
either   DELETE FROM items WHERE id IN (20, 21)
either   DELETE FROM items WHERE id = 22 OR id = 23
refused  MERGE INTO items USING (VALUES (1)) s (id) ON items.id = s.id WHEN MATCHED THEN DELETE
refused  WITH gone AS (DELETE FROM items RETURNING *) SELECT count(*) FROM gone
either   WITH gone AS (DELETE FROM items WHERE id = 24 RETURNING *) DELETE FROM items WHERE id = 25
refused  WITH gone AS (DELETE FROM items WHERE id = 24 RETURNING id) INSERT INTO items SELECT id + 1000 FROM gone
refused  WITH gone AS (DELETE FROM items WHERE id = 24 RETURNING id) SELECT * FROM orders, gone
refused  WITH added AS (INSERT INTO items VALUES (140)) SELECT count(*) FROM orders
either   WITH added AS (INSERT INTO items VALUES (141)) SELECT 1
