"""The rulebook's "Transactions": on one connection, as PostgreSQL, and never on the wrong host."""

import psycopg

from tests.integration.rulebook import site
from tests.integration.rulebook.runner import SITE, TableTest
from tests.support import testing

TABLE = r"""
[BEGIN: deferred until the first statement says where]
L   BEGIN
L   COMMIT
L   START TRANSACTION
L   ROLLBACK
L   BEGIN
P   SELECT count(*) FROM items
P   COMMIT
L   COMMIT
L   ROLLBACK
L   BEGIN
L   BEGIN
P   SELECT now() = statement_timestamp()
P   ABORT
L   BEGIN
P   SELECT now() = statement_timestamp(), now() = transaction_timestamp()
P   SELECT 1 WHERE now() < clock_timestamp()
P   END
R   SELECT count(*) FROM items

[plain BEGIN whose first statement is a read: the primary, and it stays there]
L   BEGIN
P   SELECT name FROM items WHERE id = 1
P   UPDATE items SET name = 'changed' WHERE id = 1
P   SELECT name FROM items WHERE id = 1
2.  SELECT name FROM items WHERE id = 1
P   ROLLBACK
.   SELECT name FROM items WHERE id = 1

[BEGIN READ ONLY: a standby, under the session's consistency, for the whole of it]
P   INSERT INTO items VALUES (100, 'mine')
L   BEGIN READ ONLY
R   SELECT name FROM items WHERE id = 100
R   SELECT count(*) FROM items
R   SHOW transaction_read_only
R   SELECT relname FROM pg_class WHERE relname = 'items'
R   COMMIT
L   START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
R   SELECT count(*) FROM items
2P  INSERT INTO items VALUES (101, 'not yet')
R   SELECT count(*) FROM items
R   COMMIT
L   BEGIN
L   SET TRANSACTION READ ONLY
R   SELECT count(*) FROM items WHERE id = 100
R   COMMIT
P   DELETE FROM items WHERE id >= 100

[... where writes fail as in any read-only transaction]
L   BEGIN READ ONLY
R   SELECT count(*) FROM items
R   INSERT INTO items VALUES (102, 'x')
R   SELECT 1
R   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
R   SELECT nextval('tickets')
R   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
R   SELECT * FROM items FOR UPDATE
R   ROLLBACK
L   BEGIN READ ONLY
P   INSERT INTO items VALUES (102, 'x')
P   ROLLBACK
L   BEGIN READ ONLY
P   SELECT count(*) FROM pg_class WHERE relname = 'items'
P   SELECT pg_advisory_xact_lock(3)
P   NOTIFY nobody
P   COMMIT

[default_transaction_read_only: likewise]
P   SET default_transaction_read_only = on
R   SELECT count(*) FROM items
P   INSERT INTO items VALUES (103, 'x')
L   BEGIN
R   SELECT count(*) FROM items
R   COMMIT
L   BEGIN READ WRITE
P   INSERT INTO items VALUES (103, 'x')
P   ROLLBACK
L   BEGIN
L   SET TRANSACTION READ WRITE
P   DELETE FROM items WHERE id = 103
P   COMMIT
P   SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
L   BEGIN
P   SELECT count(*) FROM items
P   COMMIT

[ISOLATION LEVEL SERIALIZABLE: the primary]
L   BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY
P   SELECT count(*) FROM items
P   SHOW transaction_isolation
P   COMMIT
L   BEGIN
L   SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE
P   SELECT count(*) FROM items
P   COMMIT
P   SET default_transaction_isolation = serializable
P   SELECT count(*) FROM items
L   BEGIN READ ONLY
P   SELECT count(*) FROM items
P   COMMIT
P   RESET default_transaction_isolation
R   SELECT count(*) FROM items

[a failed transaction, ROLLBACK TO, SAVEPOINT, RELEASE]
L   BEGIN
P   INSERT INTO items VALUES (110, 'kept')
P   SAVEPOINT a
P   INSERT INTO items VALUES (110, 'twice')
P   SELECT 1
P   SAVEPOINT b
P   ROLLBACK TO a
P   SELECT name FROM items WHERE id = 110
P   RELEASE a
P   ROLLBACK TO a
P   COMMIT
.   SELECT count(*) FROM items WHERE id = 110
L   BEGIN
P   SAVEPOINT a
P   SAVEPOINT a
P   INSERT INTO items VALUES (111, 'x')
P   ROLLBACK TO SAVEPOINT a
P   ROLLBACK TO a
P   RELEASE SAVEPOINT a
P   ROLLBACK TO a
P   COMMIT
P   SAVEPOINT outside
P   RELEASE outside
P   ROLLBACK TO outside
L   BEGIN
P   SELECT 1 / 0
P   COMMIT

[COMMIT AND CHAIN, ROLLBACK AND CHAIN keep the characteristics]
L   BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY
R   SELECT count(*) FROM items
R   COMMIT AND CHAIN
.   SHOW transaction_isolation
.   SHOW transaction_read_only
.   ROLLBACK AND CHAIN
.   SHOW transaction_isolation
.   COMMIT
L   BEGIN
P   INSERT INTO items VALUES (120, 'x')
P   ROLLBACK AND CHAIN
P   SELECT count(*) FROM items WHERE id = 120
P   INSERT INTO items VALUES (121, 'x')
P   COMMIT AND CHAIN
P   DELETE FROM items WHERE id = 121
P   SELECT 1 / 0
P   COMMIT AND CHAIN
P   SELECT count(*) FROM items WHERE id = 121
P   DELETE FROM items WHERE id = 121
P   COMMIT AND NO CHAIN
.   COMMIT AND CHAIN
.   ROLLBACK AND CHAIN
L   BEGIN READ ONLY
L   COMMIT AND CHAIN
R   SELECT count(*) FROM items
R   SHOW transaction_read_only
R   COMMIT

[several statements in one Query: one implicit transaction, the strictest class of them]
R   SELECT 1; SELECT count(*) FROM items
P   SELECT 1; SELECT nextval('coupons') > 0
P   INSERT INTO items VALUES (130, 'a'); SELECT name FROM items WHERE id = 130
P   INSERT INTO items VALUES (131, 'b'); SELECT 1 / 0
P   SELECT count(*) FROM items WHERE id = 131; DELETE FROM items WHERE id = 130
P   SELECT count(*) FROM items; SELECT 1 FOR UPDATE
P   BEGIN; INSERT INTO items VALUES (132, 'c')
P   SELECT name FROM items WHERE id = 132; ROLLBACK; SELECT count(*) FROM items WHERE id = 132
P   INSERT INTO items VALUES (133, 'd'); COMMIT; SELECT 1 / 0
P   DELETE FROM items WHERE id = 133; ROLLBACK
R   SELECT count(*) FROM items WHERE id = 133
P   BEGIN READ ONLY; SELECT count(*) FROM items; COMMIT
P   VACUUM items; SELECT 1
P   SET work_mem = '2MB'; SHOW work_mem; SET LOCAL work_mem = '3MB'; SHOW work_mem; RESET work_mem; SHOW work_mem
.   ; ; 
P   SELECT 1; ; SHOW work_mem

[SET TRANSACTION SNAPSHOT: on the primary, and its errors at once]
L   BEGIN ISOLATION LEVEL REPEATABLE READ
P   SET TRANSACTION SNAPSHOT 'no such name'
P   SELECT 1
P   ROLLBACK
L   BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY
P   SET TRANSACTION SNAPSHOT '0000000F-0000000F-1'
P   COMMIT
L   BEGIN
P   SET TRANSACTION SNAPSHOT '0000000F-0000000F-1'
P   ROLLBACK
L   BEGIN
L   SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
P   SET TRANSACTION SNAPSHOT '../../postgresql.conf'
P   ROLLBACK
P   SET TRANSACTION SNAPSHOT '0000000F-0000000F-1'
L   BEGIN ISOLATION LEVEL REPEATABLE READ
~P  SELECT pg_export_snapshot()
P   SET TRANSACTION SNAPSHOT '0000000F-0000000F-1'
P   ROLLBACK
R   SELECT count(*) FROM items

[PREPARE TRANSACTION, and its end from any session]
L   BEGIN
P   INSERT INTO items VALUES (140, 'prepared')
P   PREPARE TRANSACTION 'one'
R   SELECT count(*) FROM items WHERE id = 140
2P  SELECT gid FROM pg_prepared_xacts
2P  COMMIT PREPARED 'one'
R   SELECT count(*) FROM items WHERE id = 140
L   BEGIN
P   DELETE FROM items WHERE id = 140
P   PREPARE TRANSACTION 'two'
2P  ROLLBACK PREPARED 'two'
.   SELECT count(*) FROM items WHERE id = 140
P   COMMIT PREPARED 'two'
P   ROLLBACK PREPARED 'nothing'
L   BEGIN
P   SELECT 1 / 0
P   PREPARE TRANSACTION 'failed'
P   SELECT count(*) FROM pg_prepared_xacts
P   DELETE FROM items WHERE id >= 110
.   PREPARE TRANSACTION 'outside'
"""

REFUSED = r"""
[what a standby can't do, but a primary's read-only transaction could: refused, with a hint]
L   BEGIN READ ONLY
R   SELECT count(*) FROM items
!25006  NOTIFY nobody  ## Begin the transaction on the primary
.   SELECT 1
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  SELECT pg_advisory_lock(1)  ## pg_advisory_lock
.   COMMIT
L   BEGIN READ ONLY
R   SELECT 1
!25006  SELECT pg_try_advisory_xact_lock(1)  ## pgbraid.consistency = 'strong'
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  SET TRANSACTION READ WRITE  ## standby
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  SET transaction_read_only = off  ## standby
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  SELECT stable_one()  ## stable_one
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  SELECT pg_notify('nobody', '')  ## pg_notify
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  LISTEN somebody  ## standby
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  LOCK TABLE items IN ACCESS SHARE MODE  ## standby
.   ROLLBACK
L   BEGIN READ ONLY
R   SELECT 1
!25006  DO $$ BEGIN NULL; END $$  ## standby
.   ROLLBACK
"""


class TransactionsTest(TableTest):

    @testing.timeout(120)
    def test_simple(self):
        self.run_table(TABLE, "simple")

    @testing.timeout(120)
    def test_extended(self):
        self.run_table(TABLE, "extended")

    @testing.timeout(120)
    def test_strong(self):
        self.run_table(TABLE, "strong")

    @testing.timeout(60)
    def test_refused_simple(self):
        self.run_table(REFUSED, "simple")

    @testing.timeout(60)
    def test_refused_extended(self):
        self.run_table(REFUSED, "extended")


class SeveralShardsTest(TableTest):
    """Two databases of one server as shards: what a transaction over several may not do."""

    def setUp(self):
        primary = SITE().cluster[0].primary
        for name in ("left", "right"):
            primary.sql(f"DROP DATABASE IF EXISTS {name}_shard")
            primary.sql(f"CREATE DATABASE {name}_shard")
            primary.sql("CREATE TABLE t (id int PRIMARY KEY, n int)", dbname=f"{name}_shard")
        self.router = SITE().router(
            shards=f"l=127.0.0.1:{primary.port}/left_shard; r=127.0.0.1:{primary.port}/right_shard",
            tables="t:list(id; 1, 2 = l; 3, 4 = r)")
        self.addCleanup(self.router.close)
        self.client = self.router.connect()
        self.addCleanup(self.client.close)

    def refused(self, sql, state, part):
        with self.assertRaises(psycopg.Error) as raised:
            self.client.execute(sql)
        self.assertEqual(raised.exception.sqlstate, state, raised.exception)
        self.assertIn(part, str(raised.exception))

    def test_repeatable_read_over_several_shards_is_refused(self):
        for level in ("REPEATABLE READ", "SERIALIZABLE"):
            self.client.execute(f"BEGIN ISOLATION LEVEL {level}")
            self.client.execute("SELECT n FROM t WHERE id = 1")
            self.refused("SELECT n FROM t WHERE id = 3", "0A000", "shard r")
            self.refused("SELECT n FROM t WHERE id = 1", "25P02", "aborted")
            self.client.execute("ROLLBACK")
            self.client.execute(f"BEGIN ISOLATION LEVEL {level}")
            self.refused("SELECT * FROM t", "0A000", "shard")
            self.client.execute("ROLLBACK")

    def test_a_snapshot_that_does_not_exist_is_an_error_at_once(self):
        self.client.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.refused("SET TRANSACTION SNAPSHOT 'no such name'", "22023",
                     "invalid snapshot identifier")
        self.refused("SELECT n FROM t WHERE id = 1", "25P02", "aborted")
        self.client.execute("ROLLBACK")

    def test_savepoints_reach_the_shard_that_joins_late(self):
        self.client.execute("BEGIN")
        self.client.execute("SAVEPOINT before")
        self.client.execute("INSERT INTO t VALUES (3, 30)")
        self.client.execute("ROLLBACK TO before")
        self.client.execute("INSERT INTO t VALUES (4, 40)")
        self.client.execute("RELEASE before")
        self.client.execute("COMMIT")
        self.assertEqual(self.client.execute("SELECT id FROM t WHERE id = 3").fetchall(), [])
        self.assertEqual(self.client.execute("SELECT n FROM t WHERE id = 4").fetchall(), [(40,)])

    def test_several_statements_of_several_shards_in_one_query_are_refused(self):
        self.refused("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (3, 3)", "0A000",
                     "different shards")
        self.assertEqual(self.client.execute("SELECT id FROM t WHERE id = 1").fetchall(), [])
        self.client.execute("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 2)")
        self.assertEqual(self.client.execute("SELECT n FROM t WHERE id = 2").fetchall(), [(2,)])

    def test_a_text_that_the_grammar_does_not_accept_is_refused(self):
        self.refused("SELEC 1", "42601", "syntax error")
        start = len(self.router.log_text())
        self.refused("SELEC 2", "42601", "shard")
        self.assertEqual(site.route_since(self.router, start), "L")
        self.router.restart(allow_hints=True)
        self.client = self.router.connect()
        self.addCleanup(self.client.close)
        start = len(self.router.log_text())
        self.refused("/* pgbraid: shard=r */ SELEC 1", "42601", 'syntax error at or near "SELEC"')
        self.assertEqual(site.route_since(self.router, start), "P")

    def test_a_client_gone_in_mid_transaction_leaves_nothing(self):
        with self.router.connect() as other:
            other.execute("BEGIN")
            other.execute("INSERT INTO t VALUES (1, 1)")
            other.execute("SET LOCAL work_mem = '1MB'")
            other.pgconn.finish()
        self.client.execute("SET lock_timeout = '5s'")
        self.client.execute("INSERT INTO t VALUES (1, 2)")
        self.assertEqual(self.client.execute("SHOW work_mem").fetchone(), ("4MB",))


if __name__ == "__main__":
    testing.main()
