/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The figures for Prometheus: sums of the model, counts of hooks, and the module's own sums, with
 * printed labels, and the set of known values.
 */
#ifndef OUTPUT_METRICS_H
#define OUTPUT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/hash.h"
#include "model/histogram.h"

struct model;
struct module_sums;

/* Requirements of a family; a family without its requirement is not printed. */
#define METRICS_ALL_BUFFERS	(1u << 0)	/* also buffers that no process holds */
#define METRICS_HOLDERS		(1u << 1)
#define METRICS_REFERENCES	(1u << 2)
#define METRICS_ATTACHMENTS	(1u << 3)
#define METRICS_MAPPED		(1u << 4)
#define METRICS_EXPORTS		(1u << 5)
#define METRICS_MAPS		(1u << 6)
#define METRICS_WAITS		(1u << 7)
#define METRICS_LOST		(1u << 8)
#define METRICS_PER_BUFFER	(1u << 9)

/* Objects of families; rows of a kind have the same labels. */
enum metrics_set {
	METRICS_ONE,			/* no label */
	METRICS_EXPORTER,		/* exporter */
	METRICS_GROUP,			/* comm or cgroup */
	METRICS_DEVICE,			/* device */
	METRICS_CALL,			/* exporter, device, direction: of maps */
	METRICS_WAIT,			/* the same: of fence waits */
	METRICS_SUSPECT,		/* kind */
	METRICS_BUFFER,			/* ino, exporter, name */
	METRICS_BUILD,			/* version, source */
	METRICS_SETS,
};

/* Places of values in a row, by set */
enum {
	ONE_UP = 0, ONE_KERNEL_ONLY_BYTES, ONE_UNEXPLAINED, ONE_LOST, ONE_DURATION,	/* ns */
	EXPORTER_BUFFERS = 0, EXPORTER_BYTES, EXPORTER_EXPORTS, EXPORTER_RELEASES,
	GROUP_BUFFERS = 0, GROUP_RSS, GROUP_PSS, GROUP_USS,
	DEVICE_ATTACHMENTS = 0, DEVICE_MAPPED_BYTES,
	CALL_COUNT = 0, CALL_ERRORS,
	SUSPECT_BUFFERS = 0,
	BUFFER_BYTES = 0, BUFFER_REFERENCES, BUFFER_PROCESSES, BUFFER_ATTACHMENTS,
	BUILD_ONE = 0,
	METRICS_VALUES = 5,
};

#define METRICS_LABELS 3

struct metrics_row {
	const char *labels[METRICS_LABELS];	/* UTF-8, not escaped; "" is not printed */
	uint64_t values[METRICS_VALUES];
	uint32_t known;				/* 1 << place */
	uint32_t histogram;			/* in metrics.histograms, or INDEX_NONE */
	bool timed;				/* its buckets are known */
};

struct metrics_group;

struct metrics_rows {
	struct metrics_row *rows;
	uint32_t n, room;
};

struct metrics_options {
	bool by_cgroup;			/* else by comm */
	uint32_t top;			/* groups with a row of their own */
	bool per_buffer;
};

struct metrics {
	struct metrics_options options;
	uint32_t has;			/* METRICS_* */
	struct metrics_rows sets[METRICS_SETS];

	struct intern strings;		/* labels that stay: exporters and devices */
	struct intern passing;		/* strings of this reading */
	struct metrics_group *groups;	/* scratch */
	uint32_t n_groups, room_groups;
	struct index by_label;
	struct histogram *histograms;
	uint32_t n_histograms, room_histograms;
};

/* Forgets the figures of the time before; options are the caller's to set. 0 or -ENOMEM. */
int metrics_begin(struct metrics *metrics);
/*
 * Add the gauges of model, and the counts of attached hooks (MODEL_WATCHES_*). Call this once,
 * after metrics_begin() and before metrics_add_sums(). 0 or -ENOMEM.
 */
int metrics_add_model(struct metrics *metrics, const struct model *model);
/* Add the module's sums that the model does not have. 0 or -ENOMEM. */
int metrics_add_sums(struct metrics *metrics, const struct module_sums *sums);
/* Add whether a source was read, its name, and the duration, ns. 0 or -ENOMEM. */
int metrics_end(struct metrics *metrics, bool up, const char *source, uint64_t ns);
void metrics_free(struct metrics *metrics);

#endif
