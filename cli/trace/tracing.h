/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the subcommands on events: options, and the command to run. */
#ifndef TRACING_H
#define TRACING_H

#include <stdio.h>
#include <sys/types.h>

#include "options.h"
#include "output/columns.h"
#include "file.h"
#include "events/events.h"

/* Exit status if the tool fails instead of COMMAND, as for env(1) and timeout(1) */
#define EXIT_TOOL_FAILED 125

struct tracing {
	struct options common;
	struct events_options events;
	bool asked;			/* an option for events alone is given */
	bool all;			/* -a */
	const char *user;		/* -u */
	bool gate;			/* a failed tool never returns EXIT_FAILED */
	char **command;			/* after the options, NULL none */
	const char *shown;		/* columns without -O, NULL all; see column_list_parse() */
	struct column_list columns;
	FILE *out;
	bool whole;			/* rename -o to its name when all is written */
	bool written;			/* all is written */
	struct file_whole file;
};

/* Longest wait of an event in the ring; the ring has room for all events of this time */
#define READ_MS 10

/* Rows that subcommands share, about a struct tracing */
extern const struct option_spec tracing_events[], tracing_all[], tracing_user[], tracing_hooks[],
	tracing_stacks[];

/* Names of enum events_hooks for a row's values. */
const char *tracing_hooks_name(unsigned int i);

void tracing_init(struct tracing *tracing, const char *command);
/*
 * Print --list-columns; or check the command and the columns of view after all options, and open
 * -o. Return OPTIONS_GO or an exit status.
 */
int tracing_prepare(struct tracing *tracing, const struct view *view, int argc, char **argv);
/* Set t->out to the file of -o, if given. Return OPTIONS_GO or an exit status. */
int tracing_open_output(struct tracing *tracing);
/* Name the stacks of an event, if --stacks is given. */
void tracing_name_stacks(const struct tracing *tracing, struct events *events,
			 struct model_event *event);
/* Report lost and unnamed stacks on stderr. */
void tracing_tell_stacks(const struct tracing *tracing, const struct events *events);
/* Print "COMMAND: message" and return the exit status of a failed tool. */
int tracing_fail(const struct tracing *tracing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Call events_look_again() and print the reason if hooks were replaced. Every loop that waits for
 * events calls this at least once a second.
 */
void tracing_look_again(const struct tracing *tracing, struct events *events);
/* Close the files of tracing_prepare(). Return status, or the status of a failed close. */
int tracing_end(struct tracing *tracing, int status);

/* The command to run */
struct runner {
	pid_t pid;			/* 0: none is run */
	int go;				/* closed to start the command */
	int begun;			/* has the errno if the command cannot run */
	int error;			/* this errno, or 0 */
	int status;			/* of exit(3), or 128+N for a signal */
};

/*
 * Fork a process that waits and then becomes the command. From then on, the command gets the
 * signals that end the tool. Return 0 or -errno; tracing_fork() prints an error and returns a
 * status.
 */
int runner_fork(struct runner *runner, const struct tracing *tracing);
int tracing_fork(const struct tracing *tracing, struct runner *runner);
/*
 * Fork the command, open events and print the events without a hook of the requested kind. Fail if
 * no event has a hook. Return 0, or print an error and return a status.
 */
int tracing_begin(struct tracing *tracing, struct runner *runner, struct events **events);
/*
 * Start the events, then report the start: no later event is missed. Then start the command, as
 * runner_go(). verb: "counting".
 */
int tracing_start(const struct tracing *tracing, struct runner *runner, struct events *events,
		  const char *verb);
/*
 * Start the command and wait until it runs. Return 0; or, if the command cannot run, wait for its
 * end and return its exit status.
 */
int runner_go(struct runner *runner);
/* Whether the command exited, or, without a command, a signal arrived. */
bool runner_ended(struct runner *runner);
/* Wait for ms, or less after a signal. */
void runner_wait(int ms);
/* Kill a command that was never started. */
void runner_cancel(struct runner *runner);

#endif
