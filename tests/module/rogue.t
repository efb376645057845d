#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""A rogue driver uses no names, removes a device before its attachment, and keeps locks."""
import os
import subprocess
import sys

sys.path.insert(0, "tests/lib")
from tap import bufinfo, done, equal, ok, poll, skip  # noqa: E402
import module  # noqa: E402
from foreign import Foreign  # noqa: E402
from module import Exporter  # noqa: E402

SYSFS = "/sys/kernel/dmabuf_tools"


class Rogue:
    """The driver of rogue/rogue.c, loaded."""

    def __init__(self, what, fd=-1, pid=0):
        path = f"out/lab/{os.environ['LAB_SUITE']}/rogue/{os.uname().release}/rogue.ko"
        subprocess.run(["insmod", path, f"what={what}", f"fd={fd}", f"pid={pid}"], check=True, pass_fds=[fd] if fd >= 0 else [])

    def freed(self):
        with open("/sys/module/rogue/parameters/freed", encoding="ascii") as f:
            return f.read() == "Y\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["rmmod", "rogue"], check=True)


def read(name):
    with open(f"{SYSFS}/{name}", encoding="ascii") as f:
        return int(f.read())


def unnamed():
    """Drivers may attach a device before they add it, and export under no name."""
    module.load()
    with Exporter() as exporter:
        fd = exporter.export()
        ino = os.fstat(fd).st_ino
        with Rogue("unnamed_device", fd):
            equal((read("devices/(other)/attach_total"), read("attachments")), (1, 0), "a device without a name counts in (other)")
            lines = [line.split()[1:4] for line in module.read("exporter/log").splitlines() if line.split()[2] == str(ino)]
            equal(lines[1:], [["attach", str(ino), "-"], ["detach", str(ino), "-"]], "the log has a dash for its name")
        os.close(fd)
    with Rogue("unnamed_exporter"):
        ok(poll(lambda: not bufinfo()), "the buffer without an exporter's name is released")
        equal((read("exporters/(other)/exports_total"), read("buffers")), (1, 0), "an exporter without a name counts in (other)")
    ok(poll(module.unload), "unloaded")


def forgotten():
    """The exporter unmaps for a device that its driver has removed."""
    module.load("accounting=0")
    with Exporter() as exporter:
        fd = exporter.export(7 * module.PAGE, module.CHECKED)
        with Rogue("forget", fd) as rogue:
            ok(not rogue.freed(), "a removed device stays while an attachment to a buffer refers to it")
            os.close(fd)
            ok(poll(rogue.freed), "it is freed with the buffer")
    ok("\nrelease 1\n" in module.read("exporter/violations"), "the attachment that was left is a violation")
    ok(poll(module.unload), "unloaded")


def locked():
    """A process and a buffer stay locked while the module is loaded."""
    with Foreign("vgem") as buffer:
        if buffer.skipped:
            skip("a locked process and a locked buffer", buffer.skipped)
        else:
            load_beside_locks(buffer)


def load_beside_locks(buffer):
    with subprocess.Popen(["sleep", "inf"]) as victim:
        with Rogue("lock", buffer.fd, victim.pid), subprocess.Popen(["insmod", module.path()]) as insmod:
            if not ok(poll(lambda: insmod.poll() is not None), "the search for buffers waits for no lock for ever"):
                insmod.kill()
                insmod.wait()
            equal((read("buffers"), read("missed_total")), (1, 2), "the mappings and attachments behind the two locks are missed")
            ok(poll(module.unload), "unloaded")
        victim.kill()


unnamed()
forgotten()
locked()
sys.exit(done())
