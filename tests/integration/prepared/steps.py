"""Conversations in the protocol, step by step, to be held with two servers and compared.

A script is a list of steps. Each step names a session and what it sends; the session's
answer up to the last ReadyForQuery is what is compared:

    SCRIPT = [
        ("a", query("PREPARE p AS SELECT 1")),
        ("b", parse("p", "SELECT 2"), bind("p"), execute(), SYNC),
    ]
    self.assertEqual(play(SCRIPT, router_port), play(SCRIPT, direct_port))
"""

import struct

from tests.integration.clients.wire_client import WireClient, error_fields, message

SYNC = message(b"S")
FLUSH = message(b"H")
# A step of this session is run by `play`'s caller, in between.
ASIDE = "aside"


def query(text):
    """A simple query."""
    return message(b"Q", text.encode() + b"\0")


def parse(name, text, types=()):
    """A Parse; `types` are OIDs."""
    body = name.encode() + b"\0" + text.encode() + b"\0" + struct.pack("!H", len(types))
    return message(b"P", body + b"".join(struct.pack("!I", oid) for oid in types))


def bind(name, values=(), portal=""):
    """A Bind with parameters in text (None: NULL)."""
    body = portal.encode() + b"\0" + name.encode() + b"\0" + struct.pack("!HH", 0, len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            body += struct.pack("!i", len(str(value).encode())) + str(value).encode()
    return message(b"B", body + struct.pack("!H", 0))


def describe(name, portal=False):
    """A Describe of a statement, or of a portal."""
    return message(b"D", (b"P" if portal else b"S") + name.encode() + b"\0")


def execute(portal="", rows=0):
    """An Execute."""
    return message(b"E", portal.encode() + b"\0" + struct.pack("!I", rows))


def close(name, portal=False):
    """A Close of a statement, or of a portal."""
    return message(b"C", (b"P" if portal else b"S") + name.encode() + b"\0")


def run(name, *values):
    """What libpq's PQexecPrepared sends."""
    return bind(name, values) + describe("", portal=True) + execute() + SYNC


def run_undescribed(name, *values):
    """The same for a driver that remembers the columns."""
    return bind(name, values) + execute() + SYNC


def _columns(body):
    """A RowDescription: (name, type, modifier) of each column."""
    columns, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(b"\0", at)
        _, _, oid, _, modifier, _ = struct.unpack_from("!IhIhih", body, end + 1)
        columns.append((body[at:end].decode(), oid, modifier))
        at = end + 19
    return columns


def _readable(kind, body):
    if kind in b"EN":
        fields = error_fields(body)
        return kind.decode(), tuple(fields.get(letter) for letter in "VCMDHP")
    if kind == b"T":
        return "T", tuple(_columns(body))
    return kind.decode(), body


def answer(client, sent):
    """Sends it, and what comes back, readable, up to the last ReadyForQuery."""
    client.socket.sendall(sent)
    messages = []
    for _ in range(_syncs(sent)):
        messages += client.until_ready()
    return [_readable(kind, body) for kind, body in messages if kind != b"S"]


def _syncs(sent):
    count, at = 0, 0
    while at < len(sent):
        count += sent[at:at + 1] in (b"S", b"Q")
        at += 1 + struct.unpack_from("!I", sent, at + 1)[0]
    return count


def play(script, port, aside=None, **parameters):
    """The answers to all steps, as (session, what was sent, what came back)."""
    sessions, answers = {}, []
    try:
        for name, *parts in script:
            if name == ASIDE:
                aside(*parts)
                continue
            if name not in sessions:
                sessions[name] = WireClient(port)
                sessions[name].log_in(**parameters)
            sent = b"".join(parts)
            answers.append((name, sent, answer(sessions[name], sent)))
    finally:
        for client in sessions.values():
            client.socket.close()
    return answers
