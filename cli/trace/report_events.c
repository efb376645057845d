// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace report --events: print the events one per line, as recorded or sorted. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/stack_text.h"
#include "symbols/recorded_stack.h"
#include "symbols/symbols.h"
#include "trace/report.h"

struct listing {
	struct report *report;
	struct column_list columns;
	struct output_options options;
	/* With --sort */
	struct model_event *events;
	uint32_t n, room;
	struct intern strings;
};

int report_parse_events(void *data, const struct option_use *use, const char *arg)
{
	struct report *r = data;
	int type;

	r->events = true;
	r->wanted = arg && *arg ? 0 : EVENT_SET_ALL;
	while (arg && *arg) {
		type = option_value_next(use, &arg);
		if (type < 0)
			return EXIT_USAGE;
		r->wanted |= EVENT_BIT(type);
	}
	return OPTIONS_GO;
}

static int put(struct listing *l, const struct model_event *event)
{
	FILE *out = l->report->out;
	const void *rows[] = { event };
	struct rows one = { .rows = rows, .n = 1 };
	int err;

	switch (l->report->common.format) {
	case OUTPUT_JSON:
		return output_json_line(out, event, &l->columns);
	case OUTPUT_CSV:
		return output_csv(out, &event_view, NULL, &one, &l->options);
	default:
		err = output_line(out, event, &l->options);
		if (!err && !l->report->common.columns) {
			stack_print(out, event->kernel, "\t");
			stack_print(out, event->user, "\t");
		}
		return err;
	}
}

static int keep(struct listing *l, const struct model_event *event)
{
	struct model_event kept = *event;

	kept.comm = intern(&l->strings, event->comm, SIZE_MAX);
	kept.exporter = intern(&l->strings, event->exporter, SIZE_MAX);
	kept.device = intern(&l->strings, event->device, SIZE_MAX);
	kept.node = intern(&l->strings, event->node, SIZE_MAX);
	kept.text = intern(&l->strings, event->text, SIZE_MAX);
	kept.text2 = intern(&l->strings, event->text2, SIZE_MAX);
	return array_append(&l->events, &l->n, &l->room, &kept, sizeof(kept));
}

int report_name_stacks(struct report *r, struct model_event *event)
{
	if (!event->kernel_stack && !event->user_stack)
		return 0;
	if (!r->symbols)
		r->symbols = symbols_new();
	if (!r->symbols)
		return -ENOMEM;
	event->kernel = recorded_stack(r->replay, r->symbols, event->kernel_stack);
	event->user = recorded_stack(r->replay, r->symbols, event->user_stack);
	return 0;
}

static int take(void *ctx, const struct model_event *told)
{
	struct model_event event = *told;
	struct listing *l = ctx;
	int err;

	if (!(l->report->wanted & EVENT_BIT(event.raw.type)))
		return 0;
	l->report->matches++;
	err = report_name_stacks(l->report, &event);
	if (err)
		return err;
	return l->report->sort ? keep(l, &event) : put(l, &event);
}

/* Print lost events at their place, as live does; a sorted list has no place for them. */
static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	struct listing *l = ctx;

	l->report->activity.lost += lost;
	if (l->report->sort)
		return 0;
	if (l->report->common.format == OUTPUT_JSON)
		fprintf(l->report->out, "{\"event\":\"lost\",\"lost\":%" PRIu64 "}\n", lost);
	else if (l->report->common.format == OUTPUT_TEXT)
		fprintf(l->report->out, "--- %" PRIu64 " events lost ---\n", lost);
	return 0;
}

static int put_sorted(struct listing *l)
{
	struct rows rows = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < l->n && !err; i++)
		err = rows_add(&rows, &l->events[i]);
	if (!err)
		err = rows_sort(&rows, NULL, view_column(&event_view, l->report->sort), false);
	for (uint32_t i = 0; i < rows.n && !err; i++)
		err = put(l, rows.rows[i]);
	rows_free(&rows);
	return err;
}

/* The columns that fit on a line; -O, JSON and CSV have more. */
#define TEXT_COLUMNS "time,event,pid,comm,ino,exporter,size,device,direction,error,duration,wait"

int report_events(struct report *r)
{
	struct listing l = { .report = r };
	const struct replay_taker taker = { .event = take, .lost = take_lost, .ctx = &l };
	char *unknown = NULL;
	int err;

	err = column_list_parse(&l.columns, &event_view, r->common.columns,
				r->common.format == OUTPUT_TEXT ? TEXT_COLUMNS : NULL, &unknown);
	free(unknown);
	l.options = (struct output_options){
		.columns = &l.columns, .no_header = true, .bytes = r->common.bytes,
	};
	if (!err && !r->common.no_header && r->common.format == OUTPUT_TEXT)
		err = output_line(r->out, NULL, &l.options);
	else if (!err && !r->common.no_header && r->common.format == OUTPUT_CSV)
		err = output_csv(r->out, &event_view, NULL, &(struct rows){ 0 },
				 &(struct output_options){ .columns = &l.columns });
	if (!err)
		err = replay_run(r->replay, &taker, UINT32_MAX);
	if (!err && r->sort)
		err = put_sorted(&l);
	free(l.columns.columns);
	free(l.events);
	intern_free(&l.strings);
	return err;
}
