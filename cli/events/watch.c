// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks for views, attached while a view needs them. The mappings of buffers are a state and need
 * exact hooks. Times are statistics with cheap hooks.
 */
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "events/events.h"
#include "source/source.h"

/* Mappings, accesses and nodes */
#define STATE (EVENT_BIT(EVENT_EXPORT) | EVENT_BIT(EVENT_ATTACH) | EVENT_BIT(EVENT_DETACH) |	\
	       EVENT_BIT(EVENT_MAP) | EVENT_BIT(EVENT_UNMAP) | EVENT_BIT(EVENT_BEGIN) |		\
	       EVENT_BIT(EVENT_RELEASE))

static const struct events_options state_options = {
	.wanted = STATE,
	.exact = true,
	.to_state = true,
};

static const struct events_options times_options = {
	.wanted = EVENT_SET_TIMED,
	.to_histograms = true,
};

static const struct events_options all_options = {
	.wanted = STATE | EVENT_BIT(EVENT_FENCE_WAIT),
	.exact = true,
	.to_state = true,
	.to_histograms = true,
};

static void set(struct source *s, struct events **events, uint32_t bit,
		struct events_options options, const struct filter *filter)
{
	options.filter = filter;
	if (events_open(events, &options, s->no_hooks, sizeof(s->no_hooks))) {
		s->unwatchable |= bit;
		return;
	}
	events_start(*events);
	s->watched |= bit;
}

static void take_away(struct source *s, struct events **events, uint32_t bit)
{
	events_close(*events);
	*events = NULL;
	s->watched &= ~bit;
}

/* A source that has its own hooks, or, a recording without events, none. */
static void watch_own(struct source *s, uint32_t what)
{
	const char *why = !what ? NULL : s->ops->watch ? s->ops->watch(s, what) :
			  s->ops->operations ? NULL : "the recording has no events";

	s->watched = why ? 0 : what;
	s->unwatchable = why ? what : 0;
	snprintf(s->no_hooks, sizeof(s->no_hooks), "%s", why ? why : "");
}

void source_watch(struct source *s, uint32_t what, const struct filter *filter)
{
	uint32_t gone = s->watched & ~what, new;

	/* It is tried again when it is asked for anew, not with every refresh. */
	s->unwatchable &= what;
	new = what & ~s->watched & ~s->unwatchable;
	if (s->ops && (s->ops->operations || s->recorded)) {
		watch_own(s, what);
		return;
	}
	if (gone & MODEL_WATCHES_STATE)
		take_away(s, &s->state, MODEL_WATCHES_STATE);
	if (gone & MODEL_WATCHES_TIMES)
		take_away(s, &s->times, MODEL_WATCHES_TIMES);
	/* Of the state all buffers', since the model selects */
	if (new & MODEL_WATCHES_STATE)
		set(s, &s->state, MODEL_WATCHES_STATE, state_options, NULL);
	if (new & MODEL_WATCHES_TIMES)
		set(s, &s->times, MODEL_WATCHES_TIMES, times_options, filter);
}

void source_watch_all(struct source *s, unsigned int hooks)
{
	struct events_options options = all_options;

	options.hooks = hooks;
	set(s, &s->state, MODEL_WATCHES_STATE | MODEL_WATCHES_TIMES, options, NULL);
}

/* As events_look_again(), for hooks of these MODEL_WATCHES_*. */
static void look_again(struct source *s, struct events **events, uint32_t bits)
{
	char why[sizeof(s->no_hooks)];
	int change = events_look_again(*events, why, sizeof(why));

	if (change < 0) {
		take_away(s, events, bits);
		s->unwatchable |= bits;
	}
	if (change < 0 || (change && !s->unwatchable))
		memcpy(s->no_hooks, why, sizeof(why));
}

int watch_state(struct source *s)
{
	look_again(s, &s->state, s->times ? MODEL_WATCHES_STATE : s->watched);
	look_again(s, &s->times, MODEL_WATCHES_TIMES);
	if (!(s->watched & MODEL_WATCHES_STATE))
		return 0;
	return s->ops->state ? s->ops->state(s, &s->records) : events_state(s->state, &s->records);
}

/* What hooks call things by goes when they go; rows stay. */
static void keep_names(struct source *s, struct model_operations *operations)
{
	for (uint32_t i = 0; i < operations->n; i++) {
		struct model_operation *o = &operations->rows[i];

		o->exporter = intern(&s->names, o->exporter, SIZE_MAX);
		o->device = intern(&s->names, o->device, SIZE_MAX);
	}
}

static void set_rates(struct model *m, double seconds)
{
	for (uint32_t i = 0; i < m->operations.n; i++) {
		struct model_operation *o = &m->operations.rows[i];
		const struct model_operation *before =
			operations_find(&m->operations_before, o->type, o->direction, o->exporter,
					o->device);

		o->rate = (o->histogram.count - (before ? before->histogram.count : 0)) / seconds;
	}
}

static void add_lost(const struct events *events, struct model *m)
{
	struct events_lost lost;

	if (!events)
		return;
	events_lost(events, &lost);
	m->lost += lost.dropped + lost.missed;
}

int watch_operations(struct source *s, struct model *m)
{
	struct model_operations swap = m->operations_before;
	double before = m->operations_time;
	int err;

	m->lost = s->watched ? s->lost : 0;
	add_lost(s->state, m);
	add_lost(s->times, m);
	m->operations_before = m->operations;
	m->operations = swap;
	m->operations.n = 0;
	m->operations_timed = false;
	m->operations_time = 0;
	if (!(s->watched & MODEL_WATCHES_TIMES))
		return 0;
	err = s->ops->operations ? s->ops->operations(s, &m->operations) :
	      events_operations(s->times ? s->times : s->state, &m->operations);
	if (err)
		return err;
	keep_names(s, &m->operations);
	m->operations_time = m->time;
	m->operations_timed = before && m->time > before;
	if (m->operations_timed)
		set_rates(m, m->time - before);
	return 0;
}
