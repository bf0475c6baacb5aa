"""The comparison of the regression suite's outputs finds what differs."""

import os
import tempfile
import unittest

from tests.postgres_regress import compare
from tests.support import testing

TEXT = "SELECT 1;\n ?column? \n----------\n        1\n(1 row)\n"


class CompareTest(unittest.TestCase):
    """Verdicts on single files."""

    def test_equal_outputs_are_the_same(self):
        verdict = compare.compare("int4", TEXT, TEXT)
        self.assertEqual((verdict.kind, verdict.changed_lines, verdict.reason),
                         (compare.SAME, 0, ""))

    def test_one_other_value_is_a_difference(self):
        verdict = compare.compare("int4", TEXT, TEXT.replace("        1", "        2"))
        self.assertEqual((verdict.kind, verdict.changed_lines), (compare.DIFFERS, 2))
        self.assertEqual(verdict.reason, "-        1")

    def test_white_space_is_a_difference(self):
        verdict = compare.compare("int4", TEXT, TEXT.replace("        1", "       1"))
        self.assertEqual(verdict.kind, compare.DIFFERS)

    def test_an_error_more_is_a_difference(self):
        verdict = compare.compare("int4", TEXT, TEXT + "ERROR:  no\n")
        self.assertEqual((verdict.kind, verdict.reason), (compare.DIFFERS, "+ERROR:  no"))

    def test_an_output_that_is_cut_is_a_difference(self):
        verdict = compare.compare("int4", TEXT, TEXT[:-8])
        self.assertEqual(verdict.kind, compare.DIFFERS)
        self.assertEqual(compare.compare("int4", TEXT, "").kind, compare.DIFFERS)

    def test_a_hang_is_never_the_same(self):
        self.assertEqual(compare.compare("int4", TEXT, TEXT, ended=False).kind, compare.HANGS)

    def test_what_direct_runs_disagree_about_is_not_called_the_same(self):
        self.assertEqual(compare.compare("int4", TEXT, TEXT + "x\n", unstable=True).kind,
                         compare.UNSTABLE)


class FoldersTest(unittest.TestCase):
    """Verdicts on whole runs."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)

    def write(self, run, **outputs):
        folder = os.path.join(self._folder.name, run)
        os.mkdir(folder)
        for name, text in outputs.items():
            with open(os.path.join(folder, name + ".out"), "wb") as file:
                file.write(text)
        return folder

    def test_each_file_gets_its_verdict(self):
        direct = self.write("direct", a=b"1\n", b=b"1\n", c=b"1\n", d=b"1\n")
        routed = self.write("routed", a=b"1\n", b=b"2\n", c=b"1\n", d=b"2\n")
        verdicts = compare.compare_folders("abcd", direct, routed, hung=["c"], unstable=["d"])
        self.assertEqual([v.kind for v in verdicts], [compare.SAME, compare.DIFFERS,
                                                      compare.HANGS, compare.UNSTABLE])
        self.assertEqual(compare.same(verdicts), 1)
        names = [line.split()[0] for line in compare.table(verdicts).splitlines()]
        self.assertEqual(names, ["file", "b", "c", "d"])

    def test_the_table_is_empty_if_all_are_the_same(self):
        folder = self.write("run", a=b"1\n")
        self.assertEqual(compare.table(compare.compare_folders("a", folder, folder)), "")

    def test_bytes_that_are_no_text_are_compared_too(self):
        direct = self.write("direct", a=b"\xff\n")
        routed = self.write("routed", a=b"\xfe\n")
        self.assertEqual(compare.same(compare.compare_folders("a", direct, routed)), 0)
        self.assertEqual(compare.same(compare.compare_folders("a", direct, direct)), 1)

    def test_files_that_direct_runs_disagree_about_are_found(self):
        first = self.write("first", a=b"1\n", b=b"1\n")
        second = self.write("second", a=b"1\n", b=b"2\n")
        self.assertEqual(compare.unstable_files("ab", first, second), ["b"])


if __name__ == "__main__":
    testing.main()
