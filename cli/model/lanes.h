/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where slices of time are drawn so that on each lane any two either do not overlap, or one holds
 * the other: what tools that draw nested slices need. Pure data and arithmetic.
 */
#ifndef MODEL_LANES_H
#define MODEL_LANES_H

#include <stdint.h>

#define LANE_RECENT 4

struct lane_slice {
	uint64_t start, end;
};

struct lane {
	/* The last ones that are in no other, and what all before them reach over */
	struct lane_slice recent[LANE_RECENT], before;
	uint32_t n;
	uint64_t ended;			/* the latest end there is */
};

/* What some lanes have in common, so that a slice that fits on none of them is seen to. */
struct lane_bounds {
	uint64_t ended;			/* the earliest of their ends */
	uint64_t start;			/* the latest of their first starts */
	uint64_t gap, gap_end;		/* all gaps are in here; gap_end 0: there is none */
};

/* Zero-initialised is empty. */
struct lanes {
	struct lane *lanes;
	uint32_t n, room;
	struct lane_bounds *bounds;	/* a tree: 1 is the root, 2 i and 2 i + 1 are below i */
	uint32_t width;			/* how many leaves it has */
};

/*
 * Takes a place for a slice; they come in the order of their ends, or nearly so. One that begins
 * when another does goes to another lane, since who reads them could not tell which holds which.
 * Returns the first lane where it fits, from 0 on, or UINT32_MAX if memory is out. Looks at few
 * of many lanes.
 */
uint32_t lanes_take(struct lanes *lanes, uint64_t start, uint64_t end);
void lanes_free(struct lanes *lanes);

#endif
