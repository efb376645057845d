/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that we run on, for BPF programs: the only place.
 * Each entry names the change that forced it. To be included after bpf_core_read.h.
 */
#ifndef KERNEL_COMPAT_BPF_H
#define KERNEL_COMPAT_BPF_H

#define DMA_BUF_MAGIC	0x444d4142	/* include/uapi/linux/magic.h */
#define VM_READ		0x1
#define VM_WRITE	0x2
#define VM_EXEC		0x4

/*
 * A field of what p points to. direct, a constant: p is a pointer that the verifier knows the
 * type of, and a plain load will do; else the kernel reads it for us, which takes some 80
 * instructions more.
 */
#define FIELD(direct, p, field) ((direct) ? (p)->field : BPF_CORE_READ(p, field))

/*
 * 6.2, a35b9af4ec2c ("bpf: Add a kfunc for generic type cast"): gives an address a type, so that
 * plain loads do. Programs that need it are loaded only where it is.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;

#define compat_cast(p, type) \
	((type *)bpf_rdonly_cast((p), bpf_core_type_id_kernel(type)))

/*
 * 6.13, 90ee6ed776c0 ("fs: port files to file_ref"): f_count became f_ref, which holds
 * the count less one; at or above 0xC000… the file is dead (include/linux/file_ref.h).
 */
typedef struct {
	atomic_long_t refcnt;
} file_ref_t___6_13;

struct file___6_13 {
	file_ref_t___6_13 f_ref;
} __attribute__((preserve_access_index));

struct file___6_12 {
	atomic_long_t f_count;
} __attribute__((preserve_access_index));

#define FILE_REF_DEAD	0xc000000000000000ULL

static __always_inline __u64 compat_file_count(struct file *file, bool direct)
{
	if (bpf_core_field_exists(struct file___6_13, f_ref)) {
		struct file___6_13 *f = (void *)file;
		__u64 ref = (__u64)FIELD(direct, f, f_ref.refcnt.counter);

		return ref >= FILE_REF_DEAD ? 0 : ref + 1;
	} else {
		struct file___6_12 *f = (void *)file;

		return (__u64)FIELD(direct, f, f_count.counter);
	}
}

/*
 * 6.6, 13bc24457850 ("fs: rename i_ctime field to __i_ctime"), then 6.11, 3aa63a569c64
 * ("fs: switch timespec64 fields in inode to discrete integers").
 */
struct inode___6_11 {
	__s64 i_ctime_sec;
} __attribute__((preserve_access_index));

struct inode___6_6 {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

struct inode___6_1 {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

static __always_inline __s64 compat_inode_ctime(struct inode *inode, bool direct)
{
	if (bpf_core_field_exists(struct inode___6_11, i_ctime_sec)) {
		struct inode___6_11 *i = (void *)inode;

		return FIELD(direct, i, i_ctime_sec);
	} else if (bpf_core_field_exists(struct inode___6_6, __i_ctime)) {
		struct inode___6_6 *i = (void *)inode;

		return FIELD(direct, i, __i_ctime.tv_sec);
	} else {
		struct inode___6_1 *i = (void *)inode;

		return FIELD(direct, i, i_ctime.tv_sec);
	}
}

/*
 * 6.7, 077c212f0344 ("fs: new accessor methods for atime and mtime"), then 6.11 as above.
 */
struct inode___6_11m {
	__s64 i_mtime_sec;
} __attribute__((preserve_access_index));

struct inode___6_7m {
	struct timespec64 __i_mtime;
} __attribute__((preserve_access_index));

struct inode___6_1m {
	struct timespec64 i_mtime;
} __attribute__((preserve_access_index));

static __always_inline __s64 compat_inode_mtime(struct inode *inode)
{
	if (bpf_core_field_exists(struct inode___6_11m, i_mtime_sec))
		return BPF_CORE_READ((struct inode___6_11m *)inode, i_mtime_sec);
	if (bpf_core_field_exists(struct inode___6_7m, __i_mtime))
		return BPF_CORE_READ((struct inode___6_7m *)inode, __i_mtime.tv_sec);
	return BPF_CORE_READ((struct inode___6_1m *)inode, i_mtime.tv_sec);
}

/*
 * What lies below a mapping of a file in an overlay is another file, whose path is the overlay's
 * up to 6.6; def3ae83da02 ("fs: store real path instead of fake path in backing file f_path")
 * keeps that beside it. Which files those are is said by a bit that is this one from 6.10 on,
 * 210a03c9d51a ("fs: claw back a few FMODE_* bits").
 */
struct backing_file___6_7 {
	struct path user_path;
} __attribute__((preserve_access_index));

struct file_operations___6_10 {
	unsigned int fop_flags;
} __attribute__((preserve_access_index));

#define FMODE_BACKING	(1 << 24)	/* include/linux/fs.h */

static __always_inline void compat_file_path(struct file *file, __u64 *mnt, __u64 *dentry)
{
	struct backing_file___6_7 *backing = (void *)file;

	if (bpf_core_field_exists(backing->user_path) &&
	    bpf_core_field_exists(struct file_operations___6_10, fop_flags) &&
	    BPF_CORE_READ(file, f_mode) & FMODE_BACKING) {
		*mnt = (__u64)BPF_CORE_READ(backing, user_path.mnt);
		*dentry = (__u64)BPF_CORE_READ(backing, user_path.dentry);
	} else {
		*mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
		*dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	}
}

/*
 * Registers, by architecture: those that have not this one's fields have the other's. Of a probed
 * function its arguments, result and stack, and of a task in a system call the call's number and
 * first argument (arch/ARCH/include/asm/ptrace.h, syscall.h).
 */
struct pt_regs___x86 {
	unsigned long bp, bx, cx, dx, si, di, ax, orig_ax, ip, sp;
} __attribute__((preserve_access_index));

struct pt_regs___arm64 {
	__u64 regs[31];
	__u64 sp, pc, pstate;
	__u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));

#define X86_REGS bpf_core_field_exists(struct pt_regs___x86, orig_ax)

/*
 * One of two fields of a context. Before 7.x the verifier takes only constant offsets, so clang
 * must not make one load at either of two addresses of them: it does not where something else
 * follows.
 */
#define REGISTER(ctx, x86, arm64)							\
({											\
	unsigned long value_;								\
											\
	if (X86_REGS) {									\
		value_ = ((struct pt_regs___x86 *)(ctx))->x86;				\
		asm volatile("# x86" : "+r"(value_));					\
	} else {									\
		value_ = ((struct pt_regs___arm64 *)(ctx))->arm64;			\
		asm volatile("# arm64" : "+r"(value_));					\
	}										\
	value_;										\
})

#define compat_argument(ctx, n)								\
	((n) == 0 ? REGISTER(ctx, di, regs[0]) : (n) == 1 ? REGISTER(ctx, si, regs[1]) :	\
	 REGISTER(ctx, dx, regs[2]))
#define compat_result(ctx)	REGISTER(ctx, ax, regs[0])
#define compat_stack(ctx)	REGISTER(ctx, sp, sp)

/*
 * 6.10, 535a3692ba72 ("bpf: Add support for kprobe session attach"): one program for a function's
 * entry and return; 7.0 gave the function that tells which of them it is the program's context.
 */
extern bool bpf_session_is_return(void) __weak __ksym;
extern bool bpf_session_is_return___context(void *ctx) __weak __ksym;

#define compat_is_return(ctx)								\
	(bpf_session_is_return___context ?						\
	 bpf_session_is_return___context(ctx) : bpf_session_is_return())

/* Before Linux 6.15, an attach may pin or map, and detaches if this fails. */
struct dma_buf_attachment___sgt {
	void *sgt;
} __attribute__((preserve_access_index));

static __always_inline bool compat_attach_detaches(void)
{
	return bpf_core_field_exists(struct dma_buf_attachment___sgt, sgt);
}

/* System calls of 32 bits on a kernel of 64 bits have other numbers and registers. */
struct thread_info___x86 {
	__u32 status;
} __attribute__((preserve_access_index));

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
} __attribute__((preserve_access_index));

#define TS_COMPAT	0x2		/* arch/x86/include/asm/thread_info.h */
#define PSR_MODE32_BIT	0x10		/* arch/arm64/include/uapi/asm/ptrace.h */
#define IOCTL_X86	16		/* of 64 bits */
#define IOCTL_ARM64	29
#define IOCTL_32	54		/* of both */

/* Whether the current system call is one of 32 bits. */
static __always_inline bool compat_is_32_bit(struct task_struct *task, void *registers)
{
	if (X86_REGS)
		return ((struct task_struct___x86 *)task)->thread_info.status & TS_COMPAT;
	return BPF_CORE_READ((struct pt_regs___arm64 *)registers, pstate) & PSR_MODE32_BIT;
}

/* The fd of the ioctl that a task is in, -1 if it is in none. */
static __always_inline int compat_ioctl_fd(struct task_struct *task, void *registers)
{
	if (X86_REGS) {
		struct pt_regs___x86 *regs = registers;
		unsigned long number = BPF_CORE_READ(regs, orig_ax);

		if (!compat_is_32_bit(task, registers))
			return number == IOCTL_X86 ? (int)BPF_CORE_READ(regs, di) : -1;
		return number == IOCTL_32 ? (int)BPF_CORE_READ(regs, bx) : -1;
	} else {
		struct pt_regs___arm64 *regs = registers;
		int number = BPF_CORE_READ(regs, syscallno);

		if (number != IOCTL_ARM64 && number != IOCTL_32)
			return -1;
		return (number == IOCTL_32) == compat_is_32_bit(task, registers) ?
			(int)BPF_CORE_READ(regs, orig_x0) : -1;
	}
}

/*
 * Where a task in a system call was: instruction, stack, frame pointer. On arm64 the innermost
 * function may have its return address in a register only, link. sp is 0 for a system call of 32
 * bits: its stack has other words.
 */
struct user_place {
	__u64 ip, sp, fp, link;
};

static __always_inline void compat_user_place(struct task_struct *task, void *registers,
					      struct user_place *p)
{
	if (compat_is_32_bit(task, registers)) {
		p->sp = 0;
	} else if (X86_REGS) {
		struct pt_regs___x86 *regs = registers;

		p->ip = BPF_CORE_READ(regs, ip);
		p->sp = BPF_CORE_READ(regs, sp);
		p->fp = BPF_CORE_READ(regs, bp);
		p->link = 0;
	} else {
		struct pt_regs___arm64 *regs = registers;

		p->ip = BPF_CORE_READ(regs, pc);
		p->sp = BPF_CORE_READ(regs, sp);
		p->fp = BPF_CORE_READ(regs, regs[29]);
		p->link = BPF_CORE_READ(regs, regs[30]);
	}
}

/*
 * io_uring's table of registered files: an array of pointers with flags in their low bits; from
 * 6.13, 3597f2786b68 ("io_uring/rsrc: unify file and buffer resource tables"), of nodes that
 * have the pointer.
 */
struct io_fixed_file___6_1 {
	unsigned long file_ptr;
} __attribute__((preserve_access_index));

struct io_rsrc_node___6_13 {
	unsigned long file_ptr;
} __attribute__((preserve_access_index));

struct io_rsrc_data___6_13 {
	unsigned int nr;
	struct io_rsrc_node___6_13 **nodes;
} __attribute__((preserve_access_index));

struct io_file_table___6_13 {
	struct io_rsrc_data___6_13 data;
} __attribute__((preserve_access_index));

struct io_ring_ctx___6_13 {
	struct io_file_table___6_13 file_table;
} __attribute__((preserve_access_index));

struct io_file_table___6_1 {
	struct io_fixed_file___6_1 *files;
} __attribute__((preserve_access_index));

struct io_ring_ctx___6_1 {
	struct io_file_table___6_1 file_table;
	unsigned int nr_user_files;
} __attribute__((preserve_access_index));

/* Returns how many there are, and puts where into *table; 0 where the types are others. */
static __always_inline __u32 compat_io_uring_files(void *ctx, void **table)
{
	if (bpf_core_field_exists(struct io_ring_ctx___6_13, file_table.data)) {
		struct io_ring_ctx___6_13 *c = ctx;

		*table = BPF_CORE_READ(c, file_table.data.nodes);
		return BPF_CORE_READ(c, file_table.data.nr);
	} else if (bpf_core_field_exists(struct io_ring_ctx___6_1, nr_user_files)) {
		struct io_ring_ctx___6_1 *c = ctx;

		*table = BPF_CORE_READ(c, file_table.files);
		return BPF_CORE_READ(c, nr_user_files);
	}
	return 0;
}

/* The i-th file of such a table, NULL for an empty place. */
static __always_inline struct file *compat_io_uring_file(void *table, __u32 i)
{
	unsigned long file = 0;

	if (bpf_core_field_exists(struct io_ring_ctx___6_13, file_table.data)) {
		struct io_rsrc_node___6_13 *node = NULL;

		bpf_probe_read_kernel(&node, sizeof(node), table + i * sizeof(node));
		if (node)
			file = BPF_CORE_READ(node, file_ptr);
	} else {
		bpf_probe_read_kernel(&file, sizeof(file), table + i *
				      bpf_core_type_size(struct io_fixed_file___6_1));
	}
	return (void *)(file & ~7UL);
}

#endif
