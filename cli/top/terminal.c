// SPDX-License-Identifier: GPL-2.0
/* Start and end of terminal control; see terminal.h. */
#include "top/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

volatile sig_atomic_t terminal_end, terminal_resized, terminal_stopped;
volatile sig_atomic_t terminal_continued, terminal_busy;

static struct termios found;
static SCREEN *screen;
static int wake[2] = { -1, -1 };
/* The bytes to restore the terminal, prepared for signal handlers. */
static char farewell[256];
static size_t farewell_len;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
static const int crashing[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

const char *terminal_lacks(void)
{
	const char *term = getenv("TERM"), *cup;
	static char why[128];
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return "standard input and output are not a terminal";
	if (!term || !*term)
		return "TERM is not set";
	/* Without &err, setupterm() prints an error and exits. */
	if (setupterm(NULL, STDOUT_FILENO, &err) != OK) {
		snprintf(why, sizeof(why), "unknown terminal TERM=%.40s", term);
		return why;
	}
	cup = tigetstr("cup");
	if (!cup || cup == (char *)-1) {
		snprintf(why, sizeof(why), "TERM=%.40s cannot move the cursor", term);
		return why;
	}
	return NULL;
}

static void give_back(void)
{
	ssize_t n = write(STDOUT_FILENO, farewell, farewell_len);

	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, &found);
}

static void on_signal(int sig)
{
	int saved = errno;
	ssize_t n;

	switch (sig) {
	case SIGWINCH:
		terminal_resized = 1;
		break;
	case SIGTSTP:
		terminal_stopped = 1;
		break;
	case SIGCONT:
		terminal_continued = 1;
		break;
	default:
		if (terminal_busy) {
			give_back();
			signal(sig, SIG_DFL);
			raise(sig);
		}
		terminal_end = sig;
	}
	n = write(wake[1], "", 1);
	(void)n;
	errno = saved;
}

static void on_crash(int sig)
{
	give_back();
	/* SA_RESETHAND restored the default action: end with a core file. */
	raise(sig);
}

static void catch(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

static void catch_all(void)
{
	static char stack[16384];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction before;

	sigaltstack(&other, NULL);
	for (size_t i = 0; i < COUNT(ending); i++) {
		sigaction(ending[i], NULL, &before);
		/* Keep signals ignored by nohup. */
		if (before.sa_handler != SIG_IGN)
			catch(ending[i], on_signal, 0);
	}
	for (size_t i = 0; i < COUNT(crashing); i++)
		catch(crashing[i], on_crash, SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
	catch(SIGWINCH, on_signal, SA_RESTART);
	catch(SIGTSTP, on_signal, SA_RESTART);
	catch(SIGCONT, on_signal, SA_RESTART);
}

static void release_all(void)
{
	for (size_t i = 0; i < COUNT(ending); i++)
		catch(ending[i], SIG_DFL, 0);
	for (size_t i = 0; i < COUNT(crashing); i++)
		catch(crashing[i], SIG_DFL, 0);
	catch(SIGWINCH, SIG_DFL, 0);
	catch(SIGTSTP, SIG_DFL, 0);
	catch(SIGCONT, SIG_DFL, 0);
}

/* Append a capability without the pauses of old terminals, written as $<5>. */
static void add_farewell(const char *s)
{
	if (!s || s == (char *)-1)
		return;
	while (*s && farewell_len < sizeof(farewell)) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>'))
			s = strchr(s, '>') + 1;
		else
			farewell[farewell_len++] = *s++;
	}
}

static void prepare_farewell(void)
{
	static const char *const names[] = { "sgr0", "op", "cnorm", "rmkx", "rmcup" };

	farewell_len = 0;
	/* ncurses has no capability for the mouse modes of xterm. */
	if (has_mouse())
		add_farewell("\033[?1000l\033[?1006l");
	for (size_t i = 0; i < COUNT(names); i++)
		add_farewell(tigetstr(names[i]));
}

int terminal_open(void)
{
	if (tcgetattr(STDIN_FILENO, &found) || pipe2(wake, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	/* Before ncurses: ncurses keeps existing handlers. */
	catch_all();
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		terminal_close();
		return -ENOTTY;
	}
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	/* A click is a press, without a wait for a double click. */
	mouseinterval(0);
	prepare_farewell();
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	/* Escape is a key; ncurses would wait a second for a sequence. */
	set_escdelay(25);
	curs_set(0);
	return 0;
}

static void leave(void)
{
	endwin();
	tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

void terminal_close(void)
{
	if (screen) {
		leave();
		delscreen(screen);
		screen = NULL;
	}
	release_all();
	close(wake[0]);
	close(wake[1]);
}

void terminal_stop(void)
{
	leave();
	catch(SIGTSTP, SIG_DFL, 0);
	raise(SIGTSTP);
	/* Continued: the size may have changed. */
	catch(SIGTSTP, on_signal, SA_RESTART);
	tcgetattr(STDIN_FILENO, &found);
	terminal_resume();
}

void terminal_resume(void)
{
	terminal_continued = 0;
	reset_prog_mode();
	terminal_resized = 1;
}

int terminal_wake_fd(void)
{
	return wake[0];
}

void terminal_drain(void)
{
	char bytes[64];

	while (read(wake[0], bytes, sizeof(bytes)) > 0)
		;
}
