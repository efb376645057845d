#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: make static's tools need nothing but the kernel, and print what the others do."""
import glob
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import diag, done, equal, ok  # noqa: E402

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.path.join(top, os.environ.get("O", "out"))


def run(*args):
    return subprocess.run(args, cwd=top, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


p = run("make", "-s", f"-j{os.cpu_count()}", f"O={build}", "static")
equal((p.returncode, p.stderr), (0, ""), "make static")
for tool in ("dmabuf-top", "dmabuf-trace"):
    headers = run("readelf", "-lW", f"{build}/static/{tool}").stdout
    ok("LOAD" in headers and "INTERP" not in headers and "DYNAMIC" not in headers, f"{tool}: no interpreter, no library", headers)
    size = os.path.getsize(f"{build}/static/{tool}")
    diag(f"{tool}: {size / 1e6:.1f} MB")
    ok(size < 8e6, f"{tool}: small enough to be pushed over a serial line")
version = run(f"{build}/static/dmabuf-trace", "--version").stdout
ok("zstd" in version and "no libmicrohttpd" in version, "--version tells what it is without", version)
with tempfile.TemporaryDirectory(dir="/tmp") as place:
    found = [path for path in ("/usr/share/terminfo/x/xterm-256color", "/lib/terminfo/x/xterm-256color") if os.path.exists(path)]
    os.mkdir(f"{place}/b")
    shutil.copy(found[0], f"{place}/b/board")
    for term, where, screen in (("board", {"TERMINFO": place}, True), ("board", {}, False)):
        pid, terminal = pty.fork()
        if not pid:
            os.execve(f"{build}/static/dmabuf-top", ["dmabuf-top", "-r", f"{top}/tests/cli/recorded/x86_64.data"], {"TERM": term, **where})
        shown = b""
        os.write(terminal, b"q")
        while select.select([terminal], [], [], 60)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
        os.waitpid(pid, 0)
        os.close(terminal)
        equal(b"\x1b[?1049h" in shown, screen, f"dmabuf-top: TERMINFO={'set' if where else 'unset'} decides whether there is a screen")
# Those recordings have no wall clock of their own.
TIME = re.compile(r"\b\d{10}\.\d{3}\b|(\d{4}-\d\d-\d\d  ?)?\d\d:\d\d:\d\d|\d+d\d\dh\b")
recordings = sorted(glob.glob(f"{top}/tests/fuzz/corpus/recording/*.data"))
ok(len(recordings) > 5, "recordings to read")
for args in (("dmabuf-top", "-b", "-n1", "-r"), ("dmabuf-trace", "report", "-i"), ("dmabuf-trace", "report", "--json", "-i"),
             ("dmabuf-trace", "leaks", "-o", "/dev/null", "--junit", "/dev/stdout", "-r")):
    said = [[(p.returncode, TIME.sub("TIME", p.stdout), p.stderr) for p in (run(f"{place}/{args[0]}", *args[1:], name) for name in recordings)]
            for place in (build, f"{build}/static")]
    equal(said[1], said[0], f"{' '.join(args)}: the same of each recording")
sys.exit(done())
