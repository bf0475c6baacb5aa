-- A tour of the shop. Above each statement stands what to look at, and after `--@` the
-- plan to expect: one shard, all shards, any shard, or refused. The lines after it that
-- begin with `--=` are the rows that it gives.

-- One customer. The key says which shard has the row; nobody else is asked.
--@ one shard
SELECT name, country FROM customers WHERE id = 107;
--= Grace Wanjiru | ke

-- Joins of tables that share their key stay on that shard, reference tables come along.
--@ one shard
SELECT c.name, n.name, o.item, o.price
  FROM customers c
  JOIN orders o ON o.customer_id = c.id
  JOIN countries n ON n.code = c.country
 WHERE c.id = 107
 ORDER BY o.number;
--= Grace Wanjiru | Kenya | lamp | 24.50
--= Grace Wanjiru | Kenya | rug | 120.00

-- On one shard, everything is PostgreSQL's own: grouping, aggregates, windows.
--@ one shard
SELECT count(*), sum(price) FROM orders WHERE customer_id = 107;
--= 2 | 144.50

-- No key: every shard is asked, and their rows are put together.
--@ all shards
SELECT id, name FROM customers WHERE country = 'nz';
--= 111 | Kiri Walker
--= 112 | Liam Parata

-- A reference table is on every shard, so any shard will do.
--@ any shard
SELECT name FROM countries WHERE code = 'nz';
--= New Zealand

-- A month of events is on one shard, and only that one is asked.
--@ one shard
SELECT what, customer_id FROM events
 WHERE created_at >= '2026-03-01 00:00:00+00' AND created_at < '2026-04-01 00:00:00+00';
--= signed up | 110
--= placed an order | 103
--= left a review | 108

-- Two months in a row are on two shards.
--@ all shards
SELECT what, customer_id FROM events
 WHERE created_at BETWEEN '2026-03-20 00:00:00+00' AND '2026-04-05 00:00:00+00';
--= left a review | 108
--= signed up | 105

-- A write goes to the primary of the shard that its key names.
--@ one shard
INSERT INTO orders (customer_id, number, item, price) VALUES (107, 9, 'teapot', 31.75)
RETURNING number;
--= 9

-- The session sees its own write at once, also where a standby serves the read.
--@ one shard
SELECT item, price FROM orders WHERE customer_id = 107 AND number = 9;
--= teapot | 31.75

-- A transaction on one shard is PostgreSQL's own.
--@ one shard
BEGIN;
UPDATE orders SET price = 30.00 WHERE customer_id = 107 AND number = 9;
DELETE FROM orders WHERE customer_id = 107 AND number = 9 RETURNING price;
COMMIT;
--= 30.00

-- No shard alone knows how many customers there are. Until the router can add the
-- counts up, it says no: right or refused, never silently wrong.
--@ refused
SELECT count(*) FROM customers;

-- Whoever means one shard can say so, where the operator allows hints.
--@ one shard
/* pgbraid: shard=s1 */ SELECT 'counted on one shard', count(*) > 0 FROM customers;
--= counted on one shard | True
