"""The extended protocol as no library speaks it: the same answers as from PostgreSQL."""


from tests.integration.protocol.frontend import (
    FLUSH, SYNC, TERMINATE, bind, close, describe, execute, function_call, message, parse, query,
    run)
from tests.integration.protocol.replay import CLOSED, READY, ReplayCase
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=1))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), threads=1, pool_size=4))

SETUP = """CREATE TABLE items (id int PRIMARY KEY, name text);
           CREATE TABLE other (id int PRIMARY KEY, item int REFERENCES items DEFERRABLE
                               INITIALLY DEFERRED)"""
RESET = """TRUNCATE items, other;
           INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 5) n"""
ADD = "INSERT INTO items VALUES ($1, $2)"
ALL = "SELECT id, name FROM items ORDER BY id"
INT4, TEXT = 23, 25


def insert(key, name="new"):
    """One row by Parse, Bind, Execute."""
    return parse(ADD, types=(INT4, TEXT)) + bind(key, name) + execute()


class ExtendedCase(ReplayCase):
    node = staticmethod(lambda: CLUSTER()[0].primary)
    router = staticmethod(lambda: ROUTER())
    cluster = staticmethod(lambda: CLUSTER())
    reset = RESET
    look = "SELECT (SELECT array_agg(i ORDER BY id) FROM items i), (SELECT count(*) FROM other)"

    @classmethod
    def setUpClass(cls):
        CLUSTER()[0].primary.psql("DROP TABLE IF EXISTS items, other", "app")
        CLUSTER()[0].primary.psql(SETUP, "app")


class PipelineTest(ExtendedCase):

    def test_thousands_of_unnamed_statements_before_one_sync(self):
        self.both([b"".join(insert(100 + n) for n in range(3000)) + SYNC, READY])

    def test_thousands_of_executions_of_one_named_statement(self):
        self.both([parse(ADD, "add") + SYNC, READY,
                   b"".join(bind(100 + n, "n", statement="add") + execute() for n in range(3000))
                   + SYNC, READY])

    def test_thousands_of_syncs_outstanding(self):
        self.both([parse("SELECT $1::int", "one") + b"".join(
            bind(n, statement="one") + execute() + SYNC for n in range(1500))] + [READY] * 1500)

    def test_a_thousand_named_statements(self):
        self.both([b"".join(parse(f"SELECT {n} AS c{n}", f"s{n}") for n in range(1000)) + SYNC,
                   READY, b"".join(bind(statement=f"s{n}") + execute() for n in range(1000)) + SYNC,
                   READY])

    def test_writes_and_reads_mixed_in_stream_order(self):
        self.both([b"".join(insert(100 + n) + SYNC + run("SELECT count(*) FROM items") + SYNC
                            for n in range(200))] + [READY] * 400)

    def test_errors_skip_to_sync(self):
        self.all_of({
            "in Parse": [run("SELECT 1") + parse("SELEKT") + run("SELECT 2") + SYNC + run("SELECT 3")
                         + SYNC, READY, READY],
            "in Parse of a name": [parse("SELECT nothing FROM items", "a") + SYNC
                                   + bind(statement="a") + SYNC, READY, READY],
            "in Bind": [parse("SELECT $1::int") + bind("x") + execute() + run("SELECT 2") + SYNC
                        + run("SELECT 3") + SYNC, READY, READY],
            "in Execute": [insert(90) + run("SELECT 1/(id-id) FROM items") + insert(91) + SYNC
                           + insert(92) + SYNC, READY, READY],
            "in the middle of rows": [
                run("SELECT 1/(3-n) FROM generate_series(1, 5) n") + run("SELECT 1") + SYNC, READY],
            "at the end of the transaction": [
                run("INSERT INTO other VALUES (1, 999)") + SYNC + run("SELECT 1") + SYNC, READY,
                READY],
            "a duplicate key": [insert(1) + insert(90) + SYNC, READY],
            "Execute of no portal": [execute("none") + insert(90) + SYNC, READY],
            "Describe of no portal": [describe("none", b"P") + insert(90) + SYNC, READY],
            "Describe of no statement": [describe("none") + insert(90) + SYNC, READY],
            "Bind of no statement": [bind(statement="none") + insert(90) + SYNC, READY],
            "Bind of no unnamed statement": [bind() + insert(90) + SYNC, READY],
            "a name taken": [parse("SELECT 1", "a") + parse("SELECT 2", "a") + insert(90) + SYNC,
                             READY, bind(statement="a") + execute() + SYNC, READY],
            "a portal taken": [parse("SELECT 1", "a") + bind(statement="a", portal="p")
                               + bind(statement="a", portal="p") + insert(90) + SYNC, READY],
            "too few parameters": [parse("SELECT $1::int", "a") + bind(statement="a") + SYNC, READY],
            "too few for the unnamed": [parse("SELECT $1::int") + bind() + SYNC, READY],
            "too many parameters": [parse("SELECT 1") + bind(1) + execute() + SYNC, READY],
            "an unknown format": [parse("SELECT $1::int") + bind(1, formats=(7,)) + SYNC, READY],
            "an unknown result format": [parse("SELECT 1") + bind(results=(7,))
                                         + describe("", b"P") + execute() + SYNC, READY],
            "several statements in one": [parse("SELECT 1; SELECT 2") + bind() + SYNC, READY],
            "every second one": [b"".join((insert(1) if n % 2 else insert(100 + n)) + SYNC
                                          for n in range(40))] + [READY] * 40,
        })

    def test_messages_after_an_error_that_was_read_are_skipped(self):
        self.all_of({
            "error, Flush, more": [insert(90) + parse("SELEKT") + FLUSH, "E",
                                   insert(91) + describe("none") + execute("none"),
                                   close("none") + SYNC, READY, run("SELECT 1") + SYNC, READY],
            "a refusal, Flush, more": [bind(statement="none") + FLUSH, "E", insert(91), SYNC, READY],
            "in a transaction": [query("BEGIN"), READY, insert(90) + insert(1) + FLUSH, "E",
                                 insert(91) + SYNC, READY, query("SELECT 1"), READY,
                                 query("ROLLBACK"), READY],
            "large messages are dropped": [parse("SELEKT") + FLUSH, "E", insert(91, "x" * 300_000)
                                           + parse("SELECT '" + "y" * 300_000 + "'") + SYNC, READY,
                                           run("SELECT 1") + SYNC, READY],
        })

    def test_an_error_of_the_router_fails_the_transaction_as_the_servers_own(self):
        for name, wrong in {"Bind of no statement": bind(statement="none"),
                            "Describe of no statement": describe("none"),
                            "Execute of no portal": execute("none"),
                            "a name taken": parse("SELECT 1", "taken"),
                            "a broken Parse": message(b"P", b"x\0"),
                            "a broken Bind": message(b"B", b"\0\0\0\1"),
                            "an unknown Describe": message(b"D", b"Xa\0")}.items():
            with self.subTest(name):
                self.both([parse("SELECT 0", "taken") + SYNC, READY,
                           query("BEGIN"), READY, wrong + SYNC, READY, query("SELECT 1"), READY,
                           query("COMMIT"), READY])
                self.both([parse("SELECT 0", "taken") + SYNC, READY,
                           query("BEGIN"), READY, insert(90) + SYNC, READY, wrong + SYNC, READY,
                           query("SELECT 1"), READY, query("COMMIT"), READY])
                self.both([parse("SELECT 0", "taken") + SYNC, READY,
                           insert(90) + wrong + insert(91) + SYNC, READY])

    def test_several_binds_before_one_sync_are_one_transaction(self):
        self.all_of({
            "whole": [b"".join(insert(n) for n in (90, 91, 92)) + SYNC, READY],
            "undone": [b"".join(insert(n) for n in (90, 91, 91)) + SYNC, READY],
            "undone at its end": [insert(90) + run("INSERT INTO other VALUES (1, 7)") + SYNC, READY],
            "now() stands still": [
                run("CREATE TEMP TABLE t AS SELECT now() AS n")
                + run("SELECT n = now() FROM t") + run("DROP TABLE t") + SYNC, READY],
        })

    def test_transactions_inside_a_pipeline(self):
        begin, commit, rollback = run("BEGIN"), run("COMMIT"), run("ROLLBACK")
        self.all_of({
            "one": [begin + insert(90) + insert(91) + commit + SYNC, READY],
            "one with a Sync each": [begin + SYNC + insert(90) + SYNC + commit + SYNC] + [READY] * 3,
            "undone": [begin + insert(90) + rollback + insert(91) + SYNC, READY],
            "two": [begin + insert(90) + commit + begin + insert(91) + rollback + SYNC, READY],
            "left open": [begin + insert(90) + SYNC, READY, insert(91) + SYNC, READY],
            "BEGIN after a write": [insert(90) + begin + insert(91) + SYNC, READY,
                                    query("ROLLBACK"), READY],
            "BEGIN twice": [begin + begin + insert(90) + commit + SYNC, READY],
            "COMMIT without BEGIN": [insert(90) + commit + insert(90) + SYNC, READY],
            "COMMIT alone": [commit + SYNC, READY],
            "ROLLBACK alone": [rollback + SYNC, READY],
            "nothing between": [begin + commit + begin + rollback + SYNC, READY],
            "COMMIT of a failed one": [begin + insert(1) + SYNC, READY, commit + SYNC, READY],
            "an error, then COMMIT without Sync": [
                begin + insert(90) + insert(1) + commit + SYNC, READY, run("SELECT 1") + SYNC,
                READY, rollback + SYNC, READY],
            "savepoints": [begin + insert(90) + run("SAVEPOINT a") + insert(91)
                           + run("ROLLBACK TO a") + insert(92) + commit + SYNC, READY],
            "a savepoint saves it": [begin + insert(90) + run("SAVEPOINT a") + SYNC + insert(1)
                                     + SYNC + run("ROLLBACK TO a") + SYNC + commit + SYNC]
                                    + [READY] * 4,
            "a savepoint outside": [run("SAVEPOINT a") + SYNC, READY],
            "AND CHAIN": [begin + insert(90) + run("COMMIT AND CHAIN") + insert(91) + SYNC, READY,
                          rollback + SYNC, READY],
            "CHAIN outside": [run("COMMIT AND CHAIN") + SYNC, READY],
            "in a failed one": [begin + SYNC, READY, insert(1) + SYNC, READY, run("SELECT 1")
                                + SYNC, READY, describe("none") + SYNC, READY, run("BEGIN") + SYNC,
                                READY, rollback + SYNC, READY],
            "prepared before BEGIN": [
                parse("BEGIN", "b") + parse(ADD, "i") + parse("COMMIT", "c") + SYNC, READY,
                bind(statement="b") + execute() + bind(90, "x", statement="i") + execute()
                + bind(statement="c") + execute() + SYNC, READY],
            "bound before it is executed": [
                parse("BEGIN", "b") + parse(ADD, "i") + bind(statement="b", portal="b")
                + bind(90, "x", statement="i", portal="i") + execute("b") + execute("i") + SYNC,
                READY, query("COMMIT"), READY],
            "read only": [run("BEGIN READ ONLY") + insert(90) + SYNC, READY, rollback + SYNC, READY],
        })

    def test_settings_change_in_stream_order(self):
        self.all_of({
            "SET, then its value": [
                run("SET application_name = 'one'") + run("SHOW application_name")
                + run("SET application_name = 'two'") + run("SHOW application_name") + SYNC, READY,
                run("SHOW application_name") + SYNC, READY],
            "SET undone by an error": [
                run("SET application_name = 'one'") + insert(1) + SYNC + run("SHOW application_name")
                + SYNC, READY, READY],
            "names are found by the new path": [
                run("CREATE SCHEMA s") + run("CREATE TABLE s.items AS SELECT 7 AS id, 's' AS name")
                + run("SET search_path = s") + run(ALL) + run("RESET search_path") + run(ALL)
                + run("DROP SCHEMA s CASCADE") + SYNC, READY],
            "a named statement frozen under the new path": [
                run("CREATE SCHEMA s") + run("CREATE TABLE s.items AS SELECT 7 AS id, 's' AS name")
                + run("SET search_path = s") + run(ALL, name="all") + SYNC, READY,
                query("RESET search_path"), READY, parse(ALL, "again")
                + bind(statement="again") + execute() + SYNC, READY,
                query("DROP SCHEMA s CASCADE"), READY],
            "SET LOCAL": [
                run("BEGIN") + run("SET LOCAL application_name = 'one'")
                + run("SHOW application_name") + run("COMMIT") + run("SHOW application_name") + SYNC,
                READY],
            "strings are read anew": [
                run("SET standard_conforming_strings = off") + run(r"SELECT 'a\\b'")
                + run("SET standard_conforming_strings = on") + run(r"SELECT 'a\\b'") + SYNC, READY],
            "dates are printed anew": [
                run("SET datestyle = 'German'") + run("SELECT date '2020-02-01'")
                + run("RESET datestyle") + run("SELECT date '2020-02-01'") + SYNC, READY],
            "DISCARD ALL": [
                parse("SELECT 1", "a") + run("SET application_name = 'one'") + SYNC, READY,
                run("DISCARD ALL") + SYNC, READY, run("SHOW application_name") + SYNC, READY,
                bind(statement="a") + SYNC, READY],
            "DISCARD ALL in a pipeline": [
                parse("SELECT 1", "a") + SYNC + run("DISCARD ALL") + SYNC + parse("SELECT 2", "a")
                + bind(statement="a") + execute() + SYNC] + [READY] * 3,
            "DISCARD ALL in a transaction": [
                insert(90) + run("DISCARD ALL") + SYNC, READY, query("BEGIN"), READY,
                run("DISCARD ALL") + SYNC, READY],
            "DEALLOCATE ALL in a pipeline": [
                parse("SELECT 1", "a") + run("DEALLOCATE ALL") + parse("SELECT 2", "a")
                + bind(statement="a") + execute() + SYNC, READY],
            "DEALLOCATE ALL, then Bind": [
                parse("SELECT 1", "a") + run("DEALLOCATE ALL") + bind(statement="a") + SYNC, READY],
            "DEALLOCATE by name": [
                parse("SELECT 1", "a") + SYNC, READY, run("DEALLOCATE a") + bind(statement="a")
                + SYNC, READY],
        })

    def test_flush_gives_answers_before_sync(self):
        self.all_of({
            "each message": [parse("SELECT 1 AS a") + FLUSH, "1", describe() + FLUSH, "T",
                             bind() + FLUSH, "2", describe("", b"P") + FLUSH, "T",
                             execute() + FLUSH, "C", SYNC, READY],
            "a write": [insert(90) + FLUSH, "C", insert(91) + FLUSH, "C", SYNC, READY],
            "a write undone": [insert(90) + FLUSH, "C", insert(90) + FLUSH, "E", SYNC, READY],
            "in a transaction": [query("BEGIN"), READY, insert(90) + FLUSH, "C", SYNC, READY,
                                 query("ROLLBACK"), READY],
            "BEGIN": [run("BEGIN") + FLUSH, "C", insert(90) + FLUSH, "C", run("COMMIT") + FLUSH,
                      "C", SYNC, READY],
            "Close": [parse("SELECT 1", "a") + close("a") + FLUSH, "3", SYNC, READY],
            "alone": [FLUSH + FLUSH + SYNC, READY],
            "rows so far": [parse("SELECT generate_series(1, 10)") + bind() + execute(limit=3)
                            + FLUSH, "s", execute(limit=3) + FLUSH, "s", execute() + FLUSH, "C",
                            SYNC, READY],
        })

    def test_syncs_alone(self):
        self.both([SYNC * 50] + [READY] * 50)

    def test_terminate_in_the_middle_undoes(self):
        self.both([insert(90) + FLUSH, "C", insert(91) + TERMINATE, CLOSED])
        self.both([parse("SELECT 1") + TERMINATE, CLOSED])
        self.both([query("BEGIN"), READY, insert(90) + SYNC, READY, TERMINATE, CLOSED])

    def test_empty_statements(self):
        self.all_of({
            "one": [run("") + SYNC, READY],
            "a comment": [run("-- nothing") + SYNC, READY],
            "among others": [insert(90) + run("") + insert(91) + SYNC, READY],
            "described": [parse("") + describe() + SYNC, READY],
            "in a failed transaction": [query("BEGIN"), READY, insert(1) + SYNC, READY,
                                        run("") + SYNC, READY, query("ROLLBACK"), READY],
        })


class DescribeTest(ExtendedCase):

    def test_before_and_after_bind_with_syncs_between(self):
        named = parse("SELECT id, name FROM items WHERE id = $1", "s")
        self.all_of({
            "named, a Sync each": [named + SYNC, READY, describe("s") + SYNC, READY,
                                   bind(2, statement="s") + describe("", b"P") + execute() + SYNC,
                                   READY],
            "named, all at once": [named + describe("s") + SYNC + bind(2, statement="s")
                                   + describe("", b"P") + execute() + SYNC, READY, READY],
            "unnamed, a Sync each": [parse(ADD) + describe() + SYNC, READY, bind(90, "a")
                                     + execute() + SYNC, READY, bind(91, "b") + execute() + SYNC,
                                     READY],
            "in a transaction": [query("BEGIN"), READY, parse(ADD) + describe() + SYNC, READY,
                                 bind(90, "a") + execute() + SYNC, READY, query("COMMIT"), READY],
            "in a transaction that has begun": [
                query("BEGIN"), READY, insert(80) + SYNC, READY, parse(ADD, "s") + describe("s")
                + SYNC, READY, bind(90, "a", statement="s") + execute() + SYNC, READY,
                query("COMMIT"), READY],
            "again and again": [named + describe("s") * 5 + SYNC, READY, describe("s") * 5 + SYNC,
                                READY],
            "of what the transaction has made": [
                query("BEGIN"), READY, query("CREATE TABLE made (a int, b text)"), READY,
                parse("SELECT * FROM made", "s") + describe("s") + SYNC, READY,
                query("ROLLBACK"), READY],
            "an unnamed portal is gone after Sync": [
                parse("SELECT 1") + bind() + SYNC, READY, describe("", b"P") + SYNC, READY,
                execute() + SYNC, READY],
            "a named portal is gone after Sync": [
                parse("SELECT 1") + bind(portal="p") + SYNC, READY, execute("p") + SYNC, READY],
            "an unnamed statement stays": [parse("SELECT 1") + SYNC, READY, bind() + execute() + SYNC,
                                           READY, describe() + SYNC, READY],
            "Bind and Execute after Describe in one": [
                parse("SELECT $1::int + 1") + describe() + bind(4) + describe("", b"P") + execute()
                + SYNC, READY],
            "utility statements": [parse("SHOW work_mem") + describe() + SYNC, READY,
                                   parse("SET work_mem = '5MB'") + describe() + SYNC, READY,
                                   parse("EXPLAIN SELECT 1") + describe() + SYNC, READY],
            "BEGIN": [parse("BEGIN") + describe() + bind() + describe("", b"P") + execute() + SYNC,
                      READY, query("COMMIT"), READY],
            "an error in Describe": [parse("SELECT nothing") + describe() + SYNC, READY],
            "binary results": [parse("SELECT 1, 'a'") + bind(results=(1,)) + describe("", b"P")
                               + execute() + SYNC, READY],
        })


class PortalTest(ExtendedCase):

    def test_row_limits(self):
        rows = parse("SELECT generate_series(1, 10)")
        self.all_of({
            "suspended, and dropped": [rows + bind() + execute(limit=3) + SYNC, READY],
            "resumed": [rows + bind() + execute(limit=3) + execute(limit=3) + execute(limit=3)
                        + execute(limit=3) + SYNC, READY],
            "exactly all": [rows + bind() + execute(limit=10) + execute(limit=1) + SYNC, READY],
            "resumed after Sync, outside": [rows + bind(portal="p") + execute("p", 3) + SYNC, READY,
                                            execute("p", 3) + SYNC, READY],
            "resumed after Sync, in a transaction": [
                query("BEGIN"), READY, rows + bind(portal="p") + execute("p", 3) + SYNC, READY,
                execute("p", 3) + SYNC, READY, query("SELECT 1"), READY, execute("p", 3) + SYNC,
                READY, execute("p", 3) + SYNC, READY, query("COMMIT"), READY,
                execute("p", 3) + SYNC, READY],
            "unnamed, resumed after Sync in a transaction": [
                query("BEGIN"), READY, rows + bind() + execute(limit=3) + SYNC, READY,
                execute(limit=3) + SYNC, READY, parse("SELECT 1") + bind() + execute() + SYNC, READY,
                execute(limit=3) + SYNC, READY, query("COMMIT"), READY],
            "two, in turn": [
                query("BEGIN"), READY,
                parse("SELECT generate_series(1, 9)", "a") + bind(statement="a", portal="p")
                + bind(statement="a", portal="q") + (execute("p", 2) + execute("q", 3)) * 3 + SYNC,
                READY, (execute("p", 2) + execute("q", 3)) * 2 + SYNC, READY, query("END"), READY],
            "a write with RETURNING": [
                run("INSERT INTO items SELECT n, 'x' FROM generate_series(50, 59) n RETURNING id",
                    limit=3) + execute(limit=3) + SYNC, READY],
            "a negative limit is none": [rows + bind() + execute(limit=-1) + SYNC, READY],
            "FETCH from a cursor by its portal's name": [
                query("BEGIN"), READY, query("DECLARE c CURSOR FOR " + ALL), READY,
                describe("c", b"P") + execute("c", 2) + SYNC, READY, query("FETCH 2 FROM c"), READY,
                query("COMMIT"), READY],
            "a portal by FETCH": [
                query("BEGIN"), READY, rows + bind(portal="p") + execute("p", 3) + SYNC, READY,
                query("FETCH 2 FROM p"), READY, execute("p", 2) + SYNC, READY, query("CLOSE p"),
                READY, execute("p", 2) + SYNC, READY, query("ROLLBACK"), READY],
        })

    def test_closing(self):
        self.all_of({
            "unknown names": [close("none") + close("none", b"P") + close() + close("", b"P") + SYNC,
                              READY],
            "unknown names in a transaction": [
                query("BEGIN"), READY, insert(90) + SYNC, READY, close("none")
                + close("none", b"P") + SYNC, READY, query("COMMIT"), READY],
            "a portal": [parse("SELECT 1") + bind(portal="p") + close("p", b"P") + execute("p")
                         + SYNC, READY],
            "a portal, and its name again": [
                parse("SELECT 1", "a") + bind(statement="a", portal="p") + close("p", b"P")
                + parse("SELECT 2", "b") + bind(statement="b", portal="p") + execute("p") + SYNC,
                READY],
            "a statement": [parse("SELECT 1", "a") + SYNC, READY, close("a") + SYNC, READY,
                            bind(statement="a") + SYNC, READY],
            "a statement, and its name again": [
                parse("SELECT 1", "a") + close("a") + parse("SELECT 2", "a") + bind(statement="a")
                + execute() + SYNC, READY],
            "a statement after an error stays": [
                parse("SELECT 1", "a") + SYNC, READY, parse("SELEKT") + close("a") + SYNC, READY,
                bind(statement="a") + execute() + SYNC, READY],
            "a statement while its portal is open": [
                parse("SELECT generate_series(1, 4)", "a") + bind(statement="a", portal="p")
                + close("a") + execute("p") + SYNC, READY],
            "a suspended portal": [
                query("BEGIN"), READY, parse("SELECT generate_series(1, 4)")
                + bind(portal="p") + execute("p", 1) + SYNC, READY, close("p", b"P") + SYNC, READY,
                execute("p", 1) + SYNC, READY, query("ROLLBACK"), READY],
            "the unnamed statement": [parse("SELECT 1") + close() + bind() + SYNC, READY],
            "the unnamed portal": [parse("SELECT 1") + bind() + close("", b"P") + execute() + SYNC,
                                   READY],
            "a local portal": [parse("BEGIN", "b") + bind(statement="b", portal="p")
                               + close("p", b"P") + execute("p") + SYNC, READY],
            "Parse is undone by nothing": [
                parse("SELECT 1", "a") + insert(1) + SYNC, READY, bind(statement="a") + execute()
                + SYNC, READY],
            "Parse after the error never was": [
                insert(1) + parse("SELECT 1", "a") + SYNC, READY, bind(statement="a") + execute()
                + SYNC, READY],
        })

    def test_portals_of_an_undone_transaction(self):
        self.all_of({
            "ROLLBACK": [query("BEGIN"), READY, parse(ALL) + bind(portal="p") + execute("p", 1)
                         + SYNC, READY, query("ROLLBACK"), READY, execute("p", 1) + SYNC, READY],
            "a savepoint": [query("BEGIN"), READY, query("SAVEPOINT a"), READY,
                            parse(ALL) + bind(portal="p") + execute("p", 1) + SYNC, READY,
                            query("ROLLBACK TO a"), READY, execute("p", 1) + SYNC, READY,
                            query("ROLLBACK"), READY],
            "executed twice": [parse("SELECT 1") + bind(portal="p") + execute("p") + execute("p")
                               + SYNC, READY],
            "a write executed twice": [parse("INSERT INTO items VALUES (90, '')")
                                       + bind(portal="p") + execute("p") + execute("p") + SYNC,
                                       READY],
            "BEGIN executed twice": [parse("BEGIN") + bind(portal="p") + execute("p") + execute("p")
                                     + SYNC, READY],
        })


class QueryInSeriesTest(ExtendedCase):

    def test_a_query_ends_the_open_series(self):
        self.all_of({
            "after a write": [insert(90) + query("SELECT count(*) FROM items"), READY,
                              run("SELECT 1") + SYNC, READY],
            "an error undoes all": [insert(90) + query("SELECT 1/0"), READY, SYNC, READY],
            "several statements": [insert(90) + query("SELECT 1; SELECT 2; SELECT 3"), READY],
            "BEGIN makes it explicit": [insert(90) + query("BEGIN"), READY, query("ROLLBACK"),
                                        READY],
            "COMMIT": [insert(90) + query("COMMIT"), READY],
            "ROLLBACK": [insert(90) + query("ROLLBACK"), READY],
            "after Parse alone": [parse("SELECT 1") + query("SELECT 2"), READY,
                                  bind() + execute() + SYNC, READY],
            "the named statement stays": [parse("SELECT 1", "a") + query("SELECT 2"), READY,
                                          bind(statement="a") + execute() + SYNC, READY],
            "the unnamed portal is gone": [parse("SELECT 1") + bind() + query("SELECT 2"), READY,
                                           execute() + SYNC, READY],
            "a named portal is gone": [parse("SELECT 1") + bind(portal="p") + query("SELECT 2"),
                                       READY, execute("p") + SYNC, READY],
            "skipped after an error": [parse("SELEKT") + query("INSERT INTO items VALUES (90, '')")
                                       + SYNC, READY],
            "skipped after an error that was read": [
                insert(1) + FLUSH, "E", query("INSERT INTO items VALUES (90, '')") + SYNC, READY],
            "skipped after a refusal": [bind(statement="none") + query("SELECT 1") + SYNC, READY],
            "an empty one": [insert(90) + query(""), READY],
            "a broken one": [insert(90) + message(b"Q", b"SELECT 1"), READY, SYNC, READY],
            "after Flush": [insert(90) + FLUSH, "C", query("SELECT 7"), READY],
            "after a suspended portal": [parse("SELECT generate_series(1, 9)") + bind()
                                         + execute(limit=2) + query("SELECT 7"), READY],
            "in a transaction": [query("BEGIN"), READY, insert(90) + query("SELECT 7"), READY,
                                 insert(91) + SYNC, READY, query("COMMIT"), READY],
            "after BEGIN": [run("BEGIN") + query("SELECT 7"), READY, query("COMMIT"), READY],
            "after Describe": [parse("SELECT 1") + describe() + query("SELECT 7"), READY],
            "several in a row": [insert(90) + query("SELECT 7") + insert(91) + query("SELECT 8")
                                 + SYNC, READY, READY, READY],
        })

    def test_a_query_takes_the_unnamed_statement_away(self):
        self.both([parse("SELECT 1") + SYNC, READY, query("SELECT 2"), READY,
                   bind() + execute() + SYNC, READY])
        self.both([query("BEGIN"), READY, parse(ALL) + bind() + execute(limit=1) + SYNC, READY,
                   query("SELECT 2"), READY, execute(limit=1) + SYNC, READY, query("END"), READY])

    def test_a_function_call_ends_the_open_series(self):
        self.all_of({
            "after a write": [insert(90) + function_call(65, 1, 1), READY],
            "its error undoes all": [insert(90) + function_call(154, 1, 0), READY],
            "skipped after an error": [parse("SELEKT") + function_call(65, 1, 1) + SYNC, READY],
        })


class FunctionCallTest(ExtendedCase):

    def test_calls(self):
        self.all_of({
            "text": [function_call(65, 1, 1), READY, function_call(65, 1, 2), READY],
            "binary": [function_call(177, b"\0\0\0\2", b"\0\0\0\3", formats=(1,), result=1), READY],
            "a NULL": [function_call(177, None, 3), READY],
            "no such function": [function_call(3, 1), READY],
            "a wrong number of arguments": [function_call(177, 1), READY],
            "an unknown format": [function_call(177, 1, 2, formats=(5,)), READY],
            "division by zero": [function_call(154, 1, 0), READY],
            "in a transaction": [query("BEGIN"), READY, function_call(154, 1, 0), READY,
                                 function_call(177, 1, 0), READY, query("ROLLBACK"), READY],
            "in a transaction that has begun": [query("BEGIN"), READY, insert(90) + SYNC, READY,
                                                function_call(177, 1, 0), READY, query("COMMIT"),
                                                READY],
            "several in one write": [function_call(177, 1, 0) * 20] + [READY] * 20,
            "a broken one": [message(b"F", b"\0\0"), READY, query("SELECT 1"), READY],
        })


if __name__ == "__main__":
    testing.main()
