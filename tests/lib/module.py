# SPDX-License-Identifier: GPL-2.0
"""The companion module for tests: loading it, its ioctls (include/dmabuf_tools_uapi.h), its files.

Calls raise OSError with the kernel's errno. Descriptors are plain integers.
"""
import atexit
import ctypes
import fcntl
import glob
import mmap
import os
import struct
import subprocess

DEBUGFS = "/sys/kernel/debug/dmabuf_tools"
EXPORTER = "/dev/dmabuf_tools/exporter"
IMPORTER = "/dev/dmabuf_tools/importer"

CONTIGUOUS, DYNAMIC, CHECKED = 1, 2, 4
MISUSE, ATTACH_DYNAMIC, WRONG_TABLE = 1, 2, 4
LEAK = 1
BIDIRECTIONAL, TO_DEVICE, FROM_DEVICE = 0, 1, 2
USAGE_KERNEL, USAGE_WRITE, USAGE_READ, USAGE_BOOKKEEP = 0, 1, 2, 3
PAGE = os.sysconf("SC_PAGE_SIZE")


def path():
    """The module built for the running kernel."""
    return f"out/lab/{os.environ['LAB_SUITE']}/kmod/{os.uname().release}/dmabuf_tools.ko"


def insert(*parameters):
    """False if the module refuses."""
    return subprocess.run(["insmod", path(), *parameters], stderr=subprocess.DEVNULL).returncode == 0


def load(*parameters):
    subprocess.run(["insmod", path(), *parameters], check=True)


def load_for_test(*parameters):
    """With these parameters, whoever left it there, until the test ends."""
    if loaded():
        subprocess.run(["rmmod", "dmabuf_tools"], check=True)
    load(*parameters)
    atexit.register(lambda: loaded() and unload())


def unload():
    """False while something of it lives."""
    return subprocess.run(["rmmod", "dmabuf_tools"], stderr=subprocess.DEVNULL).returncode == 0


def loaded():
    return os.path.isdir("/sys/module/dmabuf_tools")


def read(name):
    """A file of the module's directory in debugfs."""
    with open(f"{DEBUGFS}/{name}", encoding="ascii", errors="backslashreplace") as f:
        return f.read()


def write(name, value):
    with open(f"{DEBUGFS}/{name}", "w", encoding="ascii") as f:
        f.write(f"{value}\n")


def counters(side):
    """{op: calls} of "exporter" or "importer": ops that were never called are not in it."""
    return {op: int(calls) for op, calls, _, _ in
            (line.split() for line in read(f"{side}/counters").splitlines()[1:])}


def errors(side):
    """{op: failed calls}, those with any."""
    return {op: int(errs) for op, _, errs, _ in
            (line.split() for line in read(f"{side}/counters").splitlines()[1:]) if int(errs)}


def clear():
    """Counters of both sides back to nothing."""
    for file in glob.glob(f"{DEBUGFS}/*/counters"):
        with open(file, "w", encoding="ascii") as f:
            f.write("0\n")


def waits_in(pid, function):
    """Whether the process sleeps, interruptibly, inside that kernel function: the scheduler's own are in no stack."""
    try:
        with open(f"/proc/{pid}/stack", encoding="ascii") as f, open(f"/proc/{pid}/stat", encoding="ascii") as state:
            return function in f.read() and state.read().rsplit(")", 1)[1].split()[0] == "S"
    except OSError:
        return False


def command(direction, number, size):
    """As _IOC of the kernel's asm-generic/ioctl.h; direction 1 writes to the kernel, 2 reads, 3 both."""
    return direction << 30 | size << 16 | 0xdb << 8 | number


# Name: direction, number, struct's format
COMMANDS = {
    "EXPORT": (3, 0x00, "=QIIiI32s"),
    "INVALIDATE": (1, 0x01, "=iI"),
    "ATTACH": (3, 0x40, "=iIII"),
    "DETACH": (1, 0x41, "=IIII"),
    "MAP": (3, 0x42, "=IIIIQQ"),
    "UNMAP": (1, 0x43, "=IIII"),
    "PIN": (1, 0x44, "=II"),
    "UNPIN": (1, 0x45, "=II"),
    "VMAP": (3, 0x46, "=iIII"),
    "VUNMAP": (1, 0x47, "=IIII"),
    "BEGIN_ACCESS": (3, 0x48, "=iIII"),
    "END_ACCESS": (1, 0x49, "=IIII"),
    "FENCE": (3, 0x4a, "=iIQiI"),
    "SIGNAL": (1, 0x4b, "=II"),
    "ON_CLOSE": (1, 0x4c, "=II"),
}


class Device:
    """One open file of the module; call("MAP", …fields) returns the structure's fields after."""
    node = None

    def __init__(self):
        self.fd = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)

    def call(self, name, *fields):
        direction, number, form = COMMANDS[name]
        data = bytearray(struct.pack(form, *fields))
        fcntl.ioctl(self.fd, command(direction, number, len(data)), data, True)
        return struct.unpack(form, bytes(data))

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Exporter(Device):
    node = EXPORTER

    def export(self, size=PAGE, flags=0, name=b"", fd_flags=os.O_CLOEXEC | os.O_RDWR):
        """A new buffer's descriptor."""
        return self.call("EXPORT", size, flags, fd_flags, 0, 0, name)[3]

    def invalidate(self, fd):
        self.call("INVALIDATE", fd, 0)

    def heap_alloc(self, size=PAGE, node=None, fd_flags=os.O_CLOEXEC | os.O_RDWR):
        """The same by the dma-heap ioctl, as an unmodified client does it."""
        data = bytearray(struct.pack("=QIIQ", size, 0, fd_flags, 0))
        fcntl.ioctl(self.fd if node is None else node, 0xc0184800, data, True)
        return struct.unpack("=QIIQ", bytes(data))[1]


class Importer(Device):
    node = IMPORTER

    def attach(self, fd, device=0, flags=0):
        return self.call("ATTACH", fd, device, flags, 0)[3]

    def detach(self, attachment, flags=0):
        self.call("DETACH", attachment, flags, 0, 0)

    def map(self, attachment, direction=BIDIRECTIONAL):
        return self.call("MAP", attachment, direction, 0, 0, 0, 0)[3]

    def map_timed(self, attachment, direction=BIDIRECTIONAL):
        """(id, bytes, nanoseconds)"""
        return self.call("MAP", attachment, direction, 0, 0, 0, 0)[3:]

    def unmap(self, mapping, flags=0, direction=0):
        self.call("UNMAP", mapping, flags, direction, 0)

    def pin(self, attachment):
        self.call("PIN", attachment, 0)

    def unpin(self, attachment, flags=0):
        self.call("UNPIN", attachment, flags)

    def vmap(self, fd):
        return self.call("VMAP", fd, 0, 0, 0)[2]

    def vunmap(self, vmapping, flags=0):
        self.call("VUNMAP", vmapping, flags, 0, 0)

    def begin(self, fd, direction=BIDIRECTIONAL):
        return self.call("BEGIN_ACCESS", fd, direction, 0, 0)[3]

    def end(self, access, flags=0):
        self.call("END_ACCESS", access, flags, 0, 0)

    def fence(self, fd, usage=USAGE_WRITE, timeout_ns=0, error=0):
        return self.call("FENCE", fd, usage, timeout_ns, error, 0)[4]

    def signal(self, fence):
        self.call("SIGNAL", fence, 0)

    def leak_on_close(self, leak=True):
        self.call("ON_CLOSE", LEAK if leak else 0, 0)


def sync(fd, flags):
    """DMA_BUF_IOCTL_SYNC of linux/dma-buf.h: 1 read, 2 write, 4 end."""
    fcntl.ioctl(fd, 0x40086200, struct.pack("=Q", flags))


_libc = ctypes.CDLL(None, use_errno=True)


def libc_ioctl(fd, number, address):
    """On any address: 0 or the errno."""
    if _libc.ioctl(fd, ctypes.c_ulong(number), ctypes.c_void_p(address)) >= 0:
        return 0
    return ctypes.get_errno()


# A program whose child waits for a fence in a map to_device of device 0, for at least 20 ms: it is signalled so long
# after the wait was seen. Prints the map's nanoseconds by the module's own clock.
FENCE_WAIT = """
import os, sys, time
sys.path.insert(0, "tests/lib")
import module
from tap import poll
exporter, importer, waiter = module.Exporter(), module.Importer(), module.Importer()
fd = exporter.export()
attachment = waiter.attach(fd)
fence = importer.fence(fd, module.USAGE_KERNEL)
child = os.fork()
if not child:
    print(waiter.map_timed(attachment, module.TO_DEVICE)[2], flush=True)
    os._exit(0)
if not poll(lambda: module.waits_in(child, "dma_fence_default_wait")):
    sys.exit("no wait for the fence")
until = time.monotonic() + 0.02
poll(lambda: time.monotonic() > until)
importer.signal(fence)
sys.exit(os.waitpid(child, 0)[1])
"""


class ReadOnlyPage:
    """Memory that the kernel may read and not write; fill() changes what is in it."""

    def __init__(self):
        self._file = os.memfd_create("read-only")
        os.ftruncate(self._file, PAGE)
        _libc.mmap.restype = ctypes.c_void_p
        self.address = _libc.mmap(None, ctypes.c_size_t(PAGE), mmap.PROT_READ, mmap.MAP_SHARED, self._file, 0)

    def fill(self, data):
        os.pwrite(self._file, data, 0)
