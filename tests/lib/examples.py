# SPDX-License-Identifier: GPL-2.0
"""Commands of README.md and of the manual pages: find them, run them as written, and compare their output.

    for example in page("dmabuf-trace-stat.8"):
        with Run(example.command, folder) as run:
            equal(run.wait(), 0, example.command)
            equal(missing(example, run.text()), [], "the page has the output")
"""
import os
import re
import signal
import subprocess
import tempfile
from collections import namedtuple

from tap import DEADLINE

__all__ = ["Example", "Run", "source", "section", "plain", "examples", "console", "page", "is_offline", "missing", "stand_in", "STAND_INS"]

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A prompt and a command; a line that ends with |, && or \ continues. Then lines of output
EXAMPLE = re.compile(r"^([#$]) ((?:[^\n]*(?:\||&&|\\)\n)*[^\n]*)\n?(.*?)(?=^[#$] |\Z)", re.S | re.M)
# Programs that a machine may lack: the parts in use by the pages
STAND_INS = {"curl": '#!/bin/sh\nexec busybox wget -qO- "$2"\n', "jq": """#!/usr/bin/env python3
import json, re, sys
values = [json.loads(line) for line in sys.stdin]
for step in sys.argv[-1].split(" | "):
    each, where = re.fullmatch(r"\\.(\\w+)\\[\\]", step), re.fullmatch(r"select\\(\\.(\\w+) == (.*)\\)", step)
    if each:
        values = [row for value in values for row in value[each[1]]]
    elif where:
        values = [value for value in values if value.get(where[1]) == json.loads(where[2])]
    else:
        sys.exit(f"jq: the stand-in cannot run '{step}'")
for value in values:
    print(json.dumps(value))
"""}

# root: the prompt is #; lines: output, without "..."
Example = namedtuple("Example", "root command lines")


def source(name):
    """A manual page."""
    with open(f"{TOP}/man/{name}", encoding="utf-8") as f:
        return f.read()


def section(name, title):
    """The lines of a section of a manual page, as in the source; "" without the section."""
    found = re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", source(name), re.S | re.M)
    return found[1] if found else ""


def literal(text):
    """Source without fonts and escapes: the text of an .EX block."""
    return re.sub(r"\\f.|\\&", "", text).replace("\\-", "-").replace("\\e", "\\")


def plain(text):
    """Source without fonts, macros, quotes and escapes."""
    return literal(re.sub(r"^\.[A-Z]+ |\"", "", text, flags=re.M))


def examples(block):
    """The examples of a block."""
    for prompt, command, output in EXAMPLE.findall(block):
        yield Example(prompt == "#", command, [line for line in output.split("\n") if line and line != "..."])


def console(text):
    """The examples of all blocks of the kind console in a Markdown text."""
    return [example for block in re.findall(r"```console\n(.*?)```", text, re.S) for example in examples(block)]


def page(name):
    """The examples of a manual page."""
    return [example for block in re.findall(r"^\.EX\n(.*?)^\.EE", section(name, "EXAMPLES"), re.S | re.M) for example in examples(literal(block))]


def is_offline(example):
    """The example requires only recordings."""
    return re.match(r"dmabuf-trace (report|export|diff)\b", example.command) is not None


def shape(line, command):
    """The words of a line in their order, with # for each number, unknown value and word with a digit; and for a
    direction, if the command lists the slowest: the scheduler chooses them."""
    number = r"\d|^-$" + ("|_device$|^bidirectional$" if "--view=slowest" in command else "")
    return " ".join("#" if re.search(number, word) else word for word in line.split())


def missing(example, text):
    """The lines of an example without a line of the same shape in the text."""
    shapes = {shape(line, example.command) for line in text.split("\n")}
    return [line for line in example.lines if shape(line, example.command) not in shapes]


def stand_in(folder, scripts):
    """Put scripts, {name: text}, into a folder, behind the other folders of PATH."""
    os.makedirs(folder, exist_ok=True)
    for name, script in scripts.items():
        with open(f"{folder}/{name}", "w", encoding="ascii") as f:
            os.fchmod(f.fileno(), 0o755)
            f.write(script)
    os.environ["PATH"] += f":{folder}"


class Run:
    """A shell command in a folder, in a process group as at a terminal. wrap: words before the shell."""

    def __init__(self, command, folder, wrap=()):
        # pylint: disable=consider-using-with
        self._files = [tempfile.TemporaryFile() for _ in range(2)]
        self._process = subprocess.Popen([*wrap, "bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=self._files[0],
                                         stderr=self._files[1], start_new_session=True)
        self.pid = self._process.pid

    def _read(self, i):
        fd = self._files[i].fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")

    def out(self):
        """The standard output until now."""
        return self._read(0)

    def err(self):
        """The standard error until now."""
        return self._read(1)

    def text(self):
        """Both."""
        return self.out() + self.err()

    def ended(self):
        """The shell has exited."""
        return self._process.poll() is not None

    def interrupt(self):
        """Press ^C."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self, seconds=DEADLINE):
        """The exit status; None if the command runs longer, and it is killed."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        """End all processes of the group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        for f in self._files:
            f.close()
