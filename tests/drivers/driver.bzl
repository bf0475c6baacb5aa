"""Tests of drivers: one program each, run directly and through the router."""

load("//tests/support:defs.bzl", "pg_test")

def driver_test(driver, program, deps = []):
    """The test DRIVER_test of the program that driver_test.py starts for it.

    Args:
      driver: its name.
      program: a script, a Java source, or a target that makes an executable.
      deps: more files that the program needs.
    """
    pg_test(
        name = driver + "_test",
        srcs = ["driver_test.py"],
        env = {"DRIVER_PROGRAM": "$(location %s)" % program},
        deps = [program] + deps,
    )
