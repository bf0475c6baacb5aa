"""Runs the C++ cases of catalog_cases on a shard with a standby and a shard without data."""

import os
import subprocess
import unittest

from tests.support import testing
from tests.support.cluster import Cluster

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "catalog_cases")
CLUSTER = testing.Shared(lambda: Cluster(shards=2, standbys=1))


def listed():
    """(suite, case) of everything in the program."""
    names = subprocess.run([CASES, "--gtest_list_tests"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    suite, found = "", []
    for line in names:
        if line.startswith("  "):
            found.append(suite + line.split()[0])
        elif line.endswith("."):
            suite = line
    return found


class CatalogTest(unittest.TestCase):
    @testing.timeout(120)
    def test_cases(self):
        environment = dict(os.environ)
        for node in CLUSTER().nodes:
            environment["PGBRAID_TEST_" + node.name.upper()] = f"{node.port}:{node.data}"
        cases = listed()
        self.assertGreater(len(cases), 20)
        for case in cases:
            with self.subTest(case):
                done = subprocess.run([CASES, f"--gtest_filter={case}"], text=True,
                                      env=environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=60)
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    testing.main()
