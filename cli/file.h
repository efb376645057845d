/* SPDX-License-Identifier: GPL-2.0 */
/* Files that the tools write where somebody says. May be called by views and commands. */
#ifndef FILE_H
#define FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Who holds what is root's to know; a report that others work on is for everybody. */
#define FILE_PRIVATE	0600
#define FILE_PUBLIC	0644

/*
 * A directory is shared if its group, everybody, or a user other than root and this one may write
 * there. In it no link is followed and no other user's file is taken (as fs.protected_symlinks,
 * protected_regular and protected_fifos have it for some of these, where they are on): all below
 * return -ELOOP for those.
 */

/* Creates a file, or empties the one there, to be written in place. A descriptor or -errno. */
int file_create(const char *path, mode_t mode);
/* The same; a stream, or NULL with errno. */
FILE *file_stream(const char *path, mode_t mode);

/* A stream that writes to a descriptor, which it closes also on error; or to -errno: as above. */
FILE *file_stream_of(int fd);

/* A file that takes its path's place once it is whole. Zero-initialised has none. */
struct file_whole {
	int fd;
	FILE *out;			/* of file_begin_stream() */
	int dir;			/* its directory, links followed */
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];	/* "": it has no name yet */
	bool exists, in_place;
	mode_t mode;			/* of what is there, if exists, and which it is */
	dev_t dev;
	ino_t ino;
};

/*
 * Begins a file beside path, with the mode of the one that is there, if one is. What is no regular
 * file, or in a directory where none can be made, is written in place. Returns 0 or -errno; NULL
 * with errno. All but an error is to be ended.
 */
int file_begin(struct file_whole *file, const char *path, mode_t mode);
FILE *file_begin_stream(struct file_whole *file, const char *path, mode_t mode);
/* Whether what is there is a regular file that begins with those bytes, 16 at most. */
bool file_old_begins(const struct file_whole *file, const char *bytes, size_t len);
/* The path is the new file's from now on; it stays open. With keep, the old one is FILE.old. */
int file_place(struct file_whole *file, bool keep);
/* Closes it; without an error in place. Returns that error, or the one of doing so, or 0. */
int file_end(struct file_whole *file, int error);

/* Whether two paths are one regular file; b NULL: standard output. */
bool file_same(const char *a, const char *b);
/* What an error of theirs means, in words. */
const char *file_error(int error);

#endif
