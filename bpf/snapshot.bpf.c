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
#include "snapshot_shared.h"

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

/* What a run of buffers_by_* is asked and answers; user space reads and writes it in place. */
struct snapshot_run run;

static __always_inline void emit(void *record, __u32 len)
{
	__u32 zero = 0;
	void *ring = bpf_map_lookup_elem(&rings, &zero);

	/* Counted also when it does not fit: user space then knows which size would do. */
	run.bytes += len + 8;
	if (!ring || bpf_ringbuf_output(ring, record, len, BPF_RB_NO_WAKEUP))
		run.dropped++;
}

/*
 * Where the walks are. In memory that the verifier does not follow: on the stack, it would tell
 * each step of a loop from the last one, until it gave up. (Not static: clang would take
 * it apart, and the parts' BTF is refused.)
 */
struct {
	struct dma_buf *dmabuf;		/* the buffer at hand */
	__u64 ino;
	struct list_head *attachment;	/* the next one of its */
	bool attachments_whole;
	struct list_head *first, *at;	/* of the list of buffers */
	struct list_head *head;		/* seen on the way */
} walk;

static long emit_attachment(__u32 index, void *ctx)
{
	struct list_head *node = walk.attachment;
	struct dma_buf *dmabuf = walk.dmabuf;
	struct dma_buf_attachment *attach;
	struct snap_attachment out = {
		.head = { SNAP_ATTACHMENT, sizeof(out), 0 },
		.ino = walk.ino,
	};
	struct device_driver *driver;
	struct device *dev;
	const char *name;

	if (node == (void *)dmabuf + bpf_core_field_offset(struct dma_buf, attachments)) {
		walk.attachments_whole = true;
		return 1;
	}
	attach = (void *)node - bpf_core_field_offset(struct dma_buf_attachment, node);
	/* Not our buffer's: it was freed under us. The row is torn. */
	if (!node || BPF_CORE_READ(attach, dmabuf) != dmabuf)
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
	out.head.valid = SNAP_ATTACHMENT_DRIVER_KNOWN | SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	if (BPF_CORE_READ(attach, importer_ops))
		out.head.valid |= SNAP_ATTACHMENT_DYNAMIC;
	emit(&out, sizeof(out));
	walk.attachment = BPF_CORE_READ(attach, node.next);
	return 0;
}

static __always_inline void put_recount(struct inode *inode, __u64 count, bool direct)
{
	struct snap_recount out = {
		.head = { SNAP_RECOUNT, sizeof(out), 0 },
		.ino = FIELD(direct, inode, i_ino),
		.count = count,
	};

	emit(&out, sizeof(out));
}

/* own: references that the walk itself holds; direct: see FIELD(). */
static __always_inline void put_buffer(struct dma_buf *dmabuf, __u64 own, bool direct)
{
	struct file *file = FIELD(direct, dmabuf, file);
	struct inode *inode = FIELD(direct, file, f_inode);
	__u64 count = compat_file_count(file, direct);
	const char *name;

	/* No reference left beside ours: it is being released. */
	if (count <= own)
		return;
	if (run.recount) {
		put_recount(inode, count - own, direct);
		return;
	}

	struct snap_buffer out = {
		.head = { SNAP_BUFFER, sizeof(out), SNAP_HAS_COUNT | SNAP_HAS_CREATED |
			  SNAP_HAS_UID | SNAP_HAS_SIZE | SNAP_HAS_EXPORTER },
		.ino = FIELD(direct, inode, i_ino),
		.size = FIELD(direct, dmabuf, size),
		.count = count - own,
		.created = compat_inode_ctime(inode, direct),
		.uid = direct ? file->f_cred->uid.val : BPF_CORE_READ(file, f_cred, uid.val),
	};

	bpf_probe_read_kernel_str(out.exporter, sizeof(out.exporter),
				  FIELD(direct, dmabuf, exp_name));
	name = FIELD(direct, dmabuf, name);
	/* SET_NAME frees the old name: what we read is good only if it is still the name. */
	if (name && bpf_probe_read_kernel_str(out.name, sizeof(out.name), name) > 0 &&
	    FIELD(direct, dmabuf, name) == name)
		out.head.valid |= SNAP_HAS_NAME;
	walk.dmabuf = dmabuf;
	walk.ino = out.ino;
	walk.attachment = FIELD(direct, dmabuf, attachments.next);
	walk.attachments_whole = false;
	bpf_loop(SNAPSHOT_MAX_ATTACHMENTS, emit_attachment, NULL, 0);
	if (walk.attachments_whole)
		out.head.valid |= SNAP_HAS_ATTACHMENTS;
	emit(&out, sizeof(out));
}

/* All buffers by the kernel's own iterator, which holds one reference on the one at hand. */
SEC("syscall")
int buffers_by_iterator(void *ctx)
{
	struct bpf_iter_dmabuf it;
	struct dma_buf *dmabuf;

	bpf_iter_dmabuf_new(&it);
	while ((dmabuf = bpf_iter_dmabuf_next(&it)))
		put_buffer(dmabuf, 1, true);
	bpf_iter_dmabuf_destroy(&it);
	run.whole = 1;
	return 0;
}

/* Not static, so that the verifier looks at it once and not at each step of the walk. */
__noinline int put_walked_buffer(void)
{
	put_buffer(walk.dmabuf, 0, false);
	return 0;
}

__noinline int put_cast_buffer(void)
{
	put_buffer(compat_cast(walk.dmabuf, struct dma_buf), 0, true);
	return 0;
}

/* Whether this is a buffer: its file is a dma-buf's, and that file's buffer is this one. */
static __always_inline bool is_buffer(struct dma_buf *dmabuf, bool direct)
{
	struct file *file = FIELD(direct, dmabuf, file);

	if (!file || FIELD(direct, file, private_data) != dmabuf)
		return false;
	return direct ? file->f_inode->i_sb->s_magic == DMA_BUF_MAGIC :
		BPF_CORE_READ(file, f_inode, i_sb, s_magic) == DMA_BUF_MAGIC;
}

static __always_inline long walk_step(__u32 index, bool direct)
{
	struct list_head *at = walk.at;
	struct dma_buf *dmabuf;

	if (index && at == walk.first) {
		run.whole = walk.head != NULL;
		run.head = (__u64)walk.head;
		return 1;
	}
	if (!at)
		return 1;
	dmabuf = (void *)at - bpf_core_field_offset(struct dma_buf, list_node);
	walk.dmabuf = dmabuf;
	if (direct)
		dmabuf = compat_cast(dmabuf, struct dma_buf);
	/*
	 * The list's head lies in no dma_buf: what is read there as one has no dma-buf's file.
	 * Nor has one that was freed under us: two such, and the way is lost.
	 */
	if (is_buffer(dmabuf, direct)) {
		if (direct)
			put_cast_buffer();
		else
			put_walked_buffer();
	} else if (walk.head) {
		return 1;
	} else {
		walk.head = at;
	}
	walk.at = FIELD(direct, dmabuf, list_node.next);
	return 0;
}

static long walk_list(__u32 index, void *ctx)
{
	return walk_step(index, false);
}

static long walk_list_cast(__u32 index, void *ctx)
{
	return walk_step(index, true);
}

static __always_inline void start_walk(void)
{
	walk.head = NULL;
	walk.first = (void *)run.head;
	if (!run.head)
		walk.first = (void *)run.anchor + bpf_core_field_offset(struct dma_buf, list_node);
	walk.at = walk.first;
}

/*
 * All buffers, on kernels without that iterator: along the kernel's list of them, without
 * its lock, from its head if an earlier walk found that, else from run.anchor, a buffer that
 * was seen in a process. Only reads that cannot fault; a walk that lost its way says so
 * (run.whole) and is made again.
 */
SEC("syscall")
int buffers_by_list(void *ctx)
{
	start_walk();
	bpf_loop(SNAPSHOT_MAX_BUFFERS, walk_list_cast, NULL, 0);
	return 0;
}

/* The same where there is no bpf_rdonly_cast(). */
SEC("syscall")
int buffers_by_list_6_1(void *ctx)
{
	start_walk();
	bpf_loop(SNAPSHOT_MAX_BUFFERS, walk_list, NULL, 0);
	return 0;
}

static __always_inline void fill_holder(struct snap_slot *out, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	out->pid = task->tgid;
	out->cgroup = task->cgroups->dfl_cgrp->kn->id;
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), leader->comm);
}

#include "references.bpf.h"

/*
 * A device file that somebody has open, which whoever queued a buffer there has: no memory, no
 * terminal. User space adds the names, and takes out those that come more than once.
 */
static __always_inline void emit_node(struct seq_file *seq, struct task_struct *task,
				      struct file *file)
{
	__u32 rdev = file->f_inode->i_rdev, major = rdev >> MINOR_BITS;
	struct snap_node out = {
		.head = { SNAP_NODE, sizeof(out), 0 },
		.rdev = rdev,
		.pid = major == VIDEO_MAJOR ? task->tgid : 0,
	};
	__u64 node = (__u64)out.pid << 32 | rdev;

	if ((file->f_inode->i_mode & S_IFMT) != S_IFCHR || node == run.node ||
	    major == MEM_MAJOR || major == TTY_MAJOR || major == TTYAUX_MAJOR ||
	    (major >= PTS_MAJOR && major < PTS_MAJOR + PTS_MAJORS))
		return;
	/* What did not fit is shown again */
	if (!bpf_seq_write(seq, &out, sizeof(out)))
		run.node = node;
}

SEC("iter/task_file")
int fd_slots(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	unsigned long magic;

	if (!task || !file)
		return 0;
	emit_node(ctx->meta->seq, task, file);
	if (is_drm_node(file->f_inode->i_rdev)) {
		emit_drm_file(task, file);
		return 0;
	}
	if ((file->f_inode->i_mode & S_IFMT) == S_IFSOCK) {
		emit_socket(ctx, task, file);
		return 0;
	}
	/* A file is a dma-buf if its superblock is that of their pseudo file system. */
	magic = file->f_inode->i_sb->s_magic;
	if (magic == ANON_INODE_FS_MAGIC)
		emit_io_uring(task, file);
	if (magic != DMA_BUF_MAGIC)
		return 0;

	struct snap_slot out = {
		.head = { SNAP_FD, sizeof(out), SNAP_SLOT_HAS_COUNT },
		.ino = file->f_inode->i_ino,
		.table = (__u64)task->files,
		.start = ctx->fd,
		.count = compat_file_count(file, true) - 1,	/* the iterator holds one */
	};

	fill_holder(&out, task);
	run.anchor = (__u64)file->private_data;	/* the last seen */
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}

SEC("iter/task_vma")
int mappings(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	unsigned long magic;
	struct file *file;

	if (!task || !vma)
		return 0;
	file = vma->vm_file;
	if (!file)
		return 0;
	emit_node(ctx->meta->seq, task, file);
	/* A ring lives on in its mapping when its fd is closed */
	magic = file->f_inode->i_sb->s_magic;
	if (magic == ANON_INODE_FS_MAGIC)
		emit_io_uring(task, file);
	if (magic != DMA_BUF_MAGIC)
		return 0;

	struct snap_slot out = {
		.head = { SNAP_MAP, sizeof(out), SNAP_SLOT_HAS_COUNT },
		.ino = file->f_inode->i_ino,
		.table = (__u64)vma->vm_mm,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.count = compat_file_count(file, true),
	};

	if (vma->vm_flags & VM_READ)
		out.head.valid |= SNAP_SLOT_READ;
	if (vma->vm_flags & VM_WRITE)
		out.head.valid |= SNAP_SLOT_WRITE;
	fill_holder(&out, task);
	run.anchor = (__u64)file->private_data;	/* the last seen */
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}
