// SPDX-License-Identifier: GPL-2.0
/* Paths that somebody else chose: whatever stands there, only the right regular file is opened. */
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "events_shared.h"
#include "events.skel.h"
#include "model/stack.h"
#include "symbols/elf_file.h"
#include "events/own.h"
#include "regular.h"
#include "fixture.h"
#include "top/setup.h"
#include "top/ui.h"

#define GONE 0x7ffffffe			/* no process has this number */

static char folder[] = "/tmp/dmabuf-regular.XXXXXX";
static char path[64];			/* where something stands */
static int opened = -1;			/* inotify: who opens what there; O_PATH opens nothing */

static const char *in_folder(const char *name)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s/%s", folder, name);
	return full;
}

static int set_up(void **state)
{
	(void)state;
	opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (!mkdtemp(folder) || opened < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/it", folder);
	return inotify_add_watch(opened, folder, IN_OPEN) < 0 ||
	       inotify_add_watch(opened, "/dev/full", IN_OPEN) < 0;
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(name);
}

static int tear_down(void **state)
{
	(void)state;
	close(opened);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Whether anything there was opened since it was last asked. */
static bool was_opened(void)
{
	char events[4096];
	bool any = false;

	while (read(opened, events, sizeof(events)) > 0)
		any = true;
	return any;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(out);
	was_opened();
}

static void make_fifo(void)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_device(void)
{
	/* Where that may not be, a link to one */
	if (mknod(path, S_IFCHR | 0600, makedev(1, 7)))
		assert_int_equal(symlink("/dev/full", path), 0);
}

static void make_device_link(void)
{
	assert_int_equal(symlink("/dev/full", path), 0);
}

static void make_link(void)
{
	write_file(in_folder("target"), "target", 6);
	assert_int_equal(symlink("target", path), 0);
}

static void make_directory(void)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_socket(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(name.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

static void make_empty(void)
{
	write_file(path, "", 0);
}

static void make_nothing(void)
{
}

static void (*const others[])(void) = {
	make_fifo, make_device, make_device_link, make_link, make_directory, make_socket,
	make_empty, make_nothing,
};

static void others_are_not_opened(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i]();
		assert_true(regular_open(path, false, NULL) < 0);
		assert_true(others[i] == make_link || regular_open(path, true, NULL) < 0);
		assert_true(others[i] == make_link || !was_opened());
		remove(path);
	}
}

static bool is_renumbered(void)
{
	struct statfs fs;

	return !statfs(folder, &fs) &&
	       (fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC);
}

static struct regular_identity identity_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return (struct regular_identity){ st.st_size, st.st_mtime, st.st_ino, st.st_dev };
}

static void only_the_right_one(void **state)
{
	struct regular_identity same, other;
	char text[8] = "";
	size_t i;
	int fd;

	(void)state;
	write_file(path, "it", 2);
	same = identity_of(path);
	/* Size, time, and, where a path has the numbers that the file has, those */
	for (i = 0; i < (is_renumbered() ? 2 : 4); i++) {
		other = same;
		((uint64_t *)&other)[i]++;
		assert_int_equal(regular_open(path, false, &other), -ESTALE);
		assert_false(was_opened());
	}
	fd = regular_open(path, false, &same);
	assert_true(fd >= 0 && was_opened());
	assert_int_equal(read(fd, text, sizeof(text)), 2);
	assert_string_equal(text, "it");
	close(fd);
	same.ino = 0;
	same.dev++;
	fd = regular_open(path, false, &same);
	assert_true(fd >= 0);
	close(fd);
	remove(path);
}

/* A link of that file's, which no path that the kernel tells ends with. */
static void link_is_followed_if_asked(void **state)
{
	int fd;

	(void)state;
	make_link();
	assert_int_equal(regular_open(path, false, NULL), -ESTALE);
	assert_false(was_opened());
	fd = regular_open(path, true, NULL);
	assert_true(fd >= 0 && was_opened());
	close(fd);
	remove(path);
}

/* As the kernel tells of a file: its path's names, the last one first. */
static struct ring_file record_of(const char *told)
{
	struct ring_file r = { .pid = GONE, .number = 1, .type = RING_FILE, .start = 1, .end = 2 };
	char *names = strdup(told), *name;

	while ((name = strrchr(names, '/'))) {
		snprintf(r.names[r.n_names++], STACK_NAME, "%s", name + 1);
		*name = '\0';
	}
	free(names);
	return r;
}

/* Who is gone told of a file; what stands there now, and at the ends of its path, is another. */
static void mapped_files(void **state)
{
	struct events_bpf__rodata rodata = { 0 };
	struct events_bpf skel = { .rodata = &rodata };
	struct regular_identity identity;
	struct events e = { .skel = &skel };
	const char *known, *build_id;
	struct ring_file r;
	struct stat st;
	size_t i;

	(void)state;
	assert_int_equal(events_open_stacks(&e), 0);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i]();
		r = record_of(path);
		r.number += i;
		if (!lstat(path, &st)) {
			r.size = st.st_size;
			r.mtime = st.st_mtime;
		}
		assert_int_equal(events_take_stack(&e, &r, sizeof(r)), 1);
		remove(path);
	}
	r = record_of("/some/where/dev/full");
	r.number = 100;
	assert_int_equal(events_take_stack(&e, &r, sizeof(r)), 1);
	assert_false(was_opened());
	assert_true(events_file(&e, 100, &known, &build_id));
	assert_string_equal(known, "/some/where/dev/full");
	write_file(path, "\177ELF", 4);
	identity = identity_of(path);
	/* Another first, then that one */
	for (i = 0; i < 2; i++) {
		r = record_of(path);
		r.number = 200 + i;
		r.size = identity.size;
		r.mtime = identity.mtime;
		r.ino = identity.ino + !i;
		r.dev = major(identity.dev) << 20 | minor(identity.dev);
		assert_int_equal(events_take_stack(&e, &r, sizeof(r)), 1);
		assert_int_equal(was_opened(), i || is_renumbered());
	}
	remove(path);
	events_free_stacks(&e);
}

static void recorded_files(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i]();
		assert_null(elf_file_find(path, "0123456789abcdef"));
		assert_false(was_opened());
		remove(path);
	}
}

/* Another user's, whose environment root may have. */
static void the_set_up(void **state)
{
	static struct ui ui;
	size_t i;

	(void)state;
	strcpy(path, in_folder("dmabuf-top"));
	mkdir(path, 0700);
	strcpy(path, in_folder("dmabuf-top/config"));
	assert_true(inotify_add_watch(opened, in_folder("dmabuf-top"), IN_OPEN) >= 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (others[i] == make_socket || others[i] == make_link)
			continue;
		others[i]();
		setup_read(&ui);
		assert_false(was_opened());
		remove(path);
	}
}

#ifdef HAVE_DW

/* This program with one section more, which names a path; hidden: as if it had no debug data. */
static void *with_section(const char *name, const char *names_path, bool hidden, size_t *size)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	size_t old = lseek(fd, 0, SEEK_END), text, data, table, i;
	char *bytes = calloc(1, old + (1 << 20));
	Elf64_Ehdr *head = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *sections, *names;

	assert_int_equal(pread(fd, bytes, old, 0), old);
	close(fd);
	sections = (Elf64_Shdr *)(bytes + head->e_shoff);
	names = &sections[head->e_shstrndx];
	text = old;
	memcpy(bytes + text, bytes + names->sh_offset, names->sh_size);
	for (i = 0; hidden && i + 7 < names->sh_size; i++)
		if (!memcmp(bytes + text + i, ".debug_", 7))
			memcpy(bytes + text + i, ".nodbg_", 7);
	strcpy(bytes + text + names->sh_size, name);
	names->sh_offset = text;
	data = text + names->sh_size + strlen(name) + 1;
	/* With a checksum or a build-id behind it */
	strcpy(bytes + data, names_path);
	memset(bytes + data + (strlen(names_path) / 4 + 1) * 4, 0x5a, 20);
	table = (data + strlen(names_path) + 64) & ~15ul;
	memcpy(bytes + table, sections, head->e_shnum * sizeof(*sections));
	sections = (Elf64_Shdr *)(bytes + table);
	sections[head->e_shnum] = (Elf64_Shdr){
		.sh_name = sections[head->e_shstrndx].sh_size, .sh_type = SHT_PROGBITS,
		.sh_offset = data, .sh_addralign = 1,
		.sh_size = hidden ? (strlen(names_path) / 4 + 2) * 4 : strlen(names_path) + 21,
	};
	sections[head->e_shstrndx].sh_size += strlen(name) + 1;
	head->e_shoff = table;
	*size = table + ++head->e_shnum * sizeof(*sections);
	return bytes;
}

/* What a program's debug data says of other files, libdw opens, as whoever asks. */
static void named_in_a_program(void **state)
{
	static const char *const sections[] = { ".gnu_debugaltlink", ".gnu_debuglink" };
	struct stack_frame frames[4];
	struct elf_rule rule;
	struct elf_file *f;
	uint64_t offset;
	size_t size, i;
	void *bytes;
	int fd;

	(void)state;
	strcpy(path, in_folder("it"));
	write_file(path, "anything", 8);
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		bytes = with_section(sections[i], path, i == 1, &size);
		fd = memfd_create("elf", MFD_CLOEXEC);
		assert_int_equal(write(fd, bytes, size), size);
		free(bytes);
		f = elf_file_open(fd);
		assert_non_null(f);
		for (offset = 0; offset < size; offset += size / 97) {
			elf_file_names(f, offset, frames, ARRAY_SIZE(frames));
			elf_file_rule(f, offset, &rule);
		}
		elf_file_close(f);
		assert_false(was_opened());
	}
}

#else

static void named_in_a_program(void **state)
{
	(void)state;
	skip();
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_not_opened), cmocka_unit_test(only_the_right_one),
		cmocka_unit_test(link_is_followed_if_asked), cmocka_unit_test(mapped_files),
		cmocka_unit_test(recorded_files), cmocka_unit_test(named_in_a_program),
		cmocka_unit_test(the_set_up),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
