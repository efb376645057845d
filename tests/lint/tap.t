#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: the helpers by which tests wait and measure hold on a machine that stops now and then."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal  # noqa: E402

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib")


def said(script):
    """What a test with these lines prints, but for diagnostics: "ok" and "not ok" of each assertion, and the rest."""
    p = subprocess.run([sys.executable, "-B", "-c", f"import sys, time\nsys.path.insert(0, '{LIB}')\nimport tap\nfrom tap import *\n{script}"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [re.sub(r"(ok) \d+ .*", r"\1", line) for line in p.stdout.splitlines() if not line.startswith("#")]


# The machine stops inside the condition until the deadline is over: what came true meanwhile is seen
equal(said("""
asked = []
tap.DEADLINE = 0.01
def condition():
    asked.append(time.monotonic())
    while len(asked) == 1 and time.monotonic() < asked[0] + 0.03:
        pass
    return len(asked) > 1
print(poll(condition), len(asked))"""), ["True 2"], "poll() asks once more after the deadline")
equal(said("tap.DEADLINE = 0.01\nprint(poll(lambda: 0))"), ["0"], "and ends")
equal(said("print(stays_away(lambda: 0, 0.01), stays_away(lambda: 1))"), ["True False"], "stays_away()")
MEASURED = "values = iter(%s)\nprint(measured('m', lambda: next(values), always=lambda v: v > 0, likely=lambda v: v > 5))"
for values, want, name in (
        ("[9]", ["ok", "ok", "9"], "the first value will do"),
        ("[1, 2, 9]", ["ok", "ok", "9"], "one of three is enough for what is likely"),
        ("[1, 2, 3]", ["ok", "not ok", "3"], "none of three is not"),
        ("[0, 9]", ["not ok", "ok", "9"], "what holds always holds for each")):
    equal(said(MEASURED % values), want, f"measured(): {name}")
sys.exit(done())
