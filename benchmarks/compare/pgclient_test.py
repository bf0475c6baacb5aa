"""The little client against the sink, and against servers that misbehave."""

import contextlib
import socket
import threading
import unittest

from benchmarks.compare import pgclient
from tests.support import testing


def serve_once(answers):
    """A server that answers each message of its one client with the next of `answers`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as client:
            for answer in answers:
                client.recv(4096)
                for part in answer:
                    client.sendall(part)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def connect(port):
    return pgclient.connect("127.0.0.1", port, "postgres", "app")


class PgClientTest(unittest.TestCase):
    READY = b"Z\0\0\0\5I"

    def test_logs_in_and_queries_at_the_sink_again_and_again(self):
        with contextlib.closing(pgclient.SinkServer()) as sink:
            clients = [connect(sink.port) for _ in range(50)]
            for client in clients * 2:
                self.assertGreater(pgclient.query(client, "select 1"), len(self.READY))
            for client in clients:
                client.close()

    def test_sink_closes_its_clients_with_itself(self):
        sink = pgclient.SinkServer()
        with connect(sink.port) as client:
            sink.close()
            self.assertEqual(client.recv(1), b"")

    def test_counts_the_bytes_up_to_a_ready_for_query_that_comes_in_pieces(self):
        rows = b"D" + b"x" * 100_000
        port = serve_once([[self.READY], [rows, self.READY[:2], self.READY[2:]]])
        with connect(port) as client:
            self.assertEqual(pgclient.query(client, "select 1"), len(rows) + len(self.READY))

    def test_error_is_raised_with_the_words_of_the_server(self):
        port = serve_once([[b"E\0\0\0\x10Mno such role\0\0"]])
        with self.assertRaisesRegex(pgclient.ProtocolError, "no such role"):
            connect(port)

    def test_connection_closed_before_ready_is_an_error(self):
        port = serve_once([[b"R\0\0\0\x08\0\0\0\0"]])
        with self.assertRaisesRegex(pgclient.ProtocolError, "closed by the server"):
            connect(port)


if __name__ == "__main__":
    testing.main()
