// SPDX-License-Identifier: GPL-2.0
/* What the hooks tell: records from the ring made into events; events.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "events_shared.h"
#include "events.skel.h"
#include "model/filter.h"
#include "events/own.h"
#include "source/names.h"

#define HELD_MAX (1 << 20)		/* bytes of records that wait for a stack */
#define KNOWN_MIN 1024			/* so many are kept, alive or not */
#define INIT_PID_NS 0xeffffffc		/* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/* What each row of what is known begins with. */
struct event_known {
	uint64_t key;			/* tid, or inode */
	bool gone;			/* for all that the kernel knows */
};

struct event_task {
	struct event_known known;
	uint64_t cgroup;
	uint32_t pid;
	const char *comm;
};

struct event_buffer {
	struct event_known known;
	uint64_t exported;		/* CLOCK_MONOTONIC, ns */
	const char *exporter;
	uint64_t size;
};

const char *events_node(struct events *e, uint32_t number)
{
	if (!number || number > EVENTS_MAX_NODES)
		return NULL;
	return node_of_number(&e->nodes, e->skel->bss->tables.nodes[number - 1]);
}

/* Returns its row, which is then of one that lives; NULL: no memory. */
static void *know(struct events_known *known, uint64_t key)
{
	struct event_known *row = table_add(&known->rows, key);

	if (row)
		row->gone = false;
	return row;
}

static int keep_task(struct events *e, const struct dmabuf_event_task *record)
{
	struct event_task *task = know(&e->tasks, record->tid);

	if (!task)
		return -ENOMEM;
	task->pid = record->pid;
	task->cgroup = record->cgroup;
	task->comm = intern(&e->strings, record->comm, sizeof(record->comm));
	return 0;
}

static int keep_buffer(struct events *e, const struct dmabuf_event *record)
{
	struct event_buffer *buffer;

	if (record->type != EVENT_EXPORT || record->result)
		return 0;
	buffer = know(&e->buffers, record->ino);
	if (!buffer)
		return -ENOMEM;
	buffer->exported = record->time;
	buffer->exporter = events_exporter(e, record->device);
	buffer->size = record->value;
	return 0;
}

/* Whether the numbers of tasks that the kernel tells are those that we know them by. */
static bool is_init_pid_ns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == INIT_PID_NS;
}

static int mark_tasks(struct events *e)
{
	for (uint32_t i = 0; i < e->tasks.rows.n; i++) {
		struct event_task *task = table_row(&e->tasks.rows, i);

		task->known.gone = tgkill(task->pid, task->known.key, 0) && errno == ESRCH;
	}
	return 0;
}

static int mark_alive(struct events *e, uint64_t ino, const void *value, void *ctx)
{
	struct event_known *row = table_get(&e->buffers.rows, ino);

	if (row)
		row->gone = false;
	return 0;
}

/* Those whose release was lost, or is not wanted. */
static int mark_buffers(struct events *e)
{
	for (uint32_t i = 0; i < e->buffers.rows.n; i++)
		((struct event_known *)table_row(&e->buffers.rows, i))->gone = true;
	return events_read_map(e, MAP_BUFFERS, mark_alive, NULL);
}

/*
 * Forgets those that are gone, when there are twice as many as were alive before: they are marked,
 * and go once what was told until then has been read, which may be of them. now: the last event's.
 */
static int forget(struct events *e, struct events_known *known, uint64_t now,
		  int (*mark)(struct events *e))
{
	int err;

	if (!known->marked) {
		if (known->rows.n < KNOWN_MIN || known->rows.n < 2 * known->alive)
			return 0;
		err = mark(e);
		known->marked = now_ns();
		return err;
	}
	if (now < known->marked)
		return 0;
	/* From the end, since the last one fills a gap */
	for (uint32_t i = known->rows.n; i--;) {
		const struct event_known *row = table_row(&known->rows, i);

		if (row->gone)
			table_remove(&known->rows, row->key);
	}
	known->alive = known->rows.n;
	known->marked = 0;
	return 0;
}

/* Where the kernel's side has no room for more buffers, it knows nothing of some that live. */
static int forget_gone(struct events *e, uint64_t now)
{
	int err = e->is_init_pid_ns ? forget(e, &e->tasks, now, mark_tasks) : 0;

	if (err || e->skel->bss->tables.counts.live_buffers >= EVENTS_MAX_BUFFERS)
		return err;
	return forget(e, &e->buffers, now, mark_buffers);
}

/* The kernel lets through what only begins as the filter wants it; what is unknown passes. */
static bool is_wanted(const struct events *e, const struct model_event *event)
{
	const struct filter *f = e->options.filter;

	if (!f)
		return true;
	if (f->comms.n && !filter_matches_pattern(&f->comms, event->comm))
		return false;
	return events_are_wanted(f, event->exporter, event->device);
}

static int take_event(struct events *e, const struct dmabuf_event *record,
		      const void *more, size_t len)
{
	const struct dmabuf_event_text *text = record->flags & EVENT_HAS_TEXT ? more : NULL;
	const struct dmabuf_event_stack *stack = record->flags & EVENT_HAS_STACK ? more : NULL;
	struct model_event event = { .raw = *record, .realtime = record->time + e->realtime };
	const struct event_task *task = table_get(&e->tasks.rows, record->tid);
	const struct event_buffer *buffer = table_get(&e->buffers.rows, record->ino);

	if (task) {
		event.pid = task->pid;
		event.comm = task->comm;
		event.cgroup = task->cgroup;
	}
	if (buffer) {
		event.exporter = buffer->exporter;
		event.size = buffer->size;
		if (record->type == EVENT_RELEASE)
			event.lifetime = record->time - buffer->exported;
	}
	if (record->type == EVENT_EXPORT)
		event.exporter = events_exporter(e, record->device);
	else
		event.device = events_device(e, record->device);
	event.node = events_node(e, record->node);
	if (text) {
		event.text = text->text;
		event.text2 = text->text + 20;
	}
	if (stack) {
		event.kernel_stack = stack->kernel;
		event.user_stack = stack->user;
	}
	if (!is_wanted(e, &event))
		return 0;
	e->taken++;
	return e->take_raw ? e->take_raw(e->ctx, record, len) : e->take(e->ctx, &event);
}

/* Whether the kernel lets through what the filter may not want. */
static bool has_patterns(const struct filter *f)
{
	return f && (f->comms.n || f->exporters.n || f->devices.n);
}

static int deliver(struct events *e, const void *data, size_t len)
{
	const struct dmabuf_event *event = data;
	struct event_with_stack settled;
	int err;

	if (event->type < EVENT_TYPES && event->flags & EVENT_HAS_STACK && len == sizeof(settled)) {
		memcpy(&settled, data, sizeof(settled));
		settled.stack.user = events_stack_settled(e, settled.stack.user);
		event = &settled.event;
	}
	if (e->take_raw && (event->type == EVENT_TASK || !has_patterns(e->options.filter))) {
		err = e->take_raw(e->ctx, event, len);
		e->taken += event->type < EVENT_TYPES;
		if (!err && event->type == EVENT_TASK && has_patterns(e->options.filter))
			err = keep_task(e, data);
		return err;
	}
	if (event->type == EVENT_TASK)
		return keep_task(e, data);
	err = keep_buffer(e, event) ?:
	      take_event(e, event, len > sizeof(*event) ? (const void *)(event + 1) : NULL, len);
	if (event->type == EVENT_RELEASE)
		table_remove(&e->buffers.rows, event->ino);
	return err ? err : forget_gone(e, event->time);
}

/* Those that waited, in their order, once their stacks are as good as they get. */
static int deliver_held(struct events *e)
{
	int err = events_settle_stacks(e);
	uint64_t len;

	for (size_t at = 0; at < e->held_len && !err; at += sizeof(len) + len) {
		memcpy(&len, e->held + at, sizeof(len));
		err = deliver(e, e->held + at + sizeof(len), len);
	}
	e->held_len = 0;
	return err;
}

/* Records are whole words long, and stay aligned. */
static int hold(struct events *e, const void *data, uint64_t len)
{
	size_t want = e->held_len + sizeof(len) + len;

	if (want > HELD_MAX)
		return deliver_held(e) ?: deliver(e, data, len);
	if (buffer_reserve(&e->held, &e->held_room, want))
		return -ENOMEM;
	memcpy(e->held + e->held_len, &len, sizeof(len));
	memcpy(e->held + e->held_len + sizeof(len), data, len);
	e->held_len = want;
	return 0;
}

static int take_record(void *ctx, void *data, size_t len)
{
	struct events *e = ctx;
	int stack;

	if (e->error)
		return 0;
	stack = events_take_stack(e, data, len);
	if (stack)
		e->error = stack < 0 ? stack : 0;
	else if (events_stacks_wait(e))
		e->error = hold(e, data, len);
	else
		e->error = deliver(e, data, len);
	return 0;
}

static int consume(struct events *e)
{
	int n;

	e->taken = 0;
	n = ring_buffer__consume(e->ring);
	if (!e->error && n < 0)
		e->error = n;
	if (!e->error)
		e->error = deliver_held(e);
	return e->error ? e->error : e->taken;
}

int events_read(struct events *e, int (*take)(void *ctx, const struct model_event *event),
		void *ctx)
{
	e->take = take;
	e->take_raw = NULL;
	e->ctx = ctx;
	return consume(e);
}

int events_read_raw(struct events *e, int (*take)(void *ctx, const void *records, size_t len),
		    void *ctx)
{
	e->take_raw = take;
	e->ctx = ctx;
	return consume(e);
}

int events_open_ring(struct events *e)
{
	e->tasks.rows.size = sizeof(struct event_task);
	e->buffers.rows.size = sizeof(struct event_buffer);
	e->is_init_pid_ns = is_init_pid_ns();
	e->realtime = clock_offset();
	e->ring = ring_buffer__new(bpf_map__fd(e->skel->maps.ring), take_record, e, NULL);
	return e->ring ? 0 : -errno;
}

void events_free_reading(struct events *e)
{
	ring_buffer__free(e->ring);
	events_free_stacks(e);
	free(e->held);
	table_free(&e->tasks.rows);
	table_free(&e->buffers.rows);
	intern_free(&e->strings);
	node_names_free(e->nodes);
	cgroup_names_free(e->cgroups);
}
