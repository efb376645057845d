/* SPDX-License-Identifier: GPL-2.0 */
/* Metrics as text, in the two formats that Prometheus reads, from one table of families. */
#ifndef OUTPUT_OPENMETRICS_H
#define OUTPUT_OPENMETRICS_H

#include <stdio.h>

struct metrics;

enum metrics_format {
	FORMAT_PROMETHEUS,		/* text format 0.0.4 */
	FORMAT_OPENMETRICS,		/* 1.0.0 */
	METRICS_FORMATS,
};

/* What HTTP calls it. */
const char *openmetrics_content_type(enum metrics_format format);

/*
 * The format that an Accept header likes best (NULL: none was sent); where it takes neither, or
 * both as much without naming OpenMetrics, that is Prometheus'.
 */
enum metrics_format openmetrics_negotiate(const char *accept);

/* Writes all that is known. Errors are the stream's. */
void openmetrics_write(FILE *out, const struct metrics *metrics, enum metrics_format format);

/* A line for each family: name, type, unit or -, labels or -, help; with titles. */
void openmetrics_list(FILE *out);

#endif
