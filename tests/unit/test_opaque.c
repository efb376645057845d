// SPDX-License-Identifier: GPL-2.0
/* No address of the kernel is left in snapshot records and kernel stacks. */
#include "fixture.h"

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "opaque.h"

#define TABLE	0xffff888012345000ull
#define OBJECT	0xffff888067890100ull

static void keys_stand_for_addresses(void **state)
{
	(void)state;
	assert_int_equal(opaque_key(TABLE), opaque_key(TABLE));
	assert_true(opaque_key(TABLE) != opaque_key(OBJECT));
	assert_true(opaque_key(TABLE) != TABLE);
	assert_int_equal(opaque_key(0), 0);
}

static void slots_keep_no_address(void **state)
{
	static const struct {
		uint16_t type;
		bool end;		/* is an address of the kernel */
	} types[] = {
		{ SNAP_FD, false }, { SNAP_MAP, false }, { SNAP_GEM, true },
		{ SNAP_IN_FLIGHT, true }, { SNAP_SOCKET, false }, { SNAP_IO_URING, false },
		{ SNAP_FRAMEBUFFER, true },
	};
	struct {
		struct snap_buffer buffer;
		struct snap_slot slots[ARRAY_SIZE(types)];
	} records = { .buffer = { { SNAP_BUFFER, sizeof(struct snap_buffer), 0 }, .ino = TABLE } };
	uint32_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		records.slots[i] = (struct snap_slot){
			.head = { types[i].type, sizeof(struct snap_slot), 0 },
			.table = i < 4 ? TABLE : OBJECT, .start = TABLE, .end = OBJECT,
		};
	opaque_slots(&records, sizeof(records));
	assert_true(records.buffer.ino == TABLE);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		assert_true(records.slots[i].table == opaque_key(i < 4 ? TABLE : OBJECT));
		assert_true(records.slots[i].start == TABLE);
		assert_true(records.slots[i].end == (types[i].end ? opaque_key(OBJECT) : OBJECT));
	}
}

static void frames_of_programs_stay_as_they_are(void **state)
{
	struct dmabuf_event_frames frames[] = {
		{ .frames = { TABLE, OBJECT, 0 } },
		{ .frames = { TABLE, OBJECT, 0 }, .user = 1 },
	};

	(void)state;
	opaque_frames(frames, ARRAY_SIZE(frames));
	assert_true(frames[0].frames[0] == opaque_key(TABLE));
	assert_true(frames[0].frames[1] == opaque_key(OBJECT));
	assert_true(frames[0].frames[2] == 0);
	assert_true(frames[1].frames[0] == TABLE && frames[1].frames[1] == OBJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_stand_for_addresses),
		cmocka_unit_test(slots_keep_no_address),
		cmocka_unit_test(frames_of_programs_stay_as_they_are),
	};

	return cmocka_run_group_tests_name("opaque", tests, NULL, NULL);
}
