/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracks with slices, moments and counters, for tools that draw them: Perfetto's protobuf, and the
 * JSON that Chrome began with. Written as they come; nothing is kept.
 */
#ifndef OUTPUT_TIMELINE_H
#define OUTPUT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct timeline;

struct timeline_track {
	uint64_t id;			/* not 0 */
	uint64_t parent;		/* 0 none */
	uint32_t pid;			/* a process' own track; 0: it is none */
	bool counter;			/* of bytes, held by the parent */
	const char *name;		/* any bytes */
};

/* What else is known of a slice: a number, or if there is one a string of any bytes. */
struct timeline_arg {
	const char *name, *string;
	int64_t number;
};

struct timeline_slice {
	uint64_t track, parent;		/* the track's, 0 none */
	uint64_t start, end;		/* CLOCK_MONOTONIC, ns; equal: a moment, if it is one */
	bool moment;
	const char *name;
	uint64_t flow;			/* an arrow goes between slices of one number; 0 none */
	bool flow_ends;
	const struct timeline_arg *args;
	uint32_t n_args;
};

struct timeline_about {
	int64_t realtime, boottime;	/* these clocks less CLOCK_MONOTONIC, ns */
	uint64_t start;			/* CLOCK_MONOTONIC, ns */
};

struct timeline_ops {
	/* All return 0 or -errno; what FILE could not take is found when it is flushed. */
	int (*begin)(struct timeline *t, const struct timeline_about *about);
	int (*track)(struct timeline *t, const struct timeline_track *track);
	int (*slice)(struct timeline *t, const struct timeline_slice *slice);
	/* So many bytes from then on, on a counter's track of that name and process */
	int (*counter)(struct timeline *t, const struct timeline_track *track, uint64_t time,
		       uint64_t value);
	int (*end)(struct timeline *t);
};

/* To begin with: ops and out are set, all else is zero. */
struct timeline {
	const struct timeline_ops *ops;
	FILE *out;
	struct timeline_about about;
	bool begun;			/* something stands before the next one */
	char *packed;			/* scratch, which end() frees */
	size_t room;
};

extern const struct timeline_ops timeline_chrome;
/* Without protobuf-c, begin() returns -ENOTSUP. */
extern const struct timeline_ops timeline_perfetto;

#endif
