/* SPDX-License-Identifier: GPL-2.0 */
/* Control of the terminal, restored at every kind of exit. For screen.c only. */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <signal.h>

/* Return the reason against a screen, or NULL. Valid until the next call. */
const char *terminal_lacks(void);

/* Start ncurses. Return 0 or -errno. */
int terminal_open(void);
void terminal_close(void);

/* Restore the terminal, stop the process, and resume after SIGCONT. */
void terminal_stop(void);
/* Resume control of the terminal after a SIGSTOP. */
void terminal_resume(void);

/* Signals since the last reset by the reader; a signal wakes poll(). */
extern volatile sig_atomic_t terminal_end, terminal_resized, terminal_stopped,
	terminal_continued;
/* Return an fd, readable after a signal. */
int terminal_wake_fd(void);
void terminal_drain(void);

/* While true, a signal ends the process at once: the current call may block forever. */
extern volatile sig_atomic_t terminal_busy;

#endif
