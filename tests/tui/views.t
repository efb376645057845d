#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every view at three sizes, with its colours; with 8 colours, without any, and in the C locale."""
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


def show(name, keys, sizes=SIZES, **how):
    with Screen("base.snap", *sizes[0], **how) as s:
        s.shows("row 1/6") if sizes[0][1] > 6 else s.shows("PID")
        # Changes, and rows that died
        s.step()
        s.shows("14:02:32")
        s.keys(*keys)
        for width, height in sizes:
            s.resize(width, height)
            s.golden(f"{name}-{width}x{height}", colours=True)


only = sys.argv[1:]
for name, keys in VIEWS.items():
    if not only or name in only:
        show(name, keys)
if not only:
    show("buffers-8", ["2"], SIZES[:1], term="screen")
    show("processes-8", [], SIZES[:1], term="screen")
    show("buffers-nocolor", ["2"], SIZES[:1], env=("NO_COLOR=1",))
    show("open-c", ["2", "F5"], SIZES[:1], locale="C")
sys.exit(done())
