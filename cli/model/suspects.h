/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may be leaking, as far as snapshots tell: for a view that looks at one moment after another.
 * Suspicion, no verdict: that takes events (leaks.h). Pure data.
 */
#ifndef MODEL_SUSPECTS_H
#define MODEL_SUSPECTS_H

#include <stdint.h>

#include "model/hash.h"

struct model;

/*
 * A low-water mark is the fewest buffers that a process held in so many moments; growth is one that
 * rose so often in a row.
 */
#define SUSPECT_MOMENTS 5
#define SUSPECT_CYCLES 10
/* Seconds that a buffer is held by the kernel alone, or idle, before it is suspect */
#define SUSPECT_KERNEL_SECONDS 3
#define SUSPECT_OLD_SECONDS 600

enum suspect_kind {
	SUSPECT_GROWTH,			/* a process holds more and more */
	SUSPECT_KERNEL_HELD,		/* whoever held it is gone, and nobody may use it */
	SUSPECT_OLD,			/* held, and nobody has mapped or accessed it */
};

/* "growth", "kernel-held", "old" */
const char *suspect_name(enum suspect_kind kind);

/* A row; a process' with growth, else a buffer's. */
struct suspect {
	enum suspect_kind kind;
	uint64_t key;			/* the same from moment to moment */
	uint32_t process;		/* index in the model's, or INDEX_NONE */
	uint32_t buffer;		/* the same */
	uint64_t buffers, bytes;	/* growth: by how many it grew; all that it holds */
	uint64_t cycles, from, to;	/* growth */
	double since;			/* CLOCK_REALTIME, seconds: as far as known */
};

/* Processes that held a buffer and live: of so many each is known, more are not told apart */
#define SUSPECT_FORMER 4

struct suspect_history;
struct suspect_buffer;

/* Zero is empty and ready. */
struct suspects {
	struct suspect *rows;		/* growth first, then by size */
	uint32_t n, room;
	uint64_t kernel_held, old, growing;	/* rows of each */
	uint64_t old_seconds;		/* 0: SUSPECT_OLD_SECONDS */
	/* Between the moments */
	double time;			/* of the last one */
	struct suspect_history *processes;	/* by pid */
	uint32_t n_processes, room_processes;
	struct index by_pid;
	struct suspect_buffer *buffers, *before;	/* by inode: of this moment, the last one */
	uint32_t n_buffers, n_before, room_buffers, room_before;
	double started;
};

/*
 * One moment more: the model after model_account(), which it must have changed since the last call.
 * Makes the rows anew, of what the filter selects. A moment before the last one (a recording is
 * wound back) begins anew.
 * A buffer that no process holds may be in use: a driver keeps what was queued there. kernel-held
 * is told only if processes are known to have held it, all of them have exited, and nobody has a
 * device file of an attached device or of the exporter open (MODEL_SEES_USERS). Old is told only
 * where hooks show what is used (MODEL_WATCHES_STATE).
 * Returns 0 or -ENOMEM.
 */
int suspects_update(struct suspects *suspects, const struct model *model);
/* All that goes on from moment to moment, without the rows. 0 or -ENOMEM: nothing is known then. */
int suspects_copy(struct suspects *to, const struct suspects *from);
void suspects_free(struct suspects *suspects);

#endif
