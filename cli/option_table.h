/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One table for the options of a command: parsing, --help, the error for a wrong value and the
 * values for completion come from its rows. Used by options.c, the mains and the subcommands.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of all commands */
#define EXIT_OK		0
#define EXIT_FAILED	1
#define EXIT_USAGE	2
/* Beside those, of a function that returns one: nothing is wrong, the command runs. */
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
	 * NULL: stands before the argument of the row above, as in "--json, --csv". "%s" is replaced
	 * by the values. Lines end by "\n".
	 */
	const char *help;
	bool hidden;			/* --help leaves it out */
	size_t at;			/* offset of the field in the group's struct */
	size_t given;			/* offset of a bool that is set, 0 none */
	double least, most;		/* of seconds, numbers and bytes; most 0: no limit */
	bool zero;			/* 0 is allowed beside those */
	const char *(*value)(unsigned int i);	/* name of value i; NULL: there are no more */
	/* data: the group's struct. Returns OPTIONS_GO, or a status whose message is out. */
	int (*parse)(void *data, const struct option_use *use, const char *arg);
};

/* Rows that several commands may share, and where their struct is in the command's. */
struct option_group {
	const char *title;		/* a line before them, NULL none */
	const struct option_spec *specs;	/* NULL ends the groups */
	size_t at;			/* offset of the struct that the rows are about */
};

struct option_table {
	const char *command;		/* "dmabuf-trace stat" */
	const char *usage;		/* the first lines of --help */
	const struct option_group *groups;
	bool runs;			/* words after the options are a COMMAND with its own */
};

/*
 * Parses argv into data, which has its defaults. optind is the index of the first word. Returns
 * OPTIONS_GO, or the exit status: EXIT_OK after --help, EXIT_USAGE with the message out.
 */
int option_table_parse(const struct option_table *table, void *data, int argc, char **argv);

/* One option of a command that is being parsed. */
struct option_use {
	const struct option_table *table;
	const struct option_spec *spec;
};

/* Prints "COMMAND: invalid --name 'x' (a, b)" for len bytes of arg; returns EXIT_USAGE. */
int option_invalid(const struct option_use *use, const char *arg, size_t len);

/*
 * The next of the values that commas separate: its index, and *arg is behind it, NULL at the end.
 * -1: no such value; the message is out.
 */
int option_value_next(const struct option_use *use, const char **arg);

#endif
