"""A router over a primary and a standby, and a plain PostgreSQL with the same contents."""

import concurrent.futures
import os
import re
import threading

from tests.integration.rulebook.sessions import Session
from tests.support.cluster import Cluster
from tests.support.router import Router

FOLDER = os.path.dirname(os.path.abspath(__file__))
SETTINGS = {"max_prepared_transactions": 10, "timezone": "UTC"}
ROUTE = re.compile(r"^route: .*? host=\S+ \((standby|primary)\)", re.M)

# What a fresh session looks like: every trace that another one might have left.
TRACES = """
    SELECT 'setting' AS kind, name, setting FROM pg_settings
     WHERE source IN ('session', 'client') AND name <> 'application_name'
       AND name !~ '^transaction_'
    UNION ALL SELECT 'role', current_user, session_user
    UNION ALL SELECT 'locks', count(*)::text, '' FROM pg_locks
     WHERE locktype = 'advisory' AND pid = pg_backend_pid()
    UNION ALL SELECT 'channels', count(*)::text, '' FROM pg_listening_channels()
    UNION ALL SELECT 'temporary', count(*)::text, '' FROM pg_class
     WHERE relnamespace = pg_my_temp_schema()
    UNION ALL SELECT 'cursors', count(*)::text, '' FROM pg_cursors WHERE is_holdable
    UNION ALL SELECT 'custom', coalesce(current_setting('app.tenant', true), 'NULL'),
                     coalesce(current_setting('my.setting', true), 'NULL')
    ORDER BY 1, 2"""


class Site:
    """Both sides. The router is started by each test with the flags that it wants."""

    def __init__(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            made = [pool.submit(Cluster, shards=1, standbys=n, settings=SETTINGS) for n in (1, 0)]
            self.cluster, self.reference = [cluster.result() for cluster in made]
        with open(os.path.join(FOLDER, "schema.sql"), encoding="utf-8") as file:
            script = file.read()
        for cluster in (self.cluster, self.reference):
            cluster[0].primary.sql(script, dbname="app")
            cluster.wait_for_replay()
        self._closed = threading.Event()
        self._flusher = threading.Thread(target=self._flush, daemon=True)
        self._flusher.start()

    def close(self):
        self._closed.set()
        self._flusher.join()
        self.cluster.close()
        self.reference.close()

    def _flush(self):
        """Has the primary send what it has written. What no commit has flushed (a transaction that
        was rolled back, the server's own records) reaches the standby with the next one, and
        reads that must see up to there wait for it."""
        with self.cluster[0].primary.connect(dbname="app") as connection:
            while not self._closed.wait(0.1):
                connection.execute("INSERT INTO scratch VALUES (0)")

    def logs(self):
        return self.cluster.logs()

    def router(self, **flags):
        """A router over them; the caller closes it."""
        return Router(**({"shards": self.cluster.shards_flag(), "threads": 1, "log_routes": True,
                          "freshness_wait": "10s", "catalog_wait": "10s", "max_replica_lag": "60s"} | flags))

    def direct(self, **options):
        """A session with the plain PostgreSQL."""
        node = self.reference[0].primary
        return Session(**({"host": "127.0.0.1", "port": node.port} | options))

    def administer(self, sql):
        """Runs it on both sides, past the router."""
        for cluster in (self.cluster, self.reference):
            cluster[0].primary.sql(sql, dbname="app")
            cluster.wait_for_replay()


def through(router, **options):
    """A session with the router."""
    return Session(**({"host": router.host, "port": router.port} | options))


def route_since(router, start):
    """Where what ran since byte `start` of the log went: P, R, or L if nowhere."""
    hosts = ROUTE.findall(router.log_text(start))
    return {"primary": "P", "standby": "R"}[hosts[-1]] if hosts else "L"


class Disturber:
    """Another client, whose statements stand between all others.

    It changes every setting that it can, and it keeps a connection in a transaction now and
    then, so that the sessions under test move between server connections that it has dirtied.
    """

    STEPS = (
        ("SET work_mem = '3MB'; SET search_path = nowhere; SET DateStyle = 'German'",),
        ("SET ROLE other; SET TimeZone = 'Asia/Tokyo'; SET app.tenant = 'disturber'",
         "BEGIN", "SELECT 1"),
        ("RESET ROLE; SET client_encoding = 'LATIN1'; SET my.setting = 'disturbed'",),
        ("SELECT nextval('public.disturbed'), 'dirty'", "BEGIN", "SELECT 2"),
        ("SET IntervalStyle = 'iso_8601'; SET standard_conforming_strings = off", "BEGIN READ ONLY",
         "SELECT 3"),
    )

    def __init__(self, router):
        self._session = through(router)
        self._count = 0

    def before(self):
        for sql in self.STEPS[self._count % len(self.STEPS)]:
            answer = self._session.simple(sql)
            if answer.error is not None:
                raise AssertionError(f"the disturber: {sql}: {answer.error}")
        self._count += 1

    def after(self):
        self._session.simple("ROLLBACK")

    def close(self):
        self._session.close()


class Nobody:
    """Instead of a disturber: the sessions of the case are alone."""

    def before(self):
        """Does nothing."""

    after = close = before
