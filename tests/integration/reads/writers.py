"""Clients that write a row and read it back at once; run as a process of its own.

    writers.py PORT CLIENTS ROUNDS FIRST_KEY CONSISTENCY

prints one JSON line: rounds done, reads that missed the write, reads by server port,
errors.
"""

import collections
import json
import sys
import threading

import psycopg


class Writer(threading.Thread):
    """Inserts, reads, updates and reads rows with keys of its own."""

    def __init__(self, port, rounds, first_key, consistency):
        super().__init__()
        self.port, self.rounds, self.first_key = port, rounds, first_key
        self.consistency = consistency
        self.done = self.stale = 0
        self.ports = collections.Counter()
        self.errors = []

    def run(self):
        try:
            with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="app",
                                 autocommit=True) as connection:
                connection.execute(f"SET pgbraid.consistency = '{self.consistency}'")
                for i in range(self.rounds):
                    self.round(connection, self.first_key + i)
        except psycopg.Error as error:
            self.errors.append(f"{error.sqlstate}: {error}")

    def round(self, connection, key):
        connection.execute("INSERT INTO t VALUES (%s, 1)", (key,))
        self.check(connection, key, 1)
        if self.done % 4 == 0:
            connection.execute("UPDATE t SET v = 2 WHERE k = %s", (key,))
            self.check(connection, key, 2)
        self.done += 1

    def check(self, connection, key, value):
        row = connection.execute("SELECT v, inet_server_port() FROM t WHERE k = %s",
                                 (key,)).fetchone()
        if row is None or row[0] != value:
            self.stale += 1
        if row is not None:
            self.ports[row[1]] += 1


def main():
    port, clients, rounds, first_key, consistency = sys.argv[1:]
    writers = [Writer(int(port), int(rounds), int(first_key) + i * int(rounds), consistency)
               for i in range(int(clients))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    print(json.dumps({
        "done": sum(w.done for w in writers),
        "stale": sum(w.stale for w in writers),
        "ports": sum((w.ports for w in writers), collections.Counter()),
        "errors": sum((w.errors for w in writers), []),
    }))


if __name__ == "__main__":
    main()
