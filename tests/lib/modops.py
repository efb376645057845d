# SPDX-License-Identifier: GPL-2.0
"""What the workload modops did, as whoever watched it must have it."""
import json
from collections import Counter

CALLS = ("attach", "map", "unmap", "pin", "unpin", "vmap", "vunmap", "begin", "end", "mmap", "detach")
DIRECTIONS = ("bidirectional", "to_device", "from_device")


def processes(path):
    """From what it printed."""
    with open(path, encoding="ascii") as f:
        return json.load(f)["processes"]


def total(made, what="calls"):
    return sum((Counter(p[what]) for p in made), Counter())


def ring(n):
    """The option for a ring with room for all events of n of each operation: 15 of 56 bytes, and what names them."""
    return f"--ring-size={min(max(8, 1 << (n * 15 * 64 >> 20).bit_length()), 1024)}M"


def expected(made):
    """(event, pid, device, direction): how many."""
    want = Counter()
    for p in made:
        for op, n in p["calls"].items():
            device = p["device"] if op in ("attach", "map", "unmap", "pin", "unpin", "detach") else None
            if op in ("map", "unmap", "begin", "end"):
                each = 2 if op in ("begin", "end") else 1
                for direction, m in zip(DIRECTIONS, p["directions"]):
                    want[op, p["pid"], device, direction] += each * m
            else:
                want[op, p["pid"], device, None] += n
        want["release", p["pid"], None, None] += p["n"]
    return +want


def without_pid(counts):
    """The same by all processes."""
    sums = Counter()
    for (event, _, device, direction), n in counts.items():
        sums[event, device, direction] += n
    return sums
