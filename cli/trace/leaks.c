// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace leaks: check a command or running processes for leaks of dma-bufs, for CI. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "model/model.h"
#include "recording/replay.h"
#include "symbols/recorded_stack.h"
#include "source/source.h"
#include "symbols/symbols.h"
#include "trace/findings.h"
#include "trace/trace.h"
#include "trace/tracing.h"

#define EXIT_FINDINGS 23

struct leaks_run {
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
	double max_age;			/* seconds */
	bool max_age_given;
	long exit_code;
	bool allow_lost, json;
	const char *suppressions, *baseline, *write_baseline, *junit, *recording;
	char incomplete[320];
};

/* fentry misses events, and a verdict requires all events. */
static const char *hooks_name(unsigned int i)
{
	return i < HOOKS_FENTRY ? tracing_hooks_name(i) : NULL;
}

static int parse_kinds(void *data, const struct option_use *use, const char *arg)
{
	struct leaks_run *r = data;
	int kind;

	while (arg) {
		kind = option_value_next(use, &arg);
		if (kind < 0)
			return EXIT_USAGE;
		r->findings.fail_on |= 1u << kind;
	}
	return OPTIONS_GO;
}

#define AT(field) .at = offsetof(struct leaks_run, field)
#define SECONDS .least = 0, .most = 1e6

static const struct option_spec processes[] = {
	{ "duration", 0, OPTION_SECONDS, "SECONDS", AT(duration), SECONDS,
	  .help = "stop checking the processes of -p after SECONDS" },
	{ "replay", 'r', OPTION_TEXT, "FILE", AT(recording),
	  .help = "check all processes of a recording" },
	{ 0 }
};

static const struct option_spec settling[] = {
	{ "settle", 0, OPTION_SECONDS, "SECONDS", AT(settle), SECONDS,
	  .help = "wait up to SECONDS after exit for release (default 2)" },
	{ 0 }
};

static const struct option_spec judging[] = {
	{ "max-age", 0, OPTION_SECONDS, "SECONDS", AT(max_age), SECONDS,
	  .given = offsetof(struct leaks_run, max_age_given),
	  .help = "report idle buffers; unsynced mappings" },
	{ "unsynced", 0, OPTION_FLAG, AT(options.unsynced) },
	{ "strict", 0, OPTION_FLAG, AT(options.strict),
	  .help = "count fds and mappings left at exit as errors" },
	{ "fail-on", 0, OPTION_CALL, "KIND[,KIND]", .parse = parse_kinds, .value = leak_name,
	  .help = "fail only for findings of KIND (default: errors)" },
	{ "suppressions", 0, OPTION_TEXT, "FILE", AT(suppressions),
	  .help = "suppress leak:PATTERN lines, as LeakSanitizer does" },
	{ "baseline", 0, OPTION_TEXT, "FILE", AT(baseline),
	  .help = "ignore known findings; save them" },
	{ "write-baseline", 0, OPTION_TEXT, "FILE", AT(write_baseline) },
	{ "exit-code", 0, OPTION_NUMBER, "N", AT(exit_code), .most = 255,
	  .help = "exit with N if a finding fails (default 23)" },
	{ "allow-lost", 0, OPTION_FLAG, AT(allow_lost),
	  .help = "judge even if events are lost" },
	{ 0 }
};

static const struct option_spec printing[] = {
	{ "json", 0, OPTION_FLAG, AT(json), .help = "print JSON; write a test case for each kind" },
	{ "junit", 0, OPTION_TEXT, "FILE", AT(junit) },
	{ "output", 'o', OPTION_TEXT, "FILE", AT(tracing.common.output),
	  .help = "write to FILE instead of standard error" },
	{ "hooks", 0, OPTION_CHOICE, "HOOKS", AT(tracing.events.hooks), .value = hooks_name,
	  .help = "use %s" },
	{ "ring-size", 0, OPTION_SIZE, "SIZE", AT(tracing.events.ring_bytes), .least = 1,
	  .most = 1 << 30, .help = "reserve SIZE for unread events (default 8M)" },
	{ 0 }
};

#define TRACING offsetof(struct leaks_run, tracing)
#define COMMON offsetof(struct leaks_run, tracing.common)

static const struct option_table table = {
	"dmabuf-trace leaks",
	"Usage: dmabuf-trace leaks [options] [--] COMMAND [ARGUMENT...]\n"
	"       dmabuf-trace leaks [options] -p PID[,PID] | -r FILE\n"
	"Run COMMAND and report leaks of the dma-bufs that its processes export.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, options_pid, COMMON },
		{ NULL, processes, 0 },
		{ NULL, tracing_user, TRACING },
		{ NULL, settling, 0 },
		{ "Findings:", judging, 0 },
		{ "Output:", printing, 0 },
		{ NULL, options_source, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
	.runs = true,
};

/* Reject an output file that is also an input file. OPTIONS_GO or an exit status. */
static int check_files(const struct leaks_run *r)
{
	const struct options *o = &r->tracing.common;
	const char *const in[] = { r->recording, r->suppressions, r->baseline };
	const char *const out[] = { o->output, r->junit, r->write_baseline };
	int i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			if (in[i] && out[j] && options_check_output(o, in[i], out[j]))
				return EXIT_USAGE;
	return OPTIONS_GO;
}

/* Check combinations of options, and read the files. OPTIONS_GO or an exit status. */
static int prepare(struct leaks_run *r, int argc, char **argv)
{
	struct tracing *t = &r->tracing;
	char error[512];

	if (optind < argc)
		t->command = argv + optind;
	if (t->command && t->common.filter.n_pids)
		return options_usage(&t->common, "-p cannot be used with a COMMAND");
	if (r->recording && (t->command || t->common.filter.n_pids))
		return options_usage(&t->common, "-r cannot be used with -p or a COMMAND");
	if (!t->command && !t->common.filter.n_pids && !r->recording)
		return options_usage(&t->common, "nothing to check: give a COMMAND, -p PID or -r FILE");
	if (!t->command && t->user)
		return options_usage(&t->common, "-u requires a COMMAND");
	if (t->command && r->duration)
		return options_usage(&t->common, "--duration requires -p");
	if (options_check(&t->common) != OPTIONS_GO || check_files(r) != OPTIONS_GO)
		return EXIT_USAGE;
	if ((r->suppressions && suppressions_read(&r->findings.suppressions, r->suppressions,
						  error, sizeof(error))) ||
	    (r->baseline && baseline_read(&r->findings.baseline, r->baseline, error,
					  sizeof(error))))
		return options_usage(&t->common, "%s", error);
	t->out = options_raw_stderr;
	t->whole = true;
	return tracing_open_output(t);
}

static int take_event(void *ctx, const struct model_event *event)
{
	return leaks_take(ctx, event);
}

static int read_events(struct leaks_run *r)
{
	int n;

	tracing_look_again(&r->tracing, r->events);
	n = events_read(r->events, take_event, &r->leaks);
	return n < 0 ? n : 0;
}

/* Read events until the command exits; with -p, until the processes exit, the time ends, or ^C. */
static int watch(struct leaks_run *r)
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
 * Wait for releases after exit: until no buffer is left, until nothing changes for half of the
 * time, or until the time is over.
 */
static int settle(struct leaks_run *r)
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

/* Return a snapshot of the remaining buffers, or NULL: none, or unknown (r->incomplete). */
static const struct model *look(struct leaks_run *r)
{
	if (!r->leaks.alive)
		return NULL;
	if (source_open(&r->source, r->tracing.common.source, NULL) ||
	    source_snapshot(&r->source, &r->end, NULL)) {
		snprintf(r->incomplete, sizeof(r->incomplete),
			 "cannot list the remaining buffers: %.255s", r->source.error);
		return NULL;
	}
	if ((r->end.sees & MODEL_SEES_HOLDERS) && (r->end.sees & MODEL_SEES_KERNEL_ONLY))
		return &r->end;
	snprintf(r->incomplete, sizeof(r->incomplete), "%s does not see all remaining buffers: %s",
		 r->end.source, r->end.lacks ? r->end.lacks : "");
	return NULL;
}

static int add_frames(struct finding_frames *frames, const struct stack *stack)
{
	int err = 0;

	for (uint32_t i = 0; stack && i < stack->n && !err; i++)
		err = array_append(&frames->rows, &frames->n, &frames->room, &stack->frames[i],
				   sizeof(*frames->rows));
	return err;
}

/* The stack of a number, of running processes or of a recording. */
static const struct stack *stack_of(struct leaks_run *r, uint64_t number)
{
	return r->replay ? recorded_stack(r->replay, r->symbols, number) :
		events_stack(r->events, number);
}

static int name_frames(void *ctx, struct leak_stack stack, struct finding_frames *frames)
{
	return add_frames(frames, stack_of(ctx, stack.kernel)) ?:
	       add_frames(frames, stack_of(ctx, stack.user));
}

/* Hooks on the kernel's functions may change: stacks with equal names are one. */
static uint64_t settle_stack(void *ctx, uint64_t number)
{
	const struct stack *stack = stack_of(ctx, number);

	return stack ? stack->number : number;
}

static int judge(struct leaks_run *r)
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
			 " events were lost, %" PRIu64 " for lack of room; use a larger --ring-size, or --allow-lost to judge anyway",
			 r->findings.lost, lost.dropped);
	if (*r->incomplete)
		r->findings.incomplete = r->incomplete;
	return err;
}

static int take_recorded(void *ctx, const struct model_event *event)
{
	struct leaks_run *r = ctx;

	r->leaks.end = event->raw.time;
	return leaks_take(&r->leaks, event);
}

static int take_lost(void *ctx, uint64_t time, uint64_t lost)
{
	((struct leaks_run *)ctx)->findings.lost += lost;
	return 0;
}

/* Judge the events of a recording, and the last snapshot for the remaining buffers. */
static int judge_recording(struct leaks_run *r)
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
			 "the recording has no snapshot of all remaining buffers");
	if (!r->leaks.changes)
		snprintf(r->incomplete, sizeof(r->incomplete),
			 "the recording has no events; see 'dmabuf-trace doctor' and record again");
	if (source_damage(&r->source))
		snprintf(r->incomplete, sizeof(r->incomplete), "not all of the recording is readable: %.200s",
			 source_damage(&r->source));
	if (r->findings.lost && !r->allow_lost)
		snprintf(r->incomplete, sizeof(r->incomplete), "%" PRIu64 " events were lost; use --allow-lost to judge anyway",
			 r->findings.lost);
	if (*r->incomplete)
		r->findings.incomplete = r->incomplete;
	leaks_settle_stacks(&r->leaks, settle_stack, r);
	err = leaks_judge(&r->leaks, end, r->leaks.end);
	return err ? err : findings_prepare(&r->findings, &r->leaks, name_frames, r);
}

static void say_clean(struct leaks_run *r)
{
	uint64_t buffers = 0;

	for (uint32_t i = 0; i < r->leaks.n_processes; i++)
		buffers += r->leaks.processes[i].exported;
	fprintf(stderr, "%s: no leaks: %" PRIu64 " dma-buf%s by %u process%s\n",
		r->tracing.common.command, buffers, buffers == 1 ? "" : "s", r->leaks.n_processes,
		r->leaks.n_processes == 1 ? "" : "es");
}

/* Print the text to standard error, or to the file of -o, which may have JSON. */
static int report(struct leaks_run *r)
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
	if (err || fflush(t->out))
		return tracing_fail(t, "cannot write %s: %s",
				    t->common.output ? t->common.output : "the findings",
				    strerror(err && err != -EIO ? -err : errno));
	t->written = true;
	err = r->junit ? findings_junit(r->junit, s) : 0;
	if (err)
		return tracing_fail(t, "cannot write %s: %s", r->junit, strerror(-err));
	if (r->write_baseline && baseline_write(r->write_baseline, s, error, sizeof(error)))
		return tracing_fail(&r->tracing, "%s", error);
	return EXIT_OK;
}

/* The status of a failed command takes precedence over findings. */
static int verdict(struct leaks_run *r)
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

static int add_processes(struct leaks_run *r)
{
	const struct filter *filter = &r->tracing.common.filter;
	char path[64], comm[32];
	int err = 0;

	if (r->tracing.command)
		return leaks_add_process(&r->leaks, r->runner.pid, NULL);
	for (uint32_t i = 0; i < filter->n_pids && !err; i++) {
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

/* Watch until the end, judge, and report. err: of the start. Return an exit status. */
static int check(struct leaks_run *r, int err)
{
	if (!err)
		err = watch(r);
	r->leaks.end = now_ns();
	if (!err)
		err = judge(r);
	while (r->tracing.command && !runner_ended(&r->runner))
		runner_wait(1000);
	r->findings.status = r->runner.status;
	return err ? tracing_fail(&r->tracing, "cannot judge: %s", strerror(-err)) : verdict(r);
}

static int run(struct leaks_run *r)
{
	struct tracing *t = &r->tracing;
	char error[512];
	int err, status = tracing_fork(t, &r->runner);

	if (status)
		return status;
	t->events.follow = t->command ? (uint32_t)r->runner.pid : t->common.filter.pids[0];
	r->findings.pid = t->events.follow;
	r->findings.command = t->command;
	if (events_open(&r->events, &t->events, error, sizeof(error))) {
		runner_cancel(&r->runner);
		return tracing_fail(&r->tracing, "%s", error);
	}
	leaks_init(&r->leaks, &r->options);
	err = add_processes(r);
	status = tracing_start(t, &r->runner, r->events, "watching");
	if (!status)
		status = check(r, err);
	events_close(r->events);
	return status;
}

static int run_recording(struct leaks_run *r)
{
	int err;

	r->options.everybody = true;
	leaks_init(&r->leaks, &r->options);
	if (source_open_recording(&r->source, r->recording))
		return tracing_fail(&r->tracing, "%s", r->source.error);
	err = judge_recording(r);
	return err ? tracing_fail(&r->tracing, "cannot judge: %s", strerror(-err)) : verdict(r);
}

int leaks_main(int argc, char **argv)
{
	struct leaks_run r = { .settle = 2, .exit_code = EXIT_FINDINGS };
	struct tracing *t = &r.tracing;
	int status;

	tracing_init(t, "dmabuf-trace leaks");
	t->gate = true;
	t->events.wanted = EVENT_SET_JUDGED;
	t->events.to_ring = true;
	t->events.stacks = EVENTS_KERNEL_STACKS | EVENTS_USER_STACKS;
	status = option_table_parse(&table, &r, argc, argv);
	if (r.json)
		t->common.format = OUTPUT_JSON;
	if (r.max_age_given)
		r.options.max_age = r.max_age > 0 ? r.max_age * 1e9 : 1;
	if (status == OPTIONS_GO)
		status = prepare(&r, argc, argv);
	r.options.running = !t->command;
	if (status == OPTIONS_GO)
		status = r.recording ? run_recording(&r) : run(&r);
	findings_free(&r.findings);
	leaks_free(&r.leaks);
	model_free(&r.end);
	replay_free(r.replay);
	symbols_free(r.symbols);
	source_close(&r.source);
	return tracing_end(t, status);
}
