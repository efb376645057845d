/* SPDX-License-Identifier: GPL-2.0 */
/* Output files of the tools, at paths of users. May be called by views and commands. */
#ifndef FILE_H
#define FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Holders of buffers are private to root; a report for others is public. */
#define FILE_PRIVATE	0600
#define FILE_PUBLIC	0644

/*
 * A directory is shared if its group, everybody, or a user other than root and this user may write
 * there. In a shared directory, no link is followed and no other user's file is opened (like some
 * cases of fs.protected_symlinks, protected_regular and protected_fifos): the functions below
 * return -ELOOP.
 */

/* Create or truncate a file, to write in place. Return a descriptor or -errno. */
int file_create(const char *path, mode_t mode);
/* The same; a stream, or NULL with errno. */
FILE *file_stream(const char *path, mode_t mode);

/*
 * A stream that writes to a descriptor, and closes the descriptor also on error; or to -errno: as
 * above.
 */
FILE *file_stream_of(int fd);

/* A file that replaces its path when complete. Zero-initialised: no file. */
struct file_whole {
	int fd;
	FILE *out;			/* for file_begin_stream() */
	int dir;			/* its directory, links followed */
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];	/* "": no name yet */
	bool exists, in_place;
	mode_t mode;			/* mode and identity of an existing file */
	dev_t dev;
	ino_t ino;
};

/*
 * Begin a file beside path, with the mode of an existing file. A file that is not regular, or in a
 * directory where no file can be created, is written in place. Return 0 or -errno; the stream:
 * NULL with errno. After success, call file_end().
 */
int file_begin(struct file_whole *file, const char *path, mode_t mode);
FILE *file_begin_stream(struct file_whole *file, const char *path, mode_t mode);
/* Whether the existing file is regular and begins with these bytes, at most 16. */
bool file_old_begins(const struct file_whole *file, const char *bytes, size_t len);
/* Rename the new file to the path and keep it open. keep: rename the old file to FILE.old. */
int file_place(struct file_whole *file, bool keep);
/* Close the file, and rename it to the path if err is 0. Return err, or the error of this, or 0. */
int file_end(struct file_whole *file, int error);

/* Whether two paths are the same regular file; b NULL: standard output. */
bool file_same(const char *a, const char *b);
/* Return the message for an error of these functions. */
const char *file_error(int error);

#endif
