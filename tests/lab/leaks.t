#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space, nothing
"""TAP: dmabuf-trace leaks finds what tests/workloads/leaker.c leaks, exactly, and nothing in its clean twin."""
import atexit
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml

sys.path.insert(0, "tests/lib")
import kernel  # noqa: E402
import module  # noqa: E402
from tap import SCALE, done, equal, measured, ok, run_parts, skip  # noqa: E402

WORK = "/tmp/leaks"
# Of each way: kind, severity, buffers, bytes, fds, maps, what was begun
WAYS = {
    "mapping": ("mapping", "error", 1, 8192, 0, 0, "map"),
    "attachment": ("attachment", "error", 3, 36864, 0, 0, "attach"),
    "pin": ("pin", "error", 1, 16384, None, None, "pin"),
    "vmap": ("vmap", "error", 1, 20480, 0, 0, "vmap"),
    "cpu-access": ("cpu-access", "warning", 1, 24576, None, None, "begin"),
    "growth": ("growth", "error", 12, 196608, 12, 0, None),
    "outlived": ("outlived", "error", 1, 28672, 1, 0, None),
    "in-flight": ("outlived", "error", 1, 32768, 0, 0, None),
    "map-only": ("outlived", "error", 1, 36864, 0, 1, None),
    "kernel-held": ("kernel-held", "error", 1, 40960, 0, 0, "get"),
    "unclosed": ("unclosed", "warning", 1, 45056, 2, 1, None),
    "forked": ("outlived", "error", 1, 57344, 1, 0, None),
    "double-forked": ("outlived", "error", 1, 61440, 1, 0, None),
    "threads": ("attachment", "error", 5, 327680, 0, 0, "attach"),
    "exec": ("unclosed", "warning", 1, 69632, 1, 0, None),
}
TIMED = {
    "old": ("old", "error", 1, 49152, None, None, None),
    "unsynced": ("unsynced", "warning", 1, 53248, None, None, None),
}


def rounded(count, size):
    """Bytes of so many equal buffers, which have whole pages."""
    return count * (-(-size // count // module.PAGE) * module.PAGE)


if kernel.mangles_tables():
    del WAYS["pin"]
    skip("pin", "CONFIG_DMABUF_DEBUG: the module undoes no attachment wrongly")
for table in (WAYS, TIMED):
    for way, (*what, buffers, size, fds, maps, op) in table.items():
        table[way] = (*what, buffers, rounded(buffers, size), fds, maps, op)
VMAP, ATTACHMENT = (WAYS[way][3] for way in ("vmap", "attachment"))
# The functions of the workload that the stacks must name, innermost first
BEGUN = {"map": "map", "attach": "attach", "pin": "pin", "vmap": "vmap", "begin": "sync_buffer"}


def leaks(*args, **env):
    """Status, output and errors of the tool."""
    p = subprocess.run(["dmabuf-trace", "leaks", *[str(a) for a in args]], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace", env={**os.environ, **env})
    return p.returncode, p.stdout, p.stderr


def judged(*args):
    """Status, the JSON and the text."""
    status, _, err = leaks("--json", "-o", f"{WORK}/json", *args)
    with open(f"{WORK}/json") as f:
        return status, json.load(f), err


def clean_up():
    """Ends who lives on, and undoes what the importer was left with."""
    try:
        with open(f"{WORK}/pids") as f:
            for pid in f.read().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        os.unlink(f"{WORK}/pids")
    except FileNotFoundError:
        pass
    module.write("importer/leaked", 0)


def functions(stack):
    """The program's, but for libc's."""
    return [f["function"] for f in stack if not f["kernel"] and f["function"] not in ("ioctl", "mmap", "__mmap")]


def summary(finding):
    references = finding["references"] or {"fds": None, "maps": None}
    begun = finding["not_ended"]
    return (finding["kind"], finding["severity"], finding["count"], finding["bytes"], references["fds"],
            references["maps"], begun and begun["op"])


def way_of(finding):
    """The buffers are called as it; of those that went untold, their process is."""
    name = finding["buffers"][0]["name"]
    return name.replace("_", "-") if name else finding["process"]["comm"].replace("exe", "exec")


def compare(data, ways):
    got = {way_of(f): f for f in data["findings"]}
    equal({w: summary(f) for w, f in got.items()}, ways, "each way's kind, severity, buffers, bytes, references, what was begun")
    equal(len(data["findings"]), len(ways), "as many findings as ways")
    equal({f["exporter"] for f in data["findings"]}, {"dmabuf_tools"}, "the exporter")
    for way, finding in got.items():
        export = "export_" + way.replace("-", "_")
        equal(functions(finding["stack"])[:1], [export], f"{way}: who called the export's ioctl")
        begun = finding["not_ended"]
        if begun and begun["op"] in BEGUN:
            equal(functions(begun["stack"])[:1], [BEGUN[begun["op"]]], f"{way}: who called that ioctl")
            equal(begun["comm"], "worker" if way == "threads" else way, f"{way}: whose it is")
    return got


def each_way():
    status, data, text = judged("--", "leaker", "-p", f"{WORK}/pids", *WAYS)
    equal((status, data["status"], data["complete"]), (23, 0, True), "leaks are found: 23")
    got = compare(data, WAYS)
    names = {way: [(h["comm"], h["of_tree"]) for h in f["holders"]] for way, f in got.items() if f["kind"] == "outlived"}
    equal(names, {w: [(w, True)] if w != "in-flight" else [(None, False)] for w in names}, "outlived: who holds it, here or in flight")
    ok(got["in-flight"]["holders"][0]["socket"], "in flight: the socket", got["in-flight"])
    equal(got["growth"]["growth"], {"cycles": 12, "from": 428, "to": 440}, "growth: the low-water mark")
    equal(len(data["survivors"]), 5, "survivors are listed")
    errors = sum(severity == "error" for _, severity, *_ in WAYS.values())
    ok("==ERROR: dmabuf-trace: dma-buf leaks detected" in text and f"SUMMARY: dmabuf-trace: {errors} leaks" in text, "the report", text)
    ok("low-water mark rose in each of the last 12 cycles: 428 -> 440" in text, "the report on growth", text)
    clean_up()


def timed():
    for way, option, want in (("old", "--max-age=2", 23), ("unsynced", "--unsynced", 0)):
        status, data, _ = judged(option, "--", "leaker", way)
        equal(status, want, f"{option}: what is {way} {'fails' if want else 'is told'}")
        compare(data, {way: TIMED[way]})


def twins():
    rounds = 200 if SCALE > 1 else 3
    status, data, text = judged("--strict", "--unsynced", "--max-age=600", "--", "leaker", "-c", "-r", rounds, *WAYS, *TIMED)
    equal((status, data["findings"], data["survivors"], data["lost"]), (0, [], [], 0), f"clean twins, {rounds} times: nothing")


def policies():
    rule = f"{WORK}/rules"
    with open(rule, "w") as f:
        f.write("# known\nleak:^vm*p$\nleak:nothing of that name\n")
    status, _, text = leaks("--suppressions", rule, "--junit", f"{WORK}/junit", "--write-baseline", f"{WORK}/known",
                            "--exit-code=5", "--", "leaker", "vmap", "attachment", "cpu-access", GITHUB_ACTIONS="true")
    equal(status, 5, "--exit-code")
    ok(f"Suppressed: 1 leak, {VMAP / 1024:#.3g} KiB by 1 rule: leak:^vm*p$" in text, "what is suppressed is listed", text)
    equal(re.findall(r"^::(\w+) (?:file=.*,line=\d+,)?title=dma-buf (\w+) \((.*)\)::", text, re.M),
          [("error", "leak", "attachment"), ("warning", "warning", "cpu-access")], "annotations")
    suite = xml.parse(f"{WORK}/junit").getroot()
    failed = [c.get("name") for c in suite.iter("testcase") if c.find("failure") is not None]
    equal((suite.get("failures"), suite.get("tests"), failed), ("1", "12", ["attachment"]), "JUnit: a test case for each kind")
    clean_up()
    for args, want in ((["--baseline", f"{WORK}/known"], 0), (["--fail-on=pin,mapping"], 0)):
        equal(leaks(*args, "--", "leaker", "attachment")[0], want, " ".join(args))
        clean_up()


def statuses():
    for args, want in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -SEGV $$"], 139), (["/no/such"], 127), (["/etc/passwd"], 126),
                       (["sh", "-c", "exec <&-; (exec <&-; exec tail -f /dev/null) >/dev/null 2>&1 & echo $! >/tmp/leaks/pids"], 0)):
        status, out, _ = leaks("-q", "--", *args)
        equal((status, out), (want, ""), f"leaks -- {' '.join(args)}: exit status")
    for command in ("leaks", "live", "stat"):
        p = subprocess.run(["dmabuf-trace", command, "--", "/no/such"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        equal((p.returncode, p.stdout, p.stderr), (127, "", f"dmabuf-trace {command}: /no/such: No such file or directory\n"),
              f"{command}: a command that cannot run is the only report")
    clean_up()
    status, out, _ = leaks("-u", "nobody", "--", "id", "-u")
    equal((status, out), (0, "65534\n"), "-u: as that user; stdout is the command's")
    for args in (["--fail-on=nap", "true"], ["--suppressions=/no/such", "true"], ["--baseline=/etc/passwd", "true"], ["--settle=x", "true"],
                 ["--exit-code=256", "true"], ["--hooks=fentry", "true"], ["-p", "1", "true"], []):
        status, out, err = leaks(*args)
        ok(status == 2 and not out and err, f"exit 2: {' '.join(args)}", status, err)
    equal(leaks("-o", "/no/such/file", "true")[0], 125, "125 if the tool fails")


def lost():
    def verdict():
        status, _, text = leaks("--ring-size=4K", "--", "modops", "-n", 1009, "-P", 8)
        return status, text
    measured("125 where events were lost", verdict, always=lambda v: (v[0] == 125) == ("INCOMPLETE" in v[1]), likely=lambda v: v[0] == 125)
    status, _, text = leaks("--ring-size=4K", "--allow-lost", "--fail-on=outlived", "--", "modops", "-n", 1009, "-P", 8)
    equal(status, 0, "--allow-lost")


GROWS = """
import sys
sys.path.insert(0, "tests/lib")
import module, os
exporter = module.Exporter()
for line in sys.stdin:
    exporter.export(16384)
    os.close(exporter.export(4096))
    print("done", flush=True)
"""


def running():
    """Another leaks and does not disturb."""
    grows = subprocess.Popen(["python3", "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other = subprocess.Popen(["python3", "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for p in (grows, other):
        p.stdin.write("\n")
        p.stdin.flush()
        p.stdout.readline()
    tool = subprocess.Popen(["dmabuf-trace", "leaks", "--settle=0.2", "--json", "-o", f"{WORK}/json", "-p", str(grows.pid)], stderr=subprocess.PIPE, text=True)
    ok("watching" in tool.stderr.readline(), "-p: it watches")
    for _ in range(13):
        for p in (grows, other):
            p.stdin.write("\n")
            p.stdin.flush()
            p.stdout.readline()
    tool.send_signal(signal.SIGINT)
    text = tool.communicate()[1]
    with open(f"{WORK}/json") as f:
        data = json.load(f)
    # Python's interpreter calls in another way what it has called some times: that is another stack
    got = [summary(f)[:4] for f in data["findings"]]
    equal((tool.returncode, {f[:2] for f in got}, sum(f[2] for f in got), sum(f[3] for f in got)), (23, {("growth", "error")}, 12, 196608),
          "-p: a running process that grows")
    ok(grows.poll() is None and "SUMMARY" in text, "-p: it runs on", text)
    for p in (grows, other):
        p.communicate()


def stacks():
    """In text, with lines; and what is suppressed by a function."""
    with open("tests/workloads/leaker.c") as f:
        line = 1 + next(i for i, text in enumerate(f) if text.startswith("NOINLINE unsigned int attach("))
    with open(f"{WORK}/suppressions", "w") as f:
        f.write("leak:^export_vmap$\n")
    status, _, text = leaks(f"--suppressions={WORK}/suppressions", "--", "leaker", "attachment", "vmap")
    at = [int(n) for n in re.findall(r"attach +\S*tests/workloads/leaker.c:(\d+)", text)]
    ok(status == 23 and at and all(line < n < line + 12 for n in at), "text: who attached, by its line", text, line)
    ok(re.search(r"export_attachment +\S*tests/workloads/leaker.c:\d+", text) and "dma_buf_export" in text and "exporter_ioctl" in text,
       "text: the export's functions, the kernel's too", text)
    ok("export_vmap" in text and "SUMMARY: dmabuf-trace: 1 leak" in text, "suppressed by a function", text)
    clean_up()


def recorded():
    """Recorded on the board, decided at the desk."""
    for place, args, want in (("bad", ["vmap", "attachment"], {"vmap": VMAP, "attachment": ATTACHMENT}),
                              ("good", ["-c", "vmap", "attachment", "outlived"], {})):
        status = subprocess.run(["dmabuf-trace", "record", "-q", "--stacks", "-o", f"{WORK}/{place}", "--", "leaker", *args]).returncode
        verdict, data, text = judged("-r", f"{WORK}/{place}")
        equal((status, verdict, {f["kind"]: f["bytes"] for f in data["findings"] if f["fails"]}), (0, 23 if want else 0, want), f"-r: leaker {' '.join(args)}")
        equal({functions(f["stack"])[0] for f in data["findings"]}, {f"export_{w}" for w in want}, "-r: who called the exports' ioctls")
        clean_up()
    out = subprocess.run(["dmabuf-trace", "diff", "--json", "--by=stack", f"{WORK}/good", f"{WORK}/bad"], stdout=subprocess.PIPE, check=True).stdout
    groups = {next(f for f in g["group"].split(" < ") if f != "ioctl"): (g["buffers_change"], g["bytes_change"]) for g in json.loads(out)["groups"]}
    equal(groups, {"export_attachment": (3, ATTACHMENT), "export_vmap": (1, VMAP)}, "diff --by=stack: who exported what is there at the end")
    equal(leaks("-r", "/etc/passwd")[0], 125, "-r: 125 for what is no recording")


# As tools/testing/selftests/dmabuf-heaps of the kernel goes
HEAP = """
import fcntl, glob, mmap, os, struct, sys
sys.path.insert(0, "tests/lib")
import module
def vgem():
    for path in sorted(glob.glob("/dev/dri/card*")):
        name = bytearray(64)
        fd = os.open(path, os.O_RDWR)
        driver = os.path.basename(os.path.realpath("/sys/class/drm/" + os.path.basename(path) + "/device/driver"))
        if "vgem" in os.path.realpath("/sys/class/drm/" + os.path.basename(path) + "/device"):
            return fd
        os.close(fd)
    sys.exit(77)
device, heap = vgem(), os.open("/dev/dma_heap/system", os.O_RDONLY | os.O_CLOEXEC)
data = bytearray(struct.pack("=QIIQ", 1 << 20, 0, os.O_RDWR | os.O_CLOEXEC, 0))
fcntl.ioctl(heap, 0xc0184800, data, True)
fd = struct.unpack("=QIIQ", data)[1]
with mmap.mmap(fd, 1 << 20) as memory:
    handle = bytearray(struct.pack("=IIi", 0, 0, fd))
    fcntl.ioctl(device, 0xc00c642e, handle, True)
    module.sync(fd, 3)
    memory[:4096] = b"x" * 4096
    module.sync(fd, 7)
    fcntl.ioctl(device, 0x40086409, struct.pack("=II", struct.unpack("=IIi", handle)[0], 0))
os.close(fd)
os.close(device)
"""


def programs():
    """End with their own status, and leak nothing."""
    if os.path.exists("/dev/dma_heap/system"):
        subprocess.run(["modprobe", "vgem"], check=True)
        status, data, text = judged("--strict", "--", "python3", "-c", HEAP)
        equal((status, data["findings"]), (0, []), "the kernel's dma-heap sequence")
    else:
        skip("the kernel's dma-heap sequence", "no dma-heap in this kernel")
    subprocess.run(["modprobe", "vivid", "n_devs=2", "node_types=0x101,0x101"], check=True)
    nodes = sorted(n for n in os.listdir("/dev") if re.fullmatch(r"video\d+", n))
    capture = next(f"/dev/{n}" for n in nodes if "cap" in open(f"/sys/class/video4linux/{n}/name").read())
    command = ["v4l2-ctl", "-d", capture, "--stream-mmap=3", "--stream-count=5"]

    def streamed():
        status, data, _ = judged("--", *command)
        return status, [f["kind"] for f in data["findings"] if f["fails"]]
    # It gives up where a frame takes 2 s.
    measured(" ".join(command), streamed, always=lambda v: not v[1], likely=lambda v: v[0] == 0)


def long():
    """CMD that runs for ten minutes, in check-long, and leaks at the end alone."""
    seconds = 600 if SCALE > 1 else 5
    status, data, text = judged("--", "sh", "-ec", f"""
end=$(($(date +%s) + {seconds}))
while [ $(date +%s) -lt $end ]; do
    modops -n 23 -P 3 >/dev/null
    leaker -c attachment
done
exec leaker vmap attachment""")
    found = {f["kind"]: (f["count"], f["bytes"]) for f in data["findings"]}
    equal((status, data["complete"], data["lost"], found), (23, True, 0, {"vmap": (1, VMAP), "attachment": (3, ATTACHMENT)}), f"a command of {seconds} s")
    clean_up()


def readme():
    """What README.md has for CI, as written, in a project whose check leaks, and in one that does not."""
    with open("README.md") as f:
        blocks = re.findall(r"```yaml\n(.*?)```", f.read(), re.S)
    scripts = {"GitHub": [c for b in blocks if "runs-on" in b for c in re.findall(r"- run: (.*)", b)],
               "GitLab": [c for b in blocks if "artifacts" in b for c in re.findall(r"^    - (.*)", b, re.M)]}
    project = f"{WORK}/project"
    os.makedirs(f"{project}/bin", exist_ok=True)
    with open(f"{project}/bin/sudo", "w") as f:
        f.write("#!/bin/sh\n# Its runner has one; here all is done as root\n[ \"$1\" != -E ] || shift\nexec \"$@\"\n")
    os.chmod(f"{project}/bin/sudo", 0o755)
    with open(f"{project}/leaks.supp", "w") as f:
        f.write("leak:nothing\n")
    for name, lines in scripts.items():
        ok(len(lines) == 2 and "dmabuf-trace leaks" in lines[1], f"README, {name}: its lines", lines)
        for way, want in (("-c vmap", 0), ("vmap", 23)):
            with open(f"{project}/Makefile", "w") as f:
                f.write(f"all:\n\t@true\ncheck:\n\t@leaker {way}\n")
            p = subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, env={**os.environ, "PATH": f"{project}/bin:{os.environ['PATH']}", **({"GITHUB_ACTIONS": "true"} if name == "GitHub" else {})})
            equal(p.returncode, want, f"README, {name}: leaker {way}")
            if want:
                ok(f"{'::error' if name == 'GitHub' else 'SUMMARY'}" in p.stdout, f"README, {name}: what is found is told", p.stdout)
            clean_up()
    ok(os.path.exists(f"{project}/leaks.xml"), "README, GitLab: the report is there")


if not os.path.exists(module.path()):
    skip("leaks of the module's buffers", "it is not built")
    sys.exit(done())
module.load_for_test("devices=8")
os.makedirs(WORK, exist_ok=True)
atexit.register(clean_up)
run_parts(
    kernel={"ways": each_way, "timed": timed, "twins": twins, "running": running, "programs": programs},
    user_space={"policies": policies, "statuses": statuses, "lost": lost, "stacks": stacks, "recorded": recorded, "long": long},
    nothing={"readme": readme})
