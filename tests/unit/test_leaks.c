// SPDX-License-Identifier: GPL-2.0
/* Which buffers leak: each kind alone, its clean twin, and which of two kinds comes first. */
#include "model/leaks.h"
#include "fixture.h"

#define ROOT	100
#define SECOND	1000000000ull

/* A run: its clock moves by a millisecond with each event. */
struct run {
	struct leaks leaks;
	struct records records;		/* what there is at the end */
	struct model end;
	uint64_t time;
	uint32_t pid;			/* who does what follows */
	const char *comm;
};

static void start(struct run *r, struct leaks_options options)
{
	memset(r, 0, sizeof(*r));
	leaks_init(&r->leaks, &options);
	assert_int_equal(leaks_add_process(&r->leaks, ROOT, "root"), 0);
	r->time = SECOND;
	r->pid = ROOT;
	r->comm = "decoder";
}

static struct model_event event_of(struct run *r, unsigned int type, uint64_t ino)
{
	struct model_event e = {
		.raw = { .type = type, .ino = ino, .time = r->time += 1000000, .tid = r->pid },
		.pid = r->pid, .comm = r->comm,
	};

	e.raw.flags = 3;
	return e;
}

static void take(struct run *r, const struct model_event *e)
{
	assert_int_equal(leaks_take(&r->leaks, e), 0);
}

static void does(struct run *r, unsigned int type, uint64_t ino)
{
	struct model_event e = event_of(r, type, ino);

	take(r, &e);
}

static void exports(struct run *r, uint64_t ino, uint64_t size)
{
	struct model_event e = event_of(r, EVENT_EXPORT, ino);

	e.raw.value = size;
	e.exporter = "system";
	take(r, &e);
}

static void with(struct run *r, unsigned int type, uint64_t ino, uint32_t attachment, int direction)
{
	struct model_event e = event_of(r, type, ino);

	e.raw.attachment = attachment;
	e.raw.flags = direction;
	e.device = "camera";
	take(r, &e);
}

static void forks(struct run *r, uint32_t child)
{
	struct model_event e = event_of(r, EVENT_FORK, 0);

	e.raw.attachment = child;
	take(r, &e);
}

static void ends(struct run *r, unsigned int type, uint64_t ino, int status)
{
	struct model_event e = event_of(r, type, ino);

	e.raw.result = status;
	take(r, &e);
}

static void judge(struct run *r)
{
	load(&r->end, &r->records, NULL);
	assert_int_equal(leaks_judge(&r->leaks, &r->end, r->time += 1000000), 0);
}

static void finish(struct run *r)
{
	leaks_free(&r->leaks);
	model_free(&r->end);
	records_free(&r->records);
}

static const struct leak_finding *only(struct run *r, unsigned int kind, uint32_t n, uint64_t bytes)
{
	const struct leak_finding *f = r->leaks.findings;

	if (r->leaks.n_findings && f->kind != kind)
		print_error("kind %s\n", leak_name(f->kind));
	assert_int_equal(r->leaks.n_findings, 1);
	assert_int_equal(f->kind, kind);
	assert_int_equal(f->n, n);
	assert_int_equal(f->bytes, bytes);
	return f;
}

static void judge_clean(struct run *r)
{
	judge(r);
	if (r->leaks.n_findings)
		print_error("kind %s\n", leak_name(r->leaks.findings->kind));
	assert_int_equal(r->leaks.n_findings, 0);
	finish(r);
}

static const struct leaks_options plain;

/* Begun, and ended unless it is the last; on one buffer that is released. */
static void unended(void **state)
{
	static const struct {
		unsigned int begin, end, kind;
		bool error;
	} pairs[] = {
		{ EVENT_MAP, EVENT_UNMAP, LEAK_MAPPING, true },
		{ EVENT_ATTACH, EVENT_DETACH, LEAK_ATTACHMENT, true },
		{ EVENT_PIN, EVENT_UNPIN, LEAK_PIN, true },
		{ EVENT_VMAP, EVENT_VUNMAP, LEAK_VMAP, true },
		{ EVENT_BEGIN, EVENT_END, LEAK_CPU_ACCESS, false },
	};
	struct run r;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		start(&r, plain);
		exports(&r, 7, 4096);
		for (j = 0; j < 5; j++) {
			with(&r, pairs[i].begin, 7, 2, j % 3);
			if (j < 4)
				with(&r, pairs[i].end, 7, 2, j % 3);
		}
		r.pid = 4711;	/* whoever drops the last reference */
		does(&r, EVENT_RELEASE, 7);
		judge(&r);
		assert_int_equal(only(&r, pairs[i].kind, 1, 4096)->error, pairs[i].error);
		assert_non_null(r.leaks.findings->begun);
		assert_int_equal(r.leaks.findings->begun->direction, 1);
		assert_int_equal(r.leaks.findings->begun->count, 1);
		assert_string_equal(r.leaks.findings->begun->device, "camera");
		finish(&r);

		start(&r, plain);
		exports(&r, 7, 4096);
		for (j = 0; j < 5; j++) {
			with(&r, pairs[i].begin, 7, 2, j % 3);
			with(&r, pairs[i].end, 7, 2, j % 3);
		}
		does(&r, EVENT_RELEASE, 7);
		judge_clean(&r);
	}
}

static void failed_calls_begin_nothing(void **state)
{
	static const unsigned int types[] = {
		EVENT_MAP, EVENT_ATTACH, EVENT_PIN, EVENT_VMAP, EVENT_BEGIN, EVENT_GET,
	};
	struct run r;
	size_t i;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		ends(&r, types[i], 7, -16);
	ends(&r, EVENT_EXPORT, 8, -12);
	does(&r, EVENT_RELEASE, 7);
	judge_clean(&r);
}

/* The core's own pins inside maps, of which some kernels do not tell the end */
static void nested_pins(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	with(&r, EVENT_PIN, 7, 2, 3 | EVENT_NESTED);
	does(&r, EVENT_RELEASE, 7);
	judge_clean(&r);
}

static void first_that_applies(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	with(&r, EVENT_BEGIN, 7, 0, 0);
	with(&r, EVENT_ATTACH, 7, 1, 3);
	with(&r, EVENT_PIN, 7, 1, 3);
	with(&r, EVENT_MAP, 7, 1, 0);
	exports(&r, 8, 4096);
	with(&r, EVENT_BEGIN, 8, 0, 0);
	record_buffer(&r.records, 7, 4096, 2);
	record_buffer(&r.records, 8, 4096, 1);
	judge(&r);
	assert_int_equal(r.leaks.n_findings, 2);
	assert_int_equal(r.leaks.findings[0].kind, LEAK_MAPPING);
	assert_int_equal(r.leaks.findings[1].kind, LEAK_CPU_ACCESS);
	finish(&r);
}

/* Two accesses by two processes, and one of them ends: the other's is left. */
static void whose_access(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	forks(&r, 101);
	exports(&r, 7, 4096);
	with(&r, EVENT_BEGIN, 7, 0, 2);
	r.pid = 101;
	with(&r, EVENT_BEGIN, 7, 0, 2);
	r.pid = ROOT;
	with(&r, EVENT_END, 7, 0, 2);
	does(&r, EVENT_RELEASE, 7);
	judge(&r);
	assert_int_equal(only(&r, LEAK_CPU_ACCESS, 1, 4096)->begun->pid, 101);
	finish(&r);
}

static void never_ended(void **state)
{
	struct run r;
	int i;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	for (i = 0; i < 10007; i++)
		with(&r, EVENT_BEGIN, 7, 0, i % 2);
	does(&r, EVENT_RELEASE, 7);
	judge(&r);
	assert_int_equal(only(&r, LEAK_CPU_ACCESS, 1, 4096)->begun->count, 5004);
	assert_int_equal(r.leaks.n_begun, 2);
	finish(&r);
}

static void warm_up(struct run *r, uint64_t n)
{
	uint64_t ino;

	for (ino = 1; ino <= n; ino++)
		exports(r, ino, 16384);
}

/* n cycles in which a buffer is made and released, and one more is made that stays. */
static void cycles(struct run *r, uint64_t *ino, int n, int temporary, bool keep)
{
	int i, j;

	while (n--) {
		for (i = 0; i < temporary; i++)
			exports(r, ++*ino, 65536);
		if (keep)
			exports(r, ++*ino, 16384);
		for (j = 0, i = keep; j < temporary; j++, i++)
			does(r, EVENT_RELEASE, *ino - i);
	}
}

/* The exit closes what is left. */
static void exits(struct run *r, uint64_t last, int status)
{
	uint64_t ino;

	for (ino = 1; ino <= last; ino++) {
		if (index_get(&r->leaks.by_ino, ino) == INDEX_NONE ||
		    r->leaks.buffers[index_get(&r->leaks.by_ino, ino)].ino != ino ||
		    r->leaks.buffers[index_get(&r->leaks.by_ino, ino)].released)
			continue;
		ends(r, EVENT_LEFT, ino, status);
		does(r, EVENT_RELEASE, ino);
	}
	ends(r, EVENT_EXIT, 0, status);
}

static void growth(void **state)
{
	const struct leak_finding *f;
	uint64_t ino;
	struct run r;
	int temporary;

	(void)state;
	for (temporary = 1; temporary <= 3; temporary++) {
		start(&r, plain);
		ino = 427;
		warm_up(&r, ino);
		cycles(&r, &ino, 13, temporary, true);
		exits(&r, ino, 9);	/* killed: what is left otherwise is no finding */
		judge(&r);
		f = only(&r, LEAK_GROWTH, 12, 12 * 16384);
		assert_int_equal(f->cycles, 12);
		assert_int_equal(f->from, 428);
		assert_int_equal(f->to, 440);
		assert_int_equal(f->fds, 12);
		assert_int_equal(f->size, 16384);
		assert_true(f->error && f->counted);
		finish(&r);
	}
}

/* Each time one: growth takes ten rises, and eleven marks. */
static void growth_takes_ten(void **state)
{
	uint64_t ino;
	struct run r;

	(void)state;
	start(&r, plain);
	ino = 0;
	cycles(&r, &ino, 10, 1, true);
	exits(&r, ino, 9);
	judge_clean(&r);
	start(&r, plain);
	ino = 0;
	cycles(&r, &ino, 11, 1, true);
	exits(&r, ino, 9);
	judge(&r);
	only(&r, LEAK_GROWTH, 10, 10 * 16384);
	finish(&r);
}

static void pools_are_clean(void **state)
{
	uint64_t ino, i;
	struct run r;

	(void)state;
	/* It stops growing */
	start(&r, plain);
	ino = 0;
	cycles(&r, &ino, 23, 1, true);
	cycles(&r, &ino, 1, 1, false);
	exits(&r, ino, 9);
	judge_clean(&r);
	/* It is closed before the exit */
	start(&r, plain);
	ino = 0;
	cycles(&r, &ino, 23, 1, true);
	for (i = 2; i <= ino; i += 2)
		does(&r, EVENT_RELEASE, i);
	exits(&r, 0, 0);
	judge_clean(&r);
	/* It goes up and down */
	start(&r, plain);
	ino = 0;
	for (i = 0; i < 23; i++) {
		cycles(&r, &ino, 9, 1, true);
		does(&r, EVENT_RELEASE, ino);
		does(&r, EVENT_RELEASE, ino - 2);
	}
	exits(&r, ino, 9);
	judge(&r);
	assert_int_equal(r.leaks.n_findings, 0);
	finish(&r);
	/* It only ever grows: no cycle ends */
	start(&r, plain);
	warm_up(&r, 1009);
	exits(&r, 1009, 9);
	judge_clean(&r);
}

static void growth_of_two(void **state)
{
	uint64_t inos[2] = { 0, 100000 };
	struct run r;
	int i, p;

	(void)state;
	start(&r, plain);
	forks(&r, 101);
	for (i = 0; i < 11; i++)
		for (p = 0; p < 2; p++) {
			r.pid = ROOT + p;
			r.comm = p ? "second" : "first";
			cycles(&r, &inos[p], 1, 1, true);
		}
	judge(&r);
	assert_int_equal(r.leaks.n_findings, 2);
	assert_int_equal(r.leaks.findings[0].n, 10);
	assert_int_equal(r.leaks.findings[1].n, 10);
	finish(&r);
}

static void outlived(void **state)
{
	const struct leak_finding *f;
	struct run r;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	exports(&r, 8, 4096);
	exports(&r, 9, 4096);
	does(&r, EVENT_RELEASE, 9);
	ends(&r, EVENT_EXIT, 0, 0);
	record_buffer(&r.records, 7, 4096, 2);
	record_slot(&r.records, 55, 7, 55, 3, 0);
	record_slot(&r.records, 55, 7, 55, 4096, 8192);
	record_buffer(&r.records, 8, 4096, 1);
	record_slot(&r.records, 55, 8, 55, 4, 0);
	/* Somebody else's */
	record_buffer(&r.records, 10, 4096, 1);
	record_slot(&r.records, 55, 10, 55, 5, 0);
	judge(&r);
	f = only(&r, LEAK_OUTLIVED, 2, 8192);
	assert_true(f->counted);
	assert_int_equal(f->fds, 2);
	assert_int_equal(f->maps, 1);
	assert_int_equal(f->kernel, 0);
	assert_int_equal(f->n_holders, 1);
	assert_int_equal(f->holders[0].pid, 55);
	assert_string_equal(f->holders[0].comm, "comm55");
	assert_false(f->holders[0].of_tree);
	finish(&r);
}

static void in_flight(void **state)
{
	struct run r;
	struct snap_slot *s;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	ends(&r, EVENT_EXIT, 0, 0);
	record_buffer(&r.records, 7, 4096, 1);
	s = record_slot(&r.records, 0, 7, 1000, 0, 0);
	s->head.type = SNAP_IN_FLIGHT;
	s->comm[0] = '\0';
	judge(&r);
	only(&r, LEAK_OUTLIVED, 1, 4096);
	assert_non_null(r.leaks.findings->holders[0].socket);
	finish(&r);
}

static void kernel_held(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	exports(&r, 7, 4096);
	does(&r, EVENT_GET, 7);
	ends(&r, EVENT_EXIT, 0, 0);
	r.pid = 4711;	/* who looks at all buffers puts what it never got */
	does(&r, EVENT_PUT, 7);
	record_buffer(&r.records, 7, 4096, 3);
	judge(&r);
	only(&r, LEAK_KERNEL_HELD, 1, 4096);
	assert_int_equal(r.leaks.findings->kernel, 3);
	assert_int_equal(r.leaks.findings->begun->type, EVENT_GET);
	finish(&r);
	/* It went, and nobody told: nothing to complain of */
	start(&r, plain);
	exports(&r, 7, 4096);
	ends(&r, EVENT_EXIT, 0, 0);
	judge(&r);
	assert_int_equal(r.leaks.vanished, 1);
	assert_int_equal(r.leaks.n_findings, 0);
	finish(&r);
}

static void unclosed(void **state)
{
	struct leaks_options strict = { .strict = true };
	const struct leak_finding *f;
	struct model_event e;
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		start(&r, i ? strict : plain);
		exports(&r, 7, 65536);
		r.comm = "helper";
		ends(&r, EVENT_LEFT, 7, 0x300);
		e = event_of(&r, EVENT_LEFT, 7);
		e.raw.flags |= EVENT_MAPPED;
		take(&r, &e);
		does(&r, EVENT_RELEASE, 7);
		ends(&r, EVENT_EXIT, 0, 0x300);
		judge(&r);
		f = only(&r, LEAK_UNCLOSED, 1, 65536);
		assert_int_equal(f->fds, 1);
		assert_int_equal(f->maps, 1);
		assert_int_equal(f->error, i);
		assert_int_equal(r.leaks.processes[f->process].pid, ROOT);
		finish(&r);
	}
	/* By a signal */
	start(&r, plain);
	exports(&r, 7, 65536);
	ends(&r, EVENT_LEFT, 7, 11);
	does(&r, EVENT_RELEASE, 7);
	judge_clean(&r);
}

static void old(void **state)
{
	struct leaks_options options = { .max_age = 5 * SECOND };
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		start(&r, options);
		exports(&r, 7, 4096);
		r.time += 4 * SECOND;
		if (i < 2)
			does(&r, EVENT_MMAP, 7);
		r.time += i ? 4 * SECOND : 6 * SECOND;
		does(&r, EVENT_RELEASE, 7);
		judge(&r);
		if (i == 1)
			assert_int_equal(r.leaks.n_findings, 0);
		else
			only(&r, LEAK_OLD, 1, 4096);
		finish(&r);
	}
}

static void unsynced(void **state)
{
	struct leaks_options options = { .unsynced = true };
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		start(&r, options);
		exports(&r, 7, 4096);
		if (i != 1)
			does(&r, EVENT_MMAP, 7);
		if (i != 2) {
			with(&r, EVENT_MAP, 7, 1, 0);
			with(&r, EVENT_UNMAP, 7, 1, 0);
		}
		if (i >= 3) {
			with(&r, EVENT_BEGIN, 7, 0, i == 3 ? EVENT_NESTED : 0);
			with(&r, EVENT_END, 7, 0, 0);
		}
		does(&r, EVENT_RELEASE, 7);
		judge(&r);
		assert_int_equal(r.leaks.n_findings, i == 0 || i == 4);
		if (r.leaks.n_findings)
			assert_false(only(&r, LEAK_UNSYNCED, 1, 4096)->error);
		finish(&r);
	}
}

/* Others' buffers and what they do with them is nothing to us; what they do with ours is. */
static void others(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	r.pid = 55;
	exports(&r, 6, 4096);
	with(&r, EVENT_ATTACH, 6, 1, 3);
	record_buffer(&r.records, 6, 4096, 1);
	r.pid = ROOT;
	with(&r, EVENT_ATTACH, 6, 2, 3);
	exports(&r, 7, 4096);
	r.pid = 55;
	r.comm = "compositor";
	with(&r, EVENT_ATTACH, 7, 3, 3);
	does(&r, EVENT_RELEASE, 7);
	judge(&r);
	assert_string_equal(only(&r, LEAK_ATTACHMENT, 1, 4096)->begun->comm, "compositor");
	finish(&r);
}

static void the_tree(void **state)
{
	struct run r;

	(void)state;
	start(&r, plain);
	forks(&r, 101);
	r.pid = 101;
	forks(&r, 102);
	ends(&r, EVENT_EXIT, 0, 0);
	assert_int_equal(leaks_living(&r.leaks), 2);
	r.pid = 102;
	r.comm = "daemon";
	exports(&r, 7, 4096);
	record_buffer(&r.records, 7, 4096, 1);
	record_slot(&r.records, 102, 7, 102, 3, 0);
	judge(&r);
	only(&r, LEAK_OUTLIVED, 1, 4096);
	assert_true(r.leaks.findings->holders[0].of_tree);
	assert_string_equal(r.leaks.processes[r.leaks.findings->process].comm, "daemon");
	finish(&r);
}

/* While they live: what is in use is fine. */
static void running(void **state)
{
	struct leaks_options options = { .running = true, .max_age = 5 * SECOND };
	uint64_t ino = 1000;
	struct run r;

	(void)state;
	start(&r, options);
	exports(&r, 7, 4096);
	with(&r, EVENT_ATTACH, 7, 1, 3);
	with(&r, EVENT_MAP, 7, 1, 0);
	exports(&r, 8, 4096);		/* closed, and alive */
	cycles(&r, &ino, 11, 1, true);
	record_buffer(&r.records, 7, 4096, 1);
	record_slot(&r.records, ROOT, 7, ROOT, 3, 0);
	record_buffer(&r.records, 8, 4096, 1);
	for (ino = 1002; ino <= 1022; ino += 2) {
		record_buffer(&r.records, ino, 16384, 1);
		record_slot(&r.records, ROOT, ino, ROOT, ino, 0);
	}
	judge(&r);
	assert_int_equal(r.leaks.n_findings, 2);
	assert_int_equal(r.leaks.findings[0].kind, LEAK_GROWTH);
	assert_int_equal(r.leaks.findings[0].n, 10);
	assert_int_equal(r.leaks.findings[1].kind, LEAK_KERNEL_HELD);
	finish(&r);
}

/* Places of what is gone are used again. */
static void long_runs(void **state)
{
	struct run r;
	uint64_t ino;

	(void)state;
	start(&r, plain);
	for (ino = 1; ino < 100003; ino++) {
		exports(&r, ino, 4096);
		does(&r, EVENT_GET, ino);
		does(&r, EVENT_PUT, ino);
		with(&r, EVENT_MAP, ino, 1, 0);
		with(&r, EVENT_UNMAP, ino, 1, 0);
		does(&r, EVENT_RELEASE, ino);
	}
	assert_int_equal(r.leaks.n_buffers, 1);
	assert_int_equal(r.leaks.n_begun, 1);
	judge_clean(&r);
}

static void many(void **state)
{
	struct run r;
	uint64_t ino;

	(void)state;
	start(&r, plain);
	for (ino = 1; ino <= 50021; ino++) {
		exports(&r, ino, 4096);
		with(&r, EVENT_ATTACH, ino, ino, 3);
		if (ino % 2)
			with(&r, EVENT_DETACH, ino, ino, 3);
		record_buffer(&r.records, ino, 4096, 1);
		record_slot(&r.records, 1000 + ino % 1009, ino, 1000 + ino % 1009, ino, 0);
	}
	judge(&r);
	assert_int_equal(r.leaks.n_findings, 2);
	assert_int_equal(r.leaks.findings[0].kind, LEAK_ATTACHMENT);
	assert_int_equal(r.leaks.findings[0].n, 25010);
	assert_int_equal(r.leaks.findings[1].n, 25011);
	assert_int_equal(r.leaks.findings[1].n_holders, LEAK_HOLDERS);
	assert_true(r.leaks.findings[1].more_holders);
	finish(&r);
}

/* A recording's: every process is one of them, and a number may come back. */
static void everybody(void **state)
{
	struct leaks_options options = { .everybody = true, .running = true };
	struct run r;

	(void)state;
	start(&r, options);
	r.pid = 55;
	exports(&r, 7, 4096);
	ends(&r, EVENT_EXIT, 0, 0);
	ends(&r, EVENT_LEFT, 7, 0);
	assert_int_equal(r.leaks.n_processes, 2);
	exports(&r, 8, 4096);
	assert_int_equal(r.leaks.n_processes, 3);
	record_buffer(&r.records, 7, 4096, 1);
	record_buffer(&r.records, 8, 4096, 1);
	record_slot(&r.records, 55, 8, 55, 3, 0);
	judge(&r);
	only(&r, LEAK_KERNEL_HELD, 1, 4096);
	finish(&r);
}

static void names(void **state)
{
	unsigned int kind;

	(void)state;
	for (kind = 0; kind < LEAK_KINDS; kind++)
		assert_int_equal(name_find(leak_name, leak_name(kind),
					   strlen(leak_name(kind))), kind);
	assert_int_equal(name_find(leak_name, "cpu", 3), -1);
	assert_string_equal(leak_name(LEAK_KERNEL_HELD), "kernel-held");
	assert_null(leak_name(LEAK_KINDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unended),
		cmocka_unit_test(failed_calls_begin_nothing),
		cmocka_unit_test(nested_pins),
		cmocka_unit_test(first_that_applies),
		cmocka_unit_test(whose_access),
		cmocka_unit_test(never_ended),
		cmocka_unit_test(growth),
		cmocka_unit_test(growth_takes_ten),
		cmocka_unit_test(pools_are_clean),
		cmocka_unit_test(growth_of_two),
		cmocka_unit_test(outlived),
		cmocka_unit_test(in_flight),
		cmocka_unit_test(kernel_held),
		cmocka_unit_test(unclosed),
		cmocka_unit_test(old),
		cmocka_unit_test(unsynced),
		cmocka_unit_test(others),
		cmocka_unit_test(the_tree),
		cmocka_unit_test(running),
		cmocka_unit_test(long_runs),
		cmocka_unit_test(many),
		cmocka_unit_test(everybody),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
