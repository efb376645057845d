// SPDX-License-Identifier: GPL-2.0
/* Events of a recording made whole again: who, on what, through which; see replay.h. */
#include "recording/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/filter.h"
#include "model/model.h"
#include "model/table.h"
#include "recording/recording.h"

struct task {
	uint64_t tid;
	uint64_t cgroup;
	uint32_t pid;
	char comm[17];
};

struct replay_buffer {
	uint64_t ino;
	uint64_t size;			/* if sized */
	uint64_t exported;		/* CLOCK_MONOTONIC, ns; 0: before the recording */
	const char *exporter;		/* NULL unknown */
	bool sized;
	bool wanted;			/* exported by who is asked for */
	uint32_t seen;			/* in this snapshot, counted from 1 */
};

struct replay_attachment {
	uint64_t id;
};

struct replay_name {
	uint64_t key;			/* kind << 56 ^ number */
	const char *text, *second;
};

struct replay {
	struct recording *file;
	const struct filter *filter;
	bool by_process, whole;		/* the filter's terms; snapshots hold all buffers */
	uint64_t at;			/* offset of the next block */
	bool more;			/* it goes on with a snapshot that was met */
	uint32_t snapshots;
	uint64_t lost;			/* since the last snapshot */
	int64_t realtime, from, to;
	struct table tasks, buffers, attachments, names;
	struct stacks stacks;
	uint32_t most;			/* rows that a table may have */
	struct intern strings;
	/* Of the event that is told */
	char text[41], text2[21];
};

/*
 * So much may live at one time whatever the file's size, and more as it is larger: what a small one
 * unpacks to may not take all memory there is. The writer stores a byte at least for each event,
 * and snapshots within their bound have less than one buffer in a byte.
 */
#define LIVE_LEAST 65536

static uint64_t name_key(unsigned int kind, uint64_t number)
{
	return (uint64_t)kind << 56 ^ number;
}

struct replay *replay_new(struct recording *file, const struct filter *filter)
{
	struct replay *p = calloc(1, sizeof(*p));
	uint64_t size;

	if (!p)
		return NULL;
	p->file = file;
	p->filter = filter;
	p->by_process = filter && filter_has_process_terms(filter);
	p->whole = !recording_text(file, "filter");
	p->realtime = recording_head(file)->realtime;
	p->from = INT64_MIN;
	p->to = INT64_MAX;
	p->tasks.size = sizeof(struct task);
	p->buffers.size = sizeof(struct replay_buffer);
	p->names.size = sizeof(struct replay_name);
	p->attachments.size = sizeof(struct replay_attachment);
	size = recording_size(file) + LIVE_LEAST;
	p->most = size < UINT32_MAX ? size : UINT32_MAX;
	return p;
}

void replay_window(struct replay *p, int64_t from, int64_t to)
{
	p->from = from;
	p->to = to;
}

static bool in_window(const struct replay *p, int64_t realtime)
{
	return realtime >= p->from && realtime <= p->to;
}

const char *replay_name(const struct replay *p, unsigned int kind, uint64_t number)
{
	const struct replay_name *name = table_get(&p->names, name_key(kind, number));

	return name ? name->text : NULL;
}

const char *replay_second_name(const struct replay *p, unsigned int kind, uint64_t number)
{
	const struct replay_name *name = table_get(&p->names, name_key(kind, number));

	return name ? name->second : NULL;
}

struct stacks *replay_stacks(struct replay *p)
{
	return &p->stacks;
}

uint32_t replay_snapshots(const struct replay *p)
{
	return p->snapshots;
}

static int take_names(struct replay *p, const struct recording_block *b)
{
	const struct recording_name *n = NULL;

	while (recording_next_name(b, &n)) {
		struct replay_name *name;

		if (n->kind >= RECORDING_NAME_KINDS || n->kind == RECORDING_DEVICE_NODES)
			continue;
		name = table_add(&p->names, name_key(n->kind, n->number));
		if (!name)
			return -ENOMEM;
		name->text = intern(&p->strings, n->text, SIZE_MAX);
		name->second = intern(&p->strings, recording_second(n), SIZE_MAX);
		if (!name->text || (recording_second(n) && !name->second))
			return -ENOMEM;
	}
	return 0;
}

/* -E2BIG if there would be more than may be. */
static int add(const struct replay *p, struct table *table, uint64_t key, void *row)
{
	void **place = row;

	*place = table_get(table, key);
	if (*place)
		return 0;
	if (table->n >= p->most)
		return -E2BIG;
	*place = table_add(table, key);
	return *place ? 0 : -ENOMEM;
}

static int take_task(struct replay *p, const struct dmabuf_event_task *record)
{
	struct task *task;
	int err = add(p, &p->tasks, record->tid, &task);

	if (err)
		return err;
	task->pid = record->pid;
	task->cgroup = record->cgroup;
	memcpy(task->comm, record->comm, sizeof(record->comm));
	return 0;
}

/* Those that are too many are unknown. */
static int take_frames(struct replay *p, const struct dmabuf_event_frames *record)
{
	return stacks_count(&p->stacks) < p->most / 8 ? stacks_take(&p->stacks, record) : 0;
}

static bool by_wanted(const struct replay *p, const struct model_event *e)
{
	return !p->by_process ||
	       filter_matches_process(p->filter, e->pid, e->comm,
				      replay_name(p, RECORDING_CGROUP, e->cgroup));
}

/* As live has it: what is unknown passes. */
static bool is_wanted(const struct replay *p, const struct model_event *e,
		      const struct replay_buffer *buffer)
{
	const struct filter *f = p->filter;

	if (!f)
		return true;
	if (!(buffer && buffer->wanted) && !by_wanted(p, e))
		return false;
	return (!e->exporter || filter_matches_pattern(&f->exporters, e->exporter)) &&
	       (!e->device || filter_matches_pattern(&f->devices, e->device)) &&
	       (!buffer || !buffer->sized || buffer->size >= f->min_size);
}

static void set_text(struct replay *p, struct model_event *e, const struct dmabuf_event_text *text)
{
	memcpy(p->text, text->text, sizeof(text->text));
	memcpy(p->text2, text->text + 20, 20);
	if (e->raw.type != EVENT_NAME)
		p->text[20] = '\0';
	e->text = p->text;
	e->text2 = p->text2;
}

static void take_export(struct replay *p, const struct model_event *e, struct replay_buffer *b)
{
	b->exported = e->raw.time;
	b->exporter = e->exporter;
	b->size = e->raw.value;
	b->sized = true;
	b->wanted = p->by_process && by_wanted(p, e);
}

/* Whoever is told keeps no more than there is here. */
static int keep_attachment(struct replay *p, const struct dmabuf_event *e)
{
	struct replay_attachment *a;

	if (!e->attachment || e->type < EVENT_ATTACH || e->type > EVENT_UNPIN)
		return 0;
	if (e->type != EVENT_DETACH)
		return add(p, &p->attachments, e->attachment, &a);
	table_remove(&p->attachments, e->attachment);
	return 0;
}

/* Reads what belongs to an event and stands behind it. */
static void take_more(struct replay *p, struct model_event *e, const struct dmabuf_event *more)
{
	const struct dmabuf_event_stack *stack = (const void *)more;
	const struct dmabuf_event_map_details *map = (const void *)more;
	const struct dmabuf_event_fence_details *fence = (const void *)more;
	uint8_t flags = e->raw.flags;

	if (more->type == EVENT_TEXT && flags & EVENT_HAS_TEXT) {
		set_text(p, e, (const void *)more);
	} else if (more->type == EVENT_STACK && flags & EVENT_HAS_STACK) {
		e->kernel_stack = stack->kernel;
		e->user_stack = stack->user;
	} else if (more->type == EVENT_MAP_DETAILS && flags & EVENT_HAS_DETAILS) {
		e->map = map->runs <= map->seen && map->seen <= map->entries ? map : NULL;
	} else if (more->type == EVENT_FENCE_DETAILS && flags & EVENT_HAS_DETAILS) {
		e->fence = fence->how < EVENT_HOWS ? fence : NULL;
	}
}

static bool is_more(const struct dmabuf_event *record)
{
	return record->type >= EVENT_TEXT && record->type != EVENT_FRAMES;
}

static int take_event(struct replay *p, const struct replay_taker *t,
		      const struct dmabuf_event *record, const struct dmabuf_event *end)
{
	struct model_event e = { .raw = *record, .realtime = record->time + p->realtime };
	const struct task *task = table_get(&p->tasks, record->tid);
	const struct dmabuf_event *more;
	struct replay_buffer *buffer = NULL;
	int err = record->ino ? add(p, &p->buffers, record->ino, &buffer) : 0;

	if (!err)
		err = keep_attachment(p, record);
	if (err)
		return err;
	if (task) {
		e.pid = task->pid;
		e.comm = task->comm;
		e.cgroup = task->cgroup;
	}
	if (record->node)
		e.node = replay_name(p, RECORDING_NODE, record->node);
	for (more = record + 1; more < end && is_more(more); more++)
		take_more(p, &e, more);
	if (record->type == EVENT_EXPORT) {
		e.exporter = replay_name(p, RECORDING_EXPORTER, record->device);
		if (!record->result && buffer)
			take_export(p, &e, buffer);
	} else if (record->device) {
		e.device = replay_name(p, RECORDING_DEVICE, record->device);
	}
	if (buffer) {
		e.exporter = buffer->exporter ? buffer->exporter : e.exporter;
		e.size = buffer->sized ? buffer->size : 0;
		if (record->type == EVENT_RELEASE && buffer->exported)
			e.lifetime = record->time - buffer->exported;
	}
	if (t->event && in_window(p, e.realtime) && is_wanted(p, &e, buffer))
		err = t->event(t->ctx, &e);
	if (buffer && record->type == EVENT_RELEASE)
		table_remove(&p->buffers, record->ino);
	return err;
}

static int take_events(struct replay *p, const struct replay_taker *t,
		       const struct recording_block *b)
{
	const struct dmabuf_event *e = (const void *)b->data;
	const struct dmabuf_event *end = e + b->head.raw_len / sizeof(*e);
	int err = 0;

	for (; e < end && !err; e++) {
		if (e->type == EVENT_TASK)
			err = take_task(p, (const void *)e);
		else if (e->type == EVENT_FRAMES)
			err = take_frames(p, (const void *)e);
		else if (e->type < EVENT_TYPES)
			err = take_event(p, t, e, end);
	}
	return err;
}

static int tell_older(const struct replay_taker *t, const struct replay_buffer *b,
		      const struct snap_buffer *record)
{
	struct replay_older older = { .ino = b->ino, .size = b->size, .exporter = b->exporter };
	char name[sizeof(record->name) + 1] = "";

	memcpy(name, record->name, sizeof(record->name));
	if (record->head.valid & SNAP_HAS_CREATED)
		older.created = record->created;
	if (record->head.valid & SNAP_HAS_NAME && *name)
		older.name = name;
	return t->older ? t->older(t->ctx, &older) : 0;
}

/* Buffers that were there before the hooks, from the snapshot. */
static int take_older(struct replay *p, const struct replay_taker *t,
		      const struct recording_snapshot *s)
{
	const char *at = s->records, *end = at + s->len;
	int err = 0;

	while (!err && (size_t)(end - at) >= sizeof(struct snap_head)) {
		const struct snap_buffer *record = (const void *)at;
		struct replay_buffer *b;

		if (record->head.len < sizeof(record->head) || record->head.len > end - at ||
		    record->head.len % 8)
			break;
		at += record->head.len;
		if (record->head.type != SNAP_BUFFER || record->head.len < sizeof(*record))
			continue;
		err = add(p, &p->buffers, record->ino, &b);
		if (err)
			break;
		if (!b->sized && !b->seen) {
			if (record->head.valid & SNAP_HAS_EXPORTER)
				b->exporter = intern(&p->strings, record->exporter,
						     sizeof(record->exporter));
			b->sized = record->head.valid & SNAP_HAS_SIZE;
			b->size = b->sized ? record->size : 0;
			err = tell_older(t, b, record);
			b = table_get(&p->buffers, record->ino);
		}
		b->seen = p->snapshots;
	}
	return err;
}

/* Those whose release was lost. Without losses each buffer's end is told by an event. */
static int take_gone(struct replay *p, const struct replay_taker *t,
		     const struct recording_snapshot *s)
{
	int err = 0;

	if (!p->whole || !(s->sees & MODEL_SEES_KERNEL_ONLY))
		return 0;
	for (uint32_t i = p->buffers.n; i-- && !err;) {
		const struct replay_buffer *b = table_row(&p->buffers, i);
		uint64_t ino = b->ino;

		/* One that was made meanwhile may be missing */
		if (b->seen == p->snapshots || b->exported >= s->time)
			continue;
		if (t->gone)
			err = t->gone(t->ctx, ino);
		table_remove(&p->buffers, ino);
	}
	return err;
}

static int take_snapshot(struct replay *p, const struct replay_taker *t)
{
	struct recording_snapshot s;
	bool told = t->snapshot;
	int err = 0;

	if (p->snapshots < recording_snapshots(p->file)) {
		told &= in_window(p, recording_snapshot_time(p->file, p->snapshots) + p->realtime);
		err = recording_read_snapshot(p->file, p->snapshots, &s);
		p->snapshots++;
		if (!err)
			err = take_older(p, t, &s);
		if (!err && p->lost)
			err = take_gone(p, t, &s);
		if (err == -EBADMSG || err == -ENOTSUP)
			err = 0;
		p->lost = 0;
	} else {
		p->snapshots++;
	}
	return err || !told ? err : t->snapshot(t->ctx, p->snapshots - 1);
}

static int take_block(struct replay *p, const struct replay_taker *t, struct recording_block *b)
{
	int err = 0;

	if (b->head.lost) {
		p->lost += b->head.lost;
		if (t->lost)
			err = t->lost(t->ctx, b->head.first + p->realtime, b->head.lost);
	}
	if (err)
		return err;
	if (b->head.type == RECORDING_SNAPSHOT) {
		bool more = p->more;

		p->more = b->head.flags & RECORDING_MORE;
		return more ? 0 : take_snapshot(p, t);
	}
	if (b->head.type != RECORDING_EVENTS && b->head.type != RECORDING_NAMES)
		return 0;
	err = recording_load(p->file, b);
	if (!err)
		return b->head.type == RECORDING_EVENTS ? take_events(p, t, b) : take_names(p, b);
	/* One damaged block is no reason to miss the next */
	return err == -EBADMSG || err == -ENOTSUP ? 0 : err;
}

int replay_run(struct replay *p, const struct replay_taker *t, uint32_t snapshots)
{
	struct recording_block block;
	int err = 0;

	while (!err && p->snapshots < snapshots) {
		err = recording_next(p->file, &p->at, &block);
		if (err != 1)
			break;
		err = take_block(p, t, &block);
	}
	return err;
}

void replay_free(struct replay *p)
{
	if (!p)
		return;
	table_free(&p->tasks);
	table_free(&p->buffers);
	table_free(&p->attachments);
	table_free(&p->names);
	stacks_free(&p->stacks);
	intern_free(&p->strings);
	free(p);
}
