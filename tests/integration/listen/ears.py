"""What a client hears: notifications in the order in which they reach it."""

import select
import time

import psycopg

PATIENCE = 15.0  # seconds


class Ear:
    """Collects the notifications of one psycopg connection, whenever they come."""

    def __init__(self, connection):
        self.connection = connection
        self.heard = []  # (channel, payload, pid)
        self.errors = []  # (sqlstate, message): what an idle client is told
        self.ended = False
        connection.add_notify_handler(
            lambda n: self.heard.append((n.channel, n.payload, n.pid)))
        connection.add_notice_handler(
            lambda d: self.errors.append((d.sqlstate, d.message_primary)))

    def read(self, seconds=0.0):
        """Takes in what comes within some time, without asking the server anything."""
        pgconn = self.connection.pgconn
        if not self.ended and select.select([pgconn.socket], [], [], seconds)[0]:
            try:
                pgconn.consume_input()
            except psycopg.OperationalError:
                self.ended = True  # what came before it is still there
        encoding = self.connection.info.encoding
        while notification := pgconn.notifies():
            self.heard.append((notification.relname.decode(encoding),
                               notification.extra.decode(encoding), notification.be_pid))

    def wait(self, count, what="notifications"):
        """Waits until so many have come in all, and gives them."""
        deadline = time.monotonic() + PATIENCE
        while len(self.heard) < count:
            left = deadline - time.monotonic()
            if left <= 0 or self.ended:
                raise AssertionError(f"{len(self.heard)} of {count} {what} came")
            self.read(left)
        return self.heard

    def payloads(self):
        return [payload for _, payload, _ in self.heard]

    def take(self):
        """Gives and forgets what has come."""
        heard, self.heard[:] = list(self.heard), []
        return heard
