/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations on a dma-buf that the module counts, times, logs and injects into: one list for
 * the exporter (calls of importers and users) and for the importer (calls of any exporter). Each
 * has its counters, in debugfs.
 */
#ifndef DMABUF_TOOLS_OPS_H
#define DMABUF_TOOLS_OPS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct dentry;

#define DMABUF_TOOLS_OPS(X)						\
	X(EXPORT, "export") X(RELEASE, "release")			\
	X(ATTACH, "attach") X(DETACH, "detach")				\
	X(MAP, "map") X(UNMAP, "unmap") X(PIN, "pin") X(UNPIN, "unpin")	\
	X(VMAP, "vmap") X(VUNMAP, "vunmap")				\
	X(BEGIN, "begin") X(END, "end")					\
	X(MMAP, "mmap") X(INVALIDATE, "invalidate")			\
	X(FENCE, "fence") X(SIGNAL, "signal")

enum op {
#define X(id, name)	OP_##id,
	DMABUF_TOOLS_OPS(X)
#undef X
	OP_COUNT,
};

extern const char *const op_names[OP_COUNT];

#define OP_BUCKETS	40	/* bucket n: 2^n <= ns < 2^(n+1); the last has all above */

/* The counters of one side: exact, also for concurrent calls. */
struct op_counters {
	struct {
		atomic64_t calls, errors, ns;
		atomic64_t buckets[OP_BUCKETS];
	} op[OP_COUNT];
};

/*
 * ops.c. Any context; @start is ktime_get_ns() before the operation, @result 0 or -errno. Returns
 * the operation's nanoseconds.
 */
u64 op_done(struct op_counters *counters, enum op op, u64 start, int result);

/*
 * Make the files counters (op, calls, errors, ns: a line for each called op) and latency (op,
 * bucket's lower bound in ns, calls) in @dir. A write to counters clears both. @counters must
 * outlive @dir.
 */
void op_counters_files(struct op_counters *counters, struct dentry *dir);

#endif
