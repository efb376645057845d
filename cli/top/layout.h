/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where everything stands on a screen of some size. Pure functions, tested at all sizes from
 * 20x5 to 250x70 (tests/unit/test_layout.c); called by draw.c.
 */
#ifndef TOP_LAYOUT_H
#define TOP_LAYOUT_H

struct rect {
	int x, y, w, h;			/* h 0: left out */
};

struct layout {
	struct rect title, summary;
	struct rect bars, facts;	/* side by side; facts.w 0: left out */
	struct rect tabs, head, list, status, keys;
	struct rect menu;		/* beside head and list; w 0: none */
	struct rect chart;		/* below the list, of its room; h 0: none */
};

/*
 * bars: how many there are to show; facts: how many lines; menu: its width, 0 none. Where it is
 * narrow, the menu stands in the list's place.
 */
void layout_screen(struct layout *layout, int width, int height, int bars, int facts, int menu);

/* Takes the lines that a chart wants from the list, which keeps a third of them. Again: anew. */
void layout_chart(struct layout *layout, int lines);

struct layout_column {
	int least, min, want;		/* cells, none less than the one before */
	int keep;			/* when it gets narrow, the lowest goes first */
	int x, w;			/* out; w 0: left out */
};

/* Columns of this keep or more go only after they were made as narrow as their least. */
#define LAYOUT_KEEP 100

/*
 * Gives columns their places from left to right, one cell between two. What is left over goes
 * to those that want more, evenly. The one that is kept longest is cut if it must be.
 */
void layout_columns(struct layout_column *columns, int n, int width);

#endif
