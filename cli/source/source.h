/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where snapshots come from. A source turns something outside (the kernel through BPF, /proc,
 * a recording) into snapshot records; source_snapshot() makes a model of them. Nothing behind
 * this header is known to views.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/hash.h"

struct events;
struct filter;
struct model;
struct model_operations;

/* A growing run of snapshot records. Zero-initialised is empty. */
struct records {
	char *bytes;
	size_t len, room;
};

/* Room for n more bytes at the end, not yet counted in len. NULL if memory is out. */
void *records_reserve(struct records *records, size_t n);
/* Adds one record. 0 or -ENOMEM. */
int records_add(struct records *records, const void *record, size_t len);
void records_free(struct records *records);

struct source;

struct source_ops {
	const char *name;		/* as --source takes it */
	const char *summary;		/* what it is, for doctor */
	/*
	 * Opens it. Returns NULL, or what is missing and what helps, one line without newline,
	 * good until the next call.
	 */
	const char *(*open)(struct source *source);
	/* Appends one snapshot's records. 0, or -errno with source->error set. */
	int (*snapshot)(struct source *source, struct records *records);
	/* Counts all buffers again: see model_recount(). NULL: this source cannot. */
	int (*recount)(struct source *source, struct records *records);
	/* Path of a cgroup id, good until close. NULL: those of this machine. */
	const char *(*cgroup)(struct source *source, uint64_t id);
	/*
	 * What hooks tell, of a source that has its own: gets ready for what is asked for from now
	 * on (MODEL_WATCHES_*), and returns NULL, or why there is none of it; appends the records
	 * of the state; sums up operations, and sets source->lost. All NULL: those of this machine,
	 * of a recording none. watch may be NULL, then there always is something.
	 */
	const char *(*watch)(struct source *source, uint32_t what);
	int (*state)(struct source *source, struct records *records);
	int (*operations)(struct source *source, struct model_operations *operations);
	/* As node_of_number() and nodes_of_device(). NULL: those of this machine. */
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
	const char *lacks;		/* what it cannot see and what helps, NULL nothing */
	char error[PATH_MAX + 256];
	/* Where the snapshots are made: this machine, unless the source says otherwise */
	char host[65], release[65];	/* as uname(2) has them */
	uint64_t memory;		/* bytes of RAM, 0 unknown */
	double time;			/* CLOCK_REALTIME of the last snapshot; 0: when asked for */
	const char *recorded;		/* the source it was recorded from, NULL: it is read now */
	struct records records, again;	/* the last snapshot's; its second count's */
	struct cgroup_names *cgroups;
	struct node_names *nodes;
	struct users users;
	struct index unexplained;	/* inode to what was found the last time */
	/* Hooks, watch.c */
	uint32_t watched;		/* MODEL_WATCHES_* that are set */
	uint32_t unwatchable;		/* those that cannot be, as no_hooks says */
	char no_hooks[256];		/* if all can: why they were replaced, or empty */
	uint64_t lost;			/* events, of a source that has its own hooks */
	struct events *state, *times;	/* this machine's */
	struct intern names;		/* of exporters and devices */
};

extern const struct source_ops source_bpf_iter, source_bpf_task, source_module, source_proc;

/* All sources, best first, ended by NULL. */
extern const struct source_ops *const source_all[];

/*
 * Opens the source of that name, or with "auto" the best that can be opened. why, if not NULL,
 * gets one line for each better source that was passed over (caller frees). Returns 0,
 * -ENOENT for an unknown name, -ENODEV if none could be opened (source->error says why),
 * -ENOMEM.
 */
int source_open(struct source *source, const char *name, char **why);

/*
 * Reads a snapshot into model, again up to three times when rows changed meanwhile, and sums
 * it up over what the filter selects. Returns 0 or -errno with source->error set.
 */
int source_snapshot(struct source *source, struct model *model, const struct filter *filter);

/*
 * Sets hooks for what is asked for (MODEL_WATCHES_*), and takes away the others: from the next
 * snapshot on the model has what they tell. Of times the filter's processes, exporters and
 * devices. Where they cannot be set, source->no_hooks says why. watch.c
 */
void source_watch(struct source *source, uint32_t what, const struct filter *filter);
/*
 * For who reads for long: all of that by one set of hooks (enum events_hooks), which miss nothing
 * and count exports, releases and fence waits too. Until source_close().
 */
void source_watch_all(struct source *source, unsigned int hooks);
/* Appends the state's records; reads operations and what was lost into the model. 0 or -errno. */
int watch_state(struct source *source);
int watch_operations(struct source *source, struct model *model);

/*
 * Writes into the records of the last snapshot what model was found to be: buffers that went are
 * taken out, those that moved are marked. What is made of them then is the model as it was read.
 */
void source_settle(struct source *source, const struct model *model);

void source_close(struct source *source);

/* recording.c: a recording as a source; its snapshots are read in their order, or chosen. */
extern const struct source_ops source_recording;
/* As source_open(). */
int source_open_recording(struct source *source, const char *path);
bool source_is_recording(const struct source *source);
/* How many snapshots it has, and which is read next, from 0 on. */
uint32_t source_moments(const struct source *source);
uint32_t source_moment(const struct source *source);
/* Chooses the one that is read next; false, and nothing changes, if there is no such one. */
bool source_choose(struct source *source, int64_t moment);
/* CLOCK_REALTIME of one, seconds, and the last that is not later than a time, or the first. */
double source_time_of(const struct source *source, uint32_t moment);
uint32_t source_moment_at(const struct source *source, double time);
/* What of it cannot be read, NULL nothing. */
const char *source_damage(const struct source *source);
/* Return as recording_unknown(). */
const char *source_unknown(const struct source *source);
struct recording;
struct recording *source_file(const struct source *source);

/* Path of a cgroup v2 id, NULL unknown; good until source_close(). cgroup.c */
struct cgroup_names;
const char *cgroup_path(struct cgroup_names **names, uint64_t id);
/* Forgets all if there are more; those since the call before stay good until the next one. */
void cgroup_names_trim(struct cgroup_names *names, uint32_t most);
void cgroup_names_free(struct cgroup_names *names);

/*
 * Device files, from sysfs: the one of a device number (major << 20 | minor, as the kernel has
 * it), and those that a device's driver offers, joined by ";" ("/dev/video0;/dev/video1"). NULL
 * unknown or none; good until source_close(). nodes.c
 */
struct node_names;
const char *node_of_number(struct node_names **names, uint32_t rdev);
const char *nodes_of_device(struct node_names **names, const char *device);
void node_names_free(struct node_names *names);

/*
 * Reads all of a file below /proc, /sys or debugfs, whose size is not known beforehand, into
 * *text, ended by NUL; grows *room as needed. Returns the length or -errno.
 */
long read_whole(int dirfd, const char *path, char **text, size_t *room);

/*
 * Appends the buffers that debugfs' bufinfo lists. 0, or -errno with *why saying what is
 * missing. bufinfo.c
 */
int bufinfo_snapshot(struct records *records, const char **why);
/* The same from text that bufinfo printed. 0, -ENOMEM, -EBADMSG if it is of no known form. */
int bufinfo_parse(char *text, struct records *records);

/*
 * The module's sums in sysfs (model/sums.h), which need no root; read anew into what is kept of the
 * time before. 0, or -errno: -ENOENT where the module is not loaded, or keeps no accounts. sums.c
 */
struct module_sums;
bool sums_are_there(void);
int sums_read(struct module_sums *sums);
void sums_free(struct module_sums *sums);
/* A name as the module escapes it, "\ooo", as bytes; cut at room. module.c */
void module_name(char *out, size_t room, const char *field);

/* Print what libbpf has to say (-v). */
extern bool source_verbose;

#endif
