// SPDX-License-Identifier: GPL-2.0
/* Finding columns, choosing and listing them, sorting rows by them; see columns.h. */
#include "output/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/hash.h"
#include "model/model.h"

const struct column *view_column(const struct view *view, const char *name)
{
	const struct column *c;

	for (c = view->columns; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

bool column_is_number(const struct column *column)
{
	return column->type < VALUE_STRING || column->type == VALUE_BOOL;
}

static int list_add(struct column_list *list, const struct column *column)
{
	return array_append(&list->columns, &list->n, &list->room, &column, sizeof(column));
}

static bool list_has(const struct column_list *list, const struct column *column)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->columns[i] == column)
			return true;
	return false;
}

/* Append the columns of "a,b" or "+a,b"; with '+', only those that the list lacks. */
static int list_add_names(struct column_list *list, const struct view *view, const char *names,
			  char **unknown)
{
	bool more = *names == '+';
	int err = 0;

	for (; names && !err; names = strchr(names, ',') ? strchr(names, ',') + 1 : NULL) {
		const struct column *c;
		char *name;

		names += *names == '+';
		name = strndup(names, strcspn(names, ","));
		if (!name)
			return -ENOMEM;
		c = view_column(view, name);
		if (!c) {
			*unknown = name;
			return -EINVAL;
		}
		free(name);
		if (!more || !list_has(list, c))
			err = list_add(list, c);
	}
	return err;
}

int column_list_parse(struct column_list *list, const struct view *view, const char *spec,
		      const char *shown, char **unknown)
{
	const struct column *c;
	int err = 0;

	list->n = 0;
	if (spec && *spec != '+')
		return list_add_names(list, view, spec, unknown);
	if (shown && *shown)
		err = list_add_names(list, view, shown, unknown);
	else
		for (c = view->columns; c->name && !err; c++)
			if (!shown || c->width)
				err = list_add(list, c);
	return !err && spec ? list_add_names(list, view, spec, unknown) : err;
}

struct row_key {
	const void *row;
	struct value value;
	uint32_t order;
};

struct sorting {
	enum value_type type;
	bool invert;
};

static int compare_values(enum value_type type, const struct value *a, const struct value *b)
{
	int order;

	if (type == VALUE_STRING)
		return strcmp(a->string, b->string);
	if (type == VALUE_CHANGE)
		order = (int64_t)a->number < (int64_t)b->number ? -1 :
			(int64_t)a->number > (int64_t)b->number;
	else
		order = a->number < b->number ? -1 : a->number > b->number;
	return type == VALUE_ID || type == VALUE_TIME ? order : -order;
}

static int compare_keys(const void *x, const void *y, void *arg)
{
	const struct row_key *a = x, *b = y;
	const struct sorting *sorting = arg;
	int order = 0;

	if (a->value.known != b->value.known)
		return a->value.known ? -1 : 1;
	if (a->value.known)
		order = compare_values(sorting->type, &a->value, &b->value);
	if (order)
		return sorting->invert ? -order : order;
	return a->order < b->order ? -1 : a->order > b->order;
}

/*
 * Puts the rows of the model's order where they stood the last time, if they are as many: from
 * one refresh to the next little moves, and what is in order need not be sorted.
 */
static void take_order(struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		struct row_key *key = &rows->keys[i];

		if (rows->n_sorted != rows->n)
			key->order = i;
		key->row = rows->rows[key->order];
	}
}

static bool is_sorted(const struct rows *rows, struct sorting *sorting)
{
	for (uint32_t i = 1; i < rows->n; i++)
		if (compare_keys(&rows->keys[i - 1], &rows->keys[i], sorting) > 0)
			return false;
	return true;
}

int rows_add(struct rows *rows, const void *row)
{
	return array_append(&rows->rows, &rows->n, &rows->room, &row, sizeof(row));
}

int rows_sort_by(struct rows *rows, enum value_type type, bool invert,
		 struct value (*value)(const void *ctx, const void *row), const void *ctx)
{
	struct sorting sorting = { type, invert };

	if (!rows->n)
		return 0;
	if (buffer_reserve(&rows->keys, &rows->room_keys, rows->n * sizeof(*rows->keys)))
		return -ENOMEM;
	take_order(rows);
	for (uint32_t i = 0; i < rows->n; i++)
		rows->keys[i].value = value(ctx, rows->keys[i].row);
	if (!is_sorted(rows, &sorting))
		qsort_r(rows->keys, rows->n, sizeof(*rows->keys), compare_keys, &sorting);
	rows->n_sorted = rows->n;
	for (uint32_t i = 0; i < rows->n; i++)
		rows->rows[i] = rows->keys[i].row;
	return 0;
}

struct column_order {
	const struct model *model;
	const struct column *column;
};

static struct value sort_value(const void *ctx, const void *row)
{
	const struct column_order *by = ctx;

	return column_value(by->column, by->model, row);
}

int rows_sort(struct rows *rows, const struct model *model, const struct column *sort, bool invert)
{
	const struct column_order by = { model, sort };

	return rows_sort_by(rows, sort->type, invert, sort_value, &by);
}

int rows_collect(struct rows *rows, const struct view *view, const struct model *model,
		 const struct column *sort, bool invert)
{
	uint32_t n, i;

	rows->n = 0;
	view_rows(view, model, &n);
	for (i = 0; i < n; i++) {
		const void *row = view_row(view, model, i);

		if (row && rows_add(rows, row))
			return -ENOMEM;
	}
	return rows_sort(rows, model, sort, invert);
}

void rows_free(struct rows *rows)
{
	free(rows->rows);
	free(rows->keys);
	memset(rows, 0, sizeof(*rows));
}
