// SPDX-License-Identifier: GPL-2.0
/* Names of device files, by number and by device, for source.c. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmabuf_snapshot.h"
#include "model/hash.h"
#include "model/table.h"
#include "source/names.h"
#include "source/source.h"
#include "source/users.h"

/* The last description of a device number by sysfs */
struct described {
	uint64_t rdev;
	ino_t ino;			/* inode of the link, never reused by sysfs; 0 none */
	struct snap_node node;
};

struct node_names {
	struct index by_number, by_device;
	struct table described;
	struct intern strings;
	const char **paths;
	uint32_t n, room;
};

/* "DEVNAME=dri/card0" in a uevent file of sysfs; adds "/dev/dri/card0" to the string at out. */
static int add_devname(FILE *out, const char *uevent)
{
	char *text = NULL, *name = NULL;
	size_t room = 0;

	if (read_whole(AT_FDCWD, uevent, &text, &room) > 0)
		name = strstr(text, "DEVNAME=");
	if (name) {
		name += strlen("DEVNAME=");
		fprintf(out, "%s/dev/%.*s", ftell(out) ? ";" : "", (int)strcspn(name, "\n"), name);
	}
	free(text);
	return name != NULL;
}

/* All matching files, in order. */
static const char *look_up(struct node_names *names, const char *pattern)
{
	const char *kept = NULL;
	char *text = NULL;
	size_t len = 0, i;
	glob_t found;
	FILE *out;

	if (glob(pattern, GLOB_BRACE, NULL, &found))
		return NULL;
	out = open_memstream(&text, &len);
	for (i = 0; out && i < found.gl_pathc; i++)
		add_devname(out, found.gl_pathv[i]);
	globfree(&found);
	if (out)
		fclose(out);
	if (len)
		kept = intern(&names->strings, text, len);
	free(text);
	return kept;
}

/* Keep a path, or NULL for no path. */
static const char *keep(struct node_names *names, struct index *index, uint64_t key,
			const char *path)
{
	if (array_append(&names->paths, &names->n, &names->room, &path, sizeof(path)))
		return NULL;
	index_put(index, key, names->n - 1);
	return path;
}

static struct node_names *get_names(struct node_names **names)
{
	if (!*names)
		*names = calloc(1, sizeof(**names));
	return *names;
}

static const char *look_up_number(struct node_names *names, uint32_t rdev)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "/sys/dev/char/%u:%u/uevent", rdev >> 20,
		 rdev & 0xfffff);
	return keep(names, &names->by_number, rdev, look_up(names, pattern));
}

const char *node_of_number(struct node_names **namesp, uint32_t rdev)
{
	struct node_names *names = get_names(namesp);
	uint32_t at;

	if (!names)
		return NULL;
	at = index_get(&names->by_number, rdev);
	if (at != INDEX_NONE)
		return names->paths[at];	/* NOLINT: an indexed path exists */
	return look_up_number(names, rdev);
}

const char *nodes_of_device(struct node_names **namesp, const char *device)
{
	struct node_names *names = get_names(namesp);
	uint64_t key = hash_string(device);
	char pattern[256];
	uint32_t at;

	/* Names with characters of a pattern are refused. */
	if (!names || device[strcspn(device, "*?[{,}\\/")])
		return NULL;
	at = index_get(&names->by_device, key);
	if (at != INDEX_NONE)
		return names->paths[at];
	/* /sys/bus/platform/devices/vivid.0/video4linux/video0/uevent; no radio, no vbi */
	snprintf(pattern, sizeof(pattern),
		 "/sys/bus/*/devices/%s/{video4linux/video*,drm/*,accel/*}/uevent", device);
	return keep(names, &names->by_device, key, look_up(names, pattern));
}

/* Copy the last part of the target of a link in the number's directory. */
static void read_link(uint32_t rdev, const char *link, char *name, size_t room)
{
	char path[64], to[256];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s", rdev >> 20, rdev & 0xfffff, link);
	n = readlink(path, to, sizeof(to) - 1);
	if (n <= 0)
		return;
	to[n] = '\0';
	last = strrchr(to, '/');
	last = last ? last + 1 : to;
	memcpy(name, last, strnlen(last, room));
}

static void describe(struct node_names *names, struct snap_node *node)
{
	const char *path = look_up_number(names, node->rdev);

	if (path)
		memcpy(node->name, path + strlen("/dev/"),
		       strnlen(path + strlen("/dev/"), sizeof(node->name)));
	read_link(node->rdev, "device", node->device, sizeof(node->device));
	read_link(node->rdev, "device/driver", node->driver, sizeof(node->driver));
}

/* Read sysfs again if another device has the number now. */
void node_describe(struct node_names **namesp, struct snap_node *node)
{
	struct node_names *names = get_names(namesp);
	struct described *known;
	uint32_t pid = node->pid;
	struct stat link = { 0 };
	char path[64];

	if (!names)
		return;
	names->described.size = sizeof(*known);
	known = table_add(&names->described, node->rdev);
	if (!known)
		return;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", node->rdev >> 20, node->rdev & 0xfffff);
	if (lstat(path, &link))
		link.st_ino = 0;
	if (known->node.head.type != SNAP_NODE || known->ino != link.st_ino) {
		describe(names, node);
		known->node = *node;
		known->ino = link.st_ino;
	}
	*node = known->node;
	node->pid = pid;
}

void node_names_free(struct node_names *names)
{
	if (!names)
		return;
	index_free(&names->by_number);
	index_free(&names->by_device);
	table_free(&names->described);
	intern_free(&names->strings);
	free(names->paths);
	free(names);
}
