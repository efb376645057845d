#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space, nothing
"""dmabuf-trace metrics: the workloads' own numbers, by each source and each way to be scraped; what goes wrong around it."""
import atexit
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import module  # noqa: E402
from known import merged, sources, start_all, want_processes  # noqa: E402
from scrape import Server, families, once, parse  # noqa: E402
from tap import SCALE, Workload, bufinfo, equal, measured, ok, own_memory, poll, run_parts, scaled, skip  # noqa: E402

FACTORIES = [
    ["plain", "-n", 23], ["plain-map", "-n", 7], ["inflight", "-n", 5], ["shared", "-n", 7, "-P", 5], ["kernel-only", "-n", 11],
    ["vgem-export", "-n", 13], ["vgem-import", "-n", 5], ["vivid"], ["many", "-n", 101, "-P", 17, "-s", 4096], ["hostile"],
]
# What the unit file gives the service
CAPABILITIES = "+bpf,+perfmon,+dac_read_search,+sys_admin"
DIRECTIONS = ("bidirectional", "to_device", "from_device")
TEXTFILE = "/tmp/textfile/dmabuf.prom"


common = None


def server():
    """One for all that need no other: what its hooks take to load is most of a start."""
    global common
    if not common:
        common = Server()
        # Whoever runs the test waits for all that has its output
        atexit.register(lambda: common and common.stop())
    return common


def by(samples, *labels):
    """{labels' values: value}; a label that is not there is empty."""
    return {tuple(dict(k).get(label, "") for label in labels) if len(labels) > 1 else dict(k).get(labels[0], ""): v
            for k, v in samples.items()}


def value(found, name):
    return found.get(name, {}).get(())


def want_exporters():
    rows = {}
    for b in bufinfo().values():
        row = rows.setdefault(b.exporter, [0, 0])
        row[0] += 1
        row[1] += b.size
    return rows


def want_groups(buffers, holders, name):
    """{group: [buffers, rss, pss, uss]}; name gives the group of a holder."""
    held, pss = {}, {}
    for (pid, ino), h in holders.items():
        held.setdefault(ino, set()).add(name(pid, h))
        pss.setdefault(name(pid, h), {})[pid] = want_processes(buffers, holders)[pid]["pss"] if pid not in pss.get(name(pid, h), {}) else \
            pss[name(pid, h)][pid]
    rows = {}
    for ino, names in held.items():
        for n in names:
            row = rows.setdefault(n, [0, 0, sum(pss[n].values()), 0])
            row[0] += 1
            row[1] += buffers[ino]["size"]
            row[3] += buffers[ino]["size"] if len(names) == 1 else 0
    return rows


def got_groups(found, label):
    names = ("buffers", "rss_bytes", "pss_bytes", "uss_bytes")
    parts = [by(found.get(f"dmabuf_process_{n}", {}), label) for n in names]
    return {g: [p[g] for p in parts] for g in parts[0]}


def near(got, want):
    """PSS within a byte for each process; all else exact."""
    return got.keys() == want.keys() and all(got[k][:2] + got[k][3:] == want[k][:2] + want[k][3:] and abs(got[k][2] - want[k][2]) <= 1 for k in want)


def check_gauges(found, workloads, label):
    buffers, holders = merged(workloads)
    got = {e: [n, by(found["dmabuf_bytes"], "exporter")[e]] for e, n in by(found["dmabuf_buffers"], "exporter").items() if n}
    equal(got, want_exporters(), f"{label}: buffers and bytes by exporter are bufinfo's")
    groups, want = got_groups(found, "comm"), want_groups(buffers, holders, lambda pid, h: h["comm"])
    ok(near(groups, want), f"{label}: processes by comm", groups, want)
    unheld = [b for i, b in buffers.items() if not any(ino == i for _, ino in holders)]
    equal(value(found, "dmabuf_kernel_only_bytes"), sum(b["size"] for b in unheld), f"{label}: kernel-only")
    equal(value(found, "dmabuf_unexplained_references"), 0, f"{label}: nothing unexplained")
    equal(by(found.get("dmabuf_suspects", {}), "kind").get("kernel-held", 0), 0, f"{label}: no suspects while processes live")
    devices = {}
    for b in bufinfo().values():
        for d in b.devices:
            devices[d] = devices.get(d, 0) + 1
    equal({k: v for k, v in by(found.get("dmabuf_device_attachments", {}), "device").items() if v}, devices, f"{label}: attachments by device")
    equal(value(found, "dmabuf_up"), 1, f"{label}: up")


def promtool(raw, label):
    if not shutil.which("promtool"):
        skip(f"promtool check metrics: {label}", "no promtool")
        return
    p = subprocess.run(["promtool", "check", "metrics"], input=raw, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal((p.returncode, p.stdout.decode()), (0, ""), f"promtool check metrics: {label}")


def figures():
    """Each source while all workloads run, by HTTP and printed; groups by cgroup and cut to the largest."""
    workloads = start_all(FACTORIES)
    buffers, holders = merged(workloads)
    known = families()
    for source in sources():
        with Server(f"--source={source}", "--top=1000") as s:
            check_gauges(s.scrape(), workloads, source)
            _, headers, text = s.get()
            _, other, openmetrics = s.get(Accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
            equal((headers["Content-Type"], other["Content-Type"]),
                  ("text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"), f"{source}: formats")
            a, b = parse(text), parse(openmetrics, True)
            for found in (a, b):
                found.pop("dmabuf_scrape_duration_seconds")
            equal(a, b, f"{source}: both formats say the same")
            strange = {n for n in a if n not in known and n.rsplit("_", 1)[0] not in known}
            equal(strange, set(), f"{source}: all are in --list-metrics")
            promtool(text, source)
    source = sources()[0]
    found = once(f"--source={source}", "--per-buffer", "--top=2")
    equal({k[0]: (v, k[1], k[2]) for k, v in by(found["dmabuf_buffer_bytes"], "ino", "exporter", "name").items()},
          {str(i): (b["size"], b["exporter"], b["name"] or "") for i, b in buffers.items()}, "--per-buffer: hostile names too")
    equal(by(found["dmabuf_buffer_references"], "ino"), {str(i): b["count"] for i, b in buffers.items()}, "--per-buffer: references")
    want = want_groups(buffers, holders, lambda pid, h: h["comm"])
    top = sorted(want, key=lambda n: (-want[n][2], n))[:2]
    want = want_groups(buffers, holders, lambda pid, h: h["comm"] if h["comm"] in top else "other")
    got = got_groups(found, "comm")
    ok(near(got, want), "--top: the largest, and the rest as other", got, want)
    os.makedirs("/sys/fs/cgroup/test.slice/a.scope", exist_ok=True)
    with open("/sys/fs/cgroup/test.slice/a.scope/cgroup.procs", "w") as f:
        f.write(str(workloads[0].pid))
    found = once(f"--source={source}", "--by=cgroup", "--openmetrics")
    want = want_groups(buffers, holders, lambda pid, h: "/test.slice/a.scope" if pid == workloads[0].pid else "/")
    got = got_groups(found, "cgroup")
    ok(near(got, want) and len(want) == 2, "--by=cgroup", got, want)
    for w in workloads:
        w.stop()


def modops(n, processes=1):
    """More than one on a kernel that preempts may lose events of the cheap hooks, which are counted (tests/lab/events.t)."""
    out = subprocess.run(["modops", "-n", str(n), "-P", str(processes)], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)["processes"]


def fence_wait():
    """A fence is waited for in a map: the map's seconds by the module's own clock."""
    return int(subprocess.run(["python3", "-c", module.FENCE_WAIT], stdout=subprocess.PIPE, check=True).stdout) / 1e9


def want_maps(processes):
    return {("dmabuf_tools", p["device"], d): n for p in processes for d, n in zip(DIRECTIONS, p["directions"]) if n}


def mapped(s):
    found = s.scrape()
    return by(found.get("dmabuf_device_mapped_bytes", {}), "device").get("dmabuf-importer.3")


def counters():
    """What hooks count, exactly."""
    module.load_for_test("devices=8")
    s = server()
    first = s.scrape()
    ok("dmabuf_maps_total" not in first or not sum(first["dmabuf_maps_total"].values()), "no maps before", first.get("dmabuf_maps_total"))
    n = scaled()
    processes = modops(n)
    found = s.scrape()
    equal(by(found["dmabuf_maps_total"], "exporter", "device", "direction"), want_maps(processes), "maps by exporter, device, direction")
    equal(sum(found["dmabuf_map_errors_total"].values()), 0, "no errors")
    counts = by(found["dmabuf_map_duration_seconds_count"], "exporter", "device", "direction")
    equal(counts, want_maps(processes), "as many were timed")
    inf = {k: v for k, v in by(found["dmabuf_map_duration_seconds_bucket"], "exporter", "device", "direction", "le").items() if k[3] == "+Inf"}
    equal({k[:3]: v for k, v in inf.items()}, counts, "the last bucket has all")
    seconds, theirs = sum(found["dmabuf_map_duration_seconds_sum"].values()), sum(sum(p["maps_ns"]) for p in processes) / 1e9
    ok(0 < seconds <= theirs, "they took some time, no more than by the module's own clock", seconds, theirs)
    equal(by(found["dmabuf_exports_total"], "exporter").get("dmabuf_tools"), n, "exports")
    equal(poll(lambda: by(s.scrape()["dmabuf_releases_total"], "exporter").get("dmabuf_tools") == n), True, "releases")
    equal(value(found, "dmabuf_events_lost_total"), 0, "nothing lost")
    equal(by(found["dmabuf_buffers"], "exporter").get("dmabuf_tools"), 0, "an exporter without buffers goes on as 0")
    module.write("inject/map/errno", -16)
    module.write("inject/map/every", 3)
    failed = sum(p["errors"].get("map", 0) for p in modops(101, 1))
    module.write("inject/map/errno", 0)
    module.write("inject/map/every", 1)
    equal(sum(s.scrape()["dmabuf_map_errors_total"].values()), failed, "failed maps")
    theirs = fence_wait()
    found = s.scrape()
    key = ("dmabuf_tools", "dmabuf-importer.0", "to_device")
    waits = by(found["dmabuf_fence_wait_seconds_count"], "exporter", "device", "direction")
    seconds = by(found["dmabuf_fence_wait_seconds_sum"], "exporter", "device", "direction")
    ok(waits.get(key) == 1 and 0.02 <= seconds[key] <= theirs, "a fence wait, by exporter, device, direction", waits, seconds, theirs)
    with module.Exporter() as exporter:
        fds = [exporter.export(module.PAGE * (i + 1)) for i in range(5)]
    importer = module.Importer()
    attachments = [importer.attach(fd, device=3) for fd in fds]
    importer.map(attachments[0])
    mappings = [importer.map(attachments[i], module.TO_DEVICE) for i in (0, 2, 4)]
    equal(mapped(s), module.PAGE * (1 + 3 + 5), "mapped bytes: each buffer once")
    importer.unmap(mappings[2])
    equal(mapped(s), module.PAGE * (1 + 3), "and without those unmapped")
    importer.close()
    equal(mapped(s), 0, "none")
    for fd in fds:
        os.close(fd)
    promtool(s.get()[2], "with histograms")


def unprivileged():
    """With the unit's capabilities alone it tells what root is told."""
    caps = [f"--{kind}-caps={CAPABILITIES}" for kind in ("inh", "ambient")] + ["--bounding-set=-all," + CAPABILITIES]
    wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", *caps]
    root = server()
    with Workload("plain", "-n", 5) as w, Server(wrap=wrap) as s:
        if w.skipped:
            skip("with the unit's capabilities", w.skipped)
            return
        if module.loaded():
            fence_wait()
        mine, theirs = s.scrape(), root.scrape()
        # Devices that went before it began
        equal((set(mine), s.errors), ({n for n in theirs if "device" not in n}, []), "the same families with the unit's capabilities")
        have = [{n: {k: v for k, v in f.items() if v} for n, f in found.items() if n.startswith(("dmabuf_b", "dmabuf_p"))} for found in (mine, theirs)]
        equal(have[0], have[1], "and the same figures")


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def module_source():
    """The module's sysfs alone, for anybody; its tables for root; it goes and comes back."""
    ok(not module.loaded() or module.unload(), "nothing of the tests before is left")
    p = subprocess.run(["dmabuf-trace", "metrics", "--source=module"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ok(p.returncode == 1 and not p.stdout and "modprobe dmabuf_tools" in p.stderr, "--source=module without it: why, and what helps", p.stderr)
    module.load_for_test("devices=8")
    with Workload("vgem-import", "-n", 5) as w, Server("--source=module", wrap=NOBODY) as s, Server("--source=module") as root:
        if w.skipped:
            skip("sums of attachments", w.skipped)
        processes = modops(101, 8)
        names = ("dmabuf_buffers", "dmabuf_bytes", "dmabuf_exports_total", "dmabuf_releases_total", "dmabuf_device_attachments", "dmabuf_maps_total",
                 "dmabuf_map_errors_total", "dmabuf_map_duration_seconds_bucket", "dmabuf_map_duration_seconds_sum", "dmabuf_map_duration_seconds_count",
                 "dmabuf_events_lost_total", "dmabuf_scrape_duration_seconds", "dmabuf_up", "dmabuf_build_info")
        for server, label in ((s, "anybody"), (root, "root")):
            ok(poll(lambda: by(server.scrape()["dmabuf_releases_total"], "exporter").get("", 0) >= 101), f"module, {label}: releases")
            found = server.scrape()
            ok(set(names) <= set(found), f"module, {label}: families", set(names) - set(found))
            got = {e: [n, by(found["dmabuf_bytes"], "exporter")[e]] for e, n in by(found["dmabuf_buffers"], "exporter").items() if n}
            equal(got, want_exporters(), f"module, {label}: exporters are bufinfo's")
            equal(by(found["dmabuf_exports_total"], "exporter").get("dmabuf_tools"), 101, f"module, {label}: exports")
            maps = {}
            for p in processes:
                maps[p["device"]] = maps.get(p["device"], 0) + p["calls"]["map"]
            equal({k: v for k, v in by(found["dmabuf_maps_total"], "device").items() if k in maps}, maps, f"module, {label}: maps by device")
            equal({k: v for k, v in by(found["dmabuf_map_duration_seconds_count"], "device").items() if k in maps}, maps, f"module, {label}: timed")
            equal(value(found, "dmabuf_events_lost_total"), 0, f"module, {label}: nothing missed")
        found = s.scrape()
        equal({n for n in found if "process" in n or "only" in n or "fence" in n or "suspects" in n}, set(), "module, anybody: what it cannot know is left out")
        equal(len(found["dmabuf_map_duration_seconds_bucket"]), len(found["dmabuf_maps_total"]), "module, anybody: no buckets but the last")
        ok("dmabuf_process_rss_bytes" in root.scrape() or w.skipped, "module, root: processes too")
        ok(len(root.scrape()["dmabuf_map_duration_seconds_bucket"]) > 8 * 20, "module, root: buckets")
        promtool(root.get()[2], "module")
        ok(module.unload(), "the module goes")
        for server, label in ((s, "anybody"), (root, "root")):
            found = server.scrape()
            equal({n: v for n, v in found.items() if "duration" not in n and "info" not in n}, {"dmabuf_up": {(): 0}}, f"{label}: it is lost: up is 0, and nothing else")
            equal(server.get("/-/healthy")[0], 200, f"{label}: itself it is healthy")
        module.load("devices=8")
        for server, label in ((s, "anybody"), (root, "root")):
            found = server.scrape()
            equal((value(found, "dmabuf_up"), value(found, "dmabuf_events_lost_total")), (1, 0), f"{label}: it is back by itself")
        equal((s.stop(), len([e for e in s.errors if "works again" in e])), (0, 1), "the server prints once that the source works again")


def faults():
    """Clients that are many, slow or gone; addresses and places that are not there."""
    global common
    s, common = server(), None
    threads, sizes = [], []
    slow = []
    for i in range(64):
        c = socket.create_connection(("127.0.0.1", s.port))
        c.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" if i % 2 else b"GET /met")
        slow.append(c)
    for _ in range(64):
        c = socket.create_connection(("127.0.0.1", s.port))
        c.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
    for _ in range(64):
        threads.append(threading.Thread(target=lambda: sizes.append(s.get()[2].count(b"\ndmabuf_up 1\n"))))
        threads[-1].start()
    for t in threads:
        t.join()
    equal(sizes, [1] * 64, "64 at once, beside 64 slow and 64 aborted clients")
    for path, method, want in (("/", "GET", 200), ("/-/healthy", "GET", 200), ("/no", "GET", 404), ("/metrics", "HEAD", 200), ("/metrics", "POST", 405)):
        status, headers, body = s.get(path, method)
        ok(status == want and (body or method == "HEAD"), f"{method} {path}: {want}", status, body)
    p = subprocess.run(["dmabuf-trace", "metrics", f"--listen=127.0.0.1:{s.port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ok(p.returncode == 1 and "Address already in use" in p.stderr and p.stderr.count("\n") == 1, "port in use: exit status 1 and why", p.returncode, p.stderr)
    equal(s.stop(), 0, "SIGTERM while clients hang: exit status")
    for c in slow:
        c.close()
    for args, status, why in (
            (["--listen=nonsense"], 2, "ADDRESS:PORT"), (["--listen=300.1.2.3:80"], 2, "listen address"), (["--listen", "127.0.0.1:80"], 2, "requires '='"), (["--listen=127.0.0.1:99999"], 2, "ADDRESS:PORT"),
            (["--listen=192.0.2.1:9417"], 1, "cannot listen"), (["--textfile=/no/such/dir/a.prom", "--source=proc"], 1, "No such file or directory"),
            (["--textfile=/tmp/a.txt"], 2, ".prom"), (["--textfile=/tmp/a.prom", "--listen"], 2, "cannot be used with"), (["--interval=1"], 2, "--textfile"),
            (["--textfile=/tmp/a.prom", "--interval=0.01"], 2, "seconds"), (["--by=uid"], 2, "(comm, cgroup)"), (["--top=-1"], 2, "number"),
            (["--source=magic"], 2, "invalid --source"), (["extra"], 2, "not an option"), (["-o", "/no/such/file", "--source=proc"], 1, "cannot write"), (["-o", "/dev/full", "--source=proc"], 1, "No space")):
        p = subprocess.run(["dmabuf-trace", "metrics", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ok(p.returncode == status and not p.stdout and why in p.stderr and p.stderr.count("\n") == 1, f"{' '.join(args)}: exit status {status} and why",
           p.returncode, p.stderr)


def textfile():
    """Whole at any moment, never through a link; the directory may go and come back."""
    os.makedirs("/tmp/textfile", exist_ok=True)
    with open("/tmp/precious", "w") as f:
        f.write("precious")
    os.symlink("/tmp/precious", TEXTFILE)
    with Workload("plain", "-n", 5) as w:
        p = subprocess.run(["dmabuf-trace", "metrics", f"--textfile={TEXTFILE}", "--interval=0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal((p.returncode, p.stdout, p.stderr), (0, b"", b""), "--interval=0: once")
        ok(not os.path.islink(TEXTFILE) and os.stat(TEXTFILE).st_mode & 0o777 == 0o644, "a link is replaced; all may read it")
        with open("/tmp/precious") as f:
            equal(f.read(), "precious", "and not followed")
        equal(os.listdir("/tmp/textfile"), ["dmabuf.prom"], "nothing else is left")
        with open(TEXTFILE, "rb") as f:
            raw = f.read()
        found = parse(raw)
        if not w.skipped:
            equal(sum(found["dmabuf_buffers"].values()), len(bufinfo()), "its figures")
        promtool(raw, "textfile")
    p = subprocess.Popen(["dmabuf-trace", "metrics", f"--textfile={TEXTFILE}", "--interval=0.1", "--source=proc"], stderr=subprocess.PIPE, text=True)
    seen, bad = set(), []

    def look():
        try:
            with open(TEXTFILE, "rb") as f:
                seen.add(os.fstat(f.fileno()).st_ino)
                parse(f.read())
        except ValueError as e:
            bad.append(e)
        return len(seen) > 7
    ok(poll(look), "it is written again and again", seen)
    equal(bad, [], "whole whenever it is read")
    os.rename("/tmp/textfile", "/tmp/elsewhere")
    ok("No such file" in p.stderr.readline(), "the directory goes: it says so")
    os.mkdir("/tmp/textfile")
    ok(poll(lambda: os.path.exists(TEXTFILE)), "and goes on when there is one again")
    p.send_signal(signal.SIGTERM)
    equal((p.wait(), p.stderr.read()), (0, ""), "SIGTERM: exit status")
    p.stderr.close()
    equal(os.listdir("/tmp/textfile"), ["dmabuf.prom"], "and no half file is left")


def memory():
    """Flat: what the first scrapes needed is enough."""
    n = 200 if SCALE == 1 else 40000
    # Debian's 10 s between its looks for huge pages would make it a matter of luck.
    with open("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "w") as f:
        f.write("200")
    s = server()
    with Workload("many", "-n", 101, "-P", 5, "-s", 4096) as w:
        if w.skipped:
            skip("memory", w.skipped)
            return
        for _ in range(23):
            s.get()

        def sizes():
            before = own_memory(s.process.pid)
            for _ in range(n):
                s.get()
            return before, own_memory(s.process.pid)
        measured(f"at most 128 KiB more memory after {n} scrapes", sizes, always=all, likely=lambda v: v[1] - v[0] <= 128)
        with open(f"/proc/{s.process.pid}/smaps_rollup") as f:
            equal([line.split()[1] for line in f if line.startswith("AnonHugePages:")], ["0"], "no huge page comes at any time")


CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
- {{job_name: dmabuf, scrape_interval: 10s, scrape_timeout: 10s, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}
- {{job_name: node, scrape_interval: 10s, scrape_timeout: 10s, static_configs: [{{targets: ["127.0.0.1:9100"]}}]}}
"""


def api(path, **parameters):
    """What Prometheus' HTTP API has there; None while it is not up."""
    url = f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as r:
            return json.load(r)["data"]
    except OSError:
        return None


def query(text, *labels):
    data = api("query", query=text)
    return {tuple(r["metric"].get(label, "") for label in labels): float(r["value"][1]) for r in data["result"]} if data else None


def targets():
    return {t["labels"]["job"]: (t["health"], t["lastError"]) for t in (api("targets") or {"activeTargets": []})["activeTargets"]}


def healths():
    return [r["health"] for g in (api("rules") or {"groups": []})["groups"] for r in g["rules"]]


def asked(text, labels, want, name):
    """Polled: it has been scraped by and by."""
    got = []
    poll(lambda: got.append(query(text, *labels)) or got[-1] == want)
    equal(got[-1], want, f"Prometheus: {name}: {text}")


def prometheus():
    """The real ones scrape by HTTP and through node_exporter's textfile collector while workloads run."""
    if not shutil.which("prometheus") or not shutil.which("prometheus-node-exporter"):
        skip("Prometheus and node_exporter scrape", "not in this tree")
        return
    module.load_for_test("devices=8")
    shutil.rmtree("/tmp/textfile", ignore_errors=True)
    os.makedirs("/tmp/textfile")
    workloads = start_all([["plain", "-n", 23], ["shared", "-n", 7, "-P", 5], ["vgem-import", "-n", 5], ["kernel-only", "-n", 11], ["hostile"]])
    buffers, holders = merged(workloads)
    with Server() as s, open("/tmp/prometheus.log", "w") as log:
        with open("/tmp/prometheus.yml", "w") as f:
            f.write(CONFIG.format(port=s.port, rules=os.path.abspath("cli/share/prometheus/dmabuf.rules.yml")))
        commands = (["dmabuf-trace", "metrics", f"--textfile={TEXTFILE}", "--interval=1", "-q"],
                    ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=/tmp/textfile",
                     "--web.listen-address=127.0.0.1:9100"],
                    ["prometheus", "--config.file=/tmp/prometheus.yml", "--storage.tsdb.path=/tmp/tsdb", "--web.listen-address=127.0.0.1:9090"])
        processes = [subprocess.Popen(c, stdout=log, stderr=subprocess.STDOUT) for c in commands]
        try:
            asked('sum(dmabuf_up{job="node"}) and sum(dmabuf_up{job="dmabuf"})', (), {(): 1}, "both are scraped")
            asked('dmabuf_maps_total{job="node"}', ("device",), {}, "no maps before")
            made = modops(1009)
            maps = want_maps(made)
            groups = want_groups(buffers, holders, lambda pid, h: h["comm"])
            for job in ("dmabuf", "node"):
                of = f'{{job="{job}"}}'
                asked(f"dmabuf_up{of}", (), {(): 1}, "up")
                asked(f"dmabuf_bytes{of} > 0", ("exporter",), {(e,): b for e, (_, b) in want_exporters().items()}, "bytes")
                asked(f"sum(dmabuf_buffers{of})", (), {(): len(bufinfo())}, "buffers")
                asked(f"dmabuf_process_rss_bytes{of}", ("comm",), {(g,): r[1] for g, r in groups.items()}, "RSS, with a hostile name")
                asked(f"dmabuf_process_uss_bytes{of}", ("comm",), {(g,): r[3] for g, r in groups.items()}, "USS")
                asked(f"dmabuf_maps_total{of}", ("exporter", "device", "direction"), maps, "maps")
                asked(f"sum(dmabuf_map_duration_seconds_count{of})", (), {(): 1009}, "timed maps")
                asked(f'dmabuf_exports_total{{job="{job}",exporter="dmabuf_tools"}}', (), {(): 1009}, "exports")
                asked(f"dmabuf_events_lost_total{of}", (), {(): 0}, "nothing lost")
            quantile = 'histogram_quantile(0.99, sum by (le) (dmabuf_map_duration_seconds_bucket{job="dmabuf"}))'
            ok(poll(lambda: (query(quantile) or {}).get((), 0) > 0), "Prometheus: a quantile of the histogram")
            ok(poll(lambda: targets() == {"dmabuf": ("up", ""), "node": ("up", "")}), "Prometheus: its targets are well", targets())
            ok(poll(lambda: healths() == ["ok"] * 5), "Prometheus: our rules are evaluated", api("rules"))
            asked("node_textfile_scrape_error", (), {(): 0}, "no error in the file")
        finally:
            for p in processes:
                p.terminate()
            statuses = [p.wait() for p in processes]
        equal(statuses[0], 0, "SIGTERM: exit status")
    for w in workloads:
        w.stop()


def rules():
    if not shutil.which("promtool"):
        skip("promtool check rules, test rules", "no promtool")
        return
    for args in (["check", "rules", "dmabuf.rules.yml"], ["test", "rules", "dmabuf.rules.test.yml"]):
        p = subprocess.run(["promtool", *args], cwd="cli/share/prometheus", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ok(p.returncode == 0, f"promtool {' '.join(args)}", p.stdout)


def with_module(part):
    return part if os.path.exists(module.path()) else lambda: skip(part.__name__, "the module is not built")


run_parts(
    kernel={"figures": figures, "counters": with_module(counters), "module": with_module(module_source)},
    user_space={"unprivileged": unprivileged, "memory": memory, "faults": faults, "textfile": textfile},
    nothing={"rules": rules, "prometheus": with_module(prometheus)})
