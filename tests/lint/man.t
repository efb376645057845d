#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""TAP: each command has a man page that man renders without a warning, and they agree on the options."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok, skip  # noqa: E402

COMMANDS = ("dmabuf-top", "dmabuf-trace", "dmabuf-trace record", "dmabuf-trace report", "dmabuf-trace export", "dmabuf-trace diff",
            "dmabuf-trace doctor", "dmabuf-trace live", "dmabuf-trace stat", "dmabuf-trace metrics", "dmabuf-trace leaks")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.path.join(top, os.environ.get("O", "out"))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                          env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})


pages = {}
for page in sorted({command.split()[0] for command in COMMANDS}):
    path = f"{top}/man/{page}.8"
    if not os.path.exists(path):
        skip(f"{page}.8", "not written yet")
        continue
    p = run("man", "--warnings", "-E", "UTF-8", "-l", path)
    equal((p.returncode, p.stderr), (0, ""), f"man --warnings: {page}.8")
    pages[page] = set(OPTION.findall(run("man", "--nh", "--nj", "-E", "ASCII", "-l", path).stdout))

for page in ("dmabuf_tools.4", "dmabuf-trace.data.5"):
    p = run("man", "--warnings", "-E", "UTF-8", "-l", f"{top}/man/{page}")
    equal((p.returncode, p.stderr), (0, ""), f"man --warnings: {page}")

helps = {page: set() for page in pages}
for command in COMMANDS:
    page, *sub = command.split()
    if page not in pages:
        continue
    p = run(os.path.join(build, page), *sub, "--help")
    equal((p.returncode, p.stderr), (0, ""), f"{command} --help")
    lines = p.stdout.splitlines()
    ok(len(lines) <= 24 and max(map(len, lines)) <= 80, f"{command} --help: one screen", (len(lines), [x for x in lines if len(x) > 80]))
    long = set(OPTION.findall(p.stdout))
    helps[page] |= long
    equal(sorted(long - pages[page]), [], f"{page}.8 has every option of {command}")
for page, options in sorted(pages.items()):
    ok(options, f"{page}.8 has options")
    # Every page's own; of those --help never needs to be told.
    equal(sorted(options - helps[page] - {"--help", "--version"}), [], f"{page}.8 has no option that is gone")
sys.exit(done())
