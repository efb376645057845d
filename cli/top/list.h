/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of a view in lines, with a cursor; no drawing. */
#ifndef TOP_LIST_H
#define TOP_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "output/columns.h"
#include "top/history.h"
#include "top/layout.h"
#include "top/view.h"

/* A line of a list: a row, or a part of the open row above */
enum line_kind {
	LINE_ROW,
	LINE_BUFFER,
	LINE_HOLDER,			/* a process */
	LINE_SOCKET,
	LINE_ATTACHMENT,
};

struct line {
	const void *row;
	const void *parent;		/* row of the line; the row itself for LINE_ROW */
	enum line_kind kind;
	uint32_t nth;			/* index in the parent */
	bool last;
};

/* The key of a line, equal in all refreshes. */
struct line_key {
	uint64_t row, part;		/* part: 0 for the row itself */
};

/* The sorted lines of a view, with a cursor. */
struct list {
	const struct screen_view *view;
	const struct column **columns;
	struct layout_column *places;
	uint32_t n_columns, room_columns;
	const struct column *sort;
	bool invert;
	struct rows rows;
	struct line *lines;		/* with an open row only */
	uint32_t n_lines, room_lines;
	struct rows parts;		/* sorted buffers of an open row */
	uint32_t cursor, top;		/* lines; top: first on the screen */
	int height;			/* lines of a row on the screen */
	struct line_key selected;	/* the cursor's line, if pinned */
	bool pinned;			/* the cursor follows a line */
	/* Sets of row keys */
	struct index open, tagged;
	uint32_t n_open;
	uint32_t n_tagged;		/* tagged rows of the model */
	uint64_t tagged_bytes;
	char filter[64];		/* terms joined by |, "" all */
	/* Limit to a row of another view */
	const struct screen_view *scope;
	uint64_t scope_key;
	char scope_title[64];		/* safe to print */
};

/* columns: names, NULL the view's own. Return 0, -ENOMEM, -EINVAL for an unknown name. */
int list_init(struct list *list, const struct screen_view *view, const char *columns);
/* Return the index of a name in a list of names, "a,b", or -1. */
int list_place_of(const char *names, const char *name);
/* Show a hidden column, or hide a shown column except the last. Return 0 or -ENOMEM. */
int list_toggle_column(struct list *list, const struct column *column);
int list_collect(struct list *list, const struct history *history);
/* Move the cursor, and follow the line from now on. */
void list_move(struct list *list, int64_t by);
void list_home(struct list *list);
/* Scroll until the cursor is visible in a number of lines. */
void list_show_cursor(struct list *list, uint32_t lines);
/* Return the screen line of line i below the first; and the line at a screen line, or the end. */
uint32_t list_y(const struct list *list, uint32_t i);
uint32_t list_at(const struct list *list, uint32_t y);
uint32_t list_count(const struct list *list);
/* Return line i, an existing line. */
struct line list_line(const struct list *list, uint32_t i);
/* Return the cursor's line; row NULL: no lines. */
struct line list_selected(const struct list *list);
/* Sort by the next column (1) or the previous column (-1). */
void list_sort_beside(struct list *list, int by);
/* Move the cursor to the next (1) or previous (-1) row with a text; false: no such row. */
bool list_search(struct list *list, const struct model *model, const char *text, uint32_t from,
		 int by);
void list_free(struct list *list);

/* Open or close, and tag or untag, the row of the cursor. Return 0 or -ENOMEM. */
int list_toggle_open(struct list *list);
int list_toggle_tag(struct list *list);
bool list_is_tagged(const struct list *list, const void *row);

#endif
