-- Statements whose key is given reach the shards that can hold their rows, and only these.

[hash keys]
same     SELECT * FROM items WHERE id = 5
same     SELECT * FROM items WHERE id = -5
same     SELECT * FROM items WHERE 5 = id
same     SELECT name, id FROM items WHERE id = 7 AND n = 0
same     SELECT name FROM items WHERE id = 7 AND n = 1
same     SELECT name FROM items i WHERE i.id = 8
same     SELECT name FROM public.items WHERE items.id = 8
same     SELECT * FROM other.items WHERE id = 8
same     SELECT * FROM "Odd Table" WHERE "Key Col" = 3
same     SELECT "select" FROM "Odd Table" AS "O" WHERE "O"."Key Col" = 3
same     SELECT * FROM big WHERE id = -190000000000
same     SELECT * FROM big WHERE id = 50000000000
same     SELECT * FROM small WHERE id = -3
same     SELECT * FROM people WHERE name = 'person 3'
same     SELECT * FROM people WHERE name = 'nobody''s'
same     SELECT * FROM codes WHERE code = 'ab'
same     SELECT * FROM codes WHERE code = 'ab '
same     SELECT * FROM codes WHERE code = ''
same     SELECT * FROM codes WHERE code = '日本語五字'
same     SELECT * FROM devices WHERE id = '00000005-1111-2222-3333-444455556666'
same     SELECT * FROM devices WHERE id = '{00000005-1111-2222-3333-444455556666}'
same     SELECT * FROM devices WHERE id = '0000000511112222333344445555666A'
same     SELECT * FROM births WHERE day = '1985-05-06'
same     SELECT * FROM births WHERE day = date '1985-05-06'
same     SELECT * FROM pairs WHERE a = 3 AND b = 'b3'
same     SELECT * FROM pairs WHERE b = 'b3' AND a = 3
same     SELECT * FROM pairs WHERE (a, b) = (3, 'b3')
same     SELECT * FROM pairs WHERE a = 3
same     SELECT * FROM pairs WHERE b = 'b3'
same     SELECT count(*) FROM pairs WHERE a = 3 AND b = 'b3'
same     SELECT count(*), max(n) FROM items WHERE id = 5
same     SELECT DISTINCT n FROM items WHERE id = 5
same     SELECT n, count(*) FROM orders WHERE item_id = 5 GROUP BY note, no HAVING count(*) > 0
same     SELECT no, count(*) FROM orders WHERE item_id = 5 GROUP BY no HAVING count(*) > 0
same     SELECT * FROM orders WHERE item_id = 5 ORDER BY no DESC LIMIT 1 OFFSET 1
same     SELECT no, row_number() OVER (ORDER BY amount) FROM orders WHERE item_id = 5
same     SELECT * FROM items WHERE id = 5 FOR UPDATE
same     SELECT now() = now(), id FROM items WHERE id = 5
same     SELECT id FROM items WHERE id = 5 AND random() >= 0
same     TABLE single
same     VALUES (1, 'a'), (2, 'b')
same     SELECT 1 AS one, 'x'::text
same     SELECT

[sets of keys]
same     SELECT * FROM items WHERE id IN (5)
same     SELECT * FROM items WHERE id IN (1, 2, 3, 400)
same     SELECT * FROM items WHERE id IN (1, NULL, 3)
same     SELECT * FROM items WHERE id = ANY ('{1,2,3}')
same     SELECT * FROM items WHERE id = ANY (ARRAY[1, 2, 3])
same     SELECT * FROM items WHERE id = ANY ('{1,NULL,3}')
same     SELECT * FROM items WHERE id = ANY ('{}')
same     SELECT * FROM items WHERE id = ANY (NULL)
same     SELECT * FROM items WHERE id = ANY ('{{1,2},{3,4}}')
same     SELECT * FROM items WHERE id = ANY ('[5:6]={1,2}')
same     SELECT * FROM people WHERE name = ANY ('{person 3,person 4}')
same     SELECT * FROM people WHERE name = ANY ('{"person 3","person 4"}')
same     SELECT * FROM items WHERE id = 1 OR id = 2
same     SELECT * FROM items WHERE id = 1 OR n = 2
same     SELECT * FROM items WHERE (id = 1 OR id = 2) AND n = 2
same     SELECT * FROM items WHERE id = 1 AND id = 2
same     SELECT * FROM items WHERE NOT id = 1
same     SELECT * FROM items WHERE NOT (id <> 1)
same     SELECT * FROM items WHERE id <> 1
same     SELECT * FROM items WHERE id NOT IN (1, 2, 3)
same     SELECT * FROM items WHERE NOT (id = 1 OR id = 2)
same     SELECT * FROM items WHERE id <> ALL ('{1,2}')
same     SELECT * FROM items WHERE (id = 3) IS TRUE
same     SELECT * FROM items WHERE (id = 3) IS NOT TRUE
same     SELECT * FROM items WHERE (id = 3) = true
same     SELECT * FROM items WHERE (id = 3) = (n = 3)
same     SELECT * FROM items WHERE id = 3 OR NULL
same     SELECT * FROM items WHERE id = 3 AND NULL
same     SELECT * FROM items WHERE CASE WHEN id = 3 THEN true ELSE n = 1 END
same     SELECT * FROM items WHERE COALESCE(id = 3, true)
same     SELECT * FROM items WHERE id + 0 = 3
same     SELECT * FROM items WHERE id = 1 + 2
same     SELECT * FROM items WHERE -id = -3
same     SELECT * FROM items WHERE id = n
same     SELECT * FROM items WHERE id = n + 7
same     SELECT * FROM items WHERE (id, n) = (5, 5)
same     SELECT * FROM items WHERE (id, n) IN ((5, 5), (6, 6), (7, 1))
same     SELECT * FROM items WHERE (id, n) < (5, 5)
same     SELECT * FROM items WHERE ROW(id) = ROW(5)
same     SELECT * FROM items WHERE id BETWEEN 5 AND 9
same     SELECT * FROM items WHERE id BETWEEN SYMMETRIC 9 AND 5
same     SELECT * FROM items WHERE id NOT BETWEEN 5 AND 9
same     SELECT * FROM items WHERE id IS NOT DISTINCT FROM 5
same     SELECT * FROM items WHERE id IS DISTINCT FROM 5
same     SELECT * FROM people WHERE name LIKE 'person 1%'
same     SELECT * FROM people WHERE name ILIKE 'PERSON 3'
same     SELECT * FROM people WHERE name ~ '^person 3$'
same     SELECT * FROM people WHERE lower(name) = 'person 3'
same     SELECT * FROM people WHERE name = 'person 3' COLLATE "C"
same     SELECT * FROM people WHERE name || '' = 'person 3'
same     SELECT * FROM people WHERE name::varchar(8) = 'person 3'
same     SELECT * FROM people WHERE name::char(20) = 'person 3'

[NULL keys]
same     SELECT * FROM loose WHERE id IS NULL
same     SELECT * FROM loose WHERE id IS NOT NULL
same     SELECT * FROM loose WHERE id = NULL
same     SELECT * FROM loose WHERE id IS NOT DISTINCT FROM NULL
same     SELECT * FROM loose WHERE id IS DISTINCT FROM NULL
same     SELECT * FROM loose WHERE id IS NULL OR id = 3
same     SELECT * FROM loose WHERE id IN (NULL, 3)
same     SELECT * FROM loose WHERE id NOT IN (NULL, 3)
same     SELECT * FROM loose WHERE COALESCE(id, 3) = 3
same     SELECT * FROM loose WHERE (id = 3) IS UNKNOWN
same     SELECT * FROM loose WHERE (id = 3) IS NULL
same     SELECT * FROM loose WHERE (id IS NULL) = true
same     SELECT * FROM pairs WHERE a IS NULL AND b = 'x'
same     SELECT * FROM pairs WHERE a = 3 AND b IS NULL
same     SELECT * FROM pairs WHERE a IS NULL AND b IS NULL
same     SELECT * FROM pairs WHERE a IS NULL
same     SELECT * FROM pairs WHERE a = NULL AND b = 'x'
same     SELECT * FROM codes WHERE code IS NULL
same     SELECT * FROM births WHERE day IS NULL
same     SELECT * FROM days WHERE day IS NULL
same     SELECT * FROM regions WHERE region IS NULL
same     SELECT * FROM zones WHERE zone IS NULL
same     SELECT * FROM accounts WHERE id IS NULL
same     SELECT * FROM events WHERE at IS NULL

[list keys]
same     SELECT * FROM regions WHERE region = 'eu'
same     SELECT * FROM regions WHERE region = 'us'
same     SELECT * FROM regions WHERE region = 'EU'
same     SELECT * FROM regions WHERE region = 'café'
same     SELECT * FROM regions WHERE region = 'cafe'
same     SELECT * FROM regions WHERE region = ''
same     SELECT sum(total) FROM regions WHERE region IN ('eu', 'uk')
same     SELECT * FROM regions WHERE region IN ('eu', 'us', 'asia')
same     SELECT * FROM regions WHERE region > 'e'
same     SELECT count(*) FROM zones WHERE zone = 'a'
same     SELECT count(*) FROM zones WHERE zone = 'nowhere'
same     SELECT * FROM zones WHERE zone IN ('b', 'c') ORDER BY zone
same     SELECT * FROM zones WHERE zone = 'b' OR zone = 'c' ORDER BY zone LIMIT 1

[range keys]
same     SELECT * FROM accounts WHERE id = 99
same     SELECT * FROM accounts WHERE id = 100
same     SELECT sum(balance) FROM accounts WHERE id < 100
same     SELECT sum(balance) FROM accounts WHERE id <= 99
either   SELECT sum(balance) FROM accounts WHERE id <= 100
same     SELECT count(*) FROM accounts WHERE id BETWEEN 100 AND 199
same     SELECT count(*) FROM accounts WHERE id >= 100 AND id < 200
same     SELECT count(*) FROM accounts WHERE 100 <= id AND 200 > id
same     SELECT count(*) FROM accounts WHERE id > 99 AND id < 101
same     SELECT count(*) FROM accounts WHERE id > 5 AND id < 3
same     SELECT * FROM accounts WHERE id BETWEEN 50 AND 150
same     SELECT * FROM accounts WHERE id > 190
same     SELECT * FROM accounts WHERE NOT (id > 90)
same     SELECT * FROM accounts WHERE NOT (id < 90 OR id > 110)
same     SELECT * FROM accounts WHERE id > 90.5 AND id < 108.5
same     SELECT * FROM accounts WHERE id < 99999999999
same     SELECT * FROM accounts WHERE id > 99999999999
same     SELECT owner FROM accounts WHERE id < 30 ORDER BY id DESC
same     SELECT owner, count(*) FROM accounts WHERE id < 90 GROUP BY owner ORDER BY owner
same     SELECT * FROM words WHERE word < 'g' ORDER BY n
same     SELECT * FROM words WHERE word < 'fzzz' ORDER BY n
same     SELECT * FROM words WHERE word >= 'p'
same     SELECT * FROM words WHERE word BETWEEN 'g' AND 'h'
same     SELECT * FROM words WHERE word = 'äpfel'
same     SELECT * FROM words WHERE word > 'a' COLLATE "C"

[time keys]
same     SELECT count(*) FROM events WHERE at >= '2024-03-01 00:00:00+00' AND at < '2024-04-01 00:00:00+00'
same     SELECT count(*) FROM events WHERE at BETWEEN '2024-03-01 00:00:00+00' AND '2024-03-31 23:59:59.999999+00'
same     SELECT * FROM events WHERE at = '2024-03-02 23:30:00+00'
same     SELECT * FROM events WHERE at = '2024-03-03 00:30:00+01'
same     SELECT * FROM events WHERE at = '2024-03-02 18:30:00-05'
same     SELECT * FROM events WHERE at > '2024-06-01'
same     SELECT * FROM events WHERE at > '2024-06-01 00:00:00+14' AND at < '2024-07-01 00:00:00-11'
same     SELECT * FROM events WHERE at >= timestamptz '2024-03-01 00:00:00+00' AND at < timestamptz '2024-04-01 00:00:00+00' ORDER BY at
same     SELECT * FROM events WHERE at >= date '2024-03-01' AND at < date '2024-04-01'
same     SELECT * FROM events WHERE at::date = '2024-03-02'
same     SELECT * FROM events WHERE at = 'infinity'
same     SELECT count(*) FROM days WHERE day >= '2024-03-04' AND day < '2024-03-11'
same     SELECT * FROM days WHERE day = '2024-03-03'
same     SELECT * FROM days WHERE day > '2024-11-01'
same     SELECT * FROM days WHERE day = '2024-3-3'
same     SELECT * FROM days WHERE day = 'March 3, 2024'
same     SELECT * FROM days WHERE day = timestamp '2024-03-03 00:00:00'
same     SELECT * FROM days WHERE day < timestamp '2024-03-03 12:00:00' AND day > timestamp '2024-02-02 12:00:00'
same     SELECT * FROM stamps WHERE ts >= '2024-03-05 00:00:00' AND ts < '2024-03-06 00:00:00' ORDER BY ts
same     SELECT * FROM stamps WHERE ts = '2024-03-05 04:00:00.004'
same     SELECT * FROM stamps WHERE ts = '2024-03-05 04:00:00.0041'
same     SELECT * FROM stamps WHERE ts = '2024-03-05T04:00:00.004'
same     SELECT * FROM stamps WHERE ts > '2024-03-05 23:59:59.9999' AND ts < '2024-03-07'

[parameters]
same     SELECT * FROM items WHERE id = $1 <- int4 5
same     SELECT * FROM items WHERE id = $1 <- int8 5
same     SELECT * FROM items WHERE id = $1 <- int2 5
same     SELECT * FROM items WHERE id = $1 <- int8 99999999999
same     SELECT * FROM items WHERE id = $1 <- text 5
same     SELECT * FROM items WHERE id = $1 <- float8 5
same     SELECT * FROM items WHERE id = $1 <- numeric 5.0
same     SELECT * FROM items WHERE id = $1 <- int4 NULL
same     SELECT * FROM items WHERE id = $1::int <- int4 5
same     SELECT * FROM items WHERE id = $1::int8 <- int8 5
same     SELECT * FROM items WHERE id = $1::text::int <- text 5
same     SELECT * FROM items WHERE id = -$1 <- int4 -5
same     SELECT * FROM items WHERE id = $1 AND n = $1 <- int4 5
same     SELECT * FROM items WHERE id = $2 AND n = $1 <- int4 5 | int4 5
same     SELECT * FROM items WHERE id IN ($1, $2, 7) <- int4 5 | int4 6
same     SELECT * FROM items WHERE id = ANY ($1) <- int4[] {1,2,3}
same     SELECT * FROM items WHERE id = ANY ($1) <- int8[] {1,2,300}
same     SELECT * FROM items WHERE id = ANY ($1) <- int4[] {}
same     SELECT * FROM items WHERE id = ANY ($1) <- int4[] NULL
same     SELECT $1::int, id FROM items WHERE id = $2 <- int4 9 | int4 5
same     SELECT * FROM big WHERE id = $1 <- int8 50000000000
same     SELECT * FROM big WHERE id = $1 <- int4 5
same     SELECT * FROM small WHERE id = $1 <- int8 -3
same     SELECT * FROM small WHERE id = $1 <- int8 70000
same     SELECT * FROM people WHERE name = $1 <- text 'person 3'
same     SELECT * FROM people WHERE name = $1 <- varchar 'person 3'
same     SELECT * FROM people WHERE name = ANY ($1) <- text[] {zoo,apple}
same     SELECT * FROM codes WHERE code = $1 <- text 'ab '
same     SELECT * FROM codes WHERE code = $1 <- varchar 'abcdefgh'
same     SELECT * FROM devices WHERE id = $1 <- uuid 00000005-1111-2222-3333-444455556666
same     SELECT * FROM devices WHERE id = ANY ($1) <- uuid[] {00000005-1111-2222-3333-444455556666}
same     SELECT * FROM pairs WHERE a = $1 AND b = $2 <- int4 3 | text b3
same     SELECT * FROM pairs WHERE a = $1 AND b = $2 <- int4 NULL | text x
same     SELECT * FROM pairs WHERE a IS NOT DISTINCT FROM $1 AND b = $2 <- int4 NULL | text x
same     SELECT * FROM loose WHERE id IS NOT DISTINCT FROM $1 <- int4 NULL
same     SELECT * FROM loose WHERE id IS NOT DISTINCT FROM $1 <- int4 3
same     SELECT * FROM births WHERE day = $1 <- date 1985-05-06
same     SELECT * FROM births WHERE day = $1 <- timestamp 1985-05-06
same     SELECT * FROM births WHERE day = $1 <- timestamptz 1985-05-06 00:00:00+00
same     SELECT * FROM accounts WHERE id >= $1 AND id < $2 <- int4 100 | int4 200
same     SELECT count(*) FROM accounts WHERE id BETWEEN $1 AND $2 <- int4 100 | int4 150
same     SELECT * FROM accounts WHERE id < $1 <- int8 99999999999
same     SELECT * FROM words WHERE word < $1 ORDER BY n <- text g
same     SELECT count(*) FROM events WHERE at >= $1 AND at < $2 <- timestamptz 2024-03-01 00:00:00+00 | timestamptz 2024-04-01 00:00:00+00
same     SELECT * FROM events WHERE at = $1 <- timestamptz 2024-03-02 23:30:00+00
same     SELECT count(*) FROM days WHERE day >= $1 AND day < $2 <- date 2024-03-04 | date 2024-03-11
same     SELECT * FROM stamps WHERE ts = $1 <- timestamp 2024-03-05 04:00:00.004
same     SELECT * FROM stamps WHERE ts = $1 <- timestamp 2024-03-05 04:00:00.0041
same     SELECT * FROM regions WHERE region = $1 <- text us
same     SELECT * FROM items WHERE id = $1 AND price > $1::float4 <- float8 16777217
same     SELECT * FROM items WHERE n > $1 <- int4 4

[joins and subqueries]
same     SELECT * FROM items i JOIN orders o ON o.item_id = i.id WHERE i.id = 5
same     SELECT * FROM items i JOIN orders o ON o.item_id = i.id WHERE o.item_id = 5
same     SELECT * FROM items i, orders o WHERE o.item_id = i.id AND i.id = 5
same     SELECT * FROM items i JOIN orders o ON o.item_id = i.id AND i.id = 5
same     SELECT * FROM items i LEFT JOIN orders o ON o.item_id = i.id WHERE i.id = 5
same     SELECT * FROM items i LEFT JOIN orders o ON o.item_id = i.id AND o.no = 9 WHERE i.id = 5
either   SELECT * FROM items i LEFT JOIN orders o ON o.item_id = i.id AND i.id = 5
either   SELECT * FROM items i LEFT JOIN orders o ON o.item_id = i.id WHERE o.item_id = 5
either   SELECT * FROM items i FULL JOIN orders o ON o.item_id = i.id AND i.id = 5 AND o.item_id = 5
either   SELECT * FROM items i RIGHT JOIN orders o ON o.item_id = i.id WHERE i.id = 5
same     SELECT * FROM items i JOIN other.items o USING (id) WHERE id = 5
same     SELECT count(*) FROM items NATURAL JOIN computed WHERE id = 5
same     SELECT * FROM items WHERE id = 5 AND EXISTS (SELECT FROM orders WHERE item_id = 5)
same     SELECT * FROM items i WHERE id = 5 AND EXISTS (SELECT FROM orders o WHERE o.item_id = i.id)
same     SELECT (SELECT max(no) FROM orders WHERE item_id = 5), name FROM items WHERE id = 5
same     SELECT * FROM (SELECT * FROM items WHERE id = 5) s
either   SELECT * FROM (SELECT * FROM items) s WHERE s.id = 5
same     WITH s AS (SELECT * FROM items WHERE id = 5) SELECT count(*) FROM s
same     SELECT * FROM items WHERE id = 5 UNION ALL SELECT * FROM items WHERE id = 5
same     SELECT name FROM items WHERE id = 5 UNION SELECT note FROM orders WHERE item_id = 5
same     SELECT i.name, c.name FROM items i, countries c WHERE i.id = 5 AND c.code = 'de'
same     SELECT i.name, c.name FROM items i CROSS JOIN countries c WHERE i.id = 5 ORDER BY c.code
same     SELECT * FROM items i LEFT JOIN countries c ON c.code = i.name WHERE i.id = 6
same     SELECT s.v, c.name FROM single s, countries c WHERE s.id = 3
same     SELECT n.v, c.name FROM notes n, countries c ORDER BY n.id, c.code
same     SELECT * FROM countries ORDER BY code
same     SELECT count(*) FROM countries a JOIN countries b USING (code)
same     SELECT count(*), max(v) FROM single
same     SELECT * FROM notes ORDER BY id OFFSET 2 LIMIT 3
same     SELECT * FROM shadow.items
same     SELECT * FROM note_texts ORDER BY v
same     SELECT n.id, lag(id) OVER (ORDER BY id) FROM notes n
same     WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT sum(i) FROM t
same     SELECT generate_series(1, 3)
