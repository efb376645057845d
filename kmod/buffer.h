/* SPDX-License-Identifier: GPL-2.0 */
/* The exporter's buffers, and the functions that its files share. */
#ifndef DMABUF_TOOLS_BUFFER_H
#define DMABUF_TOOLS_BUFFER_H

#include <linux/dma-buf.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "ops.h"

/* A buffer's memory, zeroed, page by page. */
struct backing {
	struct page **pages;
	size_t count;
	bool contiguous;
};

/* A table of an importer: its own copy, mapped for its device. */
struct table {
	struct list_head node;
	struct sg_table sgt;
	enum dma_data_direction direction;
};

struct attachment {
	struct list_head node;
	struct list_head tables;
	struct device *dev;		/* a reference */
	unsigned int pins;
};

/*
 * Kernels call different operations with the reservation locked, so a lock of our own guards the
 * changing fields. Order: inside the reservation's lock and inside mmap_lock, outside i_mmap_rwsem.
 */
struct buffer {
	struct mutex lock;			/* see above */
	struct backing backing;
	struct list_head attachments;
	unsigned int pins, vmaps, accesses;	/* begun and not ended */
	void *vaddr;				/* while vmaps */
	u32 flags;				/* DMABUF_TOOLS_CONTIGUOUS... */
	unsigned long reported;			/* a bit for each enum violation */
	u64 ino;	/* the buffer's file is freed before the release */
};

/* exporter.c */
extern struct op_counters exporter_counters;

/*
 * backing.c. Allocate @count pages in one piece or page by page; -EINTR if the caller is killed
 * meanwhile. backing_free() frees the memory of backing_alloc().
 */
int backing_alloc(struct backing *backing, size_t count, bool contiguous);
void backing_free(struct backing *backing);
/* Make an unmapped table: an entry per page, or as few as @dev accepts; for sg_free_table(). */
int backing_table(const struct backing *backing, struct device *dev, struct sg_table *sgt);

/*
 * buffer.c. A new buffer, owned by the caller (dma_buf_put()), or an error pointer. @size in
 * bytes; @fd_flags give the file's access mode; @name may be empty.
 */
struct dma_buf *buffer_export(u64 size, u32 flags, u32 fd_flags, const char *name);
/* -EINVAL: not the exporter's, -EOPNOTSUPP: not dynamic, -EBUSY: pinned, -EINTR: a signal */
int buffer_invalidate(struct dma_buf *dmabuf);

/* checked.c: violations by users of checked buffers. */
#define VIOLATIONS(X)							\
	X(UNMAP_DIRECTION, "unmap_direction", "unmapped in a direction other than mapped") \
	X(UNMAP_TABLE, "unmap_table", "unmapped with a table other than mapped") \
	X(DETACH_MAPPED, "detach_mapped", "detached while mapped")	\
	X(PIN, "pin", "unpinned without a pin, or detached while pinned") \
	X(VMAP, "vmap", "vunmapped without a vmap")			\
	X(ACCESS, "access", "CPU access ended without a begin")	\
	X(TOUCH, "touch", "touched by the CPU outside of an access") \
	X(RELEASE, "release", "released with an access, a vmap, a pin or an attachment left")

enum violation {
#define X(id, name, text)	VIOLATION_##id,
	VIOLATIONS(X)
#undef X
	VIOLATION_COUNT,
};

/*
 * Log and count @violation, once for each buffer and kind, if the buffer is checked. @dmabuf is the
 * dma-buf of @buffer.
 */
void checked_report(struct buffer *buffer, struct dma_buf *dmabuf, enum violation violation);
/* Make the file violations: kind and count, a line each. A write clears the counts. */
void checked_file(struct dentry *dir);

/* log.c: the last operations, in the file log. @dev may be NULL, @direction DMA_NONE. */
void log_op(u64 start, u64 ns, enum op op, u64 ino, struct device *dev,
	    enum dma_data_direction direction, int result);
void log_file(struct dentry *dir);

#endif
