/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshot records in memory, and whole files of the kernel. */
#ifndef SOURCE_RECORDS_H
#define SOURCE_RECORDS_H

#include <stddef.h>

/* Snapshot records, one behind the other. A zero-initialised struct is empty. */
struct records {
	char *bytes;
	size_t len, room;
};

/* Make room for n bytes at the end; len stays. Return the place, NULL without memory. */
void *records_reserve(struct records *records, size_t n);
/* Append a record. Return 0 or -ENOMEM. */
int records_add(struct records *records, const void *record, size_t len);
void records_free(struct records *records);

/*
 * Read a file of /proc, /sys or debugfs, of unknown size, into *text, and end the text by NUL. Grow
 * *room if necessary. Return the length or -errno.
 */
long read_whole(int dirfd, const char *path, char **text, size_t *room);

#endif
