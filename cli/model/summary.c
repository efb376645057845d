// SPDX-License-Identifier: GPL-2.0
/* Sums over snapshots, and differences of two; see summary.h. */
#include "model/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/event.h"
#include "model/model.h"

#define PROCESSES_MAX (1u << 18)

static struct summary_exporter *exporter_row(struct summary *s, const char *name)
{
	const char *kept = intern(&s->strings, name, SIZE_MAX);
	/* Equal strings have one address */
	uint32_t i = index_get(&s->by_exporter, (uintptr_t)kept);
	struct summary_exporter *row;

	if (i != INDEX_NONE)
		return &s->exporters[i];
	row = array_add(&s->exporters, &s->n_exporters, &s->room_exporters, sizeof(*row));
	if (!row || (name && !kept) ||
	    index_put(&s->by_exporter, (uintptr_t)kept, s->n_exporters - 1))
		return NULL;
	row->exporter = kept;
	return row;
}

static struct summary_process *process_row(struct summary *s, uint32_t pid, const char *comm)
{
	const char *kept = intern(&s->strings, comm, SIZE_MAX);
	/* A pid may be another process later on */
	uint64_t key = (uintptr_t)kept * 0x9e3779b97f4a7c15u ^ pid;
	uint32_t i = index_get(&s->by_process, key);
	struct summary_process *row;

	if (i != INDEX_NONE)
		return &s->processes[i];
	i = index_get(&s->by_pid, pid);
	if (i != INDEX_NONE && s->processes[i].by_thread) {
		row = &s->processes[i];
	} else {
		row = array_add(&s->processes, &s->n_processes, &s->room_processes, sizeof(*row));
		i = s->n_processes - 1;
	}
	if (!row || (comm && !kept) || index_put(&s->by_process, key, i) ||
	    index_put(&s->by_pid, pid, i))
		return NULL;
	row->pid = pid;
	row->comm = kept;
	row->by_thread = false;
	return row;
}

static bool is_counted(const struct summary *s, uint64_t ino)
{
	return index_get(&s->live, ino) != INDEX_NONE ||
	       index_get(&s->exported, ino) != INDEX_NONE;
}

/*
 * Each once, however often it is selected; those that are there no more need not be remembered,
 * since an inode is never used again.
 */
static int add_buffers(struct summary *s, const struct model *m)
{
	struct index live = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < m->n_buffers && !err; i++) {
		const struct model_buffer *b = &m->buffers[i];
		bool counted = is_counted(s, b->ino);
		struct summary_exporter *row;

		if (!b->ino || (!b->selected && !counted))
			continue;
		err = index_put(&live, b->ino, 1);
		if (counted || err)
			continue;
		row = exporter_row(s, b->exporter);
		if (!row) {
			err = -ENOMEM;
			break;
		}
		row->seen++;
		s->seen++;
	}
	index_free(&s->live);
	s->live = live;
	return err;
}

static int add_exporters(struct summary *s, const struct model *m)
{
	for (uint32_t i = 0; i < s->n_exporters; i++)
		s->exporters[i].buffers = s->exporters[i].bytes = s->exporters[i].now = 0;
	for (uint32_t i = 0; i < m->n_exporters; i++) {
		const struct model_exporter *e = &m->exporters[i];
		struct summary_exporter *row = exporter_row(s, e->exporter);

		if (!row)
			return -ENOMEM;
		row->buffers = e->buffers;
		row->bytes = row->now = e->bytes;
		row->unsized |= e->unsized;
		if (e->bytes > row->peak)
			row->peak = e->bytes;
	}
	return 0;
}

static int add_processes(struct summary *s, const struct model *m)
{
	for (uint32_t i = 0; i < s->n_processes; i++)
		s->processes[i].buffers = s->processes[i].bytes = 0;
	for (uint32_t i = 0; i < m->n_processes; i++) {
		const struct model_process *p = &m->processes[i];
		struct summary_process *row;
		uint64_t bytes = p->pid ? p->rss : model_pss(p);

		if (!p->matches || !p->buffers)
			continue;
		if (s->n_processes >= PROCESSES_MAX)
			return -E2BIG;
		row = process_row(s, p->pid, p->comm);
		if (!row)
			return -ENOMEM;
		row->buffers = p->buffers;
		row->bytes = bytes;
		row->unsized |= p->unsized;
		if (p->buffers > row->most)
			row->most = p->buffers;
		if (bytes > row->peak)
			row->peak = bytes;
	}
	return 0;
}

int summary_add(struct summary *s, const struct model *m)
{
	if (!s->snapshots++)
		s->first = m->time;
	s->last = m->time;
	s->buffers = m->totals.buffers;
	s->bytes = s->now = m->totals.bytes;
	if (s->bytes > s->peak || s->snapshots == 1) {
		s->peak = s->bytes;
		s->peak_time = m->time;
	}
	return add_buffers(s, m) ?: add_exporters(s, m) ?: add_processes(s, m);
}

/* Of a thread, whose name may be another than the process' */
static int add_exporting(struct summary *s, const struct model_event *e)
{
	uint32_t i = index_get(&s->by_pid, e->pid);
	struct summary_process *row;

	if (!e->pid || (i == INDEX_NONE && s->n_processes >= PROCESSES_MAX))
		return 0;
	row = i == INDEX_NONE ? process_row(s, e->pid, e->comm) : &s->processes[i];
	if (!row)
		return -ENOMEM;
	row->by_thread |= i == INDEX_NONE;
	if (!row->most)
		row->most = 1;
	if (row->peak < e->raw.value)
		row->peak = e->raw.value;
	return 0;
}

static int add_export(struct summary *s, const struct model_event *e)
{
	struct summary_exporter *row = exporter_row(s, e->exporter);

	/* A snapshot may have had it first, made while the event was still on its way */
	bool counted = is_counted(s, e->raw.ino);

	if (!row || index_put(&s->exported, e->raw.ino, 1))
		return -ENOMEM;
	if (counted)
		return 0;
	row->seen++;
	s->seen++;
	row->now += e->raw.value;
	s->now += e->raw.value;
	if (row->now > row->peak)
		row->peak = row->now;
	if (s->now > s->peak) {
		s->peak = s->now;
		s->peak_time = e->realtime / 1e9;
	}
	return add_exporting(s, e);
}

static void take_away(uint64_t *bytes, uint64_t size)
{
	*bytes -= size < *bytes ? size : *bytes;
}

int summary_event(struct summary *s, const struct model_event *e)
{
	struct summary_exporter *row;

	if (e->raw.type == EVENT_EXPORT && !e->raw.result && e->raw.ino)
		return add_export(s, e);
	if (e->raw.type != EVENT_RELEASE || !is_counted(s, e->raw.ino))
		return 0;
	summary_gone(s, e->raw.ino);
	take_away(&s->now, e->size);
	row = exporter_row(s, e->exporter);
	if (!row)
		return -ENOMEM;
	take_away(&row->now, e->size);
	return 0;
}

void summary_gone(struct summary *s, uint64_t ino)
{
	index_remove(&s->exported, ino);
	index_remove(&s->live, ino);
}

void summary_free(struct summary *s)
{
	free(s->exporters);
	free(s->processes);
	index_free(&s->live);
	index_free(&s->exported);
	index_free(&s->by_pid);
	index_free(&s->by_exporter);
	index_free(&s->by_process);
	intern_free(&s->strings);
	memset(s, 0, sizeof(*s));
}

static int diff_count(struct diff *d, const struct model *m, uint32_t buffer, int side,
		      const char *key)
{
	const struct model_buffer *b = &m->buffers[buffer];
	const char *kept = intern(&d->strings, key, SIZE_MAX);
	uint32_t i = index_get(&d->by_key, (uintptr_t)kept);
	struct diff_row *row;

	if (i == INDEX_NONE) {
		row = array_add(&d->rows, &d->n, &d->room, sizeof(*row));
		if (!row || (key && !kept) || index_put(&d->by_key, (uintptr_t)kept, d->n - 1))
			return -ENOMEM;
		row->key = kept;
		i = d->n - 1;
	}
	row = &d->rows[i];
	if (row->last[side] == buffer + 1)
		return 0;
	row->last[side] = buffer + 1;
	row->buffers[side]++;
	row->bytes[side] += b->size;
	row->unsized |= !(b->valid & SNAP_HAS_SIZE);
	return 0;
}

/* Once for each command; those that no process holds have none. */
static int diff_by_comm(struct diff *d, const struct model *m, uint32_t buffer, int side)
{
	const struct model_buffer *b = &m->buffers[buffer];
	int err = 0;

	if (!b->procs)
		return diff_count(d, m, buffer, side, NULL);
	for (uint32_t i = b->first_holder; i < b->first_holder + b->procs && !err; i++) {
		const struct model_process *p = &m->processes[m->holders[i].process];

		if (p->matches)
			err = diff_count(d, m, buffer, side, p->comm);
	}
	return err;
}

int diff_add(struct diff *d, const struct model *m, int side, enum diff_by by,
	     const char *(*stack_of)(void *ctx, uint64_t ino), void *ctx)
{
	int err = 0;

	for (uint32_t i = 0; i < m->n_buffers && !err; i++) {
		const struct model_buffer *b = &m->buffers[i];

		if (!b->ino || !b->selected)
			continue;
		if (by == DIFF_COMM)
			err = diff_by_comm(d, m, i, side);
		else if (by == DIFF_STACK)
			err = diff_count(d, m, i, side, stack_of(ctx, b->ino));
		else
			err = diff_count(d, m, i, side, by == DIFF_NAME ?
					 (b->name && *b->name ? b->name : NULL) : b->exporter);
	}
	return err;
}

void diff_free(struct diff *d)
{
	free(d->rows);
	index_free(&d->by_key);
	intern_free(&d->strings);
	memset(d, 0, sizeof(*d));
}
