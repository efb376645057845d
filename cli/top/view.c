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

#define RATE(get) { "rate", "\u0394/s", VALUE_NUMBER, "bytes/s", 5, CUT_TAIL,		\
		    "bytes that it grew by in a second, since the last refresh", get, NULL }

/* By kind of row */
static const struct column rates[KINDS] = {
	[KIND_PROCESS] = RATE(process_rate),
	[KIND_DEVICE] = RATE(device_rate),
	[KIND_EXPORTER] = RATE(exporter_rate),
};

bool screen_column_is_rate(const struct column *column)
{
	return column >= rates && column < rates + KINDS;
}

const struct column *screen_column(const struct screen_view *view, const char *name)
{
	const struct column *rate = &rates[view->kind];

	if (rate->name && !strcmp(rate->name, name))
		return rate;
	return view_column(view_find(view->name), name);
}

const struct column *screen_column_at(const struct screen_view *view, uint32_t i)
{
	const struct view *data = view_find(view->name);

	if (i < data->n_columns)
		return &data->columns[i];
	return i == data->n_columns && rates[view->kind].name ? &rates[view->kind] : NULL;
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

const struct screen_view screen_views[SCREEN_VIEWS] = {
	{ "processes", KIND_PROCESS, "pid,comm,buffers,fds,maps,rss,pss,uss,rate,cgroup",
	  "cgroup,uss,maps,fds,rate,rss,buffers", "Buffers", "", "PSS + kernel-only = Held",
	  " PSS", process_bytes, process_role, process_holds },
	{ "buffers", KIND_BUFFER,
	  "ino,size,age,exporter,name,count,fds,maps,kernel,attachments,gem,objects,in_flight,"
	  "unexplained,devices",
	  "objects,devices,in_flight,gem,attachments,unexplained,kernel,maps,fds,age,name,count,"
	  "exporter", "Why", "count,fds,maps,kernel",
	  "KRN = importers + GEM + OBJ + in flight + ?   red: kernel-only", "", buffer_bytes,
	  buffer_role, NULL },
	{ "devices", KIND_DEVICE, "device,driver,attachments,buffers,bytes,rate",
	  "rate,attachments,driver,buffers", "Buffers", "", "a buffer attached twice counts once",
	  "", device_bytes, device_role, device_holds },
	{ "exporters", KIND_EXPORTER, "exporter,buffers,bytes,rate", "rate,buffers", "Buffers",
	  "", "bytes of all = Held", "", exporter_bytes, exporter_role, exporter_holds },
};
