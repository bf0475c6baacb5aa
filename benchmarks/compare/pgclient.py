"""The little of PostgreSQL's protocol that the benchmark speaks itself.

psql and drivers would cost more than the proxies that are measured: 4,000 of
them do not fit, and one of them cannot drink bulk rows fast enough. Trust
authentication and simple queries only; source: "Frontend/Backend Protocol" in
PostgreSQL's documentation.
"""

import selectors
import socket
import struct
import threading

_PROTOCOL_3_0 = 196608
_READY = b"Z\0\0\0\5I"
_AUTHENTICATION_OK = b"R\0\0\0\x08\0\0\0\0"


class ProtocolError(Exception):
    """The server refused, or sent what this client does not expect."""


def connect(
    host: str, port: int, user: str, database: str, timeout: float = 10
) -> socket.socket:
    """Logs in and returns the socket once the server is ready for a query."""
    sock = socket.create_connection((host, port), timeout=timeout)
    try:
        words = ["user", user, "database", database]
        body = b"".join(word.encode() + b"\0" for word in words) + b"\0"
        sock.sendall(struct.pack("!ii", len(body) + 8, _PROTOCOL_3_0) + body)
        _read_until_ready(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def query(sock: socket.socket, text: str) -> int:
    """Runs `text`, throws its rows away, returns the bytes received."""
    body = text.encode() + b"\0"
    sock.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
    return _read_until_ready(sock)


def _read_until_ready(sock: socket.socket) -> int:
    """Reads to ReadyForQuery by its look, not by frames, which is cheaper.

    That is safe for the queries used here: their rows cannot end like a
    ReadyForQuery message. An ErrorResponse is only looked for at the start.
    """
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    received = 0
    tail = b""
    while True:
        n = sock.recv_into(view)
        if n == 0:
            raise ProtocolError(f"closed by the server: {bytes(tail)!r}")
        if received == 0 and buffer[0:1] == b"E":
            raise ProtocolError(bytes(buffer[5:n]).decode(errors="replace"))
        received += n
        tail = (tail + bytes(view[max(0, n - len(_READY)) : n]))[-len(_READY) :]
        if tail == _READY:
            return received


class SinkServer:
    """Accepts any login and answers every query with no rows.

    Stands in for PostgreSQL where a proxy opens one server connection for
    each idle client: 4,000 backends would be measured otherwise. Runs a
    thread of its own; close() ends it and every connection.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        for sock in (self._listener, self._wake):
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._waker.send(b"x")
        self._thread.join()
        self._waker.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    self._close_all()
                    return
                if key.fileobj is self._listener:
                    client, _ = self._listener.accept()
                    client.setblocking(False)
                    self._selector.register(client, selectors.EVENT_READ)
                else:
                    self._answer(key.fileobj)

    def _answer(self, client: socket.socket) -> None:
        try:
            received = client.recv(4096)
        except OSError:
            received = b""
        if not received:
            self._selector.unregister(client)
            client.close()
        elif received[0:1] == b"Q":
            tag = b"SELECT 0\0"
            client.sendall(b"C" + struct.pack("!i", len(tag) + 4) + tag + _READY)
        else:
            client.sendall(_AUTHENTICATION_OK + _READY)

    def _close_all(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
