// SPDX-License-Identifier: GPL-2.0
/* Takes events and keeps what leaks are judged by; see leaks.h. leaks_judge.c judges. */
#include "model/leaks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *help;
} kinds[] = {
#define LEAK_KIND_ROW(id, key, event, error, help) [LEAK_##id] = { #key, help },
	LEAK_KINDS_LIST(LEAK_KIND_ROW)
};

const char *leak_name(unsigned int kind)
{
	return kind < LEAK_KINDS ? kinds[kind].name : NULL;
}

const char *leak_help(unsigned int kind)
{
	return kind < LEAK_KINDS ? kinds[kind].help : NULL;
}

void leaks_init(struct leaks *l, const struct leaks_options *options)
{
	memset(l, 0, sizeof(*l));
	l->options = *options;
	l->free_buffers = l->free_begun = INDEX_NONE;
}

/* The stacks that led to it */
static struct leak_stack stack_of(const struct model_event *event)
{
	return (struct leak_stack){ event->kernel_stack, event->user_stack };
}

void leaks_settle_stacks(struct leaks *l, uint64_t (*settle)(void *ctx, uint64_t number),
			 void *ctx)
{
	for (uint32_t i = 0; i < l->n_buffers; i++) {
		l->buffers[i].stack.kernel = settle(ctx, l->buffers[i].stack.kernel);
		l->buffers[i].stack.user = settle(ctx, l->buffers[i].stack.user);
	}
	for (uint32_t i = 0; i < l->n_begun; i++) {
		l->begun[i].stack.kernel = settle(ctx, l->begun[i].stack.kernel);
		l->begun[i].stack.user = settle(ctx, l->begun[i].stack.user);
	}
}

static bool same_stack(struct leak_stack a, struct leak_stack b)
{
	return a.kernel == b.kernel && a.user == b.user;
}

static const char *keep(struct leaks *l, const char *text)
{
	return intern(&l->strings, text, SIZE_MAX);
}

/* Processes */

static struct leak_process *find_process(struct leaks *l, uint32_t pid)
{
	uint32_t i = pid ? index_get(&l->by_pid, pid) : INDEX_NONE;

	return i == INDEX_NONE ? NULL : &l->processes[i];
}

static struct leak_process *add_process(struct leaks *l, uint32_t pid, uint32_t parent,
					const char *comm)
{
	struct leak_process *p = array_add(&l->processes, &l->n_processes, &l->room_processes,
					   sizeof(*p));

	if (!p || index_put(&l->by_pid, pid, l->n_processes - 1))
		return NULL;
	p->pid = pid;
	p->parent = parent;
	p->comm = comm;
	p->first = p->last = INDEX_NONE;
	return p;
}

int leaks_add_process(struct leaks *l, uint32_t pid, const char *comm)
{
	return add_process(l, pid, INDEX_NONE, keep(l, comm)) ? 0 : -ENOMEM;
}

/* The process of the tree that did it, NULL if it is not one of them or memory is out. */
static struct leak_process *process_of(struct leaks *l, const struct model_event *event)
{
	struct leak_process *p = find_process(l, event->pid);

	if (!event->pid || (!p && !l->options.everybody))
		return NULL;
	/* What an exit closes comes after it: only an export shows that the number is another's */
	if (!p || (p->ended && l->options.everybody && event->raw.type == EVENT_EXPORT))
		p = add_process(l, event->pid, INDEX_NONE, keep(l, event->comm));
	/* The others are the names of threads */
	if (p && event->comm && (event->raw.tid == event->pid || !p->comm))
		p->comm = keep(l, event->comm);
	return p;
}

static int fork_process(struct leaks *l, const struct model_event *event)
{
	struct leak_process *parent = process_of(l, event);

	if (!parent || !event->raw.attachment)
		return 0;
	return add_process(l, event->raw.attachment, parent - l->processes, parent->comm) ?
		0 : -ENOMEM;
}

/*
 * A cycle has ended: releases with no export between them are of one. Its low-water mark is what
 * is alive now.
 */
static void end_cycle(struct leak_process *p)
{
	p->releasing = false;
	if (!p->cycles || p->alive <= p->mark) {
		p->rises = 0;
	} else if (!p->rises++) {
		p->base = p->mark;
		p->based = p->marked;
	}
	p->cycles++;
	p->mark = p->alive;
	p->marked = p->exported;
}

/*
 * What it has when it begins to exit is what it had: what is closed from here on the kernel
 * closes. Of what it exported while its mark rose, the oldest are those that it grew by.
 */
void leaks_freeze(struct leaks *l, struct leak_process *p)
{
	uint64_t grown = 0;

	if (p->exiting)
		return;
	p->exiting = true;
	if (p->releasing)
		end_cycle(p);
	if (p->rises < LEAK_CYCLES)
		return;
	for (uint32_t i = p->first; i != INDEX_NONE && grown < p->mark - p->base;
	     i = l->buffers[i].after) {
		struct leak_buffer *b = &l->buffers[i];

		if (b->number <= p->based || b->number > p->marked)
			continue;
		b->grown = true;
		grown++;
	}
}

/* Buffers */

static struct leak_buffer *find_buffer(struct leaks *l, uint64_t ino)
{
	uint32_t i = ino ? index_get(&l->by_ino, ino) : INDEX_NONE;

	/* An inode number is never used again, but its place here may be */
	return i == INDEX_NONE || l->buffers[i].ino != ino || l->buffers[i].released ? NULL :
		&l->buffers[i];
}

static struct leak_buffer *new_buffer(struct leaks *l, uint64_t ino)
{
	uint32_t i = l->free_buffers;
	struct leak_buffer *b;

	if (i != INDEX_NONE) {
		b = &l->buffers[i];
		l->free_buffers = b->next;
		memset(b, 0, sizeof(*b));
	} else {
		b = array_add(&l->buffers, &l->n_buffers, &l->room_buffers, sizeof(*b));
		if (!b)
			return NULL;
		i = l->n_buffers - 1;
	}
	if (index_put(&l->by_ino, ino, i))
		return NULL;
	b->ino = ino;
	b->used_here = true;
	b->before = b->after = b->begun = b->left_by = b->next = INDEX_NONE;
	return b;
}

static int export_buffer(struct leaks *l, const struct model_event *event)
{
	struct leak_process *p = process_of(l, event);
	struct leak_buffer *b;
	uint32_t i;

	if (!p || event->raw.result || !event->raw.ino)
		return 0;
	b = new_buffer(l, event->raw.ino);
	if (!b)
		return -ENOMEM;
	i = b - l->buffers;
	if (p->releasing)
		end_cycle(p);
	b->size = event->raw.value;
	b->exporter = keep(l, event->exporter);
	b->exported = b->used = event->raw.time;
	b->process = p - l->processes;
	b->stack = stack_of(event);
	b->number = ++p->exported;
	b->before = p->last;
	if (p->last != INDEX_NONE)
		l->buffers[p->last].after = i;
	else
		p->first = i;
	p->last = i;
	p->alive++;
	l->alive++;
	return 0;
}

/* Whether what happened to it may be a finding, now that it is gone. */
static bool is_to_be_judged(const struct leaks *l, const struct leak_buffer *b)
{
	return b->begun != INDEX_NONE || b->left_fds + b->left_maps || b->grown ||
	       (l->options.max_age && b->idle > l->options.max_age) ||
	       (l->options.unsynced && b->cpu_mapped && b->device_mapped && !b->synced);
}

/* Some are ended by any end, others by that of their attachment. */
static bool is_of_attachment(unsigned int type)
{
	return type != EVENT_GET && type != EVENT_VMAP && type != EVENT_BEGIN;
}

static uint64_t begun_key(uint32_t buffer, unsigned int type, uint32_t attachment)
{
	if (!is_of_attachment(type))
		attachment = 0;
	return ((uint64_t)buffer << 32 | attachment) * 0x9e3779b97f4a7c15u + type;
}

/* Puts it first, both of its buffer's and of those that are alike. 0 or -ENOMEM. */
static int link_begun(struct leaks *l, uint32_t i)
{
	struct leak_begun *g = &l->begun[i];
	struct leak_buffer *b = &l->buffers[g->buffer];
	uint64_t key = begun_key(g->buffer, g->type, g->attachment);

	g->alike = index_get(&l->by_begun, key);
	if (index_put(&l->by_begun, key, i))
		return -ENOMEM;
	g->before = INDEX_NONE;
	g->next = b->begun;
	if (g->next != INDEX_NONE)
		l->begun[g->next].before = i;
	b->begun = i;
	return 0;
}

static void unlink_begun(struct leaks *l, uint32_t i)
{
	struct leak_begun *g = &l->begun[i];
	uint64_t key = begun_key(g->buffer, g->type, g->attachment);
	uint32_t first = index_get(&l->by_begun, key), *link = &first;

	if (g->before != INDEX_NONE)
		l->begun[g->before].next = g->next;
	else
		l->buffers[g->buffer].begun = g->next;
	if (g->next != INDEX_NONE)
		l->begun[g->next].before = g->before;
	while (*link != i)
		link = &l->begun[*link].alike;
	*link = g->alike;
	if (first == INDEX_NONE)
		index_remove(&l->by_begun, key);
	else
		index_put(&l->by_begun, key, first);
}

static void forget_begun(struct leaks *l, uint32_t i)
{
	unlink_begun(l, i);
	l->begun[i].next = l->free_begun;
	l->free_begun = i;
}

/* A driver's reference that was given back in another way is none any more. */
static void forget_gets(struct leaks *l, uint32_t buffer)
{
	uint64_t key = begun_key(buffer, EVENT_GET, 0);
	uint32_t i = index_get(&l->by_begun, key), next;

	for (; i != INDEX_NONE; i = next) {
		next = l->begun[i].alike;
		if (l->begun[i].type == EVENT_GET && l->begun[i].buffer == buffer)
			forget_begun(l, i);
	}
}

static void release_buffer(struct leaks *l, struct leak_buffer *b, uint64_t time)
{
	struct leak_process *p = &l->processes[b->process];

	b->released = time ? time : 1;
	if (b->before != INDEX_NONE)
		l->buffers[b->before].after = b->after;
	else
		p->first = b->after;
	if (b->after != INDEX_NONE)
		l->buffers[b->after].before = b->before;
	else
		p->last = b->before;
	p->alive--;
	p->releasing = true;
	l->alive--;
	forget_gets(l, b - l->buffers);
	if (is_to_be_judged(l, b))
		return;
	b->used_here = false;
	b->next = l->free_buffers;
	l->free_buffers = b - l->buffers;
}

/* What is begun and ended */

static bool is_of(const struct leak_begun *g, uint32_t buffer, unsigned int type,
		  const struct model_event *event)
{
	return g->type == type && g->buffer == buffer &&
	       (!is_of_attachment(type) || g->attachment == event->raw.attachment);
}

/* The first of those that an event of that type may end, or INDEX_NONE. */
static uint32_t first_begun(const struct leaks *l, uint32_t buffer, unsigned int type,
			    const struct model_event *event)
{
	return index_get(&l->by_begun, begun_key(buffer, type, event->raw.attachment));
}

/* The same once more is counted, so that who never ends anything fills no memory. */
static bool begin_again(struct leaks *l, uint32_t buffer, const struct model_event *event)
{
	unsigned int direction = event->raw.flags & EVENT_DIRECTION;
	uint32_t i = first_begun(l, buffer, event->raw.type, event);

	for (; i != INDEX_NONE; i = l->begun[i].alike) {
		struct leak_begun *g = &l->begun[i];

		if (!is_of(g, buffer, event->raw.type, event) || g->direction != direction ||
		    g->pid != event->pid || !same_stack(g->stack, stack_of(event)))
			continue;
		g->count++;
		g->time = event->raw.time;
		/* It has a slot, so that there is room */
		unlink_begun(l, i);
		link_begun(l, i);
		return true;
	}
	return false;
}

static int begin(struct leaks *l, struct leak_buffer *b, const struct model_event *event)
{
	uint32_t buffer = b - l->buffers, i = l->free_begun;
	struct leak_begun *g;

	if (event->raw.type != EVENT_ATTACH && begin_again(l, buffer, event))
		return 0;
	if (i != INDEX_NONE) {
		g = &l->begun[i];
		l->free_begun = g->next;
		memset(g, 0, sizeof(*g));
	} else {
		g = array_add(&l->begun, &l->n_begun, &l->room_begun, sizeof(*g));
		if (!g)
			return -ENOMEM;
		i = l->n_begun - 1;
	}
	g->time = event->raw.time;
	g->count = 1;
	g->attachment = event->raw.attachment;
	g->pid = event->pid;
	g->stack = stack_of(event);
	g->comm = keep(l, event->comm);
	g->device = keep(l, event->device);
	g->node = keep(l, event->node);
	g->type = event->raw.type;
	g->direction = event->raw.flags & EVENT_DIRECTION;
	g->buffer = buffer;
	return link_begun(l, i);
}

/* The last that it may end, of the same direction and process if there is such a one. */
static void end(struct leaks *l, struct leak_buffer *b, unsigned int type,
		const struct model_event *event)
{
	unsigned int direction = event->raw.flags & EVENT_DIRECTION, likeness = 0;
	uint32_t buffer = b - l->buffers, best = INDEX_NONE, i;

	for (i = first_begun(l, buffer, type, event); i != INDEX_NONE && likeness < 4;
	     i = l->begun[i].alike) {
		const struct leak_begun *g = &l->begun[i];
		unsigned int like;

		if (!is_of(g, buffer, type, event))
			continue;
		/* Who only looks at buffers, as iterators do, puts what it never got */
		if (type == EVENT_GET && g->pid != event->pid && !find_process(l, event->pid))
			continue;
		like = 1 + (g->pid == event->pid) + 2 * (g->direction == direction);
		if (like > likeness) {
			likeness = like;
			best = i;
		}
	}
	if (best != INDEX_NONE && !--l->begun[best].count)
		forget_begun(l, best);
}

static void leave(struct leaks *l, struct leak_buffer *b, const struct model_event *event)
{
	struct leak_process *p = find_process(l, event->pid);

	if (!p)
		return;
	leaks_freeze(l, p);
	p->status = event->raw.result;
	if (event->raw.flags & EVENT_MAPPED)
		b->left_maps++;
	else
		b->left_fds++;
	if (event->raw.result & 0x7f)
		b->left_quietly++;
	else if (b->left_by == INDEX_NONE)
		b->left_by = p - l->processes;
}

static int take_of_buffer(struct leaks *l, struct leak_buffer *b, const struct model_event *event)
{
	bool nested = event->raw.flags & EVENT_NESTED;

	switch (event->raw.type) {
	case EVENT_MAP:
		b->device_mapped |= event->raw.result >= 0;
		/* fall through */
	case EVENT_GET:
	case EVENT_ATTACH:
	case EVENT_VMAP:
		return event->raw.result < 0 ? 0 : begin(l, b, event);
	case EVENT_PIN:
		/* The core's own, in a map: some kernels do not tell its end */
		return event->raw.result < 0 || nested ? 0 : begin(l, b, event);
	case EVENT_BEGIN:
		/* Inside the ioctl */
		b->synced |= nested;
		return event->raw.result < 0 ? 0 : begin(l, b, event);
	case EVENT_UNPIN:
		if (!nested)
			end(l, b, EVENT_PIN, event);
		break;
	case EVENT_PUT:
		end(l, b, EVENT_GET, event);
		break;
	case EVENT_UNMAP:
		end(l, b, EVENT_MAP, event);
		break;
	case EVENT_DETACH:
		end(l, b, EVENT_ATTACH, event);
		break;
	case EVENT_VUNMAP:
		end(l, b, EVENT_VMAP, event);
		break;
	case EVENT_END:
		end(l, b, EVENT_BEGIN, event);
		break;
	case EVENT_MMAP:
		b->cpu_mapped |= event->raw.result >= 0;
		break;
	case EVENT_NAME:
		b->name = keep(l, event->text);
		break;
	case EVENT_LEFT:
		leave(l, b, event);
		break;
	case EVENT_RELEASE:
		release_buffer(l, b, event->raw.time);
		break;
	}
	return 0;
}

int leaks_take(struct leaks *l, const struct model_event *event)
{
	struct leak_process *p;
	struct leak_buffer *b;

	switch (event->raw.type) {
	case EVENT_FORK:
		l->changes++;
		return fork_process(l, event);
	case EVENT_EXIT:
		l->changes++;
		p = process_of(l, event);
		if (!p)
			return 0;
		leaks_freeze(l, p);
		p->ended = true;
		p->status = event->raw.result;
		return 0;
	case EVENT_EXPORT:
		l->changes++;
		return export_buffer(l, event);
	}
	process_of(l, event);
	b = find_buffer(l, event->raw.ino);
	if (!b)
		return 0;
	l->changes++;
	if (event->raw.time > b->used) {
		if (event->raw.time - b->used > b->idle)
			b->idle = event->raw.time - b->used;
		b->used = event->raw.time;
	}
	return take_of_buffer(l, b, event);
}

uint32_t leaks_living(const struct leaks *l)
{
	uint32_t living = 0, i;

	for (i = 0; i < l->n_processes; i++)
		living += !l->processes[i].ended;
	return living;
}

void leaks_free(struct leaks *l)
{
	free(l->buffers);
	free(l->processes);
	free(l->begun);
	free(l->findings);
	index_free(&l->by_ino);
	index_free(&l->by_pid);
	index_free(&l->by_key);
	index_free(&l->by_begun);
	intern_free(&l->strings);
	memset(l, 0, sizeof(*l));
}
