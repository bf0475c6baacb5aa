"""What the kernel says of a process and of the machine: CPU, memory, noise.

Everything is read from /proc, so that it costs the measured process nothing.
Times are in microseconds, memory is in KB.
"""

import dataclasses
import os
import pathlib
import statistics
import time

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Cpu:
    """CPU time that a process has used since it started.

    `exact_us` comes from the scheduler (nanoseconds, living threads only);
    `user_us` and `system_us` come from the tick counters and only tell how
    the exact time splits.
    """

    exact_us: float
    user_us: float
    system_us: float

    def since(self, earlier: "Cpu") -> "Cpu":
        """The time used from `earlier` to this reading, split to add up."""
        user = self.user_us - earlier.user_us
        system = self.system_us - earlier.system_us
        total = self.exact_us - earlier.exact_us
        share = user / (user + system) if user + system > 0 else 0.0
        return Cpu(total, total * share, total * (1 - share))


def cpu(pid: int) -> Cpu:
    """Reads the CPU time of all threads of `pid`."""
    proc = pathlib.Path("/proc", str(pid))
    # The command's name may hold spaces; what follows its ")" does not.
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    user_us, system_us = (
        int(fields[i]) * 1e6 / _TICKS_PER_SECOND for i in (11, 12)
    )
    try:
        exact_us = sum(
            int((task / "schedstat").read_text().split()[0]) / 1e3
            for task in (proc / "task").iterdir()
        )
    except FileNotFoundError:  # a kernel without CONFIG_SCHED_INFO
        exact_us = user_us + system_us
    return Cpu(exact_us, user_us, system_us)


def memory_kb(pid: int) -> dict[str, int]:
    """`rss` (resident) and `pss` (shared pages divided among sharers)."""
    wanted = {"Rss:": "rss", "Pss:": "pss"}
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        words = line.split()
        if words[0] in wanted:
            found[wanted[words[0]]] = int(words[1])
    return found


@dataclasses.dataclass(frozen=True)
class _Machine:
    total: int
    idle: int
    steal: int


def _machine() -> _Machine:
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    return _Machine(sum(ticks), ticks[3] + ticks[4], ticks[7])


class NoiseWatch:
    """Notices what makes figures worthless: other load, a stingy hypervisor.

    `sample_quiet()` is called between cells, when nothing of the benchmark
    runs; what is busy then is somebody else's. Stolen time is taken over the
    whole run.
    """

    QUIET_SECONDS = 0.2
    BUSY_LIMIT = 0.15
    STEAL_LIMIT = 0.02

    def __init__(self) -> None:
        self._start = _machine()
        self._busy: list[float] = []

    def sample_quiet(self) -> None:
        before = _machine()
        time.sleep(self.QUIET_SECONDS)
        after = _machine()
        total = max(1, after.total - before.total)
        self._busy.append(1 - (after.idle - before.idle) / total)

    def stolen(self) -> float:
        """The share of CPU time that the hypervisor gave to others."""
        now = _machine()
        return (now.steal - self._start.steal) / max(
            1, now.total - self._start.total
        )

    def busy(self) -> float:
        """How busy the machine was in the median when it should have been idle."""
        return statistics.median(self._busy) if self._busy else 0.0

    def warnings(self) -> list[str]:
        found = []
        if self.busy() > self.BUSY_LIMIT:
            found.append(f"other work kept the machine {self.busy():.0%} busy between cells")
        if self.stolen() > self.STEAL_LIMIT:
            found.append(f"{self.stolen():.1%} of the CPU time was stolen by the hypervisor")
        return found
