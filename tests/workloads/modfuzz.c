// SPDX-License-Identifier: GPL-2.0
/*
 * modfuzz: random sequences of ioctls on the companion module's exporter and importer, from
 * several processes of several threads each; the caller looks whether the kernel is still well.
 * What each thread tries follows from the seed alone; how threads and processes meet does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>

#include "dmabuf_tools_uapi.h"

#define LEAKED		"/sys/kernel/debug/dmabuf_tools/importer/leaked"
#define SHARED		6	/* buffers that all processes have */
#define FDS		12	/* buffers that a sequence knows */
#define IDS		8	/* ids that a thread remembers, of each kind */
#define MOST_CALLS	40	/* in one thread's part of a sequence */
#define INTERRUPT_NS	4000000	/* so long may a wait last */

enum kind { ATTACHMENT, MAPPING, VMAPPING, ACCESS, FENCE, KINDS };

static struct {
	uint64_t seed;
	unsigned long sequences;
	unsigned int processes, threads;
	bool misuse, own;
} opt = { .sequences = 1009, .processes = 4, .threads = 2 };

static int shared[SHARED];

/* One thread of a sequence; fds and files are shared with the others. */
struct thread {
	pthread_t thread;
	uint64_t random;
	int exporter, importer, *fds;
	uint32_t ids[KINDS][IDS], made[KINDS];
	unsigned long calls, good;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "modfuzz: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t below(struct thread *t, uint32_t n)
{
	return next(&t->random) % n;
}

static bool one_in(struct thread *t, uint32_t n)
{
	return !below(t, n);
}

/* Mostly 0 or what is right, sometimes anything. */
static uint32_t field(struct thread *t, uint32_t right)
{
	static const uint32_t odd[] = { 1, 2, 3, 4, 7, 8, 64, 0x7fffffff, 0x80000000, 0xffffffff };

	if (!one_in(t, 64))
		return right;
	return one_in(t, 2) ? odd[below(t, sizeof(odd) / sizeof(odd[0]))] : next(&t->random);
}

static int some_fd(struct thread *t)
{
	if (one_in(t, 64))
		return one_in(t, 2) ? t->importer : t->exporter;
	return field(t, t->fds[below(t, FDS)]);
}

static uint32_t some_id(struct thread *t, enum kind kind)
{
	if (one_in(t, 32))
		kind = below(t, KINDS);
	if (!t->made[kind])
		return field(t, 0);
	return field(t, t->ids[kind][below(t, t->made[kind] < IDS ? t->made[kind] : IDS)]);
}

static int call(struct thread *t, int fd, unsigned long command, void *arg)
{
	int ret = ioctl(fd, command, arg);

	t->calls++;
	t->good += ret >= 0;
	return ret;
}

static void made(struct thread *t, enum kind kind, int ret, const uint32_t *id)
{
	if (!ret)
		t->ids[kind][t->made[kind]++ % IDS] = *id;
}

static void export(struct thread *t)
{
	static const uint64_t sizes[] = { 0, 1, 4096, 4097, 12288, 65536, 262144, UINT64_MAX,
					  UINT64_MAX - 4095, 1ULL << 63, (1ULL << 32) + 1 };
	uint64_t size = sizes[below(t, sizeof(sizes) / sizeof(sizes[0]))];
	int *slot = &t->fds[SHARED + below(t, FDS - SHARED)], fd = -1;

	if (one_in(t, 3)) {
		struct dma_heap_allocation_data a = { .len = size,
			.fd_flags = field(t, O_RDWR | O_CLOEXEC), .heap_flags = field(t, 0) };

		if (!call(t, t->exporter, DMA_HEAP_IOCTL_ALLOC, &a))
			fd = a.fd;
	} else {
		struct dmabuf_tools_export a = { .size = size, .flags = field(t, below(t, 8)),
			.fd_flags = field(t, O_RDWR | O_CLOEXEC), .fd = field(t, 0),
			.reserved = field(t, 0) };

		memset(a.name, 'a' + below(t, 100), below(t, DMABUF_TOOLS_NAME_LEN + 1));
		if (!call(t, t->exporter, DMABUF_TOOLS_IOC_EXPORT, &a))
			fd = a.fd;
	}
	/* Another thread may use the old one now: it gets EBADF or a newer buffer. */
	if (fd >= 0) {
		fd = __atomic_exchange_n(slot, fd, __ATOMIC_SEQ_CST);
		if (fd >= 0)
			close(fd);
	}
}

static void invalidate(struct thread *t)
{
	struct dmabuf_tools_invalidate a = { some_fd(t), field(t, 0) };

	call(t, t->exporter, DMABUF_TOOLS_IOC_INVALIDATE, &a);
}

static void attach(struct thread *t)
{
	struct dmabuf_tools_attach a = { some_fd(t), field(t, below(t, 4)),
		field(t, one_in(t, 2) ? DMABUF_TOOLS_ATTACH_DYNAMIC : 0), field(t, 0) };

	made(t, ATTACHMENT, call(t, t->importer, DMABUF_TOOLS_IOC_ATTACH, &a), &a.id);
}

static void map(struct thread *t)
{
	struct dmabuf_tools_map a = { some_id(t, ATTACHMENT), field(t, below(t, 3)), field(t, 0),
		field(t, 0), field(t, 0), field(t, 0) };

	made(t, MAPPING, call(t, t->importer, DMABUF_TOOLS_IOC_MAP, &a), &a.id);
}

static void pin(struct thread *t)
{
	struct dmabuf_tools_pin a = { some_id(t, ATTACHMENT), field(t, 0) };

	call(t, t->importer, DMABUF_TOOLS_IOC_PIN, &a);
}

static uint32_t misuse(struct thread *t)
{
	return opt.misuse && one_in(t, 4) ? DMABUF_TOOLS_MISUSE : 0;
}

static void unpin(struct thread *t)
{
	struct dmabuf_tools_pin a = { some_id(t, ATTACHMENT), misuse(t) };

	call(t, t->importer, DMABUF_TOOLS_IOC_UNPIN, &a);
}

static void vmap(struct thread *t)
{
	struct dmabuf_tools_vmap a = { some_fd(t), field(t, 0), field(t, 0), field(t, 0) };

	made(t, VMAPPING, call(t, t->importer, DMABUF_TOOLS_IOC_VMAP, &a), &a.id);
}

static void begin(struct thread *t)
{
	struct dmabuf_tools_access a = { some_fd(t), field(t, below(t, 3)), field(t, 0),
		field(t, 0) };

	made(t, ACCESS, call(t, t->importer, DMABUF_TOOLS_IOC_BEGIN_ACCESS, &a), &a.id);
}

static void fence(struct thread *t)
{
	struct dmabuf_tools_fence a = { some_fd(t), field(t, below(t, 4)),
		one_in(t, 8) ? 0 : below(t, 300000), field(t, -below(t, 100)), field(t, 0) };

	made(t, FENCE, call(t, t->importer, DMABUF_TOOLS_IOC_FENCE, &a), &a.id);
}

static void undo(struct thread *t)
{
	static const unsigned long commands[] = { DMABUF_TOOLS_IOC_DETACH, DMABUF_TOOLS_IOC_UNMAP,
		DMABUF_TOOLS_IOC_VUNMAP, DMABUF_TOOLS_IOC_END_ACCESS };
	enum kind kind = below(t, KINDS);
	struct dmabuf_tools_undo a = { some_id(t, kind), misuse(t), 0, field(t, 0) };
	struct dmabuf_tools_signal s = { a.id, a.reserved };

	if (kind == FENCE) {
		call(t, t->importer, DMABUF_TOOLS_IOC_SIGNAL, &s);
		return;
	}
	if (a.flags && kind == MAPPING) {
		a.direction = below(t, 3);
		if (one_in(t, 2)) {
			a.flags |= DMABUF_TOOLS_WRONG_TABLE;
			a.direction = 0;
		}
	}
	call(t, t->importer, commands[kind], &a);
}

/* Any command, of any size, with any content, anywhere. */
static void hostile(struct thread *t)
{
	_Alignas(16) uint64_t data[16];
	void *const places[] = { data, data, data, NULL, (void *)8, (char *)data + 1,
				 (void *)-4096L };
	unsigned int size = one_in(t, 2) ? 8 * below(t, 9) : below(t, 1 << _IOC_SIZEBITS);
	bool importer = below(t, 4);

	for (unsigned int i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		data[i] = one_in(t, 2) ? below(t, 8) : next(&t->random);
	/* A fence that never signals, on a buffer that all use, is not what is looked for. */
	data[1] |= 1;
	call(t, importer ? t->importer : t->exporter,
	     _IOC(below(t, 4), one_in(t, 16) ? below(t, 256) : DMABUF_TOOLS_IOC,
		  importer ? 0x40 + below(t, 16) : 1 + below(t, 4), size),
	     places[below(t, sizeof(places) / sizeof(places[0]))]);
}

static void cpu(struct thread *t)
{
	struct dma_buf_sync s = { .flags = below(t, 8) };
	int fd = some_fd(t);
	volatile char *p;

	call(t, fd, DMA_BUF_IOCTL_SYNC, &s);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return;
	if (fd != t->importer && fd != t->exporter)
		p[below(t, 4096)] = 1;
	munmap((void *)p, 4096);
}

static void on_close(struct thread *t)
{
	struct dmabuf_tools_on_close a = { field(t, one_in(t, 4) ? DMABUF_TOOLS_LEAK : 0),
		field(t, 0) };

	call(t, t->importer, DMABUF_TOOLS_IOC_ON_CLOSE, &a);
}

static void undo_leaks(void)
{
	int fd = open(LEAKED, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (write(fd, "\n", 1) < 0 && errno == EINTR)
		;
	close(fd);
}

/* How often each is called, by standing here so often. */
static void (*const actions[])(struct thread *) = {
	export, export, invalidate, attach, attach, attach, attach, map, map, map, map, pin, pin,
	unpin, vmap, vmap, vmap, begin, begin, fence, fence, undo, undo, undo, undo, undo, undo,
	undo, undo, hostile, hostile, cpu, on_close,
};

/* What waits too long is interrupted, each thread by itself. */
static timer_t interrupts(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	struct itimerspec often = { { 0, INTERRUPT_NS }, { 0, INTERRUPT_NS } };
	timer_t timer;

	event._sigev_un._tid = syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &often, NULL))
		die("timer");
	return timer;
}

static void *run(void *arg)
{
	struct thread *t = arg;
	timer_t timer = interrupts();

	for (uint32_t n = below(t, MOST_CALLS); n; n--)
		actions[below(t, sizeof(actions) / sizeof(actions[0]))](t);
	timer_delete(timer);
	return NULL;
}

/* Files of its own; what it leaves open, close undoes or leaks. */
static void sequence(uint64_t seed, unsigned long *calls, unsigned long *good)
{
	int exporter = open(DMABUF_TOOLS_EXPORTER, O_RDWR | O_CLOEXEC);
	int importer = open(DMABUF_TOOLS_IMPORTER, O_RDWR | O_CLOEXEC);
	struct thread threads[opt.threads];
	int fds[FDS];

	if (exporter < 0 || importer < 0)
		die("the module's files");
	for (unsigned int i = 0; i < FDS; i++)
		fds[i] = i < SHARED ? shared[i] : -1;
	memset(threads, 0, sizeof(threads));
	for (unsigned int i = 0; i < opt.threads; i++) {
		threads[i].random = seed + i;
		next(&threads[i].random);
		threads[i].exporter = exporter;
		threads[i].importer = importer;
		threads[i].fds = fds;
		errno = pthread_create(&threads[i].thread, NULL, run, &threads[i]);
		if (errno)
			die("thread");
	}
	for (unsigned int i = 0; i < opt.threads; i++) {
		pthread_join(threads[i].thread, NULL);
		*calls += threads[i].calls;
		*good += threads[i].good;
	}
	if (seed & 1)
		close(importer);
	for (unsigned int i = SHARED; i < FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (!(seed & 1))
		close(importer);
	close(exporter);
	undo_leaks();
}

static void nothing(int number)
{
	(void)number;
}

/* Every opt.processes-th sequence, from @first on. */
static int process(unsigned long first)
{
	struct sigaction interrupted = { .sa_handler = nothing };
	unsigned long calls = 0, good = 0;
	uint64_t state;

	sigaction(SIGALRM, &interrupted, NULL);
	for (unsigned long n = first; n < opt.sequences; n += opt.processes) {
		state = opt.seed + n;
		sequence(next(&state), &calls, &good);
	}
	printf("calls %lu good %lu\n", calls, good);
	fflush(stdout);
	return 0;
}

/* Four of the module's, and the system heap's where there is one (and not opt.own). */
static void share(void)
{
	int exporter = open(DMABUF_TOOLS_EXPORTER, O_RDWR | O_CLOEXEC);
	int heap = opt.own ? -1 : open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	for (unsigned int i = 0; i < SHARED; i++) {
		struct dmabuf_tools_export e = { .size = 12288, .flags = 2 * i & 6,
			.fd_flags = O_RDWR | O_CLOEXEC };
		struct dma_heap_allocation_data a = { .len = 12288,
			.fd_flags = O_RDWR | O_CLOEXEC };

		if (i >= 4 && !ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &a))
			shared[i] = a.fd;
		else if (!ioctl(exporter, DMABUF_TOOLS_IOC_EXPORT, &e))
			shared[i] = e.fd;
		else
			die("a shared buffer");
	}
	close(exporter);
	close(heap);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "sequences", required_argument, NULL, 'n' },
		{ "processes", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "misuse", no_argument, NULL, 'm' }, { "own", no_argument, NULL, 'o' }, { },
	};
	int c, status, failed = 0;

	opt.seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': opt.seed = strtoull(optarg, NULL, 0); break;
		case 'n': opt.sequences = strtoul(optarg, NULL, 0); break;
		case 'p': opt.processes = strtoul(optarg, NULL, 0); break;
		case 't': opt.threads = strtoul(optarg, NULL, 0); break;
		case 'm': opt.misuse = true; break;
		case 'o': opt.own = true; break;
		default:
			fprintf(stderr, "Usage: modfuzz [--seed N] [--sequences N] [--processes N]"
				" [--threads N] [--misuse] [--own]\n");
			return 2;
		}
	}
	printf("seed %llu\n", (unsigned long long)opt.seed);
	fflush(stdout);
	share();
	for (unsigned int i = 0; i < opt.processes; i++) {
		switch (fork()) {
		case -1: die("fork");
		case 0: _exit(process(i));
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed ? 1 : 0;
}
