// SPDX-License-Identifier: GPL-2.0
/* The columns of events and of operations; see columns.h. */
#include <inttypes.h>
#include <stdio.h>

#include "model/event.h"
#include "output/getters.h"
#include "output/stack_text.h"

#define COLUMN_DIRECTION								\
	.name = "direction", .title = "DIR", .type = VALUE_STRING, .width = 13,		\
	.help = "to_device, from_device or bidirectional"
#define COLUMN_STACK(key, head, whose)							\
	.name = key, .title = head, .type = VALUE_LIST, .width = 20,			\
	.help = "call stack in the " whose ", innermost function first"

static const struct model_event *event_of(const void *row)
{
	return row;
}

/* A field of the record, known on a condition */
#define RAW_OF(function, field, when)							\
static void function(const void *row, struct value *v)					\
{											\
	const struct dmabuf_event *raw = &event_of(row)->raw;				\
											\
	v->number = raw->field;								\
	v->known = when;								\
}

static bool is_process(unsigned int type)
{
	return type == EVENT_FORK || type == EVENT_EXEC || type == EVENT_EXIT;
}

RAW_OF(event_attachment, attachment, raw->attachment && !is_process(raw->type))
RAW_OF(event_duration, value, event_is_call(raw->type))
RAW_OF(event_wait, wait, event_is_call(raw->type))
RAW_OF(event_dynamic, flags & EVENT_DYNAMIC, raw->type == EVENT_ATTACH && !raw->result)
RAW_OF(event_mapped, flags & EVENT_MAPPED, raw->type == EVENT_DETACH || raw->type == EVENT_LEFT)
RAW_OF(event_status, result, raw->type == EVENT_EXIT || raw->type == EVENT_LEFT)
RAW_OF(event_child, attachment, raw->type == EVENT_FORK)
RAW_OF(event_fd, result, (raw->type == EVENT_FD || raw->type == EVENT_GET) && raw->result >= 0)

static void event_size(const void *row, struct value *v)
{
	const struct model_event *e = event_of(row);
	bool call = event_is_call(e->raw.type);

	v->number = call ? e->size : e->raw.value;
	v->known = call ? e->size != 0 : e->raw.ino != 0;
}

static void event_event(const void *row, struct value *v)
{
	set_string(v, event_name(event_of(row)->raw.type));
}

static void event_direction(const void *row, struct value *v)
{
	set_string(v, direction_name(event_of(row)->raw.flags));
}

/* A positive errno; 0 for success. */
static void event_error(const void *row, struct value *v)
{
	const struct dmabuf_event *raw = &event_of(row)->raw;

	set_number(v, raw->result < 0 ? -(int64_t)raw->result : 0);
}

static void event_text(const void *row, struct value *v)
{
	if (event_of(row)->raw.type == EVENT_NAME)
		set_string(v, event_of(row)->text);
}

static void event_fence_driver(const void *row, struct value *v)
{
	if (event_of(row)->raw.type == EVENT_FENCE_WAIT)
		set_string(v, event_of(row)->text);
}

static void event_fence_timeline(const void *row, struct value *v)
{
	if (event_of(row)->raw.type == EVENT_FENCE_WAIT)
		set_string(v, event_of(row)->text2);
}

#define STACK_OF(function, item, field)							\
static void function(const void *row, struct value *v)					\
{											\
	v->known = event_of(row)->field;						\
	v->number = v->known ? event_of(row)->field->n : 0;				\
}											\
											\
static const char *item(const struct model *m, const void *row, uint32_t i)		\
{											\
	static char text[STACK_FRAME_ROOM];						\
											\
	(void)m;									\
	return stack_frame_text(text, sizeof(text), &event_of(row)->field->frames[i]);	\
}

STACK_OF(event_kernel_stack, event_kernel_frame, kernel)
STACK_OF(event_user_stack, event_user_frame, user)

const struct column event_columns[] = {
	{ .name = "time", .title = "TIME", .type = VALUE_TIME, .width = 15,
	  .help = "time of the event, at its end, since 1970", FIELD(model_event, realtime) },
	{ .name = "event", .title = "EVENT", .type = VALUE_STRING, .width = 10,
	  .help = "type of the event", .get = event_event },
	{ COLUMN_PID(model_event, 7, "process id (thread group)") },
	{ .name = "tid", .title = "TID", .type = VALUE_ID, .width = 7,
	  .help = "thread id", FIELD(model_event, raw.tid) },
	{ COLUMN_COMM(model_event, 15, "name of the thread") },
	{ .name = "cpu", .title = "CPU", .type = VALUE_ID, .width = 3,
	  .help = "CPU of the thread", FIELD(model_event, raw.cpu) },
	{ .name = "ino", .title = "INO", .type = VALUE_ID, .width = 6,
	  .help = "inode number of the buffer", FIELD(model_event, raw.ino), .zero_unknown = true },
	{ COLUMN_EXPORTER(model_event, 10, "exporting driver, if known") },
	{ COLUMN_SIZE("size of the buffer, if known; mmap: length"),
	  .get = event_size },
	{ COLUMN_DEVICE(model_event, "attached device") },
	{ .name = "attachment", .title = "ATT", .type = VALUE_ID, .width = 4,
	  .help = "number of the attachment, counted from the start of the trace",
	  .get = event_attachment },
	{ .name = "dynamic", .title = "DYNAMIC", .type = VALUE_BOOL, .width = 7,
	  .help = "attach: whether the importer allows the buffer to move", .get = event_dynamic },
	{ .name = "mapped", .title = "MAPPED", .type = VALUE_BOOL, .width = 6,
	  .help = "detach: whether a mapping was left; left: a mapping, not an fd",
	  .get = event_mapped },
	{ COLUMN_DIRECTION, .get = event_direction },
	{ .name = "error", .title = "ERROR", .type = VALUE_ID, .width = 5,
	  .help = "errno, 0 for success", .get = event_error },
	{ .name = "fd", .title = "FD", .type = VALUE_ID, .width = 4,
	  .help = "fd, get: file descriptor", .get = event_fd },
	{ COLUMN_NS("duration", "TOOK", "duration of the call"), .get = event_duration },
	{ COLUMN_NS("wait", "FENCE", "part of the duration spent waiting for fences"),
	  .get = event_wait },
	{ COLUMN_NODE(12, "device file of the ioctl"), FIELD(model_event, node) },
	{ COLUMN_NS("lifetime", "LIVED", "release: time since the export, if known"),
	  FIELD(model_event, lifetime), .zero_unknown = true },
	{ .name = "name", .title = "NAME", .type = VALUE_STRING, .width = 12,
	  .help = "name: new name of the buffer", .get = event_text },
	{ .name = "fence_driver", .title = "DRIVER", .type = VALUE_STRING, .width = 8,
	  .help = "fence_wait: driver of the fence", .get = event_fence_driver },
	{ .name = "fence_timeline", .title = "TIMELINE", .type = VALUE_STRING, .width = 10,
	  .help = "fence_wait: timeline of the fence", .get = event_fence_timeline },
	{ .name = "child", .title = "CHILD", .type = VALUE_ID, .width = 7,
	  .help = "fork: new process", .get = event_child },
	{ .name = "status", .title = "STATUS", .type = VALUE_ID, .width = 6,
	  .help = "exit, left: exit status of the process, as in wait(2)",
	  .get = event_status },
	{ COLUMN_STACK("kernel_stack", "KERNEL", "kernel"),
	  .get = event_kernel_stack, .item = event_kernel_frame },
	{ COLUMN_STACK("user_stack", "USER", "program"),
	  .get = event_user_stack, .item = event_user_frame },
	{ 0 }
};

const struct view event_view = { .name = "events", .columns = event_columns, .sort = "time" };

static const struct model_operation *operation_of(const void *row)
{
	return row;
}

#define TIMED_OF(function, field)							\
static void function(const void *row, struct value *v)					\
{											\
	v->number = operation_of(row)->histogram.field;					\
	v->known = event_is_call(operation_of(row)->type);				\
}

#define PERCENTILE_OF(function, percent)						\
static void function(const void *row, struct value *v)					\
{											\
	v->known = event_is_call(operation_of(row)->type) &&				\
		   histogram_percentile(&operation_of(row)->histogram, percent, &v->number);	\
	if (operation_of(row)->ranked)							\
		v->number = operation_of(row)->p##percent;				\
}

TIMED_OF(operation_sum, sum)
TIMED_OF(operation_wait, wait)
TIMED_OF(operation_max, max)
PERCENTILE_OF(operation_p50, 50)
PERCENTILE_OF(operation_p90, 90)
PERCENTILE_OF(operation_p99, 99)

static void operation_rate(const struct model *m, const void *row, struct value *v)
{
	v->number = operation_of(row)->rate * 1000 + 0.5;
	v->known = m && m->operations_timed;
}

static void operation_op(const void *row, struct value *v)
{
	set_string(v, event_name(operation_of(row)->type));
}

static void operation_direction(const void *row, struct value *v)
{
	set_string(v, direction_name(operation_of(row)->direction));
}

/* All buckets or none. Bucket i begins at 2^i ns, bucket 0 at 0. */
static void operation_buckets(const void *row, struct value *v)
{
	v->known = event_is_call(operation_of(row)->type);
	v->number = HISTOGRAM_BUCKETS;
}

static const char *operation_bucket(const struct model *m, const void *row, uint32_t i)
{
	static char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, operation_of(row)->histogram.buckets[i]);
	return digits;
}

const struct column operation_columns[] = {
	{ .name = "op", .title = "OP", .type = VALUE_STRING, .width = 10,
	  .help = "operation", .get = operation_op },
	{ COLUMN_DIRECTION, .get = operation_direction },
	{ COLUMN_EXPORTER(model_operation, 10, "exporting driver") },
	{ COLUMN_DEVICE(model_operation, "attached device") },
	{ COLUMN_COUNT("count", "COUNT", 6, "number of operations, including failed operations"),
	  FIELD(model_operation, histogram.count) },
	{ COLUMN_COUNT("errors", "ERRORS", 6, "number of failed operations"),
	  FIELD(model_operation, histogram.errors) },
	{ .name = "rate", .title = "/S", .type = VALUE_RATE, .width = 5,
	  .help = "operations per second since the last refresh", .look_up = operation_rate },
	{ COLUMN_NS("p50", "P50", "50th percentile of durations"), .get = operation_p50 },
	{ COLUMN_NS("p90", "P90", "90th percentile of durations"), .get = operation_p90 },
	{ COLUMN_NS("p99", "P99", "99th percentile of durations"), .get = operation_p99 },
	{ COLUMN_NS("max", "MAX", "longest duration"), .get = operation_max },
	{ COLUMN_NS("sum", "TOTAL", "total duration"), .get = operation_sum },
	{ COLUMN_NS("wait", "FENCE", "part of the total spent waiting for fences"),
	  .get = operation_wait },
	{ .name = "bytes", .title = "BYTES", .type = VALUE_BYTES, .width = 6,
	  .help = "sum of the sizes of the buffers, over all operations",
	  FIELD(model_operation, histogram.bytes) },
	{ .name = "buckets", .title = "BUCKETS", .type = VALUE_IDS,
	  .help = "calls by duration: item i, from 0, counts calls of 2^i ns to 2^(i+1) ns",
	  .get = operation_buckets, .item = operation_bucket },
	{ 0 }
};

bool operation_shown(const struct model *m, const void *row)
{
	return operation_of(row)->histogram.count;
}

const struct view operation_view = {
	.name = "operations", .columns = operation_columns, .sort = "exporter",
};
