/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of buffers while they live: what they were exported through, and which processes
 * read and write them. Part of events.bpf.c; kept only where it is asked for.
 */
#ifndef EVENTS_STATE_BPF_H
#define EVENTS_STATE_BPF_H

#include "events_calls.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENTS_MAX_BUFFERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct events_buffer);
} states SEC(".maps");

/* To begin with; the stack has no room for it. */
static const struct events_buffer no_state;

static __always_inline struct events_buffer *get_buffer(__u64 ino)
{
	struct events_buffer *b = bpf_map_lookup_elem(&states, &ino);

	if (b)
		return b;
	bpf_map_update_elem(&states, &ino, &no_state, BPF_NOEXIST);
	return bpf_map_lookup_elem(&states, &ino);
}

static __always_inline void keep_export(struct frame *f)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct events_buffer *b = get_buffer(f->ino);

	if (!b) {
		count(&tables.counts.full);
		return;
	}
	b->node = f->node;
	b->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_kernel(b->comm, sizeof(b->comm), task->group_leader->comm);
}

/*
 * The place of a process that had none: a free one, that of a process which had its pid, or that of
 * the process whose last access is the oldest. NULL: another process took the place meanwhile.
 */
static __noinline struct events_user *take_user(struct events_buffer *b, __u64 who)
{
	__u32 i, at = 0;
	struct events_user *u;
	__u64 old;

	_Pragma("nounroll") for (i = 0; i < EVENTS_USERS; i++) {
		u = &b->users[i];
		if (!u->who || u->who >> 32 == who >> 32) {
			at = i;
			break;
		}
		if (u->last < b->users[at & (EVENTS_USERS - 1)].last)
			at = i;
	}
	u = &b->users[at & (EVENTS_USERS - 1)];
	old = u->who;
	if (__sync_val_compare_and_swap(&u->who, old, who) != old)
		return NULL;
	u->reads = u->writes = 0;
	return u;
}

static __always_inline struct events_user *find_user(struct events_buffer *b, __u64 who)
{
	__u32 i;

	for (i = 0; i < EVENTS_USERS; i++)
		if (b->users[i].who == who)
			return &b->users[i];
	return take_user(b, who);
}

static __always_inline void keep_access(struct frame *f, __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 who = (__u64)task->tgid << 32 | (__u32)task->group_leader->start_time;
	struct events_buffer *b = get_buffer(f->ino);
	struct events_user *u = b ? find_user(b, who) : NULL;

	if (!u) {
		count(&tables.counts.full);
		return;
	}
	/* enum dma_data_direction, as seen from the device */
	if (f->direction != 1)
		__sync_fetch_and_add(&u->reads, 1);
	if (f->direction != 2)
		__sync_fetch_and_add(&u->writes, 1);
	u->last = now;
}

/* Who attaches for each frame is one that goes on: what it did is kept from one to the next. */
static __always_inline void keep_past(struct events_attachment *at)
{
	struct events_buffer *b = at && at->since ? get_buffer(at->ino) : NULL;
	__u32 i, j;

	for (i = 0; b && i < EVENTS_PAST; i++) {
		struct events_attachment *past = &b->past[i];

		if (past->id != at->id && __sync_val_compare_and_swap(&past->id, 0, at->id))
			continue;
		past->node = at->node;
		past->device = at->device;
		past->took = at->took;
		past->waited = at->waited;
		for (j = 0; j < 3; j++)
			past->maps[j] = at->maps[j];
		past->since = at->since;
		past->older = 0;
		return;
	}
}

static __always_inline void go_on(struct events_attachment *at)
{
	struct events_buffer *b = at ? bpf_map_lookup_elem(&states, &at->ino) : NULL;
	__u32 i, j;

	for (i = 0; b && i < EVENTS_PAST; i++) {
		struct events_attachment *past = &b->past[i];

		if (!past->since || past->device != at->device ||
		    __sync_val_compare_and_swap(&past->older, 0, 1))
			continue;
		at->id = past->id;
		at->took = past->took;
		at->waited = past->waited;
		at->since = past->since;
		if (!at->node)
			at->node = past->node;
		for (j = 0; j < 3; j++)
			at->maps[j] = past->maps[j];
		return;
	}
}

static __always_inline void keep_state(struct frame *f, __u64 now)
{
	if (f->result < 0)
		return;
	if (f->event == EVENT_EXPORT)
		keep_export(f);
	else if (f->event == EVENT_BEGIN)
		keep_access(f, now);
	else if (f->event == EVENT_RELEASE)
		bpf_map_delete_elem(&states, &f->ino);
}

#endif
