/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of dmabuf-trace record share. */
#ifndef RECORD_H
#define RECORD_H

#include "model/model.h"
#include "file.h"
#include "recording/recording.h"
#include "source/source.h"
#include "trace/tracing.h"

#define NUMBERS 65536			/* that a device or a node may have in an event */

/* What of a recording's names is in it already, by number */
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
	unsigned int trigger;		/* EVENT_*, EVENT_TYPES none: if it takes longer than: */
	uint64_t trigger_ns;
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
	uint64_t lost;			/* as far as it is in the recording */
	/* With -F: its processes, beside what the options say, and what they exported */
	struct filter filter;
	struct index exported;
	struct records kept;		/* of a snapshot, what the filter lets through */
};

/* Whether only part of the system is recorded. */
bool record_is_filtered(const struct record *r);

/*
 * Hooks that tell events, from now on. Without them there are snapshots, unless an option asked
 * for events: returns 0, or -errno with error set.
 */
int record_open_events(struct record *r, char *error, size_t room);
/* What came since the last time goes to the writer; with lost: what did not, too. 0 or -errno. */
int record_read_events(struct record *r, bool lost);
/* Takes the source's snapshot and leaves in *records what is to be recorded. 0 or -errno. */
int record_snapshot(struct record *r, const struct records **records);
void record_close_events(struct record *r);

/* "OP>TIME" of --trigger: 0, or -EINVAL. */
int record_parse_trigger(struct record *r, const char *arg);

#endif
