// SPDX-License-Identifier: GPL-2.0
/* The bars of a histogram in any room, their marks; the last minute as a line of bars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "top/chart.h"
#include "top/paint.h"
#include "top/trail.h"
#include "top/ui.h"


static uint64_t count_all(const struct chart_bar *bars, int n)
{
	uint64_t sum = 0;

	while (n--)
		sum += bars[n].count;
	return sum;
}

/* Some histogram of that many calls. */
static struct histogram some(unsigned int seed, int calls)
{
	struct histogram h = { 0 };

	srand(seed);
	while (calls--)
		histogram_add(&h, 1ULL << rand() % 45);
	return h;
}

/* Whatever the room, all calls are in the bars, in their order, and each percentile in one. */
static void all_rooms(void **state)
{
	static const char *const marks[] = { "p50", "p90", "p99", "max" };
	unsigned int seed;

	(void)state;
	for (seed = 0; seed < 101; seed++) {
		struct histogram h = some(seed, seed % 7 ? seed * 13 : 1);
		int room;

		for (room = 1; room < 50; room++) {
			struct chart_bar bars[HISTOGRAM_BUCKETS];
			int n = chart_bars(&h, bars, room), i, found[4] = { 0 };

			assert_in_range(n, 1, room);
			assert_int_equal(count_all(bars, n), h.count);
			for (i = 0; i < n; i++) {
				char text[CHART_MARKS_ROOM];
				int k;

				assert_true(bars[i].from < bars[i].to);
				assert_true(!i || bars[i].from >= bars[i - 1].to);
				chart_marks(&h, &bars[i], text, sizeof(text));
				for (k = 0; k < 4; k++)
					found[k] += !!strstr(text, marks[k]);
			}
			for (i = 0; i < 4; i++)
				assert_int_equal(found[i], 1);
		}
	}
}

static void gaps(void **state)
{
	struct chart_bar bars[HISTOGRAM_BUCKETS];
	struct histogram h = { 0 };

	(void)state;
	assert_int_equal(chart_bars(&h, bars, 10), 0);
	histogram_add(&h, 9000);
	histogram_add(&h, 1100000);
	/* From 8.19us to 1.05ms there are eight */
	assert_int_equal(chart_bars(&h, bars, 8), 8);
	assert_int_equal(bars[0].from, 13);
	assert_int_equal(bars[7].from, 20);
	assert_int_equal(bars[3].count, 0);
	/* Without room for what is empty */
	assert_int_equal(chart_bars(&h, bars, 7), 2);
	assert_int_equal(bars[1].from, 20);
	assert_int_equal(bars[1].count, 1);
	/* All in one */
	assert_int_equal(chart_bars(&h, bars, 1), 1);
	assert_int_equal(bars[0].count, 2);
	assert_true(bars[0].from <= 13 && bars[0].to > 20);
	assert_int_equal(chart_bars(&h, bars, 0), 0);
	assert_int_equal(chart_bars(&h, bars, -3), 0);
}

/* A mark stands where histogram_percentile() puts it, also when that is a bucket's very end. */
static void marks_agree(void **state)
{
	struct chart_bar bars[HISTOGRAM_BUCKETS];
	struct histogram h = { 0 };
	char text[CHART_MARKS_ROOM];
	int i;

	(void)state;
	for (i = 0; i < 90; i++)
		histogram_add(&h, 1500);
	for (i = 0; i < 10; i++)
		histogram_add(&h, 70000);
	assert_int_equal(chart_bars(&h, bars, 10), 7);
	chart_marks(&h, &bars[0], text, sizeof(text));
	assert_string_equal(text, "p50 p90");
	chart_marks(&h, &bars[3], text, sizeof(text));
	assert_string_equal(text, "");
	chart_marks(&h, &bars[6], text, sizeof(text));
	assert_string_equal(text, "p99 max");
}

#define START 1767276000

static const char *line(const struct trails *t, double time, int cells)
{
	static char text[3 * TRAIL_SECONDS + 1];

	return trails_text(t, 7, time, cells, false, text);
}

static void trail(void **state)
{
	struct trails t = { 0 };
	int i;

	(void)state;
	assert_string_equal(line(&t, START, 6), "");
	assert_int_equal(trails_put(&t, 7, START, 100), 0);
	assert_string_equal(line(&t, START, 6), "     #");
	/* Of several in a second the largest; a step of the screen is ten seconds here */
	assert_int_equal(trails_put(&t, 7, START + 0.5, 50), 0);
	assert_int_equal(trails_put(&t, 7, START + 10, 50), 0);
	assert_int_equal(trails_put(&t, 7, START + 20, 0), 0);
	assert_string_equal(line(&t, START + 20, 6), "   #=_");
	/* Time goes on without a measurement: blank */
	assert_string_equal(line(&t, START + 40, 6), " #=_  ");
	assert_string_equal(line(&t, START + 200, 6), "      ");
	/* Another row's is another's */
	assert_int_equal(trails_put(&t, 8, START + 20, 1000), 0);
	assert_string_equal(line(&t, START + 20, 6), "   #=_");
	/* Back in a recording: what comes later has not been */
	assert_int_equal(trails_put(&t, 7, START + 10, 50), 0);
	assert_string_equal(line(&t, START + 10, 6), "    #=");
	assert_string_equal(line(&t, START + 20, 6), "   #= ");
	/* Far ahead and far back */
	assert_int_equal(trails_put(&t, 7, START + 1e6, 3), 0);
	assert_string_equal(line(&t, START + 1e6, 6), "     #");
	assert_int_equal(trails_put(&t, 7, START, 3), 0);
	assert_string_equal(line(&t, START, 6), "     #");
	assert_string_equal(line(&t, START + 1e6, 6), "      ");
	/* More rows than are kept: all begin anew, none is mixed up */
	for (i = 0; i < 5003; i++)
		assert_int_equal(trails_put(&t, 1000 + i, START, i), 0);
	assert_true(t.rows.n < 5003);
	assert_string_equal(line(&t, START, 6), "");
	trails_clear(&t);
	assert_string_equal(line(&t, START, 6), "");
	trails_free(&t);
}

/* Of a recording with a wrong clock: seconds below 0 have their places as all others. */
static void past(void **state)
{
	struct trails t = { 0 };
	int i;

	(void)state;
	for (i = -130; i < 70; i++)
		assert_int_equal(trails_put(&t, 7, i, 100), 0);
	assert_string_equal(line(&t, 69, 6), "######");
	trails_clear(&t);
	assert_int_equal(trails_put(&t, 7, -100, 100), 0);
	assert_string_equal(line(&t, -100, 6), "     #");
	trails_free(&t);
}

/* In any room, also in one that is none, and whatever the sums are. */
static void bars(void **state)
{
	FILE *null = fopen("/dev/null", "r+");
	SCREEN *screen = newterm("xterm", null, null);
	struct ui ui = { .utf8 = true };
	int width;

	(void)state;
	assert_non_null(screen);
	for (ui.utf8 = 0; ; ui.utf8 = true) {
		for (width = -30; width < 2000; width++) {
			assert_true(paint_bar(&ui, 0, 0, width, 1, 3) <= (width > 0 ? width : 0));
			paint_bar(&ui, 0, 0, width, 1e30, 1);
			paint_bar(&ui, 0, 0, width, 1, 0);
		}
		if (ui.utf8)
			break;
	}
	endwin();
	delscreen(screen);
	fclose(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_rooms),
		cmocka_unit_test(gaps),
		cmocka_unit_test(marks_agree),
		cmocka_unit_test(trail),
		cmocka_unit_test(past),
		cmocka_unit_test(bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
