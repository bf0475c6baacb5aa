"""Where PostgreSQL's programs are, and as whom they run."""

import functools
import glob
import os
import pwd
import subprocess


class NotInstalled(Exception):
    """PostgreSQL, or the user that it should run as, is missing on this machine."""


@functools.cache
def bin_folder():
    """The folder of the newest server's programs; $PGBRAID_PG_BIN goes first."""
    if named := os.environ.get("PGBRAID_PG_BIN"):
        candidates = [named]
    else:
        candidates = glob.glob("/usr/lib/postgresql/*/bin")
        candidates.sort(key=lambda path: float(path.split("/")[-2]), reverse=True)
    for folder in candidates:
        if os.access(os.path.join(folder, "initdb"), os.X_OK):
            return folder
    where = named or "/usr/lib/postgresql/*/bin"
    raise NotInstalled(f"no PostgreSQL server found in {where}; tools/setup installs it")


def program(name):
    """The full path of one of PostgreSQL's programs."""
    return os.path.join(bin_folder(), name)


@functools.cache
def user():
    """The passwd entry of the user that servers run as: oneself, or postgres for root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise NotInstalled("PostgreSQL does not run as root, and there is no user 'postgres'; "
                           "tools/setup installs PostgreSQL with that user") from None


def process_options():
    """What subprocess needs so that a program runs as user(), in an environment of its own."""
    account = user()
    options = {
        "env": {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": "/",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        },
        "stdin": subprocess.DEVNULL,
    }
    if os.geteuid() == 0:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


def run(name, *arguments):
    """Runs one of PostgreSQL's programs to its end; its words are in the error if it fails."""
    done = subprocess.run([program(name), *arguments], cwd="/", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **process_options())
    if done.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(arguments)} failed ({done.returncode}):\n"
                           f"{done.stdout}")
    return done.stdout


def own(path):
    """Gives a file or folder to user()."""
    if os.geteuid() == 0:
        os.chown(path, user().pw_uid, user().pw_gid)
