/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One table for the options of a command. Parsing, --help, the error for an invalid value and the
 * values for completion come from its rows.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of all commands */
#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2
/* Returned instead of an exit status: no error, run the command. */
#define OPTIONS_GO	(-1)

enum option_type {
	OPTION_CALL,			/* parse() */
	OPTION_FLAG,			/* bool: true */
	OPTION_TEXT,			/* const char *: the argument */
	OPTION_WORD,			/* const char *: one of the values */
	OPTION_CHOICE,			/* unsigned int: index of one of the values */
	OPTION_SECONDS,			/* double */
	OPTION_NUMBER,			/* long */
	OPTION_SIZE,			/* uint64_t: bytes */
};

struct option_use;

struct option_spec {
	const char *name;		/* "output"; NULL ends a table */
	char letter;			/* 'o', 0 none */
	enum option_type type;
	const char *argument;		/* "FILE", NULL none */
	bool optional;			/* the argument may be left out, and needs "=" */
	const char *otherwise;		/* then: this argument, NULL for parse() alone */
	/*
	 * NULL: the option is in the line of the row above, as in "--json, --csv". "%s" becomes the
	 * list of values.
	 */
	const char *help;
	bool hidden;			/* --help leaves it out */
	size_t at;			/* offset of the field in the group's struct */
	size_t given;			/* offset of a bool that is set, 0 none */
	double least, most;		/* range of a number; most 0: no limit */
	bool zero;			/* 0 is valid, too */
	const char *(*value)(unsigned int i);	/* name of value i, NULL after the last */
	/* data: the group's struct. Returns OPTIONS_GO, or prints an error and returns a status. */
	int (*parse)(void *data, const struct option_use *use, const char *arg);
};

/* Rows of one or several commands, and the place of their struct in the command's struct. */
struct option_group {
	const char *title;		/* a line before the rows, NULL none */
	const struct option_spec *specs;	/* NULL ends the groups */
	size_t at;			/* offset of the struct with the fields */
};

struct option_table {
	const char *command;		/* "dmabuf-trace stat" */
	const char *usage;		/* the first lines of --help */
	const struct option_group *groups;
	bool runs;			/* options end at the first word, a COMMAND */
};

/*
 * Parse argv into data; the caller sets the defaults. optind is the index of the first word.
 * Return OPTIONS_GO or an exit status: EXIT_OK after --help, EXIT_USAGE after an error message.
 */
int option_table_parse(const struct option_table *table, void *data, int argc, char **argv);

/* The option of a command during the parsing. */
struct option_use {
	const struct option_table *table;
	const struct option_spec *spec;
};

/* Print "COMMAND: invalid --name 'x' (a, b)" for len bytes of arg. Return EXIT_USAGE. */
int option_invalid(const struct option_use *use, const char *arg, size_t len);

/*
 * Parse the next value of a list with commas. Return its index and advance *arg, to NULL at the
 * end; or print an error and return -1.
 */
int option_value_next(const struct option_use *use, const char **arg);

#endif
