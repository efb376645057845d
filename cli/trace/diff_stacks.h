/* SPDX-License-Identifier: GPL-2.0 */
/* The functions that exported the buffers of a recording; for diff.c alone. */
#ifndef TRACE_DIFF_STACKS_H
#define TRACE_DIFF_STACKS_H

#include <stdint.h>

struct diff_stacks;
struct recording;

/*
 * Read the exports of a recording. The caller keeps the recording, for as long as the result. NULL:
 * *err is -errno.
 */
struct diff_stacks *diff_stacks_read(struct recording *recording, int *err);
/*
 * Return the innermost functions of the exporting program, "new_surface < start < main", else the
 * kernel's; any bytes, good until the next call. NULL: exported before the recording, or recorded
 * without --stacks. ctx: the result of diff_stacks_read().
 */
const char *diff_stacks_key(void *ctx, uint64_t ino);
void diff_stacks_free(struct diff_stacks *stacks);

#endif
