#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""The importer: every operation by exact counts, close, leaks, fences, bad input, threads, unload."""
import errno
import fcntl
import os
import random
import select
import signal
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import kernel  # noqa: E402
import module as m  # noqa: E402
from foreign import EXPORTERS, Foreign  # noqa: E402
from module import Exporter, Importer  # noqa: E402
from tap import bufinfo, diag, done, equal, ok, poll, skip  # noqa: E402

DIRECTIONS = (m.BIDIRECTIONAL, m.TO_DEVICE, m.FROM_DEVICE)
# They sync in the direction of the access, not of the mapping, of which DMA_API_DEBUG tells.
WARNED_OF = ("heap", "udmabuf") if kernel.checks_dma() else ()
EVERY = ("attach", "detach", "map", "unmap", "pin", "unpin", "vmap", "vunmap", "begin", "end", "fence", "signal")
PAIRS = list(zip(EVERY[::2], EVERY[1::2]))
THREADS = 8
HOUR = 3600 * 10 ** 9
NETLINK_KOBJECT_UEVENT, SO_RCVBUFFORCE = 15, 33


def fails(error, what, call, *args):
    """error: an errno or several."""
    errors = error if isinstance(error, tuple) else (error,)
    try:
        got = call(*args)
    except OSError as e:
        return ok(e.errno in errors, what, f"got {errno.errorcode[e.errno]}")
    return ok(False, what, f"no error, but {got!r}")


def fails_all(error, what, calls):
    """One line for many: calls is {name: (function, arguments)}."""
    wrong = {}
    for name, (call, *args) in calls.items():
        try:
            wrong[name] = call(*args)
        except OSError as e:
            if e.errno != error:
                wrong[name] = errno.errorcode[e.errno]
    ok(not wrong and calls, f"{what}: {', '.join(calls)}", wrong)


def add_fence(i, fd, usage):
    """Of a foreign buffer, whose driver waits for one of usage KERNEL: it has to signal some time."""
    return i.fence(fd, usage, HOUR if usage == m.USAGE_KERNEL else 0)


def balanced(what):
    """What was made was undone: calls that succeeded."""
    calls, errs = m.counters("importer"), m.errors("importer")
    good = {op: calls.get(op, 0) - errs.get(op, 0) for op in EVERY}
    equal([good[a] for a, _ in PAIRS], [good[b] for _, b in PAIRS], f"{what}: all is undone")


def counted(i, fd, name):
    """Each operation a prime number of times; what comes out of the map is the buffer."""
    m.clear()
    size = os.lseek(fd, 0, os.SEEK_END)
    attached = [i.attach(fd, n % 4, m.ATTACH_DYNAMIC if n < 11 else 0) for n in range(23)]
    equal(sorted(bufinfo()[os.fstat(fd).st_ino].devices)[:23],
          sorted(f"dmabuf-importer.{n % 4}" for n in range(23)), f"{name}: the kernel lists its devices")
    sizes = set()
    for n, a in enumerate(attached):
        mapping, length, ns = i.map_timed(a, DIRECTIONS[n % 3])
        sizes.add((length, ns > 0))
        i.unmap(mapping)
    equal(sizes, {(size, True)}, f"{name}: a map has the buffer's size and takes time")
    kept = [i.map(a, DIRECTIONS[0 if name in WARNED_OF else n % 3]) for n, a in enumerate(attached[:7])]
    for _ in range(19):
        i.pin(attached[0])
    for _ in range(13):
        i.unpin(attached[0])
    vmaps = [i.vmap(fd) for _ in range(29)]
    for v in vmaps[:17]:
        i.vunmap(v)
    accesses = [i.begin(fd, DIRECTIONS[n % 3]) for n in range(31)]
    for a in accesses[:5]:
        i.end(a)
    fences = [add_fence(i, fd, n % 4) for n in range(37)]
    for f in fences[:3]:
        i.signal(f)
    fails(errno.EBUSY, f"{name}: no detach with a mapping", i.detach, attached[1])
    i.unmap(kept[0])
    fails(errno.EBUSY, f"{name}: no detach with a pin", i.detach, attached[0])
    i.detach(attached[22])
    want = {"attach": 23, "detach": 1, "map": 30, "unmap": 24, "pin": 19, "unpin": 13, "vmap": 29, "vunmap": 17,
            "begin": 31, "end": 5, "fence": 37, "signal": 3}
    equal(m.counters("importer"), want, f"{name}: counted")
    i.close()
    equal(m.counters("importer"), {"attach": 23, "detach": 23, "map": 30, "unmap": 30, "pin": 19, "unpin": 19,
                                   "vmap": 29, "vunmap": 29, "begin": 31, "end": 31, "fence": 37, "signal": 37},
          f"{name}: close undoes the rest")
    equal(m.errors("importer"), {}, f"{name}: nothing failed")
    lines = [line.split() for line in m.read("importer/latency").splitlines()[1:]]
    equal({op: sum(int(c) for o, _, c in lines if o == op) for op in EVERY}, m.counters("importer"),
          f"{name}: the histograms have as many")


def pairs():
    """Static and dynamic importers of the module's own static and dynamic buffers, both sides' counts."""
    at_attach = kernel.maps_at_attach()
    for flags in (0, m.DYNAMIC, m.CHECKED, m.CHECKED | m.DYNAMIC | m.CONTIGUOUS):
        for dynamic in (0, m.ATTACH_DYNAMIC):
            what = f"buffer flags {flags}, {'dynamic' if dynamic else 'static'} importer"
            m.clear()
            with Exporter() as e, Importer() as i:
                fd = e.export(7 * m.PAGE, flags)
                attached = [i.attach(fd, n % 4, dynamic) for n in range(7)]
                kept = [i.map(attached[n % 7], DIRECTIONS[n % 3] if flags else 0) for n in range(41)]
                for mapping in kept[:17]:
                    i.unmap(mapping)
                for _ in range(5 if dynamic else 0):
                    i.pin(attached[2])
                for _ in range(29):
                    i.vmap(fd)
                for n in range(31):
                    i.begin(fd, DIRECTIONS[n % 3])
                os.close(fd)
            ok(poll(lambda: not bufinfo()), f"{what}: released")
            pins = 5 if dynamic else 0
            equal(m.counters("importer"), {
                "attach": 7, "detach": 7, "map": 41, "unmap": 41, "vmap": 29, "vunmap": 29, "begin": 31, "end": 31,
                **({"pin": 5, "unpin": 5} if pins else {})}, f"{what}: the importer's side")
            mixed = bool(flags & m.DYNAMIC) != bool(dynamic)
            maps = 7 if at_attach and mixed else 41
            if not flags & m.DYNAMIC:
                pins = 0
            elif at_attach or not dynamic:
                pins += maps    # each map of a buffer that must not move meanwhile
            equal(m.counters("exporter"), {
                "export": 1, "release": 1, "attach": 7, "detach": 7, "map": maps, "unmap": maps, "vmap": 1, "vunmap": 1,
                "begin": 31, "end": 31, **({"pin": pins, "unpin": pins} if pins else {})}, f"{what}: the exporter's side")
    equal(set(line.split()[1] for line in m.read("exporter/violations").splitlines()[1:]), {"0"}, "no violation")


def moves():
    """Dynamic importers are told, static ones are not; pinned buffers stay."""
    m.clear()
    with Exporter() as e, Importer() as i:
        fd = e.export(m.PAGE, m.DYNAMIC)
        attached = [i.attach(fd, 0, m.ATTACH_DYNAMIC) for _ in range(7)]
        i.attach(fd)
        for _ in range(0 if kernel.maps_at_attach() else 11):
            e.invalidate(fd)
        i.pin(attached[0])
        fails(errno.EBUSY, "a pinned buffer does not move", e.invalidate, fd)
        equal(m.counters("importer").get("invalidate", 0) % 7, 0, "all dynamic ones")
        if kernel.maps_at_attach():
            skip("7 dynamic importers told 11 times", "the static one pins")
        else:
            equal(m.counters("importer")["invalidate"], 77, "7 dynamic importers told 11 times")
        os.close(fd)
        fd = e.export(m.PAGE, m.DYNAMIC)
        for _ in range(13):
            i.attach(fd, 0, m.ATTACH_DYNAMIC)
        before = m.counters("importer").get("invalidate", 0)
        for _ in range(3):
            e.invalidate(fd)
        equal(m.counters("importer")["invalidate"] - before, 39, "13 dynamic importers told 3 times")
        os.close(fd)
    balanced("moves")


def breaks():
    """What misuse leaves of the ids; checked.t has what the exporter says."""
    with Exporter() as e, Importer() as i:
        fd = e.export(m.PAGE, m.CHECKED)
        plain = e.export(m.PAGE)
        p = i.attach(plain)
        fails(errno.EPERM, "misuse of an unchecked buffer of ours", i.unmap, i.map(p), m.MISUSE)
        a = i.attach(fd)
        mapping, second = i.map(a), i.map(a, m.TO_DEVICE)
        i.unmap(mapping, m.MISUSE | m.WRONG_TABLE)
        i.unmap(mapping)
        fails(errno.ENOENT, "the wrong table leaves the mapping, the right one takes it", i.unmap, mapping)
        try:
            i.detach(a, m.MISUSE)
            fails(errno.ENOENT, "a detach takes the mappings", i.unmap, second)
            fails(errno.ENOENT, "and the attachment", i.map, a)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            skip("a detach takes the mappings", "CONFIG_DMABUF_DEBUG")
        first, last = i.vmap(fd), i.vmap(fd)
        fails(errno.EBUSY, "no misuse below another's vmap", i.vunmap, first, m.MISUSE)
        i.vunmap(first)
        i.vunmap(last, m.MISUSE)
        access = i.begin(fd)
        i.end(access, m.MISUSE)
        fails_all(errno.ENOENT, "which takes the id", {"vunmap": (i.vunmap, last), "end": (i.end, access)})
        d = i.attach(fd, 0, m.ATTACH_DYNAMIC)
        i.pin(d)
        fails(errno.EINVAL, "an unpin that is no misuse", i.unpin, d, m.MISUSE)
        i.unpin(d)
        i.unpin(d, m.MISUSE)
        os.close(fd)
        os.close(plain)


def orders(fd):
    """Open in one order, undone in any other: 101 times 3 of each kind, every third left to close."""
    m.clear()
    rand = random.Random(10007)
    refused = 0
    for turn in range(101):
        i = Importer()
        mine = os.dup(fd)
        attached = [i.attach(mine, n, rand.choice((0, m.ATTACH_DYNAMIC))) for n in range(3)]
        undo = [(i.detach, a) for a in attached]
        undo += [(i.unmap, i.map(a, rand.choice(DIRECTIONS))) for a in attached]
        undo += [(i.vunmap, i.vmap(mine)) for _ in attached]
        undo += [(i.end, i.begin(mine, rand.choice(DIRECTIONS))) for _ in attached]
        undo += [(i.signal, add_fence(i, mine, rand.randrange(4))) for _ in attached]
        os.close(mine)
        rand.shuffle(undo)
        for call, ident in undo[:len(undo) if turn % 3 else rand.randrange(len(undo))]:
            try:
                call(ident)
            except OSError as e:
                refused += e.errno == errno.EBUSY
        i.close()
    ok(refused > 23, "some detaches were too early", refused)
    balanced("in any order")


def numbers(fd):
    """Ids: from 1 up, nobody else's, gone when undone."""
    with Importer() as i, Importer() as other:
        a, v, f, b = i.attach(fd), i.vmap(fd), i.fence(fd, m.USAGE_BOOKKEEP), i.begin(fd)
        mapping = i.map(a)
        equal([a, v, f, b, mapping], [1, 2, 3, 4, 5], "ids are counted from 1, all kinds together")
        undo = {"detach": a, "unmap": mapping, "vunmap": v, "end": b, "signal": f}
        fails_all(errno.ENOENT, "another file's ids", {n: (getattr(other, n), x) for n, x in undo.items()})
        fails_all(errno.ENOENT, "id 0", {n: (getattr(i, n), 0) for n in undo})
        fails_all(errno.ENOENT, "an id too large", {n: (getattr(i, n), 0xffffffff) for n in undo})
        fails_all(errno.ENOENT, "an id of another kind", {
            n: (getattr(i, n), next(y for o, y in undo.items() if o != n)) for n in undo})
        fails_all(errno.ENOENT, "no such attachment", {n: (getattr(i, n), v) for n in ("map", "pin", "unpin")})
        for n in ("unmap", "vunmap", "end", "signal", "detach"):
            getattr(i, n)(undo[n])
        fails_all(errno.ENOENT, "undone twice", {n: (getattr(i, n), x) for n, x in undo.items()})
        fails_all(errno.ENOENT, "a detached attachment", {n: (getattr(i, n), a) for n in ("map", "pin", "unpin")})
        ok(i.attach(fd) > 5, "an id is not used again soon")


def one_mapping(fd):
    with Importer() as i:
        a = i.attach(fd)
        mapping = i.map(a)
        fails(errno.EBUSY, "a foreign exporter's attachment is mapped once at a time", i.map, a)
        i.unmap(mapping)
        ok(i.map(a), "and again after that")
        fails_all(errno.EINVAL, "a static attachment is not pinned", {"pin": (i.pin, a), "unpin": (i.unpin, a)})
        d = i.attach(fd, 0, m.ATTACH_DYNAMIC)
        fails(errno.EINVAL, "no unpin without a pin", i.unpin, d)


def raw(i, name, data, size=None, number=None):
    """An ioctl by its bytes."""
    direction, nr, _ = m.COMMANDS[name]
    fcntl.ioctl(i.fd, m.command(direction, nr if number is None else number, len(data) if size is None else size),
                bytearray(data) + bytearray(64), True)


def bad_input(fd):
    m.clear()
    with Importer() as i:
        a = i.attach(fd)
        mapping, d, v, b = i.map(a), i.attach(fd, 0, m.ATTACH_DYNAMIC), i.vmap(fd), i.begin(fd)
        i.pin(d)
        before = m.counters("importer")
        good = {"ATTACH": (fd, 0, 0, 0), "DETACH": (a, 0, 0, 0), "MAP": (a, 0, 0, 0, 0, 0), "UNMAP": (mapping, 0, 0, 0),
                "PIN": (d, 0), "UNPIN": (d, 0), "VMAP": (fd, 0, 0, 0), "VUNMAP": (v, 0, 0, 0),
                "BEGIN_ACCESS": (fd, 0, 0, 0), "END_ACCESS": (b, 0, 0, 0), "FENCE": (fd, 3, 0, 0, 0), "SIGNAL": (1, 0),
                "ON_CLOSE": (0, 0)}
        sizes, reserved = {}, {}
        for name, fields in good.items():
            data = struct.pack(m.COMMANDS[name][2], *fields)
            for size in (0, 1, len(data) - 1, len(data) + 1, len(data) + 8, 0x3fff):
                sizes[f"{name} of {size} bytes"] = (raw, i, name, data, size)
            sizes[f"{name} the other way"] = (
                fcntl.ioctl, i.fd, m.command(m.COMMANDS[name][0] ^ 2, m.COMMANDS[name][1], len(data)), bytearray(128), True)
        for number in (0, 1, 0x3f, 0x4d, 0x4e, 0x80, 0xff):
            sizes[f"command {number:#x}"] = (raw, i, "PIN", bytes(8), None, number)
        fails_all(errno.ENOTTY, "wrong sizes and commands", sizes)
        # All that must be 0, or is out of range, by field
        bad = {"ATTACH": {2: (1, 4, 8, 1 << 31), 3: (1,)}, "DETACH": {1: (2, 4, 8, 1 << 31), 2: (1,), 3: (1,)},
               "MAP": {1: (3, 4, 0xffffffff), 2: (1, 2, 1 << 31), 3: (1,), 4: (1,), 5: (1 << 63,)},
               "UNMAP": {1: (2, 4, 8), 2: (1, 3), 3: (1,)}, "PIN": {1: (1, 2, 1 << 31)}, "UNPIN": {1: (2, 4, 8)},
               "VMAP": {1: (1, 2, 1 << 31), 2: (1,), 3: (1,)}, "VUNMAP": {1: (2, 4, 5, 8), 2: (1,), 3: (1,)},
               "BEGIN_ACCESS": {1: (3, 4, 0xffffffff), 2: (1, 2), 3: (1,)},
               "END_ACCESS": {1: (2, 4, 5, 8), 2: (1,), 3: (1,)},
               "FENCE": {1: (4, 0xffffffff), 2: (1 << 63, (1 << 64) - 1), 3: (1, -4096, -(1 << 31)), 4: (1,)},
               "SIGNAL": {1: (1,)}, "ON_CLOSE": {0: (2, 3, 1 << 31), 1: (1,)}}
        for name, fields in good.items():
            for at, values in bad[name].items():
                for value in values:
                    changed = fields[:at] + (value,) + fields[at + 1:]
                    reserved[f"{name} {changed}"] = (i.call, name, *changed)
        fails_all(errno.EINVAL, "fields that must be 0, flags, directions, usages, times, errors", reserved)
        fails_all(errno.ENODEV, "no such device", {str(n): (i.attach, fd, n) for n in (4, 63, 64, 0xffffffff)})
        takers = {"attach": i.attach, "vmap": i.vmap, "begin": i.begin, "fence": i.fence}
        fails(errno.EPERM, "a KERNEL fence on a foreign buffer needs a time", i.fence, fd, m.USAGE_KERNEL)
        null = os.open("/dev/null", os.O_RDWR)
        closed = os.dup(null)
        os.close(closed)
        for what, error, number in (("/dev/null", errno.EINVAL, null), ("its own descriptor", errno.EINVAL, i.fd),
                                    ("a closed descriptor", errno.EBADF, closed), ("-1", errno.EBADF, -1),
                                    ("the lowest number", errno.EBADF, -1 << 31), ("the highest", errno.EBADF, (1 << 31) - 1)):
            fails_all(error, what, {n: (c, number) for n, c in takers.items()})
        os.close(null)
        fails_all(errno.EPERM, "misuse of a foreign buffer", {
            "DETACH": (i.call, "DETACH", a, m.MISUSE, 0, 0), "UNMAP": (i.call, "UNMAP", mapping, m.MISUSE, 1, 0),
            "the wrong table": (i.call, "UNMAP", mapping, m.MISUSE | m.WRONG_TABLE, 0, 0),
            "VUNMAP": (i.call, "VUNMAP", v, m.MISUSE, 0, 0), "END": (i.call, "END_ACCESS", b, m.MISUSE, 0, 0),
            "UNPIN": (i.call, "UNPIN", d, m.MISUSE)})
        equal(m.counters("importer"), before, "none of that reached a buffer")
        unmapped(i, good)
    balanced("after bad input")


def unmapped(i, good):
    """Structures that cannot be read or written: what was made is undone."""
    before = len(bufinfo()[INO].devices)
    wrong = {}
    read_only = m.ReadOnlyPage()
    for name, fields in good.items():
        data = struct.pack(m.COMMANDS[name][2], *fields)
        number = m.command(*m.COMMANDS[name][:2], len(data))
        if m.libc_ioctl(i.fd, number, 8) != errno.EFAULT:
            wrong[f"{name} at 8"] = "read"
        if m.COMMANDS[name][0] == 3 and name != "MAP":
            read_only.fill(data)
            if m.libc_ioctl(i.fd, number, read_only.address) != errno.EFAULT:
                wrong[f"{name} on a read-only page"] = "written"
    ok(not wrong, "structures that cannot be read or written are EFAULT", wrong)
    equal(len(bufinfo()[INO].devices), before, "and what was made for them is undone")


def limit(fd):
    """65536 ids for a file, no more; fences too, of all files together."""
    m.clear()
    with Importer() as i, Importer() as other:
        ids = [i.vmap(fd) for _ in range(65536)]
        fails(errno.ENOSPC, "65536 ids for a file", i.vmap, fd)
        i.vunmap(ids[4711])
        ok(i.vmap(fd), "and one more when one is undone")
        ok(other.vmap(fd), "another file has its own")
    balanced("after 65536")


class Signalled(Exception):
    pass


def stop(*_):
    raise Signalled


def child(call, *args, without=()):
    """A process, without those files, that makes one call: exit 0: a signal ended it, 1: it returned, 2: an error."""
    pid = os.fork()
    if pid:
        return pid
    for importer in without:
        importer.close()
    signal.signal(signal.SIGALRM, stop)
    code = 1
    try:
        call(*args)
    except Signalled:
        code = 0
    except BaseException as e:
        diag(repr(e))
        code = 2
    os._exit(code)


def ended(pid, number=None):
    """Its exit status, once the signal arrived."""
    if number:
        os.kill(pid, number)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def waits(fd):
    """What waits ends with a signal, and goes on when the fence signals."""
    with Importer() as i, Importer() as waiter:
        a = waiter.attach(fd)
        fence = add_fence(i, fd, m.USAGE_KERNEL)
        for what, number, want in (("an alarm", signal.SIGALRM, 0), ("a kill", signal.SIGKILL, -9)):
            pid = child(waiter.map, a)
            ok(poll(lambda: m.waits_in(pid, "dma_fence_default_wait")), f"a static map waits for a KERNEL fence ({what})")
            equal(ended(pid, number), want, f"{what} ends it")
        pid = child(waiter.map, a)
        poll(lambda: m.waits_in(pid, "dma_fence_default_wait"))
        if not kernel.maps_under_lock():
            skip("attach, map, pin, vmap, fence and their counterparts wait for the lock", "this kernel maps without it")
        else:
            for what, call in (("attach", i.attach), ("vmap", i.vmap), ("fence", i.fence)):
                second = child(call, fd)
                ok(poll(lambda: m.waits_in(second, "importer_ioctl")), f"{what} waits for the lock that it holds")
                equal(ended(second, signal.SIGALRM), 0, "an alarm ends that too")
        i.signal(fence)
        equal(ended(pid), 1, "the map goes on when the fence signals")
        fence = i.fence(fd, m.USAGE_WRITE)
        ok(waiter.map(waiter.attach(fd)), "it does not wait for a WRITE fence")
        pid = child(waiter.begin, fd)
        ok(poll(lambda: m.waits_in(pid, "dma_fence_default_wait")), "begin access does")
        equal(ended(pid, signal.SIGALRM), 0, "and a signal ends it")
        pid = child(waiter.begin, fd, without=[i])
        ok(poll(lambda: m.waits_in(pid, "dma_fence_default_wait")), "it waits")
        i.close()
        equal(ended(pid), 1, "until close signals the fence")


def deadlock(fd):
    """A file closes while another waits, under the lock, for its fence."""
    with Importer() as waiter:
        a = waiter.attach(fd)
        i = Importer()
        i.map(i.attach(fd))
        add_fence(i, fd, m.USAGE_KERNEL)
        pid = child(waiter.map, a, without=[i])
        poll(lambda: m.waits_in(pid, "dma_fence_default_wait"))
        threading.Thread(target=i.close).start()
        equal(ended(pid), 1, "close signals its fences before it needs the lock of who waits for them")


def ready(fd, events):
    p = select.poll()
    p.register(fd, events)
    return bool(p.poll(0))


def sync_file(fd):
    """A file of the buffer's fences: DMA_BUF_IOCTL_EXPORT_SYNC_FILE, for who writes."""
    data = bytearray(struct.pack("=Ii", 2, -1))
    fcntl.ioctl(fd, 0xc0086202, data, True)
    return struct.unpack("=Ii", data)[1]


def status(sync):
    """Of a sync file: 1 signalled, 0 not yet, or the error (SYNC_IOC_FILE_INFO)."""
    data = bytearray(struct.pack("=32siIIIQ", b"", 0, 0, 0, 0, 0))
    fcntl.ioctl(sync, 0xc0383e04, data, True)
    return struct.unpack("=32siIIIQ", bytes(data))[1]


def fences(fd):
    m.clear()
    with Importer() as i:
        for usage, reads, writes in ((m.USAGE_KERNEL, False, False), (m.USAGE_WRITE, False, False),
                                     (m.USAGE_READ, True, False), (m.USAGE_BOOKKEEP, True, True)):
            f = add_fence(i, fd, usage)
            equal((ready(fd, select.POLLIN), ready(fd, select.POLLOUT)), (reads, writes), f"usage {usage} blocks who it must")
            i.signal(f)
            ok(poll(lambda: ready(fd, select.POLLIN) and ready(fd, select.POLLOUT)), "until it signals")
        for error in (0, -1, -errno.ETIMEDOUT, -4095):
            f = i.fence(fd, m.USAGE_WRITE, 0, error)
            sync = sync_file(fd)
            equal(status(sync), 0, f"error {error}: not signalled yet")
            i.signal(f)
            equal(status(sync), error or 1, f"error {error}: signals with it")
            os.close(sync)
        signals, nanoseconds = 9, 20_000_000
        f, sync = i.fence(fd, m.USAGE_WRITE, nanoseconds, -errno.EIO), sync_file(fd)
        # A sync file that comes after the signal has no fence, and is signalled well.
        while status(sync) == 1:
            os.close(sync)
            signals, nanoseconds = signals + 1, 2 * nanoseconds
            f, sync = i.fence(fd, m.USAGE_WRITE, nanoseconds, -errno.EIO), sync_file(fd)
        ok(poll(lambda: status(sync) == -errno.EIO), "signals by itself after its time")
        ok(poll(lambda: m.counters("importer")["signal"] == signals), "which counts as a signal")
        i.signal(f)
        equal(m.counters("importer")["signal"], signals, "and is no second one when told")
        os.close(sync)
        late = i.fence(fd, m.USAGE_WRITE, (1 << 63) - 1)
        ok(not ready(fd, select.POLLIN), "a time that never comes")
        i.signal(late)
        for _ in range(1009):
            i.fence(fd, m.USAGE_BOOKKEEP, 1)
        ok(poll(lambda: m.counters("importer")["signal"] == signals + 1 + 1009), "1009 timers")
    balanced("fences")
    i = Importer()
    i.fence(fd, m.USAGE_WRITE, 0, -errno.EIO)
    sync = sync_file(fd)
    i.close()
    equal(status(sync), -errno.EIO, "close signals")
    ok(not m.unload(), "a fence that somebody still looks at holds the module")
    os.close(sync)
    ok(not m.unload(), "a signalled fence that a buffer still has holds the module")


def leaked():
    return {k: int(v) for k, v in (line.split() for line in m.read("importer/leaked").splitlines())}


def leaks(make):
    """make() gives a new buffer's descriptor."""
    m.clear()
    none = dict.fromkeys(("attachment", "mapping", "vmap", "access", "fence", "pin"), 0)
    equal(leaked(), none, "nothing is leaked")
    buffer = make()
    ino = os.fstat(buffer.fd).st_ino
    for n in range(2):
        i = Importer()
        i.leak_on_close()
        attached = [i.attach(buffer.fd, k, m.ATTACH_DYNAMIC) for k in range(4)]
        for a in attached[:3]:
            i.map(a)
        for _ in range(5):
            i.pin(attached[0])
        for _ in range(7):
            i.vmap(buffer.fd)
        for _ in range(11):
            i.begin(buffer.fd)
        for _ in range(13):
            i.fence(buffer.fd, m.USAGE_BOOKKEEP)
        i.close()
    i = Importer()
    i.leak_on_close()
    i.attach(buffer.fd)
    i.leak_on_close(False)
    i.close()
    empty = Importer()
    empty.leak_on_close()
    empty.close()
    buffer.close()
    equal(leaked(), {"attachment": 8, "mapping": 6, "vmap": 14, "access": 22, "fence": 26, "pin": 10},
          "two files' leaks are counted; a third changed its mind")
    ok(ino in bufinfo(), "the buffer lives on without a descriptor")
    ok(not m.unload(), "and the module stays")
    m.write("importer/leaked", 0)
    equal(leaked(), none, "writing undoes them")
    balanced("leaks")
    ok(poll(lambda: ino not in bufinfo()), "the buffer is gone")


def threads(fd):
    """8 threads on one file: each id is undone by exactly one of them."""
    m.clear()
    with Importer() as i:
        ids = [i.vmap(fd) for _ in range(1009)]
        got, errs = [], set()

        def undo_all():
            for v in ids:
                try:
                    i.vunmap(v)
                    got.append(v)
                except OSError as e:
                    errs.add(e.errno)
        run(undo_all)
        equal(sorted(got), ids, "1009 vmaps undone by 8 threads, each once")
        ok(errs <= {errno.ENOENT, errno.EBUSY}, "the others are told so", errs)
        a = i.attach(fd)
        mapped = []

        def remap():
            for _ in range(101):
                try:
                    mapping = i.map(a)
                    mapped.append(mapping)
                    i.unmap(mapping)
                except OSError as e:
                    errs.add(e.errno)
        run(remap)
        ok(mapped and errs <= {errno.ENOENT, errno.EBUSY}, "8 threads map one attachment", errs)
        i.detach(a)
        everything = []

        def all_of_it():
            for n in range(53):
                x = i.attach(fd, n % 4)
                y, z, f, b = i.map(x), i.vmap(fd), i.fence(fd, m.USAGE_BOOKKEEP), i.begin(fd)
                i.unmap(y)
                i.vunmap(z)
                i.signal(f)
                i.end(b)
                i.detach(x)
                everything.append(n)
        run(all_of_it)
        equal(len(everything), THREADS * 53, "8 threads do everything")
    balanced("threads")


def run(target):
    running = [threading.Thread(target=target) for _ in range(THREADS)]
    for t in running:
        t.start()
    for t in running:
        t.join()


def nodes(load, parameter):
    """What it returns, and of which nodes the kernel told meanwhile, though they may be gone: action@place."""
    told = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT) as messages:
        messages.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)     # 256 devices have much to tell
        messages.bind((0, 1))
        result = load(parameter)
        while True:
            try:
                told.append(messages.recv(65536).split(b"\0")[0].decode())
            except BlockingIOError:
                return result, [e for e in told if "/misc/" in e]


def parameters():
    for n in (0, 257, -1):
        equal(nodes(m.insert, f"devices={n}"), (False, []), f"devices={n} is refused, before there is a node that somebody could open")
    for n in (1, 256):
        equal(nodes(m.load, f"devices={n}")[1], [f"add@/devices/virtual/misc/dmabuf_tools_{name}" for name in ("exporter", "importer")],
              f"devices={n}: both nodes")
        names = [d for d in os.listdir("/sys/bus/platform/devices") if d.startswith("dmabuf-importer.")]
        equal(sorted(names), sorted(f"dmabuf-importer.{k}" for k in range(n)), f"devices={n}")
        ok(poll(m.unload), "unloads")
    m.load("importer=0")
    ok(not os.path.exists(m.IMPORTER), "importer=0: there is none")
    ok(poll(m.unload), "unloads")


parameters()
m.load()
equal(os.stat(m.IMPORTER).st_mode & 0o777, 0o600, "root's alone")
have = None
for exporter in EXPORTERS:
    with Foreign(exporter) as buffer:
        if buffer.skipped:
            skip(exporter, buffer.skipped)
            continue
        counted(Importer(), buffer.fd, exporter)
        if not have and exporter not in WARNED_OF:
            have = exporter
for part in (pairs, moves, breaks):
    part()
with Foreign(have) as buffer:
    INO = buffer.ino
    for part in (orders, numbers, one_mapping, bad_input, limit, waits, deadlock, fences, threads):
        part(buffer.fd)
    i = Importer()
    ok(not m.unload(), "an open file holds the module")
    i.close()
leaks(lambda: Foreign(have))
ok(poll(lambda: not bufinfo()), "no buffer is left", bufinfo())
ok(poll(m.unload), "the module unloads")
m.load()
ok(poll(m.unload), "and again")
sys.exit(done())
