#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""What the module did is in the recording, exactly, however it was recorded and whatever it is made into."""
import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import exports  # noqa: E402
import module  # noqa: E402
import modops  # noqa: E402
from tap import Workload, done, equal, ok, poll, run_parts, scaled, skip  # noqa: E402

WANTED = ("export", "release") + modops.CALLS


def run(*args, **more):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def record(path, n, *args, command=None):
    """Records modops; what it did, and what record said."""
    ops = f"{path}.ops"
    with open(ops, "w") as out:
        p = subprocess.run(["dmabuf-trace", "record", "-o", path, *map(str, args), "--", *(command or ("modops", "-n", str(n), "-P", "8"))],
                           stdout=out, stderr=subprocess.PIPE, text=True)
    ok(p.returncode == 0, f"record {' '.join(map(str, args))}", p.returncode, p.stderr[-300:])
    return modops.processes(ops), p.stderr


def report(path, *args):
    p = run("dmabuf-trace", "report", "-i", path, "--json", *args)
    ok(p.returncode == 0 and not p.stderr, f"report {' '.join(args)}", p.stderr[-300:])
    return json.loads(p.stdout)


def events(path, *args):
    p = run("dmabuf-trace", "report", "-i", path, "--events", "--json", *args)
    ok(p.returncode == 0 and not p.stderr, f"report --events {' '.join(args)}", p.stderr[-300:])
    return [json.loads(line) for line in p.stdout.splitlines()]


def counted(rows, made):
    """As modops.expected(). A snapshot holds each buffer for a moment, so that the last to let one go may be record itself."""
    makers = {ino: p["pid"] for p in made for ino in p["inos"]}
    return Counter((e["event"], makers[e["ino"]] if e["event"] == "release" else e["pid"], e["device"], e["direction"])
                   for e in rows if e["event"] in WANTED and e["ino"] in makers)


def exact(label, n, *args):
    path = os.path.join(place, label)
    module.clear()
    made, said = record(path, n, modops.ring(n), *args)
    counters = module.counters("exporter"), module.counters("importer")
    want, inos = modops.expected(made), {ino: p["pid"] for p in made for ino in p["inos"]}
    everything = events(path)
    rows = [e for e in everything if e["event"] == "lost" or e["ino"] in inos]
    equal([e for e in rows if e["event"] == "lost"], [], f"{label}: none lost")
    equal(counted(rows, made), want, f"{label}: event, process, device and direction")
    equal({e["error"] for e in rows if e["event"] in WANTED}, {0}, f"{label}: results")
    equal({e["ino"] for e in rows if e["event"] in WANTED}, set(inos), f"{label}: these buffers")
    equal({e["comm"] for e in rows if e["event"] in WANTED and e["event"] != "release"}, {"modops"}, f"{label}: who")
    equal({(e["event"], e["node"]) for e in rows if e["event"] in ("export", "map")},
          {("export", module.EXPORTER), ("map", module.IMPORTER)}, f"{label}: nodes")
    lives = [e["lifetime"] for e in rows if e["event"] == "release"]
    ok(all(lives), f"{label}: each lived for some time")
    r = report(path)
    got = Counter({(o["op"], o["device"], o["direction"]): o["count"] for o in r["operations"]
                   if o["exporter"] == "dmabuf_tools" and o["op"] in WANTED})
    equal(got, modops.without_pid(want), f"{label}: the summary's operations")
    sums = Counter()
    for o in r["operations"]:
        if o["exporter"] == "dmabuf_tools":
            sums[o["op"]] += o["count"]
    for op in ("attach", "map", "unmap", "detach"):
        equal((sums[op], counters[1][op]), (n, n), f"{label}: {op} as the module's importer counted")
    equal((sums["begin"], sums["export"], sums["release"]), (counters[0].get("begin_cpu_access", sums["begin"]), n, n),
          f"{label}: begin, export, release as its exporter did")
    equal((r["lost"], r["ended"]), (0, True), f"{label}: lost, ended")
    sizes = {e["ino"]: e["size"] for e in rows if e["event"] == "export"}
    bytes_of = {o["op"]: 0 for o in r["operations"]}
    for o in r["operations"]:
        if o["exporter"] == "dmabuf_tools":
            bytes_of[o["op"]] += o["bytes"]
    equal((bytes_of["export"], bytes_of["map"]), (sum(sizes.values()), sum(sizes.values())), f"{label}: bytes")
    equal([e["duration"] for e in r["slowest"]], sorted((e["duration"] for e in rows if e["event"] == "map"), reverse=True)[:10],
          f"{label}: the slowest maps")
    equal([e["lifetime"] for e in r["longest"] if e["comm"] == "modops"][:3], sorted(lives, reverse=True)[:3], f"{label}: the longest-lived")
    if label == "zstd":
        exported(path, label, everything)
    return path, rows, made


def narrowed():
    path, rows, made = exact("narrow", 101)
    one = made[0]
    mine = events(path, "-p", str(one["pid"]))
    equal(counted(mine, made), Counter({k: n for k, n in modops.expected(made).items() if k[1] == one["pid"]}), "-p")
    device = one["device"]
    got = [e for e in events(path, "--device", device) if e["device"]]
    equal({e["device"] for e in got}, {device}, "--device")
    maps = [e for e in events(path) if e["event"] == "map"]
    equal(len([e for e in events(path, "--exporter=nope") if e["event"] == "map"]), 0, "--exporter of none")
    by = events(path, "--sort=duration", "-O", "event,duration")
    known = [e["duration"] for e in by if e["duration"] is not None]
    ok(known == sorted(known, reverse=True) and len(by) == len(events(path)), "--sort")
    middle = sorted(e["time"] for e in maps)[len(maps) // 2]
    cut = f"{(middle / 1e9 - report(path)['first']):.9f}"
    before, after = events(path, f"--to={cut}"), events(path, f"--from={cut}")
    ok(before and after and max(e["time"] for e in before) < min(e["time"] for e in after), "--from, --to", len(before), len(after))
    equal(sorted(map(str, before + after)), sorted(map(str, events(path))), "--from, --to: together all, each once")
    csv = run("dmabuf-trace", "report", "-i", path, "--events=map", "--csv", "-O", "ino,duration").stdout.splitlines()
    equal(csv, ["ino,duration"] + [f"{e['ino']},{e['duration']}" for e in maps], "--csv")
    text = run("dmabuf-trace", "report", "-i", path, "--events=map").stdout.splitlines()
    equal(len(text), len(maps) + 1, "text")


def scopes():
    """Only the command's tree; only what a filter wants."""
    other = subprocess.Popen(["modops", "-n", "5003", "-P", "1"], stdout=subprocess.DEVNULL)
    made, _ = record(path := os.path.join(place, "tree"), 101, "-F")
    rows = events(path)
    equal(counted(rows, made), modops.expected(made), "-F: all of the tree")
    equal({e["ino"] for e in rows if e["event"] in WANTED} - {ino for p in made for ino in p["inos"]}, set(), "-F: and nothing else")
    made, _ = record(path := os.path.join(place, "device"), 101, "--device", "dmabuf-importer.1", "--comm", "modops")
    rows = events(path)
    equal({e["device"] for e in rows if e["device"]}, {"dmabuf-importer.1"}, "--device")
    equal({e["comm"] for e in rows if e["event"] in modops.CALLS}, {"modops"}, "--comm")
    other.kill()
    other.wait()


def flight():
    path = os.path.join(place, "flight")
    p = run("dmabuf-trace", "record", "-o", path, "--flight=600", "--trigger=map>100s", "--", "true")
    ok("written" not in p.stderr, "what does not happen triggers nothing", p.stderr)
    module.write("inject/map/delay_us", 3000)
    try:
        p = run("dmabuf-trace", "record", "-o", path, "--flight=600", "--trigger=map>2ms", "--", "modops", "-n", 23, "-P", 1)
    finally:
        module.write("inject/map/delay_us", 0)
    ok("written to" in p.stderr, "a slow map writes what was kept", p.stderr)
    equal(len(events(path, "-O", "event")) > 23, True, "and the maps are in it")
    equal(sum(e["event"] == "map" for e in events(path)), 23, "all of them, once")
    for args in (["--trigger=map>5ms"], ["--flight=5", "--trigger=fd>5ms"], ["--flight=5", "--trigger=map>5"],
                 ["--flight=5", "-e", "fd", "--trigger=map>5ms"], ["-F"], ["-e", "nap"]):
        equal(run("dmabuf-trace", "record", "-o", "/dev/null", *args).returncode, 2, f"bad usage: {' '.join(args)}")


def small_ring():
    path = os.path.join(place, "ring")
    made, _ = record(path, 1009, "--ring-size=4K", "-e", ",".join(modops.CALLS))
    pids = {p["pid"] for p in made}
    rows = events(path)
    lost = sum(e["lost"] for e in rows if e["event"] == "lost")
    calls = modops.total(made)
    got = sum(e["event"] in modops.CALLS and e["pid"] in pids | {0, None} for e in rows)
    equal(got + lost, sum(calls[c] for c in modops.CALLS), f"a tiny ring: {got} recorded + {lost} lost = made")
    equal(report(path)["lost"], lost, "a tiny ring: the summary has as many")


def limited():
    path = os.path.join(place, "limited")
    _, said = record(path, 1009, "--max-size=64K")
    ok(os.path.getsize(path) <= 65536 and "--max-size" in said, "--max-size with events", os.path.getsize(path), said)
    ok(len(events(path)) > 500 and report(path)["ended"], "and all up to there can be read")


def piped(label, *workload):
    """Records what a workload does while it is there, and what its buffers then were: (workload, events), None if it cannot be."""
    path = os.path.join(place, label)
    p = subprocess.Popen(["dmabuf-trace", "record", "-o", path, "--snapshot=0.2"], stderr=subprocess.PIPE, text=True)
    while (line := p.stderr.readline()) and "recording to" not in line:
        pass
    with Workload(*workload) as w:
        if not w.skipped:
            held = w.data
            ok(poll(lambda: json.loads(run("dmabuf-trace", "report", "-i", path, "-q", "--json").stdout or "{}").get("peak")),
               f"{label}: a snapshot has its buffers")
        w.stop()
    p.send_signal(signal.SIGINT)
    p.stderr.read()
    equal(p.wait(), 0, f"{label}: record ends")
    if w.skipped:
        skip(label, w.skipped)
        return None
    rows = events(path)
    buffers = {b["ino"]: b for b in held["buffers"]}
    made = {e["ino"]: e for e in rows if e["event"] == "export" and e["ino"] in buffers}
    equal({i: (e["size"], e["exporter"]) for i, e in made.items()}, {i: (b["size"], b["exporter"]) for i, b in buffers.items()},
          f"{label}: exports as the workload made them")
    equal({e["ino"] for e in rows if e["event"] == "release" and e["ino"] in buffers}, set(buffers), f"{label}: all were let go")
    equal(sum(e["lost"] for e in rows if e["event"] == "lost"), 0, f"{label}: none lost")
    return held, rows, path


def exported(path, label, rows):
    """What other tools read is what report says."""
    for form, read in (("chrome", exports.chrome), ("perfetto", exports.perfetto)):
        p = run("dmabuf-trace", "export", "--format", form, "-i", path, "-o", f"{path}.{form}")
        equal((p.returncode, p.stderr), (0, exports.written(f"{path}.{form}")), f"{label}: export to {form}")
        export = read(f"{path}.{form}")
        equal(exports.calls(export), exports.calls_of(rows), f"{label}: {form} has the same calls and times")
        equal(export.wrong, [], f"{label}: {form}: slices nest")
        begun, ended = ({e["ino"]: e for e in rows if e["event"] == k} for k in ("export", "release"))
        equal({i: l for i, l in exports.lives(export).items() if i in begun and i in ended},
              {i: (begun[i]["time"], ended[i]["time"], begun[i]["size"]) for i in begun if i in ended}, f"{label}: {form}: lives and sizes")
        lines = [json.loads(line) for line in run("dmabuf-trace", "export", "--format", "ndjson", "-i", path).stdout.splitlines()]
        held = {(s["time"], h["pid"] or 0, h["rss"] if h["pid"] else h["pss"]) for s in lines if s["event"] == "snapshot" for h in s["processes"]}
        equal({(t, pid, n) for pid, values in export.counters.items() for t, n in values if n}, {h for h in held if h[2]}, f"{label}: {form}: held bytes")


def pipelines():
    """What real drivers do, from one to the other."""
    got = piped("vivid", "vivid-stream", "-n", 4)
    if got:
        held, rows, path = got
        exported(path, "vivid", rows)
        inos = {b["ino"] for b in held["buffers"]}
        maps = [e for e in rows if e["event"] == "map" and e["ino"] in inos]
        equal({(e["device"].split(".")[0], e["direction"], e["error"]) for e in maps}, {("vivid", "to_device", 0)}, "vivid: its output reads them")
        ok({e["ino"] for e in maps} == inos, "vivid: each buffer")
        nodes = {k: {e["node"] for e in rows if e["event"] == k and e["ino"] in inos} for k in ("export", "attach")}
        ok(all(n and all(x and x.startswith("/dev/video") for x in n) for n in nodes.values()) and nodes["export"] != nodes["attach"],
           "vivid: exported through one node, attached through the other", nodes)
    got = piped("vgem", "vgem-import", "-n", 23)
    if got:
        held, rows, _ = got
        inos = {b["ino"] for b in held["buffers"]}
        attaches = Counter((e["ino"], e["device"]) for e in rows if e["event"] == "attach" and e["ino"] in inos)
        equal(attaches, Counter({(i, "vgem"): 1 for i in inos}), "vgem: attached once each")
    got = piped("socket", "passed", "-n", 23)
    if got:
        held, rows, path = got
        makers = {e["pid"] for e in rows if e["event"] == "export" and e["ino"] in {b["ino"] for b in held["buffers"]}}
        holders = {p["pid"] for p in report(path)["processes"] if p["peak"]}
        ok(len(makers) == 1 and holders - makers, "socket: one made them, another holds them", makers, holders)


if not os.path.exists(module.path()):
    skip("events of the module", "it is not built")
    sys.exit(done())
module.load_for_test("devices=8")
made_here = tempfile.TemporaryDirectory(dir="/tmp")
place = made_here.name
atexit.register(made_here.cleanup)
run_parts(
    kernel={"plain": lambda: exact("plain", scaled()), "ring": small_ring, "pipelines": pipelines},
    user_space={"scopes": scopes, "zstd": lambda: exact("zstd", 101, "--compress"), "kept": lambda: exact("kept", 101, "--flight=600"), "narrowed": narrowed,
                "flight": flight, "limited": limited})
