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

#endif
