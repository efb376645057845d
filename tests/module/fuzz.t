#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""Random sequences of ioctls (modfuzz): the kernel is silent, all that was made is undone, the module unloads."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import kernel  # noqa: E402
import module as m  # noqa: E402
from tap import SCALE, SLOW, bufinfo, scaled, diag, done, equal, ok, poll  # noqa: E402

SEQUENCES = 10007 * SCALE if SLOW >= 10 else scaled(1009, 1000003)
SEED = os.environ.get("FUZZ_SEED", "")
IMPORTER = (("attach", "detach"), ("map", "unmap"), ("pin", "unpin"), ("vmap", "vunmap"), ("begin", "end"),
            ("fence", "signal"))
# The core begins access and then waits; who is interrupted there does not end it: no begin and end.
EXPORTER = (("export", "release"), ("attach", "detach"), ("map", "unmap"), ("pin", "unpin"), ("vmap", "vunmap"))


# The system heap syncs in the direction of the access, not of the mapping, of which DMA_API_DEBUG tells.
OWN = ["--own"] if kernel.checks_dma() else []


def good(side):
    calls, errs = m.counters(side), m.errors(side)
    return {op: n - errs.get(op, 0) for op, n in calls.items()}


# What is of us: it names dma-bufs or what they are made of, or is a report of the kernel's checkers. A VM that had to
# wait has the kernel warn of clocks, timers and the scheduler.
REPORTS = subprocess.run(["sh", "-c", '. tests/lab/lib.sh; printf %s "$kernel_reports"'], stdout=subprocess.PIPE, check=True, text=True).stdout
OURS = re.compile(r"dma.?(buf|fence|resv|heap)|sync_file|" + REPORTS)


def warnings():
    """The lines of the log that are of us and no notice."""
    lines = subprocess.run(["dmesg", "-r", "--level=emerg,alert,crit,err,warn"], stdout=subprocess.PIPE,
                           check=True).stdout.decode(errors="replace").splitlines()
    return [line for line in lines if OURS.search(line)]


def fuzz(what, sequences, *args):
    m.load()
    before = len(warnings())
    run = subprocess.run(["modfuzz", "--sequences", str(sequences), *(["--seed", SEED] if SEED else []), *OWN, *args],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    diag(f"{what}: modfuzz {' '.join(args)} --sequences {sequences} --{run.stdout}")
    equal(run.returncode, 0, f"{what}: {sequences} sequences")
    m.write("importer/leaked", 0)
    ok(poll(lambda: not bufinfo()), f"{what}: no buffer is left", bufinfo())
    equal(warnings()[before:], [], f"{what}: no kernel message")
    importer, exporter = good("importer"), good("exporter")
    diag(f"{what}: {importer}")
    ok(all(importer.get(op) for pair in IMPORTER for op in pair), f"{what}: all is done", importer)
    return importer, exporter


def balances(what, have, pairs):
    equal({a: have.get(a) for a, _ in pairs}, {a: have.get(b) for a, b in pairs}, f"{what}: all that was made is undone")


imported, exported = fuzz("4 processes of 2 threads", SEQUENCES * 7 // 10)
balances("importer", imported, IMPORTER)
balances("exporter", exported, EXPORTER)
ok(poll(m.unload), "the module unloads")
imported, exported = fuzz("one thread", SEQUENCES // 10, "--processes", "1", "--threads", "1")
balances("importer", imported, IMPORTER)
balances("exporter", exported, EXPORTER)
ok(poll(m.unload), "the module unloads")
imported, exported = fuzz("with misuse", SEQUENCES - SEQUENCES * 7 // 10 - SEQUENCES // 10, "--misuse")
balances("importer", imported, (("attach", "detach"), ("fence", "signal")))
balances("exporter", exported, (("export", "release"), ("attach", "detach")))
ok(poll(m.unload), "the module unloads")
sys.exit(done())
