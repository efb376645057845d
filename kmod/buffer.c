// SPDX-License-Identifier: GPL-2.0
/* A buffer of the exporter: the operations for dma-buf's core; see buffer.h. */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "compat.h"
#include "dmabuf_tools_uapi.h"
#include "module.h"

#define KNOWN_FLAGS	(DMABUF_TOOLS_CONTIGUOUS | DMABUF_TOOLS_DYNAMIC | DMABUF_TOOLS_CHECKED)

static int done(struct buffer *buffer, enum op op, u64 start, struct device *dev,
		enum dma_data_direction direction, int result)
{
	u64 ns = op_done(&exporter_counters, op, start, result);

	log_op(start, ns, op, buffer ? buffer->ino : 0, dev, direction, result);
	return result;
}

static void free_table(struct attachment *attachment, struct table *table)
{
	list_del(&table->node);
	dma_unmap_sgtable(attachment->dev, &table->sgt, table->direction, 0);
	sg_free_table(&table->sgt);
	kfree(table);
}

/* The caller drops the reference to the device. */
static void free_attachment(struct buffer *buffer, struct attachment *attachment)
{
	struct table *table, *next;

	list_for_each_entry_safe(table, next, &attachment->tables, node)
		free_table(attachment, table);
	buffer->pins -= attachment->pins;
	list_del(&attachment->node);
	kfree(attachment);
}

static int do_attach(struct buffer *buffer, struct dma_buf_attachment *attach)
{
	struct attachment *attachment = kzalloc(sizeof(*attachment), GFP_KERNEL);

	if (!attachment)
		return -ENOMEM;
	INIT_LIST_HEAD(&attachment->tables);
	/* An importer that forgets to detach may also remove its device. */
	attachment->dev = get_device(attach->dev);
	mutex_lock(&buffer->lock);
	list_add(&attachment->node, &buffer->attachments);
	mutex_unlock(&buffer->lock);
	attach->priv = attachment;
	return 0;
}

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	u64 start = ktime_get_ns();
	int err = inject(OP_ATTACH);

	if (!err)
		err = do_attach(dmabuf->priv, attach);
	return done(dmabuf->priv, OP_ATTACH, start, attach->dev, DMA_NONE, err);
}

static void detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct attachment *attachment = attach->priv;
	struct device *dev = attachment->dev;
	struct buffer *buffer = dmabuf->priv;
	u64 start = ktime_get_ns();

	inject(OP_DETACH);
	mutex_lock(&buffer->lock);
	if (!list_empty(&attachment->tables))
		checked_report(buffer, dmabuf, VIOLATION_DETACH_MAPPED);
	if (attachment->pins)
		checked_report(buffer, dmabuf, VIOLATION_PIN);
	free_attachment(buffer, attachment);
	mutex_unlock(&buffer->lock);
	done(buffer, OP_DETACH, start, dev, DMA_NONE, 0);
	put_device(dev);
}

static int pin(struct dma_buf_attachment *attach)
{
	struct attachment *attachment = attach->priv;
	struct buffer *buffer = attach->dmabuf->priv;
	u64 start = ktime_get_ns();
	int err = inject(OP_PIN);

	if (!err) {
		mutex_lock(&buffer->lock);
		attachment->pins++;
		buffer->pins++;
		mutex_unlock(&buffer->lock);
	}
	return done(buffer, OP_PIN, start, attach->dev, DMA_NONE, err);
}

static void unpin(struct dma_buf_attachment *attach)
{
	struct attachment *attachment = attach->priv;
	struct buffer *buffer = attach->dmabuf->priv;
	u64 start = ktime_get_ns();

	inject(OP_UNPIN);
	mutex_lock(&buffer->lock);
	if (attachment->pins) {
		attachment->pins--;
		buffer->pins--;
	} else {
		checked_report(buffer, attach->dmabuf, VIOLATION_PIN);
	}
	mutex_unlock(&buffer->lock);
	done(buffer, OP_UNPIN, start, attach->dev, DMA_NONE, 0);
}

static struct table *do_map(struct buffer *buffer, struct attachment *attachment,
			    enum dma_data_direction direction)
{
	struct table *table;
	int err;

	if (!valid_dma_direction(direction))
		return ERR_PTR(-EINVAL);
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	table->direction = direction;
	err = backing_table(&buffer->backing, attachment->dev, &table->sgt);
	if (err)
		goto free;
	err = dma_map_sgtable(attachment->dev, &table->sgt, direction, 0);
	if (err)
		goto free_sgt;
	mutex_lock(&buffer->lock);
	list_add(&table->node, &attachment->tables);
	mutex_unlock(&buffer->lock);
	return table;

free_sgt:
	sg_free_table(&table->sgt);
free:
	kfree(table);
	return ERR_PTR(err);
}

static struct sg_table *map(struct dma_buf_attachment *attach, enum dma_data_direction direction)
{
	struct buffer *buffer = attach->dmabuf->priv;
	u64 start = ktime_get_ns();
	struct table *table = ERR_PTR(inject(OP_MAP));

	if (!table)
		table = do_map(buffer, attach->priv, direction);
	done(buffer, OP_MAP, start, attach->dev, direction, PTR_ERR_OR_ZERO(table));
	return IS_ERR(table) ? ERR_CAST(table) : &table->sgt;
}

static struct table *find_table(struct attachment *attachment, struct sg_table *sgt)
{
	struct table *table;

	list_for_each_entry(table, &attachment->tables, node)
		if (&table->sgt == sgt)
			return table;
	return NULL;
}

/* An unknown table stays unchanged: detach removes the right one. */
static void unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		  enum dma_data_direction direction)
{
	struct buffer *buffer = attach->dmabuf->priv;
	u64 start = ktime_get_ns();
	struct table *table;

	inject(OP_UNMAP);
	mutex_lock(&buffer->lock);
	table = find_table(attach->priv, sgt);
	if (!table) {
		checked_report(buffer, attach->dmabuf, VIOLATION_UNMAP_TABLE);
	} else {
		if (table->direction != direction)
			checked_report(buffer, attach->dmabuf, VIOLATION_UNMAP_DIRECTION);
		free_table(attach->priv, table);
	}
	mutex_unlock(&buffer->lock);
	done(buffer, OP_UNMAP, start, attach->dev, direction, 0);
}

static int do_vmap(struct buffer *buffer, struct iosys_map *map)
{
	int err = 0;

	mutex_lock(&buffer->lock);
	if (!buffer->vmaps)
		buffer->vaddr = vmap(buffer->backing.pages, buffer->backing.count, VM_MAP,
				     PAGE_KERNEL);
	if (buffer->vaddr) {
		buffer->vmaps++;
		iosys_map_set_vaddr(map, buffer->vaddr);
	} else {
		err = -ENOMEM;
	}
	mutex_unlock(&buffer->lock);
	return err;
}

static int vmap_op(struct dma_buf *dmabuf, struct iosys_map *map)
{
	u64 start = ktime_get_ns();
	int err = inject(OP_VMAP);

	if (!err)
		err = do_vmap(dmabuf->priv, map);
	return done(dmabuf->priv, OP_VMAP, start, NULL, DMA_NONE, err);
}

static void drop_vmap(struct buffer *buffer)
{
	vunmap(buffer->vaddr);
	buffer->vaddr = NULL;
}

static void vunmap_op(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct buffer *buffer = dmabuf->priv;
	u64 start = ktime_get_ns();

	inject(OP_VUNMAP);
	mutex_lock(&buffer->lock);
	if (!buffer->vmaps)
		checked_report(buffer, dmabuf, VIOLATION_VMAP);
	else if (!--buffer->vmaps)
		drop_vmap(buffer);
	mutex_unlock(&buffer->lock);
	iosys_map_clear(map);
	done(buffer, OP_VUNMAP, start, NULL, DMA_NONE, 0);
}

/* Sync each table in the direction of its mapping: the direction is the device's access. */
static void sync_tables(struct buffer *buffer, bool for_cpu)
{
	struct attachment *attachment;
	struct table *table;

	list_for_each_entry(attachment, &buffer->attachments, node)
		list_for_each_entry(table, &attachment->tables, node)
			if (for_cpu)
				dma_sync_sgtable_for_cpu(attachment->dev, &table->sgt,
							 table->direction);
			else
				dma_sync_sgtable_for_device(attachment->dev, &table->sgt,
							    table->direction);
}

/*
 * The core waits for fences after this. If a signal ends the wait, the access has begun here, and
 * no caller will end it. To report no violation for this, checked buffers wait before.
 */
static int wait_for_fences(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	bool write = direction != DMA_FROM_DEVICE;
	long ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
					 MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : 0;
}

static int begin(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct buffer *buffer = dmabuf->priv;
	u64 start = ktime_get_ns();
	int err = inject(OP_BEGIN);

	if (!err && buffer->flags & DMABUF_TOOLS_CHECKED)
		err = wait_for_fences(dmabuf, direction);
	if (!err) {
		mutex_lock(&buffer->lock);
		buffer->accesses++;
		sync_tables(buffer, true);
		mutex_unlock(&buffer->lock);
	}
	return done(buffer, OP_BEGIN, start, NULL, direction, err);
}

static int end(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct buffer *buffer = dmabuf->priv;
	u64 start = ktime_get_ns();
	int err = inject(OP_END);

	if (!err) {
		mutex_lock(&buffer->lock);
		if (!buffer->accesses)
			checked_report(buffer, dmabuf, VIOLATION_ACCESS);
		else if (!--buffer->accesses && buffer->flags & DMABUF_TOOLS_CHECKED)
			unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);
		sync_tables(buffer, false);
		mutex_unlock(&buffer->lock);
	}
	return done(buffer, OP_END, start, NULL, direction, err);
}

/*
 * The first touch maps a page of a checked buffer, and the end of CPU access unmaps the page, so
 * that a later touch also gets here.
 */
static vm_fault_t fault(struct vm_fault *vmf)
{
	struct dma_buf *dmabuf = vmf->vma->vm_file->private_data;
	struct buffer *buffer = dmabuf->priv;
	vm_fault_t ret;

	if (vmf->pgoff >= buffer->backing.count)
		return VM_FAULT_SIGBUS;
	mutex_lock(&buffer->lock);
	if (!buffer->accesses)
		checked_report(buffer, dmabuf, VIOLATION_TOUCH);
	ret = vmf_insert_pfn(vmf->vma, vmf->address,
			     page_to_pfn(buffer->backing.pages[vmf->pgoff]));
	mutex_unlock(&buffer->lock);
	return ret;
}

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
};

static int do_mmap_op(struct buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long address;
	size_t page = vma->vm_pgoff;
	int err;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (buffer->flags & DMABUF_TOOLS_CHECKED) {
		vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
		vma->vm_ops = &vm_ops;
		return 0;
	}
	for (address = vma->vm_start; address < vma->vm_end; address += PAGE_SIZE) {
		err = remap_pfn_range(vma, address, page_to_pfn(buffer->backing.pages[page++]),
				      PAGE_SIZE, vma->vm_page_prot);
		if (err)
			return err;
	}
	return 0;
}

static int mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	u64 start = ktime_get_ns();
	int err = inject(OP_MMAP);

	if (!err)
		err = do_mmap_op(dmabuf->priv, vma);
	return done(dmabuf->priv, OP_MMAP, start, NULL, DMA_NONE, err);
}

static void release(struct dma_buf *dmabuf)
{
	struct attachment *attachment, *next;
	struct buffer *buffer = dmabuf->priv;
	u64 start = ktime_get_ns();

	inject(OP_RELEASE);
	if (buffer->accesses || buffer->vmaps || !list_empty(&buffer->attachments))
		checked_report(buffer, dmabuf, VIOLATION_RELEASE);
	list_for_each_entry_safe(attachment, next, &buffer->attachments, node) {
		struct device *dev = attachment->dev;

		free_attachment(buffer, attachment);
		put_device(dev);
	}
	drop_vmap(buffer);
	backing_free(&buffer->backing);
	done(buffer, OP_RELEASE, start, NULL, DMA_NONE, 0);
	kfree(buffer);
}

#define STATIC_OPS			\
	.attach = attach,		\
	.detach = detach,		\
	.map_dma_buf = map,		\
	.unmap_dma_buf = unmap,		\
	.vmap = vmap_op,		\
	.vunmap = vunmap_op,		\
	.begin_cpu_access = begin,	\
	.end_cpu_access = end,		\
	.mmap = mmap,			\
	.release = release

static const struct dma_buf_ops static_ops = { STATIC_OPS };
static const struct dma_buf_ops dynamic_ops = { STATIC_OPS, .pin = pin, .unpin = unpin };

bool exporter_owns(const struct dma_buf *dmabuf)
{
	return dmabuf->ops == &static_ops || dmabuf->ops == &dynamic_ops;
}

bool exporter_checks(const struct dma_buf *dmabuf)
{
	return exporter_owns(dmabuf) &&
		((struct buffer *)dmabuf->priv)->flags & DMABUF_TOOLS_CHECKED;
}

static void set_name(struct dma_buf *dmabuf, const char *name)
{
	spin_lock(&dmabuf->name_lock);
	dmabuf->name = name;
	spin_unlock(&dmabuf->name_lock);
}

static struct dma_buf *do_export(u64 size, u32 flags, u32 fd_flags, const char *name)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct buffer *buffer;
	int err;

	size = PAGE_ALIGN(size);	/* 0 where that overflows */
	if (!size || flags & ~KNOWN_FLAGS || fd_flags & ~(O_CLOEXEC | O_ACCMODE))
		return ERR_PTR(-EINVAL);
	if (size > min_t(u64, DMABUF_TOOLS_MAX_SIZE, SIZE_MAX) ||
	    size >> PAGE_SHIFT > totalram_pages())
		return ERR_PTR(-ENOMEM);
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->attachments);
	buffer->flags = flags;
	err = backing_alloc(&buffer->backing, size >> PAGE_SHIFT, flags & DMABUF_TOOLS_CONTIGUOUS);
	if (err)
		goto free;
	if (*name) {
		name = kstrdup(name, GFP_KERNEL);
		err = name ? 0 : -ENOMEM;
		if (err)
			goto free_backing;
	} else {
		name = NULL;
	}
	info.ops = flags & DMABUF_TOOLS_DYNAMIC ? &dynamic_ops : &static_ops;
	info.size = size;
	info.flags = fd_flags;
	info.priv = buffer;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		err = PTR_ERR(dmabuf);
		goto free_name;
	}
	buffer->ino = file_inode(dmabuf->file)->i_ino;
	set_name(dmabuf, name);	/* the core's from now on */
	return dmabuf;

free_name:
	kfree(name);
free_backing:
	backing_free(&buffer->backing);
free:
	kfree(buffer);
	return ERR_PTR(err);
}

struct dma_buf *buffer_export(u64 size, u32 flags, u32 fd_flags, const char *name)
{
	u64 start = ktime_get_ns();
	struct dma_buf *dmabuf = ERR_PTR(inject(OP_EXPORT));

	if (!dmabuf)
		dmabuf = do_export(size, flags, fd_flags, name);
	done(IS_ERR(dmabuf) ? NULL : dmabuf->priv, OP_EXPORT, start, NULL, DMA_NONE,
	     PTR_ERR_OR_ZERO(dmabuf));
	return dmabuf;
}

static int do_invalidate(struct dma_buf *dmabuf)
{
	struct buffer *buffer = dmabuf->priv;
	int err;

	if (!(buffer->flags & DMABUF_TOOLS_DYNAMIC))
		return -EOPNOTSUPP;
	err = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (err)
		return err;
	/* Pins change under the reservation's lock. */
	if (buffer->pins)
		err = -EBUSY;
	else
		compat_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
	return err;
}

int buffer_invalidate(struct dma_buf *dmabuf)
{
	u64 start = ktime_get_ns();
	int err;

	if (!exporter_owns(dmabuf))
		return -EINVAL;
	err = inject(OP_INVALIDATE);
	if (!err)
		err = do_invalidate(dmabuf);
	return done(dmabuf->priv, OP_INVALIDATE, start, NULL, DMA_NONE, err);
}
