"""Every statement of the tables beside this file, over 2 and 3 shards and on one PostgreSQL."""

import glob
import os
import unittest

from tests.integration.statements import answers, layout, table
from tests.integration.statements.servers import LAYOUTS, Servers
from tests.support import testing

SERVERS = testing.Shared(Servers)
FOLDER = os.path.dirname(os.path.abspath(__file__))

# What a refused statement leaves of the reference's transaction: an error, as on the other side.
FAIL = "SELECT pgbraid_refused_this"


def ways(case):
    """(name, how to send it by a client) for each way that a statement is sent."""
    if case.parameters is None:
        yield "simple", lambda client: client.simple(case.sql, case.copy_data)
        return
    yield "text", lambda client: client.execute(case.sql, case.parameters, False)
    yield "binary", lambda client: client.execute(case.sql, case.parameters, True)
    yield "named", lambda client: client.prepare_and_execute(case.sql, case.parameters, True)
    yield "undeclared", lambda client: client.prepare_and_execute(case.sql, case.parameters, False)


class StatementsTest(unittest.TestCase):

    @testing.timeout(120)
    def test_statements(self):
        paths = sorted(glob.glob(os.path.join(FOLDER, "*.sql")))
        tables = [table.read(path) for path in paths if not path.endswith("schema.sql")]
        self.assertGreaterEqual(sum(len(cases) for t in tables for _, cases in t), 300)
        for shards in LAYOUTS:
            site = SERVERS()[shards]
            for subjects in tables:
                for _, cases in subjects:
                    self._run_session(site, cases)
            self._check_rows(site)

    def _run_session(self, site, cases):
        ours, reference = site.client(), site.reference()
        for case in cases:
            failed = False  # the transaction, by a way of this case
            for name, send in ways(case):
                with self.subTest(f"{case.place} over {site.shards}, {name}: {case.sql}"):
                    answer = send(ours)
                    if answer.refused():
                        if reference.in_transaction():
                            reference.simple(FAIL)
                            failed = True
                        self.assertIn(case.expected, ("refused", "either"), answer.error)
                        self.assertTrue(answer.error[1].strip())
                        continue
                    if case.expected not in ("same", "refused", "either"):
                        self.assertEqual(answer.error and answer.error[0], case.expected)
                        continue
                    expected = send(reference)
                    if not failed:
                        self.assertNotEqual(case.expected, "refused", answer.results)
                    difference = answers.difference(answer, expected, case.sql)
                    self.assertIsNone(difference, difference)
        ours.close()
        reference.close()

    def _check_rows(self, site):
        every = (list(layout.HASHED) + list(layout.SINGLE) + layout.REFERENCE
                 + list(layout.placements(site.shards)))
        for name in every:
            with self.subTest(f"rows of {name} over {site.shards}"):
                self.assertEqual(site.rows_of_shards(name), site.rows_of_reference(name))
            if name not in layout.REFERENCE:
                with self.subTest(f"shards of {name} over {site.shards}, by PostgreSQL"):
                    self.assertEqual(site.wrong_rows(name), [])


if __name__ == "__main__":
    testing.main()
