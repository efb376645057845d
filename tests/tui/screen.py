# SPDX-License-Identifier: GPL-2.0
"""dmabuf-top's screen in tmux, with real keys, against golden files.

    with Screen("base.snap", 80, 24) as s:
        s.keys("Down", "Enter")
        s.golden("buffers-of")       # tests/tui/golden/buffers-of.txt; UPDATE_GOLDEN=1 writes it

A golden file of each size shows the bar of tabs (tabs=True). A new view changes no other file.
"""
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from ansi import canonical
from tap import *

# The line of the tabs, in plain text or in color
TAB_BAR = re.compile(r"^.*\[\d [A-Z][a-z]+\].*\n", re.M)

HERE = os.path.dirname(os.path.abspath(__file__))


def program():
    """top-fixture of this build: on PATH (the lab), else in out/."""
    found = shutil.which("top-fixture")
    return found or os.path.join(HERE, "../../out/tests/tui/top-fixture")


def missing():
    """Why the screen cannot be tested here, None if it can."""
    if not shutil.which("tmux"):
        return "no tmux"
    if not os.access(program(), os.X_OK):
        return "top-fixture is not built: make tests-bin"
    return None


class Screen:
    def __init__(self, snapshots, width=80, height=24, args=(), locale="C.UTF-8", term="screen-256color",
                 env=(), command=None, prepare=None, private=False):
        """prepare(directory) is called first, with the directory that is XDG_CONFIG_HOME and, if private, has the snapshots."""
        self.dir = tempfile.mkdtemp(prefix="dmabuf-top-")
        if prepare:
            prepare(self.dir)
        self.socket = os.path.join(self.dir, "tmux")
        self.status = os.path.join(self.dir, "status")
        # Its own config, home and server: nothing of the user's comes in.
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write(f"set -g status off\nset -g default-terminal {term}\nset -g remain-on-exit on\n"
                    "set -sg escape-time 0\n")
        run = command or [program(), *args, os.path.join(self.dir if private else HERE, snapshots)]
        inner = " ".join(shlex.quote(w) for w in ["env", f"LC_ALL={locale}", "TZ=UTC", f"XDG_CONFIG_HOME={self.dir}", *env, *run])
        # The terminal's settings before and after, and the status
        script = (f'trap : INT; echo left-before; stty -g >{self.dir}/before; {inner}; s=$?; stty -g >{self.dir}/after; '
                  f'echo left-after; echo $s >{self.status}; exec cat')
        self.tmux("-f", conf, "-u", "new-session", "-d", "-x", str(width), "-y", str(height), "sh", "-c", script)
        self.pid = int(self.tmux("display", "-p", "#{pane_pid}"))

    def tmux(self, *args):
        # In a UTF-8 locale whatever the test's own is
        env = dict(os.environ, LC_ALL="C.UTF-8")
        return subprocess.run(["tmux", "-S", self.socket, *args], env=env, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def mouse(self, x, y, button=0):
        """Presses a button (0 left, 64 and 65 the wheel) in a cell, counted from 0, and lets it go."""
        for code in (button, 3)[:2 if button < 64 else 1]:
            self.tmux("send-keys", "-H", "1b", "5b", "4d", *(f"{32 + n:02x}" for n in (code, x + 1, y + 1)))

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def text(self, colours=False):
        raw = self.tmux("capture-pane", "-p", *(["-e", "-N"] if colours else []))
        if colours:
            return canonical(raw)
        return "\n".join(line.rstrip() for line in raw.split("\n")).rstrip("\n") + "\n"

    def child(self):
        """The process under test."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
                pids = f.read().split()
        except OSError:
            return None
        return int(pids[0]) if pids else None

    def signal(self, number):
        os.kill(self.child(), number)

    def step(self):
        """Goes on to the next snapshot, and shows it at once."""
        import signal
        self.signal(signal.SIGUSR1)
        self.keys("C-l")

    def wait(self, condition):
        return poll(lambda: condition(self.text()))

    def shows(self, *parts, name=None):
        good = self.wait(lambda t: all(p in t for p in parts))
        return ok(good, name or f"shows {', '.join(parts)}", *([] if good else self.text().split("\n")))

    def left(self, want=0, name="ends"):
        """It has ended with that status, and the terminal is as before."""
        ended = poll(lambda: os.path.exists(self.status) and open(self.status).read())
        ok(ended and int(ended) == want, f"{name}: status {want}", f"got {ended!r}")
        same = ended and open(f"{self.dir}/before").read() == open(f"{self.dir}/after").read()
        ok(same, f"{name}: the terminal's settings are as before")
        # The screen of before is back, the cursor shown, the mouse let go.
        self.shows("left-before\nleft-after", name=f"{name}: the screen of before is back")
        flags = self.tmux("display", "-p", "#{cursor_flag} #{alternate_on} #{mouse_any_flag} #{keypad_flag}")
        equal(flags.strip(), "1 0 0 0", f"{name}: cursor, screen, mouse and keypad as before")

    def golden(self, name, colours=False, tabs=False):
        def read():
            return self.text(colours) if tabs else TAB_BAR.sub("", self.text(colours), count=1)
        path = os.path.join(HERE, "golden", name + (".ansi" if colours else ".txt"))
        if os.environ.get("UPDATE_GOLDEN"):
            settled = self.settled(read)
            with open(path, "w") as f:
                f.write(settled)
            return ok(True, f"{name} written")
        want = open(path).read() if os.path.exists(path) else ""
        good = poll(lambda: read() == want)
        if good:
            return ok(True, name)
        got = read()
        why = [f"{path}:"]
        for g, w in zip(got.split("\n") + [""] * 100, want.split("\n")):
            if g != w:
                why += ["want " + w, "got  " + g]
        return ok(False, name, *why)

    def settled(self, read, reads=10):
        """The result of read(), after some equal reads."""
        texts = []

        def same():
            texts.append(read())
            return len(texts) >= reads and len(set(texts[-reads:])) == 1 and texts[-1]
        return poll(same)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
