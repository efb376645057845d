/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording's moments, so that one looks the same however one comes to it: what is known at a
 * moment comes from all before it. Going back begins at a place on the way that was kept.
 */
#ifndef TOP_WALK_H
#define TOP_WALK_H

#include <stdint.h>

#include "model/suspects.h"

struct filter;
struct history;
struct source;

#define WALK_PLACES 32

/* Zero-initialised is at the start. */
struct walk {
	/* What is known when all moments before that one were read; the first is at 0 */
	struct walk_place {
		uint32_t moment;
		uint64_t peak;
		struct suspects suspects;
	} places[WALK_PLACES];
	uint32_t n, apart;
	uint32_t next;			/* the history is that of all moments before it */
	uint32_t watched;		/* by those hooks */
};

/*
 * Makes history that of all moments before the one that source reads next, which is the caller's to
 * read. 0 or -ENOMEM; moments that are damaged are passed over.
 */
int walk_to(struct walk *walk, struct history *history, struct source *source,
	    const struct filter *filter);
void walk_free(struct walk *walk);

#endif
