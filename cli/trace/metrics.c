// SPDX-License-Identifier: GPL-2.0
/*
 * dmabuf-trace metrics: sums for Prometheus: once, into a file for node_exporter's textfile
 * collector, or by HTTP (metrics_http.c).
 */
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
#include "options.h"
#include "file.h"
#include "events/events.h"
#include "source/privileges.h"
#include "source/source.h"
#include "trace/collector.h"
#include "trace/metrics_http.h"
#include "trace/trace.h"
#include "trace/tracing.h"

#define DEFAULT_LISTEN "127.0.0.1:9417"
#define DEFAULT_TOP 20
#define MAX_TOP 1000

/*
 * Replace path by a new file: no reader sees a part of the text, no link is followed, and no
 * existing file is written to. Return 0 or -errno.
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
		/* A killed process with the same pid may leave its file */
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

/* Write at multiples of the interval after the first write, without drift. */
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
		/* The directory may return, or get room */
		if (err && !told)
			fprintf(stderr, "%s: cannot write %s: %s\n", c->common.command,
				c->textfile, strerror(-err));
		told = err != 0;
	}
}

static int run_textfile(struct collector *c, int signals)
{
	/* A failed first write is a wrong path; later, a directory may return */
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

static int run(struct collector *c)
{
	char error[320] = "";
	int signals = -1, fd = -1, err;

	c->once = !c->listen && !(c->textfile && c->interval);
	/* With huge pages for all, the kernel may make one of a 3 MiB heap */
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
			return options_fail(&c->common, "cannot receive signals: %s", strerror(errno));
	}
	/* A source that fails at the start is most likely a wrong option */
	if (collector_open(c))
		return options_fail(&c->common, "%s", c->error);
	privileges_keep(PRIVILEGES_WATCH);
	if (c->listen) {
		err = metrics_serve(c, fd, signals, c->common.quiet);
		return err ? options_fail(&c->common, "cannot serve: %s", strerror(-err)) : EXIT_OK;
	}
	return c->textfile ? run_textfile(c, signals) : run_once(c);
}

static int parse_textfile(void *data, const struct option_use *use, const char *arg)
{
	const char *slash = strrchr(arg, '/'), *name = slash ? slash + 1 : arg;
	struct collector *c = data;
	size_t len = strlen(name);

	if (len <= 5 || strcmp(name + len - 5, ".prom"))
		return options_usage(&c->common, "invalid --textfile '%s' (expected a path that ends in .prom, for node_exporter)",
				     arg);
	c->textfile = arg;
	return OPTIONS_GO;
}

static int parse_list(void *data, const struct option_use *use, const char *arg)
{
	openmetrics_list(stdout);
	return EXIT_OK;
}

static const char *group_name(unsigned int i)
{
	static const char *const names[] = { "comm", "cgroup", NULL };

	return names[i];
}

#define AT(field) .at = offsetof(struct collector, field)

static const struct option_spec serving[] = {
	{ "listen", 0, OPTION_TEXT, "ADDR:PORT", .optional = true, .otherwise = DEFAULT_LISTEN,
	  AT(listen), .help = "serve /metrics, /-/healthy (default " DEFAULT_LISTEN ")" },
	{ "textfile", 0, OPTION_CALL, "PATH", .parse = parse_textfile,
	  .help = "write PATH for node_exporter; PATH ends in .prom" },
	{ "interval", 0, OPTION_SECONDS, "SECONDS", AT(interval), .least = 0.1, .most = 86400,
	  .zero = true, .help = "write every SECONDS; 0: write once (default 15)" },
	{ 0 }
};

static const struct option_spec figures[] = {
	{ "by", 0, OPTION_CHOICE, "comm|cgroup", AT(by), .value = group_name,
	  .help = "group processes by comm or cgroup (default comm)" },
	{ "top", 0, OPTION_NUMBER, "N", AT(top), .most = MAX_TOP,
	  .help = "report the N largest groups and \"other\" (default 20)" },
	{ "per-buffer", 0, OPTION_FLAG, AT(options.per_buffer), .help = "add a series for each buffer" },
	{ "list-metrics", 0, OPTION_CALL, .parse = parse_list,
	  .help = "list metrics with type, unit and labels, and exit" },
	{ 0 }
};

static const struct option_spec ways[] = {
	{ "hooks", 0, OPTION_CHOICE, "HOOKS", AT(hooks), .value = tracing_hooks_name,
	  .help = "use %s" },
	{ "openmetrics", 0, OPTION_FLAG, AT(openmetrics),
	  .help = "print OpenMetrics instead of Prometheus' text format" },
	{ 0 }
};

#define COMMON offsetof(struct collector, common)

static const struct option_table table = {
	"dmabuf-trace metrics",
	"Usage: dmabuf-trace metrics [options]\n"
	"Print sums of all dma-bufs for Prometheus, once; or, until SIGTERM or ^C:\n",
	.groups = (const struct option_group[]) {
		{ NULL, serving, 0 },
		{ "Figures:", figures, 0 },
		{ "Source and output:", options_source, COMMON },
		{ NULL, ways, 0 },
		{ NULL, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
};

static int parse(struct collector *c, int argc, char **argv)
{
	int status = option_table_parse(&table, c, argc, argv);

	if (status == OPTIONS_GO)
		status = options_no_words(&c->common, argc, argv, "");
	if (status != OPTIONS_GO)
		return status;
	if (c->textfile && c->listen)
		return options_usage(&c->common, "--textfile cannot be used with --listen");
	if (c->interval != 15 && !c->textfile)
		return options_usage(&c->common, "--interval requires --textfile");
	if ((c->common.output || c->openmetrics) && (c->textfile || c->listen))
		return options_usage(&c->common, "-o and --openmetrics cannot be used with --textfile or --listen");
	c->options.by_cgroup = c->by;
	c->options.top = c->top;
	return OPTIONS_GO;
}

int metrics_main(int argc, char **argv)
{
	struct collector c = { .interval = 15, .top = DEFAULT_TOP };
	int status;

	options_init(&c.common, "dmabuf-trace metrics");
	status = parse(&c, argc, argv);
	if (status == OPTIONS_GO)
		status = run(&c);
	collector_free(&c);
	return status;
}
