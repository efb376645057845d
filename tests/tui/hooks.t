#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""What hooks tell, live: Latency, Pipelines, Devices and the panel show what the module's importer did. Runs in the lab."""
import os
import re
import shutil
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
sys.dont_write_bytecode = True
import module
from tap import *
from screen import Screen, missing

if missing() or not os.environ.get("LAB_TARGET") or not shutil.which("dmabuf-top"):
    print(f"1..0 # SKIP {missing() or 'only in the lab: tests/lab/run'}")
    sys.exit(0)


def line(s, pattern, name):
    found = poll(lambda: re.search(pattern, s.text(), re.M))
    ok(found, name, pattern, *([] if found else s.text().split("\n")))
    return found


def first(fd):
    return os.fstat(fd).st_ino


GROWS = """
import resource, sys
sys.path.insert(0, "tests/lib")
import module
resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))
exporter = module.Exporter()
for _ in sys.stdin:
    exporter.export(module.PAGE)
"""


LEAKS = """
import os, sys
sys.path.insert(0, "tests/lib")
import module
exporter, importer = module.Exporter(), module.Importer()
fd = exporter.export(7 * module.PAGE, name=b"leaked")
importer.leak_on_close()
importer.attach(fd)
print(os.fstat(fd).st_ino, flush=True)
sys.stdin.read()
"""


def suspects(exporter, importer):
    """A process that holds more and more; a buffer that only an importer holds, with its process gone, and with it there."""
    orphan = exporter.export(7 * module.PAGE, name=b"orphan")
    attachment = importer.attach(orphan)
    os.close(orphan)
    with subprocess.Popen(["python3", "-c", GROWS], stdin=subprocess.PIPE) as grows, Screen(None, 140, 40, command=["dmabuf-top", "-d", "0.1"]) as s:
        s.wait(lambda t: "Held" in t)
        # Before there are hooks: they would tell the nodes that it came through, which this process has open, too
        s.keys("2")
        with subprocess.Popen(["python3", "-c", LEAKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as leaks:
            ino = int(leaks.stdout.readline())
            line(s, rf"^ *{ino} ", "a buffer that a process holds")
            leaks.stdin.close()
            leaks.wait()
        s.keys("7")
        size = "28.0K" if module.PAGE == 4096 else f"{7 * module.PAGE >> 10}K"
        line(s, rf"^kernel-held +{size} +\d+:\d+ +- +- +{ino} +dmabuf_tools +leaked ", "Suspects: what is left of a process that exited")
        ok("orphan" not in s.text(), "and not what the importer of one that lives keeps", *s.text().split("\n"))
        grows_line = rf"^growth +\S+ +\S+ +{grows.pid} +python3 +- +- +- +(\d+) +(\d+)"
        poll(lambda: grows.stdin.write(b"\n") and (grows.stdin.flush() or re.search(grows_line, s.text(), re.M)))
        found = line(s, grows_line, "Suspects: a process that grows")
        ok(found and int(found[2]) - int(found[1]) >= 10, "and by how many")
        s.keys("q")
        s.left(0, "q")
        grows.kill()
    importer.detach(attachment)
    module.write("importer/leaked", 0)


module.load()
with module.Exporter() as exporter, module.Importer() as importer:
    fds = [exporter.export(3 * 65536, name=b"frame") for _ in range(3)]
    older = exporter.export(65536, name=b"older")
    before = importer.attach(older, 0)
    kept = importer.map(before, module.TO_DEVICE)
    with Screen(None, 140, 40, command=["dmabuf-top", "-d", "0.5"]) as s:
        s.wait(lambda t: "Held" in t)
        ok("lost" not in s.text(), "no hooks while nobody looks")
        s.keys("3")
        line(s, r"^dmabuf-top .*  lost 0 ", "Devices: hooks are set")
        line(s, r"^dmabuf-importer\.0 +\S+ +1 +1 +64\.0K +- - ", "mapped before: it is unknown")
        s.keys("6")
        line(s, r"^\(dmabuf_tools\) ══▶ \?dmabuf-importer\.0 +1 +64\.0K +- ", "Pipelines: who writes is presumed, who may read is not seen to")
        writers = [importer.attach(fd, 0) for fd in fds]
        readers = [importer.attach(fd, 1) for fd in fds]

        def frame():
            for w, r in zip(writers, readers):
                importer.unmap(importer.map(w, module.FROM_DEVICE))
                importer.unmap(importer.map(r, module.TO_DEVICE))

        frame()
        line(s, r"^/dev/dmabuf_tools/importer dmabuf-importer\.0 ══▶ /dev/dmabuf_tools/importer dmabuf-importer\.1 +3 +192K ",
             "who writes, who reads, through which node, 3 buffers")
        line(s, r"via dmabuf_tools .*python3 \d+", "by what way, held by whom")

        def shows_rate():
            frame()
            found = re.search(r"══▶ .*dmabuf-importer\.1 +3 +192K +(\S+) +(\S+)", s.text())
            return found and found[1] not in ("-", "0") and found[2] not in ("-", "0")
        ok(poll(shows_rate), "maps a second while they go on", *s.text().split("\n"))
        line(s, r"══▶ .*dmabuf-importer\.1 +3 .*\n.*STALLED \d", "and STALLED when they do not")
        s.keys("3")
        # The rate is known once the hooks for times have been read twice.
        line(s, r"^dmabuf-importer\.1 +\S+ +3 +3 +576K +0 ->R +0 ", "Devices: what reads is not mapped now")
        for _ in range(23):
            frame()
        line(s, r"^dmabuf-importer\.1 +\S+ +3 +3 +576K +0 ->R +\S+ +[\d.]+\w*s", "and how long its maps took")
        held = importer.map(writers[0], module.FROM_DEVICE)
        s.keys("2", "Home", "/", *str(first(fds[0])), "Enter", "Enter")
        s.shows(f"Buffer {first(fds[0])}: why is it alive?")
        line(s, r"^ +dmabuf-importer\.0 +\S+ +no +<-W +yes +\d\d:\d\d:\d\d +\S+s +/dev/dmabuf_tools/importer$",
             "why: it is mapped, since when, through which node")
        line(s, r"^ +dmabuf-importer\.1 +\S+ +no +->R +no +\d\d:\d\d:\d\d +\S+s +/dev/dmabuf_tools/importer$",
             "why: it was mapped and is not")
        importer.unmap(held)
        line(s, r"^ +dmabuf-importer\.0 +\S+ +no +<-W +no ", "why: unmapped again")
        # What is exported while one looks is known by who did it
        new = exporter.export(65536, name=b"new")
        line(s, r"^Buffers 5 ", "it is there")
        s.keys("Escape", "/", *str(first(new)), "Enter", "Enter")
        line(s, rf"exported by python3 {os.getpid()} \(uid 0\) through /dev/dmabuf_tools/exporter", "why: who exported it, through which node")
        os.close(new)
        s.keys("Escape", "5")
        line(s, r"^dmabuf_tools +dmabuf-importer\.1 +map +->R +69 ", "Latency: 69 maps to read")
        line(s, r"^dmabuf_tools +dmabuf-importer\.0 +map +<-W +70 ", "70 maps to write")
        s.keys("/", *"importer.1", "Enter", "Enter")
        s.shows("× dmabuf-importer.1", "calls, 0 errors", "= fence wait", name="the chart")
        s.keys("Escape", "1")
        ok(poll(lambda: "lost" not in s.text()), "hooks go when nobody looks any more")
        s.keys("q")
        s.left(0, "q")
    suspects(exporter, importer)
    importer.unmap(kept)
    for attachment in (before, *writers, *readers):
        importer.detach(attachment)
    for fd in (*fds, older):
        os.close(fd)
module.unload()
sys.exit(done())
