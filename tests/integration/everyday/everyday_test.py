"""What clients do every day, and how they leave."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

BIN = os.environ.get("PGBRAID_PG_BIN", "/usr/lib/postgresql/15/bin")

cluster = testing.Shared(lambda: Cluster(shards=2, standbys=1))


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(database, **settings):
    pairs = {"user": "postgres", "database": database} | settings
    body = b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, 196608) + body


def receive_all(connection):
    """Everything until the peer has finished."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


class EverydayTest(unittest.TestCase):
    def setUp(self):
        self.router = None

    def start(self, database="app", **flags):
        shard = cluster()[0]
        flags.setdefault("shards", f"s0=127.0.0.1:{shard.primary.port}/{database},"
                                   f"127.0.0.1:{shard.standbys[0].port}/{database}")
        self.router = Router(database=database, **flags)
        self.addCleanup(self.router.close)
        self.port = int(self.router.flags["listen"].rsplit(":", 1)[1])
        self.database = database

    def make_database(self, name, shards=(0,)):
        for shard in shards:
            cluster()[shard].primary.sql(f"CREATE DATABASE {name}", dbname="postgres")
            cluster()[shard].wait_for_replay()

    def socket(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.addCleanup(connection.close)
        return connection

    def log_in(self):
        connection = self.socket()
        connection.sendall(startup(self.database))
        data = b""
        while not data.endswith(message(b"Z", b"I")):
            data += connection.recv(65536)
        return connection

    def pgbench(self, *arguments):
        done = subprocess.run(
            [f"{BIN}/pgbench", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-n",
             *arguments, self.database], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("number of failed transactions: 0", done.stdout)
        return int(re.search(r"actually processed: (\d+)", done.stdout).group(1))

    # --- psql and pgbench ---------------------------------------------------------

    @testing.timeout(60)
    def test_psql(self):
        self.make_database("by_psql")
        self.start("by_psql")
        script = ("CREATE TABLE t (a int PRIMARY KEY, b text);\n"
                  "INSERT INTO t VALUES (1, 'x'), (2, 'y');\n"
                  "\\copy t FROM stdin\n3\tz\n\\.\n"
                  "SELECT * FROM t ORDER BY a;\n"
                  "\\d t\n"
                  "SELECT 1/0;\n"
                  "BEGIN; UPDATE t SET b = 'q'; ROLLBACK;\n"
                  "\\copy (SELECT b FROM t ORDER BY a) TO stdout\n"
                  "EXPLAIN (ROUTE) SELECT * FROM t;\n")
        done = subprocess.run(
            [f"{BIN}/psql", "-X", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
             self.database], input=script, capture_output=True, text=True, check=False)
        self.assertIn("(3 rows)", done.stdout)
        self.assertIn("x\ny\nz\n", done.stdout)
        self.assertIn('"t_pkey" PRIMARY KEY, btree (a)', done.stdout)
        self.assertIn("one shard", done.stdout)
        self.assertIn("division by zero", done.stderr)

    @testing.timeout(120)
    def test_pgbench_on_one_shard(self):
        self.make_database("bench")
        self.start("bench")
        subprocess.run([f"{BIN}/pgbench", "-h", "127.0.0.1", "-p", str(self.port), "-U",
                        "postgres", "-i", "-q", self.database], check=True, capture_output=True)
        for mode in ("simple", "extended", "prepared"):
            with self.subTest(mode=mode):
                done = self.pgbench("-M", mode, "-c", "8", "-j", "2", "-t", "100")
                self.assertEqual(done, 800)
                self.assertEqual(self.pgbench("-S", "-M", mode, "-c", "16", "-t", "200"), 3200)
        with self.router.connect(dbname=self.database) as connection:
            sums = connection.execute(
                "SELECT (SELECT sum(abalance) FROM pgbench_accounts),"
                " (SELECT sum(delta) FROM pgbench_history),"
                " (SELECT sum(bbalance) FROM pgbench_branches),"
                " (SELECT count(*) FROM pgbench_history)").fetchone()
            self.assertEqual(sums, (sums[0], sums[0], sums[0], 2400))

    @testing.timeout(120)
    def test_pgbench_select_over_two_shards(self):
        self.make_database("bench_split", shards=(0, 1))
        flags = "; ".join(
            f"s{i}=" + ",".join(f"127.0.0.1:{n.port}/bench_split" for n in cluster()[i].nodes)
            for i in range(2))
        for i in range(2):
            primary = cluster()[i].primary
            for statement in (
                    "CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int,"
                    " filler char(84))",
                    "CREATE TABLE by_aid (aid int) PARTITION BY HASH (aid)",
                    "INSERT INTO pgbench_accounts SELECT aid, 1, aid, '' FROM"
                    " generate_series(1, 100000) aid WHERE"
                    f" satisfies_hash_partition('by_aid'::regclass, 2, {i}, aid)",
                    "CREATE TABLE pgbench_branches (bid int)",
                    "INSERT INTO pgbench_branches VALUES (1)"):
                primary.sql(statement, dbname="bench_split")
            cluster()[i].wait_for_replay()
        self.start("bench_split", shards=flags,
                   tables="pgbench_accounts:hash(aid), pgbench_branches:reference")
        for mode in ("simple", "extended", "prepared"):
            with self.subTest(mode=mode):
                self.assertEqual(self.pgbench("-S", "-s", "1", "-M", mode, "-c", "16", "-t", "200"),
                                 3200)
        with self.router.connect(dbname=self.database, autocommit=True) as connection:
            for aid in range(1, 200):
                self.assertEqual(connection.execute(
                    "SELECT abalance FROM pgbench_accounts WHERE aid = %s", (aid,)).fetchone(),
                    (aid,))

    # --- Many clients ---------------------------------------------------------------

    @testing.timeout(60)
    def test_a_thousand_idle_clients(self):
        self.start(pool_size=4)
        clients = [self.log_in() for _ in range(1000)]
        with self.router.connect() as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))
        for client in clients:
            client.sendall(message(b"Q", b"SELECT 2\0"))
        for client in clients:
            data = b""
            while not data.endswith(message(b"Z", b"I")):
                data += client.recv(4096)
            self.assertIn(b"2", data)

    @testing.timeout(60)
    def test_one_server_connection_serves_fifty_clients(self):
        self.start(pool_size=1)
        errors = []

        def work(number):
            try:
                with self.router.connect(autocommit=True) as connection:
                    connection.execute(f"SET work_mem = '{number + 1}MB'")
                    for _ in range(20):
                        with connection.transaction():
                            seen = connection.execute("SHOW work_mem").fetchone()[0]
                            if seen != f"{number + 1}MB":
                                errors.append(f"client {number} sees {seen}")
            except psycopg.Error as error:
                errors.append(str(error))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])

    # --- Leaving ----------------------------------------------------------------------

    def locks_gone_after_kill(self, statement):
        """A client holds a lock, runs `statement`, and is killed; seconds until it is free."""
        code = ("import psycopg, sys\n"
                f"c = psycopg.connect(host='127.0.0.1', port={self.port}, user='postgres',"
                f" dbname='{self.database}')\n"
                "c.execute('LOCK TABLE locked')\n"
                "print('ready', flush=True)\n" + statement)
        client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.assertEqual(client.stdout.readline(), "ready\n")
        client.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        self.watcher.execute("BEGIN")
        self.watcher.execute("SET LOCAL lock_timeout = '5s'")
        self.watcher.execute("LOCK TABLE locked")
        waited = time.monotonic() - killed
        self.watcher.execute("ROLLBACK")
        client.wait()
        client.stdout.close()
        return waited

    @testing.timeout(120)
    def test_locks_of_a_killed_client_are_gone_within_200_ms(self):
        self.make_database("locks")
        self.start("locks")
        primary = cluster()[0].primary
        primary.sql("CREATE TABLE locked (a int)", dbname="locks")
        with primary.connect(dbname="locks", autocommit=True) as self.watcher:
            idle = [self.locks_gone_after_kill("import time; time.sleep(60)")
                    for _ in range(25)]
            running = [self.locks_gone_after_kill("c.execute('SELECT pg_sleep(60)')")
                       for _ in range(25)]
        self.assertLess(max(idle), 0.2)
        self.assertLess(max(running), 0.2)

    @testing.timeout(60)
    def test_data_and_fin_in_one_packet(self):
        self.start()
        client = self.log_in()
        client.sendall(message(b"Q", b"SELECT 'the answer'\0"))
        client.shutdown(socket.SHUT_WR)
        self.assertIn(b"the answer", receive_all(client))
        # The same with the farewell that drivers send, and from the first byte on.
        client = self.socket()
        client.sendall(startup(self.database) + message(b"Q", b"SELECT 'at once'\0")
                       + message(b"X"))
        client.shutdown(socket.SHUT_WR)
        self.assertIn(b"at once", receive_all(client))
        # The other direction: the server's last words and its end come together.
        client = self.log_in()
        client.sendall(message(b"Q", b"SELECT pg_terminate_backend(pg_backend_pid())\0"))
        data = b""
        while not data.endswith(message(b"Z", b"I")):
            data += client.recv(65536)
        self.assertIn(b"08006", data)
        client.sendall(message(b"Q", b"SELECT 'still here'\0"))
        data = b""
        while not data.endswith(message(b"Z", b"I")):
            data += client.recv(65536)
        self.assertIn(b"still here", data)

    @testing.timeout(120)
    def test_a_hundred_megabytes_each_way_at_once(self):
        self.start()
        client = self.log_in()
        value = b"x" * 100_000
        rounds = 1000
        one = (message(b"P", b"\0SELECT $1::text\0" + struct.pack("!h", 0))
               + message(b"B", b"\0\0" + struct.pack("!hhi", 0, 1, len(value)) + value
                         + struct.pack("!h", 0))
               + message(b"E", b"\0" + struct.pack("!i", 0)))
        received = [0]

        def read():
            tail = b""
            while not tail.endswith(message(b"Z", b"I")):
                data = client.recv(1 << 20)
                received[0] += len(data)
                tail = (tail + data)[-6:]

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(rounds):
            client.sendall(one)
        client.sendall(message(b"S"))
        reader.join()
        self.assertGreater(received[0], rounds * len(value))
        self.assertLess(self.router.rss_bytes(), 200 * 1024 * 1024)

    @testing.timeout(60)
    def test_a_cancelled_query_ends_and_nobody_elses(self):
        self.start()
        with self.router.connect(autocommit=True) as victim, \
                self.router.connect(autocommit=True) as other:
            done = []
            runs = threading.Thread(
                target=lambda: done.append(other.execute("SELECT pg_sleep(1)").fetchone()))
            runs.start()
            timer = threading.Timer(0.3, victim.cancel)
            timer.start()
            started = time.monotonic()
            with self.assertRaises(psycopg.errors.QueryCanceled):
                victim.execute("SELECT pg_sleep(20)")
            self.assertLess(time.monotonic() - started, 5)
            self.assertEqual(victim.execute("SELECT 1").fetchone(), (1,))
            runs.join()
            self.assertEqual(len(done), 1)

    @testing.timeout(60)
    def test_what_the_router_refuses_fails_the_transaction(self):
        self.make_database("refusals", shards=(0, 1))
        flags = "; ".join(
            f"s{i}=" + ",".join(f"127.0.0.1:{n.port}/refusals" for n in cluster()[i].nodes)
            for i in range(2))
        for i in range(2):
            cluster()[i].primary.sql("CREATE TABLE t (k int PRIMARY KEY)", dbname="refusals")
        self.start("refusals", shards=flags, tables="t:hash(k)")
        in_error = psycopg.pq.TransactionStatus.INERROR
        with self.router.connect(dbname="refusals") as connection:
            for refused, values in (("SELECT * FROM t", None), ("SELECT * FROM t WHERE k > %s", (0,)),
                                    ("SET pgbraid.consistency = 'none'", None),
                                    ("SELECT count(*) FROM t", None),
                                    ("SELECT count(*) FROM t WHERE k < %s", (9,))):
                with self.subTest(refused=refused):
                    connection.execute("BEGIN")
                    connection.execute("INSERT INTO t VALUES (1)")
                    with self.assertRaises(psycopg.Error) as caught:
                        connection.execute(refused, values)
                    self.assertIn(caught.exception.sqlstate, ("0A000", "22023"))
                    self.assertEqual(connection.info.transaction_status, in_error)
                    with self.assertRaises(psycopg.errors.InFailedSqlTransaction):
                        connection.execute("INSERT INTO t VALUES (1)")
                    self.assertEqual(connection.execute("COMMIT").statusmessage, "ROLLBACK")
            self.assertEqual(connection.execute("SELECT k FROM t").fetchall(), [])

    @testing.timeout(60)
    def test_malformed_input_harms_nobody_else(self):
        self.start()
        with self.router.connect(autocommit=True) as neighbour:
            for junk in (b"\x7f" * 64, message(b"Q", b"no end"), b"Q\0\0\0\1", b"S\x7f\xff\xff\xff",
                         message(b"B", b"\0"), message(b"P", b"\0"), message(b"~")):
                with self.subTest(junk=junk[:16]):
                    client = self.log_in()
                    client.sendall(junk + message(b"X"))
                    self.assertIn(b"C08P01", receive_all(client))
            # Before the login too.
            for junk in (b"\0\0\0\4", b"GET / HTTP/1.1\r\n\r\n", struct.pack("!ii", 8, 2 << 16)):
                with self.subTest(junk=junk):
                    client = self.socket()
                    client.sendall(junk)
                    receive_all(client)
            self.assertEqual(neighbour.execute("SELECT 1").fetchone(), (1,))

    @testing.timeout(60)
    def test_encryption_requests_and_newer_protocols(self):
        self.start()
        client = self.socket()
        for code in (80877103, 80877104):
            client.sendall(struct.pack("!ii", 8, code))
            self.assertEqual(client.recv(1), b"N")
        packet = startup(self.database, **{"_pq_.something": "1"})
        client.sendall(packet[:4] + struct.pack("!i", (3 << 16) | 2) + packet[8:])
        data = b""
        while not data.endswith(message(b"Z", b"I")):
            data += client.recv(65536)
        self.assertTrue(data.startswith(b"v"))
        self.assertIn(b"_pq_.something", data)


if __name__ == "__main__":
    testing.main()
