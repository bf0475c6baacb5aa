"""One set of tables twice: in one PostgreSQL, and over several shards behind pgbraid."""

import os

import psycopg
from psycopg import pq

from tests.support.router import Router

HERE = os.path.dirname(os.path.realpath(__file__))

# What stands in place of {last} is the last shard.
TABLES = """
    customers:hash(id), orders:hash(customer_id), docs:hash(title), codes:hash(code),
    things:hash(id), pairs:hash(a, b), counted:hash(id), watched:hash(id),
    regions:list(code; 'eu', 'uk' = s0; 'us' = s1; default = {last}; null = s0),
    levels:range(n; < 100 = s0; < 200 = s1; * = {last}),
    events:time(at, 1 month), days:time(d, 1 week),
    countries:reference, notes:shard(s1)
"""

# Table, key columns, and PostgreSQL's own table that is split by such a key.
HASHED = [
    ("customers", "id", "by_int"),
    ("orders", "customer_id", "by_int"),
    ("counted", "id", "by_int"),
    ("docs", "title", "by_text"),
    ("codes", "code::text", "by_text"),
    ("things", "id", "by_uuid"),
    ("pairs", "a, b", "by_pair"),
]

COUNTRIES = [("se", "Sweden"), ("br", "Brazil"), ("jp", "Japan"), ("nz", "New Zealand")]


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class Answer:
    """What a server said to one statement, in the protocol's terms."""

    def __init__(self, results):
        self.error = None
        self.parts = []
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                self.error = (_field(result, pq.DiagnosticField.SQLSTATE),
                              _field(result, pq.DiagnosticField.MESSAGE_PRIMARY))
                self.detail = _field(result, pq.DiagnosticField.MESSAGE_DETAIL)
                continue
            columns = [(result.fname(i), result.ftype(i)) for i in range(result.nfields)]
            rows = [tuple(result.get_value(row, i) for i in range(result.nfields))
                    for row in range(result.ntuples)]
            self.parts.append((columns, rows, result.command_status))

    @property
    def refused(self):
        return self.error is not None and self.error[0] == "0A000"

    def same_as(self, other, ordered):
        if self.error != other.error or len(self.parts) != len(other.parts):
            return False
        for (columns, rows, tag), (columns2, rows2, tag2) in zip(self.parts, other.parts):
            if columns != columns2 or tag != tag2:
                return False
            if not ordered:
                rows, rows2 = sorted(rows, key=repr), sorted(rows2, key=repr)
            if rows != rows2:
                return False
        return True

    def __repr__(self):
        if self.error:
            return f"ERROR {self.error[0]}: {self.error[1]}"
        return "; ".join(f"{tag.decode()} {[c for c, _ in columns]} {rows}"
                         for columns, rows, tag in self.parts)


def _field(result, field):
    value = result.error_field(field)
    return value.decode() if value else ""


def ask(connection, statement):
    """Sends one Query message and takes everything that comes back."""
    pgconn = connection.pgconn
    pgconn.send_query(statement.encode())
    results = []
    while True:
        result = pgconn.get_result()
        if result is None:
            return Answer(results)
        if result.status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT):
            raise AssertionError("a COPY began: " + statement)
        results.append(result)


class Sharded:
    """The tables over the first `count` shards of a cluster, and alone in one database."""

    def __init__(self, cluster, count, suffix=""):
        """`suffix` tells several sets of tables in one cluster apart."""
        self.count = count
        self._nodes = [cluster[i].primary for i in range(count)]
        self._database = f"over_{count}{suffix}"
        self._alone = f"alone_{count}{suffix}"
        for node in self._nodes:
            node.sql(f"CREATE DATABASE {self._database} TEMPLATE template0 ENCODING 'UTF8'",
                     dbname="postgres")
            self._make_tables(node, self._database)
        self._nodes[0].sql(f"CREATE DATABASE {self._alone} TEMPLATE template0 ENCODING 'UTF8'",
                           dbname="postgres")
        self._make_tables(self._nodes[0], self._alone)
        for i in range(count):
            cluster[i].wait_for_replay()
        shards = "; ".join(
            f"s{i}=" + ",".join(f"127.0.0.1:{n.port}/{self._database}" for n in cluster[i].nodes)
            for i in range(count))
        self.router = Router(database=self._database, shards=shards,
                             tables=" ".join(TABLES.format(last=f"s{count - 1}").split()))

    def _make_tables(self, node, database):
        with node.connect(dbname=database, autocommit=True) as connection:
            connection.execute(read("schema.sql"))
            for name in ("by_int", "by_text", "by_uuid", "by_pair"):
                for i in range(self.count):
                    connection.execute(
                        f"CREATE TABLE {name}_{i} PARTITION OF {name} FOR VALUES WITH "
                        f"(MODULUS {self.count}, REMAINDER {i})")
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO countries VALUES (%s, %s)", COUNTRIES)

    def connect(self):
        return self.router.connect(dbname=self._database, autocommit=True)

    def connect_alone(self):
        return self._nodes[0].connect(tcp=True, dbname=self._alone, autocommit=True)

    def on_shard(self, shard, statement):
        return self._nodes[shard].sql(statement, dbname=self._database)

    def alone(self, statement):
        return self._nodes[0].sql(statement, dbname=self._alone)

    def misplaced(self):
        """What is wrong with where rows are, in words; nothing if all is right."""
        wrong = []
        for table, key, twin in HASHED:
            for shard in range(self.count):
                strays = self.on_shard(
                    shard, f"SELECT count(*) FROM {table} WHERE NOT satisfies_hash_partition("
                           f"'{twin}'::regclass, {self.count}, {shard}, {key})")[0][0]
                if strays:
                    wrong.append(f"{strays} rows of {table} on s{shard} belong elsewhere")
        last = self.count - 1
        places = {
            "regions": f"CASE WHEN code IN ('eu', 'uk') OR code IS NULL THEN 0"
                       f" WHEN code = 'us' THEN 1 ELSE {last} END",
            "levels": f"CASE WHEN n < 100 THEN 0 WHEN n < 200 THEN 1 ELSE {last} END",
            "events": "((extract(year FROM at AT TIME ZONE 'UTC') - 2000) * 12"
                      " + extract(month FROM at AT TIME ZONE 'UTC') - 1)::int",
            "days": "floor((d - date '2000-01-03') / 7.0)::int",
        }
        for table, place in places.items():
            for shard in range(self.count):
                strays = self.on_shard(
                    shard, f"SELECT count(*) FROM {table} WHERE ((({place}) % {self.count})"
                           f" + {self.count}) % {self.count} <> {shard}")[0][0]
                if strays:
                    wrong.append(f"{strays} rows of {table} on s{shard} belong elsewhere")
        for table in [t for t, _, _ in HASHED] + list(places) + ["notes", "plain"]:
            whole = sorted(map(repr, self.alone(f"SELECT * FROM {table}")))
            parts = sorted(repr(row) for shard in range(self.count)
                           for row in self.on_shard(shard, f"SELECT * FROM {table}"))
            if whole != parts:
                wrong.append(f"{table} has {parts}, not {whole}")
        return wrong

    def close(self):
        self.router.close()
