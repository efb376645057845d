// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace report: sums of a recording, or its events one by one. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "output/text.h"
#include "trace/report.h"
#include "trace/trace.h"

static const char *view_name(unsigned int i)
{
	return i < REPORT_VIEWS ? report_views[i].name : NULL;
}

#define AT(field) .at = offsetof(struct report, field)

static const struct option_spec specs[] = {
	{ "view", 0, OPTION_WORD, "VIEW", AT(view), .value = view_name,
	  .help = "print one table (default: all):\n%s" },
	{ "events", 0, OPTION_CALL, "EVENT,...", .optional = true, .parse = report_parse_events,
	  .value = event_name, .help = "print all events, or the named ones, one per line" },
	{ "sort", 0, OPTION_TEXT, "COLUMN", AT(sort),
	  .help = "sort events by COLUMN instead of arrival, in memory" },
	{ 0 }
};

#define COMMON offsetof(struct report, common)

static const struct option_table table = {
	"dmabuf-trace report",
	"Usage: dmabuf-trace report [options]\n"
	"Summarize a recording: peaks, holders, operations. Root is not required.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, report_input, 0 },
		{ NULL, specs, 0 },
		{ NULL, report_part, 0 },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ OPTIONS_TABLE_TITLE, options_table, COMMON },
		{ NULL, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
};

static int take_snapshot(void *ctx, uint32_t i)
{
	struct report *r = ctx;
	int err;

	source_choose(&r->source, i);
	err = source_snapshot(&r->source, &r->model, &r->common.filter);
	return err ? report_damaged(r, r->path, err) : summary_add(&r->summary, &r->model);
}

static int take_event(void *ctx, const struct model_event *event)
{
	struct report *r = ctx;

	return activity_event(&r->activity, event) ?: summary_event(&r->summary, event);
}

static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	((struct report *)ctx)->activity.lost += lost;
	return 0;
}

static int take_older(void *ctx, const struct replay_older *o)
{
	return activity_older(&((struct report *)ctx)->activity, o->ino, o->size, o->created,
			      o->exporter);
}

static int take_gone(void *ctx, uint64_t ino)
{
	struct report *r = ctx;

	activity_gone(&r->activity, ino);
	summary_gone(&r->summary, ino);
	return 0;
}

/* Read the whole recording. */
static int sum_up(struct report *r)
{
	const struct replay_taker taker = {
		.event = take_event, .lost = take_lost, .snapshot = take_snapshot,
		.older = take_older, .gone = take_gone, .ctx = r,
	};
	int err = replay_run(r->replay, &taker, UINT32_MAX);

	activity_finish(&r->activity);
	r->matches = r->activity.events + r->summary.seen;
	for (uint32_t i = 0; i < r->activity.n_slowest && !err; i++)
		err = report_name_stacks(r, &r->activity.slowest[i]);
	/* Include buffers that lived between two snapshots */
	if (r->activity.events && !report_is_narrowed(r) && r->activity.peak > r->summary.peak) {
		r->summary.peak = r->activity.peak;
		r->summary.peak_time = r->activity.peak_time / 1e9;
	}
	return err;
}

/* Whether the recorder closed the file. */
static bool ended(const struct report *r)
{
	return recording_text(source_file(&r->source), "end");
}

static void print_time(const struct report *r, double time)
{
	time_t seconds = time;
	char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	fputs(text, r->out);
}

static void print_text(const struct report *r, const char *label, const char *key)
{
	const char *text = recording_text(source_file(&r->source), key);
	char safe[TEXT_SAFE_ROOM(1024)];

	if (!text)
		return;
	text_safe(safe, sizeof(safe), text);
	fprintf(r->out, "%s%s", label, safe);
}

static void print_summary(const struct report *r)
{
	const struct summary *s = &r->summary;
	double apart = s->snapshots > 1 ? (s->last - s->first) / (s->snapshots - 1) : 0;
	char size[8], end[8];

	print_text(r, "", "host");
	print_text(r, "  ", "release");
	print_text(r, "  ", "machine");
	print_text(r, "  ", "source");
	print_text(r, "  hooks ", "hooks");
	print_text(r, "\n", "command");
	fputc('\n', r->out);
	if (s->snapshots) {
		print_time(r, s->first);
		fprintf(r->out, "  %.1f s  ", s->last - s->first);
	}
	fprintf(r->out, "%u snapshot%s  %" PRIu64 " event%s  %" PRIu64 " lost%s\n", s->snapshots,
		s->snapshots == 1 ? "" : "s", r->activity.events, r->activity.events == 1 ? "" : "s",
		r->activity.lost, ended(r) ? "" : "  truncated");
	if (s->snapshots || s->seen) {
		fprintf(r->out, "Buffers %" PRIu64 " seen   peak %s at ", s->seen,
			text_size(size, s->peak));
		print_time(r, s->peak_time);
		if (s->snapshots)
			fprintf(r->out, "   at the end %" PRIu64 "  %s", s->buffers,
				text_size(end, s->bytes));
		fputc('\n', r->out);
		if (s->snapshots > 1)
			fprintf(r->out, "Snapshots are %.*f s apart; between two, holders are those of the earlier snapshot\n",
				apart < 1 ? 2 : apart < 10, apart);
	}
}

static void print_json_summary(const struct report *r)
{
	const struct summary *s = &r->summary;
	bool more = false;

	fprintf(r->out, ",\"ended\":%s,\"snapshots\":%u,\"events\":%" PRIu64 ",\"lost\":%" PRIu64,
		ended(r) ? "true" : "false", s->snapshots, r->activity.events, r->activity.lost);
	fputs(",\"counts\":{", r->out);
	for (unsigned int type = 0; type < EVENT_TYPES; type++)
		if (r->activity.counts[type]) {
			fprintf(r->out, "%s\"%s\":%" PRIu64, more ? "," : "", event_name(type),
				r->activity.counts[type]);
			more = true;
		}
	fputc('}', r->out);
	if (s->snapshots)
		fprintf(r->out, ",\"first\":%.3f,\"last\":%.3f,\"seen\":%" PRIu64 ",\"peak\":%" PRIu64
			",\"peak_time\":%.3f,\"buffers\":%" PRIu64 ",\"bytes\":%" PRIu64, s->first,
			s->last, s->seen, s->peak, s->peak_time, s->buffers, s->bytes);
}

static const char *default_columns(const struct report *r, enum report_view view)
{
	if (view == REPORT_SLOWEST)
		return "time,pid,comm,ino,exporter,device,direction,duration,wait,error,node";
	if (view == REPORT_OPERATIONS && r->common.format == OUTPUT_TEXT)
		return "op,direction,exporter,device,count,errors,p50,p90,p99,max,sum,wait";
	return NULL;
}

static int print_report(struct report *r)
{
	const struct activity *a = &r->activity;
	const struct summary *s = &r->summary;
	const struct { const void *rows; uint32_t n; size_t size; } parts[REPORT_VIEWS] = {
		[REPORT_EXPORTERS] = { s->exporters, s->n_exporters, sizeof(*s->exporters) },
		[REPORT_PROCESSES] = { s->processes, s->n_processes, sizeof(*s->processes) },
		[REPORT_OPERATIONS] = { a->operations.rows, a->operations.n,
					sizeof(*a->operations.rows) },
		[REPORT_SLOWEST] = { a->slowest, a->n_slowest, sizeof(*a->slowest) },
		[REPORT_LONGEST] = { a->longest, a->n_longest, sizeof(*a->longest) },
	};
	bool json = r->common.format == OUTPUT_JSON, text = r->common.format == OUTPUT_TEXT;
	bool between = text && !r->common.no_header;
	int i, err = 0;

	if (json) {
		r->model.source = r->source.recorded;
		err = output_json_begin(r->out, &r->model);
		print_json_summary(r);
	} else if (between) {
		print_summary(r);
	}
	for (i = 0; i < REPORT_VIEWS && !err; i++) {
		if (r->view && strcmp(r->view, report_views[i].name))
			continue;
		/* Skip views of events in a recording without events */
		if (text && !r->view && i >= REPORT_OPERATIONS && !parts[i].n)
			continue;
		if (between)
			fputc('\n', r->out);
		if (between && text && i >= REPORT_SLOWEST)
			fprintf(r->out, "%s\n", report_views[i].title);
		between = !json;
		err = report_rows(r, &report_views[i], parts[i].rows, parts[i].n, parts[i].size,
				  default_columns(r, i));
	}
	if (json)
		output_json_end(r->out);
	return err;
}

/* CSV and a sorted list have no row for lost events. */
static void tell_lost(const struct report *r)
{
	if (r->activity.lost && (r->common.format == OUTPUT_CSV || r->sort))
		fprintf(stderr, "%s: %s: %" PRIu64 " events were lost\n", r->common.command,
			r->path, r->activity.lost);
}

static int report(struct report *r)
{
	int status = report_open(r, r->path), err;

	if (!status)
		status = report_replay(r);
	if (status)
		return status;
	if (r->events) {
		status = report_print(r, report_events);
		options_tell_damage(&r->common, &r->source, r->path);
		tell_lost(r);
		report_tell_empty(r);
		return status;
	}
	err = sum_up(r);
	options_tell_damage(&r->common, &r->source, r->path);
	if (err)
		return report_failed(r, r->path, err);
	status = report_print(r, print_report);
	tell_lost(r);
	report_tell_empty(r);
	return status;
}

int report_main(int argc, char **argv)
{
	struct report r = { .path = "dmabuf.data" };
	int status;

	options_init(&r.common, "dmabuf-trace report");
	activity_init(&r.activity);
	r.activity.ranks = true;
	status = report_parse(&r, argc, argv, &table, "; name a recording with -i FILE", report_views,
			      REPORT_VIEWS);
	if (status == OPTIONS_GO && r.view && r.events)
		status = options_usage(&r.common, "--view cannot be used with --events");
	if (status == OPTIONS_GO && r.sort && !r.events)
		status = options_usage(&r.common, "--sort requires --events");
	if (status == OPTIONS_GO && r.sort)
		status = options_column(&r.common, &event_view, r.sort);
	if (status == OPTIONS_GO)
		status = report(&r);
	report_release(&r);
	return status;
}
