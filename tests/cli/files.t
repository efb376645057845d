#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""No command destroys what it reads, an earlier recording or a file that it cannot replace by a whole one. Needs no kernel."""
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "recorded/x86_64.data")
BIN = "" if "LAB_SUITE" in os.environ else os.path.abspath("out") + "/"
TRACE, TOP = BIN + "dmabuf-trace", BIN + "dmabuf-top"
HEAD, BLOCK = 16, struct.Struct("<IHHII")       # where the header's length is; what a block begins with
SNAPSHOT = 2


def run(*args, **more):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def one_line(p):
    return p.stderr.count(b"\n") == 1 and p.stderr.endswith(b"\n")


def inputs():
    """By its name, by a link, by another name of the same file: it is left as it is."""
    good = read(RECORDED)
    write("in", good)
    os.symlink("in", "link")
    os.link("in", "hard")
    for out in ("in", "./link", "hard"):
        for name, args in (("export", [TRACE, "export", "--format=chrome", "-i", "in", "-o", out]),
                           ("report", [TRACE, "report", "-i", "in", "-o", out]),
                           ("events", [TRACE, "report", "--events", "-i", "in", "-o", out]),
                           ("diff", [TRACE, "diff", "-o", out, RECORDED, "in"]),
                           ("leaks -o", [TRACE, "leaks", "-r", "in", "-o", out]),
                           ("leaks --junit", [TRACE, "leaks", "-r", "in", f"--junit={out}"]),
                           ("leaks --write-baseline", [TRACE, "leaks", "-r", "in", f"--write-baseline={out}"]),
                           ("dmabuf-top", [TOP, "-b", "-r", "in", "-o", out])):
            p = run(*args)
            ok(p.returncode == 2 and one_line(p) and read("in") == good, f"{name} onto its input {out}", p)
    with open("in", "ab") as f:
        p = subprocess.run([TRACE, "report", "-i", "in"], stdout=f, stderr=subprocess.PIPE, check=False)
    ok(p.returncode == 2 and read("in") == good, "report >> its input", p)
    write("rules", b"leak:nothing\n")
    p = run(TRACE, "leaks", "-r", RECORDED, "--suppressions=rules", "--write-baseline=rules")
    ok(p.returncode == 2 and read("rules") == b"leak:nothing\n", "a baseline onto the suppressions", p)


def full():
    """No room: what was there stays, and nothing else is left."""
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))
    os.mkdir("full")
    for name, args in (("report", ["report", "-i", RECORDED, "-o"]), ("export", ["export", "--format=ndjson", "-i", RECORDED, "-o"]),
                       ("leaks -o", ["leaks", "-r", RECORDED, "-o"]), ("junit", ["leaks", "-r", RECORDED, "--junit"]),
                       ("baseline", ["leaks", "-r", RECORDED, "--write-baseline"])):
        write("full/old", b"old")
        p = run(TRACE, *args, "full/old", preexec_fn=no_room)
        equal((p.returncode in (1, 125), read("full/old"), os.listdir("full")), (True, b"old", ["old"]), f"{name}: no room ({p.stderr})")
        p = run(TRACE, *args, "full/old")
        ok(read("full/old") != b"old" and os.listdir("full") == ["old"], f"{name}: replaced", p)


def record():
    good = read(RECORDED)
    write("dmabuf.data", good)
    for command in ("/no/such/command", "/etc/passwd"):
        p = run(TRACE, "record", "-q", "--source=proc", "--", command)
        equal((p.returncode in (126, 127), read("dmabuf.data") == good, os.path.exists("dmabuf.data.old")), (True, True, False),
              f"{command} cannot be run: an earlier recording stays")
    p = run(TRACE, "record", "-q", "--source=proc", "--", "sh", "-c", "exit 7")
    equal((p.returncode, read("dmabuf.data.old") == good), (7, True), "an earlier recording is FILE.old")
    equal(run(TRACE, "report", "-i", "dmabuf.data").returncode, 0, "and the new one is FILE")
    write("text", b"text")
    run(TRACE, "record", "-q", "--source=proc", "-o", "text", "--", "true")
    ok(not os.path.exists("text.old") and read("text") != b"text", "what is no recording is replaced")
    # Killed: what was written before is there, under its name
    with subprocess.Popen([TRACE, "record", "-q", "--source=proc", "-o", "killed", "--", "sh", "-c", "until [ -e killed ]; do :; done; kill -9 $PPID"]):
        pass
    p = run(TRACE, "report", "-i", "killed")
    ok(p.returncode == 0 and b"truncated" in p.stdout, "a killed one can be read", p)


def closed():
    """Descriptors 0 to 2 are no file of the tool's."""
    for which in ((2,), (1, 2), (0, 1, 2)):
        subprocess.run([TRACE, "record", "--source=proc", "-o", "closed", "--", "true"], check=False,
                       preexec_fn=lambda which=which: [os.close(fd) for fd in which])
        p = run(TRACE, "report", "-i", "closed")
        ok(p.returncode == 0 and not p.stderr and b"truncated" not in p.stdout, f"{which} closed: no message in the recording", p)
    p = run(TOP, "-b", "-r", RECORDED, preexec_fn=lambda: os.close(1))
    equal(p.returncode, 1, "dmabuf-top: a closed standard output is an error still")


def unreadable():
    """Its only snapshot is damaged."""
    good = bytearray(read(RECORDED))
    begin = at = struct.unpack_from("<I", good, HEAD)[0]
    while BLOCK.unpack_from(good, at)[1] != SNAPSHOT:
        at += 56 + BLOCK.unpack_from(good, at)[3] + 7 & ~7
    block = good[at:at + 56 + BLOCK.unpack_from(good, at)[3]]
    block[60] ^= 1
    write("bad", good[:begin] + block)
    for args in ([TRACE, "report", "-i", "bad"], [TRACE, "report", "--events", "-i", "bad"], [TRACE, "diff", RECORDED, "bad"],
                 [TRACE, "export", "--format=ndjson", "-i", "bad"], [TOP, "-b", "--json", "-r", "bad"]):
        p = run(*args)
        ok(p.returncode == 1 and one_line(p) and not p.stdout, f"{' '.join(map(os.path.basename, args))}: exit status 1, one line", p)


with tempfile.TemporaryDirectory(dir="/tmp") as place:
    os.chdir(place)
    for part in (inputs, full, record, closed, unreadable):
        part()
    os.chdir("/")
sys.exit(done())
