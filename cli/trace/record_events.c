// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace record: events from the ring to the file, and the recorded part of a snapshot. */
#include "trace/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "opaque.h"
#include "source/names.h"

bool record_is_filtered(const struct record *r)
{
	const struct filter *f = &r->tracing.common.filter;

	return r->tree || filter_has_process_terms(f) || f->exporters.n || f->devices.n ||
	       f->min_size;
}

int record_parse_trigger(struct record *r, const char *arg)
{
	static const struct { const char *name; double ns; } units[] = {
		{ "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
	};
	size_t len = strcspn(arg, ">"), i;
	int type = name_find(event_name, arg, len);
	double n;
	char *end;

	if (!event_is_call(type) || arg[len] != '>')
		return -EINVAL;
	errno = 0;
	n = strtod(arg + len + 1, &end);
	if (errno || end == arg + len + 1 || !(n >= 0))
		return -EINVAL;
	for (i = 0; i < 4 && strcmp(end, units[i].name); i++)
		;
	if (i == 4 || n * units[i].ns > 1e18)
		return -EINVAL;
	r->trigger = type;
	r->trigger_ns = n * units[i].ns;
	return 0;
}

/* If the name is unknown, the next event asks again. */
static int name_number(struct record *r, uint8_t *named, unsigned int kind, uint32_t number,
		       const char *name)
{
	if (!name)
		return 0;
	named[number / 8] |= 1 << number % 8;
	return recording_add_name(r->writer, kind, number, name, NULL);
}

static bool is_named(const uint8_t *named, uint32_t number)
{
	return !number || named[number / 8] & 1 << number % 8;
}

static int name_numbers(struct record *r, const struct dmabuf_event *e)
{
	struct named *n = &r->named;
	int err = 0;

	if (e->type == EVENT_EXPORT) {
		if (!is_named(n->exporters, e->device))
			err = name_number(r, n->exporters, RECORDING_EXPORTER, e->device,
					  events_exporter(r->events, e->device));
	} else if (!is_named(n->devices, e->device)) {
		err = name_number(r, n->devices, RECORDING_DEVICE, e->device,
				  events_device(r->events, e->device));
	}
	if (!err && !is_named(n->nodes, e->node))
		err = name_number(r, n->nodes, RECORDING_NODE, e->node,
				  events_node(r->events, e->node));
	return err;
}

/* Record the names of the symbols or files of a stack's frames. */
static int name_frames(struct record *r, const struct dmabuf_event_frames *frames, size_t n)
{
	const char *text, *build_id;
	int err = 0;

	for (size_t i = 0; i < n * EVENT_FRAMES_EACH && !err; i++) {
		const struct dmabuf_event_frames *f = &frames[i / EVENT_FRAMES_EACH];
		uint64_t frame = f->frames[i % EVENT_FRAMES_EACH];
		uint32_t file = EVENT_FRAME_FILE(frame);

		if (!frame)
			continue;
		if (!f->user) {
			text = events_kernel_symbol(r->events, frame);
			if (text)
				err = recording_add_name(r->writer, RECORDING_SYMBOL,
							 opaque_key(frame), text, NULL);
		} else if (events_file(r->events, file, &text, &build_id) && text) {
			err = recording_add_name(r->writer, RECORDING_FILE, file, text, build_id);
		}
	}
	return err;
}

static int name_cgroup(struct record *r, const struct dmabuf_event_task *task)
{
	const char *path = task->cgroup ? cgroup_path(&r->named.cgroups, task->cgroup) : NULL;

	return path ? recording_add_name(r->writer, RECORDING_CGROUP, task->cgroup, path, NULL) : 0;
}

static int add_pid(struct record *r, uint32_t pid)
{
	return array_append(&r->filter.pids, &r->filter.n_pids, &r->filter.room_pids, &pid,
			    sizeof(pid));
}

/* Add processes of the tree and their exports to the filter of snapshots. */
static int follow(struct record *r, const struct dmabuf_event *e)
{
	if (e->type == EVENT_EXPORT)
		return e->result ? 0 : index_put(&r->exported, e->ino, 1);
	if (e->type == EVENT_RELEASE)
		index_remove(&r->exported, e->ino);
	return e->type == EVENT_FORK && e->attachment ? add_pid(r, e->attachment) : 0;
}

/* Write the frames of a stack, with keys instead of the kernel's addresses. */
static int take_frames(struct record *r, const struct dmabuf_event_frames *records, size_t len)
{
	struct dmabuf_event_frames frames[EVENT_FRAMES_MAX];
	size_t n = len / sizeof(*frames);
	int err = n <= EVENT_FRAMES_MAX ? name_frames(r, records, n) : -EINVAL;

	if (err)
		return err;
	memcpy(frames, records, len);
	opaque_frames(frames, n);
	return recording_add_events(r->writer, frames, len, 0);
}

static int take(void *ctx, const void *records, size_t len)
{
	const struct dmabuf_event *e = records;
	struct record *r = ctx;
	int err;

	if (e->type == EVENT_FRAMES)
		return take_frames(r, records, len);
	err = e->type == EVENT_TASK ? name_cgroup(r, records) : name_numbers(r, e);
	if (!err && r->tree && e->type < EVENT_TYPES)
		err = follow(r, e);
	if (e->type == r->trigger && e->value > r->trigger_ns)
		r->triggered = true;
	return err ? err : recording_add_events(r->writer, records, len, 0);
}

int record_read_events(struct record *r, bool lost)
{
	struct events_lost sum;
	uint64_t all;
	int err;

	if (!r->events)
		return 0;
	tracing_look_again(&r->tracing, r->events);
	err = events_read_raw(r->events, take, r);
	if (err < 0 || !lost)
		return err < 0 ? err : 0;
	events_lost(r->events, &sum);
	all = sum.dropped + sum.missed;
	if (all <= r->lost)
		return 0;
	err = recording_add_events(r->writer, NULL, 0, all - r->lost);
	r->lost = all;
	return err;
}

int record_open_events(struct record *r, char *error, size_t room)
{
	struct events_options *o = &r->tracing.events;

	o->to_ring = true;
	o->follow = r->tree ? r->runner.pid : 0;
	if (r->tree) {
		if (add_pid(r, r->runner.pid))
			return -ENOMEM;
		/* For the processes of the tree */
		o->wanted |= EVENT_BIT(EVENT_FORK);
	}
	return events_open(&r->events, o, error, room);
}

static bool is_kept(const struct record *r, uint64_t ino)
{
	uint32_t i = index_get(&r->model.by_ino, ino);

	return !ino || (i != INDEX_NONE && r->model.buffers[i].selected) ||
	       index_get(&r->exported, ino) != INDEX_NONE;
}

/* Each record has the inode of a buffer after the head, 0 for no buffer. */
static int keep_records(struct record *r)
{
	const char *at = r->source.records.bytes, *end = at + r->source.records.len;
	int err = 0;

	r->kept.len = 0;
	while (at < end && !err) {
		const struct snap_head *head = (const void *)at;
		uint64_t ino;

		memcpy(&ino, at + sizeof(*head), sizeof(ino));
		if (is_kept(r, ino))
			err = records_add(&r->kept, at, head->len);
		at += head->len;
	}
	return err;
}

int record_snapshot(struct record *r, const struct records **records)
{
	struct filter all = r->tracing.common.filter;
	bool filtered = record_is_filtered(r);
	int err;

	if (r->tree) {
		all.pids = r->filter.pids;
		all.n_pids = r->filter.n_pids;
	}
	err = source_snapshot(&r->source, &r->model, filtered ? &all : NULL);
	if (err)
		return err;
	source_settle(&r->source, &r->model);
	*records = &r->source.records;
	if (!filtered)
		return 0;
	*records = &r->kept;
	err = keep_records(r);
	if (err)
		snprintf(r->source.error, sizeof(r->source.error), "%s", strerror(-err));
	return err;
}

void record_close_events(struct record *r)
{
	events_close(r->events);
	index_free(&r->exported);
	records_free(&r->kept);
	free(r->filter.pids);
	cgroup_names_free(r->named.cgroups);
}
