"""Guarded folders take their processes along."""

import os
import subprocess
import sys
import time
import unittest

from tests.support import guard, testing


def sleeper(folder):
    """A process that runs in `folder`."""
    return subprocess.Popen(["sleep", "60"], cwd=folder)


class GuardTest(unittest.TestCase):

    def test_close_kills_what_runs_inside_and_nothing_else(self):
        outside = sleeper("/tmp")
        with guard.GuardedFolder() as folder:
            os.mkdir(folder.path + "/below")
            inside = [sleeper(folder.path), sleeper(folder.path + "/below")]
            self.assertEqual(sorted(guard.processes_in(folder.path)),
                             sorted(p.pid for p in inside))
        self.assertEqual([p.wait() for p in inside], [-9, -9])
        self.assertFalse(os.path.exists(folder.path))
        self.assertIsNone(outside.poll())
        outside.kill()
        outside.wait()

    def test_close_twice_is_harmless(self):
        folder = guard.GuardedFolder()
        folder.close()
        folder.close()
        self.assertFalse(os.path.exists(folder.path))

    def test_a_folder_that_exists_is_refused(self):
        with guard.GuardedFolder() as folder:
            with self.assertRaises(FileExistsError):
                guard.GuardedFolder(folder.path)
            self.assertTrue(os.path.exists(folder.path))

    def test_a_name_that_only_begins_alike_is_not_inside(self):
        with guard.GuardedFolder() as folder, guard.GuardedFolder(folder.path + "2") as other:
            process = sleeper(other.path)
            self.assertEqual(guard.processes_in(folder.path), [])
        process.wait()

    def test_a_kept_folder_lives_on_until_it_is_cleaned(self):
        folder = guard.GuardedFolder()
        process = sleeper(folder.path)
        folder.keep()
        folder.close()
        self.assertIsNone(process.poll())
        guard.clean(folder.path)
        self.assertEqual(process.wait(), -9)
        self.assertFalse(os.path.exists(folder.path))

    def test_a_forked_child_does_not_hold_the_folder(self):
        program = ("import os, sys, time\n"
                   "from tests.support import guard\n"
                   "folder = guard.GuardedFolder()\n"
                   "child = os.fork()\n"
                   "if child == 0:\n"
                   "    sys.stdout.close()\n"
                   "    os.close(1)\n"
                   "    time.sleep(60)\n"
                   "    os._exit(0)\n"
                   "print(folder.path, child, flush=True)\n"
                   "os._exit(0)\n")
        done = subprocess.run([sys.executable, "-c", program], text=True, stdout=subprocess.PIPE)
        path, child = done.stdout.split()
        deadline = time.monotonic() + 5
        while os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(os.kill(int(child), 9), None)  # it still lived


if __name__ == "__main__":
    testing.main()
