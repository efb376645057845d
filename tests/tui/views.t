#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: every view is equal to its golden screen at three sizes, with 256, 8 and no colors, and in the C locale."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
sys.dont_write_bytecode = True
from tap import *
from screen import Screen, missing

if missing():
    print(f"1..0 # SKIP {missing()}")
    sys.exit(0)

SIZES = ((80, 24), (120, 40), (40, 10))
VIEWS = {
    "processes": [], "buffers": ["2"], "devices": ["3"], "exporters": ["4"],
    "why": ["2", "Enter"], "why-kernel-only": ["2", "/", "5", "5", "3", "3", "Enter", "Enter"],
    "why-references": ["2", "/", "5", "1", "2", "0", "Enter", "Enter"],
    "open-references": ["2", "/", "5", "1", "2", "0", "Enter", "F5"],
    "open-process": ["Down", "F5", "Down"], "open-buffer": ["2", "F5"],
    "tagged": ["Space", "Space", "Down"], "filter": ["2", "\\", *"vid|dmabuf", "Enter"],
    "search": ["/", *"chrom"], "sort": ["2", "F6", "Down"], "columns": ["F2", "Down"], "signal": ["F9"],
    "help": ["h"],
}


# Views with hooks, over a minute: (keys before, keys after)
HOOKED = {
    "latency": (["5"], []), "chart": (["5"], ["Enter"]), "chart-log": (["5"], ["End", "Up", "Up", "Enter", "l"]),
    "pipelines": (["6"], []), "open-pipeline": (["6"], ["F5", "Down"]), "pipeline-buffers": (["6"], ["Down", "Enter"]),
    "devices-hooks": (["3"], []), "why-hooks": (["2"], ["Enter"]),
}
MINUTE = 8


def clock(step):
    seconds = 91 + int(7.5 * step)
    return f"14:{seconds // 60:02}:{seconds % 60:02}"


def hooked(name, before, after, sizes=SIZES, **how):
    with Screen("hooks.snap", *sizes[0], args=("-d", "100"), **how) as s:
        s.shows("row 1/", "14:01:31")
        s.keys(*before)
        s.shows("lost 0") if before != ["2"] else None
        for i in range(MINUTE):
            s.step()
            s.shows(clock(i + 1))
        s.keys(*after)
        for width, height in sizes:
            s.resize(width, height)
            s.golden(f"{name}-{width}x{height}", colours=True)


def growing(directory):
    """A player with a leak of a frame every 75 s, a compositor with a varying pool, a kernel-held and an old buffer."""
    start, lines = 1767276000, ["host orion5", "release 7.3.4", "memory 16642998272", "source bpf:iter", "exited 5533 7",
                                "process 640 weston -", "process 1203 play\\x1b[31mer /system.slice/media.service"]
    for i in range(62):
        time = start + 15 * i
        lines += ["", f"time {time}"]
        for n in range(23 + i % 5):
            lines += [f"buffer {7000 + n} 8294400 1 {9 + i % 7} amdgpu -", f"fd 640 {7000 + n} {40 + n}", f"access {7000 + n} 640 1 1 0.1"]
        for n in range(7 + i // 5):
            lines += [f"buffer {8000 + n} 3133440 1 {15 * (i - 5 * max(n - 7, 0)) + 1} system frame-{n}", f"fd 1203 {8000 + n} {9 + n}",
                      f"access {8000 + n} 1203 1 1 0.1"]
        lines += [f"buffer 5533 4194304 2 {273600 + 15 * i} videobuf2_dma_contig -", "attach 5533 vgem vgem", "mapping 5533 vgem - 0 0 0 - 0,0 older"]
        lines += [f"buffer 5120 2097152 1 {86400 + 15 * i} udmabuf a\\x1b[31m", "fd 640 5120 9"]
    with open(f"{directory}/grow.snap", "w") as f:
        f.write("\n".join(lines) + "\n")


def suspects():
    with Screen("grow.snap", *SIZES[0], args=("-d", "100"), prepare=growing, private=True) as s:
        s.keys("7")
        s.shows("No suspects")
        for i in range(1, 62):
            s.step()
            s.shows(f"14:{15 * i // 60:02}:{15 * i % 60:02}")
        for name, keys in (("suspects", []), ("open-suspect", ["Down", "F5", "Down"]), ("suspect-buffers", ["Up", "F5", "Enter"])):
            s.keys(*keys)
            for width, height in SIZES:
                s.resize(width, height)
                s.golden(f"{name}-{width}x{height}", colours=True)


def show(name, keys, sizes=SIZES, **how):
    with Screen("base.snap", *sizes[0], **how) as s:
        s.shows("row 1/6") if sizes[0][1] > 6 else s.shows("PID")
        # Changes and dead rows
        s.step()
        s.shows("14:02:32")
        s.keys(*keys)
        for width, height in sizes:
            s.resize(width, height)
            s.golden(f"{name}-{width}x{height}", colours=True, tabs=name == "processes")


only = sys.argv[1:]
for name, keys in VIEWS.items():
    if not only or name in only:
        show(name, keys)
for name, (before, after) in HOOKED.items():
    if not only or name in only:
        hooked(name, before, after)
if not only or "suspects" in only:
    suspects()
if not only:
    hooked("chart-c", ["5"], ["Enter"], SIZES[:1], locale="C")
    hooked("pipelines-c", ["6"], [], SIZES[:1], locale="C")
    hooked("pipelines-nocolor", ["6"], [], SIZES[:1], env=("NO_COLOR=1",))
    # Without hooks, the view and the status line show the reason.
    def no_hooks(directory):
        with open(f"{here}/hooks.snap") as f, open(f"{directory}/none.snap", "w") as out:
            out.write("nohooks it has no BTF: a kernel with CONFIG_DEBUG_INFO_BTF=y has them\n" + f.read())
    for name, key in (("latency", "5"), ("pipelines", "6"), ("devices", "3")):
        with Screen("none.snap", *SIZES[0], args=("-d", "100"), prepare=no_hooks, private=True) as s:
            s.shows("row 1/")
            s.keys(key)
            s.golden(f"{name}-nohooks-80x24", colours=True)
if not only:
    show("buffers-8", ["2"], SIZES[:1], term="screen")
    show("processes-8", [], SIZES[:1], term="screen")
    show("buffers-nocolor", ["2"], SIZES[:1], env=("NO_COLOR=1",))
    show("open-c", ["2", "F5"], SIZES[:1], locale="C")
sys.exit(done())
