#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""dmabuf-top's figures against the workloads' own and against bufinfo, row by row, for each source."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import known  # noqa: E402
from known import check_holders, check_processes, got_buffer, merged, sources, start_all, want_buffer  # noqa: E402
from tap import SCALE, Workload, bufinfo, equal, ok, poll, run_parts, skip  # noqa: E402

ALL = "buffers,holders,processes,devices,attachments,exporters"


def top(source, *args):
    return known.top(source, ALL, *args)


def check(source, data, workloads, label):
    label = f"{source}, {label}"
    buffers, holders = merged(workloads)
    ok(data["complete"] is True and data["source"] == source, f"{label}: complete", {k: data[k] for k in data if k not in ALL.split(",")})
    equal({b["ino"]: got_buffer(b) for b in data["buffers"]},
          {i: want_buffer(b, holders) for i, b in buffers.items()}, f"{label}: buffers")
    check_holders(data, buffers, holders, label)
    check_processes(data, buffers, holders, label)

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
    workloads = start_all(FACTORIES)
    for source in have:
        data = top(source)
        check(source, data, workloads, "everything at once")
        ages(data, workloads, int(data["time"]), source)
    for w in workloads:
        w.stop()


def unheld(have):
    """No process holds any buffer: bpf:task has messages to start from, else bufinfo and nothing else."""
    ok(poll(lambda: not bufinfo()), "all buffers are gone")
    for source in have:
        equal(top(source)["buffers"], [], f"{source}: no buffer at all")
    for factory in ("inflight", "vivid-closed", "kernel-only"):
        with Workload(factory) as w:
            if w.skipped:
                skip(factory, w.skipped)
                continue
            for source in have:
                data = top(source)
                if source == "bpf:iter" or factory != "vivid-closed":
                    check(source, data, [w], f"nothing but {factory}")
                    continue
                names = ("size", "exporter", "count", "fds", "maps", "kernel", "attachments", "imports", "unexplained", "procs", "devices")
                want = {i: want_buffer(b, w.holders()) for i, b in w.buffers().items()}
                equal({b["ino"]: [b[k] for k in names] for b in data["buffers"]}, {i: [b[k] for k in names] for i, b in want.items()},
                      f"{source}: what only bufinfo knows")
        ok(poll(lambda: not bufinfo()), "all buffers are gone again")


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
    ok(all(h["handle"] is None and h["node"] is None for h in data["holders"]), "proc: GEM handles are unknown, not none")
    equal({b["ino"]: [b[k] for k in ("count", "fds", "maps", "kernel", "attachments", "gem", "objects", "imports", "in_flight", "unexplained", "uid", "devices")] for b in data["buffers"]},
          {i: [b["count"], b["fds"], b["maps"], b["kernel"]] + [None] * 8 for i, b in buffers.items()}, "proc: buffers")
    ok(data["complete"] is False and not any(p["pid"] is None for p in data["processes"]), "proc: incomplete, and says so", data["complete"])
    for w in workloads:
        w.stop()


def churn(have):
    """During churn no half rows; afterwards, exact."""
    tops = {source: known.Refreshes(source, ALL, 0.4) for source in have}
    start = time.monotonic()
    with Workload("churn", "-d", 0, "-P", 32) as w:
        if w.skipped:
            skip("churn", w.skipped)
            return
        for source in have:
            refreshes, seconds, rows, whole, bad = tops[source].until(lambda whole: len(whole) > 10)
            ok(len(whole) > 10, f"{source}: buffers seen during churn", len(whole))
            equal(tops[source].stop(), 0, f"{source}: refreshes during churn")
            ok(not bad, f"{source}: no half or negative row among {len(whole)}", bad[:5])
            print(f"# {source}: {len(rows) - len(whole)} of {len(rows)} rows changed while they were read three times; "
                  f"slowest refresh {max(seconds):.2f} s", flush=True)
            bad = [r["torn"] for r in refreshes if r.get("torn", 0) and r["complete"]]
            ok(not bad, f"{source}: torn rows are said", bad)
        poll(lambda: time.monotonic() > start + 5 * SCALE)
        w.settle(tell=True)
        for source in have:
            check(source, top(source), [w], "after churn")


have = sources()
ok("bpf:task" in have, "this kernel has bpf:task", have)
if "bpf:iter" not in have:
    skip("bpf:iter", "needs Linux 6.16")
run_parts(kernel={"unheld": lambda: unheld(have), "quiet": lambda: quiet(have), "churn": lambda: churn(have)},
          user_space={"filters": lambda: filters(have[0]), "proc": proc})
