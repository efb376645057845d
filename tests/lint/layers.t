#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: who may include whom, and call whom. Also proves that it sees what it is meant to see."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok  # noqa: E402

# A layer may use itself, include/, and these. "mains" are the programs' main files.
MAY_USE = {
    "include": set(),
    "bpf": set(),
    "kmod": set(),
    "clock": set(),
    "file": set(),
    "regular": set(),
    "opaque": {"model"},
    "model": set(),
    "recording": {"model", "clock"},
    "symbols": {"model", "recording", "opaque", "regular"},
    "source": {"model", "recording", "opaque", "bpf", "clock"},
    "events": {"model", "source", "symbols", "opaque", "regular", "bpf", "clock"},
    "output": {"model"},
    "option_table": {"model"},
    "options": {"model", "source", "output", "option_table", "file"},
    "top": {"model", "source", "events", "output", "options", "option_table", "file", "regular", "clock"},
    "trace": {"model", "source", "events", "symbols", "output", "options", "option_table", "file", "opaque", "recording", "bpf", "clock"},
    "mains": {"model", "source", "events", "output", "options", "option_table", "recording", "bpf", "top", "trace", "clock"},
}
# Libraries that would carry a layer's work elsewhere: header → the layers that may have it.
LIBRARIES = {
    r"n?curses(w/.*)?\.h": {"top"},
    r"bpf/(libbpf|bpf|btf)\.h": {"source", "events", "trace", "options", "mains"},
    r"json-c/.*": {"output", "trace"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


# Files that must not use each other in a circle: what is defined in them for others, by folder. A
# .bpf.c includes its parts, and stays out.
FUNCTION = r"^(?!static\b|SEC)(?:\w[\w ]*[ *])?(\w+)\([^;{}]*\)\n\{"
ROOMS = {"kmod": (r"\.c$", FUNCTION), "bpf": (r"^events_.*\.bpf\.h$", FUNCTION.replace(r"static\b|", "")),
         **{f"cli/{room}": (r"\.c$", FUNCTION) for room in ("model", "recording", "source", "events", "symbols", "output", "top", "trace")}}
NO_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def layer(path):
    """Of a path below the top."""
    parts = path.split("/")
    if parts[0] != "cli":
        return parts[0]
    if len(parts) > 2:
        return parts[1]
    name = parts[1].split(".", maxsplit=1)[0]
    return name if name in ("clock", "file", "opaque", "regular", "options", "option_table") else "mains"


def resolve(top, path, header):
    """What the compiler would find, as the Makefile's -I have it, below the top."""
    if header.endswith(".skel.h"):
        return "bpf/" + header
    # Made from the .proto beside it
    if header.endswith(".pb-c.c"):
        return path
    for base in (os.path.dirname(path), "include", "cli", "bpf"):
        found = os.path.normpath(os.path.join(base, header))
        if os.path.exists(os.path.join(top, found)):
            return found
    return None


def violations(top):
    """"file: what", sorted."""
    found = []
    for base in ("include", "bpf", "kmod", "cli"):
        for folder, _, files in os.walk(os.path.join(top, base)):
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), top)
                if not name.endswith((".c", ".h")) or name.endswith(".mod.c"):
                    continue
                own = layer(path)
                if own not in MAY_USE:
                    found.append(f"{path}: in no layer")
                    continue
                with open(os.path.join(folder, name)) as f:
                    includes = INCLUDE.findall(f.read())
                for quote, header in includes:
                    found += judge(top, path, own, quote, header)
    return sorted(found)


def judge(top, path, own, quote, header):
    if quote == "<":
        for pattern, layers in LIBRARIES.items():
            if re.fullmatch(pattern, header) and own not in layers:
                return [f"{path}: <{header}> is for {' '.join(sorted(layers))}"]
        return []
    target = resolve(top, path, header)
    if not target:
        return [f"{path}: \"{header}\" is nowhere"]
    other = layer(target)
    if other not in {own, "include"} | MAY_USE[own]:
        return [f"{path}: {own} may not use {other} (\"{header}\")"]
    return []


def circles(top, folder):
    """"file uses file: functions and includes" of each step on a circle."""
    names, function = ROOMS[folder]
    text, owner, uses = {}, {}, {}
    for name in sorted(os.listdir(os.path.join(top, folder))):
        if re.search(names, name) and not name.endswith(".mod.c"):
            with open(os.path.join(top, folder, name)) as f:
                text[name] = f.read()
            for quote, header in INCLUDE.findall(text[name]):
                if quote == '"' and re.search(names, header):
                    uses.setdefault(name, {}).setdefault(header, set()).add("#include")
            text[name] = NO_CODE.sub(" ", text[name])
            owner.update((found, name) for found in re.findall(function, text[name], re.M))
    for name, code in text.items():
        for called in set(re.findall(r"\b(\w+)\b(?=[(),;])", code)) & set(owner):
            if owner[called] != name:
                uses.setdefault(name, {}).setdefault(owner[called], set()).add(called)
    # Whoever uses nobody, or is used by nobody, is on no circle
    while True:
        used = {other for others in uses.values() for other in others}
        kept = {name: {other: what for other, what in others.items() if other in uses}
                for name, others in uses.items() if name in used}
        kept = {name: others for name, others in kept.items() if others}
        if kept == uses:
            return [f"{folder}/{name} uses {other}: {' '.join(sorted(what))}"
                    for name, others in sorted(uses.items()) for other, what in sorted(others.items())]
        uses = kept


def planted(top, path, line, judge_all=violations):
    """The violations that one more line makes."""
    copy = tempfile.mkdtemp(prefix="dmabuf-layers-")
    try:
        for base in ("include", "bpf", "kmod", "cli", "tests/workloads"):
            if os.path.isdir(os.path.join(top, base)):
                shutil.copytree(os.path.join(top, base), os.path.join(copy, base))
        before = judge_all(copy)
        os.makedirs(os.path.join(copy, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(copy, path), "a") as f:
            f.write(line + "\n")
        return [v for v in judge_all(copy) if v not in before]
    finally:
        shutil.rmtree(copy)


top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
equal(violations(top), [], "every include is allowed")
for path, line in (
        ("cli/model/planted.c", '#include "source/source.h"'),
        ("cli/model/hash.h", "#include <bpf/libbpf.h>"),
        ("cli/model/planted.c", '#include "../output/text.h"'),
        ("cli/model/planted.c", '#include "clock.h"'),
        ("cli/recording/planted.c", '#include "source/source.h"'),
        ("cli/source/proc.c", '#include "output/text.h"'),
        ("cli/source/planted.c", '#include "options.h"'),
        ("cli/output/json.c", '#include "source/source.h"'),
        ("cli/output/planted.h", "# include <curses.h>"),
        ("cli/top/planted.c", '#include "snapshot.skel.h"'),
        ("cli/top/planted.c", '#include "trace/trace.h"'),
        ("cli/trace/planted.c", '#include "top/ui.h"'),
        ("cli/options.c", '#include "top/top.h"'),
        ("include/planted.h", '#include "model/model.h"'),
        ("bpf/planted.c", '#include "../cli/model/hash.h"'),
        ("cli/top/planted.c", '#include "../../tests/workloads/mkbufs.h"'),
        ("cli/top/planted.c", '#include "no/such.h"')):
    ok(len(planted(top, path, line)) == 1, f"a planted one is seen: {line} in {path}")
for folder in ROOMS:
    equal(circles(top, folder), [], f"no files of {folder} use each other in a circle")
for path, call in (("kmod/accounting.c", "hooks_disarm()"), ("kmod/hooks.c", "acct_tables_exit()"),
                   ("kmod/accounting.c", "acct_sysfs_exit()"), ("kmod/holders.c", "acct_scan()"),
                   ("bpf/events_stacks.bpf.h", "finish(0, 0, 0)"), ("bpf/events_state.bpf.h", "wants_stack(0)"),
                   ("bpf/events_calls.bpf.h", "keep_past(0)"), ("bpf/events_tables.bpf.h", "pop(0, 0)"),
                   ("cli/top/paint.c", "draw_list(0)"), ("cli/top/actions.c", "keys_handle(0, 0)"), ("cli/trace/collector.c", "metrics_serve(0, 0, 0, 0)"),
                   ("cli/source/nodes.c", "source_close(0)"), ("cli/events/names.c", "events_read_map(0, 0, 0, 0)")):
    ok(planted(top, path, f"static void planted(void)\n{{\n\t{call};\n}}",
               lambda copy, path=path: circles(copy, os.path.dirname(path))), f"a planted circle is seen: {call} in {path}")
sys.exit(done())
