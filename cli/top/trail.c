// SPDX-License-Identifier: GPL-2.0
/* The last minute of a figure; see trail.h. */
#include "top/trail.h"

#include <errno.h>
#include <string.h>

#define NONE -1.0f

/* At this number of keys, most of them dead, all trails start over. */
#define TRAILS_MAX 4096

static struct trail *get_trail(struct trails *t, uint64_t key, int64_t second)
{
	struct trail *trail = table_get(&t->rows, key);

	if (trail)
		return trail;
	if (t->rows.n == TRAILS_MAX)
		trails_clear(t);
	t->rows.size = sizeof(*trail);
	trail = table_add(&t->rows, key);
	if (!trail)
		return NULL;
	for (int i = 0; i < TRAIL_SECONDS; i++)
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
	const struct trail *trail = table_get(&t->rows, key);
	float largest = 0;
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; trail && i < cells; i++)
		if (cell_value(trail, time, i, cells) > largest)
			largest = cell_value(trail, time, i, cells);
	for (int i = 0; trail && i < cells; i++) {
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
	table_clear(&t->rows);
}

void trails_free(struct trails *t)
{
	table_free(&t->rows);
}
