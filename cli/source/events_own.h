/* SPDX-License-Identifier: GPL-2.0 */
/* What events.c, which loads hooks, and events_read.c, which reads what they tell, share. */
#ifndef SOURCE_EVENTS_OWN_H
#define SOURCE_EVENTS_OWN_H

#include "model/table.h"
#include "source/events.h"
#include "source/source.h"

enum program_place {
	PLACE_ENTRY,			/* of a call whose return is hooked too */
	PLACE_RETURN,
	PLACE_RETURN_ONLY,
	PLACE_SESSION,			/* entry and return */
	PLACE_MOMENT,
};

struct hooked {
	struct bpf_program *program;
	struct bpf_link *link;		/* or, of a session: */
	int session;			/* the link's fd, -1 none */
	const char *function;
	enum program_place place;
	enum events_hooks hooks;
	uint32_t events;		/* 1 << EVENT_*, that it is for */
};

struct event_stacks;

struct events {
	struct events_bpf *skel;
	const struct filter *filter;
	uint32_t wanted;		/* 1 << EVENT_* */
	struct hooked *hooked;
	uint32_t n_hooked, room_hooked;
	uint32_t kinds;			/* 1 << enum events_hooks, those in use */
	uint32_t events_hooked;		/* 1 << EVENT_* */

	struct ring_buffer *ring;
	int (*take)(void *ctx, const struct model_event *event);
	int (*take_raw)(void *ctx, const void *records, size_t len);
	void *ctx;
	int error;			/* of either */
	int taken;
	char *held;			/* records that wait, each behind its length */
	size_t held_len, held_room;
	struct event_stacks *stacks;	/* NULL: not asked for */

	struct table tasks;		/* struct event_task */
	uint32_t tasks_alive;		/* when those that ended were forgotten */
	struct table buffers;		/* struct event_buffer, seen exported, not yet released */
	struct intern strings;
	struct node_names *nodes;
	struct cgroup_names *cgroups;
	int64_t realtime;		/* CLOCK_REALTIME less CLOCK_MONOTONIC, ns */
};

/* events_read.c */
int events_open_ring(struct events *events);
void events_free_reading(struct events *events);

/* events_stacks.c */
uint64_t events_stack_seed(void);
int events_open_stacks(struct events *events);
/* Takes what the ring alone has. Returns 1 if it was that, 0, or -errno. */
int events_take_stack(struct events *events, const void *data, size_t len);
/* Whether a stack waits for what the ring may tell later; events wait behind it. */
bool events_stacks_wait(const struct events *events);
/* Takes those that wait as they are. Returns 0 or -errno. */
int events_settle_stacks(struct events *events);
/* The number for users, of one in the ring. */
uint64_t events_stack_settled(const struct events *events, uint64_t number);
void events_free_stacks(struct events *events);

#endif
