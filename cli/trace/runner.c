// SPDX-License-Identifier: GPL-2.0
/* Run and watch a command; see tracing.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
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

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
#define SIGNALS (sizeof(signals) / sizeof(*signals))

static void on_signal(int number)
{
	/* SIGCHLD only ends a wait. ^C also reaches the command, which decides whether to exit. */
	if (number != SIGCHLD && !child)
		asked_to_end = 1;
	else if (number != SIGCHLD && number != SIGINT)
		kill(child, number);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&set, signals[i]);
	}
	/* Received only in runner_wait(), so that no signal is missed just before the wait */
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* UID[:GID]; without, GID is UID, as on Android. */
static const char *become_number(const char *text)
{
	char *end;
	unsigned long uid = strtoul(text, &end, 10), gid;

	gid = *end == ':' && isdigit(end[1]) ? strtoul(end + 1, &end, 10) : uid;
	if (*end || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return "invalid number (expected UID or UID:GID)";
	return setgroups(0, NULL) || setgid(gid) || setuid(uid) ? strerror(errno) : NULL;
}

static const char *become(const char *name)
{
	if (isdigit(*name) && !name[strspn(name, "0123456789:")])
		return become_number(name);
#ifdef STATIC_BUILD
	return "a static build requires UID or UID:GID";
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

/* Write the error to the parent, and exit. */
static void give_up(int begun, int error, int status)
{
	while (write(begun, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(status);
}

/* Does not return. begun is closed by exec. */
static void run(const struct tracing *t, int go, int begun)
{
	const char *why = t->user ? become(t->user) : NULL;
	sigset_t none;
	char byte;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_DFL);
	if (why) {
		fprintf(stderr, "%s: cannot run as %s: %s\n", t->common.command, t->user, why);
		give_up(begun, EPERM, EXIT_TOOL_FAILED);
	}
	/* No byte is written: the other end is closed at the start, or if the tool exits */
	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	close(go);
	execvp(t->command[0], t->command);
	err = errno;
	fprintf(stderr, "%s: %s: %s\n", t->common.command, t->command[0], strerror(err));
	give_up(begun, err, err == ENOENT ? 127 : 126);
}

static void close_pipe(const int pipe[2])
{
	close(pipe[0]);
	close(pipe[1]);
}

static int open_pipes(int go[2], int begun[2])
{
	if (pipe2(go, O_CLOEXEC))
		return -1;
	if (!pipe2(begun, O_CLOEXEC))
		return 0;
	close_pipe(go);
	return -1;
}

int runner_fork(struct runner *r, const struct tracing *t)
{
	int pipes[2], begun[2];

	memset(r, 0, sizeof(*r));
	r->go = r->begun = -1;
	catch_signals();
	if (!t->command) {
		privileges_keep(PRIVILEGES_WATCH);
		return 0;
	}
	if (open_pipes(pipes, begun))
		return -errno;
	fflush(NULL);
	r->pid = fork();
	if (r->pid < 0) {
		r->error = errno;
		close_pipe(pipes);
		close_pipe(begun);
		return -r->error;
	}
	if (!r->pid) {
		close(pipes[1]);
		close(begun[0]);
		run(t, pipes[0], begun[1]);
	}
	/* The command keeps the privileges that it has without the tool */
	privileges_keep(PRIVILEGES_WATCH);
	child = r->pid;
	close(pipes[0]);
	close(begun[1]);
	r->go = pipes[1];
	r->begun = begun[0];
	return 0;
}

int runner_go(struct runner *r)
{
	if (r->go < 0)
		return 0;
	close(r->go);
	r->go = -1;
	/* Nothing is read if the command runs, or was killed */
	while (read(r->begun, &r->error, sizeof(r->error)) < 0 && errno == EINTR)
		;
	close(r->begun);
	r->begun = -1;
	while (r->error && r->pid && !runner_ended(r))
		runner_wait(1000);
	return r->error ? r->status : 0;
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
