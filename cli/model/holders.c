// SPDX-License-Identifier: GPL-2.0
/* From the places that hold references to each buffer's holders; see holders.h. */
#include "model/holders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"

/* Any process may have any socket open, so that all names would be their product. */
#define SOCKET_NAMES 8

/* Within one buffer */
static int by_holder(const void *a, const void *b)
{
	const struct model_slot *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	/* A socket is a holder, as a process is */
	if (x->type == SNAP_IN_FLIGHT && x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->table < y->table ? -1 : x->table > y->table;
}

static int by_place(const void *a, const void *b)
{
	const struct model_slot *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Puts the slots of each buffer side by side, by counting: there are far more slots than any
 * buffer has. A buffer's first slot is then at model_buffer.first_holder, for a moment.
 */
static int group_slots(struct model *m)
{
	struct model_slot *sorted;
	uint32_t i, next = 0;

	for (i = 0; i < m->n_slots; i++)
		m->buffers[m->slots[i].buffer].procs++;
	for (i = 0; i < m->n_buffers; i++) {
		struct model_buffer *b = &m->buffers[i];

		b->first_holder = next;
		next += b->procs;
		b->procs = 0;
	}
	if (m->room_sorted < m->room_slots) {
		sorted = realloc(m->sorted, m->room_slots * sizeof(*sorted));
		if (!sorted)
			return -ENOMEM;
		m->sorted = sorted;
		m->room_sorted = m->room_slots;
	}
	for (i = 0; i < m->n_slots; i++) {
		struct model_buffer *b = &m->buffers[m->slots[i].buffer];

		m->sorted[b->first_holder + b->procs++] = m->slots[i];
	}
	sorted = m->sorted;
	m->sorted = m->slots;
	m->slots = sorted;
	next = m->room_sorted;
	m->room_sorted = m->room_slots;
	m->room_slots = next;
	return 0;
}

/* A process' threads may show the same table more than once: keeps each slot once. Returns n. */
static uint32_t drop_double_slots(struct model_slot *slots, uint32_t n)
{
	uint32_t i, kept = 1;
	int order;

	if (n < 2)
		return n;
	/* An fd and a mapping: what most buffers have */
	if (n == 2) {
		order = by_holder(&slots[0], &slots[1]);
		if (order > 0) {
			struct model_slot swap = slots[0];

			slots[0] = slots[1];
			slots[1] = swap;
		}
		return order ? 2 : 1;
	}
	qsort(slots, n, sizeof(*slots), by_holder);
	for (i = 1; i < n; i++)
		if (by_holder(&slots[kept - 1], &slots[i]))
			slots[kept++] = slots[i];
	return kept;
}

/* Which count of a buffer, and of a holder, a slot of a type goes to */
#define COUNT(field) { offsetof(struct model_buffer, field), offsetof(struct model_holder, field) }
static const struct {
	size_t buffer, holder;
} counts[] = {
	[SNAP_FD] = COUNT(fds), [SNAP_MAP] = COUNT(maps), [SNAP_GEM] = COUNT(gem),
	[SNAP_IN_FLIGHT] = COUNT(in_flight), [SNAP_IO_URING] = COUNT(io_uring),
	[SNAP_FRAMEBUFFER] = COUNT(framebuffers),
};

static void count(void *thing, size_t at)
{
	++*(uint32_t *)((char *)thing + at);
}

static int by_object(const void *a, const void *b)
{
	const struct model_slot *x = a, *y = b;

	return x->end < y->end ? -1 : x->end > y->end;
}

/* GEM objects that refer to the buffer, each once although several handles and framebuffers do. */
static void count_objects(struct model_buffer *b, struct model_slot *slots, uint32_t n)
{
	uint32_t i, gem = 0;

	for (i = 0; i < n; i++) {
		bool drm = slots[i].type == SNAP_GEM || slots[i].type == SNAP_FRAMEBUFFER;

		if (drm && slots[i].end)
			slots[gem++] = slots[i];
	}
	if (gem > 1)
		qsort(slots, gem, sizeof(*slots), by_object);
	for (i = 0; i < gem; i++)
		b->objects += !i || slots[i].end != slots[i - 1].end;
}

/* Counts the slots of one buffer, each place once although several processes may share it. */
static int count_places(struct model_buffer *b, const struct model_slot *slots, uint32_t n,
			struct model_slot **scratch, size_t *room)
{
	uint32_t i;

	/* Most are held by one process, by fds and mappings: nothing to look for. */
	for (i = 0; i < n && b->procs < 2 && slots[i].type <= SNAP_MAP; i++)
		count(b, counts[slots[i].type].buffer);
	if (i == n)
		return 0;
	b->fds = b->maps = 0;
	if (buffer_reserve(scratch, room, n * sizeof(*slots)))
		return -ENOMEM;
	memcpy(*scratch, slots, n * sizeof(*slots));
	qsort(*scratch, n, sizeof(*slots), by_place);
	for (i = 0; i < n; i++)
		if (!i || by_place(&(*scratch)[i - 1], &(*scratch)[i]))
			count(b, counts[(*scratch)[i].type].buffer);
	if (b->gem || b->framebuffers)
		count_objects(b, *scratch, n);
	return 0;
}

/*
 * The processes that have a socket open, "weston 640", SOCKET_NAMES of them; "-" for nobody that we
 * can see. Each socket's are looked at once, however many messages are in it or come from it. NULL
 * if memory is out.
 */
static const char *socket_holders(struct model *m, uint64_t table)
{
	uint32_t first = index_get(&m->by_socket, table), last = INDEX_NONE, n = 0, i;
	char text[SOCKET_NAMES * (SNAP_COMM_LEN + 16) + 32];
	size_t len = 0;

	if (first == INDEX_NONE)
		return " -";
	if (m->sockets[first].holders)
		return m->sockets[first].holders;
	for (i = first; i != INDEX_NONE; i = m->sockets[i].next) {
		const struct model_process *p = &m->processes[m->sockets[i].process];

		if (m->sockets[i].process != last && n++ < SOCKET_NAMES)
			len += snprintf(text + len, sizeof(text) - len, " %s %u", p->comm, p->pid);
		last = m->sockets[i].process;
	}
	if (n > SOCKET_NAMES)
		snprintf(text + len, sizeof(text) - len, " and %u more", n - SOCKET_NAMES);
	m->sockets[first].holders = intern(&m->strings, text, sizeof(text));
	return m->sockets[first].holders;
}

/* "12345: camsrv 812 <- weston 640": inode number, who can receive, who sent. */
static const char *describe_socket(struct model *m, const struct model_slot *s)
{
	uint32_t first = index_get(&m->by_socket, s->table);
	const char *receivers = socket_holders(m, s->table), *senders = socket_holders(m, s->end);
	char text[2 * SOCKET_NAMES * (SNAP_COMM_LEN + 16) + 128], ino[24] = "-";

	if (!receivers || !senders)
		return NULL;
	if (first != INDEX_NONE)
		snprintf(ino, sizeof(ino), "%llu", (unsigned long long)m->sockets[first].ino);
	snprintf(text, sizeof(text), "%s:%s <-%s", ino, receivers, senders);
	return intern(&m->strings, text, sizeof(text));
}

static struct model_holder *add_holder(struct model *m, uint32_t buffer)
{
	struct model_holder *h;

	h = array_add(&m->holders, &m->n_holders, &m->room_holders, sizeof(*h));
	if (h) {
		h->buffer = buffer;
		h->process = NO_PROCESS;
		h->attachment = INDEX_NONE;
	}
	return h;
}

/* The holders of one buffer, from its n slots at m->slots[first], and from its attachments. */
static int make_holders_of(struct model *m, struct model_buffer *b, uint32_t first, uint32_t n)
{
	struct model_holder *h = NULL;

	b->first_holder = m->n_holders;
	for (uint32_t i = 0; i < n; i++) {
		const struct model_slot *s = &m->slots[first + i];

		if (!i || s->process != s[-1].process ||
		    (s->process == NO_PROCESS && s->table != s[-1].table)) {
			h = add_holder(m, b - m->buffers);
			if (!h)
				return -ENOMEM;
			h->process = s->process;
			h->first_slot = first + i;
			if (s->process != NO_PROCESS)
				b->procs++;
			else if (!(h->socket = describe_socket(m, s)))
				return -ENOMEM;
		}
		count(h, counts[s->type].holder);
	}
	for (uint32_t i = 0; i < b->attachments; i++) {
		h = add_holder(m, b - m->buffers);
		if (!h)
			return -ENOMEM;
		h->attachment = b->first_attachment + i;
	}
	return 0;
}

int model_make_holders(struct model *m)
{
	struct model_slot *scratch = NULL;
	size_t room = 0;
	int err = group_slots(m);

	for (uint32_t i = 0; i < m->n_buffers && !err; i++) {
		struct model_buffer *b = &m->buffers[i];
		uint32_t first = b->first_holder, n = b->procs;
		/* Where nobody holds anything there are none */
		struct model_slot *slots = n ? &m->slots[first] : NULL;

		b->procs = 0;
		n = drop_double_slots(slots, n);
		err = make_holders_of(m, b, first, n) ?:
		      count_places(b, slots, n, &scratch, &room);
	}
	free(scratch);
	return err;
}
