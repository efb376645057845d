// SPDX-License-Identifier: GPL-2.0
/* What events come to; see activity.h. */
#include "model/activity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct life {
	uint64_t ino;
	uint64_t size;
	int64_t created;		/* CLOCK_REALTIME, ns; 0 unknown */
	const char *exporter, *comm;
	uint32_t pid;
};

/* All calls of an operation, as long as they are few enough. */
struct durations {
	uint64_t *ns;
	uint32_t n, room;
};

void activity_init(struct activity *a)
{
	memset(a, 0, sizeof(*a));
	a->lives.size = sizeof(struct life);
}

static const char *keep(struct activity *a, const char *s)
{
	return intern(&a->strings, s, SIZE_MAX);
}

static uint64_t operation_key(const struct model_event *e, unsigned int direction)
{
	return (hash_string(e->exporter) * 31 + hash_string(e->device)) * 0x9e3779b97f4a7c15u ^
	       (e->raw.type << 2 | direction);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct model_operation *find_operation(struct activity *a, const struct model_event *e)
{
	unsigned int direction = e->raw.flags & EVENT_DIRECTION;
	uint64_t key = operation_key(e, direction);
	uint32_t i = index_get(&a->by_operation, key);
	struct model_operation *row;

	if (i != INDEX_NONE) {
		row = &a->operations.rows[i];
		if (row->type == e->raw.type && row->direction == direction &&
		    same(row->exporter, e->exporter) && same(row->device, e->device))
			return row;
	}
	row = operations_row(&a->operations, e->raw.type, direction, keep(a, e->exporter),
			     keep(a, e->device));
	if (!row || index_put(&a->by_operation, key, row - a->operations.rows))
		return NULL;
	return row;
}

static void forget_durations(struct activity *a)
{
	for (uint32_t i = 0; i < a->n_durations; i++)
		free(a->durations[i].ns);
	free(a->durations);
	a->durations = NULL;
	a->n_durations = a->room_durations = 0;
}

/* Too many are not kept at all: what histograms tell is told of all rows then. */
static int keep_duration(struct activity *a, uint32_t row, uint64_t ns)
{
	struct durations *d;

	if (!a->ranks)
		return 0;
	if (a->kept++ >= ACTIVITY_DURATIONS) {
		forget_durations(a);
		a->ranks = false;
		return 0;
	}
	while (a->n_durations <= row)
		if (!array_add(&a->durations, &a->n_durations, &a->room_durations,
			       sizeof(*a->durations)))
			return -ENOMEM;
	d = &a->durations[row];
	return array_append(&d->ns, &d->n, &d->room, &ns, sizeof(ns));
}

static int by_ns(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Nearest rank: the smallest that percent of all do not exceed. */
static uint64_t rank(const struct durations *d, unsigned int percent)
{
	return d->ns[((uint64_t)d->n * percent + 99) / 100 - 1];
}

static void rank_durations(struct activity *a)
{
	for (uint32_t i = 0; i < a->n_durations; i++) {
		struct durations *d = &a->durations[i];
		struct model_operation *row = &a->operations.rows[i];

		if (!d->n)
			continue;
		qsort(d->ns, d->n, sizeof(*d->ns), by_ns);
		row->p50 = rank(d, 50);
		row->p90 = rank(d, 90);
		row->p99 = rank(d, 99);
		row->ranked = true;
	}
	forget_durations(a);
}

static int count_operation(struct activity *a, const struct model_event *e)
{
	bool sized = e->raw.type == EVENT_EXPORT || e->raw.type == EVENT_MMAP;
	struct model_operation *row = find_operation(a, e);

	if (!row)
		return -ENOMEM;
	if (event_is_call(e->raw.type)) {
		if (keep_duration(a, row - a->operations.rows, e->raw.value))
			return -ENOMEM;
		histogram_add(&row->histogram, e->raw.value);
		row->histogram.wait += e->raw.wait;
	} else {
		row->histogram.count++;
	}
	row->histogram.errors += e->raw.result < 0;
	row->histogram.bytes += sized ? e->raw.value : e->size;
	return 0;
}

/* The place of one among the first ones, which move down; -1: it is none of them. */
#define TOP_PLACE(list, n, field, value) ({						\
	int at_ = -1;									\
	uint32_t i_ = (n);								\
											\
	if ((n) < ACTIVITY_TOP || (list)[ACTIVITY_TOP - 1].field < (value)) {		\
		if ((n) == ACTIVITY_TOP)						\
			i_--;								\
		else									\
			(n)++;								\
		for (; i_ && (list)[i_ - 1].field < (value); i_--)			\
			(list)[i_] = (list)[i_ - 1];					\
		at_ = i_;								\
	}										\
	at_; })

static void take_slowest(struct activity *a, const struct model_event *e)
{
	int at = TOP_PLACE(a->slowest, a->n_slowest, raw.value, e->raw.value);

	if (at < 0)
		return;
	a->slowest[at] = *e;
	a->slowest[at].comm = keep(a, e->comm);
	a->slowest[at].exporter = keep(a, e->exporter);
	a->slowest[at].device = keep(a, e->device);
	a->slowest[at].node = keep(a, e->node);
	a->slowest[at].text = a->slowest[at].text2 = NULL;
}

static void take_life(struct activity *a, const struct life *l, int64_t end, bool alive)
{
	/* Times of a recording may be any */
	uint64_t lifetime = end > l->created ? (uint64_t)end - (uint64_t)l->created : 0;
	int at;

	if (!l->created)
		return;
	at = TOP_PLACE(a->longest, a->n_longest, lifetime, lifetime);
	if (at >= 0)
		a->longest[at] = (struct activity_life){
			.ino = l->ino, .size = l->size, .created = l->created,
			.lifetime = lifetime, .alive = alive, .pid = l->pid,
			.exporter = l->exporter, .comm = l->comm,
		};
}

static struct life *add_life(struct activity *a, uint64_t ino, uint64_t size, const char *exporter)
{
	struct life *l = table_get(&a->lives, ino);

	if (l)
		return l;
	l = table_add(&a->lives, ino);
	if (!l)
		return NULL;
	l->size = size;
	l->exporter = keep(a, exporter);
	a->buffers++;
	a->bytes += size;
	return l;
}

static void take_peak(struct activity *a, int64_t time)
{
	if (a->bytes <= a->peak)
		return;
	a->peak = a->bytes;
	a->peak_time = time;
}

static void end_life(struct activity *a, const struct life *l)
{
	a->buffers--;
	a->bytes -= l->size;
	table_remove(&a->lives, l->ino);
}

static int take_buffer(struct activity *a, const struct model_event *e)
{
	struct life *l;

	if (e->raw.type == EVENT_EXPORT && !e->raw.result) {
		l = add_life(a, e->raw.ino, e->raw.value, e->exporter);
		if (!l)
			return -ENOMEM;
		l->created = e->realtime;
		l->pid = e->pid;
		l->comm = keep(a, e->comm);
		take_peak(a, e->realtime);
	} else if (e->raw.type == EVENT_RELEASE) {
		l = table_get(&a->lives, e->raw.ino);
		if (!l)
			return 0;
		take_life(a, l, e->realtime, false);
		end_life(a, l);
	}
	return 0;
}

int activity_event(struct activity *a, const struct model_event *e)
{
	int64_t time = e->realtime;
	int err = 0;

	if (!a->events++ || time < a->first)
		a->first = time;
	if (time > a->last || a->events == 1)
		a->last = time;
	a->counts[e->raw.type]++;
	if (e->raw.type != EVENT_FORK && e->raw.type != EVENT_EXEC && e->raw.type != EVENT_EXIT)
		err = count_operation(a, e);
	if (e->raw.type == EVENT_MAP)
		take_slowest(a, e);
	return err ? err : take_buffer(a, e);
}

int activity_older(struct activity *a, uint64_t ino, uint64_t size, int64_t created,
		   const char *exporter)
{
	struct life *l = add_life(a, ino, size, exporter);

	if (!l)
		return -ENOMEM;
	if (created > 0 && created < INT64_MAX / 1000000000)
		l->created = created * 1000000000;
	return 0;
}

void activity_gone(struct activity *a, uint64_t ino)
{
	const struct life *l = table_get(&a->lives, ino);

	if (l)
		end_life(a, l);
}

void activity_finish(struct activity *a)
{
	for (uint32_t i = 0; i < a->lives.n; i++)
		take_life(a, table_row(&a->lives, i), a->last, true);
	rank_durations(a);
	operations_sort(&a->operations);
	/* Their places have changed */
	index_clear(&a->by_operation);
}

void activity_free(struct activity *a)
{
	operations_free(&a->operations);
	table_free(&a->lives);
	forget_durations(a);
	index_free(&a->by_operation);
	intern_free(&a->strings);
	memset(a, 0, sizeof(*a));
}
