/* SPDX-License-Identifier: GPL-2.0 */
/* The options of dmabuf-top, for the screen and for batch output. */
#ifndef TOP_H
#define TOP_H

#include <stdbool.h>

#include "options.h"

struct source;
struct view;

#define TOP_MAX_VIEWS 16

struct top_options {
	struct options common;
	const struct view *views[TOP_MAX_VIEWS];	/* --view, in that order; processes */
	int n_views;
	const char *sort;		/* -s, NULL each view's own */
	bool invert;
	bool batch;			/* -b */
	long refreshes;			/* -n, 0: without end */
	const char *replay;		/* -r, a recording; NULL: the live system */
	double delay;			/* -d, seconds */
	bool delay_given;
	char *passed;			/* for -v: reasons against the sources tried before */
};

/* Open the source. Return 0, or -errno with the reason in source->error. */
typedef int (*top_open)(struct top_options *options, struct source *source);

/* Print refreshes of an open source. Return an exit status. */
int batch_run(struct top_options *options, struct source *source);
/* Show the screen. The screen opens the source, since loading BPF takes time. */
int screen_run(struct top_options *options, struct source *source, top_open open);

#endif
