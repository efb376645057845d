/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model as it goes on: what changed since the last refresh, the peak, and the rows that died
 * and are still shown. Read by views; only screen.c updates it.
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
	char *rows;			/* rows of the refresh before */
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
	/* The last minute: of operations the 99th percentile in ns, of flows the rate */
	struct trails trails;
};

/* Forget the past, except model.suspects and the peak. */
void history_restart(struct history *history, uint64_t peak);

/* Reads a snapshot. 0, or -errno with source->error set; then all is as before. */
int history_update(struct history *history, struct source *source, const struct filter *filter);

/*
 * What a row grew by, bytes per second; false where there is nothing to compare it with. The
 * row is one of the model's or a grave's.
 */
bool history_rate(const struct history *history, const struct screen_view *view, const void *row,
		  int64_t *rate);

/* Whether the row is dead. */
bool history_is_dead(const struct history *history, const struct screen_view *view,
		     const void *row);

void history_free(struct history *history);

#endif
