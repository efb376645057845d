// SPDX-License-Identifier: GPL-2.0
/* The bars of a histogram; see chart.h. */
#include "top/chart.h"

#include <stdio.h>

static void find_ends(const struct histogram *h, unsigned int *first, unsigned int *end)
{
	*end = 0;
	*first = HISTOGRAM_BUCKETS;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->buckets[i])
			continue;
		if (*first > i)
			*first = i;
		*end = i + 1;
	}
}

int chart_bars(const struct histogram *h, struct chart_bar *bars, int room)
{
	unsigned int first, end, step, i, k;
	bool gaps;
	int n = 0;

	find_ends(h, &first, &end);
	if (room > HISTOGRAM_BUCKETS)
		room = HISTOGRAM_BUCKETS;
	if (end <= first || room <= 0)
		return 0;
	for (step = 1; step <= HISTOGRAM_BUCKETS; step++) {
		gaps = (int)((end - first + step - 1) / step) <= room;
		for (n = 0, i = first; i < end; i += step) {
			struct chart_bar bar = { i, i + step, 0 };

			for (k = i; k < i + step && k < end; k++)
				bar.count += h->buckets[k];
			if ((bar.count || gaps) && n++ < room)
				bars[n - 1] = bar;
		}
		if (n <= room)
			break;
	}
	return n <= room ? n : room;
}

void chart_marks(const struct histogram *h, const struct chart_bar *bar, char *text, size_t room)
{
	static const int percents[] = { 50, 90, 99 };
	uint64_t below = 0, timed = 0;
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		timed += h->buckets[i];
		below += i < bar->from ? h->buckets[i] : 0;
	}
	*text = '\0';
	for (i = 0; i < 3; i++) {
		double rank = percents[i] / 100.0 * timed;

		if (rank > below && rank <= below + bar->count)
			len += snprintf(text + len, room - len, "%sp%d", len ? " " : "",
					percents[i]);
	}
	i = histogram_bucket(h->max);
	if (bar->count && i >= bar->from && i < bar->to)
		snprintf(text + len, room - len, "%smax", len ? " " : "");
}
