/* SPDX-License-Identifier: GPL-2.0 */
/* Buffers in debugfs. */
#ifndef SOURCE_BUFINFO_H
#define SOURCE_BUFINFO_H

struct records;

/*
 * Append the buffers of debugfs' bufinfo. Return 0, or -errno with *why, the missing feature.
 */
int bufinfo_snapshot(struct records *records, const char **why);
/* The same from the text of bufinfo. Return 0, -ENOMEM, or -EBADMSG for an unknown form. */
int bufinfo_parse(char *text, struct records *records);

#endif
