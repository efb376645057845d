/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every view and every column, once: text, JSON, CSV, sort keys, --list-columns and the screen's
 * columns all come from these tables.
 */
#ifndef OUTPUT_COLUMNS_H
#define OUTPUT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

enum value_type {
	VALUE_ID,		/* a number that names something: ino, pid, uid */
	VALUE_NUMBER,
	VALUE_BYTES,
	VALUE_CHANGE,		/* a difference of numbers or bytes: number is an int64_t */
	VALUE_SECONDS,
	VALUE_NS,		/* a duration in ns */
	VALUE_TIME,		/* ns since 1970 */
	VALUE_RATE,		/* thousandths of it a second */
	VALUE_STRING,		/* any bytes */
	VALUE_LIST,		/* of strings */
	VALUE_IDS,		/* a list whose items are digits */
	VALUE_BOOL,
};

struct value {
	bool known;
	uint64_t number;	/* also bytes, seconds, bool, and a list's length */
	const char *string;
};

/* How a cell is cut when it does not fit */
enum column_cut {
	CUT_TAIL,
	CUT_MIDDLE,		/* exporters, devices */
	CUT_HEAD,		/* cgroups */
};

struct column {
	const char *name;	/* stable: option, JSON key, CSV head */
	const char *title;	/* on a terminal, in capitals */
	enum value_type type;
	const char *unit;	/* "bytes", "s", "" */
	int width;		/* on the screen: least that is of use; 0: none, for programs */
	enum column_cut cut;
	const char *help;
	void (*get)(const struct model *model, const void *row, struct value *value);
	/* VALUE_LIST, VALUE_IDS: item i, good until the next call */
	const char *(*item)(const struct model *model, const void *row, uint32_t i);
};

struct view {
	const char *name;	/* option --view, and the JSON key of its rows */
	const char *title;	/* of its tab */
	const struct column *columns;
	uint32_t n_columns;
	const char *sort;	/* the column it is sorted by if none is asked for */
	/* Row i of count(), or NULL where the filter leaves it out. */
	uint32_t (*count)(const struct model *model);
	const void *(*row)(const struct model *model, uint32_t i);
};

extern const struct view views[];
extern const uint32_t n_views;

/*
 * Of dmabuf-trace: what happened (rows are struct model_event), and what it comes to (struct
 * model_operation). Who writes them has the rows: count and row are NULL, and no model is needed.
 */
extern const struct view event_view, operation_view;

/*
 * Hooks that a view's rows need (MODEL_WATCHES_*), or one of its columns that somebody named;
 * without them what they tell is unknown.
 */
uint32_t view_needs(const struct view *view);
uint32_t column_needs(const struct view *view, const struct column *column);

/*
 * Of recordings, by dmabuf-trace (model/summary.h, activity.h); rows of the last: struct diff_row.
 * Who writes them has the rows: count and row are NULL.
 */
enum report_view {
	REPORT_EXPORTERS,		/* struct summary_exporter */
	REPORT_PROCESSES,		/* struct summary_process */
	REPORT_OPERATIONS,		/* struct model_operation */
	REPORT_SLOWEST,			/* struct model_event */
	REPORT_LONGEST,			/* struct activity_life */
	REPORT_VIEWS,
};
extern const struct view report_views[REPORT_VIEWS], diff_view;

/* NULL if there is none of that name. */
const struct view *view_find(const char *name);
const struct column *view_column(const struct view *view, const char *name);

/* Whether it is set to the right. Amounts sort from the largest, ids and names from the first. */
bool column_is_number(const struct column *column);

/* A chosen sequence of a view's columns. */
struct column_list {
	const struct column **columns;
	uint32_t n, room;
};

/*
 * The columns that spec names ("a,b"), or all of the view's with "+a" appended, or all (NULL).
 * Returns 0, -ENOMEM, or -EINVAL with *unknown set to the first name that is not one (caller
 * frees).
 */
int column_list_parse(struct column_list *list, const struct view *view, const char *spec,
		      char **unknown);

/* Takes those for programs out of a list that has all of a view's columns for spec. */
void column_list_for_text(struct column_list *list, const struct view *view, const char *spec);

/* The rows of a view in an order. */
struct rows {
	const void **rows;
	uint32_t n, room;
	struct row_key *keys;	/* of sorting */
	uint32_t room_keys;
	uint32_t n_sorted;	/* keys that hold the order of the last time */
};

/*
 * Collects a view's rows, sorted by a column: amounts descending, ids and strings ascending, the
 * other way round if invert; unknown values last; equal ones stay in the model's order.
 * Returns 0 or -ENOMEM.
 */
int rows_collect(struct rows *rows, const struct view *view, const struct model *model,
		 const struct column *sort, bool invert);
/* The two steps of it, for rows that somebody else chooses. */
int rows_add(struct rows *rows, const void *row);
int rows_sort(struct rows *rows, const struct model *model, const struct column *sort, bool invert);
void rows_free(struct rows *rows);

#endif
