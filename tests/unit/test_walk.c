// SPDX-License-Identifier: GPL-2.0
/* A recording's moment looks the same however one comes to it. */
#include "recording.h"
#include "top/history.h"
#include "top/walk.h"

#define MOMENTS 300

/* A process that holds one buffer more in each, and 50 more for a while; one of the kernel's. */
static void make_moment(struct recording_writer *w, uint32_t i)
{
	struct recording_moment moment = { .sees = SEES_ALL };
	uint32_t n = 4 + i + (i % 100 == 37 ? 50 : 0), k;
	uint64_t time = (100 + i) * SECOND;
	struct records r = { 0 };

	for (k = 0; k < n; k++) {
		record_buffer(&r, 100 + k, 1 << 20, 1);
		record_slot(&r, 500, 100 + k, 1, 3 + k, 0);
	}
	record_buffer(&r, 5, 4096, 1);
	if (i % 50 == 11)
		record_slot(&r, 77, 5, 2, 3, 0);
	moment.realtime = 1700000000 * (int64_t)SECOND + time;
	assert_int_equal(recording_add_snapshot(w, time, &moment, NULL, r.bytes, r.len), 0);
	records_free(&r);
}

static void make(const char *path)
{
	struct recording_options options = { 0 };
	struct recording_writer *w;
	uint32_t i;

	assert_int_equal(recording_create(&w, open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), &about,
					  &options), 0);
	for (i = 0; i < MOMENTS; i++)
		make_moment(w, i);
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
}

/* All that the screen shows which does not come from the moment alone. */
struct look {
	uint64_t peak, suspects, growing, kernel_held, bytes, from, to;
	double since, born, died;
	uint32_t graves;
};

static void look(struct walk *w, struct history *h, struct source *s, uint32_t moment,
		 struct look *l)
{
	uint32_t i;

	assert_true(source_choose(s, moment));
	assert_int_equal(walk_to(w, h, s, NULL), 0);
	assert_int_equal(source_moment(s), moment);
	assert_int_equal(history_update(h, s, NULL), 0);
	memset(l, 0, sizeof(*l));
	l->peak = h->peak;
	l->suspects = h->model.suspects.n;
	l->growing = h->model.suspects.growing;
	l->kernel_held = h->model.suspects.kernel_held;
	for (i = 0; i < h->model.suspects.n; i++) {
		l->bytes += h->model.suspects.rows[i].bytes;
		l->from += h->model.suspects.rows[i].from;
		l->to += h->model.suspects.rows[i].to;
		l->since += h->model.suspects.rows[i].since;
	}
	l->born = h->born;
	l->died = h->died;
	l->graves = h->past[VIEW_BUFFERS].n_graves;
}

static void same_everywhere(void **state)
{
	static struct look looks[MOMENTS];
	char path[] = "/tmp/test_walkXXXXXX";
	struct history h = { 0 }, other = { 0 };
	struct walk w = { 0 }, another = { 0 };
	struct source s;
	struct look l;
	uint32_t i, at = 0;

	(void)state;
	close(mkstemp(path));
	make(path);
	assert_int_equal(source_open_recording(&s, path), 0);
	for (i = 0; i < MOMENTS; i++)
		look(&w, &h, &s, i, &looks[i]);
	assert_true(looks[100].growing && looks[100].peak > looks[20].peak);
	assert_true(looks[48].kernel_held);
	/* Back and forth, by any way */
	for (i = 0; i < MOMENTS; i++) {
		at = (at * 7 + 131 * i + 3) % MOMENTS;
		look(&w, &h, &s, at, &l);
		assert_memory_equal(&l, &looks[at], sizeof(l));
	}
	for (i = MOMENTS; i-- > MOMENTS - 20;) {
		look(&w, &h, &s, i, &l);
		assert_memory_equal(&l, &looks[i], sizeof(l));
	}
	/* The first thing that is looked at */
	look(&another, &other, &s, 200, &l);
	assert_memory_equal(&l, &looks[200], sizeof(l));
	walk_free(&w);
	walk_free(&another);
	history_free(&h);
	history_free(&other);
	source_close(&s);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
