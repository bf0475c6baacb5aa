"""BEGIN reaches the server with the statement behind it. If BEGIN itself is cancelled there, that
statement does not run, and the client's transaction has failed."""

import re
import threading
import unittest

from tests.integration.cancel.raw_client import RawClient, extended, query
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

WANTED = 2  # BEGINs that were cancelled
ROUNDS = 100_000

# Cancels whatever the router runs for clients, thousands of times a second.
CANCELS = """DO $$ DECLARE server int; BEGIN
  SELECT pid INTO server FROM pg_stat_activity
    WHERE datname = 'app' AND backend_type = 'client backend' AND query LIKE '%INTO t VALUES%' LIMIT 1;
  FOR i IN 1..3000 LOOP
    PERFORM pg_cancel_backend(server), pg_sleep(random() * 0.0003);
  END LOOP;
END $$"""


def make_cluster():
    made = Cluster(shards=1, standbys=0)
    made[0].primary.sql("CREATE TABLE t (v int)", dbname="app")
    return made


cluster = testing.Shared(make_cluster)


def errors(answer):
    return re.findall(rb"\0C([0-9A-Z]{5})\0", answer)


class BeginTest(unittest.TestCase):
    def setUp(self):
        self.primary = cluster()[0].primary
        self.router = Router(shards=cluster().shards_flag(), pool_size=1)
        self.addCleanup(self.router.close)
        self.stop = threading.Event()
        self.canceller = threading.Thread(target=self.send_cancels)

    def send_cancels(self):
        with self.primary.connect(autocommit=True) as connection:
            while not self.stop.is_set():
                connection.execute(CANCELS)

    def cancelled_begins(self, log_start):
        return self.primary.log_text(log_start).count("STATEMENT:  BEGIN /* this */")

    def assert_all_or_nothing(self, client, kind, ends):
        """Transactions that each insert one row and roll it back."""
        answer = client.ask(kind("BEGIN /* this */"))
        self.assertEqual((errors(answer), answer[-1:]), ([], b"T"))
        first = client.ask(kind("INSERT INTO t VALUES (1)"))
        failed = errors(first)
        self.assertEqual(len(failed), 0 if first.endswith(b"T") else 1, first)
        self.assertTrue(first.endswith(b"E" if failed else b"T"), first)
        second = client.ask(kind("INSERT INTO t VALUES (2)"))
        if failed:
            self.assertEqual((errors(second), second[-1:]), ([b"25P02"], b"E"))
        for _ in range(10):  # until it is not cancelled
            answer = client.ask(kind(ends))
            if not errors(answer):
                break
        self.assertEqual((errors(answer), answer[-1:]), ([], b"I"))

    def run_rounds(self, kind, ends="ROLLBACK"):
        log_start = len(self.primary.log_text())
        client = RawClient(self.router.port)
        self.addCleanup(client.close)
        self.canceller.start()
        try:
            for done in range(ROUNDS):
                self.assert_all_or_nothing(client, kind, ends)
                if done % 50 == 0 and self.cancelled_begins(log_start) >= WANTED:
                    break
        finally:
            self.stop.set()
            self.canceller.join()
        self.assertGreaterEqual(self.cancelled_begins(log_start), WANTED)
        self.assertEqual(self.primary.sql("SELECT count(*) FROM t", dbname="app"), [(0,)])
        self.assertIn(b"still here", client.ask(query("SELECT 'still here'")))

    def test_the_statement_behind_it_does_not_run_alone(self):
        self.run_rounds(query)

    def test_nor_does_it_in_the_extended_protocol(self):
        self.run_rounds(extended)


if __name__ == "__main__":
    testing.main()
