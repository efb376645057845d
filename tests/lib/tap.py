# SPDX-License-Identifier: GPL-2.0
"""What the TAP tests in Python share: TAP itself, workloads, and the kernel's own list.

    import sys; sys.path.insert(0, "tests/lib")    # tests run in the checkout's top
    from tap import *
    with Workload("plain", "-n", "7") as w:
        if w.skipped:
            skip("plain", w.skipped)
        else:
            equal(tool_output, w.data["buffers"], "plain")
    sys.exit(done())

A test with parts ends with run_parts() instead.
"""
import json
import os
import re
import select
import subprocess
import sys
import time
from collections import namedtuple

__all__ = ["plan", "ok", "equal", "skip", "diag", "done", "run_parts", "poll", "stays_away", "measured", "Workload", "bufinfo", "Buffer",
           "text", "scaled", "own_memory", "DEADLINE", "SCALE", "SLOW"]

SCALE = int(os.environ.get("TEST_SCALE", "1"))      # of make check-long: 10 or more
SLOW = int(os.environ.get("LAB_SLOW", "1"))         # factor on time limits: column slow of tests/lab/targets
DEADLINE = 120 * SCALE * SLOW                       # seconds: so that a hang ends, never to judge by
# The debug kernel is some hundred times slower, most of all where memory is allocated.
_CRAWLS = SLOW >= 10

_count = 0
_failed = 0
_planned = None


def plan(n):
    """Only where the number is known beforehand; done() plans otherwise."""
    global _planned
    _planned = n
    print(f"1..{n}", flush=True)


def diag(message):
    for line in str(message).split("\n"):
        print("#", line.encode("unicode_escape").decode(), flush=True)


def _line(good, name, directive=""):
    global _count, _failed
    _count += 1
    _failed += not good
    name = str(name).replace("#", "\\#").replace("\n", " ")
    print(f"{'ok' if good else 'not ok'} {_count} - {name}{directive}", flush=True)


def ok(good, name, *why):
    """why: shown if it fails."""
    _line(bool(good), name)
    if not good:
        for message in why:
            diag(message)
    return bool(good)


def equal(got, want, name):
    """Two dicts are compared key by key, so that only what differs is shown."""
    if isinstance(got, dict) and isinstance(want, dict):
        differ = [k for k in {**want, **got} if got.get(k, "missing") != want.get(k, "missing")]
        why = [f"{k}: got {got.get(k, 'missing')}, want {want.get(k, 'missing')}" for k in differ]
        if len(why) > 10:
            why[10:] = [f"... and {len(differ) - 10} more"]
        return ok(not differ, name, *why)
    return ok(got == want, name, f"got  {got!r}", f"want {want!r}")


def skip(name, reason):
    _line(True, name, f" # SKIP {reason}")


def done():
    """The exit status for sys.exit()."""
    if _planned is None:
        print(f"1..{_count}", flush=True)
    return 1 if _failed or (_planned is not None and _planned != _count) else 0


def run_parts(kernel=None, user_space=None, nothing=None, named=None):
    """Run a test's parts and exit with done()'s status. Each argument is {name: function}.

    kernel, user_space, nothing: what the part depends on (tests/lib/lab.py); LAB_DEPENDS has those that run on
    this target, by default all. named: parts that run only by name. Names on the command line choose parts.
    """
    groups = {"kernel": kernel or {}, "user space": user_space or {}, "nothing": nothing or {}}
    here = [word.strip() for word in (os.environ.get("LAB_DEPENDS") or ",".join(groups)).split(",")]
    known = {name: part for group in (*groups.values(), named or {}) for name, part in group.items()}
    chosen = sys.argv[1:] or [name for depends, group in groups.items() if depends in here for name in group]
    for name in chosen:
        if name not in known:
            sys.exit(f"{sys.argv[0]}: no part '{name}' ({', '.join(known)})")
        start = time.monotonic()
        known[name]()
        diag(f"{name}: {time.monotonic() - start:.1f} s")
    sys.exit(done())


def measured(name, measure, always, likely, tries=3):
    """For what the emulator's own delays may spoil, which loses its CPU now and then: always(value) holds for each
    value of measure(), likely(value) for one of the first tries. Return the last value."""
    wrong, odd = [], []
    for _ in range(tries):
        value = measure()
        if not always(value):
            wrong.append(value)
        if likely(value):
            break
        odd.append(value)
    ok(not wrong, f"{name}, each time", *wrong[:3])
    ok(len(odd) < tries, f"{name}, in one of {tries} tries", *odd)
    return value


def poll(condition):
    """Until condition() holds; its last value. It is asked once more after the deadline: the machine may have
    stopped while it was asked before."""
    end = time.monotonic() + DEADLINE
    while True:
        late = time.monotonic() > end
        value = condition()
        if value or late:
            return value
        time.sleep(0.02)


def stays_away(condition, seconds=0.3):
    """Whether condition() does not come true in that time. A slow machine may hide that it would, and fails nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return False
        time.sleep(0.02)
    return True


def scaled(n=1009, long=10007):
    """A count: n in make check, long in make check-long, more with a higher TEST_SCALE; on the debug kernel a
    hundredth. Each is the next prime number, at least 23."""
    n = (n if SCALE < 10 else long * SCALE // 10) // (100 if _CRAWLS else 1)
    n = max(n, 23)
    while any(n % d == 0 for d in range(2, int(n ** 0.5) + 1)):
        n += 1
    return n


def own_memory(pid):
    """KiB of memory that the process has for itself: what grows where something leaks. Pages of its files come and go
    as the kernel likes, and VmRSS counts some late."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Anonymous:"))


def text(raw):
    """Bytes as mkbufs and the tools write them in JSON: what is no UTF-8 as \\xNN."""
    return raw.decode("utf-8", "backslashreplace")


class Workload:
    """A running mkbufs.

    skipped: why the target cannot do it, or None. data: the JSON, or None while churn runs
    (settle() waits for it). stop() returns mkbufs' exit status; a with statement stops it too.
    """

    def __init__(self, *args, command="mkbufs"):
        self.args = [str(a) for a in args]
        self.data = self.skipped = None
        self._buffer = b""
        self.process = subprocess.Popen([command, *self.args], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        try:
            line = self._line()
            if line.startswith("SKIP "):
                self.skipped = line[5:]
                self.process.wait()
            elif line != "CHURNING":
                self.data = json.loads(line)
        except BaseException:
            self.kill()
            raise

    def _line(self):
        out = self.process.stdout.fileno()
        while b"\n" not in self._buffer:
            if not select.select([out], [], [], 5 * DEADLINE)[0]:
                raise TimeoutError(f"mkbufs {' '.join(self.args)}: no line in time")
            more = os.read(out, 1 << 20)
            if not more:
                raise RuntimeError(f"mkbufs {' '.join(self.args)}: exit status {self.process.wait()}")
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode()

    def settle(self, tell=False):
        """The JSON; for churn, once it has come to rest. tell: that it shall, as -d 0 waits for."""
        if tell:
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        if self.data is None and self.skipped is None:
            self.data = json.loads(self._line())
        return self.data

    def stop(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.write(b"\n")
                self.process.stdin.close()
                self.process.wait(5 * DEADLINE)
            except (OSError, subprocess.TimeoutExpired):
                self.kill()
        self.process.stdout.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def __getitem__(self, key):
        return self.data[key]

    def buffers(self):
        """ino → its row."""
        return {b["ino"]: b for b in self.data["buffers"]}

    def holders(self):
        """(pid, ino) → its row."""
        return {(h["pid"], h["ino"]): h for h in self.data["holders"]}


Buffer = namedtuple("Buffer", "size count exporter name devices")

# Names are printed raw and may hold newlines: whole entries are matched, not lines.
_ENTRY = re.compile(
    rb"(?P<size>\d{8,})\t[0-9a-f]{8}\t[0-9a-f]{8}\t(?P<count>-?\d{8,})\t(?P<exporter>[^\t\n]*)\t(?P<ino>\d{8,})\t"
    rb"(?P<name>.{0,31}?)\n"
    rb"(?:\t[^\n]*fence:[^\n]*\n)*"
    rb"\tAttached Devices:\n(?P<devices>(?:\t[^\n]*\n)*)"
    rb"Total \d+ devices attached\n\n", re.S)


def bufinfo(path="/sys/kernel/debug/dma_buf/bufinfo"):
    """The kernel's own list: ino → Buffer. name: text, None if it has none; devices: sorted names."""
    with open(path, "rb") as f:
        raw = f.read()
    found = {}
    for m in _ENTRY.finditer(raw):
        name = None if m["name"] == b"<none>" else text(m["name"])
        devices = sorted(text(d) for d in m["devices"].replace(b"\t", b"").split(b"\n") if d)
        found[int(m["ino"])] = Buffer(int(m["size"]), int(m["count"]), text(m["exporter"]), name, devices)
    total = re.search(rb"\nTotal (\d+) objects, \d+ bytes\n\Z", raw)
    if not total or int(total[1]) != len(found):
        raise ValueError(f"bufinfo: {len(found)} entries understood; it ends with {raw[-80:]!r}")
    return found
