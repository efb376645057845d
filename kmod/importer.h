/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The importer's insides: importer.c keeps the objects of each open file, import.c calls the
 * buffer's core and exporter, fence.c makes the fences.
 */
#ifndef DMABUF_TOOLS_IMPORTER_H
#define DMABUF_TOOLS_IMPORTER_H

#include <linux/dma-direction.h>
#include <linux/iosys-map.h>
#include <linux/types.h>

#include "ops.h"

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct import_fence;
struct sg_table;

extern struct op_counters importer_counters;

/* In the order in which close undoes them: import_undo() in import.c says why fences are first. */
enum import_kind { IMPORT_FENCE, IMPORT_ACCESS, IMPORT_VMAP, IMPORT_MAPPING, IMPORT_ATTACHMENT };

/* The object of an id, with a reference to the buffer. */
struct import {
	struct dma_buf *dmabuf;
	u32 id;
	enum import_kind kind;
	/* Under the file's lock: the number of running operations; whether one is the undo. */
	u32 users;
	bool undoing;
	union {
		struct {
			struct dma_buf_attachment *attach;
			bool dynamic;
			u32 pins, mappings;	/* under the file's lock */
		};
		struct {
			struct import *of;	/* the attachment of a mapping */
			struct sg_table *table;
			enum dma_data_direction direction;	/* of an access too */
		};
		struct iosys_map vmap;
		struct import_fence *fence;
	};
};

/*
 * import.c: each function calls one operation of the buffer, counts and times the call in
 * importer_counters, and fills or empties @import. The caller sets import->dmabuf and import->of
 * before. Return 0 or -errno; a signal ends a wait by -EINTR or -ERESTARTSYS.
 */
int import_attach(struct import *import, struct device *dev, bool dynamic);
/* @ns: the duration, including the wait for the reservation lock. */
int import_map(struct import *import, enum dma_data_direction direction, u64 *ns);
int import_vmap(struct import *import);
int import_begin(struct import *import, enum dma_data_direction direction);
int import_pin(struct import *attachment);

/* @interruptible: false at close, when nothing but a failing end of access is an error. */
int import_unpin(struct import *attachment, bool interruptible);
int import_undo(struct import *import, bool interruptible);

/*
 * Break the contract on purpose, for checked buffers of the module's own exporter only.
 * Unmap and detach empty @import; the wrong table and the others leave @import unchanged.
 */
int import_unmap_wrongly(struct import *mapping, enum dma_data_direction direction);
int import_unmap_wrong_table(struct import *mapping);
/* Repeat the end after import_undo() of an access, or of a vmap with the address @vmap. */
void import_end_again(struct dma_buf *dmabuf, enum dma_data_direction direction);
/* Whether @import is the last vmap of its buffer, as import_vunmap_again() requires. */
bool import_is_last_vmap(struct import *import);
void import_vunmap_again(struct dma_buf *dmabuf, struct iosys_map *vmap);

/* Return the bytes in the mapping's table, for its device. */
u64 import_mapped_bytes(const struct import *mapping);

/*
 * fence.c: add a fence to the reservation of @dmabuf, with @usage (enum dma_resv_usage). The fence
 * signals with @error (0 or -errno) at fence_remove(), or after @timeout_ns, if not 0.
 * -ENOSPC after DMABUF_TOOLS_MAX_IDS unsignaled fences.
 */
struct import_fence *fence_add(struct dma_buf *dmabuf, u32 usage, u64 timeout_ns, int error);
/* Signal an unsignaled fence, and drop the reference. */
void fence_remove(struct import_fence *fence);
/* Wait until the memory of the last fence is free; then the code may be unloaded. */
void fence_exit(void);

#endif
