"""Throwaway PostgreSQL clusters for tests, the demo and benchmarks.

    with Cluster(shards=2, standbys=1) as cluster:
        cluster[0].primary.sql("CREATE TABLE t (a int)", dbname="app")
        cluster[0].wait_for_replay()
        cluster[0].standbys[0].pause_replay()
        router_flags = {"shards": cluster.shards_flag()}

Every shard has a system identifier, a primary and some standbys that stream from it;
all run in one temporary folder, as an ordinary user, on free ports, without fsync.
Nothing outlives the process that started it, even if that is killed (see guard.py).

The same from the shell, where a cluster stays until it is stopped:

    PYTHONPATH=. /usr/bin/python3 tests/support/cluster.py --help
"""

import argparse
import concurrent.futures
import os
import string
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))

from tests.support import guard, postgres
from tests.support.node import Node

DATABASE = "app"


class Shard:
    """One primary and its standbys. Who is the primary follows from their data folders."""

    def __init__(self, number, nodes):
        self.number = number
        self.name = f"s{number}"
        self.nodes = nodes

    @property
    def primary(self):
        """The node that is no standby; of several, the one on the newest timeline."""
        return max((n for n in self.nodes if not n.is_standby()), key=Node.timeline)

    @property
    def standbys(self):
        """The nodes that are set up as standbys, running or not."""
        return [node for node in self.nodes if node.is_standby()]

    def wait_for_replay(self):
        """Waits until each running standby has applied what the primary has written so far."""
        lsn = self.primary.sql("SELECT pg_current_wal_flush_lsn()::text")[0][0]
        for standby in self.standbys:
            if standby.is_up():
                standby.wait_for_replay(lsn)


class Cluster:
    """Several shards. `cluster[0]` is the first one; `cluster.nodes` are all servers."""

    def __init__(self, shards=2, standbys=1, database=DATABASE, settings=None, users=None,
                 folder=None):
        """Starts the servers and makes an empty `database` on every shard.

        `settings` are PostgreSQL's, for all nodes (max_connections=500). `users` is
        {name: (method, password)} with a method of pg_hba.conf (scram-sha-256, md5,
        password, trust): superusers that log in that way. Everybody else is trusted.
        `folder` must not exist yet; None takes a fresh one.
        """
        postgres.bin_folder(), postgres.user()  # complain before anything is made
        self._guard = guard.GuardedFolder(folder)
        self.folder = self._guard.path
        self.database = database
        self.shards = [Shard(n, [self._node(n, letter)
                                 for letter in string.ascii_lowercase[:1 + standbys]])
                       for n in range(shards)]
        try:
            options = {name: str(value) for name, value in (settings or {}).items()}
            self._each(lambda shard: self._build(shard, options, users or {}))
        except BaseException:
            self.close()
            raise

    @classmethod
    def attach(cls, folder):
        """The running cluster in `folder`, which another process made and kept."""
        self = cls.__new__(cls)
        self._guard = None
        self.folder = os.path.realpath(folder)
        with open(os.path.join(self.folder, "database")) as file:
            self.database = file.read()
        numbers = {}
        for name in sorted(os.listdir(self.folder)):
            if os.path.exists(os.path.join(self.folder, name, "data", "launcher.conf")):
                numbers.setdefault(int(name[1:-1]), []).append(name[-1])
        self.shards = [Shard(n, [self._node(n, letter) for letter in numbers[n]])
                       for n in sorted(numbers)]
        return self

    def close(self):
        """Stops everything and removes the folder."""
        if self._guard is not None:
            self._guard.close()
        else:
            guard.clean(self.folder)
        for node in self.nodes:
            node._reap()

    def keep(self):
        """Lets the servers run on when this process ends; see attach()."""
        with open(os.path.join(self.folder, "database"), "w") as file:
            file.write(self.database)
        self._guard.keep()
        self._guard = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, number):
        return self.shards[number]

    def __len__(self):
        return len(self.shards)

    @property
    def nodes(self):
        """All servers, by shard."""
        return [node for shard in self.shards for node in shard.nodes]

    def node(self, name):
        """The server called `name` (s0a ...)."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"no node {name!r}; there are {', '.join(n.name for n in self.nodes)}")

    def shards_flag(self, unix_socket=False):
        """The value of the router's --shards for this cluster."""
        def host(node):
            return f"{node.folder if unix_socket else '127.0.0.1'}:{node.port}/{self.database}"
        return "; ".join(f"{shard.name}={','.join(map(host, shard.nodes))}"
                         for shard in self.shards)

    def wait_for_replay(self):
        """Shard.wait_for_replay() for every shard."""
        for shard in self.shards:
            shard.wait_for_replay()

    def logs(self, lines=20):
        """The end of each server's log, for the report of a failed test."""
        parts = []
        for node in self.nodes:
            if os.path.exists(node.log_path):
                tail = "\n".join(node.log_text().splitlines()[-lines:])
                parts.append(f"--- log of {node.name}\n{tail}")
        return "\n".join(parts)

    def _node(self, number, letter):
        name = f"s{number}{letter}"
        return Node(name, number, os.path.join(self.folder, name))

    def _build(self, shard, settings, users):
        first, *others = shard.nodes
        first.init(settings, _hba(users))
        first.start()
        first.sql(f'CREATE DATABASE "{self.database}"')
        with first.connect() as connection:
            for name, (method, password) in users.items():
                hashed = "md5" if method == "md5" else "scram-sha-256"
                connection.execute(f"SET password_encryption = '{hashed}'")
                connection.execute(f"""CREATE ROLE "{name}" SUPERUSER LOGIN PASSWORD '{password}'""")
        if others:
            first.stop()
            for node in others:  # a copy made while nothing runs is a whole base backup
                node.copy_of(first)
            first.start()
        for node in others:
            node.follow(first)
            node.start()
        shard.wait_for_replay()

    def _each(self, action):
        """Runs `action` for all shards at once; raises the first failure when all have ended."""
        with concurrent.futures.ThreadPoolExecutor(len(self.shards)) as pool:
            for done in [pool.submit(action, shard) for shard in self.shards]:
                done.result()


def _hba(users):
    """pg_hba.conf: the given users by their method, everybody else by trust."""
    lines = []
    for name, (method, _) in users.items():
        lines += [f'local all "{name}" {method}', f'host all "{name}" 127.0.0.1/32 {method}']
    lines += ["local all all trust", "host all all 127.0.0.1/32 trust",
              "local replication all trust", "host replication all 127.0.0.1/32 trust"]
    return "\n".join(lines) + "\n"


# --- Command line -----------------------------------------------------------------

NODE_COMMANDS = {
    "start-node": lambda node, _: node.start(),
    "stop-node": lambda node, _: node.stop(),
    "restart": lambda node, _: node.restart(),
    "promote": lambda node, _: node.promote(),
    "pause": lambda node, _: node.pause_replay(),
    "resume": lambda node, _: node.resume_replay(),
    "delay": lambda node, argument: node.set_recovery_min_apply_delay(int(argument)),
    "kill9": lambda node, _: node.kill9(),
    "sigstop": lambda node, _: node.sigstop(),
    "sigcont": lambda node, _: node.sigcont(),
}


def _status(cluster):
    for node in cluster.nodes:
        role = "standby" if node.is_standby() else "primary"
        state = "up" if node.is_up() else "down"
        print(f"{node.name}  {role}  {state:4}  psql -h {node.folder} -p {node.port} -U postgres "
              f"{cluster.database}")
    print(f'--shards="{cluster.shards_flag()}"')


def main():
    parser = argparse.ArgumentParser(description="Throwaway PostgreSQL clusters.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start a cluster and leave it running")
    start.add_argument("--shards", type=int, default=2)
    start.add_argument("--standbys", type=int, default=1, help="of each shard")
    start.add_argument("--database", default=DATABASE)
    start.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                       help="a setting of PostgreSQL's, for all servers")
    start.add_argument("--dir", help="a folder that does not exist yet (default: a fresh one)")
    commands.add_parser("status", help="list the servers").add_argument("--dir", required=True)
    commands.add_parser("stop", help="stop all and remove DIR").add_argument("--dir", required=True)
    for name in NODE_COMMANDS:
        command = commands.add_parser(name, help="on one server")
        command.add_argument("--dir", required=True)
        command.add_argument("node", help="its name, such as s0b")
        command.add_argument("argument", nargs="?", help="milliseconds, for delay")
    arguments = parser.parse_args()

    if arguments.command == "start":
        settings = dict(item.split("=", 1) for item in arguments.set)
        cluster = Cluster(arguments.shards, arguments.standbys, arguments.database, settings,
                          folder=arguments.dir)
        cluster.keep()
        print(f"running in {cluster.folder}")
        _status(cluster)
        return
    cluster = Cluster.attach(arguments.dir)
    if arguments.command == "stop":
        cluster.close()
    elif arguments.command == "status":
        _status(cluster)
    else:
        NODE_COMMANDS[arguments.command](cluster.node(arguments.node), arguments.argument)


if __name__ == "__main__":
    try:
        main()
    except (postgres.NotInstalled, FileExistsError, FileNotFoundError) as error:
        sys.exit(f"cluster: {error}")
