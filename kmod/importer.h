/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The importer's insides: importer.c keeps what each open file holds, import.c asks a buffer's
 * core and exporter for it, fence.c makes the fences.
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

/* What one id stands for. It holds a reference on its buffer. */
struct import {
	struct dma_buf *dmabuf;
	u32 id;
	enum import_kind kind;
	/* Under the file's lock: how many operations use it now; whether one undoes it. */
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
 * import.c: each asks the buffer for one thing, counted and timed in importer_counters, and
 * fills in or empties @import; import->dmabuf and what it is of are set before. Returns 0 or
 * -errno; a wait ends with a signal, by -EINTR or -ERESTARTSYS.
 */
int import_attach(struct import *import, struct device *dev, bool dynamic);
/* @ns: how long it took, the wait for the reservation lock included. */
int import_map(struct import *import, enum dma_data_direction direction, u64 *ns);
int import_vmap(struct import *import);
int import_begin(struct import *import, enum dma_data_direction direction);
int import_pin(struct import *attachment);

/* @interruptible: false at close, when nothing but a failing end of access is an error. */
int import_unpin(struct import *attachment, bool interruptible);
int import_undo(struct import *import, bool interruptible);

/*
 * The contract broken on purpose, for checked buffers of the module's own exporter only.
 * Unmap and detach take @import away; the wrong table and the others leave it as it is.
 */
int import_unmap_wrongly(struct import *mapping, enum dma_data_direction direction);
int import_unmap_wrong_table(struct import *mapping);
/* Once more, after import_undo() has taken away an access or, @vmap being what it had, a vmap. */
void import_end_again(struct dma_buf *dmabuf, enum dma_data_direction direction);
/* Whether @import is the last vmap of its buffer, which import_vunmap_again() must follow. */
bool import_is_last_vmap(struct import *import);
void import_vunmap_again(struct dma_buf *dmabuf, struct iosys_map *vmap);

/* Bytes that the mapping's table shows to its device. */
u64 import_mapped_bytes(const struct import *mapping);

/*
 * fence.c: adds a fence to the reservation of @dmabuf, of usage @usage (enum dma_resv_usage),
 * that signals with @error (0 or -errno) when told, or after @timeout_ns if that is not 0.
 * -ENOSPC if there are DMABUF_TOOLS_MAX_IDS unsignalled ones.
 */
struct import_fence *fence_add(struct dma_buf *dmabuf, u32 usage, u64 timeout_ns, int error);
/* Signals it unless it has signalled, and forgets it. */
void fence_remove(struct import_fence *fence);
/* Until the last fence's memory is free, after which its code may go. */
void fence_exit(void);

#endif
