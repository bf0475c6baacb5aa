"""One cell each: a contender under one load, measured.

Every function returns a dict of metrics by name; units are in the names.
"""

import functools
import pathlib
import re
import signal
import socket
import subprocess
import time

from benchmarks.compare import contenders, pgclient, procfs
from tests.support import postgres

# The share of transactions whose latency pgbench writes down.
LATENCY_SAMPLES = 0.2
ROW_BYTES = 100


class CellError(Exception):
    """The load did not run as it should; its figures would mean nothing."""


def _pgbench_command(target, mode: str, clients: int, length: list[str]) -> list[str]:
    return [
        postgres.program("pgbench"),
        "--select-only",
        "--no-vacuum",
        f"--protocol={mode}",
        f"--client={clients}",
        "--jobs=1",
        "--host=127.0.0.1",
        f"--port={target.port}",
        f"--username={target.backend.user}",
        *length,
        target.backend.database,
    ]


def _run(command: list[str], folder: pathlib.Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=postgres.process_options()["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise CellError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def _transactions(said: str) -> int:
    processed = re.search(r"transactions actually processed: (\d+)", said)
    if processed is None or "failed transactions: 0 " not in said:
        raise CellError(f"pgbench did not finish cleanly:\n{said[-2000:]}")
    return int(processed[1])


def warm_up(target, mode: str, folder: pathlib.Path) -> None:
    """Fills pools and caches, so that cells find every contender running."""
    _run(_pgbench_command(target, mode, 32, ["--transactions=50"]), folder)


def pgbench(
    target, mode: str, clients: int, seconds: int, folder: pathlib.Path
) -> dict[str, float]:
    """Throughput, latency, and the proxy's CPU time for each transaction.

    The CPU time includes the clients' logins, 32 at most for tens of thousands
    of transactions.
    """
    length = [
        f"--time={seconds}",
        "--log",
        f"--log-prefix={folder / 'latency'}",
        f"--sampling-rate={LATENCY_SAMPLES}",
    ]
    before = procfs.cpu(target.pid) if target.pid else None
    said = _run(_pgbench_command(target, mode, clients, length), folder)
    used = procfs.cpu(target.pid).since(before) if target.pid else None
    transactions = _transactions(said)
    metrics = _latency_percentiles(folder)
    metrics["tps"] = float(re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)[1])
    if used:
        metrics["cpu_us"] = used.exact_us / transactions
        metrics["user_us"] = used.user_us / transactions
        metrics["system_us"] = used.system_us / transactions
    return metrics


def _latency_percentiles(folder: pathlib.Path) -> dict[str, float]:
    latencies = []
    for path in folder.glob("latency.*"):
        with open(path, encoding="ascii") as log:
            latencies += [int(line.split(" ", 3)[2]) for line in log]
        path.unlink()
    if not latencies:
        raise CellError("pgbench sampled no latency; the cell is too short")
    latencies.sort()
    return {
        f"p{percent}_us": float(latencies[len(latencies) * percent // 100])
        for percent in (50, 99)
    }


@functools.cache
def counter() -> str:
    """What counts system calls here: "perf" (barely slows), "strace", or ""."""
    for tool, probe in (
        ("perf", ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"]),
        ("strace", ["strace", "-c", "true"]),
    ):
        try:
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return tool
        except FileNotFoundError:
            pass
    return ""


def system_calls(
    target, mode: str, seconds: int, folder: pathlib.Path
) -> dict[str, float]:
    """The proxy's system calls for each transaction, at 32 clients.

    Never mixed with the timed cells: counting slows the proxy down. The one
    that counts most gently is used; strace changes how work batches.
    """
    load = _pgbench_command(target, mode, 32, [f"--time={seconds}"])
    count = {"perf": _count_by_perf, "strace": _count_by_strace}[counter()]
    calls, said = count(target.pid, load, folder)
    return {"syscalls": calls / _transactions(said)}


def _count_by_perf(pid: int, load: list[str], folder: pathlib.Path) -> tuple[int, str]:
    output = folder / "perf"
    event = ["-e", "raw_syscalls:sys_enter", "-p", str(pid)]
    said = _run(["perf", "stat", "-x", ",", "-o", str(output), *event, "--", *load], folder)
    return int(re.search(r"^(\d+),", output.read_text(), re.MULTILINE)[1]), said


def _count_by_strace(
    pid: int, load: list[str], folder: pathlib.Path
) -> tuple[int, str]:
    output = folder / "strace"
    strace = subprocess.Popen(
        ["strace", "-c", "-f", "-o", str(output), "-p", str(pid)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        strace.stderr.readline()  # "Process N attached"
        said = _run(load, folder)
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate()
    total = [
        line for line in output.read_text().splitlines() if line.endswith(" total")
    ]
    return int(total[0].split()[3]), said


def bulk(target, megabytes: int) -> dict[str, float]:
    """Rows of 100 bytes, read as fast as they come and thrown away."""
    rows = megabytes * 1_000_000 // ROW_BYTES
    backend = target.backend
    with pgclient.connect(
        "127.0.0.1", target.port, backend.user, backend.database, timeout=120
    ) as sock:
        pgclient.query(sock, _bulk_query(1000))
        before = procfs.cpu(target.pid) if target.pid else None
        started = time.monotonic()
        received_mb = pgclient.query(sock, _bulk_query(rows)) / 1e6
        seconds = time.monotonic() - started
        metrics = {"mb_per_s": received_mb / seconds}
        if before:
            used = procfs.cpu(target.pid).since(before)
            metrics["cpu_us_per_mb"] = used.exact_us / received_mb
    if received_mb < megabytes:
        raise CellError(f"{target.name} returned {received_mb:.0f} MB of {megabytes}")
    return metrics


def _bulk_query(rows: int) -> str:
    return f"select repeat('x', {ROW_BYTES}) from generate_series(1, {rows})"


def idle_clients(
    proxy: contenders.Contender, count: int, folder: pathlib.Path
) -> dict[str, float]:
    """KB that each of `count` idle clients adds to a fresh process.

    `login_*` once they have logged in, `queried_*` once each has also run one
    query and waits for its next. Starts `proxy` in `folder` and stops it.
    """
    clients: list[socket.socket] = []
    try:
        proxy.start(folder)
        backend = proxy.backend

        def connect() -> socket.socket:
            return pgclient.connect(
                "127.0.0.1", proxy.port, backend.user, backend.database
            )

        with connect() as first:  # opens the pool, loads what is loaded once
            pgclient.query(first, "select 1")
        metrics = {}
        before = _settled_memory(proxy.pid)
        for _ in range(count):
            clients.append(connect())
        metrics |= _growth("login", before, _settled_memory(proxy.pid), count)
        for client in clients:
            pgclient.query(client, "select 1")
        metrics |= _growth("queried", before, _settled_memory(proxy.pid), count)
        return metrics
    finally:
        for client in clients:
            client.close()
        proxy.stop()


def _settled_memory(pid: int) -> dict[str, int]:
    time.sleep(0.3)
    return procfs.memory_kb(pid)


def _growth(
    when: str, before: dict[str, int], after: dict[str, int], count: int
) -> dict[str, float]:
    return {
        f"{when}_{kind}_kb": (after[kind] - before[kind]) / count for kind in after
    }
