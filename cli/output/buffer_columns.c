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

/* Holders of which a source sees all, or only those of processes that it may read */
#define HELD(key, head, cells, text, field)						\
	COLUMN_COUNT(key, head, cells, text), FIELD(model_buffer, field),		\
	.sees = MODEL_SEES_HOLDERS, .zero_unknown = true
#define REFERENCE(key, head, text)							\
	COLUMN_COUNT(#key, head, 3, text), FIELD(model_buffer, key),			\
	.sees = MODEL_SEES_REFERENCES

const struct column buffer_columns[] = {
	{ COLUMN_INO(model_buffer, "inode number: the buffer's key, never used again") },
	{ COLUMN_SIZE("size of the buffer"), .get = buffer_size },
	{ .name = "age", .title = "AGE", .type = VALUE_SECONDS, .width = 5,
	  .help = "time since it was exported", .look_up = buffer_age },
	{ COLUMN_EXPORTER(model_buffer, 8, "driver that exported it") },
	{ .name = "name", .title = "NAME", .type = VALUE_STRING, .width = 8,
	  .help = "name that a user gave it", FIELD(model_buffer, name) },
	{ COLUMN_NODE(10, "device file that it was exported through, if hooks saw that"),
	  .needs = MODEL_WATCHES_STATE, .look_up = buffer_node },
	{ .name = "uid", .title = "UID", .type = VALUE_ID, .width = 5,
	  .help = "user who had it exported", .get = buffer_uid },
	{ COLUMN_COUNT("count", "CNT", 3, "references: fds + maps + kernel"),
	  .look_up = buffer_count },
	{ HELD("fds", "FD", 3, "fd slots that refer to it, shared tables once", fds) },
	{ HELD("maps", "MAP", 3, "memory mappings of it, shared address spaces once", maps) },
	{ COLUMN_COUNT("kernel", "KRN", 3, "references held inside the kernel"),
	  .look_up = buffer_kernel },
	{ COLUMN_COUNT("attachments", "ATT", 3, "attachments of devices to it"),
	  .get = buffer_attachments },
	{ REFERENCE(gem, "GEM", "GEM handles of it, shared DRM files once") },
	{ REFERENCE(objects, "OBJ", "GEM objects that refer to it") },
	{ COLUMN_COUNT("imports", "IMP", 3,
		       "references of importers, one for each attachment"),
	  .look_up = buffer_imports },
	{ REFERENCE(in_flight, "FLT", "fds of it in messages that nobody has received") },
	{ REFERENCE(io_uring, "IOU", "places where it is registered with io_uring") },
	{ COLUMN_COUNT("unexplained", "?", 2,
		       "kernel references that none of these explains"),
	  .look_up = buffer_unexplained },
	{ REFERENCE(framebuffers, "FB", "framebuffers made of it, which hold no reference") },
	{ HELD("procs", "PROCS", 5, "processes that hold it", procs) },
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
	{ COLUMN_EXPORTER(model_exporter, 20, "driver that exports") },
	{ COLUMN_BUFFERS(model_exporter, "its buffers") },
	{ COLUMN_BYTES(model_exporter, "their sizes"),
	  .unless = offsetof(struct model_exporter, unsized) },
	{ 0 }
};
