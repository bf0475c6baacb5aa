"""The statements of statements.txt over two and three shards: right, or refused."""

import re
import unittest

from tests.integration.sharding import sharded
from tests.support import testing
from tests.support.cluster import Cluster

cluster = testing.Shared(lambda: Cluster(shards=3, standbys=1))


def table():
    """Yields (line number, verdict, statement) for each entry of statements.txt."""
    entry = None
    for number, line in enumerate(sharded.read("statements.txt").splitlines(), 1):
        found = re.match(r"(same|refused|either)\s+(.*)", line)
        if found:
            if entry:
                yield entry
            entry = (number, found.group(1), found.group(2))
        elif line.startswith(" ") and entry:
            entry = (entry[0], entry[1], entry[2] + "\n" + line.strip())
    if entry:
        yield entry


class StatementsTest(unittest.TestCase):
    def check_all(self, count):
        tables = sharded.Sharded(cluster(), count)
        self.addCleanup(tables.close)
        router, alone = tables.connect(), tables.connect_alone()
        seen = {"same": 0, "refused": 0, "either": 0}
        for number, verdict, statement in table():
            with self.subTest(shards=count, line=number, statement=statement):
                seen[verdict] += 1
                answer = sharded.ask(router, statement)
                if answer.refused and verdict != "same":
                    self.assertTrue(answer.error[1], "a refusal without a reason")
                    continue
                expected = sharded.ask(alone, statement)
                self.assertNotEqual(verdict, "refused", f"not refused: {answer}")
                ordered = "ORDER BY" in statement or statement.startswith("VALUES")
                self.assertTrue(answer.same_as(expected, ordered),
                                f"\n  pgbraid:    {answer}\n  PostgreSQL: {expected}")
        self.assertGreaterEqual(sum(seen.values()), 300)
        self.assertGreaterEqual(seen["same"], 250)
        self.assertEqual(tables.misplaced(), [])
        router.close()
        alone.close()

    @testing.timeout(120)
    def test_two_shards(self):
        self.check_all(2)

    @testing.timeout(120)
    def test_three_shards(self):
        self.check_all(3)


if __name__ == "__main__":
    testing.main()
