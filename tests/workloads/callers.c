// SPDX-License-Identifier: GPL-2.0
/*
 * callers: functions with known names that lead to events, for tests of stacks. Built twice,
 * without and with frame pointers. "callers N" makes N buffers by one path and two more by another,
 * attaches and maps each; prints as JSON what it was. Where the module is not there it uses a
 * dma-heap and only exports. "-q" exits at once, without closing anything; "-d" calls from so deep
 * that no bounded copy of the stack reaches its bottom; "-w" waits for a line before it begins, and
 * for the end of its input before it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dmabuf_tools_uapi.h"

#define FUNCTION __attribute__((noinline, noclone))

static int exporter, importer;

/* So that a call is no jump: something is done after it. */
static int after(int value)
{
	asm volatile("" : "+r"(value));
	return value;
}

FUNCTION int new_buffer(size_t size)
{
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };

	if (ioctl(exporter, DMA_HEAP_IOCTL_ALLOC, &data))	/* new_buffer */
		return after(-errno);
	return after(data.fd);
}

FUNCTION int new_surface(size_t size)
{
	char room[200];
	int fd;

	memset(room, size & 255, sizeof(room));
	asm volatile("" : : "r"(room) : "memory");
	fd = new_buffer(size);					/* new_surface */
	return after(fd);
}

FUNCTION int new_cursor(size_t size)
{
	return after(new_buffer(size));				/* new_cursor */
}

FUNCTION int attach_buffer(int fd)
{
	struct dmabuf_tools_attach attach = { .fd = fd };

	if (ioctl(importer, DMABUF_TOOLS_IOC_ATTACH, &attach))	/* attach_buffer */
		return after(-errno);
	return after(attach.id);
}

FUNCTION int map_buffer(int attachment)
{
	struct dmabuf_tools_map map = { .attachment = attachment, .direction = 1 };

	return after(ioctl(importer, DMABUF_TOOLS_IOC_MAP, &map));	/* map_buffer */
}

FUNCTION int import_frame(int fd)
{
	int attachment = attach_buffer(fd);			/* import_frame */

	if (attachment < 0)
		return attachment;
	return after(map_buffer(attachment));			/* import_frame: map */
}

FUNCTION int show_frame(int fd)
{
	void *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);	/* show_frame */

	return after(memory == MAP_FAILED);
}

FUNCTION int dive(int depth)
{
	char room[100];

	memset(room, depth, sizeof(room));
	asm volatile("" : : "r"(room) : "memory");
	if (!depth)
		return after(new_surface(getpagesize()));	/* dive: last */
	return after(dive(depth - 1));				/* dive */
}

int main(int argc, char **argv)
{
	int opt, quick = 0, deep = 0, wait = 0, n, i, fd, made = 0;
	size_t page = getpagesize();

	while ((opt = getopt(argc, argv, "qdw")) != -1) {
		quick |= opt == 'q';
		deep |= opt == 'd';
		wait |= opt == 'w';
	}
	n = optind < argc ? atoi(argv[optind]) : 1;
	exporter = open(DMABUF_TOOLS_EXPORTER, O_RDWR | O_CLOEXEC);
	importer = open(DMABUF_TOOLS_IMPORTER, O_RDWR | O_CLOEXEC);
	if (exporter < 0)
		exporter = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	if (exporter < 0)
		return 77;
	while (wait && getchar() != '\n')
		;
	for (i = 0; i < n + 2; i++) {
		if (deep)
			fd = dive(500);
		else if (i < n)
			fd = new_surface(page);			/* main: surface */
		else
			fd = new_cursor(2 * page);		/* main: cursor */
		if (fd < 0)
			return 1;
		made++;
		if (quick)
			continue;
		if (importer >= 0 && import_frame(fd))		/* main: import */
			return 2;
		if (show_frame(fd))				/* main: show */
			return 3;
		close(fd);
	}
	if (quick)
		_exit(0);
	printf("{\"pid\":%d,\"made\":%d,\"imports\":%s}\n", getpid(), made,
	       importer >= 0 ? "true" : "false");
	fflush(stdout);
	while (wait && getchar() != EOF)
		;
	return 0;
}
