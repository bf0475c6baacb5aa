"""Who may log in, on both sides; and what the command line says."""

import os
import subprocess
import tempfile
import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router, binary

METHODS = ("scram-sha-256", "md5", "password")
USERS = {f"by_{method.replace('-', '_')}": (method, f"secret of {method}") for method in METHODS}

cluster = testing.Shared(lambda: Cluster(shards=1, standbys=1, users=USERS))


class AuthTest(unittest.TestCase):
    def file(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "users.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, **flags):
        router = Router(shards=cluster().shards_flag(), **flags)
        self.addCleanup(router.close)
        return router

    @testing.timeout(60)
    def test_servers_are_logged_in_to_by_every_method(self):
        passwords = self.file("".join(f'"{user}" "{secret}"\n'
                                      for user, (_, secret) in USERS.items()))
        router = self.start(server_password_file=passwords)
        for user in USERS:
            with self.subTest(user=user), router.connect(user=user, autocommit=True) as connection:
                self.assertEqual(connection.execute("SELECT current_user").fetchone(), (user,))
        wrong = self.start(server_password_file=self.file(
            "".join(f'"{user}" "wrong"\n' for user in USERS)))
        for user in USERS:
            with self.subTest(user=user), self.assertRaises(psycopg.OperationalError) as caught:
                wrong.connect(user=user)
            self.assertIn("password authentication failed", str(caught.exception))

    @testing.timeout(60)
    def test_clients_prove_who_they_are_by_scram(self):
        secret = cluster()[0].primary.sql(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'by_scram_sha_256'")[0][0]
        self.assertTrue(secret.startswith("SCRAM-SHA-256$"))
        router = self.start(auth="scram-sha-256", server_user="postgres", auth_file=self.file(
            f'"plain" "p""w"\n"hashed" "{secret}"\n'))
        for user, password in (("plain", 'p"w'), ("hashed", USERS["by_scram_sha_256"][1])):
            with router.connect(user=user, password=password) as connection:
                self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))
        for user, password in (("plain", "wrong"), ("hashed", "wrong"), ("nobody", "p")):
            with self.subTest(user=user), self.assertRaises(psycopg.OperationalError) as caught:
                router.connect(user=user, password=password)
            self.assertIn(f'password authentication failed for user "{user}"',
                          str(caught.exception))

    @testing.timeout(60)
    def test_the_database_has_its_name(self):
        router = self.start()
        with self.assertRaises(psycopg.OperationalError) as caught:
            router.connect(dbname="other")
        self.assertIn('database "other" does not exist', str(caught.exception))

    @testing.timeout(60)
    def test_a_bad_flag_ends_the_start_with_status_2_and_says_what_would_be_right(self):
        shards = "--shards=s0=127.0.0.1:1/app"
        for arguments, words in (
                ([], "--shards is missing"),
                (["--shards=s0"], "--shards"),
                (["--shards=s0=host:99999/app"], "port"),
                (["--shards=s0=a:1/x,b:1/y"], "database"),
                (["--shards=s0=a:1/x; s0=b:1/x"], "s0"),
                ([shards, "--tables=t:hash()"], "column"),
                ([shards, "--tables=t:hsh(a)"], "hsh"),
                ([shards, "--tables=t:time(a, 1 fortnight)"], "fortnight"),
                ([shards, "--tables=t:shard(s9)"], "s9"),
                ([shards, "--tables=t:range(a; < 5 = s0; < 3"], "--tables"),
                ([shards, "--tables=t:reference, t:hash(a)"], "t"),
                ([shards, "--pool_mode=statement"], "transaction or session"),
                ([shards, "--pool_size=0"], "from 1"),
                ([shards, "--pool_size=many"], "whole number"),
                ([shards, "--threads=-1"], "from 0"),
                ([shards, "--auth=ldap"], "scram-sha-256"),
                ([shards, "--auth=scram-sha-256"], "--auth_file"),
                ([shards, "--auth_file=/nonexistent"], "can be read"),
                ([shards, "--consistency=maybe"], "session, eventual or strong"),
                ([shards, "--max_replica_lag=fast"], "200ms"),
                ([shards, "--listen=nowhere"], "HOST:PORT"),
                ([shards, "--no_such_flag=1"], "no_such_flag"),
                ([shards, "--listen"], "needs a value"),
                ([shards, "stray"], "stray"),
                ([shards, "--io=uring"], "epoll"),
        ):
            with self.subTest(arguments=arguments):
                done = subprocess.run([binary(), *arguments], capture_output=True, text=True,
                                      timeout=20, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)

    @testing.timeout(60)
    def test_help_is_readable(self):
        done = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True)
        for words in ("--shards=", "--tables=", "--pool_size=20", "t:time(col, 1 month)"):
            self.assertIn(words, done.stdout)
        self.assertLess(max(map(len, done.stdout.splitlines())), 140)

    @testing.timeout(60)
    def test_a_map_that_does_not_fit_is_refused_with_all_findings(self):
        with Cluster(shards=2, standbys=0) as two:
            for shard in two.shards:
                shard.primary.sql("CREATE TABLE bad_key (a numeric)", dbname="app")
                shard.primary.sql("CREATE TABLE no_column (a int)", dbname="app")
            done = subprocess.run(
                [binary(), "--listen=127.0.0.1:0", "--shards=" + two.shards_flag(),
                 "--tables=bad_key:hash(a), no_column:hash(z)"],
                capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        for words in ("bad_key", "numeric", "no_column", "z"):
            self.assertIn(words, done.stderr)

    @testing.timeout(60)
    def test_routes_are_logged_and_explained(self):
        router = self.start(log_routes=True)
        with router.connect(autocommit=True) as connection:
            plan = connection.execute("EXPLAIN (ROUTE) SELECT 42").fetchone()
            connection.execute("SELECT 42")
        self.assertEqual(plan[:2], ("one shard", "s0"))
        self.assertRegex(router.log_text(), r"route: client=\d+ shards=s0.*sql=SELECT 42")


if __name__ == "__main__":
    testing.main()
