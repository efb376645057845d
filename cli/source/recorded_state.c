// SPDX-License-Identifier: GPL-2.0
/* Mappings, accesses and durations from the events of a recording; see the header. */
#include "source/recorded_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/activity.h"
#include "model/table.h"
#include "recording/recording.h"
#include "recording/replay.h"
#include "source/source.h"

#define USERS 8				/* kept for a buffer, as EVENTS_USERS */
#define PAST 4				/* the same, as EVENTS_PAST */

struct state_attachment {
	uint64_t id;
	uint64_t ino, since, took, waited;
	uint64_t maps[3];
	uint32_t mapped[3], node;
	uint32_t told;			/* id in the records */
	bool older, again;		/* again: a former attachment, attached again */
	char device[SNAP_DEVICE_LEN];
};

struct state_buffer {
	uint64_t ino;
	uint32_t pid, node;
	char comm[SNAP_COMM_LEN];
	struct { uint64_t reads, writes, last; uint32_t pid; } users[USERS];
	struct state_attachment past[PAST];	/* that were detached */
};

struct recorded_state {
	struct recording *file;
	struct replay *replay;
	struct table attachments, buffers;
	struct activity activity;
	uint64_t lost;
};

static int start(struct recorded_state *s)
{
	replay_free(s->replay);
	s->replay = replay_new(s->file, NULL);
	s->lost = 0;
	table_clear(&s->attachments);
	table_clear(&s->buffers);
	activity_free(&s->activity);
	activity_init(&s->activity);
	return s->replay ? 0 : -ENOMEM;
}

struct recorded_state *recorded_state_new(struct recording *recording)
{
	struct recorded_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->file = recording;
	s->attachments.size = sizeof(struct state_attachment);
	s->buffers.size = sizeof(struct state_buffer);
	if (start(s)) {
		recorded_state_free(s);
		return NULL;
	}
	return s;
}

static void count_map(struct state_attachment *a, const struct model_event *e)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION;

	if (direction > 2)
		return;
	if (e->raw.type == EVENT_UNMAP) {
		/* An older attachment was mapped before the recording */
		a->mapped[direction] -= a->mapped[direction] != 0;
		return;
	}
	a->maps[direction]++;
	a->mapped[direction]++;
	a->since = e->realtime;
	a->took += e->raw.value;
	a->waited += e->raw.wait;
}

/* A device that attaches for each frame keeps its figures from one attachment to the next. */
static int keep_past(struct recorded_state *s, const struct state_attachment *a)
{
	struct state_buffer *b = a && a->since ? table_add(&s->buffers, a->ino) : NULL;
	int i;

	if (a && a->since && !b)
		return -ENOMEM;
	for (i = 0; b && i < PAST; i++) {
		if (b->past[i].since && b->past[i].told != a->told)
			continue;
		b->past[i] = *a;
		b->past[i].again = b->past[i].older = false;
		memset(b->past[i].mapped, 0, sizeof(b->past[i].mapped));
		break;
	}
	return 0;
}

static void go_on(struct recorded_state *s, struct state_attachment *a)
{
	struct state_buffer *b = table_get(&s->buffers, a->ino);
	int i;

	for (i = 0; b && i < PAST; i++) {
		struct state_attachment *past = &b->past[i];

		if (!past->since || past->again ||
		    strncmp(past->device, a->device, sizeof(a->device)))
			continue;
		past->again = true;
		a->told = past->told;
		a->since = past->since;
		a->took = past->took;
		a->waited = past->waited;
		a->node = past->node;
		memcpy(a->maps, past->maps, sizeof(a->maps));
		return;
	}
}

static int take_attachment(struct recorded_state *s, const struct model_event *e)
{
	struct state_attachment *a;
	int err;

	if (!e->raw.attachment || e->raw.result < 0)
		return 0;
	if (e->raw.type == EVENT_DETACH) {
		err = keep_past(s, table_get(&s->attachments, e->raw.attachment));
		table_remove(&s->attachments, e->raw.attachment);
		return err;
	}
	a = table_add(&s->attachments, e->raw.attachment);
	if (!a)
		return -ENOMEM;
	if (!a->ino) {
		a->ino = e->raw.ino;
		a->told = e->raw.attachment;
		a->older = e->raw.type != EVENT_ATTACH;
		if (e->device)
			memcpy(a->device, e->device, strnlen(e->device, sizeof(a->device)));
		if (!a->older)
			go_on(s, a);
	}
	if (e->raw.node)
		a->node = e->raw.node;
	if (e->raw.type == EVENT_MAP || e->raw.type == EVENT_UNMAP)
		count_map(a, e);
	return 0;
}

static void count_access(struct state_buffer *b, const struct model_event *e)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION;
	int i;

	for (i = 0; i < USERS; i++) {
		if (b->users[i].pid && b->users[i].pid != e->pid)
			continue;
		b->users[i].pid = e->pid;
		/* enum dma_data_direction, as seen from the device */
		b->users[i].reads += direction != 1;
		b->users[i].writes += direction != 2;
		b->users[i].last = e->realtime;
		return;
	}
}

static int take_buffer(struct recorded_state *s, const struct model_event *e)
{
	struct state_buffer *b;

	if (e->raw.type == EVENT_RELEASE) {
		table_remove(&s->buffers, e->raw.ino);
		return 0;
	}
	if (e->raw.result < 0 || !e->pid)
		return 0;
	b = table_add(&s->buffers, e->raw.ino);
	if (!b)
		return -ENOMEM;
	if (e->raw.type == EVENT_BEGIN) {
		count_access(b, e);
		return 0;
	}
	b->pid = e->pid;
	b->node = e->raw.node;
	if (e->comm)
		memcpy(b->comm, e->comm, strnlen(e->comm, sizeof(b->comm)));
	return 0;
}

static int take_event(void *ctx, const struct model_event *e)
{
	struct recorded_state *s = ctx;
	int err = 0;

	switch (e->raw.type) {
	case EVENT_ATTACH:
	case EVENT_DETACH:
	case EVENT_MAP:
	case EVENT_UNMAP:
		err = take_attachment(s, e);
		break;
	case EVENT_EXPORT:
	case EVENT_BEGIN:
	case EVENT_RELEASE:
		err = take_buffer(s, e);
		break;
	}
	if (!err && EVENT_SET_TIMED & EVENT_BIT(e->raw.type))
		err = activity_event(&s->activity, e);
	return err;
}

static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	(void)time;
	((struct recorded_state *)ctx)->lost += lost;
	return 0;
}

int recorded_state_go(struct recorded_state *s, uint32_t moment)
{
	const struct replay_taker taker = { .event = take_event, .lost = take_lost, .ctx = s };
	int err = 0;

	if (replay_snapshots(s->replay) > moment + 1)
		err = start(s);
	return err ? err : replay_run(s->replay, &taker, moment + 1);
}

/* Events of a recording have no device numbers: these have bits that no device number has. */
static uint32_t stand_in(uint32_t node)
{
	return node ? RECORDED_NODE | node : 0;
}

static int add_attachment(const struct state_attachment *a, uint32_t flags, struct records *records)
{
	struct snap_mapping r = {
		.head = { SNAP_MAPPING, sizeof(r), flags | (a->older ? SNAP_MAPPING_OLDER : 0) },
		.ino = a->ino, .since = a->since, .took = a->took, .waited = a->waited,
		.id = a->told, .rdev = stand_in(a->node),
	};

	memcpy(r.maps, a->maps, sizeof(r.maps));
	memcpy(r.mapped, a->mapped, sizeof(r.mapped));
	memcpy(r.device, a->device, sizeof(r.device));
	return records_add(records, &r, sizeof(r));
}

static int add_buffer(const struct state_buffer *b, struct records *records)
{
	struct snap_origin origin = {
		.head = { SNAP_ORIGIN, sizeof(origin), 0 },
		.ino = b->ino, .pid = b->pid, .rdev = stand_in(b->node),
	};
	int i, err = 0;

	memcpy(origin.comm, b->comm, sizeof(origin.comm));
	if (b->pid)
		err = records_add(records, &origin, sizeof(origin));
	for (i = 0; i < USERS && b->users[i].pid && !err; i++) {
		const struct snap_access r = {
			.head = { SNAP_ACCESS, sizeof(r), 0 },
			.ino = b->ino, .reads = b->users[i].reads, .writes = b->users[i].writes,
			.last = b->users[i].last, .pid = b->users[i].pid,
		};

		err = records_add(records, &r, sizeof(r));
	}
	for (i = 0; i < PAST && !err; i++)
		if (b->past[i].since)
			err = add_attachment(&b->past[i], SNAP_MAPPING_PAST, records);
	return err;
}

int recorded_state_add(const struct recorded_state *s, struct records *records)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < s->attachments.n && !err; i++)
		err = add_attachment(table_row(&s->attachments, i), 0, records);
	for (i = 0; i < s->buffers.n && !err; i++)
		err = add_buffer(table_row(&s->buffers, i), records);
	return err;
}

int recorded_state_operations(const struct recorded_state *s, struct model_operations *operations)
{
	uint32_t i;

	for (i = 0; i < s->activity.operations.n; i++) {
		const struct model_operation *from = &s->activity.operations.rows[i];
		struct model_operation *row =
			operations_row(operations, from->type, from->direction, from->exporter,
				       from->device);

		if (!row)
			return -ENOMEM;
		row->histogram = from->histogram;
	}
	operations_sort(operations);
	return 0;
}

uint64_t recorded_state_lost(const struct recorded_state *s)
{
	return s->lost;
}

void recorded_state_free(struct recorded_state *s)
{
	if (!s)
		return;
	replay_free(s->replay);
	table_free(&s->attachments);
	table_free(&s->buffers);
	activity_free(&s->activity);
	free(s);
}
