// SPDX-License-Identifier: GPL-2.0
/* Rows that come and go, and lanes of slices: against the plainest way to do the same. */
#include "fixture.h"

#include "model/lanes.h"
#include "model/table.h"

struct row {
	uint64_t key;
	uint32_t value;
};

static void test_table(void **state)
{
	struct table t = { .size = sizeof(struct row) };
	uint32_t want[257] = { 0 }, n = 0, i;
	unsigned int seed = 23;

	(void)state;
	for (i = 1; i < 100003; i++) {
		/* Keys that fall on few places, so that they stand behind each other */
		uint32_t key = rand_r(&seed) % 257;
		struct row *row = table_get(&t, key);

		assert_int_equal(row ? row->value : 0, want[key]);
		if (rand_r(&seed) % 3) {
			row = table_add(&t, key);
			assert_int_equal(row->key, key);
			assert_int_equal(row->value, want[key]);
			n += !want[key];
			row->value = want[key] = i;
		} else {
			table_remove(&t, key);
			n -= !!want[key];
			want[key] = 0;
		}
		assert_int_equal(t.n, n);
	}
	for (i = 0; i < 257; i++) {
		const struct row *row = table_get(&t, i);

		assert_int_equal(row ? row->value : 0, want[i]);
	}
	/* What came and went takes no place */
	assert_true(t.by_key.size <= 512);
	table_clear(&t);
	assert_null(table_get(&t, 7));
	assert_int_equal(t.n, 0);
	table_free(&t);
}

#define SLICES 1009

struct slice {
	uint64_t start, end;
	uint32_t lane;
};

static int by_end(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return x->end < y->end ? -1 : x->end > y->end;
}

/* No two of one lane cut each other, and none begins with another unless that has no length. */
static void check_lanes(const struct slice *s, uint32_t n)
{
	uint32_t i, j;

	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++) {
			bool apart = s[j].start >= s[i].end;
			bool inside = s[j].start < s[i].start;

			assert_true(s[i].lane != s[j].lane || apart || inside);
		}
}

static void test_lanes(void **state)
{
	struct slice s[SLICES];
	struct lanes lanes = { 0 };
	unsigned int seed = 7;
	uint32_t i, round;

	(void)state;
	for (round = 0; round < 23; round++) {
		for (i = 0; i < SLICES; i++) {
			s[i].start = rand_r(&seed) % 10007;
			s[i].end = s[i].start + rand_r(&seed) % (1 << round % 12);
		}
		qsort(s, SLICES, sizeof(*s), by_end);
		for (i = 0; i < SLICES; i++)
			s[i].lane = lanes_take(&lanes, s[i].start, s[i].end);
		check_lanes(s, SLICES);
		lanes_free(&lanes);
	}
}

/* What fits on one lane is on one. */
static void test_one_lane(void **state)
{
	struct lanes lanes = { 0 };
	uint64_t i;

	(void)state;
	for (i = 0; i < 101; i++) {
		assert_int_equal(lanes_take(&lanes, 100 * i + 20, 100 * i + 30), 0);
		assert_int_equal(lanes_take(&lanes, 100 * i + 10, 100 * i + 50), 0);
		assert_int_equal(lanes_take(&lanes, 100 * i + 50, 100 * i + 90), 0);
	}
	assert_int_equal(lanes_take(&lanes, 0, 100 * i), 0);
	/* It holds all of them */
	assert_int_equal(lanes_take(&lanes, 5, 100 * i + 1), 1);
	assert_int_equal(lanes_take(&lanes, 100 * i, 100 * i + 7), 0);
	/* One that came late is put aside */
	assert_int_equal(lanes_take(&lanes, 100 * i + 1, 100 * i + 2), 1);
	lanes_free(&lanes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_one_lane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
