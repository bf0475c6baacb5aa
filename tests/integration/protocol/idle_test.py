"""What a server says on a connection that nobody uses: it reaches no client that did not cause it,
and who comes next sees what is true then."""

import os
import signal
import struct
import time
import unittest

from tests.integration.clients.wire_client import WireClient, kinds, sqlstates
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=0, settings={"timezone": "UTC"}))


def reported(messages):
    """{name: value} of the ParameterStatus among messages."""
    found = {}
    for kind, body in messages:
        if kind == b"S":
            name, value, _ = body.decode().split("\0")
            found[name] = value
    return found


def values(messages):
    """The first column of each row."""
    return [body[6:6 + struct.unpack("!i", body[2:6])[0]].decode()
            for kind, body in messages if kind == b"D"]


class Client(WireClient):
    """Knows what it was told of each parameter."""

    def __init__(self, port, **parameters):
        super().__init__(port)
        self.parameters = reported(self.log_in(**parameters))

    def ask(self, text):
        """The first column of what `text` gives."""
        messages = self.query(text)
        self.parameters |= reported(messages)
        if errors := sqlstates(messages):
            raise AssertionError(f"{text}: {errors}")
        return values(messages)

    def unasked(self):
        """What has arrived without a question, within a moment."""
        self.socket.settimeout(0.3)
        messages = []
        try:
            while (got := self.next()) is not None:
                messages.append(got)
            messages.append((b"closed", b""))
        except TimeoutError:
            pass
        self.socket.settimeout(10)
        self.parameters |= reported(messages)
        return messages


class IdleTest(unittest.TestCase):

    def setUp(self):
        self.node = CLUSTER()[0].primary
        self.router = Router(shards=CLUSTER().shards_flag(), threads=1, pool_size=3)
        self.addCleanup(self.router.close)

    def client(self, port=None, **parameters):
        client = Client(port or self.router.port, **parameters)
        self.addCleanup(client.socket.close)
        return client

    def both(self, **parameters):
        """A session of the router and one of PostgreSQL."""
        return self.client(**parameters), self.client(self.node.port, **parameters)

    def change(self, zone):
        self.node.set(timezone=zone)
        self.addCleanup(self.node.set, timezone="UTC")

    def assert_same(self, question, clients):
        ours, reference = clients
        self.assertEqual(ours.ask(question), reference.ask(question), question)
        self.assertEqual(ours.parameters, reference.parameters, question)

    @testing.timeout(60)
    def test_a_setting_of_the_server_that_changes_is_told_to_those_whom_it_concerns(self):
        plain, own, started = self.both(), self.both(), self.both(TimeZone="America/New_York")
        for client in own:
            client.ask("SET TimeZone = 'Europe/Berlin'")
        everybody = (plain, own, started)
        for clients in everybody:
            self.assert_same("SHOW TimeZone", clients)
        self.change("Asia/Tokyo")
        self.assertEqual([clients[0].unasked() for clients in everybody], [[]] * 3)
        for _ in range(3):  # on each connection that there is by then
            for clients in everybody:
                self.assert_same("SHOW TimeZone", clients)
                self.assert_same("SELECT '2020-01-01 00:00+00'::timestamptz", clients)
        self.assertEqual(plain[0].parameters["TimeZone"], "Asia/Tokyo")
        self.assertEqual(own[0].parameters["TimeZone"], "Europe/Berlin")
        self.assert_same("RESET TimeZone", own)
        self.assert_same("SHOW TimeZone", own)

    @testing.timeout(60)
    def test_in_a_transaction_it_is_told_as_by_postgresql_and_who_comes_next_knows_it(self):
        ours, reference = holders = self.both()
        others = [self.both() for _ in range(2)]
        for clients in others:
            self.assert_same("SHOW TimeZone", clients)
        for client in holders:
            client.ask("BEGIN")
            client.ask("SELECT 1")
        self.change("Asia/Tokyo")
        self.assertEqual(reported(ours.unasked()), reported(reference.unasked()))
        self.assert_same("SHOW TimeZone", holders)
        self.assert_same("COMMIT", holders)
        for clients in [*others, holders, *others]:
            self.assert_same("SHOW TimeZone", clients)

    @testing.timeout(60)
    def test_a_kept_connection_tells_its_client_alone(self):
        keeper = self.both()
        for client in keeper:
            client.ask("SELECT count(pg_advisory_lock_shared(9))")
            client.ask("SET TimeZone = 'Europe/Berlin'")
        other = self.both()
        self.change("Asia/Tokyo")
        for client in (*keeper, other[0]):
            self.assertEqual(client.unasked(), [])
        for client in keeper:
            client.ask("SELECT pg_advisory_unlock_all()")
        for clients in (other, keeper, other, keeper):
            self.assert_same("SHOW TimeZone", clients)

    def idle_processes(self):
        return [pid for pid, in self.node.sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = 'app' AND state = 'idle' "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()")]

    @testing.timeout(60)
    def test_the_end_of_an_idle_connection_is_told_to_nobody(self):
        clients = [self.client() for _ in range(4)]
        for client in clients:
            client.ask("BEGIN; SELECT 1")
            client.ask("COMMIT")
        before = self.idle_processes()
        self.assertGreater(len(before), 0)
        for pid in before:
            self.node.sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        self.assertEqual([client.unasked() for client in clients], [[]] * 4)
        for client in clients:
            messages = client.query("SELECT 7")
            self.assertEqual((kinds(messages), values(messages)), ("TDCZ", ["7"]))
        self.assertFalse(set(before) & set(self.idle_processes()))

    @testing.timeout(60)
    def test_warnings_of_a_crash_reach_no_idle_client(self):
        clients = [self.client() for _ in range(4)]
        holder = self.client()
        for client in clients:
            client.ask("SELECT 1")
        holder.ask("BEGIN")
        victim = int(holder.ask("SELECT pg_backend_pid()")[0])
        self.assertGreater(len(self.idle_processes()), 0)
        os.kill(victim, signal.SIGKILL)

        def back():
            try:
                return self.node.sql("SELECT true")[0][0]
            except Exception:
                return False
        self.assertEqual([client.unasked() for client in clients], [[]] * 4)
        self.assertEqual(sqlstates(holder.unasked()), ["08006"])
        wait_until(back, "the server to be back")
        deadline = time.monotonic() + 20
        for client in clients:
            messages = client.query("SELECT 7")
            while sqlstates(messages) and time.monotonic() < deadline:
                self.assertIn(sqlstates(messages)[0][:2], ("08", "57"))
                messages = client.query("SELECT 7")
            self.assertEqual((kinds(messages), values(messages)), ("TDCZ", ["7"]))


if __name__ == "__main__":
    testing.main()
