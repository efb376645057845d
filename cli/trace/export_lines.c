// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace export --format ndjson: events, losses, and who held how much, each on a line. */
#include <inttypes.h>
#include <stdlib.h>

#include "output/columns.h"
#include "trace/export.h"
#include "trace/report.h"

struct lines {
	struct report *report;
	struct column_list events, processes;
};

static int take_event(void *ctx, const struct model_event *event)
{
	struct lines *l = ctx;

	l->report->matches++;
	return output_json_line(l->report->out, event, &l->events);
}

static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	fprintf(((struct lines *)ctx)->report->out,
		"{\"event\":\"lost\",\"time\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n", time, lost);
	return 0;
}

static int take_snapshot(void *ctx, uint32_t i)
{
	struct lines *l = ctx;
	struct report *r = l->report;
	struct output_options options = { .columns = &l->processes };
	struct rows rows = { 0 };
	const struct view *view = &views[VIEW_PROCESSES];
	const struct recording *file = source_file(&r->source);
	uint64_t time = recording_snapshot_time(file, i) + recording_head(file)->realtime;
	int err;

	source_choose(&r->source, i);
	err = source_snapshot(&r->source, &r->model, &r->common.filter);
	if (err)
		return report_damaged(r, r->path, err);
	fprintf(r->out, "{\"event\":\"snapshot\",\"time\":%" PRIu64 ",\"buffers\":%" PRIu64 ",\"bytes\":%" PRIu64,
		time, r->model.totals.buffers, r->model.totals.bytes);
	err = rows_collect(&rows, view, &r->model, view_column(view, view->sort), false) ?:
	      output_json_rows(r->out, view, &r->model, &rows, &options);
	output_json_end(r->out);
	r->matches += rows.n;
	rows_free(&rows);
	return err;
}

int export_lines(struct report *r)
{
	struct lines l = { .report = r };
	const struct replay_taker taker = {
		.event = take_event, .lost = take_lost, .snapshot = take_snapshot, .ctx = &l,
	};
	char *unknown = NULL;
	int err = column_list_parse(&l.events, &event_view, r->common.columns, NULL, &unknown);

	if (!err)
		err = column_list_parse(&l.processes, &views[VIEW_PROCESSES],
					"pid,comm,buffers,rss,pss", NULL, &unknown);
	if (!err)
		err = replay_run(r->replay, &taker, UINT32_MAX);
	free(unknown);
	free(l.events.columns);
	free(l.processes.columns);
	return err;
}
