// SPDX-License-Identifier: GPL-2.0
/* What leaks, of what was seen and of what is there at the end; see leaks.h. */
#include <errno.h>
#include <stdlib.h>

#include "model/leaks.h"
#include "model/model.h"

static const bool errors[] = {
#define LEAK_KIND_ERROR(id, key, event, error, help) [LEAK_##id] = error,
	LEAK_KINDS_LIST(LEAK_KIND_ERROR)
};

/* Of kinds without an event, a finding has the last reference that a driver took. */
static const uint8_t types[] = {
#define LEAK_KIND_EVENT(id, key, event, error, help) [LEAK_##id] = event,
	LEAK_KINDS_LIST(LEAK_KIND_EVENT)
};

static bool has_ended(const struct leaks *l, uint32_t pid)
{
	uint32_t i = pid ? index_get(&l->by_pid, pid) : INDEX_NONE;

	return i != INDEX_NONE && l->processes[i].ended;
}

/* Whether it is over for who began it. */
static bool is_unended(const struct leaks *l, const struct leak_buffer *b,
		       const struct leak_begun *g)
{
	return b->released || !l->options.running || has_ended(l, g->pid);
}

static const struct leak_begun *find_begun(const struct leaks *l, const struct leak_buffer *b,
					   unsigned int kind)
{
	for (uint32_t i = b->begun; i != INDEX_NONE; i = l->begun[i].next) {
		const struct leak_begun *g = &l->begun[i];

		if (types[kind] < EVENT_TYPES) {
			if (g->type == types[kind] && is_unended(l, b, g))
				return g;
		} else if (g->type == EVENT_GET || g->type == EVENT_ATTACH ||
			   g->type == EVENT_MAP) {
			return g;
		}
	}
	return NULL;
}

/* The buffer as it is at the end, NULL if it went. */
static const struct model_buffer *find_end(const struct model *end, uint64_t ino)
{
	uint32_t i = index_get(&end->by_ino, ino);

	return i == INDEX_NONE || !end->buffers[i].ino ? NULL : &end->buffers[i];
}

static void count_references(const struct model *end, const struct model_buffer *m,
			     struct leak_buffer *b)
{
	b->fds = m->fds;
	b->maps = m->maps;
	b->counted = model_buffer_kernel(end, m, &b->kernel);
	b->attachments = m->attachments;
	b->held = m->procs || m->in_flight;
}

/* Whether a process of the tree that lives on holds it. */
static bool is_in_use(const struct leaks *l, const struct model *end, const struct model_buffer *m)
{
	for (uint32_t i = m->first_holder; i < m->first_holder + m->procs; i++) {
		uint32_t pid = end->processes[end->holders[i].process].pid;
		uint32_t p = index_get(&l->by_pid, pid);

		if (p != INDEX_NONE && !l->processes[p].ended)
			return true;
	}
	return false;
}

/* What it is of being alive at the end: LEAK_KINDS is nothing. */
static unsigned int judge_alive(const struct leaks *l, const struct leak_buffer *b,
				const struct model *end, const struct model_buffer *m)
{
	const struct leak_process *p = &l->processes[b->process];

	if (l->options.running && (is_in_use(l, end, m) || (!p->ended && b->held) ||
				   (!p->ended && b->attachments)))
		return LEAK_KINDS;
	return b->held ? LEAK_OUTLIVED : LEAK_KERNEL_HELD;
}

static unsigned int judge_buffer(struct leaks *l, struct leak_buffer *b, const struct model *end,
				 uint64_t time)
{
	const struct model_buffer *m = NULL;
	unsigned int kind;

	if (!b->released) {
		m = end ? find_end(end, b->ino) : NULL;
		if (time > b->used && time - b->used > b->idle)
			b->idle = time - b->used;
		if (end && !m) {
			l->vanished++;
			b->released = time;
		}
	}
	if (m) {
		count_references(end, m, b);
		if (!b->name && m->name)
			b->name = intern(&l->strings, m->name, SIZE_MAX);
	} else if (b->left_fds + b->left_maps) {
		/* What there was when it was left is all there was, since it went with that */
		b->fds = b->left_fds;
		b->maps = b->left_maps;
		b->counted = true;
	}
	for (kind = LEAK_MAPPING; kind <= LEAK_CPU_ACCESS; kind++)
		if (find_begun(l, b, kind))
			return kind;
	if (b->grown)
		return LEAK_GROWTH;
	kind = m ? judge_alive(l, b, end, m) : LEAK_KINDS;
	if (kind != LEAK_KINDS)
		return kind;
	if (b->left_fds + b->left_maps > b->left_quietly)
		return LEAK_UNCLOSED;
	if (l->options.max_age && b->idle > l->options.max_age)
		return LEAK_OLD;
	if (l->options.unsynced && b->cpu_mapped && b->device_mapped && !b->synced)
		return LEAK_UNSYNCED;
	return LEAK_KINDS;
}

/* Findings */

/* Equal for what is one finding: kind and stacks, and where there is no stack what is known. */
static uint64_t key_of(const struct leaks *l, const struct leak_buffer *b, unsigned int kind,
		       const struct leak_begun *g)
{
	uint64_t key = hash_mix(hash_mix(hash_mix(0, kind), b->stack.kernel), b->stack.user);
	bool known = b->stack.user;

	if (kind <= LEAK_CPU_ACCESS && g) {
		key = hash_mix(hash_mix(hash_mix(key, g->stack.kernel), g->stack.user), 1);
		known = known && g->stack.user;
	}
	if (!known) {
		key = hash_mix(key, hash_string(b->exporter));
		key = hash_mix(key, hash_string(l->processes[b->process].comm));
		if (kind <= LEAK_CPU_ACCESS && g)
			key = hash_mix(hash_mix(key, hash_string(g->device)), hash_string(g->comm));
	}
	return key;
}

static struct leak_finding *find_finding(struct leaks *l, struct leak_buffer *b, unsigned int kind)
{
	const struct leak_begun *g = find_begun(l, b, kind);
	uint64_t key = key_of(l, b, kind, g);
	uint32_t i = index_get(&l->by_key, key);
	struct leak_finding *f;

	if (i != INDEX_NONE)
		return &l->findings[i];
	f = array_add(&l->findings, &l->n_findings, &l->room_findings, sizeof(*f));
	if (!f || index_put(&l->by_key, key, l->n_findings - 1))
		return NULL;
	f->kind = kind;
	f->error = kind == LEAK_UNCLOSED && l->options.strict ? true : errors[kind];
	f->exporter = b->exporter;
	f->size = b->size;
	f->process = kind == LEAK_UNCLOSED ? b->left_by : b->process;
	f->counted = true;
	f->stack = b->stack;
	f->begun = g;
	f->first = f->last = INDEX_NONE;
	f->suppressed = -1;
	return f;
}

static struct leak_holder *find_holder(struct leak_finding *f, uint32_t pid, const char *socket)
{
	struct leak_holder *h;

	for (uint32_t i = 0; i < f->n_holders; i++) {
		h = &f->holders[i];
		if (socket ? h->socket && h->socket == socket : !h->socket && h->pid == pid)
			return h;
	}
	if (f->n_holders == LEAK_HOLDERS) {
		f->more_holders = true;
		return NULL;
	}
	h = &f->holders[f->n_holders++];
	h->pid = pid;
	h->socket = socket;
	return h;
}

static void add_holders(struct leaks *l, struct leak_finding *f, const struct model *end,
			const struct model_buffer *m)
{
	uint32_t i;

	for (i = m->first_holder; i < end->n_holders && end->holders[i].buffer == m - end->buffers;
	     i++) {
		const struct model_holder *from = &end->holders[i];
		const struct model_process *p = NULL;
		struct leak_holder *h;

		if (from->process != NO_PROCESS)
			p = &end->processes[from->process];
		else if (!from->socket)
			continue;
		h = find_holder(f, p ? p->pid : 0,
				p ? NULL : intern(&l->strings, from->socket, SIZE_MAX));
		if (!h)
			continue;
		if (p) {
			h->comm = intern(&l->strings, p->comm, SIZE_MAX);
			h->of_tree = index_get(&l->by_pid, p->pid) != INDEX_NONE;
		}
		h->fds += from->fds;
		h->maps += from->maps;
		h->others += from->gem + from->io_uring + from->in_flight;
	}
}

static int add_to_finding(struct leaks *l, struct leak_buffer *b, unsigned int kind,
			  const struct model *end)
{
	struct leak_finding *f = find_finding(l, b, kind);
	const struct model_buffer *at_end;
	const struct leak_process *p;
	uint32_t i = b - l->buffers;

	if (!f)
		return -ENOMEM;
	if (f->last == INDEX_NONE)
		f->first = i;
	else
		l->buffers[f->last].next = i;
	f->last = i;
	b->next = INDEX_NONE;
	f->n++;
	f->bytes += b->size;
	if (f->size != b->size)
		f->size = 0;
	if (f->process != (kind == LEAK_UNCLOSED ? b->left_by : b->process))
		f->processes_differ = true;
	f->counted &= b->counted;
	f->fds += b->fds;
	f->maps += b->maps;
	f->kernel += b->kernel;
	f->attachments += b->attachments;
	if (b->idle > f->idle)
		f->idle = b->idle;
	p = &l->processes[b->process];
	if (kind == LEAK_GROWTH && p->rises > f->cycles) {
		f->cycles = p->rises;
		f->from = p->base;
		f->to = p->mark;
	}
	at_end = b->released || !end ? NULL : find_end(end, b->ino);
	if (at_end)
		add_holders(l, f, end, at_end);
	return 0;
}

static int compare_exports(const void *x, const void *y)
{
	const struct leak_buffer *a = *(const struct leak_buffer *const *)x;
	const struct leak_buffer *b = *(const struct leak_buffer *const *)y;

	if (a->exported != b->exported)
		return a->exported < b->exported ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

static int compare_findings(const void *x, const void *y)
{
	const struct leak_finding *a = x, *b = y;

	if (a->error != b->error)
		return a->error ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	/* By age: the same each time */
	return a->first < b->first ? -1 : a->first > b->first;
}

int leaks_judge(struct leaks *l, const struct model *end, uint64_t time)
{
	struct leak_buffer **sorted = malloc((l->n_buffers + 1) * sizeof(*sorted));
	uint32_t n = 0, i;
	int err = sorted ? 0 : -ENOMEM;

	for (i = 0; i < l->n_processes && !err; i++)
		leaks_freeze(l, &l->processes[i]);
	/* Places are used again: in the order of the exports */
	for (i = 0; i < l->n_buffers && !err; i++)
		if (l->buffers[i].used_here)
			sorted[n++] = &l->buffers[i];
	if (!err && n)
		qsort(sorted, n, sizeof(*sorted), compare_exports);
	for (i = 0; i < n && !err; i++) {
		unsigned int kind = judge_buffer(l, sorted[i], end, time);

		if (kind != LEAK_KINDS)
			err = add_to_finding(l, sorted[i], kind, end);
	}
	if (l->n_findings)
		qsort(l->findings, l->n_findings, sizeof(*l->findings), compare_findings);
	free(sorted);
	return err;
}
