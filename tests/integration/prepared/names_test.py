"""Prepared statements by name, in SQL and by the protocol, beside a direct connection."""

import unittest

from tests.integration.prepared.steps import (
    SYNC, bind, close, describe, execute, parse, play, query, run, run_undescribed)
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router


def make_cluster():
    made = Cluster(shards=1, standbys=0, settings={"timezone": "UTC"})
    made[0].primary.sql(
        "CREATE TABLE t (a int PRIMARY KEY, b text); "
        "INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 20) n; "
        "CREATE SCHEMA one; CREATE TABLE one.here AS SELECT 1 AS x; "
        "CREATE SCHEMA two; CREATE TABLE two.here AS SELECT 2 AS x; "
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); "
        "CREATE FUNCTION held() RETURNS bigint LANGUAGE plpgsql AS "
        "'BEGIN RETURN (SELECT count(*) FROM pg_prepared_statements); END'; "
        "CREATE ROLE other; GRANT ALL ON ALL TABLES IN SCHEMA public TO other", dbname="app")
    return made


cluster = testing.Shared(make_cluster)

# Sessions "a", "b" ... share one server connection.
SCRIPTS = {
    "sql": [
        ("a", query("PREPARE p AS SELECT 'of a', $1::int + 1")),
        ("b", query("EXECUTE p(1)")),
        ("b", query("PREPARE p(text) AS SELECT 'of b', $1")),
        ("a", query("EXECUTE p(1)")),
        ("b", query("EXECUTE p('x')")),
        ("a", query("EXECUTE p(2)")),
        ("a", query("PREPARE p AS SELECT 1")),
        ("b", query("DEALLOCATE p")),
        ("b", query("EXECUTE p('x')")),
        ("b", query("DEALLOCATE p")),
        ("b", query("DEALLOCATE PREPARE p")),
        ("a", query("EXECUTE p('3')")),
        ("a", query("DEALLOCATE PREPARE p")),
        ("a", query("EXECUTE p(3)")),
    ],
    "quoted names": [
        ("a", query('PREPARE "P p" (int) AS SELECT $1')),
        ("a", query('EXECUTE "P p"(4)')),
        ("a", query("EXECUTE p(4)")),
        ("a", query("""EXECUTE U&"P!0020p" UESCAPE '!' (5)""")),
        ("a", query('PREPARE "as" AS SELECT 1 AS "as"')),
        ("a", query('/* x */ execute -- y\n "as"')),
        ("a", query('EXECUTE "P p"(4); EXECUTE "as"; DEALLOCATE "as"; EXECUTE "as"')),
        ("a", query('PREPARE p AS SELECT 1; DEALLOCATE "P p"')),
        ("a", query('DEALLOCATE "P p"')),
        ("a", query('PREPARE prepare AS SELECT 1')),
        ("a", query('DEALLOCATE prepare')),
        ("a", query("EXECUTE pgbraid_1")),
        ("b", query("DEALLOCATE pgbraid_1")),
        ("b", query("EXECUTE pgbraid_2; SELECT 1")),
    ],
    "errors": [
        ("a", query("PREPARE p AS SELECT nothing FROM t")),
        ("a", query("PREPARE p(nothing) AS SELECT 1")),
        ("a", query("PREPARE p AS SELECT $1")),
        ("a", query("PREPARE p AS INSERT INTO t VALUES ($1)")),
        ("a", query("PREPARE p2 AS SELECT $2::int")),
        ("a", query("PREPARE p3 AS SELECT * FROM missing")),
        ("a", query("PREPARE p4(int) AS SELECT $1 / 0")),
        ("a", query("EXECUTE p4(1)")),
        ("a", query("EXECUTE p4")),
        ("a", query("EXECUTE p4(1, 2)")),
        ("a", query("EXECUTE p4('x')")),
        ("a", query("EXECUTE p4(nothing)")),
        ("a", query("/* ä€ */ EXECUTE p4(1) ; EXECUTE p4(missing)")),
        ("a", query("EXECUTE p4((SELECT 1))")),
        ("a", query("EXECUTE p4($1)")),
        ("a", query("EXECUTE p4(ARRAY[1])")),
        ("a", query("PREPARE ä AS SELECT 1; EXECUTE ä; EXECUTE ä(1)")),
        ("a", query("CREATE TABLE made AS EXECUTE p4(nothing)")),
        ("a", query("PREPARE w AS DELETE FROM t WHERE a = 12345")),
        ("a", query("CREATE TABLE made AS EXECUTE w")),
        ("a", query("EXPLAIN EXECUTE unknown")),
        ("a", query("PREPARE p5 AS CREATE TABLE x()")),
        ("a", query("EXECUTE p4(1")),
        ("a", parse("bad", "SELECT $1::int, nothing"), SYNC),
        ("a", parse("good", "SELECT $1::int"), SYNC),
        ("a", bind("good"), SYNC),
        ("a", bind("good", [1, 2]), execute(), SYNC),
        ("a", bind("good", ["x"]), execute(), SYNC),
    ],
    "one namespace": [
        ("a", query("PREPARE foo(int) AS SELECT $1 + 1 AS sum")),
        ("a", run("foo", 5)),
        ("a", describe("foo"), SYNC),
        ("a", parse("foo", "SELECT 1"), SYNC),
        ("a", parse("bar", "SELECT a FROM t WHERE a = $1"), SYNC),
        ("a", query("EXECUTE bar(3)")),
        ("a", query("PREPARE bar AS SELECT 1")),
        ("b", query("EXECUTE bar(3)")),
        ("a", close("foo"), SYNC),
        ("a", query("EXECUTE foo(1)")),
        ("a", query("DEALLOCATE bar")),
        ("a", run("bar", 1)),
        ("a", parse("bar", "SELECT 'again'"), SYNC),
        ("a", query("EXECUTE bar")),
    ],
    "pipelines": [
        ("a", parse("", "PREPARE one AS SELECT 1 AS first"), bind(""), execute(),
         parse("", "EXECUTE one"), bind(""), describe("", portal=True), execute(), SYNC),
        ("a", parse("e", "EXECUTE one"), describe("e"), SYNC),
        ("a", run("e")),
        ("b", run("e")),
        ("a", query("DEALLOCATE one; PREPARE one(int) AS SELECT $1 AS second")),
        ("a", parse("e2", "EXECUTE one(7)"), bind("e2"), describe("", portal=True), execute(),
         parse("", "DEALLOCATE one"), bind(""), execute(),
         parse("", "EXECUTE one(8)"), bind(""), execute(), SYNC),
        ("a", parse("x", "SELECT 'x'"), bind("x"), execute(),
         parse("", "DEALLOCATE ALL"), bind(""), execute(), bind("x"), execute(), SYNC),
        ("a", parse("x", "SELECT 'x'"), parse("", "DEALLOCATE x"), bind(""), execute(),
         parse("x", "SELECT 'y'"), bind("x"), execute(), SYNC),
        ("a", run("x")),
        ("a", parse("", "DISCARD ALL"), bind(""), execute(), SYNC, run("x")),
        ("a", parse("x", "SELECT 'x'"), SYNC, run("x"),
         query("DISCARD ALL"), run("x"), parse("x", "SELECT 'y'"), SYNC, run("x")),
        ("a", parse("z", "SELECT 1"), close("z"), parse("z", "SELECT 2"), bind("z"), execute(),
         SYNC),
        ("a", parse("q", "SELECT 1"), close("none"), SYNC),
        ("a", parse("", "PREPARE q AS SELECT 1"), bind(""), describe("", portal=True), execute(),
         bind("q"), execute(), SYNC),
        ("a", parse("", "PREPARE r AS SELECT 1 / 0"), bind(""), execute(), bind("r"), execute(),
         bind("q"), execute(), SYNC, run("q"), run("r")),
        ("a", parse("", "EXECUTE missing"), bind(""), execute(), parse("s", "SELECT 1"), SYNC),
        ("a", run("s")),
        ("a", parse("w", "EXECUTE q(1)"), bind("w"), execute(), SYNC, run("q")),
        ("a", query("DISCARD PLANS"), run("q")),
    ],
    "explain and create table as": [
        ("a", query("PREPARE p(int) AS SELECT * FROM t WHERE a = $1")),
        ("a", query("EXPLAIN (COSTS OFF) EXECUTE p(3)")),
        ("b", query("SELECT 1")),
        ("a", query("EXPLAIN (COSTS OFF, ANALYZE, TIMING OFF, SUMMARY OFF) EXECUTE p(3)")),
        ("a", query("CREATE TEMP TABLE made AS EXECUTE p(3)")),
        ("a", query("SELECT * FROM made")),
        ("a", query("EXPLAIN (COSTS OFF) CREATE TABLE made2 AS EXECUTE p(3)")),
        ("a", parse("x", "EXPLAIN (COSTS OFF) EXECUTE p(4)"), describe("x"), SYNC, run("x")),
    ],
    "transactions": [
        ("a", query("BEGIN")),
        ("a", query("PREPARE p AS SELECT 'kept'")),
        ("a", query("EXECUTE p")),
        ("a", query("ROLLBACK")),
        ("a", query("EXECUTE p")),
        ("a", query("BEGIN; SELECT 1 / 0")),
        ("a", query("EXECUTE p")),
        ("a", query("PREPARE q AS SELECT 1")),
        ("a", query("DEALLOCATE p")),
        ("a", parse("n", "EXECUTE p"), bind("n"), execute(), SYNC),
        ("a", run("p")),
        ("a", query("ROLLBACK")),
        ("a", query("EXECUTE p")),
        ("a", query("EXECUTE q")),
        ("a", query("PREPARE s AS SELECT 's'; SELECT 1 / 0; PREPARE s2 AS SELECT 1")),
        ("a", query("EXECUTE s")),
        ("b", query("EXECUTE s")),
        ("a", query("EXECUTE s2")),
        ("a", query("BEGIN; PREPARE k(int) AS SELECT $1; SELECT 1 / 0")),
        ("a", query("ROLLBACK")),
        ("b", query("SELECT 1")),
        ("a", query("EXECUTE k(12)")),
        ("a", query("BEGIN; SAVEPOINT s; PREPARE v AS SELECT 'v'; ROLLBACK TO s; EXECUTE v")),
        ("a", query("COMMIT; EXECUTE v")),
        ("a", query("PREPARE ins(int, text) AS INSERT INTO t VALUES ($1, $2) RETURNING *")),
        ("a", query("BEGIN; EXECUTE ins(100, 'new'); EXECUTE ins(101, NULL)")),
        ("a", query("EXECUTE ins(100, 'again')")),
        ("a", query("ROLLBACK")),
        ("a", query("SELECT count(*) FROM t WHERE a >= 100")),
        ("a", query("EXECUTE ins(100, 'new'); DELETE FROM t WHERE a >= 100")),
    ],
    "settings": [
        ("a", query("SET search_path = one")),
        ("a", query("PREPARE p AS SELECT x FROM here"), query("EXECUTE p")),
        ("b", query("SET search_path = two")),
        ("b", query("PREPARE p AS SELECT x FROM here"), query("EXECUTE p")),
        ("a", query("EXECUTE p")),
        ("a", query("SET search_path = two"), query("EXECUTE p")),
        ("a", query("BEGIN; SET LOCAL search_path = one"), query("EXECUTE p"), query("COMMIT")),
        ("a", query("EXECUTE p")),
        ("a", query("SET search_path = public"), query("EXECUTE p")),
        ("a", query("SET search_path = one"), query("EXECUTE p")),
        ("a", parse("n", "SELECT x FROM here"), SYNC, run("n"), query("SET search_path = two"),
         run("n"), run_undescribed("n")),
        ("a", query("SET DateStyle = 'ISO, DMY'")),
        ("a", query("PREPARE d AS SELECT '01/02/2020'::date"), query("EXECUTE d")),
        ("a", parse("d2", "SELECT '01/02/2020'::date"), SYNC),
        ("b", query("SET DateStyle = 'ISO, MDY'"), query("SELECT 1")),
        ("a", query("SET DateStyle = 'ISO, MDY'"), query("EXECUTE d"), run("d2")),
        ("a", query("BEGIN"), query("EXECUTE d"), run("d2"), query("SHOW DateStyle"),
         query("COMMIT"), query("SHOW DateStyle")),
        ("a", query("RESET DateStyle"), query("EXECUTE d"), run("d2"), query("SHOW DateStyle")),
        ("a", query("PREPARE u AS SELECT current_user"), query("EXECUTE u")),
        ("a", query("SET ROLE other"), query("EXECUTE u"), query("RESET ROLE")),
        ("a", query("EXECUTE u")),
    ],
    "types": [
        ("a", query("PREPARE m(mood, int[]) AS SELECT $1, $2")),
        ("b", query("SELECT 1")),
        ("a", query("EXECUTE m('glad', '{1,2}')")),
        ("a", describe("m"), SYNC),
        ("a", query("PREPARE i(varchar(2)) AS SELECT $1"), query("EXECUTE i('long')")),
        ("a", query("PREPARE n AS SELECT a FROM t WHERE a = $1"), query("EXECUTE n('3')")),
        ("a", query("EXECUTE n(3.4)")),
        ("a", query("EXECUTE n(NULL)")),
        ("a", query("EXECUTE n(1 + 1)")),
        ("a", query("PREPARE v(int) AS VALUES ($1), ($1 + 1)"), query("EXECUTE v(1)")),
        ("a", query("PREPARE i2(int) AS INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING")),
        ("a", query("EXECUTE i2(1)")),
        ("a", describe("i2"), SYNC),
    ],
}


class NamesTest(unittest.TestCase):
    def play_both(self, script, **flags):
        with Router(shards=cluster().shards_flag(), threads=1, pool_size=1, **flags) as router:
            through = play(script, router.port)
            again = play(script, router.port)
        direct = play(script, cluster()[0].primary.port)
        for answers in (through, again):
            for got, expected in zip(answers, direct, strict=True):
                self.assertEqual(got, expected)

    def test_each_session_has_its_own_names(self):
        for name, script in SCRIPTS.items():
            with self.subTest(name):
                self.play_both(script)

    def test_the_same_where_a_connection_keeps_one_statement(self):
        for name, script in SCRIPTS.items():
            with self.subTest(name):
                self.play_both(script, max_prepared_statements=1)

    def test_a_connection_holds_no_more_than_its_limit(self):
        script = []
        for number in range(6):
            for session in ("a", "b"):
                text = f"SELECT {number}, '{session}'"
                script += [(session, query(f"PREPARE s{number} AS {text}"),
                            parse(f"p{number}", text + ", 1"), SYNC),
                           (session, query("SELECT held()"))]
        for number in range(6):
            script += [("a", query(f"EXECUTE s{number}"), run(f"p{number}")),
                       ("b", query(f"EXECUTE s{number}")), ("b", query("SELECT held()"))]
        with Router(shards=cluster().shards_flag(), threads=1, pool_size=1,
                    max_prepared_statements=3) as router:
            answers = play(script, router.port)
        held = [int(got[1][1][6:]) for _, sent, got in answers if b"held()" in sent]
        self.assertEqual(max(held), 3)
        rows = [body for _, sent, got in answers[-18:] if b"EXECUTE" in sent
                for kind, body in got if kind == "D"]
        self.assertEqual(len(rows), 18)


if __name__ == "__main__":
    testing.main()
