"""The main program of Python tests reports what happened, also when a case hangs."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as ElementTree

from tests.support import testing

HEADER = """\
import ctypes, os, signal, time, unittest
from tests.support import testing

"""
FOOTER = """

if __name__ == "__main__":
    testing.LAST_SECONDS = 0.3
    testing.main()
"""


class TestingTest(unittest.TestCase):

    def run_file(self, body, *arguments):
        """Runs a test file of these lines: exit status, output, outcomes by case."""
        with tempfile.TemporaryDirectory() as folder:
            path, xml = os.path.join(folder, "sample_test.py"), os.path.join(folder, "test.xml")
            with open(path, "w") as file:
                file.write(HEADER + textwrap.dedent(body) + FOOTER)
            done = subprocess.run([sys.executable, path, *arguments], text=True, timeout=30,
                                  env=dict(os.environ, XML_OUTPUT_FILE=xml),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            outcomes = {}
            if os.path.exists(xml):
                for case in ElementTree.parse(xml).iter("testcase"):
                    outcomes[case.get("name")] = case[0].tag if len(case) else "passed"
            return done.returncode, done.stdout, outcomes

    def test_each_case_is_in_the_xml(self):
        status, output, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.assertEqual("a\\x01", "b")
                def test_error(self): raise KeyError("x")
                @unittest.skip("for a reason")
                def test_skipped(self): pass
            """)
        self.assertEqual(status, 1)
        self.assertEqual(outcomes, {"test_good": "passed", "test_bad": "failure",
                                    "test_error": "failure", "test_skipped": "skipped"})
        self.assertIn("1 passed, 2 failed, 1 skipped", output)
        self.assertIn("FAILED SampleTest.test_bad", output)

    def test_each_subtest_is_a_case(self):
        status, _, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                def test_table(self):
                    for n in range(3):
                        with self.subTest(n=n):
                            self.assertNotEqual(n, 1)
            """)
        self.assertEqual(status, 1)
        self.assertEqual(outcomes, {"test_table (n=0)": "passed", "test_table (n=1)": "failure",
                                    "test_table (n=2)": "passed"})

    def test_all_passed_is_success_and_no_cases_are_not(self):
        passing = "class SampleTest(unittest.TestCase):\n    def test_good(self): pass\n"
        self.assertEqual(self.run_file(passing)[0], 0)
        self.assertEqual(self.run_file("")[0], 1)

    def test_only_the_named_cases_run(self):
        _, _, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                def test_one(self): pass
                def test_two(self): pass
            """, "SampleTest.test_two")
        self.assertEqual(outcomes, {"test_two": "passed"})

    def test_a_case_that_hangs_fails_and_the_others_run(self):
        status, output, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                @testing.timeout(0.2)
                def test_a_hangs(self): time.sleep(60)
                def test_b_good(self): pass
            """)
        self.assertEqual(status, 1)
        self.assertEqual(outcomes, {"test_a_hangs": "failure", "test_b_good": "passed"})
        self.assertIn("in test_a_hangs", output)  # the stack

    def test_a_case_that_hangs_outside_python_ends_the_file_with_a_report(self):
        status, output, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                def test_a_good(self): pass
                @testing.timeout(0.2)
                def test_b_hangs(self):
                    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
                    time.sleep(60)
            """)
        self.assertEqual(status, 1)
        self.assertEqual(outcomes, {"test_a_good": "passed", "test_b_hangs": "failure"})

    def test_sigterm_ends_the_file_with_a_report(self):
        status, _, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                def test_a_good(self): pass
                def test_b_ended(self): os.kill(os.getpid(), signal.SIGTERM)
            """)
        self.assertEqual(status, 1)
        self.assertEqual(outcomes, {"test_a_good": "passed", "test_b_ended": "failure"})

    def test_shared_fixtures_are_made_once_show_logs_and_are_closed(self):
        _, output, _ = self.run_file("""\
            class Fixture:
                def __init__(self): print("made")
                def logs(self): return "the log"
                def close(self): print("closed")
            SHARED = testing.Shared(Fixture)
            class SampleTest(unittest.TestCase):
                def test_one(self): SHARED()
                def test_two(self): self.assertIsNone(SHARED())
            """)
        self.assertEqual([output.count(word) for word in ("made", "the log", "closed")], [1, 1, 1])

    def test_a_failing_class_fixture_is_a_failure(self):
        status, _, outcomes = self.run_file("""\
            class SampleTest(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise RuntimeError("no servers")
                def test_one(self): pass
            """)
        self.assertEqual(status, 1)
        self.assertEqual(list(outcomes.values()), ["failure"])


if __name__ == "__main__":
    testing.main()
