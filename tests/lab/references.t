#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""Every reference is named: GEM handles and objects, importers and messages in flight, for each source."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import module  # noqa: E402
from known import Refreshes, check_holders, check_processes, merged, sources, start_all, top, want_buffer  # noqa: E402
from tap import SCALE, Workload, bufinfo, equal, ok, poll, run_parts, skip  # noqa: E402

VIEWS = "buffers,holders,processes"
DELAY = 0.2
CHURN_SECONDS = 5 * SCALE
NUMBERS = ("count", "fds", "maps", "kernel", "attachments", "gem", "objects", "imports", "in_flight", "io_uring", "unexplained", "framebuffers", "procs")

FACTORIES = [
    ["gem-many", "-s", 4096, "-n", 1009 * SCALE], ["gem-files"], ["gem-shared", "-n", 7, "-P", 3], ["handle-first"],
    ["kernel-only", "-n", 11], ["vgem-export", "-n", 13], ["vgem-import", "-n", 5], ["virtio-gpu", "-n", 5], ["vivid"],
    ["inflight", "-n", 263], ["inflight-twice"], ["inflight-queue"], ["inflight-socket"], ["inflight-half", "-n", 7],
    ["inflight-dgram", "-P", 5], ["inflight-backlog", "-n", 3], ["inflight-netns", "-n", 13], ["io-uring"], ["io-uring-mapped", "-n", 7],
    ["framebuffer"], ["passed", "-n", 5], ["clone-files", "-n", 3],
]


def check(source, workloads, label):
    data = top(source, VIEWS)
    machine, machine_holders = merged(workloads)
    ok(data["complete"] is True and data["source"] == source, f"{source}, {label}: complete", data["complete"], data.get("lacks"))
    got = {b["ino"]: {k: b[k] for k in NUMBERS} for b in data["buffers"]}
    for w in workloads:
        inos, holders = w.buffers(), w.holders()
        want = {i: want_buffer(b, holders) for i, b in inos.items()}
        equal({i: got.get(i) for i in inos}, {i: {k: b[k] for k in NUMBERS} for i, b in want.items()},
              f"{source}, {label}: {' '.join(w.args)}")
    equal(sorted(got), sorted(machine), f"{source}, {label}: these buffers and no other")
    check_holders(data, machine, machine_holders, f"{source}, {label}")
    check_processes(data, machine, machine_holders, f"{source}, {label}")


def quiet(have):
    """All at once, so that none may be taken for another."""
    workloads = start_all(FACTORIES)
    for source in have:
        check(source, workloads, "all at once")
    for w in workloads:
        w.stop()
    ok(poll(lambda: not bufinfo()), "nothing is left")


def family(pid):
    """The process and its children, while none is started."""
    pids = {pid}
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat", "rb") as f:
                if int(f.read().rsplit(b")", 1)[1].split()[1]) == pid:
                    pids.add(int(other))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return pids


def both_kinds(rows):
    return all(any(b[kind] for b in rows) for kind in ("gem", "in_flight"))


def enough(whole):
    return len(whole) > 100 and both_kinds(whole)


def churn(have, *args):
    """While handles and messages come and go no half rows; afterwards, exact."""
    label = " ".join(map(str, ("churn-refs", *args)))
    tops = {source: Refreshes(source, VIEWS, DELAY) for source in have}
    start = time.monotonic()
    with Workload("churn-refs", "-d", 0, "-P", 8, *args) as w:
        if w.skipped:
            skip(label, w.skipped)
            return
        pids = family(w.pid)
        equal(len(pids), 9, f"{label}: 8 processes")
        for source in have:
            data, seconds, rows, whole, bad = tops[source].until(enough, 13)
            ok(enough(whole), f"{source}, {label}: buffers of both kinds seen", len(whole), len(rows))
            ok(not bad, f"{source}, {label}: no half or negative row among {len(whole)}", bad[:5])
            print(f"# {source}: {len(rows) - len(whole)} of {len(rows)} rows changed while they were read three times; "
                  f"{sum(1 for b in whole if b['unexplained'])} with unexplained references; "
                  f"slowest refresh {max(seconds):.2f} s", flush=True)
            bad = {h["pid"] for d in data for h in d["holders"]} - pids - {None}
            ok(not bad, f"{source}, {label}: no wrong pid", bad)
            equal(tops[source].stop(), 0, f"{source}, {label}: exit status")
        poll(lambda: time.monotonic() > start + CHURN_SECONDS)
        w.settle(tell=True)
        ok(both_kinds(w["buffers"]), f"{label}: rests with both kinds")
        for source in have:
            check(source, [w], f"after {label}")
    ok(poll(lambda: not bufinfo()), f"{label}: nothing is left")


def late(have):
    """A DRM driver that is loaded while the tool runs: its handles are named all the same."""
    subprocess.run("for m in vgem virtio_gpu virtio_dma_buf drm_shmem_helper drm_client_lib drm_kms_helper ttm drm; do rmmod $m; done",
                   shell=True, stderr=subprocess.DEVNULL)
    if os.path.exists("/sys/class/drm"):
        skip("a DRM driver that comes late", "DRM is built in, or in use")
        return
    for source in have:
        top = Refreshes(source, "buffers", DELAY)
        with Workload("kernel-only", "-n", 7) as w:
            if w.skipped:
                skip(f"{source}, a DRM driver that comes late", w.skipped)
            else:
                named = poll(lambda: {b["ino"] for b in top.next(1)[0][0]["buffers"] if b["gem"] == 1 and not b["unexplained"]} == set(w.buffers()))
                ok(named, f"{source}: handles of a DRM driver that came late")
        equal(top.stop(), 0, f"{source}, late driver: exit status")
        ok(poll(lambda: not bufinfo()), f"{source}, late driver: nothing is left")
        subprocess.run("rmmod vgem drm_shmem_helper drm_kms_helper drm", shell=True, stderr=subprocess.DEVNULL)


LEAKS = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
exporter, importer = module.Exporter(), module.Importer()
fd = exporter.export(7 * module.PAGE)
importer.leak_on_close()
importer.attach(fd)
print(os.fstat(fd).st_ino, flush=True)
sys.stdin.read()
"""


def suspects(have):
    """What a device has queued, fds closed, is correct; a driver that keeps what nobody can give back is not."""
    module.load_for_test()
    for source in have:
        top = Refreshes(source, "buffers,suspects", 0.5)

        def held():
            data = top.next(1)[0][0]
            return {s["ino"] for s in data["suspects"] if s["kind"] == "kernel-held"}, {b["ino"] for b in data["buffers"] if not b["procs"]}

        with Workload("vivid-closed") as w, subprocess.Popen([sys.executable, "-c", LEAKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            queued, leaked = set() if w.skipped else set(w.buffers()), int(p.stdout.readline())
            if w.skipped:
                skip(f"{source}: queued at a V4L2 device", w.skipped)
            ok(poll(lambda: queued <= held()[1] and leaked not in held()[1]), f"{source}: queued, held by the kernel only")
            p.stdin.close()
            p.wait()
            ok(poll(lambda: leaked in held()[0]), f"{source}: its process has exited, and it stays: suspected", held())
            equal(held()[0], {leaked}, f"{source}: queued for longer than that, by a process that lives: not suspected")
            ok(queued <= held()[1], f"{source}: and still told to be the kernel's")
            w.process.send_signal(signal.SIGKILL)
            w.process.wait()
            ok(poll(lambda: not queued & held()[1]), f"{source}: gone with its process")
        module.write("importer/leaked", 0)
        equal(top.stop(), 0, f"{source}: suspects, exit status")


have = sources()
ok("bpf:task" in have, "this kernel has bpf:task", have)
if "bpf:iter" not in have:
    skip("bpf:iter", "needs Linux 6.16")
run_parts(kernel={"late": lambda: late(have), "quiet": lambda: quiet(have), "suspects": lambda: suspects(have), "churn": lambda: churn(have),
                  "vgem": lambda: churn(have[-1:], "-x", "vgem")})
