/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a call: its event goes to the ring with texts and stacks, to histograms, to the state.
 * Part of events.bpf.c.
 */
#ifndef EVENTS_FINISH_BPF_H
#define EVENTS_FINISH_BPF_H

#include "events_calls.bpf.h"
#include "events_state.bpf.h"
#include "events_stacks.bpf.h"

/* Describe the current task in the ring, once. Return 0, or 1 without room. */
static __always_inline bool tell_task(struct task_state *state, __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 cgroups = as_number(&state->scratch, task->cgroups);
	struct dmabuf_event_task *out;
	__u64 ids;

	if (state->told && state->cgroups == cgroups &&
	    state->comm[0] == *(__u64 *)&task->comm[0] &&
	    state->comm[1] == *(__u64 *)&task->comm[8])
		return 0;
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out)
		return 1;
	ids = bpf_get_current_pid_tgid();
	out->time = now;
	out->cgroup = bpf_get_current_cgroup_id();
	out->tid = ids;
	out->pid = ids >> 32;
	bpf_get_current_comm(out->comm, sizeof(out->comm));
	__builtin_memcpy(state->comm, out->comm, sizeof(out->comm));
	state->cgroups = cgroups;
	state->told = 1;
	out->pad[0] = out->pad[1] = 0;
	out->type = EVENT_TASK;
	out->pad2[0] = out->pad2[1] = out->pad2[2] = 0;
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline bool is_call(const __u32 event)
{
	return EVENT_SET_CALL & EVENT_BIT(event);
}

static __always_inline void fill_event(struct dmabuf_event *out, struct frame *f,
				       const __u32 event, __u64 now, __u64 duration)
{
	out->time = now;
	out->ino = f->ino;
	out->value = is_call(event) ? duration : f->size;
	out->tid = bpf_get_current_pid_tgid();
	out->result = f->result;
	out->wait = f->wait >> 32 ? ~0u : f->wait;
	out->attachment = f->attachment;
	out->device = event == EVENT_EXPORT ? f->exporter : f->device;
	out->cpu = bpf_get_smp_processor_id();
	out->type = event;
	out->flags = (f->direction & EVENT_DIRECTION) | f->flags;
	out->node = f->node;
}

/*
 * Several programs may add to one sum: on a preemptible kernel, a program may interrupt the
 * addition of another program on the same CPU, but not its own.
 */
#define OF_MANY (EVENT_BIT(EVENT_END) | EVENT_BIT(EVENT_MMAP) | EVENT_BIT(EVENT_FD))

static __always_inline void add_to(__u64 *figure, __u64 n, const __u32 event)
{
	if (OF_MANY & EVENT_BIT(event))
		__sync_fetch_and_add(figure, n);
	else
		*figure += n;
}

static __always_inline void add_to_histogram(struct frame *f, const __u32 event, __u64 duration)
{
	struct events_histogram *h;
	__u32 bit;

	h = get_histogram(EVENTS_KEY(f->exporter, f->device, event, f->direction));
	if (!h) {
		count(&tables.counts.full);
		return;
	}
	add_to(&h->count, 1, event);
	add_to(&h->bytes, f->size, event);
	if (f->result < 0)
		add_to(&h->errors, 1, event);
	if (!is_call(event))
		return;
	add_to(&h->sum, duration, event);
	if (f->wait)
		add_to(&h->wait, f->wait, event);
	if (duration > h->max)
		h->max = duration;
	bit = highest_bit(duration);
	if (bit >= EVENTS_BUCKETS)
		bit = EVENTS_BUCKETS - 1;
	add_to(&h->buckets[bit], 1, event);
}

static __always_inline bool wants_stack(const __u32 event)
{
	return settings.stacks && EVENT_SET_BEGINS & EVENT_BIT(event & CALL_IOCTL);
}

/*
 * Read the kernel's stack at the entry of a call. At a return through fgraph, the return address of
 * the caller's frame is below the stack pointer for an instruction. An interrupt may overwrite the
 * address, and a stack from the return ends there.
 */
static __always_inline void take_stack_at_entry(__u64 sp)
{
	struct task_state *state;
	struct frame *f;

	if (!(settings.stacks & STACKS_KERNEL))
		return;
	state = get_state(0);
	if (!state || !state->depth)
		return;
	f = &state->frames[(state->depth - 1) & FRAME_MASK];
	if (f->sp != sp || f->unwanted || !wants(f->event) || !wants_stack(f->event))
		return;
	f->kernel_stack = take_kernel_stack(f->event);
}

/* Write an event and its stacks side by side, or neither. */
static __always_inline void finish_with_stack(struct task_state *state, struct frame *f,
					      const __u32 event, __u64 now, __u64 duration)
{
	struct event_with_stack *out;

	out = tell_task(state, now) ? NULL : bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		count(&tables.counts.dropped);
		return;
	}
	f->flags |= EVENT_HAS_STACK;
	fill_event(&out->event, f, event, now, duration);
	fill_stack(&out->stack, now);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

/* Report an event to the ring, the histograms and the state. event: the type of f. */
static __always_inline void finish(struct task_state *state, struct frame *f, const __u32 event)
{
	struct dmabuf_event *out;
	__u64 now, duration;

	if (f->unwanted || !tables.since || !wants(event))
		return;
	now = bpf_ktime_get_ns();
	duration = now - f->start;
	if (settings.to_histograms)
		add_to_histogram(f, event, duration);
	if (settings.to_state)
		keep_state(f, now);
	if (!settings.to_ring)
		return;
	if (wants_stack(event) && take_stacks(event, f->kernel_stack)) {
		finish_with_stack(state, f, event, now, duration);
		return;
	}
	out = tell_task(state, now) ? NULL : bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		count(&tables.counts.dropped);
		return;
	}
	fill_event(out, f, event, now, duration);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

/* Write an event and its text side by side, or neither. */
struct event_with_text {
	struct dmabuf_event event;
	struct dmabuf_event_text text;
};

static __always_inline struct event_with_text *reserve_with_text(struct task_state *state,
								 struct frame *f,
								 const __u32 event, __u64 now,
								 __u64 duration)
{
	struct event_with_text *out;

	out = tell_task(state, now) ? NULL : bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out) {
		count(&tables.counts.dropped);
		return NULL;
	}
	f->flags |= EVENT_HAS_TEXT;
	fill_event(&out->event, f, event, now, duration);
	__builtin_memset(&out->text, 0, sizeof(out->text));
	out->text.type = EVENT_TEXT;
	return out;
}

static __always_inline void finish_name(struct task_state *state, struct frame *f)
{
	__u64 now, dmabuf = f->buffer;
	struct event_with_text *out;

	if (f->unwanted || !tables.since)
		return;
	now = bpf_ktime_get_ns();
	f->size = 0;
	if (settings.to_histograms)
		add_to_histogram(f, EVENT_NAME, 0);
	if (!settings.to_ring)
		return;
	out = reserve_with_text(state, f, EVENT_NAME, now, 0);
	if (!out)
		return;
	bpf_probe_read_kernel_str(out->text.text, 32, READ(dmabuf, dma_buf, name));
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

#endif
