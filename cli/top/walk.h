/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steps through the snapshots of a recording. The history at a snapshot depends on all earlier
 * snapshots. A step back starts at a checkpoint, so that the result is the same for any path.
 */
#ifndef TOP_WALK_H
#define TOP_WALK_H

#include <stdint.h>

#include "model/suspects.h"

struct filter;
struct history;
struct source;

#define WALK_PLACES 32

/* Zero-initialized is the start of the recording. */
struct walk {
	/* Checkpoints: the state before a snapshot is read; the first is at 0 */
	struct walk_place {
		uint32_t moment;
		uint64_t peak;
		struct suspects suspects;
	} places[WALK_PLACES];
	uint32_t n, apart;
	uint32_t next;			/* the history covers all snapshots before */
	uint32_t watched;		/* hooks of the history */
};

/*
 * Make the history of all snapshots before the next snapshot of source. The caller reads the next
 * snapshot. Skip damaged snapshots. Return 0 or -ENOMEM.
 */
int walk_to(struct walk *walk, struct history *history, struct source *source,
	    const struct filter *filter);
void walk_free(struct walk *walk);

#endif
