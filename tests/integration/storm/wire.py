"""A fast client that speaks the protocol by hand, many of them in one event loop.

    client = await connect(port, {"user": "postgres", "database": "app"})
    answer = await client.ask(query("SELECT 1"))        # raw bytes up to ReadyForQuery
    messages = read(answer)                              # what can be compared

An answer's bytes are kept as they came: equal bytes are an equal answer. Where they differ,
Reading() takes out what may: ParameterStatus (kept apart, the last value counts),
notifications (kept apart too), source lines of errors, OIDs of tables in RowDescription.
"""

import asyncio
import socket
import struct

_HEADER = struct.Struct("!cI")


class Closed(Exception):
    """The other side ended the connection; `args[0]` are the bytes of the unfinished answer."""


def message(kind, body=b""):
    """A framed message."""
    return kind + struct.pack("!I", len(body) + 4) + body


def query(text):
    """A simple query."""
    return message(b"Q", text.encode() + b"\0")


def parse(name, text):
    """Parse, without parameter types."""
    return message(b"P", f"{name}\0{text}\0".encode() + b"\0\0")


def bind(portal, name, *values):
    """Bind with text parameters and text results."""
    body = f"{portal}\0{name}\0".encode() + struct.pack("!HH", 0, len(values))
    for value in values:
        encoded = value.encode()
        body += struct.pack("!I", len(encoded)) + encoded
    return message(b"B", body + b"\0\0")


def describe(kind, name):
    """Describe of a statement (S) or a portal (P)."""
    return message(b"D", f"{kind}{name}\0".encode())


def execute(portal="", rows=0):
    """Execute up to `rows` rows (0: all)."""
    return message(b"E", portal.encode() + b"\0" + struct.pack("!I", rows))


def close(kind, name):
    """Close of a statement (S) or a portal (P)."""
    return message(b"C", f"{kind}{name}\0".encode())


SYNC = message(b"S")
TERMINATE = message(b"X")


def run(text, *values, name=""):
    """A whole segment: Parse, Bind, Describe, Execute, Sync."""
    return (parse(name, text) + bind("", name, *values) + describe("P", "") + execute() + SYNC)


class Client(asyncio.Protocol):
    """One connection. Only one question at a time."""

    def __init__(self):
        self._data = bytearray()
        self._at = 0  # of the next header
        self._ready = 0  # ReadyForQuery still to come
        self._waiter = None
        self._transport = None
        self._closed = False
        self.idle = True  # no transaction was open at the end of the last answer
        self.parameters = {}
        self.notifications = []

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._data += data
        while self._ready and len(self._data) - self._at >= 5:
            kind, length = _HEADER.unpack_from(self._data, self._at)
            if len(self._data) - self._at < length + 1:
                return
            self._at += length + 1
            if kind == b"Z":
                self._ready -= 1
        if not self._ready:
            self._wake()

    def connection_lost(self, error):
        self._closed = True
        self._wake()

    def _wake(self):
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def send(self, data):
        """Sends without waiting for an answer."""
        self._transport.write(data)

    async def ask(self, data, ready=1, timeout=30):
        """Sends `data` and returns the answer's bytes up to its last ReadyForQuery."""
        self._ready = ready
        self._transport.write(data)
        return await self.answer(timeout)

    async def answer(self, timeout=30):
        """The rest of what ask() returns."""
        self.data_received(b"")
        if self._ready and not self._closed:
            self._waiter = asyncio.get_running_loop().create_future()
            timer = asyncio.get_running_loop().call_later(timeout, self._expire)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        if self._ready:
            raise Closed(bytes(self._data))
        answer = bytes(self._data[:self._at])
        self.idle = answer.endswith(b"I")
        del self._data[:self._at]
        self._at = 0
        return answer

    def _expire(self):
        if not self._waiter.done():
            self._waiter.set_exception(TimeoutError("no answer in time"))

    def end(self):
        """Says goodbye."""
        if not self._closed:
            self._transport.write(TERMINATE)
        self._transport.close()

    def vanish(self, reset):
        """Closes the socket without a word; `reset`: with RST instead of FIN."""
        sock = self._transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def take(self, answer):
        """Reads an answer; parameters and notifications go where they are kept."""
        kept = []
        at = 0
        while at < len(answer):
            kind, length = _HEADER.unpack_from(answer, at)
            body = answer[at + 5:at + 1 + length]
            at += length + 1
            if kind == b"S":
                name, value, _ = body.split(b"\0")
                self.parameters[name.decode()] = value.decode()
            elif kind == b"A":
                channel, payload, _ = body[4:].split(b"\0")
                self.notifications.append((channel, payload))
            elif kind in b"NE":
                kept.append((kind, fields(body)))
            elif kind == b"T":
                kept.append((kind, without_tables(body)))
            elif kind not in b"RK":
                kept.append((kind, body))
        return kept


async def connect(port, startup, timeout=30):
    """A logged-in Client. Raises Closed with the server's words if it does not let us in."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", port)
    body = struct.pack("!I", 3 << 16)
    for name, value in startup.items():
        body += name.encode() + b"\0" + value.encode() + b"\0"
    body += b"\0"
    client.take(await client.ask(struct.pack("!I", len(body) + 4) + body, timeout=timeout))
    return client


def fields(body):
    """An error's or a notice's fields by letter, without the place in the server's source."""
    found = {part[:1].decode(): part[1:].decode(errors="replace")
             for part in body.split(b"\0") if part}
    for letter in "FLR":
        found.pop(letter, None)
    return found


def without_tables(body):
    """A RowDescription's columns: name, attribute, type, width, modifier, format."""
    (count,) = struct.unpack_from("!H", body)
    columns, at = [], 2
    for _ in range(count):
        end = body.index(b"\0", at)
        _, *rest = struct.unpack_from("!IhIhiH", body, end + 1)
        columns.append((body[at:end], *rest))
        at = end + 19
    return columns


def sqlstate(messages):
    """The SQLSTATE of the first error among them, or ""."""
    return next((body["C"] for kind, body in messages if kind == b"E"), "")
