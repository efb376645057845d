// SPDX-License-Identifier: GPL-2.0
/* Lines below open rows, and the texts of lines; see lines.h. No drawing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/hash.h"
#include "output/text.h"
#include "top/cells.h"
#include "top/lines.h"
#include "top/paint.h"

static int add_line(struct list *l, enum line_kind kind, const void *row, const void *parent)
{
	const struct line *before;
	struct line *line = array_add(&l->lines, &l->n_lines, &l->room_lines, sizeof(*line));

	if (!line)
		return -ENOMEM;
	line->row = row;
	line->parent = parent;
	line->kind = kind;
	before = line - 1;
	if (kind != LINE_ROW)
		line->nth = before->kind == LINE_ROW ? 0 : before->nth + 1;
	return 0;
}

uint32_t lines_sockets(const struct model *m, const struct model_buffer *b)
{
	uint32_t first = b->first_holder + b->procs, i = first;

	while (i < m->n_holders && m->holders[i].socket &&
	       m->holders[i].buffer == m->holders[first].buffer)
		i++;
	return i - first;
}

static int add_holders(struct list *l, const struct model *m, const struct model_buffer *b)
{
	uint32_t n = b->procs + lines_sockets(m, b), i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = add_line(l, i < b->procs ? LINE_HOLDER : LINE_SOCKET,
			       &m->holders[b->first_holder + i], b);
	for (i = 0; i < b->attachments && !err; i++)
		err = add_line(l, LINE_ATTACHMENT, &m->attachments[b->first_attachment + i], b);
	return err;
}

/* Largest first, like the view of buffers */
static int add_buffers(struct list *l, const struct model *m, const void *parent)
{
	const struct view *buffers = &views[VIEW_BUFFERS];
	int err = 0;

	l->parts.n = 0;
	for (uint32_t i = 0; i < m->n_buffers && !err; i++)
		if (m->buffers[i].selected && l->view->holds(m, parent, &m->buffers[i]))
			err = rows_add(&l->parts, &m->buffers[i]);
	if (!err)
		err = rows_sort(&l->parts, m, view_column(buffers, buffers->sort), false);
	for (uint32_t i = 0; i < l->parts.n && !err; i++)
		err = add_line(l, LINE_BUFFER, l->parts.rows[i], parent);
	return err;
}

int lines_make(struct list *l, const struct history *h)
{
	int err = 0;

	l->n_lines = 0;
	for (uint32_t i = 0; l->n_open && i < l->rows.n && !err; i++) {
		const void *row = l->rows.rows[i];
		uint32_t first;

		err = add_line(l, LINE_ROW, row, row);
		first = l->n_lines;
		if (err || history_is_dead(h, l->view, row) ||
		    index_get(&l->open, l->view->id(row)) != 1)
			continue;
		if (l->view->holds)
			err = add_buffers(l, &h->model, row);
		else if (l->view->buffer)
			err = add_holders(l, &h->model, l->view->buffer(&h->model, row));
		if (l->n_lines > first)
			l->lines[l->n_lines - 1].last = true;
	}
	return err;
}

struct line_key lines_key(const struct list *l, const struct line *line)
{
	struct line_key key = { .row = l->view->id(line->parent) };

	if (line->kind == LINE_BUFFER)
		key.part = screen_views[VIEW_BUFFERS].id(line->row);
	else if (line->kind != LINE_ROW)
		key.part = line->nth + 1;
	return key;
}

uint32_t lines_put_slots(const struct model *m, const struct model_holder *h, uint32_t type,
			 uint32_t at, char *text, size_t room)
{
	uint32_t n;
	const struct model_slot *slots = model_holder_slots(m, h, type, &n);
	size_t len = 0;

	*text = '\0';
	for (; at < n; at++) {
		const struct model_slot *s = &slots[at];
		char one[SLOT_ROOM];
		size_t w;

		if (type == SNAP_MAP)
			w = snprintf(one, sizeof(one), "%" PRIx64 "-%" PRIx64 " %c%c", s->start,
				     s->end, s->flags & SNAP_SLOT_READ ? 'r' : '-',
				     s->flags & SNAP_SLOT_WRITE ? 'w' : '-');
		else
			w = snprintf(one, sizeof(one), "%" PRIu64, s->start);
		if (len && len + w + 2 > room)
			break;
		len += sprintf(text + len, "%s%s", len ? " " : "", one);
	}
	return at;
}

void lines_nodes(const struct model_device *d, char *text, size_t room)
{
	text_safe(text, room, d->nodes ?: "");
	for (; (text = strchr(text, ';')); text++)
		*text = ' ';
}

/* "fds 17 23  gem 12  fb 42  maps 7f00-8f00 rw", with dots where it goes on */
static void put_slots(const struct model *m, const struct model_holder *h, char *text,
		      size_t room)
{
	static const char *const names[] = { [SNAP_FD] = "fds", [SNAP_MAP] = "maps",
					     [SNAP_GEM] = "gem", [SNAP_IO_URING] = "io_uring",
					     [SNAP_FRAMEBUFFER] = "fb" };
	static const uint32_t types[] = { SNAP_FD, SNAP_GEM, SNAP_IO_URING, SNAP_FRAMEBUFFER,
					  SNAP_MAP };
	char slots[256], node[256];
	size_t len = 0, t;

	for (t = 0; t < sizeof(types) / sizeof(*types) && len < room; t++) {
		uint32_t shown = lines_put_slots(m, h, types[t], 0, slots, sizeof(slots)), n;
		const struct model_slot *first = model_holder_slots(m, h, types[t], &n);

		if (!n)
			continue;
		len += snprintf(text + len, room - len, "  %s %s%s", names[types[t]], slots,
				shown < n ? " ..." : "");
		if (types[t] == SNAP_GEM && n == 1 && m->nodes[first->node].path && len < room) {
			text_safe(node, sizeof(node), m->nodes[first->node].path);
			len += snprintf(text + len, room - len, " %s", node);
		}
	}
}

/* Return the holder of a buffer in a process; NULL: the row is not a process. */
static const struct model_holder *holder_of(const struct model *m, const struct model_buffer *b,
					    const void *process)
{
	for (uint32_t i = 0; i < b->procs; i++)
		if (&m->processes[m->holders[b->first_holder + i].process] == process)
			return &m->holders[b->first_holder + i];
	return NULL;
}

static void buffer_text(const struct model *m, const struct line *line, char *text, size_t room)
{
	const struct model_buffer *b = line->row;
	const struct model_holder *h = holder_of(m, b, line->parent);
	char size[8], exporter[256], name[256], cell[LINE_ROOM];
	size_t len;

	text_safe(exporter, sizeof(exporter), b->exporter ? b->exporter : "-");
	text_safe(name, sizeof(name), b->name ? b->name : "-");
	len = snprintf(text, room, "%-7" PRIu64 " %6s  %s  %s", b->ino,
		       b->valid & SNAP_HAS_SIZE ? text_size(size, b->size) : "-",
		       cell_fit(cell, sizeof(cell), exporter, 12, CUT_MIDDLE, false), name);
	if (h && len < room)
		put_slots(m, h, text + len, room - len);
}

void lines_text(const struct model *m, const struct list *l, const struct line *line, char *text,
		size_t room)
{
	const struct model_attachment *a = line->row;
	const struct model_holder *h = line->row;
	char name[256], driver[256], nodes[256];
	size_t len;

	switch (line->kind) {
	case LINE_ROW:
		l->view->name(m, line->row, text, room);
		break;
	case LINE_BUFFER:
		buffer_text(m, line, text, room);
		break;
	case LINE_HOLDER:
		screen_views[VIEW_PROCESSES].name(m, &m->processes[h->process], name,
						  sizeof(name));
		len = snprintf(text, room, "%s", name);
		put_slots(m, h, text + len, room - len);
		break;
	case LINE_SOCKET:
		len = snprintf(text, room, "in flight%s in socket ",
			       h->in_flight > 1 ? " several times" : "");
		text_safe(text + len, room - len, h->socket);
		break;
	case LINE_ATTACHMENT:
		lines_nodes(&m->devices[a->device], nodes, sizeof(nodes));
		text_safe(name, sizeof(name), m->devices[a->device].device);
		text_safe(driver, sizeof(driver), m->devices[a->device].driver ?: "");
		snprintf(text, room, "%s  %s%s%s%s", name, *driver ? driver : "-",
			 !(a->flags & SNAP_ATTACHMENT_DYNAMIC_KNOWN) ? "" :
			 a->flags & SNAP_ATTACHMENT_DYNAMIC ? "  dynamic" : "  static",
			 *nodes ? "  " : "", nodes);
	}
}
