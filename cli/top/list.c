// SPDX-License-Identifier: GPL-2.0
/* The rows of a view, in an order, with a cursor; see ui.h. No drawing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/hash.h"
#include "top/ui.h"

/* Columns that the view does not say go, go last, from the right. */
#define KEEP_LAST (LAYOUT_KEEP + 1000)

/* A name cut to less than this says nothing. */
#define NAME_LEAST 5

/* A name's place in a list of names, -1 if it is not there. */
static int place_of(const char *names, const char *name)
{
	size_t len = strlen(name);
	int i;

	for (i = 0; *names; i++) {
		size_t n = strcspn(names, ",");

		if (n == len && !strncmp(names, name, n))
			return i;
		names += n + (names[n] == ',');
	}
	return -1;
}

static int add_column(struct list *l, const char *name)
{
	const struct column *column = screen_column(l->view, name), **place;
	struct layout_column *at;
	uint32_t room = l->room_columns;
	int keep;

	if (!column)
		return -EINVAL;
	place = array_add(&l->columns, &l->n_columns, &l->room_columns, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = column;
	if (room != l->room_columns) {
		at = realloc(l->places, l->room_columns * sizeof(*at));
		if (!at)
			return -ENOMEM;
		l->places = at;
	}
	at = &l->places[l->n_columns - 1];
	memset(at, 0, sizeof(*at));
	at->least = at->min = at->want = column->width;
	if (column->type == VALUE_STRING && at->least > NAME_LEAST)
		at->least = NAME_LEAST;
	keep = place_of(l->view->drop, name);
	at->keep = keep < 0 ? KEEP_LAST - (int)l->n_columns : keep;
	return 0;
}

static int add_columns(struct list *l, const char *spec)
{
	int err = 0;

	while (*spec && !err) {
		size_t n;
		char *name;

		spec += *spec == '+';
		n = strcspn(spec, ",");
		name = strndup(spec, n);
		if (!name)
			return -ENOMEM;
		err = add_column(l, name);
		free(name);
		spec += n + (spec[n] == ',');
	}
	return err;
}

int list_init(struct list *l, const struct screen_view *view, const char *columns)
{
	int err = 0;

	l->view = view;
	l->data = view_find(view->name);
	l->sort = view_column(l->data, l->data->sort);
	if (!columns || *columns == '+')
		err = add_columns(l, view->columns);
	if (columns && !err)
		err = add_columns(l, columns);
	return err;
}

/* The row of the other view that this list belongs to, NULL if it is gone. */
static const void *scope_row(const struct list *l, const struct model *m)
{
	const struct view *data = view_find(l->scope->name);
	uint32_t i, n = data->count(m);

	for (i = 0; i < n; i++) {
		const void *row = data->row(m, i);

		if (row && history_key(l->scope->kind, row) == l->scope_key)
			return row;
	}
	return NULL;
}

static int add_rows(struct list *l, const struct model *m)
{
	uint32_t i, n = l->data->count(m);
	const void *owner = NULL;

	if (l->scope) {
		owner = scope_row(l, m);
		if (!owner)
			return 0;
	}
	for (i = 0; i < n; i++) {
		const void *row = l->data->row(m, i);

		if (row && (!owner || l->scope->holds(m, owner, row)) && rows_add(&l->rows, row))
			return -ENOMEM;
	}
	return 0;
}

/* The dead of a list that belongs to one row are not known to have belonged there. */
static int add_graves(struct list *l, const struct history *h)
{
	const struct past *past = &h->past[l->view->kind];
	uint32_t i;

	if (l->scope)
		return 0;
	for (i = 0; i < past->n_graves; i++)
		if (rows_add(&l->rows, &past->graves[i].row))
			return -ENOMEM;
	return 0;
}

/* Puts the cursor where its row went, on the same line of the screen. */
static void follow(struct list *l)
{
	uint32_t i;

	if (!l->pinned) {
		l->cursor = l->top = 0;
		return;
	}
	for (i = 0; i < l->rows.n; i++)
		if (history_key(l->view->kind, l->rows.rows[i]) == l->selected)
			break;
	if (i < l->rows.n) {
		l->top = i + l->top > l->cursor ? i + l->top - l->cursor : 0;
		l->cursor = i;
	} else if (l->cursor >= l->rows.n) {
		l->cursor = l->rows.n ? l->rows.n - 1 : 0;
	}
	if (l->rows.n)
		l->selected = history_key(l->view->kind, l->rows.rows[l->cursor]);
}

int list_collect(struct list *l, const struct history *h)
{
	int err;

	l->rows.n = 0;
	err = add_rows(l, &h->model);
	if (!err)
		err = add_graves(l, h);
	if (!err)
		err = rows_sort(&l->rows, &h->model, l->sort, l->invert);
	follow(l);
	return err;
}

void list_move(struct list *l, int64_t by)
{
	int64_t to = (int64_t)l->cursor + by;

	if (!l->rows.n)
		return;
	if (to >= l->rows.n)
		to = l->rows.n - 1;
	l->cursor = to < 0 ? 0 : to;
	l->selected = history_key(l->view->kind, l->rows.rows[l->cursor]);
	l->pinned = true;
}

void list_home(struct list *l)
{
	l->cursor = l->top = 0;
	l->pinned = false;
}

void list_show_cursor(struct list *l, uint32_t lines)
{
	if (!lines)
		return;
	/* No empty lines below while there are rows above */
	if (l->top + lines > l->rows.n)
		l->top = l->rows.n > lines ? l->rows.n - lines : 0;
	if (l->cursor < l->top)
		l->top = l->cursor;
	if (l->cursor >= l->top + lines)
		l->top = l->cursor - lines + 1;
}

const void *list_selected(const struct list *l)
{
	return l->cursor < l->rows.n ? l->rows.rows[l->cursor] : NULL;
}

void list_sort_beside(struct list *l, int by)
{
	uint32_t i;

	for (i = 0; i < l->n_columns; i++)
		if (l->columns[i] == l->sort)
			break;
	if (i == l->n_columns)
		i = 0;
	else
		i = (i + l->n_columns + by) % l->n_columns;
	l->sort = l->columns[i];
	l->invert = false;
}

void list_free(struct list *l)
{
	free(l->columns);
	free(l->places);
	rows_free(&l->rows);
}
