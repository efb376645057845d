// SPDX-License-Identifier: GPL-2.0
/* The columns of suspects: what may be leaking, as model/suspects.h has it; see columns.h. */
#include "dmabuf_snapshot.h"
#include "model/snapshot.h"
#include "output/columns.h"
#include "output/getters.h"

uint32_t suspects_count(const struct model *m)
{
	return m->suspects.n;
}

const void *suspects_row(const struct model *m, uint32_t i)
{
	return &m->suspects.rows[i];
}

static const struct model_process *process_of(const struct model *m, const void *row)
{
	const struct suspect *s = row;

	return s->process == INDEX_NONE ? NULL : &m->processes[s->process];
}

static const struct model_buffer *buffer_of(const struct model *m, const void *row)
{
	const struct suspect *s = row;

	return s->buffer == INDEX_NONE ? NULL : &m->buffers[s->buffer];
}

static void suspect_kind(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_string(v, suspect_name(((const struct suspect *)row)->kind));
}

NUMBER_OF(suspect_buffers, suspect, buffers)

static void suspect_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = buffer_of(m, row);

	v->number = ((const struct suspect *)row)->bytes;
	v->known = !b || b->valid & SNAP_HAS_SIZE;
}

static void suspect_age(const struct model *m, const void *row, struct value *v)
{
	double since = ((const struct suspect *)row)->since;

	set_number(v, m->time > since ? m->time - since : 0);
}

/* A field of its process or its buffer, where it has one */
#define ID_OF(function, part, field)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	v->known = part(m, row) != NULL;						\
	v->number = v->known ? part(m, row)->field : 0;					\
}

#define NAME_OF(function, part, field)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	set_string(v, part(m, row) ? part(m, row)->field : NULL);			\
}

ID_OF(suspect_pid, process_of, pid)
NAME_OF(suspect_comm, process_of, comm)
ID_OF(suspect_ino, buffer_of, ino)
NAME_OF(suspect_exporter, buffer_of, exporter)
NAME_OF(suspect_buffer_name, buffer_of, name)

#define GROWTH(field)									\
static void suspect_##field(const struct model *m, const void *row, struct value *v)	\
{											\
	const struct suspect *s = row;							\
											\
	(void)m;									\
	v->known = s->kind == SUSPECT_GROWTH;						\
	v->number = s->field;								\
}

GROWTH(from)
GROWTH(to)
GROWTH(cycles)

const struct column suspect_columns[] = {
	{ "kind", "SUSPECT", VALUE_STRING, "", 11, CUT_TAIL,
	  "growth: a process holds more and more; kernel-held: whoever held it has exited, and "
	  "nobody may use it; old: held, and neither mapped nor accessed", suspect_kind, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "growth: all that the process holds; else the buffer's size", suspect_bytes, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "growth: by how many; else 1", suspect_buffers, NULL },
	{ "age", "FOR", VALUE_SECONDS, "s", 5, CUT_TAIL,
	  "time that it has been so, as far as known", suspect_age, NULL },
	{ "pid", "PID", VALUE_ID, "", 6, CUT_TAIL,
	  "the process that grows, or the first that holds the buffer", suspect_pid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 12, CUT_TAIL, "its name", suspect_comm, NULL },
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL, "the buffer's inode", suspect_ino, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported it", suspect_exporter, NULL },
	{ "name", "NAME", VALUE_STRING, "", 8, CUT_TAIL,
	  "as set by DMA_BUF_SET_NAME", suspect_buffer_name, NULL },
	{ "from", "FROM", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "growth: the fewest buffers that it held before", suspect_from, NULL },
	{ "to", "TO", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "growth: and the fewest of late", suspect_to, NULL },
	{ "cycles", "RISES", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "growth: how often in a row that rose", suspect_cycles, NULL },
};
