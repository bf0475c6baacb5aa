"""Results as Markdown, for people, and as plain values, for JSON."""

import dataclasses

from benchmarks.compare.results import TARGETS, Results, Spread

MODES = ("simple", "extended", "prepared")
CLIENTS = (1, 32)
NOT_MEASURED = "n/a"


def markdown(results: Results, contenders: list[str], setting: str, warnings: list[str]) -> str:
    """The whole report. `contenders` in the order of its rows; `setting` says what ran where."""
    parts = [
        ["# pgbraid and its peers, side by side", "", setting],
        [f"**Warning:** {warning}." for warning in warnings],
        ["## Summary", "", *summary_table(results, contenders)],
    ]
    if load := load_table(results, contenders):
        parts.append(["## pgbench -S", "", *load])
    if ours(contenders):
        parts.append(["## Targets", "", *targets_table(results, ours(contenders))])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def ours(contenders: list[str]) -> list[str]:
    return [name for name in contenders if name.startswith("pgbraid")]


def summary_table(results: Results, contenders: list[str]) -> list[str]:
    """A row for each contender: the proxy's costs, and what it does with bulk rows."""
    columns = [
        *((f"CPU us/tx, {mode} 32", f"{mode} 32", "cpu_us", 1) for mode in MODES),
        ("CPU us/tx, simple 1", "simple 1", "cpu_us", 1),
        ("KB/idle client", "idle", "login_rss_kb", 2),
        ("KB/idle client after a query", "idle", "queried_rss_kb", 2),
        ("bulk MB/s", "bulk", "mb_per_s", 0),
        ("bulk CPU us/MB", "bulk", "cpu_us_per_mb", 0),
        *((f"syscalls/tx, {mode}", f"syscalls {mode}", "syscalls", 2) for mode in MODES),
    ]
    rows = [
        [name, *(_number(results.value(case, name, metric), digits)
                 for _, case, metric, digits in columns)]
        for name in contenders
    ]
    return _table(["", *(title for title, *_ in columns)], rows)


def load_table(results: Results, contenders: list[str]) -> list[str]:
    """Rows by mode and number of clients that ran, and by contender; ratios are paired by round."""
    titles = ["mode", "clients", "", "TPS", "TPS/direct", "p50 us", "p99 us", "CPU us/tx", "user",
              "system", "CPU/PgBouncer", "CPU/haproxy"]
    rows = []
    for mode in MODES:
        for clients in CLIENTS:
            case = f"{mode} {clients}"
            if not results.has(case):
                continue
            rows += [[mode, str(clients), name, *_load_cells(results, case, name)]
                     for name in contenders]
    return _table(titles, rows) if rows else []


def _load_cells(results: Results, case: str, name: str) -> list[str]:
    def value(metric: str, digits: int) -> str:
        return _number(results.value(case, name, metric), digits)

    def ratio(base: str, metric: str) -> str:
        return _number(results.ratio(case, name, base, metric), 2)

    return [value("tps", 0), ratio("direct", "tps"), value("p50_us", 0), value("p99_us", 0),
            value("cpu_us", 1), value("user_us", 1), value("system_us", 1),
            ratio("PgBouncer", "cpu_us"), ratio("haproxy", "cpu_us")]


def targets_table(results: Results, contenders: list[str]) -> list[str]:
    """A row for each target; medians with the range over the rounds, and pass or FAIL."""
    rows = []
    for target in TARGETS:
        cells = []
        for name in contenders:
            spread = target.measured(results, name)
            if spread is None:
                cells.append(NOT_MEASURED)
            else:
                mark = "pass" if target.met(results, name) else "**FAIL**"
                cells.append(f"{_number(spread, 2)} ({spread.low:.2f}..{spread.high:.2f}) {mark}")
        rows.append([target.title, f"<= {target.limit}", *cells])
    return _table(["target", "limit", *contenders], rows)


def all_met(results: Results, contenders: list[str]) -> bool:
    """Whether every target was measured and kept, by every pgbraid."""
    return all(
        target.met(results, name) for target in TARGETS for name in ours(contenders)
    )


def as_json(results: Results, contenders: list[str], setting: dict, warnings: list[str]) -> dict:
    """Every sample, the setting, and the verdict on each target."""
    verdicts = [
        {
            **dataclasses.asdict(target),
            "contender": name,
            "measured": _spread_as_dict(target.measured(results, name)),
            "met": target.met(results, name),
        }
        for target in TARGETS
        for name in ours(contenders)
    ]
    return {
        "setting": setting,
        "warnings": warnings,
        "contenders": contenders,
        "targets": verdicts,
        "samples": [dataclasses.asdict(sample) for sample in results.samples],
    }


def _spread_as_dict(spread: Spread | None) -> dict | None:
    return None if spread is None else dataclasses.asdict(spread)


def _number(spread: Spread | None, digits: int) -> str:
    return NOT_MEASURED if spread is None else f"{spread.median:.{digits}f}"


def _table(titles: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cells) + " |"

    return [line(titles), line(["---"] * len(titles)), *(line(row) for row in rows)]
