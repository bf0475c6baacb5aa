"""pgbraid over 2 and over 3 shards, each beside one PostgreSQL with the same data."""

import os

from tests.integration.statements import layout
from tests.integration.statements.answers import Client
from tests.support.cluster import Cluster
from tests.support.router import Router

FOLDER = os.path.dirname(os.path.abspath(__file__))
LAYOUTS = (2, 3)


class Site:
    """One layout: a router over databases of its own, and a reference database."""

    def __init__(self, cluster, shards):
        self.shards = shards
        self._nodes = [shard.primary for shard in cluster.shards[:shards]]
        self._database, self._reference = f"over{shards}", f"one{shards}"
        self._load(self._nodes[0], self._reference)
        for node in self._nodes:
            self._load(node, self._database)
        self.router = Router(
            shards="; ".join(f"s{i}=127.0.0.1:{node.port}/{self._database}"
                             for i, node in enumerate(self._nodes)),
            tables=layout.tables_flag(shards), threads=1)
        self._load_rows()

    def close(self):
        self.router.close()

    def logs(self):
        return self.router.logs()

    # --- Talking ------------------------------------------------------------------

    def client(self):
        """A session with pgbraid."""
        return Client(f"host={self.router.host} port={self.router.port} user=postgres dbname=app")

    def reference(self):
        """A session with the one PostgreSQL."""
        node = self._nodes[0]
        return Client(f"host={node.folder} port={node.port} user=postgres dbname={self._reference}")

    # --- Loading ----------------------------------------------------------------------

    def _load(self, node, database):
        node.sql(f"CREATE DATABASE {database}")
        with open(os.path.join(FOLDER, "schema.sql"), encoding="utf-8") as file:
            script = file.read() + "CREATE SCHEMA proof;"
        for table, key in layout.HASHED.items():
            # What PostgreSQL asks for the shard of a row (satisfies_hash_partition).
            keys = ", ".join(key)
            script += (f"CREATE TABLE {_twin(table, 'keys')} AS SELECT {keys} FROM {table};"
                       f"CREATE TABLE {_twin(table)} (LIKE {_twin(table, 'keys')}) "
                       f"PARTITION BY HASH ({keys});")
        node.sql(script, dbname=database)
        node.sql(layout.COUNTRIES, dbname=database)

    def _load_rows(self):
        """Through the router by key on one side, directly on the other."""
        statements = [(t, f"INSERT INTO {t} VALUES ({row})") for t, row in layout.rows()]
        reference, client = self.reference(), self.client()
        for table, sql in statements:
            for target in (reference, client):
                answer = target.simple(sql)
                if answer.error is not None:
                    raise AssertionError(f"{sql}: {answer.error}")
        reference.close()
        client.close()

    # --- Where the rows are -----------------------------------------------------------

    def wrong_rows(self, table):
        """[(shard, number of rows there that PostgreSQL says belong to another one)]."""
        wrong = []
        for number, node in enumerate(self._nodes):
            if table in layout.HASHED:
                proof = (f"satisfies_hash_partition('{_twin(table)}'::regclass, "
                         f"{self.shards}, {number}, {', '.join(layout.HASHED[table])})")
            elif table in layout.SINGLE:
                proof = str(layout.SINGLE[table] == number).lower()
            else:
                proof = f"{layout.placements(self.shards)[table]} = {number}"
            found = node.sql(f"SELECT count(*) FROM {table} WHERE ({proof}) IS NOT TRUE",
                             dbname=self._database)[0][0]
            if found:
                wrong.append((number, found))
        return wrong

    def rows_of_shards(self, table):
        """All rows of all shards as text, sorted; of a reference table those of each shard."""
        found = [sorted(self._rows(node, self._database, table)) for node in self._nodes]
        return found if table in layout.REFERENCE else sorted(sum(found, []))

    def rows_of_reference(self, table):
        """The same of the one PostgreSQL."""
        rows = sorted(self._rows(self._nodes[0], self._reference, table))
        return [rows] * self.shards if table in layout.REFERENCE else rows

    @staticmethod
    def _rows(node, database, table):
        return [row[0] for row in node.sql(f"SELECT t::text FROM {table} t", dbname=database)]


def _twin(table, kind="hash"):
    return f'proof."{table.replace(chr(34), "")} {kind}"'


class Servers:
    """Both layouts over the same three servers."""

    def __init__(self):
        self._cluster = Cluster(shards=max(LAYOUTS), standbys=0)
        self._sites = {}
        try:
            for shards in LAYOUTS:
                self._sites[shards] = Site(self._cluster, shards)
        except BaseException:
            self.close()
            raise

    def __getitem__(self, shards):
        return self._sites[shards]

    def close(self):
        for site in self._sites.values():
            site.close()
        self._cluster.close()

    def logs(self):
        return "\n".join(site.logs() for site in self._sites.values())
