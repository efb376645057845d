// SPDX-License-Identifier: GPL-2.0
/* RSS, PSS, USS and what only the kernel holds; filters; devices, exporters, totals. */
#include "fixture.h"

static struct records r;
static struct model m;
static struct filter f;

static int setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	memset(&f, 0, sizeof(f));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_free(&m);
	records_free(&r);
	filter_free(&f);
	return 0;
}

/* One holds 3000 alone and 6000 with another, more than once; 1000 only the kernel has. */
static void definitions(void **state)
{
	(void)state;
	record_buffer(&r, 1, 3000, 1);
	record_buffer(&r, 2, 6000, 9);
	record_buffer(&r, 3, 1000, 1);
	record_slot(&r, 10, 1, 10, 3, 0);
	record_slot(&r, 10, 2, 10, 4, 0);
	record_slot(&r, 10, 2, 10, 5, 0);
	record_slot(&r, 10, 2, 10, 0x1000, 0x3000);
	record_slot(&r, 20, 2, 20, 3, 0);
	load(&m, &r, NULL);
	assert_int_equal(process_of(&m, 10)->buffers, 2);
	assert_int_equal(process_of(&m, 10)->fds, 3);
	assert_int_equal(process_of(&m, 10)->maps, 1);
	assert_int_equal(process_of(&m, 10)->rss, 9000);
	assert_int_equal(model_pss(process_of(&m, 10)), 6000);
	assert_int_equal(process_of(&m, 10)->uss, 3000);
	assert_int_equal(process_of(&m, 20)->rss, 6000);
	assert_int_equal(model_pss(process_of(&m, 20)), 3000);
	assert_int_equal(process_of(&m, 20)->uss, 0);
	assert_int_equal(m.totals.buffers, 3);
	assert_int_equal(m.totals.bytes, 10000);
	assert_int_equal(m.totals.kernel_only_buffers, 1);
	assert_int_equal(m.totals.kernel_only_bytes, 1000);
	/* count 9 - 4 slots, no attachment; and the kernel's own */
	assert_int_equal(m.totals.unexplained_buffers, 2);
	assert_int_equal(m.totals.unexplained_bytes, 7000);
	assert_true(m.totals.kernel_only_known);
	assert_int_equal(m.n_processes, 3);
	assert_int_equal(process_of(&m, 0)->buffers, 1);
	assert_int_equal(model_pss(process_of(&m, 0)), 1000);
	assert_string_equal(process_of(&m, 0)->comm, "(kernel only)");
}

/* PSS of all and kernel-only is what is held, within a byte for each process. */
static void adds_up(void **state)
{
	static const uint32_t sharers[] = { 1, 2, 3, 7, 13 };
	static const uint64_t primes[] = {
		1, 2, 3, 4099, 65537, 1048583, 2147483647, 999999999989,
	};
	uint64_t sum = 0, held = 0;
	uint32_t s, p, i, ino = 1;

	(void)state;
	for (s = 0; s < ARRAY_SIZE(sharers); s++) {
		for (p = 0; p < ARRAY_SIZE(primes); p++, ino++) {
			record_buffer(&r, ino, primes[p], sharers[s]);
			held += primes[p];
			for (i = 0; i < sharers[s]; i++)
				record_slot(&r, 100 + (i + s + p) % 13, ino,
					    100 + (i + s + p) % 13, ino, 0);
		}
	}
	record_buffer(&r, ino, 31337, 1);
	held += 31337;
	load(&m, &r, NULL);
	assert_int_equal(m.n_processes, 14);
	for (i = 0; i < m.n_processes; i++)
		sum += model_pss(&m.processes[i]);
	assert_true(sum + 14 >= held && sum <= held + 14);
	assert_true(m.totals.bytes == held);
}

/* The error of 50,000 shares of a third together is not seen either. */
static void many_shares(void **state)
{
	const uint32_t n = 50000;
	uint32_t i;

	(void)state;
	for (i = 1; i <= n; i++) {
		record_buffer(&r, i, 1, 3);
		record_slot(&r, 100, i, 100, i, 0);
		record_slot(&r, 101, i, 101, i, 0);
		record_slot(&r, 102, i, 102, i, 0);
	}
	load(&m, &r, NULL);
	for (i = 100; i <= 102; i++)
		assert_int_equal(model_pss(process_of(&m, i)), 16667);
}

/* Sizes that no machine has come from a broken driver or a hostile recording. */
static void huge(void **state)
{
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 1ULL << 63, 1);
	record_slot(&r, 10, 1, 10, 3, 0);
	record_buffer(&r, 2, 3ULL << 61, 3);
	for (i = 11; i < 14; i++)
		record_slot(&r, i, 2, i, 3, 0);
	load(&m, &r, NULL);
	assert_true(model_pss(process_of(&m, 10)) == 1ULL << 63);
	for (i = 11; i < 14; i++)
		assert_true(model_pss(process_of(&m, i)) == 1ULL << 61);
	record_buffer(&r, 1, UINT64_MAX, 1);
	load(&m, &r, NULL);
	assert_true(model_pss(process_of(&m, 0)) == UINT64_MAX);
}

/*
 * Processes 1 /a, 2 /a/b, 3 /c, 4 no cgroup. Buffers 1 (system, 4096): 1, 2; 2 (drm, 8192): 3;
 * 3 (unknown, 16384): 4; 4 (system, 32768): nobody. Attached: 1 to x, y; 2 to y; 4 to x twice.
 */
static void scene(void)
{
	static const char *const cgroups[] = { "/a", "/a/b", "/c", NULL };
	uint32_t i;

	for (i = 1; i <= 4; i++) {
		struct snap_buffer *b = record_buffer(&r, i, 2048 << i, 4);

		if (i == 2)
			memcpy(b->exporter, "drm", 4);
		if (i == 3)
			b->head.valid &= ~SNAP_HAS_EXPORTER;
	}
	record_slot(&r, 1, 1, 1, 3, 0);
	record_slot(&r, 2, 1, 2, 3, 0);
	record_slot(&r, 3, 2, 3, 3, 0);
	record_slot(&r, 4, 3, 4, 3, 0);
	record_attachment(&r, 1, "x", "drv");
	record_attachment(&r, 1, "y", "");
	record_attachment(&r, 2, "y", "");
	record_attachment(&r, 4, "x", "drv");
	record_attachment(&r, 4, "x", "drv");
	m.sees = SEES_ALL;
	assert_int_equal(model_load(&m, r.bytes, r.len), 0);
	r.len = 0;
	for (i = 0; i < 4; i++)
		m.processes[i].cgroup = cgroups[i];
}

/* The inos that the filter selects, as bits, and the processes that match. */
static void expect(uint32_t inos, uint32_t pids)
{
	uint64_t bytes = 0;
	uint32_t i, shown = 0, n = 0;

	assert_int_equal(model_account(&m, &f), 0);
	for (i = 1; i <= 4; i++) {
		assert_int_equal(buffer_of(&m, i)->selected, inos >> i & 1);
		bytes += inos >> i & 1 ? 2048 << i : 0;
		n += inos >> i & 1;
		assert_int_equal(process_of(&m, i)->matches, pids >> i & 1);
		shown += process_of(&m, i)->buffers;
	}
	assert_int_equal(m.totals.buffers, n);
	assert_int_equal(m.totals.bytes, bytes);
	assert_int_equal(shown, (inos >> 1 & 1) * 2 + (inos >> 2 & 1) + (inos >> 3 & 1));
	filter_free(&f);
}

#define P(pid) (1u << (pid))

static void filters(void **state)
{
	const uint32_t all = P(1) | P(2) | P(3) | P(4);

	(void)state;
	scene();
	expect(all, all);
	filter_add_pids(&f, "2,3");
	expect(P(1) | P(2), P(2) | P(3));
	filter_add_pattern(&f.comms, "comm[14]");
	expect(P(1) | P(3), P(1) | P(4));
	filter_add_pattern(&f.cgroups, "/a");
	expect(P(1), P(1) | P(2));
	filter_add_pattern(&f.cgroups, "/a/b");
	expect(P(1), P(2));
	filter_add_pattern(&f.cgroups, "/");
	expect(P(1) | P(2), P(1) | P(2) | P(3));
	filter_add_pattern(&f.exporters, "system");
	expect(P(1) | P(4), all);
	filter_add_pattern(&f.exporters, "*");
	expect(P(1) | P(2) | P(4), all);
	filter_add_pattern(&f.devices, "y");
	expect(P(1) | P(2), all);
	filter_add_pattern(&f.devices, "x");
	filter_add_pattern(&f.devices, "y");
	expect(P(1) | P(2) | P(4), all);
	f.min_size = 8192;
	expect(P(2) | P(3) | P(4), all);
	f.min_size = 8193;
	filter_add_pattern(&f.exporters, "system");
	filter_add_pattern(&f.devices, "x");
	expect(P(4), all);
	f.min_size = 8192;
	filter_add_pids(&f, "1,3");
	expect(P(2), P(1) | P(3));
	filter_add_pids(&f, "1");
	filter_add_pattern(&f.cgroups, "/c");
	expect(0, 0);
}

/* A size that is not known is not large enough. */
static void unknown_size(void **state)
{
	(void)state;
	record_buffer(&r, 1, 0, 1)->head.valid &= ~SNAP_HAS_SIZE;
	f.min_size = 1;
	load(&m, &r, &f);
	assert_int_equal(m.totals.buffers, 0);
}

/* Process terms leave no room for what no process holds; without all buffers it is not known. */
static void kernel_only(void **state)
{
	(void)state;
	scene();
	assert_int_equal(model_account(&m, NULL), 0);
	assert_int_equal(m.n_processes, 5);
	assert_int_equal(model_pss(process_of(&m, 0)), 32768);
	/* Again: one row, not two */
	assert_int_equal(model_account(&m, NULL), 0);
	assert_int_equal(m.n_processes, 5);
	filter_add_pids(&f, "1");
	assert_int_equal(model_account(&m, &f), 0);
	assert_null(process_of(&m, 0));
	assert_false(m.totals.kernel_only_known);
	m.sees = MODEL_SEES_HOLDERS;
	assert_int_equal(model_account(&m, NULL), 0);
	assert_null(process_of(&m, 0));
	assert_false(m.totals.kernel_only_known);
	m.sees = SEES_ALL;
	filter_free(&f);
	filter_add_pattern(&f.exporters, "drm");
	assert_int_equal(model_account(&m, &f), 0);
	assert_true(m.totals.kernel_only_known);
	assert_null(process_of(&m, 0));
}

static void devices(void **state)
{
	(void)state;
	scene();
	assert_int_equal(model_account(&m, NULL), 0);
	assert_int_equal(m.n_devices, 2);
	assert_int_equal(device_of(&m, "x")->attachments, 3);
	assert_int_equal(device_of(&m, "x")->buffers, 2);
	assert_int_equal(device_of(&m, "x")->bytes, 4096 + 32768);
	assert_string_equal(device_of(&m, "x")->driver, "drv");
	assert_int_equal(device_of(&m, "y")->attachments, 2);
	assert_int_equal(device_of(&m, "y")->buffers, 2);
	assert_string_equal(device_of(&m, "y")->driver, "");
	filter_add_pattern(&f.devices, "x");
	assert_int_equal(model_account(&m, &f), 0);
	assert_true(device_of(&m, "x")->matches);
	assert_false(device_of(&m, "y")->matches);
	assert_int_equal(device_of(&m, "x")->attachments, 3);
}

/* One name under two drivers is two devices. */
static void same_device_name(void **state)
{
	(void)state;
	record_buffer(&r, 1, 4096, 4);
	record_attachment(&r, 1, "0", "a");
	record_attachment(&r, 1, "0", "b");
	record_attachment(&r, 1, "0", "a");
	load(&m, &r, NULL);
	assert_int_equal(m.n_devices, 2);
	assert_int_equal(m.devices[0].attachments + m.devices[1].attachments, 3);
}

static void exporters(void **state)
{
	uint32_t i;

	(void)state;
	scene();
	assert_int_equal(model_account(&m, NULL), 0);
	assert_int_equal(m.n_exporters, 3);
	for (i = 0; i < 3; i++) {
		const struct model_exporter *e = &m.exporters[i];

		if (!e->exporter)
			assert_int_equal(e->bytes, 16384);
		else if (!strcmp(e->exporter, "system"))
			assert_int_equal(e->bytes, 4096 + 32768);
		else
			assert_int_equal(e->bytes, 8192);
		assert_int_equal(e->buffers, e->bytes == 4096 + 32768 ? 2 : 1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(definitions),
		TEST(adds_up),
		TEST(many_shares),
		TEST(huge),
		TEST(filters),
		TEST(unknown_size),
		TEST(kernel_only),
		TEST(devices),
		TEST(same_device_name),
		TEST(exporters),
	};

	return cmocka_run_group_tests_name("accounting", tests, NULL, NULL);
}
