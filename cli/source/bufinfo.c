// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs' bufinfo, the kernel's own list of all buffers. source/bpf.c reads bufinfo if no process
 * holds a buffer to start the walk from. dma_buf_debug_show() of drivers/dma-buf/dma-buf.c prints
 * names raw: the text of a name must not pass for a row.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "source/bufinfo.h"
#include "source/source.h"

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

/* A column of exactly this number of digits (or more, if the number is longer) and a tab. */
static char *number(char *at, int digits, int base, unsigned long long *value)
{
	char *end;

	if (!isxdigit((unsigned char)*at))
		return NULL;
	*value = strtoull(at, &end, base);
	return end - at >= digits && *end == '\t' ? end + 1 : NULL;
}

/*
 * "%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t%s\n": size, flags, mode, count, exporter, inode, name
 * (drivers/dma-buf/dma-buf.c). A row has at least 43 bytes before the name, which is longer than
 * any name: no name can contain a row. Return the name, or NULL if the line is no row.
 */
static char *parse_row(char *line, struct snap_buffer *out)
{
	unsigned long long size, flags, mode, count, ino;
	char *exporter, *tab, *name;

	if (!(line = number(line, 8, 10, &size)) || !(line = number(line, 8, 16, &flags)) ||
	    !(line = number(line, 8, 16, &mode)) || !(line = number(line, 8, 10, &count)))
		return NULL;
	exporter = line;
	tab = strchr(line, '\t');
	if (!tab || tab == exporter || !(name = number(tab + 1, 8, 10, &ino)))
		return NULL;
	memset(out, 0, sizeof(*out));
	out->head.type = SNAP_BUFFER;
	out->head.len = sizeof(*out);
	out->head.valid = SNAP_HAS_SIZE | SNAP_HAS_COUNT | SNAP_HAS_EXPORTER;
	out->ino = ino;
	out->size = size;
	out->count = count;
	snprintf(out->exporter, sizeof(out->exporter), "%.*s", (int)(tab - exporter), exporter);
	return name;
}

/* The kernel prints "<none>" for a buffer without a name. */
static void set_name(struct snap_buffer *out, const char *name, size_t len)
{
	if (len == 6 && !memcmp(name, "<none>", 6))
		return;
	if (len >= sizeof(out->name))
		len = sizeof(out->name) - 1;
	out->head.valid |= SNAP_HAS_NAME;
	memcpy(out->name, name, len);
}

/* The lines between the last "Attached Devices:" of a buffer's part and its "Total". */
static int parse_attachments(char *part, char *end, struct snap_buffer *buffer,
			     struct records *records)
{
	static const char title[] = "\tAttached Devices:\n";
	char *at = NULL, *next;

	for (next = part; next < end && (next = strstr(next, title)) && next < end;
	     next += sizeof(title) - 1)
		at = next + sizeof(title) - 1;
	if (!at)
		return 0;
	while (at < end && *at == '\t') {
		struct snap_attachment out = {
			.head = { SNAP_ATTACHMENT, sizeof(out), 0 },
			.ino = buffer->ino,
		};
		char *eol = strchr(at, '\n');
		int err;

		if (!eol)
			break;
		snprintf(out.device, sizeof(out.device), "%.*s", (int)(eol - at - 1), at + 1);
		err = records_add(records, &out, sizeof(out));
		if (err)
			return err;
		at = eol + 1;
	}
	if (!strncmp(at, "Total ", 6))
		buffer->head.valid |= SNAP_HAS_ATTACHMENTS;
	return 0;
}

static char *next_line(char *at)
{
	char *eol = strchr(at, '\n');

	return eol ? eol + 1 : at + strlen(at);
}

/*
 * A name may contain newlines: the name ends before the first line of the kernel. These lines start
 * with a tab (the fences, then the devices).
 */
static size_t name_length(const char *name, const char *end)
{
	const char *at = name;

	while (at < end && at - name < SNAP_NAME_LEN && !(at[0] == '\n' && at[1] == '\t'))
		at++;
	return at - name;
}

int bufinfo_parse(char *text, struct records *records)
{
	struct snap_buffer row, next_row;
	char *name = NULL, *next_name, *line;
	int err = 0;

	if (!strstr(text, "Dma-buf Objects:"))
		return -EBADMSG;
	for (line = text; !err; line = next_line(line)) {
		next_name = *line ? parse_row(line, &next_row) : NULL;
		if (*line && !next_name)
			continue;
		/* The line is the next row, or the end: the part before is complete. */
		if (name) {
			set_name(&row, name, name_length(name, line));
			err = parse_attachments(name, line, &row, records) ?:
			      records_add(records, &row, sizeof(row));
		}
		if (!*line)
			break;
		row = next_row;
		name = next_name;
	}
	return err;
}

int bufinfo_snapshot(struct records *records, const char **why)
{
	char *text = NULL;
	size_t room = 0;
	long len = read_whole(AT_FDCWD, BUFINFO, &text, &room);
	int err;

	if (len < 0) {
		err = len;
		*why = err == -EPERM || err == -EACCES ?
			"no access to debugfs (lockdown, or not root): buffers that no process holds are missing" :
			"no debugfs: buffers that no process holds are missing; mount -t debugfs none /sys/kernel/debug";
	} else {
		err = bufinfo_parse(text, records);
		*why = "unknown format of bufinfo: buffers that no process holds are missing";
	}
	free(text);
	return err;
}
