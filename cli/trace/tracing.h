/* SPDX-License-Identifier: GPL-2.0 */
/* What subcommands that watch events share: their options, and the command that they run. */
#ifndef TRACING_H
#define TRACING_H

#include <stdio.h>
#include <sys/types.h>

#include "options.h"
#include "output/columns.h"
#include "file.h"
#include "events/events.h"

/* Exit status if the tool fails instead of running the COMMAND, as env(1) and timeout(1) have it */
#define EXIT_TOOL_FAILED 125

struct tracing {
	struct options common;
	struct events_options events;
	bool asked;			/* by an option that is about events alone */
	bool all;			/* -a */
	const char *user;		/* -u */
	bool gate;			/* a tool that failed is never EXIT_FAILED */
	char **command;			/* after the options, NULL none */
	struct column_list columns;
	FILE *out;
	bool whole;			/* -o takes its place when all is written */
	bool written;			/* it is */
	struct file_whole file;
};

/* Longest wait of an event in the ring, which has room for all events of this time */
#define READ_MS 10

/* Rows that subcommands share, about a struct tracing */
extern const struct option_spec tracing_events[], tracing_all[], tracing_user[], tracing_hooks[],
	tracing_stacks[];

/* Names of enum events_hooks for a row's values. */
const char *tracing_hooks_name(unsigned int i);

void tracing_init(struct tracing *tracing, const char *command);
/*
 * Print --list-columns, or check what needs all options: the command, and the columns of view; and
 * open -o. Return OPTIONS_GO or an exit status.
 */
int tracing_prepare(struct tracing *tracing, const struct view *view, int argc, char **argv);
/* Set t->out to the file of -o, if given. Return OPTIONS_GO or an exit status. */
int tracing_open_output(struct tracing *tracing);
/* Names the stacks of an event that they were asked for. */
void tracing_name_stacks(const struct tracing *tracing, struct events *events,
			 struct model_event *event);
/* Says on stderr what of stacks is not there, if anything. */
void tracing_tell_stacks(const struct tracing *tracing, const struct events *events);
/* Prints "COMMAND: message"; the status is that of a tool that failed. */
int tracing_fail(const struct tracing *tracing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Calls events_look_again(), and prints why hooks were replaced. Every loop that waits for events
 * calls it, at least once a second.
 */
void tracing_look_again(const struct tracing *tracing, struct events *events);
/* Closes what tracing_prepare() opened; returns status, or that of what then failed. */
int tracing_end(struct tracing *tracing, int status);

/* The command that is run */
struct runner {
	pid_t pid;			/* 0: none is run */
	int go;				/* it waits until this is closed */
	int begun;			/* what tells whether it could be run */
	int error;			/* errno, of runner_go(): it could not */
	int status;			/* as exit(3) has it; 128+N for a signal */
};

/*
 * Fork a process that waits, and becomes the command. From here on, it gets the signals that end
 * the tool. Return 0 or -errno; tracing_fork() prints an error and returns a status.
 */
int runner_fork(struct runner *runner, const struct tracing *tracing);
int tracing_fork(const struct tracing *tracing, struct runner *runner);
/*
 * Fork the command, open events and print the events without a hook of the kind asked for. If no
 * event has such a hook, fail. verb: "counting". Return 0, or print an error and return a status.
 */
int tracing_begin(struct tracing *tracing, struct runner *runner, struct events **events,
		  const char *verb);
/* Lets it run, and waits until it does: error tells. */
void runner_go(struct runner *runner);
/* Whether there is nothing more to wait for: the command ended, or a signal came and none runs. */
bool runner_ended(struct runner *runner);
/* Waits for ms, or less when something may have ended. */
void runner_wait(int ms);
/* Ends a command that was never let go. */
void runner_cancel(struct runner *runner);

#endif
