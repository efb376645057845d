/* SPDX-License-Identifier: GPL-2.0 */
/* What dmabuf-top's main hands to its two faces, the screen and batch output. */
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
	const char *replay;		/* -r, a recording; NULL: what is now */
	double delay;			/* -d, seconds */
	bool delay_given;
	char *passed;			/* why sources that were tried are not used, for -v */
};

/* Opens what is to be shown. 0, or -errno and source->error says why. */
typedef int (*top_open)(struct top_options *options, struct source *source);

/* Both return an exit status; messages are out. The source is open. */
int batch_run(struct top_options *options, struct source *source);
/* It is not yet: there is a screen first, for to load BPF takes a while. */
int screen_run(struct top_options *options, struct source *source, top_open open);

#endif
