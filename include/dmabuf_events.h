/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that happens to dma-bufs, as BPF programs see it: one list of events, and the one
 * record they all have, in memory and on disk. Fixed width, explicit padding, native endian.
 * What does not change from event to event stands elsewhere: names of devices, exporters and
 * nodes in tables, by small numbers; a task's process, command and cgroup in a record of its own
 * before its first event. Depends on nothing of ours.
 */
#ifndef DMABUF_EVENTS_H
#define DMABUF_EVENTS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * EVENT(ID, key, flags, help): key is the name in options, text, JSON and recordings. A call has
 * a duration and a result; the others are moments.
 */
#define DMABUF_EVENTS(EVENT)								\
	EVENT(EXPORT,     export,     0,         "a buffer was made")			\
	EVENT(FD,         fd,         0,         "it was given an fd")			\
	EVENT(GET,        get,        0,         "a driver took a reference by an fd")	\
	EVENT(PUT,        put,        0,         "a driver gave a reference back")	\
	EVENT(MMAP,       mmap,       0,         "it was mapped into a process")	\
	EVENT(ATTACH,     attach,     EVENT_CALL, "a device was attached")		\
	EVENT(DETACH,     detach,     EVENT_CALL, "a device was detached")		\
	EVENT(MAP,        map,        EVENT_CALL, "an attachment was mapped for DMA")	\
	EVENT(UNMAP,      unmap,      EVENT_CALL, "that mapping was undone")		\
	EVENT(PIN,        pin,        EVENT_CALL, "it was kept from moving")		\
	EVENT(UNPIN,      unpin,      EVENT_CALL, "it may move again")			\
	EVENT(VMAP,       vmap,       EVENT_CALL, "it was mapped into the kernel")	\
	EVENT(VUNMAP,     vunmap,     EVENT_CALL, "that mapping was undone")		\
	EVENT(BEGIN,      begin,      EVENT_CALL, "the CPU began to access it")		\
	EVENT(END,        end,        EVENT_CALL, "the CPU's access ended")		\
	EVENT(NAME,       name,       0,         "a user named it")			\
	EVENT(INVALIDATE, invalidate, EVENT_CALL, "importers were told that it moves")	\
	EVENT(FENCE_WAIT, fence_wait, EVENT_CALL, "a task waited for a fence")		\
	EVENT(RELEASE,    release,    0,         "its last reference went")		\
	EVENT(FORK,       fork,       0,         "a process was made")			\
	EVENT(EXEC,       exec,       0,         "a process runs another program")	\
	EVENT(EXIT,       exit,       0,         "a process ended")			\
	EVENT(LEFT,       left,       0,         "an fd or a mapping was left to its process' exit")

#define EVENT_CALL 1

enum dmabuf_event_type {
#define DMABUF_EVENT_ENUM(id, key, flags, help) EVENT_##id,
	DMABUF_EVENTS(DMABUF_EVENT_ENUM)
#undef DMABUF_EVENT_ENUM
	EVENT_TYPES,
	/* Records that are no events */
	EVENT_TASK = 0x40,		/* struct dmabuf_event_task */
	EVENT_TEXT,			/* struct dmabuf_event_text, of the event before it */
	EVENT_STACK,			/* struct dmabuf_event_stack, of the event before it */
	EVENT_FRAMES,			/* struct dmabuf_event_frames, of a stack */
};

/* dmabuf_event.flags */
#define EVENT_DIRECTION		0x03	/* enum dma_data_direction; 3, DMA_NONE: none, or unknown */
#define EVENT_DYNAMIC		0x04	/* attach: the importer lets the buffer move */
#define EVENT_MAPPED		0x04	/* detach: while mapped; left: a mapping, not an fd */
#define EVENT_NESTED		0x08	/* inside another call of this list */
#define EVENT_HAS_TEXT		0x10	/* an EVENT_TEXT follows */
#define EVENT_HAS_STACK		0x20	/* an EVENT_STACK follows; never both */

/*
 * value: of calls the duration in ns; of mmap and mappings left the length, of the others the
 * buffer's size, in bytes.
 * result: 0, or -errno; of fd and get the fd; of exit and left the process' exit status, as wait(2)
 * has it.
 * wait: of calls, how much of the duration was spent waiting for fences, in ns, at most 2^32-1
 * (then the fence_wait events say it).
 * attachment: counted from 1 since the start, 0 none; of fork the child's process.
 * device, node: places in tables, 0 none or unknown; of export, device is the exporter's place.
 */
struct dmabuf_event {
	__u64 time;			/* CLOCK_MONOTONIC, ns, when it had happened */
	__u64 ino;			/* the buffer; 0: none, or unknown */
	__u64 value;
	__u32 tid;
	__s32 result;
	__u32 wait;
	__u32 attachment;
	__u16 device;
	__u16 cpu;
	__u8 type;			/* enum dmabuf_event_type */
	__u8 flags;			/* EVENT_* */
	__u16 node;
};

/* Who a tid is, before its first event and whenever it changed. */
struct dmabuf_event_task {
	__u64 time;
	__u64 cgroup;			/* cgroup v2 id, 0 unknown */
	__u32 tid;
	__u32 pid;			/* thread group */
	char comm[16];			/* TASK_COMM_LEN; of the thread, any bytes */
	__u16 pad[2];
	__u8 type;			/* EVENT_TASK */
	__u8 pad2[3];
};

/* name: the buffer's new name; fence_wait: driver and timeline, each ended by NUL, cut. */
struct dmabuf_event_text {
	char text[40];			/* any bytes */
	__u16 pad[2];
	__u8 type;			/* EVENT_TEXT */
	__u8 pad2[3];
};

/*
 * Which stacks led to an event: numbers of stacks, 0 none or unknown. Equal stacks have equal
 * numbers, and different ones different numbers; a recording has the frames of each before its
 * first use.
 */
struct dmabuf_event_stack {
	__u64 time;			/* the event's */
	__u64 kernel, user;
	__u64 pad3;
	__u32 tid;
	__u32 pad4;
	__u16 pad[2];
	__u8 type;			/* EVENT_STACK */
	__u8 pad2[3];
};

#define EVENT_FRAMES_EACH	3	/* in a record */
#define EVENT_FRAMES_MAX	64	/* of a stack; the outermost of a deeper one are cut */

/*
 * Frames of a stack, the innermost first: n of all records with this number are side by side. A
 * kernel frame is an address. A user frame is file << 48 | offset in that file, a number that
 * names are given for elsewhere; file 0: an address in memory that no file lies below. All are
 * return addresses: what was called stands before them.
 */
struct dmabuf_event_frames {
	__u64 time;
	__u64 stack;
	__u64 frames[EVENT_FRAMES_EACH];
	__u8 at, n;			/* place of the first one here; how many in all */
	__u8 user;			/* 1; 0: the kernel's */
	__u8 event;			/* that it was first seen at */
	__u8 type;			/* EVENT_FRAMES */
	__u8 pad[3];
};

#define EVENT_FRAME_FILE(frame)		((frame) >> 48)
#define EVENT_FRAME_OFFSET(frame)	((frame) & 0xffffffffffffULL)

#ifndef __cplusplus
_Static_assert(sizeof(struct dmabuf_event) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_task) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_text) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_stack) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_frames) == 48, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_task, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_text, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_stack, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_frames, type) == 44, "layout");
#endif

#endif
