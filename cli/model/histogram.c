// SPDX-License-Identifier: GPL-2.0
/* Histograms; see histogram.h. */
#include "model/histogram.h"

unsigned int histogram_bucket(uint64_t ns)
{
	unsigned int bit = ns ? 63 - __builtin_clzll(ns) : 0;

	return bit < HISTOGRAM_BUCKETS ? bit : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bound(unsigned int i)
{
	return i ? 1ULL << i : 0;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->count++;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
	h->buckets[histogram_bucket(ns)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	into->count += from->count;
	into->errors += from->errors;
	into->sum += from->sum;
	into->wait += from->wait;
	into->bytes += from->bytes;
	if (from->max > into->max)
		into->max = from->max;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

void histogram_subtract(struct histogram *h, const struct histogram *before)
{
	unsigned int i, top = 0;

	h->count -= before->count;
	h->errors -= before->errors;
	h->sum -= before->sum;
	h->wait -= before->wait;
	h->bytes -= before->bytes;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		h->buckets[i] -= before->buckets[i];
		if (h->buckets[i])
			top = i + 1;
	}
	if (!top)
		h->max = 0;
	else if (top < HISTOGRAM_BUCKETS && h->max >= histogram_bound(top))
		h->max = histogram_bound(top) - 1;
}

bool histogram_percentile(const struct histogram *h, double percent, uint64_t *ns)
{
	uint64_t timed = 0, below = 0;
	double rank;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		timed += h->buckets[i];
	if (!timed)
		return false;
	rank = percent / 100 * timed;
	for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		if (h->buckets[i] && below + h->buckets[i] >= rank)
			break;
		below += h->buckets[i];
	}
	if (i == HISTOGRAM_BUCKETS - 1 && !h->buckets[i]) {
		*ns = h->max;
		return true;
	}
	*ns = histogram_bound(i) +
	      (histogram_bound(i + 1) - histogram_bound(i)) * ((rank - below) / h->buckets[i]);
	if (*ns > h->max)
		*ns = h->max;
	return true;
}
