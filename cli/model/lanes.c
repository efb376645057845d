// SPDX-License-Identifier: GPL-2.0
/* Lanes of slices; see lanes.h. */
#include "model/lanes.h"

#include <stdbool.h>
#include <stdlib.h>

#include "model/hash.h"

/* Whether the new one holds that one, or comes after it. */
static bool holds(const struct lane_slice *new, const struct lane_slice *old)
{
	return new->start < old->start && new->end >= old->end;
}

static bool follows(const struct lane_slice *new, const struct lane_slice *old)
{
	return new->start >= old->end;
}

/* All before the recent ones count as one, which was there if it has an end. */
static bool fits(const struct lane *l, const struct lane_slice *new)
{
	uint32_t i;

	if (new->end < l->ended)
		return false;
	for (i = 0; i < l->n; i++)
		if (!follows(new, &l->recent[i]) && !holds(new, &l->recent[i]))
			return false;
	return !l->before.end || follows(new, &l->before) || holds(new, &l->before);
}

static void put(struct lane *l, const struct lane_slice *new)
{
	uint32_t i;

	l->ended = new->end;
	/* Those that it holds are no longer of interest: what holds it holds them */
	while (l->n && !follows(new, &l->recent[l->n - 1]))
		l->n--;
	if (l->before.end && !l->n && !follows(new, &l->before))
		l->before = (struct lane_slice){ 0 };
	if (l->n == LANE_RECENT) {
		if (!l->before.end)
			l->before = l->recent[0];
		l->before.end = l->recent[0].end;
		for (i = 1; i < LANE_RECENT; i++)
			l->recent[i - 1] = l->recent[i];
		l->n--;
	}
	l->recent[l->n++] = *new;
}

uint32_t lanes_take(struct lanes *lanes, uint64_t start, uint64_t end)
{
	const struct lane_slice new = { start, end };
	struct lane *l;
	uint32_t i;

	for (i = 0; i < lanes->n; i++)
		if (fits(&lanes->lanes[i], &new))
			break;
	if (i == lanes->n && !array_add(&lanes->lanes, &lanes->n, &lanes->room, sizeof(*l)))
		return UINT32_MAX;
	put(&lanes->lanes[i], &new);
	return i;
}

void lanes_free(struct lanes *lanes)
{
	free(lanes->lanes);
	*lanes = (struct lanes){ 0 };
}
