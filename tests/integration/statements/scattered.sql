-- Statements over several shards: whole answers, or a refusal.

[plain SELECTs are concatenated]
same     SELECT * FROM items
same     SELECT id FROM items WHERE n = 3
same     SELECT id, n * 2 AS twice, upper(name), price + 1 FROM items WHERE price > 10 AND name LIKE 'item %'
same     SELECT 1 FROM items
same     SELECT id::text || name FROM items WHERE n IN (1, 2) OR name = 'item 5'
same     SELECT CASE WHEN n > 3 THEN 'high' ELSE 'low' END, COALESCE(name, '-') FROM items
same     SELECT i.* FROM items AS i WHERE i.n < 2
same     SELECT * FROM items WHERE false
same     SELECT * FROM items WHERE name IS NULL
same     SELECT name COLLATE "C" FROM items WHERE name > 'item 3'
same     SELECT id, 10 / (n - 7) FROM items
same     SELECT id, 10 / n FROM items
same     SELECT * FROM regions
same     SELECT * FROM accounts WHERE balance > 1000
same     SELECT * FROM events WHERE what = 'what 3'
same     SELECT * FROM pairs
same     SELECT * FROM split
same     SELECT * FROM split WHERE v = 'a'
same     SELECT * FROM computed WHERE twice > 20
same     SELECT * FROM "Odd Table"
same     SELECT extract(year FROM at), date_trunc('month', at) FROM events
same     SELECT ARRAY[id, n], ROW(id, n) FROM items
same     SELECT price::int, price::text FROM items
same     SELECT * FROM items WHERE $1 = n <- int4 3

[what each shard cannot answer alone]
refused  SELECT count(*) FROM items
refused  SELECT sum(n), avg(n), min(n), max(n) FROM items
refused  SELECT count(*) FILTER (WHERE n = 3) FROM items
refused  SELECT string_agg(name, ',' ORDER BY id) FROM items
refused  SELECT n, count(*) FROM items GROUP BY n
refused  SELECT n, count(*) FROM items GROUP BY n HAVING count(*) > 3
refused  SELECT 1 FROM items HAVING count(*) > 3
refused  SELECT 1 FROM items HAVING true
refused  SELECT n, grouping(n) FROM items GROUP BY GROUPING SETS ((n), ())
refused  SELECT n FROM items GROUP BY ROLLUP (n)
refused  SELECT id FROM items ORDER BY id
refused  SELECT id FROM items ORDER BY name
refused  SELECT id FROM items ORDER BY -id
refused  SELECT id FROM items ORDER BY 1 DESC NULLS LAST
refused  SELECT id FROM items ORDER BY name COLLATE "C"
refused  SELECT id FROM items LIMIT 3
refused  SELECT id FROM items LIMIT ALL OFFSET 1
refused  SELECT id FROM items OFFSET 5
refused  SELECT id FROM items FETCH FIRST 3 ROWS ONLY
refused  SELECT id FROM items ORDER BY n FETCH FIRST 3 ROWS WITH TIES
refused  SELECT DISTINCT n FROM items
refused  SELECT DISTINCT ON (n) id FROM items
refused  SELECT id, row_number() OVER () FROM items
refused  SELECT id, sum(n) OVER (PARTITION BY id) FROM items
refused  SELECT id, rank() OVER w FROM items WINDOW w AS (ORDER BY n)
refused  SELECT id FROM items UNION SELECT id FROM items
refused  SELECT id FROM items UNION ALL SELECT id FROM big
refused  SELECT id FROM items EXCEPT SELECT 5
refused  SELECT id FROM items INTERSECT SELECT 5
refused  SELECT generate_series(1, 2), id FROM items
refused  SELECT unnest(ARRAY[1, 2]), id FROM items
refused  SELECT random(), id FROM items
refused  SELECT now(), id FROM items
refused  SELECT current_timestamp FROM items
refused  SELECT current_date FROM items
refused  SELECT id FROM items WHERE at < now()
either   SELECT current_user, id FROM items
refused  SELECT clock_timestamp() FROM items
refused  SELECT nextval('ticket'), id FROM items
refused  SELECT pg_backend_pid(), id FROM items
refused  SELECT txid_current(), id FROM items
refused  SELECT ctid, id FROM items
refused  SELECT xmin FROM items
refused  SELECT tableoid::regclass FROM items
refused  SELECT items.ctid FROM items WHERE id = 5
refused  SELECT id FROM items WHERE ctid = '(0,1)'
refused  SELECT 'items'::regclass, id FROM items
refused  SELECT 'items'::regclass::oid FROM items
refused  SELECT plus_one(id) FROM items
refused  SELECT id FROM items WHERE plus_one(id) = 6
refused  SELECT id FROM items WHERE item_count() > 10
refused  SELECT item_count() FROM items WHERE id = 5
refused  SELECT item_count()
either   SELECT plus_one(5)
refused  SELECT items FROM items
refused  SELECT id FROM items FOR UPDATE
refused  SELECT id FROM items FOR SHARE SKIP LOCKED
refused  SELECT * INTO copied FROM items
refused  CREATE TABLE copied AS SELECT * FROM items
refused  SELECT * FROM items TABLESAMPLE SYSTEM (50)
refused  SELECT * FROM ONLY items ORDER BY id
either   SELECT * FROM ONLY items
either   SELECT * FROM items AS t (a, b, c)
refused  SELECT * FROM item_names
refused  SELECT * FROM item_names WHERE id = 5
refused  SELECT count(*) FROM item_names
refused  SELECT * FROM country_names
refused  SELECT * FROM item_totals
same     SELECT * FROM note_totals
refused  SELECT id FROM items WHERE at < '12:00 today'
refused  SELECT id FROM items WHERE at = ANY ('{now}')
refused  SELECT id FROM items WHERE at < $1::text::timestamptz <- text Tomorrow
refused  SELECT ('to' || 'day')::date FROM items
refused  SELECT name::timestamptz FROM items WHERE n = 99
refused  SELECT timestamptz(name) FROM items WHERE n = 99
same     SELECT at::date, date_trunc('day', at)::date, (at + '1 day')::date FROM items
same     SELECT id FROM items WHERE name = 'unknown' OR name = 'nowhere'

[joins and subqueries over several shards]
refused  SELECT * FROM items i JOIN orders o ON o.item_id = i.id
refused  SELECT * FROM items i JOIN orders o ON o.no = i.id WHERE i.id = 5
refused  SELECT * FROM items i JOIN orders o ON o.item_id = i.id WHERE o.no = 1
refused  SELECT * FROM items i, big b WHERE i.id = b.id
refused  SELECT * FROM items a JOIN items b ON a.id = b.n
refused  SELECT * FROM items, countries
refused  SELECT * FROM items i LEFT JOIN countries c ON c.code = i.name
refused  SELECT * FROM countries c LEFT JOIN items i ON c.code = i.name
refused  SELECT * FROM countries c WHERE NOT EXISTS (SELECT FROM items i WHERE i.name = c.name)
refused  SELECT * FROM items i, LATERAL (SELECT 1) s
refused  SELECT * FROM items, notes
refused  SELECT * FROM single, notes
refused  SELECT * FROM single s WHERE s.id IN (SELECT id FROM notes)
refused  SELECT * FROM (SELECT * FROM items ORDER BY id LIMIT 1) s
refused  SELECT * FROM (SELECT count(*) FROM items) s
refused  WITH s AS (SELECT * FROM items) SELECT count(*) FROM s
either   WITH s AS (SELECT * FROM items) SELECT * FROM s
refused  WITH RECURSIVE s AS (SELECT id FROM items WHERE id = 5 UNION ALL SELECT i.id FROM items i JOIN s ON i.id = s.id + 1) SELECT * FROM s
refused  SELECT (SELECT count(*) FROM items)
refused  SELECT * FROM items WHERE id = (SELECT max(id) FROM items)
refused  SELECT * FROM items WHERE id IN (SELECT item_id FROM orders)
refused  SELECT * FROM items WHERE id NOT IN (SELECT item_id FROM orders WHERE item_id = 5)
refused  SELECT * FROM items WHERE EXISTS (SELECT FROM orders WHERE item_id = 5)
refused  SELECT * FROM items i WHERE EXISTS (SELECT FROM orders o WHERE o.item_id = i.id)
refused  SELECT * FROM items WHERE n = (SELECT n FROM items WHERE id = 5)
refused  SELECT * FROM items WHERE n = ANY (SELECT n FROM items WHERE id = 5)
refused  SELECT * FROM items WHERE n = ANY (ARRAY(SELECT n FROM items WHERE id = 5))
refused  SELECT * FROM items WHERE name = (SELECT name FROM countries WHERE code = 'de')
refused  SELECT (SELECT name FROM items WHERE id = 5), count(*) FROM orders
refused  SELECT * FROM items WHERE id = 5 OR EXISTS (SELECT FROM orders WHERE item_id = 6)
either   SELECT name FROM items WHERE id = 1 UNION SELECT name FROM items WHERE id = 2
either   SELECT name FROM items WHERE id = 1 UNION ALL SELECT name FROM items WHERE id = 4
either   SELECT * FROM items WHERE id = 5 AND n = (SELECT max(n) FROM items WHERE id = 6)
either   SELECT count(*) FROM items WHERE id IN (1, 2)
either   SELECT * FROM items WHERE id IN (1, 2) ORDER BY id
either   SELECT count(*) FROM items WHERE id = 1 OR id = 2
either   SELECT * FROM items a, items b WHERE a.id = 1 AND b.id = 2
either   SELECT count(*) FROM items a LEFT JOIN orders b ON b.item_id = 6 WHERE a.id = 5
either   SELECT count(*) FROM accounts WHERE id BETWEEN 50 AND 150
either   SELECT count(*) FROM events WHERE at >= '2024-03-01 00:00:00+00' AND at < '2024-05-01 00:00:00+00'
either   SELECT count(*) FROM items WHERE id = 5 AND EXISTS (SELECT FROM orders WHERE item_id IN (6, 7, 8, 9))
refused  SELECT count(*) FROM items WHERE id = $1 OR n = $1 <- int4 5
refused  SELECT count(*) FROM pairs WHERE a = 3
refused  SELECT count(*) FROM events WHERE at > '2023-01-01 00:00:00+00'
refused  SELECT count(*) FROM accounts
refused  SELECT max(id) FROM regions WHERE region <> 'eu'
