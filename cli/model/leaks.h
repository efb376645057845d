/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which dma-bufs leak: takes the events of a process tree and what the kernel has at the end, and
 * gives findings. Looked at are the buffers that processes of the tree exported, and what anybody
 * does to them. Pure data and arithmetic; n events and buffers take n log n steps.
 */
#ifndef MODEL_LEAKS_H
#define MODEL_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/hash.h"

struct model;

/*
 * LEAK_KIND(ID, key, event, error, help): a buffer is of the first that applies. event: begins what
 * was not ended, EVENT_TYPES none. error: so severe unless options say otherwise.
 */
#define LEAK_KINDS_LIST(LEAK_KIND)							\
	LEAK_KIND(MAPPING, mapping, EVENT_MAP, true, "mapped for a device, and never unmapped") \
	LEAK_KIND(ATTACHMENT, attachment, EVENT_ATTACH, true,				\
		  "attached to a device, and never detached")				\
	LEAK_KIND(PIN, pin, EVENT_PIN, true, "pinned, and never unpinned")		\
	LEAK_KIND(VMAP, vmap, EVENT_VMAP, true, "mapped into the kernel, and never unmapped") \
	LEAK_KIND(CPU_ACCESS, cpu-access, EVENT_BEGIN, false,				\
		  "CPU access begun, and never ended")					\
	LEAK_KIND(GROWTH, growth, EVENT_TYPES, true, "a process holds more after each cycle") \
	LEAK_KIND(OUTLIVED, outlived, EVENT_TYPES, true, "held after exit")		\
	LEAK_KIND(KERNEL_HELD, kernel-held, EVENT_TYPES, true,				\
		  "alive after exit, held by no process")				\
	LEAK_KIND(UNCLOSED, unclosed, EVENT_TYPES, false,				\
		  "an fd or a mapping left open at exit of a process")			\
	LEAK_KIND(OLD, old, EVENT_TYPES, true, "alive and idle for too long")		\
	LEAK_KIND(UNSYNCED, unsynced, EVENT_TYPES, false, "mapped by CPU and device, never synced")

enum leak_kind {
#define LEAK_KIND_ENUM(id, key, event, error, help) LEAK_##id,
	LEAK_KINDS_LIST(LEAK_KIND_ENUM)
#undef LEAK_KIND_ENUM
	LEAK_KINDS,
};

/* NULL for a number that is no kind. */
const char *leak_name(unsigned int kind);
const char *leak_help(unsigned int kind);

/* Cycles in a row after which a rising low-water mark is growth */
#define LEAK_CYCLES 10
/* Holders that a finding names */
#define LEAK_HOLDERS 8

struct leaks_options {
	/*
	 * The processes are watched while they live: what a process does or holds that has not
	 * ended is no finding, unless it grows or is old.
	 */
	bool running;
	bool everybody;			/* every process is one of the tree */
	bool strict;			/* unclosed is an error */
	bool unsynced;
	uint64_t max_age;		/* ns; 0: nothing is too old */
};

/* Numbers of an event's stacks, equal for equal ones; 0: none, or unknown. */
struct leak_stack {
	uint64_t kernel, user;
};

/* What was begun: a map, an attach, a pin, a vmap, an access by the CPU, a get. */
struct leak_begun {
	uint64_t time;			/* CLOCK_MONOTONIC, ns; the last time */
	uint32_t count;			/* how often, with no end to it */
	uint32_t attachment;
	uint32_t pid;			/* 0 unknown */
	struct leak_stack stack;
	const char *comm, *device, *node;
	uint32_t buffer;		/* index */
	uint32_t before, next;		/* of the buffer: begun later, earlier; or INDEX_NONE */
	uint32_t alike;			/* the next that the same event may end, or INDEX_NONE */
	uint8_t type;			/* EVENT_* */
	uint8_t direction;
};

struct leak_process {
	uint32_t pid;
	uint32_t parent;		/* index, INDEX_NONE for a root */
	const char *comm;		/* of the leader, as far as it was seen; NULL unknown */
	bool ended, exiting;
	int status;			/* as wait(2) has it */
	/* Buffers that it exported: */
	uint32_t first, last;		/* those that are alive, oldest first; or INDEX_NONE */
	uint64_t alive, exported;
	bool releasing;			/* the last that happened was a release */
	uint64_t cycles, rises;		/* rises: in a row, to the last one */
	uint64_t mark, marked;		/* of the last cycle: alive and exported then */
	uint64_t base, based;		/* the same before the first of rises */
};

struct leak_buffer {
	uint64_t ino, size;
	const char *exporter, *name;	/* NULL unknown, or none */
	uint64_t exported, released;	/* CLOCK_MONOTONIC, ns; released 0: alive */
	uint64_t used;			/* last event, ns */
	uint64_t idle;			/* the longest time without one, ns */
	uint64_t number;		/* of its process' exports, from 1 on */
	uint32_t process;		/* index */
	struct leak_stack stack;	/* of the export */
	uint32_t before, after;		/* in its process' list */
	uint32_t begun;			/* the last, or INDEX_NONE */
	uint32_t left_by;		/* index of a process, or INDEX_NONE */
	uint32_t left_fds, left_maps;	/* at exits */
	uint32_t left_quietly;		/* of those, at exits by signals */
	bool used_here;			/* false: this place is free */
	bool grown, cpu_mapped, device_mapped, synced;
	/* From the judgement: */
	bool counted;			/* the reference sum is known */
	bool held;			/* by a process, or in flight */
	uint64_t fds, maps, kernel;
	uint32_t attachments;
	uint32_t next;			/* of the same finding, or INDEX_NONE */
};

struct leak_holder {
	uint32_t pid;			/* 0: none, in flight */
	bool of_tree;
	const char *comm;
	const char *socket;		/* who is at its ends; NULL: it is a process */
	/* Of the finding's buffers; others: GEM handles, io_uring, in flight */
	uint64_t fds, maps, others;
};

struct leak_finding {
	unsigned int kind;		/* enum leak_kind */
	bool error;
	const char *exporter;
	uint64_t size;			/* of each buffer; 0: they differ */
	uint64_t bytes;
	uint32_t n, first, last;	/* buffers, in the order of their exports */
	uint32_t process;		/* index; who exported, or left the first */
	bool processes_differ;
	bool counted;
	uint64_t fds, maps, kernel, attachments;
	struct leak_stack stack;	/* of the export */
	const struct leak_begun *begun;	/* of the first buffer; NULL none, or it was ended */
	uint64_t cycles, from, to;	/* growth */
	uint64_t idle;			/* old: the longest, ns */
	struct leak_holder holders[LEAK_HOLDERS];
	uint32_t n_holders;
	bool more_holders;
	/* For who looks at findings: */
	int suppressed;			/* by which rule, -1 none */
	bool known;			/* the baseline has it */
};

struct leaks {
	struct leaks_options options;
	uint64_t end;			/* when it all ended, CLOCK_MONOTONIC ns; 0 not yet */
	uint64_t vanished;		/* alive by the events, and not there at the end */
	struct leak_buffer *buffers;
	uint32_t n_buffers, room_buffers, free_buffers;
	struct leak_process *processes;
	uint32_t n_processes, room_processes;
	struct leak_begun *begun;
	uint32_t n_begun, room_begun, free_begun;
	struct leak_finding *findings;	/* errors first, each kind's largest first */
	uint32_t n_findings, room_findings;
	uint64_t alive;			/* buffers of the tree */
	uint64_t changes;		/* events that counted, ever */
	struct index by_ino, by_pid, by_key;
	struct index by_begun;		/* the first of those that are alike */
	struct intern strings;
};

void leaks_init(struct leaks *leaks, const struct leaks_options *options);
/* A process that the tree begins with. 0 or -ENOMEM. */
int leaks_add_process(struct leaks *leaks, uint32_t pid, const char *comm);
/* One event, in their order. 0 or -ENOMEM. */
int leaks_take(struct leaks *leaks, const struct model_event *event);
/* Gives stacks other numbers: settle() says which, the same for those that are to be one. */
void leaks_settle_stacks(struct leaks *leaks, uint64_t (*settle)(void *ctx, uint64_t number),
			 void *ctx);
/* How many processes of the tree have not ended. */
uint32_t leaks_living(const struct leaks *leaks);
/*
 * Makes the findings: end is what the kernel has after all events, NULL: nothing is known of it,
 * and what is alive is no finding. time: now, CLOCK_MONOTONIC ns. Once. 0 or -ENOMEM.
 */
int leaks_judge(struct leaks *leaks, const struct model *end, uint64_t time);
void leaks_free(struct leaks *leaks);

/*
 * For leaks_judge(): a process ends, or the tree does, with what it has: whether that grew is
 * settled here.
 */
void leaks_freeze(struct leaks *leaks, struct leak_process *process);

#endif
