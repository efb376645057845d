/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where snapshots come from. A source turns something outside (the kernel through BPF, /proc,
 * a recording) into snapshot records; source_snapshot() makes a model of them. Nothing behind
 * this header is known to views.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/hash.h"

struct filter;
struct model;

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
	void (*close)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	void *own;			/* the source's state */
	uint32_t sees;			/* MODEL_SEES_*; a snapshot may change it */
	const char *lacks;		/* what it cannot see and what helps, NULL nothing */
	char error[256];
	/* Where the snapshots are made: this machine, unless the source says otherwise */
	char host[65], release[65];	/* as uname(2) has them */
	uint64_t memory;		/* bytes of RAM, 0 unknown */
	double time;			/* CLOCK_REALTIME of the last snapshot; 0: when asked for */
	struct records records;
	struct cgroup_names *cgroups;
	struct node_names *nodes;
	struct index unexplained;	/* inode to what was found the last time */
};

extern const struct source_ops source_bpf_iter, source_bpf_task, source_proc;

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

void source_close(struct source *source);

/* Path of a cgroup v2 id, NULL unknown; good until source_close(). cgroup.c */
struct cgroup_names;
const char *cgroup_path(struct cgroup_names **names, uint64_t id);
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

/* Print what libbpf has to say (-v). */
extern bool source_verbose;

#endif
