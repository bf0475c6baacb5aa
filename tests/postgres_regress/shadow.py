"""Finds out which statements a standby can run, by asking one.

    with Shadow(primary, standby) as shadow:
        ... clients work through shadow.host, shadow.port ...
        shadow.reads     [Read], in order

It stands between a client and the primary and passes on all that they say. Outside of
transactions a statement that might be a read is also put to the standby, before the primary
gets it, once the standby has replayed all that is committed and its session has the settings
of the client's. A standby can run it if both give the very same rows and messages, without an
error. Nothing of the router has a part in this. Simple queries only, as psql sends them.
"""

import dataclasses
import re
import socket
import threading
import time

from tests.postgres_regress import wire

READ = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(select|values|table|with|explain|copy)\b",
                  re.IGNORECASE | re.DOTALL)
NOT_COPY_OUT = re.compile(r"\s*copy\b(?!.*\bto\s+stdout)", re.IGNORECASE | re.DOTALL)
# What may change settings of the session; functions are too many to tell.
MAY_SET = re.compile(r"\b(set|reset|discard|do|call|begin|start|execute|create|drop|into)\b|"
                     r"\w\s*\(", re.IGNORECASE)

SETTINGS = ("SELECT name, setting FROM pg_settings WHERE source = 'session' AND context <> "
            "'internal' AND name NOT LIKE 'transaction\\_%' "
            "UNION ALL SELECT 'session_authorization', session_user "
            "UNION ALL SELECT 'role', current_setting('role')")
TEMPORARY = "SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema() LIMIT 1"
REPLAY_SECONDS = 60.0


@dataclasses.dataclass
class Read:
    """A statement that looks like a read. `alike` is None in a transaction: not asked then.

    `temporary`: its session has temporary objects.
    """
    application: str
    text: str
    alike: bool | None
    temporary: bool


class Shadow:
    """Listens on a free port until close(). `primary` and `standby` are nodes."""

    def __init__(self, primary, standby):
        self.reads = []
        self._primary, self._standby = primary, standby
        self._lock = threading.Lock()  # of the two that watch
        self._on_primary = wire.Connection(primary.port)
        self._on_standby = wire.Connection(standby.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Takes no more clients."""
        self._listener.close()
        self._on_primary.close()
        self._on_standby.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_for_replay(self):
        """Waits until the standby has replayed all that is committed."""
        with self._lock:
            lsn = self._on_primary.rows("SELECT pg_current_wal_flush_lsn()")[0][0]
            deadline = time.monotonic() + REPLAY_SECONDS
            while self._on_standby.rows(
                    f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'")[0][0] != "t":
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the standby does not replay up to {lsn}")
                time.sleep(0.0005)

    def twin(self, packet):
        """A session on the standby that begins like the client's."""
        return wire.Connection(self._standby.port, packet)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, socket_of_client):
        client = wire.Channel(socket_of_client)
        server = wire.Channel(socket.create_connection(("127.0.0.1", self._primary.port)))
        try:
            packet = client.read_startup()
            server.send(packet)
            if not wire.is_cancel(packet):
                _Session(self, client, server, packet).run()
        except (OSError, EOFError):
            pass
        finally:
            client.close()
            server.close()


class _Session:
    """One client."""

    def __init__(self, shadow, client, server, packet):
        self._shadow, self._client, self._server = shadow, client, server
        self._packet = packet
        self._application = wire.startup_value(packet, "application_name")
        self._twin = None
        self._settings_known = False
        self._temporary = False
        self._status = b"I"

    def run(self):
        """Until the client ends."""
        self._relay()
        while True:
            kind, body = self._client.read_message()
            if kind == b"X":
                return
            text = body[:-1].decode(errors="surrogateescape") if kind == b"Q" else ""
            twins = None
            if READ.match(text) and self._status == b"I" and not NOT_COPY_OUT.match(text):
                twins = self._ask_twin(body)
            idle = self._status == b"I"
            self._server.send(wire.message(kind, body))
            if kind not in b"QSF":  # of \gdesc: Parse, Describe ... Sync
                continue
            answer = self._relay()
            if MAY_SET.search(text):
                self._settings_known = False
            if READ.match(text):
                good = not any(kind == b"E" for kind, _ in answer)
                alike = twins == answer and good if idle else None
                self._shadow.reads.append(
                    Read(self._application, text, alike, self._temporary))

    def _ask_twin(self, body):
        """The standby's answer; None if it ends the session."""
        self._shadow.wait_for_replay()
        try:
            if self._twin is None:
                self._twin = self._shadow.twin(self._packet)
                self._settings_known = False
            if not self._settings_known:
                self._copy_settings()
            return self._twin.run(body)
        except (OSError, EOFError):  # replay has dropped its database or the like
            self._twin = None
            return None

    def _copy_settings(self):
        """Gives the twin the client's settings, as the primary knows them."""
        rows = self._ask_server(SETTINGS)
        self._temporary = bool(self._ask_server(TEMPORARY))
        self._twin.rows("RESET SESSION AUTHORIZATION")
        self._twin.rows("RESET ALL")
        for name, value in rows:
            if (name, value) != ("role", "none"):
                quoted = value.replace("\\", "\\\\").replace("'", "''")
                self._twin.rows(f"SELECT set_config('{name}', E'{quoted}', false)")
        self._settings_known = True

    def _ask_server(self, text):
        """The rows of a query of ours on the client's own connection."""
        self._server.send(wire.query_message(text))
        return wire.rows_of(self._server.read_answer())

    def _relay(self):
        """Passes an answer on to its end; its messages, without settings and keys."""
        messages = []
        while True:
            kind, body = self._server.read_message()
            self._client.send(wire.message(kind, body))
            while kind == b"G":  # what the client copies in
                copied, data = self._client.read_message()
                self._server.send(wire.message(copied, data))
                if copied in b"cf":
                    break
            if kind not in b"SKA":
                messages.append((kind, body))
            if kind == b"Z":
                self._status = body
                return messages
