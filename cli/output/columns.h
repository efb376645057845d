/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only tables of views and columns, for text, JSON, CSV, sort keys, --list-columns and the
 * screen.
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
	VALUE_RATE,		/* thousandths per second */
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

/* The cut side of a cell without room */
enum column_cut {
	CUT_TAIL,
	CUT_MIDDLE,		/* exporters, devices */
	CUT_HEAD,		/* cgroups */
};

struct screen_cell;

/*
 * A column. The value is a field of the row (offset, size), unless get or look_up computes the
 * value. A field is unknown if a string is NULL, if zero_unknown and the number is 0, if the source
 * does not see the field (unless zero_unknown and the number is not 0), or by another field.
 */
struct column {
	const char *name;	/* stable: option, JSON key, CSV head; NULL ends a table */
	const char *title;	/* on a terminal, in capitals */
	enum value_type type;
	const char *unit;	/* NULL: the type's; see column_unit() */
	int width;		/* on the screen: least useful width; 0: for programs only */
	enum column_cut cut;
	const char *help;
	uint32_t needs;		/* hooks for the value, MODEL_WATCHES_* */
	uint16_t offset, size;	/* field: unsigned number, bool, or address of a string */
	uint16_t unless;	/* offset of a bool: the value is unknown if true; 0: none */
	bool zero_unknown;
	uint32_t sees;		/* MODEL_SEES_*; 0: every source */
	/* The value by the row alone, or by row and model */
	void (*get)(const void *row, struct value *value);
	void (*look_up)(const struct model *model, const void *row, struct value *value);
	/* VALUE_LIST, VALUE_IDS: item i, valid until the next call */
	const char *(*item)(const struct model *model, const void *row, uint32_t i);
	/* The row with the value, in another view; NULL: unknown */
	const void *(*of)(const struct model *model, const void *row);
	const struct screen_cell *screen;	/* for columns of the screen */
};

/* Make a member of a struct the field of a column */
#define FIELD(type, member)								\
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

struct view {
	const char *name;	/* option --view, and the JSON key of its rows */
	const char *title;	/* above the rows, for views without another head */
	const struct column *columns;	/* NULL-terminated by name */
	const char *sort;	/* default column to sort by */
	uint32_t needs;		/* hooks for the rows, MODEL_WATCHES_* */
	/* The rows: offsets in the model of an array and of its count, size 0: the caller's */
	size_t rows, n, size;
	bool (*shown)(const struct model *model, const void *row);	/* NULL: all are */
};

/* The views of a model, in the order of lists of views */
enum view_id {
	VIEW_PROCESSES,
	VIEW_BUFFERS,
	VIEW_HOLDERS,
	VIEW_DEVICES,
	VIEW_ATTACHMENTS,
	VIEW_EXPORTERS,
	VIEW_LATENCY,
	VIEW_PIPELINES,
	VIEW_SUSPECTS,
	VIEWS,
};
extern const struct view views[VIEWS];

/* Return the array of all rows of a view, shown or not; *n: their number. */
const char *view_rows(const struct view *view, const struct model *model, uint32_t *n);
/* Row i, NULL if the filter excludes the row. */
const void *view_row(const struct view *view, const struct model *model, uint32_t i);

/* Read the value of a column in a row; model: NULL for a row without a model. */
struct value column_value(const struct column *column, const struct model *model,
			  const void *row);
/* "bytes", "s"; "" for no unit. */
const char *column_unit(const struct column *column);

/*
 * Views of dmabuf-trace: events (rows are struct model_event), and their sums (struct
 * model_operation). The writer has the rows and needs no model.
 */
extern const struct view event_view, operation_view;

/*
 * Views of recordings (model/summary.h, activity.h). Rows of diff_view are struct diff_row. The
 * writer has the rows.
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

/* Find a column by name; NULL: no such name. */
const struct column *view_column(const struct view *view, const char *name);

/* Whether a column is right-aligned. Amounts sort from the largest, others from the first. */
bool column_is_number(const struct column *column);

/* A chosen sequence of a view's columns. */
struct column_list {
	const struct column **columns;
	uint32_t n, room;
};

/* As the shown columns of column_list_parse(): all but the columns for programs */
#define COLUMNS_FOR_TEXT ""

/*
 * List the columns of spec: "a,b"; or "+a" for the shown columns, and a behind them unless a is one
 * of them; or NULL for the shown columns. shown: "a,b", COLUMNS_FOR_TEXT, or NULL for all columns.
 * Return 0, -ENOMEM, or -EINVAL with *unknown set to the first unknown name (the caller frees).
 */
int column_list_parse(struct column_list *list, const struct view *view, const char *spec,
		      const char *shown, char **unknown);

/* The rows of a view in an order. */
struct rows {
	const void **rows;
	uint32_t n, room;
	struct row_key *keys;	/* sort keys */
	size_t room_keys;	/* bytes */
	uint32_t n_sorted;	/* keys with the order of the last sort */
};

/*
 * Collect the rows of a view, sorted by a column: amounts descending, ids and strings ascending,
 * reversed if invert; unknown values last; equal values in the order of the model. Return 0 or
 * -ENOMEM.
 */
int rows_collect(struct rows *rows, const struct view *view, const struct model *model,
		 const struct column *sort, bool invert);
/* The two steps, for rows chosen by the caller. */
int rows_add(struct rows *rows, const void *row);
int rows_sort(struct rows *rows, const struct model *model, const struct column *sort, bool invert);
/* Sort by values of the caller. The strings stay valid until the return. */
int rows_sort_by(struct rows *rows, enum value_type type, bool invert,
		 struct value (*value)(const void *ctx, const void *row), const void *ctx);
void rows_free(struct rows *rows);

#endif
