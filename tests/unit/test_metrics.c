// SPDX-License-Identifier: GPL-2.0
/* What is exported to Prometheus: sums, labels, both formats, negotiation. */
#include "fixture.h"

#include "model/sums.h"
#include "output/metrics.h"
#include "output/openmetrics.h"

static char *text_of(const struct metrics *m, enum metrics_format format)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	openmetrics_write(out, m, format);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The value of a sample, "" if it is not there. */
static const char *sample(const char *text, const char *series)
{
	static char value[64];
	size_t len = strlen(series);
	const char *at = text;

	for (; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, series, len) && at[len] == ' ') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + len + 1, "\n"),
				 at + len + 1);
			return value;
		}
		if (!*at)
			break;
	}
	return "";
}

static void read_model(struct metrics *m, const struct model *model)
{
	if (!m->options.top)
		m->options.top = 20;
	assert_int_equal(metrics_begin(m), 0);
	assert_int_equal(metrics_add_model(m, model), 0);
	assert_int_equal(metrics_end(m, true, model->source, 1500000), 0);
}

/* record_text() leaves what was there behind a shorter one. */
#define TEXT(field, text) snprintf(field, sizeof(field), "%s", text)
#define FD(r, pid, ino, comm_) TEXT(record_slot(r, pid, ino, pid, ino, 0)->comm, comm_)

/* Two of one name share a buffer, another has it too, and one of its own; the kernel has one. */
static void make_groups(struct model *model, struct records *r)
{
	record_buffer(r, 1, 3000, 3);
	record_buffer(r, 2, 500, 2);
	record_buffer(r, 3, 70, 1);
	TEXT(record_buffer(r, 4, 11, 1)->exporter, "vgem");
	FD(r, 10, 1, "camera");
	FD(r, 11, 1, "camera");
	FD(r, 12, 1, "shell");
	FD(r, 10, 2, "camera");
	FD(r, 11, 2, "camera");
	FD(r, 12, 4, "shell");
	record_attachment(r, 1, "vivid.0", "vivid");
	record_attachment(r, 2, "vivid.0", "vivid");
	load(model, r, NULL);
}

static void test_groups(void **state)
{
	struct records r = { 0 };
	struct model model = { 0 };
	struct metrics m = { 0 };
	char *text;

	(void)state;
	make_groups(&model, &r);
	/* Those that suspects.c has found, not all that only the kernel holds */
	model.suspects.kernel_held = 5;
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_buffers{exporter=\"system\"}"), "3");
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"system\"}"), "3570");
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"vgem\"}"), "11");
	/* Of both, each buffer once; theirs alone is what no shell has */
	assert_string_equal(sample(text, "dmabuf_process_buffers{comm=\"camera\"}"), "2");
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes{comm=\"camera\"}"), "3500");
	assert_string_equal(sample(text, "dmabuf_process_pss_bytes{comm=\"camera\"}"), "2500");
	assert_string_equal(sample(text, "dmabuf_process_uss_bytes{comm=\"camera\"}"), "500");
	assert_string_equal(sample(text, "dmabuf_process_pss_bytes{comm=\"shell\"}"), "1011");
	assert_string_equal(sample(text, "dmabuf_kernel_only_bytes"), "70");
	assert_string_equal(sample(text, "dmabuf_suspects{kind=\"kernel-held\"}"), "5");
	assert_string_equal(sample(text, "dmabuf_unexplained_references"), "1");
	assert_string_equal(sample(text, "dmabuf_device_attachments{device=\"vivid.0\"}"), "2");
	assert_string_equal(sample(text, "dmabuf_scrape_duration_seconds"), "0.001500000");
	/* No hooks, no counters; not asked for, no buffers */
	assert_null(strstr(text, "_total"));
	assert_null(strstr(text, "mapped"));
	assert_null(strstr(text, "ino="));
	free(text);

	/* The largest, and the rest */
	m.options.top = 1;
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes{comm=\"camera\"}"), "3500");
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes{comm=\"other\"}"), "3011");
	assert_null(strstr(text, "shell"));
	free(text);
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

static void test_other_by_name(void **state)
{
	struct records r = { 0 };
	struct model model = { 0 };
	struct metrics m = { .options.top = 1 };
	char *text;

	(void)state;
	record_buffer(&r, 1, 3000, 1);
	record_buffer(&r, 2, 500, 1);
	record_buffer(&r, 3, 10, 1);
	FD(&r, 10, 1, "other");
	FD(&r, 11, 2, "a");
	FD(&r, 12, 3, "b");
	load(&model, &r, NULL);
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_process_uss_bytes{comm=\"other\"}"), "3010");
	assert_string_equal(sample(text, "dmabuf_process_uss_bytes{comm=\"a\"}"), "500");
	free(text);
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

/* Bytes that are no UTF-8, and what looks like their escape, are one series. */
static void test_hostile_labels(void **state)
{
	struct records r = { 0 };
	struct model model = { 0 };
	struct metrics m = { .options.per_buffer = true };
	char *text;

	(void)state;
	TEXT(record_buffer(&r, 1, 3, 1)->name, "a\"b\\c\nd\xff\xc3\xa9");
	record_buffer(&r, 2, 5, 1);
	record_buffer(&r, 3, 7, 1);
	FD(&r, 10, 1, "\xff");
	FD(&r, 11, 2, "\\xff");
	FD(&r, 12, 3, "");
	load(&model, &r, NULL);
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes{comm=\"\\\\xff\"}"), "8");
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes"), "7");
	assert_string_equal(sample(text, "dmabuf_buffer_bytes{ino=\"1\",exporter=\"system\","
				   "name=\"a\\\"b\\\\c\\nd\\\\xff\xc3\xa9\"}"), "3");
	assert_string_equal(sample(text, "dmabuf_buffer_bytes{ino=\"2\",exporter=\"system\"}"),
			    "5");
	assert_null(strstr(text, "\xff"));
	free(text);
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

/* Anybody may make more: those that are there longest have rows. */
static void test_many_buffers(void **state)
{
	struct metrics m = { .options.per_buffer = true };
	struct records r = { 0 };
	struct model model = { 0 };
	uint32_t i;

	(void)state;
	for (i = 1; i <= 10007; i++)
		record_buffer(&r, i, 4096, 0);
	load(&model, &r, NULL);
	read_model(&m, &model);
	assert_int_equal(m.sets[METRICS_BUFFER].n, 10000);
	assert_string_equal(m.sets[METRICS_BUFFER].rows[9999].labels[0], "10000");
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

/* What was seen once goes on as 0; what a source cannot know is not told. */
static void test_gone_and_unknown(void **state)
{
	struct records r = { 0 };
	struct model model = { 0 };
	struct metrics m = { 0 };
	char *text;

	(void)state;
	make_groups(&model, &r);
	read_model(&m, &model);
	record_buffer(&r, 2, 500, 1)->head.valid &= ~SNAP_HAS_SIZE;
	FD(&r, 10, 2, "camera");
	load(&model, &r, NULL);
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"vgem\"}"), "0");
	assert_string_equal(sample(text, "dmabuf_device_attachments{device=\"vivid.0\"}"), "0");
	assert_string_equal(sample(text, "dmabuf_buffers{exporter=\"system\"}"), "1");
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"system\"}"), "");
	assert_string_equal(sample(text, "dmabuf_process_buffers{comm=\"camera\"}"), "1");
	assert_string_equal(sample(text, "dmabuf_process_rss_bytes{comm=\"camera\"}"), "");
	assert_null(strstr(text, "shell"));
	free(text);

	model.sees = MODEL_SEES_HOLDERS;
	read_model(&m, &model);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_process_buffers{comm=\"camera\"}"), "1");
	assert_null(strstr(text, "dmabuf_buffers"));
	assert_null(strstr(text, "kernel"));
	assert_null(strstr(text, "attachments"));
	assert_null(strstr(text, "unexplained"));
	free(text);
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

static void add_call(struct model *model, unsigned int type, const char *device, uint64_t ns)
{
	struct model_operation *o = operations_row(&model->operations, type,
						   DIRECTION_TO_DEVICE, "system", device);

	assert_non_null(o);
	histogram_add(&o->histogram, ns);
}

static const char golden[] =
	"# HELP dmabuf_exports Buffers exported.\n"
	"# TYPE dmabuf_exports counter\n"
	"dmabuf_exports_total{exporter=\"system\"} 1\n"
	"# HELP dmabuf_releases Buffers released.\n"
	"# TYPE dmabuf_releases counter\n"
	"dmabuf_releases_total{exporter=\"system\"} 0\n"
	"# HELP dmabuf_maps Maps of attachments for the device, including failed maps.\n"
	"# TYPE dmabuf_maps counter\n"
	"dmabuf_maps_total{exporter=\"system\",device=\"vivid.0\",direction=\"to_device\"} 3\n"
	"# HELP dmabuf_map_errors Failed maps.\n"
	"# TYPE dmabuf_map_errors counter\n"
	"dmabuf_map_errors_total{exporter=\"system\",device=\"vivid.0\",direction=\"to_device\"} 0\n"
	"# HELP dmabuf_map_duration_seconds Duration of maps, including waits for fences.\n"
	"# TYPE dmabuf_map_duration_seconds histogram\n"
	"# UNIT dmabuf_map_duration_seconds seconds\n"
	"dmabuf_map_duration_seconds_bucket{exporter=\"system\",device=\"vivid.0\",direction=\"to_device\",le=\"2.048e-06\"} 1\n"
	"dmabuf_map_duration_seconds_bucket{exporter=\"system\",device=\"vivid.0\",direction=\"to_device\",le=\"4.096e-06\"} 2\n";

/* The bounds: a call of 2,047 ns is below the first, one of 2,048 is not; the last has all. */
static void test_counters(void **state)
{
	static const char key[] = "{exporter=\"system\",device=\"vivid.0\",direction=\"to_device\"";
	struct model model = { .watched = MODEL_WATCHES_STATE | MODEL_WATCHES_TIMES, .lost = 5 };
	struct metrics m = { 0 };
	char *text, *again, series[200];

	(void)state;
	model.source = "test";
	add_call(&model, EVENT_MAP, "vivid.0", 2047);
	add_call(&model, EVENT_MAP, "vivid.0", 2048);
	add_call(&model, EVENT_MAP, "vivid.0", 10000000000);
	add_call(&model, EVENT_EXPORT, NULL, 0);
	add_call(&model, EVENT_FENCE_WAIT, NULL, 1000000);
	read_model(&m, &model);
	text = text_of(&m, FORMAT_OPENMETRICS);
	assert_memory_equal(text, golden, strlen(golden));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	assert_non_null(strstr(text, "# TYPE dmabuf_build info\n"));
	snprintf(series, sizeof(series), "dmabuf_map_duration_seconds_bucket%s,le=\"8.589934592\"}", key);
	assert_string_equal(sample(text, series), "2");
	snprintf(series, sizeof(series), "dmabuf_map_duration_seconds_bucket%s,le=\"+Inf\"}", key);
	assert_string_equal(sample(text, series), "3");
	snprintf(series, sizeof(series), "dmabuf_map_duration_seconds_sum%s}", key);
	assert_string_equal(sample(text, series), "10.000004095");
	assert_string_equal(sample(text, "dmabuf_fence_wait_seconds_count{exporter=\"system\","
				   "device=\"cpu\",direction=\"to_device\"}"), "1");
	assert_string_equal(sample(text, "dmabuf_events_lost_total"), "5");
	/* The same again is the same */
	read_model(&m, &model);
	again = text_of(&m, FORMAT_OPENMETRICS);
	assert_string_equal(text, again);
	free(again);
	free(text);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_non_null(strstr(text, "# TYPE dmabuf_maps_total counter\n"));
	assert_non_null(strstr(text, "# TYPE dmabuf_build_info gauge\n"));
	assert_null(strstr(text, "UNIT"));
	assert_null(strstr(text, "EOF"));
	free(text);
	metrics_free(&m);
	model_free(&model);
}

static struct module_sums some_sums(void)
{
	static struct sums_exporter exporters[] = { { "system", 3, 4096, 7 }, { "a\xff", 1, 5, 1 } };
	static struct sums_device devices[] = {
		{ .device = "vivid.0", .attachments = 2,
		  .maps = { .count = 4, .errors = 1, .sum = 9000, .buckets = { [11] = 4 } } },
		{ .device = "idle", .attachments = 0 },
	};

	return (struct module_sums) {
		.exporters = exporters, .n_exporters = 2, .devices = devices, .n_devices = 2,
		.releases = 4, .missed = 2,
	};
}

static void test_sums_alone(void **state)
{
	struct module_sums sums = some_sums();
	struct metrics m = { .options.top = 20 };
	char *text;

	(void)state;
	assert_int_equal(metrics_begin(&m), 0);
	assert_int_equal(metrics_add_sums(&m, &sums), 0);
	assert_int_equal(metrics_end(&m, true, "module", 0), 0);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"system\"}"), "4096");
	assert_string_equal(sample(text, "dmabuf_buffers{exporter=\"a\\\\xff\"}"), "1");
	assert_string_equal(sample(text, "dmabuf_exports_total{exporter=\"system\"}"), "7");
	assert_string_equal(sample(text, "dmabuf_releases_total"), "4");
	assert_string_equal(sample(text, "dmabuf_device_attachments{device=\"idle\"}"), "0");
	assert_string_equal(sample(text, "dmabuf_maps_total{device=\"vivid.0\"}"), "4");
	assert_string_equal(sample(text, "dmabuf_map_errors_total{device=\"vivid.0\"}"), "1");
	/* Nobody may read the buckets */
	assert_string_equal(sample(text, "dmabuf_map_duration_seconds_bucket{device=\"vivid.0\",le=\"+Inf\"}"), "4");
	assert_null(strstr(text, "le=\"4.096e-06\""));
	assert_string_equal(sample(text, "dmabuf_map_duration_seconds_sum{device=\"vivid.0\"}"), "0.000009000");
	assert_string_equal(sample(text, "dmabuf_events_lost_total"), "2");
	assert_null(strstr(text, "process"));
	assert_null(strstr(text, "kernel_only"));
	assert_null(strstr(text, "mapped"));
	free(text);

	/* Lost: none of it is left */
	assert_int_equal(metrics_begin(&m), 0);
	assert_int_equal(metrics_end(&m, false, "module", 0), 0);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_up"), "0");
	assert_null(strstr(text, "exporter"));
	assert_null(strstr(text, "device"));
	free(text);
	metrics_free(&m);
}

/* Beside a model they tell only what that one does not. */
static void test_sums_beside(void **state)
{
	struct module_sums sums = some_sums();
	struct records r = { 0 };
	struct model model = { 0 };
	struct metrics m = { 0 };
	char *text;

	(void)state;
	sums.timed = true;
	make_groups(&model, &r);
	read_model(&m, &model);
	assert_int_equal(metrics_add_sums(&m, &sums), 0);
	text = text_of(&m, FORMAT_PROMETHEUS);
	assert_string_equal(sample(text, "dmabuf_bytes{exporter=\"system\"}"), "3570");
	assert_string_equal(sample(text, "dmabuf_exports_total{exporter=\"system\"}"), "7");
	assert_string_equal(sample(text, "dmabuf_exports_total{exporter=\"vgem\"}"), "");
	assert_string_equal(sample(text, "dmabuf_device_attachments{device=\"vivid.0\"}"), "2");
	assert_string_equal(sample(text, "dmabuf_map_duration_seconds_bucket{device=\"vivid.0\",le=\"4.096e-06\"}"), "4");
	free(text);
	metrics_free(&m);
	model_free(&model);
	records_free(&r);
}

static void test_negotiation(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} cases[] = {
		{ NULL, FORMAT_PROMETHEUS },
		{ "", FORMAT_PROMETHEUS },
		{ "*/*", FORMAT_PROMETHEUS },
		{ "text/html", FORMAT_PROMETHEUS },
		{ "text/plain", FORMAT_PROMETHEUS },
		{ "application/openmetrics-text", FORMAT_OPENMETRICS },
		{ "Application/OpenMetrics-Text ; Version=1.0.0", FORMAT_OPENMETRICS },
		{ "application/openmetrics-text;version=0.0.1", FORMAT_PROMETHEUS },
		{ "application/openmetrics-text;version=2.0.0,text/plain", FORMAT_PROMETHEUS },
		{ "application/openmetrics-text;q=0", FORMAT_PROMETHEUS },
		{ "application/openmetrics-text;q=0.3,text/plain;q=0.5", FORMAT_PROMETHEUS },
		{ "text/plain;q=0.5, application/openmetrics-text; q=0.5", FORMAT_OPENMETRICS },
		{ "application/openmetrics-text;q=nan", FORMAT_PROMETHEUS },
		{ ";;;,,,;q=,", FORMAT_PROMETHEUS },
		/* Prometheus 2.42's own */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", FORMAT_OPENMETRICS },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (openmetrics_negotiate(cases[i].accept) != cases[i].format)
			fail_msg("Accept: %s", cases[i].accept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_other_by_name),
		cmocka_unit_test(test_hostile_labels),
		cmocka_unit_test(test_many_buffers),
		cmocka_unit_test(test_gone_and_unknown),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_sums_alone),
		cmocka_unit_test(test_sums_beside),
		cmocka_unit_test(test_negotiation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
