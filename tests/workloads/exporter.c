// SPDX-License-Identifier: GPL-2.0
/*
 * The exporters of mkbufs: who makes a buffer when a factory does not care. None of them leaves
 * a reference of the kernel behind, so that count = fds + maps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "mkbufs.h"

struct exporter {
	const char *option;		/* what -x calls it */
	const char *exp_name;		/* what the kernel calls it */
	int (*open)(void);		/* its device, -1 if there is none */
	int (*make)(int dev, size_t size);
};

static int heap_open(void)
{
	return open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
}

static int heap_make(int dev, size_t size)
{
	struct dma_heap_allocation_data a = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };

	if (ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &a))
		die("DMA_HEAP_IOCTL_ALLOC of %zu bytes: %s", size, strerror(errno));
	return a.fd;
}

static int udmabuf_open(void)
{
	int fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		modprobe("udmabuf", NULL);
		fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static int udmabuf_make(int dev, size_t size)
{
	struct udmabuf_create c = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int fd;

	c.memfd = memfd_create("mkbufs", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if ((int)c.memfd < 0 || ftruncate(c.memfd, size) ||
	    fcntl(c.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		die("a sealed memfd of %zu bytes: %s", size, strerror(errno));
	fd = ioctl(dev, UDMABUF_CREATE, &c);
	if (fd < 0)
		die("UDMABUF_CREATE of %zu bytes: %s", size, strerror(errno));
	close(c.memfd);
	return fd;
}

/* Without its GEM handle an exported object keeps no reference on its dma-buf. */
static int drm_make(int dev, size_t size)
{
	return drm_export(dev, size, NULL);
}

/* In the order in which auto tries them. */
static const struct exporter exporters[] = {
	{ "heap", "system", heap_open, heap_make },
	{ "vgem", "drm", vgem_open, drm_make },
	{ "udmabuf", "udmabuf", udmabuf_open, udmabuf_make },
	{ "virtio-gpu", "virtio_gpu", virtio_gpu_open, drm_make },
};

static const struct exporter *exporter;
static int exporter_dev = -1;

/*
 * The devices are opened first: only root may. A process that changes its uid is no longer
 * dumpable, and its /proc would be root's.
 */
static void become(uid_t uid)
{
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1))
		die("-u %u: %s", uid, strerror(errno));
}

void exporter_open(void)
{
	bool any = !strcmp(opt.exporter, "auto"), known = any;

	for (size_t i = 0; i < sizeof(exporters) / sizeof(exporters[0]) && exporter_dev < 0; i++) {
		if (!any && strcmp(opt.exporter, exporters[i].option))
			continue;
		known = true;
		exporter = &exporters[i];
		exporter_dev = exporter->open();
	}
	if (!known)
		die("-x %s: not one of auto, heap, udmabuf, vgem, virtio-gpu", opt.exporter);
	if (exporter_dev < 0)
		skip("no exporter: %s", any ? "neither dma-heap nor vgem nor udmabuf" : opt.exporter);
	if (opt.uid >= 0)
		become(opt.uid);
}

uint64_t fd_ino(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat of fd %d: %s", fd, strerror(errno));
	return st.st_ino;
}

void buffer_set_name(struct buffer *b, int fd, const char *name)
{
	/* The number with an 8-byte pointer; 0x6201 in its low half on every kernel. */
	if (ioctl(fd, DMA_BUF_SET_NAME_B, (uint64_t)(uintptr_t)name))
		die("DMA_BUF_SET_NAME: %s", strerror(errno));
	snprintf(b->name, sizeof(b->name), "%s", name);
	b->named = true;
}

void buffer_describe(struct buffer *b, int fd, const char *name, uint64_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat of fd %d: %s", fd, strerror(errno));
	memset(b, 0, sizeof(*b));
	b->ino = st.st_ino;
	b->size = size;
	b->created = st.st_ctime;
	b->uid = geteuid();
	snprintf(b->exporter, sizeof(b->exporter), "%s", name);
	if (opt.name)
		buffer_set_name(b, fd, opt.name);
	ledger_buffer(b);
}

int buffer_make(struct buffer *b)
{
	int fd = exporter->make(exporter_dev, opt.size);

	buffer_describe(b, fd, exporter->exp_name, opt.size);
	return fd;
}

void *buffer_map(const struct buffer *b, int fd)
{
	void *p = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap of a buffer of %s: %s", b->exporter, strerror(errno));
	ledger_map(b->ino, true);
	return p;
}
