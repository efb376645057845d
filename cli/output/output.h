/* SPDX-License-Identifier: GPL-2.0 */
/* Writing a view's rows to a stream: text, JSON by json-c, CSV. */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "output/columns.h"

struct output_options {
	const struct column_list *columns;
	bool no_header;
	bool bytes;			/* exact sizes in text */
	bool timed;			/* CSV: a first column with the time of the refresh */
};

/* The longest string that any column has, a cgroup's path: JSON and CSV hold all of it. */
#define OUTPUT_STRING_MAX 4096	/* PATH_MAX */

/* All return 0, -ENOMEM, or -EIO if the stream failed. */
int output_table(FILE *out, const struct view *view, const struct model *model,
		 const struct rows *rows, const struct output_options *options);
/*
 * A row that needs no model as a line of text, as it comes; row NULL: the titles. 0 or -EIO.
 */
int output_line(FILE *out, const void *row, const struct output_options *options);
/* One object on one line: time, source, complete, and each view's rows under its name. */
int output_json_begin(FILE *out, const struct model *model);
int output_json_rows(FILE *out, const struct view *view, const struct model *model,
		     const struct rows *rows, const struct output_options *options);
void output_json_end(FILE *out);
/* A row that needs no model, as an object on a line of its own. */
int output_json_line(FILE *out, const void *row, const struct column_list *columns);
int output_csv(FILE *out, const struct view *view, const struct model *model,
	       const struct rows *rows, const struct output_options *options);
/* View, name, unit, type and help of every column of n views. */
int output_list_columns(FILE *out, const struct view *views, uint32_t n);

/*
 * A value as text for people, safe to print: "-" if unknown. Returns buf, which must hold
 * OUTPUT_CELL_ROOM bytes.
 */
#define OUTPUT_CELL_ROOM 1024
char *output_cell(char *buf, const struct column *column, const struct model *model,
		  const void *row, bool bytes);

#endif
