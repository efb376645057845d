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


def scripts(top):
    """Path, and "sh", "bash" or "python3"."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in (".git", "out", "__pycache__"))
        for name in sorted(files):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                first = f.readline().decode("utf-8", "replace")
            found = re.match(r"#!.*\b(sh|bash|python3)$", first.strip())
            if found or name.endswith((".sh", ".bash", ".py")):
                yield path, found[1] if found else name.rsplit(".")[-1].replace("py", "python3")


def passes(name, *command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(p.returncode == 0, name, p.stdout)


top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
found = list(scripts(top))
ok({"sh", "bash", "python3"} <= {kind for _, kind in found}, "the scripts are found", found)
for path, kind in found:
    name = os.path.relpath(path, top)
    if kind == "python3":
        with open(path, encoding="utf-8") as f:
            try:
                ok(compile(f.read(), path, "exec"), f"python3: {name}")
            except SyntaxError as e:
                ok(False, f"python3: {name}", e)
        continue
    passes(f"{kind} -n: {name}", kind, "-n", path)
    if not shutil.which("shellcheck"):
        skip(f"shellcheck: {name}", "no shellcheck")
        continue
    passes(f"shellcheck: {name}", "shellcheck", "-S", "warning", "-x", "-P", "SCRIPTDIR",
           "-s", "dash" if kind == "sh" else kind, path)
sys.exit(done())
