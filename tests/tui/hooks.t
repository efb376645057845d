#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
"""TAP: Latency, Pipelines, Devices and the page of a buffer show the operations of the module's importer, live. Runs in the lab."""
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
    """A process that grows; buffers held only by an importer, of a process that exited and of a live process."""
    orphan = exporter.export(7 * module.PAGE, name=b"orphan")
    attachment = importer.attach(orphan)
    os.close(orphan)
    with subprocess.Popen(["python3", "-c", GROWS], stdin=subprocess.PIPE) as grows, Screen(None, 140, 40, command=["dmabuf-top", "-d", "0.1"]) as s:
        s.wait(lambda t: "Held" in t)
        # Before hooks: with hooks, the nodes of the export are known, and this process has the nodes open
        s.keys("2")
        with subprocess.Popen(["python3", "-c", LEAKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as leaks:
            ino = int(leaks.stdout.readline())
            line(s, rf"^ *{ino} ", "the buffer of a process is listed")
            leaks.stdin.close()
            leaks.wait()
        s.keys("7")
        size = "28.0K" if module.PAGE == 4096 else f"{7 * module.PAGE >> 10}K"
        line(s, rf"^kernel-held +{size} +\d+:\d+ +- +- +{ino} +dmabuf_tools +leaked ", "Suspects lists the buffer left by a process that exited")
        ok("orphan" not in s.text(), "Suspects does not list the buffer of a live process", *s.text().split("\n"))
        grows_line = rf"^growth +\S+ +\S+ +{grows.pid} +python3 +- +- +- +(\d+) +(\d+)"
        poll(lambda: grows.stdin.write(b"\n") and (grows.stdin.flush() or re.search(grows_line, s.text(), re.M)))
        found = line(s, grows_line, "Suspects lists a process that grows")
        ok(found and int(found[2]) - int(found[1]) >= 10, "FROM and TO show the growth")
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
        ok("lost" not in s.text(), "no hooks are attached without a view with hooks")
        s.keys("3")
        line(s, r"^dmabuf-top .*  lost 0 ", "Devices attaches hooks")
        line(s, r"^dmabuf-importer\.0 +\S+ +1 +1 +64\.0K +- - ", "a mapping made before the hooks is unknown")
        s.keys("6")
        line(s, r"^\(dmabuf_tools\) ══▶ \?dmabuf-importer\.0 +1 +64\.0K +- ", "Pipelines shows a presumed producer and an attached device without a map")
        writers = [importer.attach(fd, 0) for fd in fds]
        readers = [importer.attach(fd, 1) for fd in fds]

        def frame():
            for w, r in zip(writers, readers):
                importer.unmap(importer.map(w, module.FROM_DEVICE))
                importer.unmap(importer.map(r, module.TO_DEVICE))

        frame()
        line(s, r"^/dev/dmabuf_tools/importer dmabuf-importer\.0 ══▶ /dev/dmabuf_tools/importer dmabuf-importer\.1 +3 +192K ",
             "Pipelines shows the producer, the consumer, their nodes and 3 buffers")
        line(s, r"via dmabuf_tools .*python3 \d+", "the second line shows the exporter and the holder")

        def shows_rate():
            frame()
            found = re.search(r"══▶ .*dmabuf-importer\.1 +3 +192K +(\S+) +(\S+)", s.text())
            return found and found[1] not in ("-", "0") and found[2] not in ("-", "0")
        ok(poll(shows_rate), "the rate counts maps per second", *s.text().split("\n"))
        line(s, r"══▶ .*dmabuf-importer\.1 +3 .*\n.*STALLED \d", "a flow without maps is STALLED")
        s.keys("3")
        # The rate requires two reads of the hooks for times.
        line(s, r"^dmabuf-importer\.1 +\S+ +3 +3 +576K +0 ->R +0 ", "Devices shows no current mapping of the reader")
        for _ in range(23):
            frame()
        line(s, r"^dmabuf-importer\.1 +\S+ +3 +3 +576K +0 ->R +\S+ +[\d.]+\w*s", "Devices shows the duration of its maps")
        held = importer.map(writers[0], module.FROM_DEVICE)
        s.keys("2", "Home", "/", *str(first(fds[0])), "Enter", "Enter")
        s.shows(f"Buffer {first(fds[0])}: why is it alive?")
        line(s, r"^ +dmabuf-importer\.0 +\S+ +no +<-W +yes +\d\d:\d\d:\d\d +\S+s +/dev/dmabuf_tools/importer$",
             "the page of the buffer shows the mapping, its time and its node")
        line(s, r"^ +dmabuf-importer\.1 +\S+ +no +->R +no +\d\d:\d\d:\d\d +\S+s +/dev/dmabuf_tools/importer$",
             "the page of the buffer shows a past mapping")
        importer.unmap(held)
        line(s, r"^ +dmabuf-importer\.0 +\S+ +no +<-W +no ", "the page of the buffer shows the unmap")
        # Hooks see the exporting process of a new buffer
        new = exporter.export(65536, name=b"new")
        line(s, r"^Buffers 5 ", "the new buffer is counted")
        s.keys("Escape", "/", *str(first(new)), "Enter", "Enter")
        line(s, rf"exported by python3 {os.getpid()} \(uid 0\) through /dev/dmabuf_tools/exporter", "the page of the buffer shows the exporting process and the node")
        os.close(new)
        s.keys("Escape", "5")
        line(s, r"^dmabuf_tools +dmabuf-importer\.1 +map +->R +69 ", "Latency counts 69 maps for reading")
        line(s, r"^dmabuf_tools +dmabuf-importer\.0 +map +<-W +70 ", "Latency counts 70 maps for writing")
        s.keys("/", *"importer.1", "Enter", "Enter")
        s.shows("× dmabuf-importer.1", "calls, 0 errors", "= fence wait", name="Enter shows the chart")
        s.keys("Escape", "1")
        ok(poll(lambda: "lost" not in s.text()), "hooks are detached after the last use")
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
