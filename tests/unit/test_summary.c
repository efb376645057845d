// SPDX-License-Identifier: GPL-2.0
/* What many snapshots come to, and how two differ. */
#include "fixture.h"
#include "model/event.h"
#include "model/summary.h"

/* Buffer 1 of 4096 by one fd of pid 100, 2 of 8192 in the kernel, and those that are said. */
static void take(struct model *m, double time, uint32_t more, const struct filter *filter)
{
	struct records r = { 0 };
	struct snap_buffer *b;
	uint32_t i;

	record_buffer(&r, 1, 4096, 1);
	b = record_buffer(&r, 2, 8192, 1);
	snprintf(b->exporter, sizeof(b->exporter), "drm");
	record_slot(&r, 100, 1, 1, 3, 0);
	for (i = 0; i < more; i++) {
		record_buffer(&r, 10 + i, 1000, 1);
		record_slot(&r, 200, 10 + i, 2, 3 + i, 0);
	}
	m->time = time;
	load(m, &r, filter);
	records_free(&r);
}

static const struct summary_exporter *exporter_of(const struct summary *s, const char *name)
{
	uint32_t i;

	for (i = 0; i < s->n_exporters; i++)
		if (!strcmp(s->exporters[i].exporter, name))
			return &s->exporters[i];
	fail_msg("no exporter %s", name);
	return NULL;
}

static const struct summary_process *process_in(const struct summary *s, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < s->n_processes; i++)
		if (s->processes[i].pid == pid)
			return &s->processes[i];
	fail_msg("no process %u", pid);
	return NULL;
}

static void sums(void **state)
{
	struct summary s = { 0 };
	struct model m = { 0 };

	(void)state;
	take(&m, 10, 1, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	take(&m, 20, 7, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	take(&m, 30, 2, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(s.snapshots, 3);
	assert_true(s.first == 10 && s.last == 30 && s.peak_time == 20);
	assert_int_equal(s.seen, 2 + 7);
	assert_int_equal(s.peak, 4096 + 8192 + 7000);
	assert_int_equal(s.buffers, 4);
	assert_int_equal(s.bytes, 4096 + 8192 + 2000);
	assert_int_equal(s.n_exporters, 2);
	assert_int_equal(exporter_of(&s, "system")->seen, 8);
	assert_int_equal(exporter_of(&s, "system")->peak, 4096 + 7000);
	assert_int_equal(exporter_of(&s, "system")->buffers, 3);
	assert_int_equal(exporter_of(&s, "drm")->bytes, 8192);
	assert_int_equal(process_in(&s, 200)->most, 7);
	assert_int_equal(process_in(&s, 200)->peak, 7000);
	assert_int_equal(process_in(&s, 200)->buffers, 2);
	assert_string_equal(process_in(&s, 200)->comm, "comm200");
	/* What only the kernel holds */
	assert_int_equal(process_in(&s, 0)->buffers, 1);
	assert_int_equal(process_in(&s, 0)->bytes, 8192);
	/* All are gone */
	take(&m, 40, 0, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(process_in(&s, 200)->buffers, 0);
	assert_int_equal(process_in(&s, 200)->most, 7);
	summary_free(&s);
	model_free(&m);
}

/* One that the filter no longer selects stays counted, but once */
static void filtered(void **state)
{
	struct filter only = { 0 };
	struct summary s = { 0 };
	struct model m = { 0 };

	(void)state;
	assert_int_equal(filter_add_pattern(&only.exporters, "drm"), 0);
	take(&m, 1, 3, &only);
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(s.seen, 1);
	assert_int_equal(s.bytes, 8192);
	take(&m, 2, 3, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(s.seen, 5);
	take(&m, 3, 3, &only);
	assert_int_equal(summary_add(&s, &m), 0);
	take(&m, 4, 3, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(s.seen, 5);
	summary_free(&s);
	model_free(&m);
	filter_free(&only);
}

static const struct diff_row *row_of(const struct diff *d, const char *key)
{
	uint32_t i;

	for (i = 0; i < d->n; i++)
		if (key ? d->rows[i].key && !strcmp(d->rows[i].key, key) : !d->rows[i].key)
			return &d->rows[i];
	fail_msg("no row %s", key ? key : "(none)");
	return NULL;
}

static const char *stack_of(void *ctx, uint64_t ino)
{
	return ino == 1 ? NULL : ctx;
}

static void differences(void **state)
{
	static const struct {
		enum diff_by by;
		const char *key;
		uint64_t before, after;
	} cases[] = {
		{ DIFF_EXPORTER, "system", 3, 6 }, { DIFF_EXPORTER, "drm", 1, 1 },
		{ DIFF_COMM, "comm200", 2, 5 }, { DIFF_COMM, "comm100", 1, 1 },
		{ DIFF_COMM, NULL, 1, 1 }, { DIFF_NAME, NULL, 4, 7 },
		{ DIFF_STACK, "stack", 3, 6 }, { DIFF_STACK, NULL, 1, 1 },
	};
	struct model before = { 0 }, after = { 0 };
	size_t i;

	(void)state;
	take(&before, 1, 2, NULL);
	take(&after, 2, 5, NULL);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct diff_row *row;
		struct diff d = { 0 };

		assert_int_equal(diff_add(&d, &before, 0, cases[i].by, stack_of, "stack"), 0);
		assert_int_equal(diff_add(&d, &after, 1, cases[i].by, stack_of, "stack"), 0);
		row = row_of(&d, cases[i].key);
		assert_int_equal(row->buffers[0], cases[i].before);
		assert_int_equal(row->buffers[1], cases[i].after);
		diff_free(&d);
	}
	model_free(&before);
	model_free(&after);
}

/* Two processes of one command hold it: it counts once */
static void shared(void **state)
{
	struct records r = { 0 };
	struct snap_slot *slot;
	struct model m = { 0 };
	struct diff d = { 0 };
	uint32_t pid;

	(void)state;
	record_buffer(&r, 1, 4096, 2)->head.valid &= ~SNAP_HAS_SIZE;
	for (pid = 100; pid <= 200; pid += 100) {
		slot = record_slot(&r, pid, 1, pid, 3, 0);
		snprintf(slot->comm, sizeof(slot->comm), "same");
	}
	load(&m, &r, NULL);
	assert_int_equal(diff_add(&d, &m, 1, DIFF_COMM, NULL, NULL), 0);
	assert_int_equal(d.n, 1);
	assert_int_equal(row_of(&d, "same")->buffers[1], 1);
	assert_int_equal(row_of(&d, "same")->buffers[0], 0);
	assert_true(row_of(&d, "same")->unsized);
	diff_free(&d);
	model_free(&m);
	records_free(&r);
}

static void happens(struct summary *s, unsigned int type, uint64_t ino, uint64_t size, int64_t time)
{
	const struct model_event e = {
		.raw = { .type = type, .ino = ino, .value = type == EVENT_EXPORT ? size : 0 },
		.realtime = time * 1000000000, .pid = 300, .comm = "thread", .exporter = "system",
		.size = size,
	};

	assert_int_equal(summary_event(s, &e), 0);
}

/* What lived between two snapshots, or where there is none. */
static void events(void **state)
{
	struct summary s = { 0 };
	struct model m = { 0 };
	uint64_t i;

	(void)state;
	take(&m, 10, 0, NULL);
	assert_int_equal(summary_add(&s, &m), 0);
	for (i = 0; i < 13; i++) {
		happens(&s, EVENT_EXPORT, 100 + i, 1 << 20, 11);
		happens(&s, EVENT_EXPORT, 200 + i, 1 << 20, 12);
		happens(&s, EVENT_RELEASE, 200 + i, 1 << 20, 13);
	}
	/* One that the snapshot had first, and one whose release was lost */
	happens(&s, EVENT_EXPORT, 1, 4096, 14);
	summary_gone(&s, 100);
	assert_int_equal(s.seen, 2 + 26);
	assert_int_equal(exporter_of(&s, "system")->seen, 1 + 26);
	assert_int_equal(exporter_of(&s, "system")->peak, 4096 + (14 << 20));
	assert_int_equal(s.peak, 4096 + 8192 + (14 << 20));
	assert_true(s.peak_time == 12);
	assert_int_equal(process_in(&s, 300)->most, 1);
	assert_int_equal(process_in(&s, 300)->peak, 1 << 20);
	/* In the next snapshot none of them is new, and its leader has its name */
	{
		struct records r = { 0 };

		for (i = 0; i < 13; i++) {
			record_buffer(&r, 100 + i, 1 << 20, 1);
			record_slot(&r, 300, 100 + i, 1, i, 0);
		}
		m.time = 20;
		load(&m, &r, NULL);
		records_free(&r);
	}
	assert_int_equal(summary_add(&s, &m), 0);
	assert_int_equal(s.seen, 2 + 26 + 1);	/* 100 is another */
	assert_int_equal(s.n_processes, 3);
	assert_string_equal(process_in(&s, 300)->comm, "comm300");
	assert_int_equal(process_in(&s, 300)->most, 13);
	summary_free(&s);
	model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(events),
		cmocka_unit_test(filtered),
		cmocka_unit_test(differences),
		cmocka_unit_test(shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
