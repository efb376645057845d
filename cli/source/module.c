// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots from the companion module's tables in debugfs (dmabuf_tools(4)), for kernels without
 * BPF. The tables are read one after the other: an object that changes in between has the state of
 * the time of its table.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "opaque.h"
#include "source/module_sums.h"
#include "source/source.h"

#define TABLES "/sys/kernel/debug/dmabuf_tools/"
#define MAX_FIELDS 8

struct module_source {
	char *text;
	size_t room;
};

void module_name(char *out, size_t room, const char *field)
{
	size_t len = 0;

	while (*field && len + 1 < room)
		if (*field == '\\' && strspn(field + 1, "01234567") >= 3) {
			out[len++] = (field[1] - '0') << 6 | (field[2] - '0') << 3 |
				     (field[3] - '0');
			field += 4;
		} else {
			out[len++] = *field++;
		}
	out[len] = '\0';
}

static int take_buffer(struct records *records, char **fields)
{
	struct snap_buffer out = {
		.head = { SNAP_BUFFER, sizeof(out),
			  SNAP_HAS_SIZE | SNAP_HAS_EXPORTER | SNAP_HAS_ATTACHMENTS |
			  SNAP_HAS_COUNT | SNAP_HAS_CREATED | SNAP_HAS_UID },
		.ino = strtoull(fields[0], NULL, 10),
		.size = strtoull(fields[1], NULL, 10),
		.count = strtoull(fields[3], NULL, 10),
		.created = strtoll(fields[4], NULL, 10),
		.uid = strtoul(fields[5], NULL, 10),
	};

	/* Went while the table was read. */
	if (!strcmp(fields[3], "-"))
		return 0;
	module_name(out.exporter, sizeof(out.exporter), fields[2]);
	if (strcmp(fields[6], "-")) {
		out.head.valid |= SNAP_HAS_NAME;
		module_name(out.name, sizeof(out.name), fields[6]);
	}
	return records_add(records, &out, sizeof(out));
}

static int take_attachment(struct records *records, char **fields)
{
	struct snap_attachment out = {
		.head = { SNAP_ATTACHMENT, sizeof(out), 0 },
		.ino = strtoull(fields[0], NULL, 10),
	};

	module_name(out.device, sizeof(out.device), fields[1]);
	return records_add(records, &out, sizeof(out));
}

static int take_holder(struct records *records, char **fields)
{
	struct snap_slot out = {
		.head = { fields[1][0] == 'f' ? SNAP_FD : SNAP_MAP, sizeof(out), 0 },
		.pid = strtoul(fields[0], NULL, 10),
		.table = opaque_key(strtoull(fields[2], NULL, 16)),
		.start = strtoull(fields[3], NULL, 10),
		.end = strtoull(fields[4], NULL, 10),
		.ino = strtoull(fields[5], NULL, 10),
	};

	if (strstr(fields[1], ",r"))
		out.head.valid |= SNAP_SLOT_READ;
	if (strstr(fields[1], ",w"))
		out.head.valid |= SNAP_SLOT_WRITE;
	module_name(out.comm, sizeof(out.comm), fields[6]);
	return records_add(records, &out, sizeof(out));
}

static const struct table {
	const char *path, *titles;
	int (*take)(struct records *records, char **fields);
} tables[] = {
	{ TABLES "holders", "pid kind table start end ino comm", take_holder },
	{ TABLES "buffers", "ino bytes exporter count created uid name", take_buffer },
	{ TABLES "attachments", "ino device mappings", take_attachment },
};

static int split(char *line, char **fields)
{
	int n = 0;

	for (; line && n < MAX_FIELDS; n++)
		fields[n] = strsep(&line, " ");
	return n;
}

/* The titles name the fields of a line; -EPROTO for unknown titles. */
static int parse_table(const struct table *table, char *text, struct records *records)
{
	char *fields[MAX_FIELDS], *line = strsep(&text, "\n");
	int titles, err = 0;

	if (strcmp(line, table->titles))
		return -EPROTO;
	titles = split(line, fields);
	while (!err && (line = strsep(&text, "\n")) && *line)
		if (split(line, fields) == titles)
			err = table->take(records, fields);
	return err;
}

static int read_table(struct source *s, const struct table *table, struct records *records)
{
	struct module_source *own = s->own;
	long len = read_whole(AT_FDCWD, table->path, &own->text, &own->room);
	int err = len < 0 ? len : parse_table(table, own->text, records);

	if (err == -EPROTO)
		snprintf(s->error, sizeof(s->error), "module: %s has unknown fields; use the tool and the module of one version",
			 table->path);
	return err;
}

static int module_snapshot(struct source *s, struct records *records)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !err; i++)
		err = read_table(s, &tables[i], records);
	return err;
}

static const char *module_open(struct source *s)
{
	if (access("/sys/module/dmabuf_tools", F_OK))
		return "dmabuf_tools.ko is not loaded; modprobe dmabuf_tools";
	if (access("/sys/kernel/dmabuf_tools", F_OK))
		return "accounting of dmabuf_tools.ko is off; load the module without accounting=0, or see dmesg";
	if (access(tables[0].path, R_OK))
		return errno == EACCES ? "requires root; every user can read the sums in /sys/kernel/dmabuf_tools" :
			"no debugfs; mount -t debugfs none /sys/kernel/debug";
	s->own = calloc(1, sizeof(struct module_source));
	if (!s->own)
		return strerror(ENOMEM);
	s->sees = MODEL_SEES_HOLDERS | MODEL_SEES_KERNEL_ONLY | MODEL_SEES_ATTACHMENTS;
	return NULL;
}

static void module_close(struct source *s)
{
	struct module_source *own = s->own;

	free(own->text);
	free(own);
	s->own = NULL;
}

const struct source_ops source_module = {
	.name = "module",
	.summary = "dmabuf_tools.ko: buffers held when it was loaded, and all exported since",
	.open = module_open,
	.snapshot = module_snapshot,
	.close = module_close,
};
