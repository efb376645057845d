/* SPDX-License-Identifier: GPL-2.0 */
/* A histogram as bars, one below the other. Pure functions. */
#ifndef TOP_CHART_H
#define TOP_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "model/histogram.h"

/* Buckets side by side */
struct chart_bar {
	unsigned int from, to;		/* the first, and the one after the last */
	uint64_t count;
};

/*
 * As many bars as there is room for: with the empty buckets between, else without, else several
 * buckets in one. Returns how many, at most room and HISTOGRAM_BUCKETS, which bars must hold.
 */
int chart_bars(const struct histogram *h, struct chart_bar *bars, int room);
/* What is reached in a bar, "p50 p90 p99 max" at most, by the ranks of histogram_percentile(). */
#define CHART_MARKS_ROOM 20
void chart_marks(const struct histogram *h, const struct chart_bar *bar, char *text, size_t room);

#endif
