#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: completion offers what --help has and the tools take: bash's by its function, zsh's by real keys."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import DEADLINE, done, equal, ok, skip  # noqa: E402

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.path.join(top, os.environ.get("O", "out"))
BASH = f"""
. {top}/cli/share/completion/dmabuf-tools.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_dmabuf 2>&1 && printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=top,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": build + ":" + os.environ["PATH"]})


def offered(line):
    """What is offered where the line ends; "=" and ":" are words of their own, as in COMP_WORDBREAKS."""
    words = [word for part in line.split(" ") for word in (re.split(r"([=:])", part) if part else [""])]
    if len(words) > 1 and words[-1] == "" and words[-2] in ("=", ":"):
        words.pop()
    return [word for word in run("bash", "-c", BASH, "bash", *words).stdout.split("\n") if word]


def options(*command):
    """As --help has them: with their =, and those whose value may be left out twice."""
    found = set()
    text = "\n".join(re.findall(r"^ +-.*", run(*command, "--help").stdout, re.M))
    for name, value in re.findall(r"(?<![\w-])(--[a-z][a-z-]*)(\[?=)?", text):
        found |= {name, name + "="} if value == "[=" else {name + value}
    return sorted(found)


commands = re.findall(r"^  ([a-z]+)  ", run("dmabuf-trace", "--help").stdout, re.M)
ok(len(commands) > 5, "dmabuf-trace has commands", commands)
equal(sorted(offered("dmabuf-trace ")), sorted(commands + ["--help", "--version"]), "dmabuf-trace: each command")
equal(offered("dmabuf-trace re"), ["record", "report"], "dmabuf-trace re")
for command in ["dmabuf-top"] + [f"dmabuf-trace {c}" for c in commands]:
    equal(sorted(offered(command + " --")), options(*command.split()), f"{command}: each option")

VIEWS = ["processes", "buffers", "holders", "devices", "attachments", "exporters", "latency", "pipelines", "suspects"]
equal(offered("dmabuf-top --view="), VIEWS, "--view= offers each view")
equal(offered("dmabuf-top --view=dev"), ["devices"], "a part of one")
equal(offered("dmabuf-top --view=devices,bu"), ["devices,buffers"], "after a comma")
equal(offered("dmabuf-top --source=bpf:i"), ["iter"], "after a colon, which bash takes for a word")
equal(offered("dmabuf-top --source=bpf:"), ["iter", "task"], "at a colon")
equal(offered("dmabuf-top -s ps"), ["pss"], "-s: columns")
with open(f"{top}/include/dmabuf_events.h", encoding="ascii") as header:
    source = header.read()
events = offered("dmabuf-trace live --events=")
ok(len(events) > 20 and all(re.search(rf"\b{re.escape(e)}\b", source) for e in events), "--events=: each event", events)
equal(offered("dmabuf-trace leaks --fail-on=out"), ["outlived"], "--fail-on=: kinds")
equal(offered("dmabuf-trace live -e ma,un"), ["ma,unmap", "ma,unpin"], "-e takes lists, too")
equal(offered("dmabuf-trace diff READ"), ["README.md"], "diff: files")
equal(offered("dmabuf-trace report -i READ"), ["README.md"], "-i: files")
equal(offered("dmabuf-trace stat -- dmabuf-to"), ["dmabuf-top"], "after --: commands")

# Values come from the table of options: --help and the error for another value have them, too.
for command, option, words in (
        ("dmabuf-top", "--source", "auto bpf:iter bpf:task module proc"),
        ("dmabuf-trace record", "--source", "auto bpf:iter bpf:task module proc"),
        ("dmabuf-trace live", "--hooks", "auto tracepoint kprobe session fentry"),
        ("dmabuf-trace record", "--hooks", "auto tracepoint kprobe session fentry"),
        ("dmabuf-trace metrics", "--hooks", "auto tracepoint kprobe session fentry"),
        ("dmabuf-trace leaks", "--hooks", "auto tracepoint kprobe session"),
        ("dmabuf-trace live", "--stacks", "kernel user both"),
        ("dmabuf-trace export", "--format", "perfetto chrome ndjson"),
        ("dmabuf-trace report", "--view", "exporters processes operations slowest longest"),
        ("dmabuf-trace metrics", "--by", "comm cgroup"),
        ("dmabuf-trace diff", "--by", "exporter comm name stack")):
    equal(offered(f"{command} {option}="), words.split(), f"{command} {option}=")
    text = re.sub(r"\s+", " ", run(*command.split(), "--help").stdout)
    entry = re.search(rf"{option}\[?=.*?(?= --[a-z]+[= ]|$)", text)[0]
    equal([w for w in words.split() if not re.search(rf"\b{w}\b", entry)], [], f"{command}: --help has the values of {option}")
    p = run(*command.split(), f"{option}=neither")
    equal((p.returncode, p.stdout), (2, f"{command}: invalid {option} 'neither' ({', '.join(words.split())})\n"),
          f"{command}: the error for {option} has the values")
for command in (["dmabuf-trace", "record", "--compress", "9", "-o", "/dev/null", "--", "true"], ["dmabuf-trace", "live", "--stacks", "user", "true"],
                ["dmabuf-trace", "metrics", "--listen", "127.0.0.1:9417"], ["dmabuf-trace", "report", "--events", "map,unmap"]):
    p = run(*command)
    ok(p.returncode == 2 and f"{command[2]}={command[3]}" in p.stdout, f"{' '.join(command[:4])}: an optional value needs '='", p)


class Zsh:
    """One on a terminal of its own, with nothing but our completion; ^X prints the line and empties it."""
    SETUP = ("PS1= LISTMAX=1000; fpath=({top}/cli/share/completion $fpath); autoload -U compinit; compinit -u -D; "
             "line() {{ zle -I; print -r -- \"<$BUFFER>\"; BUFFER=; }}; zle -N line; bindkey '^X' line; cd {top}; print re''ady\n")

    def __init__(self):
        pid, self.fd = pty.fork()
        if not pid:
            os.environ.update(PATH=build + ":" + os.environ["PATH"], TERM="dumb", LC_ALL="C.UTF-8")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.keys(self.SETUP.format(top=top))
        self.until(rb"ready\r?\n")

    def keys(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        seen, end = b"", time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                seen += os.read(self.fd, 65536)
                found = re.search(pattern, seen)
                if found:
                    return found
        return None

    def completed(self, line):
        self.keys(line + "\t\x18")
        found = self.until(rb"<([^<>]*)>\r?\n")
        return found and found[1].decode()


if shutil.which("zsh"):
    zsh = Zsh()
    for line, whole in (
            ("dmabuf-trace repo", "dmabuf-trace report "),
            ("dmabuf-top --vie", "dmabuf-top --view="),
            ("dmabuf-trace export --form", "dmabuf-trace export --format="),
            ("dmabuf-trace leaks --max", "dmabuf-trace leaks --max-age="),
            ("dmabuf-top --source=bpf:i", "dmabuf-top --source=bpf:iter"),
            ("dmabuf-top --view=devices,bu", "dmabuf-top --view=devices,buffers"),
            ("dmabuf-trace leaks --fail-on=outl", "dmabuf-trace leaks --fail-on=outlived"),
            ("dmabuf-trace live -e map,unma", "dmabuf-trace live -e map,unmap"),
            ("dmabuf-trace report -i READ", "dmabuf-trace report -i README.md "),
            ("dmabuf-trace stat -- dmabuf-tr", "dmabuf-trace stat -- dmabuf-trace ")):
        equal(zsh.completed(line), whole, f"zsh: {line}")
else:
    skip("zsh", "not installed")
sys.exit(done())
