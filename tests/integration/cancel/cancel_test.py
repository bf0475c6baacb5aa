"""A cancel request ends what its client runs now, wherever that is, and nothing else."""

import random
import select
import threading
import time
import unittest

from tests.integration.cancel.raw_client import RawClient, extended, message, query
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

AT_ONCE = 2.0  # seconds, on a busy machine; every wait that is cut short is of 20 s or more


def make_cluster():
    made = Cluster(shards=2, standbys=1)
    for shard in made.shards:
        shard.primary.sql("CREATE TABLE t (k int PRIMARY KEY)", dbname="app")
        shard.primary.sql("CREATE TABLE filled (k int)", dbname="app")
        shard.wait_for_replay()
    return made


cluster = testing.Shared(make_cluster)


class CancelTest(unittest.TestCase):
    def start(self, shards=1, **flags):
        self.primary = cluster()[0].primary
        self.standby = cluster()[0].standbys[0]
        text = "; ".join(
            f"s{n}=" + ",".join(f"127.0.0.1:{node.port}/app" for node in cluster()[n].nodes)
            for n in range(shards))
        self.router = Router(shards=text, **({"checkout_timeout": "60s"} | flags))
        self.addCleanup(self.router.close)

    def client(self):
        client = RawClient(self.router.port)
        self.addCleanup(client.close)
        return client

    def active(self, node, marker, more=""):
        return node.sql("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE"
                        " %s AND pid <> pg_backend_pid()" + more, f"%{marker}%")[0][0]

    def assert_canceled(self, client, ready=b"I"):
        """The client's answer comes at once and says so."""
        started = time.monotonic()
        client.cancel()
        answer = client.receive()
        self.assertIn(b"C57014\0", answer)
        self.assertIn(b"canceling statement due to user request", answer)
        self.assertTrue(answer.endswith(ready), answer)
        self.assertLess(time.monotonic() - started, AT_ONCE)

    def assert_works(self, client):
        self.assertIn(b"still here", client.ask(query("SELECT 'still here'")))

    # --- While a server works -----------------------------------------------------------

    @testing.timeout(60)
    def test_what_runs_is_canceled_and_its_connection_serves_on(self):
        self.start(pool_size=1)
        client, other = self.client(), self.client()
        pid = other.ask(query("SELECT pg_backend_pid(), txid_current() IS NULL"))
        for text in (query("SELECT pg_sleep(60), txid_current()"),
                     extended("SELECT pg_sleep(60), txid_current()"),
                     extended("SELECT pg_sleep(60), txid_current()", message(b"H")),
                     query("COPY (SELECT pg_sleep(60), txid_current()) TO STDOUT")):
            with self.subTest(text=text):
                client.send(text)
                wait_until(lambda: self.active(self.primary, "pg_sleep(60)") == 1, "it to run")
                if text.endswith(message(b"H")):
                    client.cancel()
                    client.send(message(b"S"))
                    self.assertIn(b"C57014\0", client.receive())
                else:
                    self.assert_canceled(client)
                # Whoever comes next has the same server process, and is not hit.
                for _ in range(20):
                    again = other.ask(query("SELECT pg_backend_pid(), txid_current() IS NULL"))
                    self.assertEqual(again, pid)
                self.assert_works(client)

    @testing.timeout(60)
    def test_copy_in_and_waits_for_locks(self):
        self.start()
        client = self.client()
        client.send(query("COPY filled FROM STDIN"))
        client.send(message(b"d", b"1\n"))
        wait_until(lambda: self.active(self.primary, "COPY filled") == 1, "it to copy")
        # A backend that waits for data takes no cancel before some comes.
        client.cancel()
        deadline = time.monotonic() + 10
        answer = []
        reader = threading.Thread(target=lambda: answer.append(client.receive()))
        reader.start()
        while not answer and time.monotonic() < deadline:
            client.send(message(b"d", b"2\n"))
            time.sleep(0.01)
        client.send(message(b"f", b"enough\0"))
        reader.join()
        self.assertIn(b"C57014\0", answer[0])
        self.assert_works(client)
        with self.primary.connect(dbname="app", autocommit=False) as holder:
            holder.execute("LOCK TABLE filled")
            client.send(extended("INSERT INTO filled VALUES (3)"))
            wait_until(lambda: self.active(self.primary, "INSERT INTO filled",
                                           " AND wait_event_type = 'Lock'") == 1, "it to wait")
            self.assert_canceled(client)
            holder.rollback()
        self.assertEqual(self.primary.sql("SELECT count(*) FROM filled", dbname="app")[0][0], 0)

    @testing.timeout(60)
    def test_a_scatter_is_canceled_on_all_shards(self):
        self.start(shards=2, tables="t:hash(k), filled:hash(k)", consistency="strong")
        client = self.client()
        primaries = [shard.primary for shard in cluster().shards]
        holders = [node.connect(dbname="app", autocommit=False) for node in primaries]
        try:
            for holder in holders:
                holder.execute("LOCK TABLE t")
            for text in (query("SELECT k FROM t"), extended("SELECT k FROM t")):
                client.send(text)
                for node in primaries:
                    wait_until(lambda: self.active(node, "SELECT k FROM t") == 1, "it to wait")
                self.assert_canceled(client)
                for node in primaries:
                    wait_until(lambda: self.active(node, "SELECT k FROM t") == 0, "its end", 5)
        finally:
            for holder in holders:
                holder.close()
        self.assertIn(b"SELECT 0", client.ask(query("SELECT k FROM t")))

    # --- While the session waits -----------------------------------------------------------

    @testing.timeout(60)
    def test_a_wait_for_a_connection(self):
        self.start(pool_size=1, threads=1)
        holder, client, third = self.client(), self.client(), self.client()
        holder.ask(query("BEGIN"))
        holder.ask(query("SELECT txid_current()"))
        for text in (query("DELETE FROM filled"), extended("DELETE FROM filled")):
            client.send(text)
            third.send(query("SELECT 'third', txid_current()"))
            time.sleep(0.1)
            self.assert_canceled(client)
            # Those behind it in line keep their turn.
            holder.ask(query("COMMIT"))
            self.assertIn(b"third", third.receive())
            holder.ask(query("BEGIN"))
            holder.ask(query("SELECT txid_current()"))
        # In a transaction that no server knows of yet, it has failed.
        client.ask(query("BEGIN"))
        client.send(query("DELETE FROM filled"))
        time.sleep(0.1)
        self.assert_canceled(client, ready=b"E")
        self.assertIn(b"ROLLBACK", client.ask(query("COMMIT")))
        holder.ask(query("COMMIT"))
        self.assert_works(client)

    @testing.timeout(60)
    def test_a_wait_for_a_standby_that_lags(self):
        self.start(freshness_wait="30s", max_replica_lag="1h")
        client = self.client()

        def from_standby():
            answer = client.ask(query("SELECT inet_server_port() FROM (SELECT 1) x LEFT JOIN t"
                                      " ON k = -1"))
            return str(self.standby.port).encode() in answer

        wait_until(from_standby, "the standby to serve")
        self.standby.pause_replay()
        try:
            client.ask(query("INSERT INTO filled VALUES (7)"))
            client.send(query("SELECT k FROM t"))
            time.sleep(0.2)
            self.assert_canceled(client)
        finally:
            self.standby.resume_replay()
        self.assert_works(client)
        client.ask(query("DELETE FROM filled"))

    @testing.timeout(60)
    def test_a_wait_for_a_primary(self):
        self.start()
        client = self.client()
        self.assert_works(client)
        self.primary.kill9()
        try:
            self.assertTrue(self.waits(client))
            self.assert_canceled(client)
        finally:
            self.primary.start()
        wait_until(lambda: b"INSERT 0 1" in client.ask(query("INSERT INTO filled VALUES (8)")),
                   "the primary")
        client.ask(query("DELETE FROM filled"))

    def waits(self, client):
        """Sends statements until one is not answered, as the last server connections break."""
        for _ in range(20):
            client.send(query("INSERT INTO filled VALUES (8)"))
            if not select.select([client.socket], [], [], 1)[0]:
                return True
            self.assertIn(b"C08006\0", client.receive())
        return False

    # --- While nothing runs ---------------------------------------------------------------

    @testing.timeout(60)
    def test_nothing_happens_to_an_idle_session(self):
        self.start()
        client = self.client()
        for before, ready in (("SELECT 1", b"I"), ("BEGIN", b"T"), ("SELECT txid_current()", b"T")):
            self.assertTrue(client.ask(query(before)).endswith(ready))
            for _ in range(5):
                client.cancel()
                self.assertIn(b"still here", client.ask(query("SELECT 'still here'")))
        self.assertTrue(client.ask(query("COMMIT")).endswith(b"I"))

    @testing.timeout(60)
    def test_a_canceled_begin_never_lets_its_statement_commit(self):
        self.start(pool_size=2)
        client = self.client()
        chance = random.Random(1)
        canceled = 0
        for _ in range(150):
            client.ask(query("BEGIN"))
            canceler = threading.Thread(target=client.cancel)
            delay = chance.random() * 0.002
            text = chance.choice((query, extended))("INSERT INTO filled VALUES (9)")
            canceler.start()
            time.sleep(delay)
            answer = client.ask(text)
            canceled += b"C57014\0" in answer
            self.assertTrue(answer.endswith(b"E" if b"C57014\0" in answer else b"T"), answer)
            canceler.join()
            self.assertTrue(client.ask(query("ROLLBACK")).endswith(b"I"))
        self.assertEqual(self.primary.sql("SELECT count(*) FROM filled", dbname="app"), [(0,)])


if __name__ == "__main__":
    testing.main()
