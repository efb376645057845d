#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
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
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
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


def section(page, name):
    """Its lines, as the page's source has them"""
    with open(f"{top}/man/{page}.8", encoding="utf-8") as f:
        return re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH )", f.read(), re.S | re.M).group(1)


# Columns
for command in ("dmabuf-trace stat", "dmabuf-trace live", "dmabuf-trace report", "dmabuf-trace report --events", "dmabuf-trace diff"):
    page, *sub = command.split()
    views = {}
    for line in run(os.path.join(build, page), *sub, "--list-columns").stdout.splitlines()[1:]:
        views.setdefault(line.split()[0], []).append(line.split()[1])
    ok(views, f"{command}: has columns")
    lists = re.sub(r"\s+", " ", section(page, "COLUMNS"))
    equal([v for v, names in views.items() if " ".join(names) not in lists], [], f"{page}.8 has the columns of {command}")

# Events, as the list of include/dmabuf_events.h has them
with open(f"{top}/include/dmabuf_events.h", encoding="ascii") as f:
    header = f.read().replace("\\\n", "")
flags = {}
for name, value in re.findall(r"^#define (EVENT_\w+)\s+(0x[0-9a-f]+|\(EVENT_[\w |]+\))(?=\s)", header, re.M):
    flags[name] = eval(value, {}, flags)  # pylint: disable=eval-used
EVENTS = [(name, eval(of, {}, flags)) for name, of in  # pylint: disable=eval-used
          re.findall(r"EVENT\(\w+,\s+(\w+),\s+([\w |]+),\s+\"", header)]


def paragraph(start):
    """An option's, of dmabuf-trace.8, without macros."""
    with open(f"{top}/man/dmabuf-trace.8", encoding="utf-8") as f:
        text = f.read().split(f"\n.BR {start}", 1)[1].split("\n", 1)[1]
    return re.split(r"^\.(?:TP|S[HS])", text, flags=re.M)[0]


def events_in(text):
    """In the order of the list."""
    words = set(re.findall(r"\w+", text))
    return [name for name, _ in EVENTS if name in words]


ok(len(EVENTS) > 20, "the list of events", EVENTS)
with open(f"{top}/man/dmabuf-trace.data.5", encoding="utf-8") as f:
    equal(re.findall(r"^(\d+)\|(\w+)\|(call|moment)$", f.read(), re.M),
          [(str(i), name, "call" if of & flags["EVENT_CALL"] else "moment") for i, (name, of) in enumerate(EVENTS)],
          "dmabuf-trace.data.5 has a row for each event")
equal(events_in(paragraph(r'\-e ", " \-\-events ')), [name for name, _ in EVENTS], "dmabuf-trace.8 has every event at --events")
BEGINS = [name for name, of in EVENTS if of & flags["EVENT_BEGINS"]]
equal(events_in(paragraph(r"\-\-stacks [=").split(",\n")[0].split(".\n")[0].split(" first:")[0]), BEGINS,
      "dmabuf-trace.8 has the events with stacks at --stacks")
help_of_stacks = re.search(r"--stacks(.*?)(?=\n +(?:-\w, )?--)", run(os.path.join(build, "dmabuf-trace"), "live", "--help").stdout, re.S)
equal(events_in(help_of_stacks.group(1).split("to ", 1)[-1]), BEGINS, "live --help has the events with stacks at --stacks")

# Keys, as the table has them
NAMES = {"\\n": "Enter", "\\r": "", "KEY_ENTER": "", "KEY_ESCAPE": "Esc", "KEY_BACKSPACE": "", "127": "", " ": "Space", "\\t": "Tab",
         "KEY_BTAB": "Shift-Tab", "KEY_UP": "Up", "KEY_DOWN": "Down", "KEY_PPAGE": "PgUp", "KEY_NPAGE": "PgDn", "KEY_HOME": "Home",
         "KEY_END": "End", "KEY_MOUSE": "click", "CONTROL('L')": "Ctrl-L", "\\\\": "\\e"}
with open(f"{top}/cli/top/keys.c", encoding="ascii") as f:
    table = f.read().split("bindings[] = {")[1].split("\n};")[0]
keys = []
for group in re.findall(r"^\t\{ \{ (.*?) \}, act_", table, re.M):
    keys += [re.sub(r"^KEY_F\((\d+)\)$", r"F\1", k if len(k) > 4 else k.strip("'") or k)
             for k in re.findall(r"KEY_F\(\d+\)|CONTROL\('.'\)|KEY_\w+|'\\?.'|\d+", group)]
with open(f"{top}/cli/top/view.c", encoding="ascii") as f:
    views = re.findall(r"\.key = '(.)'", f.read())
ok(len(views) > 6, "the keys of views", views)
# As a range: 1 to 7
keys += [views[0], views[-1]]
told = re.sub(r'"|^\.[A-Z]+ ', " ", section("dmabuf-top", "KEYS"), flags=re.M)
words = set(re.split(r"[\s,;]+", told)) | set(re.findall(r"(?<=\s)[,.](?=\s)", told))
ok(len(keys) > 30, "the table of keys", keys)
equal([k for k in keys if NAMES.get(k, k) and NAMES.get(k, k) not in words], [], "dmabuf-top.8 has every key")
sys.exit(done())
