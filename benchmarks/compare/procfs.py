"""What the kernel says of a process and of the machine: CPU, memory, noise.

Everything is read from /proc, so that it costs the measured process nothing.
Times are in microseconds, memory is in KB.
"""

import dataclasses
import os
import pathlib
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


def _tree_ticks(root: int) -> int:
    """CPU time of `root` and all below it, with what was below it and has ended."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(entry.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(int(field) for field in fields[11:15])
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        total += ticks.get(pid, 0)
        todo += children.get(pid, [])
    return total


@dataclasses.dataclass(frozen=True)
class _Reading:
    total: int  # ticks of all cores
    busy: int
    steal: int
    own: int  # ticks of the benchmark and everything it started

    @classmethod
    def now(cls) -> "_Reading":
        with open("/proc/stat", encoding="ascii") as stat:
            user, nice, system, idle, wait, irq, softirq, steal = (
                int(word) for word in stat.readline().split()[1:9]
            )
        busy = user + nice + system + irq + softirq
        return cls(busy + idle + wait + steal, busy, steal, _tree_ticks(os.getpid()))


class NoiseWatch:
    """Notices what makes figures worthless: work of others, a hypervisor that takes CPU away.

    Every cell is put between begin() and end(). The work of others is what the cores did
    less what the benchmark and its descendants used, so it is seen while a cell runs.
    """

    # For a cell's connections to end: a process that ends while /proc is read may be missed.
    SETTLE_SECONDS = 0.2
    OTHERS_LIMIT = 0.10
    STEAL_LIMIT = 0.02

    def __init__(self) -> None:
        self._before = _Reading.now()
        self._others: list[float] = []
        self._stolen: list[float] = []

    def begin(self) -> None:
        self._before = _Reading.now()

    def end(self) -> float:
        """The share of all cores' time that others used since begin(); waits a little."""
        time.sleep(self.SETTLE_SECONDS)
        before, after = self._before, _Reading.now()
        total = max(1, after.total - before.total)
        others = (after.busy - before.busy) - (after.own - before.own)
        self._others.append(max(0.0, others / total))
        self._stolen.append((after.steal - before.steal) / total)
        return self._others[-1]

    def warnings(self) -> list[str]:
        found = []
        for shares, limit, what in (
            (self._others, self.OTHERS_LIMIT, "other work took"),
            (self._stolen, self.STEAL_LIMIT, "the hypervisor took"),
        ):
            over = [share for share in shares if share > limit]
            if over:
                found.append(
                    f"{what} more than {limit:.0%} of the CPU in {len(over)} of {len(shares)}"
                    f" cells, up to {max(over):.0%}"
                )
        return found
