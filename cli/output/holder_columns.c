// SPDX-License-Identifier: GPL-2.0
/* The columns of holders and of processes; see columns.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "output/getters.h"

static const struct model_holder *holder_of(const void *row)
{
	return row;
}

/* NULL: a socket or an importer */
static const void *holder_process(const struct model *m, const void *row)
{
	uint32_t process = holder_of(row)->process;

	return process == NO_PROCESS ? NULL : &m->processes[process];
}

static const void *holder_buffer(const struct model *m, const void *row)
{
	return &m->buffers[holder_of(row)->buffer];
}

/* Set *name to kind i of a row. Return the number of kinds. */
static uint32_t holder_kinds(const struct model_holder *h, uint32_t i, const char **name)
{
	const struct {
		bool has;
		const char *name;
	} kinds[] = {
		{ h->fds, "fd" }, { h->maps, "map" }, { h->gem, "gem" }, { h->in_flight, "in-flight" },
		{ h->io_uring, "io_uring" }, { h->framebuffers, "framebuffer" },
		{ h->attachment != INDEX_NONE, "import" },
	};
	uint32_t k, n = 0;

	for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		if (kinds[k].has && n++ == i)
			*name = kinds[k].name;
	return n;
}

static void holder_kind(const void *row, struct value *v)
{
	const char *name;

	set_number(v, holder_kinds(row, 0, &name));
}

static const char *holder_kind_at(const struct model *m, const void *row, uint32_t i)
{
	const char *name = "";

	holder_kinds(row, i, &name);
	return name;
}

static const char *slot_number(const struct model *m, const void *row, uint32_t type, uint32_t i)
{
	static char digits[24];
	uint32_t n;

	snprintf(digits, sizeof(digits), "%" PRIu64, model_holder_slots(m, row, type, &n)[i].start);
	return digits;
}

static const char *holder_handle_at(const struct model *m, const void *row, uint32_t i)
{
	return slot_number(m, row, SNAP_GEM, i);
}

static const char *holder_framebuffer_at(const struct model *m, const void *row, uint32_t i)
{
	return slot_number(m, row, SNAP_FRAMEBUFFER, i);
}

static const char *importer_nodes(const struct model *m, const struct model_holder *h)
{
	return m->devices[m->attachments[h->attachment].device].nodes;
}

/* List the node of each GEM handle, or all nodes of an importing device. */
static void holder_nodes(const struct model *m, const void *row, struct value *v)
{
	const struct model_holder *h = row;
	const char *at;

	v->number = h->gem;
	v->known = h->attachment != INDEX_NONE || m->sees & MODEL_SEES_REFERENCES;
	if (h->attachment == INDEX_NONE)
		return;
	for (at = importer_nodes(m, h); at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
		v->number++;
}

static const char *holder_node_at(const struct model *m, const void *row, uint32_t i)
{
	static char one[256];
	const struct model_holder *h = row;
	const char *path;
	uint32_t n;

	if (h->attachment == INDEX_NONE) {
		path = m->nodes[model_holder_slots(m, h, SNAP_GEM, &n)[i].node].path;
		return path ? path : "-";
	}
	for (path = importer_nodes(m, h); i; i--)
		path = strchr(path, ';') + 1;
	snprintf(one, sizeof(one), "%.*s", (int)strcspn(path, ";"), path);
	return one;
}

const struct column holder_columns[] = {
	{ COLUMN_PID(model_process, 7, "process id (thread group)"), .of = holder_process },
	{ COLUMN_COMM(model_process, 12, "command name"), .of = holder_process },
	{ COLUMN_INO(model_buffer, "inode number of the buffer"), .of = holder_buffer },
	{ COLUMN_SIZE("size of the buffer"), .get = buffer_size, .of = holder_buffer },
	{ COLUMN_EXPORTER(model_buffer, 10, "exporting driver"), .of = holder_buffer },
	{ .name = "name", .title = "NAME", .type = VALUE_STRING, .width = 10,
	  .help = "name set by a user (DMA_BUF_SET_NAME)", FIELD(model_buffer, name),
	  .of = holder_buffer },
	{ COLUMN_COUNT("fds", "FDS", 4, "fds of the buffer in the process"),
	  FIELD(model_holder, fds) },
	{ COLUMN_COUNT("maps", "MAPS", 4, "mappings of the buffer in the process"),
	  FIELD(model_holder, maps) },
	{ .name = "kind", .title = "KIND", .type = VALUE_LIST, .width = 8,
	  .help = "kinds of reference: fd, map, gem, in-flight, io_uring, framebuffer, import",
	  .get = holder_kind, .item = holder_kind_at },
	{ .name = "node", .title = "NODE", .type = VALUE_LIST, .width = 10,
	  .help = "device file of each GEM handle, or of the importing device",
	  .look_up = holder_nodes, .item = holder_node_at },
	{ .name = "handle", .title = "HANDLE", .type = VALUE_IDS, .width = 6,
	  .help = "GEM handles of the buffer", FIELD(model_holder, gem),
	  .sees = MODEL_SEES_REFERENCES, .item = holder_handle_at },
	{ COLUMN_COUNT("io_uring", "IOU", 3, "io_uring slots with the buffer"),
	  FIELD(model_holder, io_uring), .sees = MODEL_SEES_REFERENCES },
	{ .name = "framebuffer", .title = "FB", .type = VALUE_IDS, .width = 4,
	  .help = "framebuffers made of the buffer", FIELD(model_holder, framebuffers),
	  .sees = MODEL_SEES_REFERENCES, .item = holder_framebuffer_at },
	{ .name = "socket", .title = "SOCKET", .type = VALUE_STRING, .width = 10,
	  .help = "socket with the buffer in flight: inode, receivers, senders",
	  FIELD(model_holder, socket) },
	{ 0 }
};

bool holder_shown(const struct model *m, const void *row)
{
	const struct model_holder *h = row;

	if (!m->buffers[h->buffer].selected)
		return false;
	return h->process == NO_PROCESS ? !m->process_terms : m->processes[h->process].matches;
}

static bool is_kernel_only(const void *row)
{
	return !((const struct model_process *)row)->pid;
}

static void process_rss(const void *row, struct value *v)
{
	const struct model_process *p = row;

	v->number = p->rss;
	v->known = !is_kernel_only(p) && !p->unsized;
}

static void process_pss(const struct model *m, const void *row, struct value *v)
{
	const struct model_process *p = row;

	v->number = model_pss(p);
	/* A share is known only if all holders are known. */
	v->known = m->sees & MODEL_SEES_HOLDERS && !p->unsized;
}

static void process_uss(const struct model *m, const void *row, struct value *v)
{
	const struct model_process *p = row;

	v->number = p->uss;
	v->known = !is_kernel_only(p) && m->sees & MODEL_SEES_HOLDERS && !p->unsized;
}

#define BYTES(key, head, text)								\
	.name = key, .title = head, .type = VALUE_BYTES, .width = 6, .help = text

const struct column process_columns[] = {
	{ COLUMN_PID(model_process, 7, "process id (thread group); unknown in the row "
		     "(kernel only)") },
	{ COLUMN_COMM(model_process, 13, "command name") },
	{ .name = "cgroup", .title = "CGROUP", .type = VALUE_STRING, .width = 13,
	  .cut = CUT_HEAD, .help = "cgroup v2 path", FIELD(model_process, cgroup) },
	{ COLUMN_BUFFERS(model_process, "distinct buffers held by the process") },
	{ COLUMN_COUNT("fds", "FDS", 5, "fds of the buffers"), FIELD(model_process, fds) },
	{ COLUMN_COUNT("maps", "MAPS", 5, "mappings of the buffers"), FIELD(model_process, maps) },
	{ BYTES("rss", "RSS", "total size of the held buffers"), .get = process_rss },
	{ BYTES("pss", "PSS", "size of each buffer divided by its number of processes"),
	  .look_up = process_pss },
	{ BYTES("uss", "USS", "total size of the buffers held by no other process"),
	  .look_up = process_uss },
	{ 0 }
};

bool process_shown(const struct model *m, const void *row)
{
	const struct model_process *p = row;

	return p->matches && p->buffers;
}
