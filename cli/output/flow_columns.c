// SPDX-License-Identifier: GPL-2.0
/* The columns of flows, and those of other views that hooks fill; see columns.h. */
#include <stdio.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/pipeline.h"
#include "model/snapshot.h"
#include "output/columns.h"
#include "output/getters.h"

static bool watches_state(const struct model *m)
{
	return m->watched & MODEL_WATCHES_STATE;
}

static const char *node_of(const struct model *m, uint32_t node)
{
	return node == INDEX_NONE ? NULL : m->nodes[node].path;
}

void buffer_node(const struct model *m, const void *row, struct value *v)
{
	set_string(v, node_of(m, ((const struct model_buffer *)row)->node));
}

/* Attachments and devices */

static uint32_t count_directions(unsigned int seen)
{
	return __builtin_popcount(seen);
}

/* The i-th that is set. */
static const char *direction_at(unsigned int seen, uint32_t i)
{
	while (i--)
		seen &= seen - 1;
	return direction_name(__builtin_ctz(seen));
}

void attachment_mapped_now(const struct model *m, const void *row, struct value *v)
{
	bool mapped;

	(void)m;
	v->known = attachment_mapped(row, &mapped);
	v->number = mapped;
}

void attachment_direction(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = count_directions(attachment_directions(row));
	v->known = v->number;
}

const char *attachment_direction_at(const struct model *m, const void *row, uint32_t i)
{
	(void)m;
	return direction_at(attachment_directions(row), i);
}

void attachment_since(const struct model *m, const void *row, struct value *v)
{
	const struct model_attachment *a = row;

	v->number = m->time > a->since ? m->time - a->since : 0;
	v->known = a->since != 0;
}

void attachment_maps(const struct model *m, const void *row, struct value *v)
{
	const struct model_attachment *a = row;

	(void)m;
	v->number = a->maps[0] + a->maps[1] + a->maps[2];
	v->known = a->id;
}

void attachment_p99(const struct model *m, const void *row, struct value *v)
{
	const struct model_attachment *a = row;

	v->known = map_percentile(m, m->buffers[a->buffer].exporter, m->devices[a->device].device,
				  99, &v->number);
}

void attachment_node(const struct model *m, const void *row, struct value *v)
{
	set_string(v, node_of(m, ((const struct model_attachment *)row)->node));
}

void device_mapped_now(const struct model *m, const void *row, struct value *v)
{
	v->known = device_mapped(m, row, &v->number) && watches_state(m);
}

void device_direction(const struct model *m, const void *row, struct value *v)
{
	v->number = count_directions(device_directions(m, row));
	v->known = v->number;
}

const char *device_direction_at(const struct model *m, const void *row, uint32_t i)
{
	return direction_at(device_directions(m, row), i);
}

void device_map_rate(const struct model *m, const void *row, struct value *v)
{
	v->known = map_rate(m, ((const struct model_device *)row)->device, &v->number);
}

void device_p99(const struct model *m, const void *row, struct value *v)
{
	v->known = map_percentile(m, NULL, ((const struct model_device *)row)->device, 99,
				  &v->number);
}

/* Flows */

uint32_t pipelines_count(const struct model *m)
{
	return m->pipelines.n_flows;
}

const void *pipelines_row(const struct model *m, uint32_t i)
{
	return &m->pipelines.flows[i];
}

STRING_OF(flow_exporter, model_flow, exporter)
NUMBER_OF(flow_presumed_yes, model_flow, presumed)
NUMBER_OF(flow_buffers, model_flow, buffers)

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

/* The presumed one is one, too. */
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
	set_string(v, node_of(m, flow_of(row)->node));
}

static void flow_processes(const struct model *m, const void *row, struct value *v)
{
	v->number = flow_of(row)->processes;
	v->known = m->sees & MODEL_SEES_HOLDERS || v->number;
}

static const char *flow_process_at(const struct model *m, const void *row, uint32_t i)
{
	static char name[64];
	const struct model_process *p =
		&m->processes[m->pipelines.processes[flow_of(row)->first_process + i]];

	snprintf(name, sizeof(name), "%s %u", p->comm, p->pid);
	return name;
}

static void flow_size(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = flow_of(row)->size;
	v->known = flow_of(row)->sized;
}

static void flow_bytes(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = flow_of(row)->size * flow_of(row)->buffers;
	v->known = flow_of(row)->sized;
}

static void flow_rate(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = flow_of(row)->rate * 1000 + 0.5;
	v->known = flow_of(row)->rate_known;
}

static void flow_throughput(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = flow_of(row)->rate * flow_of(row)->size + 0.5;
	v->known = flow_of(row)->rate_known && flow_of(row)->sized;
}

static void flow_age(const struct model *m, const void *row, struct value *v)
{
	v->number = m->time > flow_of(row)->created ? m->time - flow_of(row)->created : 0;
	v->known = flow_of(row)->created;
}

static void flow_stalled(const struct model *m, const void *row, struct value *v)
{
	v->known = flow_is_stalled(m, row, &v->number);
}

static void flow_fence_wait(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->known = flow_fence_share(row, &v->number);
}

static const char *flow_direction_both(const struct model *m, const void *row, uint32_t want)
{
	const struct model_flow *f = row;
	uint32_t i;

	for (i = 0; i < f->ends; i++) {
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

const struct column flow_columns[] = {
	{ "producers", "PRODUCERS", VALUE_LIST, "", 16, CUT_MIDDLE,
	  "who writes: devices mapped from_device, processes that begin writing", flow_producers,
	  flow_producers_at },
	{ "presumed", "PRESUMED", VALUE_BOOL, "", 8, CUT_TAIL,
	  "whether nobody is seen to write, so that the exporter is taken for the producer",
	  flow_presumed_yes, NULL },
	{ "consumers", "CONSUMERS", VALUE_LIST, "", 16, CUT_MIDDLE,
	  "who reads: devices mapped to_device or bidirectional, processes that begin reading",
	  flow_consumers, flow_consumers_at },
	{ "bidirectional", "BOTH", VALUE_LIST, "", 8, CUT_MIDDLE,
	  "those devices that may write as well as read", flow_both, flow_direction_both },
	{ "others", "OTHERS", VALUE_LIST, "", 8, CUT_MIDDLE,
	  "devices attached that are not seen to be mapped", flow_others, flow_others_at },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported the buffers", flow_exporter, NULL },
	{ "node", "NODE", VALUE_STRING, "", 10, CUT_HEAD,
	  "device file that they were exported through, if hooks saw that", flow_node, NULL },
	{ "processes", "PROCESSES", VALUE_LIST, "", 12, CUT_TAIL,
	  "processes that hold them", flow_processes, flow_process_at },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL, "buffers of the flow", flow_buffers, NULL },
	{ "size", "SIZE", VALUE_BYTES, "bytes", 6, CUT_TAIL, "size of each", flow_size, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL, "size of all", flow_bytes, NULL },
	{ "rate", "FPS", VALUE_RATE, "1/s", 5, CUT_TAIL,
	  "maps (of processes: accesses) a second of the busiest consumer, else producer",
	  flow_rate, NULL },
	{ "throughput", "B/S", VALUE_BYTES, "bytes/s", 6, CUT_TAIL,
	  "rate times size", flow_throughput, NULL },
	{ "age", "AGE", VALUE_SECONDS, "s", 5, CUT_TAIL,
	  "time since the oldest was exported", flow_age, NULL },
	{ "stalled", "STALLED", VALUE_SECONDS, "s", 7, CUT_TAIL,
	  "time since it moved last, if that is too long", flow_stalled, NULL },
	{ "fence_wait", "FENCE%", VALUE_NUMBER, "%", 6, CUT_TAIL,
	  "share of map time that was spent waiting for fences", flow_fence_wait, NULL },
};
