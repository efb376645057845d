#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
"""TAP: the module as DKMS built it from what make install-dkms installs; tests/build.mk has that done."""
import os
import subprocess
import sys

sys.path.insert(0, "tests/lib")
from tap import done, equal, ok, poll  # noqa: E402
import module  # noqa: E402

built = f"out/lab/{os.environ['LAB_SUITE']}/dkms/{os.uname().release}"
if not os.path.exists(built):
    print("1..0 # SKIP DKMS builds for the machine that it is on, not for this one")
    sys.exit()
subprocess.run(["insmod", f"{built}/dmabuf_tools.ko"], check=True)
with module.Exporter() as e:
    os.close(e.export())
with open("/sys/module/dmabuf_tools/version", encoding="ascii") as f:
    equal([f"dmabuf_tools-{f.read().strip()}"], os.listdir(f"{built}/usr/src"), "its version")
equal(module.counters("exporter")["export"], 1, "it works")
ok(poll(module.unload), "unloads")
sys.exit(done())
