#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: each test names what it depends on, the plan of a check leaves none out, and the lab's lists agree."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from lab import DEPENDS, TOP, depends, layer, targets  # noqa: E402
from tap import done, equal, ok  # noqa: E402

os.chdir(TOP)
TIERS = {"check": "make check", "long": "make check-long", "debug": "make check-debug-kernel"}


def undeclared(path, text):
    """What is wrong with a test's declaration, or nothing: the line, and the groups that run_parts() has."""
    line = re.search(r"^# Depends on: (.*)$", text, re.M)
    words = [word.strip() for word in line[1].split(",")] if line else []
    if not words or not set(words) <= set(DEPENDS) or ("host" in words and len(words) > 1):
        return [f"{path}: {words}"]
    call = re.search(r"^run_parts\((.*)", text, re.M | re.S)
    groups = {g.replace("_", " ") for g in re.findall(r"\b(kernel|user_space|nothing)=\{", call[0])} if call else set(words)
    return [] if groups == set(words) else [f"{path}: declared {words}, its parts are {sorted(groups)}"]


def planned(names, **env):
    """{target or "-": the files of its jobs}, and {(target, file): what may run there}."""
    p = subprocess.run(["tests/lab/plan", *names], stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "T": "", "TEST_SCALE": "1", **env})
    files, may = {}, {}
    for line in p.stdout.splitlines():
        _, _, _, target, here, *paths = line.split("\t")
        files.setdefault(target, []).extend(paths)
        may |= {(target, path): here.split(",") for path in paths}
    return files, may


rows = targets()
tests = sorted(glob.glob("tests/**/*.t", recursive=True))
ok(len(tests) > 40, "the tests are found", tests)
equal([bad for path in tests for bad in undeclared(path, open(path, encoding="utf-8").read())], [], "each test names what it depends on, and its parts agree")
for what, text in (("no line", "x = 1\n"), ("another word", "# Depends on: weather\n"), ("a part of another kind", "# Depends on: kernel\nrun_parts(user_space={})\n")):
    equal(len(undeclared("tests/planted.t", text)), 1, f"a planted break is seen: {what}")

# A test that needs a layer's kernel runs there alone
tests = [path for path in tests if not layer(path)]
names = [row["name"] for row in rows if row["tier"] == "check"]
files, may = planned(names)
wants = {word: {path for path in tests if word in depends(path)} for word in DEPENDS}
once = [path for paths in files.values() for path in paths]
equal({path for path in tests if path not in once}, set(), "the plan has every test")
equal([path for path in files["-"] if files["-"].count(path) > 1], [], "the host runs each test once")
for row in rows:
    if row["name"] in names:
        mine = files[row["name"]]
        equal(len(mine), len(set(mine)), f"{row['name']}: each test once")
        if row["tests"] == "all":
            equal(wants["kernel"] - set(mine), set(), f"{row['name']}: every test of the kernel")
for word in ("user space", "nothing"):
    ran = {path for (target, path), here in may.items() if word in here}
    equal(wants[word] - ran, set(), f"every test of {word} runs")
suites = {}
for row in rows:
    if row["name"] in names:
        suites.setdefault(row["suite"], set()).update(p for (t, p), here in may.items() if t == row["name"] and "user space" in here)
full = {row["suite"] for row in rows if row["name"] in names and row["tests"] == "all"}
equal({suite: wants["user space"] - suites[suite] for suite in full}, {suite: set() for suite in full}, "every test of the user space runs on each suite")
only, alone = planned(["6.12"])
equal(wants["user space"] | wants["kernel"] | wants["nothing"], set(only["6.12"]), "one target alone runs all that is no host's")
equal({word for here in alone.values() for word in here if word != "-"}, {"kernel", "nothing", "user space"}, "and all parts of it")

with open("tests/lab/seconds", encoding="utf-8") as f:
    head, *known = [line.split() for line in f if line.strip() and not line.startswith("#")]
equal([row[0] for row in known if not os.path.exists(re.sub(r"^out/(tests/\w+/\w+)$", r"\1.c", row[0]))], [], "tests/lab/seconds has no file that is gone")
equal([name for name in head[1:] if name not in [*(r["name"] for r in rows), "host"]], [], "nor a target that is gone")

with open("tests/README.md", encoding="utf-8") as f:
    listed = [[cell.strip() for cell in line.split("|")[1:-1]] for line in re.search(r"^\| Target .*?\n\n", f.read(), re.M | re.S)[0].strip().splitlines()[2:]]
equal(listed, [[row["name"], row["kernel"], row["suite"], row["tests"], f"`{TIERS[row['tier']]}`"] for row in rows], "tests/README.md lists the targets")
equal({row["arch"] for row in rows} - {"x86_64", "aarch64"}, set(), "tests/lab/run knows each architecture")


def shell(script):
    """Run a script that has sourced tests/lab/lib.sh."""
    return subprocess.run(["bash", "-c", f". tests/lab/lib.sh; {script}", "tests/lab/run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


for row in rows:
    p = shell(f"for column in {' '.join(row)}; do echo \"$column $(target {row['name']} $column)\"; done")
    equal(p.stdout.splitlines(), [f"{column} {'' if value == '-' else value}" for column, value in row.items()], f"{row['name']}: the shell reads the row")
equal(shell("first_target; targets arch=aarch64 tier=check").stdout.split(),
      [rows[0]["name"], *(row["name"] for row in rows if (row["arch"], row["tier"]) == ("aarch64", "check"))], "the shell selects rows")
p = shell("target 4.4 suite")
ok(p.returncode == 2 and "no target '4.4'" in p.stderr and rows[0]["name"] in p.stderr, "an unknown target is refused, with those that there are", p.stderr)
sys.exit(done())
