/* SPDX-License-Identifier: GPL-2.0 */
/* Properties of views and columns on the screen, beside output/columns.h. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "output/columns.h"

struct history;

/* Meanings of colors; draw.c has the colors. */
enum role {
	ROLE_PLAIN,
	ROLE_TITLE,
	ROLE_HEAD,		/* of the columns */
	ROLE_SORTED,		/* head of the sort column */
	ROLE_SELECTED,
	ROLE_BAR,
	ROLE_TAB,		/* tab of this view */
	ROLE_KEY,		/* a key's name in the last line */
	ROLE_LABEL,		/* action of a key */
	ROLE_KERNEL_ONLY,
	ROLE_UNEXPLAINED,
	ROLE_GROWING,
	ROLE_DEAD,
	ROLE_TAGGED,
	ROLE_WARNING,
	ROLE_DETAIL,		/* details below a row */
	ROLES,
};

struct screen_view;

/* A cell to fill */
struct cell {
	const struct history *history;
	const struct screen_view *view;
	const void *row;
	struct value value;
	bool utf8;
	int width;			/* 0: the text's width */
};

/* A column of the screen alone: struct column points here. */
struct screen_cell {
	const char *instead;		/* columns of other outputs instead, "a,b"; "": none */
	const char *title_utf8;		/* title on UTF-8 terminals; NULL: the column's */
	enum role role;			/* role of the cells in a plain row */
	bool elastic;			/* fits the free width */
	/* Sort key, a string valid until the next call; NULL: the column's value */
	void (*value)(const struct history *history, const struct screen_view *view,
		      const void *row, struct value *value);
	/* The text, safe to print, of OUTPUT_CELL_ROOM bytes */
	void (*text)(const struct cell *cell, char *text);
};

/* A view of the screen. Names of columns are from data and from own. Functions may be NULL. */
struct screen_view {
	const struct view *data;	/* rows and columns; NULL: batch output alone */
	char key;			/* shows the view */
	const char *tab;		/* short title: nine titles fit in 80 cells */
	const char *help;		/* help text of the key */
	const char *columns;		/* from left to right, "a,b" */
	const char *drop;		/* columns to drop on a narrow screen, in this order */
	const char *sum;		/* a sum and its parts: "all,part,part" */
	const struct column *own;	/* the screen's own columns, NULL-terminated */
	const char *enter;		/* action of Enter */
	const char *legend;		/* in the status line */
	const char *empty;		/* text for no rows */
	const char *no_process;		/* reason for no process to signal */
	const char *unit;		/* unit of the sum of tagged rows */
	bool tight;			/* columns are as wide as their texts */
	bool counts;			/* numbers are short: 12.3K */
	bool chart;			/* Enter shows the chart of a row, an operation */
	bool processes;			/* rows are processes: signal all tagged rows */

	/* The key of a row, equal in all refreshes */
	uint64_t (*id)(const void *row);
	enum role (*role)(const struct history *history, const struct screen_view *view,
			  const void *row);
	uint64_t (*bytes)(const void *row);
	/* "812 camsrv", "vivid.0", "4711": the name of a row, safe to print */
	void (*name)(const struct model *model, const void *row, char *text, size_t room);
	/* A second line: "via /dev/video0 ...", and "STALLED 9:02" or "" */
	void (*more)(const struct model *model, const void *row, bool wide, char *text,
		     size_t room, char *state, size_t state_room);
	/* Whether Enter lists a buffer for a row */
	bool (*holds)(const struct model *model, const void *row,
		      const struct model_buffer *buffer);
	/* The buffer of a row, for Enter; NULL: none */
	const struct model_buffer *(*buffer)(const struct model *model, const void *row);
	/* Process i of the holders of a row; NULL after the last */
	const struct model_process *(*process)(const struct model *model, const void *row,
					       uint32_t i);

	/* Views with a past (history.h): bytes whose growth is the rate */
	uint64_t (*held)(const void *row);
	/* Detach a copy of a row from the model; offsets of its strings */
	void (*bury)(void *row);
	size_t strings[2];
	uint32_t n_strings;
};

extern const struct screen_view screen_views[VIEWS];

/* Find a column of a view, or of the screen, by name or by index (NULL after the last). */
const struct column *screen_column(const struct screen_view *view, const char *name);
const struct column *screen_column_at(const struct screen_view *view, uint32_t i);
/* Read the value of a column in a row; strings of the screen are valid until the next call. */
struct value screen_value(const struct history *history, const struct screen_view *view,
			  const struct column *column, const void *row);
/* "->R": a set of directions, 1 << direction each. */
const char *screen_direction(unsigned int seen);

/* The device of an operation, or "cpu"; any bytes. */
const char *screen_actor(const struct model_operation *operation);

/* flow.c: flows in words */
#define SCREEN_FLOW_ROOM 1024
/*
 * Write "vivid.0 ==> amdgpu" in at most width cells, each side cut in the middle; 0: no limit. Safe
 * to print. Return text, of SCREEN_FLOW_ROOM bytes.
 */
char *screen_flow(const struct model *model, const struct model_flow *flow, bool utf8, int width,
		  char *text);
/*
 * Write "via /dev/dma_heap/system   camsrv 812, weston 640", with more on a wide screen; and
 * "fence wait 90%", "STALLED 9:02", or "".
 */
void screen_flow_more(const struct model *model, const void *row, bool wide, char *text,
		      size_t room, char *state, size_t state_room);

#endif
