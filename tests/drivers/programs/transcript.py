"""What the Python programs share: steps that print what they see.

    def prepared():
        show(connection.execute(...).fetchone())

    main([prepared, ...], [by_key, ...])
"""

import os
import sys
import traceback

LANE = os.environ.get("LANE", "lane_a")


def show(*values):
    """One line of the transcript."""
    print(*(value if isinstance(value, str) else repr(value) for value in values), flush=True)


def run(steps):
    """Runs the steps, one after another; an exception ends only its own step."""
    failed = 0
    for step in steps:
        print(f"== {step.__name__}", flush=True)
        try:
            step()
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("!!", line, flush=True)
    return failed


def main(session, sharded):
    """Runs what the command line asks for: `session` or `sharded`."""
    sys.exit(1 if run(sharded if sys.argv[1:] == ["sharded"] else session) else 0)
