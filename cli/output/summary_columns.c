// SPDX-License-Identifier: GPL-2.0
/* Columns of what recordings come to: report and diff; see columns.h. */
#include "model/activity.h"
#include "model/summary.h"
#include "output/getters.h"

STRING_OF(exporter_name, summary_exporter, exporter)
NUMBER_OF(exporter_seen, summary_exporter, seen)
NUMBER_OF(exporter_buffers, summary_exporter, buffers)

static void set_sized(struct value *v, uint64_t bytes, bool unsized)
{
	set_number(v, bytes);
	v->known = !unsized;
}

static void exporter_peak(const struct model *m, const void *row, struct value *v)
{
	const struct summary_exporter *e = row;

	(void)m;
	set_sized(v, e->peak, e->unsized);
}

static void exporter_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct summary_exporter *e = row;

	(void)m;
	set_sized(v, e->bytes, e->unsized);
}

static const struct column exporter_columns[] = {
	{ "exporter", "EXPORTER", VALUE_STRING, "", 20, CUT_MIDDLE,
	  "driver that exports", exporter_name, NULL },
	{ "seen", "SEEN", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "distinct buffers, in snapshots or seen to be exported", exporter_seen, NULL },
	{ "peak", "PEAK", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "the most that it had at one time", exporter_peak, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "buffers at the end", exporter_buffers, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "their sizes", exporter_bytes, NULL },
};

STRING_OF(process_comm, summary_process, comm)
NUMBER_OF(process_most, summary_process, most)
NUMBER_OF(process_buffers, summary_process, buffers)

static void process_pid(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_number(v, ((const struct summary_process *)row)->pid);
	v->known = v->number;
}

static void process_peak(const struct model *m, const void *row, struct value *v)
{
	const struct summary_process *p = row;

	(void)m;
	set_sized(v, p->peak, p->unsized);
}

static void process_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct summary_process *p = row;

	(void)m;
	set_sized(v, p->bytes, p->unsized);
}

static const struct column process_columns[] = {
	{ "pid", "PID", VALUE_ID, "", 7, CUT_TAIL,
	  "process (thread group); unknown in the row of what only the kernel held",
	  process_pid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 13, CUT_TAIL, "its command name", process_comm, NULL },
	{ "most", "MOST", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "the most buffers that it held in a snapshot; at least 1 if it exported any", process_most, NULL },
	{ "peak", "PEAK", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "the largest sum of their sizes", process_peak, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "buffers that it held at the end", process_buffers, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "their sizes", process_bytes, NULL },
};

NUMBER_OF(life_ino, activity_life, ino)
NUMBER_OF(life_created, activity_life, created)
NUMBER_OF(life_lifetime, activity_life, lifetime)
NUMBER_OF(life_alive, activity_life, alive)
STRING_OF(life_exporter, activity_life, exporter)
STRING_OF(life_comm, activity_life, comm)

static void life_size(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_number(v, ((const struct activity_life *)row)->size);
	v->known = v->number;
}

static void life_pid(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_number(v, ((const struct activity_life *)row)->pid);
	v->known = v->number;
}

static const struct column life_columns[] = {
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL, "the buffer", life_ino, NULL },
	{ "size", "SIZE", VALUE_BYTES, "bytes", 6, CUT_TAIL, "its size", life_size, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported it", life_exporter, NULL },
	{ "pid", "PID", VALUE_ID, "", 7, CUT_TAIL,
	  "process that had it exported, if that was seen", life_pid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 15, CUT_TAIL, "the thread's name then", life_comm, NULL },
	{ "created", "CREATED", VALUE_TIME, "ns", 15, CUT_TAIL,
	  "when, since 1970; to the second if it was before the recording", life_created, NULL },
	{ "lifetime", "LIVED", VALUE_NS, "ns", 6, CUT_TAIL,
	  "how long; of one that lives, up to the last event", life_lifetime, NULL },
	{ "alive", "ALIVE", VALUE_BOOL, "", 5, CUT_TAIL, "whether it lives at the end", life_alive, NULL },
};

const struct view report_views[REPORT_VIEWS] = {
	[REPORT_EXPORTERS] = { "exporters", "Exporters", exporter_columns,
			       ARRAY_SIZE(exporter_columns), "peak", NULL, NULL },
	[REPORT_PROCESSES] = { "processes", "Processes", process_columns,
			       ARRAY_SIZE(process_columns), "peak", NULL, NULL },
	[REPORT_OPERATIONS] = { "operations", "Operations", operation_columns, OPERATION_COLUMNS,
				"sum", NULL, NULL },
	[REPORT_SLOWEST] = { "slowest", "Slowest maps", event_columns, EVENT_COLUMNS,
			     "duration", NULL, NULL },
	[REPORT_LONGEST] = { "longest", "Longest-lived", life_columns, ARRAY_SIZE(life_columns),
			     "lifetime", NULL, NULL },
};

STRING_OF(diff_key, diff_row, key)

#define DIFF_NUMBER(function, expression, sized)					\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	const struct diff_row *r = row;							\
											\
	(void)m;									\
	set_sized(v, expression, sized && r->unsized);					\
}

DIFF_NUMBER(diff_buffers_before, r->buffers[0], false)
DIFF_NUMBER(diff_buffers, r->buffers[1], false)
DIFF_NUMBER(diff_buffers_change, r->buffers[1] - r->buffers[0], false)
DIFF_NUMBER(diff_bytes_before, r->bytes[0], true)
DIFF_NUMBER(diff_bytes, r->bytes[1], true)
DIFF_NUMBER(diff_bytes_change, r->bytes[1] - r->bytes[0], true)

static const struct column diff_columns[] = {
	{ "group", "GROUP", VALUE_STRING, "", 20, CUT_MIDDLE,
	  "exporter, command, name or functions, by which buffers are grouped", diff_key, NULL },
	{ "buffers_before", "BUFS A", VALUE_NUMBER, "", 6, CUT_TAIL,
	  "buffers at the end of the first recording", diff_buffers_before, NULL },
	{ "buffers", "BUFS B", VALUE_NUMBER, "", 6, CUT_TAIL,
	  "at the end of the second", diff_buffers, NULL },
	{ "buffers_change", "CHANGE", VALUE_CHANGE, "", 6, CUT_TAIL,
	  "by how much they differ", diff_buffers_change, NULL },
	{ "bytes_before", "BYTES A", VALUE_BYTES, "bytes", 7, CUT_TAIL,
	  "bytes at the end of the first recording", diff_bytes_before, NULL },
	{ "bytes", "BYTES B", VALUE_BYTES, "bytes", 7, CUT_TAIL,
	  "at the end of the second", diff_bytes, NULL },
	{ "bytes_change", "CHANGE", VALUE_CHANGE, "bytes", 7, CUT_TAIL,
	  "by how much they differ", diff_bytes_change, NULL },
};

const struct view diff_view = {
	"groups", "Groups", diff_columns, ARRAY_SIZE(diff_columns), "bytes_change", NULL, NULL,
};
