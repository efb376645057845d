/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What many events come to: counts and times of operations, the slowest, the longest-lived, the
 * most that there was at once. Its memory grows with the buffers that live at one time. Pure data.
 */
#ifndef MODEL_ACTIVITY_H
#define MODEL_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"
#include "model/hash.h"
#include "model/table.h"

#define ACTIVITY_TOP 10
/* Calls whose durations are kept, 8 bytes each: percentiles of more are the histograms' */
#define ACTIVITY_DURATIONS (1u << 21)

struct durations;

struct activity_life {
	uint64_t ino;
	uint64_t size;			/* bytes, 0 unknown */
	int64_t created;		/* CLOCK_REALTIME, ns */
	uint64_t lifetime;		/* ns; of one that lives: up to the last event */
	bool alive;
	uint32_t pid;			/* that exported it, 0 unknown */
	const char *exporter, *comm;	/* NULL unknown */
};

struct activity {
	uint64_t events, counts[EVENT_TYPES];
	uint64_t lost;
	struct model_operations operations;
	struct model_event slowest[ACTIVITY_TOP];	/* maps, the slowest first */
	struct activity_life longest[ACTIVITY_TOP];	/* of all, the longest first */
	uint32_t n_slowest, n_longest;
	uint64_t peak, buffers, bytes;	/* bytes, the most at once; there are now */
	int64_t peak_time, first, last;	/* CLOCK_REALTIME, ns */
	bool ranks;			/* asked for: percentiles of the durations */
	struct durations *durations;	/* by row of operations */
	uint32_t n_durations, room_durations;
	uint64_t kept;
	struct table lives;
	struct index by_operation;
	struct intern strings;
};

/* All is zero but for this. */
void activity_init(struct activity *activity);
/* Each returns 0 or -ENOMEM. */
int activity_event(struct activity *activity, const struct model_event *event);
/* A buffer that was there before; created: CLOCK_REALTIME, seconds, 0 unknown. */
int activity_older(struct activity *activity, uint64_t ino, uint64_t size, int64_t created,
		   const char *exporter);
/* It is there no more, and nothing told when it went. */
void activity_gone(struct activity *activity, uint64_t ino);
/* Those that still live, among the longest; percentiles; operations in order. Once, at the end. */
void activity_finish(struct activity *activity);
void activity_free(struct activity *activity);

#endif
