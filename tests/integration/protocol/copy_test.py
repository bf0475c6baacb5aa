"""COPY in both directions, by both protocols, with everything that can go wrong in its middle."""

import time

from tests.integration.protocol.frontend import (
    COPY_DONE, FLUSH, SYNC, TERMINATE, bind, copy_data, copy_fail, execute, message, parse, query,
    run)
from tests.integration.protocol.replay import CLOSED, READY, ReplayCase
from tests.integration.clients.wire_client import WireClient
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

CLUSTER = testing.Shared(lambda: Cluster(shards=1, standbys=1))
ROUTER = testing.Shared(lambda: Router(shards=CLUSTER().shards_flag(), threads=1, pool_size=4))

SETUP = """CREATE TABLE items (id int PRIMARY KEY, name text);
           CREATE TABLE other (id int, item int REFERENCES items);
           CREATE TABLE late (id int, item int REFERENCES items DEFERRABLE INITIALLY DEFERRED)"""
IN = "COPY items FROM STDIN"
OUT = "COPY (SELECT n, 'item ' || n FROM generate_series(1, 50) n) TO STDOUT"
ROWS = copy_data("90\tone\n") + copy_data("91\ttwo\n92\tth") + copy_data("ree\n")
BAD = copy_data("93\tx\nnot a number\tx\n")
BINARY = (b"PGCOPY\n\xff\r\n\0" + b"\0" * 8 + b"\0\2\0\0\0\4\0\0\0\x5a\0\0\0\3bin" + b"\xff\xff")


class CopyCase(ReplayCase):
    node = staticmethod(lambda: CLUSTER()[0].primary)
    router = staticmethod(lambda: ROUTER())
    cluster = staticmethod(lambda: CLUSTER())
    reset = """TRUNCATE items, other, late;
               INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 5) n"""
    look = """SELECT (SELECT array_agg(i ORDER BY id) FROM items i), (SELECT count(*) FROM other),
                     (SELECT count(*) FROM late)"""

    @classmethod
    def setUpClass(cls):
        CLUSTER()[0].primary.psql("DROP TABLE IF EXISTS items, other, late", "app")
        CLUSTER()[0].primary.psql(SETUP, "app")


class SimpleInTest(CopyCase):

    def test_whole(self):
        self.all_of({
            "rows": [query(IN), "G", ROWS + COPY_DONE, READY],
            "nothing": [query(IN), "G", COPY_DONE, READY],
            "all in one write": [query(IN) + ROWS + COPY_DONE, READY],
            "with the next query": [query(IN) + ROWS + COPY_DONE + query("SELECT 7")
                                    + query("SELECT count(*) FROM items"), READY, READY, READY],
            "binary": [query(IN + " (FORMAT binary)"), "G", copy_data(BINARY) + COPY_DONE, READY],
            "csv with a header": [query(IN + " (FORMAT csv, HEADER)"), "G",
                                  copy_data("id,name\n90,\"a\nb\"\n") + COPY_DONE, READY],
            "an end mark": [query(IN), "G", copy_data("90\tx\n\\.\n") + COPY_DONE, READY],
            "empty pieces": [query(IN), "G", copy_data("") + ROWS + copy_data("") + COPY_DONE,
                             READY],
            "Flush and Sync in the middle": [query(IN), "G", copy_data("90\tx\n") + FLUSH + SYNC
                                             + copy_data("91\tx\n") + COPY_DONE, READY],
            "in a transaction": [query("BEGIN"), READY, query(IN), "G", ROWS + COPY_DONE, READY,
                                 query("ROLLBACK"), READY],
            "with a large piece": [query(IN), "G", copy_data("90\t" + "x" * 3_000_000 + "\n")
                                   + COPY_DONE, READY],
            "many pieces": [query(IN), "G", b"".join(copy_data(f"{n}\tn\n")
                                                     for n in range(100, 20_000)) + COPY_DONE,
                            READY],
        })

    def test_given_up(self):
        self.all_of({
            "at once": [query(IN), "G", copy_fail("no"), READY],
            "after rows": [query(IN), "G", ROWS + copy_fail("changed my mind"), READY,
                           query("SELECT 7"), READY],
            "in a transaction": [query("BEGIN"), READY, query(IN), "G", ROWS + copy_fail("no"),
                                 READY, query("SELECT 7"), READY, query("ROLLBACK"), READY],
            "and more in one write": [query(IN) + ROWS + copy_fail("no") + query("SELECT 7"),
                                      READY, READY],
        })

    def test_errors(self):
        self.all_of({
            "a bad row": [query(IN), "G", ROWS + BAD + ROWS + COPY_DONE, READY, query("SELECT 7"),
                          READY],
            "a bad row, and much more": [query(IN), "G", BAD + copy_data("94\tx\n") * 20_000
                                         + COPY_DONE, READY, query("SELECT 7"), READY],
            "a bad row, and a large piece": [query(IN), "G", BAD + copy_data(b"x" * 3_000_000)
                                             + copy_data(b"y" * 300_000) + COPY_DONE, READY,
                                             query("SELECT 7"), READY],
            "a bad row that was read": [query(IN), "G", BAD, READY, ROWS + COPY_DONE
                                        + query("SELECT 7"), READY],
            "a bad row inside a large piece": [
                query(IN), "G", copy_data(b"x\n" + b"94\tx\n" * 200_000) + COPY_DONE, READY,
                query("SELECT 7"), READY],
            "a duplicate key": [query(IN), "G", copy_data("1\tx\n") + COPY_DONE, READY],
            "a constraint at the end": [query("COPY other FROM STDIN"), "G", copy_data("1\t77\n")
                                        + COPY_DONE, READY],
            "a constraint at the commit": [query("COPY late FROM STDIN"), "G",
                                           copy_data("1\t77\n") + COPY_DONE, READY],
            "too few columns": [query(IN), "G", copy_data("90\n") + COPY_DONE, READY],
            "wrong UTF-8": [query(IN), "G", copy_data(b"90\t\xc3\n") + COPY_DONE, READY],
            "no such table": [query("COPY nothing FROM STDIN") + ROWS + COPY_DONE
                              + query("SELECT 7"), READY, READY],
            "in a transaction": [query("BEGIN"), READY, query(IN), "G", BAD + ROWS + COPY_DONE,
                                 READY, query("SELECT 7"), READY, query("ROLLBACK"), READY],
            "an unfinished binary header": [query(IN + " (FORMAT binary)"), "G",
                                            copy_data(b"PGCO") + COPY_DONE, READY],
        })

    def test_another_message_in_the_middle_ends_the_session(self):
        self.both([query(IN), "G", ROWS + query("SELECT 7"), CLOSED], without="W")
        self.both([parse(IN) + bind() + execute() + SYNC, "G", ROWS + parse("SELECT 7") + SYNC,
                   CLOSED], without="W")

    def test_data_outside_of_a_copy_is_passed_over(self):
        self.all_of({
            "data": [ROWS + query("SELECT 7"), READY],
            "the end": [COPY_DONE + query("SELECT 7"), READY],
            "failure": [copy_fail("x") + query("SELECT 7"), READY],
            "large data": [copy_data(b"x" * 3_000_000) + query("SELECT 7"), READY],
            "in a transaction": [query("BEGIN"), READY, ROWS + COPY_DONE + query("SELECT 7"),
                                 READY, query("COMMIT"), READY],
            "in an extended series": [parse("SELECT 7") + ROWS + bind() + COPY_DONE + execute()
                                      + copy_data(b"x" * 300_000) + SYNC, READY],
        })

    def test_several_statements_in_one_query(self):
        self.all_of({
            "around it": [query(f"SELECT 1; {IN}; SELECT count(*) FROM items"), "G",
                          ROWS + COPY_DONE, READY],
            "two": [query(f"{IN}; COPY other FROM STDIN"), "G", ROWS + COPY_DONE, "G",
                    copy_data("1\t90\n") + COPY_DONE, READY],
            "the first one fails": [query(f"{IN}; COPY other FROM STDIN"), "G", BAD + COPY_DONE
                                    + copy_data("1\t1\n") + COPY_DONE, READY, query("SELECT 7"),
                                    READY],
            "the second one fails": [query(f"{IN}; COPY other FROM STDIN"), "G", ROWS + COPY_DONE,
                                     "G", copy_data("1\t777\n") + COPY_DONE, READY],
            "an error after it": [query(f"{IN}; SELECT 1/0"), "G", ROWS + COPY_DONE, READY],
            "in and out": [query(f"{IN}; {OUT}; SELECT 7"), "G", ROWS + COPY_DONE, READY],
            "out and in": [query(f"{OUT}; {IN}"), "G", ROWS + COPY_DONE, READY],
            "with BEGIN and COMMIT": [query(f"BEGIN; {IN}; COMMIT; SELECT 1/0"), "G",
                                      ROWS + COPY_DONE, READY],
        })


class SimpleOutTest(CopyCase):

    def test_out(self):
        self.all_of({
            "rows": [query(OUT), READY],
            "a table": [query("COPY items TO STDOUT"), READY],
            "binary": [query(OUT + " (FORMAT binary)"), READY],
            "none": [query("COPY (SELECT 1 WHERE false) TO STDOUT"), READY],
            "an error in the middle": [
                query("COPY (SELECT 1/(5-n) FROM generate_series(1, 9) n) TO STDOUT"), READY],
            "several": [query(f"{OUT}; {OUT}; SELECT 7"), READY],
            "in a transaction": [query("BEGIN"), READY, query(OUT), READY, query("COMMIT"), READY],
            "large rows": [query("COPY (SELECT repeat('x', 2000000) FROM generate_series(1, 3)) "
                                 "TO STDOUT"), READY],
            "many rows": [query("COPY (SELECT generate_series(1, 100000)) TO STDOUT"), READY],
            "of a write": [query("COPY (DELETE FROM items RETURNING id) TO STDOUT"), READY],
        })


class ExtendedTest(CopyCase):

    def test_in(self):
        copy = parse(IN) + bind() + execute()
        self.all_of({
            "as libpq does": [copy + SYNC, "G", ROWS + COPY_DONE + SYNC, READY, run("SELECT 7")
                              + SYNC, READY],
            "with Flush": [copy + FLUSH, "G", ROWS + COPY_DONE + SYNC, READY],
            "all in one write": [copy + ROWS + COPY_DONE + SYNC + run("SELECT 7") + SYNC, READY,
                                 READY],
            "after other statements": [run("INSERT INTO items VALUES (80, 'x')") + copy + ROWS
                                       + COPY_DONE + run("SELECT count(*) FROM items") + SYNC,
                                       READY],
            "as libpq does, given up": [copy + SYNC, "G", ROWS + copy_fail("no") + SYNC, READY,
                                        run("SELECT 7") + SYNC, READY],
            "given up": [copy + ROWS + copy_fail("no") + run("SELECT 1") + SYNC, READY],
            "a bad row": [copy + SYNC, "G", BAD + ROWS + COPY_DONE + SYNC, READY, run("SELECT 7")
                          + SYNC, READY],
            "a bad row that was read": [copy + FLUSH, "G", BAD, "E", ROWS + COPY_DONE
                                        + run("SELECT 1") + SYNC, READY, run("SELECT 7") + SYNC,
                                        READY],
            "a bad row undoes all": [run("INSERT INTO items VALUES (80, 'x')") + copy + BAD
                                     + COPY_DONE + SYNC, READY],
            "a large piece": [copy + FLUSH, "G", copy_data("90\t" + "x" * 3_000_000 + "\n")
                              + COPY_DONE + SYNC, READY],
            "a bad large piece": [copy + FLUSH, "G", copy_data(b"x\n" + b"94\tx\n" * 200_000)
                                  + COPY_DONE + SYNC, READY],
            "no such table": [parse("COPY nothing FROM STDIN") + bind() + execute() + SYNC, READY,
                              run("SELECT 7") + SYNC, READY],
            "no such table, and data": [parse("COPY nothing FROM STDIN") + bind() + execute()
                                        + ROWS + COPY_DONE + SYNC, READY],
            "in a transaction": [query("BEGIN"), READY, copy + SYNC, "G", ROWS + COPY_DONE + SYNC,
                                 READY, query("ROLLBACK"), READY],
            "Flush and Sync in the middle": [copy + SYNC, "G", copy_data("90\tx\n") + FLUSH + SYNC
                                             + copy_data("91\tx\n") + COPY_DONE + SYNC, READY],
            "twice": [copy + SYNC, "G", ROWS + COPY_DONE + SYNC, READY,
                      parse("COPY other FROM STDIN") + bind() + execute() + SYNC, "G",
                      copy_data("1\t90\n") + COPY_DONE + SYNC, READY],
            "a prepared one": [parse(IN, "c") + SYNC, READY, bind(statement="c") + execute() + SYNC,
                               "G", ROWS + COPY_DONE + SYNC, READY],
        })

    def test_out(self):
        self.all_of({
            "rows": [run(OUT) + SYNC, READY],
            "with Flush": [run(OUT) + FLUSH, "C", SYNC, READY],
            "among others": [run("SELECT 1") + run(OUT) + run("SELECT 2") + SYNC, READY],
            "an error in the middle": [
                run("COPY (SELECT 1/(5-n) FROM generate_series(1, 9) n) TO STDOUT")
                + run("SELECT 1") + SYNC, READY],
            "with a row limit, which means nothing": [run(OUT, limit=5) + SYNC, READY],
        })


class EndTest(CopyCase):

    def activity(self):
        return sum(node.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' "
                            "AND state <> 'idle'")[0][0] for node in CLUSTER().nodes)

    def test_a_client_that_vanishes_leaves_nothing(self):
        for end in (lambda client: client.socket.close(),
                    lambda client: client.socket.sendall(TERMINATE),
                    lambda client: client.socket.sendall(message(b"d", b"x" * 100)[:50])):
            self.node().sql(self.reset, dbname="app")
            with WireClient(ROUTER().port) as client:
                client.log_in()
                client.socket.sendall(query(IN) + ROWS)
                wait_until(lambda: self.activity() == 1, "the COPY to run")
                end(client)
            wait_until(lambda: self.activity() == 0, "the COPY to be undone")
            self.assertEqual(self.node().sql("SELECT count(*) FROM items", dbname="app"), [(5,)])

    def test_a_client_that_vanishes_while_it_reads_leaves_nothing(self):
        with WireClient(ROUTER().port) as client:
            client.log_in()
            client.socket.sendall(query("COPY (SELECT repeat('x', 1000), "
                                        "generate_series(1, 100000000)) TO STDOUT"))
            client.next()
            wait_until(lambda: self.activity() == 1, "the COPY to run")
        wait_until(lambda: self.activity() == 0, "the COPY to be undone")

    def test_a_server_that_is_killed_is_reported_once(self):
        for extended in (False, True):
            self.node().sql(self.reset, dbname="app")
            with self.subTest(extended=extended), WireClient(ROUTER().port) as client:
                client.log_in()
                client.socket.sendall(parse(IN) + bind() + execute() + SYNC if extended
                                      else query(IN))
                while client.next()[0] != b"G":
                    pass
                client.socket.sendall(ROWS)
                wait_until(lambda: self.activity() == 1, "the COPY to run")
                self.node().sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                "query LIKE 'COPY%' AND state <> 'idle'")
                kind, body = client.next()
                self.assertEqual(kind, b"E", body)
                self.assertIn(b"C08006\0", body)
                client.socket.sendall(ROWS * 1000 + COPY_DONE + (SYNC if extended else b""))
                self.assertEqual(client.next()[0], b"Z")
                self.assertEqual([k for k, _ in client.query("SELECT 7")],
                                 [b"T", b"D", b"C", b"Z"])
            self.assertEqual(self.node().sql("SELECT count(*) FROM items", dbname="app"), [(5,)])

    def test_a_slow_reader_holds_the_server_back(self):
        before = ROUTER().rss_bytes()
        with WireClient(ROUTER().port) as client:
            client.log_in()
            client.socket.sendall(query("COPY (SELECT repeat('x', 1000) FROM "
                                        "generate_series(1, 300000)) TO STDOUT"))
            client.next()
            time.sleep(0.3)
            self.assertLess(ROUTER().rss_bytes() - before, 20 << 20)
            rows = 0
            while (got := client.next())[0] != b"Z":
                rows += got[0] == b"d"
            self.assertEqual(rows, 300_000)
            self.assertLess(ROUTER().rss_bytes() - before, 20 << 20)


if __name__ == "__main__":
    testing.main()
