"""LISTEN and NOTIFY in transaction pooling: as on a direct connection, for any number of clients."""

import threading
import unittest

import psycopg

from tests.integration.listen.ears import Ear
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

FENCE = "the end of a scenario"


def make_cluster():
    cluster = Cluster(shards=2, standbys=1, settings={"max_connections": 200})
    for shard in cluster.shards:
        for statement in (
                "CREATE TABLE written (a int)",
                "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_notify('written', new.a::text); RETURN NULL; END $$",
                "CREATE TRIGGER tell AFTER INSERT ON written FOR EACH ROW EXECUTE FUNCTION tell()",
                "CREATE ROLE nobody LOGIN",
                "GRANT INSERT ON written TO nobody",
                "CREATE TABLE split (id int PRIMARY KEY)"):
            shard.primary.sql(statement, dbname="app")
        shard.wait_for_replay()
    return cluster


def one_shard(cluster):
    return cluster.shards_flag().partition(";")[0]


CLUSTER = testing.Shared(make_cluster)
# Two reactors with one server connection each.
ROUTER = testing.Shared(lambda: Router(shards=one_shard(CLUSTER()), pool_size=2, threads=2))

# Each step is the listener's statement, or "> " and another session's, or "?": what has
# come by now. After a "?" nothing that was notified before may still be on its way.
SCENARIOS = {
    "a listener hears, another channel's does not": [
        "LISTEN a", "> NOTIFY a, 'one'", "> NOTIFY b, 'no'", "> SELECT pg_notify('a', 'two')", "?"],
    "folded, quoted and cut names": [
        "LISTEN Folded", 'LISTEN "Kept as it is"', 'LISTEN "with ""quotes"""',
        f"LISTEN {'x' * 70}", "> NOTIFY folded", "> NOTIFY \"Folded\"",
        "> NOTIFY \"Kept as it is\"", "> NOTIFY \"with \"\"quotes\"\"\"",
        f"> NOTIFY {'x' * 63}, 'cut'", f"> NOTIFY {'x' * 62}", "?"],
    "payloads": [
        "LISTEN a", "> NOTIFY a", "> NOTIFY a, ''", f"> NOTIFY a, '{'y' * 7999}'",
        "> NOTIFY a, 'ü€'", "> NOTIFY a, E'a\\nb''c'", "?"],
    "one transaction's duplicates are one": [
        "LISTEN a", "> BEGIN", "> NOTIFY a, '1'", "> NOTIFY a, '2'", "> NOTIFY a, '1'", "?",
        "> COMMIT", "?"],
    "rolled back notifications": [
        "LISTEN a", "> BEGIN", "> NOTIFY a, '1'", "> ROLLBACK", "?"],
    "LISTEN takes effect at COMMIT": [
        "BEGIN", "LISTEN a", "> NOTIFY a, 'early'", "COMMIT", "> NOTIFY a, 'late'", "?"],
    "LISTEN is undone by ROLLBACK": [
        "BEGIN", "LISTEN a", "ROLLBACK", "> NOTIFY a", "?",
        "LISTEN a", "BEGIN", "UNLISTEN a", "ROLLBACK", "> NOTIFY a, 'still'", "?"],
    "ROLLBACK TO": [
        "BEGIN", "LISTEN a", "SAVEPOINT s", "LISTEN b", "UNLISTEN a", "SAVEPOINT t",
        "LISTEN c", "ROLLBACK TO s", "LISTEN d", "COMMIT",
        "> NOTIFY a", "> NOTIFY b", "> NOTIFY c", "> NOTIFY d", "?"],
    "RELEASE": [
        "BEGIN", "SAVEPOINT s", "LISTEN a", "RELEASE s", "COMMIT", "> NOTIFY a", "?"],
    "a failed transaction": [
        "BEGIN", "LISTEN a", "SELECT 1/0", "LISTEN b", "COMMIT",
        "> NOTIFY a", "> NOTIFY b", "?"],
    "a failed implicit transaction": [
        "LISTEN a; SELECT 1/0", "> NOTIFY a", "?", "LISTEN b; UNLISTEN b; LISTEN c", "> NOTIFY b",
        "> NOTIFY c", "?"],
    "a COMMIT inside one message": [
        "BEGIN; LISTEN a; COMMIT; SELECT 1/0", "> NOTIFY a", "?"],
    "no notification inside a transaction": [
        "LISTEN a", "BEGIN", "SELECT 1", "> NOTIFY a, '1'", "SELECT 1", "?", "> NOTIFY a, '2'",
        "COMMIT", "?", "BEGIN", "> NOTIFY a, '3'", "ROLLBACK", "?"],
    "UNLISTEN": [
        "LISTEN a", "LISTEN b", "UNLISTEN a", "> NOTIFY a", "> NOTIFY b", "?", "UNLISTEN *",
        "> NOTIFY b", "?", "LISTEN a", "> NOTIFY a", "?"],
    "UNLISTEN drops what waits": [
        "LISTEN a", "BEGIN", "SELECT 1", "> NOTIFY a", "UNLISTEN a", "COMMIT", "?"],
    "DISCARD ALL": [
        "LISTEN a", "DISCARD ALL", "> NOTIFY a", "?", "LISTEN a", "> NOTIFY a, '2'", "?"],
    "LISTEN twice hears once": [
        "LISTEN a", "LISTEN a", "BEGIN", "LISTEN a", "COMMIT", "> NOTIFY a", "?", "UNLISTEN a",
        "> NOTIFY a", "?"],
    "its own": [
        "LISTEN a", "NOTIFY a, '1'", "?", "BEGIN", "NOTIFY a, '2'", "?", "COMMIT", "?",
        "BEGIN", "NOTIFY a, '3'", "ROLLBACK", "?", "NOTIFY b", "?"],
    "its own in the same transaction": [
        "BEGIN", "NOTIFY a, '1'", "LISTEN a", "NOTIFY a, '2'", "COMMIT", "?",
        "LISTEN b; NOTIFY b, '3'", "?"],
    "a trigger's": ["LISTEN written", "INSERT INTO written VALUES (1), (2)", "?"],
    "what errors say": [
        "LISTEN", "NOTIFY", 'LISTEN ""', "UNLISTEN", "SELECT pg_notify('', '')",
        "SELECT pg_notify(NULL, 'x')",
        f"SELECT pg_notify('{'x' * 64}', '')", f"NOTIFY a, '{'y' * 8000}'"],
    "two-phase commit": [
        "BEGIN", "LISTEN a", "PREPARE TRANSACTION 'p'", "> NOTIFY a", "?"],
    "its channels": [
        "SELECT * FROM pg_listening_channels() ORDER BY 1", "LISTEN b", "LISTEN a",
        "SELECT * FROM pg_listening_channels() ORDER BY 1", "UNLISTEN b",
        "SELECT pg_listening_channels()", "> NOTIFY a", "> NOTIFY b", "?",
        "UNLISTEN *", "SELECT pg_listening_channels()",
        "BEGIN", "SELECT pg_listening_channels()", "COMMIT",
        "SELECT pg_notification_queue_usage() < 0.5"],
    "under a role": [
        "SET ROLE nobody", "LISTEN a", "> NOTIFY a", "?", "NOTIFY a", "?"],
    "beside a temporary table": [
        "CREATE TEMP TABLE mine (a int)", "LISTEN a", "> NOTIFY a, '1'", "?",
        "INSERT INTO mine VALUES (1)", "NOTIFY a, '2'", "?", "UNLISTEN a", "> NOTIFY a", "?",
        "SELECT count(*) FROM mine"],
    "left by a block of code": [
        "DO $$ BEGIN LISTEN a; END $$", "> NOTIFY a, '1'", "?", "LISTEN b", "> NOTIFY b, '2'", "?",
        "NOTIFY a, '3'", "?", "UNLISTEN *", "> NOTIFY a", "> NOTIFY b", "?"],
    "in another encoding": [
        "SET client_encoding = 'LATIN1'", "LISTEN a", "> NOTIFY a, 'für'", "?",
        "LISTEN b", "> NOTIFY b, 'für'", "UNLISTEN *", "> NOTIFY b", "?"],
}


class Scenario:
    """Runs a scenario's steps and remembers all that the listener is told."""

    def __init__(self, listener, other, fence):
        self.listener, self.other, self.fence = listener, other, fence
        self.ear = Ear(listener)
        self.told = []
        listener.add_notice_handler(
            lambda d: self.told.append(("notice", d.sqlstate, d.message_primary)))

    @classmethod
    def run(cls, steps, connect_listener, connect_other):
        with connect_listener() as listener, connect_other() as other, \
                CLUSTER()[0].primary.connect(dbname="app", autocommit=True) as fence:
            scenario = cls(listener, other, fence)
            for step in steps:
                scenario.step(step)
            return scenario.told

    def step(self, step):
        if step == "?":
            self.look()
        elif step.startswith("> "):
            self.other.execute(step[2:])
        else:
            try:
                cursor = self.listener.execute(step)
                self.told.append((step, cursor.statusmessage,
                                  cursor.fetchall() if cursor.description else None))
            except psycopg.Error as error:
                self.told.append((step, error.sqlstate, error.diag.message_primary))

    def look(self):
        # Whether nothing came can only be known once something later has come.
        if self.listener.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self.listener.execute(f'LISTEN "{FENCE}"')
            self.fence.execute(f'NOTIFY "{FENCE}"')
            while not any(channel == FENCE for channel, _, _ in self.ear.heard):
                self.ear.wait(len(self.ear.heard) + 1, "notifications with the fence")
            self.listener.execute(f'UNLISTEN "{FENCE}"')
        else:
            self.listener.execute("SELECT 1")
            self.ear.read()
        own = self.listener.info.backend_pid
        self.told.append([(channel, payload, "own" if pid == own else "another's")
                          for channel, payload, pid in self.ear.take() if channel != FENCE])


class ListenTest(unittest.TestCase):
    def direct(self, **options):
        return CLUSTER()[0].primary.connect(dbname="app", autocommit=True, **options)

    def listeners(self):
        return CLUSTER()[0].primary.sql("SELECT count(*) FROM pg_stat_activity"
                                        " WHERE application_name = 'pgbraid listener'")[0][0]

    @testing.timeout(120)
    def test_scenarios_are_told_as_on_a_direct_connection(self):
        for name, steps in SCENARIOS.items():
            with self.subTest(name):
                expected = Scenario.run(steps, self.direct, self.direct)
                self.assertEqual(Scenario.run(steps, ROUTER().connect, ROUTER().connect), expected)
                self.assertEqual(Scenario.run(steps, ROUTER().connect, self.direct), expected)

    def test_session_pooling_listens_on_its_own_connection(self):
        with Router(shards=one_shard(CLUSTER()), pool_mode="session") as router:
            for name, steps in SCENARIOS.items():
                with self.subTest(name):
                    self.assertEqual(Scenario.run(steps, router.connect, self.direct),
                                     Scenario.run(steps, self.direct, self.direct))

    def test_an_encoding_set_since_is_told_where_it_matters(self):
        with ROUTER().connect(autocommit=True) as listener, \
                ROUTER().connect(autocommit=True) as other:
            ear = Ear(listener)
            listener.execute("LISTEN a")
            listener.execute("SET client_encoding = 'LATIN1'")
            other.execute("NOTIFY a, 'plain'")
            self.assertEqual([payload for _, payload, _ in ear.wait(1)], ["plain"])
            other.execute("NOTIFY a, 'für'")
            while not ear.ended:
                ear.read(10)
            self.assertEqual(ear.payloads(), ["plain"])
            self.assertEqual(ear.errors, [("0A000", 'a notification on channel "a" cannot be '
                                           "converted to the client's encoding")])

    def test_its_own_come_before_the_statement_is_over(self):
        with ROUTER().connect() as connection:
            ear = Ear(connection)
            connection.execute("LISTEN a")
            for i in range(200):
                connection.execute(f"NOTIFY a, '{i}'")
                # Nothing is read beyond the statement's ReadyForQuery.
                self.assertEqual(ear.take(), [("a", str(i), connection.info.backend_pid)])

    def test_pids_tell_own_from_others_while_they_share_a_connection(self):
        with Router(shards=one_shard(CLUSTER()), pool_size=1) as router, \
                router.connect() as one, router.connect() as two:
            ears = [Ear(one), Ear(two)]
            for connection in (one, two):
                connection.execute("LISTEN a")
            for i in range(100):
                (one, two)[i % 2].execute(f"NOTIFY a, '{i}'")
            for number, ear in enumerate(ears):
                heard = ear.wait(100)
                self.assertEqual(ear.payloads(), [str(i) for i in range(100)])
                own = ear.connection.info.backend_pid
                self.assertEqual([pid == own for _, _, pid in heard],
                                 [i % 2 == number for i in range(100)])

    @testing.timeout(90)
    def test_200_listeners_over_two_connections_hear_everything_once_and_in_order(self):
        listeners, notifiers, messages = 200, 4, 50
        connections = [ROUTER().connect() for _ in range(listeners)]
        self.addCleanup(lambda: [c.close() for c in connections])
        ears = [Ear(c) for c in connections]
        for i, connection in enumerate(connections):
            connection.execute("LISTEN everybody")
            connection.execute(f"LISTEN own_{i}")
        # One listening connection hears for all of them.
        self.assertEqual(self.listeners(), 1)
        failures = []

        def notify(number):
            try:
                with ROUTER().connect() as connection:
                    for i in range(messages):
                        connection.execute("SELECT pg_notify('everybody', %s)", (f"{number} {i}",))
                        connection.execute(f"NOTIFY own_{(number * messages + i) % listeners}")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=notify, args=(n,)) for n in range(notifiers)]
        for thread in threads:
            thread.start()
        # Others' work goes on beside it.
        with ROUTER().connect() as worker:
            while any(thread.is_alive() for thread in threads):
                worker.execute("SELECT 1")
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        for i, ear in enumerate(ears):
            heard = ear.wait(notifiers * messages + 1)
            self.assertEqual([c for c, _, _ in heard if c != "everybody"], [f"own_{i}"])
            for number in range(notifiers):
                self.assertEqual([p for c, p, _ in heard if p.startswith(f"{number} ")],
                                 [f"{number} {n}" for n in range(messages)])
        # All hear them in the same order.
        orders = {tuple(p for c, p, _ in ear.heard if c == "everybody") for ear in ears}
        self.assertEqual(len(orders), 1)

    def test_a_listener_misses_nothing_after_the_answer_to_its_listen(self):
        # Notifications stream without end; whoever has heard of its LISTEN and then reads the
        # newest number hears every later one.
        stop = threading.Event()
        CLUSTER()[0].primary.sql("CREATE TABLE newest AS SELECT 0 AS n", dbname="app")

        def notify():
            with self.direct() as connection:
                while not stop.is_set():
                    connection.execute("WITH u AS (UPDATE newest SET n = n + 1 RETURNING n)"
                                       " SELECT pg_notify('newest', n::text) FROM u")

        thread = threading.Thread(target=notify)
        thread.start()
        try:
            for _ in range(60):
                with ROUTER().connect() as connection:
                    ear = Ear(connection)
                    connection.execute("LISTEN newest")
                    seen = connection.execute("SELECT n FROM newest").fetchone()[0]
                    heard = [int(p) for _, p, _ in ear.wait(len(ear.heard) + 3)]
                    self.assertEqual(heard, list(range(heard[0], heard[0] + len(heard))))
                    self.assertLessEqual(heard[0], seen + 1)
        finally:
            stop.set()
            thread.join()

    def test_pipelines(self):
        with ROUTER().connect() as connection, self.direct() as other:
            ear = Ear(connection)
            with connection.pipeline():
                for i in range(20):
                    connection.execute(f"LISTEN c{i}")
                connection.execute("UNLISTEN c3")
                connection.execute("SELECT 1")
            for i in range(20):
                other.execute(f"NOTIFY c{i}")
            self.assertEqual([c for c, _, _ in ear.wait(19)],
                             [f"c{i}" for i in range(20) if i != 3])
            ear.take()
            # An error in a segment undoes its LISTEN.
            with self.assertRaises(psycopg.errors.DivisionByZero):
                with connection.pipeline():
                    connection.execute("LISTEN undone")
                    connection.execute("SELECT 1/0")
            with connection.pipeline(), connection.transaction():
                connection.execute("UNLISTEN *")
                connection.execute("LISTEN last")
            other.execute("NOTIFY undone")
            other.execute("NOTIFY c1")
            other.execute("NOTIFY last")
            self.assertEqual([c for c, _, _ in ear.wait(1)], ["last"])

    def test_channels_go_with_their_client(self):
        with ROUTER().connect() as keeper:
            keeper.execute("LISTEN kept")
            for _ in range(20):
                with ROUTER().connect() as connection:
                    connection.execute("LISTEN gone")
            connection = ROUTER().connect()
            connection.execute("LISTEN gone")
            connection.pgconn.finish()
            # Nobody hears it any more: the server connection has been told to stop.
            wait_until(lambda: CLUSTER()[0].primary.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE query = 'UNLISTEN \"gone\"'"
                " AND application_name = 'pgbraid listener'")[0][0] == 1, "UNLISTEN at the last client's end")
            # And none of it reaches another on the pooled connections.
            with ROUTER().connect() as another, self.direct() as other:
                ear = Ear(another)
                for _ in range(10):
                    another.execute("CREATE TEMP TABLE x (a int); DROP TABLE x")
                    other.execute("NOTIFY gone")
                another.execute("LISTEN fence")
                other.execute("NOTIFY fence")
                self.assertEqual([c for c, _, _ in ear.wait(1)], ["fence"])

    def test_shards(self):
        with Router(shards=CLUSTER().shards_flag(), tables="split:hash(id)") as router, \
                router.connect() as listener, router.connect() as notifier:
            ear = Ear(listener)
            listener.execute("LISTEN a")
            # Every shard is heard.
            for shard in CLUSTER().shards:
                with shard.primary.connect(dbname="app", autocommit=True) as direct:
                    direct.execute(f"NOTIFY a, '{shard.name}'")
                ear.wait(shard.number + 1)
            self.assertEqual(ear.payloads(), ["s0", "s1"])
            ear.take()
            # NOTIFY without a shard of its own goes to the first; one in a transaction stays
            # there: hosts are told apart by who listens directly.
            directs = [shard.primary.connect(dbname="app", autocommit=True)
                       for shard in CLUSTER().shards]
            direct_ears = [Ear(direct) for direct in directs]
            for direct in directs:
                direct.execute("LISTEN a")
            notifier.execute("NOTIFY a, '1'")
            notifier.execute("SELECT pg_notify('a', '2')")
            with notifier.transaction():
                notifier.execute("NOTIFY a, '3'")
            for key in range(10):
                with notifier.transaction():
                    notifier.execute("INSERT INTO split VALUES (%s)", (key,))
                    notifier.execute(f"NOTIFY a, 'key {key}'")
            keys = {}
            for shard in CLUSTER().shards:
                keys[shard.number] = {row[0] for row in shard.primary.sql(
                    "SELECT id FROM split", dbname="app")}
            self.assertTrue(keys[0] and keys[1])
            direct_ears[0].wait(3 + len(keys[0]))
            direct_ears[1].wait(len(keys[1]))
            self.assertEqual(direct_ears[0].payloads(),
                             ["1", "2", "3"] + [f"key {k}" for k in sorted(keys[0])])
            self.assertEqual(direct_ears[1].payloads(), [f"key {k}" for k in sorted(keys[1])])
            self.assertCountEqual([p for _, p, _ in ear.wait(13)],
                                  ["1", "2", "3"] + [f"key {k}" for k in range(10)])
            # LISTEN in a transaction that has no shard yet, kept and undone.
            ear.take()
            with listener.transaction():
                listener.execute("LISTEN b")
                listener.execute("INSERT INTO split VALUES (100)")
            with self.assertRaises(ZeroDivisionError), listener.transaction():
                listener.execute("LISTEN c")
                raise ZeroDivisionError
            for direct in directs:
                direct.execute("NOTIFY c")
                direct.execute("NOTIFY b")
            self.assertEqual({c for c, _, _ in ear.wait(2)}, {"b"})
            for direct in directs:
                direct.close()

    def test_listening_inside_a_transaction_cannot_be_asked_for(self):
        with ROUTER().connect() as connection:
            connection.execute("LISTEN a")
            with self.assertRaises(psycopg.errors.FeatureNotSupported) as caught, \
                    connection.transaction():
                connection.execute("SELECT 1")
                connection.execute("SELECT pg_listening_channels()")
            self.assertIn("inside a transaction", str(caught.exception))
            self.assertEqual(connection.execute("SELECT pg_listening_channels()").fetchall(),
                             [("a",)])
            # Binary, prepared, and after more in its segment.
            self.assertEqual(connection.execute("SELECT pg_listening_channels()", prepare=True,
                                                binary=True).fetchall(), [("a",)])
            with self.assertRaises(psycopg.errors.FeatureNotSupported):
                with connection.pipeline():
                    connection.execute("SELECT 1")
                    connection.execute("SELECT pg_listening_channels()")

    def test_a_reading_transaction_on_the_primary_may_listen(self):
        with ROUTER().connect() as connection, self.direct() as other:
            ear = Ear(connection)
            connection.execute("BEGIN READ ONLY")
            connection.execute("LISTEN a")
            connection.execute("COMMIT")
            other.execute("NOTIFY a")
            self.assertEqual(len(ear.wait(1)), 1)


if __name__ == "__main__":
    testing.main()
