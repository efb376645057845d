/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that a task is in, from entry to return. Part of events.bpf.c. Each task has a stack of
 * frames: a map inside an attach, a pin inside a map, a fence wait inside any of them.
 */
#ifndef EVENTS_CALLS_BPF_H
#define EVENTS_CALLS_BPF_H

#include "events_tables.bpf.h"

#define FRAMES		8	/* a power of two; the one above the last is for moments */
#define FRAME_MASK	(FRAMES - 1)

struct frame {
	__u64 start;			/* ns; 0: not to be counted */
	__u64 sp;			/* of the kernel's stack: deeper calls have less */
	__u64 ino, size;
	__u64 wait;			/* for fences so far, ns */
	__u64 kernel_stack;		/* its number, where it was taken at the entry */
	volatile __u64 object;		/* attachment, device, ioctl's argument */
	volatile __u64 buffer;
	volatile __u64 name;		/* scratch */
	__u32 attachment, node, command;
	__s32 result;
	__u32 device, exporter;
	__u8 event, direction, flags;
	bool unwanted, ended;
	__u8 pad[3];
};

struct task_state {
	__u64 comm[2];			/* as the ring was told */
	__u64 cgroups;			/* address of the css_set it was in then */
	volatile __u64 scratch;
	__u64 wait_start;
	__u32 depth;
	__u32 told;
	struct frame frames[FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENTS_MAX_ATTACHMENTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct events_attachment);
} attachments SEC(".maps");

static __always_inline struct task_state *get_state(__u64 flags)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, flags);
}

/* Set a frame to its event and nothing else; start, sp, flags and ended are the caller's. */
static __always_inline void reset_frame(struct frame *f, __u32 event)
{
	f->wait = 0;
	f->ino = f->size = 0;
	f->attachment = f->node = f->device = f->exporter = 0;
	f->result = 0;
	f->kernel_stack = 0;
	f->event = event;
	f->direction = 3;
	f->unwanted = false;
}

/* Whether a call began after the start: the others are no events, and not lost. */
static __always_inline bool is_counted(const struct frame *f)
{
	return tables.since && f->start >= tables.since;
}

/* A frame whose return went unseen */
static __always_inline bool is_stale(const struct frame *f)
{
	return is_counted(f) && wants(f->event);
}

/*
 * Begins a call. NULL if that cannot be noted; its return is then counted as unmatched. A frame
 * that does not lie above this call on the kernel's stack is of one that has returned unseen.
 */
static __always_inline struct frame *push(__u32 event, __u64 sp)
{
	struct task_state *state;
	struct frame *f;
	__u32 i, depth;

	state = get_state(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return NULL;
	for (i = 0; i < FRAMES; i++) {
		if (!state->depth || state->frames[(state->depth - 1) & FRAME_MASK].sp > sp)
			break;
		state->depth--;
		if (is_stale(&state->frames[state->depth & FRAME_MASK]))
			count(&tables.counts.stale);
	}
	depth = state->depth;
	if (depth >= FRAMES - 1)
		return NULL;
	state->depth = depth + 1;
	/* After that test clang would drop the mask, which 6.1's verifier needs. */
	asm volatile("" : "+r"(depth));
	f = &state->frames[depth & FRAME_MASK];
	reset_frame(f, event);
	f->sp = sp;
	f->flags = 0;
	f->ended = false;
	f->start = bpf_ktime_get_ns();
	return f;
}

/* The task ends: what it is still in has returned unseen. */
static __always_inline void count_left_over(void)
{
	struct task_state *state = get_state(0);
	__u32 i;

	for (i = 0; state && i < FRAMES && state->depth; i++) {
		state->depth--;
		if (is_stale(&state->frames[state->depth & FRAME_MASK]))
			count(&tables.counts.stale);
	}
}

/*
 * Ends a call: its frame, below those of calls in it whose returns went unseen. It stays good
 * until the next push.
 */
static __always_inline struct frame *pop_if_there(__u32 event, struct task_state **statep)
{
	struct task_state *state = get_state(0);
	struct frame *f = NULL;
	__u32 i, depth, unseen = 0;

	*statep = state;
	if (!state)
		return NULL;
	depth = state->depth;
	for (i = 0; i < FRAMES && depth; i++) {
		f = &state->frames[--depth & FRAME_MASK];
		if (f->event == event) {
			state->depth = depth;
			if (unseen)
				__sync_fetch_and_add(&tables.counts.stale, unseen);
			if (depth) {
				f->flags |= EVENT_NESTED;
				state->frames[(depth - 1) & FRAME_MASK].wait += f->wait;
			}
			return f;
		}
		unseen += is_stale(f);
	}
	return NULL;
}

static __always_inline struct frame *pop(__u32 event, struct task_state **statep)
{
	struct frame *f = pop_if_there(event, statep);

	if (!f && tables.since && wants(event))
		count(&tables.counts.unmatched);
	return f && is_counted(f) ? f : NULL;
}

/* The call that the task is in, around the frame of pop() or moment(); NULL: none. */
static __always_inline struct frame *around(struct task_state *state)
{
	return state->depth ? &state->frames[(state->depth - 1) & FRAME_MASK] : NULL;
}

#define SIGNAL_GROUP_EXIT 0x4	/* include/linux/sched/signal.h */

/* The status of a process that exits, as for wait(2). */
static __always_inline __s32 exit_status(struct task_struct *task)
{
	return task->signal->flags & SIGNAL_GROUP_EXIT ? task->signal->group_exit_code :
	       task->group_leader->exit_code;
}

/* What happens at once: a frame that is never on the stack. */
static __always_inline struct frame *moment(__u32 event, struct task_state **statep)
{
	struct task_state *state = get_state(BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct frame *f;

	*statep = state;
	if (!tables.since)
		return NULL;
	if (!state) {
		if (wants(event))
			count(&tables.counts.unmatched);
		return NULL;
	}
	f = &state->frames[state->depth & FRAME_MASK];
	reset_frame(f, event);
	f->start = 0;
	f->flags = state->depth ? EVENT_NESTED : 0;
	return f;
}

static __always_inline void *file_buffer(void *file)
{
	return (void *)READ(file, file, private_data);
}

static __always_inline __u64 vma_length(void *vma)
{
	return READ(vma, vm_area_struct, vm_end) - READ(vma, vm_area_struct, vm_start);
}

/* 0, or what an ERR_PTR holds; NULL counts as -EINVAL */
static __always_inline __s32 pointer_error(__u64 pointer)
{
	volatile __u64 number = pointer;
	__u64 n = number;

	return !n ? -22 : n >= -4095ULL ? (__s32)n : 0;
}

static __always_inline void fill_buffer(struct frame *f, void *dmabuf)
{
	f->ino = READ3(dmabuf, dma_buf, file, f_inode, i_ino);
	f->size = READ(dmabuf, dma_buf, size);
	f->exporter = exporter_number(as_number(&f->name, READ(dmabuf, dma_buf, exp_name)));
	if (!is_wanted(f->ino, f->size, f->exporter))
		f->unwanted = true;
}

/* The same for a call, of which the record says only which buffer it was on. */
static __always_inline void fill_call_buffer(struct frame *f, void *dmabuf)
{
	if (settings.describe)
		fill_buffer(f, dmabuf);
	else
		f->ino = READ3(dmabuf, dma_buf, file, f_inode, i_ino);
}

static __always_inline struct events_attachment *find_known(struct frame *f)
{
	__u64 key = f->object;

	return bpf_map_lookup_elem(&attachments, &key);
}

static __always_inline void forget_attachment(struct frame *f)
{
	__u64 key = f->object;

	bpf_map_delete_elem(&attachments, &key);
}

/*
 * Without room, its maps are not counted: each event on it counts as lost. A busy map returns other
 * errors; then the next event on it tries again.
 */
static __always_inline void add_attachment(__u64 key, const struct events_attachment *new)
{
	if (bpf_map_update_elem(&attachments, &key, new, BPF_ANY) == -E2BIG)
		count(&tables.counts.full);
}

/* Of an attachment older than the start nothing is known but what it is. */
static __always_inline struct events_attachment *find_attachment(__u64 key, struct frame *f)
{
	struct events_attachment *at = bpf_map_lookup_elem(&attachments, &key);
	struct events_attachment new = { 0 };

	if (at)
		return at;
	new.ino = f->ino;
	new.id = __sync_fetch_and_add(&tables.attachments, 1) + 1;
	new.older = 1;
	new.exporter = f->exporter;
	new.device = device_number(as_number(&f->object,
					     READ(key, dma_buf_attachment, dev)), true);
	add_attachment(key, &new);
	return bpf_map_lookup_elem(&attachments, &key);
}

static __always_inline void fill_attachment(struct frame *f, void *attach)
{
	__u64 key = as_number(&f->object, attach);
	struct events_attachment *at;

	fill_call_buffer(f, READ(key, dma_buf_attachment, dmabuf));
	at = find_attachment(key, f);
	f->object = key;
	if (!at)
		return;
	f->attachment = at->id;
	f->device = at->device;
	if (device_unwanted(f->device))
		f->unwanted = true;
}

/* Returns its number. */
static __always_inline __u32 new_attachment(struct frame *f, __u64 attach)
{
	__u64 key = as_number(&f->object, (void *)attach);
	struct events_attachment new = {
		.ino = f->ino,
		.id = __sync_fetch_and_add(&tables.attachments, 1) + 1,
		.node = f->node,
		.device = f->device,
		.exporter = f->exporter,
	};

	if (READ(key, dma_buf_attachment, importer_ops))
		f->flags |= EVENT_DYNAMIC;
	if (device_unwanted(f->device))
		f->unwanted = true;
	add_attachment(key, &new);
	return new.id;
}

static __always_inline void count_mapping(struct frame *f, int by)
{
	struct events_attachment *at = find_known(f);
	__u32 *mapped;

	if (!at)
		return;
	mapped = &at->mapped[f->direction & 3];
	if (by < 0) {
		/* Mapped before the start: not one of ours */
		if (*mapped)
			__sync_fetch_and_add(mapped, -1);
		return;
	}
	__sync_fetch_and_add(mapped, 1);
	at->since = bpf_ktime_get_ns();
	if (f->node)
		at->node = f->node;
	if (settings.to_state) {
		__sync_fetch_and_add(&at->maps[f->direction & 3], 1);
		__sync_fetch_and_add(&at->took, at->since - f->start);
		__sync_fetch_and_add(&at->waited, f->wait);
	}
}

static __always_inline void raise_peak(__u64 *peak, __u64 value)
{
	__u64 old = *peak;

	/* Another may raise it meanwhile, and to more */
	if (value > old && __sync_val_compare_and_swap(peak, old, value) != old && value > *peak)
		*peak = value;
}

static __always_inline void exported(struct frame *f)
{
	struct events_counts *c = &tables.counts;
	long err;

	if (f->unwanted)
		return;
	err = bpf_map_update_elem(&buffers, &f->ino, &f->size, BPF_ANY);
	if (err) {
		/* To the ring of all events, it is of no use */
		if (err == -E2BIG && (settings.filtered || !settings.to_ring))
			count(&tables.counts.full);
		return;
	}
	raise_peak(&c->peak_bytes, __sync_fetch_and_add(&c->live_bytes, f->size) + f->size);
	raise_peak(&c->peak_buffers, __sync_fetch_and_add(&c->live_buffers, 1) + 1);
}

static __always_inline void released(struct frame *f)
{
	__u64 *size = bpf_map_lookup_elem(&buffers, &f->ino);

	if (!size)
		return;
	__sync_fetch_and_add(&tables.counts.live_bytes, -*size);
	__sync_fetch_and_add(&tables.counts.live_buffers, -1);
	bpf_map_delete_elem(&buffers, &f->ino);
}

#endif
