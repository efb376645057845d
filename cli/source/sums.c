// SPDX-License-Identifier: GPL-2.0
/*
 * Read the companion module's sums: one value per file in sysfs, for every user, and the
 * histograms of maps from debugfs, if readable.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/sums.h"
#include "source/module_sums.h"
#include "source/source.h"

#define SUMS "/sys/kernel/dmabuf_tools"
#define LATENCY "/sys/kernel/debug/dmabuf_tools/latency"

struct reading {
	struct module_sums *sums;
	char *text;
	size_t room;
};

static int read_value(struct reading *r, int dir, const char *name, uint64_t *value)
{
	long len = read_whole(dir, name, &r->text, &r->room);
	char *end;

	if (len < 0)
		return len;
	*value = strtoull(r->text, &end, 10);
	return end != r->text && *end == '\n' ? 0 : -EBADMSG;
}

static int read_exporter(struct reading *r, int dir, const char *name)
{
	struct module_sums *s = r->sums;
	struct sums_exporter *e = array_add(&s->exporters, &s->n_exporters, &s->room_exporters,
					    sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->exporter = name;
	return read_value(r, dir, "buffers", &e->buffers) ?:
	       read_value(r, dir, "bytes", &e->bytes) ?:
	       read_value(r, dir, "exports_total", &e->exports);
}

static int read_device(struct reading *r, int dir, const char *name)
{
	struct module_sums *s = r->sums;
	struct sums_device *d = array_add(&s->devices, &s->n_devices, &s->room_devices,
					  sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->device = name;
	return read_value(r, dir, "attachments", &d->attachments) ?:
	       read_value(r, dir, "map_total", &d->maps.count) ?:
	       read_value(r, dir, "map_errors_total", &d->maps.errors) ?:
	       read_value(r, dir, "map_ns_total", &d->maps.sum);
}

static int read_entry(struct reading *r, int parent, const char *escaped,
		      int (*read)(struct reading *r, int dir, const char *name))
{
	int dir = openat(parent, escaped, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	char bytes[256];
	int err;

	/* A directory whose files could not be made has no figures for us */
	if (dir < 0)
		return -errno;
	module_name(bytes, sizeof(bytes), escaped);
	name = intern(&r->sums->strings, bytes, SIZE_MAX);
	err = name ? read(r, dir, name) : -ENOMEM;
	close(dir);
	return err;
}

static int read_all(struct reading *r, const char *path,
		    int (*read)(struct reading *r, int dir, const char *name))
{
	DIR *all = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!all)
		return -errno;
	while (!err && (entry = readdir(all)))
		if (*entry->d_name != '.')
			err = read_entry(r, dirfd(all), entry->d_name, read);
	closedir(all);
	return err;
}

static struct sums_device *find_device(struct module_sums *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_devices; i++)
		if (!strcmp(s->devices[i].device, name))
			return &s->devices[i];
	return NULL;
}

/* "op device ns calls": the number of maps of at least ns and less than twice ns. */
static void read_latency(struct reading *r)
{
	char *next, *line, device[256], bytes[256];
	unsigned long long ns, calls;
	struct sums_device *d;

	if (read_whole(AT_FDCWD, LATENCY, &r->text, &r->room) < 0)
		return;
	r->sums->timed = true;
	for (next = r->text; (line = strsep(&next, "\n"));) {
		if (sscanf(line, "map %255s %llu %llu", device, &ns, &calls) != 3)
			continue;
		module_name(bytes, sizeof(bytes), device);
		d = find_device(r->sums, bytes);
		if (d)
			d->maps.buckets[histogram_bucket(ns)] += calls;
	}
}

bool sums_are_there(void)
{
	return !access(SUMS "/releases_total", R_OK);
}

int sums_read(struct module_sums *sums)
{
	struct reading r = { .sums = sums };
	int err;

	sums->n_exporters = sums->n_devices = 0;
	sums->timed = false;
	err = read_value(&r, AT_FDCWD, SUMS "/releases_total", &sums->releases) ?:
	      read_value(&r, AT_FDCWD, SUMS "/missed_total", &sums->missed) ?:
	      read_all(&r, SUMS "/exporters", read_exporter) ?:
	      read_all(&r, SUMS "/devices", read_device);
	if (!err)
		read_latency(&r);
	free(r.text);
	return err;
}

void sums_free(struct module_sums *sums)
{
	free(sums->exporters);
	free(sums->devices);
	intern_free(&sums->strings);
	memset(sums, 0, sizeof(*sums));
}
