#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
# Allowed warning: (none)
"""TAP: what README.md has of our tools, as written: those in its text; adb's lines, to this machine; and
the recipes, beside the demo's buffers, which stay until the boot ends: what they print there are lines
that they print here, but for numbers. tests/lint/readme.t has the other commands. PRINT=1: what the
recipes print, for README.md."""
import glob
import os
import re
import sys

sys.path.insert(0, "tests/lib")
from examples import Run, STAND_INS, console, missing, stand_in  # noqa: E402
from tap import diag, done, equal, ok, poll, skip  # noqa: E402
import kernel  # noqa: E402
import module  # noqa: E402

BIN = "/run/readme"
# A board without anything but our static tools
ADB = """#!/bin/sh
command=$1
shift
case $command in
push)
	for file in "$@"; do
		for built in "/src/out/lab/$LAB_SUITE/static" "/src/out/lab/$LAB_SUITE/kmod/$(uname -r)"; do
			[ ! -f "$built/${file##*/}" ] || cp "$built/${file##*/}" /data/local/tmp/
		done
	done ;;
shell)
	# The module is loaded here
	case " $*" in *" insmod "*) shift $(($# - 1)); exec modinfo -F name "$1" ;; esac
	while [ "${1#/data/}" = "$1" ]; do shift; done
	exec env -i "$@" ;;
esac
"""
# Statuses other than 0
STATUS = {"dmabuf-trace leaks -- leaker growth": 23}
OUTPUTS_SINCE = (7, 0)


def run(command):
    with Run(command, BIN) as p:
        return p.wait(), p.text()


def interrupted(command):
    """Of what is here until it is interrupted: after a refresh."""
    with Run(command, BIN) as p:
        poll(lambda: p.ended() or re.search("^Buffers ", p.out(), re.M))
        p.interrupt()
        return p.wait(), p.text()


def served():
    return "dmabuf_up 1" in run("curl -s 127.0.0.1:9417/metrics")[1]


def mentioned(text):
    """Commands in the text: of one without options its help will do."""
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    for command in sorted(set(re.findall(r"`(dmabuf-(?:top|trace)(?: [^`]*)?)`", prose))):
        yield command, re.sub(r"\bCOMMAND\b", "true", re.sub(r"\bPID\b", "1", command)) if " -" in command else f"{command} --help"


def on_board(text):
    lines = re.findall(r"^adb .*?(?= +#|$)", text, re.M)
    ok(len(lines) > 2, "README.md has adb's lines", lines)
    os.makedirs("/data/local/tmp")
    for line in lines:
        status, shown = interrupted(line) if "shell -t" in line else run(line)
        ok(status == 0, line, status, shown)
        ok(" push " in line or re.search("dmabuf[-_]to", shown), f"{line}: says something", shown)


def tries(background):
    found = console(README)
    ok(len(found) > 9, "README.md has recipes", found)
    for example in found:
        command = example.command
        if command.endswith("&"):
            background.append(Run(command[:-1], BIN))
            ok(poll(served), command)
            continue
        status, text = run(command)
        equal(status, STATUS.get(command, 0), command)
        if status != STATUS.get(command, 0):
            diag(text)
        if "PRINT" in os.environ:
            print(f"# {command}\n{text}", flush=True)
        if kernel.VERSION >= OUTPUTS_SINCE:
            equal(missing(example, text), [], f"{command}: prints what README.md has")


with open("README.md", encoding="utf-8") as f:
    README = f.read()
if sys.argv[1:] != ["beside"]:
    stand_in(BIN, {**STAND_INS, "adb": ADB})
    os.makedirs("/var/lib/prometheus/node-exporter", exist_ok=True)
if sys.argv[1:] == ["beside"] or sys.version_info < (3, 13) or not os.path.exists("/dev/dma_heap/system"):
    for command, means in mentioned(README):
        status, text = run(means)
        equal(status, 0, command)
        if status:
            diag(text)
    on_board(README)
    background = []
    if sys.argv[1:] == ["beside"]:
        tries(background)
    else:
        skip("README.md's recipes", "the demo needs Python 3.13 and a dma-heap")
    status = done()
    # Whoever runs this waits for all that has its output
    for server in background:
        server.kill()
    for kill in glob.glob("/sys/fs/cgroup/*.slice/cgroup.kill"):
        with open(kill, "w", encoding="ascii") as f:
            f.write("1")
    sys.exit(status)
module.load()
module.write("inject/map/every", 17)
module.write("inject/map/delay_us", 20000)
me = os.path.abspath(__file__)
os.execv("tests/lab/demo-guest", ["tests/lab/demo-guest", sys.executable, me, "beside"])
