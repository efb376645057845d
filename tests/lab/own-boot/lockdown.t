#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
# Allowed warning: (none)
"""Lockdown lasts until the boot ends, so it has one of its own."""
import os
import sys

script = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "hardened.t")
os.execv(sys.executable, [sys.executable, script, "lockdown"])
