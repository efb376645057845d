// SPDX-License-Identifier: GPL-2.0
/* The one table of what the screen shows of each view; see view.h and output/columns.h. */

#include "top/view.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "output/output.h"
#include "output/text.h"
#include "top/cells.h"
#include "top/history.h"

/* Columns that only the screen has */

static void rate_value(const struct history *h, const struct screen_view *view, const void *row,
		       struct value *v)
{
	int64_t rate = 0;

	v->known = history_rate(h, view, row, &rate);
	v->number = rate;
}

static void rate_text(const struct cell *cell, char *text)
{
	if (cell->value.known)
		cell_rate(text, (int64_t)cell->value.number);
	else
		strcpy(text, "-");
}

/* Growth of a row in bytes per second since the last refresh */
static const struct screen_cell rate_cell = {
	.instead = "", .title_utf8 = "\u0394/s", .value = rate_value, .text = rate_text,
};

#define COLUMN_RATE									\
	.name = "rate", .title = "+-/s", .type = VALUE_CHANGE, .width = 5,		\
	.screen = &rate_cell

const char *screen_direction(unsigned int seen)
{
	/* The arrow shows the flow of data from the buffer or to the buffer. */
	switch (seen) {
	case 0:
		return "-";
	case 1u << DIRECTION_TO_DEVICE:
		return "->R";
	case 1u << DIRECTION_FROM_DEVICE:
		return "<-W";
	default:
		return "<>RW";
	}
}

static void operation_dir(const struct history *h, const struct screen_view *view,
			  const void *row, struct value *v)
{
	unsigned int direction = ((const struct model_operation *)row)->direction;

	v->number = direction < DIRECTION_NONE ? 1u << direction : 0;
	v->known = v->number;
}

static void dir_text(const struct cell *cell, char *text)
{
	strcpy(text, screen_direction(cell->value.number));
}

static const struct screen_cell device_dir_cell = { .instead = "direction", .text = dir_text };
static const struct screen_cell operation_dir_cell = {
	.instead = "direction", .value = operation_dir, .text = dir_text,
};

/* <-W the device writes, ->R the device reads, <>RW both; sorts like an amount */
#define COLUMN_DIR									\
	.name = "dir", .title = "DIR", .type = VALUE_LIST, .width = 4

const char *screen_actor(const struct model_operation *o)
{
	return o->device ?: o->type == EVENT_BEGIN || o->type == EVENT_END ? "cpu" : "-";
}

static void actor_text(const struct cell *cell, char *text)
{
	text_safe(text, OUTPUT_CELL_ROOM, screen_actor(cell->row));
}

static const struct screen_cell actor_cell = { .instead = "device", .text = actor_text };

static void trail_text(const struct cell *cell, char *text)
{
	trails_text(&cell->history->trails, cell->view->id(cell->row), cell->history->model.time,
		    cell->width, cell->utf8, text);
}

/* The 99th percentile in the last minute */
static const struct screen_cell trail_cell = {
	.instead = "", .elastic = true, .role = ROLE_BAR, .text = trail_text,
};

static void flow_value(const struct history *h, const struct screen_view *view, const void *row,
		       struct value *v)
{
	v->string = flow_presumed(&h->model, row) ?:
		    flow_end_name(&h->model, row, FLOW_PRODUCER, 0);
	v->known = v->string;
}

static void flow_text(const struct cell *cell, char *text)
{
	screen_flow(&cell->history->model, cell->row, cell->utf8, cell->width, text);
}

/* Producers and consumers */
static const struct screen_cell flow_cell = {
	.instead = "producers,presumed,consumers,bidirectional,others,exporter,node,processes",
	.title_utf8 = "PRODUCER \u2550\u2550\u25b6 CONSUMER", .elastic = true,
	.value = flow_value, .text = flow_text,
};

static const struct column process_own[] = { { COLUMN_RATE }, { 0 } };
static const struct column exporter_own[] = { { COLUMN_RATE }, { 0 } };
static const struct column device_own[] = {
	{ COLUMN_RATE },
	{ COLUMN_DIR, .needs = MODEL_WATCHES_STATE, FIELD(model_device, directions),
	  .zero_unknown = true, .screen = &device_dir_cell },
	{ 0 }
};
static const struct column operation_own[] = {
	{ COLUMN_DIR, .screen = &operation_dir_cell },
	{ .name = "trail", .title = "60s", .type = VALUE_LIST, .width = 8,
	  .screen = &trail_cell },
	/* In the place of the data's */
	{ .name = "device", .title = "DEVICE", .type = VALUE_STRING, .width = 17,
	  .cut = CUT_MIDDLE, FIELD(model_operation, device), .screen = &actor_cell },
	{ 0 }
};
static const struct column flow_own[] = {
	{ .name = "flow", .title = "PRODUCER ==> CONSUMER", .type = VALUE_STRING, .width = 34,
	  .cut = CUT_MIDDLE, .screen = &flow_cell },
	{ 0 }
};

static const struct column *own_column(const struct screen_view *view, const char *name)
{
	const struct column *c;

	for (c = view->own; c && c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const struct column *screen_column(const struct screen_view *view, const char *name)
{
	return own_column(view, name) ?: view_column(view->data, name);
}

const struct column *screen_column_at(const struct screen_view *view, uint32_t i)
{
	const struct column *c;

	for (c = view->data->columns; c->name; c++)
		if (!i--)
			return screen_column(view, c->name);
	for (c = view->own; c && c->name; c++)
		if (!view_column(view->data, c->name) && !i--)
			return c;
	return NULL;
}

struct value screen_value(const struct history *h, const struct screen_view *view,
			  const struct column *column, const void *row)
{
	struct value v = { 0 };

	if (!column->screen || !column->screen->value)
		return column_value(column, &h->model, row);
	column->screen->value(h, view, row, &v);
	return v;
}

static enum role growing(const struct history *h, const struct screen_view *view, const void *row)
{
	int64_t rate;

	return history_rate(h, view, row, &rate) && rate > 0 ? ROLE_GROWING : ROLE_PLAIN;
}

/* Processes */

static uint64_t process_id(const void *row)
{
	return ((const struct model_process *)row)->pid;
}

static enum role process_role(const struct history *h, const struct screen_view *view,
			      const void *row)
{
	return process_id(row) ? growing(h, view, row) : ROLE_KERNEL_ONLY;
}

static uint64_t process_pss(const void *row)
{
	return model_pss(row);
}

static uint64_t process_held(const void *row)
{
	const struct model_process *p = row;

	return p->pid ? p->rss : model_pss(p);
}

static void process_name(const struct model *m, const void *row, char *text, size_t room)
{
	const struct model_process *p = row;
	size_t len = p->pid ? snprintf(text, room, "%u ", p->pid) : 0;

	text_safe(text + len, room - len, p->comm ?: "-");
}

static bool process_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	const struct model_process *p = row;

	for (uint32_t i = 0; i < b->procs; i++)
		if (m->processes[m->holders[b->first_holder + i].process].pid == p->pid)
			return true;
	return !p->pid && !b->procs;
}

static const struct model_process *process_self(const struct model *m, const void *row, uint32_t i)
{
	return i ? NULL : row;
}

/* Buffers */

static uint64_t buffer_id(const void *row)
{
	return ((const struct model_buffer *)row)->ino;
}

static enum role buffer_role(const struct history *h, const struct screen_view *view,
			     const void *row)
{
	const struct model_buffer *b = row;
	uint64_t unexplained;

	if (!b->procs && h->model.sees & MODEL_SEES_HOLDERS)
		return ROLE_KERNEL_ONLY;
	return model_buffer_unexplained(&h->model, b, &unexplained) && unexplained ?
	       ROLE_UNEXPLAINED : ROLE_PLAIN;
}

static uint64_t buffer_bytes(const void *row)
{
	return ((const struct model_buffer *)row)->size;
}

static void buffer_name(const struct model *m, const void *row, char *text, size_t room)
{
	snprintf(text, room, "%" PRIu64, buffer_id(row));
}

static const struct model_buffer *buffer_self(const struct model *m, const void *row)
{
	return row;
}

static const struct model_process *buffer_process(const struct model *m, const void *row,
						  uint32_t i)
{
	const struct model_buffer *b = row;

	return i < b->procs ? &m->processes[m->holders[b->first_holder + i].process] : NULL;
}

static void buffer_bury(void *row)
{
	struct model_buffer *b = row;

	b->valid &= ~SNAP_HAS_ATTACHMENTS;
	b->attachments = b->procs = 0;
}

/* Devices and exporters */

/* Names identify devices, since the model may rebuild its rows. */
static uint64_t device_id(const void *row)
{
	const struct model_device *d = row;

	return hash_string(d->device) * 31 + hash_string(d->driver);
}

static uint64_t device_bytes(const void *row)
{
	return ((const struct model_device *)row)->bytes;
}

static void device_name(const struct model *m, const void *row, char *text, size_t room)
{
	text_safe(text, room, ((const struct model_device *)row)->device ?: "-");
}

static bool device_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	for (uint32_t i = 0; i < b->attachments; i++)
		if (&m->devices[m->attachments[b->first_attachment + i].device] == row)
			return true;
	return false;
}

static uint64_t exporter_id(const void *row)
{
	return hash_string(((const struct model_exporter *)row)->exporter);
}

static uint64_t exporter_bytes(const void *row)
{
	return ((const struct model_exporter *)row)->bytes;
}

static void exporter_name(const struct model *m, const void *row, char *text, size_t room)
{
	text_safe(text, room, ((const struct model_exporter *)row)->exporter ?: "-");
}

/* Equal strings of one model have one address. */
static bool exporter_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	return ((const struct model_exporter *)row)->exporter == b->exporter;
}

/* Latency */

static uint64_t operation_id(const void *row)
{
	const struct model_operation *o = row;

	return (hash_string(o->exporter) * 31 + hash_string(o->device)) * 256 + o->type * 4 +
	       o->direction;
}

static enum role operation_role(const struct history *h, const struct screen_view *view,
				const void *row)
{
	return ((const struct model_operation *)row)->histogram.errors ? ROLE_KERNEL_ONLY :
	       ROLE_PLAIN;
}

static void operation_name(const struct model *m, const void *row, char *text, size_t room)
{
	text_safe(text, room, screen_actor(row));
}

/* Pipelines */

static const struct model_flow *flow_of(const void *row)
{
	return row;
}

static uint64_t flow_id(const void *row)
{
	return flow_of(row)->key;
}

static enum role flow_role(const struct history *h, const struct screen_view *view,
			   const void *row)
{
	uint64_t seconds;

	return flow_is_stalled(&h->model, row, &seconds) ? ROLE_KERNEL_ONLY : ROLE_PLAIN;
}

static uint64_t flow_bytes(const void *row)
{
	return flow_of(row)->size * flow_of(row)->buffers;
}

static void flow_name(const struct model *m, const void *row, char *text, size_t room)
{
	char flow[SCREEN_FLOW_ROOM];

	snprintf(text, room, "%s", screen_flow(m, row, false, room - 1, flow));
}

static bool flow_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	return b->flow != INDEX_NONE && &m->pipelines.flows[b->flow] == row;
}

static const struct model_process *flow_process(const struct model *m, const void *row, uint32_t i)
{
	const struct model_flow *f = row;

	return i < f->processes ?
	       &m->processes[m->pipelines.processes[f->first_process + i]] : NULL;
}

/* Suspects: each is a buffer, or a process */

static uint64_t suspect_id(const void *row)
{
	return ((const struct suspect *)row)->key;
}

static enum role suspect_role(const struct history *h, const struct screen_view *view,
			      const void *row)
{
	static const enum role roles[] = {
		[SUSPECT_GROWTH] = ROLE_GROWING, [SUSPECT_KERNEL_HELD] = ROLE_KERNEL_ONLY,
		[SUSPECT_OLD] = ROLE_PLAIN,
	};

	return roles[((const struct suspect *)row)->kind];
}

static uint64_t suspect_bytes(const void *row)
{
	return ((const struct suspect *)row)->bytes;
}

static const struct model_buffer *suspect_buffer(const struct model *m, const void *row)
{
	uint32_t buffer = ((const struct suspect *)row)->buffer;

	return buffer == INDEX_NONE ? NULL : &m->buffers[buffer];
}

static const struct model_process *suspect_grower(const struct model *m, const void *row)
{
	return &m->processes[((const struct suspect *)row)->process];
}

static void suspect_title(const struct model *m, const void *row, char *text, size_t room)
{
	const struct model_buffer *b = suspect_buffer(m, row);

	if (b)
		buffer_name(m, b, text, room);
	else
		process_name(m, suspect_grower(m, row), text, room);
}

static bool suspect_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	const struct model_buffer *own = suspect_buffer(m, row);

	return own ? b == own : process_holds(m, suspect_grower(m, row), b);
}

static const struct model_process *suspect_process(const struct model *m, const void *row,
						   uint32_t i)
{
	const struct model_buffer *b = suspect_buffer(m, row);

	return b ? buffer_process(m, b, i) : i ? NULL : suspect_grower(m, row);
}

#define STRINGS(type, a, b)								\
	.strings = { offsetof(struct type, a), offsetof(struct type, b) }, .n_strings = 2

const struct screen_view screen_views[VIEWS] = {
	[VIEW_PROCESSES] = {
		.data = &views[VIEW_PROCESSES], .key = '1', .tab = "Procs",
		.help = "show processes",
		.columns = "pid,comm,buffers,fds,maps,rss,pss,uss,rate,cgroup",
		.drop = "cgroup,uss,maps,fds,rate,rss,buffers", .own = process_own,
		.enter = "Buffers", .legend = "PSS + kernel-only = Held", .unit = " PSS",
		.processes = true, .id = process_id, .role = process_role, .bytes = process_pss,
		.name = process_name, .holds = process_holds, .process = process_self,
		.held = process_held, STRINGS(model_process, comm, cgroup),
	},
	[VIEW_BUFFERS] = {
		.data = &views[VIEW_BUFFERS], .key = '2', .tab = "Bufs", .help = "show buffers",
		.columns = "ino,size,age,exporter,name,count,fds,maps,kernel,attachments,gem,"
			   "objects,in_flight,unexplained,devices",
		.drop = "objects,devices,in_flight,gem,attachments,unexplained,kernel,maps,fds,age,"
			"name,count,exporter",
		.sum = "count,fds,maps,kernel", .enter = "Why",
		.legend = "KRN = imports + GEM + OBJ + flight + io_uring + ?   red: kernel-only",
		.id = buffer_id, .role = buffer_role, .bytes = buffer_bytes,
		.name = buffer_name, .buffer = buffer_self, .process = buffer_process,
		.held = buffer_bytes, .bury = buffer_bury, STRINGS(model_buffer, exporter, name),
	},
	[VIEW_DEVICES] = {
		.data = &views[VIEW_DEVICES], .key = '3', .tab = "Devs", .help = "show devices",
		.columns = "device,driver,attachments,buffers,bytes,mapped,dir,map_rate,p99,rate",
		.drop = "rate,attachments,p99,map_rate,driver,buffers,dir,mapped",
		.own = device_own, .enter = "Buffers",
		.legend = "<-W writes   ->R reads   - unknown: mapped before the hooks",
		.id = device_id, .role = growing, .bytes = device_bytes,
		.name = device_name, .holds = device_holds,
		.held = device_bytes, STRINGS(model_device, device, driver),
	},
	[VIEW_EXPORTERS] = {
		.data = &views[VIEW_EXPORTERS], .key = '4', .tab = "Exports",
		.help = "show exporters",
		.columns = "exporter,buffers,bytes,rate", .drop = "rate,buffers",
		.own = exporter_own, .enter = "Buffers", .legend = "sum of BYTES = Held",
		.id = exporter_id, .role = growing, .bytes = exporter_bytes,
		.name = exporter_name, .holds = exporter_holds, .held = exporter_bytes,
		.strings = { offsetof(struct model_exporter, exporter) }, .n_strings = 1,
	},
	[VIEW_LATENCY] = {
		.data = &views[VIEW_LATENCY], .key = '5', .tab = "Latency",
		.help = "show latency of calls",
		.columns = "exporter,device,op,dir,count,errors,rate,p50,p90,p99,max,trail",
		.drop = "errors,p90,trail,p50,rate,count,exporter,max,dir,op",
		.own = operation_own, .enter = "Chart", .chart = true, .tight = true,
		.counts = true, .legend = "60s: p99 of the last minute   red: failed calls",
		.empty = "No calls yet.", .no_process = "each row has the calls of all processes",
		.id = operation_id, .role = operation_role, .name = operation_name,
	},
	[VIEW_PIPELINES] = {
		.data = &views[VIEW_PIPELINES], .key = '6', .tab = "Pipes",
		.help = "show pipelines",
		.columns = "flow,buffers,size,rate,throughput,age",
		.drop = "age,throughput,size,buffers,rate", .own = flow_own,
		.enter = "Buffers", .tight = true,
		.legend = "(presumed producer)   ? attached, no map seen   red: stalled",
		.empty = "No device is attached to a buffer, and no process accesses a buffer.",
		.id = flow_id, .role = flow_role, .bytes = flow_bytes,
		.name = flow_name, .more = screen_flow_more, .holds = flow_holds,
		.process = flow_process,
	},
	[VIEW_SUSPECTS] = {
		.data = &views[VIEW_SUSPECTS], .key = '7', .tab = "Suspects",
		.help = "show suspected leaks",
		.columns = "kind,bytes,age,pid,comm,ino,exporter,name,from,to",
		.drop = "from,to,name,exporter,pid,ino,age,comm", .enter = "Why",
		.tight = true,
		.legend = "FROM, TO: fewest buffers held, before and now   red: kernel-held",
		.empty = "No suspects: no process grows, and no buffer is kernel-held or old.",
		.id = suspect_id, .role = suspect_role, .bytes = suspect_bytes,
		.name = suspect_title, .holds = suspect_holds, .buffer = suspect_buffer,
		.process = suspect_process,
	},
};
