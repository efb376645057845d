#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel, user space
"""What works with how little: as nobody, with a few capabilities, on hardened kernels; and what is given up."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import module as m  # noqa: E402
from tap import Workload, bufinfo, diag, equal, ok, poll, run_parts, skip  # noqa: E402

SYSCTL = "/proc/sys/kernel/"
OWN = "/tmp/hardened"      # nobody's
CAPS = {"dac_override": 1, "dac_read_search": 2, "kill": 5, "sys_ptrace": 19, "sys_admin": 21, "syslog": 34, "perfmon": 38, "bpf": 39}
FILES = {"dac_override", "dac_read_search"}
# As the man pages have it; libbpf before 1.3 wants more.
OLD_LIBBPF = os.environ["LAB_SUITE"] == "bookworm"
SNAPSHOT = ("bpf", "perfmon", "sys_admin") if OLD_LIBBPF else ("bpf", "perfmon")
HOOKS = ("bpf", "perfmon", "dac_read_search", "sys_admin")
NEED = "requires root, or CAP_BPF and CAP_PERFMON"


def nobody(*caps):
    """Before a command: as that user, with these capabilities and no way to others."""
    sets = "-all" + "".join(f",+{c}" for c in caps)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={sets}", f"--ambient-caps={sets}", f"--bounding-set={sets}"]


def run(*args, wrap=()):
    return subprocess.run([*wrap, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def one_line(text):
    return text.count("\n") == 1 and len(text) < 400


def top(*args, wrap=()):
    p = run("dmabuf-top", "-b", "-n1", "--json", *args, wrap=wrap)
    return json.loads(p.stdout) if p.returncode == 0 else {"source": p.stderr, "buffers": []}


def held(data):
    return {b["ino"]: (b["size"], b["count"]) for b in data["buffers"]}


def oracle():
    return {ino: (b.size, b.count) for ino, b in bufinfo().items()}


def write(name, value):
    with open(name, "w", encoding="ascii") as f:
        f.write(str(value))


def read(name):
    with open(name, encoding="ascii") as f:
        return f.read().strip()


def stat(*wrap):
    """Whether hooks can be set: exit status, and what it says."""
    p = run("dmabuf-trace", "stat", "-a", "--json", "-e", "map", "-o", "/dev/null", "--", "true", wrap=wrap)
    return p.returncode, p.stderr


def as_nobody():
    """Own data, or a refusal of one line that says what is missing."""
    with Workload("plain", "-n", 5):
        for name, args in (("live", ["live"]), ("stat", ["stat"]), ("leaks", ["leaks", "--", "true"])):
            p = run("dmabuf-trace", *args, wrap=nobody())
            ok(p.returncode == (125 if "--" in args else 1) and not p.stdout and one_line(p.stderr) and NEED in p.stderr, f"nobody, {name}: a refusal", p)
        p = run("dmabuf-trace", "record", "-o", f"{OWN}/record", "--", "true", wrap=nobody())
        ok(p.returncode == 0 and "no events" in p.stderr and NEED in p.stderr, "nobody, record: snapshots alone, and says so", p)
        equal(os.stat(f"{OWN}/record").st_mode & 0o777, 0o600, "which are nobody's alone")
        p = run("dmabuf-trace", "report", "-i", f"{OWN}/record", wrap=nobody())
        ok(p.returncode == 0 and p.stdout, "nobody, report: of that", p)
        data = top("--view", "buffers", wrap=nobody())
        equal((data["source"], data["buffers"]), ("proc", []), "nobody, dmabuf-top: no buffer of others")
        p = run("dmabuf-top", "-b", "-n1", "--source=bpf:task", wrap=nobody())
        ok(p.returncode == 1 and one_line(p.stderr) and NEED in p.stderr, "nobody, BPF asked for: a refusal", p)
        p = run("dmabuf-trace", "metrics", wrap=nobody())
        ok(p.returncode == 0 and "dmabuf_buffers{" in p.stdout, "nobody, metrics: the module's sums", p)
        p = run("dmabuf-trace", "doctor", wrap=nobody())
        ok(p.returncode == 0 and NEED in p.stdout and "-BPF" in p.stdout, "nobody, doctor: what is missing", p)


def with_capabilities():
    with Workload("plain", "-n", 5):
        data = top("--view", "buffers,processes", wrap=nobody(*SNAPSHOT))
        equal((held(data), data["complete"]), (oracle(), True), f"dmabuf-top with {'+'.join(SNAPSHOT)}: all buffers")
        ok(data["source"].startswith("bpf:"), "by BPF", data["source"])
        for caps in (("bpf", "perfmon"), HOOKS):
            status, err = stat(*nobody(*caps))
            if OLD_LIBBPF and "sys_admin" not in caps:
                ok(status == 125 and one_line(err) and "libbpf" in err and "CAP_SYS_ADMIN" in err,
                   f"hooks with {'+'.join(caps)}: what libbpf needs is named", err)
            elif int(read(SYSCTL + "perf_event_paranoid")) > 2 and "sys_admin" not in caps:
                ok(status == 125 and one_line(err) and "perf_event_paranoid is" in err and "CAP_SYS_ADMIN" in err,
                   f"hooks with {'+'.join(caps)}: perf_event_paranoid is named", err)
            elif "dac_read_search" not in caps:
                ok(status == 125 and one_line(err) and "CAP_DAC_READ_SEARCH" in err, f"hooks with {'+'.join(caps)}: who may search tracefs is named", err)
            else:
                equal((status, err), (0, ""), f"hooks with {'+'.join(caps)}")
            p = run("dmabuf-trace", "doctor", wrap=nobody(*caps))
            equal("Missing: nothing" in p.stdout, status == 0, f"doctor with {'+'.join(caps)}: stat is missing if and only if stat fails")
        p = run("dmabuf-trace", "leaks", "--", "true", wrap=nobody(*HOOKS))
        equal(p.returncode, 0, f"leaks with {'+'.join(HOOKS)}: {p.stderr}")


def on_the_file():
    """The man page's line, as it stands there."""
    with open("man/dmabuf-trace.8", encoding="ascii") as f:
        command = re.search(r"^# (setcap .*)", f.read(), re.M)[1].replace("\\-", "-").split()
    tool = shutil.copy(shutil.which("dmabuf-trace"), command[-1])
    p = run(*command)
    equal(p.returncode, 0, f"{' '.join(command)}: {p.stderr}")
    anybody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    with Workload("plain", "-n", 5):
        for name, args in (("stat", ["-a", "-e", "map"]), ("live", ["-e", "map"]), ("leaks", ["-q"])):
            p = run(tool, name, *args, "-o", "/dev/null", "--", "true", wrap=anybody)
            ok(p.returncode == 0 and p.stderr in ("", "dmabuf-trace live: 0 events shown, 0 lost\n"), f"{name}, by the file's capabilities", p)
    os.unlink(tool)


def bits(pid, field):
    value = int(re.search(rf"^{field}:\s+(\w+)$", read(f"/proc/{pid}/status"), re.M)[1], 16)
    return {name for name, bit in CAPS.items() if value >> bit & 1} | {bit for bit in range(64) if value >> bit & 1 and bit not in CAPS.values()}


def given_up():
    """Once all is open; the command keeps what it had."""
    for name, args in (("dmabuf-top", ["dmabuf-top", "-b", "-d", "1", "-n", "1000", "-o", "/dev/null"]),
                       ("metrics", ["dmabuf-trace", "metrics", "--listen=127.0.0.1:0"]),
                       ("live", ["dmabuf-trace", "live", "-o", "/dev/null", "-e", "map"])):
        with subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            ok(poll(lambda: all(bits(p.pid, f) == set(CAPS) for f in ("CapEff", "CapPrm", "CapBnd"))),
               f"{name} keeps what it needs", bits(p.pid, "CapEff"), bits(p.pid, "CapBnd"))
            ok(not bits(p.pid, "CapInh") and re.search(r"^NoNewPrivs:\s+1$", read(f"/proc/{p.pid}/status"), re.M), f"{name} hands on nothing")
            p.terminate()
    os.mkfifo(f"{OWN}/fifo")
    with subprocess.Popen(["dmabuf-trace", "report", "-i", f"{OWN}/record", "-o", f"{OWN}/fifo"]) as p:
        ok(poll(lambda: bits(p.pid, "CapEff") == FILES == bits(p.pid, "CapBnd")), "report keeps what files need", bits(p.pid, "CapEff"))
        with open(f"{OWN}/fifo", encoding="utf-8") as f:
            ok("napshot" in f.read(), "and works")
    p = run("dmabuf-trace", "stat", "-e", "map", "-o", "/dev/null", "--", "grep", "-E", "CapEff|CapBnd|NoNewPrivs", "/proc/self/status")
    equal(p.stdout, run("grep", "-E", "CapEff|CapBnd|NoNewPrivs", "/proc/self/status").stdout, "the command has what it would have")


def links():
    """None is followed where all may write."""
    os.chmod(OWN, 0o1777)
    write(f"{OWN}/precious", "precious")
    for name, args in (("record", ["dmabuf-trace", "record", "-o", f"{OWN}/link", "--", "true"]),
                       ("stat", ["dmabuf-trace", "stat", "-e", "map", "-o", f"{OWN}/link", "--", "true"]),
                       ("dmabuf-top", ["dmabuf-top", "-b", "-n1", "-o", f"{OWN}/link"])):
        os.symlink("precious", f"{OWN}/link")
        p = run(*args)
        ok(p.returncode and "remove it first" in p.stderr and read(f"{OWN}/precious") == "precious", f"{name} follows no link", p)
        os.unlink(f"{OWN}/link")


class Setting:
    """A sysctl of another value, while it lasts."""

    def __init__(self, name, value):
        self.path, self.value = SYSCTL + name, value

    def __enter__(self):
        self.old = read(self.path)
        write(self.path, self.value)

    def __exit__(self, *_):
        write(self.path, self.old)


def settings():
    with Workload("plain", "-n", 5):
        for name, value in (("kptr_restrict", 2), ("perf_event_paranoid", 4), ("unprivileged_bpf_disabled", 2)):
            if name == "unprivileged_bpf_disabled" and read(SYSCTL + name) == "1":
                skip(f"{name}={value}", "1 already, which stays")
                continue
            with Setting(name, value):
                data = top("--view", "buffers")
                equal((held(data), data["complete"]), (oracle(), True), f"{name}={value}: all buffers, for root")
                equal(stat(), (0, ""), f"{name}={value}: hooks, for root")
        if read(SYSCTL + "unprivileged_bpf_disabled") == "1":
            skip("unprivileged_bpf_disabled=0", "1 already, which stays")
            return
        with Setting("unprivileged_bpf_disabled", 0):
            status, err = stat(*nobody())
            ok(status == 125 and one_line(err) and NEED in err, "unprivileged_bpf_disabled=0: nobody is refused as ever", err)


def unmounted():
    """A mount namespace that lacks something: (its mounts, what doctor then says)."""
    data = "dmabuf-top -b -n1 --json --view buffers"
    for what, how, says in (("no debugfs", "umount -l /sys/kernel/debug", "debugfs not mounted"),
                            ("no tracefs", "umount -l /sys/kernel/tracing 2>/dev/null; umount -l /sys/kernel/debug/tracing 2>/dev/null; umount -l /sys/kernel/debug", "mount -t tracefs"),
                            ("no kprobes", "mount -t tmpfs none /sys/bus/event_source", "no kprobes in this kernel"),
                            ("no BTF", "mount -t tmpfs none /sys/kernel/btf", "BTF no"),
                            ("no /sys/kernel", "mount -t tmpfs none /sys/kernel", "BTF")):
        with Workload("plain", "-n", 5):
            p = run("unshare", "-m", "--propagation=private", "sh", "-c", f"{how}; {data}")
            got = json.loads(p.stdout) if p.returncode == 0 else {"buffers": []}
            equal({ino: size for ino, (size, _) in held(got).items()}, {ino: size for ino, (size, _) in oracle().items()}, f"{what}: all buffers that processes hold")
            p = run("unshare", "-m", "--propagation=private", "sh", "-c", f"{how}; dmabuf-trace doctor; dmabuf-trace live -o /dev/null -- true")
            ok(says in p.stdout, f"{what}: doctor says what helps", p.stdout)
            ok(p.returncode == 0 or (p.returncode == 125 and one_line(p.stderr)), f"{what}: live works, or says why not", p.returncode, p.stderr)
            equal("Missing: nothing" in p.stdout, p.returncode == 0, f"{what}: doctor reports live as missing if and only if live fails")
            diag(f"{what}: live {p.returncode} {p.stderr}")


def lockdown():
    """Last: it lasts until the boot ends."""
    path = "/sys/kernel/security/lockdown"
    if not os.path.exists(path):
        subprocess.run(["mount", "-t", "securityfs", "none", "/sys/kernel/security"], check=False)
    if not os.path.exists(path):
        skip("lockdown", "this kernel has none: CONFIG_SECURITY_LOCKDOWN_LSM, or lsm= without it")
        return
    for level in ("integrity", "confidentiality"):
        write(path, level)
        with Workload("plain", "-n", 5):
            data = top("--view", "buffers")
            doctor = run("dmabuf-trace", "doctor").stdout
            ok(f"lockdown {level}" in doctor, f"{level}: doctor says so", doctor)
            equal(len(data["buffers"]), 5, f"{level}: all buffers that processes hold, by {data['source']}")
            p = run("dmabuf-trace", "live", "-e", "map", "-o", "/dev/null", "--", "true")
            ok(p.returncode == 0 or (p.returncode == 125 and one_line(p.stderr) and "lockdown" in p.stderr), f"{level}: live works, or says why not", p)
            diag(f"{level}: {data['source']} {data.get('lacks')}; live {p.returncode} {p.stderr}")


os.makedirs(OWN, exist_ok=True)
os.chown(OWN, 65534, 65534)
m.load_for_test("devices=8")
run_parts(
    kernel={"nobody": as_nobody, "capabilities": with_capabilities, "setcap": on_the_file, "given up": given_up, "settings": settings},
    user_space={"links": links, "unmounted": unmounted},
    named={"lockdown": lockdown})
