#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""TAP: injected failures and delays of the exporter's operations: which calls, how often, what is left."""
import errno
import mmap
import os
import signal
import sys
import time

sys.path.insert(0, "tests/lib")
from tap import bufinfo, done, equal, ok, poll, skip  # noqa: E402
import module  # noqa: E402
from module import DEBUGFS, DYNAMIC, PAGE, Exporter, Importer  # noqa: E402

SYNC_RW, SYNC_END = 3, 4
FAIL = {"export", "attach", "map", "pin", "vmap", "begin", "end", "mmap", "invalidate"}
STALL = {"release", "detach", "unmap", "unpin", "vunmap"}


def refused(call, *args):
    try:
        call(*args)
    except OSError as e:
        return errno.errorcode[e.errno]
    return None


def inject(op, **settings):
    for name, value in settings.items():
        module.write(f"inject/{op}/{name}", value)


def off(op):
    inject(op, every=1, times=0, delay_us=0, **({"errno": 0} if op in FAIL else {}))


def files():
    equal(set(os.listdir(f"{DEBUGFS}/inject")), FAIL | STALL, "operations")
    all4 = {"errno", "every", "times", "delay_us"}
    for op in sorted(FAIL | STALL):
        equal(set(os.listdir(f"{DEBUGFS}/inject/{op}")), all4 if op in FAIL else all4 - {"errno"}, f"{op}: files")
    for file, values in {"errno": (-4096, 4096, "x", ""), "every": (0, -1, 2**31), "times": (-1,),
                         "delay_us": (-1, 60000001)}.items():
        for value in values:
            wrong = refused(module.write, f"inject/map/{file}", value)
            ok(wrong in ("ERANGE", "EINVAL"), f"{file} {value!r} is refused", wrong)
    for value, want in ((5, "-5\n"), (-12, "-12\n"), (4095, "-4095\n"), (0, "0\n")):
        inject("map", errno=value)
        equal(module.read("inject/map/errno"), want, f"errno {value}")


def which(name, op, call):
    """call(): does op once and undoes it."""
    module.clear()
    inject(op, errno=errno.ENOSPC)
    equal([refused(call) for _ in range(7)], ["ENOSPC"] * 7, f"{name}: each")
    inject(op, every=3)
    equal([refused(call) for _ in range(7)], [None, None, "ENOSPC"] * 2 + [None], f"{name}: every third")
    inject(op, times=2)
    equal([refused(call) for _ in range(13)].count("ENOSPC"), 2, f"{name}: twice at most")
    equal(module.errors("exporter").get(op), 11, f"{name}: counted as errors")
    off(op)
    equal(refused(call), None, f"{name}: off")


def stalls(op, call):
    inject(op, delay_us=200000, times=1)
    start = time.monotonic()
    call()
    ok(time.monotonic() - start >= 0.2, f"{op} stalls")
    off(op)


def interrupted(fd):
    """A signal ends the delay of what can fail, at once."""
    inject("begin", delay_us=60000000)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
        os.write(write, b"x")
        module.sync(fd, SYNC_RW)
        os._exit(1)
    os.read(read, 1)
    ok(poll(lambda: module.waits_in(child, "inject+0x")), "a delay is waited for")
    before = module.errors("exporter").get("begin", 0)
    os.kill(child, signal.SIGUSR1)
    equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7, "a signal ends a delay")
    equal(module.errors("exporter").get("begin", 0), before + 1, "before its time: it fails")
    off("begin")
    os.close(read)
    os.close(write)


module.load()
files()
e = Exporter()
fd = e.export(PAGE)
which("export", "export", lambda: os.close(e.export()))
which("dma-heap's", "export", lambda: os.close(e.heap_alloc()))
which("mmap", "mmap", lambda: mmap.mmap(fd, PAGE).close())


def begin():
    module.sync(fd, SYNC_RW)
    module.sync(fd, SYNC_RW | SYNC_END)


def end():
    module.sync(fd, SYNC_RW | SYNC_END)


dynamic = e.export(PAGE, DYNAMIC)
which("begin", "begin", begin)
which("end", "end", end)
which("invalidate", "invalidate", lambda: e.invalidate(dynamic))
for stalled, doing in (("begin", begin), ("export", lambda: os.close(e.export()))):
    stalls(stalled, doing)
interrupted(fd)
i = Importer()
which("attach", "attach", lambda: i.detach(i.attach(fd)))
a = i.attach(fd)
which("map", "map", lambda: i.unmap(i.map(a)))
stalls("map", lambda: i.unmap(i.map(a)))
stalls("unmap", lambda: i.unmap(i.map(a)))
stalls("detach", lambda: i.detach(i.attach(fd)))
stalls("vunmap", lambda: i.vunmap(i.vmap(fd)))
p = i.attach(dynamic, 1, module.ATTACH_DYNAMIC)
which("pin", "pin", lambda: (i.pin(p), i.unpin(p)))
stalls("unpin", lambda: (i.pin(p), i.unpin(p)))
i.close()
for buffer in (fd, dynamic):
    os.close(buffer)
e.close()
ok(poll(lambda: not [b for b in bufinfo().values() if b.exporter == "dmabuf_tools"]), "no buffer left")
ok(poll(module.unload), "unloads")
sys.exit(done())
