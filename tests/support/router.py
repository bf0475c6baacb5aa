"""Starts and stops the router for tests, the demo and benchmarks.

    with Router(shards=cluster.shards_flag(), tables="t:hash(id)") as router:
        with router.connect() as connection:
            connection.execute("SELECT 1")

Keywords are the router's flags. The process goes with its maker (see guard.py).
"""

import os
import signal
import subprocess
import time

import psycopg

from tests.support import guard, ports

START_SECONDS = 20.0
STOP_SECONDS = 20.0
TICKS = os.sysconf("SC_CLK_TCK")


class RouterError(Exception):
    """The router did not start or stop as it should; its own words are in the message."""


def binary():
    """The program: $PGBRAID_BIN, else what Bazel built (in runfiles or the working tree)."""
    if named := os.environ.get("PGBRAID_BIN"):
        return named
    root = os.path.join(os.path.dirname(__file__), "../..")
    for path in ("router/pgbraid", "bazel-bin/router/pgbraid"):
        if os.access(os.path.join(root, path), os.X_OK):
            return os.path.realpath(os.path.join(root, path))
    raise RouterError("the router is not built: bazel build //router:pgbraid")


class Router:
    """One router process. It starts at once; `flags` may be changed between restarts."""

    def __init__(self, folder=None, **flags):
        """Starts it with `flags` (shards="..." for --shards; True and False for switches).

        Without `listen` a free port is taken. `folder` must not exist yet; None takes a
        fresh one.
        """
        self._guard = guard.GuardedFolder(folder)
        self.folder = self._guard.path
        self.log_path = os.path.join(self.folder, "router.log")
        self.flags = {"database": "app"} | flags
        self._own_port = "listen" not in flags
        self._process = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    # --- The process ------------------------------------------------------------

    def start(self):
        """Starts the program and waits until it accepts connections."""
        new_port = self._own_port and self._process is None
        for _ in range(20):
            if new_port:
                self.flags["listen"] = f"127.0.0.1:{ports.free_port()}"
            log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
            self._launch()
            if self._accepts():
                return
            status, words = self._process.returncode, self.log_text(log_start)
            if "in use" not in words:
                raise RouterError(f"the router ended with status {status}:\n{words}")
            time.sleep(0.1)
        raise RouterError(f"the router found {self.flags['listen']} taken, again and again")

    def arguments(self):
        """The command line."""
        return [binary()] + [f"--{name}={str(value).lower() if value in (True, False) else value}"
                             for name, value in self.flags.items()]

    def _launch(self):
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                self.arguments(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)

    def _accepts(self):
        """Waits for the process just launched; False if it ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None:
            if _listens(self.pid, self.port):
                return True
            if time.monotonic() > deadline:
                raise RouterError(f"the router does not listen on {self.flags['listen']} "
                                  f"after {START_SECONDS:g} s:\n{self.log_text()}")
            time.sleep(0.01)
        return False

    def stop(self, number=signal.SIGTERM):
        """Asks it to end, and waits; returns its exit status (negative: a signal's number)."""
        self._process.send_signal(number)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise RouterError(f"the router did not end within {STOP_SECONDS:g} s:\n"
                              f"{self.log_text()[-3000:]}") from None

    def kill9(self):
        """Kills it with -9."""
        self.stop(signal.SIGKILL)

    def restart(self, **flags):
        """Ends and starts it, on the same port, with some flags changed."""
        if self.is_up():
            self.stop()
        self.flags |= flags
        self.start()

    def is_up(self):
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def close(self):
        """Kills it, if need be, and removes its folder."""
        self._guard.close()
        if self._process is not None:
            self._process.wait()

    def keep(self):
        """Lets it run on when this process ends; guard.clean(folder) ends it then."""
        self._guard.keep()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Talking to it --------------------------------------------------------------

    @property
    def host(self):
        """The address that it listens on."""
        return self.flags["listen"].rpartition(":")[0]

    @property
    def port(self):
        """The port that it listens on."""
        return int(self.flags["listen"].rpartition(":")[2])

    def connect(self, **options):
        """A psycopg connection, autocommit, as postgres to --database unless options differ."""
        defaults = {"host": self.host, "port": self.port, "user": "postgres",
                    "dbname": self.flags["database"], "connect_timeout": 10, "autocommit": True}
        return psycopg.connect(**(defaults | options))

    # --- Looking ----------------------------------------------------------------------

    @property
    def pid(self):
        """The process id of the last start."""
        return self._process.pid

    def log_text(self, start=0):
        """What it wrote to stdout and stderr, from byte `start` on."""
        with open(self.log_path, errors="replace") as file:
            file.seek(start)
            return file.read()

    def logs(self, lines=30):
        """The end of the log, for the report of a failed test."""
        tail = "\n".join(self.log_text().splitlines()[-lines:])
        return f"--- log of the router\n{tail}"

    def cpu_seconds(self):
        """(user, system) CPU seconds so far, in steps of 1/100 s."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def rss_bytes(self):
        """The resident memory."""
        return int(self._status("VmRSS").split()[0]) * 1024

    def threads(self):
        """The number of its threads."""
        return int(self._status("Threads"))

    def open_files(self):
        """The number of its open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _status(self, name):
        with open(f"/proc/{self.pid}/status") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return line.partition(":")[2].strip()
        raise KeyError(name)


def _listens(pid, port):
    """Whether this very process listens on the port (another's server may be there, too)."""
    try:
        files = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    except OSError:  # it has just ended
        return False
    with open("/proc/net/tcp") as file:
        for row in map(str.split, file.readlines()[1:]):
            listening = row[3] == "0A" and int(row[1].partition(":")[2], 16) == port
            if listening and f"socket:[{row[9]}]" in files:
                return True
    return False
