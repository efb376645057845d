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
	struct snap_mapping record;	/* id: of the former attachment that this one continues */
	bool again;			/* a former attachment, attached again */
};

struct state_buffer {
	uint64_t ino;
	struct snap_origin origin;	/* pid 0 unknown */
	struct snap_access users[USERS];
	struct state_attachment past[PAST];	/* that were detached; since 0: none */
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

static void count_map(struct snap_mapping *a, const struct model_event *e)
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
	bool used = a && a->record.since;
	struct state_buffer *b = used ? table_add(&s->buffers, a->record.ino) : NULL;

	for (int i = 0; b && i < PAST; i++) {
		struct snap_mapping *past = &b->past[i].record;

		if (past->since && past->id != a->record.id)
			continue;
		b->past[i].again = false;
		*past = a->record;
		past->head.valid = SNAP_MAPPING_PAST;
		memset(past->mapped, 0, sizeof(past->mapped));
		break;
	}
	return used && !b ? -ENOMEM : 0;
}

static void go_on(struct recorded_state *s, struct snap_mapping *a)
{
	struct state_buffer *b = table_get(&s->buffers, a->ino);

	for (int i = 0; b && i < PAST; i++) {
		struct state_attachment *past = &b->past[i];

		if (!past->record.since || past->again ||
		    strncmp(past->record.device, a->device, sizeof(a->device)))
			continue;
		past->again = true;
		*a = past->record;
		a->head.valid = 0;
		return;
	}
}

/* Device numbers are not in a recording's events: these stand for them, with bits that none has. */
static uint32_t stand_in(uint32_t node)
{
	return node ? RECORDED_NODE | node : 0;
}

static int take_attachment(struct recorded_state *s, const struct model_event *e)
{
	struct state_attachment *attachment;
	struct snap_mapping *a;
	int err;

	if (!e->raw.attachment || e->raw.result < 0)
		return 0;
	if (e->raw.type == EVENT_DETACH) {
		err = keep_past(s, table_get(&s->attachments, e->raw.attachment));
		table_remove(&s->attachments, e->raw.attachment);
		return err;
	}
	attachment = table_add(&s->attachments, e->raw.attachment);
	if (!attachment)
		return -ENOMEM;
	a = &attachment->record;
	if (!a->ino) {
		a->head = (struct snap_head){ SNAP_MAPPING, sizeof(*a), 0 };
		a->ino = e->raw.ino;
		a->id = e->raw.attachment;
		if (e->device)
			memcpy(a->device, e->device, strnlen(e->device, sizeof(a->device)));
		if (e->raw.type == EVENT_ATTACH)
			go_on(s, a);
		else
			a->head.valid = SNAP_MAPPING_OLDER;
	}
	if (e->raw.node)
		a->rdev = stand_in(e->raw.node);
	if (e->raw.type == EVENT_MAP || e->raw.type == EVENT_UNMAP)
		count_map(a, e);
	return 0;
}

static void count_access(struct state_buffer *b, const struct model_event *e)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION;

	for (int i = 0; i < USERS; i++) {
		struct snap_access *user = &b->users[i];

		if (user->pid && user->pid != e->pid)
			continue;
		user->head = (struct snap_head){ SNAP_ACCESS, sizeof(*user), 0 };
		user->ino = b->ino;
		user->pid = e->pid;
		/* enum dma_data_direction, as seen from the device */
		user->reads += direction != 1;
		user->writes += direction != 2;
		user->last = e->realtime;
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
	b->origin.head = (struct snap_head){ SNAP_ORIGIN, sizeof(b->origin), 0 };
	b->origin.ino = b->ino;
	b->origin.pid = e->pid;
	b->origin.rdev = stand_in(e->raw.node);
	if (e->comm)
		memcpy(b->origin.comm, e->comm, strnlen(e->comm, sizeof(b->origin.comm)));
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

static int add_buffer(const struct state_buffer *b, struct records *records)
{
	int i, err = 0;

	if (b->origin.pid)
		err = records_add(records, &b->origin, sizeof(b->origin));
	for (i = 0; i < USERS && b->users[i].pid && !err; i++)
		err = records_add(records, &b->users[i], sizeof(b->users[i]));
	for (i = 0; i < PAST && !err; i++)
		if (b->past[i].record.since)
			err = records_add(records, &b->past[i].record, sizeof(b->past[i].record));
	return err;
}

int recorded_state_add(const struct recorded_state *s, struct records *records)
{
	int err = 0;

	for (uint32_t i = 0; i < s->attachments.n && !err; i++) {
		const struct state_attachment *a = table_row(&s->attachments, i);

		err = records_add(records, &a->record, sizeof(a->record));
	}
	for (uint32_t i = 0; i < s->buffers.n && !err; i++)
		err = add_buffer(table_row(&s->buffers, i), records);
	return err;
}

int recorded_state_operations(const struct recorded_state *s, struct model_operations *operations)
{
	for (uint32_t i = 0; i < s->activity.operations.n; i++) {
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
