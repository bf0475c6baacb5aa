"""Tests in Python that run on real PostgreSQL servers and the real router."""

def pg_test(name, srcs = None, router = True, exclusive = False, size = "medium", args = [], deps = [], **kwargs):
    """A Python file (NAME.py) that ends in `testing.main()`, run by Debian's Python.

    Args:
      name: of the target; by default also of the file.
      srcs: the file, if it is called otherwise (one file).
      router: whether it needs //router:pgbraid.
      exclusive: alone on the machine, for what measures time. Otherwise the test
        counts as two busy cores.
      size: medium (300 s) unless it says otherwise.
      args: of its command line.
      deps: more files that it reads or imports.
      **kwargs: as for any test.
    """
    srcs = srcs or [name + ".py"]
    tags = kwargs.pop("tags", []) + ["local", "exclusive" if exclusive else "cpu:2"]
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests/support:run_python.sh"],
        args = ["$(location %s)" % srcs[0]] + args,
        data = srcs + deps + ["//tests/support"] + (["//router:pgbraid"] if router else []),
        tags = tags,
        **kwargs
    )
