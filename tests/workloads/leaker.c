// SPDX-License-Identifier: GPL-2.0
/*
 * leaker: leaks dma-bufs in the ways that it is told, each by a process of its own that is called
 * as the way, or with -c does the same and leaks nothing. Buffers are of dmabuf_tools.ko; each way
 * has a function of its own that calls ioctl, so that stacks tell them apart. Built without frame
 * pointers. Processes that live on write their numbers to FILE (-p), one a line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmabuf_tools_uapi.h"

static bool clean;
static const char *pids;
static int warm_up = 427, cycles = 13, rounds = 1;
static int exporter, importer;

static void die(const char *what)
{
	fprintf(stderr, "leaker: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int check(int ret, const char *what)
{
	if (ret < 0)
		die(what);
	return ret;
}

#define NOINLINE static __attribute__((noinline, noclone))

/* A function export_WAY() for each way: who calls ioctl is to be named. */
#define EXPORTER_OF(way)								\
NOINLINE int export_##way(size_t size, unsigned int flags, unsigned int fd_flags)	\
{											\
	struct dmabuf_tools_export arg = {						\
		.size = size, .flags = flags, .fd_flags = O_RDWR | fd_flags,		\
		.name = #way,								\
	};										\
											\
	check(ioctl(exporter, DMABUF_TOOLS_IOC_EXPORT, &arg), "export");		\
	return arg.fd;									\
}

NOINLINE unsigned int attach(int fd, unsigned int flags)
{
	struct dmabuf_tools_attach arg = { .fd = fd, .flags = flags };

	check(ioctl(importer, DMABUF_TOOLS_IOC_ATTACH, &arg), "attach");
	return arg.id;
}

NOINLINE unsigned int map(unsigned int attachment)
{
	struct dmabuf_tools_map arg = {
		.attachment = attachment, .direction = DMABUF_TOOLS_TO_DEVICE,
	};

	check(ioctl(importer, DMABUF_TOOLS_IOC_MAP, &arg), "map");
	return arg.id;
}

NOINLINE unsigned int vmap(int fd)
{
	struct dmabuf_tools_vmap arg = { .fd = fd };

	check(ioctl(importer, DMABUF_TOOLS_IOC_VMAP, &arg), "vmap");
	return arg.id;
}

NOINLINE void pin(unsigned int attachment)
{
	struct dmabuf_tools_pin arg = { .attachment = attachment };

	check(ioctl(importer, DMABUF_TOOLS_IOC_PIN, &arg), "pin");
}

static void unpin(unsigned int attachment)
{
	struct dmabuf_tools_pin arg = { .attachment = attachment };

	check(ioctl(importer, DMABUF_TOOLS_IOC_UNPIN, &arg), "unpin");
}

static void undo(unsigned long request, unsigned int id, unsigned int flags)
{
	struct dmabuf_tools_undo arg = { .id = id, .flags = flags };

	check(ioctl(importer, request, &arg), "undo");
}

NOINLINE void sync_buffer(int fd, unsigned long long flags)
{
	struct dma_buf_sync arg = { .flags = flags };

	check(ioctl(fd, DMA_BUF_IOCTL_SYNC, &arg), "sync");
}

/* What this process' importer has is not undone when it goes. */
static void forget_to_undo(void)
{
	struct dmabuf_tools_on_close arg = { .flags = clean ? 0 : DMABUF_TOOLS_LEAK };

	check(ioctl(importer, DMABUF_TOOLS_IOC_ON_CLOSE, &arg), "on close");
}

/* A process that lives on, with nothing of ours but what body has made. */
static void live_on(void)
{
	FILE *out = pids ? fopen(pids, "a") : NULL;
	int null = open("/dev/null", O_RDWR);

	if (out) {
		fprintf(out, "%d\n", getpid());
		fclose(out);
	}
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
	for (;;)
		pause();
}

static void send_fd(int to, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	check(sendmsg(to, &msg, 0), "sendmsg");
}

static int receive_fd(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	check(recvmsg(from, &msg, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

EXPORTER_OF(mapping)
static void do_mapping(void)
{
	int fd = export_mapping(8192, 0, O_CLOEXEC);
	unsigned int a = attach(fd, 0), m = map(a);

	forget_to_undo();
	if (clean) {
		undo(DMABUF_TOOLS_IOC_UNMAP, m, 0);
		undo(DMABUF_TOOLS_IOC_DETACH, a, 0);
	}
	close(fd);
}

EXPORTER_OF(attachment)
static void do_attachment(void)
{
	int i;

	forget_to_undo();
	for (i = 0; i < 3; i++) {
		int fd = export_attachment(12288, 0, O_CLOEXEC);
		unsigned int a = attach(fd, 0);

		if (clean)
			undo(DMABUF_TOOLS_IOC_DETACH, a, 0);
		close(fd);
	}
}

/* Detached, and still pinned */
EXPORTER_OF(pin)
static void do_pin(void)
{
	int fd = export_pin(16384, DMABUF_TOOLS_DYNAMIC | DMABUF_TOOLS_CHECKED, O_CLOEXEC);
	unsigned int a = attach(fd, DMABUF_TOOLS_ATTACH_DYNAMIC);

	pin(a);
	if (clean)
		unpin(a);
	undo(DMABUF_TOOLS_IOC_DETACH, a, clean ? 0 : DMABUF_TOOLS_MISUSE);
	close(fd);
}

EXPORTER_OF(vmap)
static void do_vmap(void)
{
	int fd = export_vmap(20480, 0, O_CLOEXEC);
	unsigned int v = vmap(fd);

	forget_to_undo();
	if (clean)
		undo(DMABUF_TOOLS_IOC_VUNMAP, v, 0);
	close(fd);
}

EXPORTER_OF(cpu_access)
static void do_cpu_access(void)
{
	int fd = export_cpu_access(24576, 0, O_CLOEXEC);

	sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	if (clean)
		sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	close(fd);
}

/* Who grows is killed with what it has; the twin closes all before. */
EXPORTER_OF(growth)
static void do_growth(void)
{
	int *fds = calloc(warm_up + cycles, sizeof(*fds)), i;

	for (i = 0; i < warm_up; i++)
		fds[i] = export_growth(16384, 0, O_CLOEXEC);
	for (i = 0; i < cycles; i++) {
		int fd = export_growth(16384, 0, O_CLOEXEC);

		fds[warm_up + i] = export_growth(16384, 0, O_CLOEXEC);
		close(fd);
	}
	for (i = 0; i < warm_up + cycles && clean; i++)
		close(fds[i]);
	if (!clean)
		raise(SIGKILL);
}

/* Passed to a daemon, which keeps it: its fd, a mapping of it, or the socket that it came by. */
static void pass(int fd, void (*keep)(int socket))
{
	int sockets[2];
	pid_t daemon;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	daemon = check(fork(), "fork");
	if (!daemon) {
		close(fd);
		close(exporter);
		close(importer);
		close(sockets[0]);
		setsid();
		keep(sockets[1]);
		if (clean)
			_exit(0);
		live_on();
	}
	close(sockets[1]);
	send_fd(sockets[0], fd);
	close(fd);
	if (clean)
		waitpid(daemon, NULL, 0);
	else
		/* Until it has what it keeps */
		check(read(sockets[0], &(char){ 0 }, 1), "read");
	close(sockets[0]);
}

static void tell(int socket)
{
	check(write(socket, "", 1), "write");
}

static void keep_fd(int socket)
{
	int fd = receive_fd(socket);

	if (clean)
		close(fd);
	else
		tell(socket);
	close(socket);
}

static void keep_mapping(int socket)
{
	int fd = receive_fd(socket);
	void *memory = mmap(NULL, 36864, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	close(fd);
	if (clean)
		munmap(memory, 36864);
	else
		tell(socket);
	close(socket);
}

static void keep_socket(int socket)
{
	if (clean)
		close(receive_fd(socket));
	else
		tell(socket);
	if (clean)
		close(socket);
}

EXPORTER_OF(outlived)
static void do_outlived(void)
{
	pass(export_outlived(28672, 0, O_CLOEXEC), keep_fd);
}

EXPORTER_OF(in_flight)
static void do_in_flight(void)
{
	pass(export_in_flight(32768, 0, O_CLOEXEC), keep_socket);
}

EXPORTER_OF(map_only)
static void do_map_only(void)
{
	pass(export_map_only(36864, 0, O_CLOEXEC), keep_mapping);
}

/* A driver that took a reference and never gives it back */
EXPORTER_OF(kernel_held)
static void do_kernel_held(void)
{
	int fd = export_kernel_held(40960, 0, O_CLOEXEC);
	struct dmabuf_tools_fence arg = { .fd = fd, .usage = DMABUF_TOOLS_USAGE_READ };
	struct dmabuf_tools_signal signal = { 0 };

	forget_to_undo();
	check(ioctl(importer, DMABUF_TOOLS_IOC_FENCE, &arg), "fence");
	signal.id = arg.id;
	if (clean)
		check(ioctl(importer, DMABUF_TOOLS_IOC_SIGNAL, &signal), "signal");
	close(fd);
}

EXPORTER_OF(unclosed)
static void do_unclosed(void)
{
	int fd = export_unclosed(45056, 0, O_CLOEXEC), copy = dup(fd);
	void *memory = mmap(NULL, 45056, PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED || copy < 0)
		die("mmap");
	if (!clean)
		return;
	munmap(memory, 45056);
	close(fd);
	close(copy);
}

EXPORTER_OF(old)
static void do_old(void)
{
	int fd = export_old(49152, 0, O_CLOEXEC);

	poll(NULL, 0, clean ? 0 : 2600);
	close(fd);
}

EXPORTER_OF(unsynced)
static void do_unsynced(void)
{
	int fd = export_unsynced(53248, 0, O_CLOEXEC);
	void *memory = mmap(NULL, 53248, PROT_READ, MAP_SHARED, fd, 0);
	unsigned int a = attach(fd, 0);

	undo(DMABUF_TOOLS_IOC_UNMAP, map(a), 0);
	if (clean) {
		sync_buffer(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
		sync_buffer(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	}
	undo(DMABUF_TOOLS_IOC_DETACH, a, 0);
	munmap(memory, 53248);
	close(fd);
}

/* A child has inherited it, and lives on. */
EXPORTER_OF(forked)
static void do_forked(void)
{
	int fd = export_forked(57344, 0, O_CLOEXEC);
	pid_t child = check(fork(), "fork");

	if (!child) {
		close(exporter);
		close(importer);
		setsid();
		if (!clean)
			live_on();
		close(fd);
		_exit(0);
	}
	close(fd);
	if (clean)
		waitpid(child, NULL, 0);
}

/* Two forks away, by a process that nobody waits for */
EXPORTER_OF(double_forked)
static void do_double_forked(void)
{
	int ready[2];
	pid_t child;

	check(pipe(ready), "pipe");
	child = check(fork(), "fork");
	if (!child) {
		setsid();
		if (!check(fork(), "fork")) {
			int fd = export_double_forked(61440, 0, O_CLOEXEC);

			close(exporter);
			close(importer);
			if (clean)
				close(fd);
			close(ready[1]);
			if (clean)
				_exit(0);
			live_on();
		}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	close(ready[1]);
	/* Its end closes it */
	while (read(ready[0], &(char){ 0 }, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
}

EXPORTER_OF(threads)
static void *one_thread(void *arg)
{
	unsigned int a;
	int fd;

	(void)arg;
	prctl(PR_SET_NAME, "worker");
	fd = export_threads(65536, 0, O_CLOEXEC);
	a = attach(fd, 0);
	if (clean)
		undo(DMABUF_TOOLS_IOC_DETACH, a, 0);
	close(fd);
	return NULL;
}

static void do_threads(void)
{
	pthread_t threads[5];
	int i;

	forget_to_undo();
	for (i = 0; i < 5; i++)
		if (pthread_create(&threads[i], NULL, one_thread, NULL))
			die("thread");
	for (i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
}

/* The fd goes through exec, and is left to that program's exit. */
EXPORTER_OF(exec)
static void do_exec(void)
{
	int fd = export_exec(69632, 0, clean ? O_CLOEXEC : 0);

	(void)fd;
	execl("/proc/self/exe", "leaker", (char *)NULL);
	die("exec");
}

static const struct {
	const char *name;
	void (*body)(void);
} ways[] = {
	{ "mapping", do_mapping }, { "attachment", do_attachment }, { "pin", do_pin },
	{ "vmap", do_vmap }, { "cpu-access", do_cpu_access }, { "growth", do_growth },
	{ "outlived", do_outlived }, { "in-flight", do_in_flight }, { "map-only", do_map_only },
	{ "kernel-held", do_kernel_held }, { "unclosed", do_unclosed }, { "old", do_old },
	{ "unsynced", do_unsynced }, { "forked", do_forked },
	{ "double-forked", do_double_forked }, { "threads", do_threads }, { "exec", do_exec },
};

static void do_way(const char *name)
{
	int status = 0;
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i].name, name))
			break;
	if (i == sizeof(ways) / sizeof(*ways)) {
		fprintf(stderr, "leaker: no way '%s'\n", name);
		exit(2);
	}
	pid = check(fork(), "fork");
	if (!pid) {
		prctl(PR_SET_NAME, name);
		exporter = check(open(DMABUF_TOOLS_EXPORTER, O_RDWR | O_CLOEXEC), "exporter");
		importer = check(open(DMABUF_TOOLS_IMPORTER, O_RDWR | O_CLOEXEC), "importer");
		ways[i].body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0) {
		fprintf(stderr, "leaker: %s failed\n", name);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int opt, i;

	while ((opt = getopt(argc, argv, "cp:w:n:r:")) != -1) {
		if (opt == 'c')
			clean = true;
		else if (opt == 'p')
			pids = optarg;
		else if (opt == 'w')
			warm_up = atoi(optarg);
		else if (opt == 'n')
			cycles = atoi(optarg);
		else if (opt == 'r')
			rounds = atoi(optarg);
		else
			return 2;
	}
	for (; rounds > 0; rounds--)
		for (i = optind; i < argc; i++)
			do_way(argv[i]);
	return 0;
}
