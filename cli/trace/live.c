// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace live: print each event on a line, as strace does for system calls. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/output.h"
#include "output/stack_text.h"
#include "output/text.h"
#include "trace/trace.h"
#include "trace/tracing.h"

struct live {
	struct tracing tracing;
	struct events *events;
	uint64_t shown;
	uint64_t lost;			/* as far as told */
	time_t second;			/* of the last event; a clock with time zones is slow */
	char clock[16];			/* then */
};

#define TRACING offsetof(struct live, tracing)
#define COMMON offsetof(struct live, tracing.common)

static const struct option_table table = {
	"dmabuf-trace live",
	"Usage: dmabuf-trace live [options] [COMMAND [ARGUMENT...]]\n"
	"Print events as they occur: all events, or the events of COMMAND's processes\n"
	"and of the buffers that these processes export.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, tracing_events, TRACING },
		{ NULL, tracing_all, TRACING },
		{ NULL, tracing_user, TRACING },
		{ NULL, tracing_hooks, TRACING },
		{ NULL, tracing_stacks, TRACING },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ OPTIONS_TABLE_TITLE, options_table, COMMON },
		{ NULL, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
	.runs = true,
};

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

static void put_safe(FILE *out, const char *text)
{
	char safe[TEXT_SAFE_ROOM(OUTPUT_STRING_MAX)];

	text_safe(safe, sizeof(safe), text);
	fputs(safe, out);
}

static void put_who(struct live *live, FILE *out, const struct model_event *e)
{
	time_t second = e->realtime / 1000000000;
	struct tm tm;

	if (second != live->second) {
		localtime_r(&second, &tm);
		strftime(live->clock, sizeof(live->clock), "%H:%M:%S", &tm);
		live->second = second;
	}
	fprintf(out, "%s.%06u ", live->clock, (unsigned int)(e->realtime % 1000000000 / 1000));
	put_safe(out, e->comm ? e->comm : "-");
	fprintf(out, "[%u", e->pid ? e->pid : e->raw.tid);
	if (e->pid && e->pid != e->raw.tid)
		fprintf(out, "/%u", e->raw.tid);
	fputs("]  ", out);
}

/* Print the arguments after the buffer. */
static void put_arguments(FILE *out, const struct model_event *e)
{
	const struct dmabuf_event *raw = &e->raw;
	const char *direction = direction_word(raw->type, raw->flags);
	char size[8];

	if (raw->type == EVENT_EXPORT || raw->type == EVENT_MMAP)
		fprintf(out, ", %s", text_size(size, raw->value));
	if (raw->type == EVENT_EXPORT) {
		fputs(", ", out);
		put_safe(out, e->exporter ? e->exporter : "-");
	}
	if (e->device) {
		fputs(", ", out);
		put_safe(out, e->device);
		if (raw->attachment && raw->type != EVENT_ATTACH)
			fprintf(out, " #%u", raw->attachment);
	}
	if (direction)
		fprintf(out, ", %s", direction);
	if (raw->type == EVENT_NAME) {
		fputs(", \"", out);
		put_safe(out, e->text ? e->text : "");
		fputc('"', out);
	}
	if (raw->type == EVENT_FENCE_WAIT && e->text) {
		fputs(raw->ino ? ", " : "", out);
		put_safe(out, e->text);
		fputc(' ', out);
		put_safe(out, e->text2);
	}
}

static void put_result(FILE *out, const struct model_event *e)
{
	const struct dmabuf_event *raw = &e->raw;
	bool call = event_is_call(raw->type);
	char took[16];

	if (raw->result < 0)
		fprintf(out, " = -%s", error_name(-raw->result));
	else if (raw->type == EVENT_ATTACH)
		fprintf(out, " = #%u", raw->attachment);
	else if (call || raw->type == EVENT_FD || raw->type == EVENT_GET)
		fprintf(out, " = %d", raw->result);
	if (call)
		fprintf(out, " <%s>", text_ns(took, raw->value));
	if (call && raw->wait && raw->type != EVENT_FENCE_WAIT)
		fprintf(out, " fence %s", text_ns(took, raw->wait));
	if (raw->type == EVENT_DETACH && raw->flags & EVENT_MAPPED)
		fputs(" while mapped", out);
	if (raw->type == EVENT_RELEASE && e->lifetime)
		fprintf(out, " lived %" PRIu64 ".%06us", e->lifetime / 1000000000,
			(unsigned int)(e->lifetime % 1000000000 / 1000));
	if (e->node) {
		fputs(" via ", out);
		put_safe(out, e->node);
	}
}

static void put_event(struct live *live, FILE *out, const struct model_event *e)
{
	put_who(live, out, e);
	fprintf(out, "%s(", event_name(e->raw.type));
	if (e->raw.type == EVENT_FORK)
		fprintf(out, "%u", e->raw.attachment);
	else if (e->raw.ino)
		fprintf(out, "%" PRIu64, (uint64_t)e->raw.ino);
	put_arguments(out, e);
	fputc(')', out);
	put_result(out, e);
	fputc('\n', out);
	stack_print(out, e->kernel, "\t");
	stack_print(out, e->user, "\t");
	if (e->kernel || e->user)
		fputc('\n', out);
}

static int take(void *ctx, const struct model_event *told)
{
	struct live *live = ctx;
	struct tracing *t = &live->tracing;
	struct model_event named = *told, *event = &named;
	const void *rows[] = { event };
	struct rows one = { .rows = rows, .n = 1 };
	struct output_options options = { .columns = &t->columns, .no_header = true };

	live->shown++;
	tracing_name_stacks(t, live->events, event);
	if (t->common.format == OUTPUT_JSON)
		return output_json_line(t->out, event, &t->columns);
	if (t->common.format == OUTPUT_CSV)
		return output_csv(t->out, &event_view, NULL, &one, &options);
	put_event(live, t->out, event);
	return ferror(t->out) ? -EIO : 0;
}

/* Report new lost events at their place in the output. */
static void tell_lost(struct live *live)
{
	struct events_lost lost;
	uint64_t all;

	events_lost(live->events, &lost);
	all = lost.dropped + lost.missed;
	if (all == live->lost)
		return;
	if (live->tracing.common.format == OUTPUT_JSON)
		fprintf(live->tracing.out, "{\"event\":\"lost\",\"lost\":%" PRIu64 "}\n",
			all - live->lost);
	else if (live->tracing.common.format == OUTPUT_TEXT)
		fprintf(live->tracing.out, "--- %" PRIu64 " events lost ---\n", all - live->lost);
	live->lost = all;
}

static int watch(struct live *live, struct runner *runner)
{
	struct tracing *t = &live->tracing;
	bool ended = false;
	int n;

	while (!ended) {
		runner_wait(READ_MS);
		ended = runner_ended(runner);
		if (ended)
			events_stop(live->events);
		tracing_look_again(t, live->events);
		n = events_read(live->events, take, live);
		if (n >= 0)
			tell_lost(live);
		if (n < 0 || fflush(t->out))
			return tracing_fail(t, "cannot write %s: %s",
					    t->common.output ? t->common.output : "the events",
					    strerror(n < 0 && n != -EIO ? -n : errno));
	}
	/* CSV has no line for lost events */
	if (!t->common.quiet || (live->lost && t->common.format == OUTPUT_CSV))
		fprintf(stderr, "%s: %" PRIu64 " event%s shown, %" PRIu64 " lost\n",
			t->common.command, live->shown, live->shown == 1 ? "" : "s", live->lost);
	tracing_tell_stacks(t, live->events);
	return t->command ? runner->status : EXIT_OK;
}

static int run(struct live *live)
{
	struct tracing *t = &live->tracing;
	struct runner runner;
	int status;

	t->events.to_ring = true;
	status = tracing_begin(t, &runner, &live->events);
	if (status)
		return status;
	if (t->common.format == OUTPUT_CSV && !t->common.no_header)
		output_csv(t->out, &event_view, NULL, &(struct rows){ 0 },
			   &(struct output_options){ .columns = &t->columns });
	status = tracing_start(t, &runner, live->events, "watching") ?: watch(live, &runner);
	events_close(live->events);
	return status;
}

int live_main(int argc, char **argv)
{
	struct live live = { 0 };
	struct tracing *t = &live.tracing;
	int status;

	tracing_init(t, "dmabuf-trace live");
	status = option_table_parse(&table, &live, argc, argv);
	if (status == OPTIONS_GO)
		status = tracing_prepare(t, &event_view, argc, argv);
	return tracing_end(t, status == OPTIONS_GO ? run(&live) : status);
}
