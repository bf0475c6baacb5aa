"""PostgreSQL's client programs do through the router what they do without it."""

import os
import re
import subprocess
import threading
import unittest

import psycopg

from tests.support import postgres, testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

SCHEMA = """
    CREATE TABLE a (k int PRIMARY KEY, v text);
    CREATE TABLE b (k int PRIMARY KEY REFERENCES a, v text);
    CREATE INDEX ON b (v);
    CREATE SEQUENCE numbers;
    CREATE VIEW both_of_them AS SELECT a.v AS one, b.v AS other FROM a JOIN b USING (k);
    CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
    CREATE TABLE large (k int, v text);
    INSERT INTO a SELECT k, 'a' || k FROM generate_series(1, 2000) k;
    INSERT INTO b SELECT k, 'b' || k FROM generate_series(1, 2000) k;
    INSERT INTO large SELECT k, repeat(md5(k::text), 30) FROM generate_series(1, 5000) k;
    SELECT setval('numbers', 77);
    SELECT lo_from_bytea(4711, '\\x01020304');
"""

PIPELINE = """
\\set aid random(1, 100000)
\\startpipeline
SELECT abalance AS one FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_accounts SET abalance = abalance WHERE aid = :aid;
\\endpipeline
SELECT count(*) AS n, max(abalance) AS top FROM pgbench_accounts WHERE aid <= :aid + 10 AND aid > :aid \\gset got_
SELECT 1 / (CASE WHEN :got_n <= 10 THEN 1 ELSE 0 END);
BEGIN;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :aid, 100000, now());
SELECT :aid AS seen \\gset
END;
"""


def make_cluster():
    made = Cluster(shards=1, standbys=1)
    made[0].primary.psql(SCHEMA, database="app")
    for name in ("restored", "bench"):
        made[0].primary.sql(f"CREATE DATABASE {name}")
    made[0].wait_for_replay()
    return made


cluster = testing.Shared(make_cluster)


class ToolsTest(unittest.TestCase):
    def setUp(self):
        self.shard = cluster()[0]
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.shard.nodes)
        # Any database, passed on.
        self.router = Router(shards=f"s0={hosts}", database="")
        self.addCleanup(self.router.close)
        self.files = os.path.join(cluster().folder, self._testMethodName)
        os.mkdir(self.files)
        postgres.own(self.files)

    def run_program(self, name, *arguments, direct=False):
        port = self.shard.primary.port if direct else self.router.port
        return postgres.run(name, "--host", "127.0.0.1", "--port", str(port), "--username",
                            "postgres", *arguments)

    def path(self, name):
        return os.path.join(self.files, name)

    @testing.timeout(90)
    def test_pg_dump_is_the_same(self):
        for command in (("pg_dump", "--no-sync", "app"),
                        ("pg_dump", "--no-sync", "--inserts", "app"),
                        ("pg_dumpall", "--no-sync")):
            with self.subTest(command=command):
                self.assert_same_script(self.run_program(*command),
                                        self.run_program(*command, direct=True))

    def assert_same_script(self, routed, direct):
        """The same but for the key that psql's restricted mode is given at random."""
        lines = [re.sub(r"(?m)^\\(un)?restrict \w+$|^-- (Started|Completed) on .*$", "", script)
                 .splitlines() for script in (routed, direct)]
        for number, (one, other) in enumerate(zip(*lines)):
            self.assertEqual(one, other, f"line {number}")
        self.assertEqual(len(lines[0]), len(lines[1]))

    @testing.timeout(120)
    def test_parallel_dump_and_restore(self):
        for direct in (True, False):
            self.run_program("pg_dump", "--no-sync", "-Fd", "-j4", "-f", self.path(str(direct)),
                             "app", direct=direct)
        self.assert_same_script(*(postgres.run("pg_restore", "-f", "-", self.path(str(direct)))
                                  for direct in (False, True)))
        self.run_program("pg_restore", "-j4", "-d", "restored", self.path("False"))
        self.assert_same_script(self.run_program("pg_dump", "--no-sync", "restored", direct=True),
                                self.run_program("pg_dump", "--no-sync", "app", direct=True))

    @testing.timeout(120)
    def test_a_parallel_dump_is_of_one_moment(self):
        self.run_program("createdb", "moving")
        self.run_program("psql", "-Xq", "-c", "CREATE TABLE one (k int); CREATE TABLE two (k int);"
                         " CREATE TABLE three (k int)", "moving")
        stop, errors = threading.Event(), []

        def write():
            try:
                with self.router.connect(dbname="moving") as connection:
                    while not stop.is_set():
                        connection.execute("WITH a AS (INSERT INTO one VALUES (1)),"
                                           " b AS (INSERT INTO two VALUES (1))"
                                           " INSERT INTO three VALUES (1)")
            except psycopg.Error as error:
                errors.append(error)

        writers = [threading.Thread(target=write) for _ in range(2)]
        for writer in writers:
            writer.start()
        try:
            for number in range(3):
                self.run_program("pg_dump", "--no-sync", "-Fd", "-j3", "-f",
                                 self.path(str(number)), "moving")
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertEqual(errors, [])
        counts = []
        for number in range(3):
            script = postgres.run("pg_restore", "-f", "-", "--data-only", self.path(str(number)))
            rows = [len(part.splitlines()) for part in
                    re.findall(r"COPY public\.\w+ \(k\) FROM stdin;\n(.*?)\\\.", script, re.S)]
            self.assertEqual(len(rows), 3)
            self.assertEqual(len(set(rows)), 1, rows)
            counts.append(rows[0])
        self.assertGreater(counts[2], counts[0])

    @testing.timeout(60)
    def test_snapshots_are_the_primarys(self):
        """What a parallel dump relies on, also after a transaction has begun on a standby."""
        with self.router.connect(dbname="app") as one, self.router.connect(dbname="app") as two:
            one.execute("SET pgbraid.consistency = 'eventual'")

            def on_standby():
                one.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                served = one.execute("SELECT inet_server_port() FROM (SELECT 1) x"
                                     " LEFT JOIN a ON a.k = -1").fetchone()[0]
                if served == self.shard.standbys[0].port:
                    return True
                one.execute("ROLLBACK")
                return False

            wait_until(on_standby, "a transaction on the standby")
            with self.assertRaises(psycopg.errors.FeatureNotSupported) as caught:
                one.execute("SELECT pg_export_snapshot()")
            self.assertIn("first in the transaction", caught.exception.diag.message_hint)
            with self.assertRaises(psycopg.errors.InFailedSqlTransaction):
                one.execute("SELECT 1")
            one.execute("ROLLBACK")
            # As its first statement it goes to the primary, and so does who uses it.
            one.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = one.execute("SELECT pg_export_snapshot()").fetchone()[0]
            self.shard.primary.sql("INSERT INTO a VALUES (-5, 'later')", dbname="app")
            two.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            two.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            count = "SELECT count(*) FROM a WHERE k < 0"
            self.assertEqual(two.execute(count).fetchone(), (0,))
            two.execute("COMMIT")
            self.assertEqual(two.execute(count).fetchone(), (1,))
            one.execute("COMMIT")
            # A wrong one is refused where it is named.
            two.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            with self.assertRaises(psycopg.errors.InvalidParameterValue):
                two.execute("SET TRANSACTION SNAPSHOT 'none'")
            two.execute("ROLLBACK")
            two.execute("DELETE FROM a WHERE k < 0")

    @testing.timeout(90)
    def test_maintenance(self):
        self.run_program("vacuumdb", "--analyze", "--jobs=3", "app")
        self.run_program("vacuumdb", "--all", "--analyze-in-stages")
        self.run_program("reindexdb", "--jobs=2", "app")
        self.run_program("reindexdb", "--concurrently", "--table=b", "app")
        self.run_program("clusterdb", "app")
        analyzed = self.shard.primary.sql(
            "SELECT count(*) FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL",
            dbname="app")[0][0]
        self.assertGreaterEqual(analyzed, 3)
        self.run_program("createuser", "somebody")
        self.run_program("dropuser", "somebody")

    @testing.timeout(120)
    def test_pgbench(self):
        self.pgbench("-i", "-q", "-I", "dtgvpf")
        self.pgbench("-i", "-q", "-I", "dtGvp")
        script = self.path("script")
        with open(script, "w") as file:
            file.write(PIPELINE)
        for mode in ("simple", "extended", "prepared"):
            with self.subTest(mode=mode):
                done = self.pgbench("-n", "-M", mode, "-c", "6", "-j", "2", "-t", "40",
                                    "--progress=1", "-b", "tpcb-like@1", "-b", "select-only@1",
                                    "-b", "simple-update@1")
                self.assertIn("number of failed transactions: 0", done)
                self.pgbench("-n", "-M", mode, "-S", "-C", "-c", "3", "-t", "10")
                if mode != "simple":  # pipelines need the extended protocol
                    done = self.pgbench("-n", "-M", mode, "-c", "6", "-j", "2", "-t", "40",
                                        "-f", script)
                    self.assertIn("number of failed transactions: 0", done)
        self.assertEqual(self.shard.primary.sql(
            "SELECT count(*) FROM pgbench_history WHERE delta = 100000", dbname="bench"), [(480,)])

    def pgbench(self, *arguments):
        port = str(self.router.port)
        done = subprocess.run([postgres.program("pgbench"), "-h", "127.0.0.1", "-p", port, "-U",
                               "postgres", *arguments, "bench"], capture_output=True, text=True,
                              check=False, **postgres.process_options())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("error", done.stderr)
        return done.stdout


if __name__ == "__main__":
    testing.main()
