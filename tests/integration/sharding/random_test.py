"""Random queries over two shards beside one PostgreSQL: the same answer, or a refusal.

The seed is fixed; PGBRAID_SEED and PGBRAID_QUERIES ask for others.
"""

import os
import random
import unittest

from tests.integration.sharding import sharded
from tests.support import testing
from tests.support.cluster import Cluster

SEED = int(os.environ.get("PGBRAID_SEED", "20240115"))
QUERIES = int(os.environ.get("PGBRAID_QUERIES", "4000"))

cluster = testing.Shared(lambda: Cluster(shards=3, standbys=1))

# Column, its values as literals. Few values, so that conditions meet rows.
COLUMNS = {
    "customers": {"id": ["1", "2", "3", "4", "5", "-1", "NULL", "3.0", "'2'", "7::bigint"],
                  "name": ["'a'", "'b'", "'c'", "NULL"],
                  "score": ["1", "2.5", "3", "NULL"]},
    "orders": {"customer_id": ["1", "2", "3", "4", "6", "NULL", "1 + 1"],
               "number": ["1", "2", "3"],
               "price": ["1", "2.5", "NULL"]},
    "pairs": {"a": ["1", "2", "3", "NULL"], "b": ["'x'", "'y'", "NULL"], "v": ["1", "2"]},
    "levels": {"n": ["5", "50", "100", "150", "199", "200", "250", "99.5", "NULL"],
               "label": ["'a'", "'b'", "NULL"]},
    "regions": {"code": ["'eu'", "'uk'", "'us'", "'za'", "'zz'", "NULL"],
                "city": ["'p'", "'q'", "NULL"]},
}
ALIASES = {"customers": "c", "orders": "o", "pairs": "p", "levels": "l", "regions": "r"}


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def column(self, tables):
        table, alias = self.rng.choice(tables)
        column = self.rng.choice(list(COLUMNS[table]))
        # The key is what matters: name it more often.
        if self.rng.random() < 0.5:
            column = next(iter(COLUMNS[table]))
        return f"{alias}.{column}", COLUMNS[table][column]

    def comparison(self, tables):
        column, values = self.column(tables)
        value = lambda: self.rng.choice(values)
        kind = self.rng.randrange(17)
        if kind == 16:
            return self.row_comparison(tables)
        if kind < 5:
            return f"{column} = {value()}"
        if kind == 5:
            return f"{value()} = {column}"
        if kind == 6:
            return f"{column} IN ({value()}, {value()})"
        if kind == 7:
            return f"{column} IS NULL"
        if kind == 8:
            return f"{column} IS NOT NULL"
        if kind == 9:
            return f"{column} <> {value()}"
        if kind == 10:
            return f"{column} {self.rng.choice(['<', '<=', '>', '>='])} {value()}"
        if kind == 11:
            return f"{column} BETWEEN {value()} AND {value()}"
        if kind == 12:
            return f"{column} IS NOT DISTINCT FROM {value()}"
        if kind == 13:
            return f"{column} = ANY (ARRAY[{value()}, {value()}])"
        if kind == 14:
            other, _ = self.column(tables)
            return f"{column}::text = {other}::text"
        return f"({column} = {value()}) {self.rng.choice(['IS TRUE', 'IS NOT TRUE', 'IS UNKNOWN'])}"

    def row_comparison(self, tables):
        table, alias = self.rng.choice(tables)
        (first, ones), (second, twos) = list(COLUMNS[table].items())[:2]
        row = lambda: f"({self.rng.choice(ones)}, {self.rng.choice(twos)})"
        if self.rng.random() < 0.5:
            return f"({alias}.{first}, {alias}.{second}) = {row()}"
        return f"({alias}.{first}, {alias}.{second}) IN ({row()}, {row()})"

    def condition(self, tables, depth=2):
        if depth == 0 or self.rng.random() < 0.35:
            return self.comparison(tables)
        kind = self.rng.randrange(7)
        if kind < 3:
            return f"({self.condition(tables, depth - 1)} AND {self.condition(tables, depth - 1)})"
        if kind < 5:
            return f"({self.condition(tables, depth - 1)} OR {self.condition(tables, depth - 1)})"
        if kind == 5:
            return f"NOT ({self.condition(tables, depth - 1)})"
        return (f"CASE WHEN {self.condition(tables, depth - 1)}"
                f" THEN {self.condition(tables, depth - 1)} ELSE {self.comparison(tables)} END")

    def single(self):
        table = self.rng.choice(list(COLUMNS))
        alias = ALIASES[table]
        return f"SELECT * FROM {table} {alias} WHERE {self.condition([(table, alias)])}"

    def aggregate(self):
        table = self.rng.choice(list(COLUMNS))
        alias = ALIASES[table]
        return (f"SELECT count(*), min({alias}.{next(iter(COLUMNS[table]))}) FROM {table} {alias}"
                f" WHERE {self.condition([(table, alias)])}")

    def join(self):
        tables = [("customers", "c"), ("orders", "o")]
        self.rng.shuffle(tables)
        if self.rng.random() < 0.2:
            tables = [("customers", "c"), ("customers", "d")]
        (first, a), (second, b) = tables
        keys = {"customers": "id", "orders": "customer_id"}
        on = f"{a}.{keys[first]} = {b}.{keys[second]}"
        if self.rng.random() < 0.3:
            on += f" AND {self.comparison(tables)}"
        if self.rng.random() < 0.15:
            on = self.comparison(tables)
        kind = self.rng.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        if kind == "FULL JOIN":
            on = f"{a}.{keys[first]} = {b}.{keys[second]}"
        return (f"SELECT * FROM {first} {a} {kind} {second} {b} ON {on}"
                f" WHERE {self.condition(tables)}")

    def merged_join(self):
        table, columns = self.rng.choice([("customers", "id"), ("orders", "customer_id, number"),
                                          ("orders", "customer_id"), ("pairs", "a, b"),
                                          ("pairs", "a"), ("levels", "n")])
        kind = self.rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        sides = [(table, "x"), (table, "y")]
        if self.rng.random() < 0.3:
            return (f"SELECT * FROM {table} x NATURAL {kind} {table} y"
                    f" WHERE {self.condition(sides)}")
        # The merged column, named without its table.
        key = columns.split(",")[0]
        merged = f"{key} = {self.rng.choice(COLUMNS[table][key])}"
        where = self.rng.choice([merged, self.condition(sides),
                                 f"{merged} AND {self.condition(sides, 1)}",
                                 f"{merged} OR {self.comparison(sides)}"])
        joined = f"{table} x {kind} {table} y USING ({columns})"
        if self.rng.random() < 0.3:
            other = self.rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN"])
            joined += f" {other} {table} z USING ({columns})"
        return f"SELECT * FROM {joined} WHERE {where}"

    def subquery(self):
        inner = self.condition([("orders", "o")], 1)
        link = self.rng.choice(["o.customer_id = c.id AND ", "", "c.id = o.customer_id AND "])
        form = self.rng.choice([
            f"EXISTS (SELECT 1 FROM orders o WHERE {link}{inner})",
            f"NOT EXISTS (SELECT 1 FROM orders o WHERE {link}{inner})",
            f"c.id IN (SELECT o.customer_id FROM orders o WHERE {link}{inner})",
            f"c.id = (SELECT max(o.customer_id) FROM orders o WHERE {link}{inner})"])
        return (f"SELECT * FROM customers c WHERE {self.condition([('customers', 'c')], 1)}"
                f" AND {form}")

    def nested(self):
        inner = f"SELECT * FROM customers c WHERE {self.condition([('customers', 'c')], 1)}"
        outer = self.condition([("customers", "w")], 1)
        return self.rng.choice([
            f"SELECT * FROM ({inner}) w WHERE {outer}",
            f"WITH w AS ({inner}) SELECT * FROM w WHERE {outer}",
            f"{inner} UNION ALL SELECT * FROM customers w WHERE {outer}",
            f"{inner} EXCEPT SELECT * FROM customers w WHERE {outer}"])

    def write(self):
        """A write; both sides run it, so that what it changed is compared later."""
        condition = self.condition([("customers", "c")], 1)
        other = self.condition([("orders", "o")], 1)
        key = self.rng.randrange(1, 9)
        return self.rng.choice([
            f"UPDATE customers c SET score = score + 1 WHERE {condition} RETURNING *",
            f"UPDATE customers c SET name = 'a' FROM orders o WHERE c.id = o.customer_id AND {other}",
            f"DELETE FROM orders o WHERE {other} RETURNING *",
            f"DELETE FROM orders o USING customers c WHERE c.id = o.customer_id AND {condition}"
            f" AND {other}",
            f"INSERT INTO orders VALUES ({key}, {self.rng.randrange(1, 5)}, 'new', 1)"
            " ON CONFLICT (customer_id, number) DO UPDATE SET price = 2.5",
            f"INSERT INTO customers VALUES ({key}, 'c', NULL, 2.5, NULL) ON CONFLICT DO NOTHING"])

    def next(self):
        return self.rng.choice([self.single, self.single, self.single, self.aggregate, self.join,
                                self.join, self.merged_join, self.subquery, self.nested,
                                self.write])()


def rows():
    """What the tables hold at the start, one row a statement."""
    for i in range(-1, 9):
        yield f"INSERT INTO customers VALUES ({i}, '{'abc'[i % 3]}', NULL, {i % 3 + 0.5}, NULL)"
    for i in (1, 2, 3, 4, 6):
        for n in (1, 2):
            yield f"INSERT INTO orders VALUES ({i}, {n}, 'item', {n})"
    for a in ("1", "2", "3", "NULL"):
        for b in ("'x'", "'y'", "NULL"):
            yield f"INSERT INTO pairs VALUES ({a}, {b}, 1)"
    for n in (5, 50, 99, 100, 150, 199, 200, 250):
        yield f"INSERT INTO levels VALUES ({n}, '{'ab'[n % 2]}')"
    for code in ("'eu'", "'uk'", "'us'", "'za'", "NULL"):
        for city in ("'p'", "'q'"):
            yield f"INSERT INTO regions VALUES ({code}, {city})"


class RandomTest(unittest.TestCase):
    def check(self, count):
        tables = sharded.Sharded(cluster(), count, suffix="_random")
        self.addCleanup(tables.close)
        router, alone = tables.connect(), tables.connect_alone()
        for statement in rows():
            for connection in (router, alone):
                self.assertIsNone(sharded.ask(connection, statement).error, statement)
        generator = Generator(random.Random(SEED + count))
        answered = 0
        for _ in range(QUERIES):
            statement = generator.next()
            answer = sharded.ask(router, statement)
            if answer.refused:
                continue
            answered += 1
            expected = sharded.ask(alone, statement)
            if answer.error and expected.error:
                self.assertEqual(answer.error[0], expected.error[0], statement)
                continue
            self.assertTrue(answer.same_as(expected, ordered=False),
                            f"{statement}\n  pgbraid:    {answer}\n  PostgreSQL: {expected}")
        print(f"{count} shards: {answered} of {QUERIES} answered, the others refused")
        self.assertGreater(answered, QUERIES * 0.4)
        self.assertEqual(tables.misplaced(), [])
        router.close()
        alone.close()

    @testing.timeout(120)
    def test_two_shards(self):
        self.check(2)

    @testing.timeout(120)
    def test_three_shards(self):
        self.check(3)


if __name__ == "__main__":
    testing.main()
