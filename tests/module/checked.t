#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""TAP: checked buffers: each break of the contract is reported once, correct clients never."""
import mmap
import os
import subprocess
import sys

sys.path.insert(0, "tests/lib")
from tap import bufinfo, done, equal, ok, poll, skip  # noqa: E402
import kernel  # noqa: E402
import module  # noqa: E402
from module import BIDIRECTIONAL, CHECKED, DYNAMIC, FROM_DEVICE, MISUSE, PAGE, TO_DEVICE  # noqa: E402
from module import WRONG_TABLE, Exporter, Importer  # noqa: E402

SYNC_RW, SYNC_END = 3, 4


def violations():
    return {k: int(n) for k, n in (line.split() for line in module.read("exporter/violations").splitlines()[1:])
            if n != "0"}


def messages(ino):
    text = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True, text=True, errors="replace").stdout
    return [line for line in text.splitlines() if f"dmabuf_tools: buffer {ino} " in line]


def released():
    return poll(lambda: not [b for b in bufinfo().values() if b.exporter == "dmabuf_tools"])


def case(e, name, want, run, flags=CHECKED):
    """Does run(fd) on a new buffer and closes it; want: kinds reported, each once."""
    module.write("exporter/violations", 0)
    fd = e.export(7 * PAGE, flags, b"na\x1bme")
    ino = os.fstat(fd).st_ino
    run(fd)
    os.close(fd)
    ok(released(), f"{name}: released")
    equal(violations(), dict.fromkeys(want, 1), f"{name}: counted")
    lines = messages(ino)
    equal(len(lines), len(want), f"{name}: in the log")
    ok(all("'na\\eme'" in line for line in lines), f"{name}: its name escaped", lines)


def touch(fd, times=1):
    with mmap.mmap(fd, 7 * PAGE) as m:
        for _ in range(times):
            m[0] = 1
            m[6 * PAGE] = 1


def correct(fd):
    with mmap.mmap(fd, 7 * PAGE) as m:
        for _ in range(23):
            module.sync(fd, SYNC_RW)
            m[0] = m[6 * PAGE] = 1
            module.sync(fd, SYNC_RW)
            module.sync(fd, SYNC_RW | SYNC_END)
            m[PAGE] = 1
            module.sync(fd, SYNC_RW | SYNC_END)


def after_access(fd):
    with mmap.mmap(fd, 7 * PAGE) as m:
        module.sync(fd, SYNC_RW)
        m[0] = 1
        module.sync(fd, SYNC_RW | SYNC_END)
        m[0] = 1


def end_twice(fd):
    module.sync(fd, SYNC_RW)
    for _ in range(3):
        module.sync(fd, SYNC_RW | SYNC_END)


def imported(e, i):
    def with_attachment(run, flags=0):
        def wrapped(fd):
            attachment = i.attach(fd, 0, flags)
            run(fd, attachment)
        return wrapped

    def fine(fd, a):
        for direction in (BIDIRECTIONAL, TO_DEVICE, FROM_DEVICE):
            i.unmap(i.map(a, direction))
        i.vunmap(i.vmap(fd))
        i.end(i.begin(fd))
        i.detach(a)

    def wrong_direction(fd, a):
        for _ in range(2):
            i.unmap(i.map(a, TO_DEVICE), MISUSE, FROM_DEVICE)
        i.detach(a)

    def wrong_table(fd, a):
        m = i.map(a)
        i.unmap(m, MISUSE | WRONG_TABLE)
        i.unmap(m)
        i.detach(a)

    def detach_mapped(fd, a):
        i.map(a)
        i.map(a, TO_DEVICE)
        i.detach(a, MISUSE)

    def unpin(fd, a):
        i.unpin(a, MISUSE)
        i.pin(a)
        i.unpin(a)
        i.detach(a)

    case(e, "a correct importer", [], with_attachment(fine))
    case(e, "unmap in another direction", ["unmap_direction"], with_attachment(wrong_direction))
    case(e, "unmap of another table", ["unmap_table"], with_attachment(wrong_table))
    if kernel.mangles_tables():
        skip("detach while mapped", "CONFIG_DMABUF_DEBUG: the tables that the core made itself would be lost")
    else:
        case(e, "detach while mapped", ["detach_mapped"], with_attachment(detach_mapped))
    case(e, "unpin too often", ["pin"], with_attachment(unpin, module.ATTACH_DYNAMIC), CHECKED | DYNAMIC)
    case(e, "a correct pin", [],
         with_attachment(lambda fd, a: (i.pin(a), i.unpin(a), i.detach(a)), module.ATTACH_DYNAMIC), CHECKED | DYNAMIC)
    case(e, "vunmap too often", ["vmap"], lambda fd: i.vunmap(i.vmap(fd), MISUSE))
    case(e, "end of access too often, by an importer", ["access"], lambda fd: i.end(i.begin(fd), MISUSE))


module.load()
with Exporter() as exporter:
    case(exporter, "a correct client", [], correct)
    case(exporter, "touch without access", ["touch"], lambda fd: touch(fd, 3))
    case(exporter, "touch after access", ["touch"], after_access)
    case(exporter, "end of access too often", ["access"], end_twice)
    case(exporter, "close within access", ["release"], lambda fd: module.sync(fd, SYNC_RW))
    case(exporter, "a buffer that is not checked", [], lambda fd: (touch(fd), end_twice(fd)), 0)
    with Importer() as importer:
        imported(exporter, importer)
ok(poll(module.unload), "unloads after all that")
sys.exit(done())
