// SPDX-License-Identifier: GPL-2.0
/* From records to the model: what counts once, what is torn, what is refused. */
#include "fixture.h"

static struct records r;
static struct model m;

static int setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	m.sees = SEES_ALL;
	m.source = "test";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_free(&m);
	records_free(&r);
	return 0;
}

static void nothing(void **state)
{
	(void)state;
	load(&m, &r, NULL);
	assert_int_equal(m.n_buffers + m.n_processes + m.n_devices, 0);
	assert_true(model_complete(&m));
}

/* All fields of all records arrive. */
static void fields(void **state)
{
	struct snap_buffer *b = record_buffer(&r, 7, 4096, 5);
	const struct model_slot *slot;
	const struct model_buffer *out;
	struct snap_attachment *a;
	struct snap_slot *s;
	uint32_t valid;
	uint64_t n;

	(void)state;
	b->created = -5;
	b->uid = 1000;
	/* Fields as full as they can be, without NUL */
	memset(b->name, 'n', sizeof(b->name));
	memset(b->exporter, 'e', sizeof(b->exporter));
	a = record_attachment(&r, 7, "0000:00:02.0", "i915");
	a->head.valid |= SNAP_ATTACHMENT_DYNAMIC | SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	valid = a->head.valid;
	memset(a->driver, 'd', sizeof(a->driver));
	memset(a->device, 'v', sizeof(a->device));
	s = record_slot(&r, 640, 7, 1, 0x7f0000000000, 0x7f0000001000);
	s->head.valid = SNAP_SLOT_READ;
	s->cgroup = 99;
	memset(s->comm, 'c', sizeof(s->comm));
	record_slot(&r, 640, 7, 1, 3, 0);
	load(&m, &r, NULL);

	out = buffer_of(&m, 7);
	assert_int_equal(out->size, 4096);
	assert_true(out->created == -5);
	assert_int_equal(out->uid, 1000);
	assert_int_equal(strlen(out->name), SNAP_NAME_LEN);
	assert_int_equal(strlen(out->exporter), SNAP_EXPORTER_LEN);
	assert_int_equal(out->fds, 1);
	assert_int_equal(out->maps, 1);
	assert_int_equal(out->procs, 1);
	assert_int_equal(out->attachments, 1);
	assert_true(model_buffer_count(&m, out, &n) && n == 5);
	assert_true(model_buffer_kernel(&m, out, &n) && n == 3);
	assert_true(model_buffer_unexplained(&m, out, &n) && n == 2);
	assert_int_equal(strlen(m.devices[0].device), SNAP_DEVICE_LEN);
	assert_int_equal(strlen(m.devices[0].driver), SNAP_DRIVER_LEN);
	assert_int_equal(m.attachments[0].flags, valid);
	assert_int_equal(m.processes[0].pid, 640);
	assert_int_equal(m.processes[0].cgroup_id, 99);
	assert_int_equal(strlen(m.processes[0].comm), SNAP_COMM_LEN);
	slot = &m.slots[m.holders[0].first_slot];
	assert_int_equal(slot[0].type, SNAP_FD);
	assert_int_equal(slot[0].start, 3);
	assert_int_equal(slot[1].type, SNAP_MAP);
	assert_int_equal(slot[1].flags, SNAP_SLOT_READ);
	assert_true(slot[1].end - slot[1].start == 4096);
}

/* What is not valid is unknown, whatever the bytes say. */
static void unknown_fields(void **state)
{
	struct snap_buffer *b = record_buffer(&r, 7, 4096, 5);
	uint64_t n;

	(void)state;
	b->head.valid = 0;
	record_text(b->name, sizeof(b->name), "name");
	record_attachment(&r, 7, "dev", NULL);
	record_slot(&r, 1, 7, 1, 3, 0);
	load(&m, &r, NULL);
	assert_null(buffer_of(&m, 7)->name);
	assert_null(buffer_of(&m, 7)->exporter);
	assert_null(m.devices[0].driver);
	assert_false(model_buffer_count(&m, buffer_of(&m, 7), &n));
	assert_false(model_buffer_kernel(&m, buffer_of(&m, 7), &n));
	assert_false(model_buffer_unexplained(&m, buffer_of(&m, 7), &n));
	/* A source that sees attachments has no reason not to know this buffer's. */
	assert_int_equal(m.torn, 1);
	m.sees = MODEL_SEES_HOLDERS;
	record_buffer(&r, 7, 4096, 5)->head.valid = SNAP_HAS_COUNT;
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	assert_int_equal(m.torn, 0);
	assert_true(model_buffer_kernel(&m, buffer_of(&m, 7), &n) && n == 5);
	assert_false(model_buffer_unexplained(&m, buffer_of(&m, 7), &n));
	/* Without all holders, what is left over is not the kernel's. */
	m.sees = 0;
	assert_false(model_buffer_kernel(&m, buffer_of(&m, 7), &n));
	assert_true(model_buffer_count(&m, buffer_of(&m, 7), &n) && n == 5);
}

/* Records of three buffers in every order give the same model. */
static void any_order(void **state)
{
	static const int orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 0, 3, 2 }, { 2, 3, 0, 1 }, { 2, 0, 3, 1 },
		{ 3, 0, 1, 2 },
	};
	uint32_t o, i, j;

	(void)state;
	for (o = 0; o < ARRAY_SIZE(orders); o++) {
		for (i = 0; i < 4; i++) {
			for (j = 0; orders[o][i] == 0 && j < 3; j++)
				record_buffer(&r, 10 + (j + o) % 3, 4096 << (j + o) % 3, 9);
			for (j = 0; orders[o][i] == 1 && j < 3; j++)
				record_attachment(&r, 10 + (j * 2 + o) % 3, j ? "a" : "b", "drv");
			for (j = 0; orders[o][i] == 2 && j < 6; j++)
				record_slot(&r, 1 + (j + o) % 2, 10 + (j + o) % 3, 1 + (j + o) % 2,
					    3 + j / 2, 0);
			for (j = 0; orders[o][i] == 3 && j < 3; j++)
				record_slot(&r, 1, 10 + j, 1, (8 - j) << 20, (9 - j) << 20);
		}
		load(&m, &r, NULL);
		assert_int_equal(m.n_buffers, 3);
		assert_int_equal(m.n_devices, 2);
		assert_int_equal(m.n_processes, 2);
		for (i = 0; i < 3; i++) {
			struct model_buffer *b = &m.buffers[i];

			assert_int_equal(b->ino, 10 + i);
			assert_int_equal(b->size, 4096 << i);
			assert_int_equal(b->fds, 2);
			assert_int_equal(b->maps, 1);
			assert_int_equal(b->procs, 2);
			assert_int_equal(b->attachments, 1);
			assert_ptr_equal(&m.buffers[m.attachments[b->first_attachment].buffer], b);
			assert_int_equal(holder_of(&m, 1, 10 + i)->fds, 1);
			assert_int_equal(holder_of(&m, 1, 10 + i)->maps, 1);
			assert_int_equal(holder_of(&m, 2, 10 + i)->maps, 0);
		}
		assert_int_equal(process_of(&m, 1)->rss, 7 * 4096);
		assert_int_equal(m.torn, 0);
	}
}

/* Slots of a buffer stand side by side, by process, fds first. */
static void slots_in_order(void **state)
{
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 5; i++)
		record_buffer(&r, 1 + i, 1, 100);
	for (i = 0; i < 60; i++)
		record_slot(&r, 1 + i * 7 % 4, 1 + i % 5, 1 + i * 7 % 4, 100 - i, i % 3 ? 0 : 1000);
	load(&m, &r, NULL);
	for (i = 0; i < m.n_holders; i++) {
		const struct model_holder *h = &m.holders[i];

		assert_true(!i || h[-1].buffer <= h->buffer);
		for (j = 0; j < h->fds + h->maps; j++) {
			const struct model_slot *s = &m.slots[h->first_slot + j];

			assert_int_equal(s->buffer, h->buffer);
			assert_int_equal(s->process, h->process);
			assert_int_equal(s->type, j < h->fds ? SNAP_FD : SNAP_MAP);
			assert_true(!j || s[-1].type != s->type || s[-1].start < s->start);
		}
	}
}

/* An fd table and an address space of two processes: once in all, yet shown under each. */
static void shared_tables(void **state)
{
	uint64_t n;
	uint32_t pid;

	(void)state;
	record_buffer(&r, 7, 3000, 3);
	for (pid = 100; pid < 103; pid++) {
		record_slot(&r, pid, 7, 0xa000, 3, 0);
		record_slot(&r, pid, 7, 0xb000, 0x10000, 0x20000);
	}
	load(&m, &r, NULL);
	assert_int_equal(buffer_of(&m, 7)->fds, 1);
	assert_int_equal(buffer_of(&m, 7)->maps, 1);
	assert_int_equal(buffer_of(&m, 7)->procs, 3);
	assert_int_equal(m.torn, 0);
	assert_true(model_buffer_kernel(&m, buffer_of(&m, 7), &n) && n == 1);
	for (pid = 100; pid < 103; pid++) {
		assert_int_equal(holder_of(&m, pid, 7)->fds, 1);
		assert_int_equal(holder_of(&m, pid, 7)->maps, 1);
		assert_int_equal(process_of(&m, pid)->rss, 3000);
		assert_int_equal(model_pss(process_of(&m, pid)), 1000);
		assert_int_equal(process_of(&m, pid)->uss, 0);
	}
}

/* Threads show their table again and again; one with a table of its own has slots of its own. */
static void threads(void **state)
{
	int n;

	(void)state;
	for (n = 2; n <= 5; n++) {
		int i;

		record_buffer(&r, 7, 4096, 3);
		record_buffer(&r, 8, 4096, 1);
		for (i = 0; i < n; i++) {
			record_slot(&r, 100, 7, 0xa000, 3, 0);
			record_slot(&r, 100, 7, 0xb000, 0x10000, 0x20000);
			record_slot(&r, 100, 8, 0xa000, 4, 0);
		}
		record_slot(&r, 100, 7, 0xc000, 3, 0);
		load(&m, &r, NULL);
		assert_int_equal(buffer_of(&m, 7)->fds, 2);
		assert_int_equal(buffer_of(&m, 7)->maps, 1);
		assert_int_equal(holder_of(&m, 100, 7)->fds, 2);
		assert_int_equal(holder_of(&m, 100, 7)->maps, 1);
		assert_int_equal(buffer_of(&m, 8)->fds, 1);
		assert_int_equal(holder_of(&m, 100, 8)->fds, 1);
		assert_int_equal(process_of(&m, 100)->fds, 3);
		assert_int_equal(m.torn, 0);
	}
}

/* The same slot twice, and nothing else: the shortest way through. */
static void two_slots(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 1);
	record_slot(&r, 100, 7, 0xa000, 3, 0);
	record_slot(&r, 100, 7, 0xa000, 3, 0);
	record_buffer(&r, 8, 4096, 2);
	record_slot(&r, 101, 8, 0xa000, 5, 0);
	record_slot(&r, 100, 8, 0xa000, 4, 0);
	load(&m, &r, NULL);
	assert_int_equal(buffer_of(&m, 7)->fds, 1);
	assert_int_equal(buffer_of(&m, 8)->fds, 2);
	assert_int_equal(holder_of(&m, 101, 8)->fds, 1);
	assert_int_equal(m.torn, 0);
}

/* fd 3 and an address 3, in tables of equal keys: not the same place. */
static void fds_are_no_maps(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 2);
	record_slot(&r, 100, 7, 1, 3, 0);
	record_slot(&r, 100, 7, 1, 3, 0x1000);
	record_slot(&r, 101, 7, 1, 3, 0);
	load(&m, &r, NULL);
	assert_int_equal(buffer_of(&m, 7)->fds, 1);
	assert_int_equal(buffer_of(&m, 7)->maps, 1);
}

/* Slots and attachments of what was exported after, or released before, the buffers were read */
static void unknown_buffers(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 1);
	record_slot(&r, 100, 7, 1, 3, 0);
	record_slot(&r, 100, 8, 1, 4, 0);
	record_slot(&r, 200, 8, 2, 3, 0);
	record_attachment(&r, 8, "gone", "drv");
	load(&m, &r, NULL);
	assert_int_equal(m.n_buffers, 1);
	assert_int_equal(m.n_devices, 0);
	assert_int_equal(process_of(&m, 100)->fds, 1);
	assert_null(process_of(&m, 200));
	assert_int_equal(m.torn, 0);
}

/* A walk along a list that changes may come by twice: then its attachments did, too. */
static void seen_twice(void **state)
{
	uint64_t n;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		record_attachment(&r, 7, "dev", "drv");
		record_buffer(&r, 7, 4096, 2);
		record_buffer(&r, 9, 4096, 1);
	}
	record_buffer(&r, 8, 4096, 1);
	record_slot(&r, 100, 7, 1, 3, 0);
	load(&m, &r, NULL);
	assert_int_equal(m.n_buffers, 3);
	assert_int_equal(buffer_of(&m, 7)->fds, 1);
	assert_int_equal(m.totals.bytes, 3 * 4096);
	assert_int_equal(device_of(&m, "dev")->buffers, 1);
	assert_int_equal(device_of(&m, "dev")->bytes, 4096);
	assert_false(buffer_of(&m, 7)->valid & SNAP_HAS_ATTACHMENTS);
	assert_false(model_buffer_unexplained(&m, buffer_of(&m, 7), &n));
	assert_true(buffer_of(&m, 8)->valid & SNAP_HAS_ATTACHMENTS);
	assert_int_equal(m.torn, 2);
}

static void torn_by_slots(void **state)
{
	struct snap_slot *s;
	uint64_t n;

	(void)state;
	/* 1: count moved; 2: more slots than references; 3: whole; 4: count of a slot alone */
	record_buffer(&r, 1, 4096, 2);
	s = record_slot(&r, 100, 1, 1, 3, 0);
	s->head.valid = SNAP_SLOT_HAS_COUNT;
	s->count = 3;
	record_buffer(&r, 2, 4096, 1);
	record_slot(&r, 100, 2, 1, 4, 0);
	record_slot(&r, 100, 2, 1, 5, 0);
	record_buffer(&r, 3, 4096, 1);
	s = record_slot(&r, 100, 3, 1, 6, 0);
	s->head.valid = SNAP_SLOT_HAS_COUNT;
	s->count = 1;
	record_buffer(&r, 4, 4096, 0)->head.valid &= ~SNAP_HAS_COUNT;
	s = record_slot(&r, 100, 4, 1, 7, 0);
	s->head.valid = SNAP_SLOT_HAS_COUNT;
	s->count = 1;
	load(&m, &r, NULL);
	assert_int_equal(m.torn, 3);
	assert_false(model_complete(&m));
	assert_false(model_buffer_count(&m, buffer_of(&m, 1), &n));
	assert_false(model_buffer_kernel(&m, buffer_of(&m, 2), &n));
	assert_false(model_buffer_unexplained(&m, buffer_of(&m, 2), &n));
	assert_true(model_buffer_count(&m, buffer_of(&m, 3), &n) && n == 1);
	assert_false(model_buffer_count(&m, buffer_of(&m, 4), &n));
	/* Rows of the same moment are still there. */
	assert_int_equal(m.totals.bytes, 4 * 4096);
	assert_int_equal(process_of(&m, 100)->fds, 5);
}

static void recounted(void **state)
{
	uint64_t n;

	(void)state;
	record_buffer(&r, 1, 4096, 3);
	record_buffer(&r, 2, 4096, 1);
	record_buffer(&r, 3, 4096, 1);
	record_buffer(&r, 4, 4096, 2);
	record_slot(&r, 100, 1, 1, 3, 0);
	record_slot(&r, 100, 3, 1, 4, 0);
	record_attachment(&r, 3, "dev", "drv");
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	assert_true(m.wants_recount);
	assert_int_equal(m.torn, 0);
	r.len = 0;
	record_recount(&r, 4, 2);
	record_recount(&r, 1, 3);
	record_recount(&r, 99, 1);	/* exported since */
	record_buffer(&r, 2, 4096, 5);	/* as a source without a recount of its own has it */
	assert_int_equal(model_recount(&m, r.bytes, r.len), 0);
	r.len = 0;
	assert_int_equal(model_account(&m, NULL), 0);
	assert_false(m.wants_recount);
	assert_int_equal(m.torn, 1);
	assert_true(model_buffer_kernel(&m, buffer_of(&m, 1), &n) && n == 2);
	assert_true(model_buffer_kernel(&m, buffer_of(&m, 4), &n) && n == 2);
	assert_false(model_buffer_count(&m, buffer_of(&m, 2), &n));
	/* 3 went: it is nowhere. */
	assert_false(buffer_of(&m, 3)->selected);
	assert_int_equal(m.totals.buffers, 3);
	assert_int_equal(m.totals.bytes, 3 * 4096);
	assert_int_equal(process_of(&m, 100)->buffers, 1);
	assert_int_equal(process_of(&m, 100)->fds, 1);
	assert_int_equal(device_of(&m, "dev")->attachments, 0);
	/* All held by slots: nobody asks for a second count. */
	record_buffer(&r, 1, 4096, 1);
	record_slot(&r, 100, 1, 1, 3, 0);
	load(&m, &r, NULL);
	assert_false(m.wants_recount);
	assert_int_equal(model_recount(&m, "garbage!", 8), -EBADMSG);
}

static void distrusted(void **state)
{
	uint64_t n;

	(void)state;
	record_buffer(&r, 1, 4096, 2);
	record_slot(&r, 100, 1, 1, 3, 0);
	record_buffer(&r, 2, 4096, 1);
	record_slot(&r, 100, 2, 1, 4, 0);
	record_buffer(&r, 3, 4096, 9)->head.valid &= ~SNAP_HAS_COUNT;
	load(&m, &r, NULL);
	assert_true(m.wants_recount);
	assert_int_equal(model_distrust(&m), 0);
	assert_false(m.wants_recount);
	assert_int_equal(m.torn, 1);
	assert_false(model_buffer_count(&m, buffer_of(&m, 1), &n));
	assert_true(model_buffer_count(&m, buffer_of(&m, 2), &n) && n == 1);
}

static int load_words(const void *words, size_t len)
{
	uint64_t copy[64];
	int err;

	assert_true(len <= sizeof(copy));
	memcpy(copy, words, len);
	err = model_load(&m, copy, len);
	assert_int_equal(model_account(&m, NULL), 0);
	return err;
}

static void malformed(void **state)
{
	static const struct { uint16_t type, len; size_t room; int err; } cases[] = {
		{ SNAP_BUFFER, sizeof(struct snap_buffer), sizeof(struct snap_buffer), 0 },
		{ SNAP_BUFFER, 0, 8, -EBADMSG },
		{ SNAP_BUFFER, 8, 8, -EBADMSG },
		{ SNAP_BUFFER, 104, 104, -EBADMSG },
		{ SNAP_BUFFER, 112, 111, -EBADMSG },
		{ SNAP_BUFFER, 112, 8, -EBADMSG },
		{ SNAP_BUFFER, 113, 128, -EBADMSG },
		{ SNAP_BUFFER, 120, 120, 0 },		/* longer than what we know */
		{ SNAP_BUFFER, 65528, 512, -EBADMSG },
		{ SNAP_ATTACHMENT, 104, 104, -EBADMSG },
		{ SNAP_FD, 72, 72, -EBADMSG },
		{ SNAP_MAP, 72, 72, -EBADMSG },
		{ SNAP_RECOUNT, 16, 16, -EBADMSG },
		{ SNAP_RECOUNT, 24, 24, 0 },
		{ 0, 8, 8, 0 },
		{ 0, 4, 8, -EBADMSG },
		{ 77, 16, 16, 0 },
		{ 77, 12, 16, -EBADMSG },
		{ 65535, 8, 8, 0 },
		{ 77, 8, 7, -EBADMSG },
		{ 77, 8, 1, -EBADMSG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t words[64] = { 0 };
		struct snap_head *head = (void *)words;
		int err;

		head->type = cases[i].type;
		head->len = cases[i].len;
		err = load_words(words, cases[i].room);
		if (err != cases[i].err)
			fail_msg("case %zu: %d", i, err);
		/* Refused records leave nothing behind. */
		assert_true(!err || !m.n_buffers);
	}
}

/* What is wrong comes after what is right: no half model. */
static void malformed_end(void **state)
{
	(void)state;
	record_buffer(&r, 7, 4096, 2);
	record_attachment(&r, 7, "dev", "drv");
	record_slot(&r, 100, 7, 1, 3, 0);
	record_slot(&r, 101, 7, 1, 3, 0);
	r.len -= 8;
	assert_int_equal(model_load(&m, r.bytes, r.len), -EBADMSG);
	assert_int_equal(model_account(&m, NULL), 0);
	assert_int_equal(m.n_buffers + m.n_processes + m.n_devices, 0);
	/* Pid 0 is no process; the kernel's row has it. */
	r.len = 0;
	record_buffer(&r, 7, 4096, 2);
	record_slot(&r, 0, 7, 1, 3, 0);
	assert_int_equal(model_load(&m, r.bytes, r.len), -EBADMSG);
	assert_int_equal(m.n_buffers + m.n_processes, 0);
	r.len = 0;
	record_buffer(&r, 7, 4096, 1);
	load(&m, &r, NULL);
	assert_int_equal(m.n_buffers, 1);
}

static void one_record(void **state)
{
	struct snap_head unknown = { 99, 8, 0 };

	(void)state;
	record_add(&r, &unknown, sizeof(unknown));
	record_buffer(&r, 7, 4096, 1);
	record_add(&r, &unknown, sizeof(unknown));
	record_slot(&r, 100, 7, 1, 3, 0);
	load(&m, &r, NULL);
	assert_int_equal(buffer_of(&m, 7)->fds, 1);
}

/* Records of any values, well-formed by their heads alone: no crash, sums of what is there. */
static void any_values(void **state)
{
	uint64_t seed = 0x243f6a8885a308d3ULL;
	int round, i, at;

	(void)state;
	for (round = 0; round < 300; round++) {
		for (i = 0; i < 40; i++) {
			union {
				struct snap_head head;
				uint8_t bytes[112];
			} u;

			for (at = 0; at < 112; at++) {
				seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
				/* Few values, so that keys meet */
				u.bytes[at] = (seed >> 60) < 12 ? (at % 8 == 0) * ((seed >> 50) & 3)
							       : seed >> 33;
			}
			u.head.type = (seed >> 40) % 6;
			u.head.len = 112;
			if ((u.head.type == SNAP_FD || u.head.type == SNAP_MAP) &&
			    !((struct snap_slot *)&u)->pid)
				((struct snap_slot *)&u)->pid = 1;
			record_add(&r, &u, sizeof(u));
		}
		assert_int_equal(model_load(&m, r.bytes, r.len), 0);
		if (round % 2)
			assert_int_equal(model_recount(&m, r.bytes, r.len), 0);
		assert_int_equal(model_account(&m, NULL), 0);
		assert_int_equal(model_account(&m, NULL), 0);
		for (i = 0; i < (int)m.n_holders; i++)
			assert_true((m.holders[i].process < m.n_processes ||
				     m.holders[i].attachment < m.n_attachments) &&
				    m.holders[i].buffer < m.n_buffers);
		r.len = 0;
	}
}

/* 50,000 buffers of all orders, each with an fd and a mapping; then a small one in its place. */
static void many(void **state)
{
	const uint32_t n = 50000, processes = 200;
	uint32_t order, i;

	(void)state;
	for (order = 0; order < 3; order++) {
		for (i = 0; i < n; i++)
			record_buffer(&r, 1 + (order == 0 ? i : order == 1 ? n - 1 - i :
					       (uint32_t)(i * 7919ULL % n)), 4096, 2);
		for (i = 0; i < 2 * n; i++)
			record_slot(&r, 1 + i % n * processes / n, 1 + i % n,
				    1 + i % n * processes / n, i < n ? i : i * 4096ULL,
				    i < n ? 0 : (i + 1) * 4096ULL);
		load(&m, &r, NULL);
		assert_int_equal(m.n_buffers, n);
		assert_int_equal(m.n_holders, n);
		assert_int_equal(m.n_processes, processes);
		assert_int_equal(m.torn, 0);
		assert_int_equal(process_of(&m, 77)->fds, n / processes);
		assert_int_equal(process_of(&m, 77)->maps, n / processes);
		for (i = 0; i < n; i += 997)
			assert_int_equal(m.buffers[i].ino, i + 1);
	}
	record_buffer(&r, 7, 4096, 1);
	load(&m, &r, NULL);
	assert_int_equal(m.n_buffers, 1);
	assert_int_equal(m.n_holders, 0);
	assert_int_equal(buffer_of(&m, 7)->procs, 0);
}

/* All slots are of one buffer, or one process shows one slot by many threads. */
static void crowded(void **state)
{
	const uint32_t n = 20000;
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 4096, n);
	for (i = 0; i < n; i++)
		record_slot(&r, n - i, 1, n - i, 3, 0);
	record_buffer(&r, 2, 4096, 1);
	for (i = 0; i < n; i++)
		record_slot(&r, 1, 2, 1, 4, 0);
	load(&m, &r, NULL);
	assert_int_equal(buffer_of(&m, 1)->procs, n);
	assert_int_equal(buffer_of(&m, 1)->fds, n);
	assert_int_equal(buffer_of(&m, 2)->fds, 1);
	assert_int_equal(m.torn, 0);
}

/* Content changes from load to load: each is as if it were the first. */
static void used_again(void **state)
{
	uint32_t round, i;
	uint64_t n;

	(void)state;
	for (round = 0; round < 50; round++) {
		uint32_t buffers = 1 + round * 37 % 50, held = 0, attached = 0;
		char name[16];

		for (i = 0; i < buffers; i++) {
			uint64_t ino = 1 + (round % 3 ? i : round * 1000 + i);
			struct snap_buffer *b = record_buffer(&r, ino, 4096, 2);

			snprintf(name, sizeof(name), "%u-%u", round, i);
			record_text(b->name, sizeof(b->name), name);
			if ((i + round) % 2) {
				record_slot(&r, 1 + i % 5, ino, 1 + i % 5, i, 0);
				held++;
			}
			if ((i + round) % 3) {
				record_attachment(&r, ino, round % 2 ? "a" : "b", "drv");
				attached++;
			}
		}
		load(&m, &r, NULL);
		assert_int_equal(m.n_buffers, buffers);
		assert_int_equal(m.totals.kernel_only_buffers, buffers - held);
		assert_int_equal(m.n_holders, held + attached);
		assert_true(m.n_devices <= 1);
		assert_true(!m.n_devices || *m.devices[0].device == (round % 2 ? 'a' : 'b'));
		for (i = 0; i < buffers; i++) {
			struct model_buffer *b = &m.buffers[i];

			snprintf(name, sizeof(name), "%u-%u", round, i);
			assert_string_equal(b->name, name);
			assert_int_equal(b->fds, (i + round) % 2);
			assert_int_equal(b->attachments, !!((i + round) % 3));
			assert_true(model_buffer_kernel(&m, b, &n) && n == 2 - (i + round) % 2);
		}
	}
}

/* Names never seen before, load after load: memory is bounded, the last strings are good. */
static void strings_dropped(void **state)
{
	const char *before = NULL;
	char name[SNAP_NAME_LEN], last[SNAP_NAME_LEN] = "";
	uint32_t round, i, drops = 0, used = 0;

	(void)state;
	for (round = 0; round < 60; round++) {
		for (i = 0; i < 1000; i++) {
			struct snap_buffer *b = record_buffer(&r, 1 + i, 4096, 1);

			snprintf(name, sizeof(name), "%u-%u", round, i);
			record_text(b->name, sizeof(b->name), name);
		}
		load(&m, &r, NULL);
		/* ASan watches over this one. */
		if (before)
			assert_string_equal(before, last);
		before = m.buffers[500].name;
		snprintf(last, sizeof(last), "%s", before);
		drops += m.strings.used < used;
		used = m.strings.used;
		assert_true(used <= 4096 + 4 * 1000 + 2 * 1000);
	}
	assert_true(drops >= 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing),
		TEST(fields),
		TEST(unknown_fields),
		TEST(any_order),
		TEST(slots_in_order),
		TEST(shared_tables),
		TEST(threads),
		TEST(two_slots),
		TEST(fds_are_no_maps),
		TEST(unknown_buffers),
		TEST(seen_twice),
		TEST(torn_by_slots),
		TEST(recounted),
		TEST(distrusted),
		TEST(malformed),
		TEST(malformed_end),
		TEST(one_record),
		TEST(any_values),
		TEST(many),
		TEST(crowded),
		TEST(used_again),
		TEST(strings_dropped),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
