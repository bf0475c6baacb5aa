"""Encryption: towards clients asked for, required, begun directly, attacked; towards servers."""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest

import psycopg

from tests.integration.clients import wire_client
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router, binary

cluster = testing.Shared(lambda: Cluster(shards=1, standbys=0))
certificates = testing.Shared(lambda: Certificates())


class Certificates:
    """A self-signed certificate for localhost, and one that belongs to another key."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.cert, self.key = self._make("server")
        self.other_cert, self.other_key = self._make("other")

    def _make(self, name):
        cert, key = (os.path.join(self._folder.name, f"{name}.{end}") for end in ("crt", "key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
        return cert, key

    def close(self):
        self._folder.cleanup()


@contextlib.contextmanager
def encrypted_server():
    """A cluster whose primary lets nobody in by TCP in clear text."""
    with Cluster(shards=1, standbys=0) as made:
        node = made[0].primary
        for name, path in (("server.crt", certificates().cert),
                           ("server.key", certificates().key)):
            with open(path, encoding="ascii") as file:
                node.write_file(name, file.read())
        node.write_file("pg_hba.conf",
                        "local all all trust\nhostssl all all 127.0.0.1/32 trust\n")
        node.set(ssl="on")
        node.restart()
        yield made


class ServerTlsTest(unittest.TestCase):
    ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

    @testing.timeout(60)
    def test_servers_that_demand_it_get_it(self):
        with encrypted_server() as made:
            for flags in ({}, {"server_tls": "require"},
                          {"server_tls": "verify-full", "server_tls_ca_file": certificates().cert}):
                with self.subTest(flags=flags), Router(shards=made.shards_flag(), **flags) as router, \
                        router.connect() as connection:
                    self.assertEqual(connection.execute(self.ENCRYPTED).fetchone(), (True,))
                    self.assertEqual(
                        connection.execute("SELECT length(%s::text)", ["x" * 3_000_000]).fetchone(),
                        (3_000_000,))
                    connection.execute("CREATE TABLE IF NOT EXISTS seen (a int)")
                    self.assertEqual(connection.execute("SELECT a FROM seen").fetchall(), [])
            for flags, words in (
                    ({"server_tls": "disable"}, "no encryption"),
                    ({"server_tls": "verify-full",
                      "server_tls_ca_file": certificates().other_cert},
                     "certificate verify failed")):
                with self.subTest(flags=flags), \
                        Router(shards=made.shards_flag(), checkout_timeout="1s",
                               **flags) as router, \
                        self.assertRaisesRegex(psycopg.OperationalError, words):
                    router.connect()

    @testing.timeout(60)
    def test_servers_without_it_are_used_unless_it_is_demanded(self):
        with Router(shards=cluster().shards_flag()) as router, router.connect() as connection:
            self.assertEqual(connection.execute(self.ENCRYPTED).fetchone(), (False,))
        with Router(shards=cluster().shards_flag(), server_tls="require",
                    checkout_timeout="1s") as router, \
                self.assertRaisesRegex(psycopg.OperationalError, "does not support TLS"):
            router.connect()


class TlsTest(unittest.TestCase):
    def start(self, **flags):
        files = certificates()
        defaults = {"shards": cluster().shards_flag(), "tls_cert_file": files.cert,
                    "tls_key_file": files.key}
        router = Router(**(defaults | flags))
        self.addCleanup(router.close)
        return router

    def context(self, protocol="postgresql"):
        context = ssl.create_default_context(cafile=certificates().cert)
        if protocol:
            context.set_alpn_protocols([protocol])
        return context

    @testing.timeout(60)
    def test_a_client_verifies_whom_it_talks_to(self):
        router = self.start()
        with router.connect(host="localhost", hostaddr="127.0.0.1", sslmode="verify-full",
                            sslrootcert=certificates().cert) as connection:
            self.assertTrue(connection.pgconn.ssl_in_use)
            rows = connection.execute("SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
            self.assertEqual({row[0] for row in rows.fetchall()}, {"x" * 1000})
            text = "y" * 5_000_000
            self.assertEqual(connection.execute("SELECT length(%s)", [text]).fetchone(),
                             (len(text),))
        with self.assertRaisesRegex(psycopg.OperationalError, "certificate verify failed"):
            router.connect(host="localhost", hostaddr="127.0.0.1", sslmode="verify-full",
                           sslrootcert=certificates().other_cert)

    @testing.timeout(60)
    def test_who_does_not_ask_goes_on_in_clear_text_unless_tls_is_required(self):
        router = self.start()
        for mode, encrypted in (("disable", False), ("allow", False), ("prefer", True)):
            with router.connect(sslmode=mode) as connection:
                self.assertEqual(connection.pgconn.ssl_in_use, encrypted, mode)
        router.restart(client_tls="require")
        with router.connect(sslmode="prefer") as connection:
            self.assertTrue(connection.pgconn.ssl_in_use)
        with self.assertRaisesRegex(psycopg.OperationalError, "the connection is not encrypted"):
            router.connect(sslmode="disable")
        with wire_client.WireClient(router.port) as client:
            errors = [dict((part[:1], part[1:]) for part in body.split(b"\0") if part)
                      for kind, body in client.log_in() if kind == b"E"]
        self.assertEqual([error[b"C"] for error in errors], [b"28000"])
        router.restart(client_tls="disable")
        with self.assertRaisesRegex(psycopg.OperationalError, "does not support SSL"):
            router.connect(sslmode="require")

    @testing.timeout(60)
    def test_a_login_is_bound_to_the_connection(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as users:
            users.write('"postgres" "secret"\n')
            users.flush()
            router = self.start(auth="scram-sha-256", auth_file=users.name)
            with router.connect(password="secret", sslmode="require",
                                channel_binding="require") as connection:
                self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))
            with router.connect(password="secret", sslmode="disable") as connection:
                self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))
            with self.assertRaisesRegex(psycopg.OperationalError, "password authentication"):
                router.connect(password="wrong", sslmode="require")

    @testing.timeout(60)
    def test_cancel_copy_and_pipelines_work_encrypted(self):
        router = self.start()
        with router.connect(sslmode="require") as connection:
            threading.Timer(0.3, connection.cancel).start()
            with self.assertRaises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(30)")
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("CREATE TEMP TABLE copied (a int, b text) ON COMMIT DROP")
                with cursor.copy("COPY copied FROM STDIN") as copy:
                    for number in range(20_000):
                        copy.write_row((number, "z" * 100))
                self.assertEqual(cursor.execute("SELECT count(*), sum(length(b)) FROM copied")
                                 .fetchone(), (20_000, 2_000_000))
            with connection.pipeline():
                cursors = [connection.execute("SELECT %s::int", [number]) for number in range(500)]
            self.assertEqual([cursor.fetchone()[0] for cursor in cursors], list(range(500)))

    @testing.timeout(60)
    def test_tls_may_begin_without_being_asked_for(self):
        router = self.start()
        with socket.create_connection(("127.0.0.1", router.port), 10) as plain, \
                self.context().wrap_socket(plain, server_hostname="localhost") as encrypted:
            self.assertEqual(encrypted.selected_alpn_protocol(), "postgresql")
            client = wire_client.WireClient.__new__(wire_client.WireClient)
            client.socket, client._data = encrypted, b""
            self.assertEqual(client.log_in()[-1][0], b"Z")
            self.assertIn(b"D", [kind for kind, _ in client.query("SELECT 1")])
        # Without naming the protocol it could be a browser that was lured here.
        with socket.create_connection(("127.0.0.1", router.port), 10) as plain, \
                self.context(protocol=None).wrap_socket(plain,
                                                        server_hostname="localhost") as encrypted:
            self.assertIn(b"without ALPN", encrypted.recv(1000))
            self.assertEqual(encrypted.recv(1000), b"")
        with socket.create_connection(("127.0.0.1", router.port), 10) as plain, \
                self.assertRaises(ssl.SSLError):
            self.context("http/1.1").wrap_socket(plain, server_hostname="localhost")

    @testing.timeout(60)
    def test_what_came_before_the_handshake_is_refused(self):
        router = self.start()
        request = struct.pack("!II", 8, wire_client.SSL_REQUEST)
        injected = wire_client.startup_packet(user="postgres", database="app")
        with socket.create_connection(("127.0.0.1", router.port), 10) as client:
            client.sendall(request + injected)
            answer = b""
            while part := client.recv(1000):
                answer += part
        self.assertTrue(answer.startswith(b"E"), answer)
        self.assertIn(b"received unencrypted data after SSL request", answer)
        self.assertNotIn(b"AuthenticationOk", answer)
        # Asked for twice, or garbage instead of a handshake.
        with socket.create_connection(("127.0.0.1", router.port), 10) as client:
            client.sendall(request)
            self.assertEqual(client.recv(1), b"S")
            client.sendall(request)
            while client.recv(1000):
                pass
        with self.assertRaises(psycopg.OperationalError):
            router.connect(sslmode="require", ssl_max_protocol_version="TLSv1.1",
                           ssl_min_protocol_version="TLSv1.1")
        with router.connect(sslmode="require") as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))

    @testing.timeout(60)
    def test_idle_encrypted_clients_are_cheap(self):
        router = self.start()
        warm = [router.connect(sslmode="require") for _ in range(20)]
        before = router.rss_bytes()
        clients = [router.connect(sslmode="require") for _ in range(200)]
        each = (router.rss_bytes() - before) / len(clients)
        for connection in warm + clients:
            connection.close()
        self.assertLess(each, 40 * 1024)

    @testing.timeout(60)
    def test_flags_that_do_not_fit_are_named(self):
        files = certificates()
        shards = "--shards=s0=127.0.0.1:1/app"
        for arguments, words in (
                ([f"--tls_cert_file={files.cert}"], "--tls_key_file"),
                (["--client_tls=require"], "--tls_cert_file"),
                (["--client_tls=maybe"], "disable, allow or require"),
                (["--server_tls=maybe"], "verify-full"),
                (["--server_tls=verify-ca", "--server_tls_ca_file=/none.ca"], "/none.ca"),
                ([f"--tls_cert_file={files.cert}", "--tls_key_file=/none.key"], "/none.key"),
                (["--tls_cert_file=/none.crt", f"--tls_key_file={files.key}"], "/none.crt"),
                ([f"--tls_cert_file={files.cert}", f"--tls_key_file={files.other_key}"],
                 "mismatch"),
        ):
            with self.subTest(arguments=arguments):
                done = subprocess.run([binary(), shards, *arguments], capture_output=True,
                                      text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    testing.main()
