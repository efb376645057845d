// SPDX-License-Identifier: GPL-2.0
/*
 * What source/proc.c makes of fdinfo's and maps' text: included whole, so that its functions can
 * be called and its /proc be a directory of ours. Real files of /proc are the lab's affair.
 */
#define source_proc source_proc_under_test
#include "source/proc.c"

#include "fixture.h"

static struct records r;
static struct model m;
static struct proc_source own;
static char root[] = "/tmp/dmabuf-unit-XXXXXX";

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(root, '-'), "-XXXXXX");
	own.records = &r;
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	if (own.proc)
		closedir(own.proc);
	index_free(&own.seen);
	free(own.text);
	memset(&own, 0, sizeof(own));
	model_free(&m);
	records_free(&r);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* One buffer from an fdinfo of these lines after the file's own */
static const struct model_buffer *fdinfo(const char *lines)
{
	struct stat st = { .st_ino = 7, .st_ctime = 1700000000 };
	char text[512];
	int len = snprintf(text, sizeof(text),
			   "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t7\n%s", lines);

	r.len = 0;
	assert_int_equal(add_buffer(&own, &st, text, len), 0);
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	assert_int_equal(m.n_buffers, 1);
	assert_int_equal(m.buffers[0].created, 1700000000);
	return &m.buffers[0];
}

static void fdinfos(void **state)
{
	static const char *const names[] = {
		"", "capture 0", "line\nfeed", "\n", "ends with\n", "\nsize:\t1\ncount:\t2", "size:\t1",
		"\nexp_name:\tx\nname:\ty", "\xff\xfe\x1b[31m", "0123456789012345678901234567890",
	};
	const struct model_buffer *b;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text),
			 "size:\t65536\ncount:\t3\nexp_name:\tsystem\nname:\t%s\n", names[i]);
		b = fdinfo(text);
		assert_string_equal(b->name, names[i]);
		assert_string_equal(b->exporter, "system");
		assert_int_equal(b->size, 65536);
		assert_int_equal(b->count, 3);
	}
	b = fdinfo("size:\t18446744073709551615\ncount:\t1\nexp_name:\tdrm\n");
	assert_null(b->name);
	assert_string_equal(b->exporter, "drm");
	assert_true(b->size == UINT64_MAX);
	assert_int_equal(b->valid, SNAP_HAS_SIZE | SNAP_HAS_COUNT | SNAP_HAS_EXPORTER |
			 SNAP_HAS_CREATED);
	b = fdinfo("");
	assert_int_equal(b->valid, SNAP_HAS_CREATED);
	b = fdinfo("exp_name:\tan_exporter_of_more_than_thirty_one_characters");
	assert_string_equal(b->exporter, "an_exporter_of_more_than_thirty");
	b = fdinfo("exp_name:\tdrm\nname:\t0123456789012345678901234567890123456789\n");
	assert_string_equal(b->name, "0123456789012345678901234567890");
}

static void put(uint32_t pid, const char *name, const char *text)
{
	char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%u", root, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/%s", root, pid, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* A model of all that stands below root */
static void snapshot(void)
{
	struct source s = { .own = &own };

	own.proc = opendir(root);
	assert_int_equal(proc_snapshot(&s, &r), 0);
	load(&m, &r, NULL);
	assert_int_equal(s.sees, MODEL_SEES_HOLDERS);
	assert_non_null(s.lacks);
}

static void maps(void **state)
{
	(void)state;
	put(812, "comm", "wes\nton\xff)\n");
	put(812, "maps",
	    "55d0c0000000-55d0c0001000 r-xp 00000000 fe:01 1234                       /usr/bin/weston\n"
	    "7f0000000000-7f0000010000 rw-s 00000000 00:0c 31                         /dmabuf:\n"
	    "7f0000010000-7f0000020000 r--s 00000000 00:0c 31                         /dmabuf:cap 0\n"
	    "7f0000020000-7f0000030000 ---s 00010000 00:0c 32                         /dmabuf:a\\012b (deleted)\n"
	    /* A file on a disk, a path that only holds it, and lines that are none */
	    "7f0000030000-7f0000040000 rw-s 00000000 fe:01 33                         /dmabuf:fake\n"
	    "7f0000040000-7f0000050000 rw-s 00000000 00:0c 34                         /tmp/dmabuf:fake\n"
	    "7f0000050000-7f0000060000 rw-s 00000000 00:0c 35                         /x/dmabuf:\n"
	    "7f0000060000-7f0000070000 rw-p 00000000 00:00 0 \n"
	    "/dmabuf:\n\n"
	    "7f0000070000-7f0000080000 rw-s 00000000 00:0c /dmabuf:\n"
	    "7f0000080000-7f0000090000 rw-s 00000000 00:0c 36                         /dmabuf:cut");
	put(640, "comm", "");
	put(640, "maps",
	    "10000-20000 rw-s 00000000 00:0c 4294967297 /dmabuf:\n"
	    "7f0000000000-7f0000010000 rw-s 00000000 00:0c 31                         /dmabuf:\n");
	put(641, "comm", "no maps\n");
	snapshot();
	assert_int_equal(m.n_buffers, 3);
	assert_int_equal(m.n_processes, 2);
	assert_string_equal(process_of(&m, 812)->comm, "wes\nton\xff)");
	assert_string_equal(process_of(&m, 640)->comm, "");
	assert_int_equal(holder_of(&m, 812, 31)->maps, 2);
	assert_int_equal(holder_of(&m, 640, 31)->maps, 1);
	assert_int_equal(buffer_of(&m, 31)->maps, 3);
	assert_int_equal(buffer_of(&m, 32)->maps, 1);
	assert_int_equal(buffer_of(&m, 4294967297)->maps, 1);
	/* Only the inode is known. */
	assert_int_equal(buffer_of(&m, 31)->valid, 0);
	assert_int_equal(m.slots[holder_of(&m, 812, 31)->first_slot].flags,
			 SNAP_SLOT_READ | SNAP_SLOT_WRITE);
	assert_int_equal(m.slots[holder_of(&m, 812, 31)->first_slot + 1].flags, SNAP_SLOT_READ);
	assert_int_equal(m.slots[holder_of(&m, 812, 32)->first_slot].flags, 0);
}

/* With a buffer's own file system known, no other passes for it. */
static void other_file_system(void **state)
{
	(void)state;
	own.dev = makedev(0, 12);
	put(812, "maps",
	    "10000-20000 rw-s 00000000 00:0c 31 /dmabuf:\n"
	    "20000-30000 rw-s 00000000 00:0d 32 /dmabuf:\n");
	snapshot();
	assert_int_equal(m.n_buffers, 1);
	assert_int_equal(buffer_of(&m, 31)->maps, 1);
}

/* The line of cgroup v2, not a v1 path that holds one */
static void cgroup(void **state)
{
	static const char *const texts[] = {
		"0::/\n", "12:cpu:/x0::/no\n1:name=systemd:/0::/no\n0::/\n",
	};
	struct stat st;
	size_t i;

	(void)state;
	if (stat("/sys/fs/cgroup/", &st))
		skip();
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		put(812, "maps", "10000-20000 rw-s 00000000 00:0c 31 /dmabuf:\n");
		put(812, "cgroup", texts[i]);
		snapshot();
		assert_true(process_of(&m, 812)->cgroup_id == st.st_ino);
		closedir(own.proc);
		own.proc = NULL;
	}
	put(812, "cgroup", "12:cpu:/0::/\n");
	snapshot();
	assert_int_equal(process_of(&m, 812)->cgroup_id, 0);
}

/* Neither processes without files nor links that lead nowhere, as when one ends meanwhile */
static void vanished(void **state)
{
	char path[64];

	(void)state;
	put(812, "comm", "gone\n");
	snprintf(path, sizeof(path), "%s/812/fd", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/812/fd/3", root);
	assert_int_equal(symlink("/dmabuf:gone", path), 0);
	snprintf(path, sizeof(path), "%s/812/fd/4", root);
	assert_int_equal(symlink("/dmabuf", path), 0);
	snprintf(path, sizeof(path), "%s/self", root);
	mkdir(path, 0755);
	snapshot();
	assert_int_equal(m.n_buffers + m.n_processes, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fdinfos),
		TEST(maps),
		TEST(other_file_system),
		TEST(cgroup),
		TEST(vanished),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
