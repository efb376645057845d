/* SPDX-License-Identifier: GPL-2.0 */
/* Options that several commands share. Mains and subcommands use them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/filter.h"
#include "option_table.h"

struct column_list;
struct view;

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

/* Rows that several commands have, about a struct options. */
extern const struct option_spec options_filter[], options_table[], options_source[],
	options_output[], options_last[], options_pid[];
#define OPTIONS_FILTER_TITLE \
	"Of what (values of one option are alternatives, options must all hold):"
#define OPTIONS_TABLE_TITLE "Output:"

void options_init(struct options *options, const char *command);
/* The version, the libraries it was built with, and what it cannot do for lack of others. */
void options_print_version(const char *command);

/*
 * What can be checked only when all options are there: processes of -p that do not exist. OPTIONS_GO
 * or EXIT_USAGE.
 */
int options_check(const struct options *options);
/*
 * The columns of -O in that view, or the one that name has in it (-s). OPTIONS_GO, or EXIT_USAGE or
 * EXIT_FAILED with the message out.
 */
int options_columns(const struct options *options, const struct view *view,
		    struct column_list *list);
int options_column(const struct options *options, const struct view *view, const char *name);
/* Refuses words after the options; hint: what would help, "" nothing. OPTIONS_GO or EXIT_USAGE. */
int options_no_words(const struct options *options, int argc, char **argv, const char *hint);

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

/* Refuses an output that is what is read; NULL: standard output. EXIT_OK or EXIT_USAGE. */
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
