# SPDX-License-Identifier: GPL-2.0
"""What dmabuf-top must show of workloads, by the definitions and from the workloads' own rows alone."""
import json
import re
import subprocess
import time

from tap import DEADLINE, Workload, equal, ok, skip

__all__ = ["top", "sources", "start_all", "merged", "want_buffer", "got_buffer", "want_processes", "check_holders", "check_processes", "half_rows", "Refreshes"]

REFERENCES = ("gem", "objects", "imports", "in_flight", "io_uring")


def top(source, views, *args):
    out = subprocess.run(["dmabuf-top", "-b", "-n1", "--json", f"--source={source}", "--view", views, *map(str, args)],
                         stdout=subprocess.PIPE, check=True)
    return json.loads(out.stdout)


def sources():
    """The sources that this kernel has; that there is a BPF one is part of the test."""
    out = subprocess.run(["dmabuf-trace", "doctor"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return [s for s in ("bpf:iter", "bpf:task") if any(line.split()[:2] == ["ok", s] for line in out.split("\n"))]


def start_all(factories):
    """All that this target can do, running at once; the others are skipped with their reasons."""
    workloads = []
    for args in factories:
        w = Workload(*args)
        if w.skipped:
            skip(" ".join(map(str, args)), w.skipped)
        else:
            workloads.append(w)
    return workloads


def merged(workloads):
    """All workloads' rows as one machine: buffers by ino, holders by (pid, ino)."""
    buffers, holders = {}, {}
    for w in workloads:
        buffers.update(w.buffers())
        holders.update(w.holders())
    return buffers, holders


def want_buffer(b, holders):
    return {**{k: b[k] for k in ("ino", "size", "exporter", "name", "uid", "count", "fds", "maps", "kernel", *REFERENCES, "framebuffers")},
            "attachments": len(b["attachments"]), "unexplained": 0, "procs": sum(1 for _, ino in holders if ino == b["ino"]),
            "devices": sorted(a["device"] for a in b["attachments"])}


def got_buffer(b):
    # Its node only hooks tell
    got = {k: v for k, v in b.items() if k not in ("age", "node")}
    got["devices"] = sorted(got["devices"] or [])
    return got


def want_processes(buffers, holders):
    """RSS, PSS and USS; who has a GEM handle holds the buffer as much as who has an fd."""
    sharers, rows = {}, {}
    for pid, ino in holders:
        sharers.setdefault(ino, set()).add(pid)
    for (pid, ino), h in holders.items():
        size, n = buffers[ino]["size"], len(sharers[ino])
        row = rows.setdefault(pid, {"pid": pid, "comm": h["comm"], "buffers": 0, "fds": 0, "maps": 0,
                                    "rss": 0, "pss": 0.0, "uss": 0})
        row["buffers"] += 1
        row["fds"] += len(h["fds"])
        row["maps"] += h["maps"]
        row["rss"] += size
        row["pss"] += size / n
        row["uss"] += size if n == 1 else 0
    return rows


def kinds(h):
    return [k for k, n in (("fd", h["fds"]), ("map", h["maps"]), ("gem", h["gem"]), ("io_uring", h["io_uring"]), ("framebuffer", h["framebuffers"])) if n]


def check_holders(data, buffers, holders, label):
    """Processes with all that they hold; then what else holds: sockets and importers."""
    rows = [h for h in data["holders"] if h["pid"] is not None]
    equal({(h["pid"], h["ino"]): (h["comm"], h["size"], h["exporter"], h["name"], h["fds"], h["maps"], h["kind"], sorted(h["handle"]),
                                    h["io_uring"], sorted(h["framebuffer"]))
           for h in rows},
          {k: (h["comm"], buffers[k[1]]["size"], buffers[k[1]]["exporter"], buffers[k[1]]["name"], len(h["fds"]), h["maps"],
               kinds(h), sorted(h["gem"]), h["io_uring"], sorted(h["framebuffers"])) for k, h in holders.items()}, f"{label}: holders")
    bad = [h for h in rows if len(h["node"]) != len(h["handle"]) or not all(n.startswith("/dev/dri/") for n in h["node"]) or h["socket"]]
    ok(not bad, f"{label}: each handle has its node", bad[:3])
    others = {}
    for h in data["holders"]:
        if h["pid"] is None:
            others.setdefault((h["kind"][0], h["ino"]), []).append(h)
    equal({ino for kind, ino in others if kind == "in-flight"}, {i for i, b in buffers.items() if b["in_flight"]},
          f"{label}: what is in flight has a socket")
    bad = [h for (kind, _), hs in others.items() for h in hs if kind == "in-flight" and " <- " not in (h["socket"] or "")]
    ok(not bad, f"{label}: sockets say who is at their ends", bad[:3])
    equal({ino: len(hs) for (kind, ino), hs in others.items() if kind == "import"},
          {i: len(b["attachments"]) for i, b in buffers.items() if b["attachments"]}, f"{label}: importers")
    bad = [h for (kind, _), hs in others.items() for h in hs
           if kind == "import" and not (h["node"] and all(re.match("/dev/(dri/|video)", n) for n in h["node"]))]
    ok(not bad, f"{label}: importers have their nodes", bad[:3])


def check_processes(data, buffers, holders, label):
    unheld = sum(b["size"] for i, b in buffers.items() if not any(ino == i for _, ino in holders))
    processes = {p["pid"]: p for p in data["processes"]}
    want = want_processes(buffers, holders)
    equal({pid: {k: p[k] for k in ("comm", "buffers", "fds", "maps", "rss", "uss")} for pid, p in processes.items() if pid},
          {pid: {k: p[k] for k in ("comm", "buffers", "fds", "maps", "rss", "uss")} for pid, p in want.items()},
          f"{label}: processes")
    off = {pid: (processes[pid]["pss"], p["pss"]) for pid, p in want.items()
           if pid in processes and abs(processes[pid]["pss"] - p["pss"]) > 1}
    ok(not off, f"{label}: PSS within a byte", off)
    total = sum(b["size"] for b in buffers.values())
    pss = sum(p["pss"] for p in data["processes"])
    ok(abs(pss - total) <= len(processes), f"{label}: PSS + kernel-only = held", f"{pss} {total}")
    equal(processes.get(None, {}).get("pss", 0), unheld, f"{label}: kernel-only bytes")


def half_rows(rows):
    """Those whose count is known, and of these the ones that do not add up, or are negative, or half."""
    known = [b for b in rows if b["count"] is not None]
    parts = ("fds", "maps", *REFERENCES, "unexplained")
    return known, [b for b in known if any(b[k] is None or b[k] < 0 for k in parts) or
                   b["count"] != sum(b[k] for k in parts) or b["count"] != b["fds"] + b["maps"] + b["kernel"] or
                   not b["size"] or not b["exporter"]]


class Refreshes:
    """A dmabuf-top that runs on; it has loaded its BPF when this returns, before others want the CPUs."""

    def __init__(self, source, views, delay):
        self.process = subprocess.Popen(["dmabuf-top", "-b", "-d", str(delay), "--json", f"--source={source}", "--view", views],
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def next(self, n):
        """The next n refreshes, none of those that waited to be read, and the seconds that each took."""
        now = time.time()
        while json.loads(self.process.stdout.readline())["time"] < now:
            pass
        data, seconds = [], []
        for _ in range(n):
            start = time.monotonic()
            data.append(json.loads(self.process.stdout.readline()))
            seconds.append(time.monotonic() - start)
        return data, seconds

    def until(self, enough, n=5):
        """n refreshes, and more until enough(whole rows) of all: on a busy machine most rows move while they are read.
        Refreshes, the seconds that each took, rows, those whole, those that are half or negative."""
        refreshes, seconds, whole = [], [], []
        end = time.monotonic() + 5 * DEADLINE
        while not enough(whole) and time.monotonic() < end:
            more, took = self.next(n)
            refreshes += more
            seconds += took
            rows = [b for r in refreshes for b in r["buffers"]]
            whole, bad = half_rows(rows)
        return refreshes, seconds, rows, whole, bad

    def stop(self):
        self.process.terminate()
        self.process.stdout.read()
        return self.process.wait()
