// SPDX-License-Identifier: GPL-2.0
/* The command that a subcommand runs and watches; see tracing.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/privileges.h"
#include "trace/tracing.h"

static volatile sig_atomic_t asked_to_end;
static volatile sig_atomic_t child;

static void on_signal(int number)
{
	/* ^C has reached the command too: it decides whether it ends */
	if (!child)
		asked_to_end = 1;
	else if (number != SIGINT && number != SIGCHLD)
		kill(child, number);
}

static void on_child(int number)
{
	(void)number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = on_child;
	sigaction(SIGCHLD, &action, NULL);
	/* Taken only in runner_wait(), so that none comes just before the wait and is not seen */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* UID[:GID]; without, GID is UID, as on Android. */
static const char *become_number(const char *text)
{
	char *end;
	unsigned long uid = strtoul(text, &end, 10), gid;

	gid = *end == ':' && isdigit(end[1]) ? strtoul(end + 1, &end, 10) : uid;
	if (*end || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return "no such number: UID or UID:GID";
	return setgroups(0, NULL) || setgid(gid) || setuid(uid) ? strerror(errno) : NULL;
}

static const char *become(const char *name)
{
	if (isdigit(*name) && !name[strspn(name, "0123456789:")])
		return become_number(name);
#ifdef STATIC_BUILD
	return "a static build takes numbers only: UID or UID:GID";
#else
	struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (!user)
		return errno ? strerror(errno) : "no such user";
	if (initgroups(name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid))
		return strerror(errno);
	return NULL;
#endif
}

/* Does not return. */
static void run(const struct tracing *t, int go)
{
	const char *why = t->user ? become(t->user) : NULL;
	sigset_t none;
	char byte;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (why) {
		fprintf(stderr, "%s: cannot run as %s: %s\n", t->common.command, t->user, why);
		_exit(EXIT_TOOL_FAILED);
	}
	/* Nothing is written: its other end is closed when it is time, or the tool is gone */
	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	close(go);
	execvp(t->command[0], t->command);
	fprintf(stderr, "%s: %s: %s\n", t->common.command, t->command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int runner_fork(struct runner *r, const struct tracing *t, const char **why)
{
	int pipes[2];

	memset(r, 0, sizeof(*r));
	r->go = -1;
	catch_signals();
	if (!t->command) {
		privileges_keep(PRIVILEGES_WATCH);
		return 0;
	}
	if (pipe(pipes)) {
		*why = strerror(errno);
		return -errno;
	}
	fflush(NULL);
	r->pid = fork();
	if (r->pid < 0) {
		*why = strerror(errno);
		close(pipes[0]);
		close(pipes[1]);
		return -errno;
	}
	if (!r->pid) {
		close(pipes[1]);
		run(t, pipes[0]);
	}
	/* The command has what it would have without us */
	privileges_keep(PRIVILEGES_WATCH);
	child = r->pid;
	close(pipes[0]);
	r->go = pipes[1];
	return 0;
}

void runner_go(struct runner *r)
{
	if (r->go >= 0)
		close(r->go);
	r->go = -1;
}

bool runner_ended(struct runner *r)
{
	int status;

	if (!r->pid)
		return asked_to_end;
	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return false;
	child = 0;
	r->pid = 0;
	r->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	asked_to_end = 1;
	return true;
}

void runner_wait(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000l };
	sigset_t none;

	sigemptyset(&none);
	ppoll(NULL, 0, &time, &none);
}

void runner_cancel(struct runner *r)
{
	if (!r->pid)
		return;
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	child = 0;
	r->pid = 0;
	runner_go(r);
}
