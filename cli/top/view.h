/* SPDX-License-Identifier: GPL-2.0 */
/* What the screen shows beyond what output/columns.h says of a view and of its columns. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"
#include "output/columns.h"

struct history;

/* What a colour is to say; draw.c gives each its colours. */
enum role {
	ROLE_PLAIN,
	ROLE_TITLE,
	ROLE_HEAD,		/* of the columns */
	ROLE_SORTED,		/* the one that the rows are sorted by */
	ROLE_SELECTED,
	ROLE_BAR,
	ROLE_TAB,		/* the one that is shown */
	ROLE_KEY,		/* a key's name in the last line */
	ROLE_LABEL,		/* and what it does */
	ROLE_KERNEL_ONLY,
	ROLE_UNEXPLAINED,
	ROLE_GROWING,
	ROLE_DEAD,
	ROLE_TAGGED,
	ROLE_WARNING,
	ROLE_DETAIL,		/* what stands below */
	ROLES,
};

struct screen_view;

/* A cell that is to be filled */
struct cell {
	const struct history *history;
	const struct screen_view *view;
	const void *row;
	struct value value;
	bool utf8;
	int width;			/* 0: as long as it is */
};

/* Of a column that only the screen has: its struct column points here. */
struct screen_cell {
	const char *instead;		/* columns of other outputs in its place, "a,b"; "": none */
	const char *title_utf8;		/* where the terminal can show it; NULL: the column's */
	enum role role;			/* of its cells in a plain row */
	bool elastic;			/* made for the width that there is */
	/* What rows are sorted by, a string good until the next call; NULL: the column's value */
	void (*value)(const struct history *history, const struct screen_view *view,
		      const void *row, struct value *value);
	/* The text, safe to print, of OUTPUT_CELL_ROOM bytes */
	void (*text)(const struct cell *cell, char *text);
};

/*
 * One view of the screen. Columns are named as in its data and in own; what a function pointer
 * that is NULL would tell, there is not.
 */
struct screen_view {
	const struct view *data;	/* its rows and columns; NULL: only batch output has it */
	char key;			/* that shows it */
	const char *tab;		/* short title: nine of them fit in 80 cells */
	const char *help;		/* of its key */
	const char *columns;		/* from left to right, "a,b" */
	const char *drop;		/* those that go when it gets narrow, in this order */
	const char *sum;		/* columns that are one and its parts: "all,part,part" */
	const struct column *own;	/* that only the screen has, up to one without a name */
	const char *enter;		/* what Enter does */
	const char *legend;		/* in the status line */
	const char *empty;		/* in the place of rows, if there is none */
	const char *no_process;		/* why a row has no process that gets a signal */
	const char *unit;		/* of what tagged rows are summed up by */
	bool tight;			/* columns are as wide as what they show, and no wider */
	bool counts;			/* numbers are short: 12.3K */
	bool chart;			/* Enter shows the chart of a row, an operation */
	bool processes;			/* rows are: a signal is for all that are tagged */

	/* What identifies a row from one refresh to the next */
	uint64_t (*id)(const void *row);
	enum role (*role)(const struct history *history, const struct screen_view *view,
			  const void *row);
	uint64_t (*bytes)(const void *row);
	/* "812 camsrv", "vivid.0", "4711": what people call a row; safe to print */
	void (*name)(const struct model *model, const void *row, char *text, size_t room);
	/* A second line: "via /dev/video0 ...", and "STALLED 9:02" or "" */
	void (*more)(const struct model *model, const void *row, bool wide, char *text,
		     size_t room, char *state, size_t state_room);
	/* Whether a buffer belongs to a row: what Enter lists */
	bool (*holds)(const struct model *model, const void *row,
		      const struct model_buffer *buffer);
	/* The buffer that a row is about, which Enter explains; NULL: none */
	const struct model_buffer *(*buffer)(const struct model *model, const void *row);
	/* The i-th process that holds what a row is about, NULL: there are no more */
	const struct model_process *(*process)(const struct model *model, const void *row,
					       uint32_t i);

	/* Views with a past (history.h): bytes whose growth is the rate */
	uint64_t (*held)(const void *row);
	/* Takes from a copy of a row what refers to its model; offsets of the strings it names */
	void (*bury)(void *row);
	size_t strings[2];
	uint32_t n_strings;
};

extern const struct screen_view screen_views[VIEWS];

/* A column of a view by name, or by place (NULL: no more); those of the screen included. */
const struct column *screen_column(const struct screen_view *view, const char *name);
const struct column *screen_column_at(const struct screen_view *view, uint32_t i);
/* What a row has in one of them; a string of the screen's is good until the next call. */
struct value screen_value(const struct history *history, const struct screen_view *view,
			  const struct column *column, const void *row);
/* "->R": of 1 << direction of each that was seen. */
const char *screen_direction(unsigned int seen);

/* The device of an operation, or "cpu"; any bytes. */
const char *screen_actor(const struct model_operation *operation);

/* flow.c: flows in words */
#define SCREEN_FLOW_ROOM 1024
/*
 * "vivid.0 ==> amdgpu" in at most width cells, each side cut in its middle; 0: as long as it is.
 * Safe to print. Returns text, of that room.
 */
char *screen_flow(const struct model *model, const struct model_flow *flow, bool utf8, int width,
		  char *text);
/*
 * "via /dev/dma_heap/system   camsrv 812, weston 640", with more of it where it is wide; and
 * "fence wait 90%", "STALLED 9:02", or "".
 */
void screen_flow_more(const struct model *model, const void *row, bool wide, char *text,
		      size_t room, char *state, size_t state_room);

#endif
