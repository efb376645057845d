/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files whose path somebody else chose: a process, a recording, the user whose root we became. To
 * open a device or a FIFO may already do something, so a file is looked at first and opened after.
 */
#ifndef REGULAR_H
#define REGULAR_H

#include <stdbool.h>
#include <stdint.h>

/* The identity of a file. */
struct regular_identity {
	uint64_t size;
	int64_t mtime;			/* seconds */
	uint64_t ino, dev;		/* ino 0: not known */
};

/*
 * Open a regular file for reading, but no empty file, such as the files of /proc and of tracefs.
 * follow: also follow a symbolic link at the end of the path. identity: the only valid file, NULL
 * any. Return a descriptor or -errno; no other file is opened, not even for a moment.
 */
int regular_open(const char *path, bool follow, const struct regular_identity *identity);

#endif
