#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: what holds for every file of the tree: licence, length, white space, versions, sleeps, deadlines."""
import ast
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal, ok  # noqa: E402
from tree import TOP, tree  # noqa: E402

C = (".c", ".h")
SOURCE = C + (".py", ".t", ".sh", ".mk", ".8", ".5", ".4")
VERSION_MACRO = re.compile(r"\b(LINUX_VERSION_CODE|KERNEL_VERSION|LINUX_KERNEL_VERSION|RHEL_RELEASE\w*)\b")
VERSIONS_ALLOWED = ("kmod/compat.h", "bpf/kernel_compat.bpf.h", "tests/lint/files.t")
STRING = re.compile(r'"(\\.|[^"\\]){16,}"')
# A step of 50 ms or less is a poll's.
SLEEP = re.compile(r"(?<![\w.-])sleep +[\d$\"]|\btime\.sleep\((?!0\.0[1-5]\))|(?<![.\w])(u|nano)?sleep\([\d&]|"
                   r"\bpoll\(&?\w+, *\w+, *[^;]*\b(5[1-9]|[6-9]\d|\d{3,5})\)")
# What grows, moves, ages or is silent on purpose is no waiting, nor is where a killed writer was; kmemleak takes what is younger
# than 5 s for live.
SLEEP_ALLOWED = ("tests/cli/metrics-soak.t", "tests/lab/demo-guest", "tests/lab/examples.t", "tests/lab/init", "tests/lint/files.t", "tests/workloads/leaker.c",
                 "tests/unit/test_recording.c")
CLOCKS = ("time", "monotonic", "monotonic_ns")
# Papers of the project; others are not in the repository
DOCUMENT = re.compile(r"\b(?!(?:README|CONTRIBUTING)\.md\b)[A-Z]+\.md\b")
SHELL = re.compile(r"\b(system|popen|wordexp)\s*\(")
CREATES = re.compile(r"\bO_CREAT\b|\bfopen\([^;]*, *\"[wa]|\bjson_object_to_file")
# One that there was not (O_EXCL), and one that is renamed when it is whole
CREATES_ALLOWED = ("cli/file.c", "cli/top/write.c", "cli/trace/metrics.c")


def lines(path, text, good):
    return [f"{path}:{n}" for n, line in enumerate(text.split("\n"), 1) if not good(line)]


def is_source(path, text):
    return path.endswith(SOURCE) or os.path.basename(path) == "Makefile" or text.startswith("#!")


def is_c(path, text):
    return path.endswith(C)


def spdx(path, text):
    return [] if "SPDX-License-Identifier: GPL-2.0" in "".join(text.split("\n")[:3]) else [path]


def length(path, text):
    n = text.count("\n")
    return [f"{path}: {n} lines"] if n > 800 else []


def end(path, text):
    bad = lines(path, text, lambda s: s == s.rstrip(" \t\r"))
    return bad + ([] if text.endswith("\n") or not text else [f"{path}: no newline at its end"])


def tabs(path, text):
    return lines(path, text, lambda s: not re.match(r"\t* {8}|\t* +\t", s))


def columns(path, text):
    """As checkpatch does: messages stay whole, so that they can be searched for."""
    return lines(path, text, lambda s: len(s.expandtabs(8)) <= 100 or STRING.search(s))


def versions(path, text):
    return [] if path in VERSIONS_ALLOWED else lines(path, text, lambda s: not VERSION_MACRO.search(s))


def sleeps(path, text):
    if not path.startswith("tests/") or path in SLEEP_ALLOWED:
        return []
    return lines(path, text, lambda s: not SLEEP.search(s))


def is_python(path, text):
    return path.startswith("tests/") and (path.endswith(".py") or re.match("#!.*python", text))


def _called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", None)) if isinstance(node, ast.Call) else None


def _figures(node):
    """Whether it is a number, or made of numbers and constants."""
    return isinstance(node, (ast.Constant, ast.BinOp)) and not any(isinstance(n, ast.Constant) and not isinstance(n.value, (int, float)) for n in ast.walk(node))


def deadlines(path, text):
    """A wait with a number of seconds: tap.poll() has the deadline of all, and a test's hang is ended from outside."""
    bad = []
    for node in ast.walk(ast.parse(text)):
        called = _called(node)
        if not called:
            continue
        timeout = next((k.value for k in node.keywords if k.arg == "timeout"), None)
        if called == "poll" and isinstance(node.func, ast.Name):
            timeout = node.args[1] if node.args[1:] else node.keywords[0].value if node.keywords else None
        elif called in ("wait", "join", "communicate") and isinstance(node.func, ast.Attribute) and node.args:
            timeout = node.args[-1]
        if _figures(timeout) and not any(getattr(n, "id", None) == "DEADLINE" for n in ast.walk(timeout)):
            bad.append(f"{path}:{node.lineno}")
    return bad


def bounds(path, text):
    """An assertion that time has passed is right on any machine; that it has not is not."""
    def now(node):
        return any(_called(n) in CLOCKS for n in ast.walk(node))
    bad = []
    for node in ast.walk(ast.parse(text)):
        if not (_called(node) == "ok" and node.args):
            continue
        for test in (n for n in ast.walk(node.args[0]) if isinstance(n, ast.Compare)):
            sides = [test.left, *test.comparators]
            for op, left, right in zip(test.ops, sides, sides[1:]):
                less, more = (left, right) if isinstance(op, (ast.Lt, ast.LtE)) else (right, left)
                if not isinstance(op, (ast.Eq, ast.NotEq)) and now(less) and not now(more):
                    bad.append(f"{path}:{test.lineno}")
    return bad


def shells(path, text):
    """In the tools, which run as root; the planted file stands for one."""
    if path.startswith("tests/") and path != "tests/planted.c":
        return []
    return lines(path, text, lambda s: not SHELL.search(s))


def documents(path, text):
    return [] if path == "tests/lint/files.t" else lines(path, text, lambda s: not DOCUMENT.search(s))


def creates(path, text):
    if path in CREATES_ALLOWED or (path.startswith("tests/") and path != "tests/planted.c"):
        return []
    return lines(path, text, lambda s: not CREATES.search(s))


PYTHON = "#!/usr/bin/env python3\n"
ANY = lambda path, text: True   # noqa: E731
# What it says, the files it is about, the test, and each that breaks it.
RULES = (
    ("an SPDX line in each source", is_source, spdx, "int x;\n"),
    ("no file of more than 800 lines", ANY, length, "x\n" * 801),
    ("no white space at a line's end", ANY, end, "int x; \n"),
    ("C is indented by tabs", is_c, tabs, "        int x;\n"),
    ("no line of C beyond column 100", is_c, columns, "\t" * 12 + "sizes;\n"),
    ("kernel versions are known only to the compat headers", is_c, versions, "#if KERNEL_VERSION(6, 1, 0)\n"),
    ("no text refers to a document that is not here", ANY, documents, "/* as in DESIGN.md */\n", "# SCREENS.md\n", "/* FACTS.md, section 2 */\n",
     "/* (STYLE.md) */\n"),
    ("no tool runs a shell", is_c, shells, "system(\"ls\");\n"),
    ("files are created by output/file.c, or are new and whole", is_c, creates, "open(path, O_CREAT);\n"),
    ("no test sleeps and hopes, nor has seconds for it in C", is_source, sleeps, "sleep 1\n", "\tpoll(NULL, 0, 2600);\n",
     "\tif (poll(p, 2, 10000) <= 0)\n", "\tnanosleep(&delay, NULL);\n"),
    ("no wait of a test has seconds of its own", is_python, deadlines, PYTHON + "poll(lambda: f(1), 30)\n", PYTHON + "poll(done, seconds=5)\n",
     PYTHON + "subprocess.run(a, timeout=60 * SCALE)\n", PYTHON + "equal(p.wait(30), 0)\n", PYTHON + "s.wait(lambda t: t, 30)\n"),
    ("no test demands that little time has passed", is_python, bounds, PYTHON + "ok(time.monotonic() - start < 30, 'at once')\n"),
)

files = list(tree(TOP))
ok(len(files) > 50, "the files are found", len(files))
for what, about, test, *planted in RULES:
    equal(sum((test(p, t) for p, t in files if about(p, t)), []), [], what)
    for breaks in planted:
        ok(about("tests/planted.c", breaks) and len(test("tests/planted.c", breaks)) == 1, f"a planted break is seen: {what}", breaks)
sys.exit(done())
