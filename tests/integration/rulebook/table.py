"""The tables of the rulebook's tests: rows, and under each the steps that prove it.

    [a row of the rulebook]                          a case: new sessions on both sides
    [another | options=-c geqo=off & user=guest]     ... that start with these parameters
    P    INSERT INTO items VALUES (1)                the primary answers, as PostgreSQL would
    R    SELECT * FROM items                         a standby answers, as PostgreSQL would
    L    BEGIN                                       the router answers, as PostgreSQL would
    .    SHOW work_mem                               wherever: the answer is PostgreSQL's
    ~P   SELECT random()                             only columns, tag and number of rows count
    2P   SELECT 1                                    the second session of the case (1 to 3)
    !55000  SELECT lastval()  ## another session     refused by the router: SQLSTATE and a part
                                                     of message, detail or hint
    P    COPY items FROM STDIN << 1\\n                what answers COPY
    @    ALTER ROLE ...                              by an administrator, past the router

Indented lines go on. Every step is sent to a session of the router and to one of a plain PostgreSQL;
rows, columns, tags, SQLSTATE, message, notices and the parameters that were reported must be the same.
"""

import dataclasses
import re

HEAD = re.compile(r"(?P<shape>~?)(?P<session>[123]?)(?P<where>[PRL.@]|!\w{5})\s+(?P<sql>.*)", re.S)


@dataclasses.dataclass
class Step:
    line: int
    sql: str
    where: str  # P R L . @ or !
    session: int = 1
    shape_only: bool = False
    copy_data: bytes | None = None
    sqlstate: str = ""
    part: str = ""


@dataclasses.dataclass
class Case:
    row: str
    options: dict
    steps: list


def _step(line, text):
    found = HEAD.fullmatch(text)
    if found is None:
        raise ValueError(f"line {line}: {text!r}")
    sql, _, part = found["sql"].partition(" ## ")
    sql, copies, data = sql.partition(" << ")
    where = found["where"]
    return Step(line, sql.strip(), where[0], int(found["session"] or 1), bool(found["shape"]),
                data.encode().decode("unicode_escape").encode() if copies else None,
                where[1:], part.strip())


def read(text):
    """The cases of a table."""
    cases, steps = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("--"):
            continue
        if line.startswith("["):
            row, _, options = line.strip().strip("[]").partition(" | ")
            pairs = [pair.strip().split("=", 1) for pair in options.split("&") if pair.strip()]
            cases.append(Case(row, dict(pairs), []))
            steps = []
            cases[-1].steps = steps
        elif line.startswith(" "):
            steps[-1] += "\n" + line.strip()
        else:
            steps.append(f"{number:5}{line}")
    for case in cases:
        case.steps = [_step(int(s[:5]), s[5:]) for s in case.steps]
    return cases
