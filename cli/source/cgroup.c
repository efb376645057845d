// SPDX-License-Identifier: GPL-2.0
/* Paths of cgroups by their ids, each looked up once; called by source.c. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/hash.h"
#include "source/names.h"
#include "source/source.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* fs/kernfs: a file handle of type FILEID_KERNFS (include/linux/exportfs.h) is the 64-bit id. */
#define FILEID_KERNFS 0xfe

struct cgroup_names {
	struct index by_id;
	struct intern strings, old_strings;
	const char **paths;
	uint32_t n, room;
	int root;			/* -1: no cgroup v2 here */
};

static const char *look_up(struct cgroup_names *names, uint64_t id)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char self[32], path[PATH_MAX];
	ssize_t len;
	int fd;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(names->root, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, path, sizeof(path) - 1);
	close(fd);
	if (len < (ssize_t)strlen(CGROUP_ROOT))
		return NULL;
	path[len] = '\0';
	/* "/sys/fs/cgroup/a/b" is "/a/b", the root "/"; hybrid set-ups mount v2 one level lower */
	len = strlen(CGROUP_ROOT);
	if (!strncmp(path + len, "/unified", 8))
		len += 8;
	return intern(&names->strings, path[len] ? path + len : "/", PATH_MAX);
}

static struct cgroup_names *names_new(void)
{
	struct cgroup_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->root = open(CGROUP_ROOT "/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (names->root < 0)
		names->root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return names;
}

const char *cgroup_path(struct cgroup_names **namesp, uint64_t id)
{
	struct cgroup_names *names = *namesp;
	const char **new;
	uint32_t at;

	if (!id)
		return NULL;
	if (!names)
		names = *namesp = names_new();
	if (!names || names->root < 0)
		return NULL;
	at = index_get(&names->by_id, id);
	if (at != INDEX_NONE)
		return names->paths[at];	/* NOLINT: what is indexed is there */
	new = array_add(&names->paths, &names->n, &names->room, sizeof(*new));
	if (!new)
		return NULL;
	*new = look_up(names, id);
	index_put(&names->by_id, id, names->n - 1);
	return names->paths[names->n - 1];
}

void cgroup_names_trim(struct cgroup_names *names, uint32_t most)
{
	if (!names || names->n <= most)
		return;
	intern_free(&names->old_strings);
	names->old_strings = names->strings;
	memset(&names->strings, 0, sizeof(names->strings));
	index_clear(&names->by_id);
	names->n = 0;
}

void cgroup_names_free(struct cgroup_names *names)
{
	if (!names)
		return;
	if (names->root >= 0)
		close(names->root);
	index_free(&names->by_id);
	intern_free(&names->strings);
	intern_free(&names->old_strings);
	free(names->paths);
	free(names);
}
