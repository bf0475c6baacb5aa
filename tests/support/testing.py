"""The main program of our Python tests: unittest, with what tests on real servers need.

    CLUSTER = testing.Shared(lambda: Cluster(shards=2))

    class FailoverTest(unittest.TestCase):
        @testing.timeout(90)
        def test_promotion_is_followed(self):
            CLUSTER().shards[0].standbys[0].promote()

    if __name__ == "__main__":
        testing.main()

- Every case, and every subTest, is one case in the JUnit XML that Bazel asks for.
- A case that hangs is failed after its time with the stacks of all threads. If not even
  that ends it, or Bazel loses its patience, the file ends with what is known so far.
- Shared fixtures are closed at the end, whatever happened. After a failure the end of
  their logs is printed, if they have logs().
- Options: names of cases to run (`FailoverTest.test_promotion_is_followed`), -v.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree

CASE_SECONDS = 60  # for a case that does not say otherwise
LAST_SECONDS = 15  # that a timed-out case has to unwind

_shared = []


class Shared:
    """A fixture for all cases of a file: made when first asked for, closed at the end."""

    def __init__(self, make):
        self._make = make
        self._value = None
        self._error = None
        _shared.append(self)

    def __call__(self):
        """The fixture. One that could not be made is not tried again for every case."""
        if self._error is not None:
            raise RuntimeError("the shared fixture could not be made") from self._error
        if self._value is None:
            try:
                self._value = self._make()
            except Exception as error:
                self._error = error
                raise
        return self._value

    def reset(self):
        """Closes it now, for cases that leave it in ruins; the next one gets a new one."""
        value, self._value = self._value, None
        if value is not None:
            value.close()

    def logs(self):
        """What it has to say after a failure."""
        return self._value.logs() if hasattr(self._value, "logs") else ""


def timeout(seconds):
    """Decorates a case that needs more (or less) than CASE_SECONDS."""
    def mark(case):
        case.timeout_seconds = seconds
        return case
    return mark


class CaseTimeout(Exception):
    """The case took longer than it may."""


class _Result(unittest.TestResult):
    """Remembers every case and guards its time."""

    def __init__(self, verbose):
        super().__init__()
        self.cases = []  # (class, name, seconds, kind, text); kind: passed failed skipped
        self._verbose = verbose
        self._had_subtests = False
        self._started = time.monotonic()
        self._backstop = None
        self.current = None

    def startTest(self, test):
        super().startTest(test)
        self.current, self._had_subtests, self._started = test, False, time.monotonic()
        method = getattr(test, test._testMethodName)
        seconds = getattr(method, "timeout_seconds", CASE_SECONDS)

        def expired(*_):
            faulthandler.dump_traceback(sys.stderr)
            raise CaseTimeout(f"not done after {seconds} s")

        signal.signal(signal.SIGALRM, expired)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        self._backstop = threading.Timer(
            seconds + LAST_SECONDS, _give_up, (self, f"hangs, still after {seconds} s"))
        self._backstop.daemon = True
        self._backstop.start()

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._backstop.cancel()
        self.current = None
        super().stopTest(test)

    def addSuccess(self, test):
        if not self._had_subtests:
            self._add(test, "passed", "")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._add(test, "failed", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._add(test, "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._add(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._add(test, "failed", "expectedFailure is not for this project: " +
                  self._exc_info_to_string(err, test))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._add(test, "failed", "passed, but is marked as expectedFailure")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        self._had_subtests = True
        text = "" if err is None else self._exc_info_to_string(err, subtest)
        self._add(subtest, "passed" if err is None else "failed", text)
        self._started = time.monotonic()

    def failed(self):
        return [case for case in self.cases if case[3] == "failed"]

    def _add(self, test, kind, text):
        identity = test.id().removeprefix("__main__.")
        group, _, name = identity.partition(".")
        seconds = time.monotonic() - self._started
        self.cases.append((group, name or group, seconds, kind, text))
        if kind == "failed":
            print(f"=== FAILED {identity} ({seconds:.1f} s)\n{text}", flush=True)
            _print_logs()
        elif self._verbose:
            print(f"{kind} {identity} ({seconds:.1f} s) {text}", flush=True)


def _print_logs():
    for fixture in _shared:
        if logs := fixture.logs():
            print(logs, flush=True)


def _give_up(result, why):
    """Ends the process now, with a report. The guarded folders' watchdogs clean up."""
    faulthandler.dump_traceback(sys.stderr)
    if result.current is not None:
        result._add(result.current, "failed", why)
    else:
        result.cases.append(("main", "ended", 0.0, "failed", why))
    _write_xml(result)
    sys.stdout.flush()
    os._exit(1)


def _printable(text):
    """XML 1.0 knows no control characters."""
    return "".join(c if c in "\n\t" or c >= " " else f"\\x{ord(c):02x}" for c in text)


def _write_xml(result):
    path = os.environ.get("XML_OUTPUT_FILE")
    if not path:
        return
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name=name, tests=str(len(result.cases)),
                                   failures=str(len(result.failed())), errors="0")
    for group, case_name, seconds, kind, text in result.cases:
        case = ElementTree.SubElement(suite, "testcase", classname=group,
                                      name=_printable(case_name), time=f"{seconds:.3f}")
        if kind == "failed":
            message = text.strip().rpartition("\n")[2]
            failure = ElementTree.SubElement(case, "failure", message=_printable(message))
            failure.text = _printable(text)
        elif kind == "skipped":
            ElementTree.SubElement(case, "skipped", message=_printable(text))
    ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def main():
    """Runs the cases of the program's file and exits 0 if all passed, and there were any."""
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    module = sys.modules["__main__"]
    loader = unittest.defaultTestLoader
    suite = (loader.loadTestsFromNames(arguments, module) if arguments
             else loader.loadTestsFromModule(module))
    result = _Result(verbose="-v" in sys.argv)
    # Bazel ends a file that takes too long with SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: _give_up(result, "ended by SIGTERM"))
    try:
        suite.run(result)
    finally:
        for fixture in reversed(_shared):
            fixture.reset()
    _write_xml(result)
    failed, skipped = len(result.failed()), sum(case[3] == "skipped" for case in result.cases)
    passed = len(result.cases) - failed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(0 if passed and not failed else 1)
