"""Tests of the arithmetic on samples and of what the report makes of them."""

import unittest

from benchmarks.compare import report
from benchmarks.compare.results import Results, Sample, Spread, Target
from tests.support import testing


def results_of(case, metric, **rounds_by_contender):
    results = Results()
    for contender, values in rounds_by_contender.items():
        for number, value in enumerate(values):
            if value is not None:
                results.add(Sample(number, case, contender, {metric: value}))
    return results


class ResultsTest(unittest.TestCase):
    def test_value_is_the_median_with_its_range(self):
        results = results_of("simple 32", "cpu_us", pgbraid=[12, 30, 11])
        self.assertEqual(results.value("simple 32", "pgbraid", "cpu_us"), Spread(12, 11, 30))

    def test_value_of_what_was_not_measured_is_none(self):
        results = results_of("simple 32", "cpu_us", direct=[])
        self.assertIsNone(results.value("simple 32", "direct", "cpu_us"))

    def test_ratio_pairs_rounds_so_that_a_slow_round_falls_out(self):
        # The second round ran at half speed for both: the ratio of medians would be 1.
        results = results_of("simple 32", "cpu_us", pgbraid=[11, 44, 22], haproxy=[10, 40, 20])
        self.assertEqual(
            results.ratio("simple 32", "pgbraid", "haproxy", "cpu_us"), Spread(1.1, 1.1, 1.1)
        )

    def test_ratio_leaves_out_rounds_that_miss_a_side(self):
        results = results_of("simple 32", "cpu_us", pgbraid=[10, 30, 10], haproxy=[5, None, 5])
        self.assertEqual(results.ratio("simple 32", "pgbraid", "haproxy", "cpu_us").median, 2)


class TargetTest(unittest.TestCase):
    TARGET = Target("CPU", "simple 32", "cpu_us", 1.15, "PgBouncer")

    def test_is_met_up_to_its_limit(self):
        for ours, met in ((115, True), (116, False)):
            results = results_of("simple 32", "cpu_us", pgbraid=[ours], PgBouncer=[100])
            self.assertIs(self.TARGET.met(results, "pgbraid"), met)

    def test_is_undecided_when_the_base_is_missing(self):
        results = results_of("simple 32", "cpu_us", pgbraid=[100])
        self.assertIsNone(self.TARGET.met(results, "pgbraid"))


class ReportTest(unittest.TestCase):
    def test_marks_pass_fail_and_not_measured(self):
        results = results_of("idle", "login_rss_kb", pgbraid=[1.5])
        results.add(Sample(0, "syscalls simple", "pgbraid", {"syscalls": 9.0}))
        lines = report.targets_table(results, ["pgbraid"])
        by_title = {line.split(" | ")[0].strip("| "): line for line in lines}
        self.assertIn("pass", by_title["KB resident for an idle client, logged in"])
        self.assertIn("FAIL", by_title["system calls a transaction, simple, 32 clients"])
        self.assertIn("n/a", by_title["system calls a transaction, prepared, 32 clients"])

    def test_load_table_says_not_available_for_a_mode_a_contender_lacks(self):
        results = results_of("prepared 32", "tps", direct=[20000], PgBouncer=[])
        lines = report.load_table(results, ["direct", "PgBouncer"])
        row = next(line for line in lines if line.startswith("| prepared | 32 | PgBouncer"))
        self.assertEqual(set(row.split(" | ")[3:]), {"n/a", "n/a |"})


if __name__ == "__main__":
    testing.main()
