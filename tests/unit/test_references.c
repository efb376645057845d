// SPDX-License-Identifier: GPL-2.0
/* References that are neither fds nor mappings: GEM handles, objects, messages, importers. */
#include "fixture.h"

static struct records r;
static struct model m;

static struct snap_slot *gem(uint32_t pid, uint64_t ino, uint64_t file, uint64_t handle,
			     uint64_t object)
{
	struct snap_slot *s = record_slot(&r, pid, ino, file, handle, 0);

	s->head.type = SNAP_GEM;
	s->end = object;
	s->rdev = 226 << 20;
	return s;
}

static void in_flight(uint64_t ino, uint64_t to, uint64_t place, uint64_t from)
{
	struct snap_slot *s = record_slot(&r, 0, ino, to, place, 0);

	s->head.type = SNAP_IN_FLIGHT;
	s->end = from;
}

static void open_socket(uint32_t pid, uint64_t socket, uint64_t ino)
{
	record_slot(&r, pid, ino, socket, 3, 0)->head.type = SNAP_SOCKET;
}

static struct model_buffer *load_one(void)
{
	m.sees = SEES_ALL;
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	assert_int_equal(model_account(&m, NULL), 0);
	r.len = 0;
	assert_int_equal(m.n_buffers, 1);
	return &m.buffers[0];
}

static void expect(const struct model_buffer *b, uint32_t handles, uint32_t objects,
		   uint64_t imports, uint32_t flying, uint64_t unexplained)
{
	uint64_t n;

	assert_false(b->torn);
	assert_int_equal(b->gem, handles);
	assert_int_equal(b->objects, objects);
	assert_int_equal(b->in_flight, flying);
	assert_true(model_buffer_imports(&m, b, &n) && n == imports);
	assert_true(model_buffer_unexplained(&m, b, &n) && n == unexplained);
}

/* virtio-gpu to vgem: two handles, two objects, one import, all of one process. */
static void exported_and_imported(void **state)
{
	struct model_buffer *b;

	(void)state;
	record_buffer(&r, 7, 4096, 6);
	record_slot(&r, 100, 7, 1, 3, 0);
	gem(100, 7, 11, 1, 0x1000);
	gem(100, 7, 12, 1, 0x2000)->head.valid |= SNAP_SLOT_IMPORT;
	record_attachment(&r, 7, "vgem", "drv");
	b = load_one();
	expect(b, 2, 2, 1, 0, 0);
	assert_int_equal(b->procs, 1);
	assert_int_equal(m.holders[0].fds, 1);
	assert_int_equal(m.holders[0].gem, 2);
	assert_int_equal(m.processes[0].rss, 4096);
	/* The importer is a holder too, after the processes */
	assert_int_equal(m.n_holders, 2);
	assert_int_equal(m.holders[1].attachment, 0);
}

/* One object with handles in three files, one of which two processes share. */
static void shared(void **state)
{
	struct model_buffer *b;

	(void)state;
	record_buffer(&r, 7, 3000, 4);
	gem(100, 7, 11, 1, 0x1000);
	gem(101, 7, 11, 1, 0x1000);
	gem(100, 7, 12, 5, 0x1000);
	gem(102, 7, 13, 1, 0x1000);
	/* The same file once more, by another fd */
	gem(102, 7, 13, 1, 0x1000);
	b = load_one();
	expect(b, 3, 1, 0, 0, 0);
	assert_int_equal(b->procs, 3);
	assert_int_equal(model_pss(&m.processes[0]), 1000);
	assert_int_equal(m.totals.kernel_only_buffers, 0);
}

/* A handle whose object no longer refers to the buffer holds one reference. */
static void without_object(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 3);
	gem(100, 7, 11, 1, 0);
	expect(load_one(), 1, 0, 0, 0, 2);
}

/* Twice in one message, once in another of the same socket, once in another socket. */
static void messages(void **state)
{
	struct model_buffer *b;

	(void)state;
	record_buffer(&r, 7, 4096, 4);
	in_flight(7, 0x500, 0, 0x600);
	in_flight(7, 0x500, 1, 0x600);
	in_flight(7, 0x500, 256, 0x600);
	in_flight(7, 0x700, 0, 0x800);
	open_socket(200, 0x500, 1234);
	open_socket(201, 0x500, 1234);
	open_socket(300, 0x600, 1235);
	b = load_one();
	expect(b, 0, 0, 0, 4, 0);
	assert_int_equal(b->procs, 0);
	assert_int_equal(m.totals.kernel_only_buffers, 1);
	assert_int_equal(m.n_holders, 2);
	assert_int_equal(m.holders[0].in_flight, 3);
	assert_string_equal(m.holders[0].socket, "1234: comm200 200 comm201 201 <- comm300 300");
	assert_int_equal(m.holders[1].in_flight, 1);
	assert_string_equal(m.holders[1].socket, "-: - <- -");
}

/* Many have the socket open: so many of them are named, and the others counted. */
static void many_ends(void **state)
{
	uint32_t pid;

	(void)state;
	for (pid = 1; pid <= 8; pid++)
		open_socket(pid, 0x500, 1234);
	for (pid = 1; pid <= 1009; pid++)
		open_socket(pid, 0x600, 1235);
	record_buffer(&r, 7, 4096, 2);
	in_flight(7, 0x500, 0, 0x600);
	in_flight(7, 0x600, 0, 0x600);
	load_one();
	assert_string_equal(m.holders[0].socket, "1234: comm1 1 comm8 8 comm7 7 comm6 6 comm5 5 comm4 4"
			    " comm3 3 comm2 2 <- comm1 1 comm1009 1009 comm1008 1008 comm1007 1007"
			    " comm1006 1006 comm1005 1005 comm1004 1004 comm1003 1003 and 1001 more");
	assert_ptr_equal(strstr(m.holders[1].socket, "and 1001 more <- "),
			 strstr(m.holders[1].socket, "and"));
}

/* More than the buffer has: it moved while it was read. */
static void too_many(void **state)
{
	struct model_buffer *b;
	uint64_t n;

	(void)state;
	record_buffer(&r, 7, 4096, 2);
	record_slot(&r, 100, 7, 1, 3, 0);
	gem(100, 7, 11, 1, 0x1000);
	b = load_one();
	assert_true(b->torn);
	assert_false(model_buffer_unexplained(&m, b, &n));
	assert_false(model_buffer_imports(&m, b, &n));
}

/* Ill-formed: a message is no process', all else is one's. */
static void pids(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 2);
	gem(0, 7, 11, 1, 0);
	assert_int_equal(model_load(&m, r.bytes, r.len), -EBADMSG);
	r.len = 0;
	record_buffer(&r, 7, 4096, 2);
	open_socket(0, 0x500, 1);
	assert_int_equal(model_load(&m, r.bytes, r.len), -EBADMSG);
	r.len = 0;
	record_buffer(&r, 7, 4096, 2);
	in_flight(7, 0x500, 0, 0);
	((struct snap_slot *)(r.bytes + r.len - sizeof(struct snap_slot)))->pid = 5;
	assert_int_equal(model_load(&m, r.bytes, r.len), -EBADMSG);
	r.len = 0;
}

/* A ring that two processes share; a framebuffer, which alone leads to its object. */
static void registered_and_shown(void **state)
{
	struct model_buffer *b;
	uint32_t pid, n;

	(void)state;
	record_buffer(&r, 7, 4096, 3);
	for (pid = 100; pid < 102; pid++) {
		record_slot(&r, pid, 7, 21, 5, 0)->head.type = SNAP_IO_URING;
		record_slot(&r, pid, 7, 21, 6, 0)->head.type = SNAP_IO_URING;
	}
	gem(102, 7, 31, 42, 0x1000)->head.type = SNAP_FRAMEBUFFER;
	gem(102, 7, 31, 43, 0x1000)->head.type = SNAP_FRAMEBUFFER;
	b = load_one();
	expect(b, 0, 1, 0, 0, 0);
	assert_int_equal(b->io_uring, 2);
	assert_int_equal(b->framebuffers, 2);
	assert_int_equal(b->procs, 3);
	assert_int_equal(model_holder_slots(&m, &m.holders[1], SNAP_IO_URING, &n)[1].start, 6);
	assert_int_equal(n, 2);
	assert_int_equal(model_holder_slots(&m, &m.holders[2], SNAP_FRAMEBUFFER, &n)[0].start, 42);
	assert_int_equal(n, 2);
	model_holder_slots(&m, &m.holders[2], SNAP_GEM, &n);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exported_and_imported),
		cmocka_unit_test(shared),
		cmocka_unit_test(without_object),
		cmocka_unit_test(messages),
		cmocka_unit_test(many_ends),
		cmocka_unit_test(too_many),
		cmocka_unit_test(pids),
		cmocka_unit_test(registered_and_shown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	records_free(&r);
	model_free(&m);
	return failed;
}
