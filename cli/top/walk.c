// SPDX-License-Identifier: GPL-2.0
/* Steps through a recording; see walk.h. */
#include "top/walk.h"

#include <errno.h>
#include <string.h>

#include "source/source.h"
#include "top/history.h"

static void forget(struct walk *w)
{
	while (w->n)
		suspects_free(&w->places[--w->n].suspects);
	w->apart = 1;
	w->next = 0;
}

/* Drop every second checkpoint, and double the distance. */
static void thin_out(struct walk *w)
{
	for (uint32_t i = 0; i < WALK_PLACES; i++) {
		if (i % 2)
			suspects_free(&w->places[i].suspects);
		else
			w->places[i / 2] = w->places[i];
	}
	w->n = WALK_PLACES / 2;
	w->apart *= 2;
}

/* Keep a checkpoint. Without memory, a step back only takes longer. */
static void keep_place(struct walk *w, const struct history *h)
{
	struct walk_place *place;

	if (w->n && w->next < w->places[w->n - 1].moment + w->apart)
		return;
	if (w->n == WALK_PLACES)
		thin_out(w);
	place = &w->places[w->n];
	memset(place, 0, sizeof(*place));
	if (suspects_copy(&place->suspects, &h->model.suspects))
		return;
	place->moment = w->next;
	place->peak = h->peak;
	w->n++;
}

/* Go back to the last checkpoint at least a minute before the snapshot: trails show a minute. */
static int go_back(struct walk *w, struct history *h, const struct source *s, uint32_t moment)
{
	uint32_t first = source_moment_at(s, source_time_of(s, moment) - TRAIL_SECONDS);
	const struct walk_place *place = NULL;

	for (uint32_t i = 0; i < w->n && w->places[i].moment <= first &&
	     w->places[i].moment < moment; i++)
		place = &w->places[i];
	history_restart(h, place ? place->peak : 0);
	w->next = place ? place->moment : 0;
	if (place)
		return suspects_copy(&h->model.suspects, &place->suspects);
	suspects_free(&h->model.suspects);
	return 0;
}

int walk_to(struct walk *w, struct history *h, struct source *s, const struct filter *filter)
{
	uint32_t moment = source_moment(s);
	int err = 0;

	if (!w->apart || s->watched != w->watched) {
		forget(w);
		w->watched = s->watched;
		err = go_back(w, h, s, moment);
	} else if (moment < w->next) {
		err = go_back(w, h, s, moment);
	} else {
		keep_place(w, h);
	}
	while (!err && w->next < moment) {
		source_choose(s, w->next);
		err = history_update(h, s, filter);
		if (err != -ENOMEM)
			err = 0;
		w->next++;
		keep_place(w, h);
	}
	source_choose(s, moment);
	w->next = moment + 1;
	return err;
}

void walk_free(struct walk *w)
{
	forget(w);
}
