// SPDX-License-Identifier: GPL-2.0
/* Recordings that were cut, damaged, or made to do harm: all that is good of them is read. */
#include "recording.h"

#include "clock.h"
#include "recording/replay.h"

static void test_cut(void **state)
{
	struct layout l;
	struct seen seen;
	char *bytes;
	size_t size = small_bytes(&bytes, &l), n;

	(void)state;
	for (n = 0; n < size; n++) {
		uint32_t whole = 0, snapshots = 0;
		int i;

		read_bytes(bytes, n, &seen);
		if (n < l.begin[0]) {
			assert_int_not_equal(seen.error, 0);
			continue;
		}
		for (i = 0; i < l.n && l.end[i] <= n; i++) {
			whole++;
			snapshots += l.type[i] == RECORDING_SNAPSHOT;
		}
		assert_int_equal(seen.error, 0);
		assert_int_equal(seen.blocks, whole);
		assert_int_equal(seen.snapshots, snapshots);
		/* Padding may be missing, and the end of a block that is not there is no block */
		assert_int_equal(!*seen.damage, n <= l.end[whole ? whole - 1 : 0] +
				 RECORDING_PAD(l.end[whole ? whole - 1 : 0]) &&
				 (whole || n == l.begin[0]));
	}
	free(bytes);
}

static void test_flipped_bits(void **state)
{
	struct layout l;
	struct seen good, seen;
	char *bytes;
	size_t size = small_bytes(&bytes, &l), n;
	int bit, i;

	(void)state;
	read_bytes(bytes, size, &good);
	for (n = 0; n < size; n++) {
		for (bit = 0; bit < 8; bit++) {
			bytes[n] ^= 1 << bit;
			read_bytes(bytes, size, &seen);
			bytes[n] ^= 1 << bit;
			for (i = 0; i < l.n && n >= l.end[i] + RECORDING_PAD(l.end[i]); i++)
				;
			if (n < l.begin[0]) {
				assert_int_not_equal(seen.error, 0);
			} else if (n >= l.end[i]) {
				/* Padding */
				assert_int_equal(seen.blocks, good.blocks);
			} else if (n < l.begin[i] + sizeof(struct recording_block_head)) {
				assert_int_equal(seen.blocks, i);
				assert_non_null(strstr(seen.damage, "the part before is read"));
			} else {
				/* Only that one is missing */
				assert_int_equal(seen.blocks, good.blocks);
				assert_true(l.type[i] > RECORDING_INFO ||
					    strstr(seen.damage, "damaged blocks"));
				assert_int_equal(seen.snapshots, good.snapshots -
						 (l.type[i] == RECORDING_SNAPSHOT));
			}
		}
	}
	free(bytes);
}

static const uint64_t extremes[] = {
	0, 1, 7, 8, 48, 55, 56, 57, 0x7f, 0xff, 0x7fff, 0xfff8, 0xffff, RECORDING_BLOCK_MAX,
	RECORDING_BLOCK_MAX + 8, 0x7fffffff, 0xfffffff8, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN,
	UINT64_MAX - 7, UINT64_MAX,
};

/* Checksums are right, so that it is the fields that are looked at. */
static void test_header_extremes(void **state)
{
	struct recording_head *head;
	struct layout l;
	struct seen seen;
	char *bytes, *kept;
	size_t size = small_bytes(&bytes, &l), at, i;

	(void)state;
	kept = malloc(size);
	memcpy(kept, bytes, size);
	head = (void *)bytes;
	for (at = 0; at < sizeof(*head); at += 4) {
		for (i = 0; i < ARRAY_SIZE(extremes); i++) {
			memcpy(bytes, kept, size);
			memcpy(bytes + at, &extremes[i], at < 24 || at > 52 ? 4 : 8);
			if (head->len >= sizeof(*head) && head->len <= size)
				head->crc = recording_head_crc(head, bytes + sizeof(*head));
			read_bytes(bytes, size, &seen);
			if (at < 12 && memcmp(bytes, kept, 12))
				assert_int_not_equal(seen.error, 0);
			else if (!seen.error && head->len == l.begin[0])
				assert_int_equal(seen.blocks, l.n);
		}
	}
	free(kept);
	free(bytes);
}

static void test_block_extremes(void **state)
{
	struct layout l;
	struct seen seen;
	char *bytes, *kept;
	size_t size = small_bytes(&bytes, &l), at, i;
	int b;

	(void)state;
	kept = malloc(size);
	memcpy(kept, bytes, size);
	for (b = 0; b < l.n; b++) {
		struct recording_block_head *head = (void *)(bytes + l.begin[b]);

		for (at = 0; at < sizeof(*head) - 4; at += at >= 4 && at < 8 ? 2 : 4) {
			for (i = 0; i < ARRAY_SIZE(extremes); i++) {
				memcpy(bytes, kept, size);
				memcpy((char *)head + at, &extremes[i],
				       at >= 4 && at < 8 ? 2 : 4);
				head->head_crc = recording_block_crc(head);
				read_bytes(bytes, size, &seen);
				assert_int_equal(seen.error, 0);
				assert_true(seen.blocks >= (uint32_t)b);
			}
		}
		/* And all that the content may begin with */
		for (at = 0; at + 8 <= l.end[b] - l.begin[b] - sizeof(*head); at += 2) {
			for (i = 0; i < ARRAY_SIZE(extremes); i++) {
				memcpy(bytes, kept, size);
				memcpy((char *)(head + 1) + at, &extremes[i], i & 1 ? 2 : 4);
				head->crc = recording_crc(0, head + 1, head->len);
				head->head_crc = recording_block_crc(head);
				read_bytes(bytes, size, &seen);
				assert_int_equal(seen.blocks, l.n);
			}
		}
	}
	free(kept);
	free(bytes);
}

static void refused(int fd, int error, const char *why)
{
	struct seen seen;

	read_all(fd, &seen);
	assert_int_equal(seen.error, error);
	if (!strstr(seen.why, why))
		fail_msg("\"%s\" says nothing of \"%s\"", seen.why, why);
}

static void test_refused(void **state)
{
	struct recording_head *head;
	struct recording *r;
	struct layout l;
	char *bytes, why[160], pipe_path[64];
	char directory[] = "/tmp/dmabuf-recording-XXXXXX";
	size_t size = small_bytes(&bytes, &l);

	(void)state;
	refused(open("/", O_RDONLY), -EISDIR, "directory");
	refused(open("/dev/zero", O_RDONLY), -EINVAL, "not a regular file");
	refused(memory_file("", 0), -ENODATA, "empty");
	refused(memory_file("#!/bin/sh", 9), -EBADMSG, "not a recording");
	refused(memory_file(bytes, 3), -ENODATA, "truncated in the header");
	assert_int_equal(recording_open(&r, "/no/such/file", why, sizeof(why)), -ENOENT);
	/* Nobody writes into it: it must not be waited for */
	assert_non_null(mkdtemp(directory));
	snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", directory);
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_int_equal(recording_open(&r, pipe_path, why, sizeof(why)), -EINVAL);
	unlink(pipe_path);
	rmdir(directory);
	head = (void *)bytes;
	head->version++;
	refused(memory_file(bytes, size), -ENOTSUP, "format 2");
	head->endian = __builtin_bswap32(head->endian);
	refused(memory_file(bytes, size), -ENOTSUP, "byte order");
	free(bytes);
}

/* Small files that unpack to much; the index names one block often. */
static void test_bombs(void **state)
{
	struct recording_entry entries[1000] = { 0 };
	struct layout l;
	struct seen seen;
	char *bytes, *zeros = calloc(1, RECORDING_BLOCK_MAX), *large;
	size_t size = small_bytes(&bytes, &l), len, one;
	struct recording_block_head head;
	struct recording_writer *w;
	struct recording_end end;
	int i, fd = memory_file("", 0);

	(void)state;
	/* One packed block of zeros, as a writer makes it */
	if (recording_zstd_version()) {
		assert_int_equal(recording_create(&w, fd, &about,
						  &(struct recording_options){ .compress = 3 }), 0);
		assert_int_equal(recording_add_snapshot(w, 1, &moment, NULL, zeros, 0), 0);
		assert_int_equal(recording_add_events(w, zeros, 5461 * 48, 0), 0);
		assert_int_equal(recording_flush(w), 0);
		recording_free(w);
		free(bytes);
		size = file_bytes(fd, &bytes);
		lay_out(bytes, size, &l);
		one = size - l.begin[1];
		large = malloc(l.begin[1] + 1000 * one);
		memcpy(large, bytes, l.begin[1]);
		memcpy(&head, bytes + l.begin[1], sizeof(head));
		head.type = RECORDING_SNAPSHOT;
		for (i = 0, len = l.begin[1]; i < 1000; i++, len += one) {
			head.flags = RECORDING_ZSTD | (i < 999 ? RECORDING_MORE : 0);
			head.head_crc = recording_block_crc(&head);
			memcpy(large + len, bytes + l.begin[1], one);
			memcpy(large + len, &head, sizeof(head));
		}
		read_bytes(large, len, &seen);
		assert_int_equal(seen.blocks, 1001);
		assert_int_equal(seen.snapshots, 1);
		assert_int_equal(seen.bad_snapshots, 1);
		free(large);
	}
	close(fd);
	free(bytes);
	size = small_bytes(&bytes, &l);
	large = malloc(size + sizeof(entries) + 1000);
	memcpy(large, bytes, size);
	for (i = 0; i < 1000; i++)
		entries[i] = (struct recording_entry){
			.offset = l.begin[0], .type = RECORDING_NAMES,
		};
	memset(&head, 0, sizeof(head));
	head.magic = RECORDING_BLOCK_MAGIC;
	head.type = RECORDING_INDEX;
	head.len = head.raw_len = sizeof(entries);
	head.crc = recording_crc(0, entries, sizeof(entries));
	head.head_crc = recording_block_crc(&head);
	memcpy(large + size, &head, sizeof(head));
	memcpy(large + size + sizeof(head), entries, sizeof(entries));
	end.index = size;
	len = size + sizeof(head) + sizeof(entries);
	head.type = RECORDING_END;
	head.len = head.raw_len = sizeof(end);
	head.crc = recording_crc(0, &end, sizeof(end));
	head.head_crc = recording_block_crc(&head);
	memcpy(large + len, &head, sizeof(head));
	memcpy(large + len + sizeof(head), &end, sizeof(end));
	read_bytes(large, len + sizeof(head) + sizeof(end), &seen);
	assert_true(seen.names <= 6);
	assert_int_equal(seen.snapshots, 2);
	free(large);
	free(bytes);
	free(zeros);
}

static int probe(const void *bytes, size_t len)
{
	struct recording *r;
	char why[160];
	int err;

	assert_int_equal(recording_open_fd(&r, memory_file(bytes, len), why, sizeof(why)), 0);
	assert_int_equal(recording_survey(r, NULL, NULL), 0);
	err = recording_probe(r);
	/* What can be read is read later: it is not counted twice */
	assert_true(err || !recording_damage(r));
	recording_close(r);
	return err;
}

/* Whether anything of it can be read at all. */
static void test_probe(void **state)
{
	struct layout l;
	char *bytes;
	size_t size = small_bytes(&bytes, &l);
	int i;

	(void)state;
	assert_int_equal(probe(bytes, size), 0);
	assert_int_equal(probe(bytes, l.begin[0]), 0);
	assert_int_equal(probe(bytes, l.begin[0] + 1), -EBADMSG);
	for (i = 0; i < l.n; i++)
		if (l.type[i] == RECORDING_SNAPSHOT)
			bytes[l.begin[i] + sizeof(struct recording_block_head)] ^= 1;
	assert_int_equal(probe(bytes, size), 0);
	for (i = 0; i < l.n; i++)
		if (l.type[i] == RECORDING_EVENTS)
			bytes[l.begin[i] + sizeof(struct recording_block_head)] ^= 1;
	assert_int_equal(probe(bytes, size), -EBADMSG);
	free(bytes);
}

/* What packs too well for the reader's bound is not packed, wherever the file ends. */
static void test_packed(void **state)
{
	struct recording_options options = { .compress = 3 };
	static const struct snap_buffer buffer = { .head = { SNAP_BUFFER, sizeof(buffer), 0 } };
	struct recording_writer *w;
	struct records r = { 0 };
	struct seen seen;
	char *bytes;
	size_t size, n;
	int fd, i;

	(void)state;
	if (!recording_zstd_version())
		return;
	for (n = 0; n < 8 * (size_t)RECORDING_BLOCK_MAX / sizeof(buffer); n++)
		records_add(&r, &buffer, sizeof(buffer));
	for (i = 0; i < 2; i++) {
		fd = memory_file("", 0);
		options.keep = i ? 3600 * SECOND : 0;
		assert_int_equal(recording_create(&w, fd, &about, &options), 0);
		for (n = 0; n < 3; n++)
			assert_int_equal(recording_add_snapshot(w, now_ns(), &moment, NULL, r.bytes,
								r.len), 0);
		if (i)
			assert_int_equal(recording_dump(w), 0);
		recording_free(w);
		size = file_bytes(fd, &bytes);
		close(fd);
		read_bytes(bytes, size, &seen);
		assert_int_equal(seen.snapshots, 3);
		assert_int_equal(seen.bad_snapshots, 0);
		/* And it is packed all the same */
		assert_true(size < 3 * r.len / 7);
		free(bytes);
	}
	records_free(&r);
}

/* As many that live, in as few bytes as the writer makes of them. */
static void test_live(void **state)
{
	struct recording_options options = { 0 };
	struct recording_writer *w;
	struct replay *replay;
	struct recording *r;
	char why[160];
	int fd, i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		fd = memory_file("", 0);
		options.compress = i && recording_zstd_version() ? 3 : 0;
		assert_int_equal(recording_create(&w, fd, &about, &options), 0);
		for (j = 1; j <= 200000; j++) {
			struct dmabuf_event e = {
				.time = j * 1000, .ino = j, .type = EVENT_EXPORT, .value = 4096,
			};

			assert_int_equal(recording_add_events(w, &e, sizeof(e), 0), 0);
		}
		assert_int_equal(recording_finish(w, "done"), 0);
		recording_free(w);
		assert_int_equal(recording_open_fd(&r, fd, why, sizeof(why)), 0);
		replay = replay_new(r, NULL);
		assert_int_equal(replay_run(replay, &(struct replay_taker){ 0 }, UINT32_MAX), 0);
		replay_free(replay);
		recording_close(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_header_extremes),
		cmocka_unit_test(test_block_extremes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
