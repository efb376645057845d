// SPDX-License-Identifier: GPL-2.0
/* Opening regular files and nothing else; see regular.h. */
#include "regular.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* With layers or subvolumes, a path has other numbers than the mapped file. */
static bool is_renumbered(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) &&
	       (fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC);
}

static bool is_same(int fd, const struct stat *st, const struct regular_identity *want)
{
	return (uint64_t)st->st_size == want->size && st->st_mtime == want->mtime &&
	       (!want->ino || (st->st_ino == want->ino && st->st_dev == want->dev) ||
		is_renumbered(fd));
}

int regular_open(const char *path, bool follow, const struct regular_identity *identity)
{
	int place = open(path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)), fd = -ESTALE;
	char name[64];
	struct stat st;

	if (place < 0)
		return -errno;
	if (!fstat(place, &st) && S_ISREG(st.st_mode) && st.st_size &&
	    (!identity || is_same(place, &st, identity))) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			fd = -errno;
	}
	close(place);
	return fd;
}
