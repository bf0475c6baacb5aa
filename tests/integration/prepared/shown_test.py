"""pg_prepared_statements shows a session its own statements, and nothing else."""

import unittest

from tests.integration.prepared.steps import (
    SYNC, bind, describe, execute, parse, play, query, run)
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router


def make_cluster():
    made = Cluster(shards=1, standbys=0)
    made[0].primary.sql(
        "CREATE TABLE t (a int, b text); CREATE TYPE mood AS ENUM ('sad'); "
        "CREATE VIEW shown AS SELECT name FROM pg_prepared_statements", dbname="app")
    return made


cluster = testing.Shared(make_cluster)

SHOW = ("SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements"
        " ORDER BY name")
SHOW_NAMES = "SELECT name FROM pg_prepared_statements ORDER BY name"
FILL = [
    ("b", query("PREPARE theirs AS SELECT 'b'"), parse("p", "SELECT 'b too'"), SYNC),
    ("a", query("PREPARE q(int, mood) AS SELECT $1, $2;")),
    ("a", query("PREPARE typeless AS SELECT * FROM t WHERE a = $1 AND b = $2")),
    ("a", parse("p", "SELECT $1::date", [25]), describe("p"), SYNC),
    ("a", parse("n", "SELECT a FROM t WHERE a = $1"), run("n", 1)),
    ("b", query("EXECUTE theirs"), run("p")),
]
SCRIPTS = {
    "nothing": [("b", query("PREPARE theirs AS SELECT 1")), ("a", query(SHOW)),
                ("a", parse("", SHOW), run(""))],
    "simple": FILL + [("a", query(SHOW)), ("b", query(SHOW)), ("a", run("n", 1)),
                      ("a", query("EXECUTE typeless(1, 'x')")), ("b", query("EXECUTE theirs")),
                      ("a", query("SELECT count(*) FROM pg_prepared_statement()")),
                      ("a", query("SELECT * FROM shown ORDER BY name"))],
    "extended": FILL + [
        ("a", parse("", SHOW), run("")),
        ("a", parse("s", SHOW_NAMES), describe("s"), SYNC),
        ("a", run("s"), run("n", 1)),
        ("b", parse("s", SHOW_NAMES), run("s"), run("p")),
        ("a", parse("x", "SELECT 'x'"), bind("x"), execute(), bind("s"), execute(),
         parse("y", "SELECT 'y'"), bind("s"), execute(), bind("y"), execute(),
         bind("n", ["1"]), execute(), SYNC),
    ],
    "prepared itself": FILL + [
        ("a", query("PREPARE s AS " + SHOW_NAMES), query("EXECUTE s"), run("s")),
        ("a", query("PREPARE one AS SELECT 1; EXECUTE s; DEALLOCATE q; EXECUTE s; EXECUTE one")),
        ("a", query("EXECUTE one"), query("EXECUTE q(1, 'sad')")),
        ("a", parse("", "EXECUTE s"), run("")),
        ("a", query("PREPARE m(mood) AS SELECT $1; EXECUTE s")),
        ("b", query("SELECT 1")),
        ("a", query("EXECUTE m('sad')"), query("EXECUTE m('x')")),
    ],
    "transaction": FILL + [
        ("a", query("BEGIN"), query(SHOW_NAMES), query("PREPARE inside AS SELECT 1"),
         query("EXECUTE inside"), query(SHOW_NAMES), run("n", 1), parse("z", "SELECT 2"),
         run("z"), query(SHOW_NAMES), query("DEALLOCATE q"), query(SHOW_NAMES), query("COMMIT")),
        ("b", query(SHOW_NAMES), query("EXECUTE theirs")),
        ("a", query("EXECUTE inside"), query(SHOW_NAMES)),
        ("a", query("BEGIN"), query(SHOW_NAMES), query("SELECT 1 / 0"), query(SHOW_NAMES),
         query("ROLLBACK"), query("EXECUTE inside"), query(SHOW_NAMES)),
        ("a", query("DEALLOCATE ALL"), query(SHOW_NAMES)),
        ("b", query(SHOW_NAMES), query("DISCARD ALL"), query(SHOW_NAMES)),
    ],
}


class ShownTest(unittest.TestCase):
    def test_a_session_sees_its_own(self):
        for name, script in SCRIPTS.items():
            with self.subTest(name):
                with Router(shards=cluster().shards_flag(), threads=1, pool_size=1) as router:
                    through = play(script, router.port)
                for got, expected in zip(through, play(script, cluster()[0].primary.port),
                                         strict=True):
                    self.assertEqual(got, expected)

    def test_what_a_code_block_prepared_is_kept_and_the_list_refused(self):
        made = "DO $$ BEGIN EXECUTE 'PREPARE unseen AS SELECT 17'; END $$"
        with Router(shards=cluster().shards_flag(), threads=1, pool_size=2) as router:
            answers = [got for _, _, got in play([
                ("b", query("PREPARE unseen AS SELECT 'b'")),
                ("a", query(made)), ("a", query("EXECUTE unseen")), ("a", query(SHOW)),
                ("b", query("EXECUTE unseen"), query(SHOW_NAMES)),
                ("a", query("EXECUTE unseen")),
            ], router.port)]
        self.assertIn(("D", b"\0\1\0\0\0\00217"), answers[2])
        self.assertEqual(answers[3][0][1][1], "0A000")
        self.assertIn(("D", b"\0\1\0\0\0\1b"), answers[4])
        self.assertIn(("D", b"\0\1\0\0\0\6unseen"), answers[4])
        self.assertEqual(answers[5], answers[2])


if __name__ == "__main__":
    testing.main()
