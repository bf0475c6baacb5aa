"""Reads the tables of statements (*.sql in this folder).

    -- A comment.
    [subject]                                 a new session
    same     SELECT 1
    same     SELECT * FROM items
             WHERE id = $1 <- int4 5          indented lines go on
    refused  SELECT count(*) FROM items
    same     COPY notes FROM STDIN << 1\tcopied\n

A statement is sent to pgbraid and to one PostgreSQL, and the first word says what must come
of it: `same` is the same answer or error; `refused` is 0A000 with a reason; `either` is one
of the two; a SQLSTATE is that error, where pgbraid documents one of its own.

Parameters follow `<-`, as type and value with `|` between them (int4 5 | text NULL | text 'x').
Such a statement is sent four times: with text parameters, with binary ones, and prepared by name
and described first, with its parameters' types declared and without. What follows `<<` answers a COPY FROM STDIN.
"""

import dataclasses
import datetime
import re
import struct
import uuid

OIDS = {"unknown": 0, "bool": 16, "int8": 20, "int2": 21, "int4": 23, "text": 25, "float8": 701,
        "int4[]": 1007, "int8[]": 1016, "text[]": 1009, "varchar": 1043, "date": 1082,
        "timestamp": 1114, "timestamptz": 1184, "numeric": 1700, "uuid": 2950, "uuid[]": 2951}


@dataclasses.dataclass
class Parameter:
    type: str
    text: bytes | None  # None: NULL

    @property
    def oid(self):
        return OIDS[self.type]

    def binary(self):
        """The binary form, or None where only a text can be sent."""
        if self.text is None:
            return None
        try:
            return _binary(self.type, self.text.decode())
        except (ValueError, OverflowError, struct.error):
            return None


@dataclasses.dataclass
class Case:
    place: str  # file:line
    expected: str
    sql: str
    parameters: list | None = None
    copy_data: bytes | None = None


def _array(element, text):
    values = [_binary(element, part) for part in text[1:-1].split(",") if part]
    head = struct.pack("!iii", 1 if values else 0, 0, OIDS[element])
    if values:
        head += struct.pack("!ii", len(values), 1)
    return head + b"".join(struct.pack("!i", len(value)) + value for value in values)


def _binary(kind, text):
    epoch = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    if kind.endswith("[]"):
        return _array(kind[:-2], text)
    if kind in ("text", "varchar", "unknown"):
        return text.encode()
    if kind == "bool":
        return bytes([text == "t"])
    if kind in ("int2", "int4", "int8"):
        return struct.pack({"int2": "!h", "int4": "!i", "int8": "!q"}[kind], int(text))
    if kind == "float8":
        return struct.pack("!d", float(text))
    if kind == "uuid":
        return uuid.UUID(text).bytes
    if kind == "date":
        return struct.pack("!i", (datetime.date.fromisoformat(text) - epoch.date()).days)
    if kind in ("timestamp", "timestamptz"):
        moment = datetime.datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
        return struct.pack("!q", (moment - epoch) // datetime.timedelta(microseconds=1))
    return None


def _parameter(text):
    kind, _, value = text.strip().partition(" ")
    if value == "NULL":
        return Parameter(kind, None)
    quoted = re.fullmatch(r"'(.*)'", value)
    return Parameter(kind, (quoted[1] if quoted else value).encode())


def read(path):
    """[(subject, [Case ...]) ...] of one file."""
    name = path.rpartition("/")[2].removesuffix(".sql")
    subjects, cases = [], []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("--"):
                continue
            if line.startswith("["):
                cases = []
                subjects.append((line.strip("[]"), cases))
            elif line.startswith(" "):
                cases[-1].sql += "\n" + line.strip()
            else:
                expected, _, sql = line.partition(" ")
                cases.append(Case(f"{name}:{number}", expected, sql.strip()))
    for _, cases in subjects:
        for case in cases:
            case.sql, arrow, parameters = case.sql.partition(" <- ")
            if arrow:
                case.parameters = [_parameter(p) for p in parameters.split("|")]
            case.sql, copies, data = case.sql.partition(" << ")
            if copies:
                case.copy_data = data.encode().decode("unicode_escape").encode()
    return subjects
