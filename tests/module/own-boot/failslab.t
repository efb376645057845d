#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
# Needs layer: debug
# Allowed warning: WARNING: .* at dma_buf_vmap|DMA-API: cacheline tracking ENOMEM, dma-debug disabled|kmemleak: Cannot allocate a scan area
"""Every allocation that a call into the module makes fails in turn: a clean ENOMEM or success,
and nothing is left. Needs fault injection, which only the debug kernel has."""
import contextlib
import ctypes
import errno
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import module as m  # noqa: E402
from tap import bufinfo, diag, done, equal, ok, poll, skip  # noqa: E402

SYS_CLOSE, SYS_IOCTL, SYS_OPENAT, SYS_FINIT_MODULE = 3, 16, 257, 313
AT_FDCWD = -100
CONTROL = f"/proc/self/task/{threading.get_native_id()}/fail-nth"
SIZE = 5 * m.PAGE
MANY = 10007    # more allocations than any call makes
NEVER = 1000003
DEVICES = 4     # of the importer, if nothing else is asked for

# All that a buffer can be
MODES = {name: flags for name, flags in (
    ("scattered", 0), ("contiguous", m.CONTIGUOUS), ("dynamic", m.DYNAMIC), ("checked", m.CHECKED),
    ("dynamic contiguous", m.DYNAMIC | m.CONTIGUOUS), ("dynamic checked", m.DYNAMIC | m.CHECKED))}


class Faults:
    """System calls of this thread whose n-th allocation fails."""

    def __init__(self):
        self.library = ctypes.CDLL(f"out/lab/{os.environ['LAB_SUITE']}/tests/module/failnth.so")
        self.library.fail_nth.restype = ctypes.c_long
        self.control = os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
        for kind in ("failslab", "fail_page_alloc"):
            for name, value in (("ignore-gfp-wait", "N"), ("cache-filter", "N"), ("min-order", 0), ("verbose", 0)):
                path = f"/sys/kernel/debug/{kind}/{name}"
                if os.path.exists(path):
                    with open(path, "w", encoding="ascii") as f:
                        f.write(f"{value}\n")

    def call(self, n, *args):
        """(what the system call returned or -errno, how many more allocations the fault waited for: 0, it came)"""
        left = ctypes.c_uint()
        padded = (ctypes.c_long * 7)(*args)
        result = self.library.fail_nth(self.control, n, padded, ctypes.byref(left))
        if result == -errno.ENOEXEC:
            raise RuntimeError(f"fail-nth does not take {n}")
        return result, left.value

    def each(self, what, prepare):
        """prepare() is a context with (system call's arguments, what to do if it succeeded)."""
        n, failed, survived, odd = 0, 0, 0, {}
        injected = True
        while injected and n < MANY:
            n += 1
            with prepare() as (args, undo):
                result, left = self.call(n, *args)
                injected = not left
                if result >= 0:
                    survived += injected
                    undo(result)
                elif result == -errno.ENOMEM and injected:
                    failed += 1
                else:
                    odd[n] = errno.errorcode.get(-result, result)
        diag(f"{what}: of {n - 1} allocations {failed} failed the call, {survived} did not")
        ok(not odd and n < MANY, f"{what}: each allocation fails in turn", odd)

def ioctl(device, name, *fields):
    """Arguments of the system call; the data is kept alive by whoever keeps what this returns."""
    direction, number, form = m.COMMANDS[name]
    data = ctypes.create_string_buffer(struct.pack(form, *fields), struct.calcsize(form))
    return (SYS_IOCTL, device.fd, m.command(direction, number, len(data)), ctypes.addressof(data)), data


def field(name, data, which):
    return struct.unpack(m.COMMANDS[name][2], data.raw)[which]


def opens(node):
    path = ctypes.create_string_buffer(node.encode())

    @contextlib.contextmanager
    def prepare():
        yield (SYS_OPENAT, AT_FDCWD, ctypes.addressof(path), os.O_RDWR | os.O_CLOEXEC, 0), os.close
    return prepare


def simple(device, name, fields, undo):
    """An ioctl that needs nothing before it; undo(data) after success."""
    @contextlib.contextmanager
    def prepare():
        args, data = ioctl(device, name, *fields)
        yield args, lambda _: undo(data)
    return prepare


def undoing(device, name, make, fields, retry):
    """An ioctl that undoes what make() made: if it fails, what it was to undo is there still."""
    @contextlib.contextmanager
    def prepare():
        made = make()
        args, _data = ioctl(device, name, *fields(made))
        undone = []
        yield args, undone.append
        if not undone:
            retry(made)
    return prepare


def heap_client(e):
    @contextlib.contextmanager
    def prepare():
        data = ctypes.create_string_buffer(struct.pack("=QIIQ", SIZE, 0, os.O_RDWR | os.O_CLOEXEC, 0), 24)
        yield ((SYS_IOCTL, e.fd, 0xc0184800, ctypes.addressof(data)),
               lambda _: os.close(struct.unpack("=QIIQ", data.raw)[1]))
    return prepare


def export(faults, e):
    faults.each("dma-heap ioctl", heap_client(e))
    for mode, flags in MODES.items():
        faults.each(f"export, {mode}", simple(
            e, "EXPORT", (SIZE, flags, os.O_RDWR | os.O_CLOEXEC, 0, 0, b"failslab"),
            lambda data: os.close(field("EXPORT", data, 3))))


def imports(faults, e, i):
    for mode, flags in MODES.items():
        fd = e.export(SIZE, flags)
        for kind, dynamic in (("static", 0), ("dynamic", m.ATTACH_DYNAMIC)):
            what = f"{mode}, {kind}"
            faults.each(f"{what}: attach", simple(
                i, "ATTACH", (fd, 0, dynamic, 0), lambda data: i.detach(field("ATTACH", data, 3))))
            faults.each(f"{what}: detach", undoing(
                i, "DETACH", lambda: i.attach(fd, 0, dynamic), lambda a: (a, 0, 0, 0), i.detach))
            a = i.attach(fd, 0, dynamic)
            for direction in (m.BIDIRECTIONAL, m.TO_DEVICE, m.FROM_DEVICE):
                faults.each(f"{what}: map {direction}", simple(
                    i, "MAP", (a, direction, 0, 0, 0, 0), lambda data: i.unmap(field("MAP", data, 3))))
            faults.each(f"{what}: unmap", undoing(i, "UNMAP", lambda: i.map(a), lambda x: (x, 0, 0, 0), i.unmap))
            if dynamic:
                faults.each(f"{what}: pin", simple(i, "PIN", (a, 0), lambda _: i.unpin(a)))
                faults.each(f"{what}: unpin", undoing(
                    i, "UNPIN", lambda: i.pin(a), lambda _: (a, 0), lambda _: i.unpin(a)))
            if dynamic and flags & m.DYNAMIC:
                faults.each(f"{what}: invalidate", simple(e, "INVALIDATE", (fd, 0), lambda _: None))
            i.detach(a)
        faults.each(f"{mode}: vmap", simple(
            i, "VMAP", (fd, 0, 0, 0), lambda data: i.vunmap(field("VMAP", data, 2))))
        faults.each(f"{mode}: vunmap", undoing(
            i, "VUNMAP", lambda: i.vmap(fd), lambda v: (v, 0, 0, 0), i.vunmap))
        faults.each(f"{mode}: begin access", simple(
            i, "BEGIN_ACCESS", (fd, m.BIDIRECTIONAL, 0, 0), lambda data: i.end(field("BEGIN_ACCESS", data, 3))))
        faults.each(f"{mode}: end access", undoing(
            i, "END_ACCESS", lambda: i.begin(fd), lambda x: (x, 0, 0, 0), i.end))
        os.close(fd)


def fences(faults, e, i):
    """A new buffer each time: the core keeps the room that a fence got."""
    for usage in (m.USAGE_KERNEL, m.USAGE_WRITE, m.USAGE_READ, m.USAGE_BOOKKEEP):
        @contextlib.contextmanager
        def prepare(usage=usage):
            fd = e.export(SIZE)
            args, data = ioctl(i, "FENCE", fd, usage, 0, 0, 0)
            yield args, lambda _: i.signal(field("FENCE", data, 4))
            os.close(fd)
        faults.each(f"fence, usage {usage}", prepare)
    fd = e.export(SIZE)
    faults.each("signal", undoing(i, "SIGNAL", lambda: i.fence(fd), lambda f: (f, 0), i.signal))
    os.close(fd)


def closes(faults, e):
    """Close cannot fail; what it undoes is undone whatever it cannot allocate."""
    fd = e.export(SIZE, m.DYNAMIC | m.CHECKED)

    @contextlib.contextmanager
    def prepare():
        i = m.Importer()
        a = i.attach(fd, 0, m.ATTACH_DYNAMIC)
        i.pin(a)
        i.map(a)
        i.vmap(fd)
        i.begin(fd)
        i.fence(fd)
        yield (SYS_CLOSE, i.fd), lambda _: None
        i.fd = -1
    faults.each("close of an importer with everything", prepare)
    os.close(fd)


class Loader:
    """Loads the module, whose n-th allocation fails, and unloads it if it could be loaded.
    Without debugging information, most of the file: it is read and decoded some hundred times."""

    def __init__(self, faults):
        self.faults, self.odd, self.nameless = faults, {}, 0
        with tempfile.NamedTemporaryFile(suffix=".ko") as bare:
            subprocess.run(["strip", "-g", "-o", bare.name, m.path()], check=True)
            self.file = os.open(bare.name, os.O_RDONLY | os.O_CLOEXEC)

    def load(self, n, parameters):
        text = ctypes.create_string_buffer(parameters)
        return self.faults.call(n, SYS_FINIT_MODULE, self.file, ctypes.addressof(text), 0)

    def allocations(self, parameters):
        result, left = self.load(NEVER, parameters)
        ok(result == 0 and left and m.unload(), f"the module loads with a fault that never comes, {parameters}", result)
        return NEVER - left

    def attempt(self, n, parameters):
        """Whether it was loaded, and whether the fault never came."""
        result, left = self.load(n, parameters)
        # platform_device_add() takes no notice of a name that found no room; then that is invalid.
        self.nameless += result == -errno.EINVAL
        if result not in (0, -errno.ENOMEM, -errno.EINVAL):
            self.odd[n] = errno.errorcode.get(-result, result)
        if m.loaded() and not m.unload():
            raise RuntimeError(f"allocation {n} fails: the module does not unload")
        return result == 0, left > 0


def inserting(faults):
    """First without accounting, whose hooks take a second to set, then what is the accounting's; each 17th of
    the loader's own, which are many."""
    loader = Loader(faults)
    loader.allocations(b"")     # some are made once
    loaders = loader.allocations(b"exporter=0 importer=0 accounting=0")
    some, every = loader.allocations(b"accounting=0"), loader.allocations(b"")
    diag(f"insmod: {every} allocations, {some} of them before the accounting's, {loaders} of those the loader's")
    for what, parameters, start in (("exporter and importer", b"accounting=0", 1), ("accounting", b"", some - 17)):
        n, last, tries, loads = start, False, 0, 0
        while not last and n < MANY:
            loaded, last = loader.attempt(n, parameters)
            tries += 1
            loads += loaded
            if tries % 50 == 0:
                diag(f"insmod, {what}: {n}")
            n += 17 if n < loaders - 17 else 1
        diag(f"insmod, {what}: {tries} tries, from {start} to {n - 1}; it loaded {loads} times")
        ok(last and n > loaders, f"insmod, {what}: up to the last allocation", n)
        equal(loader.odd, {}, f"insmod, {what}: each allocation fails in turn")
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    off = set(re.findall(r"accounting is off: (\w+)", log))
    # The same allocation may be the n-th of one try and the next of the next.
    ok(loader.nameless <= 2 * DEVICES, "an importer's device without a name is invalid, nothing else", loader.nameless)
    diag(f"accounting was off for {', '.join(sorted(off))}")
    ok("no" in off, "no memory for the accounting's slots: the module is there without accounts", off)
    os.close(loader.file)


if not os.path.exists(CONTROL):
    skip("failslab", "this kernel has no fail-nth: CONFIG_FAULT_INJECTION")
    sys.exit(done())

f = Faults()
before = len(bufinfo())
m.load()
with m.Exporter() as exporter, m.Importer() as importer:
    for device in (m.EXPORTER, m.IMPORTER):
        f.each(f"open {device}", opens(device))
    export(f, exporter)
    imports(f, exporter, importer)
    fences(f, exporter, importer)
    closes(f, exporter)
ok(poll(lambda: len(bufinfo()) == before), "no buffer is left", bufinfo())
ok(poll(m.unload), "the module unloads")
inserting(f)
ok(poll(lambda: not m.loaded() or m.unload()), "and unloads")
sys.exit(done())
