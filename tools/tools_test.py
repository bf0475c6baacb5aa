"""What tools/test counts, and what tools/check_floors finds."""

import importlib.machinery
import importlib.util
import json
import os
import tempfile
import unittest

from tests.support import testing


def load(name):
    """A program in this folder, as a module."""
    path = os.path.join(os.path.dirname(__file__), name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


run_tests = load("run_tests.py")
check_floors = load("check_floors")


class CountingTest(unittest.TestCase):

    def file(self, text):
        """The path of a file with this text."""
        file = self.enterContext(tempfile.NamedTemporaryFile("w"))
        file.write(text)
        file.flush()
        return file.name

    def test_cases_of_googletest_are_counted_singly(self):
        xml = self.file("""<testsuites><testsuite>
            <testcase name="A" status="run" result="completed"/>
            <testcase name="B" status="run"><failure message="x"/><failure message="y"/></testcase>
            <testcase name="C" status="run" result="skipped"><skipped message="z"/></testcase>
            <testcase name="DISABLED_D" status="notrun" result="suppressed"/>
            </testsuite></testsuites>""")
        self.assertEqual(run_tests.cases_of(xml), (1, 1, 2))

    def test_a_crash_that_bazel_reports_is_a_failure(self):
        xml = self.file('<testsuites><testsuite><testcase name="x"><error message="exited with '
                        'error code 139"/></testcase></testsuite></testsuites>')
        self.assertEqual(run_tests.cases_of(xml), (0, 1, 0))

    def test_events_give_the_last_result_and_tests_that_were_not_built(self):
        configured = [{"id": {"targetConfigured": {"label": label}},
                       "configured": {"targetKind": kind}}
                      for label, kind in (("//a:t", "cc_test rule"), ("//a:u", "sh_test rule"),
                                          ("//a:l", "cc_library rule"))]
        outputs = [{"name": "test.log", "uri": "file:///x/test.log"},
                   {"name": "test.xml", "uri": "file:///x%20y/test.xml"}]
        ran = [{"id": {"testResult": {"label": "//a:t"}},
                "testResult": {"status": "PASSED", "testActionOutput": outputs}},
               {"id": {"testSummary": {"label": "//a:t"}},
                "testSummary": {"overallStatus": "PASSED"}}]
        events = self.file("\n".join(map(json.dumps, configured + ran)))
        results, statuses = run_tests.read_events(events)
        self.assertEqual(statuses, {"//a:t": "PASSED", "//a:u": "NOT BUILT"})
        found = run_tests.file_of(results["//a:t"]["testActionOutput"], "test.xml")
        self.assertEqual(found, "/x y/test.xml")


class FloorsTest(unittest.TestCase):

    def test_folders_below_and_the_own_one_are_allowed(self):
        for path, included in (("pool/a.cc", "net/b.h"), ("pool/a.cc", "pool/b.h"),
                               ("router/merge/a.cc", "router/b.h"), ("net/a.h", "base/b.h"),
                               ("router/main.cc", "admin/b.h"), ("tests/x.cc", "router/b.h"),
                               ("wire/a.h", "absl/status/status.h")):
            self.assertIsNone(check_floors.breach(path, included), (path, included))

    def test_folders_beside_and_above_are_not(self):
        for path, included in (("net/a.cc", "wire/b.h"), ("base/a.cc", "net/b.h"),
                               ("feed/a.cc", "router/b.h"), ("pool/a_test.cc", "router/b.h"),
                               ("router/session.cc", "admin/b.h"), ("base/status.cc", "status.h")):
            self.assertIsNotNone(check_floors.breach(path, included), (path, included))


if __name__ == "__main__":
    testing.main()
