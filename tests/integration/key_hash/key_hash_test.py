"""Keys are read and hashed as PostgreSQL does: key_hash_proof against a live server."""

import os
import subprocess
import unittest

from tests.support import testing
from tests.support.cluster import Cluster

PROOF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "key_hash_proof")


def cases():
    """The proof's cases, as Suite.Case."""
    listed = subprocess.run([PROOF, "--gtest_list_tests"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    suite = ""
    for line in listed.splitlines():
        name = line.split("#")[0].strip()
        if line.startswith(" "):
            yield suite + name
        elif name.endswith("."):
            suite = name


class KeyHashTest(unittest.TestCase):

    @testing.timeout(240)
    def test_key_hash_proof(self):
        names = list(cases())
        self.assertGreater(len(names), 5)
        with Cluster(shards=1, standbys=0) as cluster:
            primary = cluster[0].primary
            environment = os.environ | {
                "PGBRAID_TEST_DSN": f"host={primary.folder} port={primary.port} "
                                    f"user=postgres dbname={cluster.database}"}
            for name in names:
                with self.subTest(name):
                    done = subprocess.run([PROOF, f"--gtest_filter={name}"], text=True,
                                          env=environment, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT)
                    print(done.stdout)
                    self.assertEqual(done.returncode, 0, done.stdout[-4000:])


if __name__ == "__main__":
    testing.main()
