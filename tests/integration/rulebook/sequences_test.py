"""currval and lastval while others use the same few server connections: the session's own, or
refused with the reason."""

import threading
import unittest

import psycopg

from tests.integration.rulebook import site
from tests.integration.rulebook.runner import SITE
from tests.support import testing
from tests.support.node import wait_until

HINT = "Use RETURNING, or run both statements in one transaction."
UNKNOWN = "currval and lastval of this session are not known any more"
ADVANCED = ("Another session has advanced or discarded sequences since on the server connection of "
            "this session's last nextval.")
SETTINGS = ("Another session has made a setting on the server connection of this session's last "
            "nextval that can not be taken back.")
GONE = "The server connection of this session's last nextval is closed, or not free in time."
ELSEWHERE = ("This session's last nextval ran on another server connection than its "
             "transaction.")
PROTOCOLS = ("simple", "extended")


class Later(threading.Thread):
    """A statement under way."""

    def __init__(self, session, how, sql):
        super().__init__(daemon=True)
        self._run = lambda: getattr(session, how)(sql)
        self.answer = None
        self.start()

    def run(self):
        self.answer = self._run()

    def rows(self):
        """What it gave in the end."""
        self.join(20)
        return self.answer.error or self.answer.results[-1][1]


class SequencesTest(unittest.TestCase):

    def start(self, **flags):
        """A router that serves three sessions: self.one to self.three."""
        self.router = SITE().router(**({"consistency": "strong"} | flags))
        self.addCleanup(self.router.close)
        self.one, self.two, self.three = (self.session() for _ in range(3))

    def session(self):
        session = site.through(self.router)
        self.addCleanup(session.close)
        return session

    def ticket(self, session, sequence="tickets"):
        """Takes one: its number, as text, and the process that gave it."""
        return session.simple(f"SELECT nextval('{sequence}'), pg_backend_pid()").results[0][1][0]

    def refused(self, answer, reason):
        self.assertEqual(answer.results[-1], ("55000", UNKNOWN, reason, HINT))

    def each_protocol(self, body, **flags):
        for how in PROTOCOLS:
            with self.subTest(how):
                self.start(**flags)
                body(how)
                self.router.close()

    @testing.timeout(60)
    def test_it_waits_for_the_connection_of_the_last_nextval(self):
        def body(how):
            ticket, process = self.ticket(self.one)
            self.two.simple("BEGIN")
            self.assertEqual(self.two.value("SELECT pg_backend_pid()"), process)
            waits = Later(self.one, how, "SELECT currval('tickets'), pg_backend_pid()")
            # Others are served meanwhile, on another connection.
            self.assertNotEqual(self.three.value("SELECT pg_backend_pid()"), process)
            self.assertTrue(waits.is_alive())
            self.two.simple("COMMIT")
            self.assertEqual(waits.rows(), [(ticket, process)])
        self.each_protocol(body, pool_size=2)

    @testing.timeout(60)
    def test_it_comes_before_others_who_wait_for_any(self):
        def body(how):
            ticket, _ = self.ticket(self.one)
            self.two.simple("BEGIN")
            self.two.simple("SELECT 1")
            others = [Later(self.session(), how, "SELECT nextval('coupons')") for _ in range(3)]
            self.router_waits(3)
            waits = Later(self.one, how, "SELECT lastval()")
            self.router_waits(4)
            self.two.simple("COMMIT")
            self.assertEqual(waits.rows(), [(ticket,)])
            for other in others:
                self.assertEqual(len(other.rows()[0]), 1)
        self.each_protocol(body, pool_size=1)

    def router_waits(self, number):
        """Until the router has read what `number` clients have sent and serves none of them."""
        # Sent and not answered: their sockets' input is empty on the router's side.
        def all_read():
            with open("/proc/net/tcp", encoding="ascii") as file:
                ours = [line.split() for line in file.readlines()[1:]]
            port = f":{self.router.port:04X}"
            return not any(fields[1].endswith(port) and fields[3] == "01"
                           and int(fields[4].split(":")[1], 16) for fields in ours)
        wait_until(all_read, f"{number} clients to wait")

    @testing.timeout(60)
    def test_it_is_refused_when_the_connection_is_not_free_in_time(self):
        def body(how):
            self.ticket(self.one)
            self.two.simple("BEGIN")
            self.two.simple("SELECT 1")
            self.refused(getattr(self.one, how)("SELECT lastval()"), GONE)
            self.two.simple("COMMIT")
            self.assertIsNone(self.one.simple("SELECT lastval()").error)
        self.each_protocol(body, pool_size=1, checkout_timeout="300ms")

    @testing.timeout(60)
    def test_it_can_be_canceled_while_it_waits(self):
        self.start(pool_size=1)
        with self.router.connect(autocommit=True) as client:
            ticket = client.execute("SELECT nextval('tickets')").fetchone()
            self.two.simple("BEGIN")
            self.two.simple("SELECT 1")
            done = []

            def ask():
                try:
                    done.append(client.execute("SELECT lastval()").fetchone())
                except psycopg.Error as error:
                    done.append(error.sqlstate)

            asks = threading.Thread(target=ask)
            asks.start()

            def canceled():
                client.cancel()
                return done
            wait_until(canceled, "the cancel request to be heeded")
            asks.join()
            self.assertEqual(done, ["57014"])
            self.two.simple("COMMIT")
            self.assertEqual(client.execute("SELECT lastval()").fetchone(), ticket)

    @testing.timeout(60)
    def test_it_is_refused_when_another_session_has_advanced_a_sequence_there(self):
        def body(how):
            self.ticket(self.one)
            coupon, _ = self.ticket(self.two, "coupons")
            for sql in ("SELECT lastval()", "SELECT currval('tickets')",
                        "INSERT INTO parts (item) SELECT currval('tickets')"):
                self.refused(getattr(self.one, how)(sql), ADVANCED)
            self.assertEqual(getattr(self.two, how)("SELECT lastval()").results[0][1],
                             [(coupon,)])
            self.assertEqual(self.two.simple("SELECT currval('tickets')").error[0], "55000")
            ticket, _ = self.ticket(self.one)
            self.assertEqual(getattr(self.one, how)("SELECT currval('tickets')").results[0][1],
                             [(ticket,)])
            self.refused(getattr(self.two, how)("SELECT lastval()"), ADVANCED)
        self.each_protocol(body, pool_size=1)

    @testing.timeout(60)
    def test_a_session_without_any_reads_nothing_of_anothers(self):
        def body(how):
            ticket, _ = self.ticket(self.one)
            direct = SITE().direct()
            for sql in ("SELECT lastval()", "SELECT currval('tickets')"):
                self.assertEqual(getattr(self.two, how)(sql).results,
                                 getattr(direct, how)(sql).results)
            direct.close()
            self.refused(getattr(self.one, how)("SELECT lastval()"), ADVANCED)
            self.assertNotEqual(self.ticket(self.one)[0], ticket)
        self.each_protocol(body, pool_size=1)

    @testing.timeout(60)
    def test_what_another_session_discards_is_its_own_or_the_reason(self):
        for statement in ("DISCARD SEQUENCES", "DISCARD ALL"):
            def body(how, statement=statement):
                ticket, _ = self.ticket(self.one)
                direct = SITE().direct()
                undefined = direct.simple("SELECT lastval()").results
                direct.close()
                self.two.simple("BEGIN")  # so that there is a second connection
                self.two.simple("SELECT 1")
                self.three.simple("SELECT 1")
                self.two.simple("COMMIT")
                self.assertIsNone(getattr(self.two, how)(statement).error)
                self.assertEqual(getattr(self.one, how)("SELECT lastval()").results[0][1],
                                 [(ticket,)])
                self.three.simple("BEGIN")
                self.three.simple("SELECT pg_sleep(0)")
                self.one.simple(statement)
                self.assertEqual(getattr(self.one, how)("SELECT lastval()").results, undefined)
                self.three.simple("COMMIT")
            with self.subTest(statement):
                self.each_protocol(body, pool_size=2)
                self.start(pool_size=1)
                self.ticket(self.one)
                self.two.simple(statement)
                self.refused(self.one.simple("SELECT lastval()"), ADVANCED)

    @testing.timeout(60)
    def test_it_is_refused_when_the_connection_is_gone(self):
        def body(how):
            _, process = self.ticket(self.one)
            SITE().cluster[0].primary.sql(f"SELECT pg_terminate_backend({process.decode()}, 5000)")
            self.refused(getattr(self.one, how)("SELECT lastval()"), GONE)
            ticket, _ = self.ticket(self.one)
            self.assertEqual(getattr(self.one, how)("SELECT lastval()").results[0][1],
                             [(ticket,)])
        self.each_protocol(body, pool_size=1)

    @testing.timeout(60)
    def test_it_is_refused_in_a_transaction_on_another_connection_which_fails(self):
        def body(how):
            self.ticket(self.one)
            self.two.simple("BEGIN")
            self.two.simple("SELECT 1")
            self.one.simple("BEGIN")
            self.one.simple("SELECT 1")
            self.refused(getattr(self.one, how)("SELECT lastval()"), ELSEWHERE)
            self.assertEqual(self.one.simple("SELECT 1").error[0], "25P02")
            self.assertEqual(self.one.simple("COMMIT").results[0][2], "ROLLBACK")
            self.two.simple("ROLLBACK")
        self.each_protocol(body, pool_size=2)

    @testing.timeout(60)
    def test_it_shows_no_setting_of_another_session(self):
        def body(how):
            self.ticket(self.one)
            self.two.simple("SET app.tenant = 'of two'")
            answer = getattr(self.one, how)("SELECT lastval(), current_setting('app.tenant', true)")
            self.refused(answer, SETTINGS)
        self.each_protocol(body, pool_size=2)

    @testing.timeout(60)
    def test_who_needs_a_connection_takes_the_place_of_the_one_that_was_longest_ago(self):
        def body(how):
            self.two.simple("BEGIN")
            self.two.simple("SELECT 1")
            old, _ = self.ticket(self.one)
            self.three.simple("BEGIN")
            self.three.simple("SELECT 1")
            self.two.simple("COMMIT")
            new, _ = self.ticket(self.two)
            self.three.simple("COMMIT")
            # The connection of the older one was used last.
            third, _ = self.ticket(self.three)
            self.assertEqual(getattr(self.two, how)("SELECT lastval()").results[0][1], [(new,)])
            self.assertEqual(getattr(self.three, how)("SELECT lastval()").results[0][1],
                             [(third,)])
            self.refused(getattr(self.one, how)("SELECT lastval()"), ADVANCED)
            self.assertNotEqual(old, new)
        self.each_protocol(body, pool_size=2)


if __name__ == "__main__":
    testing.main()
