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
	if (new->end < l->ended)
		return false;
	for (uint32_t i = 0; i < l->n; i++)
		if (!follows(new, &l->recent[i]) && !holds(new, &l->recent[i]))
			return false;
	return !l->before.end || follows(new, &l->before) || holds(new, &l->before);
}

static void put(struct lane *l, const struct lane_slice *new)
{
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
		for (uint32_t i = 1; i < LANE_RECENT; i++)
			l->recent[i - 1] = l->recent[i];
		l->n--;
	}
	l->recent[l->n++] = *new;
}

static void add_gap(struct lane_bounds *b, const struct lane_slice *before,
		    const struct lane_slice *after)
{
	if (before->end >= after->start)
		return;
	b->gap = before->end < b->gap ? before->end : b->gap;
	b->gap_end = after->start > b->gap_end ? after->start : b->gap_end;
}

static struct lane_bounds bounds_of(const struct lane *l)
{
	struct lane_bounds b = { .ended = l->ended, .gap = UINT64_MAX };

	b.start = l->before.end ? l->before.start : l->recent[0].start;
	if (l->before.end && l->n)
		add_gap(&b, &l->before, &l->recent[0]);
	for (uint32_t i = 1; i < l->n; i++)
		add_gap(&b, &l->recent[i - 1], &l->recent[i]);
	return b;
}

static struct lane_bounds join(const struct lane_bounds *a, const struct lane_bounds *b)
{
	return (struct lane_bounds){
		.ended = a->ended < b->ended ? a->ended : b->ended,
		.start = a->start > b->start ? a->start : b->start,
		.gap = a->gap < b->gap ? a->gap : b->gap,
		.gap_end = a->gap_end > b->gap_end ? a->gap_end : b->gap_end,
	};
}

/* What may fit on some lane; false: it does on none. See fits(). */
static bool may_fit(const struct lane_bounds *b, const struct lane_slice *new)
{
	return new->end >= b->ended && (new->start >= b->ended || new->start < b->start ||
					(new->start >= b->gap && new->start < b->gap_end));
}

static void set_bounds(struct lanes *lanes, uint32_t lane)
{
	struct lane_bounds *b = lanes->bounds;
	uint32_t i = lanes->width + lane;

	b[i] = bounds_of(&lanes->lanes[lane]);
	while (i /= 2)
		b[i] = join(&b[2 * i], &b[2 * i + 1]);
}

/* The first lane that it fits on; INDEX_NONE: none. */
static uint32_t find(const struct lanes *lanes, const struct lane_slice *new)
{
	uint32_t i = lanes->n ? 1 : 0, lane;

	while (i) {
		bool may = may_fit(&lanes->bounds[i], new);

		if (may && i < lanes->width) {
			i *= 2;
			continue;
		}
		lane = i - lanes->width;
		if (may && lane < lanes->n && fits(&lanes->lanes[lane], new))
			return lane;
		/* To what is right of it */
		while (i % 2)
			i /= 2;
		i += !!i;
	}
	return INDEX_NONE;
}

static bool add_lane(struct lanes *lanes)
{
	uint32_t width = lanes->width ? 2 * lanes->width : 1, i;
	struct lane_bounds *wider;

	if (lanes->n == lanes->width) {
		wider = realloc(lanes->bounds, 2 * width * sizeof(*wider));
		if (!wider)
			return false;
		for (i = 0; i < 2 * width; i++)
			wider[i] = (struct lane_bounds){ .ended = UINT64_MAX, .gap = UINT64_MAX };
		lanes->bounds = wider;
		lanes->width = width;
		for (i = 0; i < lanes->n; i++)
			set_bounds(lanes, i);
	}
	return array_add(&lanes->lanes, &lanes->n, &lanes->room, sizeof(*lanes->lanes));
}

uint32_t lanes_take(struct lanes *lanes, uint64_t start, uint64_t end)
{
	const struct lane_slice new = { start, end };
	uint32_t i = find(lanes, &new);

	if (i == INDEX_NONE) {
		if (!add_lane(lanes))
			return UINT32_MAX;
		i = lanes->n - 1;
	}
	put(&lanes->lanes[i], &new);
	set_bounds(lanes, i);
	return i;
}

void lanes_free(struct lanes *lanes)
{
	free(lanes->lanes);
	free(lanes->bounds);
	*lanes = (struct lanes){ 0 };
}
