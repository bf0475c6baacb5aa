"""What tools/demo does once the machine is set up and the router is built.

    demo.py            the tour; leaves everything running
    demo.py --check    the tour, with every answer checked; leaves nothing
    demo.py --stop     ends what the first one left
"""

import argparse
import contextlib
import fcntl
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

import psycopg

from tests.support import guard, node, postgres, router
from tests.support.cluster import Cluster
from tools.tour import Tour, WrongAnswer

TABLES = ("customers:hash(id), orders:hash(customer_id), countries:reference, "
          "events:time(created_at, 1 month)")
USUAL_PORT = 6432


class Refused(Exception):
    """The demo cannot start now; the message says why."""


class Record:
    """The file that says which demo of this user runs: one line, its folder.

    Locked while a demo starts or stops, so that two of them never meet. Used as a
    context manager.
    """

    def __init__(self):
        self.path = os.environ.get("PGBRAID_DEMO_RECORD", f"/tmp/pgbraid-demo-{os.geteuid()}")
        self._file = None

    def __enter__(self):
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            self._file = os.fdopen(os.open(self.path, flags, 0o600), "r+")
            if os.fstat(self._file.fileno()).st_uid != os.geteuid():
                raise Refused(f"{self.path} belongs to another user")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("the demo is being started or stopped elsewhere just now") from None
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self.path).st_ino == os.fstat(self._file.fileno()).st_ino:
                    return self
            self._file.close()  # another process removed it in between

    def __exit__(self, *_):
        if not self.folder():
            os.unlink(self.path)
        self._file.close()

    def folder(self):
        """The folder of the demo that runs, or None."""
        self._file.seek(0)
        folder = self._file.read().strip()
        return folder if folder and os.path.isdir(folder) else None

    def write(self, folder):
        """Remembers a demo's folder."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(folder)
        self._file.flush()


class Demo:
    """A cluster and a router in front of it. Both are in `folder`, which must exist."""

    def __init__(self, folder, port=None):
        say("Starting two shards, each a primary with a standby ...")
        self.cluster = Cluster(shards=2, standbys=1, folder=os.path.join(folder, "cluster"))
        say("Starting the router ...")
        listen = {"listen": f"127.0.0.1:{port}"} if port else {}
        self.router = router.Router(
            folder=os.path.join(folder, "router"), database=self.cluster.database,
            shards=self.cluster.shards_flag(), tables=TABLES, allow_hints=True, **listen)

    def give_tour(self, check):
        """Creates, loads, shows; with `check` also asks the shards about every row."""
        with self.router.connect() as connection:
            tour = Tour(connection, self.cluster, say)
            say("Creating the tables on each shard and loading them, through the router ...")
            tour.create_and_load()
            tour.show_where_rows_are()
            tour.walk()
            if check:
                tour.check_where_rows_are()

    def keep(self):
        """Lets both run on."""
        self.cluster.keep()
        self.router.keep()

    def describe(self):
        """How to get at it, for the user."""
        return (f"  psql -h {self.router.host} -p {self.router.port} -U postgres "
                f"-d {self.cluster.database}\n"
                f"  postgresql://postgres@{self.router.host}:{self.router.port}/"
                f"{self.cluster.database}\n\n"
                f"Ask `EXPLAIN (ROUTE) SELECT ...` where a statement would go.\n"
                f"Logs: {self.router.log_path} and {self.cluster.folder}/*/log\n")


def say(line=""):
    print(line, flush=True)


def usual_port():
    """The port that the examples speak of if it is free, else None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return None
    return USUAL_PORT


def start():
    """The demo that stays."""
    with Record() as record:
        if folder := record.folder():
            if guard.processes_in(folder):
                with open(os.path.join(folder, "how")) as file:
                    raise Refused(f"the demo is running already:\n\n{file.read()}\n"
                                  "Stop it with tools/demo --stop")
            guard.clean(folder)  # what a crash of the machine left
        with guard.GuardedFolder() as guarded:
            demo = Demo(guarded.path, usual_port())
            demo.give_tour(check=False)
            with open(os.path.join(guarded.path, "how"), "w") as file:
                file.write(demo.describe())
            record.write(guarded.path)
            demo.keep()
            guarded.keep()
    say(f"\nThe demo is running:\n\n{demo.describe()}Stop it with tools/demo --stop")


def check():
    """The demo that goes again."""
    with guard.GuardedFolder() as guarded:
        Demo(guarded.path).give_tour(check=True)
    say("\nEvery answer was right.")


def stop():
    """Ends the demo that stays."""
    with Record() as record:
        folder = record.folder()
        if folder:
            guard.clean(folder)
    say("The demo is stopped." if folder else "The demo is not running.")


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description="A sharded shop to try.")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true",
                       help="check every answer, leave nothing running, exit 0 or 1")
    modes.add_argument("--stop", action="store_true", help="stop the demo that is running")
    arguments = parser.parse_args()

    def interrupt(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        stop() if arguments.stop else check() if arguments.check else start()
    except KeyboardInterrupt:
        print("\ntools/demo: interrupted; nothing is left running", file=sys.stderr)
        sys.exit(130)
    except WrongAnswer as error:
        sys.exit(f"\ntools/demo: not as it should be: {error}")
    except (Refused, postgres.NotInstalled, node.PostgresError, router.RouterError, psycopg.Error,
            TimeoutError, RuntimeError) as error:
        sys.exit(f"tools/demo: {error}")


if __name__ == "__main__":
    main()
