/* SPDX-License-Identifier: GPL-2.0 */
/* Options that several commands share. Mains and subcommands use them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/filter.h"
#include "option_table.h"

struct column_list;
struct source;
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

/* Rows of several commands; the fields are in a struct options. */
extern const struct option_spec options_filter[], options_table[], options_source[],
	options_output[], options_last[], options_pid[];
#define OPTIONS_FILTER_TITLE \
	"Filters (any value of one option may match; all options must match):"
#define OPTIONS_TABLE_TITLE "Output:"

void options_init(struct options *options, const char *command);
/* Print the version, the libraries of the build and the features that other libraries add. */
void options_print_version(const char *command);

/*
 * Check options after parsing: each process of -p exists. Return OPTIONS_GO or EXIT_USAGE.
 */
int options_check(const struct options *options);
/*
 * Find the columns of -O, or the column of a name, in a view; shown: as for column_list_parse().
 * Return OPTIONS_GO, or print an error and return EXIT_USAGE or EXIT_FAILED.
 */
int options_columns(const struct options *options, const struct view *view, const char *shown,
		    struct column_list *list);
int options_column(const struct options *options, const struct view *view, const char *name);
/* Print what of a recording could not be read so far; complete only once all was. */
void options_tell_damage(const struct options *options, const struct source *source,
			 const char *path);
/* Reject words after the options; hint: text for the message. OPTIONS_GO or EXIT_USAGE. */
int options_no_words(const struct options *options, int argc, char **argv, const char *hint);

/*
 * Parse a time of a recording, CLOCK_REALTIME ns: seconds after the start, or with a unit (ns to
 * s); "HH:MM:SS", the first such second from the start on, in local time; or
 * "YYYY-MM-DDTHH:MM:SS", also with a space for T. False: invalid.
 */
bool options_time(const char *arg, int64_t start, int64_t *time);

/* Prints "COMMAND: message; try 'COMMAND --help'" and returns EXIT_USAGE. */
int options_usage(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print "COMMAND: message", without a newline. */
void options_message(const struct options *options, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Prints "COMMAND: message" and returns EXIT_FAILED. */
int options_fail(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reject an output file equal to the input file; NULL: standard output. EXIT_OK or EXIT_USAGE. */
int options_check_output(const struct options *options, const char *input, const char *output);

/* Open closed standard descriptors, so that no other file gets their numbers. Use still fails. */
void options_open_standard(void);

/*
 * Make the text on stderr safe for a terminal from now on: paths, names and recordings may contain
 * any bytes. options_raw_stderr: for safe text and for programs.
 */
void options_safe_stderr(void);
extern FILE *options_raw_stderr;

/* At exit: check that all output is written; else print an error and return EXIT_FAILED. */
int options_end(const char *command, int status);

void options_free(struct options *options);

#endif
