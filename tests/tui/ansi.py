# SPDX-License-Identifier: GPL-2.0
"""What tmux capture-pane -e prints, read into cells and written again in one form.

Versions of tmux differ in how they print the same screen; golden files must not.
"""
import re

_SGR = re.compile("\x1b\\[([0-9;:]*)m|\x0e|\x0f")


def _colour(codes):
    """The colour after a 38 or 48, which is used up."""
    kind = codes.pop(0)
    return codes.pop(0) if kind == 5 else tuple(codes.pop(0) for _ in range(3))


def _apply(style, text):
    codes = [int(c or 0) for c in re.split("[;:]", text)] if text else [0]
    while codes:
        c = codes.pop(0)
        if c == 0:
            style = {}
        elif c in (1, 2, 4, 7):
            style = {**style, c: True}
        elif c in (22, 24, 27, 39, 49):
            gone = {22: (1, 2), 24: (4,), 27: (7,), 39: ("fg",), 49: ("bg",)}[c]
            style = {k: v for k, v in style.items() if k not in gone}
        elif c in (38, 48):
            style = {**style, "fg" if c == 38 else "bg": _colour(codes)}
        elif 30 <= c <= 37 or 90 <= c <= 97:
            style = {**style, "fg": c - 30 if c < 90 else c - 82}
        elif 40 <= c <= 47 or 100 <= c <= 107:
            style = {**style, "bg": c - 40 if c < 100 else c - 92}
    return style


def cells(text):
    """Lines of (character with its combining marks, style); a wide one is one cell here."""
    import unicodedata
    lines, style = [], {}
    for raw in text.split("\n"):
        line, at = [], 0
        while at < len(raw):
            sgr = _SGR.match(raw, at)
            if sgr:
                style = _apply(style, sgr[1]) if sgr[1] is not None else style
                at = sgr.end()
                continue
            if unicodedata.combining(raw[at]) and line:
                line[-1] = (line[-1][0] + raw[at], line[-1][1])
            else:
                line.append((raw[at], style))
            at += 1
        while line and line[-1] == (" ", {}):
            line.pop()
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _sgr(style):
    out = ["0"] + [str(a) for a in (1, 2, 4, 7) if style.get(a)]
    for key, base in (("fg", 38), ("bg", 48)):
        if key in style:
            out.append(f"{base};5;{style[key]}")
    return "\x1b[" + ";".join(out) + "m"


def canonical(text):
    out = []
    for line in cells(text):
        style, row = {}, ""
        for char, its in line:
            if its != style:
                row += _sgr(its)
                style = its
            row += char
        out.append(row + ("\x1b[0m" if style else "") + "\n")
    return "".join(out)
