"""Runs the files of PostgreSQL's regression suite by psql, as its pg_regress does.

The files go one after another, in the order of the suite's parallel schedule: what one leaves
behind the next ones use, and whatever a connection keeps of one file meets the next one.
A file that hangs is ended after a while; its output up to then is what the others compare.
"""

import os
import subprocess
import time

from tests.support import postgres

DATABASE = "regression"
HANG_SECONDS = 180

# What pg_regress gives the database that it makes.
DATABASE_SETTINGS = {"lc_messages": "C", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C",
                     "bytea_output": "hex", "timezone_abbreviations": "Default"}


def files(folder, only=()):
    """Names of the schedule's files in order; `only` some, with what each of these needs."""
    names = []
    with open(os.path.join(folder, "parallel_schedule")) as schedule:
        for line in schedule:
            kind, _, rest = line.partition(":")
            if kind == "test":
                names += rest.split()
    unknown = set(only) - set(names)
    if unknown:
        raise ValueError(f"the suite has no {', '.join(sorted(unknown))}")
    return [name for name in names if not only or name in only or name == "test_setup"]


def prepare_database(primary):
    """Gives the database (made with the cluster) the settings that the suite expects."""
    for name, value in DATABASE_SETTINGS.items():
        primary.sql(f"ALTER DATABASE {DATABASE} SET {name} TO '{value}'")


class Runner:
    """Runs files of `material` against one address; outputs go to `folder`/NAME.out."""

    def __init__(self, material, host, port, folder):
        self._material = material
        self._address = {"PGHOST": host, "PGPORT": str(port)}
        self.folder = folder
        os.makedirs(os.path.join(folder, "results"), exist_ok=True)
        for path in (folder, os.path.join(folder, "results")):
            postgres.own(path)

    def output_path(self, name):
        """Where the output of a file goes."""
        return os.path.join(self.folder, name + ".out")

    def run(self, name, timeout=HANG_SECONDS):
        """Runs one file; (seconds, whether it came to its end)."""
        options = postgres.process_options()
        del options["stdin"]
        options["env"] = options["env"] | self._address | {
            "PGUSER": "postgres", "PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY",
            "PGOPTIONS": "-c intervalstyle=postgres_verbose",
            "PGAPPNAME": f"pg_regress/{name}", "LC_MESSAGES": "C",
            "PG_ABS_SRCDIR": self._material.sql, "PG_ABS_BUILDDIR": self.folder,
            "PG_LIBDIR": self._material.libraries, "PG_DLSUFFIX": ".so"}
        begin = time.monotonic()
        with open(os.path.join(self._material.sql, "sql", name + ".sql")) as script, \
             open(self.output_path(name), "w") as output:
            process = subprocess.Popen(
                [postgres.program("psql"), "-X", "-a", "-q", "-d", DATABASE,
                 "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"],
                cwd=self.folder, stdin=script, stdout=output, stderr=subprocess.STDOUT, **options)
            try:
                process.wait(timeout)
                ended = True
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                ended = False
        return time.monotonic() - begin, ended
