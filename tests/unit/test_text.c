// SPDX-License-Identifier: GPL-2.0
/* Sizes, counts and ages at their boundaries; hostile bytes made safe, in both kinds of locale. */
#include "fixture.h"

#include <locale.h>

#include "output/text.h"

static void sizes(void **state)
{
	static const struct { double bytes; const char *text; } cases[] = {
		{ 0, "0" }, { 1, "1" }, { 999, "999" }, { 1000, "0.98K" }, { 1023, "1.00K" },
		{ 1024, "1.00K" }, { 1025, "1.00K" }, { 1536, "1.50K" },
		{ 10234, "9.99K" }, { 10235, "10.0K" }, { 9.995 * 1024, "9.99K" },
		{ 102348, "99.9K" }, { 102349, "100K" }, { 612 * 1024, "612K" },
		{ 999 * 1024, "999K" }, { 999.5 * 1024 - 1, "999K" }, { 999.5 * 1024, "0.98M" },
		{ 1000 * 1024, "0.98M" }, { 1023.5 * 1024, "1.00M" }, { 1 << 20, "1.00M" },
		{ 16 << 20, "16.0M" }, { 0x1p30, "1.00G" }, { 3.5 * 0x1p30, "3.50G" },
		{ 0x1p40, "1.00T" }, { 0x1p50, "1.00P" }, { 0x1p60, "1.00E" },
		{ 0x1p63, "8.00E" },
	};
	char text[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_size(text, cases[i].bytes), cases[i].text);
	assert_string_equal(text_size(text, UINT64_MAX), "16.0E");
}

static void counts(void **state)
{
	static const struct { uint64_t n; const char *text; } cases[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1000" }, { 9999, "9999" }, { 10000, "10.0K" },
		{ 99949, "99.9K" }, { 99950, "100K" }, { 999499, "999K" }, { 999500, "1.00M" },
		{ 1234567, "1.23M" }, { UINT64_MAX, "18.4E" },
	};
	char text[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_count(text, cases[i].n), cases[i].text);
}

static void durations(void **state)
{
	static const struct { uint64_t ns; const char *text; } cases[] = {
		{ 0, "0ns" }, { 999, "999ns" }, { 1000, "1.00us" }, { 9994, "9.99us" },
		{ 9995, "10.0us" }, { 41234, "41.2us" }, { 99949, "99.9us" }, { 99950, "100us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" }, { 3214999, "3.21ms" }, { 3215000, "3.22ms" },
		{ 99950000, "100ms" },
		{ 999499999, "999ms" }, { 999500000, "1.00s" }, { 99949999999, "99.9s" },
		{ 99950000000, "100s" }, { 1234567890123, "1235s" }, { UINT64_MAX, "18446744074s" },
	};
	char text[16];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_ns(text, cases[i].ns), cases[i].text);
}

/* Around every power of two and ten: at most three digits (counts four), a point, a unit. */
static void never_wide(void **state)
{
	uint64_t ten = 1;
	char text[8];
	int d, i;

	(void)state;
	for (i = 0; i < 64; i++, ten = ten * 10 < UINT64_MAX / 10 ? ten * 10 : 1) {
		for (d = -40; d <= 40; d++) {
			uint64_t n = (1ULL << i) + (int64_t)d * (1LL << (i > 8 ? i - 8 : 0));

			text_size(text, n);
			assert_true(strlen(text) <= 5 && strcspn(text, "KMGTPE.") <= 3);
			text_count(text, n);
			assert_true(strlen(text) <= 5 && strcspn(text, "KMGTPE.") <= 4);
			text_size(text, ten + d);
			assert_true(strlen(text) <= 5 && strcspn(text, "KMGTPE.") <= 3);
			text_count(text, ten + d);
			assert_true(strlen(text) <= 5 && strcspn(text, "KMGTPE.") <= 4);
		}
	}
}

static void ages(void **state)
{
	static const struct { uint64_t seconds; const char *text; } cases[] = {
		{ 0, "00:00" }, { 59, "00:59" }, { 60, "01:00" }, { 847, "14:07" },
		{ 3599, "59:59" }, { 3600, "1:00:00" }, { 7807, "2:10:07" }, { 86399, "23:59:59" },
		{ 86400, "1d00h" }, { 3 * 86400 + 4 * 3600 + 3599, "3d04h" },
		{ UINT64_MAX, "213503982334601d07h" },
	};
	char text[24];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_age(text, cases[i].seconds), cases[i].text);
}

/* What is raw, whole, in C.UTF-8; escaped byte by byte in C */
static const struct { const char *raw, *utf8, *c; } safe_cases[] = {
	{ "", "", "" },
	{ "plain ~", "plain ~", "plain ~" },
	{ "\x1b[31mred", "\\x1b[31mred", "\\x1b[31mred" },
	{ "a\nb\tc\r\b\a", "a\\x0ab\\x09c\\x0d\\x08\\x07", "a\\x0ab\\x09c\\x0d\\x08\\x07" },
	{ "\x7f\x01", "\\x7f\\x01", "\\x7f\\x01" },
	/* CSI as a C1 control, in UTF-8 and raw */
	{ "\xc2\x9b""31m", "\\xc2\\x9b31m", "\\xc2\\x9b31m" },
	{ "\x9b""31m", "\\x9b31m", "\\x9b31m" },
	{ "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80",
	  "\\xc3\\xa4\\xe6\\xbc\\xa2\\xf0\\x9f\\x98\\x80" },
	{ "e\xcc\x81", "e\xcc\x81", "e\\xcc\\x81" },
	/* Turning the direction or not seen: RLO, LRI, ALM, ZWSP, LS, BOM, SHY, a filler, a tag */
	{ "\xe2\x80\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae" },
	{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\\xe2\\x81\\xa6" },
	{ "\xd8\x9c", "\\xd8\\x9c", "\\xd8\\x9c" },
	{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b", "\\xe2\\x80\\x8b" },
	{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8" },
	{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf", "\\xef\\xbb\\xbf" },
	{ "\xc2\xad", "\\xc2\\xad", "\\xc2\\xad" },
	{ "\xe3\x85\xa4", "\\xe3\\x85\\xa4", "\\xe3\\x85\\xa4" },
	{ "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", "\\xf3\\xa0\\x81\\x81" },
	/* Lone, cut, overlong, surrogate, beyond U+10FFFF */
	{ "a\xff\xfe", "a\\xff\\xfe", "a\\xff\\xfe" },
	{ "\xe4\xb8", "\\xe4\\xb8", "\\xe4\\xb8" },
	{ "\xe4\xb8x", "\\xe4\\xb8x", "\\xe4\\xb8x" },
	{ "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80" },
	{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98", "\\xf0\\x9f\\x98" },
	{ "\x80\xbf", "\\x80\\xbf", "\\x80\\xbf" },
};

static void safe(void **state)
{
	char text[TEXT_SAFE_ROOM(32)];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(safe_cases); i++) {
		setlocale(LC_CTYPE, "C.UTF-8");
		assert_int_equal(text_safe(text, sizeof(text), safe_cases[i].raw),
				 strlen(safe_cases[i].utf8));
		assert_string_equal(text, safe_cases[i].utf8);
		setlocale(LC_CTYPE, "C");
		text_safe(text, sizeof(text), safe_cases[i].raw);
		assert_string_equal(text, safe_cases[i].c);
	}
	setlocale(LC_CTYPE, "C.UTF-8");
}

/* Strings of bytes of interest, with any room: nothing raw, cut at a whole character. */
static void safe_anything(void **state)
{
	char src[4] = "", text[TEXT_SAFE_ROOM(4)], whole[TEXT_SAFE_ROOM(4)];
	int a, b, c;
	size_t room, len, i;

	(void)state;
	for (c = 0; c < 2; c++) {
		setlocale(LC_CTYPE, c ? "C" : "C.UTF-8");
		for (a = 1; a < 256; a++) {
			for (b = 0; b < 256; b += b < 0x20 || b == 0x7f ? 7 : 13) {
				src[0] = a;
				src[1] = b;
				src[2] = b ? 0x80 | a : 0;
				len = text_safe(whole, sizeof(whole), src);
				assert_int_equal(len, strlen(whole));
				assert_true(len + 1 <= TEXT_SAFE_ROOM(strlen(src)));
				for (i = 0; i < len; i++)
					assert_true((unsigned char)whole[i] >= 0x20 &&
						    whole[i] != 0x7f);
				assert_true(mbstowcs(NULL, whole, 0) != (size_t)-1);
				for (room = 1; room <= len; room++) {
					size_t cut = text_safe(text, room, src);

					assert_true(cut < room && !text[cut]);
					assert_memory_equal(text, whole, cut);
					assert_true(mbstowcs(NULL, text, 0) != (size_t)-1);
				}
			}
		}
	}
	setlocale(LC_CTYPE, "C.UTF-8");
}

static void cut(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(text_safe(text, 4, "a\xe6\xbc\xa2"), 1);
	assert_int_equal(text_safe(text, 5, "a\xe6\xbc\xa2"), 4);
	assert_int_equal(text_safe(text, 4, "\x1b"), 0);
	assert_int_equal(text_safe(text, 5, "\x1b"), 4);
	assert_int_equal(text_safe(text, 1, "abc"), 0);
	assert_string_equal(text, "");
	assert_int_equal(text_utf8(text, 3, "\xe6\xbc\xa2"), 0);
	assert_int_equal(text_utf8(text, 4, "\xe6\xbc\xa2"), 3);
	assert_int_equal(text_utf8(text, 4, "\xff"), 0);
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xe6\xbc\xa2x"), 3);
	assert_int_equal(text_width("e\xcc\x81"), 1);
}

/* Valid UTF-8 stays, in any locale; the rest is told by its bytes. */
static void utf8(void **state)
{
	static const struct { const char *raw, *text; } cases[] = {
		{ "", "" }, { "a\x1b\n\x7f", "a\x1b\n\x7f" },
		{ "\xc2\x9b\xe2\x80\xae", "\xc2\x9b\xe2\x80\xae" },
		{ "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		  "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80" },
		{ "\xc0\xaf\xc1\xbf", "\\xc0\\xaf\\xc1\\xbf" },
		{ "\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "\\xe0\\x9f\\xbf\\xf0\\x8f\\xbf\\xbf" },
		{ "\xed\xa0\x80\xed\xbf\xbf", "\\xed\\xa0\\x80\\xed\\xbf\\xbf" },
		{ "\xf4\x90\x80\x80\xf5\x80\x80\x80\xf8\xff",
		  "\\xf4\\x90\\x80\\x80\\xf5\\x80\\x80\\x80\\xf8\\xff" },
		{ "\x80z\xe4\xb8", "\\x80z\\xe4\\xb8" },
		{ "\xc3", "\\xc3" }, { "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
	};
	static const char *const locales[] = { "C", "C.UTF-8" };
	char text[TEXT_SAFE_ROOM(32)];
	size_t i, l;

	(void)state;
	for (l = 0; l < ARRAY_SIZE(locales); l++) {
		setlocale(LC_CTYPE, locales[l]);
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			assert_int_equal(text_utf8(text, sizeof(text), cases[i].raw),
					 strlen(cases[i].text));
			assert_string_equal(text, cases[i].text);
		}
	}
}

/* glibc's own decoder agrees with ours for all lead and second bytes; it goes beyond U+10FFFF. */
static void utf8_as_libc(void **state)
{
	char src[5] = "", text[TEXT_SAFE_ROOM(5)];
	int a, b;

	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	for (a = 0x80; a < 256; a++) {
		for (b = 1; b < 256; b++) {
			wchar_t wide;
			int n;

			memcpy(src, (char []){ a, b, 0x80, 0xbf, 0 }, 5);
			n = mbtowc(&wide, src, 4);
			text_utf8(text, sizeof(text), src);
			assert_true(mbstowcs(NULL, text, 0) != (size_t)-1);
			if (n > 0 && wide <= 0x10ffff)
				assert_memory_equal(text, src, n);
			else
				assert_int_equal(text[0], '\\');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(counts),
		cmocka_unit_test(durations),
		cmocka_unit_test(never_wide),
		cmocka_unit_test(ages),
		cmocka_unit_test(safe),
		cmocka_unit_test(safe_anything),
		cmocka_unit_test(cut),
		cmocka_unit_test(widths),
		cmocka_unit_test(utf8),
		cmocka_unit_test(utf8_as_libc),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
