/* SPDX-License-Identifier: GPL-2.0 */
/* The figures of dmabuf-trace metrics, read for one output after another. */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "model/sums.h"
#include "options.h"
#include "output/metrics.h"
#include "output/openmetrics.h"
#include "events/events.h"
#include "source/source.h"

struct collector {
	struct options common;
	struct metrics_options options;
	unsigned int by;		/* --by: index */
	long top;			/* --top */
	const char *textfile, *listen;
	double interval;		/* seconds, of textfile; 0: once */
	bool openmetrics;
	enum events_hooks hooks;

	struct source source;
	struct module_sums sums;
	struct model model;
	struct metrics figures;
	bool open;			/* the source is open */
	bool use_sums;			/* read the module's sums, too */
	bool once;			/* no hooks: they would have no figures yet */
	bool told_lost, told_hooks;	/* the reason is printed */
	char error[300];
};

/*
 * Open the source. The module's sums replace --source=module if its tables cannot be read, and
 * complete a source that auto chose. Return 0, or -errno with collector->error.
 */
int collector_open(struct collector *collector);
/* Read all figures, reopen a lost source, and report both on stderr. Return 0 or -ENOMEM. */
int collector_read(struct collector *collector);
/* The figures as text; the caller frees it. NULL without memory. */
char *collector_text(struct collector *collector, enum metrics_format format, size_t *len);
void collector_free(struct collector *collector);

#endif
