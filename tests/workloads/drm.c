// SPDX-License-Identifier: GPL-2.0
/*
 * DRM dumb buffers by PRIME, and the factories about them. The DRM core holds references for
 * what user space has: one for each handle (drm_prime_member.dma_buf), one for the object that has
 * any (drm_gem_object.dma_buf), one for an import (drm_gem_prime_import_dev).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <drm.h>
#include <drm_mode.h>

#include "mkbufs.h"

static int drm_find(const char *driver)
{
	for (int i = 0; i < 64; i++) {
		char path[32], name[32] = "";
		struct drm_version v = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, DRM_IOCTL_VERSION, &v) && !strcmp(name, driver))
			return fd;
		close(fd);
	}
	return -1;
}

int drm_open(const char *driver, const char *module)
{
	int fd = drm_find(driver);

	if (fd < 0) {
		modprobe(module, NULL);
		fd = drm_find(driver);
	}
	return fd;
}

int vgem_open(void)
{
	return drm_open("vgem", "vgem");
}

int virtio_gpu_open(void)
{
	return drm_open("virtio_gpu", "virtio_gpu");
}

void drm_close(int drm, uint32_t handle)
{
	struct drm_gem_close gem = { .handle = handle };

	if (ioctl(drm, DRM_IOCTL_GEM_CLOSE, &gem))
		die("DRM_IOCTL_GEM_CLOSE: %s", strerror(errno));
}

int drm_export(int drm, size_t size, uint32_t *handle)
{
	size_t page = sysconf(_SC_PAGESIZE);
	/* One row of pixels is one page, so that no driver has anything to round up. */
	struct drm_mode_create_dumb dumb = { .width = page / 4, .height = size / page, .bpp = 32 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };

	if (ioctl(drm, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		die("DRM_IOCTL_MODE_CREATE_DUMB of %zu bytes: %s", size, strerror(errno));
	if (dumb.size != size)
		die("a dumb buffer of %zu bytes came out as %llu", size, (unsigned long long)dumb.size);
	prime.handle = dumb.handle;
	if (ioctl(drm, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		die("DRM_IOCTL_PRIME_HANDLE_TO_FD: %s", strerror(errno));
	if (handle) {
		*handle = dumb.handle;
		return prime.fd;
	}
	drm_close(drm, dumb.handle);
	return prime.fd;
}

uint32_t drm_import(int drm, int fd)
{
	struct drm_prime_handle prime = { .fd = fd };

	if (ioctl(drm, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		die("DRM_IOCTL_PRIME_FD_TO_HANDLE: %s", strerror(errno));
	return prime.handle;
}

int vgem_need(void)
{
	int drm = vgem_open();

	if (drm < 0)
		skip("no vgem module");
	return drm;
}

/* A driver without an export of its own gets DRM's name. */
int export_kept(int drm, const char *exporter, struct buffer *b, uint32_t *handle)
{
	int fd = drm_export(drm, opt.size, handle);

	buffer_describe(b, fd, exporter, opt.size);
	ledger_object(b->ino, false);
	ledger_gem(b->ino, *handle, true);
	return fd;
}

void make_vgem_export(void)
{
	int drm = vgem_need();
	uint32_t handle;
	struct buffer b;

	for (unsigned int i = 0; i < opt.count; i++)
		ledger_fd(export_kept(drm, "drm", &b, &handle), true);
}

void make_kernel_only(void)
{
	int drm = vgem_need();
	uint32_t handle;
	struct buffer b;

	for (unsigned int i = 0; i < opt.count; i++)
		close(export_kept(drm, "drm", &b, &handle));
}

void ledger_vgem(const struct buffer *b, uint32_t handle)
{
	bool imported = strcmp(b->exporter, "drm");

	ledger_gem(b->ino, handle, true);
	ledger_object(b->ino, imported);
	if (imported)
		ledger_attach(b->ino, "vgem");
}

uint32_t vgem_hold(int vgem, const struct buffer *b, int fd)
{
	uint32_t handle = drm_import(vgem, fd);

	ledger_vgem(b, handle);
	return handle;
}

/* vgem does not import from itself: DRM sees its own buffer and only takes the handle again. */
void foreign_exporter_open(void)
{
	if (!strcmp(opt.exporter, "vgem"))
		die("-x vgem: vgem does not import its own buffers");
	if (!strcmp(opt.exporter, "auto"))
		opt.exporter = access("/dev/dma_heap/system", F_OK) ? "virtio-gpu" : "heap";
	exporter_open();
}

void make_vgem_import(void)
{
	int vgem = vgem_need();
	struct buffer b;

	foreign_exporter_open();
	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = buffer_make(&b);

		vgem_hold(vgem, &b, fd);
		ledger_fd(fd, true);
	}
}

void make_virtio_gpu(void)
{
	int vgem = vgem_need(), gpu = virtio_gpu_open();
	uint32_t handle;
	struct buffer b;

	if (gpu < 0)
		skip("no virtio-gpu device");
	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = export_kept(gpu, "virtio_gpu", &b, &handle);

		vgem_hold(vgem, &b, fd);
		ledger_fd(fd, true);
	}
}

/* Of a buffer's first 8 KiB: virtio-gpu takes none of less than 32 rows. */
static uint32_t framebuffer_add(int drm, uint32_t handle)
{
	struct drm_mode_fb_cmd2 fb = {
		.width = 64, .height = 32, .pitches = { 64 * 4 },
		.pixel_format = 0x34325258,	/* DRM_FORMAT_XRGB8888, drm_fourcc.h */
		.handles = { handle },
	};

	if (ioctl(drm, DRM_IOCTL_MODE_ADDFB2, &fb))
		die("DRM_IOCTL_MODE_ADDFB2: %s", strerror(errno));
	return fb.fb_id;
}

/*
 * Whether a framebuffer keeps its object as a handle does, so that it goes on referring to the
 * buffer: Linux 6.16 ("drm/gem: Acquire references on GEM handles for framebuffers"), and what
 * was carried back. That change brought a function, which has a name.
 */
static bool framebuffers_keep_objects(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char line[512];
	bool found = false;

	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = strstr(line, " drm_gem_object_handle_get_if_exists_unlocked");
	if (symbols)
		fclose(symbols);
	return found;
}

/* Once its last handle is closed and nothing keeps it, the object forgets the buffer. */
void make_framebuffer(void)
{
	int drm = virtio_gpu_open();
	bool keep = framebuffers_keep_objects();
	uint32_t handle;
	struct buffer b;

	if (drm < 0)
		skip("no virtio-gpu device");
	for (unsigned int i = 0; i < opt.count; i++) {
		int fd = drm_export(drm, opt.size, &handle);

		buffer_describe(&b, fd, "virtio_gpu", opt.size);
		for (unsigned int n = 0; n <= i % 3; n++) {
			uint32_t id = framebuffer_add(drm, handle);

			if (i % 4 || keep)
				ledger_framebuffer(b.ino, id);
		}
		if (i % 4 || keep)
			ledger_object(b.ino, false);
		if (i % 4)
			ledger_gem(b.ino, handle, true);
		else
			drm_close(drm, handle);
		if (i % 4 == 1)
			close(fd);
		else
			ledger_fd(fd, true);
	}
}
