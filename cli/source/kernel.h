/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Features and behaviour of the running kernel. User space knows differences between kernels only
 * here, each with the commit or version that made it. Used in source/, and by doctor.
 */
#ifndef SOURCE_KERNEL_H
#define SOURCE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* enum bpf_attach_type; the headers of older systems lack it. */
#define TRACE_KPROBE_SESSION 56

/*
 * Return whether the kernel's BTF has a name. Parsing the BTF to look the name up takes longer
 * than the rest of the start; a wrong yes would only make the load fail. The names are kept until
 * kernel_forget().
 */
bool kernel_mentions(const char *name);
void kernel_forget(void);

/* Return whether a tracepoint exists. */
bool kernel_has_tracepoint(const char *name);
/* Return whether BPF programs can iterate over dma-bufs (Linux 6.16). */
bool kernel_has_dmabuf_iterator(void);
/* Return whether bpf_rdonly_cast() exists: plain loads from untyped addresses (Linux 6.2). */
bool kernel_has_cast(void);
/* Return whether a DRM driver is loaded, or built in: its types are known then. */
bool kernel_has_drm(void);
/* Return whether the types of PRIME tables are known, which name GEM handles. */
bool kernel_has_prime_types(void);
bool kernel_has_io_uring(void);

/* Return whether kprobes for perf events exist. */
bool kernel_has_kprobes(void);
/* Return whether trampolines (fentry, fexit) exist, which come with the function tracer. */
bool kernel_has_trampolines(void);
/* Return whether one program can be attached to a function's entry and return (Linux 6.10). */
bool kernel_has_sessions(void);
/* Return whether sessions miss no return. */
bool kernel_sessions_are_exact(void);
/* Return whether trampolines are unsafe beside the module's accounting. */
bool kernel_trampolines_are_fragile(void);
/* Return whether a task may lose its CPU inside the kernel: fentry misses events then. */
bool kernel_is_preempted(void);
/* Return whether a task that holds a spinlock may lose its CPU. */
bool kernel_spinlocks_sleep(void);

/*
 * Read how many calls the probe behind a BPF link missed; session: a session, else a perf event.
 * Return false if the kernel does not count them.
 */
bool kernel_probe_missed(int link, bool session, uint64_t *missed);

#endif
