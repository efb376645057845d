/* SPDX-License-Identifier: GPL-2.0 */
/* What many snapshots come to, and how two differ. Pure data and arithmetic. */
#ifndef MODEL_SUMMARY_H
#define MODEL_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/hash.h"

struct model;
struct model_event;

struct summary_exporter {
	const char *exporter;		/* NULL unknown */
	uint64_t seen;			/* distinct buffers, in all snapshots and exports */
	uint64_t peak;			/* bytes, the most at any time */
	uint64_t now;			/* bytes, as the snapshot and the events since tell */
	uint64_t buffers, bytes;	/* in the last one */
	bool unsized;			/* the size of one was unknown: so are bytes */
};

struct summary_process {
	uint32_t pid;			/* 0: what only the kernel holds */
	const char *comm;
	uint64_t most;			/* buffers, the most of any snapshot; 1: it exported some */
	uint64_t peak;			/* RSS in bytes, likewise */
	uint64_t buffers, bytes;	/* in the last one */
	bool unsized;
	bool by_thread;			/* no snapshot had it: comm is that of a thread */
};

/* Zero-initialised is empty. */
struct summary {
	uint32_t snapshots;
	double first, last;		/* CLOCK_REALTIME, seconds */
	uint64_t seen;			/* distinct buffers */
	uint64_t peak;			/* bytes */
	double peak_time;
	uint64_t buffers, bytes;	/* in the last snapshot */
	struct summary_exporter *exporters;
	uint32_t n_exporters, room_exporters;
	struct summary_process *processes;
	uint32_t n_processes, room_processes;
	struct index live;		/* in the last snapshot, those that were counted */
	struct index exported;		/* and those that events told of, while they live */
	struct index by_exporter, by_process, by_pid;	/* by_pid: its last row */
	uint64_t now;			/* bytes, as the snapshot and the events since tell */
	struct intern strings;
};

/*
 * Adds what the model's filter selects; snapshots come in their order. 0, -ENOMEM, or -E2BIG: more
 * processes than any machine has.
 */
int summary_add(struct summary *summary, const struct model *model);
/*
 * Adds what lives between two snapshots: an export, or a release. A process that exported a buffer
 * held that one at least. 0 or -ENOMEM.
 */
int summary_event(struct summary *summary, const struct model_event *event);
/* A buffer whose release was lost. */
void summary_gone(struct summary *summary, uint64_t ino);
void summary_free(struct summary *summary);

enum diff_by {
	DIFF_EXPORTER,
	DIFF_COMM,			/* a buffer counts for each command that holds it */
	DIFF_NAME,
	DIFF_STACK,			/* that exported it, which who adds it says */
};

struct diff_row {
	const char *key;		/* NULL: unknown, no name, or held by no process */
	uint64_t buffers[2], bytes[2];	/* of the two */
	bool unsized;
	uint32_t last[2];		/* so that each buffer counts once: index + 1 */
};

struct diff {
	struct diff_row *rows;
	uint32_t n, room;
	struct index by_key;
	struct intern strings;
};

/*
 * Adds one of the two, side 0 or 1. stack_of: of DIFF_STACK the key of a buffer, NULL unknown, good
 * until the next call. 0 or -ENOMEM.
 */
int diff_add(struct diff *diff, const struct model *model, int side, enum diff_by by,
	     const char *(*stack_of)(void *ctx, uint64_t ino), void *ctx);
void diff_free(struct diff *diff);

#endif
