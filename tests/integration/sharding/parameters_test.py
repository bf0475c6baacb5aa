"""Statements with parameters, as drivers send them: text and binary, prepared and not."""

import datetime
import unittest
import uuid

import psycopg

from tests.integration.sharding import sharded
from tests.support import testing
from tests.support.cluster import Cluster

cluster = testing.Shared(lambda: Cluster(shards=3, standbys=1))

UTC = datetime.timezone.utc


def at(month, day, hour=0):
    return datetime.datetime(2024, month, day, hour, tzinfo=UTC)


# Statement, parameters; {} stands for %s or %b.
WRITES = [
    ("INSERT INTO customers (id, name, score) VALUES ({}, {}, {})", (i, f"name {i}", i * 1.5))
    for i in range(-3, 30)
] + [
    ("INSERT INTO orders VALUES ({}, {}, {}, 1)", (i, n, "item"))
    for i in range(0, 20, 3) for n in (1, 2)
] + [
    ("INSERT INTO docs VALUES ({}, {}, 1)", (title, title.upper()))
    for title in ("", "a", "b", "Ünï", "it's", "two words", "x" * 300)
] + [
    ("INSERT INTO things VALUES ({}, 'x')", (uuid.UUID(int=i * 7919 << 64),)) for i in range(12)
] + [
    ("INSERT INTO pairs VALUES ({}, {}, 1)", (a, b)) for a in (1, 2, 3) for b in ("x", "y")
] + [
    ("INSERT INTO levels VALUES ({}, 'l')", (n,)) for n in (-5, 0, 99, 100, 199, 200, 5000)
] + [
    ("INSERT INTO events VALUES ({}, 'e')", (at(month, 15, hour),))
    for month in range(1, 13) for hour in (0, 23)
] + [
    ("INSERT INTO days VALUES ({}, 'd')", (datetime.date(2024, 1, day),)) for day in range(1, 29, 3)
] + [
    ("UPDATE customers SET name = {} WHERE id = {}", ("renamed", 7)),
    ("UPDATE docs SET size = size + {} WHERE title = {}", (5, "a")),
    ("DELETE FROM customers WHERE id = {}", (8,)),
    ("DELETE FROM orders WHERE customer_id = {} AND number = {}", (3, 1)),
]

READS = [
    ("SELECT * FROM customers WHERE id = {}", (3,)),
    ("SELECT * FROM customers WHERE id = {}", (-2,)),
    ("SELECT * FROM customers WHERE id = {}", (2**40,)),
    ("SELECT * FROM customers WHERE id = {}", (None,)),
    ("SELECT * FROM customers WHERE id = {}::int8", (3,)),
    ("SELECT * FROM customers WHERE id = {} AND name = {}", (3, "name 3")),
    ("SELECT count(*) FROM customers WHERE id = {}", (3,)),
    ("SELECT name FROM customers WHERE id = ANY({})", ([1, 2, 3],)),
    ("SELECT name FROM customers WHERE id = ANY({})", ([],)),
    ("SELECT name FROM customers WHERE id = ANY({})", ([5, None],)),
    ("SELECT name FROM customers WHERE id IN ({}, {})", (4, 5)),
    ("SELECT name FROM customers WHERE id = {} OR id = {}", (4, 5)),
    ("SELECT name FROM customers WHERE score > {}", (20,)),
    ("SELECT name FROM customers WHERE id = {} OR name = {}", (4, "name 9")),
    ("SELECT c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id"
     " WHERE c.id = {}", (9,)),
    ("SELECT * FROM docs WHERE title = {}", ("Ünï",)),
    ("SELECT * FROM docs WHERE title = {}", ("",)),
    ("SELECT * FROM docs WHERE title = {}", ("x" * 300,)),
    ("SELECT * FROM docs WHERE title = ANY({})", (["a", "b", "it's"],)),
    ("SELECT * FROM things WHERE id = {}", (uuid.UUID(int=3 * 7919 << 64),)),
    ("SELECT * FROM pairs WHERE a = {} AND b = {}", (2, "y")),
    ("SELECT * FROM pairs WHERE b = {} AND a = {}", ("x", 3)),
    ("SELECT * FROM levels WHERE n < {}", (100,)),
    ("SELECT * FROM levels WHERE n BETWEEN {} AND {}", (99, 199)),
    ("SELECT * FROM events WHERE at = {}", (at(3, 15),)),
    ("SELECT * FROM events WHERE at >= {} AND at < {}", (at(3, 1), at(4, 1))),
    ("SELECT count(*) FROM events WHERE at >= {} AND at < {}", (at(3, 1), at(4, 1))),
    ("SELECT * FROM days WHERE d = {}", (datetime.date(2024, 1, 7),)),
    ("SELECT * FROM days WHERE d BETWEEN {} AND {}",
     (datetime.date(2024, 1, 8), datetime.date(2024, 1, 14))),
]


class ParametersTest(unittest.TestCase):
    def check(self, count, placeholder, **options):
        tables = sharded.Sharded(cluster(), count, suffix=f"_{placeholder[1:]}")
        self.addCleanup(tables.close)
        router, alone = tables.connect(), tables.connect_alone()
        for connection in (router, alone):
            for name, value in options.items():
                setattr(connection, name, value)
        for statement, values in WRITES + READS:
            text = statement.replace("{}", placeholder)
            with self.subTest(shards=count, statement=text, values=values):
                expected = self.run_one(alone, text, values)
                # Twice: what the first execution taught must hold for the second.
                for again in range(2 if statement.startswith("SELECT") else 1):
                    self.assertEqual(self.run_one(router, text, values), expected)
        self.assertEqual(tables.misplaced(), [])
        router.close()
        alone.close()

    def run_one(self, connection, text, values):
        try:
            cursor = connection.execute(text, values, binary=placeholder_is_binary(text))
        except psycopg.Error as error:
            return type(error).__name__, error.sqlstate
        rows = sorted(map(repr, cursor.fetchall())) if cursor.description else None
        return cursor.statusmessage, rows

    @testing.timeout(100)
    def test_text_parameters_over_two_shards(self):
        self.check(2, "%t", prepare_threshold=None)

    @testing.timeout(100)
    def test_binary_parameters_over_two_shards(self):
        self.check(2, "%b", prepare_threshold=None)

    @testing.timeout(100)
    def test_prepared_statements_over_three_shards(self):
        self.check(3, "%s", prepare_threshold=0)


def placeholder_is_binary(text):
    return "%b" in text


if __name__ == "__main__":
    testing.main()
