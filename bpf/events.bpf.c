// SPDX-License-Identifier: GPL-2.0
/*
 * The events: thin programs over shared handlers, one set for each kind of hook; which of them
 * are loaded is chosen by cli/events/events.c. What they see goes to a ring, to histograms, or
 * both. See include/dmabuf_events.h for the records.
 */
#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "kernel_compat.bpf.h"
#include "dmabuf_events.h"
#include "events_shared.h"

char LICENSE[] SEC("license") = "GPL";

#include "events_finish.bpf.h"

/* What happens in each call, whatever hook told us of it */

static __always_inline void attach_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_ATTACH, sp);

	if (!f)
		return;
	fill_buffer(f, (void *)a);
	f->object = b;
	f->node = current_node();
}

static __always_inline void attach_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_ATTACH, &state);

	if (!f)
		return;
	f->result = pointer_error(ret);
	f->device = device_number(f->object, true);
	if (!f->result)
		f->attachment = new_attachment(f, ret);
	else if (device_unwanted(f->device))
		f->unwanted = true;
	if (!f->result && settings.to_state)
		go_on(find_known(f));
	finish(state, f, EVENT_ATTACH);
}

static __always_inline void detach_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_DETACH, sp);
	struct events_attachment *at;

	if (!f)
		return;
	fill_attachment(f, (void *)b);
	f->object = b;
	at = find_known(f);
	if (at && (at->mapped[0] || at->mapped[1] || at->mapped[2]))
		f->flags |= EVENT_MAPPED;
}

/*
 * Before Linux 6.15, an attach may pin or map. If the map fails, the attach detaches. A detach
 * inside an attach is no event: the numbers of attaches and detaches are equal.
 */
static __always_inline void detach_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_DETACH, &state), *in;

	if (!f)
		return;
	if (settings.to_state)
		keep_past(find_known(f));
	forget_attachment(f);
	in = around(state);
	if (compat_attach_detaches() && in && in->event == EVENT_ATTACH && in->ino == f->ino)
		return;
	finish(state, f, EVENT_DETACH);
}

static __always_inline void map_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_MAP, sp);

	if (!f)
		return;
	fill_attachment(f, (void *)a);
	f->direction = b & 3;
	f->node = current_node();
}

static __always_inline void map_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_MAP, &state);

	if (!f)
		return;
	f->result = pointer_error(ret);
	if (!f->result)
		count_mapping(f, 1);
	finish(state, f, EVENT_MAP);
}

static __always_inline void unmap_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_UNMAP, sp);

	if (!f)
		return;
	fill_attachment(f, (void *)a);
	f->direction = c & 3;
}

static __always_inline void unmap_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_UNMAP, &state);

	if (!f)
		return;
	count_mapping(f, -1);
	finish(state, f, EVENT_UNMAP);
}

/* Calls with nothing of their own: on an attachment, or on a buffer */
#define ATTACHMENT_CALL(name, event)							\
static __always_inline void name##_enter(__u64 a, __u64 b, __u64 c, __u64 sp)		\
{											\
	struct frame *f = push(event, sp);						\
											\
	if (f)										\
		fill_attachment(f, (void *)a);						\
}

#define BUFFER_CALL(name, event, with_direction)					\
static __always_inline void name##_enter(__u64 a, __u64 b, __u64 c, __u64 sp)		\
{											\
	struct frame *f = push(event, sp);						\
											\
	if (!f)										\
		return;									\
	if (is_call(event))						\
		fill_call_buffer(f, (void *)a);						\
	else										\
		fill_buffer(f, (void *)a);						\
	if (with_direction)								\
		f->direction = b & 3;							\
}

#define PLAIN_LEAVE(name, event)							\
static __always_inline void name##_leave(__u64 ret)					\
{											\
	struct task_state *state;							\
	struct frame *f = pop(event, &state);						\
											\
	if (!f)										\
		return;									\
	f->result = (__s32)ret;								\
	finish(state, f, event);							\
}

ATTACHMENT_CALL(pin, EVENT_PIN)
PLAIN_LEAVE(pin, EVENT_PIN)
ATTACHMENT_CALL(unpin, EVENT_UNPIN)

/*
 * An unmap, or a map that fails, that itself unpins has been pinned without the function: so that
 * pins and unpins are as many, its unpin is no event. Some compilers inline it there.
 */
static __always_inline void unpin_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_UNPIN, &state), *in;

	if (!f)
		return;
	in = around(state);
	if (in && (in->event == EVENT_UNMAP || in->event == EVENT_MAP) &&
	    in->attachment == f->attachment)
		return;
	finish(state, f, EVENT_UNPIN);
}

BUFFER_CALL(vmap, EVENT_VMAP, false)
PLAIN_LEAVE(vmap, EVENT_VMAP)
BUFFER_CALL(vunmap, EVENT_VUNMAP, false)
PLAIN_LEAVE(vunmap, EVENT_VUNMAP)
BUFFER_CALL(begin, EVENT_BEGIN, true)
PLAIN_LEAVE(begin, EVENT_BEGIN)
BUFFER_CALL(end, EVENT_END, true)
BUFFER_CALL(invalidate, EVENT_INVALIDATE, false)
PLAIN_LEAVE(invalidate, EVENT_INVALIDATE)
BUFFER_CALL(fd, EVENT_FD, false)
PLAIN_LEAVE(fd, EVENT_FD)

/*
 * The end of an access by ioctl is seen where the ioctl returns, since most compilers inline the
 * function there; where it is not inlined both are seen, and only the function's is told.
 */
static __always_inline void end_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_END, &state), *in;

	if (!f)
		return;
	f->result = (__s32)ret;
	in = around(state);
	if (in && in->event == CALL_IOCTL)
		in->ended = true;
	finish(state, f, EVENT_END);
}

#define IOCTL_SYNC	0x40086200	/* include/uapi/linux/dma-buf.h */
#define IOCTL_SET_NAME	0x6201		/* its sizes differ */
#define SYNC_RW		3
#define SYNC_END	4

/* The SYNC_RW bits of an ioctl that ends CPU access; 0: it does not, or will fail. */
static __always_inline __u32 ended_access(__u64 arg)
{
	__u64 flags = 0;

	if (!wants(EVENT_END) || bpf_probe_read_user(&flags, sizeof(flags), (void *)arg) ||
	    !(flags & SYNC_END) || flags & ~(__u64)(SYNC_RW | SYNC_END))
		return 0;
	return flags & SYNC_RW;
}

/* Whether an event comes of it; a name may still not be taken. */
static __always_inline bool tells(__u32 command, __u64 arg)
{
	return command == IOCTL_SYNC ? ended_access(arg) : wants(EVENT_NAME);
}

static __always_inline void ioctl_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	__u32 command = b;
	struct frame *f;

	if (command != IOCTL_SYNC && (command & 0xffff) != IOCTL_SET_NAME)
		return;
	f = push(CALL_IOCTL, sp);
	if (!f) {
		/* Its return does not know what it was */
		if (tables.since && tells(command, c))
			count(&tables.counts.unmatched);
		return;
	}
	f->buffer = (__u64)file_buffer((void *)a);
	fill_buffer(f, (void *)f->buffer);
	f->command = command;
	f->object = c;
}

static __always_inline void ioctl_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f;
	__u32 access;

	f = pop_if_there(CALL_IOCTL, &state);
	if (!f || !is_counted(f))
		return;
	f->result = (__s32)ret;
	if (f->command != IOCTL_SYNC) {
		f->event = EVENT_NAME;
		if (!f->result && wants(EVENT_NAME))
			finish_name(state, f);
		return;
	}
	access = f->ended ? 0 : ended_access(f->object);
	if (!access)
		return;
	f->event = EVENT_END;
	/* As dma_buf_ioctl(): to read is to take what the device wrote */
	f->direction = access == SYNC_RW ? 0 : access == 1 ? 2 : 1;
	finish(state, f, EVENT_END);
}

static __always_inline void mmap_file_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_MMAP, sp);

	if (!f)
		return;
	fill_buffer(f, file_buffer((void *)a));
	f->size = vma_length((void *)b);
}

static __always_inline void mmap_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_MMAP, sp);

	if (!f)
		return;
	fill_buffer(f, (void *)a);
	f->size = vma_length((void *)b);
}
PLAIN_LEAVE(mmap, EVENT_MMAP)
PLAIN_LEAVE(mmap_file, EVENT_MMAP)

static __always_inline void get_enter(__u64 a, __u64 b, __u64 c, __u64 sp)
{
	struct frame *f = push(EVENT_GET, sp);

	if (!f)
		return;
	f->object = a;
	f->node = current_node();
}

static __always_inline void get_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = pop(EVENT_GET, &state);

	if (!f)
		return;
	f->result = pointer_error(ret);
	if (!f->result) {
		fill_buffer(f, (void *)ret);
		f->result = (__s32)f->object;
	}
	finish(state, f, EVENT_GET);
}

static __always_inline void export_leave(__u64 ret)
{
	struct task_state *state;
	struct frame *f = moment(EVENT_EXPORT, &state);

	if (!f)
		return;
	f->result = pointer_error(ret);
	if (!f->result) {
		fill_buffer(f, (void *)ret);
		exported(f);
	}
	f->node = current_node();
	finish(state, f, EVENT_EXPORT);
}

static __always_inline void put_enter(__u64 a)
{
	struct task_state *state;
	struct frame *f = moment(EVENT_PUT, &state);

	if (!f)
		return;
	fill_buffer(f, (void *)a);
	finish(state, f, EVENT_PUT);
}

/* Inside dma_buf_fd() it is told there. */
static __always_inline void fd_install_enter(__u64 a, __u64 b)
{
	struct task_state *state;
	struct frame *f = moment(EVENT_FD, &state), *in;

	if (!f)
		return;
	in = around(state);
	if (in && in->event == EVENT_FD)
		return;
	fill_buffer(f, (void *)a);
	f->result = (__s32)b;
	finish(state, f, EVENT_FD);
}

/* An export that finds no memory releases a file without a buffer. */
static __always_inline void release_enter(__u64 a, __u64 b)
{
	void *dmabuf = file_buffer((void *)b);
	struct task_state *state;
	struct frame *f = dmabuf ? moment(EVENT_RELEASE, &state) : NULL;

	if (!f)
		return;
	fill_buffer(f, dmabuf);
	released(f);
	finish(state, f, EVENT_RELEASE);
}

#define PF_EXITING 0x4	/* include/linux/sched.h */

/*
 * What a process has not closed when it exits: its files go by filp_close() then, and each mapping
 * of a file is told to uprobe_munmap(). Of a tree it has left by then: its buffers tell.
 */
static __always_inline void left(void *file, void *vma)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct frame *f;

	if (!(task->flags & PF_EXITING) || !file ||
	    READ3(file, file, f_inode, i_sb, s_magic) != DMA_BUF_MAGIC)
		return;
	f = moment(EVENT_LEFT, &state);
	if (!f)
		return;
	fill_buffer(f, file_buffer(file));
	f->result = exit_status(task);
	if (vma) {
		f->size = vma_length(vma);
		f->flags |= EVENT_MAPPED;
	}
	finish(state, f, EVENT_LEFT);
}

static __always_inline void left_fd_enter(__u64 a, __u64 b)
{
	left((void *)a, NULL);
}

static __always_inline void left_map_enter(__u64 a, __u64 b)
{
	left(READ(a, vm_area_struct, vm_file), (void *)a);
}

#include "events_hooks.bpf.h"
#include "events_maps.bpf.h"
