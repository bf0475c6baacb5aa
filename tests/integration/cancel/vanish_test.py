"""A client vanishes in the middle of something: the server stops, and its locks are free."""

import threading
import time
import unittest

from tests.integration.cancel.raw_client import RawClient, extended, message, query
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

SOON = 5.0  # seconds, on a busy machine; what is ended would go on for 60 s or for ever


def make_cluster():
    made = Cluster(shards=2, standbys=0)
    for shard in made.shards:
        shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY)", dbname="app")
        shard.primary.sql("CREATE TABLE filled (k int)", dbname="app")
        shard.primary.sql("CREATE TABLE held (k int)", dbname="app")
    return made


cluster = testing.Shared(make_cluster)


class VanishTest(unittest.TestCase):
    def start(self, shards=1, **flags):
        self.primary = cluster()[0].primary
        text = "; ".join(f"s{n}=127.0.0.1:{cluster()[n].primary.port}/app" for n in range(shards))
        self.router = Router(shards=text, **flags)
        self.addCleanup(self.router.close)

    def active(self, node, marker):
        return node.sql("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE"
                        " %s AND pid <> pg_backend_pid()", f"%{marker}%")[0][0]

    def vanish_while(self, marker, start, nodes=None, close=RawClient.vanish):
        """`start(client)` makes the client do something that shows as `marker` on the servers."""
        nodes = nodes or [self.primary]
        client = RawClient(self.router.port)
        start(client)
        for node in nodes:
            wait_until(lambda node=node: self.active(node, marker) == 1, f"{marker} to run")
        close(client)
        left = time.monotonic()
        for node in nodes:
            wait_until(lambda node=node: self.active(node, marker) == 0, f"{marker} to end", SOON)
        return time.monotonic() - left

    @testing.timeout(60)
    def test_queries_in_both_protocols_and_transactions(self):
        self.start()
        sleep = "SELECT pg_sleep(60), 'vanished', txid_current()"
        for close in (RawClient.vanish, RawClient.close):
            for text in (query(sleep), extended(sleep), extended(sleep, message(b"H")),
                         query("SELECT 1") + query(sleep)):
                for prefix in (None, "BEGIN; LOCK TABLE held"):
                    with self.subTest(close=close.__name__, text=text, prefix=prefix):
                        def start(client, text=text, prefix=prefix):
                            if prefix is not None:
                                client.ask(query(prefix))
                            client.send(text)
                        self.vanish_while("vanished", start, close=close)
                        self.assert_unlocked("held")
        with self.router.connect() as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))

    def assert_unlocked(self, table):
        with self.primary.connect(dbname="app") as connection:
            connection.execute(f"SET lock_timeout = '{SOON:g}s'")
            connection.execute(f"DO $$ BEGIN LOCK TABLE {table}; END $$")

    @testing.timeout(60)
    def test_copy_both_ways(self):
        self.start()
        out = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000), filled) TO STDOUT"
        self.primary.sql("INSERT INTO filled VALUES (0)", dbname="app")

        def copy_out(client):
            client.send(query(out))
            client.socket.recv(100)  # and reads no more

        def copy_in(client):
            client.send(query("COPY filled FROM STDIN"))
            client.send(message(b"d", b"1\n") * 1000)

        def copy_in_extended(client):
            client.send(extended("COPY filled FROM STDIN", message(b"d", b"1\n") * 1000))

        for close in (RawClient.vanish, RawClient.close):
            with self.subTest(close=close.__name__):
                self.vanish_while("COPY (SELECT", copy_out, close=close)
                self.vanish_while("COPY filled", copy_in, close=close)
                self.vanish_while("COPY filled", copy_in_extended, close=close)
        self.assertEqual(self.primary.sql("SELECT * FROM filled", dbname="app"), [(0,)])
        self.assert_unlocked("filled")

    @testing.timeout(60)
    def test_a_wait_for_a_lock(self):
        self.start()
        with self.primary.connect(dbname="app", autocommit=False) as holder:
            holder.execute("LOCK TABLE held")
            for text in (query("INSERT INTO held VALUES (1)"),
                         extended("INSERT INTO held VALUES (1)")):
                self.vanish_while("INSERT INTO held", lambda client, text=text: client.send(text))
            holder.rollback()
        self.assertEqual(self.primary.sql("SELECT count(*) FROM held", dbname="app"), [(0,)])

    @testing.timeout(60)
    def test_a_scatter(self):
        self.start(shards=2, tables="t:hash(k), filled:hash(k), held:hash(k)")
        nodes = [shard.primary for shard in cluster().shards]
        holders = [node.connect(dbname="app", autocommit=False) for node in nodes]
        try:
            for holder in holders:
                holder.execute("LOCK TABLE t")
            for text in (query("SELECT k FROM t"), extended("SELECT k FROM t")):
                self.vanish_while("SELECT k FROM t", lambda client, text=text: client.send(text),
                                  nodes=nodes)
        finally:
            for holder in holders:
                holder.close()
        with self.router.connect() as connection:
            self.assertEqual(connection.execute("SELECT k FROM t").fetchall(), [])

    @testing.timeout(60)
    def test_those_who_wait_for_its_connection_get_one(self):
        self.start(pool_size=1)
        answers = []

        def wait_in_line():
            with self.router.connect() as connection:
                answers.append(connection.execute("SELECT 5, txid_current() > 0").fetchone())

        def start(client):
            client.send(query("SELECT pg_sleep(60), 'vanished', txid_current()"))

        with self.router.connect():  # the first of its kind has had its settings checked
            pass
        client = RawClient(self.router.port)
        start(client)
        wait_until(lambda: self.active(self.primary, "vanished") == 1, "it to run")
        waiting = [threading.Thread(target=wait_in_line) for _ in range(5)]
        for thread in waiting:
            thread.start()
        client.vanish()
        for thread in waiting:
            thread.join(SOON)
        self.assertEqual(answers, [(5, True)] * 5)


if __name__ == "__main__":
    testing.main()
