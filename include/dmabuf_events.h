/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events of dma-bufs from BPF programs: one list of events, and their record, in memory and on
 * disk. Fixed width, explicit padding, native endian. Constant data is elsewhere: names of devices,
 * exporters and nodes in tables, by small numbers; a task's process, command and cgroup in a record
 * before the first event of the task. Depends on no other header of ours.
 */
#ifndef DMABUF_EVENTS_H
#define DMABUF_EVENTS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * EVENT(ID, key, flags, help): key is the name in options, text, JSON and recordings. A call has
 * a duration and a result; the others are moments. Append only: a place is the event's number in
 * recordings.
 */
#define DMABUF_EVENTS(EVENT)								\
	EVENT(EXPORT,     export,     EVENT_JUDGED | EVENT_BEGINS, "a buffer was exported")	\
	EVENT(FD,         fd,         0,            "a buffer got an fd")		\
	EVENT(GET,        get,        EVENT_JUDGED | EVENT_BEGINS,			\
	      "a driver got a reference by an fd")					\
	EVENT(PUT,        put,        EVENT_JUDGED, "a driver dropped a reference")	\
	EVENT(MMAP,       mmap,       EVENT_JUDGED | EVENT_BEGINS,			\
	      "a buffer was mapped into a process")					\
	EVENT(ATTACH,     attach,     EVENT_ON_DEVICE | EVENT_BEGINS, "a device was attached") \
	EVENT(DETACH,     detach,     EVENT_ON_DEVICE, "a device was detached")		\
	EVENT(MAP,        map,        EVENT_ON_DEVICE | EVENT_BEGINS,			\
	      "an attachment was mapped for DMA")					\
	EVENT(UNMAP,      unmap,      EVENT_ON_DEVICE, "an attachment was unmapped")	\
	EVENT(PIN,        pin,        EVENT_ON_DEVICE | EVENT_BEGINS, "a buffer was pinned")	\
	EVENT(UNPIN,      unpin,      EVENT_ON_DEVICE, "a buffer was unpinned")	\
	EVENT(VMAP,       vmap,       EVENT_ON_BUFFER | EVENT_BEGINS,			\
	      "a buffer was mapped into the kernel")					\
	EVENT(VUNMAP,     vunmap,     EVENT_ON_BUFFER, "a kernel mapping was removed")	\
	EVENT(BEGIN,      begin,      EVENT_ON_BUFFER | EVENT_BEGINS,			\
	      "a CPU access began")							\
	EVENT(END,        end,        EVENT_ON_BUFFER, "a CPU access ended")		\
	EVENT(NAME,       name,       EVENT_JUDGED, "a user named a buffer")		\
	EVENT(INVALIDATE, invalidate, EVENT_CALL,   "an exporter invalidated mappings")	\
	EVENT(FENCE_WAIT, fence_wait, EVENT_CALL,   "a task waited for a fence")	\
	EVENT(RELEASE,    release,    EVENT_JUDGED, "the last reference was dropped")	\
	EVENT(FORK,       fork,       EVENT_JUDGED | EVENT_PROCESS, "a process forked")	\
	EVENT(EXEC,       exec,       EVENT_JUDGED | EVENT_PROCESS,			\
	      "a process runs another program")						\
	EVENT(EXIT,       exit,       EVENT_JUDGED | EVENT_PROCESS, "a process exited")	\
	EVENT(LEFT,       left,       EVENT_JUDGED | EVENT_PROCESS,			\
	      "an fd or a mapping was left open at exit")

/* Flags of the list. Each makes a set, EVENT_SET_*: no other list of events is written. */
#define EVENT_CALL	0x01		/* has a duration */
#define EVENT_BEGINS	0x02		/* has a matching end: with stacks, if requested */
#define EVENT_PROCESS	0x04		/* is about processes: told only if asked for */
#define EVENT_JUDGED	0x08		/* leaks needs it */
#define EVENT_TIMED	0x10		/* is a row of the view of latencies */
#define EVENT_ATTACHED	0x20		/* needs attachments to be known */
#define EVENT_ON_BUFFER	(EVENT_CALL | EVENT_TIMED | EVENT_JUDGED)
#define EVENT_ON_DEVICE	(EVENT_ON_BUFFER | EVENT_ATTACHED)

enum dmabuf_event_type {
#define DMABUF_EVENT_ENUM(id, key, flags, help) EVENT_##id,
	DMABUF_EVENTS(DMABUF_EVENT_ENUM)
#undef DMABUF_EVENT_ENUM
	EVENT_TYPES,
	/* Other records; append only */
	EVENT_TASK = 0x40,		/* struct dmabuf_event_task */
	EVENT_TEXT,			/* struct dmabuf_event_text, for the event before */
	EVENT_STACK,			/* struct dmabuf_event_stack, for the event before */
	EVENT_FRAMES,			/* struct dmabuf_event_frames, of a stack */
	EVENT_MAP_DETAILS,		/* struct dmabuf_event_map_details, of the event before */
	EVENT_FENCE_DETAILS,		/* struct dmabuf_event_fence_details, the same */
	EVENT_RECORDS_END,		/* a reader steps over others */
};

/* Sets of events, __u64 */
#define EVENT_BIT(event)	(1ULL << (event))
#define EVENT_BIT_IF(condition, event)	| (__u64)!!(condition) << (event)
#define EVENT_IF_CALL(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_CALL, EVENT_##id)
#define EVENT_IF_BEGINS(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_BEGINS, EVENT_##id)
#define EVENT_IF_PROCESS(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_PROCESS, EVENT_##id)
#define EVENT_IF_JUDGED(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_JUDGED, EVENT_##id)
#define EVENT_IF_TIMED(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_TIMED, EVENT_##id)
#define EVENT_IF_ATTACHED(id, key, flags, help) EVENT_BIT_IF((flags) & EVENT_ATTACHED, EVENT_##id)
#define EVENT_SET_ALL		(EVENT_BIT(EVENT_TYPES) - 1)
#define EVENT_SET_CALL		(0 DMABUF_EVENTS(EVENT_IF_CALL))
#define EVENT_SET_BEGINS	(0 DMABUF_EVENTS(EVENT_IF_BEGINS))
#define EVENT_SET_PROCESS	(0 DMABUF_EVENTS(EVENT_IF_PROCESS))
#define EVENT_SET_JUDGED	(0 DMABUF_EVENTS(EVENT_IF_JUDGED))
#define EVENT_SET_TIMED		(0 DMABUF_EVENTS(EVENT_IF_TIMED))
#define EVENT_SET_ATTACHED	(0 DMABUF_EVENTS(EVENT_IF_ATTACHED))

/* dmabuf_event.flags; append only */
#define EVENT_DIRECTION		0x03	/* enum dma_data_direction; 3, DMA_NONE: none, or unknown */
#define EVENT_DYNAMIC		0x04	/* attach: the importer lets the buffer move */
#define EVENT_MAPPED		0x04	/* detach: while mapped; left: a mapping, not an fd */
#define EVENT_NESTED		0x08	/* inside another call of this list */
#define EVENT_HAS_TEXT		0x10	/* an EVENT_TEXT follows */
#define EVENT_HAS_STACK		0x20	/* an EVENT_STACK follows, behind a text */
#define EVENT_HAS_DETAILS	0x40	/* details of the event's kind follow, behind these */

/*
 * value: for calls, the duration in ns; for mmap and mappings left, the length, for the others the
 * buffer's size, in bytes.
 * result: 0, or -errno; for fd and get, the fd; for exit and left, the exit status, as for wait(2).
 * wait: for calls, the part of the duration in waits for fences, in ns, at most 2^32-1 (then see
 * the fence_wait events).
 * attachment: counted from 1 since the start, 0 none; for fork, the child's process.
 * device, node: places in tables, 0 none or unknown; for export, device is the exporter's place.
 */
struct dmabuf_event {
	__u64 time;			/* CLOCK_MONOTONIC, ns, at the end of the event */
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

/* The process of a tid, before the first event and after each change. */
struct dmabuf_event_task {
	__u64 time;
	__u64 cgroup;			/* cgroup v2 id, 0 unknown */
	__u32 tid;
	__u32 pid;			/* thread group */
	char comm[16];			/* TASK_COMM_LEN; the thread's, any bytes */
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
 * The stacks of an event: numbers of stacks, 0 none or unknown. Two stacks are equal if, and only
 * if, their numbers are equal. A recording has the frames of a stack before the first use.
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

/*
 * Layout of the memory of a map. Runs are bytes side by side, in memory or in the device's
 * addresses, of the first entries of the scatter list. 0 is unknown.
 */
struct dmabuf_event_map_details {
	__u64 time;			/* the event's */
	__u64 largest;			/* run in memory, bytes */
	__u64 device_largest;		/* run of addresses of the device, bytes */
	__u32 tid;
	__u32 entries, device_entries;	/* in all, by scatterlist's orig_nents and nents */
	__u32 bounced;			/* entries in bounce buffers */
	__u16 seen;			/* entries examined */
	__u16 runs;			/* contiguous pieces in the examined entries */
	__u8 type;			/* EVENT_MAP_DETAILS */
	__u8 pad[3];
};

/* The fence of an event, and its use. */
struct dmabuf_event_fence_details {
	__u64 time;			/* the event's */
	__u64 fence;			/* key, constant for a fence in a recording; 0 unknown */
	__u64 context, seqno;		/* its timeline and place there */
	__u32 tid;
	__s32 error;			/* of the signaled fence, -errno; 0 none */
	__u8 usage;			/* enum dma_resv_usage + 1; 0 unknown */
	__u8 how;			/* enum dmabuf_event_how */
	__u16 pad;
	__u8 type;			/* EVENT_FENCE_DETAILS */
	__u8 pad2[3];
};

/* How a task waits for a fence; append only */
enum dmabuf_event_how {
	EVENT_HOW_UNKNOWN,
	EVENT_HOW_WAIT,			/* in the kernel, by dma_fence_wait() */
	EVENT_HOW_POLL,			/* poll of a dma-buf */
	EVENT_HOW_SYNC_FILE,		/* poll of a sync_file */
	EVENT_HOW_SYNCOBJ,		/* ioctl of a syncobj */
	EVENT_HOWS
};

#define EVENT_FRAMES_EACH	3	/* in a record */
#define EVENT_FRAMES_MAX	64	/* of a stack; deeper stacks lose the outermost frames */

/*
 * Frames of a stack, the innermost first: the n frames are in adjacent records with this number. A
 * kernel frame is an address, in a recording a key of the address. A user frame is file << 48 |
 * offset in the file; other records name the number of the file; file 0: an address in memory
 * without a file. All are return addresses: the call is before the address.
 */
struct dmabuf_event_frames {
	__u64 time;
	__u64 stack;
	__u64 frames[EVENT_FRAMES_EACH];
	__u8 at, n;			/* index of the first frame here; number in total */
	__u8 user;			/* 1; 0: the kernel's */
	__u8 event;			/* the first event with the stack */
	__u8 type;			/* EVENT_FRAMES */
	__u8 pad[3];
};

#define EVENT_FRAME_FILE(frame)		((frame) >> 48)
#define EVENT_FRAME_OFFSET(frame)	((frame) & 0xffffffffffffULL)

#ifndef __cplusplus
_Static_assert(EVENT_TYPES < 64, "sets of events have 64 bits");
_Static_assert(sizeof(struct dmabuf_event) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_task) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_text) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_stack) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_frames) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_map_details) == 48, "layout");
_Static_assert(sizeof(struct dmabuf_event_fence_details) == 48, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_task, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_text, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_stack, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_frames, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_map_details, type) == 44, "layout");
_Static_assert(__builtin_offsetof(struct dmabuf_event_fence_details, type) == 44, "layout");
#endif

#endif
