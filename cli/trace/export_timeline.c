// SPDX-License-Identifier: GPL-2.0
/*
 * dmabuf-trace export, for tools that draw time: a track for each buffer, with lifetime,
 * attachments, mappings and calls; a counter for each process, of the bytes held. A slice is
 * written at its end, so memory grows with live objects only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/lanes.h"
#include "model/table.h"
#include "output/text.h"
#include "trace/export.h"
#include "trace/report.h"

#define MAX_ARGS 12

struct timeline_buffer {
	uint64_t ino;			/* 0: no buffer */
	uint64_t track;
	uint64_t start;			/* CLOCK_MONOTONIC, ns */
	uint64_t size;
	const char *exporter;		/* NULL unknown */
	char comm[17], name[33];
	uint32_t pid;			/* exporting process, 0 unknown */
	bool older;			/* than the recording */
	struct lanes lanes;
	uint64_t *tracks;		/* of the lanes; the first is the buffer's own */
	uint32_t n_tracks, room_tracks;
	/* The last two writers, the later first */
	struct flow {
		uint64_t id;		/* 0 none */
		uint64_t start;
		uint64_t writer, reader;	/* reader: the last one */
	} flows[2];
};

struct timeline_attachment {
	uint64_t id;
	uint64_t ino;
	uint64_t start, mapped;
	uint32_t maps;
	const char *device;
};

struct timeline_held {
	uint64_t pid;
	uint64_t process, track, bytes;
	uint32_t seen;			/* snapshot, counted from 1 */
	bool renamed;
	char comm[17];
};

struct export {
	struct report *report;
	struct timeline timeline;
	struct table buffers, attachments, held;
	struct intern strings;
	uint64_t tracks, flows;		/* the last numbers given */
	uint64_t last;			/* time */
	uint32_t snapshots;
};

static int add_track(struct export *x, uint64_t *id, uint64_t parent, const char *name)
{
	const struct timeline_track track = { .id = *id = ++x->tracks, .parent = parent,
					      .name = name };

	return x->timeline.ops->track(&x->timeline, &track);
}

/* NULL: no memory, or a failed write. */
static struct timeline_buffer *get_buffer(struct export *x, uint64_t ino, uint64_t start)
{
	struct timeline_buffer *b = table_get(&x->buffers, ino);
	uint64_t *track;
	char name[40];

	if (b)
		return b;
	b = table_add(&x->buffers, ino);
	if (!b)
		return NULL;
	b->start = start;
	b->older = true;
	track = array_add(&b->tracks, &b->n_tracks, &b->room_tracks, sizeof(*track));
	if (!track)
		return NULL;
	snprintf(name, sizeof(name), ino ? "buffer %" PRIu64 : "no buffer", ino);
	if (add_track(x, track, 0, name))
		return NULL;
	b->track = *track;
	return b;
}

/* Write the slice on a lane of the buffer without another slice at this time. */
static int put_slice(struct export *x, struct timeline_buffer *b, struct timeline_slice *s)
{
	uint32_t lane = 0;
	char name[48];

	if (!s->moment) {
		lane = lanes_take(&b->lanes, s->start, s->end);
		if (lane == UINT32_MAX)
			return -ENOMEM;
	}
	while (lane >= b->n_tracks) {
		uint64_t *track = array_add(&b->tracks, &b->n_tracks, &b->room_tracks,
					    sizeof(*track));
		int err;

		if (!track)
			return -ENOMEM;
		snprintf(name, sizeof(name), "concurrent %u", b->n_tracks - 1);
		err = add_track(x, track, b->track, name);
		if (err)
			return err;
	}
	s->track = b->tracks[lane];
	s->parent = lane ? b->track : 0;
	return x->timeline.ops->slice(&x->timeline, s);
}

static void add_arg(struct timeline_slice *s, struct timeline_arg *args, const char *name,
		    const char *string, int64_t number)
{
	if (s->n_args < MAX_ARGS)
		args[s->n_args++] = (struct timeline_arg){ name, string, number };
	s->args = args;
}

static int end_life(struct export *x, struct timeline_buffer *b, uint64_t end, const char *how)
{
	struct timeline_arg args[MAX_ARGS];
	struct timeline_slice s = { .start = b->start, .end = end > b->start ? end : b->start };
	char name[64], size[8];

	snprintf(name, sizeof(name), "%s %s", b->exporter ? b->exporter : "buffer",
		 text_size(size, b->size));
	s.name = name;
	add_arg(&s, args, "ino", NULL, b->ino);
	add_arg(&s, args, "size", NULL, b->size);
	if (b->exporter)
		add_arg(&s, args, "exporter", b->exporter, 0);
	if (b->pid) {
		add_arg(&s, args, "pid", NULL, b->pid);
		add_arg(&s, args, "comm", b->comm, 0);
	}
	if (*b->name)
		add_arg(&s, args, "name", b->name, 0);
	if (b->older)
		add_arg(&s, args, "begins", "before the recording", 0);
	if (how)
		add_arg(&s, args, "ends", how, 0);
	return put_slice(x, b, &s);
}

static void forget_buffer(struct export *x, struct timeline_buffer *b)
{
	lanes_free(&b->lanes);
	free(b->tracks);
	table_remove(&x->buffers, b->ino);
}

static int put_state(struct export *x, struct timeline_buffer *b,
		     const struct timeline_attachment *a, const char *what, uint64_t start,
		     uint64_t end)
{
	struct timeline_arg args[MAX_ARGS];
	struct timeline_slice s = { .start = start, .end = end > start ? end : start };
	char name[96];

	snprintf(name, sizeof(name), "%s %s", what, a->device ? a->device : "-");
	s.name = name;
	add_arg(&s, args, "attachment", NULL, a->id);
	return put_slice(x, b, &s);
}

/* From being attached to being detached, and mapped as long as any mapping is there. */
static int take_attachment(struct export *x, struct timeline_buffer *b, const struct model_event *e)
{
	const struct dmabuf_event *raw = &e->raw;
	struct timeline_attachment *a;
	int err = 0;

	if (!raw->attachment || raw->result < 0 || raw->type < EVENT_ATTACH ||
	    raw->type > EVENT_UNMAP)
		return 0;
	a = table_add(&x->attachments, raw->attachment);
	if (!a)
		return -ENOMEM;
	if (!a->start) {
		a->start = raw->type == EVENT_ATTACH ? raw->time : b->start;
		a->ino = raw->ino;
		a->device = intern(&x->strings, e->device, SIZE_MAX);
	}
	if (raw->type == EVENT_MAP && !a->maps++)
		a->mapped = raw->time;
	else if (raw->type == EVENT_UNMAP && a->maps && !--a->maps)
		err = put_state(x, b, a, "mapped", a->mapped, raw->time);
	if (raw->type != EVENT_DETACH)
		return err;
	if (a->maps)
		err = put_state(x, b, a, "mapped", a->mapped, raw->time);
	if (!err)
		err = put_state(x, b, a, "attached", a->start, raw->time);
	table_remove(&x->attachments, raw->attachment);
	return err;
}

/* Who acts: a device, or the CPU for a process. Never 0. */
static uint64_t actor(const struct model_event *e)
{
	return e->device ? hash_string(e->device) | 1 : (uint64_t)e->pid << 1 | 1ull << 63;
}

/*
 * Draw an arrow from the writer of the content to each next reader. A device writes during a
 * mapping from_device, until the unmap. enum dma_data_direction is the device's direction: the
 * CPU reads data from_device.
 */
static void set_flow(struct export *x, struct timeline_buffer *b, const struct model_event *e,
		     struct timeline_slice *s)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION, type = e->raw.type;
	bool cpu = type == EVENT_BEGIN || type == EVENT_END;
	bool both = direction == 0;
	bool out = direction == (cpu ? 2 : 1), in = direction == (cpu ? 1 : 2);
	bool reads = (type == EVENT_MAP || type == EVENT_BEGIN) && (both || out);
	bool writes = (type == EVENT_MAP || type == EVENT_UNMAP || type == EVENT_END) &&
		      (both || in);
	struct flow *flow;

	if (e->raw.result < 0 || !b->ino)
		return;
	for (flow = b->flows; reads && flow < b->flows + 2; flow++) {
		/* An arrow does not go back in time */
		if (!flow->id || flow->start > s->start)
			continue;
		if (actor(e) == flow->writer || actor(e) == flow->reader)
			break;
		flow->reader = actor(e);
		s->flow = flow->id;
		s->flow_ends = true;
		return;
	}
	if (!writes)
		return;
	b->flows[1] = b->flows[0];
	b->flows[0] = (struct flow){ .id = ++x->flows, .start = s->start, .writer = actor(e) };
	s->flow = b->flows[0].id;
}

static int put_event(struct export *x, struct timeline_buffer *b, const struct model_event *e)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION;
	bool call = event_is_call(e->raw.type);
	struct timeline_arg args[MAX_ARGS];
	struct timeline_slice s = { .end = e->raw.time, .moment = !call };
	char name[96];

	s.start = call && e->raw.value < e->raw.time ? e->raw.time - e->raw.value : e->raw.time;
	snprintf(name, sizeof(name), e->device ? "%s %s" : "%s", event_name(e->raw.type),
		 e->device);
	s.name = name;
	if (e->raw.ino)
		add_arg(&s, args, "ino", NULL, e->raw.ino);
	if (e->pid)
		add_arg(&s, args, "pid", NULL, e->pid);
	add_arg(&s, args, "tid", NULL, e->raw.tid);
	if (e->comm)
		add_arg(&s, args, "comm", e->comm, 0);
	if (direction < 3)
		add_arg(&s, args, "direction", direction_name(direction), 0);
	if (e->raw.type == EVENT_FD || e->raw.type == EVENT_GET || e->raw.result)
		add_arg(&s, args, e->raw.result < 0 ? "error" : "fd", NULL,
			e->raw.result < 0 ? -(int64_t)e->raw.result : e->raw.result);
	if (call && e->raw.wait)
		add_arg(&s, args, "fence_wait", NULL, e->raw.wait);
	if (e->raw.type == EVENT_MMAP)
		add_arg(&s, args, "length", NULL, e->raw.value);
	if (e->raw.type == EVENT_FORK)
		add_arg(&s, args, "child", NULL, e->raw.attachment);
	if (e->node)
		add_arg(&s, args, "node", e->node, 0);
	if (e->text && e->raw.type == EVENT_NAME)
		add_arg(&s, args, "name", e->text, 0);
	if (e->text && e->raw.type == EVENT_FENCE_WAIT) {
		add_arg(&s, args, "driver", e->text, 0);
		add_arg(&s, args, "timeline", e->text2, 0);
	}
	set_flow(x, b, e, &s);
	return put_slice(x, b, &s);
}

static void take_export(struct export *x, struct timeline_buffer *b, const struct model_event *e)
{
	/* An earlier snapshot may have the buffer: events are delivered later */
	b->older = false;
	b->start = e->raw.time;
	b->size = e->raw.value;
	b->exporter = intern(&x->strings, e->exporter, SIZE_MAX);
	b->pid = e->pid;
	if (e->comm)
		snprintf(b->comm, sizeof(b->comm), "%s", e->comm);
}

static int take_event(void *ctx, const struct model_event *e)
{
	struct export *x = ctx;
	struct timeline_buffer *b = get_buffer(x, e->raw.ino, e->raw.time);
	int err = b ? 0 : -ENOMEM;

	x->report->matches++;
	if (e->raw.time > x->last)
		x->last = e->raw.time;
	if (err)
		return err;
	if (e->raw.type == EVENT_EXPORT && !e->raw.result && e->raw.ino) {
		take_export(x, b, e);
		return 0;
	}
	if (e->raw.type == EVENT_RELEASE && e->raw.ino) {
		err = end_life(x, b, e->raw.time, NULL);
		forget_buffer(x, b);
		return err;
	}
	if (e->raw.type == EVENT_NAME && e->text)
		snprintf(b->name, sizeof(b->name), "%.32s", e->text);
	err = put_event(x, b, e);
	return err ? err : take_attachment(x, b, e);
}

static int take_older(void *ctx, const struct replay_older *o)
{
	struct export *x = ctx;
	const struct recording_head *head = recording_head(source_file(&x->report->source));
	struct timeline_buffer *b = get_buffer(x, o->ino, head->start);

	if (!b)
		return -ENOMEM;
	b->size = o->size;
	b->exporter = intern(&x->strings, o->exporter, SIZE_MAX);
	snprintf(b->name, sizeof(b->name), "%.32s", o->name ? o->name : "");
	return 0;
}

static int take_gone(void *ctx, uint64_t ino)
{
	struct export *x = ctx;
	struct timeline_buffer *b = table_get(&x->buffers, ino);
	int err = b ? end_life(x, b, x->last, "when events were lost") : 0;

	if (b)
		forget_buffer(x, b);
	return err;
}

static int count_held(struct export *x, const struct timeline_held *h, uint64_t time,
		      uint64_t bytes, bool new)
{
	char name[40];
	const struct timeline_track track = {
		.id = h->track, .parent = h->process, .pid = h->pid, .counter = true, .name = name,
	};
	int err;

	snprintf(name, sizeof(name), h->renamed ? "held by %s" : h->pid ? "held" :
		 "held by the kernel alone", h->comm);
	err = new ? x->timeline.ops->track(&x->timeline, &track) : 0;
	return err ? err : x->timeline.ops->counter(&x->timeline, &track, time, bytes);
}

/* A pid has a new counter after exec, and for a new process. */
static int put_held(struct export *x, struct timeline_held *h, const char *comm, uint64_t time,
		    uint64_t bytes)
{
	bool new = !h->track || (h->pid && comm && strncmp(h->comm, comm, sizeof(h->comm) - 1));
	int err = 0;

	if (new && h->track) {
		err = h->bytes ? count_held(x, h, time, 0, false) : 0;
		h->renamed = true;
	} else if (new && h->pid) {
		struct timeline_track own = { .id = h->process = ++x->tracks, .pid = h->pid,
					      .name = comm ? comm : "-" };

		err = x->timeline.ops->track(&x->timeline, &own);
	}
	if (new) {
		h->track = ++x->tracks;
		snprintf(h->comm, sizeof(h->comm), "%s", comm ? comm : "");
	}
	h->bytes = bytes;
	return err ? err : count_held(x, h, time, bytes, new);
}

/* Write the bytes that each process holds, and 0 for a process that holds none any more. */
static int take_snapshot(void *ctx, uint32_t i)
{
	struct export *x = ctx;
	struct report *r = x->report;
	uint64_t time = recording_snapshot_time(source_file(&r->source), i);
	int err;

	source_choose(&r->source, i);
	err = source_snapshot(&r->source, &r->model, &r->common.filter);
	if (err)
		return report_damaged(r, r->path, err);
	x->snapshots++;
	if (time > x->last)
		x->last = time;
	for (uint32_t j = 0; j < r->model.n_processes && !err; j++) {
		const struct model_process *p = &r->model.processes[j];
		struct timeline_held *h;

		if (!p->matches || !p->buffers)
			continue;
		h = table_add(&x->held, p->pid);
		if (!h)
			return -ENOMEM;
		h->seen = x->snapshots;
		r->matches++;
		err = put_held(x, h, p->comm, time, p->pid ? p->rss : model_pss(p));
	}
	for (uint32_t j = 0; j < x->held.n && !err; j++) {
		struct timeline_held *h = table_row(&x->held, j);

		if (h->seen != x->snapshots && h->bytes)
			err = put_held(x, h, NULL, time, 0);
	}
	return err;
}

/* End all open slices at the end of the recording. */
static int end_all(struct export *x)
{
	int err = 0;

	for (uint32_t i = 0; i < x->attachments.n && !err; i++) {
		const struct timeline_attachment *a = table_row(&x->attachments, i);
		struct timeline_buffer *b = table_get(&x->buffers, a->ino);

		if (b && a->maps)
			err = put_state(x, b, a, "mapped", a->mapped, x->last);
		if (b && !err)
			err = put_state(x, b, a, "attached", a->start, x->last);
	}
	while (x->buffers.n && !err) {
		struct timeline_buffer *b = table_row(&x->buffers, x->buffers.n - 1);

		if (b->ino)
			err = end_life(x, b, x->last, "after the recording");
		forget_buffer(x, b);
	}
	return err;
}

int export_timeline(struct report *r, const struct timeline_ops *ops)
{
	const struct recording_head *head = recording_head(source_file(&r->source));
	struct export x = {
		.report = r, .timeline = { .ops = ops, .out = r->out }, .last = head->start,
		.buffers.size = sizeof(struct timeline_buffer),
		.attachments.size = sizeof(struct timeline_attachment),
		.held.size = sizeof(struct timeline_held),
	};
	const struct replay_taker taker = {
		.event = take_event, .snapshot = take_snapshot, .older = take_older,
		.gone = take_gone, .ctx = &x,
	};
	int err = ops->begin(&x.timeline, &(struct timeline_about){
		.realtime = head->realtime, .boottime = head->boottime, .start = head->start });

	if (!err)
		err = replay_run(r->replay, &taker, UINT32_MAX);
	if (!err)
		err = end_all(&x);
	if (ops->end) {
		int ended = ops->end(&x.timeline);

		err = err ? err : ended;
	}
	while (x.buffers.n)
		forget_buffer(&x, table_row(&x.buffers, x.buffers.n - 1));
	table_free(&x.buffers);
	table_free(&x.attachments);
	table_free(&x.held);
	intern_free(&x.strings);
	return err;
}
