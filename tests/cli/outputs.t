#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""doctor's reasons are those of the commands, metrics writes its file as often as asked, and no format hides lost events. Needs no kernel."""
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok, poll, stays_away  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "recorded/x86_64.data")
TRACE, TOP = (os.path.abspath(f"out/{name}") for name in ("dmabuf-trace", "dmabuf-top"))
# man/dmabuf-trace.data.5: places in the header and in a block's own bytes, and the type of a block
HEADER_LENGTH, TYPE, CONTENT, LOST, CHECKSUM, BLOCK = 16, 4, 12, 32, 52, 56
EVENTS = 3


def run(*args):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def doctor():
    p = run(TRACE, "doctor")
    sources = dict((name, (state, text)) for state, name, text in
                   re.findall(r"^ (ok|--) +(bpf:iter|bpf:task|module|proc) +(.*)$", p.stdout, re.M))
    equal(list(sources), ["bpf:iter", "bpf:task", "module", "proc"], "doctor has a line for each source")
    for name, (state, text) in sources.items():
        if state == "ok":
            continue
        forced = run(TOP, "-b", "-n1", f"--source={name}")
        ok(text and forced.returncode == 1 and text in forced.stderr, f"{name}: doctor's reason is dmabuf-top's", text, forced.stderr)
    used = [name for name, (_, text) in sources.items() if text.endswith("<- used")]
    equal(used, [name for name, (state, _) in sources.items() if state == "ok"][:1], "the first source that opens is used")
    hooks = re.findall(r"^ (\w+) +(tracepoint|kprobe|session|fentry|--) +(\w+) +(.*)$", p.stdout, re.M)
    ok(len(hooks) > 20 and all(why for *_, why in hooks), "doctor has a reason for each hook", p.stdout)
    equal({why for event, kind, _, why in hooks if event in ("fence_wait", "fork", "exec", "exit")}, {"this event has only a tracepoint"},
          "a tracepoint is not said to be in every kernel")


def textfile():
    """One file for one interval: the first at the start, the second when it is over."""
    path = os.path.abspath("dmabuf.prom")
    p = run(TRACE, "metrics", "--source=proc", f"--textfile={path}", "--interval=0")
    ok(not p.returncode and not p.stdout and os.listdir(".") == ["dmabuf.prom"], "--interval=0 writes the file and ends", p)
    os.unlink(path)

    def written():
        st = os.stat(path)
        return st.st_ino, st.st_mtime_ns
    with subprocess.Popen([TRACE, "metrics", "--source=proc", f"--textfile={path}", "--interval=86400"]) as p:
        ok(poll(lambda: os.path.exists(path)), "a long interval: the first file is written at the start")
        first = written()
        ok(stays_away(lambda: written() != first), "a long interval: it is not written a second time")
        p.send_signal(signal.SIGTERM)
        equal(p.wait(), 0, "SIGTERM ends it")


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def lost():
    with open(RECORDED, "rb") as f:
        data = bytearray(f.read())
    at = struct.unpack_from("<I", data, HEADER_LENGTH)[0]
    while struct.unpack_from("<H", data, at + TYPE)[0] != EVENTS:
        at += BLOCK + struct.unpack_from("<I", data, at + CONTENT)[0] + 7 & ~7
    equal(struct.unpack_from("<I", data, at + CHECKSUM)[0], crc32c(data[at:at + CHECKSUM]), "the checksum of a block")
    had, = struct.unpack_from("<Q", data, at + LOST)
    struct.pack_into("<Q", data, at + LOST, had + 11)
    struct.pack_into("<I", data, at + CHECKSUM, crc32c(data[at:at + CHECKSUM]))
    with open("lost.data", "wb") as f:
        f.write(data)
    total = json.loads(run(TRACE, "report", "-i", RECORDED, "--json").stdout)["lost"] + 11
    line = f"dmabuf-trace report: lost.data: {total} events were lost\n"
    for args in (["--events", "--csv"], ["--view=processes", "--csv"]):
        p = run(TRACE, "report", "-i", "lost.data", *args)
        ok(not p.returncode and p.stdout == run(TRACE, "report", "-i", RECORDED, *args).stdout, f"{' '.join(args)}: the same rows", p.stderr)
        equal(p.stderr, line, f"{' '.join(args)}: a line on stderr has the lost events")
    p = run(TRACE, "report", "-i", "lost.data", "--events")
    ok("\n--- 11 events lost ---\n" in p.stdout and not p.stderr, "--events: a line at their place has the lost events", p.stderr)
    p = run(TRACE, "report", "-i", "lost.data", "--events", "--json")
    ok({"event": "lost", "lost": 11} in map(json.loads, p.stdout.splitlines()) and not p.stderr, "--events --json: a record has them", p.stderr)


def narrowed():
    """An empty output has its reason."""
    for args, matches in ((["--from", "9999"], 0), (["-p", "4194303"], 0), ([], 1), (["--from", "0"], 1)):
        for command in (["report"], ["report", "--events"], ["export", "--format=ndjson"], ["export", "--format=chrome"]):
            words = [*command, *args]
            p = run(TRACE, *words, "-i", RECORDED)
            equal((p.returncode, p.stderr), (0, "" if matches else
                  f"dmabuf-trace {command[0]}: {RECORDED}: nothing matches the filters, --from and --to\n"),
                  f"{' '.join(words)}: stderr has a line if and only if nothing matches")
    equal(run(TRACE, "report", "-i", RECORDED, "--from=9999", "-q").stderr, "", "-q suppresses the line")
    p = run(TRACE, "report", "-i", RECORDED, "--events", "--view=processes")
    ok(p.returncode == 2 and "--view" in p.stderr and "--events" in p.stderr, "report refuses --view with --events", p.stderr)


def terminal():
    master, slave = pty.openpty()
    for form, status in (("perfetto", 2), ("ndjson", 0)):
        reader = subprocess.Popen(["cat"], stdin=master, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        p = subprocess.run([TRACE, "export", f"--format={form}", "-i", RECORDED], stdout=slave, stderr=subprocess.PIPE, text=True)
        reader.kill()
        reader.wait()
        equal(p.returncode, status, f"export to a terminal, {form}: exit status")
        ok(not status or "-o" in p.stderr, f"export to a terminal, {form}: the message names -o", p.stderr)
    os.close(master)
    os.close(slave)


def asked_for_help():
    for command in ("record", "doctor"):
        equal(run(TRACE, "help", command).stdout, run(TRACE, command, "--help").stdout, f"help {command} prints {command} --help")
    equal(run(TRACE, "help").stdout, run(TRACE, "--help").stdout, "help prints --help")
    equal(run(TRACE, "help", "no-such").returncode, 2, "help of an unknown command is a usage error")


with tempfile.TemporaryDirectory(dir="/tmp") as place:
    os.chdir(place)
    for part in (doctor, textfile, lost, narrowed, terminal, asked_for_help):
        part()
    os.chdir("/")
sys.exit(done())
