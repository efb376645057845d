// SPDX-License-Identifier: GPL-2.0
/* What events of a recording tell: names, lives, and the state at each of its snapshots. */
#include "recording.h"

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include <stdarg.h>
#include <time.h>

#include "model/filter.h"
#include "recording/replay.h"
#include "symbols/recorded_stack.h"
#include "symbols/symbols.h"
#include "source/source.h"

#define T(i) (100 * SECOND + (i) * 1000)

static void add_event(struct recording_writer *w, struct dmabuf_event e)
{
	e.tid = e.tid ? e.tid : 4711;
	assert_int_equal(recording_add_events(w, &e, sizeof(e), 0), 0);
}

static void add_task(struct recording_writer *w, uint32_t tid, const char *comm)
{
	struct dmabuf_event_task task = { .tid = tid, .pid = tid, .type = EVENT_TASK };

	strncpy(task.comm, comm, sizeof(task.comm));
	assert_int_equal(recording_add_events(w, &task, sizeof(task), 0), 0);
}

static void add_moment(struct recording_writer *w, uint64_t time, uint64_t first, uint32_t n)
{
	const struct recording_moment m = { .realtime = about.realtime + time, .sees = SEES_ALL };
	struct records r = { 0 };
	uint32_t i;

	for (i = 0; i < n; i++)
		record_buffer(&r, first + i, 4096, 1);
	for (i = 0; i < n; i++)
		record_slot(&r, 4712, first + i, 1, 3 + i, 0);
	assert_int_equal(recording_add_snapshot(w, time, &m, NULL, r.bytes, r.len), 0);
	records_free(&r);
}

/* Buffer 7 is older; 8 is made, mapped over the second snapshot, and goes before the third. */
static int make(void)
{
	struct recording_options options = { 0 };
	int fd = memory_file("", 0);
	struct recording_writer *w;

	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	recording_add_name(w, RECORDING_EXPORTER, 1, "system", NULL);
	recording_add_name(w, RECORDING_DEVICE, 1, "vivid.0", NULL);
	recording_add_name(w, RECORDING_NODE, 1, "/dev/dma_heap/system", NULL);
	add_moment(w, T(0), 7, 1);
	/* All 16 bytes, without a NUL */
	add_task(w, 4711, "0123456789abcdef");
	add_task(w, 4712, "display");
	add_event(w, (struct dmabuf_event){ .time = T(1), .ino = 8, .value = 8192, .device = 1,
					    .node = 1, .type = EVENT_EXPORT, .flags = 3 });
	add_event(w, (struct dmabuf_event){ .time = T(2), .ino = 8, .value = 100, .device = 1,
					    .attachment = 1, .type = EVENT_ATTACH, .flags = 3 });
	add_event(w, (struct dmabuf_event){ .time = T(3), .ino = 8, .value = 500, .wait = 400,
					    .device = 1, .attachment = 1, .type = EVENT_MAP,
					    .flags = 2 });
	add_event(w, (struct dmabuf_event){ .time = T(4), .ino = 8, .value = 30, .tid = 4712,
					    .type = EVENT_BEGIN, .flags = 2 });
	add_moment(w, T(5), 7, 2);
	add_event(w, (struct dmabuf_event){ .time = T(6), .ino = 8, .value = 50, .device = 1,
					    .attachment = 1, .type = EVENT_UNMAP, .flags = 2 });
	/* The first of what was lost was the detach */
	assert_int_equal(recording_add_events(w, NULL, 0, 23), 0);
	add_event(w, (struct dmabuf_event){ .time = T(7), .ino = 8, .type = EVENT_RELEASE });
	add_event(w, (struct dmabuf_event){ .time = T(8), .ino = 7, .type = EVENT_FD,
					    .result = 3 });
	add_event(w, (struct dmabuf_event){ .time = T(8), .ino = 7, .type = 0x3f });
	add_moment(w, T(9), 100, 1);
	add_event(w, (struct dmabuf_event){ .time = T(10), .ino = 7, .type = EVENT_RELEASE });
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
	return fd;
}

struct told {
	char text[2048];
};

static void tell(struct told *t, const char *format, ...)
{
	size_t len = strlen(t->text);
	va_list args;

	va_start(args, format);
	vsnprintf(t->text + len, sizeof(t->text) - len, format, args);
	va_end(args);
}

static int tell_event(void *ctx, const struct model_event *e)
{
	tell(ctx, "%s %u %.6s %s %s %s %u %u\n", event_name(e->raw.type), e->pid, e->comm,
	     e->exporter ? e->exporter : "-", e->device ? e->device : "-",
	     e->node ? "node" : "-", (unsigned int)e->size, (unsigned int)e->lifetime);
	assert_true(e->realtime == e->raw.time + about.realtime);
	return 0;
}

static int tell_lost(void *ctx, uint64_t time, uint64_t lost)
{
	assert_true(time == T(7) + about.realtime);
	tell(ctx, "lost %u\n", (unsigned int)lost);
	return 0;
}

static int tell_snapshot(void *ctx, uint32_t i)
{
	tell(ctx, "snapshot %u\n", i);
	return 0;
}

static int tell_older(void *ctx, const struct replay_older *o)
{
	tell(ctx, "older %u %u\n", (unsigned int)o->ino, (unsigned int)o->size);
	return 0;
}

static int tell_gone(void *ctx, uint64_t ino)
{
	tell(ctx, "gone %u\n", (unsigned int)ino);
	return 0;
}

static void run(const struct filter *filter, int64_t from, int64_t to, struct told *told)
{
	const struct replay_taker taker = {
		.event = tell_event, .lost = tell_lost, .snapshot = tell_snapshot,
		.older = tell_older, .gone = tell_gone, .ctx = told,
	};
	struct recording *r;
	struct replay *p;
	char why[160];

	*told->text = '\0';
	assert_int_equal(recording_open_fd(&r, make(), why, sizeof(why)), 0);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	p = replay_new(r, filter);
	assert_non_null(p);
	replay_window(p, from, to);
	assert_int_equal(replay_run(p, &taker, UINT32_MAX), 0);
	assert_int_equal(replay_snapshots(p), 3);
	replay_free(p);
	recording_close(r);
}

static void test_replay(void **state)
{
	struct told told;

	(void)state;
	run(NULL, INT64_MIN, INT64_MAX, &told);
	assert_string_equal(told.text,
			    "older 7 4096\nsnapshot 0\n"
			    "export 4711 012345 system - node 8192 0\n"
			    "attach 4711 012345 system vivid.0 - 8192 0\n"
			    "map 4711 012345 system vivid.0 - 8192 0\n"
			    "begin 4712 displa system - - 8192 0\n"
			    "snapshot 1\n"
			    "unmap 4711 012345 system vivid.0 - 8192 0\n"
			    "lost 23\n"
			    "release 4711 012345 system - - 8192 6000\n"
			    "fd 4711 012345 system - - 4096 0\n"
			    "older 100 4096\n"
			    /* Something was lost, so the snapshot is believed */
			    "gone 7\nsnapshot 2\n"
			    "release 4711 012345 - - - 0 0\n");
}

static void test_filter(void **state)
{
	struct filter filter = { 0 };
	struct told told;

	(void)state;
	/* By the one that exported it all of a buffer, by another only what that does */
	assert_int_equal(filter_add_pids(&filter, "4711"), 0);
	run(&filter, T(1) + about.realtime, T(5) + about.realtime, &told);
	assert_non_null(strstr(told.text, "begin 4712"));
	assert_null(strstr(told.text, "unmap"));
	assert_null(strstr(told.text, "snapshot 0"));
	filter_free(&filter);
	assert_int_equal(filter_add_pids(&filter, "4712"), 0);
	run(&filter, INT64_MIN, INT64_MAX, &told);
	assert_non_null(strstr(told.text, "begin 4712"));
	assert_null(strstr(told.text, "4711"));
	filter_free(&filter);
	filter.min_size = 8192;
	run(&filter, INT64_MIN, INT64_MAX, &told);
	assert_non_null(strstr(told.text, "map"));
	assert_null(strstr(told.text, "fd"));
}

/* Records as a block that is packed better than the writer packs them. */
static void forge_events(int fd, const void *records, uint32_t n)
{
#ifdef HAVE_ZSTD
	size_t len = n * sizeof(struct dmabuf_event), room = ZSTD_compressBound(len);
	char *columns = malloc(len), *packed = malloc(room + 8);
	struct recording_block_head head = {
		.magic = RECORDING_BLOCK_MAGIC, .type = RECORDING_EVENTS, .count = n,
		.flags = RECORDING_COLUMNS | RECORDING_ZSTD, .raw_len = len, .first = 1, .last = 1,
	};

	assert_int_not_equal(recording_to_columns(columns, records, n), 0);
	head.len = ZSTD_compress(packed, room, columns,
				 recording_to_columns(columns, records, n), 19);
	assert_false(ZSTD_isError(head.len));
	memset(packed + head.len, 0, RECORDING_PAD(head.len));
	head.crc = recording_crc(0, packed, head.len);
	head.head_crc = recording_block_crc(&head);
	assert_int_equal(write(fd, &head, sizeof(head)), sizeof(head));
	len = head.len + RECORDING_PAD(head.len);
	assert_int_equal(write(fd, packed, len), len);
	free(columns);
	free(packed);
#else
	(void)fd;
	(void)records;
	(void)n;
#endif
}

#define FORGED 5000		/* records of a block */

/* A small file that tells of more than may live at one time. */
static void test_bomb(void **state)
{
	struct recording_options options = { 0 };
	const struct replay_taker taker = { 0 };
	struct dmabuf_event events[FORGED];
	int fd = memory_file("", 0);
	struct recording_writer *w;
	struct recording *r;
	struct replay *p;
	char why[160];
	uint32_t i;

	(void)state;
	if (!recording_zstd_version())
		skip();
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	recording_free(w);
	for (i = 0; i < 40 * FORGED; i++) {
		events[i % FORGED] = (struct dmabuf_event){
			.time = T(1) + i, .ino = i + 1, .type = EVENT_EXPORT,
		};
		if (i % FORGED == FORGED - 1)
			forge_events(fd, events, FORGED);
	}
	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	assert_true(recording_size(r) < 100000);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	p = replay_new(r, NULL);
	assert_int_equal(replay_run(p, &taker, UINT32_MAX), -E2BIG);
	replay_free(p);
	recording_close(r);
}

static void add_frames(struct recording_writer *w, uint64_t stack, bool user, uint32_t n)
{
	struct dmabuf_event_frames record = {
		.time = T(1), .stack = stack, .n = n, .user = user, .type = EVENT_FRAMES,
		.event = EVENT_GET, .frames = { user ? 5ull << 48 | 100 : 100, 101, 102 },
	};

	for (; record.at < n; record.at += EVENT_FRAMES_EACH)
		assert_int_equal(recording_add_events(w, &record, sizeof(record), 0), 0);
}

static void add_stack(struct recording_writer *w, uint64_t time, uint64_t kernel, uint64_t user)
{
	struct {
		struct dmabuf_event event;
		struct dmabuf_event_stack stack;
	} both = {
		{ .time = time, .ino = 7, .type = EVENT_GET, .flags = 3 | EVENT_HAS_STACK },
		{ .time = time, .kernel = kernel, .user = user, .type = EVENT_STACK },
	};

	assert_int_equal(recording_add_events(w, &both, sizeof(both), 0), 0);
}

struct stacked {
	struct replay *replay;
	struct symbols *symbols;
	uint32_t events, kernel, user;
};

static int take_stacked(void *ctx, const struct model_event *e)
{
	struct stacked *s = ctx;
	const struct stack *kernel = recorded_stack(s->replay, s->symbols, e->kernel_stack);
	const struct stack *user = recorded_stack(s->replay, s->symbols, e->user_stack);

	s->events++;
	if (kernel) {
		s->kernel++;
		assert_int_equal(kernel->n, 4);
		assert_string_equal(kernel->frames[0].function, "dma_buf_get");
		assert_string_equal(kernel->frames[1].function, "import");
		assert_string_equal(kernel->frames[1].module, "camera");
		assert_null(kernel->frames[2].function);
	}
	if (user) {
		s->user++;
		assert_int_equal(user->n, 5);
		assert_string_equal(user->frames[0].module, "/no/such/file");
		assert_string_equal(user->frames[0].build_id, "0123abcd");
		assert_int_equal(user->frames[0].offset, 100);
		assert_null(user->frames[1].module);
	}
	return 0;
}

static struct stacked replay_stacked(int fd)
{
	struct stacked s = { .symbols = symbols_new() };
	const struct replay_taker taker = { .event = take_stacked, .ctx = &s };
	struct recording *r;
	char why[160];

	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	s.replay = replay_new(r, NULL);
	assert_int_equal(replay_run(s.replay, &taker, UINT32_MAX), 0);
	replay_free(s.replay);
	symbols_free(s.symbols);
	recording_close(r);
	return s;
}

/*
 * flight: as --flight, of half the time that the machine is up, which is over since it booted: what
 * came then is not kept, but for the frames.
 */
static struct stacked write_stacked(bool flight, int compress)
{
	struct recording_options options = { .compress = compress };
	int fd = memory_file("", 0);
	struct recording_writer *w;
	struct timespec now;
	uint64_t time;

	clock_gettime(CLOCK_MONOTONIC, &now);
	time = now.tv_sec * SECOND + now.tv_nsec;
	options.keep = flight ? time / 2 : 0;
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	assert_int_equal(recording_add_name(w, RECORDING_FILE, 5, "/no/such/file", "0123abcd"), 0);
	assert_int_equal(recording_add_name(w, RECORDING_SYMBOL, 100, "import+0x8 [camera]", NULL),
			 0);
	add_frames(w, 23, false, 3);
	add_frames(w, 29, true, 5);
	add_frames(w, 31, true, 255);
	add_stack(w, 1, 23, 29);
	assert_int_equal(recording_flush(w), 0);
	add_stack(w, time, 23, 29);
	/* Of nothing that was told, and a flag with nothing behind it */
	add_stack(w, time, 1, 31);
	add_event(w, (struct dmabuf_event){ .time = time, .type = EVENT_GET,
					    .flags = EVENT_HAS_STACK });
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
	return replay_stacked(fd);
}

static void test_stacks(void **state)
{
	int compress;

	(void)state;
	for (compress = 0; compress <= (recording_zstd_version() ? 3 : 0); compress += 3) {
		struct stacked s = write_stacked(false, compress);

		assert_int_equal(s.events, 4);
		assert_int_equal(s.kernel, 2);
		assert_int_equal(s.user, 2);
		s = write_stacked(true, compress);
		assert_int_equal(s.events, 3);
		assert_int_equal(s.kernel, 1);
		assert_int_equal(s.user, 1);
	}
}

/* A small file that tells of more than are kept: those are unknown. */
static void test_stack_bomb(void **state)
{
	struct recording_options options = { 0 };
	struct dmabuf_event_frames frames[FORGED];
	int fd = memory_file("", 0);
	struct recording_writer *w;
	struct stacked s;
	uint32_t i;

	(void)state;
	if (!recording_zstd_version())
		skip();
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	assert_int_equal(recording_add_name(w, RECORDING_FILE, 5, "/no/such/file", "0123abcd"), 0);
	assert_int_equal(recording_flush(w), 0);
	for (i = 0; i < 40 * FORGED; i++) {
		frames[i % FORGED] = (struct dmabuf_event_frames){
			.time = T(1) + i, .stack = i / 2 + 1, .at = i % 2 * 3, .n = 5, .user = 1,
			.type = EVENT_FRAMES, .event = EVENT_GET,
			.frames = { 5ull << 48 | 100, 101, 102 },
		};
		if (i % FORGED == FORGED - 1)
			forge_events(fd, frames, FORGED);
	}
	for (i = 0; i < 40 * FORGED; i += 2) {
		struct dmabuf_event event = {
			.time = T(2) + i, .tid = 4711, .type = EVENT_GET, .flags = EVENT_HAS_STACK,
		};
		struct dmabuf_event_stack stack = {
			.time = event.time, .user = i / 2 + 1, .tid = 4711, .type = EVENT_STACK,
		};

		memcpy(&frames[i % FORGED], &event, sizeof(event));
		memcpy(&frames[i % FORGED + 1], &stack, sizeof(stack));
		if (i % FORGED == FORGED - 2)
			forge_events(fd, frames, FORGED);
	}
	recording_free(w);
	s = replay_stacked(fd);
	assert_int_equal(s.events, 20 * FORGED);
	assert_true(s.user > 1000 && s.user < 20 * FORGED);
}

/* The same forwards and backwards. */
static void check_moment(struct source *s, struct model *m, uint32_t moment)
{
	const struct model_operation *map;
	const struct model_buffer *b;

	assert_true(source_choose(s, moment));
	assert_int_equal(source_snapshot(s, m, NULL), 0);
	map = operations_find(&m->operations, EVENT_MAP, 2, "system", "vivid.0");
	assert_int_equal(map ? map->histogram.count : 0, moment ? 1 : 0);
	if (map)
		assert_int_equal(map->histogram.wait, 400);
	assert_int_equal(index_get(&m->by_ino, 8) != INDEX_NONE, moment == 1);
	if (moment != 1)
		return;
	b = buffer_of(m, 8);
	assert_int_equal(b->exported_by, 4711);
	assert_memory_equal(b->exported_comm, "0123456789abcdef", 16);
	assert_string_equal(m->nodes[b->node].path, "/dev/dma_heap/system");
	assert_int_equal(b->accesses, 1);
	assert_int_equal(m->accesses[b->first_access].reads, 1);
	assert_int_equal(m->accesses[b->first_access].writes, 0);
}

static void test_state(void **state)
{
	static const uint32_t order[] = { 0, 1, 2, 1, 0, 2, 1 };
	struct model m = { 0 };
	struct source s;
	char path[64];
	uint32_t i;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", make());
	assert_int_equal(source_open_recording(&s, path), 0);
	source_watch(&s, MODEL_WATCHES_STATE | MODEL_WATCHES_TIMES, NULL);
	for (i = 0; i < 7; i++)
		check_moment(&s, &m, order[i]);
	model_free(&m);
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_bomb), cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_stack_bomb),
		cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
