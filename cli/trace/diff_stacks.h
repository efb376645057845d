/* SPDX-License-Identifier: GPL-2.0 */
/* By which functions the buffers of a recording were exported; called by diff.c alone. */
#ifndef TRACE_DIFF_STACKS_H
#define TRACE_DIFF_STACKS_H

#include <stdint.h>

struct diff_stacks;
struct recording;

/*
 * Reads the exports of a recording, which stays the caller's and must outlive this. NULL: *err is
 * -errno.
 */
struct diff_stacks *diff_stacks_read(struct recording *recording, int *err);
/*
 * The innermost functions of the program that exported it, "new_surface < start < main", else the
 * kernel's; any bytes, good until the next call. NULL: exported before the recording, or it was
 * made without --stacks. ctx: what diff_stacks_read() returned.
 */
const char *diff_stacks_key(void *ctx, uint64_t ino);
void diff_stacks_free(struct diff_stacks *stacks);

#endif
