// SPDX-License-Identifier: GPL-2.0
/* Nothing overlaps or leaves the screen, at all sizes from 20x5 to 250x70; below, none breaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "top/layout.h"

#define WIDTH	250
#define HEIGHT	70

static char taken[HEIGHT][WIDTH];

static void take(const struct rect *r, int width, int height)
{
	int x, y;

	assert_true(r->h >= 0 && r->w >= 0);
	if (r->h) {
		assert_true(r->x >= 0 && r->x + r->w <= width);
		assert_true(r->y >= 0 && r->y + r->h <= height);
	}
	for (y = r->y; y < r->y + r->h; y++) {
		for (x = r->x; x < r->x + r->w; x++) {
			if (taken[y][x])
				fail_msg("two at %d,%d of %dx%d", x, y, width, height);
			taken[y][x] = 1;
		}
	}
}

/* The list and a chart that wants so many lines share what the list had. */
static void check_chart(const struct layout *screen, int lines)
{
	struct layout l = *screen;
	int had = l.list.h;

	layout_chart(&l, lines);
	assert_true(l.chart.h >= 0 && l.chart.h <= lines);
	assert_int_equal(l.chart.h + l.list.h, had);
	assert_int_equal(l.chart.y, l.list.y + l.list.h);
	assert_int_equal(l.chart.w, l.list.w);
	/* The row that it is of can be seen; where there is room, most is the chart's. */
	assert_true(had < 1 || l.list.h >= 1);
	assert_true(lines < had || l.chart.h >= had / 2);
	/* Once more, with less */
	layout_chart(&l, lines / 2);
	assert_int_equal(l.chart.h + l.list.h, had);
	assert_true(l.chart.h <= lines / 2);
}

static void check_screen(int width, int height, int bars, int facts, int menu)
{
	struct layout l;

	memset(taken, 0, height * sizeof(taken[0]));
	layout_screen(&l, width, height, bars, facts, menu);
	take(&l.title, width, height);
	take(&l.summary, width, height);
	take(&l.bars, width, height);
	take(&l.facts, width, height);
	take(&l.tabs, width, height);
	take(&l.head, width, height);
	take(&l.list, width, height);
	take(&l.status, width, height);
	take(&l.keys, width, height);
	take(&l.menu, width, height);
	/* All lines are used, and most are the list's where there is room. */
	for (int y = 0; y < height; y++)
		assert_int_equal(taken[y][0], 1);
	assert_true(l.list.h >= 1);
	check_chart(&l, 3);
	check_chart(&l, height);
	if (height >= 16)
		assert_true(l.list.h * 2 >= height);
}

static void screens(void **state)
{
	static const int bars[] = { 0, 1, 3, 40 };
	int w, h, b;

	(void)state;
	for (w = 20; w <= WIDTH; w++) {
		for (h = 5; h <= HEIGHT; h++) {
			for (b = 0; b < 4; b++)
				check_screen(w, h, bars[b], 2, 0);
			check_screen(w, h, 3, 2, 22);
		}
	}
}

static void tiny_screens(void **state)
{
	int w, h;

	(void)state;
	for (w = 1; w < 20; w++)
		for (h = 1; h < 5; h++)
			check_screen(w, h, 3, 2, w % 2 * 22);
}

/* When it gets low, parts go in their order. */
static void order(void **state)
{
	struct layout l;

	(void)state;
	layout_screen(&l, 80, 24, 3, 2, 0);
	assert_int_equal(l.bars.h, 3);
	assert_int_equal(l.facts.w, 30);
	assert_int_equal(l.list.h, 15);
	for (int h = 24; h >= 5; h--) {
		layout_screen(&l, 80, h, 3, 2, 0);
		assert_true(!l.bars.h || l.summary.h);
		assert_true(!l.summary.h || l.tabs.h);
		assert_true(l.head.h && l.keys.h && l.title.h);
	}
}

/* As of Processes: PID COMM BUFS FDS MAPS RSS PSS USS rate CGROUP */
static const struct layout_column processes[] = {
	{ 7, 7, 7, 1099, 0, 0 }, { 5, 13, 20, 1098, 0, 0 }, { 5, 5, 5, 6, 0, 0 },
	{ 5, 5, 5, 3, 0, 0 }, { 5, 5, 5, 2, 0, 0 }, { 6, 6, 6, 5, 0, 0 },
	{ 6, 6, 6, 1093, 0, 0 }, { 6, 6, 6, 1, 0, 0 }, { 5, 5, 5, 4, 0, 0 },
	{ 5, 13, 60, 0, 0, 0 },
};

#define N 10

static void columns(void **state)
{
	struct layout_column c[N];
	int width, i;

	(void)state;
	for (width = 1; width <= WIDTH; width++) {
		int end = 0, lowest = 10000, highest = -1;

		memcpy(c, processes, sizeof(c));
		layout_columns(c, N, width);
		for (i = 0; i < N; i++) {
			if (!c[i].w) {
				if (c[i].keep > highest)
					highest = c[i].keep;
				continue;
			}
			assert_true(c[i].x >= end);
			assert_true(c[i].w <= c[i].want);
			assert_true(width < 20 || c[i].w >= c[i].least);
			end = c[i].x + c[i].w + 1;
			if (c[i].keep < lowest)
				lowest = c[i].keep;
		}
		assert_true(end > 0 && end - 1 <= width);
		assert_true(highest < lowest);
	}
	/* 80 columns hold all; PSS is there at 20 */
	memcpy(c, processes, sizeof(c));
	layout_columns(c, N, 80);
	for (i = 0; i < N; i++)
		assert_true(c[i].w >= c[i].min);
	memcpy(c, processes, sizeof(c));
	layout_columns(c, N, 20);
	assert_int_equal(c[1].w, 5);
	assert_int_equal(c[6].w, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens),
		cmocka_unit_test(tiny_screens),
		cmocka_unit_test(order),
		cmocka_unit_test(columns),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
