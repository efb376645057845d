#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: shell scripts parse, and shellcheck has no warning about them; Python compiles."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, ok, skip  # noqa: E402
from tree import TOP, tree  # noqa: E402


def scripts():
    """Path, and "sh", "bash" or "python3"."""
    for path, text in tree(TOP):
        found = re.match(r"#!.*\b(sh|bash|python3)$", text.split("\n", 1)[0].strip())
        if found or path.endswith((".sh", ".bash", ".py")):
            yield path, found[1] if found else path.rsplit(".")[-1].replace("py", "python3")


def passes(name, *command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(p.returncode == 0, name, p.stdout)


os.chdir(TOP)
found = list(scripts())
ok({"sh", "bash", "python3"} <= {kind for _, kind in found}, "the scripts are found", found)
for path, kind in found:
    if kind == "python3":
        with open(path, encoding="utf-8") as f:
            try:
                ok(compile(f.read(), path, "exec"), f"python3: {path}")
            except SyntaxError as e:
                ok(False, f"python3: {path}", e)
        continue
    passes(f"{kind} -n: {path}", kind, "-n", path)
    if not shutil.which("shellcheck"):
        skip(f"shellcheck: {path}", "no shellcheck")
        continue
    passes(f"shellcheck: {path}", "shellcheck", "-S", "warning", "-x", "-P", "SCRIPTDIR",
           "-s", "dash" if kind == "sh" else kind, path)
sys.exit(done())
