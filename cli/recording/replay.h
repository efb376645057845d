/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording in the order in which it was written: events with their names, snapshots, losses.
 * Its memory grows with what lives at one time, not with the file.
 */
#ifndef RECORDING_REPLAY_H
#define RECORDING_REPLAY_H

#include <stdint.h>

#include "model/event.h"
#include "model/stack.h"

struct filter;
struct recording;
struct replay;

struct replay_older {
	uint64_t ino;
	uint64_t size;			/* 0 unknown */
	int64_t created;		/* CLOCK_REALTIME, seconds; 0 unknown */
	const char *exporter;		/* NULL unknown */
	const char *name;		/* NULL none, or unknown */
};

/* Each returns 0, or -errno to end with; each may be NULL. */
struct replay_taker {
	/* Event and strings are good until it returns */
	int (*event)(void *ctx, const struct model_event *event);
	/* So many were lost in what comes next; time: CLOCK_REALTIME, ns, of that */
	int (*lost)(void *ctx, uint64_t time, uint64_t lost);
	/* Snapshot i is next */
	int (*snapshot)(void *ctx, uint32_t i);
	/* A buffer that the snapshot knows, and no event yet */
	int (*older)(void *ctx, const struct replay_older *older);
	/* One that a snapshot knows no more, though no event told that it went */
	int (*gone)(void *ctx, uint64_t ino);
	void *ctx;
};

/*
 * recording_survey() was called for it; it stays the caller's, who may read snapshots meanwhile.
 * Filter: as live has it, events by its processes and on buffers that they exported; NULL all.
 */
struct replay *replay_new(struct recording *recording, const struct filter *filter);
/* Tells only events and snapshots of that time, CLOCK_REALTIME, ns, both ends too. */
void replay_window(struct replay *replay, int64_t from, int64_t to);
/*
 * More may not live at one time than a file of its size can tell of: -E2BIG then.
 * Goes on until so many snapshots of the recording were met (the last of them too), UINT32_MAX:
 * to the end. Returns 0 or -errno.
 */
int replay_run(struct replay *replay, const struct replay_taker *taker, uint32_t snapshots);
/* How many were met so far. */
uint32_t replay_snapshots(const struct replay *replay);
/* What a number of the recording is called (enum recording_name_kind), NULL unknown. */
const char *replay_name(const struct replay *replay, unsigned int kind, uint64_t number);
/* The second text, NULL none. */
const char *replay_second_name(const struct replay *replay, unsigned int kind, uint64_t number);
/* Those that events so far may name. */
struct stacks *replay_stacks(struct replay *replay);
void replay_free(struct replay *replay);

#endif
