"""One driver's program, run directly and through the router: the transcripts must be the same.

$DRIVER_PROGRAM is its path. It connects as $PGHOST, $PGPORT, $PGUSER, $PGPASSWORD and
$PGDATABASE say, works in a schema of its own ($LANE) and prints what it sees, in steps:

    == prepared
    [1, 'one']
    ...

A line that begins with `!!` is an exception that the program did not expect. Through the
router two copies run at the same time, among other clients with other settings, over four
server connections, so that a session is moved from one connection to another all the time.
"""

import difflib
import os
import re
import subprocess
import tempfile
import threading
import unittest

from tests.support import postgres, testing
from tests.support.cluster import Cluster
from tests.support.router import Router

USER, PASSWORD = "driver", "let me in"
LANES = ("lane_a", "lane_b")
PROGRAM_SECONDS = 30
INTERPRETERS = {".py": "/usr/bin/python3", ".js": "node", ".pl": "/usr/bin/perl",
                ".php": "/usr/bin/php", ".sh": "/bin/bash"}
JDBC = "/usr/share/java/postgresql.jar"
# Where tools/setup puts Debian's node-pg, beside whichever node there is.
NODE_MODULES = "/var/cache/pgbraid/node/usr/share/nodejs"
SETTINGS = {"max_prepared_transactions": 50}

ITEMS = "CREATE TABLE items (id int PRIMARY KEY, name text)"

cluster = testing.Shared(
    lambda: Cluster(shards=2, standbys=1, users={USER: ("scram-sha-256", PASSWORD)},
                    settings=SETTINGS))


def command(program, folder):
    """How `program` is started; what has to be compiled is made in `folder`."""
    name, suffix = os.path.splitext(os.path.basename(program))
    if suffix in INTERPRETERS:
        return [INTERPRETERS[suffix], program]
    if suffix == ".java":
        subprocess.run(["javac", "-cp", JDBC, "-d", folder, program], check=True)
        # Short runs are fastest without the second compiler.
        return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JDBC}:{folder}", name]
    return [program]


def run(program, host, port, database, lane, mode, user=USER, password=PASSWORD):
    """(exit status, transcript) of one copy."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    environment |= {"PGHOST": host, "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password,
                    "PGDATABASE": database, "LANE": lane, "LC_ALL": "C.UTF-8",
                    "NODE_PATH": NODE_MODULES, "TZ": "Europe/Berlin",
                    "PATH": f"{postgres.bin_folder()}:{os.environ['PATH']}"}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        try:
            status = subprocess.run([*program, mode], env=environment, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=errors, timeout=PROGRAM_SECONDS,
                                    check=False).returncode
        except subprocess.TimeoutExpired:
            status = "out of time"
        output.seek(0)
        errors.seek(0)
        text, words = output.read(), errors.read()
    text = re.sub(rf'(port "?|:){port}\b', r"\1PORT", text.replace(lane, "LANE"))
    return status, text + (f"== end\n!! status {status}\n{words}" if status else "")


def steps(transcript):
    """{step: its lines}."""
    found, lines = {}, []
    for line in transcript.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        else:
            lines.append(line)
    return found


class Bystanders:
    """Clients with other settings, who keep the server connections going round."""

    def __init__(self, router, user, password):
        self._stop = threading.Event()
        self.backends = set()
        self.errors = []
        self._connect = lambda: router.connect(user=user, password=password)
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(2)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        zones = ("Asia/Tokyo", "America/New_York", "UTC")
        try:
            with self._connect() as connection:
                turn = 0
                while not self._stop.wait(0.004):
                    turn += 1
                    zone = zones[turn % 3]
                    connection.execute("SELECT set_config('timezone', %s, false),"
                                       " set_config('search_path', %s, false)",
                                       (zone, f"nowhere_{number}"))
                    row = connection.execute(
                        "SELECT current_setting('timezone'), current_setting('search_path'),"
                        " pg_backend_pid()").fetchone()
                    if row[:2] != (zone, f"nowhere_{number}"):
                        self.errors.append(row)
                    self.backends.add(row[2])
        except Exception as error:
            self.errors.append(error)


class DriverTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        path = os.path.abspath(os.environ["DRIVER_PROGRAM"])
        cls.name = os.path.basename(path).partition("_")[0].partition(".")[0]
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.program = command(path, cls.folder.name)

    def directly(self, database, lane, mode):
        """The transcript of a run on the primary itself, which must be sound: a case a step."""
        status, text = run(self.program, "127.0.0.1", cluster()[0].primary.port, database, lane, mode)
        expected = steps(text)
        for step, lines in expected.items():
            with self.subTest(driver=self.name, lane="direct", step=step):
                if any(line.startswith("!!") for line in lines):
                    self.fail(f"{self.name}, {step}, directly:\n" + "\n".join(lines))
        self.assertEqual(status, 0, text)
        self.assertGreater(len(expected), 1)
        return expected

    def compare(self, lane, expected, status, text):
        """One case for each step."""
        got = steps(text)
        for step in [*expected, *(step for step in got if step not in expected)]:
            with self.subTest(driver=self.name, lane=lane, step=step):
                ours, theirs = got.get(step, ["(not reached)"]), expected.get(step, [])
                if ours != theirs:
                    self.fail(f"{self.name}, {step}:\n" + "\n".join(difflib.unified_diff(
                        theirs, ours, "directly", "through the router", lineterm="", n=3)))
        self.assertEqual(status, 0, "its exit status")

    def through(self, router, database, mode, lanes):
        """{lane: (status, transcript)} of copies that run at the same time."""
        done = {}

        def copy(lane):
            done[lane] = run(self.program, router.host, router.port, database, lane, mode)

        threads = [threading.Thread(target=copy, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(done), set(lanes), "a copy did not end in time")
        return done

    @testing.timeout(120)
    def test_one_shard(self):
        expected = self.directly("app", LANES[0], "session")
        cluster()[0].primary.sql(f"DROP SCHEMA {LANES[0]} CASCADE", dbname="app")
        with open(os.path.join(self.folder.name, "users.txt"), "w", encoding="utf-8") as file:
            file.write(f'"{USER}" "{PASSWORD}"\n')
        shards = cluster().shards_flag().split(";")[0]
        with Router(shards=shards, auth="scram-sha-256", auth_file=file.name,
                    server_password_file=file.name, pool_size=4, threads=1) as router:
            with Bystanders(router, USER, PASSWORD) as others:
                done = self.through(router, "app", "session", LANES)
            for lane, (status, text) in done.items():
                self.compare(lane, expected, status, text)
            self.assertEqual(others.errors, [])
            self.assertGreater(len(others.backends), 1)

    @testing.timeout(120)
    def test_two_shards(self):
        cluster()[0].primary.sql("CREATE DATABASE plain")
        cluster()[0].primary.sql(ITEMS, dbname="plain")
        for shard in cluster().shards:
            shard.primary.sql(ITEMS, dbname="app")
        expected = self.directly("plain", "public", "sharded")
        with Router(shards=cluster().shards_flag(), database="plain", tables="items:hash(id)",
                    server_user="postgres", consistency="strong", pool_size=3,
                    threads=1) as router:
            with Bystanders(router, USER, PASSWORD):
                done = self.through(router, "plain", "sharded", ["public"])
            self.compare("sharded", expected, *done["public"])
        rows = [shard.primary.sql("SELECT count(*) FROM items", dbname="app")[0][0]
                for shard in cluster().shards]
        self.assertTrue(all(rows), rows)


if __name__ == "__main__":
    testing.main()
