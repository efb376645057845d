// SPDX-License-Identifier: GPL-2.0
/* Options of the subcommands that watch events; see tracing.h. */
#include "trace/tracing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "output/file.h"

#define EVERYTHING ((1u << EVENT_TYPES) - 1)
/* Told only where asked for: they are about processes, not about buffers */
#define PROCESSES (1u << EVENT_FORK | 1u << EVENT_EXEC | 1u << EVENT_EXIT | 1u << EVENT_LEFT)

void tracing_init(struct tracing *t, const char *command)
{
	memset(t, 0, sizeof(*t));
	options_init(&t->common, command);
	t->events.wanted = EVERYTHING & ~PROCESSES;
	t->events.exact = true;
	t->events.filter = &t->common.filter;
}

static int take_stacks(struct tracing *t, const char *arg)
{
	t->events.stacks = EVENTS_KERNEL_STACKS | EVENTS_USER_STACKS;
	if (arg && events_stacks_find(arg, &t->events.stacks))
		return options_usage(&t->common, "--stacks takes kernel, user or both: '%s'", arg) + 1;
	return 0;
}

static int no_such_event(const struct tracing *t, const char *name, size_t len)
{
	unsigned int type;

	fprintf(stderr, "%s: no event '%.*s'; there are:", t->common.command, (int)len, name);
	for (type = 0; type < EVENT_TYPES; type++)
		fprintf(stderr, " %s", event_name(type));
	fputc('\n', stderr);
	return EXIT_USAGE + 1;
}

static int take_events(struct tracing *t, const char *arg)
{
	t->events.wanted = 0;
	for (;;) {
		size_t len = strcspn(arg, ",");
		unsigned int type = event_find(arg, len);

		if (type == EVENT_TYPES)
			return no_such_event(t, arg, len);
		t->events.wanted |= 1u << type;
		if (!arg[len])
			return 0;
		arg += len + 1;
	}
}

int tracing_take(struct tracing *t, int opt, const char *arg)
{
	uint64_t size;

	switch (opt) {
	case 'e':
		return take_events(t, arg);
	case 'a':
		t->all = true;
		return 0;
	case 'u':
		t->user = arg;
		return 0;
	case OPT_HOOKS:
		if (events_hooks_find(arg, &t->events.hooks))
			return options_usage(&t->common, "no hooks '%s'; there are: auto tracepoint kprobe session fentry",
					     arg) + 1;
		return 0;
	case OPT_STACKS:
		return take_stacks(t, arg);
	case OPT_RING_SIZE:
		if (filter_parse_size(arg, &size) || !size || size > 1u << 30)
			return options_usage(&t->common, "--ring-size takes bytes, or K, M, up to 1G: '%s'",
					     arg) + 1;
		t->events.ring_bytes = size;
		return 0;
	default:
		return options_take(&t->common, opt, arg);
	}
}

void tracing_name_stacks(const struct tracing *t, struct events *events, struct model_event *event)
{
	if (!t->events.stacks)
		return;
	event->kernel = events_stack(events, event->kernel_stack);
	event->user = events_stack(events, event->user_stack);
}

void tracing_tell_stacks(const struct tracing *t, const struct events *events)
{
	struct events_stack_counts counts;

	if (!t->events.stacks || t->common.quiet)
		return;
	events_stack_counts(events, &counts);
	if (counts.lost)
		fprintf(stderr, "%s: %" PRIu64 " stacks lost\n", t->common.command, counts.lost);
	if (counts.kernel_lacks)
		fprintf(stderr, "%s: %s\n", t->common.command, counts.kernel_lacks);
}

static int no_such_column(const struct tracing *t, const struct view *view, char *name)
{
	const struct column *c;

	fprintf(stderr, "%s: no column '%s'; there are:", t->common.command, name);
	for (c = view->columns; c->name; c++)
		fprintf(stderr, " %s", c->name);
	fputc('\n', stderr);
	free(name);
	return EXIT_USAGE + 1;
}

int tracing_prepare(struct tracing *t, const struct view *view, int argc, char **argv)
{
	char *unknown = NULL;

	if (optind < argc)
		t->command = argv + optind;
	if (!t->command && (t->user || t->all))
		return options_usage(&t->common, "-u and -a are about a COMMAND: there is none") + 1;
	if (t->command && t->common.filter.n_pids)
		return options_usage(&t->common, "-p or a COMMAND, not both") + 1;
	if (column_list_parse(&t->columns, view, t->common.columns, &unknown) == -EINVAL)
		return no_such_column(t, view, unknown);
	t->out = t->command ? options_raw_stderr : stdout;
	if (t->common.output) {
		t->out = t->whole ? file_begin_stream(&t->file, t->common.output, FILE_PRIVATE) :
			 file_stream(t->common.output, FILE_PRIVATE);
		if (!t->out)
			return tracing_fail(t, "cannot write %s: %s", t->common.output,
					    file_error(errno)) + 1;
	}
	return 0;
}

int tracing_fail(const struct tracing *t, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", t->common.command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return t->command ? EXIT_TOOL_FAILED : EXIT_FAILED;
}

int tracing_open(struct tracing *t, struct events **events)
{
	char error[512], names[256] = "";
	size_t len = 0;
	uint32_t missing;
	unsigned int type;

	if (events_open(events, &t->events, error, sizeof(error)))
		return tracing_fail(t, "%s", error);
	missing = events_unhooked(*events);
	for (type = 0; type < EVENT_TYPES; type++)
		if (missing & 1u << type)
			len += snprintf(names + len, sizeof(names) - len, " %s", event_name(type));
	if (missing == t->events.wanted) {
		events_close(*events);
		*events = NULL;
		return tracing_fail(t, "this kernel has no hooks %s for:%s; 'dmabuf-trace doctor' tells more",
				    events_hooks_name(t->events.hooks), names);
	}
	if (missing)
		fprintf(stderr, "%s: not watched, no hooks %s for:%s\n", t->common.command,
			events_hooks_name(t->events.hooks), names);
	return 0;
}

int tracing_end(struct tracing *t, int status)
{
	int err = 0;

	if (t->common.output && t->out)
		err = t->whole ? file_end(&t->file, t->written ? 0 : -ECANCELED) :
		      fclose(t->out) ? -errno : 0;
	if (err && err != -ECANCELED && status != EXIT_USAGE)
		status = tracing_fail(t, "cannot write %s: %s", t->common.output, strerror(-err));
	free(t->columns.columns);
	options_free(&t->common);
	return status;
}
