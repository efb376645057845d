#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""A reader written from dmabuf-trace.data(5) reports the figures of dmabuf-trace. Needs no kernel."""
import collections
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dmabuf_data as data  # noqa: E402
from tap import done, equal, ok, skip  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TRACE, TOP = (os.path.abspath(f"out/{name}") for name in ("dmabuf-trace", "dmabuf-top"))
TIMED = "attach detach map unmap pin unpin vmap vunmap begin end".split()
CALLS = TIMED + ["invalidate", "fence_wait"]
DIRECTIONS = ("bidirectional", "to_device", "from_device", None)


def run(*args):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


class Figures:
    """The sums of a recording, and its events as rows."""

    def __init__(self, path):
        self.recording = data.Recording(path)
        self.alive, self.exporters, self.seen = {}, {}, collections.Counter()
        self.counts, self.operations, self.rows = collections.Counter(), {}, []
        self.snapshots = self.buffers = self.bytes = self.peak = 0
        self.tasks, self.stacks = {}, {}
        for item in self.recording.items():
            {data.Snapshot: self.snapshot, data.Event: self.event, data.Task: self.task, data.Stack: self.stack}[type(item)](item)

    def task(self, task):
        self.tasks[task.tid] = task

    def stack(self, stack):
        self.stacks[stack.number] = stack

    def begin(self, ino, size, exporter):
        if ino not in self.exporters:
            self.exporters[ino] = exporter
            self.seen[exporter] += 1
            self.alive[ino] = size

    def snapshot(self, snapshot):
        buffers = self.recording.buffers(snapshot).values()
        self.snapshots += 1
        self.buffers, self.bytes = len(buffers), sum(b.size for b in buffers)
        for b in buffers:
            self.begin(b.ino, b.size, b.exporter)
        self.peak = max(self.peak, self.bytes)

    def event(self, e):
        kind = data.EVENT_TYPES[e.type]
        self.counts[kind] += 1
        if kind == "export" and not e.result:
            self.begin(e.ino, e.value, self.recording.name(data.EXPORTER, e.device))
            self.peak = max(self.peak, sum(self.alive.values()))
        device = self.recording.name(data.DEVICE, e.device) if kind != "export" else None
        direction = DIRECTIONS[e.flags & 3]
        if kind in TIMED:
            row = self.operations.setdefault((kind, direction, self.exporters.get(e.ino), device), [0, 0, 0, 0, 0])
            row[:] = row[0] + 1, row[1] + (e.result < 0), row[2] + e.value, row[3] + e.wait, max(row[4], e.value)
        task, names = self.tasks.get(e.tid), []
        for more in e.details:
            if more[44] == data.STACK and e.flags & 0x20:
                number, = self.recording.unpack("Q", 8, more)
                names = [self.recording.name(8, frame) for frame in self.stacks[number].frames] if number else []
        self.rows.append({
            "time": e.time + self.recording.realtime, "event": kind, "pid": task and task.pid, "tid": e.tid, "comm": task and task.comm,
            "cpu": e.cpu, "ino": e.ino or None, "exporter": self.exporters.get(e.ino), "device": device, "direction": direction,
            "attachment": e.attachment or None if kind != "fork" else None, "child": e.attachment if kind == "fork" else None,
            "fd": e.result if kind in ("fd", "get") else None, "status": e.result if kind in ("exit", "left") else None,
            "duration": e.value if kind in CALLS else None, "wait": e.wait if kind in CALLS else None,
            "node": self.recording.name(data.NODE, e.node), "kernel_stack": [name.split(" ")[0] for name in names] or None})
        if kind == "release":
            self.alive.pop(e.ino, None)

    def sums(self):
        return {"ended": "end" in self.recording.end, "snapshots": self.snapshots, "events": sum(self.counts.values()),
                "lost": sum(block.lost for block in self.recording.blocks), "counts": dict(self.counts), "seen": len(self.exporters),
                "buffers": self.buffers, "bytes": self.bytes, "peak": self.peak}


def compare(path, name):
    """The figures of the reader and of the tools; returns the Figures."""
    figures, p = Figures(path), run(TRACE, "report", "--json", "-i", path)
    report = json.loads(p.stdout)
    equal(figures.sums(), {key: report[key] for key in figures.sums()}, f"{name}: the sums equal those of report --json")
    equal(dict(figures.seen), {row["exporter"]: row["seen"] for row in report["exporters"]}, f"{name}: the buffers of each exporter are equal")
    equal({key: tuple(row) for key, row in figures.operations.items()},
          {(row["op"], row["direction"], row["exporter"], row["device"]): tuple(row[key] for key in ("count", "errors", "sum", "wait", "max"))
           for row in report["operations"] if row["op"] in TIMED}, f"{name}: the calls of each operation are equal")
    rows = [json.loads(line) for line in run(TRACE, "report", "--events", "--json", "-i", path).stdout.splitlines()]
    equal(sum(row.get("lost", 0) for row in rows), figures.sums()["lost"], f"{name}: report --events has the lost events")
    rows = [row for row in rows if row["event"] != "lost"]
    for row, mine in zip(rows, figures.rows):
        # The tools leave out the frames of the hook itself, the innermost ones
        stack = [frame.split(" ")[0] for frame in row["kernel_stack"] or []]
        row["kernel_stack"] = mine["kernel_stack"] if stack and mine["kernel_stack"][-len(stack):] == stack else stack or None
    differ = [[(key, mine[key], row.get(key)) for key in mine if mine[key] != row.get(key)] for mine, row in zip(figures.rows, rows)]
    ok(len(rows) == len(figures.rows) and not any(differ), f"{name}: each event has equal fields", len(rows), *filter(None, differ[:3]))
    return figures


def recorded():
    paths = sorted(glob.glob(f"{HERE}/recorded/*.data"))
    ok(len(paths) > 1, "the recordings are found", paths)
    for path in paths:
        name = os.path.basename(path)
        if any(block.flags & data.ZSTD for block in data.Recording(path).blocks) and not data.has_zstd():
            skip(name, "the program zstd is not installed")
            continue
        figures = compare(path, name)
        recording = figures.recording
        ok(recording.damage is None and not recording.skipped, f"{name}: the reader reaches the end of the file")
        index = [recording.unpack("QQQIHH", block.offset + 56 + at) for block in recording.blocks
                 if block.type == data.INDEX for at in range(0, block.length, 32)]
        blocks = [(b.offset, b.first, b.last, b.count, b.type, b.flags) for b in recording.blocks if b.type not in (data.INDEX, data.END)]
        equal(index, blocks, f"{name}: the index lists each block")
        last = recording.blocks[-1]
        equal((last.type, last.offset + 64, recording.unpack("Q", last.offset + 56)[0]),
              (data.END, len(recording.data), [b.offset for b in recording.blocks if b.type == data.INDEX][0]),
              f"{name}: the end block refers to the index")


def block(kind, content, flags=0, lost=0, count=0, length=None, time=1):
    """A block, as the page specifies it."""
    head = struct.pack("<IHHIIQQQIII", 0x4b4c4264, kind, flags, len(content), len(content) if length is None else length, time, time, lost,
                       count, data.crc32c(content), 0)
    return head + struct.pack("<I", data.crc32c(head)) + content + bytes(-len(content) % 8)


def record(kind, flags, content):
    return struct.pack("<HHI", kind, 8 + len(content), flags) + content


def buffer(ino, size, exporter, name):
    return record(1, 0x6f, struct.pack("<QQQqII32s32s", ino, size, 3, 1700000000, 1000, 0, exporter, name))


def write(path, *blocks):
    texts = b"release=6.12\0host=made\0machine=x86_64\0source=bpf:iter\0hooks=made\0"
    texts += bytes(-len(texts) % 8)
    head = bytearray(struct.pack("<8sIIIIqqQQII", data.MAGIC, 0x0a0b0c0d, 1, 64 + len(texts), 0, 10**18, 0, 1, 1 << 30, 4096, 0) + texts)
    head[20:24] = struct.pack("<I", data.crc32c(head))
    with open(path, "wb") as f:
        f.write(bytes(head) + b"".join(blocks))


def snapshot():
    """The content of a snapshot with three buffers, an attachment, two fds of a process and a record of type 99."""
    slots = [record(3, 1, struct.pack("<QQQQQQII16s", ino, 77, fd, 0, 3, 0, 4711, 0, b"holder")) for ino, fd in ((11, 5), (13, 6))]
    return struct.pack("<qII", 10**18 + 1, 0x1f, 16) + b"a text".ljust(16, b"\0") + b"".join((
        buffer(11, 4096, b"system", b"first"), buffer(13, 8192, b"system", b""), buffer(17, 65536, b"i915", b"third"),
        record(2, 7, struct.pack("<Q64s32s", 13, b"0000:00:02.0", b"i915")), *slots, record(99, 0, bytes(16))))


def made():
    """Each part of a recording that the test wrote from the page."""
    content = snapshot()
    write("made", block(99, b"12345"), block(data.SNAPSHOT, content[:160], data.MORE, 7, 3), block(data.SNAPSHOT, content[160:], 0, 0, 3))
    figures = compare("made", "a snapshot in two blocks")
    equal(figures.sums(), {"ended": False, "snapshots": 1, "events": 0, "lost": 7, "counts": {}, "seen": 3, "buffers": 3, "bytes": 77824,
                           "peak": 77824}, "a snapshot in two blocks: the figures are those written")
    p = run(TOP, "-b", "--json", "--view=buffers", "-r", "made")
    rows = {row["ino"]: row for row in json.loads(p.stdout)["buffers"]}
    equal([(ino, row["size"], row["exporter"], row["name"]) for ino, row in sorted(rows.items())],
          [(b.ino, b.size, b.exporter, b.name) for item in data.Recording("made").items() for b in figures.recording.buffers(item).values()],
          "a snapshot in two blocks: dmabuf-top shows the buffers")
    p = run(TRACE, "report", "-i", "made")
    ok("blocks of unknown type 99 (1)" in p.stderr and "snapshot records of unknown type 99 (1)" in p.stderr,
       "dmabuf-trace reports blocks and records of unknown types", p.stderr)
    if data.has_zstd():
        packed = subprocess.run(["zstd", "-cq"], input=content, stdout=subprocess.PIPE, check=True).stdout
        write("packed", block(data.SNAPSHOT, packed, data.ZSTD, 7, 3, len(content)))
        equal(compare("packed", "a compressed snapshot").sums(), figures.sums(), "a compressed snapshot has the same figures")
    else:
        skip("a compressed snapshot", "the program zstd is not installed")


def event(kind, time, *, ino=0, value=0, result=0, attachment=0, device=0, flags=3):
    return struct.pack("<QQQIiIIHHBBH", time, ino, value, 42, result, 0, attachment, device, 1, data.EVENT_TYPES.index(kind), flags, 0)


def other(kind, content):
    return content.ljust(44, b"\0") + bytes([kind, 0, 0, 0])


def name(kind, number, *strings):
    text = b"".join(string + b"\0" for string in strings)
    text += bytes(-len(text) % 8)
    return struct.pack("<HHIQ", kind, 16 + len(text), 0, number) + text


def events():
    """Texts, stacks of a program, a process and its exit, in event blocks with and without zstd."""
    frames = (3 << 48 | 0x1234, 3 << 48 | 0x10, 0x7f0000001000, 3 << 48 | 0x5678)
    content = b"".join((
        other(data.TASK, struct.pack("<QQII16s", 2, 0, 42, 41, b"maker")),
        other(data.FRAMES, struct.pack("<QQQQQBBBB", 2, 9, *frames[:3], 0, 4, 1, 0)),
        other(data.FRAMES, struct.pack("<QQQQQBBBB", 2, 9, frames[3], 0, 0, 3, 4, 1, 0)),
        event("export", 3, ino=5, value=4096, device=1, flags=0x23), other(data.STACK, struct.pack("<QQQQI", 3, 0, 9, 0, 42)),
        event("name", 4, ino=5, value=4096, flags=0x13), other(data.TEXT, b"camera"),
        other(0x7f, b"a record of a later version"),
        event("fence_wait", 900, value=70, flags=0x13), other(data.TEXT, b"driver".ljust(20, b"\0") + b"timeline"),
        event("left", 800, ino=5, value=8192, result=256, flags=7), event("exit", 1000, result=256), event("release", 1001, ino=5, value=4096)))
    names = name(data.EXPORTER, 1, b"camera-heap") + name(99, 1, b"a later kind") + name(7, 3, b"/usr/bin/maker", b"abcdef0123456789")
    empty = block(data.SNAPSHOT, struct.pack("<qII", 10**18 + 1, 0x1f, 0))
    stored = [("plain", content, 0)]
    if data.has_zstd():
        stored.append(("compressed", subprocess.run(["zstd", "-cq"], input=content, stdout=subprocess.PIPE, check=True).stdout, data.ZSTD))
    for how, packed, flags in stored:
        write("events", empty, block(data.NAMES, names, count=3), block(data.EVENTS, packed, flags, 0, 6, len(content)))
        figures = compare("events", f"{how} events")
        rows = {row["event"]: row for row in map(json.loads, run(TRACE, "report", "--events", "--json", "-i", "events").stdout.splitlines())}
        mine = [item for item in data.Recording("events").items() if isinstance(item, data.Event) and item.flags & 0x10]
        equal((rows["name"]["name"], rows["fence_wait"]["fence_driver"], rows["fence_wait"]["fence_timeline"]),
              (data.string(mine[0].details[0][:40]), data.string(mine[1].details[0][:20]), data.string(mine[1].details[0][20:40])),
              f"{how} events: the texts are equal")
        equal((rows["left"]["mapped"], rows["left"]["size"], rows["exit"]["status"], rows["release"]["lifetime"]), (True, 8192, 256, 998),
              f"{how} events: the fields of left, exit and release are those written")
        stack = rows["export"]["user_stack"]
        equal((len(stack), figures.stacks[9].frames, "maker" in stack[0]), (4, frames, True), f"{how} events: a stack has the four frames of two records")


def damaged():
    """The reader and dmabuf-trace skip or refuse the same parts."""
    content = snapshot()
    good, other = block(data.SNAPSHOT, content, 0, 0, 3), block(data.SNAPSHOT, content[:144], 0, 0, 1, time=2)
    flipped = good[:100] + bytes([good[100] ^ 1]) + good[101:]
    for name, blocks, snapshots in (("a damaged content", (other, flipped), 1), ("an unknown flag", (other, block(data.SNAPSHOT, content, 0x10, 5)), 1),
                                    ("a damaged block header", (other, b"\1" + good[1:], other), 1), ("a truncated block", (other, good[:-1]), 1),
                                    ("a whole file", (good, other), 2)):
        write("bad", *blocks)
        figures = compare("bad", name)
        equal(figures.snapshots, snapshots, f"{name}: the reader finds the whole snapshots only")
    write("bad", good)
    with open("bad", "r+b") as f:
        f.seek(50)
        f.write(b"\1")
    try:
        data.Recording("bad")
        ok(False, "the reader refuses a damaged file header")
    except data.Damaged:
        equal(run(TRACE, "report", "-i", "bad").returncode, 1, "both refuse a damaged file header")


equal(data.crc32c(b"123456789"), 0xe3069283, "the checksum of the page's example")
recorded()
with tempfile.TemporaryDirectory(dir="/tmp") as place:
    os.chdir(place)
    made()
    events()
    damaged()
    os.chdir("/")
sys.exit(done())
