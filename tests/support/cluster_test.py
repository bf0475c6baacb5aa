"""The cluster launcher does on real servers what it says."""

import os
import signal
import socket
import subprocess
import sys
import threading
import unittest
import unittest.mock

import psycopg

from tests.support import guard, node, testing
from tests.support.cluster import Cluster

CLUSTER = testing.Shared(lambda: Cluster(
    shards=2, standbys=1, settings={"max_connections": 37},
    users={"sam": ("scram-sha-256", "secret of sam"), "mia": ("md5", "secret of mia"),
           "pat": ("password", "secret of pat")}))


def value(server, text, **options):
    """The one value that a statement gives."""
    return server.sql(text, **options)[0][0]


class ClusterTest(unittest.TestCase):
    """Operations that leave the cluster as it was."""

    def setUp(self):
        self.cluster = CLUSTER()
        self.primary = self.cluster[0].primary
        self.standby = self.cluster[0].standbys[0]
        self.primary.sql("CREATE TABLE IF NOT EXISTS t (a int)")
        self.primary.sql("TRUNCATE t")
        self.cluster.wait_for_replay()

    def insert(self):
        self.primary.sql("INSERT INTO t VALUES (1)")

    def rows_on_standby(self):
        return value(self.standby, "SELECT count(*) FROM t")

    def test_each_shard_has_a_primary_and_a_standby_that_streams(self):
        for shard in self.cluster.shards:
            self.assertEqual(len(shard.nodes), 2)
            self.assertFalse(value(shard.primary, "SELECT pg_is_in_recovery()"))
            self.assertTrue(value(shard.standbys[0], "SELECT pg_is_in_recovery()"))
            self.assertEqual(value(shard.primary, "SELECT state FROM pg_stat_replication"),
                             "streaming")

    def test_shards_have_system_identifiers_of_their_own(self):
        text = "SELECT system_identifier FROM pg_control_system()"
        identifiers = [[value(n, text) for n in shard.nodes] for shard in self.cluster.shards]
        self.assertEqual([len(set(pair)) for pair in identifiers], [1, 1])
        self.assertNotEqual(identifiers[0][0], identifiers[1][0])

    def test_the_database_is_on_every_node(self):
        for server in self.cluster.nodes:
            self.assertEqual(value(server, "SELECT current_database()", dbname="app"), "app")

    def test_servers_do_not_run_as_root(self):
        for server in self.cluster.nodes:
            self.assertNotEqual(os.stat(f"/proc/{server.pid()}").st_uid, 0)

    def test_settings_reach_every_node(self):
        for server in self.cluster.nodes:
            self.assertEqual(value(server, "SHOW max_connections"), "37")

    def test_set_is_in_force_when_it_returns(self):
        self.primary.set(work_mem="7MB")
        self.assertEqual(value(self.primary, "SHOW work_mem"), "7MB")
        self.primary.set(work_mem="4MB", search_path="public, \"it's\"")
        self.assertEqual(value(self.primary, "SHOW search_path"), "public, \"it's\"")
        self.primary.set(search_path="public")

    def test_shards_flag_names_hosts_that_answer(self):
        first = self.cluster.shards_flag().split("; ")[0]
        self.assertTrue(first.startswith("s0=127.0.0.1:"))
        for host in first.removeprefix("s0=").split(","):
            with psycopg.connect(f"postgresql://postgres@{host}") as connection:
                self.assertEqual(connection.info.dbname, "app")
        self.assertIn(f"s1={self.cluster.folder}/s1a:", self.cluster.shards_flag(unix_socket=True))

    def test_users_log_in_by_their_method_only(self):
        for name in ("sam", "mia", "pat"):
            with self.subTest(user=name):
                self.assertEqual(value(self.primary, "SELECT user", tcp=True, user=name,
                                       password=f"secret of {name}"), name)
                with self.assertRaises(psycopg.OperationalError):
                    self.primary.connect(tcp=True, user=name, password="wrong")
        hashes = dict(self.primary.sql("SELECT rolname, rolpassword FROM pg_authid"))
        self.assertTrue(hashes["sam"].startswith("SCRAM-SHA-256$"))
        self.assertTrue(hashes["mia"].startswith("md5"))

    def test_psql_gives_what_a_script_prints(self):
        self.assertEqual(self.primary.psql("SELECT 1; SELECT 'two'"), "1\ntwo\n")
        with self.assertRaisesRegex(RuntimeError, "no_such_table"):
            self.primary.psql("SELECT * FROM no_such_table")

    def test_pause_replay_holds_rows_back_until_resumed(self):
        self.standby.pause_replay()
        self.insert()
        with self.assertRaises(TimeoutError):
            self.standby.wait_for_replay(self.primary.lsn(), timeout=0.3)
        self.assertEqual(self.rows_on_standby(), 0)
        self.standby.resume_replay()
        self.cluster[0].wait_for_replay()
        self.assertEqual(self.rows_on_standby(), 1)

    def test_delay_holds_rows_back_until_it_is_undone(self):
        self.standby.set_recovery_min_apply_delay(3600 * 1000)
        self.insert()
        with self.assertRaises(TimeoutError):
            self.standby.wait_for_replay(self.primary.lsn(), timeout=0.3)
        self.assertEqual(self.rows_on_standby(), 0)
        self.standby.set_recovery_min_apply_delay(0)
        self.cluster[0].wait_for_replay()
        self.assertEqual(self.rows_on_standby(), 1)

    def test_stop_and_start_keep_port_and_data(self):
        for mode in ("smart", "fast", "immediate"):
            with self.subTest(mode=mode):
                port = self.standby.port
                self.standby.stop(mode)
                self.assertFalse(self.standby.is_up())
                self.assertEqual(self.standby.pids(), [])
                with self.assertRaises(psycopg.OperationalError):
                    self.standby.connect()
                self.standby.start()
                self.assertTrue(self.standby.is_up())
                self.assertEqual(self.standby.port, port)
        self.insert()
        self.cluster[0].wait_for_replay()
        self.assertEqual(self.rows_on_standby(), 1)

    def test_restart_gives_a_new_postmaster(self):
        before = self.primary.pid()
        self.primary.restart()
        self.assertNotEqual(self.primary.pid(), before)
        self.insert()
        self.cluster[0].wait_for_replay()
        self.assertEqual(self.rows_on_standby(), 1)

    def test_kill9_ends_every_process_and_start_recovers(self):
        self.insert()
        connection = self.primary.connect()
        self.primary.kill9()
        self.assertEqual(self.primary.pids(), [])
        self.assertFalse(self.primary.is_up())
        with self.assertRaises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        self.primary.start()
        self.assertEqual(value(self.primary, "SELECT count(*) FROM t"), 1)
        self.assertIn("not properly shut down", self.primary.log_text())

    def test_sigstop_freezes_all_processes_and_sigcont_wakes_them(self):
        with self.primary.connect() as connection:
            self.primary.sigstop()
            try:
                states = {node._state(pid) for pid in self.primary.pids()}
                with self.assertRaises(psycopg.OperationalError):
                    self.primary.connect(tcp=True, connect_timeout=2)
            finally:
                self.primary.sigcont()
            self.assertEqual(states, {"T"})
            self.assertEqual(connection.execute("SELECT 1").fetchone(), (1,))

    def test_a_picked_port_that_is_taken_is_replaced(self):
        self.standby.stop()
        settings = self.standby.settings()
        del settings["port"]
        self.standby._write_settings(settings)
        picks = [self.primary.port, node.ports.free_port()]
        with unittest.mock.patch.object(node.ports, "free_port", side_effect=picks):
            self.standby.start()
        self.assertEqual(self.standby.port, picks[1])
        self.cluster[0].wait_for_replay()

    def test_a_port_that_is_taken_for_a_while_is_waited_for(self):
        self.standby.stop()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", self.standby.port))
            other.listen()
            threading.Timer(0.3, lambda: other.close()).start()
            self.standby.start()
        self.assertIn("could not bind", self.standby.log_text())
        self.assertTrue(self.standby.is_up())

    def test_a_failing_start_shows_the_log(self):
        self.standby.stop()
        good = self.standby.settings()
        self.standby._write_settings(good | {"shared_buffers": "nonsense"})
        with self.assertRaisesRegex(node.PostgresError, "nonsense"):
            self.standby.start()
        self.standby._write_settings(good)
        self.standby.start()

    def test_attach_finds_the_same_servers(self):
        with open(os.path.join(self.cluster.folder, "database"), "w") as file:
            file.write("app")
        other = Cluster.attach(self.cluster.folder)
        self.assertEqual(other.shards_flag(), self.cluster.shards_flag())
        self.assertEqual(other.node("s0b").pid(), self.standby.pid())
        with self.assertRaisesRegex(KeyError, "s0a, s0b, s1a, s1b"):
            other.node("s7z")


class FailoverTest(unittest.TestCase):
    """Each case has a cluster of its own, of one shard."""

    def setUp(self):
        self.cluster = self.enterContext(Cluster(shards=1, standbys=2))
        self.old, self.new, self.sibling = self.cluster[0].nodes

    def test_a_promoted_standby_is_the_primary_and_others_follow_it(self):
        self.old.kill9()
        self.new.promote()
        self.assertIs(self.cluster[0].primary, self.new)
        self.assertEqual(self.new.timeline(), 2)
        self.new.sql("CREATE TABLE after_promotion (a int)")
        self.sibling.follow(self.new)
        self.cluster[0].wait_for_replay()
        self.assertEqual(value(self.sibling, "SELECT count(*) FROM after_promotion"), 0)

    def test_a_rebuilt_primary_comes_back_as_a_standby(self):
        self.new.promote()
        self.old.stop()
        port = self.old.port
        self.old.rebuild_from(self.new)
        self.old.start()
        self.assertEqual(self.cluster[0].standbys, [self.old, self.sibling])
        self.assertEqual(self.old.port, port)
        self.new.sql("CREATE TABLE after_promotion (a int)")
        self.old.wait_for_replay(self.new.lsn())
        self.assertEqual(value(self.old, "SELECT count(*) FROM after_promotion"), 0)

    def test_a_paused_standby_can_be_promoted(self):
        self.new.pause_replay()
        self.new.promote()
        self.assertFalse(value(self.new, "SELECT pg_is_in_recovery()"))


class CleanUpTest(unittest.TestCase):
    """Whatever ends the process that started a cluster, nothing is left."""

    PROGRAM = ("import sys, time, os\n"
               "from tests.support.cluster import Cluster\n"
               "cluster = Cluster(shards=1, standbys=1)\n"
               "{then}\n"
               "print(cluster.folder, flush=True)\n"
               "{end}\n")

    def run_and_end(self, then="", end="time.sleep(60)", number=None):
        process = subprocess.Popen([sys.executable, "-c", self.PROGRAM.format(then=then, end=end)],
                                   stdout=subprocess.PIPE, text=True)
        folder = process.stdout.readline().strip()
        self.assertTrue(folder)
        if number is not None:
            self.assertEqual(len([name for name in os.listdir(folder)]), 2)
            self.assertGreater(len(guard.processes_in(folder)), 2)
            process.send_signal(number)
        process.wait()
        process.stdout.close()
        return folder

    def assert_gone(self, folder):
        node.wait_until(lambda: not os.path.exists(folder), "the folder to go", timeout=10)
        self.assertEqual(guard.processes_in(folder), [])

    def test_after_kill9(self):
        self.assert_gone(self.run_and_end(number=signal.SIGKILL))

    def test_after_sigterm_and_sigint(self):
        self.assert_gone(self.run_and_end(number=signal.SIGTERM))
        self.assert_gone(self.run_and_end(number=signal.SIGINT))

    def test_after_a_normal_end_without_close(self):
        self.assert_gone(self.run_and_end(end=""))

    def test_after_os_exit_with_frozen_servers(self):
        self.assert_gone(self.run_and_end(then="cluster.nodes[0].sigstop()", end="os._exit(1)"))

    def test_a_killed_postmaster_leaves_no_shared_memory(self):
        def segments():
            with open("/proc/sysvipc/shm") as file:
                return {line.split()[1] for line in file.readlines()[1:]}
        before = segments()
        with Cluster(shards=1, standbys=0) as cluster:
            self.assertTrue(segments() - before)
            cluster[0].primary.kill9()
        self.assertEqual(segments() - before, set())

    def test_a_failure_while_starting(self):
        folder = f"{guard.base_folder()}/pgbraid-failing-{os.getpid()}"
        with self.assertRaisesRegex(node.PostgresError, "nonsense"):
            Cluster(shards=2, settings={"shared_buffers": "nonsense"}, folder=folder)
        self.assertFalse(os.path.exists(folder))
        self.assertEqual(guard.processes_in(folder), [])


class CommandLineTest(unittest.TestCase):

    def call(self, *arguments, check=True):
        done = subprocess.run(
            [sys.executable, os.path.join(os.path.dirname(__file__), "cluster.py"), *arguments],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_a_cluster_stays_until_it_is_stopped(self):
        folder = f"{guard.base_folder()}/pgbraid-cli-{os.getpid()}"
        try:
            words = self.call("start", "--shards=1", "--dir", folder, "--set=work_mem=5MB")
            self.assertIn('--shards="s0=127.0.0.1:', words)
            self.assertIn("exists", self.call("start", "--dir", folder, check=False))
            server = Cluster.attach(folder).node("s0b")
            self.assertEqual(value(server, "SHOW work_mem"), "5MB")
            self.call("pause", "--dir", folder, "s0b")
            self.assertTrue(value(server, "SELECT pg_is_wal_replay_paused()"))
            self.call("resume", "--dir", folder, "s0b")
            self.call("kill9", "--dir", folder, "s0a")
            self.assertIn("s0a  primary  down", self.call("status", "--dir", folder))
            self.call("promote", "--dir", folder, "s0b")
            self.assertIn("s0b  primary  up", self.call("status", "--dir", folder))
        finally:
            self.call("stop", "--dir", folder)
        self.assertFalse(os.path.exists(folder))
        self.assertEqual(guard.processes_in(folder), [])


if __name__ == "__main__":
    testing.main()
