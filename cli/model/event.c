// SPDX-License-Identifier: GPL-2.0
/* Names of events, and their sums; see events.h. */
#include "model/event.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned int flags;
} events[] = {
#define DMABUF_EVENT_ROW(id, key, flags, help) [EVENT_##id] = { #key, flags },
	DMABUF_EVENTS(DMABUF_EVENT_ROW)
};

const char *event_name(unsigned int type)
{
	return type < EVENT_TYPES ? events[type].name : NULL;
}

const char *direction_name(unsigned int flags)
{
	static const char *const names[] = { "bidirectional", "to_device", "from_device", NULL };

	return names[flags & EVENT_DIRECTION];
}

const char *direction_word(unsigned int type, unsigned int flags)
{
	static const char *const device[] = { "BIDIRECTIONAL", "TO_DEVICE", "FROM_DEVICE", NULL };
	/* The CPU reads data that the device wrote */
	static const char *const cpu[] = { "READ|WRITE", "WRITE", "READ", NULL };
	bool is_access = type == EVENT_BEGIN || type == EVENT_END;

	return (is_access ? cpu : device)[flags & EVENT_DIRECTION];
}

bool event_is_call(unsigned int type)
{
	return type < EVENT_TYPES && events[type].flags & EVENT_CALL;
}

static int compare_strings(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int compare(const void *x, const void *y)
{
	const struct model_operation *a = x, *b = y;
	int order = compare_strings(a->exporter, b->exporter);

	if (!order)
		order = compare_strings(a->device, b->device);
	if (!order)
		order = a->type < b->type ? -1 : a->type > b->type;
	return order ? order : a->direction < b->direction ? -1 : a->direction > b->direction;
}

static uint64_t key_of(const struct model_operation *o)
{
	return (hash_string(o->exporter) * 31 + hash_string(o->device)) * 256 + o->type * 4 +
	       o->direction;
}

struct model_operation *operations_find(const struct model_operations *o, unsigned int type,
					unsigned int direction, const char *exporter,
					const char *device)
{
	const struct model_operation wanted = {
		.type = type, .direction = direction, .exporter = exporter, .device = device,
	};
	uint32_t i = index_get(&o->by_key, key_of(&wanted));

	return i < o->n && !compare(&o->rows[i], &wanted) ? &o->rows[i] : NULL;
}

uint32_t operations_of(const struct model_operations *o, const char *device)
{
	uint32_t i = index_get(&o->by_device, hash_string(device));

	/* What is not of that device was forgotten, or sorted to another place. */
	return i < o->n && !compare_strings(o->rows[i].device, device) ? i : INDEX_NONE;
}

/* Links a row to those of its device with lower indices. 0 or -ENOMEM. */
static int link_row(struct model_operations *o, uint32_t i)
{
	struct model_operation *row = &o->rows[i];

	row->next = operations_of(o, row->device);
	/* Before rows were sorted, it was at that index. */
	if (row->next >= i)
		row->next = INDEX_NONE;
	return index_put(&o->by_device, hash_string(row->device), i);
}

struct model_operation *operations_row(struct model_operations *o, unsigned int type,
				       unsigned int direction, const char *exporter,
				       const char *device)
{
	struct model_operation *row = operations_find(o, type, direction, exporter, device);

	if (row)
		return row;
	if (!o->n) {
		index_clear(&o->by_key);
		index_clear(&o->by_device);
	}
	row = array_add(&o->rows, &o->n, &o->room, sizeof(*row));
	if (!row)
		return NULL;
	row->type = type;
	row->direction = direction;
	row->exporter = exporter;
	row->device = device;
	if (link_row(o, o->n - 1) || index_put(&o->by_key, key_of(row), o->n - 1)) {
		o->n--;
		return NULL;
	}
	return row;
}

void operations_sort(struct model_operations *o)
{
	if (o->n)
		qsort(o->rows, o->n, sizeof(*o->rows), compare);
	/* They all have a slot, so that there is room */
	for (uint32_t i = 0; i < o->n; i++) {
		index_put(&o->by_key, key_of(&o->rows[i]), i);
		link_row(o, i);
	}
}

void operations_free(struct model_operations *o)
{
	free(o->rows);
	index_free(&o->by_key);
	index_free(&o->by_device);
	memset(o, 0, sizeof(*o));
}
