// SPDX-License-Identifier: GPL-2.0
/* Factories of mkbufs whose buffers are held by GEM handles, messages in flight or io_uring. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "mkbufs.h"

#define IMPORT_FILES	5
#define EXPORT_FILES	3

void make_gem_many(void)
{
	make_kernel_only();
}

/* Each file that imports makes an object of its own; the exporter's files share one. */
void make_gem_files(void)
{
	int vgem[IMPORT_FILES], fd;
	uint32_t handle;
	struct buffer b;

	for (int i = 0; i < IMPORT_FILES; i++)
		vgem[i] = vgem_need();
	foreign_exporter_open();
	for (unsigned int i = 0; i < opt.count; i++) {
		int first = i % 2, files = first ? EXPORT_FILES : IMPORT_FILES;

		fd = first ? export_kept(vgem[0], "drm", &b, &handle) : buffer_make(&b);
		for (int f = first; f < files; f++)
			vgem_hold(vgem[f], &b, fd);
		close(fd);
	}
}

struct handle {
	uint64_t ino;
	uint32_t handle;
};

static void enter_handles(void *arg)
{
	const struct handle *handles = arg;

	for (unsigned int i = 0; i < opt.count; i++)
		ledger_gem(handles[i].ino, handles[i].handle, false);
}

void make_gem_shared(void)
{
	struct handle *handles = calloc(opt.count, sizeof(*handles));
	int vgem = vgem_need();
	struct buffer b;

	if (!handles)
		die("out of memory");
	for (unsigned int i = 0; i < opt.count; i++) {
		close(export_kept(vgem, "drm", &b, &handles[i].handle));
		handles[i].ino = b.ino;
	}
	for (unsigned int i = 0; i < opt.procs; i++)
		spawn(0, enter_handles, handles);
}

/* With the last handle its object lets go, too; with another one left, it does not. */
void make_handle_first(void)
{
	int vgem = vgem_need(), other = vgem_need();
	struct buffer b;

	foreign_exporter_open();
	for (unsigned int i = 0; i < opt.count; i++) {
		uint32_t handle;
		int fd;

		if (i % 3 == 0) {
			fd = buffer_make(&b);
			drm_close(vgem, drm_import(vgem, fd));
		} else {
			fd = drm_export(vgem, opt.size, &handle);
			buffer_describe(&b, fd, "drm", opt.size);
			if (i % 3 == 1)
				vgem_hold(other, &b, fd);
			drm_close(vgem, handle);
		}
		ledger_fd(fd, true);
	}
}

/* One buffer, n times in one message; it is then held by that alone. */
static void send_buffer(int sock, unsigned int n)
{
	int fds[2];
	struct buffer b;

	fds[0] = fds[1] = buffer_make(&b);
	send_fds(sock, fds, n);
	while (n--)
		ledger_in_flight(b.ino);
	close(fds[0]);
}

void make_inflight_twice(void)
{
	int sv[2];

	exporter_open();
	socket_pair(sv);
	for (unsigned int i = 0; i < opt.count; i++) {
		struct buffer b;
		int fd;

		if (i % 2) {
			send_buffer(sv[0], 2);
			continue;
		}
		fd = buffer_make(&b);
		for (int message = 0; message < 2; message++) {
			send_fds(sv[0], &fd, 1);
			ledger_in_flight(b.ino);
		}
		close(fd);
	}
}

static void stream_pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		die("socketpair: %s", strerror(errno));
}

void make_inflight_queue(void)
{
	int sv[2];

	exporter_open();
	stream_pair(sv);
	for (unsigned int i = 0; i < opt.count; i++)
		send_buffer(sv[0], 1);
}

void make_inflight_socket(void)
{
	int inner[2], outer[2];

	exporter_open();
	socket_pair(inner);
	socket_pair(outer);
	for (unsigned int i = 0; i < opt.count; i++)
		send_buffer(inner[0], 1);
	send_fds(outer[0], &inner[1], 1);
	close(inner[0]);
	close(inner[1]);
}

void make_inflight_half(void)
{
	int sv[2];

	exporter_open();
	stream_pair(sv);
	for (unsigned int i = 0; i < opt.count; i++)
		send_buffer(sv[0], 1);
	close(sv[0]);
}

/* A socket under an abstract name that the kernel chooses; whom a child connects to. */
static struct sockaddr_un server;
static socklen_t server_len = sizeof(server.sun_family);

static int serve(int type)
{
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	server.sun_family = AF_UNIX;
	if (sock < 0 || bind(sock, (struct sockaddr *)&server, server_len))
		die("a unix socket: %s", strerror(errno));
	server_len = sizeof(server);
	if (getsockname(sock, (struct sockaddr *)&server, &server_len))
		die("getsockname: %s", strerror(errno));
	return sock;
}

static int call(int type)
{
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (sock < 0 || connect(sock, (struct sockaddr *)&server, server_len))
		die("connect: %s", strerror(errno));
	return sock;
}

/* All in one message: such a queue takes no more than ten. Half of the senders close. */
static void send_datagram(void *arg)
{
	unsigned int self = *(unsigned int *)arg, n = 0;
	int sock = call(SOCK_DGRAM), *fds = calloc(opt.count, sizeof(*fds));
	struct buffer b;

	if (!fds)
		die("out of memory");
	for (unsigned int i = self; i < opt.count; i += opt.procs) {
		fds[n++] = buffer_make(&b);
		ledger_in_flight(b.ino);
	}
	send_fds(sock, fds, n);
	while (n--)
		close(fds[n]);
	if (self % 2)
		close(sock);
}

void make_inflight_dgram(void)
{
	exporter_open();
	serve(SOCK_DGRAM);
	for (unsigned int i = 0; i < opt.procs; i++)
		spawn(0, send_datagram, &i);
}

void make_inflight_backlog(void)
{
	int sock;

	exporter_open();
	if (listen(serve(SOCK_STREAM), 1))
		die("listen: %s", strerror(errno));
	sock = call(SOCK_STREAM);
	for (unsigned int i = 0; i < opt.count; i++)
		send_buffer(sock, 1);
}

static void send_elsewhere(void *arg)
{
	int inner[2], outer[2];

	(void)arg;
	if (unshare(CLONE_NEWNET))
		die("a network namespace: %s", strerror(errno));
	stream_pair(inner);
	stream_pair(outer);
	for (unsigned int i = 0; i < opt.count; i++)
		send_buffer(i % 2 ? inner[0] : outer[0], 1);
	send_fds(outer[0], &inner[1], 1);
	close(inner[0]);
	close(inner[1]);
}

void make_inflight_netns(void)
{
	exporter_open();
	spawn(0, send_elsewhere, NULL);
}

static int ring_make(const int *fds, unsigned int n, struct io_uring_params *params)
{
	int ring = syscall(__NR_io_uring_setup, 1, params);

	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		skip("no io_uring: %s", strerror(errno));
	if (ring < 0)
		die("io_uring_setup: %s", strerror(errno));
	if (syscall(__NR_io_uring_register, ring, IORING_REGISTER_FILES, fds, n))
		die("IORING_REGISTER_FILES of %u: %s", n, strerror(errno));
	return ring;
}

static void enter_registered(void *arg)
{
	const uint64_t *inos = arg;

	for (unsigned int i = 0; i < 2 * opt.count; i++)
		if (inos[i])
			ledger_io_uring(inos[i], false);
}

/* A table of 2 N places: each third buffer stands in two, the others leave one empty. */
static int register_buffers(bool keep, struct io_uring_params *params, uint64_t *inos)
{
	int *fds = malloc(2 * opt.count * sizeof(*fds)), ring;
	struct buffer b;

	if (!fds)
		die("out of memory");
	for (unsigned int i = 0; i < opt.count; i++) {
		fds[2 * i] = buffer_make(&b);
		fds[2 * i + 1] = i % 3 ? -1 : fds[2 * i];
		inos[2 * i] = b.ino;
		inos[2 * i + 1] = i % 3 ? 0 : b.ino;
	}
	ring = ring_make(fds, 2 * opt.count, params);
	for (unsigned int i = 0; i < 2 * opt.count; i++)
		if (inos[i])
			ledger_io_uring(inos[i], true);
	for (unsigned int i = 0; i < opt.count; i++)
		if (keep && i % 5 == 0)
			ledger_fd(fds[2 * i], true);
		else
			close(fds[2 * i]);
	free(fds);
	return ring;
}

static uint64_t *ring_places(void)
{
	uint64_t *inos = calloc(2 * opt.count, sizeof(*inos));

	if (!inos)
		die("out of memory");
	return inos;
}

void make_io_uring(void)
{
	struct io_uring_params params = {};
	uint64_t *inos = ring_places();

	exporter_open();
	register_buffers(false, &params, inos);
	for (unsigned int i = 0; i < opt.procs; i++)
		spawn(0, enter_registered, inos);
}

void make_io_uring_mapped(void)
{
	struct io_uring_params params = {};
	int ring;

	exporter_open();
	ring = register_buffers(true, &params, ring_places());
	if (mmap(NULL, params.sq_off.array + sizeof(uint32_t), PROT_READ, MAP_SHARED, ring,
		 IORING_OFF_SQ_RING) == MAP_FAILED)
		die("mapping the ring: %s", strerror(errno));
	close(ring);
}
