// SPDX-License-Identifier: GPL-2.0
/* From refresh to refresh; see history.h. */
#include "top/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "source/source.h"

#define GRAVE_SECONDS 3

static uint64_t process_key(const void *row)
{
	return ((const struct model_process *)row)->pid;
}

static uint64_t buffer_key(const void *row)
{
	return ((const struct model_buffer *)row)->ino;
}

/* Names are the key, not where they stand: the model keeps them anew from time to time. */
static uint64_t device_key(const void *row)
{
	const struct model_device *d = row;

	return hash_string(d->device) * 31 + hash_string(d->driver);
}

static uint64_t exporter_key(const void *row)
{
	return hash_string(((const struct model_exporter *)row)->exporter);
}

static uint64_t operation_key(const void *row)
{
	const struct model_operation *o = row;

	return (hash_string(o->exporter) * 31 + hash_string(o->device)) * 256 + o->type * 4 +
	       o->direction;
}

static uint64_t flow_key(const void *row)
{
	return ((const struct model_flow *)row)->key;
}

static uint64_t suspect_key(const void *row)
{
	return ((const struct suspect *)row)->key;
}

static bool process_shown(const void *row)
{
	const struct model_process *p = row;

	return p->matches && p->buffers;
}

static bool buffer_shown(const void *row)
{
	return ((const struct model_buffer *)row)->selected;
}

static bool device_shown(const void *row)
{
	const struct model_device *d = row;

	return d->matches && d->attachments;
}

static bool exporter_shown(const void *row)
{
	return ((const struct model_exporter *)row)->buffers;
}

static uint64_t process_bytes(const void *row)
{
	const struct model_process *p = row;

	return p->pid ? p->rss : model_pss(p);
}

static uint64_t buffer_bytes(const void *row)
{
	return ((const struct model_buffer *)row)->size;
}

static uint64_t device_bytes(const void *row)
{
	return ((const struct model_device *)row)->bytes;
}

static uint64_t exporter_bytes(const void *row)
{
	return ((const struct model_exporter *)row)->bytes;
}

static uint32_t find_process(const struct model *m, const void *old)
{
	uint32_t pid = process_key(old);

	if (pid)
		return index_get(&m->by_pid, pid);
	/* The kernel's row is the last, if there is one. */
	return m->n_processes && !m->processes[m->n_processes - 1].pid ? m->n_processes - 1 :
	       INDEX_NONE;
}

static uint32_t find_buffer(const struct model *m, const void *old)
{
	return index_get(&m->by_ino, buffer_key(old));
}

static uint32_t find_device(const struct model *m, const void *old)
{
	uint32_t i;

	for (i = 0; i < m->n_devices; i++)
		if (device_key(&m->devices[i]) == device_key(old))
			return i;
	return INDEX_NONE;
}

static uint32_t find_exporter(const struct model *m, const void *old)
{
	uint32_t i;

	for (i = 0; i < m->n_exporters; i++)
		if (exporter_key(&m->exporters[i]) == exporter_key(old))
			return i;
	return INDEX_NONE;
}

#define KIND_OF(type, plural) {								\
	sizeof(struct model_##type), offsetof(struct model, plural),			\
	offsetof(struct model, n_##plural), type##_key, type##_shown, type##_bytes,	\
	find_##type }

static const struct {
	size_t size, rows, n;		/* of a row; where the model has them */
	uint64_t (*key)(const void *row);
	bool (*shown)(const void *row);
	uint64_t (*bytes)(const void *row);
	uint32_t (*find)(const struct model *model, const void *old);
} kinds[KINDS] = {
	[KIND_PROCESS] = KIND_OF(process, processes),
	[KIND_BUFFER] = KIND_OF(buffer, buffers),
	[KIND_DEVICE] = KIND_OF(device, devices),
	[KIND_EXPORTER] = KIND_OF(exporter, exporters),
	[KIND_OPERATION] = {
		.size = sizeof(struct model_operation), .key = operation_key,
		.rows = offsetof(struct model, operations.rows),
		.n = offsetof(struct model, operations.n),
	},
	[KIND_FLOW] = {
		.size = sizeof(struct model_flow), .key = flow_key,
		.rows = offsetof(struct model, pipelines.flows),
		.n = offsetof(struct model, pipelines.n_flows),
	},
	[KIND_SUSPECT] = {
		.size = sizeof(struct suspect), .key = suspect_key,
		.rows = offsetof(struct model, suspects.rows),
		.n = offsetof(struct model, suspects.n),
	},
};

static const char *rows_of(const struct model *m, enum kind kind, uint32_t *n)
{
	*n = *(const uint32_t *)((const char *)m + kinds[kind].n);
	return *(char *const *)((const char *)m + kinds[kind].rows);
}

static int make_room(void *array, size_t *room, size_t size)
{
	char **base = array, *larger;

	if (*room >= size)
		return 0;
	larger = realloc(*base, size + size / 4);
	if (!larger)
		return -ENOMEM;
	*base = larger;
	*room = size + size / 4;
	return 0;
}

/* The model is made anew in place, so what it was is kept aside. */
static int keep_rows(struct history *h)
{
	enum kind kind;

	for (kind = 0; kind < KINDS_COMPARED; kind++) {
		struct past *past = &h->past[kind];
		uint32_t n;
		const char *rows = rows_of(&h->model, kind, &n);

		if (make_room(&past->rows, &past->room, n * kinds[kind].size))
			return -ENOMEM;
		if (n)
			memcpy(past->rows, rows, n * kinds[kind].size);
		past->n = n;
	}
	return 0;
}

/* The strings that a grave names, which are its own. */
static void own_strings(struct grave *g, enum kind kind, const char **strings[2])
{
	strings[0] = strings[1] = NULL;
	switch (kind) {
	case KIND_PROCESS:
		strings[0] = &g->row.process.comm;
		strings[1] = &g->row.process.cgroup;
		break;
	case KIND_BUFFER:
		strings[0] = &g->row.buffer.exporter;
		strings[1] = &g->row.buffer.name;
		break;
	case KIND_DEVICE:
		strings[0] = &g->row.device.device;
		strings[1] = &g->row.device.driver;
		break;
	default:
		strings[0] = &g->row.exporter.exporter;
	}
}

static void free_grave(struct grave *g, enum kind kind)
{
	const char **strings[2];
	int i;

	own_strings(g, kind, strings);
	for (i = 0; i < 2; i++)
		if (strings[i])
			free((char *)*strings[i]);
}

static int bury(struct past *past, enum kind kind, const void *row, double now)
{
	struct grave *g = array_add(&past->graves, &past->n_graves, &past->room_graves, sizeof(*g));
	const char **strings[2];
	int i, err = 0;

	if (!g)
		return -ENOMEM;
	g->died = now;
	memcpy(&g->row, row, kinds[kind].size);
	own_strings(g, kind, strings);
	for (i = 0; i < 2; i++) {
		if (!strings[i] || !*strings[i])
			continue;
		*strings[i] = strdup(*strings[i]);
		if (!*strings[i])
			err = -ENOMEM;
	}
	if (kind == KIND_BUFFER) {
		g->row.buffer.valid &= ~SNAP_HAS_ATTACHMENTS;
		g->row.buffer.attachments = g->row.buffer.procs = 0;
	}
	return err;
}

static bool lives(const struct history *h, enum kind kind, const void *old)
{
	uint32_t n, i = kinds[kind].find(&h->model, old);
	const char *rows = rows_of(&h->model, kind, &n);

	return i != INDEX_NONE && kinds[kind].shown(rows + i * kinds[kind].size);
}

static void drop_graves(struct history *h, enum kind kind)
{
	struct past *past = &h->past[kind];
	uint32_t i, kept = 0;

	for (i = 0; i < past->n_graves; i++) {
		double age = h->model.time - past->graves[i].died;

		if (age >= 0 && age < GRAVE_SECONDS && !lives(h, kind, &past->graves[i].row))
			past->graves[kept++] = past->graves[i];
		else
			free_grave(&past->graves[i], kind);
	}
	past->n_graves = kept;
}

/* Rates of all rows, and graves for those that went. */
static int compare(struct history *h, enum kind kind, double seconds, uint32_t *born,
		   uint32_t *died)
{
	struct past *past = &h->past[kind];
	uint32_t n, i;
	const char *rows = rows_of(&h->model, kind, &n);
	size_t size = kinds[kind].size;

	if (make_room(&past->rates, &past->room_rates, n * sizeof(*past->rates)))
		return -ENOMEM;
	past->n_rates = n;
	*born = *died = 0;
	for (i = 0; i < n; i++) {
		past->rates[i] = kinds[kind].bytes(rows + i * size) / seconds;
		*born += kinds[kind].shown(rows + i * size);
	}
	for (i = 0; i < past->n; i++) {
		const char *old = past->rows + i * size;
		uint32_t new;

		if (!kinds[kind].shown(old))
			continue;
		new = kinds[kind].find(&h->model, old);
		if (new != INDEX_NONE && kinds[kind].shown(rows + new * size)) {
			int64_t grown = kinds[kind].bytes(rows + new * size) -
					kinds[kind].bytes(old);

			past->rates[new] = grown / seconds;
			--*born;
		} else {
			++*died;
			if (bury(past, kind, old, h->model.time))
				return -ENOMEM;
		}
	}
	drop_graves(h, kind);
	return 0;
}

/* What came since the refresh before. Without hooks there is nothing to go on from. */
static int note_trails(struct history *h)
{
	const struct model *m = &h->model;
	uint32_t i;
	int err = 0;

	if (!m->watched)
		trails_clear(&h->trails);
	for (i = 0; i < m->operations.n && !err && m->operations_timed; i++) {
		const struct model_operation *o = &m->operations.rows[i], *before;
		struct histogram recent = o->histogram;
		uint64_t ns;

		before = operations_find(&m->operations_before, o->type, o->direction, o->exporter,
					 o->device);
		if (before)
			histogram_subtract(&recent, &before->histogram);
		if (histogram_percentile(&recent, 99, &ns))
			err = trails_put(&h->trails, operation_key(o), m->time, ns);
	}
	for (i = 0; i < m->pipelines.n_flows && !err; i++)
		if (m->pipelines.flows[i].rate_known)
			err = trails_put(&h->trails, m->pipelines.flows[i].key, m->time,
					 m->pipelines.flows[i].rate);
	return err;
}

void history_restart(struct history *h, uint64_t peak)
{
	enum kind kind;

	for (kind = 0; kind < KINDS_COMPARED; kind++) {
		struct past *past = &h->past[kind];

		while (past->n_graves)
			free_grave(&past->graves[--past->n_graves], kind);
	}
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
	enum kind kind;
	int err;

	err = keep_rows(h);
	if (!err)
		err = source_snapshot(source, &h->model, filter);
	if (!err)
		err = note_trails(h);
	if (err)
		return err;
	if (h->model.totals.bytes > h->peak)
		h->peak = h->model.totals.bytes;
	seconds = h->model.time - before;
	/* The same moment once more (hooks were set): what changed before it still holds. */
	if (h->refreshes && !seconds)
		return 0;
	/* Without one before there is nothing to compare with; in a recording one may go back. */
	if (!h->refreshes++ || seconds < 0) {
		h->rates_known = false;
		for (kind = 0; seconds < 0 && kind < KINDS_COMPARED; kind++)
			drop_graves(h, kind);
		return 0;
	}
	for (kind = 0; kind < KINDS_COMPARED; kind++) {
		err = compare(h, kind, seconds, &born, &died);
		if (err)
			return err;
		if (kind == KIND_BUFFER) {
			h->born = born / seconds;
			h->died = died / seconds;
		}
	}
	h->rates_known = true;
	return 0;
}

static uint32_t row_index(const struct history *h, enum kind kind, const void *row)
{
	uint32_t n;
	const char *rows = rows_of(&h->model, kind, &n), *at = row;

	return n && at >= rows && at < rows + n * kinds[kind].size ?
	       (at - rows) / kinds[kind].size : INDEX_NONE;
}

bool history_rate(const struct history *h, enum kind kind, const void *row, int64_t *rate)
{
	uint32_t i = row_index(h, kind, row);

	if (!h->rates_known || i >= h->past[kind].n_rates)
		return false;
	*rate = h->past[kind].rates[i];
	return true;
}

uint64_t history_key(enum kind kind, const void *row)
{
	return kinds[kind].key(row);
}

bool history_is_dead(const struct history *h, enum kind kind, const void *row)
{
	return row_index(h, kind, row) == INDEX_NONE;
}

void history_free(struct history *h)
{
	enum kind kind;

	for (kind = 0; kind < KINDS_COMPARED; kind++) {
		uint32_t i;

		for (i = 0; i < h->past[kind].n_graves; i++)
			free_grave(&h->past[kind].graves[i], kind);
		free(h->past[kind].rows);
		free(h->past[kind].rates);
		free(h->past[kind].graves);
	}
	trails_free(&h->trails);
	model_free(&h->model);
}
