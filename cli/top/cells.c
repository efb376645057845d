// SPDX-License-Identifier: GPL-2.0
/* Text for fields of a fixed width; see cells.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "output/text.h"
#include "top/cells.h"

/* Return the bytes of the character at s, and its cells. */
static size_t character(const char *s, int *width)
{
	mbstate_t state;
	wchar_t c;
	size_t n;

	memset(&state, 0, sizeof(state));
	n = mbrtowc(&c, s, strlen(s), &state);
	*width = 1;
	if (n == (size_t)-1 || n == (size_t)-2 || !n)
		return 1;
	*width = wcwidth(c) > 0 ? wcwidth(c) : 0;
	return n;
}

/* Return the bytes of the longest start of s within width cells, with combining marks. */
static size_t head_bytes(const char *s, int width)
{
	size_t len = 0;

	while (s[len]) {
		int w;
		size_t n = character(s + len, &w);

		if (w > width)
			break;
		width -= w;
		len += n;
	}
	return len;
}

/* Return the longest end of s within width cells. */
static const char *tail(const char *s, int width)
{
	int over = text_width(s) - width;

	while (over > 0 && *s) {
		int w;

		s += character(s, &w);
		over -= w;
	}
	/* Skip the combining marks of a cut character. */
	while (*s) {
		int w;
		size_t n = character(s, &w);

		if (w)
			break;
		s += n;
	}
	return s;
}

static size_t put_bytes(char *dst, size_t room, size_t at, const char *src, size_t n)
{
	if (at + n >= room)
		n = at < room ? room - at - 1 : 0;
	memcpy(dst + at, src, n);
	return at + n;
}

char *cell_fit(char *dst, size_t room, const char *src, int width, enum column_cut cut, bool right)
{
	int has = text_width(src), pad;
	size_t at = 0;

	if (width <= 0) {
		*dst = '\0';
		return dst;
	}
	if (has > width) {
		int before = cut == CUT_TAIL ? width - 1 : cut == CUT_HEAD ? 0 : width / 2;
		size_t n = head_bytes(src, before);

		at = put_bytes(dst, room, 0, src, n);
		at = put_bytes(dst, room, at, "~", 1);
		if (cut != CUT_TAIL) {
			const char *end = tail(src, width - 1 - before);

			at = put_bytes(dst, room, at, end, strlen(end));
		}
		dst[at] = '\0';
		has = text_width(dst);
	} else {
		pad = right ? width - has : 0;
		while (pad-- > 0)
			at = put_bytes(dst, room, at, " ", 1);
		at = put_bytes(dst, room, at, src, strlen(src));
		if (right)
			has = width;
	}
	for (pad = width - has; pad > 0; pad--)
		at = put_bytes(dst, room, at, " ", 1);
	dst[at] = '\0';
	return dst;
}

char *cell_thousands(char *dst, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), i;
	char *at = dst;

	for (i = 0; i < len; i++) {
		if (i && !((len - i) % 3))
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return dst;
}

/* At most five cells, with two digits: the value changes every second. */
char *cell_rate(char *dst, int64_t rate)
{
	const char *unit = " KMGTPE";
	double n = llabs(rate);

	while (n >= 999.5 && unit[1]) {
		n /= 1024;
		unit++;
	}
	if (!rate)
		snprintf(dst, 16, "0");
	else
		snprintf(dst, 16, "%c%.*f%.*s", rate < 0 ? '-' : '+', *unit != ' ' && n < 9.95, n,
			 *unit != ' ', unit);
	return dst;
}

/* At most five cells: 812ns, 41us, 3.1ms, 310us, 100s. */
char *cell_ns(char *dst, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double n = ns;
	int unit = 0;

	while (unit < 3 && n >= 999.5) {
		n /= 1000;
		unit++;
	}
	snprintf(dst, 16, "%.*f%s", unit && n < 9.95, n, units[unit]);
	return dst;
}
