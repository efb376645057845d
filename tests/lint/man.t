#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: man renders each page without a warning; options, values, columns and events of a page are the command's; examples parse,
and the examples on recordings run. tests/lab/examples.t runs the others."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from examples import Run, STAND_INS, examples as read_examples, is_offline, missing, page as examples, plain, section, source, stand_in  # noqa: E402
from tap import done, equal, ok, skip  # noqa: E402

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
OVERVIEW = 150      # lines of dmabuf-trace.8

top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
build = os.path.join(top, os.environ.get("O", "out"))


def run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})


def tool(words, cwd=None):
    """Run a command of ours: its name is the first word."""
    return run(os.path.join(build, words[0]), *words[1:], cwd=cwd)


def takes(name, option):
    """A subcommand has this option."""
    return tool(["dmabuf-trace", name, f"--list-values={option}"]).returncode == 0


def entries(page):
    """{option: text of its entry} of OPTIONS; an entry ends at the next tag outside of .RS."""
    found, tags, tag, depth = {}, [], False, 0
    for line in section(page, "OPTIONS").split("\n"):
        depth += line.startswith(".RS") - line.startswith(".RE")
        tags = [] if line.startswith(".SS") else tags
        if line in (".TP", ".TQ") and not depth:
            tags, tag = [] if line == ".TP" else tags, True
        elif tag:
            tags, tag = tags + OPTION.findall(plain(line)), False
            found.update({option: "" for option in tags})
        else:
            for option in tags:
                found[option] += plain(line) + "\n"
    return found


def other_defaults(text, found):
    """Defaults of --help that the entries of their options lack."""
    for item in re.split(r"\n(?= +-)", text):
        for value in re.findall(r"\(default:? ([^)]+)\)", item):
            if not any(re.search(rf"default[^)]*\b{re.escape(value)}", found.get(option, "")) for option in OPTION.findall(item)):
                yield item.strip()


def words_of(command):
    """The words of the first program of a shell command."""
    return shlex.split(re.split(r"\s[|>&]+|\s\d?>", command)[0])


def parsed(words):
    """The command with --help as the last option: status 0 if all options and values are valid."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at] + ["--help"] + words[at:]


SUBCOMMANDS = re.findall(r"^  ([a-z]+)  ", tool(["dmabuf-trace", "--help"]).stdout, re.M)
COMMANDS = ["dmabuf-top", "dmabuf-trace"] + [f"dmabuf-trace {name}" for name in SUBCOMMANDS]
PAGES = {command: command.replace(" ", "-") + ".8" for command in COMMANDS}
ok(len(SUBCOMMANDS) > 8, "dmabuf-trace has subcommands", SUBCOMMANDS)

mentioned = {}
for page in (*PAGES.values(), "dmabuf_tools.4", "dmabuf-trace.data.5"):
    path = f"{top}/man/{page}"
    p = run("man", "--warnings", "-E", "UTF-8", "-l", path)
    equal((p.returncode, p.stderr), (0, ""), f"man renders {page} without a warning")
    mentioned[page] = set(OPTION.findall(run("man", "--nh", "--nj", "-E", "ASCII", "-l", path).stdout))
equal(sorted(name for name in os.listdir(f"{top}/man") if name.endswith(".8")), sorted(PAGES.values()), "each page of section 8 is a command's")

# Options
helps, texts = {}, {}
for command in COMMANDS:
    p = tool([*command.split(), "--help"])
    equal((p.returncode, p.stderr), (0, ""), f"{command} --help")
    lines = p.stdout.splitlines()
    ok(len(lines) <= 24 and max(map(len, lines)) <= 80, f"{command} --help: one screen", (len(lines), [x for x in lines if len(x) > 80]))
    helps[command], texts[command] = set(OPTION.findall(p.stdout)), p.stdout
known = set().union(*helps.values()) | {"--help", "--version"}
for command, page in PAGES.items():
    ok(mentioned[page], f"{page} has options")
    equal(sorted(helps[command] - mentioned[page]), [], f"{page} has every option of {command}")
    equal(sorted(mentioned[page] - known), [], f"{page} mentions no option that no command has")
for name in SUBCOMMANDS:
    command, page = f"dmabuf-trace {name}", f"dmabuf-trace-{name}.8"
    found = entries(page)
    equal([option for option in helps[command] - set(found) if takes(name, option)], [], f"{page} has an entry for each option")
    equal([option for option in found if not takes(name, option)], [], f"{page} has no entry for an option that {command} rejects")
    equal(list(other_defaults(texts[command], found)), [], f"{page} has the defaults of --help")
    equal([option for option, text in found.items() if not re.search(r"[.:]\n", text)], [], f"each entry of {page} has a sentence")
equal(list(other_defaults("  -a, --aa=N  set N (default 3)\n      --bb    set B (default: x)", {"--aa": "Set (default 4).", "--bb": "B (default x)."})),
      ["-a, --aa=N  set N (default 3)"], "a planted other default is seen")
equal(mentioned["dmabuf-trace.8"] - {"--help", "--version"}, set(), "dmabuf-trace.8 leaves the options of commands to their pages")
ok(source("dmabuf-trace.8").count("\n") <= OVERVIEW, f"dmabuf-trace.8 has at most {OVERVIEW} lines", source("dmabuf-trace.8").count("\n"))
equal(re.findall(r"^\.BR dmabuf-trace-(\w+) \(8\)$", section("dmabuf-trace.8", "COMMANDS"), re.M), SUBCOMMANDS,
      "dmabuf-trace.8 names the page of each command, in the order of --help")
broken = [(page, link) for page in mentioned for link, number in re.findall(r"^\.BR (dmabuf[\w.\\-]*) \((\d)\)", source(page), re.M)
          if not os.path.exists(f"{top}/man/{plain(link)}.{number}")]
equal(broken, [], "pages refer to pages that exist")

# Events, as the list of include/dmabuf_events.h has them
with open(f"{top}/include/dmabuf_events.h", encoding="ascii") as f:
    header = f.read().replace("\\\n", "")
flags = {}
for name, value in re.findall(r"^#define (EVENT_\w+)\s+(0x[0-9a-f]+|\(EVENT_[\w |]+\))(?=\s)", header, re.M):
    flags[name] = eval(value, {}, flags)  # pylint: disable=eval-used
EVENTS = [(name, eval(of, {}, flags)) for name, of in  # pylint: disable=eval-used
          re.findall(r"EVENT\(\w+,\s+(\w+),\s+([\w |]+),\s+\"", header)]


def events_in(text):
    """Names of events in a text, in the order of the list."""
    words = set(re.findall(r"\w+", text))
    return [name for name, _ in EVENTS if name in words]


ok(len(EVENTS) > 20, "the list of events", EVENTS)
equal(re.findall(r"^(\d+)\|(\w+)\|(call|moment)$", source("dmabuf-trace.data.5"), re.M),
      [(str(i), name, "call" if of & flags["EVENT_CALL"] else "moment") for i, (name, of) in enumerate(EVENTS)],
      "dmabuf-trace.data.5 has a row for each event")
equal(re.findall(r"^(\w+)\|", section("dmabuf-trace-live.8", "EVENTS"), re.M), ["event"] + [name for name, _ in EVENTS],
      "dmabuf-trace-live.8 has a row for each event")
ASKED = [name for name, of in EVENTS if of & flags["EVENT_PROCESS"]]
for page in ("dmabuf-trace-live.8", "dmabuf-trace-stat.8"):
    equal(events_in(entries(page)["--events"].split("all except")[-1].split(")")[0]), ASKED, f"{page} has the events that -e must name")
BEGINS = [name for name, of in EVENTS if of & flags["EVENT_BEGINS"]]
equal(events_in(section("dmabuf-trace-live.8", "STACKS").split("first:")[-1].split(".\n")[0]), BEGINS,
      "dmabuf-trace-live.8 has the events with stacks")
help_of_stacks = re.search(r"--stacks(.*?)(?=\n +(?:-\w, )?--)", tool(["dmabuf-trace", "live", "--help"]).stdout, re.S)
equal(events_in(help_of_stacks.group(1).split("to ", 1)[-1]), BEGINS, "live --help has the events with stacks at --stacks")

# Values: in the option's entry; kinds of findings have a section, and events the page of live
for name in SUBCOMMANDS:
    page, lacks = f"dmabuf-trace-{name}.8", []
    for option, text in entries(page).items():
        values = tool(["dmabuf-trace", name, f"--list-values={option}"]).stdout.split()
        words = re.split(r"[^\w:-]+", text + plain(section(page, "FINDINGS")) if option == "--fail-on" else text)
        if values and values[0].islower() and values != [event for event, _ in EVENTS]:
            lacks += [(option, value) for value in values if value not in {word.rstrip(":") for word in words}]
    equal(lacks, [], f"{page} has the values of each option")

# Columns
for command in ("dmabuf-trace stat", "dmabuf-trace live", "dmabuf-trace report", "dmabuf-trace report --events", "dmabuf-trace diff"):
    page = PAGES[command.removesuffix(" --events")]
    views = {}
    for line in tool([*command.split(), "--list-columns"]).stdout.splitlines()[1:]:
        views.setdefault(line.split()[0], []).append(line.split()[1])
    ok(views, f"{command}: has columns")
    lists = re.sub(r"\s+", " ", section(page, "COLUMNS"))
    equal([v for v, names in views.items() if " ".join(names) not in lists], [], f"{page} has the columns of {command}")

# Examples
for page in (PAGES[command] for command in COMMANDS):
    ours = [words for words in (words_of(example.command) for example in examples(page)) if words[0] in ("dmabuf-top", "dmabuf-trace")]
    ok(ours, f"{page} has examples")
    for words in ours:
        p = tool(parsed(words))
        equal((p.returncode, p.stderr), (0, ""), f"{page}: {shlex.join(words)}: the options are valid")
os.environ["PATH"] = f"{build}:{os.environ['PATH']}"
with tempfile.TemporaryDirectory() as folder:
    stand_in(f"{folder}/bin", {"jq": STAND_INS["jq"]})
    for example in (example for page in PAGES.values() for example in examples(page) if is_offline(example)):
        words = words_of(example.command)
        if "--format=perfetto" in words and "(no protobuf-c" in tool(["dmabuf-trace", "--version"]).stdout:
            skip(example.command, "this build has no protobuf-c")
            continue
        for recording in [word for word in words if word.endswith(".data")] + ["dmabuf.data"]:
            shutil.copy(f"{top}/tests/cli/recorded/x86_64.data", os.path.join(folder, recording))
        with Run(example.command, folder) as p:
            status = p.wait()
            messages = re.sub(r"^dmabuf-trace export: \S+ is written.*\n", "", p.err())
            equal((status, messages), (0, ""), f"{example.command}: works on a recording")
            # diff of equal recordings has nothing to print
            ok(p.out() or "-o" in words or "diff" in words, f"{example.command}: prints a text")
            equal(missing(example, p.out()), [], f"{example.command}: prints the lines of the page")
planted = list(read_examples("text\n# a |\n    b\n1 x\n...\nx=2 y\n$ c >d\n"))
equal(planted, [(True, "a |\n    b", ["1 x", "x=2 y"]), (False, "c >d", [])], "prompts, commands of two lines and output are read")
equal([missing(planted[0], text) for text in ("x\n30 x\nx=4 y\n", "1 x z\nx=2 y\n")], [[], ["1 x"]], "a planted line that is not in the output is seen")
for planted in ("--no-such", "--view=none"):
    ok(tool(parsed(["dmabuf-trace", "report", planted])).returncode, f"a planted error of an example is seen: {planted}")

# Keys, as the table has them
NAMES = {"\\n": "Enter", "\\r": "", "KEY_ENTER": "", "KEY_ESCAPE": "Esc", "KEY_BACKSPACE": "", "127": "", " ": "Space", "\\t": "Tab",
         "KEY_BTAB": "Shift-Tab", "KEY_UP": "Up", "KEY_DOWN": "Down", "KEY_PPAGE": "PgUp", "KEY_NPAGE": "PgDn", "KEY_HOME": "Home",
         "KEY_END": "End", "KEY_MOUSE": "click", "CONTROL('L')": "Ctrl-L", "\\\\": "\\e"}
with open(f"{top}/cli/top/keys.c", encoding="ascii") as f:
    table = f.read().split("bindings[] = {")[1].split("\n};")[0]
keys = []
for group in re.findall(r"^\t\{ \{ (.*?) \}, act_", table, re.M):
    keys += [re.sub(r"^KEY_F\((\d+)\)$", r"F\1", k if len(k) > 4 else k.strip("'") or k)
             for k in re.findall(r"KEY_F\(\d+\)|CONTROL\('.'\)|KEY_\w+|'\\?.'|\d+", group)]
with open(f"{top}/cli/top/view.c", encoding="ascii") as f:
    views = re.findall(r"\.key = '(.)'", f.read())
ok(len(views) > 6, "the keys of views", views)
# As a range: 1 to 7
keys += [views[0], views[-1]]
told = re.sub(r'"|^\.[A-Z]+ ', " ", section("dmabuf-top.8", "KEYS"), flags=re.M)
words = set(re.split(r"[\s,;]+", told)) | set(re.findall(r"(?<=\s)[,.](?=\s)", told))
ok(len(keys) > 30, "the table of keys", keys)
equal([k for k in keys if NAMES.get(k, k) and NAMES.get(k, k) not in words], [], "dmabuf-top.8 has every key")
sys.exit(done())
