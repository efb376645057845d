// SPDX-License-Identifier: GPL-2.0
/* What many events come to: counts, the slowest, the longest-lived, the most at once. */
#include "fixture.h"
#include "model/activity.h"

#define SECOND 1000000000ll

static void happens(struct activity *a, unsigned int type, uint64_t ino, int64_t second,
		    uint64_t value, int result)
{
	char comm[] = "camera";		/* strings are good until the next event only */
	struct model_event e = {
		.raw = { .type = type, .ino = ino, .value = value, .result = result, .wait = 3 },
		.realtime = second * SECOND, .pid = 7, .comm = comm, .exporter = "system",
		.device = type == EVENT_MAP ? "vgem" : NULL, .size = type == EVENT_MAP ? 4096 : 0,
	};

	assert_int_equal(activity_event(a, &e), 0);
	memset(comm, 'x', sizeof(comm) - 1);
}

static void counts(void **state)
{
	struct model_operation *row;
	struct activity a = { 0 };

	(void)state;
	activity_init(&a);
	happens(&a, EVENT_EXPORT, 1, 5, 4096, 0);
	happens(&a, EVENT_MAP, 1, 6, 1000, 0);
	happens(&a, EVENT_MAP, 1, 4, 3000, -EINVAL);	/* CPUs' events may change places */
	happens(&a, EVENT_FORK, 0, 7, 0, 0);
	happens(&a, EVENT_BEGIN, 1, 8, 500, 0);
	activity_finish(&a);
	assert_int_equal(a.events, 5);
	assert_int_equal(a.counts[EVENT_MAP], 2);
	assert_int_equal(a.first, 4 * SECOND);
	assert_int_equal(a.last, 8 * SECOND);
	/* A fork is no operation */
	assert_int_equal(a.operations.n, 3);
	row = operations_find(&a.operations, EVENT_MAP, 0, "system", "vgem");
	assert_non_null(row);
	assert_int_equal(row->histogram.count, 2);
	assert_int_equal(row->histogram.errors, 1);
	assert_int_equal(row->histogram.sum, 4000);
	assert_int_equal(row->histogram.wait, 6);
	assert_int_equal(row->histogram.bytes, 8192);
	row = operations_find(&a.operations, EVENT_EXPORT, 0, "system", NULL);
	assert_int_equal(row->histogram.bytes, 4096);
	activity_free(&a);
}

/* Nearest rank, of the durations themselves: powers of two would tell 65.5 us for the first. */
static void percentiles(void **state)
{
	const struct model_operation *row;
	struct activity a = { 0 };
	uint32_t i;

	(void)state;
	activity_init(&a);
	a.ranks = true;
	happens(&a, EVENT_MAP, 1, 5, 1760000, 0);
	happens(&a, EVENT_MAP, 1, 6, 39500, 0);
	for (i = 0; i < 100; i++)
		happens(&a, EVENT_BEGIN, 1, 7, i * 37 % 100 + 1, 0);
	activity_finish(&a);
	row = operations_find(&a.operations, EVENT_MAP, 0, "system", "vgem");
	assert_true(row->ranked);
	assert_int_equal(row->p50, 39500);
	assert_int_equal(row->p90, 1760000);
	row = operations_find(&a.operations, EVENT_BEGIN, 0, "system", NULL);
	assert_int_equal(row->p50, 50);
	assert_int_equal(row->p90, 90);
	assert_int_equal(row->p99, 99);
	activity_free(&a);

	/* More than are kept: as the histograms have it, of all rows */
	activity_init(&a);
	a.ranks = true;
	a.kept = ACTIVITY_DURATIONS - 1;
	happens(&a, EVENT_MAP, 1, 5, 1760000, 0);
	happens(&a, EVENT_MAP, 1, 6, 39500, 0);
	activity_finish(&a);
	row = operations_find(&a.operations, EVENT_MAP, 0, "system", "vgem");
	assert_false(row->ranked);
	activity_free(&a);
}

static void slowest(void **state)
{
	struct activity a = { 0 };
	uint32_t i;

	(void)state;
	activity_init(&a);
	/* 1 to 23, in an order of no help */
	for (i = 0; i < 23; i++)
		happens(&a, EVENT_MAP, 1, i + 1, i * 7 % 23 + 1, 0);
	assert_int_equal(a.n_slowest, ACTIVITY_TOP);
	for (i = 0; i < ACTIVITY_TOP; i++) {
		assert_int_equal(a.slowest[i].raw.value, 23 - i);
		assert_string_equal(a.slowest[i].comm, "camera");
		assert_string_equal(a.slowest[i].device, "vgem");
	}
	activity_free(&a);
}

static void lives(void **state)
{
	struct activity a = { 0 };

	(void)state;
	activity_init(&a);
	assert_int_equal(activity_older(&a, 1, 1000, 2, "drm"), 0);
	assert_int_equal(activity_older(&a, 2, 500, INT64_MAX, NULL), 0);	/* no such time */
	assert_int_equal(activity_older(&a, 1, 77, 2, "drm"), 0);		/* known already */
	assert_int_equal(a.buffers, 2);
	assert_int_equal(a.bytes, 1500);
	happens(&a, EVENT_EXPORT, 3, 10, 2000, 0);
	happens(&a, EVENT_EXPORT, 4, 11, 9000, -ENOMEM);	/* there is none then */
	happens(&a, EVENT_EXPORT, 5, 12, 300, 0);
	assert_int_equal(a.peak, 3800);
	assert_int_equal(a.peak_time, 12 * SECOND);
	happens(&a, EVENT_RELEASE, 3, 15, 0, 0);
	happens(&a, EVENT_RELEASE, 99, 15, 0, 0);	/* never seen */
	activity_gone(&a, 2);
	activity_gone(&a, 98);
	happens(&a, EVENT_EXPORT, 6, 20, 100, 0);
	assert_int_equal(a.peak, 3800);
	assert_int_equal(a.buffers, 3);
	assert_int_equal(a.bytes, 1400);
	activity_finish(&a);
	assert_int_equal(a.n_longest, 4);
	assert_int_equal(a.longest[0].ino, 1);
	assert_int_equal(a.longest[0].lifetime, 18 * SECOND);
	assert_true(a.longest[0].alive);
	assert_string_equal(a.longest[0].exporter, "drm");
	assert_null(a.longest[0].comm);
	assert_int_equal(a.longest[1].ino, 5);
	assert_int_equal(a.longest[1].lifetime, 8 * SECOND);
	assert_int_equal(a.longest[2].ino, 3);
	assert_int_equal(a.longest[2].lifetime, 5 * SECOND);
	assert_false(a.longest[2].alive);
	assert_string_equal(a.longest[2].comm, "camera");
	assert_int_equal(a.longest[2].pid, 7);
	assert_int_equal(a.longest[3].lifetime, 0);
	activity_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(slowest),
		cmocka_unit_test(lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
