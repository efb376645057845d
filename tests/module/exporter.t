#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""TAP: the module's exporter: each operation counted exactly, dma-heap's clients, bad input, unloading."""
import errno
import fcntl
import glob
import mmap
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, "tests/lib")
from tap import bufinfo, done, equal, ok, poll, skip  # noqa: E402
import module  # noqa: E402
from module import PAGE, Exporter, Importer  # noqa: E402

SCALE = int(os.environ.get("TEST_SCALE", "1"))
SYNC_READ, SYNC_RW, SYNC_END = 1, 3, 4
DMABUF_HEAP_ALLOC = 0xc0184800


def refused(call, *args):
    """The name of the errno that a call fails with; None if it works."""
    try:
        call(*args)
    except OSError as e:
        return errno.errorcode[e.errno]
    return None


def ours():
    return [b for b in bufinfo().values() if b.exporter == "dmabuf_tools"]


def released():
    """Release comes some time after the last close."""
    return poll(lambda: not ours())


def table(name):
    """{first column: second} of a file with a header."""
    return {line.split()[0]: int(line.split()[1]) for line in module.read(name).splitlines()[1:]}


def operations(e):
    """Those of a static buffer that need no importer, each another prime times."""
    module.clear()
    begun = time.monotonic_ns()
    fds = [e.export(PAGE) for _ in range(1009)]
    for _ in range(503):
        module.sync(fds[0], SYNC_READ)
    for _ in range(499):
        module.sync(fds[0], SYNC_READ | SYNC_END)
    for fd in fds[:23]:
        mmap.mmap(fd, PAGE).close()
    equal(len(ours()), 1009, "1009 buffers")
    for fd in fds:
        os.close(fd)
    ok(released(), "all released")
    want = {"export": 1009, "release": 1009, "begin": 503, "end": 499, "mmap": 23}
    equal(module.counters("exporter"), want, "exact counts")
    equal(module.errors("exporter"), {}, "no errors")
    sums = {}
    for line in module.read("exporter/latency").splitlines()[1:]:
        op, _, calls = line.split()
        sums[op] = sums.get(op, 0) + int(calls)
    equal(sums, want, "the histogram has every call")
    lines = module.read("exporter/log").splitlines()[1:]
    equal(len(lines), 1024, "the log keeps the last 1024")
    times = [int(line.split()[0]) for line in lines]
    ok(all(begun <= t <= time.monotonic_ns() for t in times), "its times are of this clock", min(times), max(times))
    module.clear()
    equal((module.counters("exporter"), module.read("exporter/latency").count("\n")), ({}, 1), "cleared")


def log(e):
    fd = e.export(PAGE, module.DYNAMIC)
    module.sync(fd, SYNC_READ)
    refused(e.invalidate, e.fd)
    e.invalidate(fd)
    ino = os.fstat(fd).st_ino
    os.close(fd)
    poll(lambda: f"release {ino} " in module.read("exporter/log"))
    got = [line.split()[1:6] for line in module.read("exporter/log").splitlines() if line.split()[2] == str(ino)]
    equal([line for line in got[-4:]],
          [[op, str(ino), "-", direction, "0"] for op, direction in
           (("export", "-"), ("begin", "from_device"), ("invalidate", "-"), ("release", "-"))],
          "the log: operation, inode, device, direction, result")


def names(e):
    for name, want in ((b"", None), (b"x", "x"), (b"n" * 31, "n" * 31), (b"a\tb c", "a\tb c")):
        fd = e.export(PAGE, 0, name)
        equal([b.name for b in ours()], [want], f"name {name!r}")
        fcntl.ioctl(fd, 0x40086201, b"other\0")
        equal([b.name for b in ours()], ["other"], f"name {name!r} replaced")
        os.close(fd)
        released()


def memory(e):
    for flags in (0, module.CONTIGUOUS, module.CHECKED, module.CONTIGUOUS | module.DYNAMIC):
        size = 23 * PAGE
        for turn in ("first", "second"):
            fd = e.export(size - 1, flags)
            equal(os.lseek(fd, 0, os.SEEK_END), size, f"flags {flags}: rounded up to pages")
            os.lseek(fd, 0, os.SEEK_SET)
            with mmap.mmap(fd, size) as m, mmap.mmap(fd, PAGE, offset=22 * PAGE) as last:
                module.sync(fd, SYNC_RW)
                equal(m[:], bytes(size), f"flags {flags}: zeroed, {turn}")
                m[:] = b"\xa5" * size
                m[-1:] = b"z"
                equal(last[-1:], b"z", f"flags {flags}: the last page alone is the same memory")
                module.sync(fd, SYNC_RW | SYNC_END)
                equal(refused(lambda: mmap.mmap(fd, size + 1)), "EINVAL", "a mapping beyond its end")
                equal(refused(lambda: mmap.mmap(fd, PAGE, flags=mmap.MAP_PRIVATE)), "EINVAL", "a private mapping")
            os.close(fd)
    fd = e.export(PAGE, 0, b"", os.O_RDONLY)
    equal(refused(mmap.mmap, fd, PAGE), "EACCES", "read only: no writable mapping")
    equal(fcntl.fcntl(fd, fcntl.F_GETFD), 0, "no O_CLOEXEC asked for")
    os.close(fd)


def vgem_node():
    subprocess.run(["modprobe", "vgem"], check=False)
    for node in glob.glob("/sys/class/drm/renderD*"):
        if "vgem" in os.path.realpath(f"{node}/device"):
            return f"/dev/dri/{os.path.basename(node)}"
    return None


def selftest(e):
    """What tools/testing/selftests/dmabuf-heaps of the kernel does, on this node."""
    node = vgem_node()
    if not node:
        skip("dma-heap's self test", "no vgem")
        return
    module.clear()
    size = 1024 * 1024
    vgem = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    for _ in range(23):
        fd = e.heap_alloc(size)
        with mmap.mmap(fd, size) as m:
            module.sync(fd, SYNC_RW)
            m[:] = b"\xff" * size
            prime = bytearray(struct.pack("=IIi", 0, 0, fd))
            fcntl.ioctl(vgem, 0xc00c642e, prime, True)
            handle = struct.unpack("=IIi", prime)[0]
            module.sync(fd, SYNC_RW | SYNC_END)
            fcntl.ioctl(vgem, 0x40086409, struct.pack("=II", handle, 0))
        os.close(fd)
    os.close(vgem)
    ok(released(), "allocate, map, sync, import, close")
    got = module.counters("exporter")
    # vgem maps what it imports before 6.16 only.
    maps = got.pop("map", 0), got.pop("unmap", 0)
    equal(got, dict.fromkeys(("export", "mmap", "begin", "end", "attach", "detach", "release"), 23), "23 of each")
    ok(maps in ((23, 23), (0, 0)), "as many unmaps as maps", maps)

    zero = True
    for fill in range(23):
        fds = [e.heap_alloc(size) for _ in range(3)]
        for fd in fds:
            with mmap.mmap(fd, size) as m:
                module.sync(fd, SYNC_RW)
                zero = zero and m[:] == bytes(size)
                m[:] = bytes([fill + 1]) * size
                module.sync(fd, SYNC_RW | SYNC_END)
            os.close(fd)
    ok(zero, "memory of others before is zeroed")

    def other_size(more):
        data = bytearray(struct.pack("=QII", PAGE, 0, os.O_RDWR | os.O_CLOEXEC) + more)
        fcntl.ioctl(e.fd, 3 << 30 | len(data) << 16 | ord("H") << 8, data, True)
        os.close(struct.unpack_from("=QI", data)[1])
    equal(refused(other_size, b""), None, "an older client's smaller structure")
    equal(refused(other_size, bytes(8) + b"\xff" * 24), None, "a newer client's larger structure")


def bad_input(e):
    rw = os.O_RDWR | os.O_CLOEXEC
    export = [PAGE, 0, rw, 0, 0, b""]
    before = len(os.listdir("/proc/self/fd"))

    def exported(position, value):
        fields = export[:]
        fields[position] = value
        return refused(e.call, "EXPORT", *fields)

    equal(exported(0, 0), "EINVAL", "size 0")
    for size in (2**64 - 1, 2**64 - PAGE + 1):
        equal(exported(0, size), "EINVAL", f"size {size}")
    for size in (2**63, 2**32 + 1, 2**64 - PAGE):
        equal(exported(0, size), "ENOMEM", f"size {size}")
    equal(refused(e.export, 1 << 30, module.CONTIGUOUS), "ENOMEM", "1 GiB in one piece")
    for bit in (3, 31):
        equal(exported(1, 1 << bit), "EINVAL", f"flag {bit}")
    equal(exported(2, os.O_APPEND), "EINVAL", "unknown descriptor flags")
    equal(exported(3, 1), "EINVAL", "fd not 0")
    equal(exported(4, 1), "EINVAL", "reserved")
    equal(exported(5, b"n" * 32), "EINVAL", "a name without end")

    def heap(size=PAGE, fd=0, fd_flags=rw, flags=0):
        data = bytearray(struct.pack("=QIIQ", size, fd, fd_flags, flags))
        fcntl.ioctl(e.fd, DMABUF_HEAP_ALLOC, data, True)
    for arguments in ({"size": 0}, {"size": 2**64 - 1}, {"fd": 1}, {"fd_flags": 1 << 20 | rw}, {"flags": 1}):
        equal(refused(lambda: heap(**arguments)), "EINVAL", f"heap: {arguments}")

    for name, (direction, number, form) in module.COMMANDS.items():
        if number >= 0x40:
            equal(refused(fcntl.ioctl, e.fd, module.command(direction, number, struct.calcsize(form)), bytearray(64)),
                  "ENOTTY", f"{name} is the importer's")
            continue
        size = struct.calcsize(form)
        for wrong in (0, size - 1, size + 1, size + 8, 0x3fff):
            equal(refused(fcntl.ioctl, e.fd, module.command(direction, number, wrong), bytearray(0x4000)),
                  "ENOTTY", f"{name} of {wrong} bytes")
        for address in (0, 1, 2**47 - 1, 2**63):
            libc_errno = raw_ioctl(e.fd, module.command(direction, number, size), address)
            equal(libc_errno, "EFAULT", f"{name} at {address:#x}")
    equal(refused(fcntl.ioctl, e.fd, 0xc0024800, bytearray(64)), "ENOTTY", "heap: 2 bytes")
    equal(refused(fcntl.ioctl, e.fd, 0xdbff, bytearray(64)), "ENOTTY", "an unknown command")

    # The structure is read and cannot be written back
    for command, data in ((module.command(3, 0, 56), struct.pack("=QIIiI32s", *export)),
                          (DMABUF_HEAP_ALLOC, struct.pack("=QIIQ", PAGE, 0, rw, 0))):
        equal(read_only_ioctl(e.fd, command, data), "EFAULT", "a structure in read-only memory")

    fd = e.export()
    pipe = os.pipe()
    equal(refused(e.call, "INVALIDATE", fd, 1), "EINVAL", "invalidate: reserved")
    equal(refused(e.invalidate, fd), "ENOTSUP", "invalidate: a static buffer")
    equal(refused(e.invalidate, pipe[0]), "EINVAL", "invalidate: a pipe")
    equal(refused(e.invalidate, e.fd), "EINVAL", "invalidate: the exporter")
    equal(refused(e.invalidate, -1), "EBADF", "invalidate: -1")
    for end in (fd, *pipe):
        os.close(end)
    equal(refused(e.invalidate, fd), "EBADF", "invalidate: a closed descriptor")
    equal(len(os.listdir("/proc/self/fd")), before, "no descriptor left")
    ok(released(), "no buffer left")


def raw_ioctl(fd, command, address):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ioctl(fd, ctypes.c_ulong(command), ctypes.c_void_p(address)) >= 0:
        return None
    return errno.errorcode[ctypes.get_errno()]


def read_only_ioctl(fd, command, data):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, PAGE, 3, 0x22, -1, 0)
    ctypes.memmove(address, data, len(data))
    libc.mprotect(ctypes.c_void_p(address), PAGE, 1)
    result = raw_ioctl(fd, command, address)
    libc.munmap(ctypes.c_void_p(address), PAGE)
    return result


def modes():
    equal(oct(os.stat(module.EXPORTER).st_mode & 0o777), "0o600", "the node's mode")


def imports(e):
    i = Importer()
    for flags, name in ((0, "static"), (module.CONTIGUOUS, "contiguous"), (module.DYNAMIC, "dynamic")):
        fd = e.export(23 * PAGE, flags)
        module.clear()
        attachments = [i.attach(fd, n % 4) for n in range(23)]
        attached = module.counters("exporter")
        mapped = [i.map_timed(attachments[n % 23], n % 3) for n in range(101)]
        equal({m[1] for m in mapped}, {23 * PAGE}, f"{name}: all of it is mapped")
        module.sync(fd, SYNC_RW)
        module.sync(fd, SYNC_RW | SYNC_END)
        vmaps = [i.vmap(fd) for _ in range(7)]
        for m in mapped:
            i.unmap(m[0])
        for v in vmaps:
            i.vunmap(v)
        for a in attachments:
            i.detach(a)
        got = module.counters("exporter")
        equal((got["attach"], got["detach"], got["vmap"], got["vunmap"], got["begin"], got["end"]),
              (23, 23, 1, 1, 1, 1), f"{name}: attach, vmap, access")
        # On 6.1 and 6.12 a static importer of a dynamic exporter maps at attach, and then no more.
        if "map" in attached:
            equal((attached["map"], got["map"], got["unmap"]), (23, 23, 23), f"{name}: mapped at attach")
        else:
            equal((got["map"], got["unmap"]), (101, 101), f"{name}: maps")
        equal(got.get("pin"), got.get("unpin"), f"{name}: pins are undone")
        equal(got.get("pin", 0) > 0, bool(flags & module.DYNAMIC), f"{name}: pinned for static importers")
        equal(module.errors("exporter"), {}, f"{name}: no errors")
        os.close(fd)
    fd = e.export(PAGE, module.DYNAMIC)
    a = i.attach(fd, 0, module.ATTACH_DYNAMIC)
    equal(refused(e.invalidate, fd), None, "a buffer that is not pinned moves")
    i.pin(a)
    equal(refused(e.invalidate, fd), "EBUSY", "a pinned one does not")
    i.unpin(a)
    equal(refused(e.invalidate, fd), None, "unpinned, it does")
    i.close()
    os.close(fd)
    ok(released(), "all released after imports")


def unloading(e):
    e.close()
    for _ in range(5 if SCALE == 1 else 50):
        e = Exporter()
        first = not module.unload()
        fd = e.export()
        e.close()
        second = not module.unload()
        m = mmap.mmap(fd, PAGE)
        os.close(fd)
        third = not module.unload()
        m.close()
        if not ok((first, second, third) == (True,) * 3 and poll(module.unload),
                  "refused while a file, a buffer or a mapping lives", (first, second, third)):
            break
        ok(not os.path.exists(module.EXPORTER) and not os.path.exists(module.DEBUGFS), "nothing left")
        module.load()
    ok(poll(module.unload), "unloaded")
    module.load("exporter=0")
    ok(not os.path.exists(module.EXPORTER), "exporter=0: no node")
    ok(poll(module.unload), "unloaded")


module.load()
exporter = Exporter()
modes()
operations(exporter)
log(exporter)
names(exporter)
memory(exporter)
selftest(exporter)
bad_input(exporter)
imports(exporter)
equal(sum(table("exporter/violations").values()), 0, "correct clients are not blamed")
unloading(exporter)
sys.exit(done())
