"""The tour through examples/shop that tools/demo gives: loading, showing, checking."""

import os
import re

import psycopg

SHOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../examples/shop")
SPLIT_BY_HASH = {"customers": "id", "orders": "customer_id"}
ALL_TABLES = ("countries", "customers", "orders", "events")
TRANSACTION_CONTROL = ("BEGIN", "COMMIT")


class WrongAnswer(Exception):
    """Something came out another way than the example says; the message is for the user."""


class Sight:
    """One block of tour.sql: what to look at, the statements, and what they should give."""

    def __init__(self, block):
        lines = block.splitlines()
        self.words = [line[3:] for line in lines if line.startswith("-- ")]
        self.plan = next(line[4:] for line in lines if line.startswith("--@ "))
        self.rows = [line[4:] for line in lines if line.startswith("--= ")]
        self.statements = split_statements(block)


def split_statements(text):
    """The statements of a script in which each one ends a line with its semicolon."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in re.split(r";$", code, flags=re.MULTILINE) if part.strip()]


def read(name):
    """The text of one of the example's files."""
    with open(os.path.join(SHOP, name)) as file:
        return file.read()


class Tour:
    """Walks through the example. `say` prints a line; `cluster` is what is behind the router."""

    def __init__(self, connection, cluster, say):
        self._connection = connection
        self._cluster = cluster
        self._say = say

    def create_and_load(self):
        """Makes the tables on each shard and loads them, all through the router."""
        for name in ("schema.sql", "countries.sql"):
            for statement in split_statements(read(name)):
                for shard in self._cluster.shards:
                    self._connection.execute(f"/* pgbraid: shard={shard.name} */ {statement}")
        for statement in split_statements(read("data.sql")):
            self._connection.execute(statement)

    def show_where_rows_are(self):
        """Prints how many rows of each table each shard has, as the shards say themselves."""
        shards = self._cluster.shards
        self._say(f"   {'rows of':10}" + "".join(f"{shard.name:>6}" for shard in shards))
        for table in ALL_TABLES:
            self._say(f"   {table:10}" + "".join(
                f"{self._ask(shard, f'SELECT count(*) FROM {table}')[0][0]:6}"
                for shard in shards))

    def walk(self):
        """Shows every sight and checks it; raises WrongAnswer at the first that is wrong."""
        blocks = [block for block in read("tour.sql").split("\n\n") if "\n--@ " in block]
        for number, block in enumerate(blocks, 1):
            sight = Sight(block)
            self._say()
            self._say(f"{number}. " + "\n   ".join(sight.words))
            try:
                self._visit(sight)
            except psycopg.Error as error:
                raise WrongAnswer(f"{type(error).__name__}: {error}") from error

    def _visit(self, sight):
        found = []
        for statement in sight.statements:
            self._say("     " + f"{statement};".replace("\n", "\n     "))
            if statement in TRANSACTION_CONTROL:
                self._connection.execute(statement)
            elif sight.plan == "refused":
                self._expect_refusal(statement)
            else:
                self._show_route(statement, sight.plan)
                found += self._run(statement)
        if sorted(found) != sorted(sight.rows):
            raise WrongAnswer(f"the rows should be {sight.rows}, they are {found}")

    def _show_route(self, statement, plan):
        """Asks the router where the statement goes, and compares the number of shards."""
        hint, body = re.match(r"(/\*.*?\*/ )?(.*)", statement, re.DOTALL).groups()
        cursor = self._connection.execute(f"{hint or ''}EXPLAIN (ROUTE) {body}")
        names = [column.name for column in cursor.description]
        row = dict(zip(names, cursor.fetchone()))
        asked = set(re.findall(r"\bs\d+\b", row["shards"]))
        wanted = {"one shard": 1, "all shards": len(self._cluster)}.get(plan, len(asked))
        self._say(f"   > {row['plan']}: {row['shards']}, on {row['host']}; {row['reason']}")
        if len(asked) != wanted:
            raise WrongAnswer(f"it should go to {plan}, the router says {row}")
        for port, role in re.findall(r":(\d+) \((primary|standby)\)", row["host"]):
            server = next(node for node in self._cluster.nodes if str(node.port) == port)
            if server.is_standby() != (role == "standby"):
                raise WrongAnswer(f"{server.name} is no {role}")

    def _run(self, statement):
        cursor = self._connection.execute(statement)
        if not cursor.description:
            return []
        rows = [" | ".join(map(str, row)) for row in cursor.fetchall()]
        for row in rows:
            self._say(f"   = {row}")
        return rows

    def _expect_refusal(self, statement):
        try:
            rows = self._run(statement)
        except psycopg.errors.FeatureNotSupported as error:
            why = f"{error.diag.message_primary}. {error.diag.message_detail or ''}".strip()
            self._say(f"   > refused ({error.sqlstate}): {why}")
            return
        raise WrongAnswer(f"it should be refused, it gives {rows}")

    def check_where_rows_are(self):
        """Whether each row is where PostgreSQL's own partitioning puts it, and none is lost."""
        total = len(self._cluster)
        written = {table: len(re.findall(f"INSERT INTO {table} ", read("data.sql")))
                   for table in ALL_TABLES[1:]}
        for table, expected in written.items():
            counts = [self._ask(shard, f"SELECT count(*) FROM {table}")[0][0]
                      for shard in self._cluster.shards]
            if sum(counts) != expected or 0 in counts:
                raise WrongAnswer(f"{expected} rows of {table} should be spread over the shards, "
                                  f"there are {counts}")
        for shard in self._cluster.shards:
            for table, key in SPLIT_BY_HASH.items():
                with shard.primary.connect(dbname=self._cluster.database) as connection:
                    connection.execute("CREATE TEMP TABLE oracle (k bigint) PARTITION BY HASH (k)")
                    astray = connection.execute(
                        f"SELECT {key} FROM {table} WHERE NOT satisfies_hash_partition("
                        f"'oracle'::regclass, {total}, {shard.number}, {key})").fetchall()
                if astray:
                    raise WrongAnswer(f"{table} has rows on {shard.name} that belong "
                                      f"elsewhere: {astray}")
            months = self._ask(shard, """
                SELECT DISTINCT (extract(year FROM t) * 12 + extract(month FROM t))::int - 24001
                  FROM (SELECT created_at AT TIME ZONE 'UTC' FROM events) AS e (t)""")
            if astray := [m for (m,) in months if m % total != shard.number]:
                raise WrongAnswer(f"events of these months (counted from 2000-01) are astray on "
                                  f"{shard.name}: {astray}")

    def _ask(self, shard, text):
        return shard.primary.sql(text, dbname=self._cluster.database)
