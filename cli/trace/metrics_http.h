/* SPDX-License-Identifier: GPL-2.0 */
/* The HTTP server of dmabuf-trace metrics. */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct collector;

/*
 * Listen at "ADDRESS:PORT". Return a socket, or -errno with a reason of one line; -EINVAL: no
 * address.
 */
int metrics_listen(const char *address, char *error, size_t room);
/* Serve the figures until a signal is in that signalfd; close fd. Return 0 or -errno. */
int metrics_serve(struct collector *collector, int fd, int signals, bool quiet);

#endif
