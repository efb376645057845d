/* SPDX-License-Identifier: GPL-2.0 */
/* What a figure was in the last minute, and that as a line of small bars. Pure data. */
#ifndef TOP_TRAIL_H
#define TOP_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/table.h"

#define TRAIL_SECONDS 60

struct trail {
	uint64_t key;
	float values[TRAIL_SECONDS];	/* by second modulo 60; negative: none */
	int64_t newest;			/* second of the last one */
};

/* By the keys of rows. Zero-initialised is empty. */
struct trails {
	struct table rows;
};

/* Notes the value of a second; the largest, if it has several. 0 or -ENOMEM. */
int trails_put(struct trails *trails, uint64_t key, double time, double value);
/*
 * The minute up to time in that many cells, the largest of all the highest: what was not measured
 * is blank. Three bytes a cell. Returns text, of 3 * cells + 1 bytes at least.
 */
char *trails_text(const struct trails *trails, uint64_t key, double time, int cells, bool utf8,
		  char *text);
/* Forgets all, keeps the memory. */
void trails_clear(struct trails *trails);
void trails_free(struct trails *trails);

#endif
