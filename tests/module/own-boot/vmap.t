#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: kernel
# Allowed warning: WARNING: .*dma_buf_vmap
"""TAP: an exporter whose vmap fails, of which dma-buf's core warns once."""
import os
import sys

sys.path.insert(0, "tests/lib")
from tap import done, equal, ok, poll  # noqa: E402
import module  # noqa: E402

module.load()
with module.Exporter() as e, module.Importer() as i:
    fd = e.export()
    module.write("inject/vmap/every", 3)
    module.write("inject/vmap/errno", 12)
    results = []
    for _ in range(7):
        try:
            i.vunmap(i.vmap(fd))
            results.append(0)
        except OSError as error:
            results.append(error.errno)
    equal(results, [0, 0, 12, 0, 0, 12, 0], "every third vmap fails")
    equal((module.counters("exporter")["vunmap"], module.errors("exporter")), (5, {"vmap": 2}), "counted")
    os.close(fd)
ok(poll(module.unload), "unloads")
sys.exit(done())
