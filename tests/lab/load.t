#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""Load: many buffers, processes and devices at once, all seen; and a long churn, after which neither a tool nor
the module holds more than before. check does little of it and leaves tools out, check-long does all."""
import atexit
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import module as m  # noqa: E402
from scrape import Server  # noqa: E402
from tap import SCALE, Workload, bufinfo, diag, equal, measured, ok, own_memory, poll, run_parts, skip  # noqa: E402

LONG = SCALE >= 10
BUFFERS, PROCESSES = (50021, 2003) if LONG else (2003, 101)
DEVICES = 200
ROUNDS, EACH = (23, 5003) if LONG else (5, 1009)
GROWTH = 256        # KiB that a heap may wander by
# With all tools at once live is late by up to a ring, and loses: memory for the most of that is there after so many
# rounds, but for some. 7 bytes for one of each operation would be more.
WARM, LATE = 13, 768
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
SHOWN = "/tmp/load.shown"
FLIGHT = "1M"       # of record: full long before the first look


def top(*args):
    return ["dmabuf-top", "-b", "-d", "0.1", *args]


def refreshed():
    """Ten more refreshes need no more memory than the first three did."""
    with subprocess.Popen(top("--json", "--view", "exporters,devices"), stdout=subprocess.PIPE) as p:
        def after(refreshes):
            for _ in range(refreshes):
                p.stdout.readline()
            return own_memory(p.pid)
        after(2)
        measured(f"at most {GROWTH} KiB more for 10 refreshes more", lambda: (after(1), after(10)), always=all, likely=lambda v: v[1] - v[0] <= GROWTH)
        p.kill()


def standing():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with Workload("many", "--totals", "-s", 4096, "-n", BUFFERS, "-P", PROCESSES) as w:
        if w.skipped:
            skip("many", w.skipped)
            return
        with m.Exporter() as e, m.Importer() as i:
            fds = [e.export() for _ in range(DEVICES)]
            for device, fd in enumerate(fds):
                i.map(i.attach(fd, device))
            data = json.loads(subprocess.run(top("-n", "1", "--json", "--view", "buffers,processes,devices,attachments"),
                                             stdout=subprocess.PIPE, check=True).stdout)
            info = bufinfo()
            equal(len(info), BUFFERS + DEVICES, f"{BUFFERS} buffers and {DEVICES}: bufinfo has them")
            equal({b["ino"]: (b["size"], b["count"]) for b in data["buffers"]},
                  {ino: (b.size, b.count) for ino, b in info.items()}, "and dmabuf-top, each with its size and count")
            # Those of many, and this one
            equal(len([p for p in data["processes"] if p["buffers"]]), PROCESSES + 1, f"{PROCESSES} processes and this one")
            equal(sum(p["buffers"] for p in data["processes"]), BUFFERS + DEVICES, "have all of them")
            equal({d["device"]: d["attachments"] for d in data["devices"]},
                  {f"dmabuf-importer.{k}": 1 for k in range(DEVICES)}, f"{DEVICES} devices have one each")
            refreshed()
            for fd in fds:
                os.close(fd)


def settled(value):
    """What it is once it has been the same for a second."""
    last, since = value(), time.monotonic()

    def stays():
        nonlocal last, since
        now = value()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since >= 1
    poll(stays)
    return last


def rounds(n):
    for _ in range(n):
        subprocess.run(["modops", "-n", str(EACH), "-P", "8"], stdout=subprocess.DEVNULL, check=True)


def kernel_memory():
    """KiB of the kernel's that cannot be reclaimed."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")
    with open("/proc/meminfo", encoding="ascii") as f:
        values = {line.split(":")[0]: int(line.split()[1]) for line in f}
    return values["SUnreclaim"] + values["KernelStack"] + values["PageTables"] + values["Percpu"]


def module():
    rounds(2)

    def sizes():
        before = min(kernel_memory() for _ in range(7))
        rounds(ROUNDS)
        after = []
        # Freed by RCU, a while later
        poll(lambda: after.append(kernel_memory()) or min(after) - before <= 1024)
        return before, min(after)
    measured(f"the module: at most 1024 KiB more of the kernel's after {ROUNDS * EACH} of each operation", sizes, always=all,
             likely=lambda v: v[1] - v[0] <= 1024)
    ok(poll(lambda: not bufinfo()), "no buffer is left")


def shown():
    with open(SHOWN, "rb") as f:
        return f.read().count(b"\n")


def forgets():
    """Of buffers whose release is not asked for nothing stays; 10007 would be 1.2 MB, and what waits in the ring is a little."""
    with subprocess.Popen(["dmabuf-trace", "live", "-e", "export", "-o", SHOWN], stderr=subprocess.PIPE, text=True) as p:
        p.stderr.readline()     # watching by ...
        sizes = []
        for n, lines in ((3001, 3001), (10007, 13008)):
            subprocess.run(["modops", "-n", str(n), "-P", "8"], stdout=subprocess.DEVNULL, check=True)
            ok(poll(lambda: shown() == lines), f"live shows {lines} exports", shown())
            sizes.append(settled(lambda: own_memory(p.pid)))
        p.send_signal(signal.SIGINT)
        equal(re.findall(r"\d+ events shown, \d+ lost", p.stderr.read()), ["13008 events shown, 0 lost"], "each export")
    ok(sizes[1] - sizes[0] <= 512, f"live: {sizes[0]} KiB, {sizes[1]} KiB after 10007 exports")


def tools():
    """All that see each event, at once."""
    started = {
        "live": ["dmabuf-trace", "live", "-q", "-o", "/dev/null"],
        "record": ["dmabuf-trace", "record", "-q", "--flight=600", f"--max-size={FLIGHT}", "-o", "/tmp/load.data"],
        "dmabuf-top": top("-n", "1000000", "-o", "/dev/null", "--view", "buffers,pipelines,latency"),
    }
    running = {name: subprocess.Popen(args, stdout=subprocess.DEVNULL) for name, args in started.items()}
    with Server("--per-buffer") as s:
        running["metrics"] = s.process

        def sizes():
            return {name: own_memory(p.pid) for name, p in running.items()}
        settled(sizes)      # they have begun

        def grown(n):
            before = settled(sizes)
            for _ in range(n):
                rounds(1)
                s.get()
            after = settled(sizes)
            return {name: (before[name], after[name]) for name in after}
        grown(WARM)
        measured(f"at most {LATE} KiB more of each tool's after {ROUNDS * EACH} of each operation", lambda: grown(ROUNDS),
                 always=lambda v: all(all(pair) for pair in v.values()), likely=lambda v: all(b - a <= LATE for a, b in v.values()))
        del running["metrics"]
    for name, p in running.items():
        p.send_signal(signal.SIGINT)
        ok(p.wait() in (0, 130), f"{name} ends", p.returncode)


def rate():
    """Up to which rate a recording with the default ring loses nothing: 8 processes, at last as fast as they can. The
    first step's events have room in it however late they are read."""
    if not os.path.exists("/dev/dma_heap/system"):
        skip("rate", "no /dev/dma_heap/system")
        return
    best = 0
    for each in (1009, 10007, 0):
        calls = 3 * each or 100003
        access = f"out/lab/{os.environ['LAB_SUITE']}/tests/bench/access 0 {calls} {each}"
        times = subprocess.run(["dmabuf-trace", "record", "-q", "-o", "/tmp/rate.data", "-e", "begin", "--snapshot=0", "--",
                                "sh", "-c", f"date +%s%N; for i in $(seq 8); do {access} & done; wait; date +%s%N"],
                               stdout=subprocess.PIPE, check=True).stdout.split()
        counts = json.loads(subprocess.run(["dmabuf-trace", "report", "-i", "/tmp/rate.data", "--json"], stdout=subprocess.PIPE, check=True).stdout)
        received, lost = counts["counts"].get("begin", 0), counts["lost"]
        per_second = round(8 * calls * 1e9 / (int(times[1]) - int(times[0])))
        equal(received + lost, 8 * calls, f"{per_second} events a second: received {received} + lost {lost} = made")
        ok(not lost or best, "the first step loses none", lost)
        if lost:
            break
        best = per_second
    diag(f"nothing is lost up to {best} events a second")


def no_huge_pages():
    """Until the test ends: whether a heap is given one, 2 MiB at once, is a matter of luck."""
    def choose(value):
        with open(HUGE_PAGES, "w", encoding="ascii") as f:
            f.write(value)
    with open(HUGE_PAGES, encoding="ascii") as f:
        atexit.register(choose, f.read().split("[")[1].split("]")[0])
    choose("never")


no_huge_pages()
m.load_for_test(f"devices={DEVICES}")
more = {"tools": tools, "rate": rate}
run_parts(kernel={"standing": standing, "module": module, **(more if LONG else {})}, user_space={"forgets": forgets}, named=more)
