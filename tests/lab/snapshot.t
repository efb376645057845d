#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""dmabuf-top's figures against the workloads' own and against bufinfo, row by row, for each source."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import Workload, bufinfo, done, equal, ok, poll, skip  # noqa: E402

SCALE = int(os.environ.get("TEST_SCALE", "1"))    # check-long makes it larger
ALL = "buffers,holders,processes,devices,attachments,exporters"


def top(source, *args):
    out = subprocess.run(["dmabuf-top", "-b", "-n1", "--json", f"--source={source}", "--view", ALL, *map(str, args)],
                         stdout=subprocess.PIPE, check=True)
    return json.loads(out.stdout)


def sources():
    """The sources that this kernel has; that there is a BPF one is part of the test."""
    out = subprocess.run(["dmabuf-trace", "doctor"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return [s for s in ("bpf:iter", "bpf:task") if any(line.split()[:2] == ["ok", s] for line in out.split("\n"))]


def merged(workloads):
    """All workloads' rows as one machine: buffers by ino, holders by (pid, ino)."""
    buffers, holders = {}, {}
    for w in workloads:
        buffers.update(w.buffers())
        holders.update(w.holders())
    return buffers, holders


def want_buffer(b, holders):
    att = len(b["attachments"])
    return {"ino": b["ino"], "size": b["size"], "exporter": b["exporter"], "name": b["name"], "uid": b["uid"],
            "count": b["count"], "fds": b["fds"], "maps": b["maps"], "kernel": b["kernel"], "attachments": att,
            "unexplained": max(0, b["kernel"] - att), "procs": sum(1 for _, ino in holders if ino == b["ino"]),
            "devices": sorted(a["device"] for a in b["attachments"])}


def got_buffer(b):
    got = {k: v for k, v in b.items() if k != "age"}
    got["devices"] = sorted(got["devices"] or [])
    return got


def want_processes(buffers, holders):
    """RSS, PSS and USS by their definitions, from the workloads' rows alone."""
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


def check(source, data, workloads, label):
    label = f"{source}, {label}"
    buffers, holders = merged(workloads)
    kernel_only = sum(b["size"] for i, b in buffers.items() if not any(ino == i for _, ino in holders))
    ok(data["complete"] is True and data["source"] == source, f"{label}: complete", {k: data[k] for k in data if k not in ALL.split(",")})
    equal({b["ino"]: got_buffer(b) for b in data["buffers"]},
          {i: want_buffer(b, holders) for i, b in buffers.items()}, f"{label}: buffers")
    equal({(h["pid"], h["ino"]): (h["comm"], h["size"], h["exporter"], h["name"], h["fds"], h["maps"]) for h in data["holders"]},
          {k: (h["comm"], buffers[k[1]]["size"], buffers[k[1]]["exporter"], buffers[k[1]]["name"], len(h["fds"]), h["maps"])
           for k, h in holders.items()}, f"{label}: holders")
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
    equal(processes.get(None, {}).get("pss", 0), kernel_only, f"{label}: kernel-only bytes")

    # The kernel's own list, independent of the workloads
    info = bufinfo()
    equal({b["ino"]: (b["size"], b["count"], b["exporter"], b["name"], sorted(b["devices"])) for b in data["buffers"]},
          {i: tuple(b) for i, b in info.items()}, f"{label}: bufinfo")
    exporters, devices = {}, {}
    for i, b in info.items():
        e = exporters.setdefault(b.exporter, [0, 0])
        e[0] += 1
        e[1] += b.size
        for d in b.devices:
            row = devices.setdefault(d, [0, set(), 0])
            row[0] += 1
            row[2] += 0 if i in row[1] else b.size
            row[1].add(i)
    equal({e["exporter"]: [e["buffers"], e["bytes"]] for e in data["exporters"]}, exporters, f"{label}: exporters")
    equal({d["device"]: [d["attachments"], d["buffers"], d["bytes"]] for d in data["devices"]},
          {d: [r[0], len(r[1]), r[2]] for d, r in devices.items()}, f"{label}: devices")
    equal(sorted((a["ino"], a["device"]) for a in data["attachments"]),
          sorted((i, d) for i, b in info.items() for d in b.devices), f"{label}: attachments")
    # What the importers are known for
    drivers = {d["device"]: d["driver"] for d in data["devices"]}
    ok(all(k.startswith("vivid") == (v == "vivid") for k, v in drivers.items()), f"{label}: drivers", drivers)
    ok(all(a["dynamic"] in (True, False) for a in data["attachments"]), f"{label}: dynamic is known")


def ages(data, workloads, now, label):
    """created is in whole seconds, and so is the age."""
    buffers, _ = merged(workloads)
    off = {b["ino"]: (b["age"], now - buffers[b["ino"]]["created"]) for b in data["buffers"]
           if not -1 <= b["age"] - (now - buffers[b["ino"]]["created"]) <= 2}
    ok(not off, f"{label}: ages", off)


FACTORIES = [
    ["plain", "-n", 23], ["plain", "-n", 3, "--name", "cam0-raw", "-u", 1000], ["plain-map", "-n", 7], ["dup", "-n", 19],
    ["map-only"], ["passed", "-n", 5], ["inflight", "-n", 5], ["fork", "-n", 3, "-P", 5], ["fork", "-n", 3, "-P", 5, "--map"],
    ["shared", "-n", 7, "-P", 5], ["clone-files", "-n", 3], ["clone-vm", "-n", 3], ["threads", "-n", 5], ["udmabuf", "-n", 5],
    ["kernel-only", "-n", 11], ["vgem-export", "-n", 13], ["vgem-import", "-n", 5], ["virtio-gpu", "-n", 3], ["vivid"],
    ["many", "-n", 211 * SCALE, "-P", 17, "-s", 4096], ["hostile"],
]


def quiet(have):
    workloads = []
    for args in FACTORIES:
        w = Workload(*args)
        if w.skipped:
            skip(" ".join(map(str, args)), w.skipped)
        else:
            workloads.append(w)
    for source in have:
        data = top(source)
        check(source, data, workloads, "everything at once")
        ages(data, workloads, int(time.time()), source)
    for w in workloads:
        w.stop()


def kernel_only(have):
    """No process holds any buffer: bpf:task has bufinfo to go by, and nothing else."""
    ok(poll(lambda: not bufinfo()), "all buffers are gone")
    for source in have:
        equal(top(source)["buffers"], [], f"{source}: no buffer at all")
    with Workload("kernel-only", "-n", 11) as w:
        for source in have:
            data = top(source)
            equal({b["ino"]: [b[k] for k in ("size", "exporter", "count", "fds", "maps", "kernel", "attachments", "unexplained", "procs")]
                   for b in data["buffers"]},
                  {i: [b["size"], b["exporter"], 2, 0, 0, 2, 0, 2, 0] for i, b in w.buffers().items()},
                  f"{source}: buffers that nobody holds")
            equal([p["pss"] for p in data["processes"]], [sum(b["size"] for b in w.buffers().values())],
                  f"{source}: kernel-only row")


def filters(source):
    a, b = Workload("plain", "-n", 5, "-s", "64K"), Workload("plain", "-n", 3, "-s", "1M")
    with a, b:
        data = top(source, "-p", a.pid)
        equal(({h["pid"] for h in data["holders"]}, len(data["buffers"]), len(data["processes"])), ({a.pid}, 5, 1), "-p")
        data = top(source, "-p", f"{a.pid},{b.pid}", "--min-size", "65K")
        equal((len(data["buffers"]), [p["pid"] for p in data["processes"]]), (3, [b.pid]), "--min-size")
        data = top(source, "--exporter", "none*")
        equal([data[v] for v in ALL.split(",")], [[]] * 6, "--exporter that is not there")
        os.makedirs("/sys/fs/cgroup/test.slice/a.scope", exist_ok=True)
        with open("/sys/fs/cgroup/test.slice/a.scope/cgroup.procs", "w") as f:
            f.write(str(a.pid))
        for kind in (source, "proc"):
            data = top(kind, "-q", "-G", "/test.slice")
            equal([(p["pid"], p["cgroup"]) for p in data["processes"]], [(a.pid, "/test.slice/a.scope")], f"{kind}: -G, and all below it")
            equal({p["pid"]: p["cgroup"] for p in top(kind, "-q")["processes"]}[b.pid], "/", f"{kind}: the root cgroup")
        data = top(source, "--comm", "mkb*", "--exporter", a["buffers"][0]["exporter"])
        equal(len(data["buffers"]), 8, "--comm and --exporter")


def proc():
    """/proc alone: the same holders, where no tables are shared; what it cannot know is null."""
    workloads = [w for w in (Workload("plain", "-n", 11, "--name", "a b"), Workload("plain-map", "-n", 7), Workload("dup", "-n", 5),
                             Workload("shared", "-n", 3, "-P", 5), Workload("vgem-import", "-n", 3)) if not w.skipped]
    data = top("proc", "-q")
    buffers, holders = merged(workloads)
    equal({(h["pid"], h["ino"]): (h["comm"], h["size"], h["exporter"], h["name"], h["fds"], h["maps"]) for h in data["holders"]},
          {k: (h["comm"], buffers[k[1]]["size"], buffers[k[1]]["exporter"], buffers[k[1]]["name"], len(h["fds"]), h["maps"])
           for k, h in holders.items()}, "proc: holders")
    equal({b["ino"]: [b[k] for k in ("count", "fds", "maps", "kernel", "attachments", "unexplained", "uid", "devices")] for b in data["buffers"]},
          {i: [b["count"], b["fds"], b["maps"], b["kernel"], None, None, None, None] for i, b in buffers.items()}, "proc: buffers")
    ok(data["complete"] is False and not any(p["pid"] is None for p in data["processes"]), "proc: incomplete, and says so", data["complete"])
    for w in workloads:
        w.stop()


def churn(have):
    """During churn no half rows; afterwards, exact."""
    with Workload("churn", "-d", 20 * SCALE, "-P", 32, timeout=280 * SCALE) as w:
        if w.skipped:
            skip("churn", w.skipped)
            return
        for source in have:
            process = subprocess.run(["dmabuf-top", "-b", "-n", "13", "-d", "0.4", "--json", f"--source={source}", "--view", ALL],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            refreshes = [json.loads(line) for line in process.stdout.splitlines()]
            ok(process.returncode == 0 and len(refreshes) == 13, f"{source}: 13 refreshes during churn", process.stderr, len(refreshes))
            rows = [b for r in refreshes for b in r["buffers"]]
            known = [b for b in rows if b["count"] is not None]
            ok(len(known) > 100, f"{source}: buffers seen during churn", len(known))
            bad = [b for b in known if b["count"] != b["fds"] + b["maps"] + b["kernel"] or not
                   0 <= b["unexplained"] <= b["kernel"] <= b["count"] or not b["size"] or not b["exporter"]]
            ok(not bad, f"{source}: no half or negative row among {len(known)}", bad[:5])
            print(f"# {source}: {len(rows) - len(known)} of {len(rows)} rows changed while they were read three times", flush=True)
            bad = [r["torn"] for r in refreshes if r.get("torn", 0) and r["complete"]]
            ok(not bad, f"{source}: torn rows are said", bad)
        w.settle()
        for source in have:
            check(source, top(source), [w], "after churn")


have = sources()
ok("bpf:task" in have, "this kernel has bpf:task", have)
if "bpf:iter" not in have:
    skip("bpf:iter", "needs Linux 6.16")
for part in sys.argv[1:] or ["kernel_only", "quiet", "filters", "proc", "churn"]:
    {"kernel_only": lambda: kernel_only(have), "quiet": lambda: quiet(have), "filters": lambda: filters(have[0]),
     "proc": proc, "churn": lambda: churn(have)}[part]()
sys.exit(done())
