# SPDX-License-Identifier: GPL-2.0
"""A reader of recordings, written from the man page dmabuf-trace.data(5) alone.

    recording = Recording("dmabuf.data")
    recording.texts["release"], recording.end["end"], recording.blocks, recording.damage
    for item in recording.items(): ...      # Snapshot, Event, Task and Stack objects, in file order

The standard library suffices; compressed blocks also need the program zstd (see has_zstd()).
"""
import shutil
import struct
import subprocess
from collections import namedtuple

MAGIC = b"\x89dmabuf\n"
NAMES, SNAPSHOT, EVENTS, INFORMATION, INDEX, END = range(1, 7)
ZSTD, COLUMNS, MORE, GAP = 1, 2, 4, 8
LIMIT = 1 << 20
RECORD = 48
EVENT_TYPES = ("export fd get put mmap attach detach map unmap pin unpin vmap vunmap begin end name invalidate fence_wait release "
               "fork exec exit left").split()
TASK, TEXT, STACK, FRAMES, MAP_DETAILS, FENCE_DETAILS = range(0x40, 0x46)
DEVICE, EXPORTER, NODE = 1, 2, 3            # kinds of names
DEVICE_FILES = 6

Block = namedtuple("Block", "offset type flags stored length first last lost count crc")
Event = namedtuple("Event", "time ino value tid result wait attachment device cpu type flags node details")
Task = namedtuple("Task", "cgroup tid pid comm")
Stack = namedtuple("Stack", "number user frames")
Record = namedtuple("Record", "type flags content")
Snapshot = namedtuple("Snapshot", "time realtime scope text records")
Buffer = namedtuple("Buffer", "ino size count created uid exporter name flags")


class Damaged(Exception):
    """The content of a file or of a block is wrong."""


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    register = 0xffffffff
    for byte in data:
        register = register >> 8 ^ CRC_TABLE[(register ^ byte) & 0xff]
    return register ^ 0xffffffff


def has_zstd():
    return shutil.which("zstd") is not None


def string(data):
    return data.split(b"\0", 1)[0].decode(errors="surrogateescape")


def texts(data):
    """{key: value} of a list of texts; the first empty text ends the list."""
    found = {}
    for text in data.split(b"\0"):
        if not text:
            break
        key, _, value = text.decode(errors="surrogateescape").partition("=")
        found.setdefault(key, value)
    return found


class Recording:
    """The blocks of a file. damage: the offset of the first unreadable block header, or None."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.order = {b"\x0d\x0c\x0b\x0a": "<", b"\x0a\x0b\x0c\x0d": ">"}.get(self.data[8:12])
        if self.data[:8] != MAGIC or not self.order or len(self.data) < 64:
            raise Damaged("file header")
        (self.version, self.head, crc, self.realtime, self.boottime, self.start, self.memory,
         self.page) = self.unpack("IIIqqQQI", 12)
        header = self.data[:self.head]
        if (self.version != 1 or self.head % 8 or not 64 <= self.head <= min(65536, len(self.data)) or
                crc32c(header[:20] + bytes(4) + header[24:]) != crc):
            raise Damaged("file header")
        self.texts = texts(header[64:])
        self.damage = None
        self.skipped = []
        self.names = {}
        self._frames = {}
        self.blocks = list(self._blocks())
        self.end = {}
        for block in self.blocks:
            if block.type == INFORMATION:
                self.end = texts(self.content(block))

    def unpack(self, fields, offset, data=None):
        return struct.unpack_from(self.order + fields, self.data if data is None else data, offset)

    def _blocks(self):
        at = self.head
        while at < len(self.data):
            if len(self.data) - at < 56 or self.unpack("I", at)[0] != 0x4b4c4264:
                break
            fields = self.unpack("HHIIQQQII", at + 4)
            block = Block(at, *fields)
            if (crc32c(self.data[at:at + 52]) != self.unpack("I", at + 52)[0] or max(block.stored, block.length) > LIMIT or
                    at + 56 + block.stored > len(self.data)):
                break
            yield block
            at += 56 + (block.stored + 7 & ~7)
        if at < len(self.data):
            self.damage = at

    def content(self, block):
        """The decoded content of a block; raises Damaged."""
        data = self.data[block.offset + 56:block.offset + 56 + block.stored]
        allowed = {SNAPSHOT: ZSTD | MORE | GAP, EVENTS: ZSTD | COLUMNS | MORE | GAP}.get(block.type, MORE | GAP)
        if crc32c(data) != block.crc or block.flags & ~allowed:
            raise Damaged(f"block at {block.offset}")
        if block.flags & ZSTD:
            p = subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            if p.returncode:
                raise Damaged(f"zstd frame at {block.offset}")
            data = p.stdout
        if block.flags & COLUMNS:
            data = self.from_columns(data, block.length // RECORD)
        if len(data) != block.length or (block.type == EVENTS and len(data) % RECORD):
            raise Damaged(f"length of the block at {block.offset}")
        return data

    def from_columns(self, data, n):
        mask, time = self.unpack("QQ", 0, data)
        if mask >> RECORD or len(data) != 16 + sum(1 if mask >> i & 1 else n for i in range(RECORD)):
            raise Damaged("columns")
        out, at = bytearray(n * RECORD), 16
        for i in range(RECORD):
            width = 1 if mask >> i & 1 else n
            out[i::RECORD] = data[at:at + width] * (n if width == 1 else 1)
            at += width
        for at in range(0, len(out), RECORD):
            z, = self.unpack("Q", at, out)
            time = time + (z >> 1 ^ -(z & 1)) & 0xffffffffffffffff
            struct.pack_into(self.order + "Q", out, at, time)
        return bytes(out)

    def items(self):
        """Yield Snapshot, Event, Task and Stack objects, in file order; fill self.names on the way."""
        parts = None
        for block in self.blocks:
            try:
                content = self.content(block) if NAMES <= block.type <= EVENTS else b""
            except Damaged:
                self.skipped.append(block)
                content = None
            if block.type == NAMES and content:
                self.take_names(content)
            elif block.type == EVENTS and content:
                yield from self.events(content)
            elif block.type == SNAPSHOT:
                parts = (parts or []) + [(block, content)]
                if not block.flags & MORE:
                    if all(part is not None for _, part in parts):
                        yield self.snapshot(parts[0][0].first, b"".join(part for _, part in parts))
                    parts = None

    def take_names(self, data):
        at = 0
        while at + 24 <= len(data):
            kind, length, _, number = self.unpack("HHIQ", at, data)
            if length < 24 or length % 8 or at + length > len(data) or data[at + length - 1]:
                return
            first, second, *_ = data[at + 16:at + length].split(b"\0") + [b""]
            self.names[kind, string(first) if kind == DEVICE_FILES else number] = string(first), string(second)
            at += length

    def name(self, kind, number):
        return self.names.get((kind, number), (None,))[0]

    def snapshot(self, time, data):
        realtime, scope, length = self.unpack("qII", 0, data)
        at, records = 16 + length, []
        while at < len(data):
            kind, size, flags = self.unpack("HHI", at, data)
            if size < 8 or size % 8 or at + size > len(data):
                raise Damaged("snapshot record")
            records.append(Record(kind, flags, data[at:at + size]))
            at += size
        return Snapshot(time, realtime, scope, string(data[16:16 + length]), records)

    def buffers(self, snapshot):
        """{inode: Buffer} of a snapshot; unknown sizes count as 0."""
        found = {}
        for record in snapshot.records:
            if record.type == 1:
                ino, size, count, created, uid = self.unpack("QQQqI", 8, record.content)
                found[ino] = Buffer(ino, size if record.flags & 0x20 else 0, count, created, uid,
                                    string(record.content[48:80]) if record.flags & 0x40 else None,
                                    string(record.content[80:112]) if record.flags & 8 else None, record.flags)
        return found

    def events(self, data):
        frames = self._frames
        records = [data[at:at + RECORD] for at in range(0, len(data), RECORD)]
        for i, record in enumerate(records):
            kind = record[44]
            if kind < len(EVENT_TYPES):
                behind = []
                for more in records[i + 1:]:
                    if more[44] in (TASK, FRAMES) or more[44] < TASK:
                        break
                    behind.append(more)
                yield Event(*self.unpack("QQQIiIIHHBBH", 0, record), behind)
            elif kind == TASK:
                yield Task(*self.unpack("QII", 8, record), string(record[24:40]))
            elif kind == FRAMES:
                number, *three = self.unpack("QQQQ", 8, record)
                at, n, user = record[40:43]
                frames[number] = frames.get(number, [])[:at] + three[:n - at]
                if len(frames[number]) == n:
                    yield Stack(number, user, tuple(frames.pop(number)))
