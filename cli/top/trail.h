/* SPDX-License-Identifier: GPL-2.0 */
/* The values of the last minute, and their line of small bars. Pure data. */
#ifndef TOP_TRAIL_H
#define TOP_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/table.h"

#define TRAIL_SECONDS 60

struct trail {
	uint64_t key;
	float values[TRAIL_SECONDS];	/* by second modulo 60; negative: none */
	int64_t newest;			/* second of the last value */
};

/* Trails by keys of rows. Zero-initialized is empty. */
struct trails {
	struct table rows;
};

/* Add a value; a second keeps its largest value. Return 0 or -ENOMEM. */
int trails_put(struct trails *trails, uint64_t key, double time, double value);
/*
 * Write the minute up to time in cells, scaled to the largest value, blank without a value. Return
 * text, of at least 3 * cells + 1 bytes.
 */
char *trails_text(const struct trails *trails, uint64_t key, double time, int cells, bool utf8,
		  char *text);
/* Forget all values, keep the memory. */
void trails_clear(struct trails *trails);
void trails_free(struct trails *trails);

#endif
