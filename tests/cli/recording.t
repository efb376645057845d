#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: user space
"""A recording of known events: report and export give the same counts, times and bytes; bad options are refused. Needs no kernel."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import exports  # noqa: E402
from tap import done, equal, ok, skip  # noqa: E402

BENCH = f"out/lab/{os.environ['LAB_SUITE']}" if "LAB_SUITE" in os.environ else "out"
TRACE = "dmabuf-trace" if "LAB_SUITE" in os.environ else os.path.abspath("out/dmabuf-trace")


def run(*args, **more):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def make(path, n, level=0):
    return json.loads(run(f"{BENCH}/tests/bench/recording", path, n, level, check=True).stdout)


def listed(path, *args):
    return [json.loads(line) for line in run(TRACE, "report", "-i", path, "--events", "--json", *args, check=True).stdout.splitlines()]


def check_report(path, made):
    r = json.loads(run(TRACE, "report", "-i", path, "--json", check=True).stdout)
    equal(r["counts"], {k: n for k, n in made["counts"].items() if n}, "report: counts")
    equal((r["events"], r["lost"], r["ended"]), (made["events"], 0, True), "report: events")
    sums, nbytes = Counter(), Counter()
    for o in r["operations"]:
        sums[o["op"]] += o["sum"] or 0
        nbytes[o["op"]] += o["bytes"]
    equal({k: n for k, n in sums.items() if n and k != "fence_wait"}, {k: n for k, n in made["durations"].items() if n}, "report: times")
    equal(nbytes["export"], made["bytes"], "report: bytes")
    # Two of 1 MiB were there before; of the others one lives at a time
    equal((r["peak"], r["buffers"]), (2 * (1 << 20) + 4096 * 23, 2), "report: peak")


def check_exports(path, rows):
    got = {}
    for form, read in (("chrome", exports.chrome), ("perfetto", exports.perfetto)):
        out = f"{path}.{form}"
        p = run(TRACE, "export", "--format", form, "-i", path, "-o", out)
        if p.returncode and "protobuf-c" in p.stderr:
            skip(form, "built without protobuf-c")
            continue
        equal((p.returncode, p.stderr), (0, exports.written(out)), f"{form}: the message names the file and the next step")
        got[form] = export = read(out)
        equal(exports.calls(export), exports.calls_of(rows), f"{form}: calls and their times")
        begun = {e["ino"]: e for e in rows if e["event"] == "export"}
        ended = {e["ino"]: e["time"] for e in rows if e["event"] == "release"}
        equal({i: life for i, life in exports.lives(export).items() if i in ended},
              {i: (begun[i]["time"], end, begun[i]["size"]) for i, end in ended.items()}, f"{form}: lives and sizes")
        equal(set(exports.lives(export)) - set(begun), {1, 2}, f"{form}: those from before")
        equal(export.wrong, [], f"{form}: slices nest")
        equal(Counter(m.name for m in export.moments), Counter(e["event"] for e in rows if e["event"] == "fd"), f"{form}: moments")
        arrows = Counter(tuple(s.name for s in flow) for flow in export.flows.values())
        want = ("map camera.0", "map display.0"), ("unmap camera.0", "begin")
        ok(all(len(ended) <= arrows[a] <= len(begun) for a in want) and set(arrows) <= {*want, want[0][:1], want[1][:1]}, f"{form}: arrows", arrows)
        equal({pid: {b for _, b in values} for pid, values in export.counters.items()}, {4001: {2 << 20, 0}}, f"{form}: held bytes")
        mapped = [s for s in export.slices if s.name == "mapped display.0"]
        ok(len(ended) <= len(mapped) <= len(begun) and {s.end - s.start for s in mapped} == {100}, f"{form}: mapped", len(mapped))
    if len(got) == 2:
        equal(sorted(map(str, got["chrome"].slices)), sorted(map(str, got["perfetto"].slices)), "both have the same slices")
    lines = [json.loads(line) for line in run(TRACE, "export", "--format", "ndjson", "-i", path, check=True).stdout.splitlines()]
    equal([e for e in lines if e["event"] != "snapshot"], rows, "ndjson: events")
    equal([(e["buffers"], e["bytes"], e["processes"]) for e in lines if e["event"] == "snapshot"],
          [(2, 2 << 20, [{"pid": 4001, "comm": comm, "buffers": 2, "rss": 2 << 20, "pss": 2 << 20}]) for comm in ("camera-0", "camera-app")], "ndjson: snapshots")


def check_names(path):
    """What a process held is under its name of that time."""
    out = f"{path}.chrome"
    run(TRACE, "export", "--format", "chrome", "-i", path, "-o", out, check=True)
    with open(out, encoding="utf-8") as f:
        counters = [e for e in json.load(f)["traceEvents"] if e["ph"] == "C"]
    held = [e["args"]["bytes"] for e in counters if e["name"] == "held" and e["pid"]]
    ok(held[-1] == 0 and set(held[:-1]) == {2 << 20}, "export: bytes of the program that was", held)
    equal([e["args"]["bytes"] for e in counters if e["name"] == "held by camera-app"], [2 << 20], "export: bytes of the one that it became")


def check_listing(path, rows):
    equal(listed(path, "--events=map,fd"), [e for e in rows if e["event"] in ("map", "fd")], "--events=map,fd")
    equal([e["ino"] for e in listed(path, "-p", "4002")], [e["ino"] for e in rows if e["ino"] % 8 == 1 or e["pid"] == 4002], "-p: its buffers")
    equal(listed(path, "--sort=time", "--from=10us", "--to=20us"), [e for e in rows if 10000 <= e["time"] - rows[0]["time"] <= 20000], "--from, --to")
    text = run(TRACE, "report", "-i", path, "--events", "-O", "event,ino,duration", check=True).stdout.splitlines()
    equal((len(text), text[0].split(), text[1].split()), (len(rows) + 1, ["EVENT", "INO", "TOOK"], ["export", "10", "-"]), "text")


def check_machines():
    """Recorded on one kind of machine, read on another: what its own report said there (tests/cli/recorded/make)."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")
    names = sorted(name for name in os.listdir(place) if name.endswith(".data"))
    equal(len(names), 2, "recordings of two kinds of machines")
    for name in names:
        own = os.path.join(place, name.removesuffix(".data"))
        with open(f"{own}.report.json", encoding="utf-8") as f:
            equal(run(TRACE, "report", "-i", name, "--json", cwd=place).stdout, f.read(), f"{name}: report")
        with open(f"{own}.events.sha256", encoding="ascii") as f:
            events = run(TRACE, "report", "-i", name, "--json", "--events", cwd=place).stdout
            equal(hashlib.sha256(events.encode()).hexdigest(), f.read().split()[0], f"{name}: events")


def check_sums():
    """What a report says of exports, maps and times is what its events say, one by one."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded", "x86_64.data")
    rows, r = listed(path), json.loads(run(TRACE, "report", "-i", path, "--json", check=True).stdout)
    exported = [e for e in rows if e["event"] == "export" and not e["error"]]
    ok(r["seen"] >= len(exported) > 0, "report: as many buffers seen as were exported", r["seen"], len(exported))
    equal(sum(e["seen"] for e in r["exporters"]), r["seen"], "report: by exporter")
    ok(r["peak"] >= max(e["size"] for e in exported), "report: the peak has what lived between snapshots", r["peak"])
    ok({e["pid"] for e in exported} <= {p["pid"] for p in r["processes"]}, "report: processes that exported", r["processes"])
    ok(" 0 seen" not in run(TRACE, "report", "-i", path).stdout, "report: text")
    for o in r["operations"]:
        of = sorted(e["duration"] for e in rows if e["duration"] is not None and
                    all(e[k] == o[k] for k in ("exporter", "device", "direction")) and e["event"] == o["op"])
        want = [of[-(-len(of) * p // 100) - 1] for p in (50, 90, 99)] if of else [None] * 3
        equal([o["p50"], o["p90"], o["p99"]], want, f"report: percentiles of {len(of)} {o['op']}")
    stacks = {e["time"]: e["kernel_stack"] for e in listed(path, "-O", "event,time,kernel_stack") if e["event"] == "map"}
    slowest = json.loads(run(TRACE, "report", "-i", path, "--view=slowest", "-O", "time,kernel_stack", "--json", check=True).stdout)["slowest"]
    ok(any(stacks.values()), "report: there are stacks")
    equal({e["time"]: e["kernel_stack"] for e in slowest}, {e["time"]: stacks[e["time"]] for e in slowest}, "report: the slowest maps' stacks")
    for args in (["report", "--from", "5", "--to", "2"], ["export", "--format=chrome", "--from=2020-01-02T00:00:00", "--to=2020-01-01 00:00:00"]):
        p = run(TRACE, *args, "-i", path)
        ok(p.returncode == 2 and not p.stdout and p.stderr.count("\n") == 1 and "after" in p.stderr, f"from after to: {args}", p.stderr)
    one, other = (run(TRACE, "report", "-i", path, "--events", "--csv", env={**os.environ, "LC_ALL": locale}).stdout for locale in ("C", "C.UTF-8"))
    equal(one, other, "CSV: the same in any locale")
    p = run(TRACE, "export", "--format", "perfetto", "-i", path, "-o", "/dev/full")
    ok(p.returncode == 1 and ("No space" in p.stderr or "protobuf-c" in p.stderr), "perfetto into a full disk", p.stderr)


def check_usage(path):
    for args in (["export"], ["export", "--format", "pdf"], ["report", "--events=nap"], ["report", "--events", "--sort=nap"],
                 ["report", "--sort=time"], ["report", "--events", "-O", "nap"], ["report", "--view=nap"]):
        p = run(TRACE, *args, "-i", path)
        ok(p.returncode == 2 and not p.stdout and p.stderr.startswith("dmabuf-trace"), f"exit 2: {' '.join(args)}", p.stderr)
    for time in ("x", "-1", "1h", "25:61:00", "nan"):
        equal(run(TRACE, "report", "-i", path, f"--from={time}").returncode, 2, f"--from={time}")
    for form in ("chrome", "ndjson"):
        p = run(TRACE, "export", "--format", form, "-i", path, "-o", "/dev/full")
        ok(p.returncode == 1 and "No space" in p.stderr, f"{form} into a full disk", p.stderr)
    for bad in ("/", "/dev/null", "/etc/passwd"):
        equal(run(TRACE, "export", "--format", "chrome", "-i", bad).returncode, 1, f"export of {bad}")


with tempfile.TemporaryDirectory(dir="/tmp") as place:
    for level in (0, 3):
        data = os.path.join(place, f"data{level}")
        known = make(data, 1009, level)
        all_of_it = listed(data)
        check_report(data, known)
        check_exports(data, all_of_it)
        check_names(data)
    check_listing(data, all_of_it)
    check_usage(data)
check_machines()
check_sums()
sys.exit(done())
