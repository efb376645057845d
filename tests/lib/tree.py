# SPDX-License-Identifier: GPL-2.0
"""The text files of the project, for lint tests.

    for path, text in tree(TOP):    # path below TOP, in order
"""
import os
import re

from lab import TOP  # noqa: F401

# Screens and data, which hold output of the tools
DATA = re.compile(r"^tests/.*/golden/|\.(snap|json|csv|png|svg|data)$")


def tree(top):
    """Yield the path and the text of each file that was not built and is not data."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in (".git", "out", "__pycache__"))
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), top)
            with open(os.path.join(folder, name), "rb") as f:
                raw = f.read()
            if not DATA.search(path) and b"\0" not in raw:
                yield path, raw.decode("utf-8", "replace")
