// SPDX-License-Identifier: GPL-2.0
/* Times as people give them. */
#include "fixture.h"
#include "options.h"

#include <time.h>

#define SECOND 1000000000ll
/* 2023-11-14 23:59:50.5, where the clock is UTC */
#define START (1700006390 * SECOND + SECOND / 2)

static void is(const char *arg, int64_t want)
{
	int64_t time = 0;

	print_message("%s\n", arg);
	assert_true(options_time(arg, START, &time));
	assert_int_equal(time, want);
}

static void times(void **state)
{
	static const char *const bad[] = {
		"", "x", "-1", "1h", "nan", "25:61:00", "00:00:00x", "00:00:00.", "00:00:00.5e9",
		"2023-11-14", "2023-13-14T00:00:00", "2023-11-14X00:00:00", "2023-11-14T", "12:30",
	};
	int64_t time;
	size_t i;

	(void)state;
	is("1.5", START + 3 * SECOND / 2);
	is("300ms", START + 300000000);
	/* The second of the start itself, and the first such moment after it */
	is("23:59:50", START - SECOND / 2);
	is("23:59:59.25", 1700006399 * SECOND + SECOND / 4);
	is("00:00:10", 1700006410 * SECOND);
	is("23:59:49", (1700006389 + 86400) * SECOND);
	is("2023-11-14T00:00:00", (1700006400 - 86400) * SECOND);
	is("2023-11-15 00:00:10.5", 1700006410 * SECOND + SECOND / 2);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(options_time(bad[i], START, &time));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
