/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of recordings share: making small ones, and reading all that can be read. */
#ifndef UNIT_RECORDING_H
#define UNIT_RECORDING_H

#include "fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmabuf_events.h"
#include "recording/recording.h"

#define SECOND 1000000000ull

static const char *const texts[] __attribute__((unused)) = {
	"release=6.12.0", "host=cam", "hooks=kprobe", "command=dmabuf-trace record", NULL
};
static const struct recording_about about __attribute__((unused)) = {
	.realtime = 1700000000 * (int64_t)SECOND, .boottime = 5, .start = 100 * SECOND,
	.memory = 1ull << 33, .texts = texts,
};

/* What a reader got of a recording. */
struct seen {
	int error;			/* of opening */
	char why[160];
	uint32_t blocks, names, snapshots, bad_snapshots;
	uint64_t events, lost, records_hash, events_hash;
	char damage[200];
	char end[64];
};

static inline uint64_t mix(uint64_t h, const char *bytes, size_t len)
{
	while (len--)
		h = (h ^ (unsigned char)*bytes++) * 0x100000001b3ull;
	return h;
}

static inline int count_name(void *ctx, const struct recording_name *name)
{
	struct seen *seen = ctx;

	assert_true(strlen(name->text) < 10000);
	if (recording_second(name))
		assert_true(strlen(recording_second(name)) < 10000);
	seen->names++;
	return 0;
}

static inline void read_all(int fd, struct seen *seen)
{
	struct recording_snapshot snapshot;
	struct recording_block block;
	struct recording *r;
	uint64_t at = 0;
	uint32_t i;

	memset(seen, 0, sizeof(*seen));
	seen->error = recording_open_fd(&r, fd, seen->why, sizeof(seen->why));
	if (seen->error) {
		assert_true(*seen->why);
		return;
	}
	assert_int_equal(recording_survey(r, count_name, seen), 0);
	for (i = 0; i < recording_snapshots(r); i++) {
		if (recording_read_snapshot(r, i, &snapshot)) {
			seen->bad_snapshots++;
			continue;
		}
		seen->snapshots++;
		seen->records_hash = mix(seen->records_hash + snapshot.sees, snapshot.records,
					 snapshot.len);
	}
	while (recording_next(r, &at, &block) == 1) {
		seen->blocks++;
		if (recording_load(r, &block))
			continue;
		seen->lost += block.head.lost;
		if (block.head.type == RECORDING_EVENTS) {
			seen->events += block.head.count;
			seen->events_hash = mix(seen->events_hash, block.data, block.head.raw_len);
		}
	}
	if (recording_text(r, "end"))
		snprintf(seen->end, sizeof(seen->end), "%s", recording_text(r, "end"));
	if (recording_damage(r))
		snprintf(seen->damage, sizeof(seen->damage), "%s", recording_damage(r));
	recording_close(r);
}

static inline int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

static inline void read_bytes(const void *bytes, size_t len, struct seen *seen)
{
	read_all(memory_file(bytes, len), seen);
}

static inline size_t file_bytes(int fd, char **bytes)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	*bytes = malloc(st.st_size + 1);
	assert_int_equal(pread(fd, *bytes, st.st_size, 0), st.st_size);
	return st.st_size;
}

/* n events from the i-th on; every 7th has a text, every 50th task is new. */
static inline size_t make_events(char *to, uint32_t i, uint32_t n)
{
	char *at = to;

	for (; n--; i++) {
		struct dmabuf_event e = {
			.time = 100 * SECOND + i * 1000, .ino = 7 + i % 5,
			.value = 100 + i * i % 977,
			.tid = 4711 + i / 50, .type = EVENT_BEGIN, .cpu = i & 1,
		};
		struct dmabuf_event_task task = {
			.time = e.time, .tid = e.tid, .pid = 4711, .comm = "camera",
			.type = EVENT_TASK,
		};
		struct dmabuf_event_text text = { .text = "a name", .type = EVENT_TEXT };

		if (i % 50 == 0) {
			memcpy(at, &task, sizeof(task));
			at += sizeof(task);
		}
		if (i % 7 == 0)
			e.flags |= EVENT_HAS_TEXT;
		memcpy(at, &e, sizeof(e));
		at += sizeof(e);
		if (i % 7 == 0) {
			memcpy(at, &text, sizeof(text));
			at += sizeof(text);
		}
	}
	return at - to;
}

static inline void make_snapshot(struct records *r, uint32_t buffers)
{
	uint32_t i;

	r->len = 0;
	for (i = 0; i < buffers; i++)
		record_buffer(r, i + 1, 4096 * (i + 1), 1);
	for (i = 0; i < buffers; i++)
		record_slot(r, 10 + i % 200, i + 1, i % 200, i, 0);
}

static const struct recording_moment moment __attribute__((unused)) = {
	.realtime = 5, .sees = SEES_ALL,
};

static inline void add_snapshot(struct recording_writer *w, uint64_t time, uint32_t buffers)
{
	struct records r = { 0 };

	make_snapshot(&r, buffers);
	assert_int_equal(recording_add_snapshot(w, time, &moment, time & 1 ? "no devices" : NULL,
						r.bytes, r.len), 0);
	records_free(&r);
}

/* Two snapshots with 40 events between, names, losses. */
static inline void write_small(int fd, int compress)
{
	struct recording_options options = { .compress = compress };
	struct recording_writer *w;
	char events[8192];
	size_t len = make_events(events, 0, 40);

	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	assert_int_equal(recording_add_name(w, RECORDING_CGROUP, 7, "/a.slice", NULL), 0);
	assert_int_equal(recording_add_name(w, RECORDING_CGROUP, 7, "/a.slice", NULL), 0);
	assert_int_equal(recording_add_name(w, RECORDING_DEVICE_NODES, 0, "vivid.0",
					    "/dev/video0;/dev/video1"), 0);
	add_snapshot(w, 100 * SECOND, 2);
	assert_int_equal(recording_add_events(w, events, len, 0), 0);
	assert_int_equal(recording_add_name(w, RECORDING_DEVICE, 1, "vgem", NULL), 0);
	assert_int_equal(recording_add_events(w, events, len, 23), 0);
	add_snapshot(w, 101 * SECOND + 1, 3);
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
}

/* Blocks of a recording: where each begins and ends. */
struct layout {
	uint64_t begin[64], end[64];
	uint16_t type[64];
	int n;
};

static inline void lay_out(const char *bytes, size_t len, struct layout *l)
{
	struct recording_block block;
	struct recording *r;
	uint64_t at = 0;
	char why[160];

	l->n = 0;
	assert_int_equal(recording_open_fd(&r, memory_file(bytes, len), why, sizeof(why)), 0);
	while (recording_next(r, &at, &block) == 1) {
		l->begin[l->n] = block.offset;
		l->end[l->n] = block.offset + sizeof(block.head) + block.head.len;
		l->type[l->n++] = block.head.type;
	}
	recording_close(r);
}

static inline size_t small_bytes(char **bytes, struct layout *l)
{
	int fd = memory_file("", 0);
	size_t size;

	write_small(fd, recording_zstd_version() ? 3 : 0);
	size = file_bytes(fd, bytes);
	close(fd);
	lay_out(*bytes, size, l);
	return size;
}

#endif
