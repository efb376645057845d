// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots from /proc alone, from fdinfo and maps of the readable processes. No attachments, and
 * no buffers that only the kernel holds. Fd tables and address spaces are distinguished by process:
 * tables shared between processes, and threads with their own, are not detected.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "source/source.h"

#define LINK_PREFIX "/dmabuf:"

struct proc_source {
	DIR *proc;
	char *text;
	size_t room;
	struct index seen;		/* inodes whose buffer record is out */
	dev_t dev;			/* of the dma-buf file system, 0 unknown */
	struct records *records;
	uint32_t refused;		/* unreadable processes */
};

struct proc_process {
	uint32_t pid;
	int dir;
	uint64_t cgroup;		/* looked up with the first slot: most have none */
	bool cgroup_known;
	char comm[SNAP_COMM_LEN];
};

static const char *field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : NULL;
}

/*
 * The buffer's own lines in fdinfo: "size:", "count:", "exp_name:" and last "name:", raw
 * (dma_buf_show_fdinfo). Only the lines before the name are reliable, so the first line of each
 * key counts.
 */
static int add_buffer(struct proc_source *own, const struct stat *st, char *text, size_t len)
{
	struct snap_buffer out = {
		.head = { SNAP_BUFFER, sizeof(out), SNAP_HAS_CREATED },
		.ino = st->st_ino,
		.created = st->st_ctime,
	};
	const char *size = field(text, "\nsize:\t"), *count = field(text, "\ncount:\t");
	const char *exporter = field(text, "\nexp_name:\t"), *name = NULL;

	if (exporter)
		name = field(exporter, "\nname:\t");
	if (size)
		out.head.valid |= SNAP_HAS_SIZE;
	out.size = size ? strtoull(size, NULL, 10) : 0;
	if (count)
		out.head.valid |= SNAP_HAS_COUNT;
	out.count = count ? strtoull(count, NULL, 10) : 0;
	if (exporter) {
		out.head.valid |= SNAP_HAS_EXPORTER;
		snprintf(out.exporter, sizeof(out.exporter), "%.*s",
			 (int)strcspn(exporter, "\n"), exporter);
	}
	if (name) {
		size_t n = text + len - name;

		if (n && name[n - 1] == '\n')
			n--;
		out.head.valid |= SNAP_HAS_NAME;
		memcpy(out.name, name, n < sizeof(out.name) ? n : sizeof(out.name) - 1);
	}
	return records_add(own->records, &out, sizeof(out));
}

/* The id of a cgroup v2 is its directory's inode number. "0::/path" names it (cgroups(7)). */
static void look_up_cgroup(struct proc_process *p)
{
	char *text = NULL, path[PATH_MAX];
	const char *name = NULL;
	size_t room = 0;
	struct stat st;

	p->cgroup_known = true;
	if (read_whole(p->dir, "cgroup", &text, &room) > 0)
		name = strncmp(text, "0::", 3) ? field(text, "\n0::") : text + 3;
	if (name) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s", (int)strcspn(name, "\n"), name);
		if (!stat(path, &st))
			p->cgroup = st.st_ino;
	}
	free(text);
}

static int add_slot(struct proc_source *own, struct proc_process *p, uint16_t type,
		    uint64_t ino, uint64_t start, uint64_t end, uint32_t flags)
{
	struct snap_slot out = {
		.head = { type, sizeof(out), flags },
		.ino = ino,
		.table = p->pid,
		.start = start,
		.end = end,
		.pid = p->pid,
	};

	if (!p->cgroup_known)
		look_up_cgroup(p);
	out.cgroup = p->cgroup;
	memcpy(out.comm, p->comm, sizeof(out.comm));
	return records_add(own->records, &out, sizeof(out));
}

static int add_fd(struct proc_source *own, struct proc_process *p, int fds, const char *fd)
{
	char link[sizeof(LINK_PREFIX)], path[sizeof("fdinfo/") + NAME_MAX];
	struct stat st;
	long len;
	int err;

	if (readlinkat(fds, fd, link, sizeof(link)) < (ssize_t)sizeof(LINK_PREFIX) - 1 ||
	    memcmp(link, LINK_PREFIX, sizeof(LINK_PREFIX) - 1) || fstatat(fds, fd, &st, 0))
		return 0;
	if (index_get(&own->seen, st.st_ino) == INDEX_NONE) {
		snprintf(path, sizeof(path), "fdinfo/%s", fd);
		len = read_whole(p->dir, path, &own->text, &own->room);
		/* Closed meanwhile, or a plain file of this name: not a buffer of this snapshot. */
		if (len < 0 || !field(own->text, "\nexp_name:\t"))
			return 0;
		own->dev = st.st_dev;
		err = add_buffer(own, &st, own->text, len) ?:
		      index_put(&own->seen, st.st_ino, 1);
		if (err)
			return err;
	}
	return add_slot(own, p, SNAP_FD, st.st_ino, strtoul(fd, NULL, 10), 0, 0);
}

static int walk_fds(struct proc_source *own, struct proc_process *p)
{
	int fd = openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = add_fd(own, p, fd, entry->d_name);
	closedir(dir);
	return err;
}

/* A buffer with mappings alone has no fdinfo: only the inode is known. */
static int add_mapped_only(struct proc_source *own, uint64_t ino)
{
	struct snap_buffer out = { .head = { SNAP_BUFFER, sizeof(out), 0 }, .ino = ino };

	if (index_get(&own->seen, ino) != INDEX_NONE)
		return 0;
	return records_add(own->records, &out, sizeof(out)) ?: index_put(&own->seen, ino, 1);
}

/* "start-end perms offset major:minor inode  path" (proc_pid_maps(5)). */
static int add_mapping(struct proc_source *own, struct proc_process *p, const char *line)
{
	unsigned long long start, end, ino;
	unsigned int major, minor;
	uint32_t flags = 0;
	char perms[5];
	int path = 0, err;

	if (sscanf(line, "%llx-%llx %4s %*x %x:%x %llu %n", &start, &end, perms, &major, &minor,
		   &ino, &path) != 6 || !path ||
	    strncmp(line + path, LINK_PREFIX, sizeof(LINK_PREFIX) - 1))
		return 0;
	/* The pseudo file system has no device of its own: a file on a disk has. */
	if (major || (own->dev && makedev(major, minor) != own->dev))
		return 0;
	if (perms[0] == 'r')
		flags |= SNAP_SLOT_READ;
	if (perms[1] == 'w')
		flags |= SNAP_SLOT_WRITE;
	err = add_mapped_only(own, ino);
	return err ? err : add_slot(own, p, SNAP_MAP, ino, start, end, flags);
}

static int walk_maps(struct proc_source *own, struct proc_process *p)
{
	long len = read_whole(p->dir, "maps", &own->text, &own->room);
	char *line = own->text, *eol;
	int err = 0;

	if (len < 0)
		return len == -EACCES || len == -EPERM ? -EACCES : len == -ENOMEM ? len : 0;
	for (; !err && *line; line = eol + 1) {
		eol = strchr(line, '\n');
		if (!eol)
			break;
		*eol = '\0';
		if (strstr(line, LINK_PREFIX))
			err = add_mapping(own, p, line);
	}
	return err;
}

static int walk_process(struct proc_source *own, const char *pid, int (*walk)(struct proc_source *,
			struct proc_process *), bool count_refused)
{
	struct proc_process p = { .pid = strtoul(pid, NULL, 10) };
	long len;
	int err;

	p.dir = openat(dirfd(own->proc), pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return 0;
	len = read_whole(p.dir, "comm", &own->text, &own->room);
	if (len > 0) {
		if (own->text[len - 1] == '\n')
			len--;
		memcpy(p.comm, own->text, (size_t)len < sizeof(p.comm) ? (size_t)len :
		       sizeof(p.comm) - 1);
	}
	err = walk(own, &p);
	if (err == -EACCES) {
		own->refused += count_refused;
		err = 0;
	}
	close(p.dir);
	return err;
}

static int walk_all(struct proc_source *own, int (*walk)(struct proc_source *,
		    struct proc_process *), bool count_refused)
{
	struct dirent *entry;
	int err = 0;

	rewinddir(own->proc);
	while (!err && (entry = readdir(own->proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = walk_process(own, entry->d_name, walk, count_refused);
	return err;
}

static int proc_snapshot(struct source *s, struct records *records)
{
	struct proc_source *own = s->own;
	int err;

	own->records = records;
	own->refused = 0;
	index_clear(&own->seen);
	/* All fds before all mappings: fdinfo tells more of a buffer than maps. */
	err = walk_all(own, walk_fds, true) ?: walk_all(own, walk_maps, false);
	s->sees = own->refused ? 0 : MODEL_SEES_HOLDERS;
	s->lacks = own->refused ?
		"no devices, no kernel-held buffers, no processes of other users: requires root, or CAP_BPF and CAP_PERFMON" :
		"no devices, no kernel-held buffers: requires BPF; see 'dmabuf-trace doctor'";
	return err;
}

static const char *proc_open(struct source *s)
{
	struct proc_source *own = calloc(1, sizeof(*own));

	if (!own)
		return strerror(ENOMEM);
	own->proc = opendir("/proc");
	if (!own->proc) {
		free(own);
		return "/proc is not mounted; mount -t proc proc /proc";
	}
	s->own = own;
	return NULL;
}

static void proc_close(struct source *s)
{
	struct proc_source *own = s->own;

	closedir(own->proc);
	index_free(&own->seen);
	free(own->text);
	free(own);
	s->own = NULL;
}

const struct source_ops source_proc = {
	.name = "proc",
	.summary = "fdinfo and maps of the processes that may be read",
	.open = proc_open,
	.snapshot = proc_snapshot,
	.close = proc_close,
};
