"""The measured samples, and the questions that the report asks of them.

Ratios are paired: both sides come from the same round, measured within seconds of each
other, so that what slows the whole machine down falls out. The median of the rounds'
ratios is the figure; absolute values are medians too, but only their ratios count.
"""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Sample:
    """One contender in one case in one round; metrics by name, units in the names."""

    round: int
    case: str
    contender: str
    metrics: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Spread:
    """A median over rounds, and between what they lay."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        if not values:
            return None
        return cls(statistics.median(values), min(values), max(values))


class Results:
    """All samples of a run."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)

    def has(self, case: str) -> bool:
        """Whether the run has measured anything in this case."""
        return any(sample.case == case for sample in self.samples)

    def value(self, case: str, contender: str, metric: str) -> Spread | None:
        """The metric over the rounds; None if it was never measured."""
        return Spread.of(list(self._by_round(case, contender, metric).values()))

    def ratio(self, case: str, contender: str, base: str, metric: str) -> Spread | None:
        """contender / base over the rounds that have both; None if there are none."""
        ours = self._by_round(case, contender, metric)
        theirs = self._by_round(case, base, metric)
        return Spread.of([ours[n] / theirs[n] for n in ours if theirs.get(n, 0) > 0])

    def _by_round(self, case: str, contender: str, metric: str) -> dict[int, float]:
        return {
            sample.round: sample.metrics[metric]
            for sample in self.samples
            if sample.case == case and sample.contender == contender and metric in sample.metrics
        }


@dataclasses.dataclass(frozen=True)
class Target:
    """A limit that pgbraid has to keep: on a metric, or on its ratio to `base`."""

    title: str
    case: str
    metric: str
    limit: float
    base: str = ""

    def measured(self, results: Results, contender: str) -> Spread | None:
        if self.base:
            return results.ratio(self.case, contender, self.base, self.metric)
        return results.value(self.case, contender, self.metric)

    def met(self, results: Results, contender: str) -> bool | None:
        """None if the run did not measure it."""
        spread = self.measured(results, contender)
        return None if spread is None else spread.median <= self.limit


TARGETS = (
    Target("CPU a transaction / PgBouncer's, simple, 32 clients", "simple 32", "cpu_us", 1.15,
           "PgBouncer"),
    Target("CPU a transaction / haproxy's, prepared, 32 clients", "prepared 32", "cpu_us", 1.25,
           "haproxy"),
    Target("KB resident for an idle client, logged in", "idle", "login_rss_kb", 2),
    Target("KB resident for an idle client, after a query", "idle", "queried_rss_kb", 2),
    Target("system calls a transaction, simple, 32 clients", "syscalls simple", "syscalls", 4.5),
    Target("system calls a transaction, extended, 32 clients", "syscalls extended", "syscalls",
           4.5),
    Target("system calls a transaction, prepared, 32 clients", "syscalls prepared", "syscalls",
           4.5),
)
