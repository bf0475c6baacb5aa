"""Compares the outputs of two runs, file by file, and writes the table of what differs."""

import dataclasses
import difflib
import os

SAME, DIFFERS, HANGS, UNSTABLE = "same", "differs", "hangs", "unstable"


@dataclasses.dataclass
class Verdict:
    """What came of one file. `diff` holds unified diff lines, direct run first."""
    name: str
    kind: str
    diff: list

    @property
    def changed_lines(self):
        """How many lines differ, on both sides together."""
        return sum(line[:1] in "+-" and not line.startswith(("+++", "---")) for line in self.diff)

    @property
    def reason(self):
        """The first line that differs, as the table shows it."""
        for line in self.diff:
            if line[:1] in "+-" and not line.startswith(("+++", "---")):
                return line.rstrip("\n")
        return ""


def compare(name, direct, routed, ended=True, unstable=False):
    """The verdict on one file. `direct` and `routed` are texts.

    A file that hangs never counts as the same, nor does one that two direct runs disagree
    about, unless the routed run agrees with the one given.
    """
    diff = list(difflib.unified_diff(direct.splitlines(True), routed.splitlines(True),
                                     "direct", "routed", n=3))
    if not ended:
        return Verdict(name, HANGS, diff)
    if not diff:
        return Verdict(name, SAME, diff)
    return Verdict(name, UNSTABLE if unstable else DIFFERS, diff)


def compare_folders(names, direct, routed, hung=(), unstable=()):
    """Verdicts for all files; outputs are `direct`/NAME.out and `routed`/NAME.out."""
    return [compare(name, _read(direct, name), _read(routed, name), name not in hung,
                    name in unstable) for name in names]


def unstable_files(names, first, second):
    """Files whose output two direct runs disagree about."""
    return [name for name in names if _read(first, name) != _read(second, name)]


def _read(folder, name):
    with open(os.path.join(folder, name + ".out"), errors="surrogateescape") as file:
        return file.read()


def table(verdicts):
    """The files that are not the same, as text: file, verdict, lines, first difference."""
    rows = [f"{'file':28} {'verdict':9} lines  first difference"]
    rows += [f"{v.name:28} {v.kind:9} {v.changed_lines:5}  {v.reason[:100]}"
             for v in verdicts if v.kind != SAME]
    return "\n".join(rows) if len(rows) > 1 else ""


def same(verdicts):
    """How many files are the same."""
    return sum(v.kind == SAME for v in verdicts)
