#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: what is exported, what the man page says of it, and what rules and dashboard ask for, agree; the unit is hardened."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok, skip  # noqa: E402

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
share = f"{top}/cli/share"
TOOL = os.path.join(top, os.environ.get("O", "out"), "dmabuf-trace")
NAME = re.compile(r"\b(?:dmabuf|node)_[a-z_]+\b")
# Not ours: what Prometheus adds, and node_exporter's
OTHERS = {"node_textfile_mtime_seconds"}
EVERYWHERE = {"instance", "job", "le", "file", "alertname"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def listed():
    """{name of a series: its labels}, and the rows."""
    out = subprocess.run([TOOL, "metrics", "--list-metrics"], stdout=subprocess.PIPE, check=True, text=True).stdout
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    series = {}
    for name, kind, _, labels, _ in rows:
        for suffix in SUFFIXES.get(kind, ("",)):
            series[name + suffix] = set(re.split(r"[,|]", labels)) - {"-"}
    return series, rows


def wrong(query, series):
    """What of a query is not there to be asked for: names, and labels of "by" and of selectors."""
    names = set(NAME.findall(query)) - OTHERS
    unknown = {n for n in names if n not in series}
    labels = {label for group in re.findall(r"\bby \(([^)]*)\)", query) for label in re.findall(r"\w+", group)}
    labels |= {label for group in re.findall(r"\{([^}]*)\}", query) for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", group)}
    has = set().union(EVERYWHERE, *(series.get(n, set()) for n in names))
    return sorted(unknown | (labels - has))


def dashboard_queries(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    queries = [t["expr"] for p in data["panels"] for t in p["targets"]]
    return queries + [v["query"]["query"] for v in data["templating"]["list"] if v["type"] == "query"], data


def rules_queries(path):
    """Of each alert, whole: the lines of expr, as YAML has them."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return re.findall(r"^ +expr: (?:\|\n((?:(?: {10,}.*)?\n)+)|(.*)\n)", text, re.M)


series, rows = listed()
ok(len(rows) > 20, "metrics are listed", rows)
for name, kind, unit, _, text in rows:
    ok(name.startswith("dmabuf_") and (kind == "counter") == name.endswith("_total") and (unit == "-" or name.endswith("_" + unit)) and
       text.endswith(".") and not re.search(r'["\\]', text), f"{name}: a right name, unit and help", kind, unit, text)

queries, data = dashboard_queries(f"{share}/grafana/dmabuf.json")
ok(len(queries) > 15, "the dashboard's queries are found", queries)
for q in queries:
    equal(wrong(q, series), [], f"dashboard: {q}")
boxes = [p["gridPos"] for p in data["panels"]]
over = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1:]
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]]
equal(over, [], "no panel lies above another")
asked = {n for q in queries for n in NAME.findall(q)}
shown = {n for n in series if "per" in n and "buffer_" in n} | {n for n in series if n.startswith("dmabuf_buffer_")}
families = {n: {n + s for s in SUFFIXES.get(kind, ("",))} for n, kind, *_ in rows}
equal(sorted(n for n, names in families.items() if not names & asked and n not in shown), [], "every metric but those of single buffers has its panel")

rules = ["".join(r) for r in rules_queries(f"{share}/prometheus/dmabuf.rules.yml")]
ok(len(rules) >= 4, "the rules' queries are found", rules)
for q in rules:
    equal(wrong(q, series), [], f"rule: {' '.join(q.split())}")
for planted in ("dmabuf_bites > 1", 'sum by (comm) (dmabuf_bytes)', 'dmabuf_bytes{device="x"}', "rate(dmabuf_map_duration_seconds[5m])"):
    ok(wrong(planted, series), f"a planted one is seen: {planted}")

if shutil.which("promtool"):
    for args in (["check", "rules", "dmabuf.rules.yml"], ["test", "rules", "dmabuf.rules.test.yml"]):
        p = subprocess.run(["promtool", *args], cwd=f"{share}/prometheus", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ok(p.returncode == 0, f"promtool {' '.join(args)}", p.stdout)
else:
    skip("promtool check rules, test rules", "no promtool here; tests/lab/metrics.t has it")

page = subprocess.run(["man", "--nh", "--nj", "-E", "ASCII", "-l", f"{top}/man/dmabuf-trace-metrics.8"], stdout=subprocess.PIPE, text=True,
                      env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"}).stdout
found = set(re.findall(r"\bdmabuf_[a-z_]+\b", page)) - {"dmabuf_tools"}
equal(found, {r[0] for r in rows}, "dmabuf-trace-metrics.8 has every metric, and no other")

unit = f"{share}/systemd/dmabuf-metrics.service"
with open(unit, encoding="utf-8") as f:
    text = f.read()
with open(f"{top}/tests/lab/metrics.t", encoding="utf-8") as f:
    tried = re.search(r'CAPABILITIES = "(.*)"', f.read())[1]
caps = {c.lower()[4:] for c in re.search(r"^AmbientCapabilities=(.*)$", text, re.M)[1].split()}
equal(caps, {c[1:] for c in tried.split(",")}, "tests/lab/metrics.t runs it with the unit's capabilities")
equal(re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M)[1], re.search(r"^AmbientCapabilities=(.*)$", text, re.M)[1], "and it can get no others")
ok(re.search(r"^MemoryMax=\d+[MG]$", text, re.M), "what anybody makes it read cannot take all memory")
if shutil.which("systemd-analyze"):
    p = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    level = re.search(r"Overall exposure level for .*: ([\d.]+)", p.stdout)
    ok(level and float(level[1]) < 3.0, f"systemd-analyze security: {level and level[1]}, below 3.0", p.stdout)
else:
    skip("systemd-analyze security", "no systemd here")
sys.exit(done())
