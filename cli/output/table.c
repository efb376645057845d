// SPDX-License-Identifier: GPL-2.0
/* Rows as a text table; cells as text for people. See output.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/output.h"
#include "output/text.h"

static void cell_list(char *buf, const struct column *column, const struct model *model,
		      const void *row, uint32_t n)
{
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
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
	struct value v = column_value(column, model, row);

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
		put_change(buf, v.number, *column_unit(column) && !bytes);
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

static void put_spaces(FILE *out, int n)
{
	static const char spaces[] = "                                ";
	const int most = sizeof(spaces) - 1;

	for (; n > 0; n -= most)
		fwrite(spaces, 1, n < most ? n : most, out);
}

static void put_padded(FILE *out, const char *text, int width, bool right, bool last)
{
	int pad = width - text_width(text);

	if (right)
		put_spaces(out, pad);
	fputs(text, out);
	if (!right && !last)
		put_spaces(out, pad);
	putc_unlocked(last ? '\n' : ' ', out);
}

/* Widths are the columns' own, since what comes later is not known; what is longer is not cut. */
int output_line(FILE *out, const void *row, const struct output_options *options)
{
	const struct column_list *list = options->columns;
	char cell[OUTPUT_CELL_ROOM];

	for (uint32_t i = 0; i < list->n; i++) {
		const struct column *column = list->columns[i];

		put_padded(out, row ? output_cell(cell, column, NULL, row, options->bytes) :
			   column->title, column->width, column_is_number(column),
			   i == list->n - 1);
	}
	return ferror(out) ? -EIO : 0;
}

/* Lines and columns whose widths come from what is in them; wide lines stay whole. */
struct text_table {
	uint32_t lines, columns;	/* the first line is of titles */
	/* Text of a cell, in buf (OUTPUT_CELL_ROOM) if it needs room */
	const char *(*cell)(const void *ctx, uint32_t line, uint32_t column, char *buf);
	bool (*right)(const void *ctx, uint32_t column);
	const void *ctx;
	bool no_header;
};

/* Cells are made twice, once for their widths: cheaper than to keep them. */
static int put_table(FILE *out, const struct text_table *table)
{
	int *widths = calloc(table->columns, sizeof(*widths));
	char buf[OUTPUT_CELL_ROOM];
	uint32_t i, j;

	if (!widths)
		return -ENOMEM;
	for (i = 0; i < table->lines; i++) {
		for (j = 0; j < table->columns; j++) {
			int width = text_width(table->cell(table->ctx, i, j, buf));

			if (width > widths[j])
				widths[j] = width;
		}
	}
	for (i = table->no_header; i < table->lines; i++)
		for (j = 0; j < table->columns; j++)
			put_padded(out, table->cell(table->ctx, i, j, buf), widths[j],
				   table->right(table->ctx, j), j == table->columns - 1);
	free(widths);
	return ferror(out) ? -EIO : 0;
}

struct rows_table {
	const struct model *model;
	const struct rows *rows;
	const struct output_options *options;
};

static const char *rows_cell(const void *ctx, uint32_t line, uint32_t column, char *buf)
{
	const struct rows_table *own = ctx;
	const struct column *c = own->options->columns->columns[column];

	return line ? output_cell(buf, c, own->model, own->rows->rows[line - 1],
				  own->options->bytes) : c->title;
}

static bool rows_right(const void *ctx, uint32_t column)
{
	const struct rows_table *own = ctx;

	return column_is_number(own->options->columns->columns[column]);
}

int output_table(FILE *out, const struct view *view, const struct model *model,
		 const struct rows *rows, const struct output_options *options)
{
	struct rows_table own = { model, rows, options };
	struct text_table table = {
		.lines = rows->n + 1,
		.columns = options->columns->n,
		.cell = rows_cell,
		.right = rows_right,
		.ctx = &own,
		.no_header = options->no_header,
	};

	return rows->n ? put_table(out, &table) : 0;
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

/* Lines below the titles are the columns of all views. */
static const char *help_cell(const void *ctx, uint32_t line, uint32_t column, char *buf)
{
	static const char *const titles[] = { "VIEW", "NAME", "UNIT", "TYPE", "HELP" };
	const struct view *view = ctx;
	const struct column *c = view->columns;

	if (!line)
		return titles[column];
	while (--line)
		if (!(++c)->name)
			c = (++view)->columns;
	switch (column) {
	case 0:
		return view->name;
	case 1:
		return c->name;
	case 2:
		return *column_unit(c) ? column_unit(c) : "-";
	case 3:
		return type_name(c->type);
	default:
		return c->help;
	}
}

static bool help_right(const void *ctx, uint32_t column)
{
	return false;
}

int output_list_columns(FILE *out, const struct view *views, uint32_t n)
{
	struct text_table table = {
		.lines = 1,
		.columns = 5,
		.cell = help_cell,
		.right = help_right,
		.ctx = views,
	};
	const struct column *c;

	for (; n; n--, views++)
		for (c = views->columns; c->name; c++)
			table.lines++;
	return put_table(out, &table);
}
