"""Messages of hundreds of megabytes pass through the router without staying in it."""

import struct

from tests.integration.clients.wire_client import WireClient, sqlstates
from tests.integration.protocol.frontend import (
    COPY_DONE, FLUSH, SYNC, bind, execute, parse, query, run)
from tests.integration.protocol.replay import READY, ReplayCase
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=0))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), threads=1,
                                       max_query_size="8MB"))
MB = 1 << 20
BLOCK = bytes(MB)
BOUND = 30 * MB


def peak():
    """The most memory that the router has had, in bytes."""
    with open(f"/proc/{ROUTER().pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise KeyError("VmHWM")


class LargeTest(ReplayCase):
    node = staticmethod(lambda: CLUSTER()[0].primary)
    router = staticmethod(lambda: ROUTER())

    def client(self):
        client = WireClient(ROUTER().port, 60)
        client.log_in()
        self.assertEqual(sqlstates(client.query("SELECT 1")), [])
        return client

    def send(self, client, kind, head, megabytes, tail):
        """A message whose body is head, zeros and tail."""
        size = 4 + len(head) + megabytes * MB + len(tail)
        client.socket.sendall(kind + struct.pack("!I", size) + head)
        for _ in range(megabytes):
            client.socket.sendall(BLOCK)
        client.socket.sendall(tail)

    @testing.timeout(120)
    def test_a_parameter_of_500_mb(self):
        with self.client() as client:
            before = peak()
            client.socket.sendall(parse("SELECT length($1::bytea), $2::int"))
            self.send(client, b"B", b"\0\0" + struct.pack("!HHHI", 1, 1, 2, 500 * MB), 500,
                      struct.pack("!IiH", 4, 7, 0))
            client.socket.sendall(execute() + SYNC)
            rows = [body for kind, body in client.until_ready() if kind == b"D"]
            self.assertEqual(rows, [struct.pack("!HI", 2, 9) + b"524288000"
                                    + struct.pack("!I", 1) + b"7"])
            self.assertLess(peak() - before, BOUND)
            self.assertEqual(sqlstates(client.query("SELECT 1")), [])

    @testing.timeout(120)
    def test_a_piece_of_copy_of_300_mb(self):
        with self.client() as client:
            before = peak()
            client.query("CREATE TEMP TABLE large (data bytea)")
            for extended in (False, True):
                client.socket.sendall(
                    parse("COPY large FROM STDIN (FORMAT binary)") + bind() + execute() + FLUSH
                    if extended else query("COPY large FROM STDIN (FORMAT binary)"))
                while client.next()[0] != b"G":
                    pass
                self.send(client, b"d", b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
                          + struct.pack("!HI", 1, 300 * MB), 300, b"\xff\xff")
                client.socket.sendall(COPY_DONE + (SYNC if extended else b""))
                self.assertEqual(sqlstates(client.until_ready()), [])
            got = client.query("SELECT sum(length(data)) FROM large")
            self.assertIn((b"D", struct.pack("!HI", 1, 9) + b"629145600"), got)
            self.assertLess(peak() - before, BOUND)
            client.query("DROP TABLE large")

    def test_what_nobody_wants_is_dropped_as_it_comes(self):
        with self.client() as client:
            before = peak()
            self.send(client, b"d", b"", 100, b"")
            client.socket.sendall(parse("SELEKT"))
            self.send(client, b"B", b"\0\0" + struct.pack("!HHI", 0, 1, 100 * MB), 100, b"\0\0")
            client.socket.sendall(SYNC)
            self.assertEqual(sqlstates(client.until_ready()), ["42601"])
            self.send(client, b"B", b"\0none\0" + struct.pack("!HHI", 0, 1, 100 * MB), 100, b"\0\0")
            client.socket.sendall(SYNC)
            self.assertEqual(sqlstates(client.until_ready()), ["26000"])
            self.assertLess(peak() - before, BOUND)

    def test_a_text_beyond_the_limit_is_refused(self):
        with self.client() as client:
            before = peak()
            for begin in ("", "BEGIN"):
                client.query(begin)
                self.send(client, b"Q", b"SELECT 1 -- ", 60, b"\0")
                self.assertEqual(sqlstates(client.until_ready()), ["54000"])
                self.assertEqual(sqlstates(client.query("SELECT 1")), ["25P02"] if begin else [])
                client.query("ROLLBACK")
                client.socket.sendall(run("SELECT 1"))
                self.send(client, b"P", b"\0SELECT 1 -- ", 60, b"\0\0\0")
                client.socket.sendall(bind() + execute() + SYNC)
                self.assertEqual(sqlstates(client.until_ready()), ["54000"])
            self.assertEqual(sqlstates(client.query("SELECT 1")), [])
            self.assertLess(peak() - before, BOUND)

    def test_messages_between_the_limits_are_as_ever(self):
        for size in (64 << 10, (64 << 10) + 1, 300_000, 3_000_000):
            with self.subTest(size=size):
                text = "x" * size
                self.both([query(f"SELECT length('{text}')"), READY])
                self.both([query(f"SELECT length('{text}'); SELECT 2"), READY, query("SELECT 3"),
                           READY])
                self.both([run(f"SELECT length('{text}')") + SYNC, READY])
                self.both([run(f"SELECT length('{text}')", name="n") + SYNC, READY,
                           bind(statement="n") + execute() + SYNC, READY])
                self.both([run("SELECT length($1), $2", text, text) + run("SELECT 2") + SYNC, READY])
                self.both([query("BEGIN"), READY, run("SELECT length($1)", text) + SYNC, READY,
                           query("ROLLBACK"), READY])
                self.both([parse("SELECT length($1)", "n") + SYNC, READY,
                           (bind(text, statement="n") + execute()) * 5 + SYNC, READY])
                self.both([parse("SELECT $1::int") + bind(text) + execute() + SYNC, READY,
                           query("SELECT 2"), READY])


if __name__ == "__main__":
    testing.main()
