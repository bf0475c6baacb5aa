"""One libpq session whose whole answer is kept, to be compared with another one's."""

import dataclasses

from psycopg import pq

REPORTED = ("application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
            "integer_datetimes", "in_hot_standby", "IntervalStyle", "is_superuser",
            "server_encoding", "server_version", "session_authorization",
            "standard_conforming_strings", "TimeZone")
FIRST_NORMAL_OID = 16384
Field = pq.DiagnosticField


@dataclasses.dataclass
class Answer:
    """Results in order, notices, and what the server has reported of its parameters."""
    results: list  # (columns, rows, tag); an error: (SQLSTATE, message, detail, hint)
    notices: list
    parameters: dict
    status: str

    @property
    def error(self):
        last = self.results[-1] if self.results else ()
        return last if len(last) == 4 else None

    def shape(self):
        """The same without values."""
        results = [r if len(r) == 4 else (r[0], len(r[1]), r[2]) for r in self.results]
        return dataclasses.replace(self, results=results)


class Session:
    """A connection with its notices."""

    def __init__(self, **options):
        options = {"user": "postgres", "dbname": "app", "connect_timeout": "10"} | options
        conninfo = " ".join(f"{name}='{_escape(value)}'" for name, value in options.items())
        self._connection = pq.PGconn.connect(conninfo.encode())
        if self._connection.status != pq.ConnStatus.OK:
            raise ConnectionError(self._connection.error_message.decode())
        self._notices = []
        self._connection.notice_handler = self._note

    def close(self):
        self._connection.finish()

    def _note(self, result):
        self._notices.append(_error(result)[:2])

    def simple(self, sql, copy_data=None):
        """One Query message."""
        self._connection.send_query(sql.encode())
        return self._collect(copy_data)

    def extended(self, sql, copy_data=None):
        """Parse, Bind, Describe, Execute, Sync."""
        self._connection.send_query_params(sql.encode(), [])
        return self._collect(copy_data)

    def execute(self, sql, *parameters):
        """The same with text parameters."""
        self._connection.send_query_params(sql.encode(), [p.encode() for p in parameters])
        return self._collect()

    def value(self, sql):
        """The one value of a query."""
        answer = self.simple(sql)
        if answer.error is not None:
            raise AssertionError(f"{sql}: {answer.error}")
        return answer.results[-1][1][0][0]

    def parameters(self):
        """What ParameterStatus has said."""
        return {name: (self._connection.parameter_status(name.encode()) or b"").decode()
                for name in REPORTED}

    def _collect(self, copy_data=None):
        self._notices, results = [], []
        while (result := self._connection.get_result()) is not None:
            status = result.status
            if status == pq.ExecStatus.COPY_OUT:
                rows = []
                while (got := self._connection.get_copy_data(0))[0] > 0:
                    rows.append((bytes(got[1]),))
                results.append(((), rows, "copied out"))
            elif status == pq.ExecStatus.COPY_IN:
                if copy_data:
                    self._connection.put_copy_data(copy_data)
                self._connection.put_copy_end()
            elif status == pq.ExecStatus.FATAL_ERROR:
                results.append(_error(result))
            else:
                rows = [tuple(result.get_value(r, c) for c in range(result.nfields))
                        for r in range(result.ntuples)]
                results.append((_columns(result), rows, (result.command_status or b"").decode()))
        return Answer(results, self._notices, self.parameters(),
                      pq.TransactionStatus(self._connection.transaction_status).name)


def _escape(value):
    return str(value).replace("\\", "\\\\").replace("'", "\\'")


def _error(result):
    return tuple((result.error_field(field) or b"").decode(errors="replace") for field in (
        Field.SQLSTATE, Field.MESSAGE_PRIMARY, Field.MESSAGE_DETAIL, Field.MESSAGE_HINT))


def _columns(result):
    return [((result.fname(i) or b"").decode(errors="replace"),
             min(result.ftype(i), FIRST_NORMAL_OID), result.fmod(i)) for i in range(result.nfields)]
