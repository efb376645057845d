/* SPDX-License-Identifier: GPL-2.0 */
/* Macros for the tables of columns; used in output/ only. */
#ifndef OUTPUT_GETTERS_H
#define OUTPUT_GETTERS_H

#include "model/model.h"
#include "output/columns.h"

static inline void set_number(struct value *v, uint64_t n)
{
	v->known = true;
	v->number = n;
}

static inline void set_string(struct value *v, const char *s)
{
	v->known = s != NULL;
	v->string = s;
}

/* Whole seconds since a time; 0 after a step of the clock to the past. */
static inline void set_since(struct value *v, const struct model *m, double since)
{
	set_number(v, m->time > since ? m->time - since : 0);
}

static inline const char *node_path(const struct model *m, uint32_t node)
{
	return node == INDEX_NONE ? NULL : m->nodes[node].path;
}

/* Columns of several views; of: the struct of the row with the field */
#define COLUMN_INO(of, text)								\
	.name = "ino", .title = "INO", .type = VALUE_ID, .width = 6, .help = text, FIELD(of, ino)
#define COLUMN_SIZE(text)								\
	.name = "size", .title = "SIZE", .type = VALUE_BYTES, .width = 6, .help = text
#define COLUMN_PID(of, cells, text)							\
	.name = "pid", .title = "PID", .type = VALUE_ID, .width = cells, .help = text,	\
	FIELD(of, pid), .zero_unknown = true
#define COLUMN_COMM(of, cells, text)							\
	.name = "comm", .title = "COMM", .type = VALUE_STRING, .width = cells,		\
	.help = text, FIELD(of, comm)
#define COLUMN_EXPORTER(of, cells, text)						\
	.name = "exporter", .title = "EXPORTER", .type = VALUE_STRING, .width = cells,	\
	.cut = CUT_MIDDLE, .help = text, FIELD(of, exporter)
#define COLUMN_DEVICE(of, text)								\
	.name = "device", .title = "DEVICE", .type = VALUE_STRING, .width = 17,		\
	.cut = CUT_MIDDLE, .help = text, FIELD(of, device)
#define COLUMN_NODE(cells, text)							\
	.name = "node", .title = "NODE", .type = VALUE_STRING, .width = cells,		\
	.cut = CUT_HEAD, .help = text
#define COLUMN_COUNT(key, head, cells, text)						\
	.name = key, .title = head, .type = VALUE_NUMBER, .width = cells, .help = text
#define COLUMN_BUFFERS(of, text)							\
	COLUMN_COUNT("buffers", "BUFS", 5, text), FIELD(of, buffers)
#define COLUMN_BYTES(of, text)								\
	.name = "bytes", .title = "BYTES", .type = VALUE_BYTES, .width = 6,		\
	.help = text, FIELD(of, bytes)
#define COLUMN_NS(key, head, text)							\
	.name = key, .title = head, .type = VALUE_NS, .width = 6, .help = text

/* Tables of the other files, and filters of views */
extern const struct column buffer_columns[], exporter_columns[];	/* buffer_columns.c */
extern const struct column holder_columns[], process_columns[];		/* holder_columns.c */
extern const struct column device_columns[], attachment_columns[];	/* device_columns.c */
extern const struct column event_columns[], operation_columns[];	/* event_columns.c */
extern const struct column flow_columns[];				/* flow_columns.c */
extern const struct column suspect_columns[];				/* suspect_columns.c */
bool buffer_shown(const struct model *m, const void *row);
bool holder_shown(const struct model *m, const void *row);
bool process_shown(const struct model *m, const void *row);
bool device_shown(const struct model *m, const void *row);
bool attachment_shown(const struct model *m, const void *row);
bool operation_shown(const struct model *m, const void *row);

void buffer_size(const void *row, struct value *v);

#endif
