// SPDX-License-Identifier: GPL-2.0
/* The one table of views; see columns.h. Their columns: *_columns.c. */
#include "output/columns.h"

#include "output/getters.h"

#define ROWS(array, count)								\
	.rows = offsetof(struct model, array), .n = offsetof(struct model, count),	\
	.size = sizeof(*((struct model *)0)->array)

const struct view views[VIEWS] = {
	[VIEW_PROCESSES] = {
		.name = "processes", .columns = process_columns, .sort = "pss",
		ROWS(processes, n_processes), .shown = process_shown,
	},
	[VIEW_BUFFERS] = {
		.name = "buffers", .columns = buffer_columns, .sort = "size",
		ROWS(buffers, n_buffers), .shown = buffer_shown,
	},
	[VIEW_HOLDERS] = {
		.name = "holders", .columns = holder_columns, .sort = "size",
		ROWS(holders, n_holders), .shown = holder_shown,
	},
	[VIEW_DEVICES] = {
		.name = "devices", .columns = device_columns, .sort = "bytes",
		ROWS(devices, n_devices), .shown = device_shown,
	},
	[VIEW_ATTACHMENTS] = {
		.name = "attachments", .columns = attachment_columns, .sort = "ino",
		ROWS(attachments, n_attachments), .shown = attachment_shown,
	},
	[VIEW_EXPORTERS] = {
		.name = "exporters", .columns = exporter_columns, .sort = "bytes",
		ROWS(exporters, n_exporters),
	},
	[VIEW_LATENCY] = {
		.name = "latency", .columns = operation_columns, .sort = "p99",
		ROWS(operations.rows, operations.n), .shown = operation_shown,
		.needs = MODEL_WATCHES_TIMES,
	},
	[VIEW_PIPELINES] = {
		.name = "pipelines", .columns = flow_columns, .sort = "throughput",
		ROWS(pipelines.flows, pipelines.n_flows), .needs = MODEL_WATCHES_STATE,
	},
	[VIEW_SUSPECTS] = {
		.name = "suspects", .columns = suspect_columns, .sort = "kind",
		ROWS(suspects.rows, suspects.n),
	},
};

const char *view_rows(const struct view *view, const struct model *m, uint32_t *n)
{
	*n = *(const uint32_t *)((const char *)m + view->n);
	return *(char *const *)((const char *)m + view->rows);
}

const void *view_row(const struct view *view, const struct model *m, uint32_t i)
{
	uint32_t n;
	const char *row = view_rows(view, m, &n) + i * view->size;

	return !view->shown || view->shown(m, row) ? row : NULL;
}

static uint64_t read_number(const void *at, uint16_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)at;
	case sizeof(uint16_t):
		return *(const uint16_t *)at;
	case sizeof(uint32_t):
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static void read_field(const struct column *c, const struct model *m, const char *row,
		       struct value *v)
{
	if (c->type == VALUE_STRING) {
		set_string(v, *(char *const *)(row + c->offset));
		return;
	}
	v->number = read_number(row + c->offset, c->size);
	v->known = c->zero_unknown && v->number;
	if (c->sees)
		v->known |= !!(m->sees & c->sees);
	else
		v->known |= !c->zero_unknown;
	if (c->unless && *(const bool *)(row + c->unless))
		v->known = false;
}

struct value column_value(const struct column *c, const struct model *m, const void *row)
{
	struct value v = { 0 };

	if (c->of)
		row = c->of(m, row);
	if (!row)
		return v;
	if (c->get)
		c->get(row, &v);
	else if (c->look_up)
		c->look_up(m, row, &v);
	else if (c->size)
		read_field(c, m, row, &v);
	return v;
}

const char *column_unit(const struct column *c)
{
	static const char *const units[] = {
		[VALUE_BYTES] = "bytes", [VALUE_SECONDS] = "s", [VALUE_NS] = "ns",
		[VALUE_TIME] = "ns", [VALUE_RATE] = "1/s", [VALUE_BOOL] = NULL,
	};

	return c->unit ?: units[c->type] ?: "";
}
