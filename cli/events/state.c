// SPDX-License-Identifier: GPL-2.0
/* The state that hooks keep, as records of a snapshot; events.h. */
#include <bpf/libbpf.h>
#include <string.h>

#include "clock.h"
#include "dmabuf_snapshot.h"
#include "events_shared.h"
#include "events.skel.h"
#include "events/own.h"

static uint32_t node_rdev(const struct events *e, uint32_t number)
{
	return number && number <= EVENTS_MAX_NODES ? e->skel->bss->tables.nodes[number - 1] : 0;
}

static int put_mapping(struct events *e, const struct events_attachment *at, uint64_t ino,
		       uint32_t flags, struct records *records)
{
	const char *device = events_device(e, at->device);
	struct snap_mapping r = {
		.head = { SNAP_MAPPING, sizeof(r), flags },
		.ino = ino, .since = at->since ? at->since + clock_offset() : 0,
		.took = at->took, .waited = at->waited, .id = at->id,
		.rdev = node_rdev(e, at->node),
	};

	if (!device)
		return 0;
	memcpy(r.maps, at->maps, sizeof(r.maps));
	memcpy(r.mapped, at->mapped, sizeof(r.mapped));
	memcpy(r.device, device, strnlen(device, sizeof(r.device)));
	return records_add(records, &r, sizeof(r));
}

static int add_mapping(struct events *e, uint64_t key, const void *value, void *records)
{
	const struct events_attachment *at = value;

	return put_mapping(e, at, at->ino, at->older ? SNAP_MAPPING_OLDER : 0, records);
}

static int add_buffer(struct events *e, uint64_t ino, const void *value, void *records)
{
	const struct events_buffer *b = value;
	struct snap_origin origin = {
		.head = { SNAP_ORIGIN, sizeof(origin), 0 },
		.ino = ino, .pid = b->pid, .rdev = node_rdev(e, b->node),
	};
	int i, err = 0;

	memcpy(origin.comm, b->comm, sizeof(origin.comm));
	if (b->pid)
		err = records_add(records, &origin, sizeof(origin));
	for (i = 0; i < EVENTS_USERS && !err; i++) {
		const struct events_user *u = &b->users[i];
		struct snap_access r = {
			.head = { SNAP_ACCESS, sizeof(r), 0 },
			.ino = ino, .reads = u->reads, .writes = u->writes,
			.last = u->last + clock_offset(), .pid = u->who >> 32,
		};

		/* Its time is set last. */
		if (u->who && u->last)
			err = records_add(records, &r, sizeof(r));
	}
	for (i = 0; i < EVENTS_PAST && !err; i++)
		if (b->past[i].since)
			err = put_mapping(e, &b->past[i], ino, SNAP_MAPPING_PAST, records);
	return err;
}

int events_state(struct events *e, struct records *records)
{
	return events_read_map(e, MAP_ATTACHMENTS, add_mapping, records) ?:
	       events_read_map(e, MAP_STATES, add_buffer, records);
}
