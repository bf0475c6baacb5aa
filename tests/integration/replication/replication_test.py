"""Replication connections: PostgreSQL's own programs give the same through the router."""

import filecmp
import os
import re
import socket
import struct
import subprocess
import threading
import time
import unittest

import psycopg

from tests.support import postgres, testing
from tests.support.cluster import Cluster
from tests.support.node import Node, wait_until
from tests.support.router import Router


def make_cluster():
    made = Cluster(shards=2, standbys=0, settings={
        "wal_level": "logical", "max_replication_slots": 20, "max_wal_senders": 20})
    primary = made[0].primary
    primary.sql("CREATE TABLE t (k int PRIMARY KEY, v text)", dbname="app")
    primary.sql("INSERT INTO t SELECT k, repeat(md5(k::text), 8) FROM generate_series(1, 100000) k",
                dbname="app")
    primary.sql("CREATE ROLE plain LOGIN")
    return made


cluster = testing.Shared(make_cluster)


def senders(node, more=""):
    return node.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'"
                    + more)[0][0]


class ReplicationTest(unittest.TestCase):
    def start(self, shards=1, **flags):
        self.primary = cluster()[0].primary
        hosts = [f"s{n}=127.0.0.1:{cluster()[n].primary.port}/app" for n in range(shards)]
        self.router = Router(shards="; ".join(hosts), **flags)
        self.addCleanup(self.router.close)
        self.addCleanup(self.no_walsender_left)

    def no_walsender_left(self):
        wait_until(lambda: senders(self.primary) == 0, "all walsenders to end", 10)

    def at(self, direct):
        """Where a program connects: to the server itself, or to the router."""
        port = self.primary.port if direct else self.router.port
        return ["--host", "127.0.0.1", "--port", str(port), "--username", "postgres"]

    def folder(self, name):
        path = os.path.join(cluster().folder, f"{self._testMethodName}_{name}")
        os.mkdir(path)
        postgres.own(path)
        return path

    def connect(self, **options):
        connection = self.router.connect(**({"replication": "database"} | options))
        self.addCleanup(connection.close)
        return connection

    # --- PostgreSQL's programs ------------------------------------------------------

    @testing.timeout(90)
    def test_pg_basebackup_starts_as_a_server(self):
        self.start()
        copy = Node("copy", 0, self.folder("node"))
        os.rmdir(copy.folder)
        copy._make_folder()
        postgres.run("pg_basebackup", "--no-sync", "--checkpoint=fast", "--wal-method=stream",
                     "--progress", "--pgdata", copy.data, *self.at(direct=False))
        postgres.run("pg_verifybackup", copy.data)
        settings = self.primary.settings()
        settings.pop("port")
        copy._write_settings(settings | copy._own_settings())
        copy.start()
        self.addCleanup(copy.stop)
        query = "SELECT count(*), md5(string_agg(k || v, ',' ORDER BY k)) FROM t"
        self.assertEqual(copy.sql(query, dbname="app"), self.primary.sql(query, dbname="app"))
        # The other format, and a slot that lives as long as the connection.
        tar = self.folder("tar")
        postgres.run("pg_basebackup", "--no-sync", "--checkpoint=fast", "--format=tar",
                     "--wal-method=fetch", "--pgdata", tar, *self.at(direct=False))
        self.assertGreater(os.path.getsize(os.path.join(tar, "base.tar")), 30_000_000)

    @testing.timeout(90)
    def test_pg_recvlogical_gets_all_changes(self):
        self.start()
        files = {}
        for direct in (True, False):
            slot = f"recv_{'direct' if direct else 'routed'}"
            postgres.run("pg_recvlogical", "--create-slot", "--slot", slot, "--dbname=app",
                         "--plugin=test_decoding", *self.at(direct))
            files[direct] = os.path.join(self.folder(slot), "changes")
        with self.router.connect() as connection:
            for key in range(200):
                connection.execute("INSERT INTO t VALUES (%s, 'logical')", (-1 - key,))
            connection.execute("UPDATE t SET v = repeat('x', 100000) WHERE k BETWEEN -20 AND -1")
            connection.execute("DELETE FROM t WHERE k < 0")
            end = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()[0]
        for direct in (True, False):
            slot = f"recv_{'direct' if direct else 'routed'}"
            postgres.run("pg_recvlogical", "--start", "--slot", slot, "--dbname=app", "--endpos",
                         end, "--no-loop", "--file", files[direct], "--option=skip-empty-xacts",
                         *self.at(direct))
            postgres.run("pg_recvlogical", "--drop-slot", "--slot", slot, "--dbname=app",
                         *self.at(direct))
        with open(files[False]) as file:
            text = file.read()
        self.assertEqual(len(re.findall("INSERT: k.integer.:-", text)), 200)
        self.assertEqual(text.count("UPDATE: k"), 20)
        self.assertEqual(text.count("DELETE: k"), 200)
        self.assertTrue(filecmp.cmp(files[True], files[False], shallow=False))

    @testing.timeout(90)
    def test_pg_receivewal_writes_the_same_segments(self):
        self.start()
        folders = {}
        for direct in (True, False):
            slot = f"wal_{'direct' if direct else 'routed'}"
            folders[direct] = self.folder(slot)
            postgres.run("pg_receivewal", "--create-slot", "--slot", slot, *self.at(direct))
        # The slots reserve from the first connection that streams on; give both something.
        running = [self.receivewal(folders[direct], direct) for direct in (True, False)]
        wait_until(lambda: senders(self.primary) == 2, "both to stream", 20)
        for _ in range(3):
            self.primary.sql("INSERT INTO t SELECT -k, repeat('w', 100) FROM"
                             " generate_series(1, 20000) k", dbname="app")
            self.primary.sql("DELETE FROM t WHERE k < 0", dbname="app")
            self.primary.sql("SELECT pg_switch_wal()")

        def whole(folder):
            return sorted(n for n in os.listdir(folder) if len(n) == 24)

        def same():
            # Both begin with the segment of the moment; more than these three may come.
            return len(whole(folders[True])) >= 3 and whole(folders[True]) == whole(folders[False])

        try:
            wait_until(same, "the segments", 30)
        finally:
            for process in running:
                process.terminate()
                process.wait(20)
        for name in whole(folders[True]):
            paths = [os.path.join(folders[direct], name) for direct in (True, False)]
            self.assertTrue(filecmp.cmp(*paths, shallow=False), name)
        for direct in (True, False):
            slot = f"wal_{'direct' if direct else 'routed'}"
            wait_until(lambda: senders(self.primary) == 0, "the walsenders to end", 10)
            postgres.run("pg_receivewal", "--drop-slot", "--slot", slot, *self.at(direct))

    def receivewal(self, folder, direct, *more):
        slot = f"wal_{'direct' if direct else 'routed'}"
        return subprocess.Popen(
            [postgres.program("pg_receivewal"), "--slot", slot, "--no-sync", "--directory", folder,
             *self.at(direct), *more], cwd="/", **postgres.process_options())

    # --- What the router answers for --------------------------------------------------

    @testing.timeout(60)
    def test_sql_and_commands_over_a_logical_connection(self):
        self.start(pool_size=1, threads=1)
        connection = self.connect(application_name="logical", options="-c work_mem=7MB")
        direct = self.primary.sql("IDENTIFY_SYSTEM", dbname="app", replication="database")
        routed = connection.execute("IDENTIFY_SYSTEM").fetchall()
        self.assertEqual((routed[0][0], routed[0][3]), (direct[0][0], direct[0][3]))
        self.assertEqual(connection.execute("SELECT current_setting('work_mem'), application_name,"
                                            " backend_type FROM pg_stat_activity"
                                            " WHERE pid = pg_backend_pid()").fetchone(),
                         ("7MB", "logical", "walsender"))
        # It takes nothing from the pool, which has one connection.
        with self.router.connect() as other:
            self.assertEqual(other.execute("SELECT 1").fetchone(), (1,))
        # The client's cancel key is the router's, and works.
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        with self.assertRaises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(30)")
        self.assertNotEqual(connection.info.backend_pid,
                            connection.execute("SELECT pg_backend_pid()").fetchone()[0])

    @testing.timeout(60)
    def test_errors_are_the_servers_or_say_why(self):
        self.start(max_replication_connections=1)
        for options, sqlstate, text in (
                ({"replication": "maybe"}, "22023", 'invalid value for parameter "replication"'),
                ({"user": "plain", "replication": "true"}, "42501", "to start walsender"),
                ({"dbname": "nowhere"}, "3D000", 'database "nowhere" does not exist'),
                ({"options": "-c pgbraid.shard=s9"}, "22023", 'there is no shard "s9"')):
            with self.subTest(options=options), self.assertRaises(psycopg.Error) as caught:
                self.connect(**options)
            self.assertIn(text, str(caught.exception))
        one = self.connect()
        with self.assertRaises(psycopg.Error) as caught:
            self.connect()
        self.assertIn("too many replication connections", str(caught.exception))
        one.close()
        wait_until(self.may_connect, "the place to become free")
        self.router.restart(max_replication_connections=0)
        self.assertFalse(self.may_connect())
        with self.router.connect(replication="off") as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))

    def may_connect(self):
        try:
            self.router.connect(replication="true", dbname="any").close()
            return True
        except psycopg.OperationalError as error:
            self.assertIn("too many", str(error))
            return False

    @testing.timeout(60)
    def test_several_shards_need_a_name(self):
        self.start(shards=2)
        for kind in ("true", "database"):
            with self.subTest(kind=kind), self.assertRaises(psycopg.Error) as caught:
                self.connect(replication=kind)
            self.assertIn("none is named", str(caught.exception))
            self.assertIn("options='-c pgbraid.shard=s0'", str(caught.exception))
        for number in (0, 1):
            expected = cluster()[number].primary.sql(
                "SELECT system_identifier::text FROM pg_control_system()")[0][0]
            for kind in ("true", "database"):
                connection = self.connect(replication=kind, options=f"-c pgbraid.shard=s{number}")
                told = connection.execute("IDENTIFY_SYSTEM").fetchone()[0]
                # Without a database there is no encoding: psycopg gives bytes.
                self.assertIn(told, (expected, expected.encode()))
                connection.close()
        # As a program is told.
        tar = self.folder("tar")
        postgres.run("pg_basebackup", "--no-sync", "--checkpoint=fast", "--format=tar",
                     "--wal-method=stream", "--pgdata", tar, "--dbname",
                     f"host=127.0.0.1 port={self.router.port} user=postgres"
                     " options='-c pgbraid.shard=s1'")

    @testing.timeout(60)
    def test_ends_when_either_side_does(self):
        self.start()
        connection = self.connect()
        pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
        self.primary.sql("SELECT pg_terminate_backend(%s)", pid)
        with self.assertRaises(psycopg.Error) as caught:
            connection.execute("SELECT 1")
        self.assertIn("terminating connection due to administrator command", str(caught.exception))
        # A client that vanishes while its statement runs.
        client = socket.create_connection(("127.0.0.1", self.router.port), timeout=20)
        self.log_in(client, replication="database")
        client.sendall(b"Q" + struct.pack("!i", 4 + 20) + b"SELECT pg_sleep(55)\0")
        wait_until(lambda: senders(self.primary, " AND state = 'active'") == 1, "it to run")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        wait_until(lambda: senders(self.primary) == 0, "its server process to end", 5)

    def log_in(self, client, **settings):
        pairs = {"user": "postgres", "database": "app"} | settings
        body = b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
        client.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
        data = b""
        while not data.endswith(b"Z\0\0\0\5I"):
            data += client.recv(65536)
        return data

    @testing.timeout(60)
    def test_a_slow_reader_costs_no_memory(self):
        self.start()
        client = socket.create_connection(("127.0.0.1", self.router.port), timeout=20)
        self.addCleanup(client.close)
        self.log_in(client, replication="true")
        before = self.router.rss_bytes()
        command = b"BASE_BACKUP (CHECKPOINT 'fast')\0"
        client.sendall(b"Q" + struct.pack("!i", 4 + len(command)) + command)
        wait_until(lambda: self.primary.sql("SELECT count(*) FROM pg_stat_activity WHERE"
                                            " wait_event = 'WalSenderWriteData'")[0][0] == 1
                   or senders(self.primary, " AND wait_event = 'ClientWrite'") == 1,
                   "the server to wait for the reader")
        time.sleep(0.3)
        self.assertLess(self.router.rss_bytes() - before, 8 * 1024 * 1024)
        total, tail = 0, b""
        while not tail.endswith(b"Z\0\0\0\5I"):
            data = client.recv(1 << 20)
            total += len(data)
            tail = (tail + data)[-6:]
        self.assertGreater(total, 30_000_000)
        self.assertLess(self.router.rss_bytes() - before, 8 * 1024 * 1024)


class DeposedTest(unittest.TestCase):
    def ended(self, connection):
        try:
            connection.execute("IDENTIFY_SYSTEM")
            return False
        except psycopg.Error:
            return connection.closed

    @testing.timeout(60)
    def test_ends_with_the_reign_of_its_primary(self):
        pair = Cluster(shards=1, standbys=1)
        self.addCleanup(pair.close)
        old, new = pair[0].primary, pair[0].standbys[0]
        router = Router(shards=pair.shards_flag())
        self.addCleanup(router.close)
        folder = os.path.join(pair.folder, "wal")
        os.mkdir(folder)
        postgres.own(folder)
        process = subprocess.Popen(
            [postgres.program("pg_receivewal"), "--no-loop", "--no-sync", "--directory", folder,
             "--host", "127.0.0.1", "--port", str(router.port), "--username", "postgres"],
            cwd="/", text=True, stderr=subprocess.PIPE, **postgres.process_options())
        wait_until(lambda: senders(old) == 2, "it to stream")
        idle = router.connect(replication="true")
        self.addCleanup(idle.close)
        new.promote()
        words = process.communicate(timeout=20)[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("no longer the primary of shard s0", words)
        # Each of the router's threads sees it for itself.
        wait_until(lambda: self.ended(idle), "the idle one to end", 10)
        for _ in range(4):
            with router.connect(replication="true") as connection:
                self.assertEqual(connection.execute("IDENTIFY_SYSTEM").fetchone()[1], 2)


if __name__ == "__main__":
    testing.main()
