#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""screenshot.py [--light] SCREEN PNG: a picture of a golden screen, or of what tmux capture-pane -e printed.

Needs Debian's python3-pil and fonts-dejavu-core.
"""
import os
import sys
import unicodedata

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ansi import cells
from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
# The 16 of xterm's Tango theme: what GNOME's and many other terminals have
BASE = ("000000 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf "
        "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec").split()
LEVELS = (0, 95, 135, 175, 215, 255)


def rgb(colour):
    if isinstance(colour, tuple):
        return colour
    if colour < 16:
        return tuple(int(BASE[colour][i:i + 2], 16) for i in (0, 2, 4))
    if colour >= 232:
        return (8 + 10 * (colour - 232),) * 3
    colour -= 16
    return LEVELS[colour // 36], LEVELS[colour // 6 % 6], LEVELS[colour % 6]


def draw(text, path, light, size=16):
    rows = cells(text)
    plain, bold = (ImageFont.truetype(FONTS + end, size) for end in (".ttf", "-Bold.ttf"))
    width, height = round(plain.getlength("M")), size + 4
    paper, ink = ((255, 255, 255), (0, 0, 0)) if light else ((0, 0, 0), (0xd3, 0xd7, 0xcf))

    def cells_of(char):
        return 2 if unicodedata.east_asian_width(char[0]) in "WF" else 1

    columns = max(sum(cells_of(c) for c, _ in row) for row in rows)
    image = Image.new("RGB", (columns * width + 8, len(rows) * height + 8), paper)
    pen = ImageDraw.Draw(image)
    for y, row in enumerate(rows):
        x = 0
        for char, style in row:
            front = rgb(style["fg"]) if "fg" in style else ink
            back = rgb(style["bg"]) if "bg" in style else paper
            if style.get(7):
                front, back = back, front
            if style.get(2):
                front = tuple((f + b) // 2 for f, b in zip(front, back))
            left, top, w = 4 + x * width, 4 + y * height, cells_of(char) * width
            pen.rectangle((left, top, left + w - 1, top + height - 1), fill=back)
            if "█" <= char <= "▏":      # no font's fills the cell: eighths of it, from the left
                pen.rectangle((left, top, left + w * (0x2590 - ord(char)) // 8 - 1, top + height - 1), fill=front)
            else:
                pen.text((left, top), char, fill=front, font=bold if style.get(1) else plain)
            if style.get(4):
                pen.line((left, top + height - 3, left + w - 1, top + height - 3), fill=front)
            x += cells_of(char)
    # A palette of 256: a third of the bytes, and no eye sees it
    image.quantize(dither=0).save(path, optimize=True)


if __name__ == "__main__":
    args = [a for a in sys.argv[1:] if a != "--light"]
    if len(args) != 2:
        sys.exit(__doc__)
    with open(args[0], encoding="utf-8") as f:
        draw(f.read(), args[1], "--light" in sys.argv)
