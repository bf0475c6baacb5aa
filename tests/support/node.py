"""One PostgreSQL server, primary or standby, and what can be done to it.

Everything about a node is in its folder, so that any process can pick it up:

    FOLDER/data                  the data folder; data/launcher.conf holds our settings
    FOLDER/log                   the server's log
    FOLDER/.s.PGSQL.PORT         its Unix socket

Each operation returns when its effect is there, or raises. Waits are in seconds.
"""

import os
import shutil
import signal
import subprocess
import time

import psycopg

from tests.support import guard, ports, postgres

WAIT = 60.0  # the longest that any operation takes before it gives up
POLL = 0.01

DEFAULTS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_wal_size": "512MB",
    "wal_keep_size": "512MB",  # a standby that was away for a while catches up
    "max_wal_senders": "10",
    "max_prepared_transactions": "50",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
    "recovery_target_timeline": "latest",
    "dynamic_shared_memory_type": "mmap",  # leaves nothing behind after kill -9
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
    "cluster_name": "",
}


class PostgresError(Exception):
    """A server did not do what was asked; the end of its log is in the message."""


def wait_until(condition, what, timeout=WAIT):
    """Polls until `condition()` is true; raises TimeoutError that names `what`."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"gave up after {timeout:g} s waiting for {what}")
        time.sleep(POLL)


class Node:
    """One server. `name` is s0a, s0b ...; `shard` is the number of its shard."""

    def __init__(self, name, shard, folder):
        self.name = name
        self.shard = shard
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "log")
        self._process = None

    # --- Making a data folder -------------------------------------------------

    def init(self, settings, hba):
        """Makes the data folder of a primary with a system identifier of its own."""
        self._make_folder()
        postgres.run("initdb", "--no-sync", "--username=postgres", "--auth=trust",
                     "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", self.data)
        self._write(os.path.join(self.data, "pg_hba.conf"), hba)
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write("include 'launcher.conf'\n")
        self._write_settings(DEFAULTS | settings | self._own_settings())

    def copy_of(self, source):
        """Makes the data folder a standby's: a copy of `source`, which is not running."""
        self._make_folder()
        settings = source.settings()
        subprocess.run(["cp", "--archive", source.data, self.data], check=True)
        settings.pop("port", None)
        self._write_settings(settings | self._own_settings())
        self._write(os.path.join(self.data, "standby.signal"), "")

    def rebuild_from(self, source):
        """Makes this node, which is not running, a fresh standby of the running `source`."""
        settings = self.settings()
        shutil.rmtree(self.data, ignore_errors=True)
        postgres.run("pg_basebackup", "--no-sync", "--checkpoint=fast", "--wal-method=stream",
                     "--host", source.folder, "--port", str(source.port),
                     "--username=postgres", "--pgdata", self.data)
        self._write_settings(settings | self._own_settings())
        self._write(os.path.join(self.data, "standby.signal"), "")
        self.follow(source)

    def _make_folder(self):
        os.mkdir(self.folder)
        postgres.own(self.folder)

    def _own_settings(self):
        return {"unix_socket_directories": self.folder, "cluster_name": self.name}

    # --- Settings ---------------------------------------------------------------

    def settings(self):
        """The settings that the launcher gave this node, by name."""
        found = {}
        with open(os.path.join(self.data, "launcher.conf")) as file:
            for line in file:
                name, _, value = line.strip().partition(" = ")
                found[name] = value[1:-1].replace("''", "'")
        return found

    def set(self, **settings):
        """Changes settings; a running server reads them at once (see restart() for the rest)."""
        self._write_settings(self.settings() | {k: str(v) for k, v in settings.items()})
        if self.is_up():
            before = self.sql("SELECT clock_timestamp()")[0][0]
            os.kill(self.pid(), signal.SIGHUP)
            wait_until(lambda: self.sql("SELECT pg_conf_load_time() > %s", before)[0][0],
                       f"{self.name} to read its settings again")

    def _write_settings(self, settings):
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
                 for name, value in settings.items())
        self._write(os.path.join(self.data, "launcher.conf"), "".join(lines))

    def write_file(self, name, text):
        """Puts a file into the data folder (pg_hba.conf, say), readable by the server alone."""
        self._write(os.path.join(self.data, name), text)
        os.chmod(os.path.join(self.data, name), 0o600)

    def _write(self, path, text):
        with open(path, "w") as file:
            file.write(text)
        postgres.own(path)

    @property
    def port(self):
        """The TCP port, also the Unix socket's; known after the first start."""
        return int(self.settings()["port"])

    # --- The process --------------------------------------------------------------

    def pid(self):
        """The postmaster's process id, or None if it does not run."""
        lines = self._pid_file()
        if not lines:
            return None
        pid = int(lines[0])
        try:
            return pid if os.readlink(f"/proc/{pid}/cwd") == self.data else None
        except OSError:
            return None

    def pids(self):
        """The ids of all its processes, the postmaster's and its children's."""
        return guard.processes_in(self.data)

    def is_up(self):
        """Whether it runs and takes connections, as far as its postmaster says."""
        lines = self._pid_file()
        return self.pid() is not None and len(lines) > 7 and lines[7].strip() == "ready"

    def _pid_file(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def start(self, wait=True):
        """Starts the server. The first start picks a port, which then stays."""
        new_port = "port" not in self.settings()
        for _ in range(50):
            if new_port:
                self._write_settings(self.settings() | {"port": str(ports.free_port())})
            log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
            self._launch()
            if not wait or self._became_ready():
                return
            words = self.log_text(log_start)
            if "could not bind" not in words:
                raise PostgresError(f"{self.name} did not start:\n{words[-3000:]}")
            time.sleep(0.1)
        raise PostgresError(f"{self.name} found its port {self.port} taken, again and again")

    def _launch(self):
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                [postgres.program("postgres"), "-D", self.data], cwd=self.data,
                stdout=log, stderr=log, start_new_session=True, **postgres.process_options())

    def _became_ready(self):
        """Waits for the server just launched; False if it ended instead."""
        process = self._process
        wait_until(lambda: process.poll() is not None or
                   (self.pid() == process.pid and self.is_up()), f"{self.name} to start")
        return process.poll() is None

    def stop(self, mode="fast"):
        """Shuts down: `smart`, `fast` or `immediate`. Nothing to do if it is not running."""
        number = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        pid = self.pid()
        if pid is not None:
            guard.signal_all([pid], number[mode])
            self._wait_gone(f"{self.name} to stop ({mode})")

    def restart(self, mode="fast"):
        """stop() and start()."""
        self.stop(mode)
        self.start()

    def kill9(self):
        """Kills the postmaster and all its children with -9, as a power cut would."""
        while pids := self.pids():
            guard.signal_all(pids, signal.SIGKILL)
            time.sleep(POLL / 10)
        self._reap()

    def sigstop(self):
        """Freezes the postmaster and its children: sockets stay open, nobody answers."""
        while running := [pid for pid in self.pids() if _state(pid) not in "Tt"]:
            guard.signal_all(running, signal.SIGSTOP)
            time.sleep(POLL / 10)

    def sigcont(self):
        """Undoes sigstop()."""
        guard.signal_all(self.pids(), signal.SIGCONT)

    def _wait_gone(self, what):
        def gone():
            self._reap()
            return not self.pids()
        wait_until(gone, what)

    def _reap(self):
        if self._process is not None:
            self._process.poll()

    # --- SQL ------------------------------------------------------------------------

    def connect(self, tcp=False, **options):
        """A psycopg connection, autocommit, as postgres to `postgres` unless options differ."""
        defaults = {"host": "127.0.0.1" if tcp else self.folder, "port": self.port,
                    "user": "postgres", "dbname": "postgres", "connect_timeout": 10,
                    "autocommit": True}
        return psycopg.connect(**(defaults | options))

    def sql(self, text, *values, **options):
        """Runs one statement on a connection of its own; its rows, None if it has none."""
        with self.connect(**options) as connection:
            cursor = connection.execute(text, values or None)
            return cursor.fetchall() if cursor.description else None

    def psql(self, text, database="postgres"):
        """Runs a script by psql, stopping at the first error; what it printed."""
        return postgres.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                            "-p", str(self.port), "-U", "postgres", "-d", database, "-c", text)

    # --- Replication ------------------------------------------------------------------

    def is_standby(self):
        """Whether its data folder is a standby's (running or not)."""
        return os.path.exists(os.path.join(self.data, "standby.signal"))

    def timeline(self):
        """The newest timeline that its data folder knows."""
        names = os.listdir(os.path.join(self.data, "pg_wal"))
        return max([1] + [int(n[:8], 16) for n in names if n.endswith(".history")])

    def follow(self, source):
        """Streams from `source` from now on; a running standby turns to it at once."""
        self.set(primary_conninfo=f"host={source.folder} port={source.port} user=postgres "
                                  f"application_name={self.name}")

    def promote(self):
        """Makes a standby a primary on a new timeline; returns when it takes writes."""
        if not self.sql("SELECT pg_promote(true, %s)", int(WAIT))[0][0]:
            raise PostgresError(f"{self.name} was not promoted:\n{self.log_text()[-3000:]}")

    def pause_replay(self):
        """Received WAL is kept, but not applied."""
        self.sql("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.sql("SELECT pg_get_wal_replay_pause_state()")[0][0] == "paused",
                   f"{self.name} to pause its replay")

    def resume_replay(self):
        """Undoes pause_replay()."""
        self.sql("SELECT pg_wal_replay_resume()")

    def set_recovery_min_apply_delay(self, milliseconds):
        """Commits are applied so much later than they were made on the primary; 0 undoes it."""
        self.set(recovery_min_apply_delay=f"{milliseconds}ms")

    def lsn(self):
        """Where it stands, as text: a primary's insert position, a standby's replay position."""
        return self.sql("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                        "ELSE pg_current_wal_insert_lsn() END::text")[0][0]

    def wait_for_replay(self, lsn, timeout=WAIT):
        """Waits until a standby has applied everything before `lsn` (text)."""
        with self.connect() as connection:
            def passed():
                return connection.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn",
                                          (lsn,)).fetchone()[0]
            wait_until(passed, f"{self.name} to replay up to {lsn}", timeout)

    # --- Looking ------------------------------------------------------------------------

    def log_text(self, start=0):
        """The server's log from byte `start` on."""
        with open(self.log_path, errors="replace") as file:
            file.seek(start)
            return file.read()

    def __repr__(self):
        return f"Node({self.name})"


def _state(pid):
    """The state letter of a process, or T (nothing to stop) if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "T"

