"""Sends statements by libpq and keeps the whole answer, to compare two servers'."""

import dataclasses
import re

from psycopg import pq

REFUSED = "0A000"
FIRST_NORMAL_OID = 16384  # types of the user's have other numbers in every database
USER_TYPE = "a type of the user's"


@dataclasses.dataclass
class Answer:
    """What came back for one statement: results in order; the last may be an error."""
    results: list  # (columns, rows, tag), and (SQLSTATE, message) for an error

    @property
    def error(self):
        last = self.results[-1] if self.results else ()
        return last if len(last) == 2 else None

    def refused(self):
        """Whether it is pgbraid's refusal."""
        return self.error is not None and self.error[0] == REFUSED

    def unordered(self):
        """The same with sorted rows."""
        return Answer([r if len(r) == 2 else (r[0], sorted(r[1], key=repr), r[2])
                       for r in self.results])


class Client:
    """One libpq connection. Every way to send a statement returns an Answer."""

    def __init__(self, conninfo):
        self._connection = pq.PGconn.connect(conninfo.encode())
        if self._connection.status != pq.ConnStatus.OK:
            raise ConnectionError(self._connection.error_message.decode())
        self._connection.notice_handler = None
        self._prepared = 0

    def close(self):
        self._connection.finish()

    def in_transaction(self):
        return self._connection.transaction_status != pq.TransactionStatus.IDLE

    def simple(self, sql, copy_data=None):
        """One Query message."""
        self._connection.send_query(sql.encode())
        return self._collect(copy_data)

    def execute(self, sql, parameters, binary):
        """Parse, Bind, Describe, Execute in one segment; all values in one format."""
        self._connection.send_query_params(
            sql.encode(), self._values(parameters, binary), [p.oid for p in parameters],
            self._formats(parameters, binary), int(binary))
        return self._collect()

    def prepare_and_execute(self, sql, parameters, declare):
        """A named statement: parsed, described and executed in segments of their own."""
        self._prepared += 1
        name = f"p{self._prepared}".encode()
        types = [p.oid for p in parameters] if declare else None
        self._connection.send_prepare(name, sql.encode(), types)
        answer = self._collect()
        if answer.error is not None:
            return answer
        self._connection.send_describe_prepared(name)
        described = self._connection.get_result()
        types = [described.param_type(i) for i in range(described.nparams)]
        columns = _columns(described)
        self._collect()
        self._connection.send_query_prepared(name, self._values(parameters, False))
        answer = self._collect()
        answer.results.insert(0, (types, [columns], "described"))
        return answer

    @staticmethod
    def _values(parameters, binary):
        return [p.text if not binary or (value := p.binary()) is None else value
                for p in parameters]

    @staticmethod
    def _formats(parameters, binary):
        return [int(binary and p.binary() is not None) for p in parameters]

    def _collect(self, copy_data=None):
        results = []
        while (result := self._connection.get_result()) is not None:
            status = result.status
            if status == pq.ExecStatus.COPY_OUT:
                rows = []
                while (got := self._connection.get_copy_data(0))[0] > 0:
                    rows.append(bytes(got[1]))
                results.append(((), rows, "copied out"))
            elif status == pq.ExecStatus.COPY_IN:
                if copy_data:
                    self._connection.put_copy_data(copy_data)
                self._connection.put_copy_end()
            elif status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED):
                state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
                message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
                           or result.error_message).decode(errors="replace")
                results.append((state, message))
            else:
                rows = [tuple(result.get_value(r, c) for c in range(result.nfields))
                        for r in range(result.ntuples)]
                results.append((_columns(result), rows, (result.command_status or b"").decode()))
        return Answer(results)


def _columns(result):
    return [((result.fname(i) or b"").decode(errors="replace"),
             result.ftype(i) if result.ftype(i) < FIRST_NORMAL_OID else USER_TYPE,
             result.fmod(i), result.fformat(i)) for i in range(result.nfields)]


def difference(ours, reference, sql):
    """Why the two answers are not the same, or None. Order counts where the text asks for it."""
    if not re.search(r"\border\s+by\b", sql, re.I):
        ours, reference = ours.unordered(), reference.unordered()
    if ours.results == reference.results:
        return None
    return f"pgbraid:    {ours.results!r:.1500}\nPostgreSQL: {reference.results!r:.1500}"
