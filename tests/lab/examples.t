#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: nothing
"""TAP: the examples of the manual pages run as written beside workloads: the exit status is right, standard error has
only usual lines, and the output has the promised rows. tests/lint/man.t runs the examples that require only recordings.

Without a row in CASES, an example must end, with status 0 and a text. MEANS has placeholders and long times.
Arguments: the pages, by default all."""
import contextlib
import csv
import glob
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as xml
from collections import namedtuple

sys.path.insert(0, "tests/lib")
import kernel  # noqa: E402
import module  # noqa: E402
import scrape  # noqa: E402
from examples import Run, STAND_INS, is_offline, missing, page, stand_in  # noqa: E402
from tap import Workload, diag, done, equal, ok, poll, skip  # noqa: E402

SERVICE = "/system.slice/camera.service"
TEXTFILE = "/var/lib/prometheus/node-exporter/dmabuf.prom"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
BUILDER = 1009
MODOPS = 101            # buffers, and maps, of modops in the pages

# Words of the pages, and their meaning here; {pid}: the process of Case.beside
MEANS = {
    "812": "{pid}",
    "DEVICE": "dmabuf-importer.0",
    "sleep 60": "cat until",
    "--duration=60": "--duration=1",
    "--interval=60": "--interval=0.5",
    "-d 10": "-d 0.5",
}
USUAL = (
    r"dmabuf-trace (live|stat|leaks): \w+ by [\w+]+; \^C ends",
    r"dmabuf-trace live: [1-9]\d* events? shown, 0 lost",
    r"dmabuf-trace export: \S+ is written; open the file at https://ui\.perfetto\.dev",
    r"dmabuf-trace record: recording to \S+; \^C ends",
    r"dmabuf-trace record: written to \S+",
    r"dmabuf-trace record: [\d.]+ s, [1-9]\d* snapshots?, [1-9]\d* events?, 0 lost, \S+ in \S+",
    r"dmabuf-trace leaks: no leaks: [1-9]\d* dma-bufs? by [1-9]\d* process(es)?",
    r"dmabuf-trace metrics: http://127\.0\.0\.1:9417/metrics; \^C ends",
)

# beside: a context with a process, or None; meanwhile(run): actions during the run; shows(run): tests of the output
Case = namedtuple("Case", "shows meanwhile beside status", defaults=(None, None, contextlib.nullcontext, 0))


def text_of(name):
    with open(f"{FOLDER}/{name}", encoding="utf-8") as f:
        return f.read()


def start(comm, *args, cgroup=""):
    """mkbufs by another name, in a cgroup."""
    os.symlink(shutil.which("mkbufs"), f"{FOLDER}/bin/{comm}")
    return Workload("-c", f"echo $$ >/sys/fs/cgroup{cgroup}/cgroup.procs && exec {FOLDER}/bin/{comm} {' '.join(args)}", command="sh")


def again(command):
    """A process that runs a command ten times a second: events come slower than any tool reads them."""
    return Run(f"echo $$ >/sys/fs/cgroup{SERVICE}/cgroup.procs && while {command} >/dev/null; do sleep 0.1; done", FOLDER)


def busy():
    """The service maps buffers."""
    return again("modops -n 7 -P 1")


def weston():
    """A compositor exports buffers."""
    os.symlink(shutil.which("mkbufs"), f"{FOLDER}/bin/weston")
    return again(f"{FOLDER}/bin/weston -n 7 plain")


def interrupt_when(seen):
    """Press ^C as soon as seen(run)."""
    def meanwhile(run):
        ok(poll(lambda: run.ended() or seen(run)) and not run.ended(), "the command runs until ^C")
        run.interrupt()
    return meanwhile


def end_after(action):
    """Run an action after "cat until" has begun, and let cat end."""
    def meanwhile(run):
        fds = []

        def opened():
            # ENXIO: nobody reads yet
            with contextlib.suppress(OSError):
                fds.append(os.open(f"{FOLDER}/until", os.O_WRONLY | os.O_NONBLOCK))
            return fds
        ok(poll(lambda: run.ended() or opened()) and fds, "COMMAND begins")
        action()
        for fd in fds:
            os.close(fd)
    return meanwhile


def prints(*patterns):
    """The output has a line that matches each pattern."""
    def shows(run):
        equal([p for p in patterns if not re.search(p, run.text(), re.M)], [], "the output has the promised lines")
    return shows


def largest_first(run):
    found = re.findall(r"^ *\d+ (\S+)", run.out(), re.M)
    equal([comm for comm in found if comm in HELD], list(HELD), "the largest holder is first")


def in_flight(run):
    found = json.loads("[" + re.sub(r"\}\s*\{", "},{", run.out()) + "]")
    equal(sorted(row["ino"] for row in found), sorted(CHAT.buffers()), "the rows are the buffers without a process")


def of_service(run):
    rows = list(csv.DictReader(io.StringIO(run.out())))
    size = sum(b["size"] for b in HELD["camera-service"]["buffers"])
    equal({(row["comm"], float(row["pss"])) for row in rows}, {("camera-service", size)}, "the rows have the bytes of the service")


def tables_of_service(run):
    tables = run.out().split("seconds elapsed")[:2]
    equal([table for table in tables if not re.search(r"^map .* dmabuf_tools .*\d", table, re.M)], [], "each table has maps")


def maps_counted(run):
    """The table has the calls of modops, and the delays."""
    rows = re.findall(r"^map .* (\d+) +0 +\S+ +\S+ +(\S+)$", run.err(), re.M)
    equal(sum(int(count) for count, _ in rows), maps_of(text_of("modops.json")), "the table has all maps")
    ok(any(re.fullmatch(r"2\d\.\dms", longest) for _, longest in rows), "the table has the delay", rows)


def maps_of(text):
    return sum(p["calls"]["map"] for p in json.loads(text)["processes"])


def maps_printed(run):
    equal([len(re.findall(rf" {op}\(\d+, ", run.err())) for op in ("map", "unmap")], [maps_of(run.out())] * 2, "the output has all maps and unmaps")


def slowest_first(run):
    took = [float(ms) for ms in re.findall(r"^\d\d:.* modops .* ([\d.]+)ms", run.out(), re.M)]
    ok(len(took) >= MODOPS // 17 and took == sorted(took, reverse=True) and took[0] >= 20, "the slowest maps are first", took)


def stall_recorded(run):
    p = subprocess.run(["dmabuf-trace", "report", "-i", f"{FOLDER}/stall.data", "--view=slowest"], stdout=subprocess.PIPE, text=True, check=True)
    ok(re.search(r"^\d\d:.* modops .* [2-9]\d\.\dms", p.stdout, re.M), "report has the slow map", p.stdout)


def perfetto_written(run):
    with open(f"{FOLDER}/stall.perfetto-trace", "rb") as f:
        trace = f.read()
    ok(trace[:1] == b"\n" and b"modops" in trace, "the file is a trace with the process", trace[:80])


def grow():
    """New buffers of a process that stays."""
    STAY.enter_context(start("grower", "-n", "23", "plain"))


def served(run):
    with contextlib.suppress(OSError):
        with urllib.request.urlopen("http://127.0.0.1:9417/metrics") as answer:
            ANSWERS.append(answer.read())
    return ANSWERS


def rewritten(run):
    if os.path.exists(TEXTFILE):
        INODES.add(os.stat(TEXTFILE).st_ino)
    return len(INODES) > 1


def has_metrics(text):
    found = {dict(labels)["comm"]: n for labels, n in scrape.parse(text)["dmabuf_process_buffers"].items()}
    equal({comm: found.get(comm) for comm in HELD}, {comm: len(w["buffers"]) for comm, w in HELD.items()}, "the metrics have the buffers of each process")


def textfile(run):
    with open(TEXTFILE, "rb") as f:
        has_metrics(f.read())


def no_failure(run):
    prints(r"^Known by the baseline: 1$", r"^SUMMARY: dmabuf-trace: 0 leaks")(run)
    cases = list(xml.parse(f"{FOLDER}/leaks.xml").iter("testcase"))
    ok(cases and not any(case.findall("failure") for case in cases), "the JUnit file has test cases and no failure")


def descending(run):
    found = [int(n) for n in re.findall(r":(\d+)$", run.out(), re.M)]
    ok(found[0] > 0 and found == sorted(found, reverse=True), "the largest exporter is first", found)


def ten_failures(run):
    p = subprocess.run(["modops", "-n", str(MODOPS), "-P", "1"], stdout=subprocess.PIPE, text=True, check=True)
    equal(json.loads(p.stdout)["processes"][0]["errors"]["map"], 10, "ten maps fail")


CASES = {
    "# dmabuf-top -b -n1": Case(largest_first),
    "# dmabuf-top -n1 --json --view buffers --min-size 1M |\n    jq '.buffers[] | select(.procs == 0)'": Case(in_flight),
    f"# dmabuf-top --csv -d 10 -G {SERVICE} -O pid,comm,pss": Case(of_service, interrupt_when(lambda run: run.out().count("camera-service") >= 2)),
    "# dmabuf-trace doctor": Case(prints("^user +root", r"^ ok .* <- used$", r"^Works: dmabuf-top, record, stat")),
    "$ dmabuf-trace doctor": Case(prints("^user +not root", r"^ ok .* <- used$", r"^Missing: stat, live, leaks")),
    "# dmabuf-trace stat -- modops -n 101 -P 2": Case(prints(r"^map .* dmabuf_tools ")),
    "# dmabuf-trace stat -e map -- modops -n 101 -P 2 >modops.json": Case(maps_counted),
    f"# dmabuf-trace stat -I 1000 -G {SERVICE}":
        Case(tables_of_service, interrupt_when(lambda run: run.out().count("seconds elapsed") >= 2), busy),
    "# dmabuf-trace live --comm=weston --exporter=system --stacks=user":
        Case(prints(r"weston\[\d+.*\]  export\(\d+, .*, system\)", r"^\t.*\bmake_plain\b"), interrupt_when(lambda run: "make_plain" in run.out()), weston),
    "# dmabuf-trace live -e map,unmap -- modops -n 101 -P 2": Case(maps_printed),
    "# dmabuf-trace record -F -o maps.data -- modops -n 101 -P 2 >modops.json": Case(),
    "# dmabuf-trace report -i maps.data --view=slowest": Case(slowest_first),
    "# dmabuf-trace record --flight=10 --trigger='map>15ms' --stacks -o stall.data":
        Case(stall_recorded, interrupt_when(lambda run: "written to stall.data" in run.err()), busy),
    "# dmabuf-trace export -i stall.data --format=perfetto -o stall.perfetto-trace": Case(perfetto_written),
    "# dmabuf-trace record --stacks -o before.data -- sleep 60": Case(None, end_after(lambda: None)),
    "# dmabuf-trace record --stacks -o after.data -- sleep 60": Case(None, end_after(grow)),
    "# dmabuf-trace diff --by=stack before.data after.data": Case(prints(r"\+23 ")),
    "# dmabuf-trace metrics --listen=127.0.0.1:9417": Case(lambda run: has_metrics(ANSWERS[0]), interrupt_when(served)),
    f"# dmabuf-trace metrics --textfile={TEXTFILE} --interval=60": Case(textfile, interrupt_when(rewritten)),
    "# dmabuf-trace leaks -u builder --suppressions leaks.supp -- make check": Case(prints(r"^Suppressed: 1 leak, .* leak:export_growth$")),
    "# dmabuf-trace leaks --write-baseline=known.json -- make check": Case(prints(r"^Leak 1 \(growth, error\): "), status=23),
    "# dmabuf-trace leaks --baseline=known.json --junit=leaks.xml -- make check": Case(no_failure),
    "# dmabuf-trace leaks -p 812 --duration=60": Case(prints("no leaks: "), beside=busy),
    "# cd /sys/kernel/dmabuf_tools/exporters && grep . */bytes | sort -t: -k2nr": Case(descending),
    "# cd /sys/kernel/dmabuf_tools/devices/DEVICE &&\n    echo $(($(cat map_ns_total) / $(cat map_total)))": Case(prints(r"^[1-9]\d*$")),
    "# cd /sys/kernel/debug/dmabuf_tools/inject/map &&\n    echo 3 >every && echo 10 >times && echo 12 >errno": Case(ten_failures),
}


def prompted(example):
    return f"{'#' if example.root else '$'} {example.command}"


def unusual(text, command):
    """Lines of standard error that are no part of the output; live, stat and leaks print there beside COMMAND."""
    lines = [line for line in text.split("\n") if line and not any(re.fullmatch(usual, line) for usual in USUAL)]
    if re.match(r"dmabuf-trace (live|stat|leaks) .*-- ", command):
        lines = [line for line in lines if line.startswith("dmabuf-")]
    return lines + re.findall(r"\b[1-9]\d* (?:events )?(?:lost|missed)\b", text)


def try_example(example):
    command, name = example.command, prompted(example)
    case = CASES.get(name, Case())
    with case.beside() as other:
        for word, meaning in MEANS.items():
            command = re.sub(rf"(?<![^\s/]){re.escape(word)}(?!\S)", meaning.format(pid=other and other.pid), command)
        with Run(command, FOLDER, () if example.root else NOBODY) as run:
            if case.meanwhile:
                case.meanwhile(run)
            good = equal(run.wait(), case.status, f"{name}: exits with {case.status}")
            good &= equal(unusual(run.err(), command), [], f"{name}: standard error has only usual lines")
            good &= equal(missing(example, run.text()), [], f"{name}: the output has the lines of the page")
            if case.shows and good:
                case.shows(run)
            elif name not in CASES and "dmabuf-" in command:
                good &= ok(run.text(), f"{name}: prints a text")
            if not good:
                diag(run.text()[-3000:])


def prepare():
    """What the pages assume: a service, a user who may use the module, a test, delays, and programs."""
    os.chmod(FOLDER, 0o777)
    stand_in(f"{FOLDER}/bin", STAND_INS)
    os.mkfifo(f"{FOLDER}/until")
    with open(f"{FOLDER}/Makefile", "w", encoding="ascii") as f:
        f.write("check:\n\tleaker growth\n")
    os.makedirs(os.path.dirname(TEXTFILE), exist_ok=True)
    STAY.callback(lambda: os.path.exists(TEXTFILE) and os.unlink(TEXTFILE))
    os.makedirs(f"/sys/fs/cgroup{SERVICE}", exist_ok=True)
    STAY.callback(poll, left)
    with open("/etc/passwd", "r+", encoding="utf-8") as f:
        STAY.callback(os.truncate, "/etc/passwd", f.seek(0, os.SEEK_END))
        f.write(f"builder:x:{BUILDER}:{BUILDER}::/:/bin/sh\n")
    module.load_for_test()
    module.write("inject/map/every", 17)
    module.write("inject/map/delay_us", 20000)
    for node in (module.EXPORTER, module.IMPORTER):
        os.chmod(node, 0o666)


def left():
    """Remove the cgroup of the service, as soon as its processes have ended."""
    with contextlib.suppress(OSError):
        os.rmdir(f"/sys/fs/cgroup{SERVICE}")
    return not os.path.exists(f"/sys/fs/cgroup{SERVICE}")


if kernel.VERSION < (7, 0) or not os.path.exists("/dev/dma_heap/system"):
    skip("examples of the manual pages", "the pages have the output of Linux 7 with a dma-heap")
    sys.exit(done())

ANSWERS, INODES = [], set()
with contextlib.ExitStack() as STAY:
    FOLDER = STAY.enter_context(tempfile.TemporaryDirectory(dir="/tmp"))
    prepare()
    # The largest first
    HELD = {comm: STAY.enter_context(start(comm, "-n", str(n), "-s", "1M", "plain", cgroup=cgroup))
            for comm, n, cgroup in (("compositor", 23, ""), ("media-player", 11, ""), ("camera-service", 3, SERVICE))}
    CHAT = STAY.enter_context(start("chat", "-n", "5", "-s", "1M", "inflight"))
    found = {os.path.basename(path): page(os.path.basename(path)) for path in sorted(glob.glob("man/*.[48]"))}
    equal([name for name, examples in found.items() if not examples], [], "each page has examples")
    for name in sys.argv[1:] or [name for name, examples in found.items() if not all(map(is_offline, examples))]:
        begin = time.monotonic()
        for example in found[name]:
            try_example(example)
        diag(f"{name}: {time.monotonic() - begin:.1f} s")
    shown = [prompted(example) for examples in found.values() for example in examples]
    equal([name for name in CASES if name not in shown], [], "a page has each example of CASES")
    equal([word for word in MEANS if not any(word in name for name in shown)], [], "a page has each word of MEANS")
sys.exit(done())
