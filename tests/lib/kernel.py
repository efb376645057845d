# SPDX-License-Identifier: GPL-2.0
"""What the running kernel does, for tests: asked of the kernel, not of the target's name.

Each function states the kernel change that it rests on; another kernel needs no row here.
"""
import functools
import os
import re

VERSION = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


@functools.lru_cache(maxsize=None)
def config(option):
    """"y", "m", a value, or None: the option CONFIG_… as the kernel was built."""
    release = os.uname().release
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/build/include/config/auto.conf"):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                found = re.search(rf"^CONFIG_{option}=(.*)$", f.read(), re.M)
            return found[1].strip('"') if found else None
    raise FileNotFoundError(f"{release}: no configuration in /boot nor beside the headers")


def maps_at_attach():
    """A static importer of a dynamic exporter, or the reverse, maps at attach, and no more after it, until
    "dma-buf: drop caching of sg_tables" of Linux 6.15."""
    return VERSION < (6, 15)


def maps_under_lock():
    """A map holds the buffer's reservation lock: the locking convention of Linux 6.2."""
    return VERSION >= (6, 2)


def vgem_maps_at_import():
    """vgem maps what it imports. Linux 6.16 attaches only."""
    return VERSION < (6, 16)


def has_sessions():
    """The tools' exact hooks are kprobe sessions, which have room for any number of tasks in a function. They
    take them where a kernel is preempted inside programs: by default since Linux 7.0."""
    return VERSION >= (7, 0)


def fears_trampolines():
    """A BPF trampoline beside the accounting may crash: until Linux 6.4 replaced register_ftrace_direct_multi()."""
    return VERSION < (6, 4)


def has_export_tracepoint():
    """The tracepoint dma_buf:dma_buf_export."""
    return os.path.isdir("/sys/kernel/tracing/events/dma_buf/dma_buf_export")


def has_heap():
    """/dev/dma_heap/system."""
    return config("DMABUF_HEAPS_SYSTEM") is not None


def mangles_tables():
    """CONFIG_DMABUF_DEBUG: importers get tables without pages, and a wrong unmap corrupts memory."""
    return config("DMABUF_DEBUG") == "y"


def checks_dma():
    """CONFIG_DMA_API_DEBUG: the kernel warns of what drivers do wrong with DMA."""
    return config("DMA_API_DEBUG") == "y"
