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

static void kernel_held(void **state)
{
	struct view v = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		record_buffer(&v.records, 5, 8192, 1);
		record_buffer(&v.records, 6, 4096, 1);
		record_slot(&v.records, 7, 6, 7, 3, 0);
		moment(&v, 100 + i);
		assert_int_equal(v.suspects.n, i >= SUSPECT_KERNEL_SECONDS);
	}
	assert_int_equal(v.suspects.rows->kind, SUSPECT_KERNEL_HELD);
	assert_int_equal(v.suspects.rows->bytes, 8192);
	assert_true(v.suspects.rows->since == 100);
	assert_int_equal(v.suspects.rows->process, INDEX_NONE);
	/* Somebody holds it again, and then nobody: it begins anew */
	record_buffer(&v.records, 5, 8192, 1);
	record_slot(&v.records, 7, 5, 7, 3, 0);
	moment(&v, 105);
	record_buffer(&v.records, 5, 8192, 1);
	moment(&v, 106);
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
}

/* Of a source that does not see who holds a buffer nothing is suspected. */
static void blind(void **state)
{
	struct view v = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		record_buffer(&v.records, 5, 8192, 1);
		v.model.time = 100 + i;
		v.model.sees = MODEL_SEES_KERNEL_ONLY;
		assert_int_equal(model_load(&v.model, v.records.bytes, v.records.len), 0);
		assert_int_equal(model_account(&v.model, NULL), 0);
		v.records.len = 0;
		assert_int_equal(suspects_update(&v.suspects, &v.model), 0);
	}
	assert_int_equal(v.suspects.n, 0);
	finish(&v);
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
		cmocka_unit_test(blind),
		cmocka_unit_test(old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
