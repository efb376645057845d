// SPDX-License-Identifier: GPL-2.0
/* Times as people give them, and messages as terminals get them. */
#include "fixture.h"
#include "options.h"

#include <locale.h>
#include <time.h>
#include <unistd.h>

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

/* Prints text by the safe stream; returns what came of it, good until the next call. */
static const char *printed(const char *text)
{
	static char got[1 << 17];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	options_safe_stderr();
	fputs(text, stderr);
	fclose(stderr);
	stderr = options_raw_stderr;
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	n = fread(got, 1, sizeof(got) - 1, file);
	got[n] = '\0';
	fclose(file);
	return got;
}

/* Characters of two, three and four bytes at each place of the stream's own buffers */
static void long_messages(void **state)
{
	static const char *const characters[] = { "\u00e9", "\u20ac", "\U0001f600" };
	char text[20000], *end;
	size_t i, shift;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(characters); i++) {
		for (shift = 0; shift < 4; shift++) {
			end = text + sprintf(text, "%.*s", (int)shift, "xxx");
			while (end < text + 17000)
				end = stpcpy(end, characters[i]);
			strcpy(end, "\nnext\n");
			assert_string_equal(printed(text), text);
		}
	}
	assert_string_equal(printed("a\xc3\n\xe2\x82\nb\xf0\x9f\x98x\x1b[0m\n"),
			    "a\\xc3\n\\xe2\\x82\nb\\xf0\\x9f\\x98x\\x1b[0m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(long_messages),
	};

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
