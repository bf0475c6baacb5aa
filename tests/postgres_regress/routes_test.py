"""What is counted from the router's log, and what it is compared with."""

import unittest

from tests.postgres_regress import routes
from tests.support import testing

HOST = "host=127.0.0.1:1"
LOG = f"""pgbraid: listening on port 1
route: client=1 shards=s0 {HOST} (standby) reason="there is one shard" sql=SELECT a
FROM t
route: client=1 shards=s0 {HOST} (primary) reason="changes data" sql=INSERT INTO t VALUES (1)
route: client=1 shards=s0 {HOST} (standby) reason="there is one shard" sql=SELECT f()
standby error: client=1 {HOST} transaction=no error="25006 PreventCommandIfReadOnly" answer=the primary's
route: client=1 shards=s0 {HOST} (primary) reason="there is one shard" sql=SELECT f()
route: client=1 shards=s0 {HOST} (primary) no-standby-was-fresh reason="x" sql=SELECT 3
route: client=1 shards=s0 {HOST} (primary) kept="LISTEN" reason="x" sql=SELECT 4
"""


def error(words):
    """A standby's error of a log of one line."""
    return routes.parse(f"standby error: client=1 {HOST} {words}\n")[1]


class LogTest(unittest.TestCase):
    """The log's lines."""

    def test_each_statement_has_the_host_that_answered_it(self):
        found, _ = routes.parse(LOG)
        self.assertEqual([(r.standby, r.text) for r in found], [
            (True, "SELECT a\nFROM t"), (False, "INSERT INTO t VALUES (1)"),
            (False, "SELECT f()"), (False, "SELECT 3"), (False, "SELECT 4")])

    def test_reasons_say_why_it_was_the_primary(self):
        found, _ = routes.parse(LOG)
        self.assertEqual([r.reason for r in found[1:]], [
            "changes data", "there is one shard", "no standby was fresh enough",
            "keeps its connection for LISTEN"])

    def test_an_error_that_the_primary_answered_instead_is_no_wrong_refusal(self):
        _, errors = routes.parse(LOG)
        self.assertEqual([e.relayed for e in errors], [False])
        self.assertEqual(routes.wrongly_refused(errors), [])

    def test_a_relayed_error_is_a_wrong_refusal(self):
        for words in ('transaction=no error="25006 PreventCommandIfReadOnly" answer=its own',
                      'transaction=yes error="25006 PreventCommandDuringRecovery" answer=its own',
                      'transaction=no error="40001 ProcessInterrupts" answer=its own'):
            self.assertEqual(len(routes.wrongly_refused(error(words))), 1, words)

    def test_what_a_primary_refuses_in_a_read_only_transaction_is_none(self):
        self.assertEqual(routes.wrongly_refused(error(
            'transaction=yes error="25006 PreventCommandIfReadOnly" answer=its own')), [])


class ShareTest(unittest.TestCase):
    """The share of what a standby can run."""

    def counts(self, *reads):
        found, _ = routes.parse(LOG)
        classifier = routes.Classifier(["pg_class"], ["f"])
        return {kind: dict(counter) for kind, counter in
                routes.share(reads, found, classifier.kind).items()}

    def test_only_what_a_standby_can_run_counts(self):
        self.assertEqual(self.counts(("SELECT a\nFROM t", True, False), ("SELECT 3", False, False)),
                         {"plain": {"standby": 1}})

    def test_a_read_that_the_primary_got_lowers_the_share(self):
        self.assertEqual(self.counts(("SELECT a\nFROM t", True, False), ("SELECT 3", True, False)),
                         {"plain": {"standby": 1, "no standby was fresh enough": 1}})

    def test_the_same_text_again_needs_another_route(self):
        twice = ("SELECT a\nFROM t", True, False)
        self.assertEqual(self.counts(twice, twice), {"plain": {"standby": 1, "not found": 1}})

    def test_kinds_are_told_apart(self):
        self.assertEqual(self.counts(("SELECT f()", True, False), ("SELECT 4", True, True)), {
            "function": {"there is one shard": 1},
            "temporary": {"keeps its connection for LISTEN": 1}})
        classifier = routes.Classifier(["pg_class"], ["f"])
        self.assertEqual([classifier.kind(text) for text in (
            "SELECT * FROM pg_class", "SELECT 1::regclass", "SELECT setseed(1)", "SELECT F (1)",
            "SELECT * FROM pg_classes")], ["catalog", "catalog", "session", "function", "plain"])


if __name__ == "__main__":
    testing.main()
