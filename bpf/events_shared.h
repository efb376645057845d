/* SPDX-License-Identifier: GPL-2.0 */
/* What bpf/events.bpf.c and its loader, cli/events/events.c, say to each other. */
#ifndef EVENTS_SHARED_H
#define EVENTS_SHARED_H

#include "dmabuf_events.h"

#define EVENTS_MAX_EXPORTERS	64	/* powers of two */
#define EVENTS_MAX_HINTS	256
#define EVENTS_MAX_DEVICES	1024
#define EVENTS_MAX_NODES	256
#define EVENTS_MAX_HISTOGRAMS	512
#define EVENTS_MAX_ATTACHMENTS	65536
#define EVENTS_MAX_BUFFERS	65536	/* that somebody of the filter exported */
#define EVENTS_MAX_EXITS	1024	/* processes that exit at the same time */
#define EVENTS_PROBES		8	/* places that a key may have in a table */
#define EVENTS_USERS		8	/* the last processes with access to one buffer */
#define EVENTS_PAST		4	/* detached attachments of one buffer that are kept */
#define EVENTS_PREFIX		32	/* of a filter's pattern */
#define EVENTS_PREFIXES		4
#define EVENTS_BUCKETS		40	/* 2^39 ns: nine minutes */

/* Programs of 32 bits align in another way: structs pad themselves */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* An event and its stacks, side by side in the ring */
struct event_with_stack {
	struct dmabuf_event event;
	struct dmabuf_event_stack stack;
};

/* Settings before the load */
struct events_settings {
	__u32 to_ring;			/* each event goes to the ring */
	__u32 to_histograms;
	__u32 to_state;			/* events_attachment's counts, and events_buffer */
	__u32 can_cast;			/* bpf_rdonly_cast() is there */
	__u64 events;			/* EVENT_BIT()s of those that are wanted */
	/* What calls need not look at, where these are 0: it would cost with each */
	__u32 describe;			/* size and exporter are of use */
	__u32 filtered;			/* by any of the following */
	__u32 by_process;		/* only filter_pids, and buffers that they exported */
	__u32 follow;			/* children of those too */
	__u32 by_cgroup;		/* only tasks at or below filter_cgroups */
	__u32 n_exporters, n_devices;	/* how many prefixes; 0: all */
	__u32 stacks;			/* STACKS_*, which are taken */
	__u32 page_shift;		/* log2 of the bytes of a page */
	__u32 pad;
	__u64 seed;			/* of stacks' numbers, so that nobody can make two alike */
	__u64 min_size;
	char exporters[EVENTS_PREFIXES][EVENTS_PREFIX];
	char devices[EVENTS_PREFIXES][EVENTS_PREFIX];
};

/*
 * Names by small numbers: place i has number i + 1. Filled in once, never used again for
 * another. The key of an exporter is a hash of its name, that of a device the kernel's address.
 */
struct events_exporter {
	__u64 key;
	__u32 unwanted;			/* by the filter */
	__u32 pad;
	char name[32];			/* any bytes; empty: not yet written */
};

struct events_device {
	__u64 key;
	__u32 unwanted;
	__u32 pad;
	char name[64];
	char driver[32];
};

/*
 * exporter << 24 | device << 8 | event << 2 | direction, and the top bit so that no key is 0;
 * the place is that of the histogram.
 */
#define EVENTS_KEY(exporter, device, event, direction)					\
	(1u << 31 | (exporter) << 24 | (device) << 8 | (event) << 2 | (direction))
#define EVENTS_KEY_EXPORTER(key)	((key) >> 24 & 0x7f)
#define EVENTS_KEY_DEVICE(key)		((key) >> 8 & 0xffff)
#define EVENTS_KEY_EVENT(key)		((key) >> 2 & 0x3f)
#define EVENTS_KEY_DIRECTION(key)	((key) & 3)

/* Of one CPU. Calls that failed are in the counts too. */
struct events_histogram {
	__u64 count, errors;
	__u64 sum, max, wait;		/* ns */
	__u64 bytes;			/* sizes of the buffers, once for each call */
	__u64 buckets[EVENTS_BUCKETS];	/* by the highest bit of the duration in ns */
};

/* Of an attachment; the key is its address. */
struct events_attachment {
	__u64 ino;
	__u64 since;			/* when it was mapped last, CLOCK_MONOTONIC ns; 0 never */
	__u32 id;
	__u32 node;			/* place, that it was attached or mapped through */
	__u32 mapped[4];		/* mappings there are, by direction */
	__u16 device;
	__u8 exporter;
	__u8 unwanted;
	__u32 older;			/* it was attached before the start: there may be more */
	/* Kept with to_state only */
	__u64 maps[4];			/* how often it was mapped, by direction */
	__u64 took, waited;		/* all of them, ns; of that, for fences */
};

/* What a process did to a buffer by begin access. */
struct events_user {
	__u64 who;			/* pid << 32 | low bits of its start; 0: free place */
	__u64 reads, writes;
	__u64 last;			/* CLOCK_MONOTONIC ns */
};

/* Of a buffer, with to_state only; the key is its inode. */
struct events_buffer {
	__u32 node;			/* place, that it was exported through */
	__u32 pid;			/* who had it exported; 0: that was before the start */
	char comm[16];
	struct events_user users[EVENTS_USERS];
	struct events_attachment past[EVENTS_PAST];	/* older: attached again */
};

struct events_counts {
	__u64 dropped;			/* events that found no room in the ring */
	__u64 unmatched;		/* calls whose entry was not seen */
	__u64 stale;			/* calls whose return was not seen */
	__u64 full;			/* events that found no room in a table or a map */
	__u64 live_bytes, peak_bytes;	/* of buffers exported since the start */
	__u64 live_buffers, peak_buffers;
	__u64 processes;		/* seen in the tree that is followed */
	__u64 stacks_lost;		/* kernel's or user's, that an event is without */
	__u64 stacks_told, stacks_copied;	/* different ones, the kernel's and users' */
};

/* Stacks; see bpf/events_stacks.bpf.h. */
#define STACKS_KERNEL		1
#define STACKS_USER		2
#define STACK_COPY		16384	/* bytes of a user's stack */
#define STACK_CHUNK		1024	/* copied at once */
#define STACK_MAPS		32	/* of code told with it; a power of two, as the next */
#define STACK_NAMES		16	/* of a path */
#define STACK_PROBES		4	/* places that a mapping may have */
#define STACK_NAME		96
#define STACK_MAX_SEEN		65536
#define STACK_MAX_FILES		4096

/* What the ring has beside dmabuf_events.h's records, never given on: type is where theirs is */
#define RING_FILE	0x60
#define RING_FRAMES	0x61
#define RING_COPY	0x62

struct stack_file_key {
	__u64 ino;
	__u64 size;
	__s64 mtime;			/* seconds */
	__u32 dev;
	__u32 pad;
};

/* A file that user frames lie in, before its number is used. */
struct ring_file {
	__u64 start, end;		/* a mapping of it in pid */
	__u64 size;
	__s64 mtime;
	__u32 pid;
	__u32 number;
	__u16 n_names, pad;
	__u8 type;			/* RING_FILE */
	__u8 pad2[3];
	__u64 ino;
	__u32 dev;			/* the kernel's: major << 20 | minor */
	__u32 pad3;
	char names[STACK_NAMES][STACK_NAME];	/* of its path, the last one first; any bytes */
};

/* A kernel stack. */
struct ring_frames {
	__u64 time, number;
	__u64 pad[3];
	__u16 n;
	__u8 event;			/* that it was first seen at */
	__u8 pad2;
	__u8 type;			/* RING_FRAMES */
	__u8 pad3[3];
	__u64 frames[EVENT_FRAMES_MAX];	/* the innermost first */
};

/* A user's stack. */
struct ring_copy {
	__u64 time;
	__u64 number;			/* of this stack, until user space has made the right one */
	__u64 ip, sp;
	__u32 pid;
	__u16 chunks;			/* that could be copied */
	__u8 event;
	__u8 busy;			/* the maps are not all */
	__u32 pad;
	__u8 type;			/* RING_COPY */
	__u8 pad2[3];
	__u64 fp, link;			/* link: the register with the return address, arm64 */
	struct stack_map {
		__u64 start, end;
		__u64 first;		/* frame of start: file << 48 | offset */
	} maps[STACK_MAPS];		/* of code, that its words point to; start 0: none */
	char bytes[STACK_COPY];		/* from sp down to a multiple of STACK_CHUNK on */
};

_Static_assert(__builtin_offsetof(struct ring_file, type) == 44, "as that of events");
_Static_assert(__builtin_offsetof(struct ring_frames, type) == 44, "as that of events");
_Static_assert(__builtin_offsetof(struct ring_copy, type) == 44, "as that of events");

#define STACK_PROVISIONAL	(1ULL << 63)	/* in numbers of copies, and only in those */

struct events_tables {
	__u64 since;			/* in: count from here on, CLOCK_MONOTONIC ns; 0: not yet */
	__u32 attachments;		/* the last number given */
	__u32 files;			/* the same, of files that user frames lie in */
	struct events_counts counts;
	__u32 keys[EVENTS_MAX_HISTOGRAMS];
	__u32 nodes[EVENTS_MAX_NODES];	/* major << 20 | minor */
	__u64 hints[EVENTS_MAX_HINTS];	/* address of an exporter's name << 8 | number */
	struct events_exporter exporters[EVENTS_MAX_EXPORTERS];
	struct events_device devices[EVENTS_MAX_DEVICES];
};

#pragma GCC diagnostic pop

#endif
