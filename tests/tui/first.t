#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
# TAP: the screen shows lists, handles keys and sizes, and restores the terminal at every kind of exit.
import os
import signal
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../lib")]
sys.dont_write_bytecode = True
from tap import *
from screen import Screen, missing, program

if missing():
    print(f"1..0 # SKIP {missing()}")
    sys.exit(0)


def slowly(directory):
    with open(f"{here}/base.snap") as f, open(f"{directory}/slow.snap", "w") as out:
        out.write("slow\n" + f.read())
    with open(f"{directory}/none.snap", "w") as out:
        out.write("slow\nunopened bpf:iter: no such luck\n")


# The screen opens before the source. Keys typed before are handled afterwards.
with Screen("slow.snap", prepare=slowly, private=True) as s:
    s.golden("starting-80x24")
    s.keys("2")
    s.step()
    s.shows("[2 Bufs]", "row 1/8", name="a key typed before the source opens is handled")
    s.keys("q")
    s.left(0, "q")

with Screen("slow.snap", prepare=slowly, private=True) as s:
    s.shows("Loading BPF programs ...")
    s.keys("C-c")
    s.left(130, "^C before the source opens ends the screen")

with Screen("none.snap", prepare=slowly, private=True) as s:
    s.shows("Loading BPF programs ...")
    s.signal(signal.SIGUSR1)
    s.shows("left-before\ndmabuf-top: bpf:iter: no such luck\nleft-after", name="the error of a source is on the previous screen")

with Screen("base.snap") as s:
    s.golden("processes-80x24")
    s.keys("Down", "Down")
    s.shows("row 3/6", name="the cursor moves")
    s.keys("I")
    s.shows("row 4/6", "PSS▲", name="the cursor stays on its row when the order is reversed")
    s.keys("I", ">")
    s.shows("USS▼", name="> sorts by the next column")
    s.keys("<", "<")
    s.shows("RSS▼", name="< sorts by the previous column")
    s.keys(">", "Enter")
    s.golden("buffers-of-80x24")
    s.shows("[1 Procs]2 Bufs", "7 Suspects  1203 mediaserver", name="Enter shows the holder of the buffers beside the tabs")
    s.keys("Escape")
    s.shows("[1 Procs]", "row 3/6", name="Esc goes back to the row")
    s.step()
    s.golden("processes-changed-80x24")
    s.keys("2")
    s.golden("buffers-dead-80x24")
    s.step()
    s.shows("Buffers 2", "row 1/6", name="dead rows are shown")
    s.keys("3")
    s.shows("[3 Devs]", "amdgpu")
    s.keys("Tab")
    s.shows("[4 Exports]", "amdgpu")
    ok(s.wait(lambda t: "lost" not in t), "the hooks of Devices are detached some seconds later")
    s.keys("h")
    s.golden("help-80x24")
    s.keys("Escape", "1")
    for width, height in ((20, 5), (40, 12), (200, 60)):
        s.resize(width, height)
        s.golden(f"processes-{width}x{height}", tabs=True)
    s.keys("q")
    s.left(0, "q")

with Screen("base.snap", locale="C", term="screen") as s:
    s.golden("processes-c-80x24")
    s.keys("F10")
    s.left(0, "F10")

for name in ("INT", "TERM", "HUP"):
    number = getattr(signal, "SIG" + name)
    with Screen("base.snap") as s:
        s.shows("row 1/6")
        s.signal(number)
        s.left(128 + number, name)

with Screen("base.snap") as s:
    s.shows("row 1/6")
    s.keys("C-c")
    s.left(130, "^C")

with Screen("base.snap", command=["sh", "-c", f"{program()} {here}/base.snap; exit $?"]) as s:
    s.shows("row 1/6")
    with open(f"/proc/{s.child()}/task/{s.child()}/children") as f:
        os.kill(int(f.read()), signal.SIGSEGV)
    s.wait(lambda t: "left-after" in t)
    flags = s.tmux("display", "-p", "#{cursor_flag} #{alternate_on} #{mouse_any_flag} #{keypad_flag}")
    equal(flags.strip(), "1 0 0 0", "a crash restores cursor, screen, mouse and keypad")
    equal(open(f"{s.dir}/before").read(), open(f"{s.dir}/after").read(), "a crash restores the terminal settings")

with Screen("base.snap", command=["bash", "--norc", "-i"]) as s:
    s.type(f"{program()} {here}/base.snap\n")
    s.shows("row 1/6")
    s.keys("C-z")
    s.shows("Stopped", name="^Z stops the process")
    equal(s.tmux("display", "-p", "#{cursor_flag} #{alternate_on}").strip(), "1 0", "^Z restores the previous screen")
    s.type("fg\n")
    s.shows("dmabuf-top  live 1s", "row 1/6", name="fg redraws the screen")
    s.keys("q")
    s.wait(lambda t: "row 1/6" not in t)

with Screen("base.snap", args=("-n", "1", "-d", "0.1"), env=("TERM=dumb",)) as s:
    s.shows("cannot move the cursor", "as with -b", "weston", name="TERM=dumb prints refreshes and a note")
run = subprocess.run([program(), "-n", "1", os.path.join(here, "base.snap")], stdin=subprocess.DEVNULL,
                     capture_output=True, text=True)
ok(run.returncode == 0 and "not a terminal" in run.stderr and "weston" in run.stdout, "without a terminal, refreshes are printed", run.stderr)
sys.exit(done())
