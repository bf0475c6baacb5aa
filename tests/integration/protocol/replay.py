"""Plays the same messages to PostgreSQL and to the router, and compares what comes back.

    SCRIPT = [parse("SELECT 1") + bind() + execute() + SYNC, READY]
    direct, routed = play(node_port, SCRIPT), play(router.port, SCRIPT)

A script is a list: bytes are sent (neighbours in one write), READY reads up to the next
ReadyForQuery, a letter up to the next message of that type, CLOSED to the end of the
connection. What was read is a list of messages made comparable: without what differs
between two connections (process numbers, OIDs of tables, the server's source lines).
"""

import struct
import unittest

from tests.integration.clients.wire_client import WireClient, error_fields

READY = "Z"
CLOSED = "the end"

# Severity, SQLSTATE, message, detail, hint, position and what it is about.
ERROR_FIELDS = set("SVCMDHPpqWstcdn")
SILENT = (b"S", b"K")  # ParameterStatus and BackendKeyData are other tests' matter


def normalised(kind, body):
    """A message in a form that can be compared and printed."""
    if kind in (b"E", b"N"):
        fields = error_fields(body)
        return (kind.decode(), {k: v for k, v in fields.items() if k in ERROR_FIELDS})
    if kind == b"T":
        columns, at = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            end = body.index(b"\0", at)
            table, column, oid, size, modifier, form = struct.unpack("!IhIhih",
                                                                     body[end + 1:end + 19])
            columns.append((body[at:end], table != 0, column, oid, size, modifier, form))
            at = end + 19
        return ("T", columns)
    if kind == b"A":
        return ("A", body[4:])
    return (kind.decode(), body if len(body) < 200 else (len(body), hash(body)))


def play(port, script, timeout=10, **parameters):
    """Plays a script over a new connection; the messages that came back."""
    got = []
    with WireClient(port, timeout) as client:
        client.log_in(**parameters)
        pending = b""
        for step in script + [b""]:
            if isinstance(step, bytes):
                pending += step
                continue
            client.socket.sendall(pending)
            pending = b""
            if not _read(client, step, got):
                return got
        if pending:
            client.socket.sendall(pending)
    return got


def _read(client, until, got):
    while True:
        try:
            answer = client.next()
        except TimeoutError:
            got.append(("nothing came", f"waiting for {until}"))
            return False
        except ConnectionResetError:
            answer = None
        if answer is None:
            got.append(("closed",))
            return until == CLOSED
        if answer[0] not in SILENT:
            got.append(normalised(*answer))
        if answer[0].decode() == until:
            return True


class ReplayCase(unittest.TestCase):
    """A test that plays scripts on both. `node` and `router` are functions of the subclass, and
    `cluster` too, where there are standbys: what is reset has to be seen on them as well, since
    the client that plays did not write it."""

    node = None
    router = None
    cluster = None
    reset = ""       # SQL before each play
    look = ""        # SQL whose rows have to be the same afterwards
    maxDiff = 4000

    def both(self, script, reset=None, without="", **options):
        """Plays on PostgreSQL and on the router; fails where they differ; returns the answer.

        `without` are letters of error fields that are not compared.
        """
        results = []
        for port in (self.node().port, self.router().port):
            if text := self.reset if reset is None else reset:
                self.node().sql(text, dbname="app")
                if self.cluster is not None:
                    self.cluster().wait_for_replay()
            got = play(port, script, **options)
            for message in got:
                if message[0] in ("E", "N"):
                    for letter in without:
                        message[1].pop(letter, None)
            rows = self.node().sql(self.look, dbname="app") if self.look else []
            results.append((got, rows))
        (direct, rows), (routed, routed_rows) = results
        self.assertEqual(_lines(routed), _lines(direct))
        self.assertEqual(routed_rows, rows, "the tables differ afterwards")
        return direct

    def all_of(self, cases, **options):
        """both() for every script of a dictionary, by name."""
        for name, script in cases.items():
            with self.subTest(name):
                self.both(script, **options)


def _lines(messages):
    return [" ".join(map(str, m)) for m in messages]
