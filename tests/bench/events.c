// SPDX-License-Identifier: GPL-2.0
/*
 * The begin event alone, as a tool would have it that does nothing with it: "events ring HOOKS"
 * reads the ring, "events histograms HOOKS" only sums up; kernel, user or both behind that: with
 * stacks. Prints READY, ends with its input, and then prints what it got as JSON.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "events/events.h"

static int take(void *ctx, const void *records, size_t len)
{
	(void)records;
	*(unsigned long *)ctx += len;
	return 0;
}

int main(int argc, char **argv)
{
	/* By the sum of EVENTS_*_STACKS */
	static const char *const stacks[] = { "none", "kernel", "user", "both" };
	struct events_options options = {
		.wanted = 1u << EVENT_BEGIN,
		.exact = true,
		.to_ring = argc > 1 && !strcmp(argv[1], "ring"),
	};
	struct model_operations operations = { 0 };
	struct pollfd input = { .fd = 0, .events = POLLIN };
	unsigned long bytes = 0, received = 0;
	struct events_lost lost;
	struct events *events;
	char error[512];
	uint32_t i;
	int n = 0;

	options.to_histograms = !options.to_ring;
	if (argc < 3 || argc > 4)
		return 2;
	while (options.hooks < HOOKS_NONE && strcmp(argv[2], events_hooks_name(options.hooks)))
		options.hooks++;
	while (options.stacks < 4 && strcmp(argc > 3 ? argv[3] : "none", stacks[options.stacks]))
		options.stacks++;
	if (options.hooks == HOOKS_NONE || options.stacks == 4)
		return 2;
	if (events_open(&events, &options, error, sizeof(error))) {
		fprintf(stderr, "events: %s\n", error);
		return 1;
	}
	events_start(events);
	puts("READY");
	fflush(stdout);
	while (n >= 0 && !poll(&input, 1, 10)) {
		n = options.to_ring ? events_read_raw(events, take, &bytes) : 0;
		received += n > 0 ? n : 0;
	}
	events_stop(events);
	if (options.to_ring)
		received += events_read_raw(events, take, &bytes);
	else
		events_operations(events, &operations);
	for (i = 0; i < operations.n; i++)
		received += operations.rows[i].histogram.count;
	events_lost(events, &lost);
	printf("{\"received\":%lu,\"lost\":%lu,\"bytes\":%lu}\n", received,
	       (unsigned long)(lost.dropped + lost.missed), bytes);
	events_close(events);
	operations_free(&operations);
	return n < 0;
}
