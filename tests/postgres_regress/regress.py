"""PostgreSQL's own regression suite through the router, beside a direct run.

One shard: a primary and a standby that streams from it. The suite runs directly against a
fresh cluster, twice to find files that are unstable by themselves; then through the router
against another fresh one. The direct output is the expected one.

Outputs, differences and the router's log stay in the folder that is named at the end.
"""

import argparse
import json
import os
import shutil
import sys
import time

from tests.postgres_regress import compare, routes, source, split, suite
from tests.support.cluster import Cluster
from tests.support.router import Router

# How many files must be the same, of the whole suite.
TARGETS = {"session": 212, "transaction": 206}

SETTINGS = {"max_connections": 100, "max_wal_size": "2GB", "shared_buffers": "128MB"}


def log(text):
    """A line about the run itself."""
    print(f"regress: {text}", flush=True)


def run_files(runner, names, options, before=lambda name: None):
    """Runs files in order, each after before(NAME); the names of those that hung."""
    begin = time.monotonic()
    hung = []
    for name in names:
        before(name)
        seconds, ended = runner.run(name)
        if not ended:
            hung.append(name)
        if options.verbose or not ended:
            log(f"{name} {seconds:.1f} s{'' if ended else ', HANGS'}")
    log(f"{len(names)} files in {time.monotonic() - begin:.0f} s")
    return hung


def fresh_cluster(standbys):
    """A cluster with the suite's database."""
    cluster = Cluster(shards=1, standbys=standbys, database=suite.DATABASE, settings=SETTINGS)
    suite.prepare_database(cluster[0].primary)
    cluster.wait_for_replay()
    return cluster


def run_direct(material, names, folder, options):
    """The suite without a router."""
    if os.path.exists(os.path.join(folder, "done")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    with fresh_cluster(standbys=0) as cluster:
        primary = cluster[0].primary
        log("direct run")
        run_files(suite.Runner(material, "127.0.0.1", primary.port, folder), names, options)
    with open(os.path.join(folder, "done"), "w"):
        pass


def run_beside_standby(material, names, folder, options):
    """What a standby can run of the suite; see split.py."""
    path = os.path.join(folder, "reads.json")
    if not os.path.exists(path):
        with fresh_cluster(standbys=1) as cluster:
            log("direct run, beside a standby")
            split.watch(cluster, lambda host, port: suite.Runner(material, host, port, folder),
                        lambda runner: run_files(runner, names, options), path)
    with open(path) as file:
        return json.load(file)


def run_routed(material, names, folder, options):
    """The suite through the router: files that hung, and the router's log file by file."""
    shutil.rmtree(folder, ignore_errors=True)
    places = {}
    with fresh_cluster(standbys=1) as cluster:
        flags = dict(flag.split("=", 1) for flag in options.router)
        with Router(shards=cluster.shards_flag(), database=suite.DATABASE,
                    pool_mode=options.pool_mode, consistency=options.consistency,
                    log_routes=True, **flags) as router:
            runner = suite.Runner(material, router.host, router.port, folder)
            log(f"run through the router: {options.pool_mode} pooling, "
                f"{options.consistency} consistency")
            try:
                hung = run_files(runner, names, options, lambda name: places.update(
                    {name: os.path.getsize(router.log_path)}))
            finally:
                shutil.copy(router.log_path, os.path.join(folder, "router.log"))
                for node in cluster.nodes:
                    shutil.copy(node.log_path, os.path.join(folder, f"{node.name}.log"))
    with open(os.path.join(folder, "router.log"), "rb") as file:
        whole = file.read()
    ends = list(places.values())[1:] + [len(whole)]
    return hung, {name: whole[place:end].decode(errors="surrogateescape")
                  for (name, place), end in zip(places.items(), ends)}


def write_diffs(verdicts, path):
    """All differences, one after another, and the table."""
    with open(path, "w", errors="surrogateescape") as file:
        file.write(compare.table(verdicts) + "\n")
        for verdict in verdicts:
            if verdict.diff:
                file.write(f"\n=== {verdict.name}: {verdict.kind}\n{''.join(verdict.diff)}")


def compare_outputs(material, names, base, folder, options):
    """Runs all, prints what came of it, and tells whether that is less than it should be."""
    direct = [os.path.join(base, f"direct-{number}") for number in (1, 2)]
    for place in direct:
        run_direct(material, names, place, options)
    watched = run_beside_standby(material, names, os.path.join(base, "standby"), options)
    unstable = compare.unstable_files(names, *direct)
    if unstable:
        log(f"unstable by themselves: {', '.join(unstable)}")
    hung, logs = run_routed(material, names, folder, options)
    verdicts = compare.compare_folders(names, direct[0], folder, hung, unstable)
    write_diffs(verdicts, os.path.join(folder, "differences"))
    report = split.Report(watched, split.functions_of(material.sql, names), logs)
    print(compare.table(verdicts))
    print(report.text())
    same, ratio = compare.same(verdicts), report.ratio("plain")
    refused = len(routes.wrongly_refused(report.errors))
    log(f"{same} of {len(names)} files are the same in {options.pool_mode} pooling, "
        f"{options.consistency} consistency")
    log(f"{ratio:.1%} of what a standby can run went to one, {refused} wrongly refused there")
    if options.consistency == "eventual":
        # Outputs differ where a standby was behind: that is what eventual means.
        wanted = options.pool_mode == "transaction" and not options.only
        return refused > 0 or bool(hung) or (wanted and ratio < split.EVENTUAL_TARGET)
    target = TARGETS[options.pool_mode] if not options.only else len(names)
    return refused > 0 or same < target


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool_mode", choices=("session", "transaction"), default="transaction")
    parser.add_argument("--consistency", choices=("session", "eventual", "strong"),
                        default="session")
    parser.add_argument("--only", default="", help="some files, separated by commas")
    parser.add_argument("--router", action="append", default=[], metavar="FLAG=VALUE",
                        help="another flag of the router's")
    parser.add_argument("--keep_direct", action="store_true",
                        help="take the direct outputs of an earlier run of the same files")
    parser.add_argument("--verbose", action="store_true", help="name each file as it ends")
    options = parser.parse_args()

    material = source.prepare()
    log(f"PostgreSQL {material.version}")
    names = suite.files(material.sql, [n for n in options.only.split(",") if n])
    base = os.path.join(source.FOLDER, "runs-some" if options.only else "runs")
    if not options.keep_direct:
        shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base, exist_ok=True)
    folder = os.path.join(base, f"{options.pool_mode}-{options.consistency}")
    failed = compare_outputs(material, names, base, folder, options)
    print(f"outputs and the router's log: {folder}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
