// SPDX-License-Identifier: GPL-2.0
/* The columns of suspects, possible leaks (model/suspects.h); see columns.h. */
#include "dmabuf_snapshot.h"
#include "output/getters.h"

static const void *suspect_process(const struct model *m, const void *row)
{
	const struct suspect *s = row;

	return s->process == INDEX_NONE ? NULL : &m->processes[s->process];
}

static const void *suspect_buffer(const struct model *m, const void *row)
{
	const struct suspect *s = row;

	return s->buffer == INDEX_NONE ? NULL : &m->buffers[s->buffer];
}

static void suspect_kind(const void *row, struct value *v)
{
	set_string(v, suspect_name(((const struct suspect *)row)->kind));
}

static void suspect_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = suspect_buffer(m, row);

	v->number = ((const struct suspect *)row)->bytes;
	v->known = !b || b->valid & SNAP_HAS_SIZE;
}

static void suspect_age(const struct model *m, const void *row, struct value *v)
{
	set_since(v, m, ((const struct suspect *)row)->since);
}

/* A figure of growth only */
#define GROWTH(field)									\
static void suspect_##field(const void *row, struct value *v)				\
{											\
	const struct suspect *s = row;							\
											\
	v->known = s->kind == SUSPECT_GROWTH;						\
	v->number = s->field;								\
}

GROWTH(from)
GROWTH(to)
GROWTH(cycles)

const struct column suspect_columns[] = {
	{ .name = "kind", .title = "SUSPECT", .type = VALUE_STRING, .width = 11,
	  .help = "growth: a process holds more and more buffers; kernel-held: all holders "
		  "have exited, and no process can use the buffer; old: held, but neither "
		  "mapped nor accessed",
	  /* Only hooks see uses of an old buffer. */
	  .needs = MODEL_WATCHES_STATE, .get = suspect_kind },
	{ .name = "bytes", .title = "BYTES", .type = VALUE_BYTES, .width = 6,
	  .help = "growth: total size held by the process; else the size of the buffer",
	  .look_up = suspect_bytes },
	{ COLUMN_BUFFERS(suspect, "growth: number of additional buffers; else 1") },
	{ .name = "age", .title = "FOR", .type = VALUE_SECONDS, .width = 5,
	  .help = "time in this state, as far as known", .look_up = suspect_age },
	{ COLUMN_PID(model_process, 6, "growing process, or first holder of the buffer"),
	  .of = suspect_process },
	{ COLUMN_COMM(model_process, 12, "command name"), .of = suspect_process },
	{ COLUMN_INO(model_buffer, "inode number of the buffer"), .of = suspect_buffer },
	{ COLUMN_EXPORTER(model_buffer, 10, "exporting driver"), .of = suspect_buffer },
	{ .name = "name", .title = "NAME", .type = VALUE_STRING, .width = 8,
	  .help = "name set by a user (DMA_BUF_SET_NAME)", FIELD(model_buffer, name),
	  .of = suspect_buffer },
	{ COLUMN_COUNT("from", "FROM", 5, "growth: minimum number of held buffers before"),
	  .get = suspect_from },
	{ COLUMN_COUNT("to", "TO", 5, "growth: minimum number of held buffers now"),
	  .get = suspect_to },
	{ COLUMN_COUNT("cycles", "RISES", 5, "growth: number of rises of the minimum in a row"),
	  .get = suspect_cycles },
	{ 0 }
};
