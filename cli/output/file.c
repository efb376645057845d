// SPDX-License-Identifier: GPL-2.0
/* Creating files safely; see file.h. */
#define _GNU_SOURCE
#include "output/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether everybody may write into the directory of a path. */
static bool is_shared(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *dir;
	int err;

	if (!slash)
		return !stat(".", &st) && st.st_mode & S_IWOTH;
	dir = strndup(path, slash - path + 1);
	err = dir ? stat(dir, &st) : -1;
	free(dir);
	return !err && st.st_mode & S_IWOTH;
}

int file_create(const char *path, mode_t mode)
{
	bool shared = is_shared(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (shared ? O_NOFOLLOW : 0),
		      mode);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (shared && S_ISREG(st.st_mode) && (st.st_uid != geteuid() || st.st_nlink > 1))
		err = -ELOOP;
	else if (S_ISREG(st.st_mode) && ftruncate(fd, 0))
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

FILE *file_stream(const char *path, mode_t mode)
{
	int fd = file_create(path, mode);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd < 0)
		errno = -fd;
	else if (!out)
		close(fd);
	return out;
}

const char *file_error(int error)
{
	return error == ELOOP ?
		"in a directory where all may write it is a link, or somebody else's: remove it first" :
		strerror(error);
}
