// SPDX-License-Identifier: GPL-2.0
/* The columns of events and of operations; see columns.h. */
#include <inttypes.h>
#include <stdio.h>

#include "model/events.h"
#include "model/snapshot.h"
#include "output/columns.h"
#include "output/getters.h"
#include "output/stack.h"

const char *direction_name(unsigned int direction)
{
	static const char *const names[] = { "bidirectional", "to_device", "from_device", NULL };

	return names[direction & EVENT_DIRECTION];
}

static const struct model_event *event_of(const void *row)
{
	return row;
}

/* A field of the record, known where it is meant */
#define RAW_OF(function, field, when)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	const struct dmabuf_event *raw = &event_of(row)->raw;				\
											\
	(void)m;									\
	v->number = raw->field;								\
	v->known = when;								\
}

static bool is_process(unsigned int type)
{
	return type == EVENT_FORK || type == EVENT_EXEC || type == EVENT_EXIT;
}

NUMBER_OF(event_time, model_event, realtime)
RAW_OF(event_cpu, cpu, true)
RAW_OF(event_tid, tid, true)
RAW_OF(event_ino, ino, raw->ino)
RAW_OF(event_attachment, attachment, raw->attachment && !is_process(raw->type))
RAW_OF(event_duration, value, event_is_call(raw->type))
RAW_OF(event_wait, wait, event_is_call(raw->type))
RAW_OF(event_size, value, raw->ino && !event_is_call(raw->type))
RAW_OF(event_dynamic, flags & EVENT_DYNAMIC, raw->type == EVENT_ATTACH && !raw->result)
RAW_OF(event_mapped, flags & EVENT_MAPPED, raw->type == EVENT_DETACH || raw->type == EVENT_LEFT)
RAW_OF(event_status, result, raw->type == EVENT_EXIT || raw->type == EVENT_LEFT)
RAW_OF(event_child, attachment, raw->type == EVENT_FORK)
RAW_OF(event_fd, result, (raw->type == EVENT_FD || raw->type == EVENT_GET) && raw->result >= 0)
STRING_OF(event_comm, model_event, comm)
STRING_OF(event_exporter, model_event, exporter)
STRING_OF(event_device, model_event, device)
STRING_OF(event_node, model_event, node)

static void event_event(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_string(v, event_name(event_of(row)->raw.type));
}

static void event_pid(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = event_of(row)->pid;
	v->known = v->number;
}

static void event_direction(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_string(v, direction_name(event_of(row)->raw.flags));
}

/* As a positive errno: 0 is success. */
static void event_error(const struct model *m, const void *row, struct value *v)
{
	const struct dmabuf_event *raw = &event_of(row)->raw;

	(void)m;
	set_number(v, raw->result < 0 ? -(int64_t)raw->result : 0);
}

static void event_lifetime(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = event_of(row)->lifetime;
	v->known = v->number;
}

static void event_text(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	if (event_of(row)->raw.type == EVENT_NAME)
		set_string(v, event_of(row)->text);
}

static void event_fence_driver(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	if (event_of(row)->raw.type == EVENT_FENCE_WAIT)
		set_string(v, event_of(row)->text);
}

static void event_fence_timeline(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	if (event_of(row)->raw.type == EVENT_FENCE_WAIT)
		set_string(v, event_of(row)->text2);
}

#define STACK_OF(function, item, field)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
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

const struct column event_columns[EVENT_COLUMNS] = {
	{ "time", "TIME", VALUE_TIME, "ns", 15, CUT_TAIL, "when it had happened, since 1970", event_time, NULL },
	{ "event", "EVENT", VALUE_STRING, "", 10, CUT_TAIL, "what happened", event_event, NULL },
	{ "pid", "PID", VALUE_ID, "", 7, CUT_TAIL, "process (thread group)", event_pid, NULL },
	{ "tid", "TID", VALUE_ID, "", 7, CUT_TAIL, "thread", event_tid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 15, CUT_TAIL, "the thread's name", event_comm, NULL },
	{ "cpu", "CPU", VALUE_ID, "", 3, CUT_TAIL, "where it ran", event_cpu, NULL },
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL, "the buffer", event_ino, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported it, if that was seen", event_exporter, NULL },
	{ "size", "SIZE", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "size of the buffer, of mmap the length; of calls unknown", event_size, NULL },
	{ "device", "DEVICE", VALUE_STRING, "", 17, CUT_MIDDLE, "device attached to it", event_device, NULL },
	{ "attachment", "ATT", VALUE_ID, "", 4, CUT_TAIL,
	  "attachment, counted from the start of the trace", event_attachment, NULL },
	{ "dynamic", "DYNAMIC", VALUE_BOOL, "", 7, CUT_TAIL,
	  "attach: whether the importer lets the buffer move", event_dynamic, NULL },
	{ "mapped", "MAPPED", VALUE_BOOL, "", 6, CUT_TAIL,
	  "detach: whether it was still mapped; left: a mapping, not an fd", event_mapped, NULL },
	{ "direction", "DIR", VALUE_STRING, "", 13, CUT_TAIL,
	  "to_device, from_device or bidirectional", event_direction, NULL },
	{ "error", "ERROR", VALUE_ID, "", 5, CUT_TAIL, "errno, 0 success", event_error, NULL },
	{ "fd", "FD", VALUE_ID, "", 4, CUT_TAIL, "fd, get: the descriptor", event_fd, NULL },
	{ "duration", "TOOK", VALUE_NS, "ns", 6, CUT_TAIL, "how long the call took", event_duration, NULL },
	{ "wait", "FENCE", VALUE_NS, "ns", 6, CUT_TAIL,
	  "of that, waiting for fences", event_wait, NULL },
	{ "node", "NODE", VALUE_STRING, "", 12, CUT_HEAD,
	  "device file whose ioctl did it", event_node, NULL },
	{ "lifetime", "LIVED", VALUE_NS, "ns", 6, CUT_TAIL,
	  "release: since the export, if that was seen", event_lifetime, NULL },
	{ "name", "NAME", VALUE_STRING, "", 12, CUT_TAIL, "name: the new one", event_text, NULL },
	{ "fence_driver", "DRIVER", VALUE_STRING, "", 8, CUT_TAIL,
	  "fence_wait: the fence's driver", event_fence_driver, NULL },
	{ "fence_timeline", "TIMELINE", VALUE_STRING, "", 10, CUT_TAIL,
	  "fence_wait: its timeline", event_fence_timeline, NULL },
	{ "child", "CHILD", VALUE_ID, "", 7, CUT_TAIL, "fork: the new process", event_child, NULL },
	{ "status", "STATUS", VALUE_ID, "", 6, CUT_TAIL,
	  "exit, left: the process' exit status, as wait(2) has it", event_status, NULL },
	{ "kernel_stack", "KERNEL", VALUE_LIST, "", 20, CUT_TAIL,
	  "the kernel's functions that led to it, the innermost first", event_kernel_stack,
	  event_kernel_frame },
	{ "user_stack", "USER", VALUE_LIST, "", 20, CUT_TAIL,
	  "the program's functions that led to it, the innermost first", event_user_stack,
	  event_user_frame },
};

const struct view event_view = {
	"events", "Events", event_columns, ARRAY_SIZE(event_columns), "time", NULL, NULL,
};

static const struct model_operation *operation_of(const void *row)
{
	return row;
}

#define HISTOGRAM_OF(function, field)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
	set_number(v, operation_of(row)->histogram.field);				\
}

#define TIMED_OF(function, field)							\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
	v->number = operation_of(row)->histogram.field;					\
	v->known = event_is_call(operation_of(row)->type);				\
}

#define PERCENTILE_OF(function, percent)						\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
	v->known = event_is_call(operation_of(row)->type) &&				\
		   histogram_percentile(&operation_of(row)->histogram, percent, &v->number);	\
	if (operation_of(row)->ranked)							\
		v->number = operation_of(row)->p##percent;				\
}

STRING_OF(operation_exporter, model_operation, exporter)
STRING_OF(operation_device, model_operation, device)
HISTOGRAM_OF(operation_count, count)
HISTOGRAM_OF(operation_errors, errors)
HISTOGRAM_OF(operation_bytes, bytes)
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

static void operation_op(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_string(v, event_name(operation_of(row)->type));
}

static void operation_direction(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	set_string(v, direction_name(operation_of(row)->direction));
}

/* All of them or none; bucket i begins with 2^i ns, the first with 0. */
static void operation_buckets(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->known = event_is_call(operation_of(row)->type);
	v->number = HISTOGRAM_BUCKETS;
}

static const char *operation_bucket(const struct model *m, const void *row, uint32_t i)
{
	static char digits[24];

	(void)m;
	snprintf(digits, sizeof(digits), "%" PRIu64, operation_of(row)->histogram.buckets[i]);
	return digits;
}

const struct column operation_columns[] = {
	{ "op", "OP", VALUE_STRING, "", 10, CUT_TAIL, "what was done", operation_op, NULL },
	{ "direction", "DIR", VALUE_STRING, "", 13, CUT_TAIL,
	  "to_device, from_device or bidirectional", operation_direction, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported the buffers", operation_exporter, NULL },
	{ "device", "DEVICE", VALUE_STRING, "", 17, CUT_MIDDLE,
	  "device attached to them", operation_device, NULL },
	{ "count", "COUNT", VALUE_NUMBER, "", 6, CUT_TAIL,
	  "how often, those that failed too", operation_count, NULL },
	{ "errors", "ERRORS", VALUE_NUMBER, "", 6, CUT_TAIL, "how often it failed", operation_errors, NULL },
	{ "rate", "/S", VALUE_RATE, "1/s", 5, CUT_TAIL,
	  "how often in a second, since the last refresh", operation_rate, NULL },
	{ "p50", "P50", VALUE_NS, "ns", 6, CUT_TAIL,
	  "half of the calls took no longer", operation_p50, NULL },
	{ "p90", "P90", VALUE_NS, "ns", 6, CUT_TAIL, "90 % of them took no longer", operation_p90, NULL },
	{ "p99", "P99", VALUE_NS, "ns", 6, CUT_TAIL, "99 % of them took no longer", operation_p99, NULL },
	{ "max", "MAX", VALUE_NS, "ns", 6, CUT_TAIL, "the longest", operation_max, NULL },
	{ "sum", "TOTAL", VALUE_NS, "ns", 6, CUT_TAIL, "all of them together", operation_sum, NULL },
	{ "wait", "FENCE", VALUE_NS, "ns", 6, CUT_TAIL,
	  "of that, waiting for fences", operation_wait, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "sizes of the buffers, once for each call", operation_bytes, NULL },
	{ "buckets", "BUCKETS", VALUE_IDS, "", 0, CUT_TAIL,
	  "calls by duration: place i, from 0, those of 2^i ns and more", operation_buckets,
	  operation_bucket },
};

const struct view operation_view = {
	"operations", "Operations", operation_columns, ARRAY_SIZE(operation_columns), "exporter",
	NULL, NULL,
};
