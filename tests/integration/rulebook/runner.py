"""Runs a table of cases over a router, beside a plain PostgreSQL."""

import unittest

from tests.integration.rulebook import site, table
from tests.support import testing
from tests.support.node import wait_until

SITE = testing.Shared(site.Site)

# Ways to run a table: the router's flags, how statements are sent, where reads go.
WAYS = {
    "simple": ({"consistency": "session"}, "simple", "R"),
    "extended": ({"consistency": "session"}, "extended", "R"),
    "strong": ({"consistency": "strong"}, "simple", "P"),
}


class TableTest(unittest.TestCase):
    """Cases of a table, each a subTest."""

    def run_table(self, text, way, disturbed=True, **more_flags):
        flags, how, reads = WAYS[way]
        router = SITE().router(**({"pool_size": 4} | flags | more_flags))
        self.addCleanup(router.close)
        clean = SITE().direct()
        traces = clean.simple(site.TRACES)
        clean.close()
        for case in table.read(text):
            _await_reads(router, reads)
            with self.subTest(f"{case.row}, {way}"):
                _Case(self, router, case, how, reads).run(disturbed)
            with self.subTest(f"{case.row}, {way}: leaves no trace"):
                fresh = site.through(router)
                for _ in range(3):
                    self.assertEqual(fresh.simple(site.TRACES), traces)
                fresh.close()


def _await_reads(router, where):
    """Waits until the router knows the catalogs, and its standby follows."""
    session = site.through(router)

    def arrives():
        session.simple("INSERT INTO scratch VALUES (0)")
        start = len(router.log_text())
        session.simple("SELECT count(*) FROM items")
        return site.route_since(router, start) == where

    wait_until(arrives, "a read to go to the standby")
    session.close()


class _Case:
    """One case under way: its sessions on both sides."""

    def __init__(self, test, router, case, how, reads):
        self._test, self._router, self._case = test, router, case
        self._how, self._reads = how, reads
        self._sessions = {}

    def run(self, disturbed):
        disturber = site.Disturber(self._router) if disturbed else site.Nobody()
        try:
            for step in self._case.steps:
                if self._how == "extended" and (step.copy_data or ";" in step.sql.rstrip("; ")) and step.where != "@":
                    continue  # several statements: the simple protocol alone
                disturber.before()
                self._step(step)
                disturber.after()
        finally:
            disturber.close()
            for pair in self._sessions.values():
                for session in pair:
                    session.close()

    def _pair(self, number):
        if number not in self._sessions:
            options = self._case.options
            self._sessions[number] = (site.through(self._router, **options),
                                      SITE().direct(**options))
        return self._sessions[number]

    def _step(self, step):
        if step.where == "@":
            SITE().administer(step.sql)
            return
        ours, reference = self._pair(step.session)
        start = len(self._router.log_text())
        answer = self._send(ours, step)
        place = f"line {step.line}: {step.sql}"
        if step.where == "!":
            error = answer.error or ("", f"no error: {answer.results}", "", "")
            self._test.assertEqual(error[0], step.sqlstate, f"{place}: {error}")
            self._test.assertIn(step.part, "\n".join(error[1:]), place)
            if answer.status == "INERROR":
                reference.simple("SELECT refused_on_the_other_side")
            return
        expected = self._send(reference, step)
        if step.shape_only:
            answer, expected = answer.shape(), expected.shape()
        self._compare(place, answer, expected)
        if step.where != ".":
            where = self._reads if step.where == "R" else step.where
            self._test.assertEqual(site.route_since(self._router, start), where, place)

    def _send(self, session, step):
        return getattr(session, self._how)(step.sql, step.copy_data)

    def _compare(self, place, answer, expected):
        for part in ("results", "notices", "parameters", "status"):
            ours, reference = getattr(answer, part), getattr(expected, part)
            if ours != reference:
                self._test.fail(f"{place}\npgbraid:    {ours!r:.1500}\n"
                                f"PostgreSQL: {reference!r:.1500}")
