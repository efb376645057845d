#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: each command of README.md that is not of our tools' (tests/lab/own-boot/readme.t runs those) is run by
a test, and would run: make has the target, T matches tests, TARGET is one; what it names is there."""
import glob
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from lab import targets  # noqa: E402
from tap import done, equal, ok  # noqa: E402

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(top)
# Who runs what; the file has that word. make's: the target. What is a test itself runs itself.
TESTS = ("check", "check-quick", "check-long", "check-debug-kernel", "coverage", "analyze", "bench")
RUN_BY = {
    "make": (".ci/run", "make"), "make deps": ("tests/tests.mk", "check: deps"),
    "make demo": ("tests/lab/packages", "make demo"), "make pictures": ("tests/tui/tui.mk", "pictures"),
    "make install": ("tests/lint/install.t", '"install"'), "make uninstall": ("tests/lint/install.t", '"uninstall"'),
    "make dist": ("tests/lint/install.t", '"dist"'), "make deb": ("tests/lab/packages", "make deb"),
    "make static": ("tests/build.mk", "static"), "make kmod": ("tests/build.mk", "kmod"),
    "tests/lab/run": ("tests/lab/check", "tests/lab/run"), "adb": ("tests/lab/own-boot/readme.t", "adb "),
    "modprobe": ("tests/lab/packages-guest", "modprobe dmabuf_tools"), "dpkg": ("tests/lab/packages", "cross"),
    "apt-get": ("tests/lab/packages", "apt-get -qqy install /src/debs/"),
}


def commands(text):
    """Those of blocks without a kind, and those in the text"""
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.S | re.M):
        for line in ("" if kind else block).replace("\\\n", " ").split("\n"):
            yield from (part.strip() for part in re.sub(r" +# .*", "", line).split("&&"))
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    yield from re.findall(r"`((?:make|tests/lab/run|setcap|modprobe)\b[^`]*)`", text)


def split(command):
    """Its words; what a table escapes is none of the shell's."""
    return shlex.split(command.replace("\\|", "|"), comments=True)


def run_by(command):
    """The key of RUN_BY"""
    words = [w for w in split(command) if "=" not in w]
    if words[0] == "make":
        return " ".join(["make", *words[-1:]]) if len(words) > 1 else "make"
    return words[0]


def tests_matching(pattern):
    files = glob.glob("tests/**/*.t", recursive=True) + glob.glob("tests/unit/*.c") + glob.glob("tests/fuzz/*.c") + ["tests/lab/packages"]
    return [f for f in files if re.search(pattern, f)]


with open("README.md", encoding="utf-8") as f:
    readme = f.read()
goals = set(subprocess.run(["make", "-s", "help"], stdout=subprocess.PIPE, text=True, check=True).stdout.split())
known = [row["name"] for row in targets()]
seen = set()
for command in sorted(set(filter(None, commands(readme)))):
    if command.startswith("sudo out/dmabuf-"):
        continue
    key = run_by(command)
    seen.add(key)
    settings = dict(w.split("=", 1) for w in split(command) if re.match(r"[A-Z]+=", w))
    if key.split()[-1] in TESTS:
        ok(tests_matching(settings.get("T", ".")) or glob.glob(f"tests/bench/*{settings.get('T')}*.bench"), f"{command}: there are such tests")
        ok(set(settings.get("TARGET", known[0]).split()) <= set(known), f"{command}: there is that target")
    else:
        file, word = RUN_BY.get(key, ("(no test)", ""))
        ok(os.path.exists(file) and word in open(file, encoding="utf-8").read(), f"{command}: run by {file}")
    if key.startswith("make ") and key.split()[1] not in goals:
        ok(False, f"{command}: make has no such target")
equal(sorted(set(RUN_BY) - seen), [], "what RUN_BY has is in README.md")
missing = [path for path in re.findall(r"\]\(([^)]+)\)|`((?:tests|man|cli|kmod|bpf|include)/[^` ]+)`", readme) for path in path if path and not os.path.exists(path)]
equal(missing, [], "each file that README.md names is there")
sys.exit(done())
