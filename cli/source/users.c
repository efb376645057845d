// SPDX-License-Identifier: GPL-2.0
/*
 * Possible users of a buffer that do not hold the buffer: live processes that held the buffer, and
 * open device files, whose drivers keep queued buffers. Called by source.c.
 */
#include "source/users.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "source/source.h"

#define PROC_PID_INIT_INO 0xeffffffc	/* include/linux/proc_ns.h */

/* In another pid namespace, pids differ from the kernel's records. */
bool users_are_seen(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == PROC_PID_INIT_INO;
}

int users_name_nodes(struct node_names **names, struct records *records)
{
	char *at = records->bytes, *end = at + records->len, *to = at;
	struct index seen = { 0 };
	int err = 0;

	for (; at < end && !err; at += ((struct snap_head *)at)->len) {
		struct snap_node *node = (void *)at;
		uint16_t len = node->head.len;

		if (node->head.type == SNAP_NODE) {
			uint64_t key = (uint64_t)node->pid << 32 | node->rdev;

			if (index_get(&seen, key) != INDEX_NONE)
				continue;
			err = index_put(&seen, key, 1);
			node_describe(names, node);
		}
		if (to != at)
			memmove(to, at, len);
		to += len;
	}
	records->len = to - records->bytes;
	index_free(&seen);
	return err;
}

static int know(struct users *u, uint32_t pid)
{
	if (!pid || index_get(&u->by_pid, pid) != INDEX_NONE)
		return 0;
	return array_append(&u->pids, &u->n, &u->room, &pid, sizeof(pid)) ?:
	       index_put(&u->by_pid, pid, 1);
}

static int add_former(struct model *m, struct records *records, uint32_t pid)
{
	const struct snap_former former = {
		.head = { SNAP_FORMER, sizeof(former), 0 }, .pid = pid,
	};

	return records_add(records, &former, sizeof(former)) ?: index_put(&m->former, pid, 1);
}

int users_update(struct users *u, struct model *m, struct records *records)
{
	uint32_t i, kept = 0;
	int err = 0;

	for (i = 0; i < m->n_processes && !err; i++)
		err = know(u, m->processes[i].pid);
	for (i = 0; i < m->n_buffers && !err; i++)
		err = know(u, m->buffers[i].exported_by);
	for (i = 0; i < u->n && !err; i++) {
		uint32_t pid = u->pids[i];

		if (index_get(&m->by_pid, pid) == INDEX_NONE) {
			/* Another process with this number only prevents a suspicion */
			if (kill(pid, 0) && errno == ESRCH) {
				index_remove(&u->by_pid, pid);
				continue;
			}
			err = add_former(m, records, pid);
		}
		u->pids[kept++] = pid;
	}
	m->exporters_asked = !err;
	if (!err)
		u->n = kept;
	return err;
}

void users_free(struct users *u)
{
	free(u->pids);
	index_free(&u->by_pid);
	memset(u, 0, sizeof(*u));
}
