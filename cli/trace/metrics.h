/* SPDX-License-Identifier: GPL-2.0 */
/* What dmabuf-trace metrics and its HTTP server share. */
#ifndef TRACE_METRICS_H
#define TRACE_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "output/openmetrics.h"

struct collector;

/*
 * Reads all figures anew; where the source is lost, tries to get it back, and they say so. 0 or
 * -ENOMEM.
 */
int collector_read(struct collector *collector);
/* What was read, as text; the caller frees it. NULL if memory is out. */
char *collector_text(struct collector *collector, enum metrics_format format, size_t *len);

/*
 * A socket that listens at "ADDRESS:PORT", or -errno with error saying why, one line; -EINVAL: that
 * is no address. metrics_http.c
 */
int metrics_listen(const char *address, char *error, size_t room);
/* Serves the figures there until a signal comes on that signalfd; closes fd. 0 or -errno. */
int metrics_serve(struct collector *collector, int fd, int signals, bool quiet);

#endif
