/* SPDX-License-Identifier: GPL-2.0 */
/* Metrics as text, in both formats of Prometheus, from one table of families. */
#ifndef OUTPUT_OPENMETRICS_H
#define OUTPUT_OPENMETRICS_H

#include <stdio.h>

struct metrics;

enum metrics_format {
	FORMAT_PROMETHEUS,		/* text format 0.0.4 */
	FORMAT_OPENMETRICS,		/* 1.0.0 */
	METRICS_FORMATS,
};

/* The content type for HTTP. */
const char *openmetrics_content_type(enum metrics_format format);

/*
 * Return the format with the best quality in an Accept header (NULL: no header). The format is
 * Prometheus' if the header accepts neither, or both equally without the name of OpenMetrics.
 */
enum metrics_format openmetrics_negotiate(const char *accept);

/* Write all known figures. Errors are those of the stream. */
void openmetrics_write(FILE *out, const struct metrics *metrics, enum metrics_format format);

/* A line for each family: name, type, unit or -, labels or -, help; with titles. */
void openmetrics_list(FILE *out);

#endif
