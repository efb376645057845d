#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
"""mkbufs tells the truth: each factory's JSON against the kernel's bufinfo and against /proc."""
import ctypes
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import Workload, bufinfo, done, equal, ok, poll, skip, text  # noqa: E402

GENERIC = ["heap", "udmabuf", "vgem", "virtio-gpu"]
HOSTILE_NAME = r"\x1b[31m\"\n\xff,\\"

CASES = [
    ["plain"],
    ["plain", "-n", "7", "-s", "1"],
    ["plain", "-n", "7", "-s", "1M"],
    ["plain", "--name", HOSTILE_NAME],
    ["plain", "--name", ""],
    ["plain", "-u", "1000"],
    *[[f, "-x", x] for f in ("plain", "plain-map", "map-only") for x in GENERIC],
    ["dup"],
    ["passed"],
    ["zombie-leader", "-n", "11"],
    ["inflight"],
    ["inflight", "-n", "521"],
    ["fork"],
    ["fork", "--map"],
    ["shared", "-P", "5"],
    ["clone-files"],
    ["clone-vm"],
    ["threads"],
    ["udmabuf"],
    ["kernel-only"],
    ["vgem-export"],
    *[["vgem-import", "-x", x] for x in ("heap", "udmabuf", "virtio-gpu")],
    ["virtio-gpu"],
    ["vivid"],
    ["vivid-stream"],
    ["vivid-frames"],
    ["vivid-heap"],
    ["many"],
    *[[f] for f in ("vivid-closed", "gem-many", "gem-files", "gem-shared", "handle-first", "inflight-twice", "inflight-queue",
                    "inflight-socket", "inflight-half", "inflight-dgram", "inflight-backlog", "inflight-netns", "io-uring",
                    "io-uring-mapped", "framebuffer")],
    ["churn", "-d", "3"],
    ["churn-refs", "-d", "3"],
    ["hostile"],
]

KCMP = {"x86_64": 312, "aarch64": 272}[os.uname().machine]
KCMP_VM, KCMP_FILES = 1, 2
libc = ctypes.CDLL(None, use_errno=True)


class Shared:
    """Which tasks share a table or an address space: each gets the number of the first one seen."""

    def __init__(self, kind):
        self.kind = kind
        self.first = []

    def key(self, tid):
        for other in self.first:
            if libc.syscall(KCMP, tid, other, self.kind, 0, 0) == 0:
                return other
        self.first.append(tid)
        return tid


def task_fds(pid, tid):
    """(fd, ino) of each dma-buf."""
    base = f"/proc/{pid}/task/{tid}/fd"
    for fd in os.listdir(base):
        if os.readlink(f"{base}/{fd}").startswith("/dmabuf:"):
            yield int(fd), os.stat(f"{base}/{fd}").st_ino


def mappings(pid):
    """The first thread with an address space (an exited leader has none), and the lines of the dma-bufs in the space."""
    for tid in sorted(map(int, os.listdir(f"/proc/{pid}/task"))):
        with open(f"/proc/{pid}/task/{tid}/maps", "rb") as f:
            if rows := f.readlines():
                return tid, [line.split(None, 5) for line in rows if b" /dmabuf:" in line]
    return pid, []


def proc():
    """All of /proc: holders as {(pid, ino): (fds, maps)}, slots as {ino: n}, mappings as {ino: n}."""
    tables, spaces = Shared(KCMP_FILES), Shared(KCMP_VM)
    holders, slots, maps = {}, set(), set()
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        own, mapped = set(), Counter()
        try:
            for tid in map(int, os.listdir(f"/proc/{pid}/task")):
                fds = list(task_fds(pid, tid))
                table = tables.key(tid) if fds else None
                own |= {(table, fd, ino) for fd, ino in fds}
            tid, rows = mappings(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        space = spaces.key(tid) if rows else None
        for row in rows:
            mapped[int(row[4])] += 1
            maps.add((space, row[0], int(row[4])))
        slots |= own
        for ino in {i for _, _, i in own} | set(mapped):
            holders[pid, ino] = (sorted(fd for _, fd, i in own if i == ino), mapped[ino])
    return holders, Counter(i for _, _, i in slots), Counter(i for _, _, i in maps)


def comm(pid):
    with open(f"/proc/{pid}/comm", "rb") as f:
        return text(f.read()[:-1])


def check(case):
    label = " ".join(case)
    before = set(bufinfo())
    started = int(time.time())
    w = Workload(*case)
    if w.skipped:
        skip(label, w.skipped)
        return
    with w:
        w.settle()
        want = w.buffers()
        rows = {i: b for i, b in bufinfo().items() if i not in before}
        if want and next(iter(want.values()))["count"] is None:
            rows = {i: b._replace(count=None) for i, b in rows.items()}
        equal(rows, {i: (b["size"], b["count"], b["exporter"], b["name"],
                         sorted(a["device"] for a in b["attachments"])) for i, b in want.items()},
              f"{label}: bufinfo")
        ok(want and all(b["count"] in (None, b["fds"] + b["maps"] + (b["kernel"] or 0)) for b in want.values()),
           f"{label}: references add up")
        ok(all(b["kernel"] in (None, b["gem"] + b["objects"] + b["imports"] + b["in_flight"] + b["io_uring"]) for b in want.values()),
           f"{label}: the kernel's references add up")
        uid = int(case[case.index("-u") + 1]) if "-u" in case else 0
        ok(all(started - 1 <= b["created"] <= time.time() and b["uid"] == uid for b in want.values()),
           f"{label}: creation time and uid")

        holders, fds, maps = proc()
        equal(holders, {k: (h["fds"], h["maps"]) for k, h in w.holders().items() if h["fds"] or h["maps"]},
              f"{label}: holders in /proc")
        equal({i: (fds[i], maps[i]) for i in want}, {i: (b["fds"], b["maps"]) for i, b in want.items()},
              f"{label}: slots and mappings count once")
        equal({p: comm(p) for p in w["pids"]},
              {**{p: comm(p) for p in w["pids"]}, **{h["pid"]: h["comm"] for h in w["holders"]}},
              f"{label}: comms")
        equal(w.stop(), 0, f"{label}: exit status")
    ok(poll(lambda: set(bufinfo()) <= before), f"{label}: nothing is left", set(bufinfo()) - before)


def totals(*args):
    label = " ".join(args)
    before = bufinfo()
    with Workload(*args, "--totals") as w:
        if w.skipped:
            skip(label, w.skipped)
            return
        new = [b for i, b in bufinfo().items() if i not in before]
        t = w["totals"]
        equal((len(new), sum(b.size for b in new), sum(b.count for b in new)),
              (t["buffers"], t["bytes"], t["fds"] + t["maps"] + t["kernel"]), f"{label}: totals")


def names():
    """The hostile names themselves, so that nothing that must be escaped is lost from the list."""
    with Workload("hostile") as w:
        if w.skipped:
            skip("hostile names", w.skipped)
            return
        found = {b["name"] for b in w["buffers"]}
        for what in ("\x1b", "\n", "\r", "\t", '"', ",", "\\", "\x7f", "\x9b", r"\xff", r"\xe4", "\u0301", "字",
                     "\u202e"):
            ok(any(what in (n or "") for n in found), f"hostile: a name with {what!r}")
        ok(any(len((n or "").encode()) == 31 for n in found), "hostile: a name of 31 bytes")
        ok({"", None} <= found, "hostile: an empty name and none")
        ok(any(h["comm"] == '\x1b[31m\n",' for h in w["holders"]), "hostile: a comm")


def killed():
    """Children do not outlive mkbufs, nor do its buffers."""
    before = set(bufinfo())
    w = Workload("fork", "--map", "-P", "7")
    ok(len(set(bufinfo()) - before) == 23, "killed: 23 buffers stood")
    w.kill()
    ok(poll(lambda: set(bufinfo()) <= before), "killed: nothing is left", set(bufinfo()) - before)


def failure():
    """What a child cannot do fails the whole, at once. vgem refuses that size, 7.x's heap would try."""
    got = subprocess.run(["mkbufs", "many", "-x", "vgem", "-P", "3", "-s", "16000000M"],
                         stdin=subprocess.DEVNULL, capture_output=True)
    ok(got.returncode == 1 and not got.stdout and got.stderr.startswith(b"mkbufs: "), "failure in a child", got)


def procwalk():
    with Workload("plain-map") as w:
        got = json.loads(subprocess.run(["procwalk", "--repeat", "2"], stdout=subprocess.PIPE, check=True).stdout)
        size = sum(b["size"] for b in w["buffers"])
        equal([(r["buffers"], r["fds"], r["maps"], r["bytes"]) for r in got["runs"]], [(23, 23, 23, size)] * 2,
              "procwalk counts what stands")


listed = re.findall(r"^(\S+)", os.popen("mkbufs --list").read(), re.M)
equal(sorted(set(listed)), sorted({c[0] for c in CASES}), "every factory is tested")
for case in CASES:
    check(case)
names()
killed()
failure()
procwalk()
scale = float(os.environ.get("TEST_SCALE", "1"))
totals("many", "-s", "4096", "-n", str(int(1009 * scale)), "-P", str(int(31 * min(scale, 16))))
sys.exit(done())
