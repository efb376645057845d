/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which buffers and processes a command looks at. Buffer terms (exporter, device, size) choose
 * buffers before anything is summed; process terms (pid, comm, cgroup) choose processes, and
 * the buffers that those hold. Values of one term are alternatives, terms must all hold.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct filter_list {
	char **items;
	uint32_t n, room;
};

struct filter {
	uint32_t *pids;
	uint32_t n_pids, room_pids;
	struct filter_list exporters, devices, comms, cgroups;	/* fnmatch(3) patterns */
	uint64_t min_size;		/* bytes */
};

/* Each adds what an option's argument says; 0, -EINVAL if it is not of that form, -ENOMEM. */
int filter_add_pids(struct filter *filter, const char *arg);
int filter_add_pattern(struct filter_list *list, const char *arg);
/* A size in bytes, or with K, M, G, T of 1024. 0 or -EINVAL. */
int filter_parse_size(const char *arg, uint64_t *size);

bool filter_has_process_terms(const struct filter *filter);
bool filter_matches_process(const struct filter *filter, uint32_t pid, const char *comm,
			    const char *cgroup);
/*
 * An empty list matches all; unknown text (NULL) matches only that. A path matches with all
 * below it.
 */
bool filter_matches_pattern(const struct filter_list *list, const char *text);
void filter_free(struct filter *filter);

#endif
