// SPDX-License-Identifier: GPL-2.0
/*
 * dmabuf-trace metrics: sums for Prometheus: once, into a file for node_exporter's textfile
 * collector, or by HTTP (metrics_http.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "model/snapshot.h"
#include "model/sums.h"
#include "options.h"
#include "output/file.h"
#include "output/metrics.h"
#include "source/events.h"
#include "source/privileges.h"
#include "source/source.h"
#include "trace/metrics.h"
#include "trace/trace.h"

#define DEFAULT_LISTEN "127.0.0.1:9417"
#define DEFAULT_TOP 20
#define MAX_TOP 1000

enum {
	OPT_TEXTFILE = OPT_OWN,
	OPT_INTERVAL,
	OPT_LISTEN,
	OPT_BY,
	OPT_TOP,
	OPT_PER_BUFFER,
	OPT_OPENMETRICS,
	OPT_HOOKS,
	OPT_LIST_METRICS,
};

static const struct option long_options[] = {
	{ "textfile", required_argument, NULL, OPT_TEXTFILE },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "listen", optional_argument, NULL, OPT_LISTEN },
	{ "by", required_argument, NULL, OPT_BY },
	{ "top", required_argument, NULL, OPT_TOP },
	{ "per-buffer", no_argument, NULL, OPT_PER_BUFFER },
	{ "openmetrics", no_argument, NULL, OPT_OPENMETRICS },
	{ "hooks", required_argument, NULL, OPT_HOOKS },
	{ "list-metrics", no_argument, NULL, OPT_LIST_METRICS },
	OPTIONS_SOURCE,
	OPTIONS_LAST,
	{ 0 }
};

static const char help[] =
	"Usage: dmabuf-trace metrics [options]\n"
	"Prints sums over all dma-bufs for Prometheus, once; or, until SIGTERM or ^C:\n"
	"      --listen[=ADDR:PORT] serve /metrics and /-/healthy (" DEFAULT_LISTEN ")\n"
	"      --textfile=PATH      write PATH, which ends in .prom, for node_exporter\n"
	"      --interval=SECONDS   how often, from 0.1 on (15); 0: once\n"
	"What to tell:\n"
	"      --by=comm|cgroup     what processes are told apart by (comm)\n"
	"      --top=N              so many of those, and the rest as \"other\" (20)\n"
	"      --per-buffer         each buffer too\n"
	"      --list-metrics       every metric, its type, unit and labels; and exit\n"
	"How:\n"
	OPTIONS_SOURCE_HELP
	"      --hooks=HOOKS        of the counters: auto, tracepoint, kprobe, fentry\n"
	"      --openmetrics        print OpenMetrics instead of Prometheus' text format\n"
	OPTIONS_OUTPUT_HELP
	OPTIONS_LAST_HELP;

struct collector {
	struct options common;
	struct metrics_options options;
	const char *textfile, *listen;
	double interval;		/* seconds, of textfile; 0: once */
	bool openmetrics;
	enum events_hooks hooks;

	struct source source;
	struct module_sums sums;
	struct model model;
	struct metrics figures;
	bool open;			/* source is */
	bool use_sums;			/* the module's sums are read too */
	bool once;			/* no hooks: they would have nothing to tell yet */
	bool told_lost, told_hooks;	/* why, on stderr */
	char error[300];
};

static bool is(const struct collector *c, const char *source)
{
	return !strcmp(c->common.source, source);
}

static bool serves(const struct collector *c)
{
	return c->listen || (c->textfile && c->interval);
}

/* What is wrong with it is told once, until it is well again. */
static void tell(const struct collector *c, bool *told, const char *what)
{
	if (!*told && !c->common.quiet && serves(c))
		fprintf(stderr, "%s: %s\n", c->common.command, what);
	*told = true;
}

/* Prints once why there are no hooks, or others than before. */
static void tell_hooks(struct collector *c)
{
	if (*c->source.no_hooks)
		tell(c, &c->told_hooks, c->source.no_hooks);
	else
		c->told_hooks = false;
}

static void set_hooks(struct collector *c)
{
	if (c->once || strncmp(c->source.ops->name, "bpf:", 4))
		return;
	source_watch_all(&c->source, c->hooks);
	tell_hooks(c);
}

/*
 * Opens the source. The module's sums do for --source=module where its tables cannot be read, and
 * stand beside any other that was not asked for by its name.
 */
static int open_source(struct collector *c)
{
	bool sums = sums_are_there();
	int err = source_open(&c->source, c->common.source, NULL);

	c->use_sums = sums && (is(c, "auto") || is(c, "module"));
	if (err && is(c, "module") && sums) {
		source_close(&c->source);
		return 0;
	}
	if (err) {
		snprintf(c->error, sizeof(c->error), "%.255s", c->source.error);
		source_close(&c->source);
		return err;
	}
	c->open = true;
	set_hooks(c);
	return 0;
}

static void lose_source(struct collector *c)
{
	source_close(&c->source);
	c->open = c->use_sums = false;
}

static int read_model(struct collector *c)
{
	int err = source_snapshot(&c->source, &c->model, NULL);

	if (err) {
		snprintf(c->error, sizeof(c->error), "%.255s", c->source.error);
		lose_source(c);
		return err;
	}
	tell_hooks(c);
	return metrics_add_model(&c->figures, &c->model);
}

/* 0, or why there is nothing to be told. */
static int read_sources(struct collector *c)
{
	int err = 0;

	if (!c->open && !c->use_sums)
		err = open_source(c);
	if (!err && c->open)
		err = read_model(c);
	if (err || !c->use_sums)
		return err;
	err = sums_read(&c->sums);
	if (!err)
		return metrics_add_sums(&c->figures, &c->sums);
	/* Beside another source they may come and go */
	if (c->open && !is(c, "module"))
		return 0;
	snprintf(c->error, sizeof(c->error), "module: its sums cannot be read: %s", strerror(-err));
	lose_source(c);
	return err;
}

int collector_read(struct collector *c)
{
	uint64_t start = now_ns();
	const char *source;
	int err;

	c->figures.options = c->options;
	err = metrics_begin(&c->figures);
	if (!err)
		err = read_sources(c);
	if (err == -ENOMEM)
		return err;
	if (err) {
		tell(c, &c->told_lost, c->error);
		/* Nothing of what was read in part */
		err = metrics_begin(&c->figures);
		source = c->common.source;
		if (!err)
			err = metrics_end(&c->figures, false, source, now_ns() - start);
		return err;
	}
	if (c->told_lost && !c->common.quiet)
		fprintf(stderr, "%s: the source is back\n", c->common.command);
	c->told_lost = false;
	source = c->open ? c->source.ops->name : "module";
	return metrics_end(&c->figures, true, source, now_ns() - start);
}

char *collector_text(struct collector *c, enum metrics_format format, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	openmetrics_write(out, &c->figures, format);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/*
 * Replaces path by a new file, so that no reader sees half of it: a link there is replaced, not
 * followed, and nothing that is there already is written to. Returns 0 or -errno.
 */
static int replace_file(const char *path, const char *text, size_t len)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *parent = slash ? strndup(path, slash - path + 1) : strdup(".");
	int dir = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = dir < 0 ? -errno : 0, fd = -1;
	char temporary[NAME_MAX + 1];
	size_t done = 0;

	free(parent);
	if (err)
		return err;
	/* Not .prom: node_exporter leaves it alone */
	if (snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid()) >=
	    (int)sizeof(temporary))
		err = -ENAMETOOLONG;
	if (!err) {
		/* One that a killed process of that number has left */
		unlinkat(dir, temporary, 0);
		fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0644);
		err = fd < 0 ? -errno : 0;
	}
	while (!err && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno != EINTR)
			err = -errno;
		done += n > 0 ? n : 0;
	}
	/* node_exporter is another user */
	if (!err && fchmod(fd, 0644))
		err = -errno;
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, temporary, dir, name))
		err = -errno;
	if (err && fd >= 0)
		unlinkat(dir, temporary, 0);
	close(dir);
	return err;
}

static int write_textfile(struct collector *c)
{
	int err = collector_read(c);
	size_t len;
	char *text;

	text = err ? NULL : collector_text(c, FORMAT_PROMETHEUS, &len);
	if (!text)
		return -ENOMEM;
	err = replace_file(c->textfile, text, len);
	free(text);
	return err;
}

/* SIGTERM and the like from here on; -1 with errno. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Every interval, counted from the first, which is written, so that it does not drift. */
static int write_textfiles(struct collector *c, int signals, uint64_t next)
{
	const uint64_t step = c->interval * 1e9;
	bool told = false;
	int err;

	for (;;) {
		struct pollfd fd = { .fd = signals, .events = POLLIN };
		uint64_t now;

		for (now = now_ns(); next <= now; next += step)
			;
		if (poll(&fd, 1, (next - now) / 1000000 + 1) > 0)
			return 0;
		err = write_textfile(c);
		if (err == -ENOMEM)
			return err;
		/* It may be made, or get room, again */
		if (err && !told)
			fprintf(stderr, "%s: cannot write %s: %s\n", c->common.command,
				c->textfile, strerror(-err));
		told = err != 0;
	}
}

static int run_textfile(struct collector *c, int signals)
{
	/* The first must work: later a directory may come back, now it is a wrong path */
	uint64_t start = now_ns();
	int err = write_textfile(c);

	if (!err && c->interval)
		err = write_textfiles(c, signals, start);
	if (err)
		return options_fail(&c->common, "cannot write %s: %s", c->textfile, strerror(-err));
	return EXIT_OK;
}

static int run_once(struct collector *c)
{
	struct file_whole file = { 0 };
	FILE *out = c->common.output ?
		file_begin_stream(&file, c->common.output, FILE_PRIVATE) : stdout;
	int err;

	if (!out)
		return options_fail(&c->common, "cannot write %s: %s", c->common.output,
				    file_error(errno));
	err = collector_read(c);
	if (!err)
		openmetrics_write(out, &c->figures, c->openmetrics ? FORMAT_OPENMETRICS :
				  FORMAT_PROMETHEUS);
	if (!err && (fflush(out) || ferror(out)))
		err = -errno;
	err = file_end(&file, err);
	if (err)
		return options_fail(&c->common, "cannot write %s: %s", c->common.output ?
				    c->common.output : "the metrics", strerror(-err));
	return EXIT_OK;
}

static int run_listen(struct collector *c, int fd, int signals)
{
	int err = metrics_serve(c, fd, signals, c->common.quiet);

	return err ? options_fail(&c->common, "cannot serve: %s", strerror(-err)) : EXIT_OK;
}

static int run(struct collector *c)
{
	char error[320] = "";
	int signals = -1, fd = -1;

	c->once = !serves(c);
	/* Where huge pages are for all, the kernel would make one of a heap of 3 MiB at any time */
	if (!c->once)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (c->listen) {
		fd = metrics_listen(c->listen, error, sizeof(error));
		if (fd < 0)
			return fd == -EINVAL ? options_usage(&c->common, "%s", error) :
				options_fail(&c->common, "%s", error);
	}
	if (!c->once) {
		signals = take_signals();
		if (signals < 0)
			return options_fail(&c->common, "no signals: %s", strerror(errno));
	}
	/* At the start it must be there: it is most likely a mistake */
	if (open_source(c))
		return options_fail(&c->common, "%s", c->error);
	privileges_keep(PRIVILEGES_WATCH);
	if (c->listen)
		return run_listen(c, fd, signals);
	return c->textfile ? run_textfile(c, signals) : run_once(c);
}

static bool take_number(const char *arg, double least, double most, double *value)
{
	char *end;

	*value = strtod(arg, &end);
	return end != arg && !*end && *value >= least && *value <= most;
}

static int take_interval(struct collector *c, const char *arg)
{
	if (!take_number(arg, 0, 86400, &c->interval) || (c->interval && c->interval < 0.1))
		return options_usage(&c->common, "--interval takes seconds, 0.1 to 86400, or 0 for once: '%s'",
				     arg) + 1;
	return 0;
}

static int take_textfile(struct collector *c, const char *arg)
{
	const char *slash = strrchr(arg, '/'), *name = slash ? slash + 1 : arg;
	size_t len = strlen(name);

	if (len <= 5 || strcmp(name + len - 5, ".prom"))
		return options_usage(&c->common, "--textfile takes a file that ends in .prom, which node_exporter reads: '%s'",
				     arg) + 1;
	c->textfile = arg;
	return 0;
}

static int take_own(struct collector *c, int opt, const char *arg)
{
	double number;

	switch (opt) {
	case OPT_TEXTFILE:
		return take_textfile(c, arg);
	case OPT_INTERVAL:
		return take_interval(c, arg);
	case OPT_LISTEN:
		c->listen = arg ? arg : DEFAULT_LISTEN;
		return 0;
	case OPT_BY:
		c->options.by_cgroup = !strcmp(arg, "cgroup");
		if (!c->options.by_cgroup && strcmp(arg, "comm"))
			return options_usage(&c->common, "--by takes comm or cgroup: '%s'", arg) + 1;
		return 0;
	case OPT_TOP:
		if (!take_number(arg, 0, MAX_TOP, &number) || number != (unsigned int)number)
			return options_usage(&c->common, "--top takes a number up to %d: '%s'",
					     MAX_TOP, arg) + 1;
		c->options.top = number;
		return 0;
	case OPT_PER_BUFFER:
		c->options.per_buffer = true;
		return 0;
	case OPT_OPENMETRICS:
		c->openmetrics = true;
		return 0;
	case OPT_HOOKS:
		if (events_hooks_find(arg, &c->hooks))
			return options_usage(&c->common, "no hooks '%s'; there are: auto tracepoint kprobe fentry",
					     arg) + 1;
		return 0;
	case OPT_LIST_METRICS:
		openmetrics_list(stdout);
		return EXIT_OK + 1;
	case 'h':
		fputs(help, stdout);
		return EXIT_OK + 1;
	default:
		return options_take(&c->common, opt, arg);
	}
}

/* Returns as options_take(). */
static int take_all(struct collector *c, int argc, char **argv)
{
	int opt, status;

	while ((opt = options_next(argc, argv, long_options, false)) != -1) {
		if (opt == '?')
			return EXIT_USAGE + 1;
		/* "--listen ADDRESS:PORT" too, though it may stand alone */
		if (opt == OPT_LISTEN && !optarg && optind < argc && *argv[optind] != '-')
			optarg = argv[optind++];
		status = take_own(c, opt, optarg);
		if (status)
			return status;
	}
	if (optind < argc)
		return options_usage(&c->common, "'%s' is not an option", argv[optind]) + 1;
	if (c->textfile && c->listen)
		return options_usage(&c->common, "--textfile or --listen, not both") + 1;
	if (c->interval != 15 && !c->textfile)
		return options_usage(&c->common, "--interval is for --textfile") + 1;
	if ((c->common.output || c->openmetrics) && (c->textfile || c->listen))
		return options_usage(&c->common, "-o and --openmetrics are for printing once") + 1;
	return 0;
}

int metrics_main(int argc, char **argv)
{
	struct collector c = { .interval = 15, .options.top = DEFAULT_TOP };
	int status;

	options_init(&c.common, "dmabuf-trace metrics");
	status = take_all(&c, argc, argv);
	status = status ? status - 1 : run(&c);
	source_close(&c.source);
	model_free(&c.model);
	metrics_free(&c.figures);
	sums_free(&c.sums);
	options_free(&c.common);
	return status;
}
