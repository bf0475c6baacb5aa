"""What tools/test does once the machine is set up.

Each check (format, scripts, floors, build, demo) counts as one case; Bazel's tests
count by the cases in the XML that each of them wrote in this run. Only failures are
shown in full. The command for Bazel is `bazel`, or what $PGBRAID_BAZEL says.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.parse
import xml.etree.ElementTree as ElementTree

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
BAZEL = shlex.split(os.environ.get("PGBRAID_BAZEL", "bazel"))
QUIET = ["--color=no", "--curses=no", "--noshow_progress", "--ui_event_filters=-info,-debug"]
WENT_WELL = re.compile(r"^\[ RUN +\] .*\n\[ +OK \] .*\n", re.MULTILINE)
END_SECONDS = 60  # that an interrupted command has to end
TAIL_LINES = 200  # of the output of something that failed


class Totals:
    """How much passed and failed so far."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, ok):
        """Counts one check and says how it went."""
        print(f"{'ok' if ok else 'FAILED':8}{name}", flush=True)
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        return ok


def run(*command, timeout=None, **options):
    """Runs a command; (whether it exited 0, its output).

    Interrupted or out of time, it lets the command end in its own way: Bazel's client
    takes its build on the server back when it gets SIGINT.
    """
    process = subprocess.Popen(command, cwd=ROOT, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, **options)
    try:
        output = process.communicate(timeout=timeout)[0]
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return process.returncode == 0, output


def show(output):
    """Prints what something that failed had to say."""
    lines = output.splitlines()
    if len(lines) > TAIL_LINES:
        print(f"... {len(lines) - TAIL_LINES} lines left out")
    print("\n".join(lines[-TAIL_LINES:]), flush=True)


def checked(totals, name, *command, **options):
    """Runs a command as one check."""
    ok, output = run(*command, **options)
    if not ok:
        show(output)
    return totals.check(name, ok)


def check_scripts(totals):
    """Whether Python and shell files are at least well-formed."""
    ok = True
    for path in run("tools/tracked")[1].splitlines():
        with open(os.path.join(ROOT, path), "rb") as file:
            start = file.readline(200)
            source = start + file.read() if b"python" in start or path.endswith(".py") else b""
        if source:
            try:
                compile(source, path, "exec", dont_inherit=True)
            except SyntaxError as error:
                print(f"{path}:{error.lineno}: {error.msg}")
                ok = False
        elif path.endswith(".sh") or start.startswith(b"#!/bin/bash"):
            good, output = run("bash", "-n", path)
            if not good:
                print(output, end="")
                ok = False
    totals.check("scripts", ok)


def cases_of(xml_path):
    """(passed, failed, skipped) cases of one JUnit XML file, GoogleTest's or our own."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(xml_path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def show_log(label, path):
    """Prints the log of a test that failed, without GoogleTest's cases that went well."""
    print(f"--- {label}")
    if path:
        with open(path, errors="replace") as file:
            show(WENT_WELL.sub("", file.read()))


def file_of(outputs, name):
    """The local path of one of a test's outputs, or None."""
    for output in outputs:
        if output["name"] == name and output.get("uri", "").startswith("file://"):
            return urllib.parse.unquote(output["uri"].removeprefix("file://"))
    return None


def read_events(path):
    """From Bazel's event file: the last result of each test, and its overall status."""
    results, statuses = {}, {}
    with open(path) as file:
        for line in file:
            event = json.loads(line)
            if "testResult" in event:
                results[event["id"]["testResult"]["label"]] = event["testResult"]
            elif "testSummary" in event:
                statuses[event["id"]["testSummary"]["label"]] = event["testSummary"]["overallStatus"]
            elif "targetConfigured" in event["id"] and "configured" in event:
                if event["configured"].get("targetKind", "").endswith("_test rule"):
                    statuses.setdefault(event["id"]["targetConfigured"]["label"], "NOT BUILT")
    return results, statuses


def run_bazel_tests(totals, built):
    """Runs every test and counts its cases; a test without a result counts as one failure."""
    with tempfile.NamedTemporaryFile(prefix="pgbraid-events-") as events:
        ok, output = run(*BAZEL, "test", *QUIET, "--keep_going", "--test_output=summary",
                         "--test_summary=none", "--build_event_json_file=" + events.name, "//...")
        results, statuses = read_events(events.name)
    if built and not ok:  # else the build has shown it already
        show("\n".join(line for line in output.splitlines() if not line.startswith("FAIL: ")))
    print(f"{'cases':>8} test")
    failed_before = totals.failed
    for label in sorted(statuses):
        outputs = results.get(label, {}).get("testActionOutput", [])
        xml = file_of(outputs, "test.xml")
        passed, failed, skipped = cases_of(xml) if xml else (0, 0, 0)
        if statuses[label] != "PASSED":
            failed = max(failed, 1)
            show_log(label, file_of(outputs, "test.log"))
        words = f"{label}" + (f"  {failed} FAILED ({statuses[label]})" if failed else "")
        print(f"{passed + failed:8} {words}" + (f"  {skipped} skipped" if skipped else ""))
        totals.passed += passed
        totals.failed += failed
        totals.skipped += skipped
    if not statuses or (not ok and totals.failed == failed_before):
        totals.check("bazel test", False)
    sys.stdout.flush()


def run_all(totals):
    checked(totals, "format", "tools/format", "--check")
    check_scripts(totals)
    checked(totals, "floors", "tools/check_floors")
    built = checked(totals, "build", *BAZEL, "build", *QUIET, "--keep_going", "//...")
    run_bazel_tests(totals, built)
    if built:
        bin_folder = run(*BAZEL, "info", *QUIET, "bazel-bin")[1].strip().rpartition("\n")[2]
        program = os.path.join(bin_folder, "router/pgbraid")
        checked(totals, "demo", "tools/demo", "--check", env=os.environ | {"PGBRAID_BIN": program})
    else:
        totals.check("demo (not run: the build failed)", False)


def main():
    def stop(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, stop)
    totals = Totals()
    try:
        run_all(totals)
    except KeyboardInterrupt:
        totals.check("interrupted", False)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        totals.check("tools/test itself", False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end is short, and must be reached
    try:
        run(*BAZEL, "shutdown", timeout=END_SECONDS, start_new_session=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"bazel is not shut down: {error!r}")
    if totals.skipped:
        print(f"{totals.skipped} skipped")
    print(f"{totals.passed} passed, {totals.failed} failed", flush=True)
    sys.exit(0 if totals.passed and not totals.failed else 1)


if __name__ == "__main__":
    main()
