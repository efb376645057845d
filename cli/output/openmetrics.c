// SPDX-License-Identifier: GPL-2.0
/*
 * The table of metric families, and their text: Prometheus' text format 0.0.4 and OpenMetrics
 * 1.0.0. Names, types, units and labels are documented as stable (man/dmabuf-trace-metrics.8).
 */
#include "output/openmetrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "output/metrics.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
/* Upper bounds of buckets: powers of two in ns, 2.048 us to 8.59 s, as the model has them */
#define FIRST_BOUND 11
#define LAST_BOUND 33

enum metric_type { GAUGE, COUNTER, HISTOGRAM, INFO };

static const char *const types[METRICS_FORMATS][4] = {
	[FORMAT_PROMETHEUS] = { "gauge", "counter", "histogram", "gauge" },
	[FORMAT_OPENMETRICS] = { "gauge", "counter", "histogram", "info" },
};

static const struct family {
	const char *name;		/* without _total, _info */
	enum metric_type type;
	const char *unit;		/* the name's end; "" none */
	enum metrics_set set;
	unsigned int place;		/* index of the value in the row */
	uint32_t needs;			/* METRICS_* */
	const char *help;		/* no quotes, no backslashes */
} families[] = {
	{ "dmabuf_buffers", GAUGE, "", METRICS_EXPORTER, EXPORTER_BUFFERS, METRICS_ALL_BUFFERS,
	  "Buffers alive." },
	{ "dmabuf_bytes", GAUGE, "bytes", METRICS_EXPORTER, EXPORTER_BYTES, METRICS_ALL_BUFFERS,
	  "Sum of the sizes of all buffers." },
	{ "dmabuf_exports", COUNTER, "", METRICS_EXPORTER, EXPORTER_EXPORTS, METRICS_EXPORTS,
	  "Buffers exported." },
	{ "dmabuf_releases", COUNTER, "", METRICS_EXPORTER, EXPORTER_RELEASES, METRICS_EXPORTS,
	  "Buffers released." },
	{ "dmabuf_process_buffers", GAUGE, "", METRICS_GROUP, GROUP_BUFFERS, METRICS_HOLDERS,
	  "Buffers that these processes hold." },
	{ "dmabuf_process_rss_bytes", GAUGE, "bytes", METRICS_GROUP, GROUP_RSS, METRICS_HOLDERS,
	  "Sum of the sizes of the distinct buffers that these processes hold." },
	{ "dmabuf_process_pss_bytes", GAUGE, "bytes", METRICS_GROUP, GROUP_PSS, METRICS_HOLDERS,
	  "Sum of the sizes of the buffers that these processes hold, each divided among all holders." },
	{ "dmabuf_process_uss_bytes", GAUGE, "bytes", METRICS_GROUP, GROUP_USS, METRICS_HOLDERS,
	  "Sum of the sizes of the buffers that no other process holds." },
	{ "dmabuf_kernel_only_bytes", GAUGE, "bytes", METRICS_ONE, ONE_KERNEL_ONLY_BYTES,
	  METRICS_ALL_BUFFERS, "Sum of the sizes of the buffers that no process holds." },
	{ "dmabuf_unexplained_references", GAUGE, "", METRICS_ONE, ONE_UNEXPLAINED,
	  METRICS_REFERENCES, "References to buffers with an unknown holder." },
	{ "dmabuf_device_attachments", GAUGE, "", METRICS_DEVICE, DEVICE_ATTACHMENTS,
	  METRICS_ATTACHMENTS, "Attachments of the device to buffers." },
	{ "dmabuf_device_mapped_bytes", GAUGE, "bytes", METRICS_DEVICE, DEVICE_MAPPED_BYTES,
	  METRICS_MAPPED, "Sum of the sizes of the buffers that are mapped for the device." },
	{ "dmabuf_maps", COUNTER, "", METRICS_CALL, CALL_COUNT, METRICS_MAPS,
	  "Maps of attachments for the device, including failed maps." },
	{ "dmabuf_map_errors", COUNTER, "", METRICS_CALL, CALL_ERRORS, METRICS_MAPS,
	  "Failed maps." },
	{ "dmabuf_map_duration_seconds", HISTOGRAM, "seconds", METRICS_CALL, CALL_COUNT,
	  METRICS_MAPS, "Duration of maps, including waits for fences." },
	{ "dmabuf_fence_wait_seconds", HISTOGRAM, "seconds", METRICS_WAIT, CALL_COUNT,
	  METRICS_WAITS, "Duration of waits for fences in maps and CPU accesses." },
	{ "dmabuf_suspects", GAUGE, "", METRICS_SUSPECT, SUSPECT_BUFFERS, METRICS_ALL_BUFFERS,
	  "Buffers that may be leaks, by kind of suspicion." },
	{ "dmabuf_buffer_bytes", GAUGE, "bytes", METRICS_BUFFER, BUFFER_BYTES, METRICS_PER_BUFFER,
	  "Size of one buffer." },
	{ "dmabuf_buffer_references", GAUGE, "", METRICS_BUFFER, BUFFER_REFERENCES,
	  METRICS_PER_BUFFER, "References to one buffer." },
	{ "dmabuf_buffer_processes", GAUGE, "", METRICS_BUFFER, BUFFER_PROCESSES,
	  METRICS_PER_BUFFER, "Processes that hold one buffer." },
	{ "dmabuf_buffer_attachments", GAUGE, "", METRICS_BUFFER, BUFFER_ATTACHMENTS,
	  METRICS_PER_BUFFER, "Attachments of one buffer." },
	{ "dmabuf_events_lost", COUNTER, "", METRICS_ONE, ONE_LOST, METRICS_LOST,
	  "Events missing from the counters, because they were lost." },
	{ "dmabuf_scrape_duration_seconds", GAUGE, "seconds", METRICS_ONE, ONE_DURATION, 0,
	  "Duration of reading all metrics." },
	{ "dmabuf_up", GAUGE, "", METRICS_ONE, ONE_UP, 0,
	  "1 if a source was read; 0 if not, without other metrics." },
	{ "dmabuf_build", INFO, "", METRICS_BUILD, BUILD_ONE, 0,
	  "Version and source of dmabuf-trace." },
};

/* Label names by set; the first label of groups depends on the options. */
static const char *const label_names[METRICS_SETS][METRICS_LABELS] = {
	[METRICS_EXPORTER] = { "exporter" },
	[METRICS_GROUP] = { "comm" },
	[METRICS_DEVICE] = { "device" },
	[METRICS_CALL] = { "exporter", "device", "direction" },
	[METRICS_WAIT] = { "exporter", "device", "direction" },
	[METRICS_SUSPECT] = { "kind" },
	[METRICS_BUFFER] = { "ino", "exporter", "name" },
	[METRICS_BUILD] = { "version", "source" },
};

static const char *type_suffix(enum metric_type type)
{
	return type == COUNTER ? "_total" : type == INFO ? "_info" : "";
}

/* Print text in UTF-8. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* Print labels, without empty ones. bound: limit of a bucket, "" none. */
static void put_labels(FILE *out, const struct metrics *m, enum metrics_set set,
		       const struct metrics_row *row, const char *bound)
{
	char separator = '{';

	for (int i = 0; i < METRICS_LABELS; i++) {
		const char *name = label_names[set][i];

		if (!name || !*row->labels[i])
			continue;
		if (set == METRICS_GROUP && m->options.by_cgroup)
			name = "cgroup";
		fprintf(out, "%c%s=\"", separator, name);
		put_escaped(out, row->labels[i]);
		fputc('"', out);
		separator = ',';
	}
	if (*bound) {
		fprintf(out, "%cle=\"%s\"", separator, bound);
		separator = ',';
	}
	if (separator == ',')
		fputc('}', out);
}

/* ns as seconds, exact. */
static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, " %" PRIu64 ".%09u\n", ns / 1000000000, (unsigned int)(ns % 1000000000));
}

static void put_bucket(FILE *out, const struct metrics *m, const struct family *f,
		       const struct metrics_row *row, const char *bound, uint64_t n)
{
	fprintf(out, "%s_bucket", f->name);
	put_labels(out, m, f->set, row, bound);
	fprintf(out, " %" PRIu64 "\n", n);
}

/*
 * The count is the sum of the buckets, which may be read slightly later. If the buckets are
 * unknown, only the last bucket, with all calls, is printed.
 */
static void put_histogram(FILE *out, const struct metrics *m, const struct family *f,
			  const struct metrics_row *row)
{
	const struct histogram *h = &m->histograms[row->histogram];
	uint64_t sum = 0;
	char bound[32];

	for (unsigned int i = 0; row->timed && i < HISTOGRAM_BUCKETS; i++) {
		sum += h->buckets[i];
		if (i + 1 < FIRST_BOUND || i + 1 > LAST_BOUND)
			continue;
		snprintf(bound, sizeof(bound), "%.10g", histogram_bound(i + 1) / 1e9);
		put_bucket(out, m, f, row, bound, sum);
	}
	if (!row->timed)
		sum = h->count;
	put_bucket(out, m, f, row, "+Inf", sum);
	fprintf(out, "%s_sum", f->name);
	put_labels(out, m, f->set, row, "");
	put_seconds(out, h->sum);
	fprintf(out, "%s_count", f->name);
	put_labels(out, m, f->set, row, "");
	fprintf(out, " %" PRIu64 "\n", sum);
}

static void put_row(FILE *out, const struct metrics *m, const struct family *f,
		    const struct metrics_row *row)
{
	if (f->type == HISTOGRAM) {
		put_histogram(out, m, f, row);
		return;
	}
	fprintf(out, "%s%s", f->name, type_suffix(f->type));
	put_labels(out, m, f->set, row, "");
	if (!strcmp(f->unit, "seconds"))
		put_seconds(out, row->values[f->place]);
	else
		fprintf(out, " %" PRIu64 "\n", row->values[f->place]);
}

/* The older format knows a counter by its whole name, and no units. */
static void put_head(FILE *out, const struct family *f, enum metrics_format format)
{
	const char *suffix = format == FORMAT_PROMETHEUS ? type_suffix(f->type) : "";

	fprintf(out, "# HELP %s%s %s\n", f->name, suffix, f->help);
	fprintf(out, "# TYPE %s%s %s\n", f->name, suffix, types[format][f->type]);
	if (format == FORMAT_OPENMETRICS && *f->unit)
		fprintf(out, "# UNIT %s %s\n", f->name, f->unit);
}

void openmetrics_write(FILE *out, const struct metrics *m, enum metrics_format format)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];
		const struct metrics_rows *rows = &m->sets[f->set];
		bool head = false;

		if ((m->has & f->needs) != f->needs)
			continue;
		for (uint32_t j = 0; j < rows->n; j++) {
			if (!(rows->rows[j].known & 1u << f->place))
				continue;
			if (!head)
				put_head(out, f, format);
			head = true;
			put_row(out, m, f, &rows->rows[j]);
		}
	}
	if (format == FORMAT_OPENMETRICS)
		fputs("# EOF\n", out);
}

void openmetrics_list(FILE *out)
{
	fputs("NAME\tTYPE\tUNIT\tLABELS\tHELP\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];
		const char *const *names = label_names[f->set];

		fprintf(out, "%s%s\t%s\t%s\t", f->name, type_suffix(f->type),
			types[FORMAT_OPENMETRICS][f->type], *f->unit ? f->unit : "-");
		for (int j = 0; j < METRICS_LABELS && names[j]; j++)
			fprintf(out, "%s%s", j ? "," : "", names[j]);
		if (f->set == METRICS_GROUP)
			fputs("|cgroup", out);
		fprintf(out, "%s\t%s\n", names[0] ? "" : "-", f->help);
	}
}

/* What HTTP says */

const char *openmetrics_content_type(enum metrics_format format)
{
	return format == FORMAT_OPENMETRICS ?
		"application/openmetrics-text; version=1.0.0; charset=utf-8" :
		"text/plain; version=0.0.4; charset=utf-8";
}

/* Return the next part of *at up to a separator, without white space around; *len 0: empty. */
static const char *next_part(const char **at, const char *separators, size_t *len)
{
	const char *start = *at + strspn(*at, " \t");
	size_t n = strcspn(start, separators);

	*at = start + n;
	while (n && (start[n - 1] == ' ' || start[n - 1] == '\t'))
		n--;
	*len = n;
	return start;
}

static bool part_is(const char *part, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(part, word, len);
}

/* Parse a media range with parameters; *quality 0 to 1. Return whether the version is ours. */
static bool take_range(const char **at, const char *version, double *quality, const char **range,
		       size_t *len)
{
	bool right = true;

	*quality = 1;
	*range = next_part(at, ";,", len);
	while (**at == ';') {
		const char *part;
		size_t n;

		++*at;
		part = next_part(at, ";,", &n);
		if (n > 2 && !strncasecmp(part, "q=", 2))
			*quality = strtod(part + 2, NULL);
		else if (n > 8 && !strncasecmp(part, "version=", 8))
			right = part_is(part + 8, n - 8, version);
	}
	if (!(*quality >= 0 && *quality <= 1))
		*quality = 0;
	return right;
}

enum metrics_format openmetrics_negotiate(const char *accept)
{
	double open = 0, text = 0, quality;
	const char *range, *before;
	size_t len;

	while (accept && *accept) {
		before = accept;
		if (take_range(&accept, "1.0.0", &quality, &range, &len) &&
		    part_is(range, len, "application/openmetrics-text") && quality > open)
			open = quality;
		accept = before;
		if (take_range(&accept, "0.0.4", &quality, &range, &len) &&
		    (part_is(range, len, "text/plain") || part_is(range, len, "text/*") ||
		     part_is(range, len, "*/*")) && quality > text)
			text = quality;
		if (*accept == ',')
			accept++;
	}
	return open && open >= text ? FORMAT_OPENMETRICS : FORMAT_PROMETHEUS;
}
