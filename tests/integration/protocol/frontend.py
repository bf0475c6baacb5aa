"""The messages that a client sends, as bytes."""

import struct

from tests.integration.clients.wire_client import message  # noqa: F401


def _text(value):
    return value.encode() + b"\0" if isinstance(value, str) else value + b"\0"


def _codes(codes):
    return struct.pack(f"!H{len(codes)}h", len(codes), *codes)


def query(text):
    """A simple query."""
    return message(b"Q", _text(text))


def parse(text, name="", types=()):
    """Prepares `text` under `name`; `types` are OIDs."""
    return message(b"P", _text(name) + _text(text) + struct.pack(f"!H{len(types)}I", len(types),
                                                                *types))


def bind(*values, portal="", statement="", formats=(), results=()):
    """Binds `values` (text, bytes or None)."""
    body = _text(portal) + _text(statement) + _codes(formats) + struct.pack("!H", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
            continue
        value = value if isinstance(value, bytes) else str(value).encode()
        body += struct.pack("!i", len(value)) + value
    return message(b"B", body + _codes(results))


def describe(name="", kind=b"S"):
    """Describes a statement, or the portal `name` by kind=b"P"."""
    return message(b"D", kind + _text(name))


def execute(portal="", limit=0):
    """Executes a portal; `limit` rows at most."""
    return message(b"E", _text(portal) + struct.pack("!i", limit))


def close(name="", kind=b"S"):
    """Closes a statement, or the portal `name` by kind=b"P"."""
    return message(b"C", kind + _text(name))


def run(text, *values, name="", portal="", limit=0):
    """Parse, Bind, Describe of the portal and Execute."""
    return (parse(text, name) + bind(*values, statement=name, portal=portal)
            + describe(portal, b"P") + execute(portal, limit))


def copy_data(data):
    """One piece of a COPY."""
    return message(b"d", data if isinstance(data, bytes) else data.encode())


def copy_fail(reason):
    """Gives a COPY up."""
    return message(b"f", _text(reason))


def function_call(oid, *arguments, formats=(0,), result=0):
    """The old way to call a function."""
    body = struct.pack("!I", oid) + _codes(formats) + struct.pack("!H", len(arguments))
    for value in arguments:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            value = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack("!i", len(value)) + value
    return message(b"F", body + struct.pack("!h", result))


SYNC = message(b"S")
FLUSH = message(b"H")
COPY_DONE = message(b"c")
TERMINATE = message(b"X")
