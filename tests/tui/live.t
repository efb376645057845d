#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
"""TAP: the screen shows the buffers of the workloads, live. Runs in the lab."""
import os
import re
import shutil
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
sys.dont_write_bytecode = True
from tap import *
from screen import Screen, missing

if missing() or not os.environ.get("LAB_TARGET") or not shutil.which("dmabuf-top"):
    print(f"1..0 # SKIP {missing() or 'only in the lab: tests/lab/run'}")
    sys.exit(0)


def size(n):
    """Like the screen: three digits and a unit."""
    if n < 1024:
        return str(n)
    units = iter("KMGT")
    unit = next(units)
    n /= 1024
    while n >= 1023.5:
        n, unit = n / 1024, next(units)
    return (f"{n:.2f}" if n < 9.995 else f"{n:.1f}" if n < 99.95 else f"{n:.0f}") + unit


def line(s, pattern, name):
    found = poll(lambda: re.search(pattern, s.text(), re.M))
    return ok(found, name, pattern, *([] if found else s.text().split("\n")))


def totals(workloads):
    buffers = [b for w in workloads for b in w["buffers"]]
    return len(buffers), sum(b["size"] for b in buffers)


def explain(s, w, label):
    """The page of the first buffer of a workload, found by inode."""
    b = w["buffers"][0]
    ino, kernel = b["ino"], b["kernel"]
    s.keys("2", "Home", "/", *str(ino), "Enter", "Enter")
    s.shows(f"Buffer {ino}: why is it alive?", name=f"{label}: Enter shows the page of the buffer")
    fds, maps = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((b["fds"], "fd"), (b["maps"], "map")))
    s.shows(f"{b['count']} = {fds} + {maps} + {kernel} kernel", f"exported by uid {b['uid']}", name=f"{label}: the page has the references")
    if kernel:
        kinds = {"gem": "gem handle", "objects": "object", "imports": "import"}
        terms = [f"{b[k]} {word}{'' if b[k] == 1 else 's'}" for k, word in kinds.items() if b[k]]
        terms += [f"{b['in_flight']} in flight"] if b["in_flight"] else []
        s.shows(f"{kernel} kernel = " + " + ".join([*terms, "0 unexplained"]), name=f"{label}: all references of the kernel have a name")
    for (pid, number), h in w.holders().items():
        if number == ino and b["fds"] < 5:
            gem = " ".join(map(str, h["gem"]))
            line(s, rf"^ +{pid} +{h['comm']} +{' '.join(map(str, sorted(h['fds']))) or '-'} +{gem}", f"{label}: the page has the holder, its fds and handles")
            for handle in h["gem"]:
                line(s, rf"gem handle {handle} of {h['comm']} {pid} through /dev/dri/\w+$", f"{label}: the page has handle {handle}")
    if b["in_flight"]:
        line(s, rf"in flight in socket \d+: mkbufs {w.pid} <- mkbufs {w.pid}$", f"{label}: the page has the socket")
    if not w.holders():
        s.shows("no process: only the kernel holds it", name=f"{label}: no process holds the buffer")
    for a in b["attachments"]:
        line(s, rf"^ +{re.escape(a['device'])} +\S+ +(yes|no) +\S+ +(yes|no|-) +\S+ +\S+ +(/dev/\S+|-)",
              f"{label}: the page has device {a['device']}")
    s.keys("Escape")
    ok(s.wait(lambda t: "why is it alive?" not in t), f"{label}: Esc closes the page")


plain = Workload("plain", "-n", 23, "-s", "64K")
dup = Workload("dup", "-n", 5)
mapped = Workload("plain-map", "-n", 3)
others = [Workload("vgem-import", "-n", 3), Workload("kernel-only", "-n", 2), Workload("inflight", "-n", 2)]
for w in others:
    if w.skipped:
        skip(" ".join(w.args), w.skipped)
running = [w for w in (plain, dup, mapped, *others) if not w.skipped]
n, held = totals(running)

with Screen(None, 120, 40, command=["dmabuf-top", "-d", "0.5"]) as s:
    s.wait(lambda t: "Held" in t)
    line(s, rf"^Buffers {n} .*Held {re.escape(size(held))} ", "the summary has all buffers and bytes")
    line(s, rf"^ *{plain.pid} mkbufs +23 +23 +0 +{re.escape(size(23 * 65536))} ", "a process has a row")
    s.keys("/", *str(plain.pid), "Enter", "Enter")
    s.shows(f" {plain.pid} mkbufs", "row 1/23", name="Enter lists the buffers of the process")
    s.keys("Enter")
    s.shows("why is it alive?", "1 = 1 fd + 0 maps + 0 kernel", name="Enter again shows the page of a buffer")
    s.keys("Escape", "Escape")
    s.shows("[1 Procs]")
    for w in running:
        explain(s, w, w.args[0])
    # Released buffers leave the sums at once, and their rows turn grey
    s.keys("1", "Home")
    plain.stop()
    line(s, rf"^Buffers {n - 23} .*Held {re.escape(size(held - 23 * 65536))} ", "released buffers leave the sums")
    more = Workload("plain", "-n", 7)
    line(s, rf"^ *{more.pid} mkbufs +7 +7 ", "a new process appears")
    # Signals
    s.keys("/", *str(more.pid), "Enter", "F9", "Enter")
    s.shows("SIGTERM sent to", name="F9 sends a signal")
    ok(poll(lambda: more.process.poll() is not None), "the process receives the signal")
    more.process.stdout.close()
    s.keys("q")
    s.left(0, "q")
for w in running:
    w.stop()
sys.exit(done())
