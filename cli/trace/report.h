/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by report, diff and export, which print from recordings. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "model/activity.h"
#include "model/model.h"
#include "model/summary.h"
#include "options.h"
#include "output/output.h"
#include "recording/recording.h"
#include "recording/replay.h"
#include "source/source.h"

struct report {
	struct options common;
	const char *path;
	const char *view;		/* --view, NULL all */
	bool events;			/* --events: a table of them */
	uint64_t wanted;		/* EVENT_BIT()s of --events */
	const char *sort;		/* --sort, NULL: as recorded */
	const char *from, *to;		/* text of --from, --to */
	unsigned int format;		/* --format: index */
	unsigned int by;		/* --by: enum diff_by */
	uint64_t matches;		/* events, and buffers or processes, within the filters */
	struct source source;
	struct replay *replay;
	struct symbols *symbols;	/* of stacks; NULL before the first */
	struct model model;
	struct summary summary;
	struct activity activity;
	struct diff diff;
	FILE *out;
};

/* Opens a recording; source_close() is the caller's. An exit status. */
int report_open(struct report *r, const char *path);
/* Print -errno for the file and return the exit status. */
int report_failed(const struct report *r, const char *path, int err);
/* Report damage of one snapshot and return 0; return other errors. */
int report_damaged(const struct report *r, const char *path, int err);

/* Whether filters, --from or --to exclude a part of the recording. */
bool report_is_narrowed(const struct report *r);
/* After the last row: if these exclude everything, report so, for the output is empty. */
void report_tell_empty(const struct report *r);
/* Set r->replay for the open recording, with the filter, --from and --to. An exit status. */
int report_replay(struct report *r);

/* Print the events of the open recording, as recorded or sorted. 0 or -errno; report_events.c */
int report_events(struct report *r);
/* Set the stacks of an event, good until report_release(). 0 or -ENOMEM. */
int report_name_stacks(struct report *r, struct model_event *event);
/* Rows of a recording's part, about a struct report: --input; --from, --to. */
extern const struct option_spec report_input[], report_part[];
/* parse() of --events. */
int report_parse_events(void *data, const struct option_use *use, const char *arg);

/* Open -o, call what(), and report a failed write. An exit status. */
int report_print(struct report *r, int (*what)(struct report *r));
/*
 * Parse options and columns, print --list-columns. hint: as in options_no_words(), NULL: the caller
 * parses words. views: for -O and --list-columns. OPTIONS_GO or an exit status.
 */
int report_parse(struct report *r, int argc, char **argv, const struct option_table *table,
		 const char *hint, const struct view *views, uint32_t n);
/* Print n rows of a view, of size bytes, sorted. columns NULL: those of -O. 0 or -errno. */
int report_rows(struct report *r, const struct view *view, const void *base, uint32_t n,
		size_t size, const char *columns);
void report_release(struct report *r);

#endif
