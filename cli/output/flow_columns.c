// SPDX-License-Identifier: GPL-2.0
/* The columns of flows; see columns.h. */
#include <stdio.h>

#include "output/getters.h"

static const struct model_flow *flow_of(const void *row)
{
	return row;
}

#define SIDE(function, side)								\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	v->known = true;								\
	while (flow_end_name(m, row, side, v->number))					\
		v->number++;								\
}											\
static const char *function##_at(const struct model *m, const void *row, uint32_t i)	\
{											\
	return flow_end_name(m, row, side, i);						\
}

SIDE(flow_consumers, FLOW_CONSUMER)
SIDE(flow_others, FLOW_OTHER)

/* A presumed producer is the only producer. */
static void flow_producers(const struct model *m, const void *row, struct value *v)
{
	v->known = !flow_of(row)->presumed || flow_presumed(m, row);
	v->number = flow_of(row)->presumed;
	while (!flow_of(row)->presumed && flow_end_name(m, row, FLOW_PRODUCER, v->number))
		v->number++;
}

static const char *flow_producers_at(const struct model *m, const void *row, uint32_t i)
{
	return flow_of(row)->presumed ? flow_presumed(m, row) :
	       flow_end_name(m, row, FLOW_PRODUCER, i);
}

static void flow_node(const struct model *m, const void *row, struct value *v)
{
	set_string(v, node_path(m, flow_of(row)->node));
}

static const char *flow_process_at(const struct model *m, const void *row, uint32_t i)
{
	static char name[64];
	const struct model_process *p =
		&m->processes[m->pipelines.processes[flow_of(row)->first_process + i]];

	snprintf(name, sizeof(name), "%s %u", p->comm, p->pid);
	return name;
}

static void flow_size(const void *row, struct value *v)
{
	v->number = flow_of(row)->size;
	v->known = flow_of(row)->sized;
}

static void flow_bytes(const void *row, struct value *v)
{
	v->number = flow_of(row)->size * flow_of(row)->buffers;
	v->known = flow_of(row)->sized;
}

static void flow_rate(const void *row, struct value *v)
{
	v->number = flow_of(row)->rate * 1000 + 0.5;
	v->known = flow_of(row)->rate_known;
}

static void flow_throughput(const void *row, struct value *v)
{
	v->number = flow_of(row)->rate * flow_of(row)->size + 0.5;
	v->known = flow_of(row)->rate_known && flow_of(row)->sized;
}

static void flow_age(const struct model *m, const void *row, struct value *v)
{
	set_since(v, m, flow_of(row)->created);
	v->known = flow_of(row)->created;
}

static void flow_stalled(const struct model *m, const void *row, struct value *v)
{
	v->known = flow_is_stalled(m, row, &v->number);
}

static void flow_fence_wait(const void *row, struct value *v)
{
	v->known = flow_fence_share(row, &v->number);
}

static const char *flow_direction_both(const struct model *m, const void *row, uint32_t want)
{
	const struct model_flow *f = row;

	for (uint32_t i = 0; i < f->ends; i++) {
		const struct flow_end *e = &m->pipelines.ends[f->first_end + i];

		if (e->direction == DIRECTION_BOTH && !want--)
			return e->device;
	}
	return NULL;
}

static void flow_both(const struct model *m, const void *row, struct value *v)
{
	v->known = true;
	while (flow_direction_both(m, row, v->number))
		v->number++;
}

#define COLUMN_ENDS(key, head, cells, text)						\
	.name = key, .title = head, .type = VALUE_LIST, .width = cells,			\
	.cut = CUT_MIDDLE, .help = text

const struct column flow_columns[] = {
	{ COLUMN_ENDS("producers", "PRODUCERS", 16, "writers: devices mapped from_device, "
		      "processes with write accesses"),
	  .look_up = flow_producers, .item = flow_producers_at },
	{ .name = "presumed", .title = "PRESUMED", .type = VALUE_BOOL, .width = 8,
	  .help = "whether the producer is presumed because no writer was seen",
	  FIELD(model_flow, presumed) },
	{ COLUMN_ENDS("consumers", "CONSUMERS", 16, "readers: devices mapped to_device or "
		      "bidirectional, processes with read accesses"),
	  .look_up = flow_consumers, .item = flow_consumers_at },
	{ COLUMN_ENDS("bidirectional", "BOTH", 8, "consumers that may also write"),
	  .look_up = flow_both, .item = flow_direction_both },
	{ COLUMN_ENDS("others", "OTHERS", 8, "attached devices without a map seen by hooks"),
	  .look_up = flow_others, .item = flow_others_at },
	{ COLUMN_EXPORTER(model_flow, 10, "exporting driver") },
	{ COLUMN_NODE(10, "device file used for the export, if hooks saw the export"),
	  .look_up = flow_node },
	{ .name = "processes", .title = "PROCESSES", .type = VALUE_LIST, .width = 12,
	  .help = "processes that hold the buffers", FIELD(model_flow, processes),
	  .sees = MODEL_SEES_HOLDERS, .zero_unknown = true, .item = flow_process_at },
	{ COLUMN_BUFFERS(model_flow, "buffers of the flow") },
	{ COLUMN_SIZE("size of each buffer"), .get = flow_size },
	{ .name = "bytes", .title = "BYTES", .type = VALUE_BYTES, .width = 6,
	  .help = "total size of the buffers", .get = flow_bytes },
	{ .name = "rate", .title = "FPS", .type = VALUE_RATE, .width = 5,
	  .help = "maps (processes: accesses) per second of the busiest consumer, else of the "
		  "busiest producer", .get = flow_rate },
	{ .name = "throughput", .title = "B/S", .type = VALUE_BYTES, .unit = "bytes/s",
	  .width = 6, .help = "rate multiplied by size", .get = flow_throughput },
	{ .name = "age", .title = "AGE", .type = VALUE_SECONDS, .width = 5,
	  .help = "time since the export of the oldest buffer", .look_up = flow_age },
	{ .name = "stalled", .title = "STALLED", .type = VALUE_SECONDS, .width = 7,
	  .help = "time since the last map or access, if the flow is stalled",
	  .look_up = flow_stalled },
	{ COLUMN_COUNT("fence_wait", "FENCE%", 6,
		       "share of map time spent waiting for fences"),
	  .unit = "%", .get = flow_fence_wait },
	{ 0 }
};
