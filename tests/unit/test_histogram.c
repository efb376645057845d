// SPDX-License-Identifier: GPL-2.0
/* Histograms: buckets, percentiles, differences. */
#include "fixture.h"
#include "model/event.h"
#include "model/histogram.h"

static void buckets(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(1), 0);
	for (i = 1; i < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(histogram_bucket(histogram_bound(i) - 1), i - 1);
		assert_int_equal(histogram_bucket(histogram_bound(i)), i);
	}
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void percentiles(void **state)
{
	struct histogram h = { 0 };
	uint64_t ns = 7;
	int i;

	(void)state;
	assert_false(histogram_percentile(&h, 50, &ns));
	histogram_add(&h, 3000000);
	/* One call: it is all of them, and no percentile is above it */
	assert_true(histogram_percentile(&h, 100, &ns));
	assert_int_equal(ns, 3000000);
	memset(&h, 0, sizeof(h));
	for (i = 0; i < 100; i++)
		histogram_add(&h, 1024 + i * 10);
	/* Linear within its bucket of 1024 to 2048, and at its end the longest */
	histogram_percentile(&h, 50, &ns);
	assert_int_equal(ns, 1024 + 512);
	histogram_percentile(&h, 25, &ns);
	assert_int_equal(ns, 1024 + 256);
	histogram_percentile(&h, 100, &ns);
	assert_int_equal(ns, 1024 + 990);
	histogram_add(&h, UINT64_MAX);
	histogram_percentile(&h, 100, &ns);
	assert_true(ns >= 1ULL << (HISTOGRAM_BUCKETS - 1));
	histogram_percentile(&h, 50, &ns);
	assert_in_range(ns, 1024, 2047);
}

static void sums(void **state)
{
	struct histogram a = { 0 }, b = { 0 }, both;

	(void)state;
	histogram_add(&a, 10);
	histogram_add(&a, 5000);
	histogram_add(&b, 70);
	a.errors = 1;
	a.bytes = 4096;
	both = a;
	histogram_merge(&both, &b);
	assert_int_equal(both.count, 3);
	assert_int_equal(both.sum, 5080);
	assert_int_equal(both.max, 5000);
	assert_int_equal(both.errors, 1);
	/* The longest was in what is taken away: it is bounded by its bucket */
	histogram_subtract(&both, &a);
	assert_int_equal(both.count, 1);
	assert_int_equal(both.sum, 70);
	assert_int_equal(both.bytes, 0);
	assert_int_equal(both.max, 127);
	histogram_subtract(&both, &b);
	assert_int_equal(both.count, 0);
	assert_int_equal(both.max, 0);
}

static void operations(void **state)
{
	struct model_operations o = { 0 };
	char copy[] = "system";

	(void)state;
	assert_null(operations_find(&o, EVENT_MAP, 1, "system", "gpu"));
	operations_row(&o, EVENT_UNMAP, 1, "system", "gpu")->histogram.count = 2;
	operations_row(&o, EVENT_MAP, 1, "system", "gpu")->histogram.count = 3;
	operations_row(&o, EVENT_BEGIN, 2, "system", NULL)->histogram.count = 5;
	operations_row(&o, EVENT_MAP, 1, copy, "gpu")->histogram.count++;
	assert_int_equal(o.n, 3);
	operations_sort(&o);
	assert_int_equal(o.rows[0].type, EVENT_BEGIN);
	assert_int_equal(o.rows[1].type, EVENT_MAP);
	assert_int_equal(o.rows[1].histogram.count, 4);
	assert_int_equal(o.rows[2].type, EVENT_UNMAP);
	operations_free(&o);
}

static void names(void **state)
{
	unsigned int type;

	(void)state;
	for (type = 0; type < EVENT_TYPES; type++) {
		assert_non_null(event_name(type));
		assert_int_equal(name_find(event_name, event_name(type),
					   strlen(event_name(type))), type);
	}
	assert_null(event_name(EVENT_TYPES));
	assert_int_equal(name_find(event_name, "ma", 2), -1);
	assert_true(event_is_call(EVENT_MAP));
	assert_false(event_is_call(EVENT_RELEASE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(sums),
		cmocka_unit_test(operations),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
