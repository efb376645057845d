// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace record: write events and snapshots to a file, which is readable after SIGKILL. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "output/text.h"
#include "trace/record.h"
#include "trace/trace.h"

/* Longest wait of a loss before its count, of data before the write */
#define LOST_SECONDS	0.1
#define FLUSH_SECONDS	1

#define MIN_SIZE	(1u << 16)	/* of --max-size: header, names, one snapshot */
#define FLIGHT_SIZE	(256u << 20)	/* of memory, unless --max-size says */

static volatile sig_atomic_t asked_to_dump;

static void ask_to_dump(int number)
{
	asked_to_dump = 1;
}

static int parse_trigger(void *data, const struct option_use *use, const char *arg)
{
	struct record *r = data;

	return record_parse_trigger(r, arg) ?
		options_usage(&r->tracing.common, "invalid --trigger '%s' (expected EVENT>TIME with ns, us, ms or s, such as map>5ms)",
			      arg) : OPTIONS_GO;
}

#define AT(field) .at = offsetof(struct record, field)

static const struct option_spec specs[] = {
	{ "output", 'o', OPTION_TEXT, "FILE", AT(path), .help = "write to FILE (default dmabuf.data)" },
	{ "tree", 'F', OPTION_FLAG, AT(tree),
	  .help = "record only COMMAND's processes and their buffers" },
	{ "snapshot", 0, OPTION_SECONDS, "SECONDS", AT(interval), .least = 0.01, .most = 86400,
	  .zero = true, .help = "snapshot every SECONDS; 0: start and end (default 1)" },
	{ "max-size", 0, OPTION_SIZE, "SIZE", AT(options.max_size), .least = MIN_SIZE,
	  .help = "stop before the file exceeds SIZE (K, M, G)" },
	{ "compress", 0, OPTION_NUMBER, "LEVEL", .optional = true, .otherwise = "3", AT(level),
	  .least = 1, .most = 19, .help = "compress with zstd, LEVEL 1 to 19 (default 3)" },
	{ "flight", 0, OPTION_SECONDS, "SECONDS", AT(flight), .least = 0.1, .most = 86400,
	  .help = "keep last SECONDS (256M); write at exit and SIGUSR2" },
	{ "trigger", 0, OPTION_CALL, "EVENT>TIME", .parse = parse_trigger,
	  .help = "also write if EVENT exceeds TIME, such as map>5ms" },
	{ 0 }
};

#define TRACING offsetof(struct record, tracing)
#define COMMON offsetof(struct record, tracing.common)

static const struct option_table table = {
	"dmabuf-trace record",
	"Usage: dmabuf-trace record [options] [-- COMMAND...]\n"
	"Record the events and the holders of dma-bufs until COMMAND exits, or until ^C.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, specs, 0 },
		{ NULL, tracing_events, TRACING },
		{ NULL, tracing_user, TRACING },
		{ NULL, tracing_hooks, TRACING },
		{ NULL, tracing_stacks, TRACING },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ NULL, options_source, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
	.runs = true,
};

/* The words as one line, for people. */
static char *join(char **words, int n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	for (int i = 0; out && i < n; i++)
		fprintf(out, "%s%s", i ? " " : "", words[i]);
	if (out)
		fclose(out);
	return text;
}

static int create(struct record *r, int argc, char **argv)
{
	char release[80], host[80], machine[80], source[64], hooks[80];
	char *words = join(argv, argc), *command = NULL;
	struct recording_about about = { .memory = r->source.memory };
	const char *texts[9] = { release, host, machine, source, "tool=dmabuf-trace " VERSION };
	struct utsname name;
	int err, n = 5;

	uname(&name);
	snprintf(release, sizeof(release), "release=%s", r->source.release);
	snprintf(host, sizeof(host), "host=%s", r->source.host);
	snprintf(machine, sizeof(machine), "machine=%s", name.machine);
	snprintf(source, sizeof(source), "source=%s", r->source.ops->name);
	if (r->events) {
		snprintf(hooks, sizeof(hooks), "hooks=%s", events_hooks_used(r->events));
		texts[n++] = hooks;
	}
	if (record_is_filtered(r))
		texts[n++] = "filter=yes";
	if (words && asprintf(&command, "command=%s", words) >= 0)
		texts[n++] = command;
	about.start = now_ns();
	about.realtime = clock_offset();
	about.boottime = clock_ns(CLOCK_BOOTTIME) - now_ns();
	about.texts = texts;
	err = recording_create(&r->writer, r->file.fd, &about, &r->options);
	free(words);
	free(command);
	return err;
}

/* Record the names of the numbers in a snapshot. */
static int add_names(struct record *r)
{
	const struct model *m = &r->model;
	int err = 0;

	for (uint32_t i = 0; i < m->n_processes && !err; i++)
		if (m->processes[i].cgroup)
			err = recording_add_name(r->writer, RECORDING_CGROUP,
						 m->processes[i].cgroup_id,
						 m->processes[i].cgroup, NULL);
	for (uint32_t i = 0; i < m->n_nodes && !err; i++)
		if (m->nodes[i].path)
			err = recording_add_name(r->writer, RECORDING_RDEV, m->nodes[i].rdev,
						 m->nodes[i].path, NULL);
	for (uint32_t i = 0; i < m->n_devices && !err; i++)
		if (m->devices[i].nodes)
			err = recording_add_name(r->writer, RECORDING_DEVICE_NODES, 0,
						 m->devices[i].device, m->devices[i].nodes);
	return err;
}

/* Return 0 or the error of the source. A failed write sets r->error. */
static int take_snapshot(struct record *r)
{
	const struct records *records;
	struct recording_moment moment;
	uint64_t time;
	int err;

	/* Earlier events go before the snapshot */
	r->error = record_read_events(r, true);
	if (r->error)
		return 0;
	time = now_ns();
	err = record_snapshot(r, &records);
	if (err) {
		if (!r->snapshot_failed && !r->tracing.common.quiet)
			fprintf(stderr, "%s: cannot take a snapshot: %s\n", r->tracing.common.command,
				r->source.error);
		r->snapshot_failed = true;
		return err;
	}
	moment = (struct recording_moment){
		.realtime = r->model.time * 1e9, .sees = r->model.sees,
	};
	r->error = add_names(r);
	if (!r->error)
		r->error = recording_add_snapshot(r->writer, time, &moment, r->model.lacks,
						  records->bytes, records->len);
	return 0;
}

static void dump(struct record *r)
{
	asked_to_dump = 0;
	r->triggered = false;
	take_snapshot(r);
	if (!r->error)
		r->error = r->options.keep ? recording_dump(r->writer) : recording_flush(r->writer);
	if (!r->error && !r->tracing.common.quiet)
		fprintf(stderr, "%s: written to %s\n", r->tracing.common.command, r->path);
}

static void show_progress(struct record *r, bool last)
{
	struct recording_totals t;
	double seconds = now_seconds() - r->start;
	char size[8], events[8], rate[8];

	recording_totals(r->writer, &t);
	if (r->progress)
		fprintf(options_raw_stderr, "\r\033[K%.0f s  %s events  %s/s  %" PRIu64 " snapshot%s  %s  %" PRIu64 " lost",
			seconds, text_count(events, t.events),
			text_count(rate, seconds > 0 ? t.events / seconds : 0), t.snapshots,
			t.snapshots == 1 ? "" : "s", text_size(size, t.bytes + t.held), t.lost);
	if (r->progress && last)
		fputs("\r\033[K", options_raw_stderr);
	if (last && !r->tracing.common.quiet)
		fprintf(stderr, "%s: %.1f s, %" PRIu64 " snapshot%s, %" PRIu64 " event%s, %" PRIu64 " lost, %s in %s\n",
			r->tracing.common.command, seconds, t.snapshots,
			t.snapshots == 1 ? "" : "s", t.events, t.events == 1 ? "" : "s", t.lost,
			text_size(size, t.bytes), r->path);
}

/* Record until a signal, the end of the command, or a failed write. */
static void record(struct record *r)
{
	double next = r->start + r->interval, flush = r->start + FLUSH_SECONDS, lost = r->start;

	while (!r->error && !runner_ended(&r->runner)) {
		double time = now_seconds(), left = r->interval ? (next - time) * 1000 : READ_MS;

		runner_wait(left < 0 ? 0 : left < READ_MS ? (int)left + 1 : READ_MS);
		time = now_seconds();
		r->error = record_read_events(r, time >= lost);
		if (time >= lost)
			lost = time + LOST_SECONDS;
		if (!r->error && (asked_to_dump || r->triggered))
			dump(r);
		/* Missed snapshots are not repeated */
		if (!r->error && r->interval && now_seconds() >= next) {
			take_snapshot(r);
			next += r->interval;
			if (next < now_seconds())
				next = now_seconds() + r->interval;
		}
		if (!r->error && now_seconds() >= flush) {
			r->error = recording_flush(r->writer);
			flush = now_seconds() + FLUSH_SECONDS;
			show_progress(r, false);
		}
	}
}

/* Write the last snapshot and the end of the file; then wait for the command. */
static int finish(struct record *r)
{
	const char *why = "done";
	int status = EXIT_OK;

	if (r->events)
		events_stop(r->events);
	if (!r->error)
		take_snapshot(r);
	if (r->error == -EDQUOT)
		why = "max-size";
	if (!r->error || r->error == -EDQUOT)
		r->error = recording_finish(r->writer, why);
	show_progress(r, true);
	if (r->events)
		tracing_tell_stacks(&r->tracing, r->events);
	if (r->error) {
		status = tracing_fail(&r->tracing, "cannot write %s: %s", r->path,
				      strerror(-r->error));
		fprintf(stderr, "%s: the part of the file before the failure is readable\n",
			r->tracing.common.command);
	} else if (!strcmp(why, "max-size")) {
		fprintf(stderr, "%s: stopped at --max-size\n", r->tracing.common.command);
	}
	if (!r->tracing.command)
		return status;
	while (!runner_ended(&r->runner))
		runner_wait(1000);
	return status ? status : r->runner.status;
}

/* Without events, record snapshots alone, unless an option asks for events. */
static int open_events(struct record *r)
{
	bool asked = r->tracing.asked || r->tree || r->trigger != EVENT_TYPES;
	char why[512];

	if (!record_open_events(r, why, sizeof(why)))
		return 0;
	if (asked)
		return tracing_fail(&r->tracing, "%s", why);
	if (!r->tracing.common.quiet)
		fprintf(stderr, "%s: only snapshots, no events: %s\n", r->tracing.common.command,
			why);
	return 0;
}

static int start(struct record *r, int argc, char **argv)
{
	struct sigaction action = { .sa_handler = ask_to_dump };
	int err = file_begin(&r->file, r->path, FILE_PRIVATE);

	if (err)
		return tracing_fail(&r->tracing, "cannot write %s: %s", r->path, file_error(-err));
	/* After the fork: the command inherits the earlier handlers */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigaction(SIGUSR2, &action, NULL);
	err = create(r, argc, argv);
	if (err)
		return tracing_fail(&r->tracing, "cannot write %s: %s", r->path, strerror(-err));
	r->start = now_seconds();
	/* Before the snapshot, so that nothing is between the two */
	if (r->events)
		events_start(r->events);
	if (take_snapshot(r))
		return tracing_fail(&r->tracing, "%s", r->source.error);
	/* With --flight, data goes to the file later */
	return 0;
}

/* From here on the path is the recording's. */
static int begin(struct record *r)
{
	r->error = file_place(&r->file, file_old_begins(&r->file, RECORDING_MAGIC,
							 sizeof(RECORDING_MAGIC) - 1));
	record(r);
	return finish(r);
}

static int run(struct record *r, int argc, char **argv)
{
	int status = tracing_fork(&r->tracing, &r->runner);

	if (status)
		return status;
	if (source_open(&r->source, r->tracing.common.source, NULL)) {
		runner_cancel(&r->runner);
		return tracing_fail(&r->tracing, "%s", r->source.error);
	}
	status = open_events(r);
	if (!status)
		status = start(r, argc, argv);
	if (status) {
		runner_cancel(&r->runner);
	} else {
		if (!r->tracing.common.quiet && r->model.lacks)
			fprintf(stderr, "%s: %s: %s\n", r->tracing.common.command,
				r->model.source, r->model.lacks);
		if (!r->tracing.common.quiet && !r->tracing.command)
			fprintf(stderr, "%s: recording to %s; ^C ends\n",
				r->tracing.common.command, r->path);
		/* If the command cannot run, leave no recording and keep an earlier one */
		status = runner_go(&r->runner) ?: begin(r);
	}
	recording_free(r->writer);
	record_close_events(r);
	file_end(&r->file, -ECANCELED);
	model_free(&r->model);
	source_close(&r->source);
	return status;
}

/* Check the combination of options. Return OPTIONS_GO or an exit status. */
static int check(struct record *r)
{
	struct tracing *t = &r->tracing;

	if (!t->command && (t->user || r->tree))
		return options_usage(&t->common, "-u and -F require a COMMAND");
	if (r->tree && t->common.filter.n_pids)
		return options_usage(&t->common, "-p cannot be used with -F");
	if (r->options.compress && !recording_zstd_version())
		return options_fail(&t->common, "--compress requires zstd, which this build lacks");
	if (options_check(&t->common) != OPTIONS_GO)
		return EXIT_USAGE;
	if (r->trigger == EVENT_TYPES)
		return OPTIONS_GO;
	if (!r->options.keep)
		return options_usage(&t->common, "--trigger requires --flight");
	if (!(t->events.wanted & 1u << r->trigger))
		return options_usage(&t->common, "--trigger requires %s among the events of -e",
				     event_name(r->trigger));
	return OPTIONS_GO;
}

int record_main(int argc, char **argv)
{
	struct record *r = calloc(1, sizeof(*r));
	struct tracing *t;
	int status;

	if (!r)
		return EXIT_FAILED;
	t = &r->tracing;
	r->interval = 1;
	r->path = "dmabuf.data";
	r->trigger = EVENT_TYPES;
	tracing_init(t, "dmabuf-trace record");
	t->events.wanted = EVENT_SET_ALL;
	status = option_table_parse(&table, r, argc, argv);
	r->options.compress = r->level;
	r->options.keep = r->flight * 1e9;
	if (optind < argc)
		t->command = argv + optind;
	if (status == OPTIONS_GO)
		status = check(r);
	if (status == OPTIONS_GO) {
		if (r->options.keep && !r->options.max_size)
			r->options.max_size = FLIGHT_SIZE;
		r->progress = isatty(STDERR_FILENO) && !t->common.quiet;
		status = run(r, argc, argv);
	}
	options_free(&t->common);
	free(r);
	return status;
}
