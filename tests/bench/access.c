// SPDX-License-Identifier: GPL-2.0
/*
 * Begins CPU accesses by DMA_BUF_IOCTL_SYNC, in runs of as many calls, and prints what one took
 * by the best run, in ns: under instruction counting, instructions. access RUNS CALLS makes exactly
 * that many calls instead, access RUNS CALLS RATE so many of them a second, or what it can.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define CALLS 10007
#define WARM_UPS 3		/* after those, runs repeat within 1 % */
#define BURST 101		/* calls, then a pause, where there is a rate */

static double ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* So many calls, in bursts; what comes late is not caught up with. */
static int make(int fd, int calls, int rate)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	double next = ns(), late;
	int i;

	for (i = 0; i < calls; i++) {
		if (rate && i % BURST == 0) {
			late = ns() - next;
			if (late < 0)
				usleep(-late / 1000);
			else
				next += late;
			next += BURST * 1e9 / rate;
		}
		if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct dma_heap_allocation_data heap = { .len = 4096, .fd_flags = O_RDWR | O_CLOEXEC };
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	int fd = open("/dev/dma_heap/system", O_RDONLY), runs = argc > 1 ? atoi(argv[1]) : 3, i, j;
	double best = 0;

	if (fd < 0 || ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &heap)) {
		puts("SKIP no /dev/dma_heap/system");
		return 0;
	}
	if (argc > 2)
		return make(heap.fd, atoi(argv[2]), argc > 3 ? atoi(argv[3]) : 0);
	for (i = 0; i < runs + WARM_UPS; i++) {
		double start = ns(), took;

		for (j = 0; j < CALLS; j++)
			if (ioctl(heap.fd, DMA_BUF_IOCTL_SYNC, &sync))
				return 1;
		took = (ns() - start) / CALLS;
		if (i == WARM_UPS || (i > WARM_UPS && took < best))
			best = took;
	}
	printf("%.1f\n", best);
	return 0;
}
