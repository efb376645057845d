# SPDX-License-Identifier: GPL-2.0
"""Figures of the English in a file: man pages, Markdown, comments, messages, test names.

    figures = count("cli/options.c", text)     # Figures, or None for a file without prose

A clause ends with one of . ! ? ; : and has at least four words. Tables and code do not count. An opening
is a clause that begins with a word of OPENINGS. A pronoun is a word of PRONOUNS in a clause.
"""
import ast
import io
import os
import re
import tokenize
from collections import namedtuple

OPENINGS = {"what", "who", "of", "those", "which", "that", "where"}
PRONOUNS = {"what", "that", "those", "who", "it", "which", "one", "such"}
HASH = (".mk", ".sh", ".bash", ".bench", ".yml", ".service", ".conf")
HASH_NAMES = ("Makefile", "Kbuild", "rules", "targets", "seconds", "_dmabuf-tools")
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
# Position of the name of a test among the arguments of a function of tap.py
NAMED = {"ok": 1, "equal": 2, "skip": 0, "measured": 0}


class Figures(namedtuple("Figures", "clauses openings pronouns worst")):
    """Counts of a text. worst: the clauses that open wrongly or have two pronouns or more."""

    def percent(self):
        """Openings, in percent of the clauses."""
        return 100 * self.openings / max(self.clauses, 1)

    def rate(self):
        """Pronouns in a clause, on average."""
        return self.pronouns / max(self.clauses, 1)


def _paragraphs(lines):
    return re.split(r"\n\s*\n", "\n".join(lines))


def roff(text):
    """The paragraphs of a man page; the tag of .TP is a paragraph of its own."""
    out, end, tag = [], None, False
    for line in text.split("\n"):
        macro = re.match(r"\.\s*(\w*)", line)
        name = macro[1] if macro else ""
        if end:
            end = None if name == end else end
            continue
        end = {"TS": "TE", "EX": "EE", "nf": "fi"}.get(name)
        font = re.match(r"\.(?:BR|B|IR|I|RB|RI|BI|IB)\s+(.*)", line)
        if font:
            line = font[1].replace('"', "")
        if macro and not font:
            out.append("")
            tag = name in ("TP", "TQ")
            continue
        out.append(re.sub(r"\\f.", "", line).replace("\\-", "-").replace("\\(em", "-").replace("\\&", ""))
        if tag:
            out.append("")
        tag = False
    return _paragraphs(out)


def markdown(text):
    """The paragraphs and list items of a page; no headings, tables, blocks of code or targets of links."""
    out = []
    for line in re.sub(r"^```.*?^```", "", text, flags=re.S | re.M).split("\n"):
        if line.startswith(("|", "    ", "!", "#")):
            line = ""
        line = re.sub(r"^\s*(?:[-*]|\d+\.) ", "\n", line)
        out.append(re.sub(r"\]\([^)]*\)", "]", line))
    return _paragraphs(out)


def _message(literal):
    """The paragraphs of a string: lines, and within a line of help the option and its text."""
    plain = literal.replace("\\n", "\n").replace("\\t", "  ").replace('\\"', '"')
    return re.split(r"\n|  +", re.sub(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z]", "X", plain))


def c_source(text, strings=True):
    """The comments, and the strings if wanted; strings side by side are one."""
    token = re.compile(r'/\*(.*?)\*/|//([^\n]*)|"((?:\\.|[^"\\\n])*)"|\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#[ \t]*include[^\n]*', re.S | re.M)
    found, literal, last = [], "", 0
    for m in token.finditer(text):
        if m[3] is not None and re.fullmatch(r"\s*(?:PRI\w+\s*)?", text[last:m.start()]):
            literal += ("u" if literal.endswith("%") else "") + m[3]
        elif m[3] is not None:
            found += _message(literal)
            literal = m[3]
        elif m[1] or m[2]:
            found += _paragraphs(re.sub(r"^\s*\*+ ?", "", line) for line in (m[1] or m[2]).split("\n"))
        last = m.end()
    return found + _message(literal) if strings else [p for p in found if p]


def _comments(lines):
    """Neighbouring lines that hold nothing but a comment are one text. lines: (line number, alone, comment)."""
    blocks, before = [], None
    for number, alone, comment in lines:
        if alone and before == number - 1:
            blocks[-1].append(comment)
        else:
            blocks.append([comment])
        before = number if alone else None
    return [paragraph for block in blocks for paragraph in _paragraphs(block)]


def hash_comments(text):
    """The comments of a shell script, a makefile or a table, and the messages of die, say and echo."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        m = re.search(r"(?:^|\s)#+(?:\s(.*)|)$", line)
        if m:
            found.append((number, not line[:m.start()].strip(), m[1] or ""))
    messages = re.findall(r'\b(?:die|say|echo) "((?:\\.|[^"\\])*)"', text)
    return _comments(found) + messages


def _constant(node):
    """The text of a string, with X for each value in it, or ""."""
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "X" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def python(text):
    """The comments, the docstrings and the names of tests."""
    found = [(t.start[0], not t.line[:t.start[1]].strip(), t.string.lstrip("#").strip())
             for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT and not t.string.startswith("#!")]
    blocks = _comments(found)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            blocks += _paragraphs((ast.get_docstring(node) or "").split("\n"))
        elif isinstance(node, ast.Call) and len(node.args) > NAMED.get(getattr(node.func, "id", None), 99):
            blocks.append(_constant(node.args[NAMED[node.func.id]]))
    return blocks


def alerts(text):
    """The comments of a YAML file, and what an alert shows."""
    return hash_comments(text) + re.findall(r"^\s*(?:summary|description): (.*)", text, re.M)


def dashboard(text):
    """The titles and descriptions of a Grafana dashboard."""
    return re.findall(r'"(?:title|description)": "((?:\\.|[^"\\])*)"', text)


def kind(path, text):
    """The function that finds the prose of a file, or None."""
    name, extension = os.path.basename(path), os.path.splitext(path)[1]
    by_extension = {".md": markdown, ".8": roff, ".5": roff, ".4": roff, ".py": python, ".yml": alerts}
    if extension in by_extension:
        return by_extension[extension]
    if extension in (".c", ".h", ".proto"):
        # Strings of a test are its data
        return (lambda source: c_source(source, False)) if path.startswith("tests/") else c_source
    if re.match("#!.*python", text):
        return python
    if extension in HASH or name in HASH_NAMES or text.startswith("#!"):
        return hash_comments
    return dashboard if path.startswith("cli/share/grafana/") else None


def clauses(paragraphs):
    """Yield the words, in lower case, and the text of each clause."""
    for paragraph in paragraphs:
        for clause in re.split(r"[.!?;:](?:\s|$)", " ".join(paragraph.split())):
            words = [word.lower() for word in WORD.findall(clause)]
            if len(words) >= 4:
                yield words, clause.strip()


def count(path, text):
    """The Figures of a file, or None if the file has no prose."""
    find = kind(path, text)
    if not find:
        return None
    n = openings = pronouns = 0
    worst = []
    for words, clause in clauses(find(text)):
        mine = sum(word in PRONOUNS for word in words)
        n += 1
        openings += words[0] in OPENINGS
        pronouns += mine
        if words[0] in OPENINGS or mine > 1:
            worst.append(clause)
    return Figures(n, openings, pronouns, worst)
