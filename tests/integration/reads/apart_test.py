"""Reads of a session that keeps its connection, and reads right after DDL."""

import unittest

import psycopg

from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

SCHEMA = """
CREATE TABLE shop (id int PRIMARY KEY, name text);
INSERT INTO shop VALUES (1, 'kept'), (2, 'too');
CREATE TABLE parent (id int);
INSERT INTO parent VALUES (1);
CREATE VIEW parents AS SELECT * FROM parent;
CREATE VIEW schemas AS SELECT current_schemas(true) AS s;
CREATE FUNCTION make_scratch() RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN CREATE TEMP TABLE shop AS SELECT 7 AS id, 'hidden' AS name; END $$;
"""


def make_cluster():
    cluster = Cluster(shards=1, standbys=1)
    cluster[0].primary.sql(SCHEMA, dbname="app")
    cluster.wait_for_replay()
    return cluster


CLUSTER = testing.Shared(make_cluster)
WAITS = {"freshness_wait": "10s", "catalog_wait": "10s", "max_replica_lag": "60s"}


class ApartTest(unittest.TestCase):
    def setUp(self):
        self.standby = CLUSTER()[0].standbys[0]
        self.primary = CLUSTER()[0].primary
        self.addCleanup(self.standby.resume_replay)
        self.router = self.route()

    def route(self, **flags):
        router = Router(shards=CLUSTER().shards_flag(), log_routes=True,
                        **(WAITS | flags))
        self.addCleanup(router.close)
        with router.connect(autocommit=True) as connection:
            wait_until(lambda: self.ask(connection, "SELECT id FROM shop", router=router)[1],
                       "a standby serves reads")
        return router

    def session(self, router=None):
        connection = (router or self.router).connect()
        self.addCleanup(connection.close)
        connection.autocommit = True
        return connection

    def ask(self, connection, sql, *parameters, router=None):
        """(rows, whether a standby gave them)."""
        router = router or self.router
        start = len(router.log_text())
        rows = connection.execute(sql, parameters or None).fetchall()
        routes = [line for line in router.log_text(start).splitlines()
                  if line.startswith("route: ")]
        self.assertTrue(routes)
        self.last = routes[-1]
        return rows, "(standby)" in routes[-1]

    def test_settings_of_unknown_names_are_read_where_they_are(self):
        connection = self.session()
        connection.execute("DO $$ DECLARE half text := reverse('neddih'); BEGIN "
                           "EXECUTE 'SET app.' || half || ' = 8'; END $$")
        self.assertEqual(connection.execute("SHOW pgbraid.pins").fetchall(),
                         [("custom settings of unknown names",)])
        self.assertEqual(self.ask(connection, "SELECT name FROM shop WHERE id = 1"),
                         ([("kept",)], True))
        self.assertEqual(self.ask(connection, "SELECT current_setting('app.hidden') FROM shop "
                                  "WHERE id = 1"), ([("8",)], False))
        self.assertEqual(self.ask(connection, "SHOW app.hidden"), ([("8",)], False))

    def test_what_has_no_part_in_temporary_objects_goes_to_a_standby(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE scratch (id int)")
        connection.execute("INSERT INTO scratch VALUES (5)")
        self.assertEqual(self.ask(connection, "SELECT name FROM shop WHERE id = 1"),
                         ([("kept",)], True))
        self.assertEqual(self.ask(connection, "SELECT name FROM shop WHERE id = %s", 2),
                         ([("too",)], True))
        self.assertEqual(self.ask(connection, "SELECT id FROM scratch"), ([(5,)], False))
        self.assertEqual(self.ask(connection, "SELECT s.id FROM shop, scratch s WHERE name = 'too'"),
                         ([(5,)], False))
        # It still is kept, and goes back to being used.
        self.assertEqual(self.ask(connection, "SELECT count(*) FROM scratch"), ([(1,)], False))

    def test_a_temporary_table_hides_another_of_its_name(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE other (id int)")
        self.assertEqual(self.ask(connection, "SELECT id FROM shop ORDER BY id"),
                         ([(1,), (2,)], True))
        connection.execute("CREATE TEMP TABLE shop AS SELECT 9 AS id")
        self.assertEqual(self.ask(connection, "SELECT id FROM shop"), ([(9,)], False))
        self.assertEqual(self.ask(connection, "SELECT id FROM SHOP WHERE id = %s", 9),
                         ([(9,)], False))
        connection.execute("DROP TABLE pg_temp.shop")
        self.assertEqual(self.ask(connection, "SELECT id FROM shop ORDER BY id"),
                         ([(1,), (2,)], True))

    def test_one_made_unseen_hides_it_too(self):
        for made in ("DO $$ BEGIN CREATE TEMP TABLE shop AS SELECT 8 AS id; END $$",
                     "SELECT make_scratch()"):
            connection = self.session()
            connection.execute("CREATE TEMP TABLE other (id int)")
            self.assertTrue(self.ask(connection, "SELECT id FROM shop")[1], self.last)
            connection.execute(made)
            rows, standby = self.ask(connection, "SELECT id FROM shop")
            self.assertIn(rows, ([(8,)], [(7,)]))
            self.assertFalse(standby)

    def test_dropped_at_commit_or_rolled_back_it_hides_nothing_any_more(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE other (id int)")
        for end in ("COMMIT", "ROLLBACK"):
            connection.execute("BEGIN")
            connection.execute("CREATE TEMP TABLE shop (id int) ON COMMIT DROP")
            self.assertEqual(self.ask(connection, "SELECT id FROM shop"), ([], False))
            connection.execute(end)
            self.assertEqual(self.ask(connection, "SELECT id FROM shop ORDER BY id"),
                             ([(1,), (2,)], True))

    def test_rows_of_a_temporary_child_are_seen(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE child () INHERITS (parent)")
        connection.execute("INSERT INTO child VALUES (2)")
        for name in ("parent", "parents"):
            self.assertEqual(self.ask(connection, f"SELECT id FROM {name} ORDER BY id"),
                             ([(1,), (2,)], False))

    def test_what_depends_on_visible_names_stays(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE other (id int)")
        for sql in ("SELECT s FROM schemas", "SELECT current_schemas(true)"):
            rows, standby = self.ask(connection, sql)
            self.assertRegex(rows[0][0][0], "^pg_temp_")
            self.assertFalse(standby)

    def test_a_prepared_statement_is_looked_into(self):
        connection = self.session()
        connection.execute("PREPARE p AS SELECT id FROM shop WHERE id = 1")
        connection.execute("CREATE TEMP TABLE other (id int)")
        self.assertEqual(self.ask(connection, "EXECUTE p"), ([(1,)], True))
        connection.execute("CREATE TEMP TABLE shop AS SELECT 1 AS id FROM generate_series(1, 2)")
        self.assertFalse(self.ask(connection, "EXECUTE p")[1])

    def test_settings_go_along(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE other (id int)")
        connection.execute("SET app.who = 'me'")
        self.assertEqual(self.ask(connection, "SELECT current_setting('app.who') FROM shop LIMIT 1"),
                         ([("me",)], True))

    def test_cursors_and_locks_are_kept_meanwhile(self):
        connection = self.session()
        connection.execute("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM shop ORDER BY id")
        connection.execute("SELECT pg_advisory_lock(77)")
        self.assertTrue(self.ask(connection, "SELECT name FROM shop")[1])
        self.assertEqual(self.ask(connection, "FETCH c"), ([(1,)], False))
        self.assertEqual(self.ask(connection, "SELECT pg_advisory_unlock(77)"),
                         ([(True,)], False))

    def test_a_lost_standby_does_not_end_the_session(self):
        connection = self.session()
        connection.execute("CREATE TEMP TABLE scratch (id int)")
        self.assertTrue(self.ask(connection, "SELECT name FROM shop")[1])
        self.standby.restart()
        self.assertEqual(len(self.ask(connection, "SELECT name FROM shop")[0]), 2)
        self.assertEqual(self.ask(connection, "SELECT id FROM scratch"), ([], False))


class AfterDdlTest(ApartTest):
    """Eventual: rows may be old, but the tables are those that the router knows."""

    def setUp(self):
        super().setUp()
        self.router = self.route(consistency="eventual")
        self.drop()
        self.addCleanup(self.drop)

    def drop(self):
        self.standby.resume_replay()
        self.primary.sql("DROP TABLE IF EXISTS young", dbname="app")

    def test_a_table_made_a_moment_ago_is_read_from_a_standby(self):
        connection = self.session()
        for _ in range(3):
            connection.execute("CREATE TABLE young (id int)")
            self.assertTrue(self.ask(connection, "SELECT * FROM young")[1])
            self.assertTrue(self.ask(connection, "SELECT * FROM young WHERE id = %s", 1)[1])
            connection.execute("DROP TABLE young")
            with self.assertRaises(psycopg.errors.UndefinedTable):
                connection.execute("SELECT * FROM young")

    def test_a_standby_that_has_not_got_it_yet_is_not_asked(self):
        router = self.route(consistency="eventual", freshness_wait="50ms")
        connection, other = self.session(router), self.session(router)
        self.assertTrue(self.ask(other, "SELECT * FROM shop", router=router)[1])
        self.standby.pause_replay()
        connection.execute("CREATE TABLE young (id int)")
        for session in (connection, other):
            self.assertEqual(self.ask(session, "SELECT * FROM young", router=router), ([], False))
        self.standby.resume_replay()
        wait_until(lambda: self.ask(other, "SELECT * FROM young", router=router)[1],
                   "the standby serves the new table")


if __name__ == "__main__":
    testing.main()
