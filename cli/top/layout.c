// SPDX-License-Identifier: GPL-2.0
/* The layout of the screen; see layout.h. No state, no drawing. */
#include "top/layout.h"

#include <stdbool.h>
#include <string.h>

/* Least heights of the screen for each part. A low screen drops the bars first. */
#define HEIGHT_KEYS	4
#define HEIGHT_STATUS	7
#define HEIGHT_TABS	9
#define HEIGHT_SUMMARY	11
#define HEIGHT_BARS	16

/* Width of the text beside the bars, and least width of a useful bar */
#define FACTS_WIDTH	30
#define BARS_WIDTH	46

/* Least width of a useful list beside a menu */
#define LIST_WIDTH	30

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void place(struct rect *r, int *y, int width, int height)
{
	*r = (struct rect){ 0, *y, width, height };
	*y += height;
}

static void place_menu(struct layout *l, int menu)
{
	int rest = l->list.w - menu - 1;

	l->menu = (struct rect){ 0, l->head.y, rest < LIST_WIDTH ? l->list.w : menu,
				 l->head.h + l->list.h };
	if (rest < LIST_WIDTH)
		rest = 0;
	l->head.x = l->list.x = l->list.w - rest;
	l->head.w = l->list.w = rest;
}

void layout_screen(struct layout *l, int width, int height, int bars, int facts, int menu)
{
	int bottom = (height >= HEIGHT_STATUS) + (height >= HEIGHT_KEYS), y = 0;
	bool both = width >= BARS_WIDTH + FACTS_WIDTH;
	int lines = both && facts > bars ? facts : bars;

	memset(l, 0, sizeof(*l));
	place(&l->title, &y, width, height > 1);
	place(&l->summary, &y, width, height >= HEIGHT_SUMMARY);
	/* An eighth of the screen: three lines of 24 */
	place(&l->bars, &y, width, height < HEIGHT_BARS ? 0 : least(lines, height / 8));
	if (both && l->bars.h) {
		l->bars.w = width - FACTS_WIDTH;
		l->facts = (struct rect){ l->bars.w, l->bars.y, FACTS_WIDTH, l->bars.h };
	}
	place(&l->tabs, &y, width, height >= HEIGHT_TABS);
	place(&l->head, &y, width, height > 2);
	place(&l->list, &y, width, height - y - bottom);
	place(&l->status, &y, width, height >= HEIGHT_STATUS);
	place(&l->keys, &y, width, height >= HEIGHT_KEYS);
	if (menu)
		place_menu(l, menu);
}

void layout_chart(struct layout *l, int lines)
{
	int keeps;

	l->list.h += l->chart.h;
	keeps = l->list.h < 12 ? l->list.h < 6 ? 1 : 2 : l->list.h / 3;
	l->chart = l->list;
	l->chart.h = least(lines, l->list.h - keeps);
	if (l->chart.h < 0)
		l->chart.h = 0;
	l->list.h -= l->chart.h;
	l->chart.y += l->list.h;
}

static int needed(const struct layout_column *columns, int n)
{
	int i, sum = 0;

	for (i = 0; i < n; i++)
		if (columns[i].w)
			sum += columns[i].w + (sum > 0);
	return sum;
}

/* Return the next column to drop, -1 for the last column. */
static int least_kept(const struct layout_column *columns, int n)
{
	int i, found = -1, shown = 0;

	for (i = 0; i < n; i++) {
		if (!columns[i].w)
			continue;
		shown++;
		if (found < 0 || columns[i].keep <= columns[found].keep)
			found = i;
	}
	return shown > 1 ? found : -1;
}

static void shrink(struct layout_column *columns, int n, int width)
{
	int i, over = needed(columns, n) - width;

	for (i = 0; i < n && over > 0; i++) {
		int by = columns[i].w ? least(over, columns[i].w - columns[i].least) : 0;

		columns[i].w -= by;
		over -= by;
	}
}

void layout_columns(struct layout_column *columns, int n, int width)
{
	int i, spare, x = 0;
	bool more = true;

	for (i = 0; i < n; i++)
		columns[i].w = columns[i].min;
	while (needed(columns, n) > width) {
		i = least_kept(columns, n);
		if (i < 0)
			break;
		if (columns[i].keep >= LAYOUT_KEEP)
			shrink(columns, n, width);
		if (needed(columns, n) <= width)
			break;
		columns[i].w = 0;
	}
	for (spare = width - needed(columns, n); spare > 0 && more;) {
		more = false;
		for (i = 0; i < n && spare > 0; i++) {
			if (!columns[i].w || columns[i].w >= columns[i].want)
				continue;
			columns[i].w++;
			spare--;
			more = true;
		}
	}
	for (i = 0; i < n; i++) {
		if (!columns[i].w)
			continue;
		columns[i].w = least(columns[i].w, width - x);
		columns[i].x = x;
		x += columns[i].w + 1;
	}
}
