// SPDX-License-Identifier: GPL-2.0
/* Names and unwinding rules: of this program itself, of what is no program, of damaged ones. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/elf_file.h"
#include "opaque.h"
#include "symbols/symbols.h"
#include "fixture.h"

__attribute__((noinline)) static uint64_t here(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

/* The frame of an address in this program: file 7. */
static uint64_t frame_of(uint64_t address)
{
	unsigned long start, end, offset;
	uint64_t frame = 0;
	char line[4400], x;
	FILE *in = fopen("/proc/self/maps", "r");

	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "%lx-%lx %*c%*c%c%*c %lx", &start, &end, &x, &offset) == 4 &&
		    address >= start && address < end)
			frame = 7ull << 48 | (address - start + offset);
	fclose(in);
	assert_int_not_equal(frame, 0);
	return frame;
}

static void own(void **state)
{
	struct symbols *s = symbols_new();
	struct stack_frame frames[8] = { 0 };
	const char *path, *build_id;
	struct elf_rule rule;
	uint64_t frame = frame_of(here());
	uint32_t line = __LINE__ - 1, n;

	(void)state;
	n = open("/proc/self/exe", O_RDONLY);
	assert_int_equal(symbols_add_file(s, 7, n, "/x/own", NULL), 0);
	/* Told once more it is no other */
	assert_int_equal(symbols_add_file(s, 7, -1, "/x/other", NULL), 0);
	/* By what it is, whatever it is called; by its name where that is all that is known */
	n = open("/proc/self/exe", O_RDONLY);
	assert_int_equal(symbols_find_file(s, n, "/x/other"), 7);
	close(n);
	n = open("/proc/self/maps", O_RDONLY);
	assert_int_equal(symbols_find_file(s, n, "/x/own"), 0);
	assert_int_equal(symbols_add_file(s, 8, -1, "/x/gone", NULL), 0);
	assert_int_equal(symbols_find_file(s, n, "/x/gone"), 8);
	close(n);
	assert_int_equal(symbols_find_file(s, -1, "/x/own"), 7);
	assert_int_equal(symbols_find_file(s, -1, "/x/other"), 0);
	assert_true(symbols_file(s, 7, &path, &build_id));
	assert_string_equal(path, "/x/own");
	assert_false(symbols_file(s, 9, &path, &build_id));
	n = symbols_name(s, frame, true, frames, ARRAY_SIZE(frames));
	assert_int_equal(n, 1);
	assert_string_equal(frames[0].function, "own");
	assert_string_equal(frames[0].module, "/x/own");
#ifdef HAVE_DW
	assert_non_null(strstr(frames[0].file, "test_symbols.c"));
	assert_int_equal(frames[0].line, line);
	assert_true(symbols_rule(s, frame, &rule));
	assert_true(rule.kind == ELF_RULE_SP || rule.kind == ELF_RULE_FP);
	assert_int_equal(rule.ra, -8);
#else
	(void)line;
	assert_false(symbols_rule(s, frame, &rule));
#endif
	/* Of no function, of no file, of no number */
	assert_int_equal(symbols_name(s, 7ull << 48, true, frames, 8), 1);
	frame = 7ull << 48 | EVENT_FRAME_OFFSET(~0ull);
	assert_int_equal(symbols_name(s, frame, true, frames, 8), 1);
	assert_null(frames[0].function);
	assert_int_equal(symbols_name(s, 9ull << 48 | 5, true, frames, 8), 1);
	assert_null(frames[0].module);
	assert_int_equal(symbols_name(s, frame, true, frames, 0), 0);
	symbols_free(s);
}

/* A recording's kernel: what it says, in whatever form, and nothing of the kernel that runs. */
static void told_kernel(void **state)
{
	static const char *const texts[] = {
		"dma_buf_export+0x27b", "attach+0x37 [dmabuf_tools]", "", "+0x", " [", "[", "+0x1 [a",
		"\xff\x1b[31m+0xzz [\xfe]",
	};
	struct symbols *s = symbols_new();
	struct stack_frame frame;
	uint32_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(symbols_add_kernel(s, 1000 + i, texts[i]), 0);
	assert_int_equal(symbols_add_kernel(s, 1000, "another"), 0);
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(symbols_name(s, 1000 + i, false, &frame, 1), 1);
	symbols_name(s, 1000, false, &frame, 1);
	assert_string_equal(frame.function, "dma_buf_export");
	assert_int_equal(frame.offset, 0x27b);
	assert_null(frame.module);
	symbols_name(s, 1001, false, &frame, 1);
	assert_string_equal(frame.function, "attach");
	assert_string_equal(frame.module, "dmabuf_tools");
	symbols_name(s, 5, false, &frame, 1);
	assert_null(frame.function);
	assert_int_equal(frame.offset, 5);
	symbols_free(s);
}

static void addresses_without_a_name_are_keys(void **state)
{
	struct symbols *s = symbols_new();
	struct stack_frame frame;

	(void)state;
	symbols_name(s, 5, false, &frame, 1);
	assert_null(frame.function);
	assert_true(frame.offset == opaque_key(5));
	symbols_free(s);
}

static struct elf_file *open_bytes(const void *bytes, size_t n)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	return elf_file_open(fd);
}

static void no_elf(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_null(open_bytes(text, sizeof(text)));
	assert_null(open_bytes("", 0));
	assert_null(open_bytes("\x7f" "ELF", 4));
	assert_null(elf_file_open(open("/", O_RDONLY)));
	assert_null(elf_file_open(open("/dev/zero", O_RDONLY)));
	assert_null(elf_file_find("/no/such", NULL));
	assert_null(elf_file_find(NULL, "../../../../etc"));
	assert_null(elf_file_find("/proc/self/exe", "0123456789abcdef"));
}

static void ask(struct elf_file *f, size_t size)
{
	struct stack_frame frames[4];
	struct elf_rule rule;
	uint64_t offset;

	if (!f)
		return;
	for (offset = 0; offset < size; offset += size / 7 + 1) {
		elf_file_names(f, offset, frames, ARRAY_SIZE(frames));
		elf_file_rule(f, offset, &rule);
	}
	elf_file_close(f);
}

/* Cut anywhere, and with bytes that are anything: no crash, whatever it then says. */
static void damaged(void **state)
{
	int fd = open("/bin/true", O_RDONLY);
	size_t size = lseek(fd, 0, SEEK_END), cut, i, j;
	uint8_t *bytes = malloc(size), *copy = malloc(size);

	(void)state;
	assert_int_equal(pread(fd, bytes, size, 0), size);
	close(fd);
	for (cut = 0; cut < size; cut += cut < 1024 ? 31 : 4093)
		ask(open_bytes(bytes, cut), size);
	srandom(7);
	for (i = 0; i < 211; i++) {
		memcpy(copy, bytes, size);
		for (j = 0; j < 1 + i / 20; j++)
			copy[random() % (i % 2 ? 1024 : size)] = random();
		ask(open_bytes(copy, size), size);
	}
	free(bytes);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own), cmocka_unit_test(told_kernel), cmocka_unit_test(no_elf),
		cmocka_unit_test(damaged),
		cmocka_unit_test(addresses_without_a_name_are_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
