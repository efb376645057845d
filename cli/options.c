// SPDX-License-Identifier: GPL-2.0
/* Options that several commands share; see options.h. */
#include "options.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output/columns.h"
#include "file.h"
#include "output/text.h"
#include "source/source.h"

/* HAVE_... is 1 if the Makefile found the library, else not defined, as for IS_ENABLED. */
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

/* Parse [DATET]HH:MM:SS, with a fraction of the second. */
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

/* A stream to a terminal, safe for names, paths and words with any bytes. */
struct safe_stream {
	FILE *out;
	size_t n;			/* bytes in line, not yet printed */
	char line[1024];
};

/* Return the number of bytes at the end of text that begin an incomplete character of UTF-8. */
static size_t unfinished(const char *text, size_t n)
{
	for (size_t back = 1; back < 4 && back <= n; back++) {
		unsigned char c = text[n - back];

		if (c < 0x80 || c >= 0xc0)
			return back < 1u + (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0) ? back : 0;
	}
	return 0;
}

/* Print the line so far, without an incomplete character at the end. */
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

	for (size_t i = 0; i < size; i++) {
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

void options_message(const struct options *o, const char *format, va_list args)
{
	fprintf(stderr, "%s: ", o->command);
	vfprintf(stderr, format, args);
}

int options_usage(const struct options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	options_message(o, format, args);
	va_end(args);
	fprintf(stderr, "; try '%s --help'\n", o->command);
	return EXIT_USAGE;
}

int options_fail(const struct options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	options_message(o, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

static int parse_pids(void *data, const struct option_use *use, const char *arg)
{
	struct options *o = data;

	return filter_add_pids(&o->filter, arg) ? option_invalid(use, arg, strlen(arg)) :
		OPTIONS_GO;
}

/* A pid that does not exist is a typing error: no output could ever match. */
int options_check(const struct options *o)
{
	for (uint32_t i = 0; i < o->filter.n_pids && !o->from_file; i++)
		if (kill(o->filter.pids[i], 0) && errno == ESRCH)
			return options_usage(o, "no process %u: 'dmabuf-top -b -n1' lists holders",
					     o->filter.pids[i]);
	return OPTIONS_GO;
}

static int no_column(const struct options *o, const struct view *view, const char *name)
{
	const struct column *c;

	fprintf(stderr, "%s: no column '%s' in %s (", o->command, name, view->name);
	for (c = view->columns; c->name; c++)
		fprintf(stderr, "%s%s", c == view->columns ? "" : ", ", c->name);
	fputs(")\n", stderr);
	return EXIT_USAGE;
}

int options_columns(const struct options *o, const struct view *view, const char *shown,
		    struct column_list *list)
{
	char *unknown = NULL;
	int status = OPTIONS_GO;
	int err = column_list_parse(list, view, o->columns, shown, &unknown);

	if (err == -EINVAL)
		status = no_column(o, view, unknown);
	else if (err)
		status = options_fail(o, "%s", strerror(-err));
	free(unknown);
	return status;
}

int options_column(const struct options *o, const struct view *view, const char *name)
{
	return view_column(view, name) ? OPTIONS_GO : no_column(o, view, name);
}

void options_tell_damage(const struct options *o, const struct source *s, const char *path)
{
	const char *damage = source_damage(s), *unknown = source_unknown(s);

	if (damage && !o->quiet)
		fprintf(stderr, "%s: %s: %s\n", o->command, path, damage);
	if (unknown && !o->quiet)
		fprintf(stderr, "%s: %s: %s\n", o->command, path, unknown);
}

int options_no_words(const struct options *o, int argc, char **argv, const char *hint)
{
	return optind < argc ? options_usage(o, "'%s' is not an option%s", argv[optind], hint) :
		OPTIONS_GO;
}

static int parse_pattern(void *data, const struct option_use *use, const char *arg)
{
	struct filter_list *list = (void *)((char *)data + use->spec->at);

	return filter_add_pattern(list, arg) ? option_invalid(use, arg, strlen(arg)) : OPTIONS_GO;
}

static int parse_format(void *data, const struct option_use *use, const char *arg)
{
	enum output_format format = use->spec->name[0] == 'j' ? OUTPUT_JSON : OUTPUT_CSV;
	struct options *o = data;

	if (o->format != OUTPUT_TEXT && o->format != format)
		return options_usage(o, "--json cannot be used with --csv");
	o->format = format;
	return OPTIONS_GO;
}

static int parse_verbose(void *data, const struct option_use *use, const char *arg)
{
	((struct options *)data)->verbose = source_verbose = true;
	return OPTIONS_GO;
}

static int parse_version(void *data, const struct option_use *use, const char *arg)
{
	options_print_version(use->table->command);
	return EXIT_OK;
}

static const char *source_name(unsigned int i)
{
	return !i ? "auto" : source_all[i - 1] ? source_all[i - 1]->name : NULL;
}

#define AT(field) .at = offsetof(struct options, field)

const struct option_spec options_filter[] = {
	{ "pid", 'p', OPTION_CALL, "PID[,PID]", .parse = parse_pids,
	  .help = "select processes and their buffers" },
	{ "cgroup", 'G', OPTION_CALL, "PATH", .parse = parse_pattern, AT(filter.cgroups),
	  .help = "select the processes of a cgroup and its descendants" },
	{ "comm", 0, OPTION_CALL, "PATTERN", .parse = parse_pattern, AT(filter.comms),
	  .help = "select processes by command name" },
	{ "exporter", 0, OPTION_CALL, "PATTERN", .parse = parse_pattern, AT(filter.exporters),
	  .help = "select buffers by exporter or device" },
	{ "device", 0, OPTION_CALL, "PATTERN", .parse = parse_pattern, AT(filter.devices) },
	{ "min-size", 0, OPTION_SIZE, "SIZE", AT(filter.min_size),
	  .help = "select buffers of at least SIZE bytes (K, M, G)" },
	{ 0 }
};

/* For leaks alone */
const struct option_spec options_pid[] = {
	{ "pid", 'p', OPTION_CALL, "PID[,PID]", .parse = parse_pids,
	  .help = "check running processes until they exit or ^C" },
	{ 0 }
};

const struct option_spec options_table[] = {
	{ "json", 0, OPTION_CALL, .parse = parse_format,
	  .help = "print JSON or CSV: bytes, seconds, stable names" },
	{ "csv", 0, OPTION_CALL, .parse = parse_format },
	{ "columns", 'O', OPTION_TEXT, "COLUMNS", AT(columns),
	  .help = "print columns a,b; +a adds one (see --list-columns)" },
	{ "list-columns", 0, OPTION_FLAG, .hidden = true, AT(list_columns) },
	{ "no-header", 0, OPTION_FLAG, AT(no_header),
	  .help = "print no headings; print exact sizes" },
	{ "bytes", 0, OPTION_FLAG, AT(bytes) },
	{ 0 }
};

const struct option_spec options_output[] = {
	{ "output", 'o', OPTION_TEXT, "FILE", AT(output),
	  .help = "write to FILE instead of standard output" },
	{ 0 }
};

const struct option_spec options_source[] = {
	{ "source", 0, OPTION_WORD, "SOURCE", AT(source), .value = source_name,
	  .help = "use %s" },
	{ 0 }
};

const struct option_spec options_last[] = {
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), .help = "" },
	{ "verbose", 'v', OPTION_CALL, .parse = parse_verbose },
	{ "version", 0, OPTION_CALL, .parse = parse_version },
	{ "help", 'h', .type = OPTION_CALL },
	{ 0 }
};

int options_check_output(const struct options *o, const char *input, const char *output)
{
	if (!file_same(input, output))
		return EXIT_OK;
	return options_usage(o, "cannot write %s: it is the input file",
			     output ? output : "standard output");
}

void options_open_standard(void)
{
	/* open() returns the lowest free descriptor */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			open("/", O_PATH);
}

void options_free(struct options *o)
{
	filter_free(&o->filter);
}
