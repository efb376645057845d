// SPDX-License-Identifier: GPL-2.0
/*
 * modops: exactly N of each operation that dmabuf_tools.ko can make, by P processes at once, as
 * known numbers for tests of who counts them. Prints as JSON what each process did and to which
 * buffers. A call that fails is counted, and what would undo it is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmabuf_tools_uapi.h"

#define MAX_PROCESSES 64

enum { EXPORT, ATTACH, MAP, UNMAP, PIN, UNPIN, VMAP, VUNMAP, BEGIN, END, MMAP, DETACH, OPS };

static const char *const names[OPS] = {
	"export", "attach", "map", "unmap", "pin", "unpin", "vmap", "vunmap", "begin", "end",
	"mmap", "detach",
};

/* Shared with the parent */
struct process {
	pid_t pid;
	int failed;			/* errno of what must not fail */
	unsigned int n, device;
	unsigned int calls[OPS], errors[OPS];
	unsigned int directions[3];	/* of map; begin and end have the same, twice */
};

static struct process *processes;
/* Of each buffer; of its map, how long that took by the module's own clock, 0: it failed */
static unsigned long long *inos, *maps_ns;

static int call(struct process *p, int op, int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	p->calls[op]++;
	if (ret)
		p->errors[op]++;
	return ret;
}

static void undo(struct process *p, int op, int importer, unsigned long request, unsigned int id)
{
	struct dmabuf_tools_undo undo = { .id = id };

	if (call(p, op, importer, request, &undo))
		p->failed = errno;
}

static void attached(struct process *p, int importer, unsigned int attachment,
		     unsigned int direction, unsigned long long *map_ns)
{
	struct dmabuf_tools_pin pin = { .attachment = attachment };
	struct dmabuf_tools_map map = { .attachment = attachment, .direction = direction };

	if (!call(p, PIN, importer, DMABUF_TOOLS_IOC_PIN, &pin)) {
		pin.flags = 0;
		if (call(p, UNPIN, importer, DMABUF_TOOLS_IOC_UNPIN, &pin))
			p->failed = errno;
	}
	p->directions[direction]++;
	if (!call(p, MAP, importer, DMABUF_TOOLS_IOC_MAP, &map)) {
		*map_ns = map.duration_ns;
		undo(p, UNMAP, importer, DMABUF_TOOLS_IOC_UNMAP, map.id);
	}
}

/* Once by an ioctl of the buffer, once in the kernel */
static void access_twice(struct process *p, int importer, int fd, unsigned int direction)
{
	static const unsigned long long flags[] = {
		DMA_BUF_SYNC_RW, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_READ,
	};
	struct dmabuf_tools_access access = { .fd = fd, .direction = direction };
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | flags[direction] };

	if (!call(p, BEGIN, fd, DMA_BUF_IOCTL_SYNC, &sync)) {
		sync.flags = DMA_BUF_SYNC_END | flags[direction];
		if (call(p, END, fd, DMA_BUF_IOCTL_SYNC, &sync))
			p->failed = errno;
	}
	if (!call(p, BEGIN, importer, DMABUF_TOOLS_IOC_BEGIN_ACCESS, &access))
		undo(p, END, importer, DMABUF_TOOLS_IOC_END_ACCESS, access.id);
}

static void one(struct process *p, int exporter, int importer, unsigned int i, unsigned int at)
{
	struct dmabuf_tools_export export = {
		.size = 4096, .flags = DMABUF_TOOLS_DYNAMIC, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	struct dmabuf_tools_attach attach = {
		.device = p->device, .flags = DMABUF_TOOLS_ATTACH_DYNAMIC,
	};
	struct dmabuf_tools_vmap vmap = { 0 };
	struct stat st;
	void *memory;

	if (call(p, EXPORT, exporter, DMABUF_TOOLS_IOC_EXPORT, &export)) {
		p->failed = errno;
		return;
	}
	fstat(export.fd, &st);
	inos[at] = st.st_ino;
	attach.fd = vmap.fd = export.fd;
	if (!call(p, ATTACH, importer, DMABUF_TOOLS_IOC_ATTACH, &attach)) {
		attached(p, importer, attach.id, i % 3, &maps_ns[at]);
		undo(p, DETACH, importer, DMABUF_TOOLS_IOC_DETACH, attach.id);
	}
	if (!call(p, VMAP, importer, DMABUF_TOOLS_IOC_VMAP, &vmap))
		undo(p, VUNMAP, importer, DMABUF_TOOLS_IOC_VUNMAP, vmap.id);
	access_twice(p, importer, export.fd, i % 3);
	p->calls[MMAP]++;
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, export.fd, 0);
	if (memory == MAP_FAILED)
		p->errors[MMAP]++;
	else
		munmap(memory, 4096);
	close(export.fd);
}

static void work(struct process *p, int start, unsigned int at)
{
	int exporter = open(DMABUF_TOOLS_EXPORTER, O_RDWR | O_CLOEXEC);
	int importer = open(DMABUF_TOOLS_IMPORTER, O_RDWR | O_CLOEXEC);
	unsigned int i;
	char byte;

	if (exporter < 0 || importer < 0) {
		p->failed = errno;
		return;
	}
	/* All begin at once, when the other end is closed */
	while (read(start, &byte, 1) < 0 && errno == EINTR)
		;
	for (i = 0; i < p->n && !p->failed; i++)
		one(p, exporter, importer, i, at + i);
}

static void print_numbers(const char *key, const unsigned int *numbers)
{
	int op;

	printf(",\"%s\":{", key);
	for (op = 0; op < OPS; op++)
		printf("%s\"%s\":%u", op ? "," : "", names[op], numbers[op]);
	putchar('}');
}

static void print_each(const char *key, const unsigned long long *numbers, unsigned int n)
{
	unsigned int i;

	printf(",\"%s\":[", key);
	for (i = 0; i < n; i++)
		printf("%s%llu", i ? "," : "", numbers[i]);
	putchar(']');
}

static void print_process(const struct process *p, unsigned int at)
{
	printf("{\"pid\":%d,\"device\":\"dmabuf-importer.%u\",\"n\":%u", p->pid, p->device, p->n);
	printf(",\"directions\":[%u,%u,%u]", p->directions[0], p->directions[1],
	       p->directions[2]);
	print_numbers("calls", p->calls);
	print_numbers("errors", p->errors);
	print_each("inos", inos + at, p->n);
	print_each("maps_ns", maps_ns + at, p->n);
	putchar('}');
}

static void *shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("modops");
		exit(1);
	}
	return memory;
}

int main(int argc, char **argv)
{
	unsigned int n = 10007, count = 8, at = 0, i;
	int opt, start[2], failed = 0;

	while ((opt = getopt(argc, argv, "n:P:")) != -1) {
		if (opt == 'n')
			n = strtoul(optarg, NULL, 10);
		else if (opt == 'P')
			count = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!count || count > MAX_PROCESSES || !n) {
		fprintf(stderr, "Usage: modops [-n N] [-P PROCESSES (%d at most)]\n", MAX_PROCESSES);
		return 2;
	}
	processes = shared(count * sizeof(*processes));
	inos = shared(n * sizeof(*inos));
	maps_ns = shared(n * sizeof(*maps_ns));
	if (pipe(start)) {
		perror("modops");
		return 1;
	}
	for (i = 0; i < count; i++) {
		struct process *p = &processes[i];

		p->n = n / count + (i < n % count);
		p->device = i;
		p->pid = fork();
		if (!p->pid) {
			p->pid = getpid();
			close(start[1]);
			work(p, start[0], at);
			_exit(0);
		}
		at += p->n;
	}
	close(start[0]);
	close(start[1]);
	while (wait(NULL) > 0)
		;
	fputs("{\"processes\":[", stdout);
	for (i = at = 0; i < count; i++) {
		if (i)
			putchar(',');
		print_process(&processes[i], at);
		at += processes[i].n;
		if (processes[i].failed) {
			fprintf(stderr, "modops: %d: %s\n", processes[i].pid,
				strerror(processes[i].failed));
			failed = 1;
		}
	}
	puts("]}");
	return failed;
}
