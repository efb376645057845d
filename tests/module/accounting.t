#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""The module's accounts are the kernel's own list, exactly: in all, by exporter, by device."""
import collections
import ctypes
import errno
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import kernel  # noqa: E402
import module as m  # noqa: E402
from known import merged, start_all, top, want_buffer  # noqa: E402
from tap import SCALE, Workload, bufinfo, done, equal, ok, poll, skip, text  # noqa: E402

SYSFS = "/sys/kernel/dmabuf_tools"
TOTALS = ["attachments", "buffers", "bytes", "bytes_peak", "exports_total", "mappings", "missed_total",
          "releases_total", "unknown_releases_total"]

HELD = [   # by descriptors or mappings: what the scan at load can find
    ["plain"], ["plain", "-x", "udmabuf", "-n", 11], ["plain", "-x", "vgem", "-n", 13], ["plain-map", "-n", 7], ["dup", "-n", 101],
    ["map-only"], ["fork", "-n", 5, "-P", 3], ["shared", "-n", 3], ["clone-files", "-n", 3], ["clone-vm", "-n", 3], ["threads", "-n", 5],
    ["zombie-leader", "-n", 11],
    ["udmabuf", "-n", 7], ["vgem-export", "-n", 13], ["vgem-import", "-n", 5], ["virtio-gpu", "-n", 5], ["vivid"], ["hostile"],
]
LOST = 211      # releases that are not seen
KERNEL_HELD = [["kernel-only", "-n", 17], ["inflight", "-n", 19]]


def read(name):
    with open(f"{SYSFS}/{name}", encoding="ascii") as f:
        return int(f.read())


def total(*names):
    return {n: read(n) for n in names or TOTALS}


def unescaped(name):
    return text(re.sub(rb"\\(\d{3})", lambda o: bytes([int(o[1], 8)]), name.encode()))


def listing(place, *files):
    """{name: (value, …)} of exporters/ or devices/, those with a first value that is not 0."""
    found = {unescaped(d): tuple(read(f"{place}/{d}/{f}") for f in files) for d in os.listdir(f"{SYSFS}/{place}")}
    return {name: values for name, values in found.items() if values[0]}


def by_exporter(buffers):
    sums = collections.defaultdict(lambda: (0, 0))
    for b in buffers:
        n, size = sums[b.exporter]
        sums[b.exporter] = n + 1, size + b.size
    return dict(sums)


def check(label, unseen=()):
    """unseen: inodes that the module cannot know of."""
    want = {ino: b for ino, b in bufinfo().items() if ino not in unseen}
    devices = collections.Counter(d for b in want.values() for d in b.devices)
    equal(total("buffers", "bytes", "attachments", "missed_total"),
          {"buffers": len(want), "bytes": sum(b.size for b in want.values()), "attachments": sum(devices.values()), "missed_total": 0},
          f"{label}: totals ({len(want)} buffers)")
    # The directory of a new name comes by and by.
    wanted = by_exporter(want.values())
    poll(lambda: listing("exporters", "buffers", "bytes") == wanted)
    equal(listing("exporters", "buffers", "bytes"), wanted, f"{label}: by exporter")
    wanted = {d: (n,) for d, n in devices.items()}
    poll(lambda: listing("devices", "attachments") == wanted)
    equal(listing("devices", "attachments"), wanted, f"{label}: by device")
    rows = [line.split(" ") for line in m.read("buffers").splitlines()[1:]]
    equal({int(r[0]): (int(r[1]), unescaped(r[2]), int(r[3]), unescaped(r[6]).strip("\0") if r[6] != "-" else None) for r in rows},
          {ino: (b.size, b.exporter, b.count, b.name) for ino, b in want.items()}, f"{label}: table of buffers")


def check_processes(workloads, label):
    want = {}
    for w in workloads:
        sizes = {ino: b["size"] for ino, b in w.buffers().items()}
        for (pid, ino), held in w.holders().items():
            n, size, fds, maps = want.get(pid, (0, 0, 0, 0))
            want[pid] = n + 1, size + sizes[ino], fds + len(held["fds"]), maps + held["maps"]
    rows = [line.split(" ") for line in m.read("processes").splitlines()[1:]]
    got = {int(r[0]): tuple(map(int, r[1:5])) for r in rows}
    equal({p: got.get(p) for p in want}, want, f"{label}: buffers, bytes, descriptors and mappings of {len(want)} processes")


def check_tables(workloads, label):
    """Numbers of descriptor tables and address spaces, from 64 bits: too many for two to be the same by chance."""
    holders = [line.split(" ") for line in m.read("holders").splitlines()[1:]]
    pids = {pid for w in workloads for pid, _ in w.holders()}
    tables = {(r[1][:2], r[2]) for r in holders if int(r[0]) in pids}
    ok(tables and any(int(number, 16) >> 32 for _, number in tables), f"{label}: {len(tables)} tables have numbers of 64 bits", tables)
    again = {(r[1][:2], r[2]) for r in (line.split(" ") for line in m.read("holders").splitlines()[1:]) if int(r[0]) in pids}
    equal(again, tables, f"{label}: {len(tables)} tables keep their numbers")


FIELDS = ("size", "exporter", "name", "uid", "count", "fds", "maps", "attachments", "procs")


def check_source(workloads, label):
    """The tools see the same through the module."""
    data = top("module", "buffers,holders")
    buffers, holders = merged(workloads)
    want = {i: {k: v for k, v in want_buffer(b, holders).items() if k in FIELDS} for i, b in buffers.items()}
    got = {b["ino"]: {k: b[k] for k in FIELDS} for b in data["buffers"]}
    equal({i: got.get(i) for i in want}, want, f"{label}: --source=module, buffers")
    equal(sorted(got), sorted(bufinfo()), f"{label}: --source=module, these and no other")
    ok(data["source"] == "module", f"{label}: and says so")


def settled():
    return ok(poll(lambda: not bufinfo()), "nothing is left")


def late():
    """Loaded when all is there already."""
    workloads, kernel = start_all(HELD), start_all(KERNEL_HELD)
    unseen = {ino for w in kernel for ino in w.buffers()}
    m.load()
    check("loaded late", unseen)
    check_processes(workloads, "loaded late")
    for w in kernel:
        w.stop()
    poll(lambda: not unseen & set(bufinfo()))
    equal(total("unknown_releases_total", "releases_total", "exports_total"),
          {"unknown_releases_total": len(unseen), "releases_total": 0, "exports_total": 0},
          "loaded late: what only the kernel held was released unseen, and that is told")
    before = len(bufinfo())
    for w in workloads:
        w.stop()
    settled()
    check("all gone")
    equal(total("releases_total", "exports_total", "mappings", "unknown_releases_total"),
          {"releases_total": before, "exports_total": 0, "mappings": 0, "unknown_releases_total": len(unseen)}, "all gone: counters")


def early():
    """The same made while the module looks on, those of the kernel too."""
    start = total()
    workloads, kernel = start_all(HELD), start_all(KERNEL_HELD)
    check("made after it")
    check_processes(workloads, "made after it")
    check_tables(workloads, "made after it")
    check_source(workloads, "made after it")
    made = read("exports_total") - start["exports_total"]
    ok(made >= len(bufinfo()) and read("bytes_peak") >= read("bytes") > 0, "made after it: exports and peak")
    for w in workloads + kernel:
        w.stop()
    settled()
    check("gone again")
    equal(total("exports_total", "releases_total", "bytes", "mappings", "unknown_releases_total"),
          {"exports_total": start["exports_total"] + made, "releases_total": start["releases_total"] + made, "bytes": 0, "mappings": 0,
           "unknown_releases_total": start["unknown_releases_total"]}, "gone again: counters")


def churn(*args):
    label = " ".join(map(str, args))
    start = total()
    for i in range(3):
        with Workload(*args, "-d", 0) as w:
            if w.skipped:
                skip(label, w.skipped)
                return
            until = time.monotonic() + 3 * SCALE
            poll(lambda: time.monotonic() > until and read("exports_total") - start["exports_total"] > 100 * (i + 1))
            w.settle(tell=True)
            check(f"{label}, at rest")
        settled()
    check(f"{label}, ended")
    made = read("exports_total") - start["exports_total"]
    equal(read("releases_total") - start["releases_total"], made, f"{label}: {made} exports, and as many releases")
    equal(read("unknown_releases_total"), start["unknown_releases_total"], f"{label}: all of them known")
    ok(made > 300, f"{label}: buffers were made", made)


def unload_under_load():
    # Each hook's end waits until every task that can run was seen to leave the kernel: 6.1 takes
    # seconds for one where more of them share the CPUs.
    with Workload("churn", "-d", 0, "-P", 3) as a, Workload("churn-refs", "-d", 0, "-P", 2) as b:
        for i in range(5 * SCALE):
            m.load()
            poll(lambda: read("exports_total") > 23)
            ok(m.unload(), f"unloaded under load, {i + 1}")
            # At once, though CONFIG_DEBUG_KOBJECT_RELEASE has what is left of an object end seconds later
            ok(not os.path.exists(SYSFS), "nothing is left of it in sysfs")
        m.load()
        for w in (a, b):
            if not w.skipped:
                w.settle(tell=True)
    settled()


def unprivileged():
    """Everybody reads the sums; single buffers are root's."""
    child = os.fork()
    if not child:
        bad = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            files = [os.path.join(d, f) for d, _, names in os.walk(SYSFS) for f in names]
            values = [open(f, encoding="ascii").read() for f in files]
            bad = len(files) < 10 + 4 + 6 or any(not re.fullmatch(r"\d+\n|[0-9.]+\n", v) for v in values)
            for name in ("buffers", "attachments", "holders", "processes", "latency"):
                bad += os.access(f"{m.DEBUGFS}/{name}", os.R_OK)
        finally:
            os._exit(int(bad))
    equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, "anybody reads the sums in sysfs, nobody else's tables in debugfs")
    try:
        os.open(f"{SYSFS}/buffers", os.O_WRONLY)
        ok(False, "nothing in sysfs can be written")
    except PermissionError:
        ok(True, "nothing in sysfs can be written")
    except OSError as e:
        ok(True, f"nothing in sysfs can be written ({e.strerror})")


def too_small():
    """What there is no place for is missed, and told."""
    m.load("accounting_slots=1")    # the least is 256
    with Workload("plain", "-n", 1009, "-s", 4096) as w:
        if w.skipped:
            skip("accounting_slots", w.skipped)
        else:
            seen = total("buffers", "missed_total", "exports_total")
            equal(seen["buffers"] + seen["missed_total"], 1009, "accounting_slots: what has no place is missed")
            ok(0 < seen["buffers"] <= 256 and seen["exports_total"] == 1009, "accounting_slots: as many as there are places", seen)
    settled()
    equal(total("buffers", "bytes", "unknown_releases_total"),
          {"buffers": 0, "bytes": 0, "unknown_releases_total": 1009 - seen["buffers"]}, "accounting_slots: and unknown when it goes")
    m.unload()


def too_large():
    """More slots than there can be: no accounts, and a line in the kernel log."""
    m.load("accounting_slots=16777217")
    ok(not os.path.exists(SYSFS), "accounting_slots above its maximum: no accounts")
    log = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True, text=True, errors="replace").stdout
    ok("dmabuf_tools: accounting is off: accounting_slots is above 16777216" in log, "accounting_slots above its maximum: the kernel log has the reason")
    m.unload()


def ftrace_enabled():
    """Nobody switches ftrace off under the accounts, nor are there any while it is off."""
    def enable(value):
        try:
            with open("/proc/sys/kernel/ftrace_enabled", "w", encoding="ascii") as f:
                f.write(value)
        except OSError as e:
            return e.errno
        return 0

    m.load("importer=0")
    if not any(row.split(" ")[1] == "ftrace" for row in m.read("hooks").splitlines()[1:]):
        skip("kernel.ftrace_enabled", "this kernel's ftrace passes no arguments")
    elif (refused := enable("0")) == errno.EOPNOTSUPP:
        skip("kernel.ftrace_enabled", "this kernel does not support a change")
    else:
        equal(refused, errno.EBUSY, "kernel.ftrace_enabled stays 1 while the accounts are kept")
        m.unload()
        equal(enable("0"), 0, "kernel.ftrace_enabled is 0 without them")
        m.load("importer=0")
        ok(not os.path.exists(SYSFS), "kernel.ftrace_enabled is 0: no accounts")
        equal(enable("1"), 0, "kernel.ftrace_enabled is 1 again")
    m.unload()


def unseen():
    """Releases that no hook saw, as where kprobes are turned off: what stands where a buffer's file was is none."""
    if kernel.VERSION < (6, 7):
        skip("unseen releases", "Linux 6.7: before it, files are freed, and what is there may be anything")
        return
    m.load("importer=0")
    before = total("buffers", "missed_total")
    # On one CPU, the next files take the places of the last ones
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    with m.Exporter() as exporter:
        fds = [exporter.export() for _ in range(LOST)]
        m.write("unseen_releases", "Y")
        for fd in fds:
            os.close(fd)
        ok(poll(lambda: not any(b.exporter == "dmabuf_tools" for b in bufinfo().values())), "unseen: the buffers are gone")
        m.write("unseen_releases", "N")
        equal(read("buffers") - before["buffers"], LOST, f"unseen: the accounts still have {LOST}")
        others = [os.memfd_create("other") for _ in range(2 * LOST)] + [fd for _ in range(LOST) for fd in os.pipe()]
        m.read("buffers")
        now = total("buffers", "missed_total")
        found = now["missed_total"] - before["missed_total"]
        ok(found, "unseen: others have taken some files' places", now)
        equal(now["buffers"] - before["buffers"], LOST - found, f"unseen: {found} are dropped, and missed")
        for fd in others:
            os.close(fd)
        fds = [exporter.export() for _ in range(2 * LOST)]
        m.read("buffers")
        live = [line for line in m.read("buffers").splitlines()[1:] if line.split(" ")[3] != "-"]
        equal(len(live), len(bufinfo()), "unseen: new buffers in old places are each told once")
        now = total("buffers", "missed_total")
        equal(now["buffers"] - before["buffers"] - 2 * LOST + now["missed_total"] - before["missed_total"], LOST, "unseen: each is missed or still there")
        for fd in fds:
            os.close(fd)
    os.sched_setaffinity(0, cpus)
    ok(poll(lambda: m.unload()), "unseen: unloaded")


def importer():
    """Attachments and mappings as the importer counts them, failures too; several processes at once."""
    if not os.path.exists(m.IMPORTER) or not os.path.exists(m.EXPORTER):
        skip("attachments and mappings", "this module has no exporter and importer yet")
        return
    m.clear()
    names = {f"dmabuf-importer.{i}": i for i in range(3)}
    with m.Exporter() as exporter, m.Importer() as importer:
        fds = [exporter.export(m.PAGE * 3, flags) for flags in (0, m.DYNAMIC) for _ in range(13)]
        attachments = [importer.attach(fd, i % 3) for i, fd in enumerate(fds)]
        mappings = [importer.map(a, m.TO_DEVICE) for a in attachments for _ in range(2)]
        m.write("inject/map/errno", 12)
        m.write("inject/map/every", 1)
        failed = 0
        for a in attachments[:7]:
            try:
                importer.map(a)
            except OSError:
                failed += 1
        m.write("inject/map/errno", 0)
        want = {d: ((26 - i + 2) // 3, 2 * ((26 - i + 2) // 3)) for d, i in names.items()}
        poll(lambda: listing("devices", "attachments", "mappings") == want)
        equal(listing("devices", "attachments", "mappings"), want, "importer: attachments and mappings of each device")
        equal(sum(v[0] for v in listing("devices", "map_errors_total").values()), failed, f"importer: {failed} maps that failed")
        check("importer")
        for mapping in mappings[::2]:
            importer.unmap(mapping)
        equal(read("mappings"), len(mappings) // 2, "importer: half of them unmapped")
        for fd in fds:
            os.close(fd)
    ok(poll(lambda: not bufinfo()), "importer: closed")
    children = []
    for i in range(4):
        children.append(os.fork())
        if not children[-1]:
            with m.Exporter() as exporter, m.Importer() as importer:
                fd = exporter.export()
                for _ in range(1009):
                    a = importer.attach(fd, i % 3)
                    importer.unmap(importer.map(a))
                    importer.detach(a)
            os._exit(0)
    equal([os.waitpid(c, 0)[1] for c in children], [0] * 4, "importer: four processes")
    ours, theirs = listing("devices", "attach_total", "map_total", "map_errors_total", "map_ns_total"), m.counters("importer")
    equal((sum(v[0] for v in ours.values()), sum(v[1] for v in ours.values())), (theirs["attach"], theirs["map"]),
          f"importer: {theirs['attach']} attaches and {theirs['map']} maps in all")
    ok(all(v[3] > v[1] for v in ours.values()), "importer: maps take time")
    latency = [line.split(" ") for line in m.read("latency").splitlines()[1:]]
    equal(sum(int(r[3]) for r in latency if r[1].startswith("dmabuf-importer.")), theirs["map"], "importer: all of them in the histogram")
    equal(total("attachments", "mappings", "buffers", "missed_total"),
          {"attachments": 0, "mappings": 0, "buffers": 0, "missed_total": 0}, "importer: nothing is left")


def many_devices():
    """One device more than there are names: its figures are in (other), and nobody else's. Loaded again, because it
    was by chance that others shared its place in a table of hints."""
    for _ in range(3):
        m.load("devices=256")
        with m.Exporter() as exporter, m.Importer() as importer:
            fd = exporter.export()
            for _ in range(2):
                attachments = [importer.attach(fd, i) for i in range(256)]
                for a in attachments:
                    importer.detach(a)
            attachments = [importer.attach(fd, i) for i in range(256)]
            want = {**{f"dmabuf-importer.{i}": (1, 3) for i in range(255)}, "(other)": (1, 3)}
            poll(lambda: listing("devices", "attachments", "attach_total") == want)
            equal(listing("devices", "attachments", "attach_total"), want, "256 devices: only the last is in (other)")
            os.close(fd)
        ok(poll(lambda: m.unload()), "256 devices: unloaded")


def failed_attaches():
    """Before Linux 6.15, an attach of a static and a dynamic side maps; a failure of this map ends in a detach."""
    def unknown():
        return {row.split(" ")[0]: row.split(" ")[3] for row in m.read("hooks").splitlines()[1:]}

    before, failed = unknown(), 0
    with m.Exporter() as exporter, m.Importer() as importer:
        fds = exporter.export(m.PAGE, m.DYNAMIC), exporter.export()
        m.write("inject/map/errno", 12)
        for _ in range(13):
            for fd, flags in zip(fds, (0, m.ATTACH_DYNAMIC)):
                try:
                    importer.detach(importer.attach(fd, 0, flags))
                except OSError:
                    failed += 1
        m.write("inject/map/errno", 0)
        equal(failed, 26 if kernel.maps_at_attach() else 0, f"{failed} failed attaches")
        equal(unknown(), before, f"{failed} failed attaches: no unknown object has ended")
        equal(total("attachments", "missed_total"), {"attachments": 0, "missed_total": 0}, f"{failed} failed attaches: no attachment is left")
        for fd in fds:
            os.close(fd)


def creator():
    """A file server has the file system's user id of its client."""
    libc = ctypes.CDLL(None)
    with m.Exporter() as exporter:
        libc.setfsuid(65534)
        fd = exporter.export()
        libc.setfsuid(0)
        uids = {int(row.split(" ")[0]): row.split(" ")[5] for row in m.read("buffers").splitlines()[1:]}
        equal(uids.get(os.fstat(fd).st_ino), "0", "the user id of a buffer is the creator's real one")
        os.close(fd)


def documented():
    """Each file in sysfs and debugfs, and each parameter, is in the man page."""
    found = {name for place in (SYSFS, m.DEBUGFS, "/sys/module/dmabuf_tools/parameters") for _, _, names in os.walk(place) for name in names}
    with open("man/dmabuf_tools.4", encoding="utf-8") as f:
        told = set(re.findall(r"\w+", f.read().replace("\\", "")))
    ok(len(found) > 20, "the module has files", found)
    equal(sorted(found - told), [], "dmabuf_tools.4 has every file")


too_small()
too_large()
many_devices()
ftrace_enabled()
unseen()
m.load("accounting=0")
ok(not os.path.exists(SYSFS) and m.loaded(), "accounting=0: no accounts")
m.unload()
late()
early()
unprivileged()
churn("churn", "-P", 7)
churn("churn-refs", "-P", 5)
m.unload()
unload_under_load()
m.unload()
m.load()
importer()
failed_attaches()
creator()
documented()
ok(m.unload(), "unloaded")
sys.exit(done())
