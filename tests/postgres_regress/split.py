"""How much of what a standby can run does go to one, over the suite.

The shadow (shadow.py) has said which statements a standby can run, the router's log where they
went. Counted are statements outside of transactions that a standby can run and that are not
about catalogs or the state of one server connection, in sessions without temporary objects
(such a session keeps its connection). The rest of what a standby can run is reported beside.
"""

import collections
import json
import os

from tests.postgres_regress import routes, shadow

EVENTUAL_TARGET = 0.90  # of those statements


def watch(cluster, runner_for, run, path):
    """Runs the suite beside a standby and writes what that can run to `path` (JSON)."""
    shard = cluster[0]
    with shadow.Shadow(shard.primary, shard.standbys[0]) as between:
        run(runner_for(between.host, between.port))
        names = shard.primary.sql(
            "SELECT relname::text FROM pg_class WHERE relnamespace IN "
            "('pg_catalog'::regnamespace, 'information_schema'::regnamespace)")
        files = collections.defaultdict(list)
        for read in between.reads:
            files[read.application.rpartition("/")[2]].append(
                (read.text, read.alike, read.temporary))
    with open(path, "w") as file:  # what is no UTF-8 is escaped
        json.dump({"files": files, "catalog": sorted({row[0] for row in names})}, file)


def functions_of(folder, names):
    """Names of all functions that the suite's files create."""
    found = set()
    for name in names:
        with open(os.path.join(folder, "sql", name + ".sql"), errors="surrogateescape") as file:
            found.update(routes.CREATES_FUNCTION.findall(file.read().lower()))
    return found


class Report:
    """What came of a run through the router. `slices` are parts of its log, by file."""

    def __init__(self, watched, functions, slices):
        classifier = routes.Classifier(watched["catalog"], functions)
        self.counts = collections.defaultdict(collections.Counter)
        self.errors = []
        for name, log in slices.items():
            found, errors = routes.parse(log)
            self.errors += errors
            shares = routes.share(watched["files"].get(name, []), found, classifier.kind)
            for kind, counter in shares.items():
                self.counts[kind] += counter

    def ratio(self, *kinds):
        """The share that went to a standby, of statements of these kinds."""
        total = sum((self.counts[kind] for kind in kinds), collections.Counter())
        found = sum(total.values()) - total["not found"]
        return total["standby"] / found if found else 0.0

    def text(self):
        """The figures."""
        lines = []
        for kind in sorted(self.counts):
            counter = self.counts[kind]
            lines.append(f"{kind}: {sum(counter.values())} statements that a standby can run, "
                         f"{self.ratio(kind):.1%} of them went to one")
            lines += [f"    {count:6} {where}" for where, count in counter.most_common(25)]
        refused = routes.wrongly_refused(self.errors)
        retried = sum(not error.relayed for error in self.errors)
        lines.append(f"errors of a standby: {retried} answered by the primary instead, "
                     f"{len(refused)} that a client got for being sent there")
        lines += [f"    {error.error}" for error in refused[:20]]
        return "\n".join(lines)
