/* SPDX-License-Identifier: GPL-2.0 */
/* The terminal: taken, given back as it was found, whatever happens. Used by screen.c only. */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <signal.h>

/* Why there can be no screen, NULL if there can be. Good until the next call. */
const char *terminal_lacks(void);

/* Starts ncurses. 0, or -errno. */
int terminal_open(void);
void terminal_close(void);

/* Stops the process until it is continued, the terminal given back meanwhile. */
void terminal_stop(void);
/* Takes the terminal again after something else had it: a stop that could not be caught. */
void terminal_resume(void);

/* Signals that came since they were last taken; wakes poll(). */
extern volatile sig_atomic_t terminal_end, terminal_resized, terminal_stopped,
	terminal_continued;
/* Readable when a signal came. */
int terminal_wake_fd(void);
void terminal_drain(void);

/* While true, a signal to end does so at once: what is going on may never return. */
extern volatile sig_atomic_t terminal_busy;

#endif
