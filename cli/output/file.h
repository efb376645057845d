/* SPDX-License-Identifier: GPL-2.0 */
/* Files that the tools write where somebody says. May be called by views and commands. */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include <stdio.h>
#include <sys/types.h>

/* Who holds what is root's to know; a report that others work on is for everybody. */
#define FILE_PRIVATE	0600
#define FILE_PUBLIC	0644

/*
 * Creates a file, or empties one that is there. In a directory in which everybody may write, no
 * link is followed and nobody else's file is taken (as fs.protected_symlinks and
 * fs.protected_regular have it, where they are on). Return a descriptor or -errno, -ELOOP for those
 * two; a stream, or NULL with errno.
 */
int file_create(const char *path, mode_t mode);
FILE *file_stream(const char *path, mode_t mode);
/* What an error of theirs means, in words. */
const char *file_error(int error);

#endif
