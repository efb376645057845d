/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that print from recordings share: report, diff, export. */
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
	uint64_t wanted;		/* EVENT_BIT()s, by that */
	const char *sort;		/* --sort, NULL: as they came */
	const char *from, *to;		/* as they were given */
	unsigned int format;		/* --format: index */
	unsigned int by;		/* --by: enum diff_by */
	struct source source;
	struct replay *replay;
	struct symbols *symbols;	/* of its stacks; NULL until it has one */
	struct model model;
	struct summary summary;
	struct activity activity;
	struct diff diff;
	FILE *out;
};

/* Opens a recording; source_close() is the caller's. An exit status. */
int report_open(struct report *r, const char *path);
/* Prints what -errno means for that file and returns the exit status. */
int report_failed(const struct report *r, const char *path, int err);
/* What of one snapshot could not be read is told, and is no error; others are returned. */
int report_damaged(const struct report *r, const char *path, int err);

/* r->replay of the open recording, with the filter, --from and --to. An exit status. */
int report_replay(struct report *r);

/* --events of the recording that is open, as they come or sorted. 0 or -errno; report_events.c */
int report_events(struct report *r);
/* Gives an event its stacks, good until report_release(). 0 or -ENOMEM. */
int report_name_stacks(struct report *r, struct model_event *event);
/* Rows of a recording's part, about a struct report: --input; --from, --to. */
extern const struct option_spec report_input[], report_part[];
/* parse() of --events. */
int report_parse_events(void *data, const struct option_use *use, const char *arg);

/* Opens -o, calls what(), and says what could not be written. An exit status. */
int report_print(struct report *r, int (*what)(struct report *r));
/*
 * Options, columns, --list-columns; hint: as options_no_words(), NULL: words are the command's.
 * Views: those that -O and --list-columns are about. OPTIONS_GO or an exit status.
 */
int report_parse(struct report *r, int argc, char **argv, const struct option_table *table,
		 const char *hint, const struct view *views, uint32_t n);
/* One view's n rows of that size, in its own order; columns NULL: what -O says. 0 or -errno. */
int report_rows(struct report *r, const struct view *view, const void *base, uint32_t n,
		size_t size, const char *columns);
void report_release(struct report *r);

#endif
