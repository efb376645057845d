// SPDX-License-Identifier: GPL-2.0
/* Recordings: what is written is read, whatever happens to the writer. */
#include "recording.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static void test_crc(void **state)
{
	char bytes[64];
	uint32_t i;

	(void)state;
	/* RFC 3720 B.4 */
	memset(bytes, 0, 32);
	assert_int_equal(recording_crc(0, bytes, 32), 0x8a9136aa);
	for (i = 0; i < 32; i++)
		bytes[i] = i;
	assert_int_equal(recording_crc(0, bytes, 32), 0x46dd794e);
	assert_int_equal(recording_crc(0, "123456789", 9), 0xe3069283);
	assert_int_equal(recording_crc(recording_crc(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void test_columns(void **state)
{
	struct dmabuf_event from[23], back[23];
	char to[sizeof(from)];
	uint64_t same;
	size_t i, len;

	(void)state;
	/* The third comes late */
	for (i = 0; i < 23; i++)
		from[i] = (struct dmabuf_event){
			.time = (1ull << 40) + i * 50 - (i == 2) * 53,
			.ino = 7, .tid = i * 3, .type = EVENT_MAP + i % 2,
		};
	len = recording_to_columns(to, (const char *)from, 23);
	/* Three columns differ: steps of at most 127, tids, types */
	assert_int_equal(len, 16 + 3 * 23 + 45);
	assert_true(recording_from_columns((char *)back, 23, to, len));
	assert_memory_equal(back, from, sizeof(from));
	for (i = 0; i < len; i++)
		assert_false(recording_from_columns((char *)back, 23, to, i));
	assert_false(recording_from_columns((char *)back, 23, to, len + 1));
	assert_false(recording_from_columns((char *)back, 22, to, len));
	memcpy(&same, to, sizeof(same));
	same |= 1ull << 48;
	memcpy(to, &same, sizeof(same));
	assert_false(recording_from_columns((char *)back, 23, to, len));
	/* The steps may be anything; one record is as good as many */
	for (i = 0; i < 23; i++)
		from[i].time = i * i * i * 0x9e3779b97f4a7c15u;
	for (i = 1; i <= 23; i += 22) {
		len = recording_to_columns(to, (const char *)from, i);
		assert_true(i > 1 ? len > 0 : !len);
		if (!len)
			continue;
		assert_true(recording_from_columns((char *)back, i, to, len));
		assert_memory_equal(back, from, i * sizeof(*from));
	}
	/* What is different in all places stays as it is */
	for (i = 0; i < sizeof(from); i++)
		((char *)from)[i] = (i * i * 31) >> 3;
	assert_int_equal(recording_to_columns(to, (const char *)from, 23), 0);
	assert_int_equal(recording_to_columns(to, (const char *)from, 0), 0);
}

static void round_trip(int compress)
{
	int fd = memory_file("", 0);
	struct seen seen, cut;
	struct records r = { 0 };
	uint64_t hash;
	char events[8192], *bytes;
	size_t len = make_events(events, 0, 40), size;

	write_small(fd, compress);
	size = file_bytes(fd, &bytes);
	read_all(fd, &seen);
	assert_int_equal(seen.error, 0);
	assert_int_equal(seen.names, 3);
	assert_int_equal(seen.snapshots, 2);
	assert_int_equal(seen.bad_snapshots, 0);
	assert_int_equal(seen.events, 80);
	assert_int_equal(seen.lost, 23);
	assert_int_equal(seen.events_hash, mix(mix(0, events, len), events, len));
	make_snapshot(&r, 2);
	hash = mix(SEES_ALL, r.bytes, r.len);
	make_snapshot(&r, 3);
	assert_int_equal(seen.records_hash, mix(hash + SEES_ALL, r.bytes, r.len));
	assert_string_equal(seen.end, "done");
	assert_string_equal(seen.damage, "");
	/* names, snapshot, names, 2 events, snapshot, info, index, end */
	assert_int_equal(seen.blocks, 9);
	/* The same without the end that says where the index is */
	read_bytes(bytes, size - 64, &cut);
	assert_int_equal(cut.snapshots, 2);
	assert_int_equal(cut.names, 3);
	assert_int_equal(cut.records_hash, seen.records_hash);
	assert_string_equal(cut.damage, "");
	free(bytes);
	records_free(&r);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip(0);
}

static void test_round_trip_zstd(void **state)
{
	(void)state;
	if (!recording_zstd_version())
		skip();
	round_trip(3);
}

static void test_header(void **state)
{
	int fd = memory_file("", 0);
	struct recording *r;
	char why[160];

	(void)state;
	write_small(fd, 0);
	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	assert_string_equal(recording_text(r, "release"), "6.12.0");
	assert_string_equal(recording_text(r, "command"), "dmabuf-trace record");
	assert_null(recording_text(r, "rel"));
	assert_null(recording_text(r, "end"));
	assert_int_equal(recording_head(r)->realtime, about.realtime);
	assert_int_equal(recording_head(r)->memory, about.memory);
	assert_int_equal(recording_head(r)->page_size, sysconf(_SC_PAGESIZE));
	recording_close(r);
}

/* A snapshot larger than a block, plain and packed, and many events. */
static void test_large(void **state)
{
	int compress;

	(void)state;
	for (compress = 0; compress <= (recording_zstd_version() ? 3 : 0); compress += 3) {
		struct recording_options options = { .compress = compress };
		struct recording_totals totals;
		struct recording_writer *w;
		struct records r = { 0 };
		int fd = memory_file("", 0);
		char *events = malloc(20011 * 110);
		size_t len = make_events(events, 0, 20011);
		struct seen seen;

		assert_int_equal(recording_create(&w, fd, &about, &options), 0);
		add_snapshot(w, 100 * SECOND, 50021);
		assert_int_equal(recording_add_events(w, events, len, 0), 0);
		assert_int_equal(recording_finish(w, "done"), 0);
		recording_totals(w, &totals);
		assert_int_equal(totals.events, 20011);
		recording_free(w);
		read_all(fd, &seen);
		assert_int_equal(seen.snapshots, 1);
		make_snapshot(&r, 50021);
		assert_int_equal(seen.records_hash, mix(SEES_ALL, r.bytes, r.len));
		assert_int_equal(seen.events, 20011);
		assert_int_equal(seen.events_hash, mix(0, events, len));
		records_free(&r);
		free(events);
	}
}

/* Writes numbered events until it is killed; *flushed: what must be in the file by then. */
static void write_for_ever(int fd, int compress, volatile uint64_t *flushed)
{
	struct recording_options options = { .compress = compress };
	struct recording_writer *w;
	char events[110 * 97];
	uint32_t i;

	if (recording_create(&w, fd, &about, &options))
		_exit(1);
	for (i = 0;; i += 97) {
		size_t len = make_events(events, i, 97);

		if (recording_add_events(w, events, len, 0))
			_exit(2);
		if (i % 23 == 0) {
			if (recording_flush(w))
				_exit(3);
			*flushed = i + 97;
		}
	}
}

/* Events from the first on, none missing: how many. */
static uint64_t check_events(int fd)
{
	struct recording_block block;
	struct recording *r;
	uint64_t at = 0, n = 0;
	char why[160];

	assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
	while (recording_next(r, &at, &block) == 1) {
		const struct dmabuf_event *e, *end;

		if (block.head.type != RECORDING_EVENTS)
			continue;
		assert_int_equal(recording_load(r, &block), 0);
		end = (const void *)(block.data + block.head.raw_len);
		for (e = (const void *)block.data; e < end; e++) {
			if (e->type >= EVENT_TYPES)
				continue;
			assert_int_equal(e->time, 100 * SECOND + (uint32_t)n * 1000);
			n++;
		}
	}
	recording_close(r);
	return n;
}

static void test_killed(void **state)
{
	volatile uint64_t *flushed;
	unsigned int seed = 1009;
	uint64_t least = UINT64_MAX, most = 0;
	int i;

	(void)state;
	flushed = mmap(NULL, sizeof(*flushed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	for (i = 0; i < 100; i++) {
		struct timespec delay = { 0, 1000 * (rand_r(&seed) % 10007) };
		int fd = memory_file("", 0), status;
		uint64_t n;
		pid_t pid;

		*flushed = 0;
		pid = fork();
		if (!pid)
			write_for_ever(fd, i & 1 && recording_zstd_version() ? 1 : 0, flushed);
		while (!*flushed && !waitpid(pid, &status, WNOHANG))
			;
		nanosleep(&delay, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WTERMSIG(status), SIGKILL);
		n = check_events(fd);
		assert_true(n >= *flushed);
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	/* They were not all killed at the same place */
	assert_true(most > least);
}

/* In a process of its own: limits and signals are. */
static void in_child(int (*run)(int fd), int fd)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		_exit(run(fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Writes until that error comes, which then stays. */
static int write_until(int fd, int error)
{
	struct recording_options options = { 0 };
	struct recording_writer *w;
	char events[110 * 97];
	uint32_t i;
	int err;

	err = recording_create(&w, fd, &about, &options);
	if (err)
		return err != error;
	for (i = 0; !err && i < 1000 * 97; i += 97) {
		size_t len = make_events(events, i, 97);

		err = recording_add_events(w, events, len, 0);
		if (!err)
			err = recording_flush(w);
	}
	if (err != error || recording_flush(w) != error || recording_finish(w, "full") != error)
		return 2;
	recording_free(w);
	return 0;
}

static int write_limited(int fd)
{
	struct rlimit limit = { 100003, 100003 };

	setrlimit(RLIMIT_FSIZE, &limit);
	return write_until(fd, -EFBIG);
}

static int write_full(int fd)
{
	return write_until(fd, -ENOSPC);
}

static int write_pipe(int fd)
{
	return write_until(fd, -EPIPE);
}

static void test_no_room(void **state)
{
	int fd = memory_file("", 0), pipes[2];
	struct seen seen;
	struct stat st;

	(void)state;
	in_child(write_limited, fd);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size <= 100003 && st.st_size > 90000);
	read_all(dup(fd), &seen);
	/* What was begun was taken back */
	assert_string_equal(seen.damage, "");
	assert_true(seen.events > 1000);
	assert_int_equal(check_events(fd), seen.events);
	fd = open("/dev/full", O_WRONLY);
	in_child(write_full, fd);
	close(fd);
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	in_child(write_pipe, pipes[1]);
	close(pipes[1]);
}

static void test_max_size(void **state)
{
	struct recording_options options = { .max_size = 100003 };
	struct recording_writer *w;
	struct recording_totals totals;
	int fd = memory_file("", 0), err = 0;
	char events[110 * 97];
	struct seen seen;
	struct stat st;
	uint32_t i;

	(void)state;
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	for (i = 0; !err; i += 97) {
		size_t len = make_events(events, i, 97);

		err = recording_add_events(w, events, len, 0);
		if (!err)
			err = recording_flush(w);
	}
	assert_int_equal(err, -EDQUOT);
	assert_int_equal(recording_finish(w, "max-size"), 0);
	recording_totals(w, &totals);
	recording_free(w);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, totals.bytes);
	assert_true(st.st_size <= 100003 && st.st_size > 90000);
	read_all(fd, &seen);
	assert_string_equal(seen.end, "max-size");
	assert_string_equal(seen.damage, "");
	assert_int_equal(seen.events, totals.events);
}

/* A snapshot of several blocks that does not fit leaves nothing of itself. */
static void test_max_size_snapshot(void **state)
{
	struct recording_options options = { .max_size = 3 << 20 };
	struct recording_writer *w;
	int fd = memory_file("", 0);
	struct records r = { 0 };
	struct seen seen;

	(void)state;
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	add_snapshot(w, 1, 23);
	make_snapshot(&r, 50021);
	assert_int_equal(recording_add_snapshot(w, 2, &moment, NULL, r.bytes, r.len), -EDQUOT);
	assert_int_equal(recording_finish(w, "max-size"), 0);
	recording_free(w);
	read_all(fd, &seen);
	assert_int_equal(seen.snapshots, 1);
	assert_int_equal(seen.bad_snapshots, 0);
	assert_string_equal(seen.damage, "");
	records_free(&r);
}

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void test_keep(void **state)
{
	/* Not so long that the clock, which may have begun just now, is not past it */
	uint64_t keep = SECOND, start;
	struct recording_options options = { .keep = keep };
	struct recording_totals totals;
	struct recording_block block;
	struct recording_writer *w;
	struct recording *r;
	char events[110 * 50], why[160];
	int fd = memory_file("", 0), i;
	struct dmabuf_event *e = (void *)events;
	uint64_t at = 0, lost = 0, dumped;
	size_t len = make_events(events, 0, 1), least = 0;
	bool first = true;
	struct seen seen;

	(void)state;
	start = monotonic();
	assert_int_equal(recording_create(&w, fd, &about, &options), 0);
	assert_int_equal(recording_add_name(w, RECORDING_DEVICE, 1, "vgem", NULL), 0);
	/* A block every 100 ms of the last 2 s, and before each one lost; the first has the task */
	for (i = 0; i < 20; i++) {
		uint64_t time = start - 2 * SECOND + i * SECOND / 10;

		if (i)
			memmove(events, events + (i == 1 ? 48 : 0), len -= i == 1 ? 48 : 0);
		e[0].time = time;
		if (!i)
			e[1].time = time;
		assert_int_equal(recording_add_events(w, events, len, 1), 0);
		assert_int_equal(recording_flush(w), 0);
	}
	recording_totals(w, &totals);
	assert_true(totals.held > 0);
	assert_int_equal(recording_dump(w), 0);
	/* Those that were young enough even now */
	dumped = monotonic();
	for (i = 0; i < 20; i++)
		least += start - 2 * SECOND + i * SECOND / 10 + keep >= dumped;
	recording_totals(w, &totals);
	assert_int_equal(totals.held, 0);
	/* What comes later comes behind it */
	add_snapshot(w, monotonic(), 3);
	assert_int_equal(recording_finish(w, "done"), 0);
	recording_free(w);
	assert_int_equal(recording_open_fd(&r, dup(fd), why, sizeof(why)), 0);
	while (recording_next(r, &at, &block) == 1) {
		assert_int_equal(recording_load(r, &block), 0);
		lost += block.head.lost;
		if (block.head.type != RECORDING_EVENTS)
			continue;
		if (!block.head.count) {
			/* Who the events' tasks are, whose record was dropped; with each dump */
			assert_int_equal(((struct dmabuf_event_task *)block.data)->tid, 4711);
			first = false;
			continue;
		}
		assert_false(first);
		assert_true(block.head.first >= start - keep - SECOND / 5);
	}
	recording_close(r);
	assert_int_equal(lost, 20);
	read_all(fd, &seen);
	assert_in_range(seen.events, least, 11);
	assert_int_equal(seen.names, 1);
	assert_int_equal(seen.snapshots, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_round_trip_zstd),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_max_size),
		cmocka_unit_test(test_max_size_snapshot),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
