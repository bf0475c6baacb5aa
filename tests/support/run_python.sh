#!/bin/bash
# Runs a Python test of ours by Debian's Python, which has psycopg (any other
# in PATH may not), with the runfiles' root to import from.
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$@"
