"""PostgreSQL's regression suite, from Debian's source package, made ready to run.

    material = source.prepare()
    material.sql             the suite's folder: sql/, expected/, data/, parallel_schedule
    material.libraries       regress.so, autoinc.so and refint.so

The suite has to be of the server's very version. The archive drops a version's source when a
newer one replaces it; if that of the installed server is gone, the server and psql of the
newest source there is are unpacked beside it and used instead of the installed ones.

Everything is kept in FOLDER, outside of the tree, and made once for each version. apt works in
a folder of its own: the machine's sources, lists, caches and packages are not touched.
"""

import dataclasses
import os
import shutil
import subprocess

from tests.support import postgres

FOLDER = os.environ.get("PGBRAID_REGRESS_DIR", f"/var/tmp/pgbraid-postgres-{os.geteuid()}")
MIRROR = "http://deb.debian.org/debian"

MAKEFILE = """MODULES = regress
PG_CONFIG = {pg_config}
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
"""


@dataclasses.dataclass
class Material:
    """What a run needs. `version` is that of the source, and of the server that runs."""
    sql: str
    libraries: str
    version: str


def prepare():
    """Fetches and builds what is not there yet; from here on servers are of its version."""
    major = postgres.bin_folder().split("/")[-2]
    package = f"postgresql-{major}"
    installed = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], check=True,
                               text=True, stdout=subprocess.PIPE).stdout.strip()
    place = os.path.join(FOLDER, f"for-{installed}")
    if not os.path.isdir(place):
        os.makedirs(FOLDER, mode=0o755, exist_ok=True)
        _make(place, package, installed, major)
    programs = os.path.join(place, "server/usr/lib/postgresql", major, "bin")
    if os.path.isdir(programs):
        os.environ["PGBRAID_PG_BIN"] = programs
        postgres.bin_folder.cache_clear()
    with open(os.path.join(place, "version")) as file:
        version = file.read()
    return Material(os.path.join(place, "source/src/test/regress"),
                    os.path.join(place, "libraries"), version)


def _make(place, package, installed, major):
    """Makes the folder `place`, all or nothing."""
    build = place + ".build"
    shutil.rmtree(build, ignore_errors=True)
    os.makedirs(build)
    apt = _Apt(os.path.join(FOLDER, "apt"))
    for version in apt.versions(package, installed):
        if apt.get_source(package, version, build):
            break
    else:
        raise RuntimeError(f"Debian's archive has no source of {package}")
    if version != installed:
        names = (package, f"postgresql-client-{major}", f"postgresql-server-dev-{major}")
        apt.get_packages(names, version, build)
    _build_libraries(build, major)
    with open(os.path.join(build, "version"), "w") as file:
        file.write(version)
    os.rename(build, place)


class _Apt:
    """apt with sources, lists and caches of its own in `folder`."""

    def __init__(self, folder):
        self._folder = folder

    def versions(self, package, installed):
        """Versions of the source package: the installed one first, then from the newest on."""
        self._update()
        done = self._run("apt-cache", "showsrc", package, capture=True)
        found = [line.split()[1] for line in done.splitlines() if line.startswith("Version: ")]
        found.sort(key=lambda v: (v == installed, [int(n) for n in v.split("-")[0].split(".")]),
                   reverse=True)
        return found

    def get_source(self, package, version, folder):
        """The patched source in `folder`/source; False if the archive has it no more."""
        try:
            self._run("apt-get", "source", "--download-only", f"{package}={version}", cwd=folder)
        except subprocess.CalledProcessError:
            print(f"regress: the archive has no source of {package} {version} any more")
            return False
        dsc = next(name for name in os.listdir(folder) if name.endswith(".dsc"))
        # apt has checked it by the archive's signature.
        subprocess.run(["dpkg-source", "--no-check", "-x", dsc, "source"], cwd=folder,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True

    def get_packages(self, packages, version, folder):
        """The files of binary packages in `folder`/server."""
        self._run("apt-get", "download", *(f"{name}={version}" for name in packages), cwd=folder)
        for name in os.listdir(folder):
            if name.endswith(".deb"):
                subprocess.run(["dpkg-deb", "-x", name, "server"], cwd=folder, check=True)

    def _update(self):
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self._folder, name), exist_ok=True)
        with open(os.path.join(self._folder, "sources.list"), "w") as file:
            file.writelines(f"{kind} {uri} {suite} main\n" for uri, suite in self._suites()
                            for kind in ("deb", "deb-src"))
        self._run("apt-get", "update")

    def _suites(self):
        """Where the machine gets Debian's packages from: (URI, suite)."""
        with open("/etc/os-release") as file:
            release = dict(line.strip().split("=", 1) for line in file if "=" in line)
        codename = release["VERSION_CODENAME"].strip('"')
        done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)",
                               "Created-By: Packages"], text=True, stdout=subprocess.PIPE,
                              check=True)
        places = sorted({tuple(line.split()) for line in done.stdout.splitlines()
                         if line.split()[1].startswith(codename)})
        return places or [(MIRROR, codename), (MIRROR + "-security", codename + "-security")]

    def _run(self, program, *arguments, cwd=None, capture=False):
        options = {"Dir::Etc::sourcelist": f"{self._folder}/sources.list",
                   "Dir::Etc::sourceparts": "-", "Dir::State::lists": f"{self._folder}/lists",
                   "Dir::Cache": f"{self._folder}/cache", "APT::Sandbox::User": "root",
                   "Acquire::Retries": "3"}
        command = [program] + [f"-o{name}={value}" for name, value in options.items()]
        done = subprocess.run(command + list(arguments), cwd=cwd, text=True, check=True,
                              stdout=subprocess.PIPE, stderr=None if capture else subprocess.STDOUT)
        return done.stdout


def _build_libraries(folder, major):
    """`folder`/libraries: regress.so, and the two of contrib that the suite loads."""
    target = os.path.join(folder, "libraries")
    os.makedirs(target)
    shutil.copy(os.path.join(folder, "source/src/test/regress/regress.c"), target)
    unpacked = os.path.join(folder, "server/usr/lib/postgresql", major)
    server = unpacked if os.path.isdir(unpacked) else os.path.dirname(postgres.bin_folder())
    with open(os.path.join(target, "Makefile"), "w") as file:
        file.write(MAKEFILE.format(pg_config=os.path.join(server, "bin/pg_config")))
    subprocess.run(["make", "--silent", "with_llvm=no"], cwd=target, check=True)
    for name in ("autoinc.so", "refint.so"):
        shutil.copy(os.path.join(server, "lib", name), target)
