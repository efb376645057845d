/* SPDX-License-Identifier: GPL-2.0 */
/* A histogram as bars, one below the other. Pure functions. */
#ifndef TOP_CHART_H
#define TOP_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "model/histogram.h"

/* Buckets side by side */
struct chart_bar {
	unsigned int from, to;		/* to: index after the last */
	uint64_t count;
};

/*
 * Make bars within room: with empty buckets in between, else without empty buckets, else with
 * several buckets per bar. Return the number of bars, at most room and HISTOGRAM_BUCKETS, the size
 * of bars.
 */
int chart_bars(const struct histogram *h, struct chart_bar *bars, int room);
/* Write the percentiles and the maximum in a bar, "p50 p90 p99 max", as histogram_percentile(). */
#define CHART_MARKS_ROOM 20
void chart_marks(const struct histogram *h, const struct chart_bar *bar, char *text, size_t room);

#endif
