#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
"""A recording shows what was there: the workloads' own numbers, after the fact, without root; whatever ended it."""
import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from known import check_holders, check_processes, got_buffer, merged, start_all, want_buffer, want_processes  # noqa: E402
from tap import Workload, equal, ok, poll, run_parts  # noqa: E402

ALL = "buffers,holders,processes,devices,attachments,exporters"


def nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def run(*args, **more):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def replay(path, views=ALL, **more):
    """All snapshots of a recording, by a user who may nothing."""
    os.chmod(path, 0o644)
    p = run("dmabuf-top", "-b", "-r", path, "--json", "--view", views, preexec_fn=nobody, **more)
    return p, [json.loads(line) for line in p.stdout.splitlines()]


def check(data, workloads, label):
    buffers, holders = merged(workloads)
    ok(data["complete"] is True, f"{label}: complete", data.get("lacks"), data.get("torn"))
    equal({b["ino"]: got_buffer(b) for b in data["buffers"]},
          {i: want_buffer(b, holders) for i, b in buffers.items()}, f"{label}: buffers")
    check_holders(data, buffers, holders, label)
    check_processes(data, buffers, holders, label)


def report(path, *args):
    return json.loads(run("dmabuf-trace", "report", "-i", path, "--json", *args, check=True).stdout)


def quiet():
    workloads = start_all([("plain", "-n", 23), ("shared", "-n", 7), ("vivid",), ("vgem-import",), ("inflight",), ("kernel-only",)])
    for args, label in (([], "plain"), (["--compress"], "zstd"), (["--flight", "60"], "flight")):
        path = os.path.join(place, label)
        p = run("dmabuf-trace", "record", "-o", path, "--snapshot", "0.2", *args, "--", "sh", "-c", "exit 7")
        equal(p.returncode, 7, f"{label}: the command's status")
        p, snapshots = replay(path)
        ok(len(snapshots) >= 2 and not p.stderr, f"{label}: at the start and at the end", p.stderr)
        for i in (0, -1):
            check(snapshots[i], workloads, f"{label}, snapshot {i}")
        live = json.loads(run("dmabuf-top", "-b", "-n1", "--json", "--view", ALL, check=True).stdout)
        for view in ALL.split(","):
            drop = {"age"}
            rows = [sorted(json.dumps({k: v for k, v in row.items() if k not in drop}, sort_keys=True) for row in d[view])
                    for d in (live, snapshots[-1])]
            equal(rows[1], rows[0], f"{label}: {view} as dmabuf-top had them")
        buffers, holders = merged(workloads)
        total = sum(b["size"] for b in buffers.values())
        r = report(path)
        equal((r["ended"], r["seen"], r["peak"], r["bytes"], r["lost"]), (True, len(buffers), total, total, 0), f"{label}: report")
        equal({p["pid"]: p["peak"] for p in r["processes"] if p["pid"]},
              {pid: p["rss"] for pid, p in want_processes(buffers, holders).items()}, f"{label}: report, processes")
    for w in workloads:
        w.stop()
    # What went, by the difference
    after = os.path.join(place, "after")
    run("dmabuf-trace", "record", "-o", after, "--", "true", check=True)
    groups = json.loads(run("dmabuf-trace", "diff", path, after, "--json", check=True).stdout)["groups"]
    equal((-sum(g["buffers_change"] for g in groups), -sum(g["bytes_change"] for g in groups)), (len(buffers), total), "diff")


def killed():
    with Workload("plain", "-n", 23) as w:
        workloads = [] if w.skipped else [w]
        for i in range(3):
            path = os.path.join(place, f"killed-{i}")
            p = subprocess.Popen(["dmabuf-trace", "record", "-q", "-o", path, "--snapshot", "0.05"])
            ok(poll(lambda: os.path.exists(path) and os.path.getsize(path) > 20000 * (i + 1)), f"kill {i}: it records")
            p.send_signal(signal.SIGKILL)
            p.wait()
            _, snapshots = replay(path)
            ok(len(snapshots) > 1, f"kill {i}: {len(snapshots)} snapshots")
            check(snapshots[-1], workloads, f"kill {i}")
            ok(report(path)["ended"] is False, f"kill {i}: the report says that it was cut short")


def faults():
    small = os.path.join(place, "small")
    os.mkdir(small)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", small], check=True)
    path = os.path.join(small, "data")
    with Workload("plain", "-n", 23):
        p = run("dmabuf-trace", "record", "-q", "-o", path, "--snapshot", "0.02")
        ok(p.returncode == 1 and b"No space left" in p.stderr and b"is readable" in p.stderr, "a full disk is said", p.stderr)
        _, snapshots = replay(path)
        ok(len(snapshots) > 5, f"a full disk: {len(snapshots)} snapshots")
        os.unlink(path)
        p = run("dmabuf-trace", "record", "-o", path, "--snapshot", "0.02", "--max-size", "64K")
        ok(p.returncode == 0 and b"--max-size" in p.stderr, "--max-size is said", p.stderr)
        ok(os.path.getsize(path) <= 65536 and report(path)["ended"], "--max-size holds")
    subprocess.run(["umount", small], check=True)
    p = run("sh", "-c", "{ dmabuf-trace record -q -o /dev/stdout --snapshot 0.02; echo $? >&2; } | head -c 1000 >/dev/null")
    ok(b"Broken pipe" in p.stderr and p.stderr.endswith(b"\n1\n"), "who reads a pipe is gone", p.stderr)
    for args, must, status in [
            (["-o", "/no/such/file"], b"/no/such/file", 1), (["-o", "/"], b"directory", 1), (["-o", "/dev/full"], b"No space", 1),
            (["--snapshot", "x"], b"'x'", 2), (["--max-size", "1"], b"64K", 2), (["--compress=99"], b"19", 2),
            (["-o", os.path.join(place, "x"), "--", "/no/such/command"], b"No such file", 127)]:
        p = run("dmabuf-trace", "record", *args)
        ok(p.returncode == status and must in p.stderr, f"record {' '.join(args)}", p.returncode, p.stderr)
    for bad, must in (("/", b"directory"), ("/dev/zero", b"regular file"), ("/etc/passwd", b"not a recording")):
        for command in (["dmabuf-top", "-b", "-r", bad], ["dmabuf-trace", "report", "-i", bad]):
            p = run(*command)
            ok(p.returncode == 1 and must in p.stderr and p.stderr.count(b"\n") == 1, " ".join(command), p.stderr)


def interrupted():
    path = os.path.join(place, "flight-2")
    p = subprocess.Popen(["dmabuf-trace", "record", "-o", path, "--flight", "60", "--snapshot", "0.1"], stderr=subprocess.PIPE)
    p.stderr.readline()
    p.send_signal(signal.SIGUSR2)
    while b"written to" not in (line := p.stderr.readline()) and line:
        pass
    ok(b"written to" in line, "SIGUSR2 writes what is kept")
    before = len(replay(path)[1])
    p.send_signal(signal.SIGINT)
    p.stderr.read()
    equal(p.wait(), 0, "SIGINT ends it")
    ok(1 <= before < len(replay(path)[1]), "and the rest comes behind it")


made_here = tempfile.TemporaryDirectory(dir="/tmp")
place = made_here.name
os.chmod(place, 0o755)
atexit.register(made_here.cleanup)
run_parts(user_space={"quiet": quiet, "killed": killed, "faults": faults, "interrupted": interrupted})
