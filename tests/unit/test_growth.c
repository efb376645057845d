// SPDX-License-Identifier: GPL-2.0
/*
 * What anybody may have many of takes steps in proportion: so many of each that the product would
 * take many times the CPU time that is allowed here.
 */
#include <time.h>

#include "model/lanes.h"
#include "model/leaks.h"
#include "output/columns.h"
#include "top/history.h"
#include "fixture.h"

#define SECONDS 10

static struct records r;
static struct model m;
static double began;

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int begin(void **state)
{
	(void)state;
	began = cpu();
	return 0;
}

static int end(void **state)
{
	double took = cpu() - began;

	(void)state;
	records_free(&r);
	model_free(&m);
	if (took > SECONDS)
		print_error("it took %.1f s\n", took);
	return took > SECONDS;
}

static void exporters(void **state)
{
	const uint32_t n = 150000;
	uint32_t i;

	(void)state;
	for (i = 1; i <= n; i++)
		snprintf(record_buffer(&r, i, 4096, 1)->exporter, SNAP_EXPORTER_LEN, "exporter-%u",
			 i);
	load(&m, &r, NULL);
	assert_int_equal(m.n_exporters, n);
	for (i = 0; i < n; i++)
		assert_int_equal(m.exporters[i].buffers, 1);
}

static void nodes(void **state)
{
	const uint32_t n = 150000;
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 4096, n);
	for (i = 1; i <= n; i++) {
		struct snap_slot *s = record_slot(&r, 100, 1, i, i, i);

		s->head.type = SNAP_GEM;
		s->rdev = i;
	}
	load(&m, &r, NULL);
	assert_int_equal(m.n_nodes, n);
	for (i = 0; i < n; i++)
		assert_int_equal(m.nodes[i].rdev, i + 1);
}

/* Each socket has a message of one that many processes have open. */
static void sockets(void **state)
{
	const uint32_t n = 6000;
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 4096, n);
	for (i = 1; i <= n; i++) {
		struct snap_slot *s = record_slot(&r, 0, 1, i, 0, 0);

		s->head.type = SNAP_IN_FLIGHT;
		s->end = 1 << 20;
		record_slot(&r, i, 1000 + i, i, 3, 0)->head.type = SNAP_SOCKET;
		record_slot(&r, i, 7, 1 << 20, 3, 0)->head.type = SNAP_SOCKET;
	}
	load(&m, &r, NULL);
	assert_int_equal(m.n_holders, n);
	for (i = 0; i < n; i++)
		assert_in_range(strlen(m.holders[i].socket), 1, 512);
}

/* A buffer and a device with many attachments, and as many detached ones. */
static void attachments_of_device(void **state)
{
	const uint32_t n = 150000;
	uint32_t i;

	(void)state;
	record_buffer(&r, 1, 4096, n);
	for (i = 1; i <= n; i++) {
		struct snap_mapping s = {
			.head = { SNAP_MAPPING, sizeof(s), 0 }, .ino = 1, .id = i,
			.device = "camera", .maps = { i },
		};

		record_attachment(&r, 1, "camera", NULL);
		record_add(&r, &s, sizeof(s));
		s.id += n;
		s.head.valid = SNAP_MAPPING_PAST;
		record_add(&r, &s, sizeof(s));
	}
	m.watched = MODEL_WATCHES_STATE;
	load(&m, &r, NULL);
	assert_int_equal(m.n_attachments, n);
	assert_int_equal(m.n_pasts, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(m.attachments[i].id, i + 1);
		assert_int_equal(m.attachments[i].maps[0], i + 1);
		assert_int_equal(m.pasts[i].id, n + i + 1);
	}
}

static void operations(void **state)
{
	const uint32_t n = 30000;
	struct model_operations o = { 0 };
	char (*names)[16] = calloc(n, sizeof(*names));
	uint32_t i;

	(void)state;
	assert_non_null(names);
	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(*names), "device-%05u", i * 7919 % n);
		operations_row(&o, EVENT_MAP, 0, "system", names[i])->histogram.count = i;
	}
	operations_sort(&o);
	assert_int_equal(o.n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(operations_row(&o, EVENT_MAP, 0, "system",
						names[i])->histogram.count, i);
	assert_null(operations_find(&o, EVENT_MAP, 1, "system", names[0]));
	assert_int_equal(o.n, n);
	o.n = 0;
	assert_null(operations_find(&o, EVENT_MAP, 0, "system", names[0]));
	operations_free(&o);
	free(names);
}

static void take(struct leaks *l, unsigned int type, uint32_t attachment, uint64_t time)
{
	struct model_event e = {
		.raw = { .type = type, .ino = 1, .time = time, .tid = 100, .flags = 1,
			 .attachment = attachment },
		.pid = 100, .comm = "cam", .device = "camera", .exporter = "system",
	};

	assert_int_equal(leaks_take(l, &e), 0);
}

/* Attachments of one buffer that live at once: mapped, unmapped, detached oldest first. */
static void attachments(void **state)
{
	const struct leaks_options options = { 0 };
	const uint32_t n = 60000;
	struct leaks l;
	uint32_t i;

	(void)state;
	leaks_init(&l, &options);
	assert_int_equal(leaks_add_process(&l, 100, "cam"), 0);
	take(&l, EVENT_EXPORT, 0, 1);
	for (i = 1; i <= n; i++)
		take(&l, EVENT_ATTACH, i, i);
	for (i = 1; i <= n; i++)
		take(&l, EVENT_MAP, i, n + i);
	for (i = 1; i <= n; i++)
		take(&l, EVENT_UNMAP, i, 2 * n + i);
	for (i = 1; i < n; i++)
		take(&l, EVENT_DETACH, i, 3 * n + i);
	assert_int_equal(l.begun[l.buffers[0].begun].attachment, n);
	assert_int_equal(l.begun[l.buffers[0].begun].next, INDEX_NONE);
	leaks_free(&l);
}

/* Slices that all live at once */
static void slices(void **state)
{
	const uint32_t n = 100000;
	struct lanes lanes = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < n; i++)
		assert_int_equal(lanes_take(&lanes, i, n + i), i);
	assert_int_equal(lanes_take(&lanes, 2 * n, 2 * n + 1), 0);
	assert_int_equal(lanes_take(&lanes, n + 7, 2 * n + 1), 0);
	assert_int_equal(lanes_take(&lanes, n + 9, 2 * n + 3), 1);
	lanes_free(&lanes);
}

/* Devices that each have an attachment and were seen to map: what a row of each shows. */
static void devices(void **state)
{
	const uint32_t n = 30000;
	struct rows rows = { 0 };
	const struct column *c;
	enum view_id v;
	uint32_t i;

	(void)state;
	m.watched = MODEL_WATCHES_STATE | MODEL_WATCHES_TIMES;
	for (i = 1; i <= n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "device-%05u", i * 7919 % n);
		record_buffer(&r, i, 4096, 1);
		record_attachment(&r, i, name, "drm");
	}
	load(&m, &r, NULL);
	assert_int_equal(m.n_devices, n);
	for (i = 0; i < n; i++)
		histogram_add(&operations_row(&m.operations, EVENT_MAP, 0, m.buffers[i].exporter,
					      m.devices[i].device)->histogram, 1000 + i);
	operations_sort(&m.operations);
	for (v = VIEW_DEVICES; v <= VIEW_ATTACHMENTS; v++)
		for (c = views[v].columns; c->name; c++)
			assert_int_equal(rows_collect(&rows, &views[v], &m, c, false), 0);
	assert_int_equal(rows.n, n);
	c = view_column(&views[VIEW_DEVICES], "p99");
	for (i = 0; i < n; i++) {
		struct value p99 = column_value(c, &m, &m.devices[i]);
		struct histogram own = { 0 };
		uint64_t ns;

		histogram_add(&own, 1000 + i);
		assert_true(histogram_percentile(&own, 99, &ns));
		assert_true(p99.known && p99.number == ns);
	}
	rows_free(&rows);
}

static int many_snapshot(struct source *s, struct records *records)
{
	const uint32_t n = 30000;
	uint32_t i;

	(void)s;
	for (i = 1; i <= n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		record_text(record_buffer(records, i, 4096, 1)->exporter, SNAP_EXPORTER_LEN, name);
		record_attachment(records, i, name, "drm");
	}
	return 0;
}

static const char *no_nodes(struct source *s, const char *device)
{
	(void)s;
	(void)device;
	return NULL;
}

/* From one refresh to the next, each device and exporter is found again. */
static void refreshes(void **state)
{
	static const struct source_ops ops = {
		.name = "test", .snapshot = many_snapshot, .nodes = no_nodes,
	};
	struct source s = { .ops = &ops, .sees = SEES_ALL, .recorded = "test", .time = 100 };
	struct history h = { 0 };
	int64_t rate;
	uint32_t i;

	(void)state;
	for (; s.time < 103; s.time++)
		assert_int_equal(history_update(&h, &s, NULL), 0);
	assert_int_equal(h.model.n_devices, h.model.n_exporters);
	for (i = 0; i < h.model.n_devices; i++) {
		assert_true(history_rate(&h, &screen_views[VIEW_DEVICES], &h.model.devices[i],
					 &rate));
		assert_int_equal(rate, 0);
	}
	assert_int_equal(h.past[VIEW_EXPORTERS].n_graves, 0);
	history_free(&h);
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exporters, begin, end),
		cmocka_unit_test_setup_teardown(nodes, begin, end),
		cmocka_unit_test_setup_teardown(sockets, begin, end),
		cmocka_unit_test_setup_teardown(attachments_of_device, begin, end),
		cmocka_unit_test_setup_teardown(operations, begin, end),
		cmocka_unit_test_setup_teardown(attachments, begin, end),
		cmocka_unit_test_setup_teardown(slices, begin, end),
		cmocka_unit_test_setup_teardown(devices, begin, end),
		cmocka_unit_test_setup_teardown(refreshes, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
