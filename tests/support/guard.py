"""A temporary folder that takes every process running in it along when it goes.

A process belongs to the folder if its working directory is inside: PostgreSQL's
processes stay in their data folder, and what tests start is given a working
directory here. The folder and its processes go when `close()` is called, when the
process that made the folder ends, and also when that process is killed with -9:
a small watchdog waits for the end of a pipe that only the maker holds, and does the
cleaning in all of these cases.

Run as a program (`guard.py FOLDER`), this file is that watchdog.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref

QUIT_GRACE = 3.0  # seconds that a postmaster has for its immediate shutdown
KEEP = b"keep"

ROOM = 4 << 30  # bytes that must be free in memory for folders to be made there

_live = weakref.WeakSet()


def base_folder():
    """Where fresh folders are made: $PGBRAID_TMP, else in memory if there is room, or /tmp.

    Memory makes a new cluster several times faster. The paths are short, since those of
    Unix sockets are limited to 107 bytes.
    """
    if named := os.environ.get("PGBRAID_TMP"):
        return named
    try:
        memory = os.statvfs("/dev/shm")
        with open("/proc/meminfo") as file:
            available = dict(line.split()[:2] for line in file)["MemAvailable:"]
        free = min(memory.f_bavail * memory.f_frsize, int(available) * 1024)
    except (OSError, KeyError):
        return "/tmp"
    return "/dev/shm" if free >= ROOM and os.access("/dev/shm", os.W_OK) else "/tmp"


class GuardedFolder:
    """Owner of the folder at `path`; usable as a context manager.

    Readable by everyone (0755), since servers may run as another user.
    """

    def __init__(self, path=None, prefix="pgbraid-"):
        """Makes a new folder: at `path`, which must not exist, or a fresh one."""
        if path is None:
            path = tempfile.mkdtemp(prefix=prefix, dir=base_folder())
        else:
            os.mkdir(path)
        self.path = os.path.realpath(path)
        os.chmod(self.path, 0o755)
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", os.path.realpath(__file__), self.path],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        )
        _live.add(self)

    def close(self):
        """Kills what runs in the folder and removes it; returns when that is done."""
        self._end(b"")

    def keep(self):
        """Lets the folder and its processes outlive this process; see `clean()`."""
        self._end(KEEP)

    def _end(self, message):
        _live.discard(self)
        if self._watchdog is None:
            return
        try:
            self._watchdog.stdin.write(message)
            self._watchdog.stdin.close()
        except BrokenPipeError:
            pass
        self._watchdog.wait()
        self._watchdog = None

    def _forget(self):
        """In a forked child: the parent's pipe must not stay open here."""
        if self._watchdog is not None:
            os.close(self._watchdog.stdin.fileno())
            self._watchdog = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _forget_all():
    for folder in list(_live):
        folder._forget()


os.register_at_fork(after_in_child=_forget_all)


def processes_in(folder):
    """The ids of the living processes whose working directory is in `folder`."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            cwd = os.readlink(f"/proc/{entry}/cwd")
        except OSError:  # gone, a zombie, or another user's
            continue
        if cwd == folder or cwd.startswith(folder + "/") or cwd == folder + " (deleted)":
            found.append(int(entry))
    return found


def signal_all(pids, number):
    """Sends a signal to each of the processes that still lives."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def clean(folder):
    """Kills what runs in the folder, then removes it."""
    pids = processes_in(folder)
    postmasters = [pid for pid in pids if _is_postmaster(pid)]
    signal_all(pids, signal.SIGCONT)
    signal_all([p for p in pids if p not in postmasters and _parent(p) not in postmasters],
               signal.SIGKILL)
    # Not SIGKILL at once: an immediate shutdown also gives shared memory back.
    signal_all(postmasters, signal.SIGQUIT)
    deadline = time.monotonic() + QUIT_GRACE
    while pids := processes_in(folder):
        if time.monotonic() > deadline:
            signal_all(pids, signal.SIGKILL)
        time.sleep(0.01)
    _free_shared_memory(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _is_postmaster(pid):
    try:
        with open(f"/proc/{pid}/cwd/postmaster.pid") as file:
            return int(file.readline()) == pid
    except (OSError, ValueError):
        return False


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _free_shared_memory(folder):
    """Frees the System V segments of postmasters that were killed with -9.

    Line 7 of postmaster.pid holds such a segment's key and id.
    """
    stale = set()
    for path in glob.glob(os.path.join(glob.escape(folder), "**/postmaster.pid"), recursive=True):
        with open(path) as file:
            lines = file.read().splitlines()
        if len(lines) > 6 and len(lines[6].split()) == 2:
            stale.add(tuple(lines[6].split()))
    if not stale:
        return
    with open("/proc/sysvipc/shm") as file:
        columns = file.readline().split()
        for line in file:
            row = dict(zip(columns, line.split()))
            unsigned_key = str(int(row["key"]) & 0xFFFFFFFF)
            if row["nattch"] == "0" and (unsigned_key, row["shmid"]) in stale:
                subprocess.run(["ipcrm", "-m", row["shmid"]], check=False)


def _watch(folder):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() != KEEP:
        clean(folder)


if __name__ == "__main__":
    _watch(sys.argv[1])
