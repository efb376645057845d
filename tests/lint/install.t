#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: make install puts everything in its place, make uninstall takes all of it away, and make dist repeats."""
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok, skip  # noqa: E402

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPECTED = {
    "usr/sbin": {"dmabuf-top", "dmabuf-trace"},
    "usr/share/man/man4": {"dmabuf_tools.4"},
    "usr/share/man/man5": {"dmabuf-trace.data.5"},
    "usr/share/man/man8": {"dmabuf-top.8", "dmabuf-trace.8", "dmabuf-trace-diff.8", "dmabuf-trace-doctor.8", "dmabuf-trace-export.8",
                           "dmabuf-trace-leaks.8", "dmabuf-trace-live.8", "dmabuf-trace-metrics.8", "dmabuf-trace-record.8",
                           "dmabuf-trace-report.8", "dmabuf-trace-stat.8"},
    "usr/share/bash-completion/completions": {"dmabuf-top", "dmabuf-trace"},
    "usr/share/zsh/site-functions": {"_dmabuf-tools"},
    "usr/share/dmabuf-tools": {"dmabuf.json", "dmabuf.rules.yml"},
    "usr/share/doc/dmabuf-tools": {"LICENSE", "README.md"},
    "usr/lib/systemd/system": {"dmabuf-metrics.service"},
    "usr/include": {"dmabuf_tools_uapi.h"},
}


def make(*args):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", "-s", *args], cwd=top, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def files(root):
    return {folder[len(root) + 1:]: set(names) for folder, _, names in os.walk(root) if names}


with tempfile.TemporaryDirectory() as root:
    p = make("install", f"DESTDIR={root}", "PREFIX=/usr")
    equal(p.returncode, 0, f"make install: {p.stdout if p.returncode else ''}")
    found = files(root)
    source = {folder: names for folder, names in found.items() if folder.startswith("usr/src/dmabuf_tools-")}
    equal({f: n for f, n in found.items() if f not in source}, EXPECTED, "each file in its place")
    ok(any({"dkms.conf", "Kbuild"} <= names for names in source.values()), "the module's sources for DKMS", source)
    with open(f"{root}/usr/lib/systemd/system/dmabuf-metrics.service", encoding="ascii") as f:
        unit = f.read()
    ok("/usr/sbin/dmabuf-trace" in unit and "/usr/local" not in unit, "the unit runs what was installed", unit)
    others = [f"{folder}/{name}" for folder, names in found.items() for name in names if os.stat(f"{root}/{folder}/{name}").st_mode & 0o022]
    equal(others, [], "only the owner may write them")
    p = make("uninstall", f"DESTDIR={root}", "PREFIX=/usr")
    equal((p.returncode, files(root)), (0, {}), "make uninstall: nothing is left")

if os.path.exists(f"{top}/.git"):
    sums = []
    for _ in range(2):
        p = make("dist")
        with open(os.path.join(top, p.stdout.strip()), "rb") as f:
            sums.append(hashlib.sha256(f.read()).hexdigest())
    equal(sums[0], sums[1], "make dist twice: the same bytes")
    with tarfile.open(os.path.join(top, p.stdout.strip())) as tar:
        names = {name.split("/", 1)[-1] for name in tar.getnames()}
    ok({"Makefile", "LICENSE", "README.md", "cli/dmabuf-top.c", "kmod/Kbuild"} <= names, "it has the sources")
    equal(sorted(name for name in names if name.startswith(("out", ".git/"))), [], "and nothing that was built")
else:
    skip("make dist", "no git here")
sys.exit(done())
