#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""Which functions led to an event: the kernel's, and the program's, however it was built and whether or not it is still there."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import module  # noqa: E402
from tap import done, equal, ok, poll, run_parts, skip  # noqa: E402

SOURCE = "tests/workloads/callers.c"
EVENTS = "/tmp/events"
N = 23
WITH = ("export", "get", "attach", "map", "mmap")
HOOKED = {"export": "dma_buf_export", "get": "dma_buf_get", "attach": "dma_buf_dynamic_attach", "map": "dma_buf_map_attachment",
          "mmap": "dma_buf_mmap_internal"}
# Of the module, in this order
THROUGH = {"export": ["exporter_ioctl"], "get": ["importer_ioctl"], "attach": ["import_attach", "importer_ioctl"], "map": ["import_map", "importer_ioctl"], "mmap": []}
with open(SOURCE) as source:
    LINES = {m[1]: n for n, line in enumerate(source, 1) if (m := re.search(r"/\* ([\w: ]+) \*/$", line))}


def at(name):
    """A frame with its line, by the comment that marks it."""
    return f"{name.split(':')[0]} {SOURCE}:{LINES[name]}"


# Event and size: the program's frames between libc's
PATHS = {
    ("export", module.PAGE): ["new_buffer", "new_surface", "main: surface"], ("export", 2 * module.PAGE): ["new_buffer", "new_cursor", "main: cursor"],
    ("get", None): ["attach_buffer", "import_frame", "main: import"], ("attach", None): ["attach_buffer", "import_frame", "main: import"],
    ("map", None): ["map_buffer", "import_frame: map", "main: import"], ("mmap", None): ["show_frame", "main: show"],
}


def run(command):
    """Its pid, when it has ended well."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as p:
        pass
    equal(p.returncode, 0, f"{' '.join(command)}: exit status")
    return p.pid


def seen(pid, n):
    with open(EVENTS) as f:
        return sum(f'"pid":{pid},' in line for line in f.read().split("\n")[:-1]) >= n


def deleted(path):
    """A program whose file is gone before its first event; it lives on until those were seen."""
    with subprocess.Popen([path, "-w", str(N)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        ok(poll(lambda: os.readlink(f"/proc/{p.pid}/exe") == path), "a program that will be deleted runs")
        os.unlink(path)
        p.stdin.write("\n")
        p.stdin.flush()
        p.stdout.readline()
        ok(poll(lambda: seen(p.pid, 5 * (N + 2))), "events of a deleted program come while it is there")
        p.stdin.close()
    return p.pid


def watch():
    """All programs under one tool: events by program, and what it said."""
    callers = shutil.which("callers")
    copies = {name: f"/tmp/{name}" for name in ("stripped", "deleted", "quick")}
    for path in copies.values():
        shutil.copy(callers, path)
    subprocess.run(["strip", copies["stripped"]], check=True)
    with subprocess.Popen(["dmabuf-trace", "live", "--json", "--stacks", "-e", ",".join((*WITH, "release")), "-o", EVENTS],
                          stderr=subprocess.PIPE, text=True) as tool:
        tool.stderr.readline()
        pids = {"plain": run(["callers", str(N)]), "fp": run(["callers-fp", str(N)]), "stripped": run([copies["stripped"], str(N)]),
                "quick": run([copies["quick"], "-q", str(N)]), "deep": run(["callers", "-d", "1"]), "deleted": deleted(copies["deleted"])}
        tool.send_signal(signal.SIGINT)
        text = tool.stderr.read()
    equal(tool.returncode, 0, "live ends well")
    with open(EVENTS) as f:
        events = [json.loads(line) for line in f]
    return {name: [e for e in events if e["pid"] == pid] for name, pid in pids.items()}, events, text


def path_of(event):
    return PATHS[event["event"], event["size"] if event["event"] == "export" else None]


def by_line(event):
    return [re.escape(at(mark)) for mark in path_of(event)]


def user(name, events, want, last=True):
    """want(event): the frames between libc's and libc's."""
    stacks = Counter()
    bad = []
    for e in events:
        if e["event"] == "release":
            continue
        frames = e["user_stack"] or []
        wanted = want(e)
        stacks[tuple(frames)] += 1
        first = "mmap" if e["event"] == "mmap" else "ioctl"
        if not (frames and re.match(rf"_*{first}(64)?\+0x\w+ \(\S*/libc\.so\.6\)", frames[0]) and
                all(re.fullmatch(w, f) for w, f in zip(wanted, frames[1:])) and len(frames) > len(wanted) and
                (not last or re.match(r"_start|/tmp/\w+\+0x", frames[-1]))):
            bad.append((e["event"], frames))
    ok(not bad, f"{name}: user stacks by line", *bad[:3])
    return stacks


def kernel(name, events):
    bad = []
    for e in events:
        if e["event"] == "release":
            continue
        functions = [re.match(r"\w+", f)[0] for f in e["kernel_stack"] or []]
        if not (functions and functions[0] == HOOKED[e["event"]] not in functions[1:] and not any("bpf" in f or "probe" in f for f in functions) and
                [f for f in functions if f in THROUGH[e["event"]]] == THROUGH[e["event"]] and
                functions[-1].startswith(("entry_SYSCALL_64", "el0t_64_sync")) and all("[" in f and not f.startswith("0x") for f in e["kernel_stack"])):
            bad.append((e["event"], e["kernel_stack"]))
    ok(not bad, f"{name}: kernel stacks, from the function to the system call", *bad[:3])


def every_program():
    of, events, text = watch()
    ok(re.search(rf"\b{len(events)} events shown, 0 lost$", text, re.M) and "stacks" not in text, "none lost, nor stacks", text)
    each = {op: N + 2 for op in (*WITH, "release")}
    for name, want in (("plain", each), ("fp", each), ("stripped", each), ("deleted", each), ("quick", {"export": N + 2, "release": N + 2}),
                       ("deep", {op: 3 for op in each})):
        equal(dict(Counter(e["event"] for e in of[name])), want, f"{name}: events")
        kernel(name, of[name])
    for name in ("plain", "fp", "deleted", "quick"):
        stacks = user(name, of[name], by_line)
        # get and attach are of one ioctl
        want = [2, N] if name == "quick" else sorted([2, N, N + 2, N + 2, 2 * (N + 2)])
        equal(sorted(stacks.values()), want, f"{name}: equal stacks are equal")
    user("stripped", of["stripped"], lambda e: [r"/tmp/stripped\+0x\w+"] * len(path_of(e)))
    dives = [e for e in of["deep"] if e["event"] == "export"]
    user("deep", dives, lambda e: [re.escape(at(m)) for m in ["new_buffer", "new_surface", "dive: last"] + ["dive"] * 60], last=False)
    equal({len(e["user_stack"]) for e in dives}, {64}, "deep: as many frames as a stack may have")
    ok(all(e["user_stack"] is None and e["kernel_stack"] is None for e in events if e["event"] == "release"), "no stacks where none are taken")


def device():
    """A program whose path ends as a device's, gone before the tool looks: the tool opens no watchdog, which would begin to bite."""
    if subprocess.run(["modprobe", "softdog", "soft_margin=3600"], stderr=subprocess.DEVNULL).returncode or not os.path.exists("/dev/watchdog"):
        skip("a device at the end of a path", "no softdog in this kernel")
        return
    path = "/tmp/x/dev/watchdog"
    os.makedirs(os.path.dirname(path))
    shutil.copy(shutil.which("callers"), path)
    with subprocess.Popen(["dmabuf-trace", "live", "--json", "--stacks=user", "-e", "export", "-o", EVENTS], stderr=subprocess.PIPE, text=True) as tool:
        tool.stderr.readline()
        tool.send_signal(signal.SIGSTOP)
        pid = run([path, "-q", str(N)])
        os.unlink(path)
        tool.send_signal(signal.SIGCONT)
        ok(poll(lambda: seen(pid, N + 2)), "events of a program that is gone")
        tool.send_signal(signal.SIGINT)
        tool.stderr.read()
    with open(EVENTS) as f:
        stacks = [json.loads(line)["user_stack"] for line in f if f'"pid":{pid},' in line]
    ok(any(f"{path}+0x" in frame for stack in stacks for frame in stack or []), "its frames are told by its path", stacks[:1])
    log = subprocess.run(["dmesg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    ok("softdog: initialized" in log and "did not stop" not in log, "no watchdog was opened", [line for line in log.splitlines() if "dog" in line])


def recorded():
    """The same from a file, whose frames and names are all that is left of it, but for the programs' own."""
    p = subprocess.run(["dmabuf-trace", "record", "--stacks", "-e", ",".join((*WITH, "release")), "-F", "--flight=60", "-o", "/tmp/recording", "--", "callers-fp", str(N)],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ok(p.returncode == 0 and re.search(r" 0 lost, ", p.stderr) and "stacks" not in p.stderr, "recorded: none lost, nor stacks", p.stderr)
    p = subprocess.run(["dmabuf-trace", "report", "-i", "/tmp/recording", "--events", "--json"], stdout=subprocess.PIPE, text=True)
    events = [e for e in map(json.loads, p.stdout.splitlines()) if e["event"] in (*WITH, "release")]
    equal(dict(Counter(e["event"] for e in events)), {op: N + 2 for op in (*WITH, "release")}, "recorded: events")
    kernel("recorded", events)
    equal(sorted(user("recorded", events, by_line).values()), sorted([2, N, N + 2, N + 2, 2 * (N + 2)]), "recorded: equal stacks are equal")
    text = subprocess.run(["dmabuf-trace", "report", "-i", "/tmp/recording", "--events=attach"], stdout=subprocess.PIPE, text=True).stdout
    ok(text.count("\tdma_buf_dynamic_attach") == text.count("\t" + at("attach_buffer")) == N + 2, "report: stacks below their events", text[:3000])


def live(*args):
    p = subprocess.run(["dmabuf-trace", "live", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stderr


def choices():
    status, text = live("--stacks=user", "-e", "export", "--", "callers", "1")
    lines = text.splitlines()
    ok(not status and re.search(r"  export\(", lines[0]) and lines[1].startswith("\tioctl") and lines[2:5] == ["\t" + at(m) for m in PATHS["export", module.PAGE]],
       "text: frames below their event; only the user's", text)
    for args in (["--stacks=all"], ["--stacks="]):
        equal(live(*args, "--", "true")[0], 2, f"{args[0]}: bad usage")


if not os.path.exists(module.path()):
    skip("stacks of events", "the module is not built")
    sys.exit(done())
module.load_for_test()
run_parts(kernel={"programs": every_program}, user_space={"recorded": recorded, "choices": choices, "device": device})
