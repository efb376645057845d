// SPDX-License-Identifier: GPL-2.0
/* The columns of devices and of attachments; see columns.h. */
#include "dmabuf_snapshot.h"
#include "output/getters.h"

/* Return the name of direction i of a set. */
static const char *direction_at(unsigned int seen, uint32_t i)
{
	while (i--)
		seen &= seen - 1;
	return direction_name(__builtin_ctz(seen));
}

static void set_directions(struct value *v, unsigned int seen)
{
	v->number = __builtin_popcount(seen);
	v->known = seen;
}

static const struct model_device *device_of(const void *row)
{
	return row;
}

static void device_driver(const void *row, struct value *v)
{
	const char *driver = device_of(row)->driver;

	set_string(v, driver && *driver ? driver : NULL);
}

static void device_mapped_now(const struct model *m, const void *row, struct value *v)
{
	v->number = device_of(row)->mapped;
	v->known = !device_of(row)->mapped_unknown && m->watched & MODEL_WATCHES_STATE;
}

static void device_direction(const void *row, struct value *v)
{
	set_directions(v, device_of(row)->directions);
}

static const char *device_direction_at(const struct model *m, const void *row, uint32_t i)
{
	return direction_at(device_of(row)->directions, i);
}

static void device_map_rate(const struct model *m, const void *row, struct value *v)
{
	v->known = map_rate(m, device_of(row)->device, &v->number);
}

static void device_p99(const struct model *m, const void *row, struct value *v)
{
	v->known = map_percentile(m, NULL, device_of(row)->device, 99, &v->number);
}

#define COLUMN_DRIVER									\
	.name = "driver", .title = "DRIVER", .type = VALUE_STRING, .width = 12,		\
	.cut = CUT_MIDDLE, .help = "driver of the device", .get = device_driver
#define COLUMN_DIRECTION								\
	.name = "direction", .title = "DIR", .type = VALUE_LIST, .width = 13,		\
	.help = "directions seen: to_device (the device reads), from_device (the device "	\
		"writes), bidirectional",						\
	.needs = MODEL_WATCHES_STATE
#define COLUMN_P99(text)								\
	.name = "p99", .title = "P99", .type = VALUE_NS, .width = 5, .help = text,	\
	.needs = MODEL_WATCHES_TIMES

const struct column device_columns[] = {
	{ COLUMN_DEVICE(model_device, "device with attachments") },
	{ COLUMN_DRIVER },
	{ COLUMN_COUNT("attachments", "ATT", 5, "attachments of the device"),
	  FIELD(model_device, attachments) },
	{ COLUMN_BUFFERS(model_device, "distinct buffers attached to the device") },
	{ COLUMN_BYTES(model_device, "total size of the buffers"),
	  .unless = offsetof(struct model_device, unsized) },
	{ COLUMN_COUNT("mapped", "MAPPED", 6, "attachments mapped now"),
	  .needs = MODEL_WATCHES_STATE, .look_up = device_mapped_now },
	{ COLUMN_DIRECTION, .get = device_direction, .item = device_direction_at },
	{ .name = "map_rate", .title = "MAP/S", .type = VALUE_RATE, .width = 5,
	  .help = "maps per second since the last refresh",
	  .needs = MODEL_WATCHES_TIMES, .look_up = device_map_rate },
	{ COLUMN_P99("99th percentile of map durations"), .look_up = device_p99 },
	{ 0 }
};

bool device_shown(const struct model *m, const void *row)
{
	return device_of(row)->matches && device_of(row)->attachments;
}

static const struct model_attachment *attachment_of(const void *row)
{
	return row;
}

static const void *attachment_device(const struct model *m, const void *row)
{
	return &m->devices[attachment_of(row)->device];
}

static const void *attachment_buffer(const struct model *m, const void *row)
{
	return &m->buffers[attachment_of(row)->buffer];
}

static void attachment_dynamic(const void *row, struct value *v)
{
	uint32_t flags = attachment_of(row)->flags;

	v->known = flags & SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	v->number = !!(flags & SNAP_ATTACHMENT_DYNAMIC);
}

static void attachment_mapped_now(const void *row, struct value *v)
{
	bool mapped;

	v->known = attachment_mapped(row, &mapped);
	v->number = mapped;
}

static void attachment_direction(const void *row, struct value *v)
{
	set_directions(v, attachment_directions(row));
}

static const char *attachment_direction_at(const struct model *m, const void *row, uint32_t i)
{
	return direction_at(attachment_directions(row), i);
}

static void attachment_since(const struct model *m, const void *row, struct value *v)
{
	set_since(v, m, attachment_of(row)->since);
	v->known = attachment_of(row)->since;
}

static void attachment_maps(const void *row, struct value *v)
{
	const struct model_attachment *a = row;

	v->number = a->maps[0] + a->maps[1] + a->maps[2];
	v->known = a->id;
}

static void attachment_p99(const struct model *m, const void *row, struct value *v)
{
	const struct model_attachment *a = row;

	v->known = map_percentile(m, m->buffers[a->buffer].exporter, m->devices[a->device].device,
				  99, &v->number);
}

static void attachment_node(const struct model *m, const void *row, struct value *v)
{
	set_string(v, node_path(m, attachment_of(row)->node));
}

const struct column attachment_columns[] = {
	{ COLUMN_INO(model_buffer, "inode number of the buffer"), .of = attachment_buffer },
	{ COLUMN_DEVICE(model_device, "attached device"), .of = attachment_device },
	{ COLUMN_DRIVER, .of = attachment_device },
	{ .name = "dynamic", .title = "DYNAMIC", .type = VALUE_BOOL, .width = 7,
	  .help = "whether the importer allows the buffer to move", .get = attachment_dynamic },
	{ .name = "mapped", .title = "MAPPED", .type = VALUE_BOOL, .width = 6,
	  .help = "whether the attachment is mapped now", .needs = MODEL_WATCHES_STATE,
	  .get = attachment_mapped_now },
	{ COLUMN_DIRECTION, .get = attachment_direction, .item = attachment_direction_at },
	{ .name = "since", .title = "SINCE", .type = VALUE_SECONDS, .width = 5,
	  .help = "time since the last map", .needs = MODEL_WATCHES_STATE,
	  .look_up = attachment_since },
	{ COLUMN_COUNT("maps", "MAPS", 5, "number of maps, if hooks have seen the attachment"),
	  .needs = MODEL_WATCHES_STATE, .get = attachment_maps },
	{ COLUMN_P99("99th percentile of map durations, for this device and exporter"),
	  .look_up = attachment_p99 },
	{ COLUMN_NODE(10, "device file used to attach or map"),
	  .needs = MODEL_WATCHES_STATE, .look_up = attachment_node },
	{ 0 }
};

bool attachment_shown(const struct model *m, const void *row)
{
	const struct model_attachment *a = row;

	return m->buffers[a->buffer].selected && m->devices[a->device].matches;
}
