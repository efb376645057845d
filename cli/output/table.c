// SPDX-License-Identifier: GPL-2.0
/* Rows as a text table, by libsmartcols; cells as text for people. See output.h. */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "output/output.h"
#include "output/text.h"

static void cell_list(char *buf, const struct column *column, const struct model *model,
		      const void *row, uint32_t n)
{
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		/* NOLINTNEXTLINE: a list's column has items */
		const char *item = column->item(model, row, i);

		/* The last word says that there are more: cells have a bound, devices have none. */
		if (len + TEXT_SAFE_ROOM(64) + 8 > OUTPUT_CELL_ROOM) {
			snprintf(buf + len, OUTPUT_CELL_ROOM - len, ";~");
			return;
		}
		if (i)
			buf[len++] = ';';
		len += text_safe(buf + len, OUTPUT_CELL_ROOM - len, item);
	}
}

/* +4.0M, -23, 0 */
static void put_change(char *buf, int64_t change, bool size)
{
	uint64_t amount = change < 0 ? -(uint64_t)change : (uint64_t)change;
	char text[8];

	if (size)
		snprintf(buf, OUTPUT_CELL_ROOM, "%s%s", change < 0 ? "-" : change ? "+" : "",
			 text_size(text, amount));
	else
		snprintf(buf, OUTPUT_CELL_ROOM, change ? "%+" PRId64 : "%" PRId64, change);
}

char *output_cell(char *buf, const struct column *column, const struct model *model,
		  const void *row, bool bytes)
{
	struct value v = { 0 };

	column->get(model, row, &v);
	if (!v.known || (column->item && !v.number)) {
		strcpy(buf, "-");
		return buf;
	}
	switch (column->type) {
	case VALUE_BYTES:
		if (!bytes)
			return text_size(buf, v.number);
		/* fall through */
	case VALUE_ID:
	case VALUE_NUMBER:
		snprintf(buf, OUTPUT_CELL_ROOM, "%" PRIu64, v.number);
		break;
	case VALUE_RATE:
		return text_rate(buf, v.number);
	case VALUE_CHANGE:
		put_change(buf, v.number, *column->unit && !bytes);
		break;
	case VALUE_SECONDS:
		return text_age(buf, v.number);
	case VALUE_NS:
		return text_ns(buf, v.number);
	case VALUE_TIME:
		return text_time(buf, v.number);
	case VALUE_STRING:
		text_safe(buf, OUTPUT_CELL_ROOM, v.string);
		break;
	case VALUE_LIST:
	case VALUE_IDS:
		cell_list(buf, column, model, row, v.number);
		break;
	case VALUE_BOOL:
		strcpy(buf, v.number ? "yes" : "no");
		break;
	}
	return buf;
}

/* Widths are the columns' own, since what comes later is not known; what is longer is not cut. */
static void put_padded(FILE *out, const char *text, const struct column *column, bool last)
{
	int width = text_width(text), pad = column->width > width ? column->width - width : 0;

	if (column_is_number(column))
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	putc_unlocked(last ? '\n' : ' ', out);
}

int output_line(FILE *out, const void *row, const struct output_options *options)
{
	const struct column_list *list = options->columns;
	char cell[OUTPUT_CELL_ROOM];
	uint32_t i;

	for (i = 0; i < list->n; i++) {
		const struct column *column = list->columns[i];

		put_padded(out, row ? output_cell(cell, column, NULL, row, options->bytes) :
			   column->title, column, i == list->n - 1);
	}
	return ferror(out) ? -EIO : 0;
}

static int fill_line(struct libscols_table *table, const struct model *model, const void *row,
		     const struct output_options *options)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char cell[OUTPUT_CELL_ROOM];
	uint32_t i;

	if (!line)
		return -ENOMEM;
	for (i = 0; i < options->columns->n; i++)
		if (scols_line_set_data(line, i, output_cell(cell, options->columns->columns[i],
							     model, row, options->bytes)))
			return -ENOMEM;
	return 0;
}

static int fill_table(struct libscols_table *table, const struct model *model,
		      const struct rows *rows, const struct output_options *options)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < options->columns->n; i++) {
		const struct column *c = options->columns->columns[i];

		struct libscols_column *column;

		column = scols_table_new_column(table, c->title, 0,
						column_is_number(c) ? SCOLS_FL_RIGHT : 0);
		if (!column)
			return -ENOMEM;
		/* Cells are safe already; it would escape their backslashes once more. */
		scols_column_set_safechars(column, "\\");
	}
	for (i = 0; i < rows->n && !err; i++)
		err = fill_line(table, model, rows->rows[i], options);
	return err;
}

int output_table(FILE *out, const struct view *view, const struct model *model,
		 const struct rows *rows, const struct output_options *options)
{
	struct libscols_table *table;
	int err;

	(void)view;
	if (!rows->n)
		return 0;
	table = scols_new_table();
	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	scols_table_enable_noheadings(table, options->no_header);
	/* Wide rows stay whole: cutting is the screen's affair. */
	scols_table_enable_nowrap(table, 1);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	err = fill_table(table, model, rows, options);
	if (!err && scols_print_table(table))
		err = -EIO;
	scols_unref_table(table);
	return err;
}

static const char *type_name(enum value_type type)
{
	switch (type) {
	case VALUE_STRING:
		return "string";
	case VALUE_LIST:
	case VALUE_IDS:
		return "list";
	case VALUE_BOOL:
		return "bool";
	default:
		return "number";
	}
}

int output_list_columns(FILE *out, const struct view *views, uint32_t n)
{
	static const char *const titles[] = { "VIEW", "NAME", "UNIT", "TYPE", "HELP" };
	struct libscols_table *table = scols_new_table();
	uint32_t i, j;
	int err = 0;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	scols_table_enable_nowrap(table, 1);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (i = 0; i < 5; i++)
		err |= !scols_table_new_column(table, titles[i], 0, 0);
	for (i = 0; i < n; i++) {
		for (j = 0; j < views[i].n_columns && !err; j++) {
			const struct column *c = &views[i].columns[j];
			struct libscols_line *line = scols_table_new_line(table, NULL);

			err = !line || scols_line_set_data(line, 0, views[i].name) ||
			      scols_line_set_data(line, 1, c->name) ||
			      scols_line_set_data(line, 2, *c->unit ? c->unit : "-") ||
			      scols_line_set_data(line, 3, type_name(c->type)) ||
			      scols_line_set_data(line, 4, c->help);
		}
	}
	err = err ? -ENOMEM : scols_print_table(table) ? -EIO : 0;
	scols_unref_table(table);
	return err;
}
