"""What a contender can do follows from its program; a missing one says how to get it."""

import os
import pathlib
import tempfile
import unittest

from benchmarks.compare import contenders
from tests.support import testing

BACKEND = contenders.Backend((("127.0.0.1", 5432),), "postgres", "app")


class PgBouncerTest(unittest.TestCase):

    def of_version(self, said):
        """A contender whose program answers --version with `said`."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = os.path.join(folder.name, "pgbouncer")
        pathlib.Path(program).write_text(f"#!/bin/sh\necho '{said}'\n")
        os.chmod(program, 0o755)
        return contenders.PgBouncer(BACKEND, program, max_clients=100)

    def test_prepared_statements_need_1_21(self):
        self.assertNotIn("prepared", self.of_version("PgBouncer 1.18.0").modes)
        self.assertIn("prepared", self.of_version("PgBouncer 1.21.0").modes)

    def test_what_does_not_speak_like_pgbouncer_is_refused(self):
        with self.assertRaisesRegex(contenders.StartError, "does not speak like PgBouncer"):
            self.of_version("HAProxy version 2.6.12")

    def test_missing_program_says_how_to_get_it(self):
        with self.assertRaisesRegex(contenders.StartError, "--pgbouncer=PATH"):
            contenders.PgBouncer(BACKEND, "/nowhere/pgbouncer", max_clients=100)


class HaProxyTest(unittest.TestCase):

    def test_missing_program_says_how_to_get_it(self):
        with self.assertRaisesRegex(contenders.StartError, "--haproxy=PATH"):
            contenders.HaProxy(BACKEND, "/nowhere/haproxy", max_clients=100)


if __name__ == "__main__":
    testing.main()
