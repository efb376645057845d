/* SPDX-License-Identifier: GPL-2.0 */
/* The exporter's buffers, and what its files ask of each other. */
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

/* One table that an importer was given: its own copy, mapped for its device. */
struct table {
	struct list_head node;
	struct sg_table sgt;
	enum dma_data_direction direction;
};

struct attachment {
	struct list_head node;
	struct list_head tables;
	struct device *dev;
	unsigned int pins;
};

/*
 * Kernels differ in which operations they call with the reservation locked, so what changes is
 * guarded by a lock of our own. It is taken inside the reservation's and inside mmap_lock, and
 * outside i_mmap_rwsem.
 */
struct buffer {
	struct mutex lock;			/* see above */
	struct backing backing;
	struct list_head attachments;
	unsigned int pins, vmaps, accesses;	/* begun and not ended */
	void *vaddr;				/* while vmaps */
	u32 flags;				/* DMABUF_TOOLS_CONTIGUOUS... */
	unsigned long reported;			/* a bit for each enum violation */
	u64 ino;	/* a buffer's file is gone before its release */
};

/* exporter.c */
extern struct op_counters exporter_counters;

/*
 * backing.c. Memory of @count pages in one piece or page by page; -EINTR when the caller is
 * killed meanwhile. backing_free() takes what backing_alloc() filled in.
 */
int backing_alloc(struct backing *backing, size_t count, bool contiguous);
void backing_free(struct backing *backing);
/* A table of it, not mapped: an entry per page, or as few as @dev can take. sg_free_table() it. */
int backing_table(const struct backing *backing, struct device *dev, struct sg_table *sgt);

/*
 * buffer.c. A new buffer, owned by the caller (dma_buf_put()), or an error pointer. @size in
 * bytes; @fd_flags give the file's access mode; @name may be empty.
 */
struct dma_buf *buffer_export(u64 size, u32 flags, u32 fd_flags, const char *name);
/* -EINVAL: not the exporter's, -EOPNOTSUPP: not dynamic, -EBUSY: pinned, -EINTR: a signal */
int buffer_invalidate(struct dma_buf *dmabuf);

/* checked.c: what users of checked buffers do wrong. */
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
 * Reports @violation to the log and counts it, once for each buffer and kind; nothing where the
 * buffer is not checked. @dmabuf is that of @buffer.
 */
void checked_report(struct buffer *buffer, struct dma_buf *dmabuf, enum violation violation);
/* Makes the file violations: a line of kind and count for each. Writing to it clears them. */
void checked_file(struct dentry *dir);

/* log.c: the last operations, in the file log. @dev may be NULL, @direction DMA_NONE. */
void log_op(u64 start, u64 ns, enum op op, u64 ino, struct device *dev,
	    enum dma_data_direction direction, int result);
void log_file(struct dentry *dir);

#endif
