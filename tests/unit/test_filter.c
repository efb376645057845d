// SPDX-License-Identifier: GPL-2.0
/* What the filters' arguments mean, and what they match. */
#include "fixture.h"

#include <locale.h>

static void pids(void **state)
{
	static const char *const bad[] = {
		"", "0", "-1", "+1", " 1", "1 ", "x", "1x", "1,", ",1", "1,,2", "1,0",
		"2147483648", "99999999999999999999", "1.5", "0x10",
	};
	struct filter f = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(filter_add_pids(&f, "812,640"), 0);
	assert_int_equal(filter_add_pids(&f, "2147483647"), 0);
	assert_int_equal(f.n_pids, 3);
	assert_int_equal(f.pids[1], 640);
	assert_true(filter_matches_process(&f, 640, "x", NULL));
	assert_false(filter_matches_process(&f, 64, "x", NULL));
	filter_free(&f);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (filter_add_pids(&f, bad[i]) != -EINVAL)
			fail_msg("'%s' taken", bad[i]);
		filter_free(&f);
	}
}

static void sizes(void **state)
{
	static const struct { const char *arg; uint64_t size; } good[] = {
		{ "0", 0 }, { "1", 1 }, { "4096", 4096 }, { "1K", 1024 }, { "1k", 1024 },
		{ "3m", 3 << 20 }, { "16G", 16ULL << 30 }, { "2T", 2ULL << 40 },
		{ "18446744073709551615", UINT64_MAX }, { "16777215T", 16777215ULL << 40 },
	};
	static const char *const bad[] = {
		"", "K", "-1", "+1", " 1", "1 ", "1KK", "1KB", "1P", "1.5M", "x", "1_", "1@", "1\v",
		"18446744073709551616", "16777216T", "18014398509481984K",
	};
	uint64_t size = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(filter_parse_size(good[i].arg, &size), 0);
		assert_true(size == good[i].size);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (filter_parse_size(bad[i], &size) != -EINVAL)
			fail_msg("'%s' taken", bad[i]);
}

static bool matches(const char *pattern, const char *text)
{
	struct filter f = { 0 };
	bool found;

	assert_int_equal(filter_add_pattern(&f.cgroups, pattern), 0);
	found = filter_matches_pattern(&f.cgroups, text);
	filter_free(&f);
	return found;
}

static void patterns(void **state)
{
	struct filter f = { 0 };

	(void)state;
	assert_int_equal(filter_add_pattern(&f.comms, ""), -EINVAL);
	assert_true(filter_matches_pattern(&f.comms, "x"));
	assert_true(filter_matches_pattern(&f.comms, NULL));
	filter_add_pattern(&f.comms, "wes*");
	filter_add_pattern(&f.comms, "gst-launch-1.0");
	assert_true(filter_matches_pattern(&f.comms, "weston"));
	assert_true(filter_matches_pattern(&f.comms, "gst-launch-1.0"));
	assert_false(filter_matches_pattern(&f.comms, "gst-launch-1.01"));
	assert_false(filter_matches_pattern(&f.comms, NULL));
	assert_false(filter_matches_pattern(&f.comms, ""));
	filter_free(&f);

	assert_true(matches("*", "\xff\xfe"));
	assert_true(matches("a*", "a\x1b[31m\n"));
	assert_true(matches("0000:0?:02.0", "0000:00:02.0"));
}

/* A path matches with all below it, however it is written, and nothing beside it. */
static void subtrees(void **state)
{
	(void)state;
	assert_true(matches("/a", "/a"));
	assert_true(matches("/a", "/a/b"));
	assert_true(matches("/a", "/a/b/c"));
	assert_false(matches("/a", "/ab"));
	assert_false(matches("/a/b", "/a"));
	assert_false(matches("/a", "/b/a"));
	assert_true(matches("/*/b", "/a/b/c"));
	assert_true(matches("/a/", "/a"));
	assert_true(matches("/a/", "/a/b"));
	assert_false(matches("/a/", "/ab"));
	assert_true(matches("/", "/"));
	assert_true(matches("/", "/a/b"));
	assert_false(matches("/", NULL));
}

/* Values of one term are alternatives, terms must all hold. */
static void terms(void **state)
{
	struct filter f = { 0 };

	(void)state;
	assert_false(filter_has_process_terms(&f));
	assert_true(filter_matches_process(&f, 1, NULL, NULL));
	filter_add_pids(&f, "1,2,3");
	filter_add_pattern(&f.comms, "a");
	filter_add_pattern(&f.comms, "b");
	filter_add_pattern(&f.cgroups, "/x");
	assert_true(filter_has_process_terms(&f));
	assert_true(filter_matches_process(&f, 3, "b", "/x/y"));
	assert_false(filter_matches_process(&f, 4, "b", "/x/y"));
	assert_false(filter_matches_process(&f, 3, "c", "/x/y"));
	assert_false(filter_matches_process(&f, 3, "b", "/y"));
	assert_false(filter_matches_process(&f, 3, "b", NULL));
	filter_free(&f);
	filter_add_pattern(&f.exporters, "system");
	filter_add_pattern(&f.devices, "vgem");
	f.min_size = 1;
	assert_false(filter_has_process_terms(&f));
	filter_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pids),
		cmocka_unit_test(sizes),
		cmocka_unit_test(patterns),
		cmocka_unit_test(subtrees),
		cmocka_unit_test(terms),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
