"""Just enough of PostgreSQL's protocol to stand between a client and a server."""

import socket
import struct

SSL, GSS, CANCEL = 80877103, 80877104, 80877102


class Channel:
    """A socket that messages go through. EOFError once the other side has ended."""

    def __init__(self, connected):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._file = connected.makefile("rb", buffering=1 << 16)

    def read(self, size):
        """So many bytes."""
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def send(self, data):
        """All of the bytes."""
        self._socket.sendall(data)

    def read_startup(self):
        """The startup packet, or the cancel request; encryption is declined."""
        while True:
            head = self.read(8)
            size, code = struct.unpack("!II", head)
            if code not in (SSL, GSS):
                return head + self.read(size - 8)
            self.send(b"N")

    def read_message(self):
        """One message: (type, body)."""
        head = self.read(5)
        return head[:1], self.read(struct.unpack("!I", head[1:])[0] - 4)

    def read_answer(self):
        """Messages up to ReadyForQuery, without those that belong to no statement."""
        messages = []
        while True:
            kind, body = self.read_message()
            if kind not in b"SKA":
                messages.append((kind, body))
            if kind == b"G":
                self.send(message(b"f", b"nothing to copy\0"))
            if kind == b"Z":
                return messages

    def close(self):
        """Ends it."""
        self._file.close()
        self._socket.close()


def is_cancel(packet):
    """Whether a startup packet is a cancel request."""
    return struct.unpack("!I", packet[4:8])[0] == CANCEL


def startup_value(packet, name):
    """What a startup packet says of a setting, or ''."""
    words = packet[8:].split(b"\0")
    found = dict(zip(words[::2], words[1::2]))
    return found.get(name.encode(), b"").decode()


def message(kind, body):
    """A message's bytes."""
    return kind + struct.pack("!I", len(body) + 4) + body


def query_message(text):
    """A Query message."""
    return message(b"Q", text.encode() + b"\0")


def rows_of(messages):
    """The rows of an answer, as texts (None for NULL)."""
    return [_row(body) for kind, body in messages if kind == b"D"]


def _row(body):
    values, at = [], 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(body[at:at + size].decode() if size >= 0 else None)
        at += max(size, 0)
    return values


class Connection:
    """A session of our own on 127.0.0.1, as postgres or as a startup packet says."""

    def __init__(self, port, packet=None):
        if packet is None:
            settings = b"user\0postgres\0database\0postgres\0\0"
            packet = struct.pack("!II", len(settings) + 8, 3 << 16) + settings
        self._channel = Channel(socket.create_connection(("127.0.0.1", port)))
        self._channel.send(packet)
        self._channel.read_answer()

    def run(self, body):
        """A Query message's body; the answer's messages."""
        self._channel.send(message(b"Q", body))
        return self._channel.read_answer()

    def rows(self, text):
        """Runs one statement; its rows."""
        return rows_of(self.run(text.encode(errors="surrogateescape") + b"\0"))

    def close(self):
        """Ends it."""
        self._channel.close()
