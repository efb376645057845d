// SPDX-License-Identifier: GPL-2.0
/* What the screen shows of each view; what a column is stands in output/columns.c. */
#include <string.h>

#include "top/ui.h"

/* Columns that need what was before; their model is a history's. */
static void rate_of(const struct model *m, enum kind kind, const void *row, struct value *v)
{
	int64_t rate = 0;

	v->known = history_rate((const struct history *)m, kind, row, &rate);
	/* Sorts as the signed number does */
	v->number = (uint64_t)rate ^ (1ULL << 63);
}

#define RATE_OF(name, kind)								\
static void name##_rate(const struct model *m, const void *row, struct value *v)	\
{											\
	rate_of(m, kind, row, v);							\
}

RATE_OF(process, KIND_PROCESS)
RATE_OF(device, KIND_DEVICE)
RATE_OF(exporter, KIND_EXPORTER)

#define RATE(its) { .name = "rate", .title = "\u0394/s", .type = VALUE_NUMBER, .width = 5, .look_up = its }

/* By kind of row */
static const struct column rates[KINDS] = {
	[KIND_PROCESS] = RATE(process_rate),
	[KIND_DEVICE] = RATE(device_rate),
	[KIND_EXPORTER] = RATE(exporter_rate),
};

const char *screen_direction(unsigned int seen)
{
	/* The device writes, reads, or both: as an arrow from the buffer, or to it. */
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

const char *screen_actor(const struct model_operation *o)
{
	return o->device ?: o->type == EVENT_BEGIN || o->type == EVENT_END ? "cpu" : "-";
}

/* Text that is made for a cell is a list of one; its number is what it is sorted by. */
static void set_text(struct value *v, uint64_t order)
{
	v->known = order;
	v->number = order;
}

static void device_dir(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_text(v, ((const struct model_device *)row)->directions);
}

static const char *device_dir_at(const struct model *m, const void *row, uint32_t i)
{
	(void)m;
	return i ? NULL : screen_direction(((const struct model_device *)row)->directions);
}

static unsigned int operation_directions(const void *row)
{
	unsigned int direction = ((const struct model_operation *)row)->direction;

	return direction < DIRECTION_NONE ? 1u << direction : 0;
}

static void operation_dir(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_text(v, operation_directions(row));
}

static const char *operation_dir_at(const struct model *m, const void *row, uint32_t i)
{
	(void)m;
	return i ? NULL : screen_direction(operation_directions(row));
}

/* Names sort from the first, amounts from the largest: so the largest is what begins first. */
static void flow_flow(const struct model *m, const void *row, struct value *v)
{
	const char *name = flow_presumed(m, row) ?: flow_end_name(m, row, FLOW_PRODUCER, 0) ?: "";
	uint64_t order = 0;
	int i;

	for (i = 0; i < 8; i++)
		order = order << 8 | (unsigned char)(*name ? *name++ : 0);
	set_text(v, ~order);
}

static const char *flow_flow_at(const struct model *m, const void *row, uint32_t i)
{
	static char text[SCREEN_FLOW_ROOM];

	return i ? NULL : screen_flow(m, row, false, 0, text);
}

/* Drawn as wide as there is room; see draw_list.c. */
static void no_value(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	(void)row;
	v->known = false;
}

#define DIR(its) { .name = "dir", .title = "DIR", .type = VALUE_LIST, .width = 4,		\
		   .look_up = its, .item = its##_at }

/* The other columns that only the screen has, and what other outputs have instead */
static const struct {
	enum kind kind;
	struct column column;
	const char *instead;
} own_columns[] = {
	{ KIND_DEVICE, DIR(device_dir), "direction" },
	{ KIND_OPERATION, DIR(operation_dir), "direction" },
	{ KIND_OPERATION, { .name = "trail", .title = "60s", .type = VALUE_LIST, .width = 8,
			    .look_up = no_value }, "" },
	{ KIND_FLOW, { .name = "flow", .title = "PRODUCER ==> CONSUMER", .type = VALUE_LIST,
		       .width = 34, .cut = CUT_MIDDLE, .look_up = flow_flow, .item = flow_flow_at },
	  "producers,presumed,consumers,bidirectional,others,exporter,node,processes" },
};

#define OWN_COLUMNS (sizeof(own_columns) / sizeof(*own_columns))

bool screen_column_is_rate(const struct column *column)
{
	return column >= rates && column < rates + KINDS;
}

bool screen_column_is_trail(const struct column *column)
{
	return column->look_up == no_value;
}

bool screen_column_is_flow(const struct column *column)
{
	return column->look_up == flow_flow;
}

const char *screen_column_instead(const struct column *column)
{
	uint32_t c;

	for (c = 0; c < OWN_COLUMNS; c++)
		if (column == &own_columns[c].column)
			return own_columns[c].instead;
	return screen_column_is_rate(column) ? "" : column->name;
}

uint32_t screen_column_needs(const struct screen_view *view, const struct column *column)
{
	const struct view *data = view_find(view->name);
	const char *names = screen_column_instead(column);

	/* Of those with several instead, the view says it. */
	column = view_column(data, names);
	return column ? column->needs : 0;
}

/* The i-th of those that only the screen has. */
static const struct column *own_column(const struct screen_view *view, uint32_t i)
{
	uint32_t c;

	if (rates[view->kind].name && !i--)
		return &rates[view->kind];
	for (c = 0; c < OWN_COLUMNS; c++)
		if (own_columns[c].kind == view->kind && !i--)
			return &own_columns[c].column;
	return NULL;
}

const struct column *screen_column(const struct screen_view *view, const char *name)
{
	const struct column *own;
	uint32_t i;

	for (i = 0; (own = own_column(view, i)); i++)
		if (!strcmp(own->name, name))
			return own;
	return view_column(view_find(view->name), name);
}

const struct column *screen_column_at(const struct screen_view *view, uint32_t i)
{
	const struct column *c = view_find(view->name)->columns;

	for (; c->name; c++)
		if (!i--)
			return c;
	return own_column(view, i);
}

static enum role growing(const struct history *h, enum kind kind, const void *row)
{
	int64_t rate;

	return history_rate(h, kind, row, &rate) && rate > 0 ? ROLE_GROWING : ROLE_PLAIN;
}

static enum role process_role(const struct history *h, const void *row)
{
	return ((const struct model_process *)row)->pid ? growing(h, KIND_PROCESS, row) :
	       ROLE_KERNEL_ONLY;
}

static enum role buffer_role(const struct history *h, const void *row)
{
	const struct model_buffer *b = row;
	uint64_t unexplained;

	if (!b->procs && h->model.sees & MODEL_SEES_HOLDERS)
		return ROLE_KERNEL_ONLY;
	return model_buffer_unexplained(&h->model, b, &unexplained) && unexplained ?
	       ROLE_UNEXPLAINED : ROLE_PLAIN;
}

static enum role device_role(const struct history *h, const void *row)
{
	return growing(h, KIND_DEVICE, row);
}

static enum role exporter_role(const struct history *h, const void *row)
{
	return growing(h, KIND_EXPORTER, row);
}

static bool process_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	const struct model_process *p = row;
	uint32_t i;

	for (i = 0; i < b->procs; i++)
		if (m->processes[m->holders[b->first_holder + i].process].pid == p->pid)
			return true;
	return !p->pid && !b->procs;
}

static bool device_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	uint32_t i;

	for (i = 0; i < b->attachments; i++)
		if (&m->devices[m->attachments[b->first_attachment + i].device] == row)
			return true;
	return false;
}

/* Equal strings of one model have one address. */
static bool exporter_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	(void)m;
	return ((const struct model_exporter *)row)->exporter == b->exporter;
}

static uint64_t process_bytes(const void *row)
{
	return model_pss(row);
}

static uint64_t buffer_bytes(const void *row)
{
	return ((const struct model_buffer *)row)->size;
}

static uint64_t device_bytes(const void *row)
{
	return ((const struct model_device *)row)->bytes;
}

static uint64_t exporter_bytes(const void *row)
{
	return ((const struct model_exporter *)row)->bytes;
}

static bool flow_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	return b->flow != INDEX_NONE && &m->pipelines.flows[b->flow] == row;
}

static uint64_t flow_bytes(const void *row)
{
	const struct model_flow *f = row;

	return f->size * f->buffers;
}

static enum role operation_role(const struct history *h, const void *row)
{
	(void)h;
	return ((const struct model_operation *)row)->histogram.errors ? ROLE_KERNEL_ONLY :
	       ROLE_PLAIN;
}

static enum role flow_role(const struct history *h, const void *row)
{
	uint64_t seconds;

	return flow_is_stalled(&h->model, row, &seconds) ? ROLE_KERNEL_ONLY : ROLE_PLAIN;
}

static bool suspect_holds(const struct model *m, const void *row, const struct model_buffer *b)
{
	const struct suspect *s = row;

	if (s->buffer != INDEX_NONE)
		return b == &m->buffers[s->buffer];
	return process_holds(m, &m->processes[s->process], b);
}

static uint64_t suspect_bytes(const void *row)
{
	return ((const struct suspect *)row)->bytes;
}

static enum role suspect_role(const struct history *h, const void *row)
{
	static const enum role roles[] = {
		[SUSPECT_GROWTH] = ROLE_GROWING, [SUSPECT_KERNEL_HELD] = ROLE_KERNEL_ONLY,
		[SUSPECT_OLD] = ROLE_PLAIN,
	};

	(void)h;
	return roles[((const struct suspect *)row)->kind];
}

const struct screen_view screen_views[SCREEN_VIEWS] = {
	{ "processes", KIND_PROCESS, "pid,comm,buffers,fds,maps,rss,pss,uss,rate,cgroup",
	  "cgroup,uss,maps,fds,rate,rss,buffers", "Buffers", "", "PSS + kernel-only = Held",
	  " PSS", process_bytes, process_role, process_holds, 1, 0, false },
	{ "buffers", KIND_BUFFER,
	  "ino,size,age,exporter,name,count,fds,maps,kernel,attachments,gem,objects,in_flight,"
	  "unexplained,devices",
	  "objects,devices,in_flight,gem,attachments,unexplained,kernel,maps,fds,age,name,count,"
	  "exporter", "Why", "count,fds,maps,kernel",
	  "KRN = imports + GEM + OBJ + flight + io_uring + ?   red: kernel-only", "", buffer_bytes,
	  buffer_role, NULL, 1, 0, false },
	{ "devices", KIND_DEVICE,
	  "device,driver,attachments,buffers,bytes,mapped,dir,map_rate,p99,rate",
	  "rate,attachments,p99,map_rate,driver,buffers,dir,mapped", "Buffers", "",
	  "<-W writes   ->R reads   - unknown: mapped before we started", "",
	  device_bytes, device_role, device_holds, 1, 0, false },
	{ "exporters", KIND_EXPORTER, "exporter,buffers,bytes,rate", "rate,buffers", "Buffers",
	  "", "bytes of all = Held", "", exporter_bytes, exporter_role, exporter_holds,
	  1, 0, false },
	{ "latency", KIND_OPERATION,
	  "exporter,device,op,dir,count,errors,rate,p50,p90,p99,max,trail",
	  "errors,p90,trail,p50,rate,count,exporter,max,dir,op", "Chart", "",
	  "60s: p99 of the last minute   red: some calls failed", "", NULL, operation_role, NULL,
	  1, MODEL_WATCHES_TIMES, true },
	{ "pipelines", KIND_FLOW, "flow,buffers,size,rate,throughput,age",
	  "age,throughput,size,buffers,rate", "Buffers", "",
	  "(presumed to write)   ? attached, not seen mapped   red: stalled", "", flow_bytes,
	  flow_role, flow_holds, 2, MODEL_WATCHES_STATE, true },
	{ "suspects", KIND_SUSPECT, "kind,bytes,age,pid,comm,ino,exporter,name,from,to",
	  "from,to,name,exporter,pid,ino,age,comm", "Why", "",
	  "FROM, TO: the fewest that it held, before and now   red: kernel-held", "", suspect_bytes,
	  suspect_role, suspect_holds, 1, 0, true },
};
