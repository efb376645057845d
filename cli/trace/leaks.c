// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace leaks: whether a command, or processes that run, leak dma-bufs: a gate for CI. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "model/snapshot.h"
#include "output/file.h"
#include "recording/replay.h"
#include "source/recorded_stack.h"
#include "source/source.h"
#include "source/symbols.h"
#include "trace/findings.h"
#include "trace/trace.h"
#include "trace/tracing.h"

#define EXIT_FINDINGS 23
/* How long events may wait in the ring; it holds more than come in this time. */
#define READ_MS 10

enum {
	OPT_SUPPRESSIONS = OPT_OWN + 16,	/* behind those of tracing.h */
	OPT_BASELINE,
	OPT_WRITE_BASELINE,
	OPT_JUNIT,
	OPT_FAIL_ON,
	OPT_STRICT,
	OPT_EXIT_CODE,
	OPT_SETTLE,
	OPT_MAX_AGE,
	OPT_UNSYNCED,
	OPT_ALLOW_LOST,
	OPT_DURATION,
};

static const struct option long_options[] = {
	{ "suppressions", required_argument, NULL, OPT_SUPPRESSIONS },
	{ "baseline", required_argument, NULL, OPT_BASELINE },
	{ "write-baseline", required_argument, NULL, OPT_WRITE_BASELINE },
	{ "fail-on", required_argument, NULL, OPT_FAIL_ON },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "exit-code", required_argument, NULL, OPT_EXIT_CODE },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "max-age", required_argument, NULL, OPT_MAX_AGE },
	{ "unsynced", no_argument, NULL, OPT_UNSYNCED },
	{ "allow-lost", no_argument, NULL, OPT_ALLOW_LOST },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "junit", required_argument, NULL, OPT_JUNIT },
	{ "pid", required_argument, NULL, 'p' },
	{ "replay", required_argument, NULL, 'r' },
	TRACING_HOOKS,
	OPTIONS_SOURCE,
	OPTIONS_LAST,
	{ 0 }
};

static const char help[] =
	"Usage: dmabuf-trace leaks [options] [--] COMMAND [ARGUMENT...]\n"
	"       dmabuf-trace leaks [options] -p PID[,PID] | -r FILE\n"
	"Runs COMMAND; tells which dma-bufs that it and its children exported leak.\n\n"
	"  -p, --pid=PID[,PID]      processes that run, until they end, or ^C,\n"
	"      --duration=SECONDS   or until then\n"
	"  -r, --replay=FILE        a recording: what all its processes exported\n"
	"  -u, --user=USER          run COMMAND as that user\n"
	"      --settle=SECONDS     wait as long at most for what goes after the end (2)\n"
	"What is a finding:\n"
	"      --max-age=SECONDS, --unsynced  alive and idle; mapped, never synced\n"
	"      --strict             fds and mappings left to an exit are errors\n"
	"      --fail-on=KIND[,KIND]  findings of these kinds fail, and no others\n"
	"      --suppressions=FILE  lines of leak:PATTERN, as for LeakSanitizer\n"
	"      --baseline=FILE      findings that are known do not fail;\n"
	"      --write-baseline=FILE  makes that file\n"
	"      --exit-code=N        if any finding fails (23)\n"
	"      --allow-lost         judge even where events were lost\n"
	"Output:\n"
	"      --json, --junit=FILE  for programs; a test case for each kind\n"
	"  -o, --output=FILE        write there instead of standard error\n"
	"      --hooks=HOOKS, --ring-size=SIZE  auto, tracepoint, kprobe; event room (8M)\n"
	"      --source=SOURCE      auto, bpf:iter, bpf:task: of what is there at the end\n"
	OPTIONS_LAST_HELP;

struct run {
	struct tracing tracing;
	struct leaks_options options;
	struct findings findings;
	struct leaks leaks;
	struct events *events;
	struct runner runner;
	struct replay *replay;		/* of a recording, with its stacks' names */
	struct symbols *symbols;
	struct source source;
	struct model end;
	double settle, duration;	/* seconds; duration 0: as long as they live */
	int exit_code;
	bool allow_lost;
	const char *suppressions, *baseline, *write_baseline, *junit, *recording;
	char incomplete[320];
};

static int take_kinds(struct run *r, const char *arg)
{
	for (;;) {
		size_t len = strcspn(arg, ",");
		unsigned int kind = leak_find(arg, len);

		if (kind == LEAK_KINDS) {
			fprintf(stderr, "%s: no kind '%.*s'; there are:",
				r->tracing.common.command, (int)len, arg);
			for (kind = 0; kind < LEAK_KINDS; kind++)
				fprintf(stderr, " %s", leak_name(kind));
			fputc('\n', stderr);
			return EXIT_USAGE + 1;
		}
		r->findings.fail_on |= 1u << kind;
		if (!arg[len])
			return 0;
		arg += len + 1;
	}
}

static int take_seconds(struct run *r, const char *name, const char *arg, double *seconds)
{
	*seconds = options_seconds(arg, 0, 1e6);
	if (*seconds < 0)
		return options_usage(&r->tracing.common, "%s takes seconds from 0 to 1000000: '%s'",
				     name, arg) + 1;
	return 0;
}

static int take_exit_code(struct run *r, const char *arg)
{
	char *end;
	long code = strtol(arg, &end, 10);

	if (end == arg || *end || code < 0 || code > 255)
		return options_usage(&r->tracing.common, "--exit-code takes 0 to 255: '%s'",
				     arg) + 1;
	r->exit_code = code;
	return 0;
}

static int take_option(struct run *r, int opt, const char *arg)
{
	double seconds;
	int status;

	switch (opt) {
	case OPT_SUPPRESSIONS:
		r->suppressions = arg;
		return 0;
	case OPT_BASELINE:
		r->baseline = arg;
		return 0;
	case OPT_WRITE_BASELINE:
		r->write_baseline = arg;
		return 0;
	case OPT_JUNIT:
		r->junit = arg;
		if (!findings_has_junit())
			return options_fail(&r->tracing.common,
					    "--junit needs libxml2, which this build is without") + 1;
		return 0;
	case OPT_FAIL_ON:
		return take_kinds(r, arg);
	case OPT_STRICT:
		r->options.strict = true;
		return 0;
	case OPT_EXIT_CODE:
		return take_exit_code(r, arg);
	case OPT_SETTLE:
		return take_seconds(r, "--settle", arg, &r->settle);
	case OPT_DURATION:
		return take_seconds(r, "--duration", arg, &r->duration);
	case OPT_MAX_AGE:
		status = take_seconds(r, "--max-age", arg, &seconds);
		if (!status)
			r->options.max_age = seconds > 0 ? seconds * 1e9 : 1;
		return status;
	case OPT_UNSYNCED:
		r->options.unsynced = true;
		return 0;
	case 'r':
		r->recording = arg;
		return 0;
	case OPT_ALLOW_LOST:
		r->allow_lost = true;
		return 0;
	default:
		return tracing_take(&r->tracing, opt, arg);
	}
}

static int fail(struct run *r, const char *format, const char *what)
{
	fprintf(stderr, "%s: ", r->tracing.common.command);
	fprintf(stderr, format, what);
	fputc('\n', stderr);
	return EXIT_TOOL_FAILED;
}

/* None of the files that are written is one of those that are read. As options_take(). */
static int check_files(const struct run *r)
{
	const struct options *o = &r->tracing.common;
	const char *const in[] = { r->recording, r->suppressions, r->baseline };
	const char *const out[] = { o->output, r->junit, r->write_baseline };
	int i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			if (in[i] && out[j] && options_check_output(o, in[i], out[j]))
				return EXIT_USAGE + 1;
	return 0;
}

/* What can be looked at only when all options are there. As options_take(). */
static int prepare(struct run *r, int argc, char **argv)
{
	struct tracing *t = &r->tracing;
	char error[512];

	if (optind < argc)
		t->command = argv + optind;
	if (t->command && t->common.filter.n_pids)
		return options_usage(&t->common, "-p or a COMMAND, not both") + 1;
	if (r->recording && (t->command || t->common.filter.n_pids))
		return options_usage(&t->common, "-r, -p or a COMMAND: one of them") + 1;
	if (!t->command && !t->common.filter.n_pids && !r->recording)
		return options_usage(&t->common, "whose? a COMMAND's, -p PID or -r FILE") + 1;
	if (!t->command && t->user)
		return options_usage(&t->common, "-u is about a COMMAND: there is none") + 1;
	if (t->command && r->duration)
		return options_usage(&t->common, "--duration is about -p") + 1;
	if (check_files(r))
		return EXIT_USAGE + 1;
	if (t->events.hooks == HOOKS_FENTRY)
		return options_usage(&t->common, "fentry misses events: no verdict is to be had of it") + 1;
	if ((r->suppressions && suppressions_read(&r->findings.suppressions, r->suppressions,
						  error, sizeof(error))) ||
	    (r->baseline && baseline_read(&r->findings.baseline, r->baseline, error,
					  sizeof(error))))
		return options_usage(&t->common, "%s", error) + 1;
	t->out = options_raw_stderr;
	if (t->common.output) {
		t->whole = true;
		t->out = file_begin_stream(&t->file, t->common.output, FILE_PRIVATE);
		if (!t->out) {
			snprintf(error, sizeof(error), "%.400s: %s", t->common.output,
				 file_error(errno));
			return fail(r, "cannot write %s", error) + 1;
		}
	}
	return 0;
}

static int take_event(void *ctx, const struct model_event *event)
{
	return leaks_take(ctx, event);
}

static int read_events(struct run *r)
{
	int n = events_read(r->events, take_event, &r->leaks);

	return n < 0 ? n : 0;
}

/* Until the command has ended, or for -p the processes, the time, or who asked. */
static int watch(struct run *r)
{
	uint64_t stop = r->duration ? now_ns() + (uint64_t)(r->duration * 1e9) : UINT64_MAX;
	int err = 0;

	while (!err && !runner_ended(&r->runner) && now_ns() < stop) {
		runner_wait(READ_MS);
		err = read_events(r);
		if (!r->tracing.command && !leaks_living(&r->leaks))
			break;
	}
	return err;
}

/*
 * Waits for what goes behind the end: until nothing is left, or for half of the time nothing
 * has changed, or the time is over.
 */
static int settle(struct run *r)
{
	uint64_t end = now_ns() + (uint64_t)(r->settle * 1e9), quiet = now_ns();
	uint64_t changes = UINT64_MAX;
	int err;

	for (;;) {
		err = read_events(r);
		if (err || (!r->leaks.alive && !leaks_living(&r->leaks)))
			return err;
		if (changes != r->leaks.changes)
			quiet = now_ns();
		changes = r->leaks.changes;
		if (now_ns() >= end || (now_ns() - quiet) / 1e9 >= r->settle / 2)
			return 0;
		runner_wait(READ_MS);
	}
}

/* What of the tree's is still there, if anything is. Where it cannot be seen: r->incomplete. */
static const struct model *look(struct run *r)
{
	if (!r->leaks.alive)
		return NULL;
	if (source_open(&r->source, r->tracing.common.source, NULL) ||
	    source_snapshot(&r->source, &r->end, NULL)) {
		snprintf(r->incomplete, sizeof(r->incomplete),
			 "what is still there cannot be seen: %.255s", r->source.error);
		return NULL;
	}
	if ((r->end.sees & MODEL_SEES_HOLDERS) && (r->end.sees & MODEL_SEES_KERNEL_ONLY))
		return &r->end;
	snprintf(r->incomplete, sizeof(r->incomplete), "%s does not see all that is still there: %s",
		 r->end.source, r->end.lacks ? r->end.lacks : "");
	return NULL;
}

static int add_frames(struct finding_frames *frames, const struct stack *stack)
{
	uint32_t i;

	for (i = 0; stack && i < stack->n; i++) {
		const struct stack_frame *from = &stack->frames[i];
		struct finding_frame *to = array_add(&frames->rows, &frames->n, &frames->room,
						     sizeof(*to));

		if (!to)
			return -ENOMEM;
		to->function = from->function;
		to->file = from->file;
		to->module = from->module;
		to->offset = from->offset;
		to->line = from->line;
		to->kernel = from->kernel;
	}
	return 0;
}

/* A stack by its number, of what runs or of a recording. */
static const struct stack *stack_of(struct run *r, uint64_t number)
{
	return r->replay ? recorded_stack(r->replay, r->symbols, number) :
		events_stack(r->events, number);
}

static int name_frames(void *ctx, struct leak_stack stack, struct finding_frames *frames)
{
	int err = add_frames(frames, stack_of(ctx, stack.kernel));

	return err ? err : add_frames(frames, stack_of(ctx, stack.user));
}

/* What hooks the kernel's functions may change meanwhile: by their names those stacks are one. */
static uint64_t settle_stack(void *ctx, uint64_t number)
{
	const struct stack *stack = stack_of(ctx, number);

	return stack ? stack->number : number;
}

static int judge(struct run *r)
{
	const struct model *end;
	struct events_lost lost;
	int err = settle(r);

	if (err)
		return err;
	end = look(r);
	events_stop(r->events);
	err = read_events(r);
	leaks_settle_stacks(&r->leaks, settle_stack, r);
	if (!err)
		err = leaks_judge(&r->leaks, end, now_ns());
	if (!err)
		err = findings_prepare(&r->findings, &r->leaks, name_frames, r);
	tracing_tell_stacks(&r->tracing, r->events);
	events_lost(r->events, &lost);
	r->findings.lost = lost.dropped + lost.missed;
	if (r->findings.lost && !r->allow_lost)
		snprintf(r->incomplete, sizeof(r->incomplete), "%" PRIu64
			 " events were lost (%" PRIu64 " for want of room: --ring-size; --allow-lost judges all the same)",
			 r->findings.lost, lost.dropped);
	if (*r->incomplete)
		r->findings.incomplete = r->incomplete;
	return err;
}

static int take_recorded(void *ctx, const struct model_event *event)
{
	struct run *r = ctx;

	r->leaks.end = event->raw.time;
	return leaks_take(&r->leaks, event);
}

static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	(void)time;
	((struct run *)ctx)->findings.lost += lost;
	return 0;
}

/* Its events, and its last snapshot for what was still there. */
static int judge_recording(struct run *r)
{
	const struct replay_taker taker = {
		.event = take_recorded, .lost = take_lost, .ctx = r,
	};
	const struct model *end = NULL;
	int err;

	r->replay = replay_new(source_file(&r->source), NULL);
	r->symbols = symbols_new();
	err = r->replay && r->symbols ? replay_run(r->replay, &taker, UINT32_MAX) : -ENOMEM;
	if (err)
		return err;
	if (r->leaks.alive && source_choose(&r->source, (int64_t)source_moments(&r->source) - 1) &&
	    !source_snapshot(&r->source, &r->end, NULL) &&
	    r->end.sees & MODEL_SEES_HOLDERS && r->end.sees & MODEL_SEES_KERNEL_ONLY)
		end = &r->end;
	if (r->leaks.alive && !end)
		snprintf(r->incomplete, sizeof(r->incomplete),
			 "it has no snapshot of all that was still there");
	if (!r->leaks.changes)
		snprintf(r->incomplete, sizeof(r->incomplete),
			 "it has no events: dmabuf-trace record writes them");
	if (source_damage(&r->source))
		snprintf(r->incomplete, sizeof(r->incomplete), "not all of it can be read: %.200s",
			 source_damage(&r->source));
	if (r->findings.lost && !r->allow_lost)
		snprintf(r->incomplete, sizeof(r->incomplete), "%" PRIu64 " events were lost",
			 r->findings.lost);
	if (*r->incomplete)
		r->findings.incomplete = r->incomplete;
	leaks_settle_stacks(&r->leaks, settle_stack, r);
	err = leaks_judge(&r->leaks, end, r->leaks.end);
	return err ? err : findings_prepare(&r->findings, &r->leaks, name_frames, r);
}

static void say_clean(struct run *r)
{
	uint64_t buffers = 0;
	uint32_t i;

	for (i = 0; i < r->leaks.n_processes; i++)
		buffers += r->leaks.processes[i].exported;
	fprintf(stderr, "%s: no leaks: %" PRIu64 " dma-buf%s by %u process%s\n",
		r->tracing.common.command, buffers, buffers == 1 ? "" : "s", r->leaks.n_processes,
		r->leaks.n_processes == 1 ? "" : "es");
}

/* The text goes to standard error unless a file is asked for, which may have JSON. */
static int report(struct run *r)
{
	struct tracing *t = &r->tracing;
	struct findings *s = &r->findings;
	bool json = t->common.format == OUTPUT_JSON;
	bool clean = !r->leaks.n_findings && !s->incomplete;
	char error[512];
	int err = 0;

	if (!json && (!clean || t->common.output))
		err = findings_text(t->out, s);
	else if (!clean && t->common.output)
		err = findings_text(stderr, s);
	if (json && !err)
		err = findings_json(t->out, s);
	if (clean && !t->common.quiet && !(json && !t->common.output))
		say_clean(r);
	if (getenv("GITHUB_ACTIONS"))
		findings_annotate(options_raw_stderr, s);
	if (err || fflush(t->out)) {
		snprintf(error, sizeof(error), "%.300s: %s",
			 t->common.output ? t->common.output : "the findings",
			 strerror(err && err != -EIO ? -err : errno));
		return fail(r, "cannot write %s", error);
	}
	t->written = true;
	err = r->junit ? findings_junit(r->junit, s) : 0;
	if (err) {
		snprintf(error, sizeof(error), "%.300s: %s", r->junit, strerror(-err));
		return fail(r, "cannot write %s", error);
	}
	if (r->write_baseline && baseline_write(r->write_baseline, s, error, sizeof(error)))
		return fail(r, "%s", error);
	return EXIT_OK;
}

/* The command's own failure is no less one for what else is found. */
static int verdict(struct run *r)
{
	struct findings_sum sum;
	int status = report(r);

	findings_sum(&r->findings, &sum);
	if (r->tracing.command && r->findings.status)
		return r->findings.status;
	if (status)
		return status;
	if (r->findings.incomplete)
		return EXIT_TOOL_FAILED;
	return sum.failing ? r->exit_code : EXIT_OK;
}

static int add_processes(struct run *r)
{
	const struct filter *filter = &r->tracing.common.filter;
	char path[64], comm[32];
	uint32_t i;
	int err = 0;

	if (r->tracing.command)
		return leaks_add_process(&r->leaks, r->runner.pid, NULL);
	for (i = 0; i < filter->n_pids && !err; i++) {
		FILE *in;

		snprintf(path, sizeof(path), "/proc/%u/comm", filter->pids[i]);
		in = fopen(path, "re");
		if (!in || !fgets(comm, sizeof(comm), in))
			*comm = '\0';
		comm[strcspn(comm, "\n")] = '\0';
		if (in)
			fclose(in);
		err = leaks_add_process(&r->leaks, filter->pids[i], *comm ? comm : NULL);
	}
	return err;
}

static int run(struct run *r)
{
	struct tracing *t = &r->tracing;
	const char *why = NULL;
	char error[512];
	int status, err;

	if (runner_fork(&r->runner, t, &why))
		return fail(r, "cannot run a process: %s", why);
	t->events.follow = t->command ? (uint32_t)r->runner.pid : t->common.filter.pids[0];
	r->findings.pid = t->events.follow;
	r->findings.command = t->command;
	if (events_open(&r->events, &t->events, error, sizeof(error))) {
		runner_cancel(&r->runner);
		return fail(r, "%s", error);
	}
	leaks_init(&r->leaks, &r->options);
	err = add_processes(r);
	events_start(r->events);
	if (!t->common.quiet && !t->command)
		fprintf(stderr, "%s: watching by %s; ^C ends\n", t->common.command,
			events_hooks_used(r->events));
	runner_go(&r->runner);
	if (!err)
		err = watch(r);
	r->leaks.end = now_ns();
	if (!err)
		err = judge(r);
	while (t->command && !runner_ended(&r->runner))
		runner_wait(1000);
	r->findings.status = r->runner.status;
	status = err ? fail(r, "cannot judge: %s", strerror(-err)) : verdict(r);
	events_close(r->events);
	return status;
}

static int run_recording(struct run *r)
{
	int err;

	r->options.everybody = true;
	leaks_init(&r->leaks, &r->options);
	if (source_open_recording(&r->source, r->recording))
		return fail(r, "%s", r->source.error);
	err = judge_recording(r);
	return err ? fail(r, "cannot judge: %s", strerror(-err)) : verdict(r);
}

int leaks_main(int argc, char **argv)
{
	struct run r = { .settle = 2, .exit_code = EXIT_FINDINGS };
	struct tracing *t = &r.tracing;
	int opt, status = 0;

	tracing_init(t, "dmabuf-trace leaks");
	t->events.wanted = EVENT_SET_JUDGED;
	t->events.to_ring = true;
	t->events.stacks = EVENTS_KERNEL_STACKS | EVENTS_USER_STACKS;
	while (!status &&
	       (opt = options_next(argc, argv, long_options, true)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			status = EXIT_OK + 1;
		} else {
			status = take_option(&r, opt, optarg);
		}
	}
	if (!status)
		status = prepare(&r, argc, argv);
	r.options.running = !t->command;
	if (!status)
		status = (r.recording ? run_recording(&r) : run(&r)) + 1;
	findings_free(&r.findings);
	leaks_free(&r.leaks);
	model_free(&r.end);
	replay_free(r.replay);
	symbols_free(r.symbols);
	source_close(&r.source);
	return tracing_end(t, status - 1);
}
