/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files whose path somebody else chose: a process, a recording, the user whose root we became. To
 * open a device or a FIFO may already do something, so a file is looked at first and opened after.
 */
#ifndef REGULAR_H
#define REGULAR_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of a file. */
struct regular_identity {
	uint64_t size;
	int64_t mtime;			/* seconds */
	uint64_t ino, dev;		/* ino 0: not known */
};

/*
 * Opens a regular file that is not empty, as those of /proc and of tracefs are, for reading.
 * follow: a symbolic link at the path's end, too. identity: the only file that will do, NULL any.
 * Returns a descriptor or -errno; nothing else is opened, not even for a moment.
 */
int regular_open(const char *path, bool follow, const struct regular_identity *identity);

#endif
