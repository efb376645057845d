// SPDX-License-Identifier: GPL-2.0
/* Filters; see filter.h. */
#include "model/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/hash.h"

int filter_add_pids(struct filter *filter, const char *arg)
{
	do {
		char *end;
		unsigned long pid;
		uint32_t *new;

		if (*arg < '0' || *arg > '9')
			return -EINVAL;
		errno = 0;
		pid = strtoul(arg, &end, 10);
		if (errno || !pid || pid > INT_MAX || (*end && *end != ','))
			return -EINVAL;
		new = array_add(&filter->pids, &filter->n_pids, &filter->room_pids, sizeof(*new));
		if (!new)
			return -ENOMEM;
		*new = pid;
		arg = *end ? end + 1 : NULL;
	} while (arg);
	return 0;
}

int filter_add_pattern(struct filter_list *list, const char *arg)
{
	size_t len = strlen(arg);
	char **new;

	if (!len)
		return -EINVAL;
	/* "/a/" means "/a", and "/", which is then empty, what every path starts with. */
	while (len && arg[len - 1] == '/')
		len--;
	new = array_add(&list->items, &list->n, &list->room, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = strndup(arg, len);
	if (!*new) {
		list->n--;
		return -ENOMEM;
	}
	return 0;
}

int filter_parse_size(const char *arg, uint64_t *size)
{
	static const char units[] = "KMGT";
	unsigned long long n;
	const char *unit;
	char *end;
	unsigned int shift = 0;

	if (*arg < '0' || *arg > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(arg, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || !*unit || end[1])
			return -EINVAL;
		shift = 10 * (unit - units + 1);
	}
	if (shift && n > (ULLONG_MAX >> shift))
		return -EINVAL;
	*size = n << shift;
	return 0;
}

bool filter_has_process_terms(const struct filter *filter)
{
	return filter->n_pids || filter->comms.n || filter->cgroups.n;
}

bool filter_matches_pattern(const struct filter_list *list, const char *text)
{
	if (!list->n)
		return true;
	for (uint32_t i = 0; text && i < list->n; i++)
		if (!fnmatch(list->items[i], text, FNM_LEADING_DIR))
			return true;
	return false;
}

bool filter_matches_process(const struct filter *filter, uint32_t pid, const char *comm,
			    const char *cgroup)
{
	bool found = !filter->n_pids;

	for (uint32_t i = 0; !found && i < filter->n_pids; i++)
		found = filter->pids[i] == pid;
	return found && filter_matches_pattern(&filter->comms, comm) &&
	       filter_matches_pattern(&filter->cgroups, cgroup);
}

static void list_free(struct filter_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

void filter_free(struct filter *filter)
{
	free(filter->pids);
	list_free(&filter->exporters);
	list_free(&filter->devices);
	list_free(&filter->comms);
	list_free(&filter->cgroups);
	memset(filter, 0, sizeof(*filter));
}
