// SPDX-License-Identifier: GPL-2.0
/* Options that several commands share; see options.h. */
#define _GNU_SOURCE	/* strptime, fopencookie */
#include "options.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output/file.h"
#include "output/text.h"
#include "source/source.h"

/* Whether the Makefile found a library: HAVE_... is 1, or not defined (as IS_ENABLED has it). */
#define COMMA_1 0,
#define SECOND(first, second, ...) second
#define IS_SECOND(comma) SECOND(comma 1, 0, 0)
#define IS_ONE_(value) IS_SECOND(COMMA_##value)
#define IS_ONE(value) IS_ONE_(value)

static const struct {
	const char *name, *without;
	bool there;
} libraries[] = {
	{ "zstd", "no compressed recordings", IS_ONE(HAVE_ZSTD) },
	{ "libdw", "stacks without lines", IS_ONE(HAVE_DW) },
	{ "protobuf-c", "no Perfetto", IS_ONE(HAVE_PROTOBUF_C) },
	{ "libmicrohttpd", "no metrics over HTTP", IS_ONE(HAVE_MICROHTTPD) },
	{ "libxml2", "no JUnit", IS_ONE(HAVE_XML_2_0) },
};

void options_print_version(const char *command)
{
	size_t i, n = sizeof(libraries) / sizeof(*libraries);
	const char *before = "   (no ";

	printf("%s %s   libbpf %s, json-c", command, VERSION, libbpf_version_string());
	for (i = 0; i < n; i++)
		if (libraries[i].there)
			printf(", %s", libraries[i].name);
	for (i = 0; i < n; i++) {
		if (libraries[i].there)
			continue;
		printf("%s%s: %s", before, libraries[i].name, libraries[i].without);
		before = "; no ";
	}
	puts(*before == ';' ? ")" : "");
}

void options_init(struct options *o, const char *command)
{
	memset(o, 0, sizeof(*o));
	o->command = command;
	o->source = "auto";
}

int options_next(int argc, char **argv, const struct option *options, bool first)
{
	char letters[128], *end = letters;	/* +, and each letter once, with a colon */
	const struct option *o;

	if (first)
		*end++ = '+';
	for (o = options; o->name; o++) {
		if (o->val >= OPT_EXPORTER)
			continue;
		*end++ = o->val;
		if (o->has_arg == required_argument)
			*end++ = ':';
	}
	*end = 0;
	return getopt_long(argc, argv, letters, options, NULL);
}

double options_seconds(const char *arg, double least, double most)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(arg, &end);
	return errno || end == arg || *end || !isfinite(s) || s < least || s > most ? -1 : s;
}

/* Of one second, and its part behind a point. */
static bool parse_clock(const char *arg, int64_t start, int64_t *time)
{
	time_t first = start / 1000000000, seconds;
	struct tm tm = { 0 };
	const char *rest = strptime(arg, "%Y-%m-%d", &tm);
	bool dated = rest && (*rest == 'T' || *rest == ' ');
	double part = 0;
	char *end;

	if (!dated)
		localtime_r(&first, &tm);
	rest = strptime(dated ? rest + 1 : arg, "%H:%M:%S", &tm);
	if (!rest)
		return false;
	if (*rest == '.') {
		part = strtod(rest, &end);
		rest = end;
	}
	tm.tm_isdst = -1;
	seconds = mktime(&tm);
	if (!dated && seconds < first) {
		tm.tm_mday++;
		tm.tm_isdst = -1;
		seconds = mktime(&tm);
	}
	if (*rest || !(part < 1) || seconds > INT64_MAX / 1000000000 - 1 ||
	    seconds < INT64_MIN / 1000000000 + 1)
		return false;
	*time = seconds * 1000000000ll + (int64_t)(part * 1e9);
	return true;
}

bool options_time(const char *arg, int64_t start, int64_t *time)
{
	static const struct { const char *name; double ns; } units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
	};
	size_t i;
	char *end;
	double n;

	if (strchr(arg, ':'))
		return parse_clock(arg, start, time);
	n = strtod(arg, &end);
	for (i = 0; i < 5 && strcmp(end, units[i].name); i++)
		;
	if (end == arg || i == 5 || !isfinite(n) || n < 0 || n * units[i].ns > 1e17)
		return false;
	*time = (uint64_t)start + (uint64_t)(n * units[i].ns);
	return true;
}

/* Messages go to a terminal, whatever names, paths and words they contain. */
struct safe_stream {
	FILE *out;
	size_t n;			/* bytes that are not yet printed */
	char line[1024];
};

/* Returns how many bytes at the end of text begin a character of UTF-8 without its end. */
static size_t unfinished(const char *text, size_t n)
{
	size_t back;

	for (back = 1; back < 4 && back <= n; back++) {
		unsigned char c = text[n - back];

		if (c < 0x80 || c >= 0xc0)
			return back < 1u + (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0) ? back : 0;
	}
	return 0;
}

/* Prints the line as far as it is there, but for a character without its end. */
static void put_line(struct safe_stream *s)
{
	bool ended = s->n && s->line[s->n - 1] == '\n';
	size_t kept = ended ? 1 : unfinished(s->line, s->n);
	char safe[TEXT_SAFE_ROOM(sizeof(s->line))], rest[4];

	s->n -= kept;
	memcpy(rest, s->line + s->n, kept);
	s->line[s->n] = '\0';
	text_safe(safe, sizeof(safe), s->line);
	fprintf(s->out, "%s%s", safe, ended ? "\n" : "");
	s->n = ended ? 0 : kept;
	memcpy(s->line, rest, s->n);
}

static ssize_t write_safe(void *cookie, const char *text, size_t size)
{
	struct safe_stream *s = cookie;
	size_t i;

	for (i = 0; i < size; i++) {
		s->line[s->n++] = text[i];
		if (text[i] == '\n' || s->n == sizeof(s->line) - 1)
			put_line(s);
	}
	put_line(s);
	return size;
}

FILE *options_raw_stderr;

void options_safe_stderr(void)
{
	static struct safe_stream stream;
	FILE *safe = fopencookie(&stream, "w", (cookie_io_functions_t){ .write = write_safe });

	options_raw_stderr = stream.out = stderr;
	if (!safe)
		return;
	setvbuf(safe, NULL, _IOLBF, BUFSIZ);
	stderr = safe;
}

int options_end(const char *command, int status)
{
	bool failed = fflush(stdout) != 0;

	if (!failed && !ferror(stdout))
		return status;
	if (status == EXIT_OK) {
		fprintf(stderr, "%s: cannot write standard output%s%s\n", command,
			failed ? ": " : "", failed ? strerror(errno) : "");
		status = EXIT_FAILED;
	}
	return status;
}

int options_usage(const struct options *o, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", o->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; try '%s --help'\n", o->command);
	return EXIT_USAGE;
}

int options_fail(const struct options *o, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", o->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

/* A pid that does not exist is a typing error: nothing would ever be shown. */
static int take_pids(struct options *o, const char *arg)
{
	uint32_t i = o->filter.n_pids;
	int err = filter_add_pids(&o->filter, arg);

	if (err)
		return options_usage(o, "-p takes process ids, 1 or more, like 812,640: '%s'", arg);
	for (; i < o->filter.n_pids && !o->from_file; i++)
		if (kill(o->filter.pids[i], 0) && errno == ESRCH)
			return options_usage(o, "no process %u: holders are listed by dmabuf-top -b -n1",
					     o->filter.pids[i]);
	return 0;
}

static int take_source(struct options *o, const char *arg)
{
	int i;

	o->source = arg;
	if (!strcmp(arg, "auto"))
		return 0;
	for (i = 0; source_all[i]; i++)
		if (!strcmp(arg, source_all[i]->name))
			return 0;
	fprintf(stderr, "%s: no source '%s'; there are: auto", o->command, arg);
	for (i = 0; source_all[i]; i++)
		fprintf(stderr, " %s", source_all[i]->name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int take_pattern(struct options *o, struct filter_list *list, const char *name,
			const char *arg)
{
	if (filter_add_pattern(list, arg))
		return options_usage(o, "%s takes a name or a pattern", name);
	return 0;
}

static int take(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case 'p':
		return take_pids(o, arg);
	case 'G':
		return take_pattern(o, &o->filter.cgroups, "-G", arg);
	case OPT_EXPORTER:
		return take_pattern(o, &o->filter.exporters, "--exporter", arg);
	case OPT_DEVICE:
		return take_pattern(o, &o->filter.devices, "--device", arg);
	case OPT_COMM:
		return take_pattern(o, &o->filter.comms, "--comm", arg);
	case OPT_MIN_SIZE:
		if (filter_parse_size(arg, &o->filter.min_size))
			return options_usage(o, "--min-size takes bytes, or K, M, G, T: '%s'", arg);
		return 0;
	case OPT_SOURCE:
		return take_source(o, arg);
	case 'o':
		o->output = arg;
		return 0;
	case 'O':
		o->columns = arg;
		return 0;
	case OPT_JSON:
	case OPT_CSV:
		if (o->format == (opt == OPT_JSON ? OUTPUT_CSV : OUTPUT_JSON))
			return options_usage(o, "--json or --csv, not both");
		o->format = opt == OPT_JSON ? OUTPUT_JSON : OUTPUT_CSV;
		return 0;
	case OPT_NO_HEADER:
		o->no_header = true;
		return 0;
	case OPT_BYTES:
		o->bytes = true;
		return 0;
	case OPT_LIST_COLUMNS:
		o->list_columns = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = source_verbose = true;
		return 0;
	default:
		/* getopt_long() has printed what is wrong */
		fprintf(stderr, "Try '%s --help'\n", o->command);
		return EXIT_USAGE;
	}
}

int options_take(struct options *o, int opt, const char *arg)
{
	int status;

	if (opt == OPT_VERSION) {
		options_print_version(o->command);
		return EXIT_OK + 1;
	}
	status = take(o, opt, arg);
	return status ? status + 1 : 0;
}

int options_check_output(const struct options *o, const char *input, const char *output)
{
	if (!file_same(input, output))
		return 0;
	return options_usage(o, "%s is read: it cannot be written, too",
			     output ? output : "standard output");
}

void options_open_standard(void)
{
	int fd;

	/* The lowest that is free is the one that comes */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			open("/", O_PATH);
}

void options_free(struct options *o)
{
	filter_free(&o->filter);
}
