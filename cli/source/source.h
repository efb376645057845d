/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources of snapshots. A source reads the kernel through BPF, /proc or a recording, and makes
 * snapshot records. source_snapshot() makes a model of the records.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/hash.h"
#include "source/records.h"

struct events;
struct filter;
struct model;
struct model_operations;

struct source;

struct source_ops {
	const char *name;		/* value of --source */
	const char *summary;		/* description, for doctor */
	/*
	 * Open the source. Return NULL, or a missing feature with its remedy, in one line, valid
	 * until the next call.
	 */
	const char *(*open)(struct source *source);
	/* Append the records of a snapshot. Return 0, or -errno with source->error. */
	int (*snapshot)(struct source *source, struct records *records);
	/* Count all buffers again, for model_recount(). NULL: not supported. */
	int (*recount)(struct source *source, struct records *records);
	/* Return the path of a cgroup id, valid until close. NULL: paths of this machine. */
	const char *(*cgroup)(struct source *source, uint64_t id);
	/*
	 * Data of hooks, for a source with hooks of its own. watch: prepare MODEL_WATCHES_*, return
	 * NULL or a reason for no data. state: append records. operations: sum up operations, set
	 * source->lost. All NULL: hooks of this machine, or none. watch NULL: always ready.
	 */
	const char *(*watch)(struct source *source, uint32_t what);
	int (*state)(struct source *source, struct records *records);
	int (*operations)(struct source *source, struct model_operations *operations);
	/* As node_of_number() and nodes_of_device(). NULL: names of this machine. */
	const char *(*node)(struct source *source, uint32_t rdev);
	const char *(*nodes)(struct source *source, const char *device);
	void (*close)(struct source *source);
};

/* Processes that hold a buffer or held one, and live; users.h */
struct users {
	uint32_t *pids;
	uint32_t n, room;
	struct index by_pid;
};

struct source {
	const struct source_ops *ops;
	void *own;			/* the source's state */
	uint32_t sees;			/* MODEL_SEES_*; a snapshot may change it */
	const char *lacks;		/* missing part and remedy, NULL none */
	char error[PATH_MAX + 256];
	/* The machine of the snapshots: this machine, unless the source sets another */
	char host[65], release[65];	/* as uname(2) has them */
	uint64_t memory;		/* bytes of RAM, 0 unknown */
	double time;			/* CLOCK_REALTIME of the last snapshot; 0: when asked for */
	const char *recorded;		/* source of a recording, NULL: a live source */
	struct records records, again;	/* the last snapshot's; its second count's */
	struct cgroup_names *cgroups;
	struct node_names *nodes;
	struct users users;
	struct index unexplained;	/* inode to the finding of the last time */
	/* Hooks, watch.c */
	uint32_t watched;		/* MODEL_WATCHES_* with hooks */
	uint32_t unwatchable;		/* MODEL_WATCHES_* without, see no_hooks */
	char no_hooks[256];		/* if all can: why they were replaced, or empty */
	uint64_t lost;			/* events, of a source with its own hooks */
	struct events *state, *times;	/* this machine's */
	struct intern names;		/* of exporters and devices */
};

extern const struct source_ops source_bpf_iter, source_bpf_task, source_module, source_proc;

/* All sources, best first, ended by NULL. */
extern const struct source_ops *const source_all[];

/*
 * Open the source of a name, or with "auto" the best source that opens. why, if not NULL, gets one
 * line for each better source that failed (caller frees). Return 0, -ENOENT for an unknown name,
 * -ENODEV if no source opens (source->error has the reason), -ENOMEM.
 */
int source_open(struct source *source, const char *name, char **why);

/*
 * Read a snapshot into model, up to three times if rows change meanwhile, and add up the sums of
 * the selected objects. Return 0 or -errno with source->error set.
 */
int source_snapshot(struct source *source, struct model *model, const struct filter *filter);

/*
 * Attach hooks for MODEL_WATCHES_*, and detach the others. From the next snapshot on, the model has
 * their figures; times are those of the filter's processes, exporters and devices. If hooks cannot
 * be attached, source->no_hooks has the reason. watch.c
 */
void source_watch(struct source *source, uint32_t what, const struct filter *filter);
/*
 * The same for long runs, by one set of hooks (enum events_hooks) until source_close(). The hooks
 * miss no event, and also count exports, releases and fence waits.
 */
void source_watch_all(struct source *source, unsigned int hooks);
/* Append the state's records; read operations and lost events into the model. 0 or -errno. */
int watch_state(struct source *source);
int watch_operations(struct source *source, struct model *model);

/*
 * Write the findings of model into the records of the last snapshot: remove released buffers, and
 * mark moved buffers. A model of these records equals model.
 */
void source_settle(struct source *source, const struct model *model);

void source_close(struct source *source);

/* recording.c: a recording as a source; its snapshots are read in their order, or chosen. */
extern const struct source_ops source_recording;
/* As source_open(). */
int source_open_recording(struct source *source, const char *path);
bool source_is_recording(const struct source *source);
/* Return the number of snapshots, and the index of the next. */
uint32_t source_moments(const struct source *source);
uint32_t source_moment(const struct source *source);
/* Choose the next snapshot. Return false, without change, for an invalid index. */
bool source_choose(struct source *source, int64_t moment);
/* Return the CLOCK_REALTIME of a snapshot, seconds; and the last one at a time, or the first. */
double source_time_of(const struct source *source, uint32_t moment);
uint32_t source_moment_at(const struct source *source, double time);
/* Return a description of the damage, NULL none. */
const char *source_damage(const struct source *source);
/* As recording_unknown(). */
const char *source_unknown(const struct source *source);
struct recording;
struct recording *source_file(const struct source *source);

/* Print libbpf's messages (-v). */
extern bool source_verbose;

#endif
