// SPDX-License-Identifier: GPL-2.0
/* Values as people read them; see text.h. */
#include "output/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

/*
 * Invisible, or changing the direction of what follows: they make a name look like another.
 * Default_Ignorable_Code_Point and Bidi_Control of Unicode (DerivedCoreProperties.txt,
 * PropList.txt), line separators and interlinear annotations.
 */
static bool misleads(wchar_t c)
{
	static const struct { wchar_t first, last; } ranges[] = {
		{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges) && c >= ranges[i].first; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

static size_t put_escape(char *dst, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";

	dst[0] = '\\';
	dst[1] = 'x';
	dst[2] = hex[byte >> 4];
	dst[3] = hex[byte & 15];
	return 4;
}

/* Appends n bytes of a character, raw or escaped; false when there is no more room. */
static bool put(char *dst, size_t room, size_t *len, const char *src, size_t n, bool raw)
{
	if (*len + (raw ? n : n * 4) + 1 > room)
		return false;
	if (raw) {
		memcpy(dst + *len, src, n);
		*len += n;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		*len += put_escape(dst + *len, src[i]);
	return true;
}

size_t text_safe(char *dst, size_t room, const char *src)
{
	size_t left = strlen(src), len = 0;
	mbstate_t state;

	memset(&state, 0, sizeof(state));
	while (left) {
		/* ASCII is itself in every locale's encoding */
		bool raw = *src >= ' ' && *src <= '~';
		wchar_t c;
		size_t n = raw ? 1 : mbrtowc(&c, src, left, &state);

		if (n == (size_t)-1 || n == (size_t)-2) {
			n = 1;
			memset(&state, 0, sizeof(state));
		} else if (!raw) {
			raw = iswprint(c) && wcwidth(c) >= 0 && !misleads(c);
		}
		if (!put(dst, room, &len, src, n, raw))
			break;
		src += n;
		left -= n;
	}
	dst[len] = '\0';
	return len;
}

/* Length of the UTF-8 sequence at s, 0 if it is none (RFC 3629: shortest form, no surrogates). */
static size_t utf8_length(const unsigned char *s)
{
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 ? 2 : 0;
	if ((s[0] & 0xf0) == 0xe0) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
			return 0;
		c = (s[0] & 0xf) << 12 | (s[1] & 0x3f) << 6 | (s[2] & 0x3f);
		return c >= 0x800 && (c < 0xd800 || c > 0xdfff) ? 3 : 0;
	}
	if ((s[0] & 0xf8) == 0xf0) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
			return 0;
		c = (s[0] & 7) << 18 | (s[1] & 0x3f) << 12 | (s[2] & 0x3f) << 6 | (s[3] & 0x3f);
		return c >= 0x10000 && c <= 0x10ffff ? 4 : 0;
	}
	return 0;
}

size_t text_utf8(char *dst, size_t room, const char *src)
{
	size_t len = 0;

	while (*src) {
		size_t n = utf8_length((const unsigned char *)src);

		if (!put(dst, room, &len, src, n ? n : 1, n))
			break;
		src += n ? n : 1;
	}
	dst[len] = '\0';
	return len;
}

int text_width(const char *s)
{
	mbstate_t state;
	size_t left;
	int width = 0;

	/* Nearly all is ASCII, and all of that in most texts */
	for (; *s >= ' ' && *s <= '~'; s++)
		width++;
	left = strlen(s);
	memset(&state, 0, sizeof(state));
	while (left) {
		wchar_t c;
		size_t n = mbrtowc(&c, s, left, &state);
		int w;

		if (n == (size_t)-1 || n == (size_t)-2 || !n)
			break;
		w = wcwidth(c);
		width += w > 0 ? w : 0;
		s += n;
		left -= n;
	}
	return width;
}

/* Three digits: 9.99, 99.9, 999; what would round up to four goes to the next unit. */
static char *three_digits(char *dst, double value, double base, const char *units)
{
	while (value >= 999.5 && units[1]) {
		value /= base;
		units++;
	}
	snprintf(dst, 8, value < 9.995 ? "%.2f%c" : value < 99.95 ? "%.1f%c" : "%.0f%c",
		 value, *units);
	return dst;
}

char *text_size(char *dst, uint64_t bytes)
{
	if (bytes < 1000) {
		snprintf(dst, 8, "%" PRIu64, bytes);
		return dst;
	}
	return three_digits(dst, bytes / 1024.0, 1024, "KMGTPE");
}

char *text_count(char *dst, uint64_t n)
{
	if (n < 10000) {
		snprintf(dst, 8, "%" PRIu64, n);
		return dst;
	}
	return three_digits(dst, n / 1000.0, 1000, "KMGTPE");
}

char *text_rate(char *dst, uint64_t thousandths)
{
	if (thousandths && thousandths < 99950)
		snprintf(dst, 8, "%.1f", thousandths / 1000.0);
	else
		text_count(dst, (thousandths + 500) / 1000);
	return dst;
}

char *text_ns(char *dst, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint64_t unit = 1;
	unsigned int n;
	int i;

	/* Where it rounds to 1000 it is 1.00 of the next */
	for (i = 0; i < 3 && ns >= 999 * unit + (unit + 1) / 2; i++)
		unit *= 1000;
	/* The last % tells the compiler what fits */
	if (!i || ns >= unit / 1000 * 99950) {
		snprintf(dst, 16, "%" PRIu64 "%s",
			 (ns / unit + (i && ns % unit >= unit / 2)) % 100000000000, units[i]);
	} else if (ns < unit / 1000 * 9995) {
		n = (ns * 100 + unit / 2) / unit;
		snprintf(dst, 16, "%u.%02u%s", n / 100 % 10, n % 100, units[i]);
	} else {
		n = (ns * 10 + unit / 2) / unit;
		snprintf(dst, 16, "%u.%u%s", n / 10 % 100, n % 10, units[i]);
	}
	return dst;
}

char *text_age(char *dst, uint64_t s)
{
	if (s >= 86400)
		snprintf(dst, 24, "%" PRIu64 "d%02uh", s / 86400, (unsigned int)(s % 86400 / 3600));
	else if (s >= 3600)
		snprintf(dst, 24, "%u:%02u:%02u", (unsigned int)(s / 3600),
			 (unsigned int)(s % 3600 / 60), (unsigned int)(s % 60));
	else
		snprintf(dst, 24, "%02u:%02u", (unsigned int)(s / 60), (unsigned int)(s % 60));
	return dst;
}

char *text_time(char *dst, uint64_t ns)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	size_t len;

	localtime_r(&seconds, &tm);
	len = strftime(dst, 16, "%H:%M:%S", &tm);
	snprintf(dst + len, 24 - len, ".%06u", (unsigned int)(ns % 1000000000 / 1000));
	return dst;
}
