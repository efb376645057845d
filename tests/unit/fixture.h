/* SPDX-License-Identifier: GPL-2.0 */
/* What the unit tests share: cmocka, and snapshot records made in one line each. */
#ifndef UNIT_FIXTURE_H
#define UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/filter.h"
#include "model/model.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

#define SEES_ALL (MODEL_SEES_HOLDERS | MODEL_SEES_KERNEL_ONLY | MODEL_SEES_ATTACHMENTS |	\
		  MODEL_SEES_REFERENCES | MODEL_SEES_USERS)
#define HAS_ALL (SNAP_HAS_COUNT | SNAP_HAS_CREATED | SNAP_HAS_UID | SNAP_HAS_NAME |	\
		 SNAP_HAS_ATTACHMENTS | SNAP_HAS_SIZE | SNAP_HAS_EXPORTER)

static inline void *record_add(struct records *r, const void *record, size_t len)
{
	assert_int_equal(records_add(r, record, len), 0);
	return r->bytes + r->len - len;
}

/* Like strncpy() into a zeroed field, which compilers warn of: a full one has no NUL. */
static inline void record_text(char *dst, size_t room, const char *src)
{
	size_t len = strlen(src);

	memcpy(dst, src, len < room ? len : room);
}

/* Each returns the record, good until the next is added, to change more of it. */
static inline struct snap_buffer *record_buffer(struct records *r, uint64_t ino, uint64_t size,
						uint64_t count)
{
	struct snap_buffer b = {
		.head = { SNAP_BUFFER, sizeof(b), HAS_ALL },
		.ino = ino, .size = size, .count = count, .exporter = "system",
	};

	return record_add(r, &b, sizeof(b));
}

static inline struct snap_attachment *record_attachment(struct records *r, uint64_t ino,
							const char *device, const char *driver)
{
	struct snap_attachment a = {
		.head = { SNAP_ATTACHMENT, sizeof(a), driver ? SNAP_ATTACHMENT_DRIVER_KNOWN : 0 },
		.ino = ino,
	};

	record_text(a.device, sizeof(a.device), device);
	if (driver)
		record_text(a.driver, sizeof(a.driver), driver);
	return record_add(r, &a, sizeof(a));
}

/* An fd, or with end a mapping. */
static inline struct snap_slot *record_slot(struct records *r, uint32_t pid, uint64_t ino,
					    uint64_t table, uint64_t start, uint64_t end)
{
	struct snap_slot s = {
		.head = { end ? SNAP_MAP : SNAP_FD, sizeof(s), 0 },
		.ino = ino, .table = table, .start = start, .end = end, .pid = pid,
	};

	snprintf(s.comm, sizeof(s.comm), "comm%u", pid);
	return record_add(r, &s, sizeof(s));
}

static inline void record_recount(struct records *r, uint64_t ino, uint64_t count)
{
	struct snap_recount c = {
		.head = { SNAP_RECOUNT, sizeof(c), 0 }, .ino = ino, .count = count,
	};

	record_add(r, &c, sizeof(c));
}

/* Makes m of r, which is empty afterwards. */
static inline void load(struct model *m, struct records *r, const struct filter *filter)
{
	m->sees = SEES_ALL;
	m->source = "test";
	assert_int_equal(model_load(m, r->bytes, r->len), 0);
	assert_int_equal(model_account(m, filter), 0);
	r->len = 0;
}

static inline struct model_buffer *buffer_of(const struct model *m, uint64_t ino)
{
	uint32_t i = index_get(&m->by_ino, ino);

	assert_int_not_equal(i, INDEX_NONE);
	return &m->buffers[i];
}

static inline struct model_process *process_of(const struct model *m, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < m->n_processes; i++)
		if (m->processes[i].pid == pid)
			return &m->processes[i];
	return NULL;
}

static inline struct model_device *device_of(const struct model *m, const char *name)
{
	uint32_t i;

	for (i = 0; i < m->n_devices; i++)
		if (!strcmp(m->devices[i].device, name))
			return &m->devices[i];
	return NULL;
}

static inline struct model_holder *holder_of(const struct model *m, uint32_t pid, uint64_t ino)
{
	const struct model_buffer *b = buffer_of(m, ino);
	uint32_t i;

	for (i = b->first_holder; i < b->first_holder + b->procs; i++)
		if (m->processes[m->holders[i].process].pid == pid)
			return &m->holders[i];
	return NULL;
}

#endif
