// SPDX-License-Identifier: GPL-2.0
/* Options of the subcommands on events; see tracing.h. */
#include "trace/tracing.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "output/output.h"

void tracing_init(struct tracing *t, const char *command)
{
	memset(t, 0, sizeof(*t));
	options_init(&t->common, command);
	t->events.wanted = EVENT_SET_ALL & ~EVENT_SET_PROCESS;
	t->events.exact = true;
	t->events.filter = &t->common.filter;
}

static const char *stacks_name(unsigned int i)
{
	static const char *const names[] = { "kernel", "user", "both", NULL };

	return names[i];
}

const char *tracing_hooks_name(unsigned int i)
{
	return i < HOOKS_NONE ? events_hooks_name(i) : NULL;
}

static int parse_stacks(void *data, const struct option_use *use, const char *arg)
{
	int i = option_value_next(use, &arg);

	if (i < 0 || arg)
		return EXIT_USAGE;
	/* EVENTS_KERNEL_STACKS, EVENTS_USER_STACKS and their sum */
	((struct tracing *)data)->events.stacks = i + 1;
	return OPTIONS_GO;
}

static int parse_events(void *data, const struct option_use *use, const char *arg)
{
	struct tracing *t = data;
	int type;

	for (t->events.wanted = 0; arg; t->events.wanted |= EVENT_BIT(type)) {
		type = option_value_next(use, &arg);
		if (type < 0)
			return EXIT_USAGE;
	}
	return OPTIONS_GO;
}

#define AT(field) .at = offsetof(struct tracing, field)
#define ASKED .given = offsetof(struct tracing, asked)

const struct option_spec tracing_events[] = {
	{ "events", 'e', OPTION_CALL, "EVENT[,EVENT]", .parse = parse_events, .value = event_name, ASKED,
	  .help = "trace only the named events" },
	{ 0 }
};

const struct option_spec tracing_all[] = {
	{ "all", 'a', OPTION_FLAG, AT(all),
	  .help = "trace all processes, not only COMMAND's" },
	{ 0 }
};

const struct option_spec tracing_user[] = {
	{ "user", 'u', OPTION_TEXT, "USER", AT(user), .help = "run COMMAND as USER" },
	{ 0 }
};

const struct option_spec tracing_hooks[] = {
	{ "hooks", 0, OPTION_CHOICE, "HOOKS", AT(events.hooks), .value = tracing_hooks_name, ASKED,
	  .help = "use %s" },
	{ "ring-size", 0, OPTION_SIZE, "SIZE", AT(events.ring_bytes), ASKED, .least = 1,
	  .most = 1 << 30, .help = "reserve SIZE for unread events (default 8M)" },
	{ 0 }
};

const struct option_spec tracing_stacks[] = {
	{ "stacks", 0, OPTION_CALL, "STACKS", .optional = true, .otherwise = "both",
	  .parse = parse_stacks, .value = stacks_name, ASKED,
	  .help = "add stacks (%s; default both) to\nexport, get, mmap, attach, map, pin, vmap, begin" },
	{ 0 }
};

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

int tracing_open_output(struct tracing *t)
{
	const char *path = t->common.output;

	if (!path)
		return OPTIONS_GO;
	t->out = t->whole ? file_begin_stream(&t->file, path, FILE_PRIVATE) :
		 file_stream(path, FILE_PRIVATE);
	return t->out ? OPTIONS_GO : tracing_fail(t, "cannot write %s: %s", path, file_error(errno));
}

int tracing_prepare(struct tracing *t, const struct view *view, int argc, char **argv)
{
	int status;

	if (t->common.list_columns) {
		output_list_columns(stdout, view, 1);
		return EXIT_OK;
	}
	if (optind < argc)
		t->command = argv + optind;
	if (!t->command && (t->user || t->all))
		return options_usage(&t->common, "-u and -a require a COMMAND");
	if (t->command && t->common.filter.n_pids)
		return options_usage(&t->common, "-p cannot be used with a COMMAND");
	status = options_check(&t->common);
	if (status == OPTIONS_GO)
		status = options_columns(&t->common, view, t->shown, &t->columns);
	if (status != OPTIONS_GO)
		return status;
	t->out = t->command ? options_raw_stderr : stdout;
	return tracing_open_output(t);
}

int tracing_fail(const struct tracing *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	options_message(&t->common, format, args);
	va_end(args);
	fputc('\n', stderr);
	return t->command || t->gate ? EXIT_TOOL_FAILED : EXIT_FAILED;
}

static int open_events(struct tracing *t, struct events **events)
{
	char error[512], names[256] = "";
	size_t len = 0;
	uint64_t missing;

	if (events_open(events, &t->events, error, sizeof(error)))
		return tracing_fail(t, "%s", error);
	missing = events_unhooked(*events);
	for (unsigned int type = 0; type < EVENT_TYPES; type++)
		if (missing & EVENT_BIT(type))
			len += snprintf(names + len, sizeof(names) - len, " %s", event_name(type));
	if (missing == t->events.wanted) {
		events_close(*events);
		*events = NULL;
		return tracing_fail(t, "this kernel has no hooks (%s) for:%s; see 'dmabuf-trace doctor'",
				    events_hooks_name(t->events.hooks), names);
	}
	if (missing)
		fprintf(stderr, "%s: this kernel has no hooks (%s), not traced:%s\n", t->common.command,
			events_hooks_name(t->events.hooks), names);
	return 0;
}

int tracing_fork(const struct tracing *t, struct runner *runner)
{
	int err = runner_fork(runner, t);

	return err ? tracing_fail(t, "cannot start COMMAND: %s", strerror(-err)) : 0;
}

int tracing_begin(struct tracing *t, struct runner *runner, struct events **events)
{
	int status = tracing_fork(t, runner);

	if (status)
		return status;
	t->events.follow = t->all ? 0 : runner->pid;
	status = open_events(t, events);
	if (status)
		runner_cancel(runner);
	return status;
}

int tracing_start(const struct tracing *t, struct runner *runner, struct events *events,
		  const char *verb)
{
	events_start(events);
	if (!t->common.quiet && !t->command)
		fprintf(stderr, "%s: %s by %s; ^C ends\n", t->common.command, verb,
			events_hooks_used(events));
	return runner_go(runner);
}

void tracing_look_again(const struct tracing *t, struct events *events)
{
	char why[320];
	int change = events_look_again(events, why, sizeof(why));

	if (change < 0 || (change && !t->common.quiet))
		fprintf(stderr, "%s: %s\n", t->common.command, why);
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
