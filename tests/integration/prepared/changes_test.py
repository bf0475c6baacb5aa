"""Prepared statements while the tables change under them: from the session itself, from
another through the router, and directly on the server."""

import threading
import unittest

from tests.integration.prepared.steps import (
    ASIDE, SYNC, bind, describe, execute, parse, play, query, run, run_undescribed)
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

cluster = testing.Shared(lambda: Cluster(shards=1, standbys=0))

CHANGED = "cached plan must not change result type"


def wider(number):
    return f"ALTER TABLE t ADD COLUMN c{number} int DEFAULT {number}"


def error(answers):
    """The message of the first error among answers, or None."""
    for kind, body in answers:
        if kind == "E":
            return body[2]
    return None


def columns(answers):
    """The names of the columns that were described last."""
    described = [body for kind, body in answers if kind == "T"]
    return [name for name, _, _ in described[-1]] if described else None


def rows(answers):
    """How many columns each row has."""
    return [int.from_bytes(body[:2], "big") for kind, body in answers if kind == "D"]


class ChangesTest(unittest.TestCase):
    def setUp(self):
        self.server = cluster()[0].primary
        self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (a int); "
                        "INSERT INTO t VALUES (1), (2)", dbname="app")

    def play(self, script, pool_size=1, **flags):
        """The answers of each step, through a router of one connection."""
        with Router(shards=cluster().shards_flag(), threads=1, pool_size=pool_size,
                    **flags) as router:
            return [got for _, _, got in play(script, router.port, self.aside)]

    def aside(self, sql):
        """Directly on the server; the router has no time to see it."""
        self.server.sql(sql, dbname="app")

    def test_what_was_prepared_before_is_prepared_anew(self):
        for where in ("own", "other", "direct", "transaction"):
            with self.subTest(where):
                change = {"own": ("a", query(wider(1))), "other": ("b", query(wider(1))),
                          "direct": (ASIDE, wider(1)),
                          "transaction": ("b", query("BEGIN"), query(wider(1)), query("COMMIT")),
                          }[where]
                answers = self.play([
                    ("a", query("PREPARE s AS SELECT * FROM t"), query("EXECUTE s")),
                    ("a", parse("p", "SELECT * FROM t"), SYNC, run("p")),
                    ("b", parse("p", "SELECT * FROM t"), SYNC, run("p")),
                    ("b", query("PREPARE e AS SELECT * FROM t")),
                    change,
                    ("a", query("EXECUTE s")), ("a", run("p")), ("b", run("p")),
                    ("b", query("EXECUTE e")),
                    ("b", parse("", "EXECUTE e"), run("")),
                    ("a", query("SELECT * FROM t")),
                ])
                for got in answers[-6:]:
                    self.assertIsNone(error(got))
                    self.assertEqual(columns(got), ["a", "c1"])
                    self.assertEqual(rows(got), [2, 2])
                self.setUp()

    @testing.timeout(60)
    def test_changes_while_a_text_that_executes_many_is_on_its_way(self):
        with Router(shards=cluster().shards_flag(), threads=2, pool_size=4) as router:
            over = threading.Event()

            def change():
                with router.connect() as client:
                    while not over.is_set():
                        client.execute("CREATE TABLE passing (a int)")
                        client.execute("DROP TABLE passing")

            changer = threading.Thread(target=change)
            changer.start()
            try:
                with router.connect() as client:
                    client.execute("PREPARE put (int) AS INSERT INTO t VALUES ($1)")
                    for _ in range(150):
                        client.execute("; ".join(["EXECUTE put (3)"] * 300))
            finally:
                over.set()
                changer.join()
        self.assertEqual(self.server.sql("SELECT count(*) FROM t WHERE a = 3", dbname="app"),
                         [(150 * 300,)])

    def test_a_fresh_parse_works_at_once_in_transactions_and_pipelines_too(self):
        fresh = parse("n", "SELECT * FROM t") + describe("n") + SYNC
        answers = self.play([
            ("a", parse("p", "SELECT * FROM t"), SYNC, run("p")),
            (ASIDE, wider(1)),
            ("b", query("BEGIN"), fresh, run("n"), query("COMMIT")),
            (ASIDE, wider(2)),
            ("c", fresh, run_undescribed("n")),
            (ASIDE, wider(3)),
            ("d", query("SELECT 1"), parse("x", "SELECT 1"), bind("x"), execute(),
             parse("n", "SELECT * FROM t"), run("n")),
            ("e", query("BEGIN"), query(wider(4)), fresh, run("n"), query("ROLLBACK"), run("n")),
            ("f", parse("", wider(5)), bind(""), execute(), parse("n", "SELECT * FROM t"),
             bind("n"), describe("", portal=True), execute(), SYNC),
        ])
        for number, got in zip((2, 3, 4), answers[1:4], strict=True):
            self.assertIsNone(error(got))
            self.assertEqual(len(columns(got)), number)
        self.assertIsNone(error(answers[4]))
        self.assertEqual(rows(answers[4]), [5, 5, 4, 4])  # within, and after ROLLBACK
        self.assertIsNone(error(answers[5]))
        self.assertEqual(len(columns(answers[5])), 5)

    def test_a_driver_that_remembers_columns_never_gets_others(self):
        # As asyncpg and JDBC do: described once, then only executed.
        for change in (("b", query(wider(1))), (ASIDE, wider(1)),
                       ("b", query("ALTER TABLE t ALTER a TYPE bigint")),
                       (ASIDE, "ALTER TABLE t ALTER a TYPE bigint")):
            with self.subTest(change[1]):
                answers = self.play([
                    ("a", parse("p", "SELECT * FROM t"), describe("p"), SYNC),
                    ("a", run_undescribed("p")),
                    change,
                    ("a", run_undescribed("p")),
                    ("b", parse("p", "SELECT * FROM t"), run("p")),
                    ("a", run_undescribed("p")),
                    ("a", run("p")),
                    ("a", run_undescribed("p")),
                ])
                self.assertEqual(rows(answers[1]), [1, 1])
                refused, other, again, described, remembered = answers[-5:]
                for got in (refused, again):
                    self.assertEqual(error(got), CHANGED)
                    self.assertEqual(rows(got), [])
                for got in (other, described, remembered):
                    self.assertIsNone(error(got))
                    self.assertEqual(len(rows(got)), 2)
                self.setUp()

    def test_changes_that_leave_the_columns_alone_are_not_noticed(self):
        answers = self.play([
            ("a", parse("p", "SELECT a FROM t WHERE a > $1"), describe("p"), SYNC),
            ("b", query("CREATE INDEX ON t (a)"), query(wider(1))),
            ("a", run_undescribed("p", 1)),
            (ASIDE, "CREATE INDEX ON t (a)"),
            ("a", run_undescribed("p", 1)),
            ("b", query("SELECT 1")),
            ("a", query("BEGIN"), run_undescribed("p", 1), query(wider(2)),
             run_undescribed("p", 1), query("COMMIT")),
        ])
        for got, expected in zip(answers, ([], [], [1], [1], [], [1, 1]), strict=False):
            self.assertIsNone(error(got))
            if expected:
                self.assertEqual(rows(got), expected)

    def test_parameters_keep_the_types_found_first(self):
        script = [
            ("a", parse("p", "SELECT a, a = $1, pg_typeof($1) FROM t"), describe("p"), SYNC),
            ("a", query("PREPARE s AS SELECT a FROM t WHERE a = $1"), query("EXECUTE s(1)")),
            ("a", query("ALTER TABLE t ALTER a TYPE bigint")),
            ("a", run("p", 1)), ("a", query("EXECUTE s(12345678901)")),
            ("a", describe("p"), SYNC),
        ]
        through = self.play(script)
        self.setUp()
        direct = [got for _, _, got in play(script, self.server.port)]
        # PostgreSQL refuses the changed column where the router need not.
        self.assertEqual(error(direct[3]), CHANGED)
        self.assertEqual([kind for kind, _ in through[3]], ["2", "T", "D", "D", "C", "Z"])
        self.assertIn(b"integer", through[3][2][1])
        self.assertEqual(error(through[4]), "integer out of range")
        self.assertEqual(through[5][0], direct[0][1])  # one int4

    def test_in_a_transaction_it_is_as_in_postgresql(self):
        # Prepared and planned there before, changed by somebody else unseen: nothing can
        # be tried again.
        script = [
            ("a", parse("p", "SELECT * FROM t"), SYNC, run("p")),
            (ASIDE, wider(1)),
            ("a", query("BEGIN"), run("p"), query("SELECT 1")),
            ("a", query("ROLLBACK"), parse("q", "SELECT * FROM t"), run("q")),
        ]
        through = self.play(script)
        self.setUp()
        direct = [got for _, _, got in play(script, self.server.port, self.aside)]
        self.assertEqual(through, direct)
        self.assertEqual(error(through[1]), CHANGED)

    def test_temporary_tables_are_the_sessions_own(self):
        made = "CREATE TEMP TABLE mine AS SELECT {} AS x"
        script = [
            ("a", query(made.format("1"))),
            ("a", parse("p", "SELECT * FROM mine"), SYNC, run("p")),
            ("a", query("DROP TABLE mine"), query(made.format("'text'::text"))),
            ("a", parse("q", "SELECT * FROM mine"), SYNC, run("q")),
            ("a", query("BEGIN"), query("DROP TABLE mine"), query(made.format("2.5")),
             parse("r", "SELECT * FROM mine"), run("r"), query("ROLLBACK")),
            ("a", parse("s", "SELECT * FROM mine"), run("s")),
            ("a", query("PREPARE e AS SELECT * FROM mine"), query("EXECUTE e")),
        ]
        through = self.play(script)
        direct = [got for _, _, got in play(script, self.server.port)]
        self.assertEqual(through, direct)

    def test_a_write_is_not_done_twice(self):
        answers = self.play([
            ("a", parse("p", "INSERT INTO t (a) VALUES ($1) RETURNING *"), SYNC, run("p", 10)),
            ("a", parse("q", "INSERT INTO t (a) VALUES ($1) RETURNING *"), describe("q"), SYNC),
            ("a", query("PREPARE e AS INSERT INTO t (a) VALUES ($1) RETURNING *")),
            ("a", query("EXECUTE e(10)")),
            (ASIDE, wider(1)),
            ("a", run("p", 10)),
            (ASIDE, wider(2)),
            ("a", query("EXECUTE e(10)")),
            ("a", run_undescribed("q", 10)),
            ("a", query("SELECT count(*) FROM t WHERE a = 10")),
        ])
        self.assertEqual(columns(answers[4]), ["a", "c1"])
        self.assertEqual(columns(answers[5]), ["a", "c1", "c2"])
        self.assertEqual(error(answers[6]), CHANGED)
        self.assertEqual(answers[7][1], ("D", b"\0\1\0\0\0\0014"))

    def test_a_table_that_is_gone_and_comes_back(self):
        script = [
            ("a", query("PREPARE s AS SELECT * FROM t"), parse("p", "SELECT * FROM t"), SYNC),
            ("a", query("DROP TABLE t")),
            ("a", query("  EXECUTE s"), run("p")),
            ("b", query("CREATE TABLE t (a int)")),
            ("a", query("EXECUTE s"), run("p")),
        ]
        through = self.play(script)
        self.setUp()
        direct = [got for _, _, got in play(script, self.server.port)]
        self.assertEqual(through, direct)


if __name__ == "__main__":
    testing.main()
