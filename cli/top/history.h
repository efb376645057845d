/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model with its past: changes since the last refresh, the peak, and dead rows still on the
 * screen. Views read the history, only screen.c updates it.
 */
#ifndef TOP_HISTORY_H
#define TOP_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "top/trail.h"
#include "top/view.h"

struct filter;
struct source;

/* A dead row, with its last values. The model has no rows for it. */
struct grave {
	double died;			/* as model.time */
	union {
		struct model_process process;
		struct model_buffer buffer;
		struct model_device device;
		struct model_exporter exporter;
	} row;
};

struct past {
	char *rows;			/* rows of the last refresh */
	uint32_t n;
	size_t room;
	int64_t *rates;			/* bytes per second of the model's rows, by index */
	uint32_t n_rates;
	size_t room_rates;
	struct index by_id;		/* shown rows of the model */
	struct grave *graves;
	uint32_t n_graves, room_graves;
};

struct history {
	struct model model;
	struct past past[VIEWS];	/* pasts of views */
	uint64_t refreshes;
	uint64_t peak;			/* bytes held */
	double born, died;		/* buffers per second */
	bool rates_known;
	/* The last minute: 99th percentile of operations in ns, rate of flows */
	struct trails trails;
};

/* Forget the past, except model.suspects and the peak. */
void history_restart(struct history *history, uint64_t peak);

/* Read a snapshot. Return 0, or -errno with source->error set and the history unchanged. */
int history_update(struct history *history, struct source *source, const struct filter *filter);

/*
 * Read the growth of a row of the model or of a grave, in bytes per second. False: no earlier
 * value.
 */
bool history_rate(const struct history *history, const struct screen_view *view, const void *row,
		  int64_t *rate);

/* Whether the row is dead. */
bool history_is_dead(const struct history *history, const struct screen_view *view,
		     const void *row);

void history_free(struct history *history);

#endif
