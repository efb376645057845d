// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers in recordings never change: events, records, names and flags. Details behind an event,
 * and types of a later version.
 */
#include "recording.h"

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "recording/replay.h"

struct number {
	uint32_t number, is;
	const char *name;
};

#define N(number, id) { number, id, #id }

/* Append new numbers here, too. */
static const struct number events[] = {
	N(0, EVENT_EXPORT), N(1, EVENT_FD), N(2, EVENT_GET), N(3, EVENT_PUT), N(4, EVENT_MMAP),
	N(5, EVENT_ATTACH), N(6, EVENT_DETACH), N(7, EVENT_MAP), N(8, EVENT_UNMAP),
	N(9, EVENT_PIN), N(10, EVENT_UNPIN), N(11, EVENT_VMAP), N(12, EVENT_VUNMAP),
	N(13, EVENT_BEGIN), N(14, EVENT_END), N(15, EVENT_NAME), N(16, EVENT_INVALIDATE),
	N(17, EVENT_FENCE_WAIT), N(18, EVENT_RELEASE), N(19, EVENT_FORK), N(20, EVENT_EXEC),
	N(21, EVENT_EXIT), N(22, EVENT_LEFT), N(23, EVENT_TYPES),
};

static const struct number event_records[] = {
	N(0x40, EVENT_TASK), N(0x41, EVENT_TEXT), N(0x42, EVENT_STACK), N(0x43, EVENT_FRAMES),
	N(0x44, EVENT_MAP_DETAILS), N(0x45, EVENT_FENCE_DETAILS), N(0x46, EVENT_RECORDS_END),
};

static const struct number event_flags[] = {
	N(0x03, EVENT_DIRECTION), N(0x04, EVENT_DYNAMIC), N(0x04, EVENT_MAPPED),
	N(0x08, EVENT_NESTED), N(0x10, EVENT_HAS_TEXT), N(0x20, EVENT_HAS_STACK),
	N(0x40, EVENT_HAS_DETAILS),
};

static const struct number ways[] = {
	N(0, EVENT_HOW_UNKNOWN), N(1, EVENT_HOW_WAIT), N(2, EVENT_HOW_POLL),
	N(3, EVENT_HOW_SYNC_FILE), N(4, EVENT_HOW_SYNCOBJ), N(5, EVENT_HOWS),
};

static const struct number snapshot_records[] = {
	N(0, SNAP_NONE), N(1, SNAP_BUFFER), N(2, SNAP_ATTACHMENT), N(3, SNAP_FD), N(4, SNAP_MAP),
	N(5, SNAP_RECOUNT), N(6, SNAP_GEM), N(7, SNAP_IN_FLIGHT), N(8, SNAP_SOCKET),
	N(9, SNAP_IO_URING), N(10, SNAP_FRAMEBUFFER), N(11, SNAP_MAPPING), N(12, SNAP_ORIGIN),
	N(13, SNAP_ACCESS), N(14, SNAP_NODE), N(15, SNAP_FORMER), N(16, SNAP_TYPES),
};

static const struct number snapshot_flags[] = {
	N(0x01, SNAP_HAS_COUNT), N(0x02, SNAP_HAS_CREATED), N(0x04, SNAP_HAS_UID),
	N(0x08, SNAP_HAS_NAME), N(0x10, SNAP_HAS_ATTACHMENTS), N(0x20, SNAP_HAS_SIZE),
	N(0x40, SNAP_HAS_EXPORTER), N(0x80, SNAP_TORN),
	N(0x01, SNAP_ATTACHMENT_DYNAMIC), N(0x02, SNAP_ATTACHMENT_DYNAMIC_KNOWN),
	N(0x04, SNAP_ATTACHMENT_DRIVER_KNOWN),
	N(0x01, SNAP_SLOT_HAS_COUNT), N(0x02, SNAP_SLOT_READ), N(0x04, SNAP_SLOT_WRITE),
	N(0x08, SNAP_SLOT_IMPORT),
	N(0x01, SNAP_MAPPING_OLDER), N(0x02, SNAP_MAPPING_PAST),
};

static const struct number sees[] = {
	N(0x01, MODEL_SEES_HOLDERS), N(0x02, MODEL_SEES_KERNEL_ONLY),
	N(0x04, MODEL_SEES_ATTACHMENTS), N(0x08, MODEL_SEES_REFERENCES),
	N(0x10, MODEL_SEES_USERS),
};

static const struct number blocks[] = {
	N(1, RECORDING_NAMES), N(2, RECORDING_SNAPSHOT), N(3, RECORDING_EVENTS),
	N(4, RECORDING_INFO), N(5, RECORDING_INDEX), N(6, RECORDING_END), N(7, RECORDING_TYPES),
};

static const struct number block_flags[] = {
	N(0x1, RECORDING_ZSTD), N(0x2, RECORDING_COLUMNS), N(0x4, RECORDING_MORE),
	N(0x8, RECORDING_GAP), N(0xf, RECORDING_FLAGS),
};

static const struct number names[] = {
	N(1, RECORDING_DEVICE), N(2, RECORDING_EXPORTER), N(3, RECORDING_NODE),
	N(4, RECORDING_CGROUP), N(5, RECORDING_RDEV), N(6, RECORDING_DEVICE_NODES),
	N(7, RECORDING_FILE), N(8, RECORDING_SYMBOL), N(9, RECORDING_NAME_KINDS),
};

static void check(const struct number *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].number != list[i].is)
			fail_msg("%s is %u, and was %u", list[i].name, list[i].is, list[i].number);
}

#define CHECK(list) check(list, ARRAY_SIZE(list))

static void numbers_never_change(void **state)
{
	(void)state;
	CHECK(events);
	CHECK(event_records);
	CHECK(event_flags);
	CHECK(ways);
	CHECK(snapshot_records);
	CHECK(snapshot_flags);
	CHECK(sees);
	CHECK(blocks);
	CHECK(block_flags);
	CHECK(names);
}

static void sets_of_events_come_from_the_list(void **state)
{
	const uint64_t of_buffers = 0x3ff << 5;	/* attach to end */

	(void)state;
	assert_int_equal(EVENT_SET_ALL, 0x7fffff);
	assert_int_equal(EVENT_SET_TIMED, of_buffers);
	assert_int_equal(EVENT_SET_CALL, of_buffers | 1 << 16 | 1 << 17);
	assert_int_equal(EVENT_SET_ATTACHED, 0x3f << 5);
	assert_int_equal(EVENT_SET_BEGINS, 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 |
			 1 << 11 | 1 << 13);
	assert_int_equal(EVENT_SET_PROCESS, 0xf << 19);
	assert_int_equal(EVENT_SET_JUDGED, 0x7fffff & ~(1 << 1 | 1 << 16 | 1 << 17));
}

static struct recording *write_events(const void *records, size_t len)
{
	struct recording_writer *w;
	struct recording *r;
	int fd = memory_file("", 0);
	char why[160];

	assert_int_equal(recording_create(&w, fd, &about, &(struct recording_options){ 0 }), 0);
	assert_int_equal(recording_add_events(w, records, len, 0), 0);
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	return r;
}

static void replay_all(struct recording *r, int (*take)(void *ctx, const struct model_event *e),
		       void *ctx)
{
	const struct replay_taker taker = { .event = take, .ctx = ctx };
	struct replay *replay = replay_new(r, NULL);

	assert_int_equal(replay_run(replay, &taker, UINT32_MAX), 0);
	replay_free(replay);
}

struct wait {
	struct dmabuf_event event;
	struct dmabuf_event_text text;
	struct dmabuf_event_stack stack;
	struct dmabuf_event_fence_details fence;
};

static const struct wait one_wait = {
	.event = { .time = 1000, .tid = 7, .type = EVENT_FENCE_WAIT,
		   .flags = EVENT_HAS_TEXT | EVENT_HAS_STACK | EVENT_HAS_DETAILS },
	.text = { .text = "vgem", .type = EVENT_TEXT },
	.stack = { .time = 1000, .kernel = 11, .user = 13, .type = EVENT_STACK },
	.fence = { .time = 1000, .fence = 17, .context = 3, .seqno = 1, .error = -5, .usage = 2,
		   .how = EVENT_HOW_POLL, .type = EVENT_FENCE_DETAILS },
};

struct map {
	struct dmabuf_event event;
	struct dmabuf_event_map_details details;
};

static const struct map one_map = {
	.event = { .time = 2000, .tid = 7, .type = EVENT_MAP, .flags = EVENT_HAS_DETAILS },
	.details = { .time = 2000, .largest = 1 << 20, .device_largest = 2 << 20, .entries = 100,
		     .device_entries = 50, .bounced = 3, .seen = 64, .runs = 5,
		     .type = EVENT_MAP_DETAILS },
};

static int check_details(void *ctx, const struct model_event *e)
{
	uint32_t *n = ctx;

	if (e->raw.type == EVENT_FENCE_WAIT) {
		assert_string_equal(e->text, "vgem");
		assert_int_equal(e->kernel_stack, 11);
		assert_int_equal(e->user_stack, 13);
		assert_memory_equal(e->fence, &one_wait.fence, sizeof(one_wait.fence));
		assert_null(e->map);
	} else {
		assert_int_equal(e->raw.type, EVENT_MAP);
		assert_memory_equal(e->map, &one_map.details, sizeof(one_map.details));
		assert_null(e->fence);
		assert_null(e->text);
	}
	++*n;
	return 0;
}

static void details_of_an_event_are_read_as_written(void **state)
{
	struct { struct wait wait; struct map map; } records = { one_wait, one_map };
	struct recording *r = write_events(&records, sizeof(records));
	uint32_t n = 0;

	(void)state;
	replay_all(r, check_details, &n);
	assert_int_equal(n, 2);
	assert_null(recording_unknown(r));
	recording_close(r);
}

static int check_none(void *ctx, const struct model_event *e)
{
	assert_null(e->map);
	assert_null(e->fence);
	++*(uint32_t *)ctx;
	return 0;
}

static void details_that_contradict_themselves_are_left_out(void **state)
{
	struct { struct wait wait; struct map map[3]; } records = {
		one_wait, { one_map, one_map, one_map }
	};
	struct recording *r;
	uint32_t n = 0;

	(void)state;
	records.wait.fence.how = EVENT_HOWS;
	records.map[0].details.seen = 101;
	records.map[1].details.runs = 65;
	records.map[2].event.flags = 0;
	r = write_events(&records, sizeof(records));
	replay_all(r, check_none, &n);
	assert_int_equal(n, 4);
	recording_close(r);
}

/* A later version: an event, a record behind an event, a record of snapshots. */
static void types_of_later_versions_are_stepped_over_and_counted_once(void **state)
{
	struct { struct wait wait; struct dmabuf_event more[3]; struct map map; } records = {
		one_wait,
		{ { .type = EVENT_RECORDS_END }, { .type = 0x7f }, { .type = EVENT_TYPES } },
		one_map
	};
	struct recording *r = write_events(&records, sizeof(records));
	uint32_t n = 0;

	(void)state;
	assert_null(recording_unknown(r));
	replay_all(r, check_details, &n);
	replay_all(r, check_details, &n);
	assert_int_equal(n, 4);
	assert_string_equal(recording_unknown(r), "ignored event records of unknown type 70 (3); "
			    "a newer dmabuf-trace reads them");
	assert_null(recording_damage(r));
	recording_close(r);
}

static void change_type(char *block, uint16_t type)
{
	struct recording_block_head *head = (void *)block;

	head->type = type;
	head->crc = recording_crc(0, head + 1, head->len);
	head->head_crc = recording_block_crc(head);
}

/* With the index, and in a truncated file. */
static void blocks_of_later_versions_are_stepped_over_and_counted_once(void **state)
{
	struct recording_entry *entries;
	struct recording *r;
	struct layout l;
	char *bytes, why[160];
	size_t size = small_bytes(&bytes, &l);
	int at = 0, index = l.n - 2, cut;

	(void)state;
	while (l.type[at] != RECORDING_EVENTS)
		at++;
	assert_int_equal(l.type[index], RECORDING_INDEX);
	entries = (void *)(bytes + l.begin[index] + sizeof(struct recording_block_head));
	assert_int_equal(entries[at].offset, l.begin[at]);
	entries[at].type = RECORDING_TYPES + 1;
	change_type(bytes + l.begin[index], RECORDING_INDEX);
	change_type(bytes + l.begin[at], RECORDING_TYPES + 1);
	for (cut = 0; cut < 2; cut++) {
		int fd = memory_file(bytes, cut ? l.begin[index] : size);

		assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
		assert_int_equal(recording_survey(r, NULL, NULL), 0);
		assert_int_equal(recording_snapshots(r), 2);
		assert_int_equal(recording_probe(r), 0);
		assert_string_equal(recording_unknown(r), "ignored blocks of unknown type 8 (1); "
				    "a newer dmabuf-trace reads them");
		assert_null(recording_damage(r));
		recording_close(r);
	}
	free(bytes);
}

static void records_of_later_snapshots_are_counted_once(void **state)
{
	struct snap_head record[2] = { { SNAP_TYPES, 8, 0 }, { SNAP_TYPES + 4, 8, 0 } };
	struct recording_snapshot snapshot;
	struct recording_writer *w;
	struct recording *r;
	int fd = memory_file("", 0);
	char why[160];

	(void)state;
	assert_int_equal(recording_create(&w, fd, &about, &(struct recording_options){ 0 }), 0);
	assert_int_equal(recording_add_snapshot(w, 1, &moment, NULL, record, sizeof(record)), 0);
	recording_free(w);
	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	assert_int_equal(recording_read_snapshot(r, 0, &snapshot), 0);
	assert_int_equal(recording_read_snapshot(r, 0, &snapshot), 0);
	assert_string_equal(recording_unknown(r), "ignored snapshot records of unknown type 16 (2); "
			    "a newer dmabuf-trace reads them");
	recording_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_never_change),
		cmocka_unit_test(sets_of_events_come_from_the_list),
		cmocka_unit_test(details_of_an_event_are_read_as_written),
		cmocka_unit_test(details_that_contradict_themselves_are_left_out),
		cmocka_unit_test(types_of_later_versions_are_stepped_over_and_counted_once),
		cmocka_unit_test(blocks_of_later_versions_are_stepped_over_and_counted_once),
		cmocka_unit_test(records_of_later_snapshots_are_counted_once),
	};

	return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
