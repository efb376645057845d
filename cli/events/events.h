/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where events come from: hooks of bpf/events.bpf.c, chosen for each event by what the kernel
 * has and by use. Views never see what is behind this header.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/stack.h"

struct filter;

enum events_hooks {
	HOOKS_AUTO,
	HOOKS_TRACEPOINT,
	HOOKS_KPROBE,
	HOOKS_SESSION,			/* kprobes with entry and return in one */
	HOOKS_FENTRY,
	HOOKS_NONE,			/* this kernel has none for it */
};

/* "auto", "tracepoint", "kprobe", "session", "fentry", "--" for none. */
const char *events_hooks_name(enum events_hooks hooks);

enum events_stacks {
	EVENTS_KERNEL_STACKS = 1,
	EVENTS_USER_STACKS = 2,
};

struct events_options {
	uint64_t wanted;		/* EVENT_BIT()s of those to see */
	enum events_hooks hooks;
	bool exact;			/* no event is missed; else: as cheap as can be */
	bool to_ring, to_histograms;
	bool to_state;			/* what is mapped now, who accesses, through which node */
	uint64_t ring_bytes;		/* 0: 8 MiB */
	const struct filter *filter;	/* pid, cgroup, exporter, device, size; NULL all */
	uint32_t stacks;		/* EVENTS_*_STACKS, to take; with to_ring only */
	uint32_t follow;		/* this process and its children, 0: all that filter says */
};

/* Events that are not there to be received. */
struct events_lost {
	uint64_t dropped;		/* found no room in the ring, a table or a map */
	uint64_t missed;		/* by hooks */
};

struct events;

/* How an event is hooked. */
struct events_hook {
	unsigned int event;
	const char *function;		/* or tracepoint */
	enum events_hooks hooks;
	const char *why;		/* one line, good until the next call */
};

/*
 * What events_open() would choose for hook i of all, in the order of the events; false when there
 * is no such one. The kernel's BTF is read once.
 */
bool events_hook(uint32_t i, enum events_hooks hooks, bool exact, struct events_hook *hook);

/*
 * Loads and attaches the hooks; nothing is told before events_start(). Returns 0, or -errno with
 * error saying what is missing and what helps, one line.
 */
int events_open(struct events **events, const struct events_options *options, char *error,
		size_t room);
void events_start(struct events *events);
/*
 * Replace hooks that are not safe beside the module's accounting, if the module is loaded now. The
 * new hooks share all maps, so sums, numbers and followed processes stay. The number of events in
 * between is unknown; lost counts one missed event. Return 0 for no change; 1, or -errno for no
 * hooks left, with a reason of one line. Cost: at most one system call. events may be NULL.
 */
int events_look_again(struct events *events, char *why, size_t room);
/* From here on nothing more is told; what is in the ring can still be read. */
void events_stop(struct events *events);

/*
 * Gives what the ring has to take(), in its order; the event is good until that returns. take
 * returns 0, or -errno to end with. Returns how many events, or -errno.
 */
int events_read(struct events *events, int (*take)(void *ctx, const struct model_event *event),
		void *ctx);
/*
 * The same for the records as they are: whole ones, side by side (dmabuf_events.h); stacks have
 * their frames told before their first use.
 */
int events_read_raw(struct events *events, int (*take)(void *ctx, const void *records, size_t len),
		    void *ctx);

/* Sums up all that was counted since the start, over CPUs. Returns 0 or -errno. */
int events_operations(struct events *events, struct model_operations *operations);

struct records;

/*
 * Appends what to_state has kept: a snap_mapping for each attachment, a snap_origin and snap_access
 * records for each buffer. Returns 0 or -errno.
 */
int events_state(struct events *events, struct records *records);

/* Of buffers that were exported since the start. */
struct events_totals {
	uint64_t live_bytes, live_buffers, peak_bytes, peak_buffers;
	uint64_t processes;		/* of the tree that is followed, all there ever were */
};
void events_totals(const struct events *events, struct events_totals *totals);
void events_lost(const struct events *events, struct events_lost *lost);
/* Return the wanted events (EVENT_BIT()s) that have no hook of the kind asked for. */
uint64_t events_unhooked(const struct events *events);
/* The kinds in use, for people: "kprobe", "tracepoint+fentry". */
const char *events_hooks_used(const struct events *events);
/* Device, exporter, node by their numbers in a record; NULL none. Good until events_close(). */
const char *events_device(const struct events *events, uint32_t number);
const char *events_exporter(const struct events *events, uint32_t number);
const char *events_node(struct events *events, uint32_t number);

/*
 * A stack by its number in an event, with names, whether or not the process is still there;
 * looked up when asked for the first time. NULL none. Good until events_close().
 */
const struct stack *events_stack(struct events *events, uint64_t number);
/* A file of user frames, for recordings; strings NULL: unknown. False: there is none. */
bool events_file(struct events *events, uint32_t number, const char **path, const char **build_id);
/* What an address of the kernel is called, good until the next call; NULL unknown. */
const char *events_kernel_symbol(struct events *events, uint64_t address);

struct events_stack_counts {
	uint64_t lost;			/* kernel's or user's, that an event is without */
	uint64_t told, copied;		/* different ones; unwound in user space */
	uint64_t cut;			/* deeper than what was copied */
	const char *kernel_lacks;	/* why kernel functions have no names, NULL: they have */
};
void events_stack_counts(const struct events *events, struct events_stack_counts *counts);
void events_close(struct events *events);

#endif
