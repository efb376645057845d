// SPDX-License-Identifier: GPL-2.0
/* Attached hooks: their missed calls, and detaching; see events.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "events_shared.h"
#include "events.skel.h"
#include "events/own.h"
#include "source/kernel.h"

/* False: the kernel does not report missed calls. */
static bool probe_missed(const struct hooked *h, uint64_t *missed)
{
	bool session = h->hooks == HOOKS_SESSION;

	return kernel_probe_missed(session ? h->session : bpf_link__fd(h->link), session, missed);
}

static uint64_t recursion_misses(const struct hooked *h)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(h->program), &info, &len))
		return 0;
	return info.recursion_misses;
}

/* A filter by processes depends on forks: each missed one hides events. */
static uint64_t counted_events(const struct events *e)
{
	const struct events_settings *s = &e->skel->rodata->settings;
	uint64_t counted = e->options.wanted;

	if (s->by_process || s->by_cgroup)
		counted |= EVENT_BIT(EVENT_FORK);
	return counted;
}

uint64_t events_hooks_missed(const struct events *e, bool *told)
{
	uint64_t sum = 0, missed;

	*told = true;
	for (uint32_t i = 0; i < e->n_hooked; i++) {
		const struct hooked *h = &e->hooked[i];

		if (h->place == PLACE_ENTRY || !(h->events & counted_events(e)))
			continue;
		sum += recursion_misses(h);
		if (h->hooks != HOOKS_KPROBE && h->hooks != HOOKS_SESSION)
			continue;
		if (probe_missed(h, &missed))
			sum += missed;
		else
			*told = false;
	}
	return sum;
}

/*
 * Count each event once. A call with a missed entry is counted at its return, unmatched. A call
 * with a missed return is counted by the program or the probe. If the probe does not report missed
 * calls, the stale frame of the call is counted.
 */
void events_lost(const struct events *e, struct events_lost *lost)
{
	const struct events_counts *counts = &e->skel->bss->tables.counts;
	bool told;

	lost->dropped = counts->dropped + counts->full;
	lost->missed = counts->unmatched + e->missed_before + events_hooks_missed(e, &told);
	if (!told)
		lost->missed += counts->stale;
}

void events_detach(struct events *e)
{
	for (uint32_t i = 0; i < e->n_hooked; i++) {
		bpf_link__destroy(e->hooked[i].link);
		if (e->hooked[i].session >= 0)
			close(e->hooked[i].session);
	}
	e->n_hooked = e->kinds = e->events_hooked = 0;
}
