"""A server connection lost in each phase, and what arrives on one that nobody uses."""

import socket
import struct

from tests.integration.clients.wire_client import (
    GSSENC_REQUEST, SSL_REQUEST, WireClient, error_fields, kinds, sqlstates, startup_packet)
from tests.integration.protocol.frontend import (
    FLUSH, SYNC, bind, execute, message, parse, query, run)
from tests.integration.protocol.replay import ReplayCase
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=0))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), threads=1, pool_size=4))


class LossCase(ReplayCase):
    node = staticmethod(lambda: CLUSTER()[0].primary)
    router = staticmethod(lambda: ROUTER())

    def setUp(self):
        self.node().sql("DROP TABLE IF EXISTS kept", dbname="app")
        self.node().sql("CREATE TABLE kept (a int)", dbname="app")

    def kill(self, condition):
        """Ends the server's sides of the router's connections; how many there were."""
        return self.node().sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
            "datname = 'app' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND "
            + condition)[0][0]

    def running(self, text):
        return self.node().sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s "
                               "AND state = 'active' AND pid <> pg_backend_pid()",
                               text + "%")[0][0] > 0

    def client(self):
        client = WireClient(ROUTER().port)
        client.log_in()
        return client


class PhasesTest(LossCase):

    def test_an_idle_connection_that_has_ended_is_nobodys_error(self):
        for statement in (query("INSERT INTO kept VALUES (1)"),
                          run("INSERT INTO kept VALUES (1)") + SYNC):
            with self.client() as client:
                client.query("SELECT 1")
                self.assertGreater(self.kill("state = 'idle'"), 0)
                wait_until(lambda: self.kill("state = 'idle'") == 0, "the connections to end")
                client.socket.sendall(statement)
                self.assertEqual(sqlstates(client.until_ready()), [])
        self.assertEqual(self.node().sql("SELECT count(*) FROM kept", dbname="app"), [(2,)])

    def test_a_read_of_which_nothing_was_relayed_goes_to_another_connection(self):
        text = "SELECT pg_sleep(0.5), 'once more'"
        for statement in (query(text), run(text) + SYNC,
                          parse(text) + bind() + execute() + SYNC):
            with self.subTest(statement), self.client() as client:
                client.socket.sendall(statement)
                wait_until(lambda: self.running(text), "the query to run")
                self.assertEqual(self.kill(f"query LIKE '{text[:15]}%'"), 1)
                got = client.until_ready()
                if kinds(got).startswith(("12T", "T")):
                    # The rows' description had gone to the client.
                    self.assertIn(sqlstates(got), ([], ["08006"]))
                else:
                    self.assertEqual(sqlstates(got), [])
                    self.assertEqual(kinds(got).count("D"), 1)
                self.assertEqual(sqlstates(client.query("SELECT 1")), [])

    def test_a_write_is_reported_and_the_session_lives_on(self):
        text = "INSERT INTO kept SELECT 1 FROM pg_sleep(20)"
        for statement in (query(text), run(text) + SYNC):
            with self.subTest(statement), self.client() as client:
                client.socket.sendall(statement)
                wait_until(lambda: self.running("INSERT INTO kept"), "the query to run")
                self.kill("query LIKE 'INSERT INTO kept%'")
                got = client.until_ready()
                self.assertEqual(sqlstates(got), ["08006"])
                self.assertEqual(error_fields([b for k, b in got if k == b"E"][0])["S"], "ERROR")
                self.assertEqual(got[-1], (b"Z", b"I"))
                self.assertEqual(sqlstates(client.query("SELECT 1")), [])

    def test_what_follows_in_the_segment_is_skipped(self):
        with self.client() as client:
            client.socket.sendall(run("INSERT INTO kept SELECT 1 FROM pg_sleep(20)") + FLUSH)
            wait_until(lambda: self.running("INSERT INTO kept"), "the query to run")
            self.kill("query LIKE 'INSERT INTO kept%'")
            while client.next()[0] != b"E":
                pass
            client.socket.sendall(run("INSERT INTO kept VALUES (2)") + SYNC
                                  + run("INSERT INTO kept VALUES (3)") + SYNC)
            self.assertEqual(kinds(client.until_ready()), "Z")
            self.assertEqual(sqlstates(client.until_ready()), [])
        self.assertEqual(self.node().sql("SELECT a FROM kept", dbname="app"), [(3,)])

    def test_a_commit_in_flight_is_of_unknown_outcome(self):
        self.node().sql("DROP TABLE IF EXISTS slow", dbname="app")
        self.node().psql("""CREATE TABLE slow (a int);
            CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(20); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER t AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION slowly()""", "app")
        for commit in (query("COMMIT"), run("COMMIT") + SYNC):
            with self.subTest(commit), self.client() as client:
                client.query("BEGIN")
                self.assertEqual(sqlstates(client.query("INSERT INTO slow VALUES (1)")), [])
                client.socket.sendall(commit)
                wait_until(lambda: self.running("COMMIT"), "the commit to run")
                self.kill("query = 'COMMIT'")
                self.assertEqual(sqlstates(client.until_closed()), ["08007"])

    def test_in_a_transaction_the_session_ends_once_with_a_reason(self):
        with self.client() as client:
            client.query("BEGIN")
            client.query("INSERT INTO kept VALUES (1)")
            self.assertGreater(self.kill("state = 'idle in transaction'"), 0)
            got = client.until_closed()
            self.assertEqual(len(sqlstates(got)), 1, got)
            self.assertIn(sqlstates(got)[0], ("57P01", "08006"))


class StartTest(LossCase):

    def test_encryption_is_declined_once_of_each_kind(self):
        # Asked again, it counts as a startup packet of an unknown version.
        for codes, answers in (((SSL_REQUEST, GSSENC_REQUEST), b"NN"),
                               ((GSSENC_REQUEST, SSL_REQUEST), b"NN"),
                               ((SSL_REQUEST, SSL_REQUEST), b"NE"),
                               ((GSSENC_REQUEST, GSSENC_REQUEST), b"NE")):
            with self.subTest(codes=codes), WireClient(ROUTER().port) as client:
                got = b""
                for code in codes:
                    client.socket.sendall(struct.pack("!II", 8, code))
                    got += client.read_exactly(1)
                self.assertEqual(got, answers)
                if got == b"NN":
                    self.assertEqual(sqlstates(client.log_in()), [])

    def test_negotiation_goes_on(self):
        for version, options in (((3 << 16) + 2, {}), ((3 << 16) + 9999, {}),
                                 (3 << 16, {"_pq_.grease": "1", "_pq_.more": "2"})):
            answers = []
            for port in (self.node().port, ROUTER().port):
                with WireClient(port) as client:
                    client.socket.sendall(startup_packet(version, user="postgres", database="app",
                                                         **options))
                    answers.append([body for kind, body in client.until_ready() if kind == b"v"])
            self.assertEqual(answers[1], answers[0])

    def test_a_client_that_sends_all_at_once_is_answered(self):
        with WireClient(ROUTER().port) as client:
            client.socket.sendall(startup_packet(user="postgres", database="app")
                                  + query("SELECT 7") + run("SELECT 8") + SYNC + message(b"X"))
            self.assertEqual(sqlstates(client.until_ready()), [])
            self.assertEqual(kinds(client.until_ready()), "TDCZ")
            self.assertEqual(kinds(client.until_ready()), "12TDCZ")
            self.assertEqual(client.until_closed(), [])

    def test_a_client_that_is_gone_before_it_is_greeted_harms_nobody(self):
        for _ in range(20):
            with WireClient(ROUTER().port) as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.socket.sendall(startup_packet(user="postgres", database="app"))
        with self.client() as client:
            self.assertEqual(sqlstates(client.query("SELECT 1")), [])


if __name__ == "__main__":
    testing.main()
