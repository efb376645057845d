/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the screen and what its parts offer each other. keys.c finds the handler of a
 * key; handlers (actions.c) change the state and return what is to be done; screen.c does it;
 * list.c has the rows of a view, view.c what each view is; draw.c draws. Only screen.c and
 * draw.c know ncurses' windows.
 */
#ifndef TOP_UI_H
#define TOP_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "output/columns.h"
#include "top/history.h"
#include "top/layout.h"
#include "top/top.h"

/* What a handler wants done */
#define REACT_DRAW	(1u << 0)
#define REACT_COLLECT	(1u << 1)	/* collect and sort the rows, then draw */
#define REACT_SNAPSHOT	(1u << 2)	/* read a new one now, then the same */
#define REACT_CLEAR	(1u << 3)	/* draw over whatever is on the terminal */
#define REACT_QUIT	(1u << 4)

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
	ROLE_WARNING,
	ROLES,
};

/* What the screen shows beyond what output/columns.c says of a view. */
struct screen_view {
	const char *name;		/* of the view there */
	enum kind kind;			/* of its rows */
	const char *columns;		/* from left to right */
	const char *drop;		/* those that go when it gets narrow, in this order */
	const char *enter;		/* what Enter does, NULL nothing */
	const char *legend;		/* in the status line */
	enum role (*role)(const struct history *history, const void *row);
	/* Whether a buffer belongs to a row: what Enter lists. NULL: nothing. */
	bool (*holds)(const struct model *model, const void *row, const struct model_buffer *buffer);
};

#define SCREEN_VIEWS 4
extern const struct screen_view screen_views[SCREEN_VIEWS];

/* A column of a view by name, those that only the screen has included. */
const struct column *screen_column(const struct screen_view *view, const char *name);
/* The rate of a row, which no other column is like. */
bool screen_column_is_rate(const struct column *column);

/* The rows of a view, in an order, with a cursor that stays on its row. */
struct list {
	const struct screen_view *view;
	const struct view *data;
	const struct column **columns;
	struct layout_column *places;
	uint32_t n_columns, room_columns;
	const struct column *sort;
	bool invert;
	struct rows rows;
	uint32_t cursor, top;		/* indices; top: first on the screen */
	uint64_t selected;		/* the cursor's row, if pinned */
	bool pinned;			/* the user has moved the cursor: it follows its row */
	/* Only what belongs to one row of another view */
	const struct screen_view *scope;
	uint64_t scope_key;
	char scope_title[64];		/* safe to print */
};

/* columns: names, NULL the view's own. 0, -ENOMEM, -EINVAL for a name that is none. */
int list_init(struct list *list, const struct screen_view *view, const char *columns);
int list_collect(struct list *list, const struct history *history);
/* Moves the cursor; the row under it is followed from now on. */
void list_move(struct list *list, int64_t by);
void list_home(struct list *list);
/* Scrolls so that the cursor is seen in that many lines. */
void list_show_cursor(struct list *list, uint32_t lines);
const void *list_selected(const struct list *list);
/* Sorts by the next column (1) or the one before (-1). */
void list_sort_beside(struct list *list, int by);
void list_free(struct list *list);

struct ui {
	struct top_options *options;
	struct source *source;
	struct history history;
	struct list lists[SCREEN_VIEWS];
	struct list scoped;		/* what Enter opened */
	struct list *list;		/* the one shown */
	struct rows exporters;		/* largest first: the bars */
	struct layout layout;
	int width, height;
	bool utf8, colours;
	bool help, paused;
	bool failed;			/* the last snapshot: source->error says why */
};

/* What is to be done after a key that ncurses returned. */
unsigned int keys_handle(struct ui *ui, int key);

struct binding {
	int keys[4];
	unsigned int (*handle)(struct ui *ui, int arg);
	int arg;
	const char *label;		/* in the last line, NULL not there */
	const char *help;		/* NULL: the line before says it too */
};

extern const struct binding bindings[];
extern const uint32_t n_bindings;
/* A key as people call it: "F1", "Enter", "q". Good until the next call. */
const char *key_name(int key);

/* Handlers, actions.c */
unsigned int act_help(struct ui *ui, int arg);
unsigned int act_sort_beside(struct ui *ui, int by);
unsigned int act_invert(struct ui *ui, int arg);
unsigned int act_view(struct ui *ui, int number);
unsigned int act_next_view(struct ui *ui, int by);
unsigned int act_move(struct ui *ui, int by);
unsigned int act_page(struct ui *ui, int by);
unsigned int act_home(struct ui *ui, int arg);
unsigned int act_end(struct ui *ui, int arg);
unsigned int act_enter(struct ui *ui, int arg);
unsigned int act_back(struct ui *ui, int arg);
unsigned int act_pause(struct ui *ui, int arg);
unsigned int act_refresh(struct ui *ui, int arg);
unsigned int act_quit(struct ui *ui, int arg);

/* Needs ncurses to be up. */
void draw_init(struct ui *ui);
void draw(struct ui *ui);

/*
 * Text for a field of width cells: padded, on the left if right, and cut with a ~ where it does
 * not fit. src must be safe to print; returns dst. cells.c
 */
char *cell_fit(char *dst, size_t room, const char *src, int width, enum column_cut cut, bool right);
/* 1,668. Returns dst, of 32 bytes at least. */
char *cell_thousands(char *dst, uint64_t n);
/* Bytes per second with their sign, 0 for none. Returns dst, of 16 bytes at least. */
char *cell_rate(char *dst, int64_t rate);

#endif
