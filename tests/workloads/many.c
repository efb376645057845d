// SPDX-License-Identifier: GPL-2.0
/* Factories of mkbufs with many processes: for scale, and for buffers in motion. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "mkbufs.h"

static void fd_and_map_each(void *arg)
{
	unsigned int n = *(unsigned int *)arg;
	struct buffer b;

	while (n--) {
		int fd = buffer_make(&b);

		ledger_fd(fd, true);
		buffer_map(&b, fd);
	}
}

void make_many(void)
{
	exporter_open();
	for (unsigned int i = 0; i < opt.procs; i++) {
		unsigned int share = opt.count / opt.procs + (i < opt.count % opt.procs);

		spawn(0, fd_and_map_each, &share);
	}
}

#define HELD_MAX	24		/* by one process */

/* One hold on a buffer, by an fd, a mapping or a GEM handle. */
struct hold {
	struct buffer buffer;
	int fd;				/* -1: not by one */
	void *map;			/* NULL, without an fd too: by the handle */
	uint32_t handle;
};

static struct churn {
	pthread_barrier_t running;	/* with mkbufs itself */
	pthread_barrier_t quiet;	/* nobody sends any more */
	atomic_bool stop;		/* it was told to, if no time was given */
} *churn;

static bool with_handles;
static int vgem = -1;			/* the process' own DRM file */
static int (*inbox)[2];			/* [1] is written by everybody, [0] read by its owner */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Marsaglia's xorshift32: the same for every run, other for each process. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void drop(struct hold *held, unsigned int *n, unsigned int i)
{
	if (held[i].fd >= 0)
		close(held[i].fd);
	else if (held[i].map)
		munmap(held[i].map, held[i].buffer.size);
	else
		drm_close(vgem, held[i].handle);
	held[i] = held[--*n];
}

/* A DRM file has one handle for a buffer: whether it is among what is held. */
static bool has_handle(const struct hold *held, unsigned int n, uint64_t ino)
{
	while (n--)
		if (held[n].fd < 0 && !held[n].map && held[n].buffer.ino == ino)
			return true;
	return false;
}

/* The buffer's description travels with its fd. A full inbox is no error: the fd stays here. */
static bool post(int sock, const struct hold *h)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)&h->buffer, sizeof(h->buffer) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &h->fd, sizeof(int));
	if (sendmsg(sock, &m, MSG_DONTWAIT) >= 0)
		return true;
	if (errno != EAGAIN)
		die("sendmsg: %s", strerror(errno));
	return false;
}

/* False: the inbox is empty. */
static bool fetch(int sock, struct hold *h)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &h->buffer, sizeof(h->buffer) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(sock, &m, MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN)
			die("recvmsg: %s", strerror(errno));
		return false;
	}
	if (m.msg_controllen < CMSG_LEN(sizeof(int)))
		die("recvmsg: a message without its fd");
	memcpy(&h->fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return true;
}

/* One random step; held has room for one more. */
static void churn_step(struct hold *held, unsigned int *n, unsigned int self, uint32_t *state)
{
	unsigned int i = *n ? next_random(state) % *n : 0;
	struct hold *h = &held[*n];

	switch (*n ? next_random(state) % (with_handles ? 8 : 6) : 0) {
	case 0:
		h->fd = buffer_make(&h->buffer);
		++*n;
		break;
	case 1:				/* dup or map */
	case 2:
		if (held[i].fd < 0)
			break;
		*h = held[i];
		if (next_random(state) % 2) {
			h->fd = dup(held[i].fd);
			if (h->fd < 0)
				die("dup: %s", strerror(errno));
		} else {
			h->fd = -1;
			h->map = mmap(NULL, h->buffer.size, PROT_READ, MAP_SHARED, held[i].fd, 0);
			if (h->map == MAP_FAILED)
				die("mmap: %s", strerror(errno));
		}
		++*n;
		break;
	case 3:
		if (held[i].fd >= 0)
			post(inbox[next_random(state) % opt.procs][1], &held[i]);
		break;
	case 4:
		if (fetch(inbox[self][0], h))
			++*n;
		break;
	case 5:
		drop(held, n, i);
		break;
	default:
		if (held[i].fd < 0 || has_handle(held, *n, held[i].buffer.ino))
			break;
		*h = held[i];
		h->handle = drm_import(vgem, h->fd);
		h->fd = -1;
		h->map = NULL;
		++*n;
	}
	if (*n == HELD_MAX)
		drop(held, n, i);
}

#define LEFT_IN_FLIGHT	5	/* by each process, at most */

/* Leaves messages in another's inbox, which is empty; of every other one the fd is not kept. */
static void leave_in_flight(struct hold *held, unsigned int *n, int sock)
{
	unsigned int left = LEFT_IN_FLIGHT;

	for (unsigned int i = *n; i-- && left; ) {
		if (held[i].fd < 0)
			continue;
		if (!post(sock, &held[i]))
			die("an empty inbox is full");
		ledger_in_flight(held[i].buffer.ino);
		if (left-- % 2)
			drop(held, n, i);
	}
}

static void churn_process(void *arg)
{
	unsigned int n = 0, self = *(unsigned int *)arg;
	uint32_t state = 2463534242u + self * 2654435761u;
	struct hold held[HELD_MAX + 1];
	double end;

	if (with_handles)
		vgem = vgem_open();
	pthread_barrier_wait(&churn->running);
	for (end = now() + opt.seconds; opt.seconds > 0 ? now() < end : !churn->stop; )
		churn_step(held, &n, self, &state);
	pthread_barrier_wait(&churn->quiet);
	/* Nothing may be in flight by chance. What is held stays; what came late is not kept. */
	while (fetch(inbox[self][0], &held[n]))
		close(held[n].fd);
	if (with_handles) {
		pthread_barrier_wait(&churn->quiet);
		leave_in_flight(held, &n, inbox[(self + 1) % opt.procs][1]);
	}

	for (unsigned int i = 0; i < n; i++) {
		if (held[i].fd >= 0)
			ledger_fd(held[i].fd, true);
		else if (held[i].map)
			ledger_map(held[i].buffer.ino, true);
		else
			ledger_vgem(&held[i].buffer, held[i].handle);
	}
}

void make_churn(void)
{
	pthread_barrierattr_t shared;

	exporter_open();
	churn = mmap(NULL, sizeof(*churn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	inbox = calloc(opt.procs, sizeof(*inbox));
	if (churn == MAP_FAILED || !inbox)
		die("out of memory");
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&churn->running, &shared, opt.procs + 1);
	pthread_barrier_init(&churn->quiet, &shared, opt.procs);
	for (unsigned int i = 0; i < opt.procs; i++)
		socket_pair(inbox[i]);
	for (unsigned int i = 0; i < opt.procs; i++)
		spawn(0, churn_process, &i);
	pthread_barrier_wait(&churn->running);
	puts("CHURNING");
	fflush(stdout);
	if (opt.seconds <= 0)
		wait_told();
	churn->stop = true;
}

/* Of vgem there is one device, but each process has a DRM file of its own. */
void make_churn_refs(void)
{
	with_handles = true;
	close(vgem_need());
	make_churn();
}
