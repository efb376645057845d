# SPDX-License-Identifier: GPL-2.0
"""Buffers of the kernel's own exporters for tests of the module: descriptors taken from mkbufs."""
import ctypes
import os

from tap import Workload

# What tests call it: mkbufs' arguments
EXPORTERS = {
    "heap": ["plain", "-n", 1, "-x", "heap"],
    "udmabuf": ["plain", "-n", 1, "-x", "udmabuf"],
    "vgem": ["plain", "-n", 1, "-x", "vgem"],
    "virtio-gpu": ["plain", "-n", 1, "-x", "virtio-gpu"],
    "vivid": ["vivid"],
}
_PIDFD_GETFD = 438


def take(pid, fd):
    """A descriptor of another process."""
    pidfd = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        mine = libc.syscall(_PIDFD_GETFD, pidfd, fd, 0)
        if mine < 0:
            raise OSError(ctypes.get_errno(), f"pidfd_getfd({pid}, {fd})")
        return mine
    finally:
        os.close(pidfd)


class Foreign:
    """One buffer. skipped: why there is none; fd: ours to close; workload: who made it."""

    def __init__(self, exporter, size=4096):
        self.workload = Workload(*EXPORTERS[exporter], "-s", size)
        self.skipped = self.workload.skipped
        self.fd = -1
        if not self.skipped:
            holder = next(h for h in self.workload.data["holders"] if h["fds"])
            self.ino = holder["ino"]
            self.size = self.workload.buffers()[self.ino]["size"]
            self.fd = take(holder["pid"], holder["fds"][0])

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
        self.workload.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
