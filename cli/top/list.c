// SPDX-License-Identifier: GPL-2.0
/* The sorted lines of a view, with a cursor; see list.h. No drawing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/hash.h"
#include "top/lines.h"
#include "top/list.h"

/* The value of members in an index used as a set */
#define IS_IN 1

/* Columns outside the view's list are dropped last, from the right. */
#define KEEP_LAST (LAYOUT_KEEP + 1000)

/* A shorter name is useless. */
#define NAME_LEAST 5

int list_place_of(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; *names; i++) {
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
	bool elastic;
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
	/* Drawing widens the columns to fit their texts. */
	elastic = column->screen && column->screen->elastic;
	at->least = at->min = at->want = l->view->tight && !elastic ? 1 : column->width;
	if (column->type == VALUE_STRING && !elastic && at->least > NAME_LEAST)
		at->least = NAME_LEAST;
	keep = list_place_of(l->view->drop, name);
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
	l->sort = screen_column(view, view->data->sort);
	l->height = view->more ? 2 : 1;
	if (!columns || *columns == '+')
		err = add_columns(l, view->columns);
	if (columns && !err)
		err = add_columns(l, columns);
	return err;
}

int list_toggle_column(struct list *l, const struct column *column)
{
	uint32_t i, after;

	for (i = 0; i < l->n_columns && l->columns[i] != column; i++)
		;
	if (i == l->n_columns)
		return add_column(l, column->name);
	if (l->n_columns > 1) {
		after = --l->n_columns - i;
		memmove(&l->columns[i], &l->columns[i + 1], after * sizeof(*l->columns));
		memmove(&l->places[i], &l->places[i + 1], after * sizeof(*l->places));
	}
	return 0;
}

static bool contains(const char *text, const char *term, size_t len)
{
	for (; *text; text++)
		if (!strncasecmp(text, term, len))
			return true;
	return false;
}

/* Whether a text has any of the terms "term|term". */
static bool has_term(const char *text, const char *terms)
{
	while (*terms) {
		size_t len = strcspn(terms, "|");

		if (len && contains(text, terms, len))
			return true;
		terms += len + (terms[len] == '|');
	}
	return false;
}

/* Search names and ids, not amounts. */
static bool row_has_term(const struct list *l, const struct model *m, const void *row,
			 const char *terms)
{
	const struct column *column;
	char id[24];

	for (column = l->view->data->columns; column->name; column++) {
		struct value v;

		if (column->type != VALUE_STRING && column->type != VALUE_LIST &&
		    column->type != VALUE_ID)
			continue;
		v = column_value(column, m, row);
		if (!v.known)
			continue;
		if (column->type == VALUE_ID) {
			snprintf(id, sizeof(id), "%" PRIu64, v.number);
			v.string = id;
		}
		if (column->type != VALUE_LIST && has_term(v.string, terms))
			return true;
		for (uint32_t i = 0; column->type == VALUE_LIST && i < v.number; i++)
			if (has_term(column->item(m, row, i), terms))
				return true;
	}
	return false;
}

static bool passes(const struct list *l, const struct model *m, const void *row)
{
	return !*l->filter || row_has_term(l, m, row, l->filter);
}

/* Return the row behind a list opened by Enter; NULL: the row no longer exists. */
static const void *scope_row(const struct list *l, const struct model *m)
{
	const struct view *data = l->scope->data;
	uint32_t i, n;

	view_rows(data, m, &n);
	for (i = 0; i < n; i++) {
		const void *row = view_row(data, m, i);

		if (row && l->scope->id(row) == l->scope_key)
			return row;
	}
	return NULL;
}

static int add_rows(struct list *l, const struct model *m)
{
	const void *owner = NULL;
	uint32_t i, n;

	view_rows(l->view->data, m, &n);
	if (l->scope) {
		owner = scope_row(l, m);
		if (!owner)
			return 0;
	}
	for (i = 0; i < n; i++) {
		const void *row = view_row(l->view->data, m, i);

		if (row && (!owner || l->scope->holds(m, owner, row)) && passes(l, m, row) &&
		    rows_add(&l->rows, row))
			return -ENOMEM;
	}
	return 0;
}

/* Add dead rows, except to the list of a row: the owner of a dead row is unknown. */
static int add_graves(struct list *l, const struct history *h)
{
	const struct past *past = &h->past[l->view - screen_views];

	if (l->scope)
		return 0;
	for (uint32_t i = 0; i < past->n_graves; i++)
		if (passes(l, &h->model, &past->graves[i].row) &&
		    rows_add(&l->rows, &past->graves[i].row))
			return -ENOMEM;
	return 0;
}

static void sum_tagged(struct list *l, const struct history *h)
{
	l->n_tagged = 0;
	l->tagged_bytes = 0;
	for (uint32_t i = 0; l->tagged.used && i < l->rows.n; i++) {
		const void *row = l->rows.rows[i];

		if (list_is_tagged(l, row) && !history_is_dead(h, l->view, row)) {
			l->n_tagged++;
			if (l->view->bytes)
				l->tagged_bytes += l->view->bytes(row);
		}
	}
}

uint32_t list_count(const struct list *l)
{
	return l->n_lines ? l->n_lines : l->rows.n;
}

struct line list_line(const struct list *l, uint32_t i)
{
	/* An open row has several lines. */
	return l->n_lines ? l->lines[i] :
	       (struct line){ .row = l->rows.rows[i], .parent = l->rows.rows[i] };
}

static bool is_selected(const struct list *l, uint32_t i)
{
	struct line line = list_line(l, i);
	struct line_key key = lines_key(l, &line);

	return key.row == l->selected.row && key.part == l->selected.part;
}

static void select_line(struct list *l)
{
	struct line line = list_selected(l);

	if (line.row)
		l->selected = lines_key(l, &line);
}

/* Move the cursor with its line, without scrolling. */
static void follow(struct list *l)
{
	uint32_t n = list_count(l), i;

	if (!l->pinned) {
		l->cursor = l->top = 0;
		return;
	}
	for (i = 0; i < n; i++)
		if (is_selected(l, i))
			break;
	if (i < n) {
		l->top = i + l->top > l->cursor ? i + l->top - l->cursor : 0;
		l->cursor = i;
	} else if (l->cursor >= n) {
		l->cursor = n ? n - 1 : 0;
	}
	select_line(l);
}

/* The sort key of a list's rows */
struct list_order {
	const struct list *list;
	const struct history *history;
	struct intern *strings;		/* texts of the screen's columns */
};

static struct value sort_value(const void *ctx, const void *row)
{
	const struct list_order *by = ctx;
	const struct column *column = by->list->sort;
	struct value v = screen_value(by->history, by->list->view, column, row);

	if (v.known && v.string && column->screen) {
		v.string = intern(by->strings, v.string, SIZE_MAX);
		v.known = v.string;
	}
	return v;
}

static int sort_rows(struct list *l, const struct history *h)
{
	struct intern strings = { 0 };
	const struct list_order by = { l, h, &strings };
	int err = rows_sort_by(&l->rows, l->sort->type, l->invert, sort_value, &by);

	intern_free(&strings);
	return err;
}

int list_collect(struct list *l, const struct history *h)
{
	int err;

	l->rows.n = 0;
	err = add_rows(l, &h->model) ?: add_graves(l, h) ?: sort_rows(l, h) ?: lines_make(l, h);
	sum_tagged(l, h);
	follow(l);
	return err;
}

void list_move(struct list *l, int64_t by)
{
	int64_t to = (int64_t)l->cursor + by, n = list_count(l);

	if (!n)
		return;
	if (to >= n)
		to = n - 1;
	l->cursor = to < 0 ? 0 : to;
	select_line(l);
	l->pinned = true;
}

void list_home(struct list *l)
{
	l->cursor = l->top = 0;
	l->pinned = false;
}

/* Only rows have a second line, not the lines below open rows. */
static uint32_t height_of(const struct list *l, uint32_t i)
{
	return l->height > 1 && list_line(l, i).kind == LINE_ROW ? l->height : 1;
}

uint32_t list_y(const struct list *l, uint32_t i)
{
	uint32_t y = 0, at;

	if (l->height == 1)
		return i - l->top;
	for (at = l->top; at < i && at < list_count(l); at++)
		y += height_of(l, at);
	return y;
}

uint32_t list_at(const struct list *l, uint32_t y)
{
	uint32_t n = list_count(l), i;

	for (i = l->top; i < n && y >= height_of(l, i); i++)
		y -= height_of(l, i);
	return i;
}

void list_show_cursor(struct list *l, uint32_t lines)
{
	uint32_t n = list_count(l), rest = 0, i;

	if (!lines)
		return;
	/* No empty lines below while there are rows above */
	for (i = n; i > 0 && rest + height_of(l, i - 1) <= lines; i--)
		rest += height_of(l, i - 1);
	if (l->top > i)
		l->top = i;
	if (l->cursor < l->top)
		l->top = l->cursor;
	/* Show the whole line of the cursor, if the line fits */
	for (rest = 0, i = l->cursor + 1; n && i > l->top; i--) {
		rest += height_of(l, i - 1);
		if (rest > lines && i <= l->cursor) {
			l->top = i;
			break;
		}
	}
}

struct line list_selected(const struct list *l)
{
	if (l->cursor < list_count(l))
		return list_line(l, l->cursor);
	return (struct line){ .row = NULL };
}

/* Add a key to a set, or remove the key. */
static int toggle(struct index *set, uint64_t key, bool *is_in)
{
	*is_in = index_get(set, key) != IS_IN;
	return index_put(set, key, *is_in ? IS_IN : !IS_IN);
}

int list_toggle_open(struct list *l)
{
	struct line line = list_selected(l);
	bool opened;
	int err;

	if (!line.row)
		return 0;
	/* A closed row takes its lines away: move the cursor to the row. */
	l->selected = (struct line_key){ .row = l->view->id(line.parent) };
	l->pinned = true;
	err = toggle(&l->open, l->selected.row, &opened);
	if (!err)
		l->n_open += opened ? 1 : -1;
	return err;
}

int list_toggle_tag(struct list *l)
{
	struct line line = list_selected(l);
	bool tagged;

	return line.row ? toggle(&l->tagged, l->view->id(line.parent), &tagged) : 0;
}

bool list_is_tagged(const struct list *l, const void *row)
{
	return l->tagged.used && index_get(&l->tagged, l->view->id(row)) == IS_IN;
}

bool list_search(struct list *l, const struct model *m, const char *text, uint32_t from, int by)
{
	uint32_t n = list_count(l), at = from < n ? from : 0, i;

	for (i = 0; *text && i < n; i++) {
		struct line line = list_line(l, at);

		if (line.kind == LINE_ROW && row_has_term(l, m, line.row, text)) {
			list_move(l, (int64_t)at - l->cursor);
			return true;
		}
		at = (at + n + by) % n;
	}
	return false;
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
	free(l->lines);
	rows_free(&l->rows);
	rows_free(&l->parts);
	index_free(&l->open);
	index_free(&l->tagged);
}
