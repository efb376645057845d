#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""Wrong options, hostile names, and machines that offer less: clear messages, valid output."""
import csv
import ctypes
import io
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import Workload, equal, ok, run_parts  # noqa: E402

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def run(*args, command="dmabuf-top", prepare=None, env=None):
    return subprocess.run([command, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=prepare, env={**os.environ, **(env or {})})


def hide(*paths):
    """Covers directories with empty ones, for this one command only."""
    def prepare():
        if (libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) or
                any(libc.mount(b"none", path.encode(), b"tmpfs", 0, None) for path in paths)):
            raise OSError(ctypes.get_errno(), paths)
    return prepare


# libbpf looks for a vmlinux with BTF there too, and 7.x' headers have one
BTF = ["/sys/kernel/btf", "/lib/modules"]


def nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def one_line(text):
    return text.count(b"\n") == 1 and text.endswith(b"\n")


def usage():
    for args, must in [
        (["--no-such-option"], [b"no-such-option", b"--help"]),
        (["stray"], [b"'stray'", b"--help"]),
        (["-b", "-n", "0"], [b"--refreshes", b"'0'", b"at least 1"]),
        (["-b", "-n", "x"], [b"--refreshes", b"'x'"]),
        (["-b", "-d", "nan"], [b"-d"]),
        (["-b", "-d", "0"], [b"-d"]),
        (["--view", "bufers"], [b"'bufers'", b"buffers", b"processes", b"exporters"]),
        (["--view", "buffers,"], [b"invalid --view ''"]),
        (["-s", "sise", "--view", "buffers"], [b"'sise'", b"size", b"unexplained"]),
        (["-O", "pid,nope"], [b"'nope'", b"pid", b"pss"]),
        (["-O", ""], [b"no column ''"]),
        (["-p", "0"], [b"-p", b"'0'"]),
        (["-p", "1,"], [b"-p"]),
        (["-p", "12x"], [b"-p"]),
        (["-p", "99999999999"], [b"-p"]),
        (["-p", "2147483646"], [b"no process 2147483646"]),
        (["--min-size", "1Q"], [b"--min-size", b"K, M, G"]),
        (["--min-size", "99999999999G"], [b"--min-size"]),
        (["--source", "magic"], [b"'magic'", b"bpf:iter", b"bpf:task", b"module", b"proc"]),
        (["--json", "--csv"], [b"--json", b"--csv"]),
    ]:
        p = run(*args)
        ok(p.returncode == 2 and not p.stdout and all(m in p.stderr for m in must),
           f"exit 2: {' '.join(args)}", p.returncode, p.stderr)
    for args in [[], ["no-such-command"], ["doctor", "stray"], ["doctor", "--nope"]]:
        p = run(*args, command="dmabuf-trace")
        ok(p.returncode == 2 and p.stderr and not p.stdout, f"exit 2: dmabuf-trace {' '.join(args)}", p.stderr)
    for command, args in [("dmabuf-top", ["--help"]), ("dmabuf-top", ["--version"]), ("dmabuf-top", ["--list-columns"]),
                          ("dmabuf-trace", ["--help"]), ("dmabuf-trace", ["--version"]), ("dmabuf-trace", ["doctor", "--help"])]:
        p = run(*args, command=command)
        ok(p.returncode == 0 and p.stdout and not p.stderr, f"{command} {' '.join(args)}", p.stderr)


RAW = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
ESC = "\033]0;title\007\033[31mred"
LONG = "/tmp/" + "a-directory-of-a-long-name/" * 9 + "file"


def messages():
    """What is printed for people is no command to their terminal, and names what it is about."""
    for command, args in [("dmabuf-top", ["-b", "-r", f"/tmp/{ESC}"]), ("dmabuf-trace", ["report", "-i", f"/tmp/{ESC}"]),
                          ("dmabuf-trace", [ESC]), ("dmabuf-top", [f"--{ESC}"]), ("dmabuf-top", ["--view", ESC]),
                          ("dmabuf-top", ["-b", "-n1", "--source=proc", "-o", f"/no/{ESC}"]), ("dmabuf-trace", ["record", "-o", f"/no/{ESC}", "--", "true"])]:
        p = run(*args, command=command)
        ok(p.returncode and not RAW.search(p.stderr) and b"\\x1b[31mred" in p.stderr, f"{command} {args[0]}: no escapes", p.stderr)
    for command, args in [("dmabuf-top", ["-b", "-r", LONG]), ("dmabuf-trace", ["report", "-i", LONG]), ("dmabuf-trace", ["record", "-o", LONG, "--", "true"])]:
        p = run(*args, command=command)
        ok(p.returncode and LONG.encode() in p.stderr, f"{command} {args[0]}: a long path is whole", p.stderr)
    for command, args in [("dmabuf-top", ["--help"]), ("dmabuf-top", ["--version"]), ("dmabuf-top", ["--list-columns"]), ("dmabuf-trace", ["--help"]),
                          ("dmabuf-trace", ["--version"]), ("dmabuf-trace", ["report", "--help"]), ("dmabuf-trace", ["report", "--list-columns"]),
                          ("dmabuf-trace", ["metrics", "--list-metrics"]), ("dmabuf-trace", ["stat", "--version"])]:
        with open("/dev/full", "w") as full:
            p = subprocess.run([command, *args], stdout=full, stderr=subprocess.PIPE)
        ok(p.returncode == 1 and one_line(p.stderr) and b"No space left" in p.stderr, f"{command} {' '.join(args)} on a full device", p.stderr)


def output_file():
    p = run("-q", "-b", "-n1", "--source=proc", "-o", "/no/such/dir/file")
    ok(p.returncode == 1 and one_line(p.stderr) and b"/no/such/dir/file" in p.stderr, "-o in a missing directory", p.stderr)
    p = run("-q", "-n1", "--json", "--source=proc", "-o", "/dev/full")
    ok(p.returncode == 1 and one_line(p.stderr) and b"No space left" in p.stderr, "-o on a full device", p.stderr)
    p = run("-q", "-n2", "-d0.1", "--json", "--source=proc", "-o", "/tmp/top.json")
    with open("/tmp/top.json") as f:
        equal([sorted(json.loads(line)) for line in f], [["complete", "lacks", "processes", "source", "time"]] * 2, "-o FILE, two refreshes")
    ok(p.returncode == 0 and not p.stdout and not p.stderr, "-o FILE, -q: quiet", p.stderr)


def hostile():
    with Workload("hostile") as w:
        want = sorted((b["ino"], b["name"]) for b in w["buffers"])
        comms = {h["pid"]: h["comm"] for h in w["holders"]}
        for locale in ("C.UTF-8", "C"):
            p = run("-q", "-n1", "--json", "--view", "buffers,processes", env={"LC_ALL": locale})
            data = json.loads(p.stdout.decode("utf-8"))
            equal(sorted((b["ino"], b["name"]) for b in data["buffers"]), want, f"JSON, {locale}: names")
            equal({r["pid"]: r["comm"] for r in data["processes"]}, comms, f"JSON, {locale}: comms")
            ok(not RAW.search(p.stdout), f"JSON, {locale}: nothing raw")
            for source in ("auto", "proc"):
                p = run("-q", "-n1", "--csv", "--view", "buffers", f"--source={source}", env={"LC_ALL": locale})
                rows = list(csv.DictReader(io.StringIO(p.stdout.decode("utf-8"))))
                equal(sorted(int(r["ino"]) for r in rows), [ino for ino, _ in want], f"CSV, {locale}, {source}: rows")
                ok(all(None not in r and None not in r.values() for r in rows), f"CSV, {locale}, {source}: as many fields as heads", rows)
                ok(not RAW.search(p.stdout), f"CSV, {locale}, {source}: nothing raw")
                ok(any("\\x1b" in r["name"] for r in rows), f"CSV, {locale}, {source}: escapes are visible")
            p = run("-q", "-b", "-n1", "--view", "buffers,processes,holders", env={"LC_ALL": locale})
            ok(p.returncode == 0 and not RAW.search(p.stdout), f"text, {locale}: nothing raw", p.stdout)
            ok(b"\\x1b[31m" in p.stdout and b"\\x5cx1b" not in p.stdout, f"text, {locale}: escaped once")
            if locale == "C":
                ok(all(c < 128 for c in p.stdout), "text, C: ASCII only")


def degraded():
    with Workload("plain", "-n", 7) as w, Workload("plain", "-n", 5, "-u", 65534) as own:
        inos = {b["ino"] for b in w["buffers"]} | {b["ino"] for b in own["buffers"]}
        own_inos = {b["ino"] for b in own["buffers"]}

        p = run("-n1", "--json", "--view", "buffers", prepare=nobody)
        data = json.loads(p.stdout)
        equal({b["ino"] for b in data["buffers"]}, own_inos, "nobody: its own buffers")
        ok(data["source"] == "proc" and data["complete"] is False and all(b["kernel"] is None and b["devices"] is None for b in data["buffers"]),
           "nobody: unknown is null", data)
        ok(p.returncode == 0 and one_line(p.stderr) and b"CAP_BPF" in p.stderr, "nobody: one line says what is lost and how to get it", p.stderr)
        p = run("-n1", "-b", "--source=bpf:task", prepare=nobody)
        ok(p.returncode == 1 and one_line(p.stderr) and b"root" in p.stderr, "nobody, BPF asked for: says what it needs", p.stderr)
        p = run("doctor", command="dmabuf-trace", prepare=nobody)
        ok(p.returncode == 0 and b"not root" in p.stdout and b"CAP_BPF" in p.stdout, "nobody: doctor says so", p.stdout)

        p = run("-n1", "--json", "--view", "buffers,devices", prepare=hide(*BTF))
        data = json.loads(p.stdout)
        ok(p.returncode == 0 and data["source"] == "proc" and one_line(p.stderr), "no BTF: the next source", p.stderr)
        equal({b["ino"] for b in data["buffers"]}, inos, "no BTF: buffers from /proc")
        p = run("-n1", "-b", "--source=bpf:task", prepare=hide(*BTF))
        ok(p.returncode == 1 and b"CONFIG_DEBUG_INFO_BTF" in p.stderr, "no BTF, BPF asked for", p.stderr)

        p = run("-n1", "--json", "--view", "buffers", "--source=bpf:task", prepare=hide("/sys/kernel/debug"))
        data = json.loads(p.stdout)
        ok(data["complete"] and {b["ino"] for b in data["buffers"]} == inos, "no debugfs: complete all the same, from a held buffer", data)
        p = run("doctor", command="dmabuf-trace", prepare=hide("/sys/kernel/debug"))
        ok(b"debugfs not mounted" in p.stdout and (b"ok   bpf:iter" in p.stdout) != (b"mount -t debugfs" in p.stdout),
           "no debugfs: doctor reports so, and the remedy where the iterator is missing", p.stdout)

    p = run("-n1", "--json", "--view", "buffers", "--source=bpf:task", prepare=hide("/sys/kernel/debug"))
    data = json.loads(p.stdout)
    ok(p.returncode == 0 and data["complete"] is False and b"debugfs" in p.stderr and one_line(p.stderr),
       "no debugfs and no holder: one line says what is lost", p.stderr, data)


def doctor():
    p = run("doctor", command="dmabuf-trace")
    text = p.stdout.decode()
    ok(p.returncode == 0 and os.uname().release in text and "BTF yes" in text and "debugfs mounted" in text and "+BPF" in text,
       "doctor: the machine", text)
    ok(text.count("<- used") == 1, "doctor: the source in use", text)


def signals():
    for number, name in ((2, "SIGINT"), (15, "SIGTERM")):
        p = subprocess.Popen(["dmabuf-top", "-q", "-d", "0.1", "--json", "--source=proc"], stdout=subprocess.PIPE)
        first = p.stdout.readline()
        p.send_signal(number)
        rest = p.stdout.read().split(b"\n")
        p.wait()
        ok(p.returncode == 0 and all(json.loads(line) for line in [first, *filter(None, rest)]), f"{name} ends batch with whole lines", p.returncode)
    p = subprocess.run("dmabuf-top -q -d 0.1 --json --source=proc | head -n 2", shell=True, stdout=subprocess.PIPE)
    ok(p.stdout.count(b"\n") == 2, "a reader that goes ends it")


run_parts(kernel={"degraded": degraded, "doctor": doctor},
          user_space={"usage": usage, "output_file": output_file, "messages": messages, "hostile": hostile, "signals": signals})
