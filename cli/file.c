// SPDX-License-Identifier: GPL-2.0
/* Creating files safely; see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40		/* as the kernel's */

/* Open the directory of path, relative to from, and set name to the rest. */
static int open_parent(int from, const char *path, char *name)
{
	const char *slash = strrchr(path, '/'), *rest = slash ? slash + 1 : path;
	char *parent;
	int dir;

	if (!*rest)
		return -EISDIR;
	if (strlen(rest) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(name, rest);
	parent = slash ? strndup(path, rest - path) : strdup(".");
	dir = parent ? openat(from, parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	free(parent);
	return dir < 0 ? -errno : dir;
}

/* Whether another user may have put the file there, to do harm. */
static bool is_foreign(const struct stat *dir, const struct stat *st)
{
	if (!(dir->st_mode & (S_IWGRP | S_IWOTH)) && (!dir->st_uid || dir->st_uid == geteuid()))
		return false;
	if (S_ISLNK(st->st_mode))
		return dir->st_mode & S_IWOTH || st->st_uid != geteuid();
	if (S_ISREG(st->st_mode))
		return st->st_nlink > 1 || (st->st_uid != geteuid() && st->st_uid != dir->st_uid);
	return st->st_uid != geteuid();
}

/* A link of /proc is the file itself, not a path. */
static bool is_proc(int dir)
{
	struct statfs fs;

	return !fstatfs(dir, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/* Follow trusted links, and set dir, name, in_place and the state of the file. */
static int find(struct file_whole *f, const char *path)
{
	struct stat parent, st;
	char target[PATH_MAX];
	ssize_t len = strlen(path);
	int links, dir;

	if (len >= (ssize_t)sizeof(target))
		return -ENAMETOOLONG;
	strcpy(target, path);
	for (links = 0; links < LINKS_MAX; links++) {
		dir = open_parent(f->dir, target, f->name);
		if (f->dir >= 0)
			close(f->dir);
		f->dir = dir;
		if (dir < 0)
			return dir;
		f->exists = !fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW);
		f->in_place = f->exists && !S_ISREG(st.st_mode);
		if (!f->exists)
			return errno == ENOENT ? 0 : -errno;
		if (fstat(dir, &parent))
			return -errno;
		if (is_foreign(&parent, &st))
			return -ELOOP;
		f->mode = st.st_mode;
		f->dev = st.st_dev;
		f->ino = st.st_ino;
		if (!S_ISLNK(st.st_mode) || is_proc(dir))
			return 0;
		len = readlinkat(dir, f->name, target, sizeof(target) - 1);
		if (len < 0)
			return -errno;
		target[len] = '\0';
	}
	return -ELOOP;
}

/* Open the file found before, and no file that has replaced it. */
static int open_found(const struct file_whole *f, mode_t mode)
{
	bool link = f->exists && S_ISLNK(f->mode);
	int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY, fd;
	struct stat st;
	int err = 0;

	if (!f->exists)
		flags |= O_CREAT | O_EXCL;
	else if (!link)
		/* O_NONBLOCK: do not wait if the file is a FIFO now */
		flags |= O_NOFOLLOW | (S_ISREG(f->mode) ? O_NONBLOCK : 0);
	fd = openat(f->dir, f->name, flags, mode);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (f->exists && !link && (st.st_ino != f->ino || st.st_dev != f->dev))
		err = -ELOOP;
	else if (S_ISREG(st.st_mode) && ftruncate(fd, 0))
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

int file_create(const char *path, mode_t mode)
{
	struct file_whole f = { .dir = AT_FDCWD };
	int err = find(&f, path), fd = err ? err : open_found(&f, mode);

	if (f.dir >= 0)
		close(f.dir);
	return fd;
}

FILE *file_stream_of(int fd)
{
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd < 0)
		errno = -fd;
	else if (!out)
		close(fd);
	return out;
}

FILE *file_stream(const char *path, mode_t mode)
{
	return file_stream_of(file_create(path, mode));
}

static void name_temporary(struct file_whole *f)
{
	snprintf(f->temporary, sizeof(f->temporary), ".%.200s.%d", f->name, (int)getpid());
	/* Left by a killed process with the same number */
	unlinkat(f->dir, f->temporary, 0);
}

/* Create a file without a name if possible, so that a killed tool leaves no file. */
static int open_beside(struct file_whole *f, mode_t mode)
{
	int fd = -1, err;

	if (!access("/proc/self/fd", X_OK))
		fd = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	if (fd >= 0)
		return fd;
	name_temporary(f);
	fd = openat(f->dir, f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	err = fd < 0 ? -errno : 0;
	if (err)
		*f->temporary = '\0';
	return err ? err : fd;
}

int file_begin(struct file_whole *f, const char *path, mode_t mode)
{
	int err;

	memset(f, 0, sizeof(*f));
	f->dir = AT_FDCWD;
	err = find(f, path);
	/* Permission to replace a file does not imply permission to write to the file */
	if (!err && f->exists && !f->in_place && faccessat(f->dir, f->name, W_OK, AT_EACCESS))
		err = -errno;
	f->fd = err ? err : f->in_place ? open_found(f, mode) : open_beside(f, mode);
	if (!err && !f->in_place && (f->fd == -EACCES || f->fd == -EPERM || f->fd == -EROFS)) {
		f->in_place = true;
		f->fd = open_found(f, mode);
	}
	if (f->fd < 0) {
		err = f->fd;
		if (f->dir >= 0)
			close(f->dir);
		memset(f, 0, sizeof(*f));
		return err;
	}
	if (f->exists && !f->in_place)
		fchmod(f->fd, f->mode & 0777);
	return 0;
}

FILE *file_begin_stream(struct file_whole *f, const char *path, mode_t mode)
{
	int err = file_begin(f, path, mode);

	if (err) {
		errno = -err;
		return NULL;
	}
	f->out = fdopen(f->fd, "w");
	if (!f->out)
		errno = -file_end(f, -errno);
	return f->out;
}

bool file_old_begins(const struct file_whole *f, const char *bytes, size_t len)
{
	char begin[16];
	ssize_t n;
	int fd;

	if (!f->exists || !S_ISREG(f->mode) || len > sizeof(begin))
		return false;
	fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, begin, len);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)len && !memcmp(begin, bytes, len);
}

int file_place(struct file_whole *f, bool keep)
{
	char text[NAME_MAX + 8];
	int err = 0;

	if (f->in_place)
		return 0;
	if (!*f->temporary) {
		name_temporary(f);
		snprintf(text, sizeof(text), "/proc/self/fd/%d", f->fd);
		if (linkat(AT_FDCWD, text, f->dir, f->temporary, AT_SYMLINK_FOLLOW)) {
			*f->temporary = '\0';
			return -errno;
		}
	}
	snprintf(text, sizeof(text), "%s.old", f->name);
	if (keep && renameat(f->dir, f->name, f->dir, text))
		err = -errno;
	if (!err && renameat(f->dir, f->temporary, f->dir, f->name))
		err = -errno;
	if (!err) {
		*f->temporary = '\0';
		f->in_place = true;
	}
	return err;
}

int file_end(struct file_whole *f, int err)
{
	if (!f->fd)
		return err;
	errno = EIO;
	if (f->out && (fflush(f->out) || ferror(f->out)) && !err)
		err = -errno;
	/* A full disk or a quota may fail only now */
	if (!err && !f->in_place && fsync(f->fd))
		err = -errno;
	if (!err)
		err = file_place(f, false);
	if (*f->temporary)
		unlinkat(f->dir, f->temporary, 0);
	if ((f->out ? fclose(f->out) : close(f->fd)) && !err)
		err = -errno;
	close(f->dir);
	memset(f, 0, sizeof(*f));
	return err;
}

bool file_same(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && S_ISREG(one.st_mode) &&
	       !(b ? stat(b, &other) : fstat(STDOUT_FILENO, &other)) &&
	       one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

const char *file_error(int error)
{
	return error == ELOOP ?
		"a link or another user's file in a directory that others can write; remove it first" :
		strerror(error);
}
