"""Lists of functions that the operator gives, and what a standby finds that it cannot do."""

import re
import threading
import unittest

from tests.integration.rulebook import site
from tests.integration.rulebook.runner import SITE
from tests.support import testing
from tests.support.node import wait_until

ERRORS = re.compile(r'^standby error: .*error="(.*)" answer=(.*)$', re.M)


class FunctionsTest(unittest.TestCase):

    def start(self, **flags):
        self.router = SITE().router(**flags)
        self.addCleanup(self.router.close)
        self.session = site.through(self.router)
        self.addCleanup(self.session.close)
        wait_until(lambda: self.where("SELECT count(*) FROM items") == "R",
                   "a read to go to the standby")

    def where(self, sql, how="simple"):
        """Where it went; its answer is kept."""
        start = len(self.router.log_text())
        self.answer = getattr(self.session, how)(sql)
        self.standby_errors = ERRORS.findall(self.router.log_text(start))
        return site.route_since(self.router, start)

    @testing.timeout(60)
    def test_the_operator_extends_and_cuts_the_list(self):
        self.start()
        for how in ("simple", "extended"):
            self.assertEqual(self.where("SELECT stable_one()", how), "P")
            self.assertEqual(self.where("SELECT pg_sleep(0)", how), "R")
        self.router.close()
        self.start(standby_functions="public.stable_one", primary_functions="pg_sleep")
        for how in ("simple", "extended"):
            self.assertEqual(self.where("SELECT stable_one()", how), "R")
            self.assertEqual(self.answer.results[0][1], [(b"1",)])
            self.assertEqual(self.where("SELECT immutable_one()", how), "P")
            self.assertEqual(self.where("SELECT pg_sleep(0)", how), "P")

    @testing.timeout(60)
    def test_what_a_standby_can_not_do_is_done_once_by_the_primary(self):
        # Said to be safe, and it is not.
        self.start(standby_functions="next_ticket")
        for how in ("simple", "extended"):
            before = int(self.session.value("SELECT nextval('tickets')"))
            self.where("SELECT next_ticket()", how)
            self.assertEqual(self.answer.results[0][1], [(str(before + 1).encode(),)])
            self.assertEqual(len(self.standby_errors), 1, self.standby_errors)
            self.assertEqual(self.standby_errors[0][1], "the primary's")
            self.assertEqual(int(self.session.value("SELECT last_value FROM tickets")), before + 1)
        # In a transaction that has begun on the standby it is the client's to know.
        self.session.simple("BEGIN READ ONLY")
        self.session.simple("SELECT count(*) FROM items")
        self.assertEqual(self.session.simple("SELECT next_ticket()").error[0], "25006")
        self.session.simple("ROLLBACK")

    @testing.timeout(60)
    def test_a_read_that_recovery_cancels_is_run_by_the_primary(self):
        standby = SITE().cluster[0].standbys[0]
        standby.set(max_standby_streaming_delay="0")
        self.addCleanup(standby.set, max_standby_streaming_delay="30s")
        self.start()
        for how in ("simple", "extended"):
            with self.subTest(how):
                SITE().administer("CREATE TABLE locked (a int); INSERT INTO locked VALUES (7)")
                self.addCleanup(SITE().administer, "DROP TABLE IF EXISTS locked")
                wait_until(lambda: self.where("SELECT a FROM locked") == "R", "its catalogs")
                reader = threading.Thread(
                    target=self.where, args=("SELECT a, pg_sleep(1) FROM locked", how))
                reader.start()
                wait_until(lambda: standby.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                    "'SELECT a, pg_sleep%'")[0][0] == 1, "the read to run on the standby")
                # Replayed there, its lock ends who reads.
                SITE().cluster[0].primary.sql("BEGIN; LOCK TABLE locked; SELECT txid_current(); "
                                              "COMMIT", dbname="app")
                reader.join()
                self.assertEqual(self.answer.results[0][1], [(b"7", b"")])
                self.assertEqual([answer for _, answer in self.standby_errors], ["the primary's"])
                self.assertTrue(self.standby_errors[0][0].startswith("40001"))
                SITE().administer("DROP TABLE locked")


if __name__ == "__main__":
    testing.main()
