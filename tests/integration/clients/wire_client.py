"""The protocol by hand, for what no client library would send.

    with WireClient(router.port) as client:
        client.log_in()
        client.send(b"Q", b"SELECT 1\0")
        types = [kind for kind, _ in client.until_ready()]
"""

import socket
import struct

PROTOCOL_3_0 = 3 << 16
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102


def startup_packet(version=PROTOCOL_3_0, **parameters):
    """A startup packet with its length."""
    body = struct.pack("!I", version)
    for name, value in parameters.items():
        body += name.encode() + b"\0" + value.encode() + b"\0"
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def message(kind, body=b""):
    """A framed message; `kind` is one byte."""
    return kind + struct.pack("!I", len(body) + 4) + body


class WireClient:
    """One TCP connection. Reads time out after `timeout` seconds (TimeoutError)."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def log_in(self, **parameters):
        """Starts a session as postgres in app; its messages up to ReadyForQuery."""
        self.socket.sendall(startup_packet(**({"user": "postgres", "database": "app"} | parameters)))
        return self.until_ready()

    def send(self, kind, body=b""):
        """Sends one message."""
        self.socket.sendall(message(kind, body))

    def query(self, text):
        """A simple query and all that comes back."""
        self.send(b"Q", text.encode() + b"\0")
        return self.until_ready()

    def read_exactly(self, size):
        """`size` bytes, unframed; ConnectionError if the other side ends first."""
        while len(self._data) < size:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed")
            self._data += part
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def next(self):
        """The next message, (type, body); None at the end of the connection."""
        try:
            head = self.read_exactly(5)
            return head[:1], self.read_exactly(struct.unpack("!I", head[1:])[0] - 4)
        except ConnectionError:
            return None

    def until_ready(self):
        """All messages up to ReadyForQuery, or to the end of the connection."""
        messages = []
        while (got := self.next()) is not None:
            messages.append(got)
            if got[0] == b"Z":
                break
        return messages

    def until_closed(self):
        """All messages until the router closes the connection."""
        messages = []
        while (got := self.next()) is not None:
            messages.append(got)
        return messages


def error_fields(body):
    """An ErrorResponse's fields by their letters."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def sqlstates(messages):
    """The SQLSTATEs of the errors among messages."""
    return [error_fields(body)["C"] for kind, body in messages if kind == b"E"]


def kinds(messages):
    """The types of messages in one string."""
    return b"".join(kind for kind, _ in messages).decode()
