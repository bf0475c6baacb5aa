"""What comes over the wire in ways no library sends it: odd, broken, cut and glued."""

import socket
import struct
import unittest
from random import Random

from tests.integration.protocol.frontend import SYNC, bind, execute, parse, query
from tests.integration.protocol.replay import READY, ReplayCase
from tests.integration.clients.wire_client import (
    CANCEL_REQUEST, GSSENC_REQUEST, SSL_REQUEST, WireClient, error_fields, kinds, message,
    sqlstates, startup_packet)
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=1))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), threads=1))

# After a login: bytes after which no message can be found any more, by name.
BREAKS = {
    "unknown type": message(b"\x01"),
    "a server's type": message(b"Z", b"I"),
    "a length below four": b"Q" + struct.pack("!I", 3) + b"xx",
    "a length of zero": b"Q" + struct.pack("!I", 0),
    "a negative length": b"Q" + struct.pack("!i", -1),
    "a length above 1 GiB": b"Q" + struct.pack("!I", 0x7FFFFFFF),
    "a long Sync": message(b"S", b"\0" * 100_000),
    "a long Describe": message(b"D", b"S" + b"x" * 100_000 + b"\0"),
    "a password nobody asked for": message(b"p", b"secret\0"),
}

# Messages that are whole, but wrong inside.
WRONG = {
    "a query without its zero byte": message(b"Q", b"SELECT 1"),
    "an empty query message": message(b"Q"),
    "a query with a zero byte inside": message(b"Q", b"SELECT 1\0x\0"),
    "a Sync with a body": message(b"S", b"x"),
    "a Flush with a body": message(b"H", b"x") + SYNC,
    "a Parse without its end": message(b"P", b"name\0") + SYNC,
    "an empty Parse": message(b"P") + SYNC,
    "a Parse with too few types": message(b"P", b"\0SELECT 1\0\0\x05") + SYNC,
    "a Parse with a negative number of types": message(b"P", b"\0SELECT 1\0\xff\xff") + SYNC,
    "a Parse with too many bytes": message(b"P", b"\0SELECT 1\0\0\0x") + SYNC,
    "a Parse with a zero byte in its text": message(b"P", b"\0SELECT\0 1\0\0\0") + SYNC,
    "a Bind without its end": message(b"B", b"\0\0\0\1") + SYNC,
    "an empty Bind": message(b"B") + SYNC,
    "a Bind of a statement, without its end":
        parse("SELECT $1") + message(b"B", b"\0\0\0\0\0\1\0\0\0\5abc") + SYNC,
    "a negative number of formats":
        parse("SELECT $1") + message(b"B", b"\0\0\xff\xff\0\1\0\0\0\1a\0\0") + SYNC,
    "a negative number of values":
        parse("SELECT $1") + message(b"B", b"\0\0\0\0\xff\xff\0\0\0\1a\0\0") + SYNC,
    "a value of negative length":
        parse("SELECT $1") + message(b"B", b"\0\0\0\0\0\1\xff\xff\xff\xfea\0\0") + SYNC,
    "too many bytes in a Bind":
        parse("SELECT $1") + message(b"B", b"\0\0\0\0\0\1\0\0\0\1a\0\0xx") + SYNC,
    "formats for other values than there are":
        parse("SELECT $1::int, $2::int") + bind(1, 2, formats=(0, 0, 0)) + SYNC,
    "a zero byte in a value": parse("SELECT $1::text") + bind(b"a\0b") + execute() + SYNC,
    "wrong UTF-8": parse("SELECT $1::text") + bind(b"a\xc3") + execute() + SYNC,
    "wrong UTF-8 in a query": message(b"Q", b"SELECT 'a\xc3'\0"),
    "a Describe of nothing known": message(b"D", b"Xname\0") + SYNC,
    "a Describe that is empty": message(b"D") + SYNC,
    "an Execute without its limit": message(b"E", b"\0\0") + SYNC,
    "a Close of nothing known": message(b"C", b"Q\0") + SYNC,
    "a Close without its end": message(b"C", b"Sname") + SYNC,
    "a Terminate with a body": message(b"X", b"abc"),
    "too many parameters in the text": query("SELECT $65536::int"),
    "a parameter in a simple query": query("SELECT $1::int"),
}

# Instead of a startup packet.
MALFORMED_STARTS = {
    "a length below eight": struct.pack("!II", 7, 3 << 16),
    "a length of zero": struct.pack("!II", 0, 0),
    "a length of a gigabyte": struct.pack("!II", 1 << 30, 3 << 16),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "protocol 2.0": startup_packet(2 << 16, user="postgres"),
    "protocol 4.0": startup_packet(4 << 16, user="postgres"),
    "a parameter without its value": struct.pack("!II", 13, 3 << 16) + b"user\0",
    "no zero byte at the end": struct.pack("!II", 22, 3 << 16) + b"user\0postgresX",
    "no user": startup_packet(database="app"),
}


class MalformedTest(ReplayCase):
    node = staticmethod(lambda: CLUSTER()[0].primary)
    router = staticmethod(lambda: ROUTER())
    cluster = staticmethod(lambda: CLUSTER())

    def test_a_broken_message_costs_its_sender_the_connection_and_nobody_else(self):
        with ROUTER().connect() as neighbour:
            neighbour.execute("BEGIN")
            neighbour.execute("CREATE TEMP TABLE mine AS SELECT 1 AS a")
            for name, data in BREAKS.items():
                with self.subTest(name):
                    for port in (self.node().port, ROUTER().port):
                        with WireClient(port) as client:
                            client.log_in()
                            client.socket.sendall(data + message(b"S"))
                            got = client.until_closed()
                    self.assertEqual(sqlstates(got), ["08P01"], got)
                    self.assertEqual(error_fields(got[-1][1])["S"], "FATAL")
                    self.assertEqual(neighbour.execute("SELECT a FROM mine").fetchall(), [(1,)])
            neighbour.execute("COMMIT")

    def test_a_wrong_message_is_answered_as_by_postgresql(self):
        for name, data in WRONG.items():
            with self.subTest(name):
                self.both([data, READY, query("SELECT 7"), READY])

    def test_a_wrong_message_in_a_transaction_fails_it(self):
        for name, data in WRONG.items():
            with self.subTest(name):
                self.both([query("BEGIN"), READY, data, READY, query("SELECT 7"), READY,
                           query("ROLLBACK"), READY])

    def test_as_many_parameters_as_the_protocol_knows(self):
        self.both([parse("SELECT coalesce(" + ",".join(f"${n}::int" for n in range(1, 65536)) + ")")
                   + bind(*([None] * 65534 + [9])) + execute() + SYNC, READY])
        self.both([parse("SELECT $65535::int") + bind(*["1"] * 65535) + execute() + SYNC, READY])

    def test_a_broken_message_in_a_transaction_undoes_it(self):
        with ROUTER().connect() as other, WireClient(ROUTER().port) as client:
            other.execute("DROP TABLE IF EXISTS broken")
            other.execute("CREATE TABLE broken (a int)")
            client.log_in()
            client.query("BEGIN; LOCK TABLE broken; INSERT INTO broken VALUES (1)")
            client.socket.sendall(b"\x01\0\0\0\4")
            self.assertEqual(sqlstates(client.until_closed()), ["08P01"])
            other.execute("SET lock_timeout = '5s'")
            self.assertEqual(other.execute("SELECT count(*) FROM broken").fetchone(), (0,))

    def test_a_broken_start_is_refused(self):
        for name, data in MALFORMED_STARTS.items():
            with self.subTest(name), WireClient(ROUTER().port) as client:
                client.socket.sendall(data)
                client.socket.shutdown(socket.SHUT_WR)
                states = sqlstates(client.until_closed())
                self.assertTrue(set(states) <= {"08P01", "0A000", "28000"} and len(states) <= 1,
                                states)
        with ROUTER().connect() as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))

    def test_noise_never_stops_the_router(self):
        random = Random(7)
        for _ in range(150):
            with WireClient(ROUTER().port) as client:
                if random.random() < 0.7:
                    client.log_in()
                data = bytes(random.choice(b"QPBDESCHFdcfXp\0\0\0\4\5\x20")
                             for _ in range(random.randrange(1, 300)))
                try:
                    client.socket.sendall(data)
                    client.socket.shutdown(socket.SHUT_WR)
                    client.until_closed()
                except OSError:
                    pass
        self.assertTrue(ROUTER().is_up())
        with ROUTER().connect() as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))


class StartTest(unittest.TestCase):

    def test_encryption_requests_are_answered_n_and_the_session_goes_on(self):
        with WireClient(ROUTER().port) as client:
            for code in (SSL_REQUEST, GSSENC_REQUEST):
                client.socket.sendall(struct.pack("!II", 8, code))
                self.assertEqual(client.read_exactly(1), b"N")
            self.assertIn("Z", kinds(client.log_in()))

    def test_a_newer_minor_version_is_negotiated(self):
        for version, options, unknown in [((3 << 16) + 2, {}, 0), ((3 << 16) + 9999, {}, 0),
                                          (3 << 16, {"_pq_.grease": "1"}, 1)]:
            with self.subTest(version=version), WireClient(ROUTER().port) as client:
                client.socket.sendall(startup_packet(version, user="postgres", database="app",
                                                     **options))
                messages = client.until_ready()
                self.assertEqual(kinds(messages)[0], "v")
                self.assertEqual(kinds(messages).count("v"), 1)
                newest, count = struct.unpack("!II", messages[0][1][:8])
                self.assertEqual((newest & 0xFFFF, count), (0, unknown))
                self.assertEqual(sqlstates(messages), [])
                self.assertEqual(sqlstates(client.query("SELECT 1")), [])

    def test_another_database_is_unknown(self):
        with WireClient(ROUTER().port) as client:
            self.assertEqual(sqlstates(client.log_in(database="elsewhere")), ["3D000"])

    def test_a_cancel_request_with_a_wrong_key_does_nothing(self):
        with WireClient(ROUTER().port) as client, WireClient(ROUTER().port) as canceller:
            keys = [body for kind, body in client.log_in() if kind == b"K"][0]
            client.send(b"Q", b"SELECT pg_sleep(0.3)\0")
            wrong = keys[:4] + bytes(b ^ 255 for b in keys[4:])
            canceller.socket.sendall(struct.pack("!II", 8 + len(wrong), CANCEL_REQUEST) + wrong)
            self.assertEqual(canceller.until_closed(), [])
            self.assertEqual(sqlstates(client.until_ready()), [])

    def test_a_cancel_request_with_the_right_key_cancels(self):
        with WireClient(ROUTER().port) as client, WireClient(ROUTER().port) as canceller:
            keys = [body for kind, body in client.log_in() if kind == b"K"][0]
            client.query("BEGIN")
            client.query("SELECT 1")
            client.send(b"Q", b"SELECT pg_sleep(30)\0")
            wait_until(lambda: CLUSTER()[0].primary.sql(
                "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' "
                "AND state = 'active'"), "the query to run")
            canceller.socket.sendall(struct.pack("!II", 8 + len(keys), CANCEL_REQUEST) + keys)
            self.assertEqual(sqlstates(client.until_ready()), ["57014"])
            self.assertEqual(sqlstates(client.query("ROLLBACK; SELECT 1")), [])


class EndTest(unittest.TestCase):

    def setUp(self):
        with ROUTER().connect() as connection:
            connection.execute("DROP TABLE IF EXISTS ends")
            connection.execute("CREATE TABLE ends (a int)")

    def rows(self):
        return CLUSTER()[0].primary.sql("SELECT count(*) FROM ends", dbname="app")[0][0]

    def test_a_query_and_the_end_in_one_packet_are_both_heeded(self):
        for n in range(1, 21):
            with WireClient(ROUTER().port) as client:
                client.log_in()
                client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                client.send(b"Q", b"INSERT INTO ends VALUES (1)\0")
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(kinds(client.until_closed()), "CZ")
                self.assertEqual(self.rows(), n)

    def test_a_query_and_terminate_in_one_packet_are_both_heeded(self):
        for n in range(1, 21):
            with WireClient(ROUTER().port) as client:
                client.log_in()
                client.socket.sendall(message(b"Q", b"INSERT INTO ends VALUES (1)\0") + message(b"X"))
                self.assertEqual(kinds(client.until_closed()), "CZ")
                self.assertEqual(self.rows(), n)

    def test_a_server_that_ends_in_a_transaction_ends_the_session_once_with_a_reason(self):
        for _ in range(20):
            with WireClient(ROUTER().port) as client:
                client.log_in()
                client.query("BEGIN")
                client.query("CREATE TEMP TABLE IF NOT EXISTS mine (a int)")
                client.send(b"Q", b"SELECT pg_terminate_backend(pg_backend_pid())\0")
                states = sqlstates(client.until_closed())
                self.assertEqual(len(states), 1, states)
                self.assertIn(states[0], ("57P01", "08006"))

    def test_bytes_one_by_one_make_the_same_messages(self):
        with WireClient(ROUTER().port) as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in startup_packet(user="postgres", database="app"):
                client.socket.sendall(bytes([byte]))
            client.until_ready()
            for byte in message(b"Q", b"SELECT 41 + 1\0"):
                client.socket.sendall(bytes([byte]))
            self.assertEqual(kinds(client.until_ready()), "TDCZ")


if __name__ == "__main__":
    testing.main()
