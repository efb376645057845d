// SPDX-License-Identifier: GPL-2.0
/* The last minute of a figure; see trail.h. */
#include "top/trail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE -1.0f

/* At this number of keys, most of them dead, all trails start over. */
#define TRAILS_MAX 4096

static struct trail *get_trail(struct trails *t, uint64_t key, int64_t second)
{
	uint32_t at = index_get(&t->by_key, key);
	struct trail *trail;
	int i;

	if (at != INDEX_NONE)
		return &t->rows[at];
	if (t->n == TRAILS_MAX)
		trails_clear(t);
	trail = array_add(&t->rows, &t->n, &t->room, sizeof(*trail));
	if (!trail || index_put(&t->by_key, key, t->n - 1))
		return NULL;
	for (i = 0; i < TRAIL_SECONDS; i++)
		trail->values[i] = NONE;
	trail->newest = second;
	return trail;
}

/* Return the index of a second, also before 1970. */
static int index_of(int64_t second)
{
	return (second % TRAIL_SECONDS + TRAIL_SECONDS) % TRAIL_SECONDS;
}

int trails_put(struct trails *t, uint64_t key, double time, double value)
{
	int64_t second = time, from, to, s;
	struct trail *trail = get_trail(t, key, second);
	float *place;

	if (!trail)
		return -ENOMEM;
	/* Clear the seconds in between: skipped, or later than a step back in a recording. */
	from = second < trail->newest ? second : trail->newest;
	to = second < trail->newest ? trail->newest : second;
	if (to - from > TRAIL_SECONDS)
		from = to - TRAIL_SECONDS;
	for (s = from + 1; s <= to; s++)
		trail->values[index_of(s)] = NONE;
	trail->newest = second;
	place = &trail->values[index_of(second)];
	if (value > *place)
		*place = value;
	return 0;
}

/* Return the largest value of a cell, or NONE. */
static float cell_value(const struct trail *trail, int64_t now, int cell, int cells)
{
	int from = cell * TRAIL_SECONDS / cells, to = (cell + 1) * TRAIL_SECONDS / cells, i;
	float value = NONE;

	for (i = from; i < to; i++) {
		int64_t second = now - TRAIL_SECONDS + 1 + i;

		if (second <= trail->newest && second > trail->newest - TRAIL_SECONDS &&
		    trail->values[index_of(second)] > value)
			value = trail->values[index_of(second)];
	}
	return value;
}

char *trails_text(const struct trails *t, uint64_t key, double time, int cells, bool utf8,
		  char *text)
{
	static const char *const bars[2][8] = {
		{ "_", ".", ":", "-", "=", "+", "*", "#" },
		{ "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588" },
	};
	uint32_t at = index_get(&t->by_key, key);
	const struct trail *trail = at == INDEX_NONE ? NULL : &t->rows[at];
	float largest = 0;
	size_t len = 0;
	int i;

	text[0] = '\0';
	for (i = 0; trail && i < cells; i++)
		if (cell_value(trail, time, i, cells) > largest)
			largest = cell_value(trail, time, i, cells);
	for (i = 0; trail && i < cells; i++) {
		float value = cell_value(trail, time, i, cells);
		int height = value > 0 ? (int)(value / largest * 7 + 0.5f) : 0;
		const char *bar = value < 0 ? " " : bars[utf8][height];

		memcpy(text + len, bar, strlen(bar) + 1);
		len += strlen(bar);
	}
	return text;
}

void trails_clear(struct trails *t)
{
	index_clear(&t->by_key);
	t->n = 0;
}

void trails_free(struct trails *t)
{
	index_free(&t->by_key);
	free(t->rows);
	memset(t, 0, sizeof(*t));
}
