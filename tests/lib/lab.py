# SPDX-License-Identifier: GPL-2.0
"""tests/lab/targets and what tests say of themselves, for programs on the host.

    targets()                 [{"name": "7.x", "suite": "trixie", …}, …], in the table's order
    depends("tests/cli/x.t")  what the test depends on: a list of DEPENDS
    layer("tests/cli/x.t")    the layer whose kernel it needs (column layer of the table), or None
"""
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# kernel: runs on every target; user space: on one target of each suite; nothing: on one target;
# host: without any VM. A line "# Depends on:" of each test names at least one.
DEPENDS = ("kernel", "user space", "nothing", "host")


def targets():
    """The table's rows, by column."""
    with open(f"{TOP}/tests/lab/targets", encoding="utf-8") as f:
        head, *rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return [dict(zip(head, row)) for row in rows]


def _line(path, what):
    with open(f"{TOP}/{path}", encoding="utf-8") as f:
        line = re.search(rf"^# {what}: (.*)$", f.read(), re.M)
    return line and line[1]


def depends(path):
    """A list of DEPENDS, or [] if the test says nothing."""
    return [word.strip() for word in (_line(path, "Depends on") or "").split(",") if word]


def layer(path):
    """As in a line "# Needs layer: debug", or None."""
    return _line(path, "Needs layer")
