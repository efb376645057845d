#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: a test runs each command of README.md and of the other pages of the tree, and the command is valid: make
has the target, T matches tests, TARGET exists. Files that a page names exist. tests/lab/own-boot/readme.t runs the
commands of our tools."""
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
    "make help": ("tests/lint/readme.t", '"help"'), "make dist": ("tests/lint/install.t", '"dist"'), "make deb": ("tests/lab/packages", "make deb"),
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
    for command in re.findall(r"`((?:make|tests/lab/run|setcap|modprobe)\b[^`]*)`", text):
        yield from (part.strip() for part in command.split("&&"))


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


def absent(page, text):
    """Files that a page names and that do not exist, apart from names with NAME in them."""
    links = [os.path.join(os.path.dirname(page), link) for link in re.findall(r"\]\(([^):]+)\)", text)]
    paths = re.findall(r"`((?:tests|man|cli|kmod|bpf|include)/[^` ]+)`", text)
    return [path for path in links + paths if "NAME" not in path and not glob.glob(path)]


pages = {page: open(page, encoding="utf-8").read() for page in ("README.md", ".github/CONTRIBUTING.md", *sorted(glob.glob("*/README.md")))}
equal(len(pages), 6, "the pages are found")
goals = set(subprocess.run(["make", "-s", "help"], stdout=subprocess.PIPE, text=True, check=True).stdout.split())
known = [row["name"] for row in targets()]
seen = set()
for command in sorted(set(filter(None, (c for text in pages.values() for c in commands(text))))):
    if command.startswith("sudo out/dmabuf-"):
        continue
    key = run_by(command)
    program = split(command)[0]
    if program == "prove" or program.startswith("out/") or key.startswith("make out/"):
        built = key.split()[-1] if program == "make" else split(command)[-1]
        known_to_make = subprocess.run(["make", "-n", built], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        ok(os.path.exists(built) or known_to_make, f"{command}: the program exists, or make builds it")
        continue
    seen.add(key)
    settings = dict(w.split("=", 1) for w in split(command) if re.match(r"[A-Z]+=", w))
    if settings.get("TARGET") == "NAME":
        del settings["TARGET"]
    if key.split()[-1] in TESTS:
        ok(tests_matching(settings.get("T", ".")) or glob.glob(f"tests/bench/*{settings.get('T')}*.bench"), f"{command}: there are such tests")
        ok(set(settings.get("TARGET", known[0]).split()) <= set(known), f"{command}: there is that target")
    else:
        file, word = RUN_BY.get(key, ("(no test)", ""))
        ok(os.path.exists(file) and word in open(file, encoding="utf-8").read(), f"{command}: run by {file}")
    if key.startswith("make ") and key.split()[1] not in goals:
        ok(False, f"{command}: make has no such target")
equal(sorted(set(RUN_BY) - seen), [], "a page has each command of RUN_BY")
equal([(page, path) for page, text in pages.items() for path in absent(page, text)], [], "each file that a page names exists")
equal(absent("cli/README.md", "[a](gone.md) `cli/gone.c` [b](../man/gone.8) `tests/gone/*.t`"),
      ["cli/gone.md", "cli/../man/gone.8", "cli/gone.c", "tests/gone/*.t"], "a planted break is seen: names of files")
equal(absent("cli/README.md", "[a](../bpf/README.md) `cli/*.c` `tests/unit/test_NAME.c` [b](https://example.com)"), [], "names that exist pass")
sys.exit(done())
