// SPDX-License-Identifier: GPL-2.0
/* What may be leaking, from moment to moment; see suspects.h. */
#include "model/suspects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/snapshot.h"

struct suspect_history {
	uint32_t pid;
	uint32_t moments;		/* of the cycle that runs */
	uint64_t least;			/* in it */
	uint64_t cycles, rises;		/* rises: in a row */
	uint64_t mark, base;		/* of the last cycle; before the first of rises */
	double since;			/* of that */
	double seen;			/* the last moment that it was there */
};

const char *suspect_name(enum suspect_kind kind)
{
	static const char *const names[] = { "growth", "kernel-held", "old" };

	return names[kind];
}

#define KEY(kind, number) ((uint64_t)(kind) << 62 ^ (number))

static struct suspect *add_row(struct suspects *s, enum suspect_kind kind)
{
	struct suspect *row = array_add(&s->rows, &s->n, &s->room, sizeof(*row));

	if (row) {
		row->kind = kind;
		row->process = row->buffer = INDEX_NONE;
	}
	return row;
}

static struct suspect_history *history_of(struct suspects *s, const struct model_process *p)
{
	uint32_t i = index_get(&s->by_pid, p->pid);
	struct suspect_history *h;

	if (i != INDEX_NONE) {
		h = &s->processes[i];
		/* Away in between, or another program: it begins anew */
		if (h->seen == s->time)
			return h;
		memset(h, 0, sizeof(*h));
		h->pid = p->pid;
		return h;
	}
	h = array_add(&s->processes, &s->n_processes, &s->room_processes, sizeof(*h));
	if (!h || index_put(&s->by_pid, p->pid, s->n_processes - 1))
		return NULL;
	h->pid = p->pid;
	return h;
}

static void end_cycle(struct suspect_history *h, double time)
{
	if (!h->cycles || h->least <= h->mark) {
		h->rises = 0;
	} else if (!h->rises++) {
		h->base = h->mark;
		h->since = time;
	}
	h->cycles++;
	h->mark = h->least;
	h->moments = 0;
}

static int add_growth(struct suspects *s, const struct model *m, uint32_t i)
{
	const struct model_process *p = &m->processes[i];
	struct suspect_history *h;
	struct suspect *row;

	if (!p->pid || !p->buffers)
		return 0;
	h = history_of(s, p);
	if (!h)
		return -ENOMEM;
	h->seen = m->time;
	if (!h->moments++ || p->buffers < h->least)
		h->least = p->buffers;
	if (h->moments == SUSPECT_MOMENTS)
		end_cycle(h, m->time);
	if (h->rises < SUSPECT_CYCLES || p->buffers <= h->base)
		return 0;
	row = add_row(s, SUSPECT_GROWTH);
	if (!row)
		return -ENOMEM;
	row->key = KEY(SUSPECT_GROWTH, p->pid);
	row->process = i;
	row->buffers = h->mark - h->base;
	row->bytes = p->rss;
	row->cycles = h->rises;
	row->from = h->base;
	row->to = h->mark;
	row->since = h->since;
	s->growing++;
	return 0;
}

/* Since when no process holds it: seconds after s->started. */
static int kernel_since(struct suspects *s, const struct model_buffer *b, double time,
			uint32_t *since)
{
	*since = index_get(&s->kernel_since, b->ino);
	if (*since == INDEX_NONE)
		*since = time - s->started;
	return index_put(&s->swap, b->ino, *since);
}

/* The last time that somebody is known to have used it, 0 unknown. */
static double last_use(const struct model *m, const struct model_buffer *b)
{
	double last = b->valid & SNAP_HAS_CREATED ? b->created : 0;
	uint32_t i;

	for (i = b->first_attachment; i < b->first_attachment + b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[i];

		/* What was mapped before the hooks were set may be in use */
		if (!a->id || a->older || a->mapped[0] || a->mapped[1] || a->mapped[2])
			return 0;
		if (a->since > last)
			last = a->since;
	}
	for (i = b->first_access; i < b->first_access + b->accesses; i++)
		if (m->accesses[i].last > last)
			last = m->accesses[i].last;
	return last;
}

static int add_buffer(struct suspects *s, const struct model *m, uint32_t i)
{
	const struct model_buffer *b = &m->buffers[i];
	uint64_t old = s->old_seconds ? s->old_seconds : SUSPECT_OLD_SECONDS;
	struct suspect *row = NULL;
	double since = 0, used;
	uint32_t after;

	if (!b->ino || !b->selected)
		return 0;
	if (m->sees & MODEL_SEES_HOLDERS && m->sees & MODEL_SEES_REFERENCES && !b->torn &&
	    !b->procs && !b->in_flight) {
		if (kernel_since(s, b, m->time, &after))
			return -ENOMEM;
		since = s->started + after;
		if (m->time - since < SUSPECT_KERNEL_SECONDS)
			return 0;
		row = add_row(s, SUSPECT_KERNEL_HELD);
		s->kernel_held++;
	} else {
		used = m->watched & MODEL_WATCHES_STATE ? last_use(m, b) : 0;
		/* It may have been used before anybody looked */
		if (used && used < s->started)
			used = s->started;
		if (!used || m->time - used < old)
			return 0;
		since = used;
		row = add_row(s, SUSPECT_OLD);
		s->old++;
	}
	if (!row)
		return -ENOMEM;
	row->key = KEY(row->kind, b->ino);
	row->buffer = i;
	row->buffers = 1;
	row->bytes = b->size;
	row->since = since;
	if (b->procs)
		row->process = m->holders[b->first_holder].process;
	return 0;
}

static int compare(const void *x, const void *y)
{
	const struct suspect *a = x, *b = y;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return a->buffer < b->buffer ? -1 : a->buffer > b->buffer;
}

static void begin_anew(struct suspects *s, double time)
{
	s->n_processes = 0;
	index_clear(&s->by_pid);
	index_clear(&s->kernel_since);
	s->started = time;
}

int suspects_update(struct suspects *s, const struct model *m)
{
	struct index swap;
	uint32_t i;
	int err = 0;

	s->n = 0;
	s->growing = s->kernel_held = s->old = 0;
	if (!s->started || m->time < s->time)
		begin_anew(s, m->time);
	index_clear(&s->swap);
	for (i = 0; i < m->n_processes && !err; i++)
		err = add_growth(s, m, i);
	for (i = 0; i < m->n_buffers && !err; i++)
		err = add_buffer(s, m, i);
	swap = s->kernel_since;
	s->kernel_since = s->swap;
	s->swap = swap;
	s->time = m->time;
	if (s->n)
		qsort(s->rows, s->n, sizeof(*s->rows), compare);
	return err;
}

void suspects_free(struct suspects *s)
{
	free(s->rows);
	free(s->processes);
	index_free(&s->by_pid);
	index_free(&s->kernel_since);
	index_free(&s->swap);
	memset(s, 0, sizeof(*s));
}
