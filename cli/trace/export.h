/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the files of dmabuf-trace export. */
#ifndef EXPORT_H
#define EXPORT_H

#include "output/timeline.h"

struct report;

/* Both write r->replay to r->out; 0 or -errno. export_timeline.c, export_lines.c */
int export_timeline(struct report *r, const struct timeline_ops *ops);
int export_lines(struct report *r);

#endif
