/* SPDX-License-Identifier: GPL-2.0 */
/* Durations counted by the power of two they begin with. Pure arithmetic. */
#ifndef MODEL_HISTOGRAM_H
#define MODEL_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 40	/* bucket i: 2^i to 2^(i+1) - 1 ns, the first from 0, the last on */

struct histogram {
	uint64_t count, errors;		/* calls, and those of them that failed */
	uint64_t sum, max, wait;	/* ns; wait: of sum, spent waiting for fences */
	uint64_t bytes;			/* sizes of the buffers, once for each call */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* The bucket of a duration in ns. */
unsigned int histogram_bucket(uint64_t ns);
/* What bucket i begins with, ns. */
uint64_t histogram_bound(unsigned int i);

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);
/*
 * Takes away what there was before: what is left is what came since. The largest since is not
 * known then; it is the largest of all while its bucket still has calls, else that bucket's end.
 */
void histogram_subtract(struct histogram *h, const struct histogram *before);

/*
 * The duration in ns that percent (0 to 100) of the calls do not exceed: linear within a bucket,
 * and never above the largest. False if no call was timed.
 */
bool histogram_percentile(const struct histogram *h, double percent, uint64_t *ns);

#endif
