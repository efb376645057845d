// SPDX-License-Identifier: GPL-2.0
/*
 * accounting export|attach: what one round costs in nanoseconds, which are instructions under
 * icount; the best of 5 runs of 1009. export: a one-page buffer made and released, from the
 * system heap or by PRIME from vgem (without making its GEM object). attach: attach, map, unmap
 * and detach by the module's importer, on a buffer of the same. Used by accounting.bench.
 */
#include <drm.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "dmabuf_tools_uapi.h"

#define RUNS	5
#define ROUNDS	1009

static int heap = -1, drm = -1;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void need(int fd, unsigned long request, void *arg)
{
	if (ioctl(fd, request, arg)) {
		perror("ioctl");
		exit(1);
	}
}

static int open_vgem(void)
{
	char path[32], name[16];
	struct drm_version version = { .name = name, .name_len = sizeof(name) };
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		version.name_len = sizeof(name);
		if (fd >= 0 && !ioctl(fd, DRM_IOCTL_VERSION, &version) &&
		    version.name_len == 4 && !memcmp(name, "vgem", 4))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	fputs("neither a heap nor vgem\n", stderr);
	exit(1);
}

/* A buffer's descriptor, and when its export began. */
static int export_one(uint32_t *handle, uint64_t *start)
{
	if (heap >= 0) {
		struct dma_heap_allocation_data data = {
			.len = 4096, .fd_flags = O_RDWR | O_CLOEXEC,
		};

		*start = now();
		need(heap, DMA_HEAP_IOCTL_ALLOC, &data);
		return data.fd;
	} else {
		struct drm_mode_create_dumb dumb = { .height = 1, .width = 1024, .bpp = 32 };
		struct drm_prime_handle prime = { .flags = O_RDWR | O_CLOEXEC };

		need(drm, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
		prime.handle = *handle = dumb.handle;
		*start = now();
		need(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
		return prime.fd;
	}
}

static uint64_t export_round(void)
{
	struct drm_gem_close gem = { 0 };
	uint64_t start;
	int fd = export_one(&gem.handle, &start);

	close(fd);
	if (drm >= 0)
		need(drm, DRM_IOCTL_GEM_CLOSE, &gem);
	return now() - start;
}

static uint64_t attach_round(int importer, int fd)
{
	struct dmabuf_tools_attach attach = { .fd = fd };
	struct dmabuf_tools_map map = { .direction = DMABUF_TOOLS_BIDIRECTIONAL };
	struct dmabuf_tools_undo undo = { 0 };
	uint64_t start = now();

	need(importer, DMABUF_TOOLS_IOC_ATTACH, &attach);
	map.attachment = attach.id;
	need(importer, DMABUF_TOOLS_IOC_MAP, &map);
	undo.id = map.id;
	need(importer, DMABUF_TOOLS_IOC_UNMAP, &undo);
	undo.id = attach.id;
	need(importer, DMABUF_TOOLS_IOC_DETACH, &undo);
	return now() - start;
}

int main(int argc, char **argv)
{
	bool attach = argc == 2 && !strcmp(argv[1], "attach");
	uint64_t best = UINT64_MAX, sum, unused;
	int importer = -1, fd = -1, run, round;
	uint32_t handle;

	heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		drm = open_vgem();
	if (attach) {
		importer = open(DMABUF_TOOLS_IMPORTER, O_RDWR | O_CLOEXEC);
		fd = export_one(&handle, &unused);
	}
	for (run = 0; run < RUNS; run++) {
		for (round = 0, sum = 0; round < ROUNDS; round++)
			sum += attach ? attach_round(importer, fd) : export_round();
		if (sum / ROUNDS < best)
			best = sum / ROUNDS;
	}
	printf("%llu\n", (unsigned long long)best);
	return 0;
}
