/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The layout of the screen. Pure functions, tested at all sizes from 20x5 to 250x70
 * (tests/unit/test_layout.c); draw.c calls them.
 */
#ifndef TOP_LAYOUT_H
#define TOP_LAYOUT_H

struct rect {
	int x, y, w, h;			/* h 0: absent */
};

struct layout {
	struct rect title, summary;
	struct rect bars, facts;	/* side by side; facts.w 0: absent */
	struct rect tabs, head, list, status, keys;
	struct rect menu;		/* beside head and list; w 0: absent */
	struct rect chart;		/* below the list; h 0: absent */
};

/*
 * Place the parts. bars: number of bars; facts: number of lines; menu: width, 0 for no menu. On a
 * narrow screen, the menu replaces the list.
 */
void layout_screen(struct layout *layout, int width, int height, int bars, int facts, int menu);

/* Give lines of the list to a chart. The list keeps a third. A second call starts over. */
void layout_chart(struct layout *layout, int lines);

struct layout_column {
	int least, min, want;		/* cells, least <= min <= want */
	int keep;			/* on a narrow screen, the lowest is dropped first */
	int x, w;			/* result; w 0: dropped */
};

/* Columns with at least this keep shrink to their least before they are dropped. */
#define LAYOUT_KEEP 100

/*
 * Place columns from left to right, with a cell between neighbors. Columns that want more share
 * the remaining cells evenly. The column with the highest keep is cut if necessary.
 */
void layout_columns(struct layout_column *columns, int n, int width);

#endif
