/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The programs: each event's for each kind of hook, three lines over the shared handlers. Part of
 * events.bpf.c, which includes it. cli/events/events.c finds them by their names,
 * CALL_KIND, and may give them another function than the one here.
 */
#ifndef EVENTS_HOOKS_BPF_H
#define EVENTS_HOOKS_BPF_H

/* Below what a function was called with, its result: at this place in a fexit's context */
#define CALL_ENTRY(name, function, n)							\
SEC("fentry/" #function) int name##_fentry(__u64 *ctx)					\
{											\
	name##_enter(ctx[0], n > 1 ? ctx[1] : 0, n > 2 ? ctx[2] : 0, (__u64)ctx);	\
	return 0;									\
}											\
SEC("kprobe/" #function) int name##_kprobe(void *ctx)					\
{											\
	name##_enter(compat_argument(ctx, 0), n > 1 ? compat_argument(ctx, 1) : 0,	\
		     n > 2 ? compat_argument(ctx, 2) : 0, compat_stack(ctx));		\
	return 0;									\
}

#define CALL_RETURN(name, function, n)							\
SEC("fexit/" #function) int name##_fexit(__u64 *ctx)					\
{											\
	name##_leave(ctx[n]);								\
	return 0;									\
}											\
SEC("kretprobe/" #function) int name##_kretprobe(void *ctx)				\
{											\
	name##_leave(compat_result(ctx));						\
	return 0;									\
}

#define CALL_RETURN_VOID(name, function)						\
SEC("fexit/" #function) int name##_fexit(__u64 *ctx)					\
{											\
	name##_leave(0);								\
	return 0;									\
}											\
SEC("kretprobe/" #function) int name##_kretprobe(void *ctx)				\
{											\
	name##_leave(0);								\
	return 0;									\
}

/* Both in one */
#define CALL_SESSION(name, function, n, result)						\
SEC("kprobe.session/" #function) int name##_session(void *ctx)				\
{											\
	if (compat_is_return(ctx)) {							\
		name##_leave(result);							\
		return 0;								\
	}										\
	name##_enter(compat_argument(ctx, 0), n > 1 ? compat_argument(ctx, 1) : 0,	\
		     n > 2 ? compat_argument(ctx, 2) : 0, compat_stack(ctx));		\
	take_stack_at_entry(compat_stack(ctx));						\
	return 0;									\
}

#define CALL(name, function, n)								\
	CALL_ENTRY(name, function, n) CALL_RETURN(name, function, n)			\
	CALL_SESSION(name, function, n, compat_result(ctx))
#define CALL_VOID(name, function, n)							\
	CALL_ENTRY(name, function, n) CALL_RETURN_VOID(name, function)			\
	CALL_SESSION(name, function, n, 0)

#define MOMENT(name, function, n)							\
SEC("fentry/" #function) int name##_fentry(__u64 *ctx)					\
{											\
	name##_enter(MOMENT_##n(ctx[0], ctx[1]));					\
	return 0;									\
}											\
SEC("kprobe/" #function) int name##_kprobe(void *ctx)					\
{											\
	name##_enter(MOMENT_##n(compat_argument(ctx, 0), compat_argument(ctx, 1)));	\
	return 0;									\
}
#define MOMENT_1(a, b) a
#define MOMENT_2(a, b) a, b

CALL(attach, dma_buf_dynamic_attach, 4)
CALL_VOID(detach, dma_buf_detach, 2)
CALL(map, dma_buf_map_attachment, 2)
CALL_VOID(unmap, dma_buf_unmap_attachment, 3)
CALL(pin, dma_buf_pin, 1)
CALL_VOID(unpin, dma_buf_unpin, 1)
CALL(vmap, dma_buf_vmap, 2)
CALL_VOID(vunmap, dma_buf_vunmap, 2)
CALL(begin, dma_buf_begin_cpu_access, 2)
CALL(end, dma_buf_end_cpu_access, 2)
CALL(ioctl, dma_buf_ioctl, 3)
CALL(fd, dma_buf_fd, 2)
CALL(get, dma_buf_get, 1)
CALL_VOID(invalidate, dma_buf_move_notify, 1)
CALL(mmap_file, dma_buf_mmap_internal, 2)
CALL_ENTRY(mmap, dma_buf_mmap, 2)
CALL_RETURN(mmap, dma_buf_mmap, 3)
CALL_SESSION(mmap, dma_buf_mmap, 2, compat_result(ctx))
CALL_RETURN(export, dma_buf_export, 1)
MOMENT(put, dma_buf_put, 1)
MOMENT(release, dma_buf_file_release, 2)
MOMENT(fd_install, dma_buf_fd_install, 2)
MOMENT(left_fd, filp_close, 2)
MOMENT(left_map, uprobe_munmap, 2)

/* A tracepoint, which runs with preemption off: under dma_buf.name_lock (since 7.0). */
SEC("tp_btf/dma_buf_export") int export_tracepoint(__u64 *ctx)
{
	export_leave(ctx[0]);
	return 0;
}

/* A buffer holds the module with its name: no buffer has a name from before the load. */
SEC("tracepoint/module/module_load") int forget_addresses(void *ctx)
{
	volatile __u64 *hints = tables.hints;
	__u32 i;

	_Pragma("nounroll") for (i = 0; i < EVENTS_MAX_HINTS; i++)
		hints[i] = 0;
	return 0;
}

/* struct trace_event_raw_dma_fence */
struct fence_tracepoint {
	__u64 common;
	__u32 driver, timeline;		/* offset in this record, and length << 16 */
};

SEC("tracepoint/dma_fence/dma_fence_wait_start") int fence_wait_start(struct fence_tracepoint *ctx)
{
	struct task_state *state;

	state = get_state(wants(EVENT_FENCE_WAIT) ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (state)
		state->wait_start = bpf_ktime_get_ns();
	return 0;
}

SEC("tracepoint/dma_fence/dma_fence_wait_end") int fence_wait_end(struct fence_tracepoint *ctx)
{
	struct task_state *state = get_state(0);
	struct event_with_text *out;
	struct frame *f, *in;
	__u64 now, duration;

	if (!state || !state->wait_start || !tables.since)
		return 0;
	now = bpf_ktime_get_ns();
	duration = now - state->wait_start;
	state->wait_start = 0;
	in = around(state);
	if (in)
		in->wait += duration;
	if (!wants(EVENT_FENCE_WAIT))
		return 0;
	f = moment(EVENT_FENCE_WAIT, &state);
	if (!f || !state)
		return 0;
	if (in) {
		f->ino = in->ino;
		f->size = in->size;
		f->exporter = in->exporter;
		f->device = in->device;
		f->direction = in->direction;
		f->attachment = in->attachment;
		f->unwanted = in->unwanted;
	} else {
		f->unwanted = settings.n_exporters || settings.n_devices || settings.min_size ||
			      ((settings.by_process || settings.by_cgroup) && !is_task_wanted());
	}
	if (f->unwanted)
		return 0;
	f->wait = duration;
	if (settings.to_histograms)
		add_to_histogram(f, EVENT_FENCE_WAIT, duration);
	if (!settings.to_ring)
		return 0;
	out = reserve_with_text(state, f, EVENT_FENCE_WAIT, now, duration);
	if (!out)
		return 0;
	bpf_probe_read_kernel_str(out->text.text, 20, (void *)ctx + (ctx->driver & 0xffff));
	bpf_probe_read_kernel_str(out->text.text + 20, 20,
				  (void *)ctx + (ctx->timeline & 0xffff));
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Processes: growth of the tree, and events */

struct process {
	__u64 start;
	__u32 pid, pad;
};

static __always_inline void tell_process(const __u32 event, __u32 child, __s32 result)
{
	struct task_state *state;
	struct frame *f;

	if (!wants(event) || !is_task_wanted())
		return;
	f = moment(event, &state);
	if (!f)
		return;
	f->attachment = child;
	f->result = result;
	finish(state, f, event);
}

#define CLONE_THREAD 0x10000	/* include/uapi/linux/sched.h */

/*
 * The programs of processes run with preemption off on every kernel, and miss no event: the filter
 * of a tree depends on them. Unlike sched_process_fork, this tracepoint has the flags of clone().
 */
SEC("tracepoint/task/task_newtask") int process_fork(struct trace_event_raw_task_newtask *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, new = ctx->pid, one = 1;

	if (ctx->clone_flags & CLONE_THREAD)
		return 0;
	if (settings.follow && bpf_map_lookup_elem(&filter_pids, &pid)) {
		if (bpf_map_update_elem(&filter_pids, &new, &one, BPF_ANY))
			count(&tables.counts.full);
		count(&tables.counts.processes);
	}
	tell_process(EVENT_FORK, new, 0);
	return 0;
}

/* The last exits, by start and pid: one of the threads that exit together reports the exit. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EVENTS_MAX_EXITS);
	__type(key, struct process);
	__type(value, __u32);
} exits SEC(".maps");

SEC("tracepoint/sched/sched_process_exec") int process_exec(void *ctx)
{
	tell_process(EVENT_EXEC, 0, 0);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit") int process_exit(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process process = { task->group_leader->start_time, task->tgid };
	__u32 pid = task->tgid, one = 1;

	count_left_over();
	/* All threads that exit together may find 0; one of them adds the process */
	if (task->signal->live.counter ||
	    bpf_map_update_elem(&exits, &process, &one, BPF_NOEXIST))
		return 0;
	tell_process(EVENT_EXIT, 0, exit_status(task));
	if (settings.follow)
		bpf_map_delete_elem(&filter_pids, &pid);
	return 0;
}

#endif
