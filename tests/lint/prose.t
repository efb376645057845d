#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: the English of each file meets the ceiling, or does not get worse.

At most 1 % of a file's clauses begin with a relative word, and a clause has at most 0.35 pronouns on average
(tests/lib/prose.py counts). Small files have a number: 1 opening below 100 clauses, 7 pronouns below 20. Files
over the ceiling have a row in tests/lint/prose.allowed; a row allows 1 opening and 1 pronoun more than its
figures, so that an edit of one word in a small file does not fail. Figures of rows only fall: UPDATE=1 lowers
them to the figures of today and removes the rows that are not needed. A renamed file keeps its row.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from prose import Figures, count  # noqa: E402
from tap import diag, done, equal, ok  # noqa: E402
from tree import TOP, tree  # noqa: E402

ALLOWED = os.path.join(TOP, "tests/lint/prose.allowed")
PERCENT, RATE = 1.0, 0.35


def meets(figures):
    """Whether the figures are within the ceiling."""
    return (figures.openings <= max(PERCENT * figures.clauses / 100, 1) and
            figures.pronouns <= max(RATE * figures.clauses, 7))


def keeps(figures, row):
    """Whether the figures are within a row (openings in percent, pronouns in a clause), as rounded there."""
    return (figures.openings <= (row[0] + 0.05) * figures.clauses / 100 + 1 and
            figures.pronouns <= (row[1] + 0.005) * figures.clauses + 1)


def row_of(figures):
    """The figures as a row has them."""
    return round(figures.percent(), 1), round(figures.rate(), 2)


def line_of(path, row):
    return f"{row[0]:5.1f} {row[1]:5.2f}  {path}\n"


def judge(path, figures, row):
    """A list: nothing, or an error. figures: None for a file that has no prose or does not exist."""
    if not figures:
        return [f"{path}: no such text; remove the row"] if row else []
    if meets(figures):
        return [f"{path}: meets the ceiling; remove the row"] if row else []
    if row and keeps(figures, row):
        return []
    own = f"{figures.percent():.1f} % openings, {figures.rate():.2f} pronouns in a clause"
    limit = f"the row allows {row[0]} % and {row[1]}" if row else f"the ceiling is {PERCENT:.0f} % and {RATE}"
    return [f"{path}: {own}; {limit}; rewrite, for example: {' | '.join(figures.worst[-5:])}"]


def lowered(rows, figures):
    """The rows that are still needed, none of them higher than before."""
    return {path: tuple(map(min, row, row_of(figures[path]))) for path, row in rows.items()
            if figures.get(path) and not meets(figures[path])}


def judge_all(rows, figures):
    return [bad for path in sorted({*rows, *figures}) for bad in judge(path, figures.get(path), rows.get(path))]


with open(ALLOWED, encoding="utf-8") as f:
    head, lines = [], []
    for line in f:
        (head if line.startswith("#") else lines).append(line)
rows = {path: (float(percent), float(rate)) for percent, rate, path in map(str.split, lines)}
figures = {path: count(path, text) for path, text in tree(TOP)}
figures = {path: found for path, found in figures.items() if found}
ok(len(figures) > 300, "the files with text are found", len(figures))
if os.environ.get("UPDATE") == "1":
    rows = lowered(rows, figures)
    with open(ALLOWED, "w", encoding="utf-8") as f:
        f.writelines(head + [line_of(path, row) for path, row in sorted(rows.items())])
listed = [line.split()[2] for line in lines]
equal(listed, sorted(set(listed)), "the rows are in order, one for each file")
bad = judge_all(rows, figures)
ok(not bad, "each file meets the ceiling, or keeps to its row", *bad)
better = [path for path, row in lowered(rows, figures).items() if row != rows[path]]
if better:
    diag(f"{len(better)} rows can be lowered, by UPDATE=1 tests/lint/prose.t: {' '.join(better[:10])}")

# The figures and the kinds of text
OPENS = "what the exporter did before"
KINDS = (
    ("planted.8", f".TP\n.B \\-q\n{OPENS}\n", "a man page, behind a tag"),
    ("planted.md", f"# Head\n\n- {OPENS}\n", "a list item of Markdown"),
    ("cli/planted.c", f"/* {OPENS} */\n", "a comment of C"),
    ("cli/planted.c", f"\tfail(\"%s: \" \"{OPENS}\");\n", "a message"),
    ("cli/planted.c", f"\"  -q, --quiet  {OPENS}\\n\"\n", "a line of help"),
    ("planted.sh", f"true\t# {OPENS}\n", "a comment of a script"),
    ("planted.sh", f"die \"{OPENS}\"\n", "an error of a script"),
    ("planted.mk", f"all:\t## {OPENS}\n", "a line of make help"),
    ("planted.py", f"# {OPENS}\n", "a comment of Python"),
    ("planted.py", f"def f():\n    \"\"\"{OPENS}\"\"\"\n", "a docstring"),
    ("planted.py", f"equal(1, 1, f'{{x}}: {OPENS}')\n", "the name of a test"),
    ("planted.yml", f"  summary: {OPENS}\n", "an alert"),
)
for path, text, what in KINDS:
    equal(count(path, text)[:3], (1, 1, 1), f"an opening is counted in {what}")
for path, text, what in (
        ("planted.8", f".EX\n{OPENS}\n.EE\n.TS\n{OPENS}\n.TE\n", "code and tables of a man page"),
        ("planted.md", f"# {OPENS}\n\n```\n{OPENS}\n```\n| {OPENS} |\n", "headings, code and tables of Markdown"),
        ("cli/planted.c", "#include \"what/the/exporter/did/before.h\"\nint what, those, which, that;\n", "code of C"),
        ("tests/planted.c", f"\"{OPENS}\"\n", "data of a test"),
        ("planted.sh", "cat what those which that\n", "commands of a script"),
        ("planted.py", f"x = '{OPENS}'\n", "data of Python"),
        ("planted.c", "/* what is it */\n", "a clause of three words")):
    equal(count(path, text)[:3], (0, 0, 0), f"nothing is counted in {what}")
equal(count("planted.sh", "# The driver maps each\n# of its buffers; that one is late\n")[:3], (2, 1, 2), "lines of a comment are one text")

# The ratchet
GOOD, ONE = Figures(50, 1, 17, []), Figures(50, 2, 17, [])
ROW = {"planted.c": (10.0, 0.80)}
for name, own, row, wrong in (
        ("a new file within the ceiling passes", GOOD, {}, 0),
        ("a second opening of a new file is an error", ONE, {}, 1),
        ("one pronoun too many in a new file is an error", Figures(50, 0, 18, []), {}, 1),
        ("a small file may have one opening and seven pronouns", Figures(4, 1, 7, []), {}, 0),
        ("a listed file may have its figures", Figures(50, 5, 40, []), ROW, 0),
        ("a listed file may change by a word", Figures(50, 6, 41, []), ROW, 0),
        ("more openings in a listed file are an error", Figures(50, 7, 40, []), ROW, 1),
        ("more pronouns in a listed file are an error", Figures(50, 5, 42, []), ROW, 1),
        ("a row of a file that meets the ceiling is an error", GOOD, ROW, 1),
        ("a row without a file is an error", None, ROW, 1)):
    equal(len(judge_all(row, {"planted.c": own} if own else {})), wrong, name)
LOWER, HIGHER = Figures(50, 3, 41, []), Figures(50, 9, 60, [])
equal(lowered(ROW, {"planted.c": LOWER}), {"planted.c": (6.0, 0.80)}, "UPDATE lowers each figure of a row by itself")
equal(lowered(ROW, {"planted.c": HIGHER}), ROW, "UPDATE raises no figure")
equal((lowered(ROW, {"planted.c": GOOD}), lowered(ROW, {})), ({}, {}), "UPDATE removes rows that are not needed")
equal(lowered({}, {"planted.c": HIGHER}), {}, "UPDATE adds no row")
worse = {**figures, "README.md": figures["README.md"]._replace(openings=60, pronouns=600)}
ok([line for line in judge_all(rows, worse) if re.match("README.md: ", line)], "a worse README.md is an error")
sys.exit(done())
