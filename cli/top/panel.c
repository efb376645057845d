// SPDX-License-Identifier: GPL-2.0
/* Pages of text: the help, and why a buffer is alive; see ui.h. No drawing. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "output/text.h"
#include "top/ui.h"

/* From this width on, labels stand beside what they are of, and tables side by side. */
#define WIDE 72

static bool is_wide(const struct panel *p)
{
	return p->width >= WIDE;
}

static void clear(struct panel *p)
{
	while (p->n)
		free(p->lines[--p->n].text);
}

void panel_free(struct panel *p)
{
	clear(p);
	free(p->lines);
}

static int add(struct panel *p, enum role role, int label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int add(struct panel *p, enum role role, int label, const char *format, ...)
{
	struct panel_line *line = array_add(&p->lines, &p->n, &p->room, sizeof(*line));
	va_list args;
	int len;

	if (!line)
		return -ENOMEM;
	line->role = role;
	line->label = label;
	va_start(args, format);
	len = vasprintf(&line->text, format, args);
	va_end(args);
	if (len < 0) {
		p->n--;
		return -ENOMEM;
	}
	return 0;
}

/* As wide as the longest names of keys and what they do, two cells between two */
#define HELP_KEYS	13
#define HELP_WIDTH	40

/* One entry of the help, "" where there is none. */
static void help_entry(uint32_t want, char *text, size_t room)
{
	uint32_t i, n = 0;

	*text = '\0';
	for (i = 0; i < n_bindings; i++) {
		char keys[64], more[32] = "";

		if (!bindings[i].help || n++ != want)
			continue;
		key_names(&bindings[i], keys, sizeof(keys));
		/* The next one may be the other half: Up, Down. */
		if (i + 1 < n_bindings && !bindings[i + 1].help)
			key_names(&bindings[i + 1], more, sizeof(more));
		snprintf(text, room, "%-*s%s", HELP_KEYS - 1, keys, "");
		snprintf(text + strlen(keys), room - strlen(keys), "%s%-*s %s", *more ? " " : "",
			 (int)(HELP_KEYS - 1 - strlen(keys) - !!*more), more, bindings[i].help);
	}
}

int panel_help(struct panel *p, int width)
{
	uint32_t i, n = 0, columns = width >= 2 * HELP_WIDTH ? 2 : 1, lines;
	int err = 0;

	clear(p);
	for (i = 0; i < n_bindings; i++)
		n += !!bindings[i].help;
	lines = (n + columns - 1) / columns;
	for (i = 0; i < lines && !err; i++) {
		char left[HELP_WIDTH * 2], right[HELP_WIDTH * 2] = "";

		help_entry(i, left, sizeof(left));
		if (columns > 1)
			help_entry(i + lines, right, sizeof(right));
		err = add(p, ROLE_PLAIN, 0, " %-*s %s", columns > 1 ? HELP_WIDTH - 2 : 0, left,
			  right);
	}
	return err;
}

/* Text broken between words, indented, and further where it goes on. */
static int add_words(struct panel *p, int indent, const char *text)
{
	int room = p->width - indent > 16 ? p->width - indent : 16, err = 0;

	while (*text && !err) {
		int n = strlen(text), cut = n;

		if (n > room)
			for (cut = room; cut > 0 && text[cut] != ' '; cut--)
				;
		if (!cut)
			cut = room;
		err = add(p, ROLE_PLAIN, 0, "%*s%.*s", indent, "", cut, text);
		text += cut + (text[cut] == ' ');
	}
	return err;
}

static const char *count_words(uint64_t n, const char *word, char *text, size_t room)
{
	snprintf(text, room, "%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
	return text;
}

/* A section's label: beside its first line, or above it where it is narrow. */
static const char *label(struct panel *p, const char *name, int *err)
{
	if (is_wide(p))
		return name;
	*err = add(p, ROLE_PLAIN, strlen(name), "%s", name);
	return "";
}

#define LABEL	13		/* cells, where they stand beside */

static int add_title(struct panel *p, const struct model *m, const struct model_buffer *b,
		     bool bytes)
{
	bool wide = is_wide(p);
	char size[24] = "-", exporter[256], name[256] = "", who[48] = "", age[24] = "unknown";
	char title[64], right[600];
	int err, room;

	if (b->valid & SNAP_HAS_SIZE && bytes)
		snprintf(size, sizeof(size), "%" PRIu64, b->size);
	else if (b->valid & SNAP_HAS_SIZE)
		text_size(size, b->size);
	text_safe(exporter, sizeof(exporter), b->exporter ? b->exporter : "-");
	if (b->name) {
		char safe[256];

		text_safe(safe, sizeof(safe), b->name);
		snprintf(name, sizeof(name), " \"%.200s\"", safe);
	}
	if (b->valid & SNAP_HAS_CREATED)
		text_age(age, m->time > b->created ? m->time - b->created : 0);
	if (b->valid & SNAP_HAS_UID)
		snprintf(who, sizeof(who), "   exported by uid %u", b->uid);
	snprintf(title, sizeof(title), "Buffer %" PRIu64 ": why is it alive?", b->ino);
	snprintf(right, sizeof(right), "%s %s%s", size, exporter, name);
	room = p->width - (int)strlen(title);
	if (wide && room > text_width(right))
		err = add(p, ROLE_PLAIN, strlen(title), "%s%*s%s", title, room - text_width(right), "", right);
	else
		err = add(p, ROLE_PLAIN, strlen(title), "%s", title) ?: add(p, ROLE_PLAIN, 0, " %s", right);
	return err ?: add(p, ROLE_PLAIN, 0, " age %s%s", age, who);
}

/* The sum of DESIGN.md section 2, in its words. */
static int add_references(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p);
	char fds[32], maps[32], attachments[48];
	uint64_t count, kernel, unexplained;
	int err = 0;
	const char *name = label(p, "REFERENCES", &err);
	int indent = wide ? LABEL : 1;

	if (err)
		return err;
	count_words(b->fds, "fd", fds, sizeof(fds));
	count_words(b->maps, "map", maps, sizeof(maps));
	if (!model_buffer_count(m, b, &count))
		return add(p, ROLE_WARNING, strlen(name), "%-*s%s", indent, name, b->torn ?
			   "unknown: they changed while they were read" : "unknown to this source");
	if (!model_buffer_kernel(m, b, &kernel))
		return add(p, ROLE_PLAIN, strlen(name), "%-*s%" PRIu64 ", of which are seen %s + %s",
			   indent, name, count, fds, maps);
	err = add(p, ROLE_PLAIN, strlen(name), "%-*s%" PRIu64 " = %s + %s + %" PRIu64 " kernel",
		  indent, name, count, fds, maps, kernel);
	if (err || !kernel || !model_buffer_unexplained(m, b, &unexplained))
		return err;
	count_words(b->attachments, "attachment", attachments, sizeof(attachments));
	/* Not each attachment's importer holds a reference. */
	if (kernel < b->attachments)
		return add(p, ROLE_PLAIN, 0, "%*s%" PRIu64 " kernel, of %s; 0 unexplained", indent, "",
			   kernel, attachments);
	return add(p, ROLE_PLAIN, 0, "%*s%" PRIu64 " kernel = %s + %" PRIu64 " unexplained", indent, "",
		   kernel, attachments, unexplained);
}

#define COMM	12
#define FDS	16

static int add_holder(struct panel *p, const struct model *m, const struct model_holder *h)
{
	bool wide = is_wide(p);
	const struct model_process *process = &m->processes[h->process];
	char comm[256], cell[LINE_ROOM], fds[64], map[64];
	uint32_t fd = 0, at = 0;
	int err;

	text_safe(comm, sizeof(comm), process->comm);
	cell_fit(cell, sizeof(cell), comm, COMM, CUT_TAIL, false);
	if (!wide) {
		err = add(p, ROLE_PLAIN, 0, " %u %s", process->pid, comm);
		while (fd < h->fds && !err) {
			fd = lines_slots(m, h, false, fd, fds, 33);
			err = add(p, ROLE_PLAIN, 0, "  fds %s", fds);
		}
		while (at < h->maps && !err) {
			at = lines_slots(m, h, true, at, map, sizeof(map) - 18);
			err = add(p, ROLE_PLAIN, 0, "  map %s", map);
		}
		return err;
	}
	fd = lines_slots(m, h, false, 0, fds, FDS);
	at = lines_slots(m, h, true, 0, map, sizeof(map) - 18);
	err = add(p, ROLE_PLAIN, 0, "%*s%-7u %s %-*s %s", LABEL, "", process->pid, cell, FDS,
		  *fds ? fds : "-", *map ? map : "-");
	while ((fd < h->fds || at < h->maps) && !err) {
		fd = lines_slots(m, h, false, fd, fds, FDS);
		at = lines_slots(m, h, true, at, map, sizeof(map) - 18);
		err = add(p, ROLE_PLAIN, 0, "%*s%-*s %s", LABEL + 7 + 1 + COMM + 1, "", FDS, fds, map);
	}
	return err;
}

static int add_holders(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p);
	int err = 0;
	const char *name = label(p, "HOLDERS", &err);
	uint32_t i;

	if (err)
		return err;
	if (!b->procs)
		return m->sees & MODEL_SEES_HOLDERS ?
			add(p, ROLE_KERNEL_ONLY, strlen(name), "%-*sno process: only the kernel holds it",
			    wide ? LABEL : 1, name) :
			add(p, ROLE_PLAIN, strlen(name), "%-*snone that may be seen without privileges",
			    wide ? LABEL : 1, name);
	if (wide)
		err = add(p, ROLE_PLAIN, LABEL + 80, "%-*s%-7s %-*s %-*s %s", LABEL, name, "PID", COMM,
			  "COMM", FDS, "FDS", "MAPPINGS");
	for (i = 0; i < b->procs && !err; i++)
		err = add_holder(p, m, &m->holders[b->first_holder + i]);
	return err;
}

#define DEVICE	20
#define DRIVER	16

static int add_devices(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p);
	int err = 0, indent = wide ? LABEL : 1;
	const char *name = label(p, "DEVICES", &err);
	uint32_t i;

	if (err)
		return err;
	if (!(b->valid & SNAP_HAS_ATTACHMENTS))
		return add(p, ROLE_PLAIN, strlen(name), "%-*sunknown to this source", indent, name);
	if (!b->attachments)
		return add(p, ROLE_PLAIN, strlen(name), "%-*snone is attached", indent, name);
	if (wide)
		err = add(p, ROLE_PLAIN, LABEL + 80, "%-*s%-*s %-*s %s", LABEL, name, DEVICE, "DEVICE",
			  DRIVER, "DRIVER", "DYNAMIC");
	for (i = 0; i < b->attachments && !err; i++) {
		const struct model_attachment *a = &m->attachments[b->first_attachment + i];
		const struct model_device *d = &m->devices[a->device];
		char device[256], driver[256], cells[2][LINE_ROOM];

		text_safe(device, sizeof(device), d->device);
		text_safe(driver, sizeof(driver), d->driver && *d->driver ? d->driver : "-");
		if (wide) {
			cell_fit(cells[0], sizeof(cells[0]), device, DEVICE, CUT_MIDDLE, false);
			cell_fit(cells[1], sizeof(cells[1]), driver, DRIVER, CUT_MIDDLE, false);
		}
		err = add(p, ROLE_PLAIN, 0, "%*s%s %s %s", indent, "", wide ? cells[0] : device,
			  wide ? cells[1] : driver,
			  !(a->flags & SNAP_ATTACHMENT_DYNAMIC_KNOWN) ? "-" :
			  !(a->flags & SNAP_ATTACHMENT_DYNAMIC) ? wide ? "no" : "not dynamic" :
			  wide ? "yes" : "dynamic");
	}
	return err;
}

static int add_unexplained(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p);
	/* Where no driver is known to take one reference for itself, these are who can. */
	static const char *const causes[] = {
		"an fd in flight over a socket, sent and not yet received;",
		"a GEM handle or object that was exported or imported;",
		"a driver that takes more than one reference for an attachment.",
	};
	uint64_t unexplained;
	const char *name;
	int err = 0;
	size_t i;

	if (!model_buffer_unexplained(m, b, &unexplained))
		return 0;
	name = label(p, "UNEXPLAINED", &err);
	if (err)
		return err;
	err = add(p, unexplained ? ROLE_UNEXPLAINED : ROLE_PLAIN, strlen(name), "%-*s%" PRIu64 "%s",
		  wide ? LABEL : 1, name, unexplained, unexplained ? ", which can be:" : "");
	for (i = 0; unexplained && i < sizeof(causes) / sizeof(*causes) && !err; i++)
		err = add_words(p, wide ? LABEL : 2, causes[i]);
	return err;
}

int panel_buffer(struct panel *p, const struct model *m, uint64_t ino, int width, bool bytes)
{
	uint32_t i = index_get(&m->by_ino, ino);
	const struct model_buffer *b = i == INDEX_NONE ? NULL : &m->buffers[i];

	clear(p);
	p->width = width;
	if (!b || !b->ino)
		return add(p, ROLE_PLAIN, 0, "Buffer %" PRIu64 " is gone.", ino);
	return add_title(p, m, b, bytes) ?: add_references(p, m, b) ?: add_holders(p, m, b) ?:
	       add_devices(p, m, b) ?: add_unexplained(p, m, b);
}
