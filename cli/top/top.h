/* SPDX-License-Identifier: GPL-2.0 */
/* What dmabuf-top's main hands to its two faces, the screen and batch output. */
#ifndef TOP_H
#define TOP_H

#include <stdbool.h>

#include "options.h"

struct column;
struct source;
struct view;

struct top_options {
	struct options common;
	const struct view *view;	/* --view, processes */
	const struct column *sort;	/* -s, the view's own */
	bool invert;
	bool batch;			/* -b */
	long refreshes;			/* -n, 0: without end */
	double delay;			/* -d, seconds */
};

/* Both return an exit status; messages are out. The source is open. */
int batch_run(struct top_options *options, struct source *source);
int screen_run(struct top_options *options, struct source *source);

#endif
