# SPDX-License-Identifier: GPL-2.0
"""dmabuf-trace metrics for tests: one that serves, and what it tells, read strictly."""
import http.client
import re
import subprocess

__all__ = ["parse", "once", "Server", "families"]

LABEL = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r'([a-zA-Z_:]\w*)(?:\{(%s(?:,%s)*)\})? (-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)$' % (LABEL, LABEL))
UNESCAPE = {"n": "\n", "\\": "\\", '"': '"'}


def parse(raw, openmetrics=False):
    """{name: {labels: value}}, labels as a tuple of (name, value). ValueError for what is not right: a sample before
    its family's head or between another's, a sample twice, what is no UTF-8."""
    found, types, family = {}, {}, None
    lines = raw.decode("utf-8").split("\n")
    if lines.pop() != "" or (openmetrics and lines.pop() != "# EOF"):
        raise ValueError("it does not end as it should")
    for line in lines:
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            if what == "TYPE":
                if name in types:
                    raise ValueError(f"twice: {line}")
                types[name], family = rest, name
            elif what not in ("HELP", "UNIT") or (what == "UNIT" and not (openmetrics and name.endswith("_" + rest))):
                raise ValueError(line)
            continue
        m = SAMPLE.match(line)
        if not m or not m[1].startswith(family) or m[1][len(family):] not in suffixes(types[family], openmetrics):
            raise ValueError(f"no sample of {family}: {line}")
        pairs = tuple((k, re.sub(r"\\(.)", lambda e: UNESCAPE[e[1]], v[1:-1]))
                      for k, v in (p.split("=", 1) for p in re.findall(LABEL, m[2] or "")))
        samples = found.setdefault(m[1], {})
        if tuple(sorted(pairs)) in samples:
            raise ValueError(f"twice: {line}")
        samples[tuple(sorted(pairs))] = float(m[3])
    return found


def suffixes(kind, openmetrics):
    if kind == "histogram":
        return ("_bucket", "_sum", "_count")
    if openmetrics:
        return {"counter": ("_total",), "info": ("_info",)}.get(kind, ("",))
    return ("",)


def families():
    """{name: (type, unit, labels, help)} as --list-metrics has them."""
    out = subprocess.run(["dmabuf-trace", "metrics", "--list-metrics"], stdout=subprocess.PIPE, check=True, text=True).stdout
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    return {r[0]: tuple(r[1:]) for r in rows}


def once(*args):
    out = subprocess.run(["dmabuf-trace", "metrics", *map(str, args)], stdout=subprocess.PIPE, check=True).stdout
    return parse(out, "--openmetrics" in args)


class Server:
    """One that listens when this returns."""

    def __init__(self, *args, wrap=(), command="dmabuf-trace"):
        self.process = subprocess.Popen([*wrap, command, "metrics", "--listen=127.0.0.1:0", *map(str, args)],
                                        stderr=subprocess.PIPE, text=True)
        self.errors = []
        for line in self.process.stderr:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", line)
            if found:
                self.port = int(found[1])
                return
            self.errors.append(line)
        raise RuntimeError(f"metrics {args}: {self.errors}, exit status {self.process.wait()}")

    def get(self, path="/metrics", method="GET", **headers):
        """(status, headers, body)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port)
        c.request(method, path, headers=headers)
        r = c.getresponse()
        body = r.read()
        c.close()
        return r.status, r.headers, body

    def scrape(self):
        status, _, body = self.get()
        if status != 200:
            raise RuntimeError(f"{status} {body!r}")
        return parse(body)

    def stop(self):
        """Its exit status."""
        self.process.terminate()
        self.errors += self.process.stderr.readlines()
        self.process.stderr.close()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()
