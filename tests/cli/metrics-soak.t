#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""dmabuf-trace metrics --listen beside silent, slow, aborted and half-open clients, with few descriptors, by IPv4 and IPv6.

The test runs in its own network namespace, and takes half a minute.
"""
import fcntl
import http.client
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from scrape import Server  # noqa: E402
from tap import done, equal, ok, poll, skip  # noqa: E402

TRACE = os.path.join(os.environ.get("O", "out"), "dmabuf-trace")
SILENT = 15     # seconds after which the server closes a silent connection
FEW = 32        # descriptors
HALF = {"silent": (b"", False), "slow": (b"GET /metrics HTTP/1.1\r\nHost", False), "half-open": (b"GET /met", True)}


def isolate():
    """Go on in a network namespace that has lo only; False if there can be none."""
    if os.environ.get("SOAK_ISOLATED"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))     # SIOCSIFFLAGS: up
        return True
    unshare = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode:
        return False
    os.environ["SOAK_ISOLATED"] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def server(*args, wrap=()):
    return Server("--source=proc", *args, wrap=wrap, command=TRACE)


def cpu(s):
    """Seconds that it has run."""
    with open(f"/proc/{s.process.pid}/stat") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def descriptors(s):
    return len(os.listdir(f"/proc/{s.process.pid}/fd"))


def clients(s, n, kinds):
    """n connections of these kinds in turn, 200 from each address."""
    made = []
    for i in range(n):
        text, half = HALF[kinds[i % len(kinds)]]
        c = socket.socket()
        c.bind((f"127.0.1.{1 + i // 200}", 0))
        c.connect(("127.0.0.1", s.port))
        c.sendall(text)
        if half:
            c.shutdown(socket.SHUT_WR)
        made.append(c)
    return made


def abort(s, n):
    for c in clients(s, n, ["silent"]):
        c.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()


def answers(s, host="127.0.0.1", path="/-/healthy", timeout=30):
    c = http.client.HTTPConnection(host, s.port, timeout=timeout)
    try:
        c.request("GET", path)
        return c.getresponse().status == 200
    except OSError:
        return False
    finally:
        c.close()


def soak():
    """More clients than there may be, and then none: each server answers again, and none spins."""
    mixed, many, few = server(), server(), server(wrap=["prlimit", f"--nofile={FEW}"])
    servers = {"mixed": mixed, "512 connections": many, f"{FEW} descriptors": few}
    before = {name: descriptors(s) for name, s in servers.items()}
    with mixed, many, few:
        hanging = clients(mixed, 190, list(HALF))
        abort(mixed, 64)
        equal([answers(mixed, path="/metrics") for _ in range(23)], [True] * 23, "beside slow, aborted and half-open clients: answers")
        hanging += clients(few, 9, list(HALF))
        ok(answers(few, path="/metrics"), f"{FEW} descriptors, 9 slow clients: answers")
        start = time.monotonic()
        hanging += clients(many, 600, ["silent"]) + clients(few, 80, ["silent", "slow"])
        used = {name: cpu(s) for name, s in servers.items()}
        time.sleep(max(0, start + SILENT - 3 - time.monotonic()))
        for name, s in servers.items():
            ok(cpu(s) - used[name] < 2, f"{name}: full, it waits", cpu(s) - used[name])
        # It sees them all expire in one moment
        for s in servers.values():
            s.process.send_signal(signal.SIGSTOP)
        time.sleep(max(0, start + SILENT + 5 - time.monotonic()))
        for s in servers.values():
            s.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        for c in hanging:
            c.close()
        for name, s in servers.items():
            ok(poll(lambda s=s: answers(s, path="/metrics")), f"{name}: after all have gone it answers")
            used = cpu(s)
            ok(poll(lambda s=s, name=name: descriptors(s) <= before[name]), f"{name}: no descriptor is left", before[name], descriptors(s))
            time.sleep(1)
            ok(cpu(s) - used < 1, f"{name}: idle, it waits", cpu(s) - used)
            equal(s.stop(), 0, f"{name}: SIGTERM: exit status")


def no_descriptor():
    """None is left for a client: it is tried again and again, but not all the time."""
    with server() as s:
        taken = descriptors(s)
        limits = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (taken, limits[1]))
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            used = cpu(s)
            time.sleep(3)
            ok(cpu(s) - used < 0.3, "no descriptor is left: it does not spin", cpu(s) - used)
            resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, limits)
            ok(c.recv(100).startswith(b"HTTP/1.1 200"), "there are some again: the client that waited is answered")
    p = subprocess.run(["prlimit", "--nofile=5", TRACE, "metrics", "--source=proc", "--listen=127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    ok(p.returncode == 1 and p.stderr.count("\n") == 1, "too few to begin with: exit status 1 and why", p.returncode, p.stderr)


def keep_alive():
    with server() as s:
        c = http.client.HTTPConnection("127.0.0.1", s.port)
        c.connect()
        first = c.sock
        for method, path, body, want in (("GET", "/metrics", None, 200), ("HEAD", "/metrics", None, 200), ("GET", "/-/healthy", None, 200),
                                         ("GET", "/", "x" * 70000, 200), ("GET", "/no", None, 404), ("GET", "/metrics", None, 200)):
            c.request(method, path, body)
            r = c.getresponse()
            text = r.read()
            ok((r.status, bool(text)) == (want, method != "HEAD") and r.headers["Connection"] != "close" and c.sock is first,
               f"{method} {path}{' with a body' if body else ''}: the connection stays", r.status, r.headers)
        c.request("POST", "/metrics", "x" * 100)
        r = c.getresponse()
        equal((r.status, r.headers["Allow"]), (405, "GET, HEAD"), "POST: refused before its body is read")
        c.close()


def addresses():
    """[::1] alone, and all addresses of both families at once."""
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::1", 0))
        except OSError as e:
            skip("IPv6", e)
            return
    for listen, hosts in (("[::1]:0", ["::1"]), (":0", ["::1", "127.0.0.1", "127.0.1.7"]), ("[::]:0", ["::1", "127.0.0.1"]), ("127.0.0.1:0", ["127.0.0.1"])):
        p = subprocess.Popen([TRACE, "metrics", "--source=proc", f"--listen={listen}"], stderr=subprocess.PIPE, text=True)
        line = p.stderr.readline()
        p.port = int(line.rsplit(":", 1)[1].split("/")[0])
        equal([h for h in hosts if not answers(p, h)], [], f"--listen={listen}: {', '.join(hosts)}")
        p.terminate()
        equal((p.wait(), p.stderr.read()), (0, ""), f"--listen={listen}: SIGTERM: exit status")
        p.stderr.close()


if isolate():
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    soak()
    no_descriptor()
    keep_alive()
    addresses()
else:
    skip("metrics --listen beside many clients", "no network namespace here")
sys.exit(done())
