#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: the tables of dmabuf-top.8 describe each column in the words of --list-columns."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(TOP, os.environ.get("O", "out"), "dmabuf-top")


def described(page, view):
    """The rows (name, meaning) of the table below the heading of a view."""
    table = re.search(rf"^\.SS {view}\n(?:(?!\.SS ).*\n)*?\.TS\n.*\n.*\.\n((?:.*\n)*?)\.TE$", page, re.M)
    rows = re.sub(r"T\{\n(.*?)\nT\}", lambda m: m[1].replace("\n", " "), table[1], flags=re.S) if table else ""
    return [tuple(row.split("|", 1)) for row in rows.splitlines()]


views = {}
for line in subprocess.run([PROGRAM, "--list-columns"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[1:]:
    view, name, _, _, meaning = line.split(None, 4)
    views.setdefault(view, []).append((name, meaning))
ok(len(views) > 8, "dmabuf-top --list-columns lists the views", *views)
with open(f"{TOP}/man/dmabuf-top.8", encoding="utf-8") as f:
    page = f.read()
for view, rows in views.items():
    equal(described(page, view), rows, f"dmabuf-top.8 describes the columns of {view}")

PLANTED = ".SS a\nText.\n.TS\ntab(|) nokeep;\nl lx.\nx|one\ny|T{\ntwo\nlines\nT}\n.TE\n.SS b\n.SS c\n.TS\ntab(|) nokeep;\nl lx.\nz|three\n.TE\n"
equal([described(PLANTED, view) for view in "abc"], [[("x", "one"), ("y", "two lines")], [], [("z", "three")]],
      "a row may have several lines, and a heading has only its own table")
sys.exit(done())
