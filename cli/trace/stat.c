// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace stat: how often and how long, by exporter, device and direction; as perf stat. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "clock.h"
#include "model/model.h"
#include "output/output.h"
#include "output/text.h"
#include "trace/trace.h"
#include "trace/tracing.h"

#define DEFAULT_COLUMNS "op,direction,exporter,device,count,errors,p50,p99,max"

struct stat_run {
	struct tracing tracing;
	long interval;			/* ms, 0: only at the end */
	struct events *events;
	struct model_operations now, before;
	struct rows rows;
	uint64_t start;			/* CLOCK_MONOTONIC, ns */
	unsigned int prints;
	double printed;			/* seconds after the start, of the last table */
};

static const struct option_spec specs[] = {
	{ "interval", 'I', OPTION_NUMBER, "MS", .at = offsetof(struct stat_run, interval), .least = 10, .most = 86400000,
	  .help = "print a table every MS milliseconds (at least 10)" },
	{ 0 }
};

#define TRACING offsetof(struct stat_run, tracing)
#define COMMON offsetof(struct stat_run, tracing.common)

static const struct option_table table = {
	"dmabuf-trace stat",
	"Usage: dmabuf-trace stat [options] [COMMAND [ARGUMENT...]]\n"
	"Count and time all operations on dma-bufs, or the operations by COMMAND's\n"
	"processes and on the buffers that they export, until COMMAND exits, or until ^C.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, specs, 0 },
		{ NULL, tracing_events, TRACING },
		{ NULL, tracing_all, TRACING },
		{ NULL, tracing_user, TRACING },
		{ NULL, tracing_hooks, TRACING },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ OPTIONS_TABLE_TITLE, options_table, COMMON },
		{ NULL, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
	.runs = true,
};

static double seconds_since(uint64_t start)
{
	return (now_ns() - start) / 1e9;
}

/* Collect the rows of the table: since the start, or since the last table. */
static int collect(struct stat_run *s)
{
	struct model_operations swap = s->before;
	int err;

	s->rows.n = 0;
	if (s->interval) {
		s->before = s->now;
		s->now = swap;
	}
	err = events_operations(s->events, &s->now);
	for (uint32_t i = 0; i < s->now.n && !err; i++) {
		struct model_operation *row = &s->now.rows[i];

		if (row->histogram.count)
			err = rows_add(&s->rows, row);
	}
	return err;
}

/* Subtract the sums of the last table from the rows; give_back() restores the rows. */
static void take_away(struct stat_run *s, struct histogram *kept)
{
	for (uint32_t i = 0; i < s->rows.n; i++) {
		struct model_operation *row = (void *)s->rows.rows[i];
		const struct model_operation *old;

		kept[i] = row->histogram;
		old = operations_find(&s->before, row->type, row->direction, row->exporter,
				      row->device);
		if (old)
			histogram_subtract(&row->histogram, &old->histogram);
	}
}

static void give_back(struct stat_run *s, const struct histogram *kept, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		((struct model_operation *)s->rows.rows[i])->histogram = kept[i];
}

static void print_head(struct stat_run *s)
{
	struct tracing *t = &s->tracing;
	struct events_totals totals;
	struct utsname name;
	char safe[TEXT_SAFE_ROOM(256)];
	char **word;

	uname(&name);
	events_totals(s->events, &totals);
	if (t->command) {
		fputs(" dma-bufs of '", t->out);
		for (word = t->command; *word; word++) {
			text_safe(safe, sizeof(safe), *word);
			fprintf(t->out, "%s%s", word == t->command ? "" : " ", safe);
		}
		fputs("' (", t->out);
		if (t->all)
			fputs("the whole system", t->out);
		else
			fprintf(t->out, "tree of %" PRIu64 " process%s", totals.processes,
				totals.processes == 1 ? "" : "es");
		fputc(')', t->out);
	} else {
		fputs(" dma-bufs", t->out);
	}
	fprintf(t->out, ", %s, hooks %s\n\n", name.release, events_hooks_used(s->events));
}

static void print_foot(struct stat_run *s, double seconds, bool last, int status)
{
	double period = seconds - (s->interval ? s->printed : 0);
	struct histogram maps = { 0 };
	struct events_totals totals;
	struct events_lost lost;
	char peak[8], bytes[8];

	for (uint32_t i = 0; i < s->rows.n; i++) {
		const struct model_operation *row = s->rows.rows[i];

		if (row->type == EVENT_MAP)
			histogram_merge(&maps, &row->histogram);
	}
	events_totals(s->events, &totals);
	events_lost(s->events, &lost);
	fprintf(s->tracing.out, "\n%15s  peak bytes, %" PRIu64 " buffers%15" PRIu64
		" maps  %.1f/s  %s\n", text_size(peak, totals.peak_bytes), totals.peak_buffers,
		maps.count, period > 0 ? maps.count / period : 0, text_size(bytes, maps.bytes));
	if (maps.sum)
		fprintf(s->tracing.out, "%13.1f %%  of map time spent in fences",
			100.0 * maps.wait / maps.sum);
	else
		fprintf(s->tracing.out, "%15s  of map time spent in fences", "-");
	fprintf(s->tracing.out, "%9" PRIu64 " events lost, %" PRIu64 " missed by hooks\n",
		lost.dropped, lost.missed);
	fprintf(s->tracing.out, "%15.9f  seconds elapsed", seconds);
	if (s->tracing.command && last)
		fprintf(s->tracing.out, "%22s %d", "exit status", status);
	fputs("\n\n", s->tracing.out);
}

static int print_json(struct stat_run *s, const struct model *m, double seconds,
		      const struct output_options *options)
{
	FILE *out = s->tracing.out;
	struct events_totals totals;
	struct events_lost lost;
	int err;

	events_totals(s->events, &totals);
	events_lost(s->events, &lost);
	fprintf(out, "{\"time\":%.3f,\"seconds\":%.9f,\"hooks\":\"%s\",\"dropped\":%" PRIu64
		",\"missed\":%" PRIu64 ",\"processes\":%" PRIu64 ",\"peak_bytes\":%" PRIu64
		",\"peak_buffers\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"buffers\":%" PRIu64, m->time,
		seconds, events_hooks_used(s->events), lost.dropped, lost.missed, totals.processes,
		totals.peak_bytes, totals.peak_buffers, totals.live_bytes, totals.live_buffers);
	err = output_json_rows(out, &operation_view, m, &s->rows, options);
	output_json_end(out);
	return err;
}

static int print_rows(struct stat_run *s, double seconds, bool last, int status)
{
	struct tracing *t = &s->tracing;
	struct output_options options = {
		.columns = &t->columns,
		.no_header = t->common.no_header || (s->prints && t->common.format == OUTPUT_CSV),
		.bytes = t->common.bytes,
		.timed = s->interval != 0,
	};
	struct model m = { 0 };
	int err;

	m.time = clock_ns(CLOCK_REALTIME) / 1e9;
	s->prints++;
	switch (t->common.format) {
	case OUTPUT_JSON:
		return print_json(s, &m, seconds, &options);
	case OUTPUT_CSV:
		return output_csv(t->out, &operation_view, &m, &s->rows, &options);
	default:
		if (!t->common.no_header && (s->prints == 1 || !s->interval))
			print_head(s);
		err = output_table(t->out, &operation_view, &m, &s->rows, &options);
		if (!t->common.no_header && (last || s->interval))
			print_foot(s, seconds, last, status);
		return err;
	}
}

/* Prints one table. Returns 0 or -errno. */
static int print(struct stat_run *s, bool last, int status)
{
	double seconds = seconds_since(s->start);
	struct histogram *kept = NULL;
	uint32_t n;
	int err = collect(s);

	if (err)
		return err;
	n = s->rows.n;
	if (s->interval) {
		uint32_t i, left = 0;

		kept = calloc(n ? n : 1, sizeof(*kept));
		if (!kept)
			return -ENOMEM;
		take_away(s, kept);
		/* Move rows without new calls behind the printed rows */
		for (i = 0; i < n; i++) {
			const void *row = s->rows.rows[i];
			struct histogram was = kept[i];

			if (!((const struct model_operation *)row)->histogram.count)
				continue;
			s->rows.rows[i] = s->rows.rows[left];
			s->rows.rows[left] = row;
			kept[i] = kept[left];
			kept[left++] = was;
		}
		s->rows.n = left;
	}
	err = print_rows(s, seconds, last, status);
	if (kept)
		give_back(s, kept, n);
	free(kept);
	s->printed = seconds;
	return fflush(s->tracing.out) ? -EIO : err;
}

/* Wait until the end, and print a table at each interval. */
static int watch(struct stat_run *s, struct runner *runner)
{
	double next = s->interval / 1e3;
	int err = 0;

	while (!err && !runner_ended(runner)) {
		double left = next - seconds_since(s->start);

		tracing_look_again(&s->tracing, s->events);
		if (!s->interval) {
			runner_wait(1000);
			continue;
		}
		if (left > 0) {
			runner_wait(left * 1e3 + 1);
			continue;
		}
		err = print(s, false, 0);
		while (next <= seconds_since(s->start))
			next += s->interval / 1e3;
	}
	events_stop(s->events);
	if (!err)
		err = print(s, true, runner->status);
	return err;
}

static int run(struct stat_run *s)
{
	struct tracing *t = &s->tracing;
	struct runner runner;
	int status, err;

	t->events.to_histograms = true;
	status = tracing_begin(t, &runner, &s->events);
	if (status)
		return status;
	s->start = now_ns();
	status = tracing_start(t, &runner, s->events, "counting");
	err = status ? 0 : watch(s, &runner);
	t->written = !status && !err;
	if (!status && t->command)
		status = runner.status;
	if (err)
		status = tracing_fail(t, "cannot write %s: %s",
				      t->common.output ? t->common.output : "the counts",
				      strerror(-err));
	runner_cancel(&runner);
	events_close(s->events);
	operations_free(&s->now);
	operations_free(&s->before);
	rows_free(&s->rows);
	return status;
}

int stat_main(int argc, char **argv)
{
	struct stat_run s = { 0 };
	struct tracing *t = &s.tracing;
	int status;

	tracing_init(t, "dmabuf-trace stat");
	status = option_table_parse(&table, &s, argc, argv);
	if (t->common.format == OUTPUT_TEXT)
		t->shown = DEFAULT_COLUMNS;
	t->whole = !s.interval;
	if (status == OPTIONS_GO)
		status = tracing_prepare(t, &operation_view, argc, argv);
	return tracing_end(t, status == OPTIONS_GO ? run(&s) : status);
}
