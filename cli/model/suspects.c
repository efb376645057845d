// SPDX-License-Identifier: GPL-2.0
/* What may be leaking, from moment to moment; see suspects.h. */
#include "model/suspects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"

struct suspect_history {
	uint32_t pid;
	uint32_t moments;		/* of the cycle that runs */
	uint64_t least;			/* in it */
	uint64_t cycles, rises;		/* rises: in a row */
	uint64_t mark, base;		/* of the last cycle; before the first of rises */
	double since;			/* of that */
	double seen;			/* the last moment that it was there */
};

/* What is known of a buffer from moment to moment. */
struct suspect_buffer {
	uint64_t ino;
	float since;			/* kernel-held, seconds after s->started; < 0: it is not */
	uint32_t former[SUSPECT_FORMER];	/* pids that held it and live, 0 none */
	bool was_held;
	bool unsure;			/* by more, or by somebody of whom nothing is known */
};

const char *suspect_name(enum suspect_kind kind)
{
	static const char *const names[] = { "growth", "kernel-held", "old" };

	return names[kind];
}

/*
 * Distinct for all kinds: multiples of the golden ratio differ in their highest bits, where pids
 * and inodes have none.
 */
#define KEY(kind, number) ((uint64_t)(kind) * 0x9e3779b97f4a7c15ull ^ (number))

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

static bool lives(const struct model *m, uint32_t pid)
{
	return index_get(&m->by_pid, pid) != INDEX_NONE || index_get(&m->former, pid) != INDEX_NONE;
}

static void add_former(struct suspect_buffer *h, uint32_t pid)
{
	h->was_held = true;
	for (int i = 0; i < SUSPECT_FORMER; i++) {
		if (h->former[i] == pid)
			return;
		if (!h->former[i]) {
			h->former[i] = pid;
			return;
		}
	}
	h->unsure = true;
}

/* Leaves out those that have exited; returns whether there are others. */
static bool some_live(const struct model *m, struct suspect_buffer *h)
{
	int i, kept = 0;

	for (i = 0; i < SUSPECT_FORMER && h->former[i]; i++)
		if (lives(m, h->former[i]))
			h->former[kept++] = h->former[i];
	for (i = kept; i < SUSPECT_FORMER; i++)
		h->former[i] = 0;
	return kept;
}

static bool is_open(const struct model *m, const char *name)
{
	return index_get(&m->open, hash_string(name)) != INDEX_NONE;
}

static bool node_is_open(const struct model *m, uint32_t node)
{
	const struct model_node *n = &m->nodes[node];

	return index_get(&m->open, n->rdev) != INDEX_NONE ||
	       (n->path && !strncmp(n->path, "/dev/", 5) && is_open(m, n->path + 5));
}

/* Where hooks have not seen through which node it was exported, any of the exporter's may be it. */
static bool exporter_is_open(const struct model *m, const struct model_buffer *b)
{
	char heap[SNAP_EXPORTER_LEN + sizeof("dma_heap/")];

	if (b->node != INDEX_NONE)
		return node_is_open(m, b->node);
	if (!b->exporter)
		return true;
	/* All of DRM's own, and all of V4L2's, go by one name */
	if (!strcmp(b->exporter, "drm"))
		return index_get(&m->open, MODEL_OPEN_MAJOR(226)) != INDEX_NONE;
	if (!strncmp(b->exporter, "videobuf2", strlen("videobuf2")))
		return index_get(&m->open, MODEL_OPEN_MAJOR(81)) != INDEX_NONE;
	snprintf(heap, sizeof(heap), "dma_heap/%s", b->exporter);
	return is_open(m, heap) || is_open(m, b->exporter);
}

/* Whether somebody has a device file open by whose driver he may use it. */
static bool may_be_used(const struct model *m, const struct model_buffer *b)
{
	if (!(b->valid & SNAP_HAS_ATTACHMENTS) || exporter_is_open(m, b))
		return true;
	for (uint32_t i = b->first_attachment; i < b->first_attachment + b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[i];

		if (is_open(m, m->devices[a->device].device) ||
		    (a->node != INDEX_NONE && node_is_open(m, a->node)))
			return true;
	}
	return false;
}

static bool only_kernel(const struct model *m, const struct model_buffer *b)
{
	return m->sees & MODEL_SEES_HOLDERS && m->sees & MODEL_SEES_REFERENCES && !b->torn &&
	       !b->procs && !b->in_flight;
}

/* Takes this moment into what is known of a buffer. */
static void follow(struct suspects *s, const struct model *m, const struct model_buffer *b,
		   struct suspect_buffer *h)
{
	bool first = !h->ino;

	h->ino = b->ino;
	for (uint32_t i = b->first_holder; i < b->first_holder + b->procs; i++)
		add_former(h, m->processes[m->holders[i].process].pid);
	if (first) {
		h->since = -1;
		if (b->exported_by && lives(m, b->exported_by))
			add_former(h, b->exported_by);
		else if (b->exported_by && m->exporters_asked)
			h->was_held = true;
		else if (b->exported_by)
			h->unsure = true;
	}
	if (!(m->sees & MODEL_SEES_USERS) || !only_kernel(m, b) || h->unsure || !h->was_held ||
	    some_live(m, h) || may_be_used(m, b))
		h->since = -1;
	else if (h->since < 0)
		h->since = m->time - s->started;
}

/* One row for each buffer, with what the last moment's has of it: both are sorted by inode. */
static int follow_buffers(struct suspects *s, const struct model *m)
{
	struct suspect_buffer *swap = s->before;
	uint32_t room = s->room_before, at = 0, i;

	s->before = s->buffers;
	s->n_before = s->n_buffers;
	s->room_before = s->room_buffers;
	s->buffers = swap;
	s->room_buffers = room;
	s->n_buffers = 0;
	for (i = 0; i < m->n_buffers; i++) {
		struct suspect_buffer *h = array_add(&s->buffers, &s->n_buffers,
						     &s->room_buffers, sizeof(*h));

		if (!h)
			return -ENOMEM;
		if (!m->buffers[i].ino)
			continue;
		while (at < s->n_before && s->before[at].ino < m->buffers[i].ino)
			at++;
		if (at < s->n_before && s->before[at].ino == m->buffers[i].ino)
			*h = s->before[at];
		follow(s, m, &m->buffers[i], h);
	}
	return 0;
}

/* The last time that somebody is known to have used it, 0 unknown. */
static double last_use(const struct model *m, const struct model_buffer *b)
{
	double last = b->valid & SNAP_HAS_CREATED ? b->created : 0;

	for (uint32_t i = b->first_attachment; i < b->first_attachment + b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[i];

		/* What was mapped before the hooks were set may be in use */
		if (!a->id || a->older || a->mapped[0] || a->mapped[1] || a->mapped[2])
			return 0;
		if (a->since > last)
			last = a->since;
	}
	for (uint32_t i = b->first_access; i < b->first_access + b->accesses; i++)
		if (m->accesses[i].last > last)
			last = m->accesses[i].last;
	return last;
}

static int add_buffer(struct suspects *s, const struct model *m, uint32_t i)
{
	const struct model_buffer *b = &m->buffers[i];
	uint64_t old = s->old_seconds ? s->old_seconds : SUSPECT_OLD_SECONDS;
	struct suspect *row;
	double since, used;

	if (!b->ino || !b->selected)
		return 0;
	if (s->buffers[i].since >= 0) {
		since = s->started + s->buffers[i].since;
		if (m->time - since < SUSPECT_KERNEL_SECONDS)
			return 0;
		row = add_row(s, SUSPECT_KERNEL_HELD);
		s->kernel_held++;
	} else if (!only_kernel(m, b)) {
		used = m->watched & MODEL_WATCHES_STATE ? last_use(m, b) : 0;
		/* It may have been used before anybody looked */
		if (used && used < s->started)
			used = s->started;
		if (!used || m->time - used < old)
			return 0;
		since = used;
		row = add_row(s, SUSPECT_OLD);
		s->old++;
	} else {
		return 0;
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
	s->n_buffers = 0;
	s->started = time;
}

int suspects_update(struct suspects *s, const struct model *m)
{
	int err;

	s->n = 0;
	s->growing = s->kernel_held = s->old = 0;
	if (!s->started || m->time < s->time)
		begin_anew(s, m->time);
	err = follow_buffers(s, m);
	for (uint32_t i = 0; i < m->n_processes && !err; i++)
		err = add_growth(s, m, i);
	for (uint32_t i = 0; i < m->n_buffers && !err; i++)
		err = add_buffer(s, m, i);
	s->time = m->time;
	if (s->n)
		qsort(s->rows, s->n, sizeof(*s->rows), compare);
	return err;
}

int suspects_copy(struct suspects *to, const struct suspects *from)
{
	suspects_free(to);
	to->old_seconds = from->old_seconds;
	to->time = from->time;
	to->started = from->started;
	for (uint32_t i = 0; i < from->n_processes; i++) {
		struct suspect_history *h = array_add(&to->processes, &to->n_processes,
						      &to->room_processes, sizeof(*h));

		if (!h || index_put(&to->by_pid, from->processes[i].pid, i))
			goto no_memory;
		*h = from->processes[i];
	}
	for (uint32_t i = 0; i < from->n_buffers; i++)
		if (array_append(&to->buffers, &to->n_buffers, &to->room_buffers,
				 &from->buffers[i], sizeof(*to->buffers)))
			goto no_memory;
	return 0;
no_memory:
	suspects_free(to);
	return -ENOMEM;
}

void suspects_free(struct suspects *s)
{
	free(s->rows);
	free(s->processes);
	index_free(&s->by_pid);
	free(s->buffers);
	free(s->before);
	memset(s, 0, sizeof(*s));
}
