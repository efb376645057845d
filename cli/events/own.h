/* SPDX-License-Identifier: GPL-2.0 */
/* What events.c, which loads hooks, and events_read.c, which reads what they tell, share. */
#ifndef EVENTS_OWN_H
#define EVENTS_OWN_H

#include "model/table.h"
#include "events/events.h"
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
	uint64_t events;		/* EVENT_BIT()s of those that it is for */
};

struct event_stacks;

/* What later events are told with. */
struct events_known {
	struct table rows;
	uint32_t alive;			/* when those that are gone were forgotten */
	uint64_t marked;		/* CLOCK_MONOTONIC, ns, when they were found; 0: not yet */
};

enum events_map {
	MAP_STATES,
	MAP_ATTACHMENTS,
	MAP_BUFFERS,
	EVENTS_MAPS
};

struct events {
	struct events_bpf *skel;	/* the maps */
	struct events_bpf *programs;	/* hooked ones; skel until hooks are replaced */
	struct events_options options;
	bool fragile;			/* the hooks are not safe beside the module's accounting */
	uint64_t missed_before;		/* by hooks that were replaced, and meanwhile */
	struct hooked *hooked;
	uint32_t n_hooked, room_hooked;
	uint32_t kinds;			/* 1 << enum events_hooks, those in use */
	uint64_t events_hooked;		/* EVENT_BIT()s */

	int n_cpus;			/* numbers of CPUs that there may be, with gaps */
	const struct events_histogram *histograms;	/* each CPU's, or NULL */
	struct bpf_link *readers[EVENTS_MAPS];	/* NULL: not asked for */

	struct ring_buffer *ring;
	int (*take)(void *ctx, const struct model_event *event);
	int (*take_raw)(void *ctx, const void *records, size_t len);
	void *ctx;
	int error;			/* of either */
	int taken;
	char *held;			/* records that wait, each behind its length */
	size_t held_len, held_room;
	struct event_stacks *stacks;	/* NULL: not asked for */

	struct events_known tasks;	/* struct event_task */
	struct events_known buffers;	/* struct event_buffer, seen exported, not yet released */
	bool is_init_pid_ns;
	struct intern strings;
	struct node_names *nodes;
	struct cgroup_names *cgroups;
	int64_t realtime;		/* CLOCK_REALTIME less CLOCK_MONOTONIC, ns */
};

/* events_read.c */
int events_open_ring(struct events *events);
void events_free_reading(struct events *events);

/* Whether the filter wants it; what is unknown (NULL) passes. */
bool events_are_wanted(const struct filter *filter, const char *exporter, const char *device);

/* events_links.c: sums up what the hooks that are set missed; *told: all of them tell it. */
uint64_t events_hooks_missed(const struct events *events, bool *told);
/* Takes all hooks away. */
void events_detach(struct events *events);

/* events_maps.c: before the load, after it */
int events_prepare_maps(struct events *events, const struct events_options *options);
int events_open_maps(struct events *events, const struct events_options *options);
void events_close_maps(struct events *events);
/* Gives each entry to take(), until that returns an error. Returns 0 or -errno. */
int events_read_map(struct events *events, enum events_map map,
		    int (*take)(struct events *events, uint64_t key, const void *value, void *ctx),
		    void *ctx);

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
