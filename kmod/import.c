// SPDX-License-Identifier: GPL-2.0
/* The importer's operations on a buffer, each under the lock that the kernel requires. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/scatterlist.h>

#include "compat.h"
#include "importer.h"

static void moved(struct dma_buf_attachment *attach)
{
	op_done(&importer_counters, OP_INVALIDATE, ktime_get_ns(), 0);
}

static const struct dma_buf_attach_ops dynamic_ops = {
	.COMPAT_MOVED = moved,
};

static int lock(struct dma_buf *dmabuf, bool interruptible)
{
	return interruptible ? dma_resv_lock_interruptible(dmabuf->resv, NULL) :
			       dma_resv_lock(dmabuf->resv, NULL);
}

/*
 * If the core takes the reservation lock itself, the wait is not interruptible, and the holder may
 * wait for a fence for any time. So wait here for the lock first.
 */
static int wait_for_lock(struct dma_buf *dmabuf, bool interruptible)
{
	int err = lock(dmabuf, interruptible);

	if (!err)
		dma_resv_unlock(dmabuf->resv);
	return err;
}

int import_attach(struct import *import, struct device *dev, bool dynamic)
{
	struct dma_buf_attachment *attach = NULL;
	u64 start = ktime_get_ns();
	int err;

	err = wait_for_lock(import->dmabuf, true);
	if (!err) {
		attach = dma_buf_dynamic_attach(import->dmabuf, dev, dynamic ? &dynamic_ops : NULL,
						import);
		err = PTR_ERR_OR_ZERO(attach);
	}
	op_done(&importer_counters, OP_ATTACH, start, err);
	if (err)
		return err;
	import->attach = attach;
	import->dynamic = dynamic;
	return 0;
}

static int detach(struct import *import, bool interruptible)
{
	u64 start = ktime_get_ns();
	int err = wait_for_lock(import->dmabuf, interruptible);

	if (!err)
		dma_buf_detach(import->dmabuf, import->attach);
	op_done(&importer_counters, OP_DETACH, start, err);
	return err;
}

/* For mappings of @attachment. */
static int lock_map(const struct import *attachment, bool interruptible)
{
	if (!compat_map_is_locked(attachment->dynamic))
		return 0;
	return lock(attachment->dmabuf, interruptible);
}

static void unlock_map(const struct import *attachment)
{
	if (compat_map_is_locked(attachment->dynamic))
		dma_resv_unlock(attachment->dmabuf->resv);
}

int import_map(struct import *import, enum dma_data_direction direction, u64 *ns)
{
	struct sg_table *table = NULL;
	u64 start = ktime_get_ns();
	int err;

	err = lock_map(import->of, true);
	if (!err) {
		table = dma_buf_map_attachment(import->of->attach, direction);
		err = PTR_ERR_OR_ZERO(table);
		unlock_map(import->of);
	}
	*ns = ktime_get_ns() - start;
	op_done(&importer_counters, OP_MAP, start, err);
	if (err)
		return err;
	import->table = table;
	import->direction = direction;
	return 0;
}

static int unmap(struct import *import, enum dma_data_direction direction, bool interruptible)
{
	u64 start = ktime_get_ns();
	int err = lock_map(import->of, interruptible);

	if (!err) {
		dma_buf_unmap_attachment(import->of->attach, import->table, direction);
		unlock_map(import->of);
	}
	op_done(&importer_counters, OP_UNMAP, start, err);
	return err;
}

int import_pin(struct import *attachment)
{
	u64 start = ktime_get_ns();
	int err = lock(attachment->dmabuf, true);

	if (!err) {
		err = dma_buf_pin(attachment->attach);
		dma_resv_unlock(attachment->dmabuf->resv);
	}
	op_done(&importer_counters, OP_PIN, start, err);
	return err;
}

int import_unpin(struct import *attachment, bool interruptible)
{
	u64 start = ktime_get_ns();
	int err = lock(attachment->dmabuf, interruptible);

	if (!err) {
		dma_buf_unpin(attachment->attach);
		dma_resv_unlock(attachment->dmabuf->resv);
	}
	op_done(&importer_counters, OP_UNPIN, start, err);
	return err;
}

int import_vmap(struct import *import)
{
	u64 start = ktime_get_ns();
	int err = wait_for_lock(import->dmabuf, true);

	if (!err)
		err = compat_vmap(import->dmabuf, &import->vmap);
	op_done(&importer_counters, OP_VMAP, start, err);
	return err;
}

static int vunmap_buffer(struct import *import, bool interruptible)
{
	u64 start = ktime_get_ns();
	int err = wait_for_lock(import->dmabuf, interruptible);

	if (!err)
		compat_vunmap(import->dmabuf, &import->vmap);
	op_done(&importer_counters, OP_VUNMAP, start, err);
	return err;
}

int import_begin(struct import *import, enum dma_data_direction direction)
{
	u64 start = ktime_get_ns();
	int err = dma_buf_begin_cpu_access(import->dmabuf, direction);

	op_done(&importer_counters, OP_BEGIN, start, err);
	import->direction = direction;
	return err;
}

static int end(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	u64 start = ktime_get_ns();
	int err = dma_buf_end_cpu_access(dmabuf, direction);

	op_done(&importer_counters, OP_END, start, err);
	return err;
}

/*
 * At close, signal the fences first: a waiter for a fence may hold the reservation lock, which all
 * other undos require.
 */
int import_undo(struct import *import, bool interruptible)
{
	switch (import->kind) {
	case IMPORT_FENCE:
		fence_remove(import->fence);
		return 0;
	case IMPORT_ACCESS:
		return end(import->dmabuf, import->direction);
	case IMPORT_VMAP:
		return vunmap_buffer(import, interruptible);
	case IMPORT_MAPPING:
		return unmap(import, import->direction, interruptible);
	case IMPORT_ATTACHMENT:
		return detach(import, interruptible);
	}
	return -EINVAL;
}

int import_unmap_wrongly(struct import *mapping, enum dma_data_direction direction)
{
	return unmap(mapping, direction, true);
}

/* Not by the core: with CONFIG_DMABUF_DEBUG, the core regards any table as its own. */
int import_unmap_wrong_table(struct import *mapping)
{
	struct dma_buf *dmabuf = mapping->dmabuf;
	struct sg_table copy = *mapping->table;
	u64 start = ktime_get_ns();
	int err = lock(dmabuf, true);

	if (!err) {
		dmabuf->ops->unmap_dma_buf(mapping->of->attach, &copy, mapping->direction);
		dma_resv_unlock(dmabuf->resv);
	}
	op_done(&importer_counters, OP_UNMAP, start, err);
	return err;
}

void import_end_again(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	end(dmabuf, direction);
}

bool import_is_last_vmap(struct import *import)
{
	bool last;

	compat_vmap_lock(import->dmabuf);
	last = import->dmabuf->vmapping_counter == 1;
	compat_vmap_unlock(import->dmabuf);
	return last;
}

/* Not by the core, which BUGs; and never below the vmap of another user. */
void import_vunmap_again(struct dma_buf *dmabuf, struct iosys_map *vmap)
{
	u64 start = ktime_get_ns();

	compat_vmap_lock(dmabuf);
	if (!dmabuf->vmapping_counter) {
		dmabuf->ops->vunmap(dmabuf, vmap);
		op_done(&importer_counters, OP_VUNMAP, start, 0);
	}
	compat_vmap_unlock(dmabuf);
}

u64 import_mapped_bytes(const struct import *mapping)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(mapping->table, sg, i)
		bytes += sg_dma_len(sg);
	return bytes;
}
