// SPDX-License-Identifier: GPL-2.0
/* The columns of buffers and of exporters; see columns.h. */
#include "dmabuf_snapshot.h"
#include "output/getters.h"

void buffer_size(const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->size;
	v->known = b->valid & SNAP_HAS_SIZE;
}

static void buffer_age(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	set_since(v, m, b->created);
	v->known = b->valid & SNAP_HAS_CREATED;
}

static void buffer_node(const struct model *m, const void *row, struct value *v)
{
	set_string(v, node_path(m, ((const struct model_buffer *)row)->node));
}

static void buffer_uid(const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->uid;
	v->known = b->valid & SNAP_HAS_UID;
}

static void buffer_count(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_count(m, row, &v->number);
}

static void buffer_kernel(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_kernel(m, row, &v->number);
}

static void buffer_attachments(const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->attachments;
	v->known = b->valid & SNAP_HAS_ATTACHMENTS;
}

static void buffer_imports(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_imports(m, row, &v->number);
}

static void buffer_unexplained(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_unexplained(m, row, &v->number);
}

static const char *buffer_device(const struct model *m, const void *row, uint32_t i)
{
	const struct model_buffer *b = row;

	return m->devices[m->attachments[b->first_attachment + i].device].device;
}

/* Without MODEL_SEES_HOLDERS, a source sees only the holders it may read: 0 is unknown */
#define HELD(key, head, cells, text, field)						\
	COLUMN_COUNT(key, head, cells, text), FIELD(model_buffer, field),		\
	.sees = MODEL_SEES_HOLDERS, .zero_unknown = true
#define REFERENCE(key, head, text)							\
	COLUMN_COUNT(#key, head, 3, text), FIELD(model_buffer, key),			\
	.sees = MODEL_SEES_REFERENCES

const struct column buffer_columns[] = {
	{ COLUMN_INO(model_buffer, "inode number: identifies the buffer, never reused") },
	{ COLUMN_SIZE("size of the buffer"), .get = buffer_size },
	{ .name = "age", .title = "AGE", .type = VALUE_SECONDS, .width = 5,
	  .help = "time since the export", .look_up = buffer_age },
	{ COLUMN_EXPORTER(model_buffer, 8, "exporting driver") },
	{ .name = "name", .title = "NAME", .type = VALUE_STRING, .width = 8,
	  .help = "name set by a user (DMA_BUF_SET_NAME)", FIELD(model_buffer, name) },
	{ COLUMN_NODE(10, "device file used for the export, if hooks saw the export"),
	  .needs = MODEL_WATCHES_STATE, .look_up = buffer_node },
	{ .name = "uid", .title = "UID", .type = VALUE_ID, .width = 5,
	  .help = "user id of the exporting user", .get = buffer_uid },
	{ COLUMN_COUNT("count", "CNT", 3, "references: fds + maps + kernel"),
	  .look_up = buffer_count },
	{ HELD("fds", "FD", 3, "fd slots with the buffer; a shared table counts once", fds) },
	{ HELD("maps", "MAP", 3,
	       "memory mappings of the buffer; a shared address space counts once", maps) },
	{ COLUMN_COUNT("kernel", "KRN", 3, "references held inside the kernel"),
	  .look_up = buffer_kernel },
	{ COLUMN_COUNT("attachments", "ATT", 3, "attachments of devices to the buffer"),
	  .get = buffer_attachments },
	{ REFERENCE(gem, "GEM", "GEM handles of the buffer; a shared DRM file counts once") },
	{ REFERENCE(objects, "OBJ", "GEM objects with a reference to the buffer") },
	{ COLUMN_COUNT("imports", "IMP", 3,
		       "references of importers, at most 1 per attachment"),
	  .look_up = buffer_imports },
	{ REFERENCE(in_flight, "FLT", "fds of the buffer in messages not yet received") },
	{ REFERENCE(io_uring, "IOU", "io_uring slots with the buffer") },
	{ COLUMN_COUNT("unexplained", "?", 2,
		       "kernel references without an explanation"),
	  .look_up = buffer_unexplained },
	{ REFERENCE(framebuffers, "FB", "framebuffers of the buffer; they hold no reference") },
	{ HELD("procs", "PROCS", 5, "processes that hold the buffer", procs) },
	{ .name = "devices", .title = "DEVICES", .type = VALUE_LIST, .width = 7,
	  .cut = CUT_MIDDLE, .help = "device of each attachment",
	  .get = buffer_attachments, .item = buffer_device },
	{ 0 }
};

bool buffer_shown(const struct model *m, const void *row)
{
	return ((const struct model_buffer *)row)->selected;
}

const struct column exporter_columns[] = {
	{ COLUMN_EXPORTER(model_exporter, 20, "exporting driver") },
	{ COLUMN_BUFFERS(model_exporter, "buffers of the exporter") },
	{ COLUMN_BYTES(model_exporter, "total size of the buffers"),
	  .unless = offsetof(struct model_exporter, unsized) },
	{ 0 }
};
