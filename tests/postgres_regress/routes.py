"""What the router's log says of where statements went, counted.

With --log_routes the router writes a line for each statement that it sends to a server:

    route: client=7 shards=s0 host=127.0.0.1:5432 (standby) reason="..." sql=TEXT

where TEXT may go on over more lines, and one for each error by which a standby said that it
can't do what a primary could:

    standby error: client=7 host=... transaction=no error="25006 ROUTINE" answer=the primary's
"""

import collections
import dataclasses
import re

LINE = re.compile(r"^(?:route: |standby error: |pgbraid: )", re.MULTILINE)
ROUTE = re.compile(r'route: client=(\d+) shards=(.*?) reason="(.*?)" sql=(.*)\n\Z', re.DOTALL)
ERROR = re.compile(r'standby error: client=\d+ host=\S+ transaction=(yes|no) error="(.*?)" '
                   r"answer=(.*)")

# Statements about the catalogs, as far as the text tells, beside the relations' own names.
CATALOG = (r"\binformation_schema\b|\breg(class|proc|procedure|type|oper|operator|role|namespace"
           r"|config|dictionary|collation)\b|\b(pg_get_\w+|has_\w+_privilege|to_reg\w+|"
           r"\w+_description|pg_\w+_is_visible|pg_\w*size\w*|format_type|pg_describe_object|"
           r"pg_identify_object\w*|pg_stat_\w+|pg_has_role|row_security_active|"
           r"current_schemas?|pg_filenode\w*|pg_partition\w*|pg_input_\w+|pg_index\w*|"
           r"pg_options_to_table|pg_listening_channels|pg_relation\w*)\s*\(")
# What changes or asks for the state of one server connection.
SESSION = (r"\b(pg_(try_)?advisory_\w+|set_config|setseed|lo_\w+|pg_notify|currval|lastval|"
           r"pg_backend_pid|pg_my_temp_schema|pg_export_snapshot|lo(read|write))\s*\(|\bpg_temp\b")
CREATES_FUNCTION = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure|aggregate)\s+(?:\w+\.)?\"?(\w+)",
    re.IGNORECASE)


@dataclasses.dataclass
class Route:
    """One statement's way: where it was sent last."""
    standby: bool
    reason: str
    text: str


@dataclasses.dataclass
class StandbyError:
    """A standby's refusal; `relayed` if the client got it."""
    error: str
    in_transaction: bool
    relayed: bool


def parse(log):
    """The routes and the standbys' errors of a log, each in order."""
    routes, errors = [], []
    starts = [match.start() for match in LINE.finditer(log)] + [len(log)]
    again = False
    for begin, end in zip(starts, starts[1:]):
        entry = log[begin:end]
        if match := ROUTE.match(entry):
            _, shards, reason, text = match.groups()
            if again and routes and routes[-1].text == text:
                routes.pop()
            again = False
            if "no-standby-was-fresh" in shards:
                reason = "no standby was fresh enough"
            if kept := re.search(r'kept="(.*?)"', shards):
                reason = f"keeps its connection for {kept[1]}"
            routes.append(Route("(standby)" in shards, reason, text))
        elif match := ERROR.match(entry):
            in_transaction, error, answer = match.groups()
            again = answer.startswith("the primary's")
            errors.append(StandbyError(error, in_transaction == "yes", not again))
    return routes, errors


def wrongly_refused(errors):
    """Errors that a client got only because a standby was asked.

    In a read-only transaction of its own a client gets 25006 from a primary too.
    """
    return [e for e in errors if e.relayed and not (
        e.in_transaction and e.error == "25006 PreventCommandIfReadOnly")]


class Classifier:
    """Tells by its text what a statement is about. `catalog` are names of catalogs."""

    def __init__(self, catalog, functions):
        names = "|".join(re.escape(name) for name in catalog)
        self._catalog = re.compile(rf"\b({names})\b|{CATALOG}", re.IGNORECASE)
        self._session = re.compile(SESSION, re.IGNORECASE)
        own = "|".join(re.escape(name) for name in functions) or "(?!)"
        self._functions = re.compile(rf"\b({own})\s*\(", re.IGNORECASE)

    def kind(self, text):
        """catalog, session, function (of the user's), or plain."""
        if self._catalog.search(text):
            return "catalog"
        if self._session.search(text):
            return "session"
        return "function" if self._functions.search(text) else "plain"


def share(reads, routes, kind_of):
    """Where the statements that a standby can run went.

    `reads` are (text, whether a standby can run it, whether its session has temporary objects)
    and `routes` what the router did, both of one file. The n-th time of a text is matched with
    the n-th time in the other run. Gives {kind: Counter of "standby" and of the reasons for the
    primary}; plain statements in sessions with temporary objects are of the kind "temporary".
    """
    by_text = collections.defaultdict(list)
    for route in routes:
        by_text[route.text].append(route)
    counts = collections.defaultdict(collections.Counter)
    seen = collections.Counter()
    for text, can, temporary in reads:
        place = seen[text]
        seen[text] += 1
        if not can:
            continue
        if place >= len(by_text[text]):
            where = "not found"
        else:
            route = by_text[text][place]
            where = "standby" if route.standby else route.reason
        kind = kind_of(text)
        counts["temporary" if temporary and kind == "plain" else kind][where] += 1
    return counts
