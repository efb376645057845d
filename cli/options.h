/* SPDX-License-Identifier: GPL-2.0 */
/* Options that several commands share. Mains and subcommands use them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/filter.h"

/* Exit statuses of all commands */
#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2

enum output_format {
	OUTPUT_TEXT,
	OUTPUT_JSON,
	OUTPUT_CSV,
};

struct options {
	const char *command;		/* for messages: "dmabuf-top" */
	struct filter filter;
	const char *source;		/* --source, "auto" */
	const char *columns;		/* -O, NULL default */
	const char *output;		/* -o, NULL stdout */
	enum output_format format;
	bool no_header, bytes, quiet, verbose, list_columns;
	bool from_file;			/* processes of another time: they need not exist */
};

/* getopt_long() values of long options without a letter start here. */
enum {
	OPT_EXPORTER = 256,
	OPT_DEVICE,
	OPT_COMM,
	OPT_MIN_SIZE,
	OPT_JSON,
	OPT_CSV,
	OPT_NO_HEADER,
	OPT_BYTES,
	OPT_LIST_COLUMNS,
	OPT_SOURCE,
	OPT_VERSION,
	OPT_HELP,
	OPT_OWN,			/* first of a command's own */
};

/* Groups of them, as commands have them, and what --help says */
#define OPTIONS_FILTER								\
	{ "pid", required_argument, NULL, 'p' },				\
	{ "cgroup", required_argument, NULL, 'G' },				\
	{ "exporter", required_argument, NULL, OPT_EXPORTER },			\
	{ "device", required_argument, NULL, OPT_DEVICE },			\
	{ "comm", required_argument, NULL, OPT_COMM },				\
	{ "min-size", required_argument, NULL, OPT_MIN_SIZE }
#define OPTIONS_FILTER_HELP							\
	"Of what (values of one option are alternatives, options must all hold):\n"	\
	"  -p, --pid=PID[,PID]      processes, and their buffers\n"		\
	"  -G, --cgroup=PATH        processes of a cgroup and those below it\n"	\
	"      --comm=PATTERN       processes by command name\n"		\
	"      --exporter=PATTERN, --device=PATTERN  buffers by exporter, by device\n"	\
	"      --min-size=SIZE      buffers of that size or more (K, M, G)\n"

#define OPTIONS_TABLE								\
	{ "columns", required_argument, NULL, 'O' },				\
	{ "json", no_argument, NULL, OPT_JSON },				\
	{ "csv", no_argument, NULL, OPT_CSV },					\
	{ "no-header", no_argument, NULL, OPT_NO_HEADER },			\
	{ "bytes", no_argument, NULL, OPT_BYTES },				\
	{ "list-columns", no_argument, NULL, OPT_LIST_COLUMNS }
#define OPTIONS_TABLE_HELP							\
	"Output:\n"								\
	"      --json, --csv        for programs: bytes and seconds, stable names\n"	\
	"  -O, --columns=COLUMNS    a,b: these; +a: one more; --list-columns: which\n"	\
	"      --no-header, --bytes rows only; exact sizes in text\n"

#define OPTIONS_SOURCE								\
	{ "source", required_argument, NULL, OPT_SOURCE }
#define OPTIONS_SOURCE_HELP							\
	"      --source=SOURCE      auto, bpf:iter, bpf:task, module, proc\n"

/* Of all that write something */
#define OPTIONS_LAST								\
	{ "output", required_argument, NULL, 'o' },				\
	{ "quiet", no_argument, NULL, 'q' },					\
	{ "verbose", no_argument, NULL, 'v' },					\
	{ "version", no_argument, NULL, OPT_VERSION },				\
	{ "help", no_argument, NULL, 'h' }
#define OPTIONS_OUTPUT_HELP							\
	"  -o, --output=FILE        write there instead of standard output\n"
#define OPTIONS_LAST_HELP							\
	"  -q, --quiet  -v, --verbose  --version  -h, --help\n"

/*
 * The next option as getopt_long() has it, its letters being those of the long ones. With first,
 * all before the first word that is none, which may be a command.
 */
int options_next(int argc, char **argv, const struct option *options, bool first);

void options_init(struct options *options, const char *command);
/* The version, the libraries it was built with, and what it cannot do for lack of others. */
void options_print_version(const char *command);

/*
 * Takes one option that getopt_long() returned. Returns 0, or an exit status + 1 if the command
 * is to end now (its message is out): bad usage, or --version.
 */
int options_take(struct options *options, int opt, const char *arg);

/* Seconds in arg, from least to most; below 0 if it is no such number. */
double options_seconds(const char *arg, double least, double most);

/*
 * A moment of a recording, CLOCK_REALTIME ns: seconds after its start, or with a unit (ns to s);
 * "HH:MM:SS", by the clock here the first such second of or after the start; the same behind
 * "YYYY-MM-DD" and T or a space. False: it is none.
 */
bool options_time(const char *arg, int64_t start, int64_t *time);

/* Prints "COMMAND: message; try 'COMMAND --help'" and returns EXIT_USAGE. */
int options_usage(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints "COMMAND: message" and returns EXIT_FAILED. */
int options_fail(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Refuses an output that is what is read; NULL: standard output. 0 or EXIT_USAGE. */
int options_check_output(const struct options *options, const char *input, const char *output);

/* Opens those of 0 to 2 that are closed, so that no file of ours is; to use them fails still. */
void options_open_standard(void);

/*
 * From now on, what is printed to stderr is made safe for a terminal: paths, names and the words of
 * a recording may be any bytes. options_raw_stderr: for what is safe already, or for programs.
 */
void options_safe_stderr(void);
extern FILE *options_raw_stderr;

/* At the end of a program: EXIT_FAILED, with a message, if its output could not all be written. */
int options_end(const char *command, int status);

void options_free(struct options *options);

#endif
