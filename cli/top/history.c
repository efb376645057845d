// SPDX-License-Identifier: GPL-2.0
/* Changes between refreshes; see history.h. */
#include "top/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"

#define GRAVE_SECONDS 3

/* Skip views without a past. */
static bool has_past(enum view_id v)
{
	return screen_views[v].held;
}

/* Copy the rows: the next snapshot replaces the model in place. */
static int keep_rows(struct history *h)
{
	for (enum view_id v = 0; v < VIEWS; v++) {
		struct past *past = &h->past[v];
		const char *rows;
		uint32_t n;

		if (!has_past(v))
			continue;
		rows = view_rows(&views[v], &h->model, &n);
		if (buffer_reserve(&past->rows, &past->room, n * views[v].size))
			return -ENOMEM;
		if (n)
			memcpy(past->rows, rows, n * views[v].size);
		past->n = n;
	}
	return 0;
}

/* Return string i of a grave, a copy. */
static const char **own_string(struct grave *g, enum view_id v, uint32_t i)
{
	return (const char **)((char *)&g->row + screen_views[v].strings[i]);
}

static void free_grave(struct grave *g, enum view_id v)
{
	for (uint32_t i = 0; i < screen_views[v].n_strings; i++)
		free((char *)*own_string(g, v, i));
}

static void free_graves(struct history *h)
{
	for (enum view_id v = 0; v < VIEWS; v++) {
		struct past *past = &h->past[v];

		while (past->n_graves)
			free_grave(&past->graves[--past->n_graves], v);
	}
}

static int bury(struct past *past, enum view_id v, const void *row, double now)
{
	struct grave *g = array_add(&past->graves, &past->n_graves, &past->room_graves, sizeof(*g));
	int err = 0;

	if (!g)
		return -ENOMEM;
	g->died = now;
	memcpy(&g->row, row, views[v].size);
	for (uint32_t i = 0; i < screen_views[v].n_strings; i++) {
		const char **string = own_string(g, v, i);

		if (!*string)
			continue;
		*string = strdup(*string);
		if (!*string)
			err = -ENOMEM;
	}
	if (screen_views[v].bury)
		screen_views[v].bury(&g->row);
	return err;
}

static void drop_graves(struct history *h, enum view_id v)
{
	struct past *past = &h->past[v];
	uint32_t i, kept = 0;

	for (i = 0; i < past->n_graves; i++) {
		double age = h->model.time - past->graves[i].died;

		if (age >= 0 && age < GRAVE_SECONDS &&
		    index_get(&past->by_id, screen_views[v].id(&past->graves[i].row)) == INDEX_NONE)
			past->graves[kept++] = past->graves[i];
		else
			free_grave(&past->graves[i], v);
	}
	past->n_graves = kept;
}

static int index_rows(struct history *h, enum view_id v)
{
	struct index *by_id = &h->past[v].by_id;
	uint32_t n, i;
	int err = 0;

	index_clear(by_id);
	view_rows(&views[v], &h->model, &n);
	for (i = 0; i < n && !err; i++) {
		const void *row = view_row(&views[v], &h->model, i);

		if (row)
			err = index_put(by_id, screen_views[v].id(row), i);
	}
	return err;
}

/* Compute the rates of all rows, and bury dead rows. */
static int compare(struct history *h, enum view_id v, double seconds, uint32_t *born,
		   uint32_t *died)
{
	const struct screen_view *view = &screen_views[v];
	struct past *past = &h->past[v];
	size_t size = views[v].size;
	uint32_t n, i;
	const char *rows = view_rows(&views[v], &h->model, &n);

	if (buffer_reserve(&past->rates, &past->room_rates, n * sizeof(*past->rates)))
		return -ENOMEM;
	past->n_rates = n;
	*born = past->by_id.used;
	*died = 0;
	for (i = 0; i < n; i++)
		past->rates[i] = view->held(rows + i * size) / seconds;
	for (i = 0; i < past->n; i++) {
		const char *old = past->rows + i * size;
		uint32_t new;

		if (views[v].shown && !views[v].shown(&h->model, old))
			continue;
		new = index_get(&past->by_id, view->id(old));
		if (new != INDEX_NONE) {
			int64_t grown = view->held(rows + new * size) - view->held(old);

			past->rates[new] = grown / seconds;
			--*born;
		} else {
			++*died;
			if (bury(past, v, old, h->model.time))
				return -ENOMEM;
		}
	}
	drop_graves(h, v);
	return 0;
}

/* Add the values since the last refresh to the trails. Without hooks, forget the trails. */
static int note_trails(struct history *h)
{
	const struct model *m = &h->model;
	int err = 0;

	if (!m->watched)
		trails_clear(&h->trails);
	for (uint32_t i = 0; i < m->operations.n && !err && m->operations_timed; i++) {
		const struct model_operation *o = &m->operations.rows[i], *before;
		struct histogram recent = o->histogram;
		uint64_t ns;

		before = operations_find(&m->operations_before, o->type, o->direction, o->exporter,
					 o->device);
		if (before)
			histogram_subtract(&recent, &before->histogram);
		if (histogram_percentile(&recent, 99, &ns))
			err = trails_put(&h->trails, screen_views[VIEW_LATENCY].id(o), m->time, ns);
	}
	for (uint32_t i = 0; i < m->pipelines.n_flows && !err; i++)
		if (m->pipelines.flows[i].rate_known)
			err = trails_put(&h->trails, m->pipelines.flows[i].key, m->time,
					 m->pipelines.flows[i].rate);
	return err;
}

void history_restart(struct history *h, uint64_t peak)
{
	free_graves(h);
	trails_clear(&h->trails);
	index_clear(&h->model.pipelines.before);
	h->model.pipelines.time = 0;
	h->model.operations_time = 0;
	h->refreshes = 0;
	h->rates_known = false;
	h->born = h->died = 0;
	h->peak = peak;
}

int history_update(struct history *h, struct source *source, const struct filter *filter)
{
	double before = h->model.time, seconds;
	uint32_t born, died;
	int err;

	err = keep_rows(h) ?: source_snapshot(source, &h->model, filter) ?: note_trails(h);
	if (err)
		return err;
	if (h->model.totals.bytes > h->peak)
		h->peak = h->model.totals.bytes;
	seconds = h->model.time - before;
	/* The same time again, after an attach of hooks: keep the last changes. */
	if (h->refreshes && !seconds)
		return 0;
	for (enum view_id v = 0; v < VIEWS && !err; v++)
		if (has_past(v))
			err = index_rows(h, v);
	if (err)
		return err;
	/* The first refresh, or a step back in a recording: nothing to compare with. */
	if (!h->refreshes++ || seconds < 0) {
		h->rates_known = false;
		for (enum view_id v = 0; seconds < 0 && v < VIEWS; v++)
			drop_graves(h, v);
		return 0;
	}
	for (enum view_id v = 0; v < VIEWS; v++) {
		if (!has_past(v))
			continue;
		err = compare(h, v, seconds, &born, &died);
		if (err)
			return err;
		if (v == VIEW_BUFFERS) {
			h->born = born / seconds;
			h->died = died / seconds;
		}
	}
	h->rates_known = true;
	return 0;
}

static uint32_t row_index(const struct history *h, const struct screen_view *view, const void *row)
{
	uint32_t n;
	const char *rows = view_rows(view->data, &h->model, &n), *at = row;

	return n && at >= rows && at < rows + n * view->data->size ?
	       (at - rows) / view->data->size : INDEX_NONE;
}

bool history_rate(const struct history *h, const struct screen_view *view, const void *row,
		  int64_t *rate)
{
	const struct past *past = &h->past[view - screen_views];
	uint32_t i = row_index(h, view, row);

	if (!h->rates_known || i >= past->n_rates)
		return false;
	*rate = past->rates[i];
	return true;
}

bool history_is_dead(const struct history *h, const struct screen_view *view, const void *row)
{
	return row_index(h, view, row) == INDEX_NONE;
}

void history_free(struct history *h)
{
	free_graves(h);
	for (enum view_id v = 0; v < VIEWS; v++) {
		struct past *past = &h->past[v];

		free(past->rows);
		free(past->rates);
		free(past->graves);
		index_free(&past->by_id);
	}
	trails_free(&h->trails);
	model_free(&h->model);
}
