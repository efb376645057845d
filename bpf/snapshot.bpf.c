// SPDX-License-Identifier: GPL-2.0
/*
 * The snapshot: all buffers with their attachments (by the kernel's own iterator where
 * there is one, else by walking its list from a buffer that somebody holds), and all fd
 * slots and mappings. Loaded by cli/source/bpf.c, which also puts the passes together.
 */
#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "kernel_compat.bpf.h"
#include "dmabuf_snapshot.h"
#include "snapshot.h"

char LICENSE[] SEC("license") = "GPL";

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
};

/* Entry 0 is the ring that buffers go to; user space puts a larger one when it was small. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

extern int bpf_iter_dmabuf_new(struct bpf_iter_dmabuf *it) __weak __ksym;
extern struct dma_buf *bpf_iter_dmabuf_next(struct bpf_iter_dmabuf *it) __weak __ksym;
extern void bpf_iter_dmabuf_destroy(struct bpf_iter_dmabuf *it) __weak __ksym;

static __always_inline void emit(struct snapshot_args *args, void *record, __u32 len)
{
	__u32 zero = 0;
	void *ring = bpf_map_lookup_elem(&rings, &zero);

	/* Counted also when it does not fit: user space then knows which size would do. */
	args->bytes += len + 8;
	if (!ring || bpf_ringbuf_output(ring, record, len, BPF_RB_NO_WAKEUP))
		args->dropped++;
}

/* A file is a dma-buf if its superblock is the dma-buf pseudo file system's (FACTS.md). */
static __always_inline bool is_dmabuf_file(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == DMA_BUF_MAGIC;
}

struct attachment_walk {
	struct snapshot_args *args;
	struct dma_buf *dmabuf;
	struct list_head *head;
	struct list_head *at;
	__u64 ino;
	bool whole;
};

static long emit_attachment(__u32 index, struct attachment_walk *walk)
{
	struct dma_buf_attachment *attach;
	struct snap_attachment out = {
		.head = { SNAP_ATTACHMENT, sizeof(out), 0 },
	};
	struct device_driver *driver;
	struct device *dev;
	const char *name;

	if (walk->at == walk->head) {
		walk->whole = true;
		return 1;
	}
	attach = (void *)walk->at - bpf_core_field_offset(struct dma_buf_attachment, node);
	/* Not our buffer's: it was freed under us. The row is torn. */
	if (!walk->at || BPF_CORE_READ(attach, dmabuf) != walk->dmabuf)
		return 1;
	dev = BPF_CORE_READ(attach, dev);
	name = BPF_CORE_READ(dev, init_name);
	if (!name)
		name = BPF_CORE_READ(dev, kobj.name);
	bpf_probe_read_kernel_str(out.device, sizeof(out.device), name);
	driver = BPF_CORE_READ(dev, driver);
	if (driver)
		bpf_probe_read_kernel_str(out.driver, sizeof(out.driver),
					  BPF_CORE_READ(driver, name));
	out.ino = walk->ino;
	out.head.valid = SNAP_ATTACHMENT_DRIVER_KNOWN | SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	if (BPF_CORE_READ(attach, importer_ops))
		out.head.valid |= SNAP_ATTACHMENT_DYNAMIC;
	emit(walk->args, &out, sizeof(out));
	walk->at = BPF_CORE_READ(attach, node.next);
	return 0;
}

/* Returns whether all attachments were seen. */
static __always_inline bool emit_attachments(struct snapshot_args *args, struct dma_buf *dmabuf,
					     __u64 ino)
{
	struct attachment_walk walk = {
		.args = args,
		.dmabuf = dmabuf,
		.head = (void *)dmabuf + bpf_core_field_offset(struct dma_buf, attachments),
		.ino = ino,
	};

	walk.at = BPF_CORE_READ(dmabuf, attachments.next);
	if (walk.at == walk.head)
		return true;
	bpf_loop(SNAPSHOT_MAX_ATTACHMENTS, emit_attachment, &walk, 0);
	return walk.whole;
}

/* own: references that this walk itself holds on the buffer now. */
static __always_inline void emit_buffer(struct snapshot_args *args, struct dma_buf *dmabuf,
					struct file *file, __u64 own)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u64 count = compat_file_count(file);
	const char *name;

	args->buffers++;
	/* No reference left beside ours: it is being released. */
	if (count <= own)
		return;
	if (args->recount) {
		struct snap_recount out = {
			.head = { SNAP_RECOUNT, sizeof(out), 0 },
			.ino = BPF_CORE_READ(inode, i_ino),
			.count = count - own,
		};

		emit(args, &out, sizeof(out));
		return;
	}

	struct snap_buffer out = {
		.head = { SNAP_BUFFER, sizeof(out), SNAP_HAS_COUNT | SNAP_HAS_CREATED |
			  SNAP_HAS_UID | SNAP_HAS_SIZE | SNAP_HAS_EXPORTER },
		.ino = BPF_CORE_READ(inode, i_ino),
		.size = BPF_CORE_READ(dmabuf, size),
		.count = count - own,
		.created = compat_inode_ctime(inode),
		.uid = BPF_CORE_READ(file, f_cred, uid.val),
	};

	bpf_probe_read_kernel_str(out.exporter, sizeof(out.exporter),
				  BPF_CORE_READ(dmabuf, exp_name));
	name = BPF_CORE_READ(dmabuf, name);
	if (name)
		bpf_probe_read_kernel_str(out.name, sizeof(out.name), name);
	/* SET_NAME frees the old name: what we read is good only if it is still the name. */
	if (BPF_CORE_READ(dmabuf, name) == name)
		out.head.valid |= SNAP_HAS_NAME;
	if (emit_attachments(args, dmabuf, out.ino))
		out.head.valid |= SNAP_HAS_ATTACHMENTS;
	emit(args, &out, sizeof(out));
}

/* All buffers by the kernel's own iterator, which holds one reference on the one at hand. */
SEC("syscall")
int buffers_by_iterator(struct snapshot_args *args)
{
	struct bpf_iter_dmabuf it;
	struct dma_buf *dmabuf;

	bpf_iter_dmabuf_new(&it);
	while ((dmabuf = bpf_iter_dmabuf_next(&it)))
		emit_buffer(args, dmabuf, BPF_CORE_READ(dmabuf, file), 1);
	bpf_iter_dmabuf_destroy(&it);
	args->whole = 1;
	return 0;
}

struct list_walk {
	struct snapshot_args *args;
	struct list_head *first;
	struct list_head *at;
	__u32 heads;
};

static long walk_list(__u32 index, struct list_walk *walk)
{
	struct dma_buf *dmabuf;
	struct file *file;

	if (index && walk->at == walk->first) {
		walk->args->whole = walk->heads == 1;
		return 1;
	}
	if (!walk->at)
		return 1;
	dmabuf = (void *)walk->at - bpf_core_field_offset(struct dma_buf, list_node);
	file = BPF_CORE_READ(dmabuf, file);
	/*
	 * The list's head lies in no dma_buf: what is read there as one has no dma-buf's file.
	 * Nor has one that was freed under us, hence the count of heads.
	 */
	if (file && BPF_CORE_READ(file, private_data) == dmabuf && is_dmabuf_file(file))
		emit_buffer(walk->args, dmabuf, file, 0);
	else if (++walk->heads > 1)
		return 1;
	if (bpf_core_read(&walk->at, sizeof(walk->at), &walk->at->next))
		return 1;
	return 0;
}

/*
 * All buffers, on kernels without that iterator: along the kernel's list of them, without
 * its lock, from args->anchor, a buffer that was seen in a process. Only reads that cannot
 * fault; a walk that lost its way says so (args->whole) and is made again.
 */
SEC("syscall")
int buffers_by_list(struct snapshot_args *args)
{
	struct dma_buf *anchor = (void *)args->anchor;
	struct list_walk walk = {
		.args = args,
		.first = (void *)anchor + bpf_core_field_offset(struct dma_buf, list_node),
	};

	walk.at = walk.first;
	bpf_loop(SNAPSHOT_MAX_BUFFERS, walk_list, &walk, 0);
	return 0;
}

static __always_inline void fill_holder(struct snap_slot *out, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	out->pid = task->tgid;
	out->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	bpf_probe_read_kernel_str(out->comm, sizeof(out->comm), leader->comm);
}

/* The last dma-buf seen by either pass: where a walk along the list may start. */
__u64 anchor;

SEC("iter/task_file")
int fd_slots(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file || file->f_inode->i_sb->s_magic != DMA_BUF_MAGIC)
		return 0;

	struct snap_slot out = {
		.head = { SNAP_FD, sizeof(out), SNAP_SLOT_HAS_COUNT },
		.ino = file->f_inode->i_ino,
		.table = (__u64)task->files,
		.start = ctx->fd,
		.count = compat_file_count(file) - 1,	/* the iterator holds one */
	};

	fill_holder(&out, task);
	anchor = (__u64)file->private_data;
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}

SEC("iter/task_vma")
int mappings(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct file *file;

	if (!task || !vma)
		return 0;
	file = vma->vm_file;
	if (!file || file->f_inode->i_sb->s_magic != DMA_BUF_MAGIC)
		return 0;

	struct snap_slot out = {
		.head = { SNAP_MAP, sizeof(out), SNAP_SLOT_HAS_COUNT },
		.ino = file->f_inode->i_ino,
		.table = (__u64)vma->vm_mm,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.count = compat_file_count(file),
	};

	if (vma->vm_flags & VM_READ)
		out.head.valid |= SNAP_SLOT_READ;
	if (vma->vm_flags & VM_WRITE)
		out.head.valid |= SNAP_SLOT_WRITE;
	fill_holder(&out, task);
	anchor = (__u64)file->private_data;
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}
