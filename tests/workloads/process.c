// SPDX-License-Identifier: GPL-2.0
/*
 * Processes, threads and sockets of mkbufs, and the factories about them. Nothing is waited for
 * by time: who is ready writes a byte into a pipe, and parks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "mkbufs.h"

#define STACK_SIZE	(64 << 10)
#define FDS_PER_MESSAGE	253		/* SCM_MAX_FD */

static int ready[2] = { -1, -1 };
static unsigned int expected;		/* bytes in the pipe, sooner or later */
static pid_t *children;
static unsigned int child_count;

struct child {
	void (*body)(void *arg);
	void *arg;
	pid_t parent;
};

/* A child that ends before it is told to has failed, and has said why. */
static void child_ended(int sig)
{
	static const char message[] = "mkbufs: a child process ended early\n";

	(void)sig;
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(1);
	_exit(1);
}

void expect_ready(void)
{
	if (ready[0] < 0 && pipe(ready))
		die("pipe: %s", strerror(errno));
	expected++;
}

void report_ready(void)
{
	if (write(ready[1], "", 1) != 1)
		die("the ready pipe: %s", strerror(errno));
}

void wait_ready(void)
{
	char byte;

	for (; expected; expected--)
		while (read(ready[0], &byte, 1) != 1)
			if (errno != EINTR)
				die("the ready pipe: %s", strerror(errno));
}

static int child_main(void *arg)
{
	const struct child *c = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != c->parent)
		_exit(1);
	c->body(c->arg);
	ledger_process();
	report_ready();
	for (;;)
		pause();
}

pid_t spawn(int clone_flags, void (*body)(void *arg), void *arg)
{
	/* With CLONE_VM the child reads it after we returned: never freed. */
	struct child *c = malloc(sizeof(*c));
	pid_t pid;

	expect_ready();
	children = realloc(children, (child_count + 1) * sizeof(*children));
	if (!c || !children)
		die("out of memory");
	*c = (struct child){ body, arg, getpid() };
	signal(SIGCHLD, child_ended);

	if (clone_flags) {
		char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

		if (stack == MAP_FAILED)
			die("a stack: %s", strerror(errno));
		pid = clone(child_main, stack + STACK_SIZE, clone_flags | SIGCHLD, c);
	} else {
		pid = fork();
		if (!pid)
			child_main(c);
	}
	if (pid < 0)
		die("a child process: %s", strerror(errno));
	children[child_count++] = pid;
	return pid;
}

void stop_children(void)
{
	signal(SIGCHLD, SIG_DFL);
	for (unsigned int i = 0; i < child_count; i++)
		kill(children[i], SIGKILL);
	for (unsigned int i = 0; i < child_count; i++)
		waitpid(children[i], NULL, 0);
}

void socket_pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		die("socketpair: %s", strerror(errno));
}

static void transfer(int sock, int *fds, unsigned int n, bool send)
{
	char control[CMSG_SPACE(FDS_PER_MESSAGE * sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };

	while (n) {
		unsigned int part = n < FDS_PER_MESSAGE ? n : FDS_PER_MESSAGE;
		size_t bytes = part * sizeof(int);
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = CMSG_SPACE(bytes),
		};
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(bytes);
		if (send) {
			memcpy(CMSG_DATA(c), fds, bytes);
			if (sendmsg(sock, &m, 0) != 1)
				die("sendmsg of %u fds: %s", part, strerror(errno));
		} else {
			if (recvmsg(sock, &m, 0) != 1)
				die("recvmsg: %s", strerror(errno));
			if (m.msg_flags & MSG_CTRUNC || c->cmsg_len != CMSG_LEN(bytes))
				die("recvmsg: fewer than %u fds", part);
			memcpy(fds, CMSG_DATA(c), bytes);
		}
		fds += part;
		n -= part;
	}
}

void send_fds(int sock, const int *fds, unsigned int n)
{
	transfer(sock, (int *)fds, n, true);
}

void recv_fds(int sock, int *fds, unsigned int n)
{
	transfer(sock, fds, n, false);
}

/* opt.count of something, for as long as the process lives. */
static void *per_buffer(size_t size)
{
	void *p = calloc(opt.count, size);

	if (!p)
		die("out of memory");
	return p;
}

static int *make_fds(void)
{
	int *fds = per_buffer(sizeof(int));
	struct buffer b;

	for (unsigned int i = 0; i < opt.count; i++)
		fds[i] = buffer_make(&b);
	return fds;
}

static void enter_fds(const int *fds, bool counts)
{
	for (unsigned int i = 0; i < opt.count; i++)
		ledger_fd(fds[i], counts);
}

static void close_fds(const int *fds)
{
	for (unsigned int i = 0; i < opt.count; i++)
		close(fds[i]);
}

static void send_and_close(void *arg)
{
	int *fds = make_fds();

	send_fds(*(int *)arg, fds, opt.count);
	close_fds(fds);
}

static void receive(void *arg)
{
	int *fds = per_buffer(sizeof(int));

	recv_fds(*(int *)arg, fds, opt.count);
	enter_fds(fds, true);
}

void make_passed(void)
{
	int sv[2];

	exporter_open();
	socket_pair(sv);
	spawn(0, send_and_close, &sv[0]);
	spawn(0, receive, &sv[1]);
}

/* The message holds one reference on each. */
void make_inflight(void)
{
	int *fds, sv[2];

	exporter_open();
	socket_pair(sv);
	fds = make_fds();
	for (unsigned int i = 0; i < opt.count; i++)
		ledger_in_flight(fd_ino(fds[i]));
	send_fds(sv[0], fds, opt.count);
	close_fds(fds);
}

void make_shared(void)
{
	int *fds, (*sv)[2] = calloc(opt.procs, sizeof(*sv));

	if (!sv)
		die("out of memory");
	exporter_open();
	for (unsigned int i = 0; i < opt.procs; i++) {
		socket_pair(sv[i]);
		spawn(0, receive, &sv[i][1]);
	}
	fds = make_fds();
	enter_fds(fds, true);
	for (unsigned int i = 0; i < opt.procs; i++)
		send_fds(sv[i][0], fds, opt.count);
}

/* What a process has, and its forked or cloned child has too. */
struct held {
	int *fds;
	struct buffer *buffers;
	bool counts;
};

static void enter_held(void *arg)
{
	const struct held *h = arg;

	enter_fds(h->fds, h->counts);
	for (unsigned int i = 0; h->buffers && i < opt.count; i++)
		ledger_map(h->buffers[i].ino, h->counts);
}

static void hold(struct held *h, bool map)
{
	h->fds = per_buffer(sizeof(int));
	h->buffers = map ? per_buffer(sizeof(struct buffer)) : NULL;
	for (unsigned int i = 0; i < opt.count; i++) {
		struct buffer b;

		h->fds[i] = buffer_make(&b);
		ledger_fd(h->fds[i], true);
		if (!map)
			continue;
		buffer_map(&b, h->fds[i]);
		h->buffers[i] = b;
	}
}

void make_fork(void)
{
	static struct held h = { .counts = true };

	exporter_open();
	hold(&h, opt.map);
	for (unsigned int i = 0; i < opt.procs; i++)
		spawn(0, enter_held, &h);
}

void make_clone_files(void)
{
	static struct held h = { .counts = false };

	exporter_open();
	hold(&h, false);
	spawn(CLONE_FILES, enter_held, &h);
}

/* The child closes its copies of the fds, so that it holds by the shared mappings only. */
static void close_and_share_maps(void *arg)
{
	const struct held *h = arg;

	close_fds(h->fds);
	for (unsigned int i = 0; i < opt.count; i++)
		ledger_map(h->buffers[i].ino, false);
}

void make_clone_vm(void)
{
	static struct held h;

	exporter_open();
	hold(&h, true);
	spawn(CLONE_VM, close_and_share_maps, &h);
}

#define OWN_BUFFERS	3

static int *thread_fds;

/*
 * The new table starts as a copy: its slots count on their own, although they have the same
 * numbers, and the process then holds each buffer by two.
 */
static void *own_table(void *arg)
{
	struct buffer b;

	if (unshare(CLONE_FILES))
		die("unshare(CLONE_FILES): %s", strerror(errno));
	enter_fds(thread_fds, true);
	for (int i = 0; i < OWN_BUFFERS; i++)
		ledger_fd(buffer_make(&b), true);
	report_ready();
	for (;;)
		pause();
	return arg;
}

static void *shared_table(void *arg)
{
	report_ready();
	for (;;)
		pause();
	return arg;
}

void make_threads(void)
{
	pthread_t thread;

	exporter_open();
	thread_fds = make_fds();
	enter_fds(thread_fds, true);
	for (unsigned int i = 0; i <= opt.procs; i++) {
		expect_ready();
		/* Between others, so that a walk meets their table before and after */
		errno = pthread_create(&thread, NULL,
				       i == opt.procs / 2 ? own_table : shared_table, NULL);
		if (errno)
			die("pthread_create: %s", strerror(errno));
	}
}

/* The state of the process is its leader's. */
static bool leader_ended(void)
{
	char line[256] = "", *end;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (n < 0)
		die("/proc/self/stat: %s", strerror(errno));
	close(fd);
	end = strrchr(line, ')');
	return end && !strncmp(end, ") Z", 3);
}

static void *outlive_leader(void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!leader_ended())
		sched_yield();
	report_ready();
	for (;;)
		pause();
	return arg;
}

/* Every second buffer is held by its mapping alone. */
static void leave_to_thread(void *arg)
{
	pthread_t thread;
	struct buffer b;

	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = buffer_make(&b);

		buffer_map(&b, fd);
		if (i % 2)
			ledger_fd(fd, true);
		else
			close(fd);
	}
	ledger_process();
	errno = pthread_create(&thread, NULL, outlive_leader, arg);
	if (errno)
		die("pthread_create: %s", strerror(errno));
	pthread_exit(NULL);
}

void make_zombie_leader(void)
{
	exporter_open();
	spawn(0, leave_to_thread, NULL);
}
