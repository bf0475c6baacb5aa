"""What is compared: a straight connection and the proxies in front of PostgreSQL.

Each proxy listens on 127.0.0.1, in the clear, without passwords, with at most
`SERVER_CONNECTIONS` connections to a server (haproxy moves bytes and opens one for each
client). Settings are the defaults wherever the comparison allows.
"""

import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from tests.support import ports, postgres, router

SERVER_CONNECTIONS = 20
ALL_MODES = frozenset({"simple", "extended", "prepared"})
START_SECONDS = 15
STOP_SECONDS = 5


class StartError(Exception):
    """A contender is missing or did not come up; says what to do."""


@dataclasses.dataclass(frozen=True)
class Backend:
    """The shard behind the proxies: (address, port) of each host, the primary first."""

    hosts: tuple[tuple[str, int], ...]
    user: str
    database: str


class Contender:
    """Something that clients connect to on 127.0.0.1:`port`, once start() has returned.

    A proxy runs in a folder of its own; if that is inside a guarded folder, the process
    goes with it, whatever happens to the benchmark. stop() may be called at any time.
    """

    name: str
    modes = ALL_MODES  # of pgbench's protocols, those that it can serve
    server_for_each_client = False  # whether an idle client holds a server connection

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    @property
    def port(self) -> int:
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The proxy's process; None where there is no proxy."""
        raise NotImplementedError

    def start(self, folder: pathlib.Path) -> None:
        """Runs in `folder`, which must not exist yet; raises StartError."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class Direct(Contender):
    """No proxy: what PostgreSQL and the clients need by themselves."""

    name = "direct"
    pid = None

    @property
    def port(self) -> int:
        return self.backend.hosts[0][1]

    def start(self, folder: pathlib.Path) -> None:
        pass

    def stop(self) -> None:
        pass


class Pgbraid(Contender):
    """Routing on: reads are recognised and may go to the standby.

    `flags` are added to those that make it comparable.
    """

    def __init__(self, backend: Backend, name: str, **flags: object) -> None:
        super().__init__(backend)
        self.name = name
        self._flags = flags
        self._router: router.Router | None = None

    @property
    def port(self) -> int:
        return self._router.port

    @property
    def pid(self) -> int:
        return self._router.pid

    def start(self, folder: pathlib.Path) -> None:
        database = self.backend.database
        hosts = ",".join(f"{host}:{port}/{database}" for host, port in self.backend.hosts)
        comparable = {
            "database": database,
            "shards": f"s0={hosts}",
            "auth": "trust",
            "pool_mode": "transaction",
            "pool_size": SERVER_CONNECTIONS,
        }
        try:
            self._router = router.Router(folder, **comparable, **self._flags)
        except router.RouterError as error:
            raise StartError(str(error)) from error

    def stop(self) -> None:
        if self._router is not None:
            self._router.close()
            self._router = None


class Peer(Contender):
    """A proxy of others: a program that reads a file of settings."""

    refuses_root = False  # and must be started as postgres by root

    def __init__(self, backend: Backend, binary: str, max_clients: int) -> None:
        super().__init__(backend)
        self._binary = binary
        self._max_clients = max_clients
        self._port = 0
        self._process: subprocess.Popen | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, folder: pathlib.Path) -> None:
        folder.mkdir()
        postgres.own(folder)
        self._port = ports.free_port()
        log_path = folder / "log"
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(
                self._command(folder),
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._process_options(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last_words = log_path.read_text(errors="replace")[-2000:]
                raise StartError(f"{self.name} did not start:\n{last_words}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _process_options(self) -> dict:
        options = postgres.process_options()
        if not self.refuses_root:  # as ourselves, in the same environment
            options = {name: options[name] for name in ("env", "stdin")}
        return options

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
            return True
        except OSError:
            return False

    def _command(self, folder: pathlib.Path) -> list[str]:
        """Writes the settings into `folder`; returns the command line."""
        raise NotImplementedError


class PgBouncer(Peer):
    """Transaction pooling. Prepared statements in it came with 1.21."""

    name = "PgBouncer"
    refuses_root = True

    def __init__(self, backend: Backend, binary: str, max_clients: int) -> None:
        super().__init__(backend, binary, max_clients)
        if self._version() < (1, 21):
            self.modes = ALL_MODES - {"prepared"}

    def _version(self) -> tuple[int, ...]:
        try:
            done = subprocess.run([self._binary, "--version"], capture_output=True, text=True)
        except OSError as error:
            raise StartError(
                f"cannot run PgBouncer: {error}; install Debian's package pgbouncer,"
                " or name a binary with --pgbouncer=PATH"
            ) from error
        said = re.search(r"PgBouncer (\d+)\.(\d+)", done.stdout)
        if said is None:
            raise StartError(f"{self._binary} --version does not speak like PgBouncer")
        return int(said[1]), int(said[2])

    def _command(self, folder: pathlib.Path) -> list[str]:
        host, port = self.backend.hosts[0]
        users = folder / "users.txt"
        users.write_text(f'"{self.backend.user}" ""\n')
        prepared = "max_prepared_statements = 200\n" if "prepared" in self.modes else ""
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"{self.backend.database} = host={host} port={port}\n"
            "[pgbouncer]\n"
            "listen_addr = 127.0.0.1\n"
            f"listen_port = {self._port}\n"
            "unix_socket_dir =\n"
            "auth_type = trust\n"
            f"auth_file = {users}\n"
            "pool_mode = transaction\n"
            f"default_pool_size = {SERVER_CONNECTIONS}\n"
            f"max_client_conn = {self._max_clients}\n"
            "log_connections = 0\n"
            "log_disconnections = 0\n" + prepared
        )
        return [self._binary, str(settings)]


class HaProxy(Peer):
    """TCP mode, one thread: moves bytes and knows nothing of PostgreSQL."""

    name = "haproxy"
    server_for_each_client = True

    def __init__(self, backend: Backend, binary: str, max_clients: int) -> None:
        super().__init__(backend, binary, max_clients)
        if not os.access(binary, os.X_OK):
            raise StartError(
                f"no haproxy at {binary}; install Debian's package haproxy, or name a binary"
                " with --haproxy=PATH"
            )

    def _command(self, folder: pathlib.Path) -> list[str]:
        host, port = self.backend.hosts[0]
        settings = folder / "haproxy.cfg"
        settings.write_text(
            "global\n"
            f"    maxconn {self._max_clients}\n"
            "    nbthread 1\n"
            "defaults\n"
            "    mode tcp\n"
            "    timeout connect 5s\n"
            "    timeout client 1h\n"
            "    timeout server 1h\n"
            "listen postgres\n"
            f"    bind 127.0.0.1:{self._port}\n"
            f"    server primary {host}:{port}\n"
        )
        return [self._binary, "-db", "-f", str(settings)]
