// SPDX-License-Identifier: GPL-2.0
/* The columns of report and diff; see columns.h. */
#include "model/activity.h"
#include "model/summary.h"
#include "output/getters.h"

#define COLUMN_SUM(row, key, head, text)						\
	.name = #key, .title = head, .type = VALUE_BYTES, .width = 6, .help = text,	\
	FIELD(row, key), .unless = offsetof(struct row, unsized)

static const struct column exporters[] = {
	{ COLUMN_EXPORTER(summary_exporter, 20, "exporting driver") },
	{ COLUMN_COUNT("seen", "SEEN", 5,
		       "distinct buffers in snapshots and exports"),
	  FIELD(summary_exporter, seen) },
	{ COLUMN_SUM(summary_exporter, peak, "PEAK", "largest total size at any time") },
	{ COLUMN_BUFFERS(summary_exporter, "buffers at the end") },
	{ COLUMN_SUM(summary_exporter, bytes, "BYTES", "total size at the end") },
	{ 0 }
};

static const struct column processes[] = {
	{ COLUMN_PID(summary_process, 7, "process id (thread group); unknown in the row "
		     "(kernel only)") },
	{ COLUMN_COMM(summary_process, 13, "command name") },
	{ COLUMN_COUNT("most", "MOST", 5, "most buffers held in a snapshot; at least 1 after "
		       "an export"), FIELD(summary_process, most) },
	{ COLUMN_SUM(summary_process, peak, "PEAK", "largest total size held") },
	{ COLUMN_BUFFERS(summary_process, "buffers held at the end") },
	{ COLUMN_SUM(summary_process, bytes, "BYTES", "total size held at the end") },
	{ 0 }
};

static const struct column lives[] = {
	{ COLUMN_INO(activity_life, "inode number of the buffer") },
	{ COLUMN_SIZE("size of the buffer"), FIELD(activity_life, size), .zero_unknown = true },
	{ COLUMN_EXPORTER(activity_life, 10, "exporting driver") },
	{ COLUMN_PID(activity_life, 7, "exporting process, if the export was seen") },
	{ COLUMN_COMM(activity_life, 15, "name of the thread at the export") },
	{ .name = "created", .title = "CREATED", .type = VALUE_TIME, .width = 15,
	  .help = "time of the export, since 1970; in seconds if before the recording",
	  FIELD(activity_life, created) },
	{ COLUMN_NS("lifetime", "LIVED", "lifetime; until the last event if alive"),
	  FIELD(activity_life, lifetime) },
	{ .name = "alive", .title = "ALIVE", .type = VALUE_BOOL, .width = 5,
	  .help = "whether the buffer is alive at the end", FIELD(activity_life, alive) },
	{ 0 }
};

const struct view report_views[REPORT_VIEWS] = {
	[REPORT_EXPORTERS] = { .name = "exporters", .columns = exporters, .sort = "peak" },
	[REPORT_PROCESSES] = { .name = "processes", .columns = processes, .sort = "peak" },
	[REPORT_OPERATIONS] = {
		.name = "operations", .columns = operation_columns, .sort = "sum",
	},
	[REPORT_SLOWEST] = {
		.name = "slowest", .title = "Slowest maps", .columns = event_columns,
		.sort = "duration",
	},
	[REPORT_LONGEST] = {
		.name = "longest", .title = "Longest-lived", .columns = lives, .sort = "lifetime",
	},
};

static void diff_buffers_change(const void *row, struct value *v)
{
	const struct diff_row *r = row;

	set_number(v, r->buffers[1] - r->buffers[0]);
}

static void diff_bytes_change(const void *row, struct value *v)
{
	const struct diff_row *r = row;

	v->number = r->bytes[1] - r->bytes[0];
	v->known = !r->unsized;
}

#define COLUMN_DIFF(key, head, text)							\
	.name = key, .title = head, .type = VALUE_BYTES, .width = 7, .help = text,	\
	.unless = offsetof(struct diff_row, unsized)

static const struct column diff_columns[] = {
	{ .name = "group", .title = "GROUP", .type = VALUE_STRING, .width = 20,
	  .cut = CUT_MIDDLE, FIELD(diff_row, key),
	  .help = "exporter, command, name or functions of a group of buffers" },
	{ COLUMN_COUNT("buffers_before", "BUFS A", 6,
		       "buffers at the end of the first recording"),
	  FIELD(diff_row, buffers[0]) },
	{ COLUMN_COUNT("buffers", "BUFS B", 6, "buffers at the end of the second recording"),
	  FIELD(diff_row, buffers[1]) },
	{ .name = "buffers_change", .title = "CHANGE", .type = VALUE_CHANGE, .width = 6,
	  .help = "difference in buffers", .get = diff_buffers_change },
	{ COLUMN_DIFF("bytes_before", "BYTES A", "bytes at the end of the first recording"),
	  FIELD(diff_row, bytes[0]) },
	{ COLUMN_DIFF("bytes", "BYTES B", "bytes at the end of the second recording"),
	  FIELD(diff_row, bytes[1]) },
	{ .name = "bytes_change", .title = "CHANGE", .type = VALUE_CHANGE, .unit = "bytes",
	  .width = 7, .help = "difference in bytes", .get = diff_bytes_change },
	{ 0 }
};

const struct view diff_view = {
	.name = "groups", .columns = diff_columns, .sort = "bytes_change",
};
