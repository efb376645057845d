// SPDX-License-Identifier: GPL-2.0
/* Keys in place of the kernel's addresses; see opaque.h. */
#include "opaque.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "model/hash.h"

uint64_t opaque_key(uint64_t address)
{
	static uint64_t secret[2];

	/* getrandom() fails only if a signal comes before the kernel's pool is ready. */
	while (!secret[0] && getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		if (errno != EINTR)
			abort();
	return address ? hash_secret(address, secret) : 0;
}

void opaque_slots(void *records, size_t len)
{
	char *at = records, *end = at + len;
	uint64_t table = 0, key = 0;	/* the last one: slots of a table come side by side */

	for (; at < end; at += ((struct snap_head *)at)->len) {
		struct snap_slot *slot = (void *)at;

		switch (slot->head.type) {
		case SNAP_GEM:
		case SNAP_FRAMEBUFFER:
		case SNAP_IN_FLIGHT:
			slot->end = opaque_key(slot->end);
			/* fall through */
		case SNAP_FD:
		case SNAP_MAP:
		case SNAP_SOCKET:
		case SNAP_IO_URING:
			if (slot->table != table) {
				table = slot->table;
				key = opaque_key(table);
			}
			slot->table = key;
		}
	}
}

void opaque_frames(struct dmabuf_event_frames *frames, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < EVENT_FRAMES_EACH && !frames[i].user; j++)
			frames[i].frames[j] = opaque_key(frames[i].frames[j]);
}
