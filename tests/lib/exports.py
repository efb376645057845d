# SPDX-License-Identifier: GPL-2.0
"""What dmabuf-trace export wrote, read back by others' readers: protoc, and Python's json.

Each gives an Export: slices as (ino, name, start, end, arguments) in ns since 1970, moments, counters as {pid: [(time, bytes)]},
flows as {id: [slice]} in the order of time, and what is wrong with how slices nest.
"""
import ast
import json
import os
import subprocess
from collections import namedtuple

Export = namedtuple("Export", "slices moments counters flows wrong")
Slice = namedtuple("Slice", "ino name start end args")
PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cli/output")


def written(path):
    """The message of an export to a file for a timeline."""
    return f"dmabuf-trace export: {path} is written; open the file at https://ui.perfetto.dev\n"


def _message(lines):
    """Protobuf's text format: {field: [values]}."""
    fields = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            fields.setdefault(line[:-2], []).append(_message(lines))
        else:
            key, value = line.split(": ", 1)
            if value.startswith('"'):
                value = ast.literal_eval("b" + value).decode()
            elif value.lstrip("-").isdigit():
                value = int(value)
            fields.setdefault(key, []).append(value)
    return fields


def _packets(path):
    with open(path, "rb") as f:
        p = subprocess.run(["protoc", "--decode", "perfetto.Trace", "--proto_path", PROTO, "perfetto.proto"], stdin=f,
                           stdout=subprocess.PIPE, check=True, text=True)
    return _message(iter(p.stdout.splitlines()))["packet"]


def _arguments(event):
    return {a["name"][0]: (a.get("int_value") or a.get("string_value"))[0] for a in event.get("debug_annotations", ())}


def _stack(events):
    """Whether each end ends the slice that its writer meant, as a reader sees it: in the order of time, else of the file."""
    wrong, stacks = [], {}
    for _, _, track, kind, number in sorted(events):
        stack = stacks.setdefault(track, [])
        if kind == "begin":
            stack.append(number)
        elif not stack or stack.pop() != number:
            wrong.append((track, number))
    return wrong + [s for s in stacks.values() if s]


def perfetto(path):
    tracks, slices, moments, counters, flows, events = {}, [], [], {}, {}, []
    offset = 0
    for order, packet in enumerate(_packets(path)):
        if "clock_snapshot" in packet:
            clocks = {c["clock_id"][0]: c["timestamp"][0] for c in packet["clock_snapshot"][0]["clocks"]}
            offset = clocks[1] - clocks[6]
        if "track_descriptor" in packet:
            track = packet["track_descriptor"][0]
            assert track["uuid"][0] not in tracks, track
            assert track.get("parent_uuid", [None])[0] in (None, *tracks), track
            tracks[track["uuid"][0]] = track
        if "track_event" not in packet:
            continue
        event, time = packet["track_event"][0], packet["timestamp"][0] + offset
        track, kind = event["track_uuid"][0], event["type"][0]
        assert track in tracks, event
        if kind == "TYPE_COUNTER":
            assert tracks[track]["counter"][0]["unit"] == ["UNIT_SIZE_BYTES"]
            parent = tracks.get(tracks[track].get("parent_uuid", [0])[0], {})
            pid = parent["process"][0]["pid"][0] if parent else 0
            counters.setdefault(pid, []).append((time, event["counter_value"][0]))
        elif kind == "TYPE_INSTANT":
            args = _arguments(event)
            moments.append(Slice(args.get("ino", 0), event["name"][0], time, time, args))
        elif kind == "TYPE_SLICE_BEGIN":
            args = _arguments(event)
            begun = event
            slices.append(Slice(args.get("ino", 0), event["name"][0], time, None, args))
            events.append((time, order, track, "begin", len(slices)))
        else:
            slices[-1] = slices[-1]._replace(end=time)
            events.append((time, order, track, "end", len(slices)))
            for flow in begun.get("flow_ids", []) + begun.get("terminating_flow_ids", []):
                flows.setdefault(flow, []).append(slices[-1])
    return Export(slices, moments, counters, {f: sorted(s, key=lambda x: x.start) for f, s in flows.items()}, _stack(events))


def _overlaps(rows):
    """Those of one thread that neither follow nor hold each other."""
    wrong, open_ends = [], {}
    for start, end, thread, name in sorted(rows, key=lambda r: (r[0], -r[1])):
        stack = open_ends.setdefault(thread, [])
        while stack and stack[-1] <= start:
            stack.pop()
        if stack and stack[-1] < end:
            wrong.append((thread, name, start, end))
        stack.append(end)
    return wrong


def chrome(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f, parse_float=str)
    base, slices, moments, counters, flows, rows, threads = int(data["otherData"]["start"]), [], [], {}, {}, [], {}

    def ns(text):
        whole, part = str(text).split(".")
        assert len(part) == 3
        return int(whole) * 1000 + int(part)
    for e in data["traceEvents"]:
        thread = (e["pid"], e["tid"])
        if e["ph"] == "X":
            start = base + ns(e["ts"])
            slices.append(Slice(e["args"].get("ino", 0), e["name"], start, start + ns(e["dur"]), e["args"]))
            rows.append((start, slices[-1].end, thread, e["name"]))
            threads.setdefault(thread, []).append(slices[-1])
        elif e["ph"] == "i":
            moments.append(Slice(e["args"].get("ino", 0), e["name"], base + ns(e["ts"]), base + ns(e["ts"]), e["args"]))
        elif e["ph"] == "C":
            counters.setdefault(e["pid"], []).append((base + ns(e["ts"]), e["args"]["bytes"]))
        elif e["ph"] in "sf":
            flows.setdefault(e["id"], []).append(threads[thread][-1])
        else:
            assert e["ph"] == "M", e
    return Export(slices, moments, counters, {f: sorted(s, key=lambda x: x.start) for f, s in flows.items()}, _overlaps(rows))


def calls(export):
    """Of events with a duration: sorted (event, device, ino, start, end)."""
    from_name = [(s.name.split(" ", 1) + [None])[:2] + [s.ino, s.start, s.end] for s in export.slices if "tid" in s.args]
    return sorted((tuple(row) for row in from_name), key=str)


def calls_of(events):
    """The same of what report --events --json has."""
    return sorted(((e["event"], e["device"], e["ino"] or 0, e["time"] - e["duration"], e["time"])
                   for e in events if e.get("duration") is not None), key=str)


def lives(export):
    """{ino: (start, end, size)}."""
    return {s.ino: (s.start, s.end, s.args["size"]) for s in export.slices if "size" in s.args}
