/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the files of dmabuf-trace record. */
#ifndef RECORD_H
#define RECORD_H

#include "model/model.h"
#include "file.h"
#include "recording/recording.h"
#include "source/source.h"
#include "trace/tracing.h"

#define NUMBERS 65536			/* of devices or nodes in events */

/* Bits of the numbers with a recorded name */
struct named {
	uint8_t devices[NUMBERS / 8], exporters[NUMBERS / 8], nodes[NUMBERS / 8];
	struct cgroup_names *cgroups;
};

struct record {
	struct tracing tracing;
	struct recording_options options;
	double interval;		/* seconds between snapshots, 0 none */
	double flight;			/* --flight, seconds */
	long level;			/* --compress */
	const char *path;
	bool tree;			/* -F */
	unsigned int trigger;		/* EVENT_*, EVENT_TYPES none */
	uint64_t trigger_ns;		/* write if the event takes longer */
	struct file_whole file;
	struct source source;
	struct model model;
	struct recording_writer *writer;
	struct runner runner;
	double start;			/* CLOCK_MONOTONIC, seconds */
	bool progress, snapshot_failed;
	int error;			/* of writing; then nothing more is recorded */

	struct events *events;		/* NULL: snapshots only */
	struct named named;
	bool triggered;
	uint64_t lost;			/* number in the recording so far */
	/* With -F: the processes of the tree, and their exports */
	struct filter filter;
	struct index exported;
	struct records kept;		/* filtered records of a snapshot */
};

/* Whether only part of the system is recorded. */
bool record_is_filtered(const struct record *r);

/*
 * Attach the hooks of events. After a failure the caller records snapshots alone, unless an option
 * requests events. Return 0, or -errno with error set.
 */
int record_open_events(struct record *r, char *error, size_t room);
/* Write the new events; lost: also the number of lost events. 0 or -errno. */
int record_read_events(struct record *r, bool lost);
/* Read a snapshot of the source, and set *records to the part to record. 0 or -errno. */
int record_snapshot(struct record *r, const struct records **records);
void record_close_events(struct record *r);

/* "OP>TIME" of --trigger: 0, or -EINVAL. */
int record_parse_trigger(struct record *r, const char *arg);

#endif
