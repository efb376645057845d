/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels since 6.1, each with the commit or version. No other file of the
 * module checks versions; the headers show changes that distributions carry back (Kbuild).
 */
#ifndef DMABUF_TOOLS_COMPAT_H
#define DMABUF_TOOLS_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/version.h>

/* 6.13, cdd30ebb1b9f ("module: Convert symbol namespace to string literal") */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define COMPAT_IMPORT_NS(ns)	MODULE_IMPORT_NS(#ns)
#else
#define COMPAT_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)
#endif

/* After 6.1 ("seq_file: Introduce DEFINE_SHOW_STORE_ATTRIBUTE() helper macro") */
#ifndef DEFINE_SHOW_STORE_ATTRIBUTE
#define DEFINE_SHOW_STORE_ATTRIBUTE(name)						\
static int name##_open(struct inode *inode, struct file *file)				\
{											\
	return single_open(file, name##_show, inode->i_private);			\
}											\
											\
static const struct file_operations name##_fops = {					\
	.owner = THIS_MODULE, .open = name##_open, .read = seq_read,			\
	.write = name##_write, .llseek = seq_lseek, .release = single_release,		\
}
#endif

/*
 * COMPAT_FTRACE_ARGS: callbacks of ftrace get the function's arguments without all registers.
 * 6.2, 94d095ffa0e1 ("ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses"): before, struct
 * ftrace_regs was not opaque.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define COMPAT_FTRACE_ARGS
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define compat_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#else
#define compat_argument(fregs, n)	regs_get_kernel_argument(&(fregs)->regs, n)
#endif
#endif

/*
 * COMPAT_FTRACE_RETURN: callbacks of ftrace get a struct pt_regs with arguments and stack pointer,
 * as rethook requires. 6.13 ("ftrace: Make ftrace_regs abstract from direct use"), carried back to
 * 6.12: before, a plain member.
 */
#if defined(COMPAT_FTRACE_ARGS) && defined(CONFIG_X86_64) && defined(CONFIG_KRETPROBE_ON_RETHOOK)
#define COMPAT_FTRACE_RETURN
#ifdef arch_ftrace_regs
#define compat_regs(fregs)	(&arch_ftrace_regs(fregs)->regs)
#else
#define compat_regs(fregs)	(&(fregs)->regs)
#endif
#endif

/*
 * 7.0 ("dma-buf: add some tracepoints to debug."): if the header declares the tracepoints, the
 * compiler checks the types of our probes.
 */
#if defined(HAVE_dma_buf_tracepoints) && defined(CONFIG_TRACEPOINTS)
#include <trace/events/dma_buf.h>
#define COMPAT_TRACEPOINTS	1
#define COMPAT_CHECK_PROBE(event, probe)	check_trace_callback_type_##event(probe)
#else
#define COMPAT_TRACEPOINTS	0
#define COMPAT_CHECK_PROBE(event, probe)
#endif

/*
 * A reference to a file that may be at its end, under rcu_read_lock(): NULL then. 6.7,
 * 0ede61d8589c ("file: convert to SLAB_TYPESAFE_BY_RCU"): files are freed without waiting.
 */
static inline struct file *compat_get_file_active(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return get_file_active(&file);
#else
	return get_file_rcu(file) ? file : NULL;
#endif
}

/* CLOCK_REALTIME seconds. 6.6: i_ctime is behind inode_get_ctime() */
static inline s64 compat_created(const struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return inode_get_ctime_sec(file_inode(file));
#else
	return file_inode(file)->i_ctime.tv_sec;
#endif
}

/* Came with the dma_buf tracepoints, and into some older stable kernels. */
#ifndef HAVE_dma_buf_fd_install
static inline void compat_fd_install(struct dma_buf *dmabuf, int fd)
{
	fd_install(fd, dmabuf->file);
}
#else
#define compat_fd_install dma_buf_fd_install
#endif

/* Renamed between 6.12 and 7.3. */
#ifdef HAVE_dma_buf_invalidate_mappings
#define compat_invalidate_mappings dma_buf_invalidate_mappings
#define COMPAT_MOVED	invalidate_mappings	/* in dma_buf_attach_ops */
#else
#define compat_invalidate_mappings dma_buf_move_notify
#define COMPAT_MOVED	move_notify
#endif

/* 6.3, bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions") */
#ifndef HAVE_vm_flags_set
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* 6.13: hrtimer_setup() replaces hrtimer_init(), which 6.15 drops. */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
#ifdef HAVE_hrtimer_setup
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/*
 * Whether a detach ends an attach that fails. Before 6.15 ("dma-buf: drop caching of sg_tables"),
 * an attach of a static and a dynamic side also maps, and calls detach if the map fails.
 */
static inline bool compat_attach_failed(struct dma_buf_attachment *attach)
{
#ifdef HAVE_sgt
	return !attach->sgt &&
	       dma_buf_attachment_is_dynamic(attach) != dma_buf_is_dynamic(attach->dmabuf);
#else
	return false;
#endif
}

/*
 * 6.2, "Move all dma-bufs to dynamic locking specification": static attachments too are mapped
 * and unmapped under the reservation lock, which also guards vmaps in place of dma_buf.lock.
 */
#ifdef HAVE_dma_buf_vmap_unlocked
static inline bool compat_map_is_locked(bool dynamic)
{
	return true;
}

#define compat_vmap(dmabuf, map)	dma_buf_vmap_unlocked(dmabuf, map)
#define compat_vunmap(dmabuf, map)	dma_buf_vunmap_unlocked(dmabuf, map)
#define compat_vmap_lock(dmabuf)	dma_resv_lock((dmabuf)->resv, NULL)
#define compat_vmap_unlock(dmabuf)	dma_resv_unlock((dmabuf)->resv)
#else
static inline bool compat_map_is_locked(bool dynamic)
{
	return dynamic;
}

#define compat_vmap(dmabuf, map)	dma_buf_vmap(dmabuf, map)
#define compat_vunmap(dmabuf, map)	dma_buf_vunmap(dmabuf, map)
#define compat_vmap_lock(dmabuf)	mutex_lock(&(dmabuf)->lock)
#define compat_vmap_unlock(dmabuf)	mutex_unlock(&(dmabuf)->lock)
#endif

#endif
