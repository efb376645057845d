#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: keys and the mouse work, files are written, hostile settings are ignored."""
import json
import os
import re
import signal
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
sys.dont_write_bytecode = True
from tap import *
from screen import Screen, missing

if missing():
    print(f"1..0 # SKIP {missing()}")
    sys.exit(0)

SELECTED = "\x1b[0;38;5;16;48;5;6m"


def selected(s):
    """The line of the cursor."""
    lines = [l for l in s.text(colours=True).split("\n") if l.startswith(SELECTED)]
    return re.sub("\x1b\\[[0-9;]*m", "", lines[0]) if lines else ""


def selects(s, part, name):
    ok(poll(lambda: part in selected(s)), name, selected(s))


with Screen("base.snap") as s:
    s.shows("row 1/6")
    # Search
    s.keys("/", *"SRV")
    selects(s, "camsrv", "search finds text while the user types, in any case")
    s.keys("Enter", "F3", *"e")
    selects(s, "camsrv", "a search starts at the row of the cursor")
    s.keys("Escape", "n")
    selects(s, "mediaserver", "n moves to the next match")
    s.keys("N", "N")
    selects(s, "weston", "N moves to the previous match")
    s.keys("/", *"xyz", "Enter", "n")
    s.shows('no match for "xyz"', name="a search without a match prints a message")
    # Filter
    s.keys("F4", *"cam|media")
    s.shows("row 1/2", "camsrv", "mediaserver", name="a row with any term passes the filter")
    s.keys("BSpace", "BSpace", "BSpace", "BSpace", "BSpace", "BSpace", "Enter")
    s.shows("filter: cam", "row 1/1")
    s.keys("2")
    s.shows("row 1/8", name="each view has its own filter")
    s.keys("1", "F4", "Escape")
    s.shows("row 2/6", name="Esc removes the filter")
    # Open in place
    s.keys("Home", "Down", "t", "t", "t")
    s.shows("├─ 4711", "└─ 4713", "fds 17 23", "row 2/8", name="t opens a process in place")
    s.keys("Down", "Enter")
    s.shows("Buffer 4711: why is it alive?", name="Enter on a buffer of an open row shows the buffer")
    s.keys("Escape")
    selects(s, "4711", "Esc goes back to the buffer")
    s.keys("t")
    selects(s, "camsrv", "t on a part closes its row")
    # Tags
    s.keys("Home", "Space", "Space")
    s.shows("2 tagged: 36.0M PSS", name="the status line shows the sum of tagged rows")
    s.keys("I")
    s.shows("2 tagged: 36.0M PSS", name="tags follow their rows")
    s.keys("U", "I")
    s.shows("PSS + kernel-only = Held", name="U untags all rows")
    # Sort menu and columns
    s.keys("F6", "Home", "Enter")
    s.shows("PID▲", name="F6 sorts by the chosen column")
    s.keys("F2", "Down", "Down", "Enter", "Escape")
    ok(s.wait(lambda t: "CGROUP" not in t), "F2 hides a column")
    s.keys("C", "Down", "Down", "Space", "Escape")
    s.shows("CGROUP", name="C shows the column again")
    # Mouse
    s.mouse(6, 9)
    s.shows("row 3/6", name="a click selects a row")
    s.mouse(6, 6)
    s.shows("PID▼", name="a click on the sort column reverses the order")
    s.mouse(11, 5)
    s.shows("[2 Bufs]", name="a click on a tab shows its view")
    s.mouse(20, 10, 65)
    s.shows("row 4/8", name="the wheel moves the cursor")
    s.mouse(20, 10, 64)
    s.shows("row 1/8")
    s.mouse(2, 23)
    s.shows("this help", name="a click on the label of a key presses the key")
    s.keys("Escape", "F6")
    s.mouse(3, 7)
    s.shows("INO▲", name="a click chooses an item of a menu")
    # Delay, colors
    s.keys("d", *"0.5", "Enter")
    s.shows("live 0.5s", name="d sets the delay")
    s.keys("d", *"0", "Enter")
    s.shows("0.1 to 86400", "live 0.5s", name="d rejects a delay of 0")
    s.keys("c")
    ok(s.wait(lambda t: "38;5" not in s.text(colours=True)), "c removes the colors")
    # Settings
    s.keys("S")
    s.shows("settings saved in")
    path = f"{s.dir}/dmabuf-top/config"
    lines = open(path).read().split("\n")
    ok({"delay=0.5", "colours=no", "buffers.sort=ino", "processes.sort=pid", "processes.invert=yes"} <= set(lines),
       "S writes the settings", lines)
    config = open(path).read()
    # JSON
    out = f"{s.dir}/out.json"
    s.keys("w", "C-u", *out, "Enter")
    s.shows("8 rows written")
    data = json.load(open(out))
    equal([b["ino"] for b in data["buffers"]], [4711, 4713, 5120, 5121, 5533, 5540, 5541, 5542], "w writes the rows in order")
    equal(data["buffers"][0]["devices"], ["vivid.0", "0000:03:00.0"], "w writes lists")
    s.keys("w", "C-u", *out, "Enter")
    s.shows("File exists", name="w does not overwrite a file")
    s.keys("Home", "Enter", "w", "C-u", *out, "2", "Enter")
    s.shows("7 rows written")
    data = json.load(open(out + "2"))
    equal([len(data[v]) for v in ("buffers", "holders", "attachments")], [1, 4, 2], "w writes a buffer with its holders, importers included, and its attachments")
    # Kernel only
    s.keys("Escape", "1", "/", *"kernel", "Enter", "F9")
    s.shows("cannot signal: the row has no process", name="F9 on the row (kernel only) prints an error")
    s.keys("q")
    s.left(0, "q")


def started(text, **how):
    """A screen with a settings file."""
    def write(directory):
        os.makedirs(f"{directory}/dmabuf-top")
        with open(f"{directory}/dmabuf-top/config", "wb") as f:
            f.write(text)
    return Screen("base.snap", prepare=write, **how)


with started(config.encode()) as s:
    s.shows("live 0.5s", "PID▼", name="the screen reads the settings")
    ok("38;5" not in s.text(colours=True), "the settings disable colors")
with started(config.encode(), args=("-d", "2", "-s", "rss")) as s:
    s.shows("live 2s", "RSS▼", name="options override the settings")
hostile = (b"\0\xff\x1b[31m=\n=\n===\ndelay=nan\ndelay=-1\ndelay=1e999\ndelay\nprocesses.columns=\nprocesses.columns=pid,nosuch\n"
           b"processes.columns=" + b"pid," * 5000 + b"\nprocesses.sort=nosuch\nnosuch.sort=pid\n.sort=pid\nprocesses=\nprocesses.\n"
           b"buffers.columns=+pid\nprocesses.columns=,,,\n" + b"x" * 100000)
with started(hostile) as s:
    s.golden("processes-80x24")
for kind in ("directory", "fifo"):
    def make(directory):
        os.makedirs(f"{directory}/dmabuf-top")
        (os.mkdir if kind == "directory" else os.mkfifo)(f"{directory}/dmabuf-top/config")
    with Screen("base.snap", prepare=make) as s:
        s.shows("row 1/6", name=f"a {kind} in place of the settings is ignored")

# Each waiting key is handled: a key directly after Escape is neither lost nor an Alt key
with Screen("base.snap", args=("-d", "100")) as s:
    s.shows("row 1/6")
    for keys in (["1"], ["Escape", "1"], ["Home", "1"], ["/", "Escape", "1"], ["O", "1"], ["[", "1"]):
        s.keys("2", "Home", "Enter")
        s.shows("why is it alive?")
        s.signal(signal.SIGSTOP)
        s.keys("Escape", *keys)
        s.signal(signal.SIGCONT)
        ok(s.wait(lambda t: "[1 Procs]" in t and "why is it alive?" not in t), f"Esc and directly {' '.join(keys)} are handled", s.text())

# Views with hooks
with Screen("hooks.snap", args=("-d", "100")) as s:
    s.shows("row 1/6")
    ok("lost" not in s.text(), "no hooks are attached without a view with hooks")
    s.keys("5")
    s.shows("[5 Latency]", "lost 0", "row 1/9", name="5 attaches hooks")
    s.step()
    s.shows("14:01:38")
    # The chart follows the cursor
    s.keys("Enter")
    s.shows("system × 0000:03:00.0  map ->R", "p50", "calls, 3 errors, 0 lost", "fence wait", "lin/log", name="Enter shows the chart")
    s.keys("Down")
    s.shows("videobuf2_vmalloc × vivid.1", name="the chart shows the row of the cursor")
    linear = s.text()
    s.keys("l")
    ok(s.wait(lambda t: t != linear and t.count("█") > linear.count("█")), "l lengthens small bars: logarithmic")
    s.keys("l")
    ok(s.wait(lambda t: t == linear), "l again restores the linear bars")
    s.keys("Escape")
    ok(s.wait(lambda t: "lin/log" not in t), "Esc closes the chart")
    s.keys("F5")
    s.shows("lin/log", name="F5 opens the chart")
    s.keys("F5")
    ok(s.wait(lambda t: "lin/log" not in t), "F5 closes the chart")
    # Search, filter, sort
    s.keys("Home", "/", *"begin", "Enter")
    selects(s, "begin", "search works in Latency")
    s.keys("F4", *"udmabuf", "Enter")
    s.shows("filter: udmabuf", "row 2/2", name="the filter works in Latency")
    s.keys("F4", "Escape", "Home", "F6", "Home", "Enter")
    s.shows("OP▲", name="F6 sorts Latency by operation")
    s.keys("Space")
    s.shows("1 tagged", name="tagged operations have no bytes")
    s.keys("U")
    out = f"{s.dir}/latency.json"
    s.keys("w", "C-u", *out, "Enter")
    s.shows("9 rows written")
    rows = json.load(open(out))["latency"]
    equal(sum(r["count"] for r in rows if r["op"] == "map" and r["device"] == "vivid.0"), 485 + 222, "w writes the counts")
    equal([r["direction"] for r in rows if r["device"] == "dmabuf-importer.0"], ["bidirectional"], "w writes the direction of an arrow")
    s.keys("F9")
    s.shows("cannot signal: each row has the calls of all processes", name="F9 on an operation prints an error")
    # Pipelines
    s.keys("6")
    s.shows("[6 Pipes]", "/dev/video0 vivid.0 ══▶", "(/dev/video0) ══▶", "?vgem", "STALLED", name="6 shows pipelines")
    s.keys("Down")
    s.shows("row 2/5")
    s.mouse(4, 8)
    s.shows("row 1/5", name="a click on a second line selects its row")
    s.mouse(4, 9)
    s.shows("row 2/5", name="a click on the line below selects the next row")
    s.keys("/", *"encoder", "Enter")
    selects(s, "cpu:encoder", "search works in Pipelines")
    s.keys("F9")
    s.shows("Send to 1203 encoder", name="F9 offers the holder of the buffers of a flow")
    s.keys("Escape", "Enter")
    s.shows("row 1/2", "5120", "5121", name="Enter lists the buffers of a flow")
    s.keys("Enter")
    s.shows("Buffer 5120: why is it alive?", name="Enter again shows a buffer")
    s.keys("Escape", "Escape")
    s.shows("[6 Pipes]", "row 3/5", name="Esc goes back to the flow")
    s.keys("Home", "Down", "F5", "Down", "Down", "Down")
    selects(s, "5013", "F5 opens the buffers of a flow in place")
    s.keys("Down")
    selects(s, "cpu:encoder", "the next flow is below the buffers")
    s.keys("Home", "F6", "Home", "Enter")
    out = f"{s.dir}/flows.json"
    s.keys("w", "C-u", *out, "Enter")
    s.shows("5 rows written")
    flows = json.load(open(out))["pipelines"]
    equal([f["presumed"] for f in flows if f["producers"] == ["/dev/video0"]], [True], "w marks a presumed producer")
    # Hooks are detached without a view with hooks
    s.keys("1", "d", *"0.5", "Enter")
    ok(s.wait(lambda t: "lost" not in t), "hooks are detached some seconds after the last use")
    s.keys("5", "Z", "1")
    s.shows("PAUSED", "[1 Procs]")
    s.keys("q")
    s.left(0, "q")
with Screen("hooks.snap", args=("-d", "0.5")) as s:
    s.shows("row 1/6")
    s.keys("Z", "5")
    s.shows("Hooks are not attached while paused", name="a paused screen attaches no hooks")
    s.keys("Z")
    s.shows("row 1/9", "lost 0", name="a resumed screen attaches hooks")
    s.keys("q")
    s.left(0, "q")

# Signals to a process of the test
for keys, status in ((["F9", "Enter"], -signal.SIGTERM), (["k", "Down", "Enter"], -signal.SIGKILL), (["F9", "Escape"], None)):
    child = subprocess.Popen(["sleep", "1000"])

    def snapshot(directory):
        with open(f"{directory}/live.snap", "w") as f:
            f.write(f"host h\nrelease r\nsource s\nprocess {child.pid} sleep -\ntime 1767276151\n"
                    f"buffer 7 4096 1 1 system -\nfd {child.pid} 7 3\n")
    with Screen("live.snap", prepare=snapshot, private=True) as s:
        s.shows("row 1/1")
        s.keys(keys[0])
        s.shows(f"Send to {child.pid} sleep", "15 SIGTERM", name="a menu asks for the signal")
        s.keys(*keys[1:])
        ok(s.wait(lambda t: "Send to" not in t), "the menu closes")
        if status:
            equal(poll(child.poll), status, f"{' '.join(keys)} ends the process: {status}")
        else:
            ok(stays_away(lambda: child.poll() is not None), f"{' '.join(keys)} sends no signal")
    if child.poll() is None:
        child.kill()
        child.wait()

# SIGSTOP cannot be caught
with Screen("base.snap", command=["bash", "--norc", "-i"]) as s:
    from screen import program
    s.type(f"{program()} {here}/base.snap\n")
    s.shows("row 1/6")
    with open(f"/proc/{s.child()}/task/{s.child()}/children") as f:
        pid = int(f.read())
    os.kill(pid, signal.SIGSTOP)
    s.shows("Stopped", name="SIGSTOP stops the process")
    s.type("fg\n")
    s.shows("row 1/6", name="SIGCONT redraws the screen")
    s.keys("Down")
    s.shows("row 2/6", name="single keys work after SIGCONT")
    s.keys("q")
    s.wait(lambda t: "row 2/6" not in t)
sys.exit(done())
