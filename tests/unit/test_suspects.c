// SPDX-License-Identifier: GPL-2.0
/* What may be leaking, from one moment to the next. */
#include "model/suspects.h"
#include "fixture.h"

struct view {
	struct suspects suspects;
	struct records records;
	struct model model;
};

/* A process holds n buffers. */
static void holds(struct view *v, uint32_t pid, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		record_buffer(&v->records, pid * 10000 + i, 4096, 1);
		record_slot(&v->records, pid, pid * 10000 + i, pid, i, 0);
	}
}

static void moment(struct view *v, double time)
{
	v->model.time = time;
	load(&v->model, &v->records, NULL);
	assert_int_equal(suspects_update(&v->suspects, &v->model), 0);
}

static void finish(struct view *v)
{
	suspects_free(&v->suspects);
	model_free(&v->model);
	records_free(&v->records);
}

/* More and more, with many more in between; another only goes up and down. */
static void growth(void **state)
{
	struct view v = { 0 };
	const struct suspect *row;
	int i;

	(void)state;
	for (i = 0; i < 11 * SUSPECT_MOMENTS; i++) {
		assert_int_equal(v.suspects.growing, 0);
		holds(&v, 7, 23 + i / SUSPECT_MOMENTS + i % 3 * 5);
		holds(&v, 8, 23 + i % 7);
		moment(&v, 100 + i);
	}
	assert_int_equal(v.suspects.n, 1);
	row = v.suspects.rows;
	assert_int_equal(row->kind, SUSPECT_GROWTH);
	assert_int_equal(v.model.processes[row->process].pid, 7);
	assert_int_equal(row->cycles, 10);
	assert_int_equal(row->buffers, 10);
	assert_int_equal(row->to - row->from, 10);
	/* Wound back: nothing is known */
	holds(&v, 7, 99);
	moment(&v, 50);
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
}

static void stops_growing(void **state)
{
	struct view v = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 13 * SUSPECT_MOMENTS; i++) {
		holds(&v, 7, 23 + (i / SUSPECT_MOMENTS < 11 ? i / SUSPECT_MOMENTS : 10));
		moment(&v, 100 + i);
	}
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
}

/* A buffer that process 7 has for a moment, then the kernel alone, with what extra() adds. */
static uint32_t left_alone(struct view *v, void (*extra)(struct view *v, int i))
{
	int i;

	for (i = 0; i < 2 + SUSPECT_KERNEL_SECONDS; i++) {
		record_buffer(&v->records, 5, 8192, 1);
		record_attachment(&v->records, 5, "vivid.0", "vivid");
		if (!i)
			record_slot(&v->records, 7, 5, 7, 3, 0);
		if (extra)
			extra(v, i);
		moment(v, 100 + i);
		if (i <= SUSPECT_KERNEL_SECONDS)
			assert_int_equal(v->suspects.n, 0);
	}
	return v->suspects.kernel_held;
}

static void process(struct view *v, uint32_t pid)
{
	struct snap_former s = { .head = { SNAP_FORMER, sizeof(s), 0 }, .pid = pid };

	record_add(&v->records, &s, sizeof(s));
}

static void node(struct view *v, uint32_t rdev, const char *name, const char *device)
{
	struct snap_node s = { .head = { SNAP_NODE, sizeof(s), 0 }, .rdev = rdev };

	record_text(s.name, sizeof(s.name), name);
	record_text(s.device, sizeof(s.device), device);
	record_add(&v->records, &s, sizeof(s));
}

static void lives_on(struct view *v, int i)
{
	if (i)
		process(v, 7);
}

static void passed_on(struct view *v, int i)
{
	if (i == 1)
		record_slot(&v->records, 8, 5, 8, 3, 0);
	process(v, i ? 7 : 8);
}

static void streams(struct view *v, int i)
{
	(void)i;
	node(v, 81 << 20, "video0", "vivid.0");
}

static void allocates(struct view *v, int i)
{
	(void)i;
	node(v, 250 << 20, "dma_heap/system", "");
}

static void others(struct view *v, int i)
{
	node(v, 81 << 20 | 1, "video1", "uvc");
	node(v, 250 << 20 | 1, "dma_heap/cma", "");
	if (i)
		process(v, 9);
}

static void never_held(struct view *v, int i)
{
	if (!i)
		v->records.len -= sizeof(struct snap_slot);
}

static void many_held(struct view *v, int i)
{
	uint32_t pid;

	for (pid = 20; pid < 20 + SUSPECT_FORMER && !i; pid++)
		record_slot(&v->records, pid, 5, pid, 3, 0);
}

static void exported(struct view *v, int i)
{
	struct snap_origin s = { .head = { SNAP_ORIGIN, sizeof(s), 0 }, .ino = 5, .pid = 6 };

	never_held(v, i);
	record_add(&v->records, &s, sizeof(s));
}

static void exporter_lives(struct view *v, int i)
{
	exported(v, i);
	process(v, 6);
}

static void kernel_held(void **state)
{
	static const struct {
		const char *what;
		void (*extra)(struct view *v, int i);
		uint32_t found;
	} cases[] = {
		{ "its process has exited", NULL, 1 },
		{ "others live, and other nodes are open", others, 1 },
		{ "its process lives, and may have queued it somewhere", lives_on, 0 },
		{ "one of its processes lives", passed_on, 0 },
		{ "a node of an attached device is open", streams, 0 },
		{ "the exporter's node is open", allocates, 0 },
		{ "nobody is known to have held it", never_held, 0 },
		{ "not all that held it are known", many_held, 0 },
		{ "who exported it is not seen to live, of a recording", exported, 0 },
		{ "who exported it lives", exporter_lives, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct view v = { 0 };

		print_message("%s\n", cases[i].what);
		assert_int_equal(left_alone(&v, cases[i].extra), cases[i].found);
		/* It is as it was: a buffer that only the kernel holds */
		assert_int_equal(v.model.totals.kernel_only_buffers, 1);
		finish(&v);
	}
}

/* A live source has asked whether the exporter is there. */
static void exporter_exited(void **state)
{
	struct view v = { .model = { .exporters_asked = true } };
	int i;

	(void)state;
	for (i = 0; i <= SUSPECT_KERNEL_SECONDS; i++) {
		assert_int_equal(v.suspects.kernel_held, 0);
		record_buffer(&v.records, 5, 8192, 1);
		exported(&v, 1);
		moment(&v, 100 + i);
	}
	assert_int_equal(v.suspects.kernel_held, 1);
	finish(&v);
}

static void begins_anew(void **state)
{
	struct view v = { 0 };

	(void)state;
	left_alone(&v, NULL);
	assert_int_equal(v.suspects.rows->kind, SUSPECT_KERNEL_HELD);
	assert_int_equal(v.suspects.rows->bytes, 8192);
	assert_true(v.suspects.rows->since == 101);
	assert_int_equal(v.suspects.rows->process, INDEX_NONE);
	/* Somebody holds it again, and then nobody */
	record_buffer(&v.records, 5, 8192, 1);
	record_slot(&v.records, 7, 5, 7, 3, 0);
	moment(&v, 105);
	record_buffer(&v.records, 5, 8192, 1);
	moment(&v, 106);
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
}

/* Of a source that does not see who holds a buffer, or may use it, nothing is suspected. */
static void blind_to(uint32_t what)
{
	struct view v = { 0 };
	int i;

	for (i = 0; i < 6; i++) {
		record_buffer(&v.records, 5, 8192, 1);
		if (!i)
			record_slot(&v.records, 7, 5, 7, 3, 0);
		v.model.time = 100 + i;
		v.model.sees = SEES_ALL & ~what;
		assert_int_equal(model_load(&v.model, v.records.bytes, v.records.len), 0);
		assert_int_equal(model_account(&v.model, NULL), 0);
		v.records.len = 0;
		assert_int_equal(suspects_update(&v.suspects, &v.model), 0);
	}
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
}

static void blind(void **state)
{
	(void)state;
	blind_to(MODEL_SEES_HOLDERS);
	blind_to(MODEL_SEES_REFERENCES);
	blind_to(MODEL_SEES_USERS);
}

static void old(void **state)
{
	struct view v = { .suspects = { .old_seconds = 10 } };
	int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		struct snap_access s = {
			.head = { SNAP_ACCESS, sizeof(s), 0 }, .ino = 6, .pid = 7, .reads = 1,
			.last = 105000000000,
		};

		record_buffer(&v.records, 5, 8192, 1)->created = 3;
		record_slot(&v.records, 7, 5, 7, 3, 0);
		record_buffer(&v.records, 6, 8192, 1)->created = 3;
		record_slot(&v.records, 7, 6, 7, 4, 0);
		if (i >= 5)
			record_add(&v.records, &s, sizeof(s));
		v.model.watched = MODEL_WATCHES_STATE;
		moment(&v, 100 + i);
		assert_int_equal(v.suspects.n, i >= 10);
	}
	assert_int_equal(v.suspects.rows->kind, SUSPECT_OLD);
	assert_int_equal(v.model.buffers[v.suspects.rows->buffer].ino, 5);
	assert_string_equal(suspect_name(SUSPECT_OLD), "old");
	finish(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth),
		cmocka_unit_test(stops_growing),
		cmocka_unit_test(kernel_held),
		cmocka_unit_test(exporter_exited),
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(blind),
		cmocka_unit_test(old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
