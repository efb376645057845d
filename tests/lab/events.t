#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space, nothing
"""Each operation of the module is one event, with each kind of hook, or is counted as lost."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import kernel  # noqa: E402
import module  # noqa: E402
from modops import ring  # noqa: E402
from tap import diag, done, equal, measured, ok, poll, run_parts, scaled, skip  # noqa: E402

CALLS = ("attach", "map", "unmap", "pin", "unpin", "vmap", "vunmap", "begin", "end", "mmap", "detach")
DIRECTIONS = ("bidirectional", "to_device", "from_device")
EVENTS, OPS = "/tmp/events", "/tmp/ops.json"


def trace(command, *args):
    """Exit status and what it said on stderr; the command's output is in OPS."""
    with open(OPS, "w") as out:
        p = subprocess.run(["dmabuf-trace", *map(str, args), *(["--", *map(str, command)] if command else [])],
                           stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stderr


def shown(text):
    """What live says in the end: events shown, and lost."""
    return tuple(map(int, re.search(r"(\d+) events shown, (\d+) lost", text).groups()))


def live(command, *args):
    """Events, and how many were lost."""
    status, text = trace(command, "live", "--json", "-o", EVENTS, *args)
    if status:
        ok(False, f"live {args}: exit status", status, text)
    events, lost = [], 0
    with open(EVENTS) as f:
        for line in f:
            event = json.loads(line)
            if event["event"] == "lost":
                lost += event["lost"]
            else:
                events.append(event)
    equal(shown(text), (len(events), lost), f"{' '.join(map(str, command[:1]))}: as many as told")
    return events, lost


def stat(command, *args):
    status, text = trace(command, "stat", "--json", "-o", EVENTS, *args)
    if status:
        ok(False, f"stat {args}: exit status", status, text)
    with open(EVENTS) as f:
        return json.load(f)


def modops():
    with open(OPS) as f:
        return json.load(f)["processes"]


def total(processes, what="calls"):
    return sum((Counter(p[what]) for p in processes), Counter())


def counts(data):
    return sum(o["count"] for o in data["operations"])


def expected(processes):
    """(event, pid, device, direction, node) → how many, as the workload counted."""
    want = Counter()
    nodes = {"export": module.EXPORTER, "attach": module.IMPORTER, "map": module.IMPORTER}
    for p in processes:
        for op, n in p["calls"].items():
            device = p["device"] if op in ("attach", "map", "unmap", "pin", "unpin", "detach") else ""
            if op in ("map", "unmap", "begin", "end"):
                # begin and end: once by ioctl, once in the kernel
                each = 2 if op in ("begin", "end") else 1
                for direction, m in zip(DIRECTIONS, p["directions"]):
                    want[op, p["pid"], device, direction, nodes.get(op, "")] += each * m
            else:
                want[op, p["pid"], device, "", nodes.get(op, "")] += n
        want["release", p["pid"], "", "", ""] += p["n"]
    return +want


def exact(hooks, n, alone=True):
    """All that is to be known of each event; by CSV, since there are many. Who looks at a buffer as it is closed may be the one to release it."""
    label = f"{hooks}, {n} of each by 8 processes"
    begun = time.monotonic_ns()
    status, text = trace(["modops", "-n", n, "-P", 8], "live", "--csv", "--no-header", f"--hooks={hooks}", ring(n), "-o", EVENTS,
                         "-O", "event,pid,device,direction,node,error,ino,duration", "-e", ",".join(("export", "release") + CALLS))
    passed, processes = time.monotonic_ns() - begun, modops()
    equal(status, 0, f"{label}: exit status")
    equal(set(total(processes).values()), {n, 2 * n}, f"{label}: made")
    got, errors, buffers, durations = Counter(), Counter(), Counter(), defaultdict(list)
    owners = {str(ino): str(p["pid"]) for p in processes for ino in p["inos"]}
    with open(EVENTS) as f:
        for line in f:
            event, pid, device, direction, node, error, ino, duration = line[:-1].split(",")
            if event == "release" and not alone:
                pid = owners.get(ino)
            got[event, pid, device, direction, node] += 1
            errors[error] += 1
            buffers[ino, pid] += 1
            durations[event].append(duration)
    equal({(e, int(p), *rest): m for (e, p, *rest), m in got.items()}, dict(expected(processes)),
          f"{label}: event, process, device, direction, node")
    each = sum(got.values())
    equal(shown(text), (each, 0), f"{label}: {each} events, none lost")
    equal(dict(errors), {"0": each}, f"{label}: results")
    equal(dict(buffers), {(str(ino), str(p["pid"])): each // n for p in processes for ino in p["inos"]},
          f"{label}: as many events of each of {n} buffers, by its own process")
    equal((len(durations["begin"]), len(durations["end"])), (2 * n, 2 * n), f"{label}: CPU access in pairs")
    ok(all(0 < int(d) < passed for event in CALLS if event != "mmap" for d in durations[event]), f"{label}: durations")


def sums(hooks, n):
    """Received and lost are what was made."""
    events, lost = live(["modops", "-n", n, "-P", 8], f"--hooks={hooks}", "-e", ",".join(CALLS), "-O", "event")
    made = sum(total(modops())[c] for c in CALLS)
    equal(len(events) + lost, made, f"{hooks}: received {len(events)} + lost {lost} = made {made}")
    data = stat(["modops", "-n", n, "-P", 8], f"--hooks={hooks}", "-e", ",".join(CALLS))
    made = sum(total(modops())[c] for c in CALLS)
    equal(counts(data) + data["dropped"] + data["missed"], made, f"{hooks}: stat counted {counts(data)}, missed {data['missed']}, made {made}")
    ok(all(sum(o["buckets"]) == o["count"] for o in data["operations"] if o["op"] != "mmap"), f"{hooks}: buckets add up")


def crowd():
    """More tasks in one function than a return probe has room for."""
    module.write("inject/map/delay_us", 3000)
    try:
        for hooks in ("auto", "kprobe"):
            events, lost = live(["modops", "-n", 131, "-P", 13], f"--hooks={hooks}", "-e", "map", "-O", "event")
            equal(len(events) + lost, 131, f"13 tasks in a slow map, {hooks}: received {len(events)} + lost {lost} = made")
            ok(not kernel.has_sessions() or hooks == "kprobe" or not lost, f"13 tasks in a slow map, {hooks}: none lost by sessions", lost)
    finally:
        module.write("inject/map/delay_us", 0)


def tiny_ring():
    def figures():
        events, lost = live(["modops", "-n", 1009, "-P", 8], "--ring-size=4K", "-e", ",".join(CALLS), "-O", "event")
        return len(events), lost, sum(total(modops())[c] for c in CALLS)
    measured("a tiny ring loses, and received + lost = made", figures, always=lambda v: v[0] + v[1] == v[2], likely=lambda v: v[1] > 0)


def beside():
    """Who reads what hooks keep does not make other hooks miss anything, however often."""
    refreshes = "/tmp/beside"
    with subprocess.Popen(["dmabuf-top", "-b", "-d", "0.1", "-n", "1000000", "-o", refreshes, "--view", "pipelines,latency"]) as top:
        ok(poll(lambda: os.path.exists(refreshes) and os.path.getsize(refreshes)), "dmabuf-top's hooks are set")
        exact("auto", scaled(1009, 2003), alone=False)
        top.send_signal(signal.SIGINT)


def injected():
    """Errors of the module's exporter are results; of vmap's the core would warn. Where a map pins, a pin's are the map's."""
    errno = {"map": 16, "pin": 16, "begin": 4}
    for op, number in errno.items():
        module.write(f"inject/{op}/errno", -number)
        module.write(f"inject/{op}/every", 3)
    try:
        events, lost = live(["modops", "-n", 101, "-P", 1], "-e", ",".join(CALLS), "-O", "event,error")
        calls, errors = total(modops()), total(modops(), "errors")
        equal(Counter((e["event"], e["error"]) for e in events if e["event"] in errno),
              Counter({(op, n): m for op in errno for n, m in ((0, calls[op] - errors[op]), (errno[op], errors[op]))}),
              "injected errors are results")
        ok(all(errors[op] > 20 for op in errno) and not lost, "a third fails", errors)
        equal({e["error"] for e in events if e["event"] not in errno}, {0}, "nothing else fails")
        data = stat(["modops", "-n", 101, "-P", 1], "-e", "map")
        equal((counts(data), sum(o["errors"] for o in data["operations"])), (101, total(modops(), "errors")["map"]), "stat counts them")
    finally:
        for op in errno:
            module.write(f"inject/{op}/errno", 0)
            module.write(f"inject/{op}/every", 1)


# Attaches and detaches, 13 times while maps fail, then 7 times
UNDONE = """
import sys
sys.path.insert(0, "tests/lib")
import module
exporter, importer = module.Exporter(), module.Importer()
fd = exporter.export(flags=module.DYNAMIC)
failed = 0
for errno, n in ((-12, 13), (0, 7)):
    module.write("inject/map/errno", errno)
    for _ in range(n):
        try:
            importer.detach(importer.attach(fd))
        except OSError:
            failed += 1
print(failed)
"""


def exits():
    """A process exits once, with its own status, however its threads exit."""
    for scope, follow in ((["-a"], "all processes"), ([], "the tree")):
        events, lost = live(["exits", 211], *scope, "-e", "exit", "-O", "event,pid,status")
        with open(OPS) as f:
            statuses = {int(pid): status for pid, status in json.load(f).items()}
        equal((Counter(statuses.values()), lost), (Counter({3 << 8: 210, 8 << 8: 1}), 0), f"{follow}: 211 processes")
        seen = Counter(e["pid"] for e in events if e["pid"] in statuses)
        equal(seen, Counter(statuses.keys()), f"{follow}: each process exits once")
        equal({e["pid"]: e["status"] for e in events if e["pid"] in statuses}, statuses, f"{follow}: its status is that of wait")


# 13 exports by system calls of 32 bits, from a program of 64 bits: number and arguments in eax, ebx, ecx, edx
COMPAT = """
import ctypes, os, struct, sys
sys.path.insert(0, "tests/lib")
import module
RWX, PRIVATE_ANONYMOUS_32BIT, IOCTL = 7, 0x62, 54
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
memory = libc.mmap(None, ctypes.c_size_t(4096), RWX, PRIVATE_ANONYMOUS_32BIT, -1, ctypes.c_long(0))
code = bytes.fromhex("53 89f8 89f3 87d1 cd80 5b 4898 c3")
ctypes.memmove(memory, code, len(code))
int80 = ctypes.CFUNCTYPE(*[ctypes.c_long] * 5)(memory)
exporter = module.Exporter()
direction, number, form = module.COMMANDS["EXPORT"]
data = struct.pack(form, module.PAGE, 0, os.O_CLOEXEC | os.O_RDWR, 0, 0, b"")
for _ in range(13):
    ctypes.memmove(memory + 2048, data, len(data))
    if int80(IOCTL, exporter.fd, module.command(direction, number, len(data)), memory + 2048):
        sys.exit("the ioctl of 32 bits fails")
"""


def compat():
    """System calls of 32 bits have other numbers and registers."""
    if kernel.config("IA32_EMULATION") != "y":
        skip("system calls of 32 bits", "no CONFIG_IA32_EMULATION in this kernel")
        return
    events, lost = live(["python3", "-c", COMPAT], "-e", "export", "--stacks=user", "-O", "event,node,user_stack")
    equal(([(e["node"], e["user_stack"]) for e in events], lost), ([(module.EXPORTER, None)] * 13, 0),
          "system calls of 32 bits: their node is reported, their stack is unknown")


ENFILE = 23
# 13 exports, and 11 without privileges while there may be no further file
NO_FILE = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
FILES = "/proc/sys/fs/file-max"
exporter = module.Exporter()
for _ in range(13):
    os.close(exporter.export())
with open(FILES) as f:
    before = f.read()
# The kernel's own count lags by 32 files for each CPU
others = [os.open("/dev/null", os.O_RDONLY) for _ in range(32 * os.cpu_count() + 1)]
limit = os.open(FILES, os.O_WRONLY)
os.pwrite(limit, b"1", 0)
os.seteuid(65534)
errors = []
for _ in range(11):
    try:
        exporter.export()
    except OSError as e:
        errors.append(e.errno)
os.seteuid(0)
os.pwrite(limit, before.encode(), 0)
print(errors)
"""
# Exports, each with another allocation that fails
NO_MEMORY = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
with open("/sys/kernel/debug/failslab/ignore-gfp-wait", "w") as f:
    f.write("N")
exporter = module.Exporter()
fault = os.open("/proc/thread-self/fail-nth", os.O_WRONLY)
failed = 0
for n in range(1, 61):
    os.pwrite(fault, b"%d" % n, 0)
    try:
        fd = exporter.export()
    except OSError:
        failed += 1
        fd = None
    finally:
        os.pwrite(fault, b"0", 0)
    if fd is not None:
        os.close(fd)
print(failed)
"""


def undone():
    """What the kernel does to undo its own failed call is no event."""
    events, lost = live(["python3", "-c", NO_FILE], "-e", "export,release", "-O", "event,error,ino")
    with open(OPS) as f:
        equal(f.read().strip(), str([ENFILE] * 11), "exports without a free file fail")
    equal((Counter((e["event"], e["error"]) for e in events), lost),
          (+Counter({("export", 0): 13, ("release", 0): 13, ("export", ENFILE): 0 if kernel.has_export_tracepoint() else 11}), 0),
          "a failed export is a result, except by tracepoint, and releases nothing")
    if os.path.exists("/proc/self/fail-nth"):
        events, lost = live(["python3", "-c", NO_MEMORY], "-e", "export,release", "-O", "event,error,ino")
        inos = {kind: Counter(e["ino"] for e in events if e["event"] == kind and not e["error"]) for kind in ("export", "release")}
        with open(OPS) as f:
            failed = int(f.read())
        ok(5 < failed < 60 and inos["release"] == inos["export"] and not lost, "an export without memory releases nothing", failed, events)
    else:
        skip("exports without memory", "no CONFIG_FAULT_INJECTION in this kernel")
    for hooks in ("auto", "kprobe"):
        events, lost = live(["python3", "-c", UNDONE], f"--hooks={hooks}", "-e", "attach,detach", "-O", "event,error")
        with open(OPS) as f:
            failed = int(f.read())
        equal(failed, 13 if kernel.maps_at_attach() else 0, f"{hooks}: attaches fail where they map")
        equal((Counter((e["event"], e["error"]) for e in events), lost),
              (+Counter({("attach", 12): failed, ("attach", 0): 20 - failed, ("detach", 0): 20 - failed}), 0),
              f"{hooks}: as many detaches as attaches that succeed")


# Exports by the module, and by a copy with another name, each loaded where the other was. Prints addresses of their texts.
RELOADED = """
import glob, os, subprocess, sys
sys.path.insert(0, "tests/lib")
import module
with open(module.path(), "rb") as f:
    image = f.read()
for _ in range(3):
    for name in ("dmabuf_tools", "dmabuf_spoon"):
        with open("/tmp/reloaded.ko", "wb") as f:
            f.write(image.replace(b"dmabuf_tools", name.encode()))
        subprocess.run(["insmod", "/tmp/reloaded.ko"], check=True)
        module.Exporter.node = f"/dev/{name}/exporter"
        with module.Exporter() as exporter:
            os.close(exporter.export())
        for text in sorted(glob.glob(f"/sys/module/{name}/sections/.rodata*")):
            with open(text) as f:
                print(os.path.basename(text), f.read().strip(), end=" ")
        print()
        subprocess.run(["rmmod", name], check=True)
"""


def reloaded():
    """An exporter is known by its name, not by the address of its name: another module may come to lie there."""
    module.unload()
    try:
        events, lost = live(["python3", "-c", RELOADED], "--hooks=kprobe", "-e", "export", "-O", "event,exporter")
    finally:
        module.load("devices=13")
    with open(OPS) as f:
        places = f.read().splitlines()
    diag(f"{len(set(places))} places of 6 modules")
    equal(([e["exporter"] for e in events], lost), (["dmabuf_tools", "dmabuf_spoon"] * 3, 0), "each buffer has its exporter")


# 19 processes read a buffer, one after the other, and the parent reads it last
USERS = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
fd = module.Exporter().export()


def read():
    module.sync(fd, 1)
    module.sync(fd, 5)


for _ in range(19):
    if not os.fork():
        read()
        os._exit(0)
    os.wait()
with open("/proc/self/comm", "w") as f:
    f.write("last-user")
read()
sys.stdin.readline()
"""


def users():
    """Of any number of processes that access a buffer one after the other, the last ones are kept, and nothing is lost."""
    refreshes = "/tmp/users"

    def last():
        """Flows of the last whole refresh, and events lost."""
        with open(refreshes) as f:
            lines = f.read().split("\n")[:-1]
        data = json.loads(lines[-1]) if lines else {"pipelines": [], "lost": None}
        return [c for flow in data["pipelines"] for c in flow["consumers"]], data["lost"]
    open(refreshes, "w").close()
    with subprocess.Popen(["dmabuf-top", "-b", "-d", "0.1", "-n", "1000000", "--json", "-o", refreshes, "--view", "pipelines"]) as top:
        poll(lambda: last()[1] is not None)
        with subprocess.Popen(["python3", "-c", USERS], stdin=subprocess.PIPE, text=True) as p:
            ok(poll(lambda: "cpu:last-user" in last()[0]), "the 20th process with access is a consumer", last())
            equal(last()[1], 0, "20 processes with access, one after the other: none is lost")
            p.communicate("\n")
        top.send_signal(signal.SIGINT)


def delayed():
    """Mid-bucket, so that what the hooks add does not reach the next one."""
    apart = 0 if os.environ.get("LAB_ICOUNT") else 1

    def pairs():
        events, _ = live(["modops", "-n", 23, "-P", 1], "-e", "map", "-O", "event,ino,duration,wait")
        process = modops()[0]
        theirs = dict(zip(process["inos"], process["maps_ns"]))
        return [(e["duration"], theirs[e["ino"]], e["wait"]) for e in events]
    module.write("inject/map/delay_us", 3000)
    try:
        # A map is not shorter than the delay, nor longer than the module's own timing of it. The emulator may lose its
        # CPU between the two clocks.
        measured("a delay of 3 ms, in the bucket of the module's own timing or the next", pairs,
                 always=lambda v: len(v) == 23 and all(3000000 <= ours <= theirs and not wait for ours, theirs, wait in v),
                 likely=lambda v: all(abs(ours.bit_length() - theirs.bit_length()) <= apart for ours, theirs, _ in v), tries=3 if apart else 1)
        data = stat(["modops", "-n", 23, "-P", 1], "-e", "map")
    finally:
        module.write("inject/map/delay_us", 0)
    buckets = [sum(b) for b in zip(*(o["buckets"] for o in data["operations"]))]
    equal((sum(buckets), sum(buckets[:21])), (23, 0), "stat: none in a bucket below 2.1 to 4.2 ms")
    if not apart:
        want = Counter(ns.bit_length() - 1 for ns in modops()[0]["maps_ns"])
        equal({i: n for i, n in enumerate(buckets) if n}, dict(want), "stat: the module's own buckets, exactly")


def begun():
    """Calls in progress at the start are no events, and none of them is lost."""
    module.write("inject/map/delay_us", 300000)
    others = [subprocess.Popen(["modops", "-n", "1009", "-P", "1"], stdout=subprocess.DEVNULL) for _ in range(7)]
    try:
        data = stat(["sleep", "1"], "-a")
    finally:
        for other in others:
            other.kill()
            other.wait()
        module.write("inject/map/delay_us", 0)
    equal((data["missed"], data["dropped"]), (0, 0), "maps that began before the start are not lost")
    ok(sum(o["count"] for o in data["operations"] if o["op"] == "map") >= 7, "maps that began after the start are counted", data["operations"])


def fences():
    events, _ = live(["python3", "-c", module.FENCE_WAIT], "-e", "map,fence_wait", "-O", "event,ino,wait,duration,fence_driver")
    maps = [e for e in events if e["event"] == "map"]
    waits = [e for e in events if e["event"] == "fence_wait" and e["ino"]]
    with open(OPS) as f:
        theirs = int(f.read())
    ok(len(maps) == 1 and 20000000 <= maps[0]["wait"] <= maps[0]["duration"] <= theirs, "a fence is waited for inside a map", events, theirs)
    ok(waits and {e["ino"] for e in waits} == {maps[0]["ino"]} and sum(e["duration"] for e in waits) == maps[0]["wait"],
       "the waits are of its buffer", events)
    ok(waits and all(e["fence_driver"] for e in waits), "the fence's driver is named", events)


def loaded():
    """Ids of programs, maps and links, and the probes: others' stay, and ours are gone."""
    lists = [subprocess.run(["bpftool", "-j", what, "list"], stdout=subprocess.PIPE, text=True).stdout for what in ("prog", "map", "link")]
    with open("/sys/kernel/debug/kprobes/list") as f:
        return [sorted(o["id"] for o in json.loads(text or "[]")) for text in lists] + [sorted(f)]


def killed():
    before = loaded()
    running = {}
    for command in ("live", "stat"):
        others = loaded()
        p = running[command] = subprocess.Popen(["dmabuf-trace", command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        p.stderr.readline()
        during = loaded()
        ok(all(set(a) - set(b) for a, b in zip(during[:3], others)), f"{command}: programs, maps, links are there", during)
    for p in running.values():
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stderr.close()
    ok(poll(lambda: loaded() == before), "live, stat: the same as before after SIGKILL", before, loaded())


def statuses():
    for args, want in ((["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137), (["/no/such"], 127), (["/etc/passwd"], 126)):
        equal(trace(args, "live", "-e", "put")[0], want, f"live -- {' '.join(args)}: exit status")
    equal(trace(["sh", "-c", "exit 7"], "stat", "-e", "put")[0], 7, "stat: the command's exit status")
    for command in ("live", "stat"):
        equal(trace(["true"], command, "-e", "put", "-o", "/no/such/file")[0], 125, f"{command}: 125 if the tool fails")
    status, _ = trace(["id", "-u"], "live", "-e", "put", "-u", "nobody")
    with open(OPS) as f:
        equal((status, f.read().strip()), (0, "65534"), "-u: runs it as that user; stdout is its own")
    status, text = trace(["true"], "live", "--hooks=tracepoint", "-e", "map")
    ok(status == 125 and "map" in text, "hooks that there are not are an error", text)
    for args in (["live", "-e", "nap"], ["stat", "-I", "1"], ["live", "--hooks=magic"], ["stat", "-a"], ["live", "-O", "nope"], ["live", "--ring-size=0"],
                 ["live", "-p", "1", "--", "true"]):
        p = subprocess.run(["dmabuf-trace", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok(p.returncode == 2 and not p.stdout and p.stderr, f"exit 2: {' '.join(args)}", p.stderr)


def filters():
    """In the kernel: what is not wanted takes no room in a ring of one page, and no histogram."""
    events, lost = live(["modops", "-n", 1009, "-P", 8], "--ring-size=4K", "-e", ",".join(CALLS), "--device=none", "--exporter=none", "-O", "event")
    equal((events, lost), ([], 0), "what is not wanted is not lost")
    data = stat(["modops", "-n", 23, "-P", 2], "-e", "map", "--device=dmabuf-importer.1", "--exporter=dmabuf_tools", f"--min-size={module.PAGE}")
    equal({(o["device"], o["direction"]): o["count"] for o in data["operations"]},
          {("dmabuf-importer.1", d): n for d, n in zip(DIRECTIONS, (4, 4, 3))}, "--device, --exporter, --min-size")
    for option in ("--exporter=system", f"--min-size={2 * module.PAGE}"):
        equal(counts(stat(["modops", "-n", 23, "-P", 1], "-e", "map", option)), 0, option)


PARKED = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
sys.stdin.readline()
exporter, importer = module.Exporter(), module.Importer()
attachment = importer.attach(exporter.export())
importer.map(attachment)
if not os.fork():
    importer.map(attachment)
    os._exit(0)
os.wait()
"""


ROUNDS = "/tmp/rounds"
# Lasts for a whole round of the other, which adds a line at the end of each
ROUND = f"""
import os, sys
sys.path.insert(0, "tests/lib")
from tap import poll
size = os.path.getsize("{ROUNDS}")
poll(lambda: os.path.getsize("{ROUNDS}") > size + 1)
"""


def scope():
    """Of whom: the command's tree, all, a process, a cgroup."""
    both = ["sh", "-c", "modops -n 23 -P 1 >/dev/null & modops -n 17 -P 2; wait"]
    data = stat(both, "-e", "map")
    equal((counts(data), data["processes"]), (40, 6), "a command's tree")
    open(ROUNDS, "w").close()
    with subprocess.Popen(["sh", "-c", f"while modops -n 101 -P 1; do echo >>{ROUNDS}; done"], stdout=subprocess.DEVNULL, start_new_session=True) as other:
        data = stat(["modops", "-n", 23, "-P", 1], "-e", "map")
        equal(counts(data), 23, "only the command's own tree")
        data = stat(["sh", "-c", f"modops -n 101 -P 1; exec python3 -c '{ROUND}'"], "-a", "-e", "map")
        ok(counts(data) > 101 and counts(data) + data["missed"] >= 202, "-a: others too", data["operations"])
        os.killpg(other.pid, signal.SIGKILL)
    cgroup = "/sys/fs/cgroup/events-test"
    os.makedirs(cgroup, exist_ok=True)
    for what in ("-p", "-G"):
        with subprocess.Popen(["python3", "-c", PARKED], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as parked:
            with open(f"{cgroup}/cgroup.procs", "w") as f:
                f.write(str(parked.pid))
            p = subprocess.Popen(["dmabuf-trace", "live", "--json", "-e", "map", "-O", "event,pid", what, str(parked.pid) if what == "-p" else "/events-test"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            p.stderr.readline()
            subprocess.run(["modops", "-n", "17", "-P", "1"], stdout=subprocess.DEVNULL, check=True)
            parked.communicate("\n")
            p.send_signal(signal.SIGINT)
            text = p.communicate()[0]
            pids = [json.loads(line)["pid"] for line in text.splitlines()]
            ok(len(pids) == 2 and pids[0] == parked.pid != pids[1], f"{what}: what it does, and others do to its buffers", pids, parked.pid)
            equal(p.returncode, 0, f"{what}: ends by ^C with 0")
    os.rmdir(cgroup)


def tables():
    """stat -I, --csv, text; live's lines."""
    status, text = trace(["sh", "-c", "for i in 1 2 3; do modops -n 101 -P 1; done"], "stat", "-I", "100", "--csv", "-e", "map,export", "-O", "op,count")
    rows = [line.split(",") for line in text.splitlines()]
    equal((status, rows[0][-2:], sum(r[-2:] == ["op", "count"] for r in rows)), (0, ["op", "count"], 1), "stat -I --csv: one header")
    sum_of = Counter()
    for row in rows[1:]:
        sum_of[row[-2]] += int(row[-1])
    equal(dict(sum_of), {"map": 303, "export": 303}, "stat -I --csv: intervals add up")
    status, text = trace(["sh", "-c", "for i in 1 2 3; do modops -n 101 -P 1; done; exit 3"], "stat", "-I", "100", "-e", "map")
    tables = text.split(" seconds elapsed")
    ok(status == 3 and len(tables) > 2 and "exit status" not in "".join(tables[:-1]) and re.match(r" +exit status 3\n", tables[-1]),
       "stat -I: only the last table has an exit status", text)
    status, text = trace(["modops", "-n", 23, "-P", 1], "stat", "-e", "map,export")
    ok(not status and re.search(r"dma-bufs of 'modops -n 23 -P 1' \(tree of 2 processes\)", text) and
       re.search(r"^ *map +to_device +dmabuf_tools +dmabuf-importer.0 +8 +0 ", text, re.M) and
       re.search(r" 23 maps ", text) and re.search(r" 0 events lost, 0 missed", text) and re.search(r"exit status 0", text), "stat: its table, on stderr", text)
    status, text = trace(["modops", "-n", 1, "-P", 1], "live", "-e", "export,attach,map,release")
    lines = [re.sub(r"^[\d:.]+ ", "", line) for line in text.splitlines()]
    want = (rf"modops\[\d+\]  export\(\d+, {module.PAGE / 1024:#.3g}K, dmabuf_tools\) via /dev/dmabuf_tools/exporter",
            r"modops\[\d+\]  attach\(\d+, dmabuf-importer.0\) = #1 <[\d.]+.s> via /dev/dmabuf_tools/importer",
            r"modops\[\d+\]  map\(\d+, dmabuf-importer.0 #1, BIDIRECTIONAL\) = 0 <[\d.]+.s> via /dev/dmabuf_tools/importer",
            r"modops\[\d+\]  release\(\d+\) lived \d+\.\d{6}s", r"dmabuf-trace live: 4 events shown, 0 lost")
    ok(len(lines) == len(want) and all(re.fullmatch(w, line) for w, line in zip(want, lines)), "live: its lines, on stderr", text)


def vivid_nodes():
    """Capture and output, or None."""
    subprocess.run(["modprobe", "vivid", "allocators=1,1"], stderr=subprocess.DEVNULL)
    names = {}
    for path in glob.glob("/sys/class/video4linux/video*"):
        with open(f"{path}/name") as f:
            names[f.read().strip()] = f"/dev/{os.path.basename(path)}"
    return (names["vivid-000-vid-cap"], names["vivid-000-vid-out"]) if "vivid-000-vid-out" in names else None


def through(events, *keys):
    return dict(Counter(tuple(e[k] for k in ("event", *keys)) for e in events))


def video():
    """Who writes, who reads, how many frames: a video device maps once, and gets a buffer for each."""
    nodes = vivid_nodes()
    if not nodes:
        skip("vivid", "no such module")
        return
    capture, output = nodes
    for factory, exporter, n, importers in (
            ("vivid-frames", capture, 4, ((output, "to_device"),)),
            ("vivid-heap", "/dev/dma_heap/system", 3, ((capture, "from_device"), (output, "to_device")))):
        if factory == "vivid-heap" and not os.path.exists("/dev/dma_heap/system"):
            skip("a heap buffer imported by both", "no dma-heap in this kernel")
            continue
        events, lost = live(["mkbufs", factory], "-e", "export,attach,map,get", "-O", "event,node,device,direction")
        got = through(events, "node", "device", "direction")
        frames = {node: got.pop(("get", node, None, None), 0) for node, _ in importers}
        want = {("export", exporter, None, None): n}
        for node, direction in importers:
            want |= {("attach", node, "vivid.0", None): n, ("map", node, "vivid.0", direction): n}
        equal((got, lost), (want, 0), f"{factory}: who exports, writes, reads")
        ok(frames[output] == 101 <= frames.get(capture, 101) <= 101 + n, f"{factory}: 101 frames", frames)


def replaced():
    """Each command replaces fentry when the module's accounting comes, goes on, and reports what it may have lost."""
    if not kernel.fears_trampolines():
        skip("fentry beside the accounting", "it is safe since Linux 6.4")
        return
    module.unload()
    place = "/tmp/replaced"
    os.makedirs(place, exist_ok=True)
    asleep = subprocess.Popen(["sleep", "infinity"])
    tools = {"live": ["--json", "-e", "map", "-o", f"{place}/live"], "stat": ["--json", "-e", "map", "-o", f"{place}/stat"],
             "record": ["-o", f"{place}/record"], "leaks": ["-p", asleep.pid], "metrics": [f"--textfile={place}/metrics.prom", "--interval=0.1"]}
    running = {}

    def said(name):
        with open(f"{place}/{name}.err") as f:
            return f.read()
    for name, args in tools.items():
        with open(f"{place}/{name}.err", "w") as err:
            running[name] = subprocess.Popen(["dmabuf-trace", name, *map(str, args)], stderr=err)
    try:
        for name in tools:
            poll(lambda name=name: os.path.exists(f"{place}/metrics.prom") if name == "metrics" else "^C ends" in said(name))
        ok(all("fentry" in said(name) for name in ("live", "stat", "leaks")), "fentry is chosen while there is no accounting")
        module.load("devices=13")
        for name in tools:
            ok(poll(lambda name=name: re.search(r"fentry replaced by \S*kprobe", said(name))), f"{name}: fentry is replaced", said(name))
        with open(OPS, "w") as out:
            subprocess.run(["modops", "-n", "101", "-P", "8"], stdout=out, check=True)
    finally:
        asleep.kill()
        asleep.wait()
        for process in running.values():
            process.send_signal(signal.SIGINT)
        statuses = {name: process.wait() for name, process in running.items()}
    made = total(modops())["map"]
    with open(f"{place}/live") as f:
        events = Counter(json.loads(line)["event"] for line in f)
    ok(events["map"] == made and events["lost"], f"live: all {made} maps, and a loss", events)
    with open(f"{place}/stat") as f:
        data = json.load(f)
    ok("kprobe" in data["hooks"] and "fentry" not in data["hooks"] and counts(data) == made and data["missed"], f"stat: all {made} maps, and a loss", data)
    ok(re.search(r" [1-9]\d* lost", said("record")), "record: a loss", said("record"))
    ok(statuses["leaks"] == 125 and "lost" in said("leaks"), "leaks: no verdict", statuses, said("leaks"))


def compliance():
    """The verdict on vivid's driver is the same with hooks on every call."""
    nodes = vivid_nodes()
    if not nodes:
        skip("v4l2-compliance", "no vivid module")
        return
    capture, output = nodes
    command = ["v4l2-compliance", "-d", capture, "-s5", "-e", output]

    def verdicts():
        """Of a run alone and of one with us: status and last line but for warnings, which are of frames that come too
        early or late; what the run alone printed; events shown, and lost."""
        alone = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        status, text = trace(command, "live", "-o", "/dev/null")
        with open(OPS) as f:
            printed = f.read()
        bare, judged = ((code, p.splitlines()[-1].split(", Warnings")[0]) for code, p in ((alone.returncode, alone.stdout), (status, printed)))
        return bare, judged, "DMABUF" in alone.stdout, shown(text)
    # It times the streaming itself: what a late frame spoils is not spoilt again and again.
    measured("v4l2-compliance: the same status and verdict with us, DMABUF streaming seen and not lost", verdicts,
             always=lambda v: v[2] and "Total for vivid" in v[1][1] and v[3][0] > 30 and not v[3][1], likely=lambda v: v[0] == v[1])


def stream():
    """A client that attaches and detaches for each frame, before there are hooks and after."""
    nodes = vivid_nodes()
    if not nodes or not shutil.which("gst-launch-1.0"):
        skip("a stream of GStreamer's", "no vivid module" if not nodes else "no gst-launch-1.0")
        return
    capture, output = nodes
    command = ["gst-launch-1.0", "-v", "v4l2src", f"device={capture}", "io-mode=dmabuf", "!",
               "video/x-raw,width=320,height=180,framerate=25/1", "!", "identity", "silent=false", "!",
               "v4l2sink", f"device={output}", "io-mode=dmabuf-import", "sync=false"]
    # The analog output wants interlaced frames, the other one a color space
    for node, settings in ((output, ["--set-output=1"]), (capture, ["-c", "colorspace=1"])):
        subprocess.run(["v4l2-ctl", "-d", node, *settings], stdout=subprocess.DEVNULL, check=True)
    with open(OPS, "wb") as out:
        gst = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def frames():
        with open(OPS, "rb") as f:
            return f.read().count(b"last-message = chain")
    try:
        if not ok(poll(lambda: frames() > 23 or gst.poll() is not None) and gst.poll() is None, "GStreamer streams from one node to the other", gst.poll()):
            return
        buffers = json.loads(subprocess.run(["dmabuf-top", "-b", "-n", "1", "--json", "--view", "buffers", "-p", str(gst.pid)],
                                            stdout=subprocess.PIPE, check=True).stdout)["buffers"]
        sizes = Counter(b["size"] for b in buffers if b["exporter"].startswith("videobuf2"))

        def flows():
            first, start = frames(), time.monotonic()
            text = subprocess.run(["dmabuf-top", "-b", "-n", "6", "-d", "1", "--json", "--view", "pipelines", "-p", str(gst.pid)],
                                  stdout=subprocess.PIPE, check=True, text=True).stdout
            rate = (frames() - first) / (time.monotonic() - start)
            return [json.loads(line)["pipelines"] for line in text.splitlines()], rate
        measured("a stream seen from its middle: one flow, of all its buffers, its producer presumed, its rate", flows,
                 always=lambda v: len(v[0]) == 6 and all(
                     [(f["producers"], f["presumed"], f["buffers"], [c.split()[0] for c in f["consumers"]]) for f in refresh] ==
                     [([capture], True, sum(sizes.values()), [output])] for refresh in v[0][1:]),
                 likely=lambda v: all(0.7 < f["rate"] / v[1] < 1.4 for refresh in v[0][1:] for f in refresh))
    finally:
        gst.kill()
        gst.wait()
        for node, settings in ((output, ["--set-output=0"]), (capture, ["-c", "colorspace=2"])):
            subprocess.run(["v4l2-ctl", "-d", node, *settings], stdout=subprocess.DEVNULL, check=True)


def prime():
    """vgem attaches; before 6.16 it maps too."""
    events, _ = live(["mkbufs", "vgem-import", "-n", 5], "-e", "attach,map", "-O", "event,device,direction,node")
    equal(Counter((e["event"], e["device"]) for e in events), +Counter({("attach", "vgem"): 5, ("map", "vgem"): 5 if kernel.vgem_maps_at_import() else 0}),
          "an import into vgem")
    ok(all(e["node"].startswith("/dev/dri/") for e in events), "through its node", events)


if not os.path.exists(module.path()):
    skip("events of the module", "it is not built")
    sys.exit(done())
module.load_for_test("devices=13")
run_parts(
    kernel={"exact": lambda: exact("auto", scaled()), "kprobe": lambda: exact("kprobe", scaled()), "fentry": lambda: sums("fentry", 1009),
            "crowd": crowd, "beside": beside, "ring": tiny_ring, "errors": injected, "undone": undone, "exits": exits, "compat": compat,
            "reloaded": reloaded, "users": users, "delay": delayed, "begun": begun, "fences": fences, "scope": scope, "video": video, "prime": prime,
            "killed": killed, "replaced": replaced},
    user_space={"stream": stream, "filters": filters, "tables": tables, "statuses": statuses},
    nothing={"compliance": compliance})
