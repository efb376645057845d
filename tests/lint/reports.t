#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Depends on: host
"""TAP: tests/lab/run takes what the kernel's checkers print for a report, and nothing else."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tap import done, equal  # noqa: E402

REPORTS = """
BUG: KASAN: slab-use-after-free in exporter_ioctl+0x1f/0x90 [dmabuf_tools]
KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
include/linux/dma-resv.h:419 suspicious RCU usage!
WARNING: possible irq lock inversion dependency detected
WARNING: bad unlock balance detected!
WARNING: held lock freed!
WARNING: lock held when returning to user space!
WARNING: python3/321 still has locks held!
[ BUG: Invalid wait context ]
DEBUG_LOCKS_WARN_ON(lock->magic != lock)
BUG: sleeping function called from invalid context at mm/slab_common.c:1
BUG: scheduling while atomic: python3/321/0x00000002
BUG: workqueue leaked atomic, lock or RCU: kworker/0:1[9]
ODEBUG: free active (active state 0) object: 00000000 object type: timer_list
WARNING: CPU: 0 PID: 1 at lib/debugobjects.c:612 debug_print_object+0x1/0x2
DMA-API: platform dmabuf-importer.0: device driver frees DMA memory with different direction
DMA-API: dmabuf-importer.0: cacheline tracking EEXIST, overlapping mappings aren't supported
UBSAN: array-index-out-of-bounds in exporter.c:12:3
UBSAN: shift-out-of-bounds in ops.c:12:3
kmemleak: unreferenced object 0x0 (size 64):
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
kmemleak: Trying to color unknown object at 0x0 as Grey
list_add corruption. next->prev should be prev (0), but was 0. (next=0).
refcount_t: underflow; use-after-free.
Oops: general protection fault, probably for non-canonical address 0x0
BUG: unable to handle page fault for address: 0
kernel BUG at mm/slub.c:1!
Oops: invalid opcode: 0000 [#1] SMP KASAN
Kernel panic - not syncing: Fatal exception
INFO: task rmmod:12 blocked for more than 122 seconds.
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [python3:1]
""".strip().split("\n")
SILENT = """
kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)
rcu: RCU lockdep checking is enabled.
Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
kasan: KernelAddressSanitizer initialized (generic)
ODEBUG selftest passed
FAULT_INJECTION: forcing a failure.
dmabuf_tools: detach with a mapping: buffer 12
""".strip().split("\n")


def lines(given):
    """Those of them that the pattern takes."""
    script = '. tests/lab/lib.sh; grep -aE "$kernel_reports"'
    p = subprocess.run(["bash", "-c", script, "tests/lab/run"], cwd=top, input="".join(f"{line}\n" for line in given),
                       stdout=subprocess.PIPE, text=True)
    return p.stdout.splitlines()


top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
equal(lines(REPORTS), REPORTS, "each kind of report")
equal(lines(SILENT), [], "not what checkers say when all is well")
sys.exit(done())
