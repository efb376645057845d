// SPDX-License-Identifier: GPL-2.0
/* bufinfo's text, as kernels print it, as hostile names make it, and cut short. */
#include "fixture.h"
#include "source/bufinfo.h"

#define HEAD "\nDma-buf Objects:\n" \
	     "size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"
#define ROW(size, count, exporter, ino) \
	size "\t00000002\t00080007\t" count "\t" exporter "\t" ino "\t"
#define NO_DEVICES "\tAttached Devices:\nTotal 0 devices attached\n\n"
#define ONE_DEVICE "\tAttached Devices:\n\tvgem\nTotal 1 devices attached\n\n"
#define TAIL "\nTotal 2 objects, 8192 bytes\n"

static struct records r;
static struct model m;

static int teardown(void **state)
{
	(void)state;
	model_free(&m);
	records_free(&r);
	return 0;
}

/* Parses a copy on the heap, so that ASan sees a read beyond its end. */
static int parse(const char *text)
{
	char *copy = strdup(text);
	int err;

	r.len = 0;
	err = bufinfo_parse(copy, &r);
	free(copy);
	m.sees = MODEL_SEES_KERNEL_ONLY;
	m.source = "test";
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	assert_int_equal(model_account(&m, NULL), 0);
	return err;
}

static void expect(uint64_t ino, uint64_t size, uint64_t count, const char *exporter,
		   const char *name, const char *device)
{
	const struct model_buffer *b = buffer_of(&m, ino);

	assert_int_equal(b->size, size);
	assert_int_equal(b->count, count);
	assert_string_equal(b->exporter, exporter);
	if (name)
		assert_string_equal(b->name, name);
	else
		assert_null(b->name);
	assert_true(b->valid & SNAP_HAS_ATTACHMENTS);
	assert_int_equal(b->attachments, !!device);
	if (device)
		assert_string_equal(m.devices[m.attachments[b->first_attachment].device].device,
				    device);
	/* bufinfo does not say which driver, nor when and by whom it was made. */
	assert_int_equal(b->valid & ~(SNAP_HAS_NAME | SNAP_HAS_ATTACHMENTS),
			 SNAP_HAS_SIZE | SNAP_HAS_COUNT | SNAP_HAS_EXPORTER);
}

/* As 6.1, 6.12 and 7.3 print them; between name and devices they print fences. */
static void kernels(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD
		ROW("00065536", "00000004", "virtio_gpu", "00000031") "<none>\n" ONE_DEVICE
		ROW("00065536", "00000001", "drm", "00000028") "\n" NO_DEVICES
		ROW("00065536", "00000001", "drm", "00000027") "null\n" NO_DEVICES
		ROW("4294967296", "123456789", "videobuf2_vmalloc", "4294967297") "capture 0\n"
		"\twrite fence:vgem 0000:00:02.0 seq 1 \n"
		"\tread fence:drm_sched ring0 seq 42 signalled\n" ONE_DEVICE
		"\nTotal 4 objects, 4295163904 bytes\n"), 0);
	assert_int_equal(m.n_buffers, 4);
	expect(31, 65536, 4, "virtio_gpu", NULL, "vgem");
	expect(28, 65536, 1, "drm", "", NULL);
	expect(27, 65536, 1, "drm", "null", NULL);
	expect(4294967297, 4294967296, 123456789, "videobuf2_vmalloc", "capture 0", "vgem");
	assert_null(m.devices[0].driver);
}

static void several_devices(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD
		ROW("00004096", "00000009", "system", "00000001") "x\n"
		"\tAttached Devices:\n\t0000:03:00.0\n\t0000:03:00.0\n\tfe400000.vpu\n"
		"Total 3 devices attached\n\n" TAIL), 0);
	assert_int_equal(buffer_of(&m, 1)->attachments, 3);
	assert_int_equal(m.n_devices, 2);
	assert_int_equal(device_of(&m, "0000:03:00.0")->attachments, 2);
}

static void empty(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD "\nTotal 0 objects, 0 bytes\n"), 0);
	assert_int_equal(m.n_buffers, 0);
	assert_int_equal(parse("\nDma-buf Objects:\n"), 0);
	assert_int_equal(m.n_buffers, 0);
}

static void unknown_form(void **state)
{
	(void)state;
	assert_int_equal(parse(""), -EBADMSG);
	assert_int_equal(parse("\n"), -EBADMSG);
	assert_int_equal(parse("Something else\n"), -EBADMSG);
	assert_int_equal(m.n_buffers, 0);
}

/* Up to 31 bytes of anything, printed raw: never a row, a device or a total of their own. */
static void hostile_names(void **state)
{
	static const struct { const char *name, *seen; } names[] = {
		{ "\x1b[31mred\x1b[0m", NULL }, { "line\nfeed", NULL }, { "\n", NULL },
		{ "\n\n", NULL }, { "ends with\n", NULL }, { "\ttab", NULL }, { "tab\t", NULL },
		{ "\xff\xfe invalid", NULL }, { "ends in half a char \xe4\xb8", NULL },
		{ "0123456789012345678901234567890", NULL }, { "<none>x", NULL },
		{ "\tAttached Devices:\n", NULL }, { "x\tAttached Devices:\n", NULL },
		{ "Total 9 devices attached\n", NULL }, { "Dma-buf Objects:\n", NULL },
		{ "\nTotal 1 objects, 1 bytes\n", NULL },
		/* The longest start of a row, at the name's start and after a newline */
		{ "00065536\t00000002\t00080007\t0000", NULL },
		{ "00065536\t00000002\t00080007\t0\t\t", NULL },
		{ "\n00065536\t00000002\t00080007\t000", NULL },
		{ "\n00000001\t00000001\t00000001\t1\ta", NULL },
		{ "\n00000001\t00000001\t00000001\n1\ta", NULL },
		/* After a newline and a tab nothing tells the name from the kernel's lines. */
		{ "\n\tAttached Devices:\n\tfake\nTota", "" },
		{ "x\n\tAttached Devices:\n\tfake", "x" },
		{ "x\n\tread fence:a b seq 1", "x" }, { "a\n\tb\n\tc", "a" }, { "\n\t", "" },
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *seen = names[i].seen ? names[i].seen : names[i].name;

		assert_true(strlen(names[i].name) < SNAP_NAME_LEN);
		snprintf(text, sizeof(text), HEAD
			 ROW("00004096", "00000001", "drm", "00000002") "first\n" NO_DEVICES
			 ROW("00065536", "00000003", "system", "00000005") "%s\n" ONE_DEVICE
			 ROW("00008192", "00000002", "udmabuf", "00000007") "%s\n" NO_DEVICES TAIL,
			 names[i].name, names[i].name);
		assert_int_equal(parse(text), 0);
		assert_int_equal(m.n_buffers, 3);
		assert_int_equal(m.n_devices, 1);
		expect(2, 4096, 1, "drm", "first", NULL);
		expect(5, 65536, 3, "system", seen, "vgem");
		expect(7, 8192, 2, "udmabuf", seen, NULL);
	}
}

/* Cut anywhere, as a reader that is interrupted may leave it: what is whole is right. */
static void truncated(void **state)
{
	static const char text[] = HEAD
		ROW("00004096", "00000001", "drm", "00000002") "first\n" NO_DEVICES
		ROW("00065536", "00000003", "system", "00000005") "second\n" ONE_DEVICE TAIL;
	const char *first_end = strstr(text, NO_DEVICES) + sizeof(NO_DEVICES) - 1;
	char cut[sizeof(text)];
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text); len++) {
		memcpy(cut, text, len);
		cut[len] = '\0';
		assert_int_equal(parse(cut), strstr(cut, "Dma-buf Objects:") ? 0 : -EBADMSG);
		assert_true(m.n_buffers <= 2);
		if (text + len >= first_end)
			expect(2, 4096, 1, "drm", "first", NULL);
		if (m.n_buffers == 2) {
			const struct model_buffer *b = buffer_of(&m, 5);

			assert_int_equal(b->size, 65536);
			if (b->valid & SNAP_HAS_ATTACHMENTS)
				assert_int_equal(b->attachments, 1);
		}
	}
	expect(5, 65536, 3, "system", "second", "vgem");
}

/* Lines that are almost rows. */
static void no_rows(void **state)
{
	static const char *const lines[] = {
		"0004096\t00000002\t00080007\t00000001\tdrm\t00000005\tx\n",
		"00004096 00000002 00080007 00000001 drm 00000005 x\n",
		"00004096\t00000002\t00080007\t-0000001\tdrm\t00000005\tx\n",
		"0000409g\t00000002\t00080007\t00000001\tdrm\t00000005\tx\n",
		"00004096\t0000000g\t00080007\t00000001\tdrm\t00000005\tx\n",
		"00004096\t00000002\t00080007\t00000001\t\t00000005\tx\n",
		"00004096\t00000002\t00080007\t00000001\tdrm\tx\n",
		"00004096\t00000002\t00080007\t00000001\tdrm\t0000005\tx\n",
		" 00004096\t00000002\t00080007\t00000001\tdrm\t00000005\tx\n",
		"aaaaaaaa\t00000002\t00080007\t00000001\tdrm\t00000005\tx\n",
		"00004096\t00000002\t00080007\t00000001\tdrm\t00000005",
		"\n", "\t\n", "Total 5 devices attached\n",
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), HEAD "%s", lines[i]);
		assert_int_equal(parse(text), 0);
		if (m.n_buffers)
			fail_msg("a row: %s", lines[i]);
	}
	/* Longer than our fields */
	assert_int_equal(parse(HEAD ROW("99999999999999999999", "00000001",
		"an_exporter_of_more_than_thirty_one_characters", "00000005") "x\n" NO_DEVICES), 0);
	assert_string_equal(buffer_of(&m, 5)->exporter, "an_exporter_of_more_than_thirty");
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernels),
		TEST(several_devices),
		TEST(empty),
		TEST(unknown_form),
		TEST(hostile_names),
		TEST(truncated),
		TEST(no_rows),
	};

	return cmocka_run_group_tests_name("bufinfo", tests, NULL, NULL);
}
