/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of dmabuf_tools.ko: ioctls of the exporter and the importer, names and limits.
 * Tests also compile this header. Documented in dmabuf_tools(4).
 *
 * Every structure has a fixed size on all architectures. Fields called reserved, and flags without
 * a name here, must be 0, else -EINVAL, so that they can get a meaning later. A command with
 * another size than below is -ENOTTY.
 */
#ifndef DMABUF_TOOLS_UAPI_H
#define DMABUF_TOOLS_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DMABUF_TOOLS_EXPORTER	"/dev/dmabuf_tools/exporter"
#define DMABUF_TOOLS_IMPORTER	"/dev/dmabuf_tools/importer"

#define DMABUF_TOOLS_NAME_LEN	32		/* with its NUL; as DMA_BUF_NAME_LEN */
#define DMABUF_TOOLS_MAX_SIZE	(1ULL << 32)	/* bytes of a buffer */
#define DMABUF_TOOLS_MAX_DEVICES 256		/* dmabuf-importer.0 to .255 */
#define DMABUF_TOOLS_MAX_IDS	65536		/* objects of an open importer file at a time */

/*
 * The exporter also accepts DMA_HEAP_IOCTL_ALLOC (linux/dma-heap.h), as EXPORT with flags 0 and
 * no name.
 */
#define DMABUF_TOOLS_CONTIGUOUS	(1u << 0)	/* contiguous memory, not pages */
#define DMABUF_TOOLS_DYNAMIC	(1u << 1)	/* has pin and unpin, and can be moved */
#define DMABUF_TOOLS_CHECKED	(1u << 2)	/* report violations by users */

struct dmabuf_tools_export {
	__u64	size;		/* bytes, rounded up to pages; 0: -EINVAL, too many: -ENOMEM */
	__u32	flags;
	__u32	fd_flags;	/* O_CLOEXEC and an access mode, as for dma-heap */
	__s32	fd;		/* out; must be 0 */
	__u32	reserved;
	char	name[DMABUF_TOOLS_NAME_LEN];	/* ends in NUL; empty: none */
};

/*
 * Invalidate the mappings of the dynamic importers of this exporter's buffer. -EINVAL: a buffer of
 * another exporter, or no dma-buf; -EOPNOTSUPP: not a dynamic buffer; -EBUSY: pinned; -EINTR.
 */
struct dmabuf_tools_invalidate {
	__s32	fd;
	__u32	reserved;
};

/*
 * The importer. Each object of attach, map, vmap, begin and fence has an id, valid for the open
 * file. Ids of the five kinds are counted together, from 1. Close undoes all objects in the right
 * order.
 */
enum dmabuf_tools_direction {	/* as enum dma_data_direction */
	DMABUF_TOOLS_BIDIRECTIONAL,
	DMABUF_TOOLS_TO_DEVICE,
	DMABUF_TOOLS_FROM_DEVICE,
};

enum dmabuf_tools_usage {	/* as enum dma_resv_usage */
	DMABUF_TOOLS_USAGE_KERNEL,
	DMABUF_TOOLS_USAGE_WRITE,
	DMABUF_TOOLS_USAGE_READ,
	DMABUF_TOOLS_USAGE_BOOKKEEP,
};

/*
 * Break the contract on purpose; only for checked buffers of the module's own exporter (-EPERM
 * for others): UNMAP in another direction, or with a copy of the table, which leaves the mapping;
 * DETACH with mappings and pins, and remove them; UNPIN without a pin; VUNMAP and END_ACCESS
 * twice.
 */
#define DMABUF_TOOLS_MISUSE		(1u << 0)
#define DMABUF_TOOLS_ATTACH_DYNAMIC	(1u << 1)	/* an importer that supports a move */
#define DMABUF_TOOLS_WRONG_TABLE	(1u << 2)	/* unmap with MISUSE: a copy of the table */

struct dmabuf_tools_attach {
	__s32	fd;
	__u32	device;		/* 0 is dmabuf-importer.0 */
	__u32	flags;		/* DMABUF_TOOLS_ATTACH_DYNAMIC */
	__u32	id;		/* out; must be 0 */
};

struct dmabuf_tools_map {
	__u32	attachment;	/* id */
	__u32	direction;
	__u32	flags;
	__u32	id;		/* out; must be 0 */
	__u64	bytes;		/* out: how much the table maps; must be 0 */
	__u64	duration_ns;	/* out: duration, including waits; must be 0 */
};

/* Undoes one id: DETACH, UNMAP, VUNMAP, END_ACCESS. */
struct dmabuf_tools_undo {
	__u32	id;
	__u32	flags;		/* DMABUF_TOOLS_MISUSE, DMABUF_TOOLS_WRONG_TABLE */
	__u32	direction;	/* UNMAP with MISUSE: the direction to pass; else must be 0 */
	__u32	reserved;
};

struct dmabuf_tools_pin {	/* PIN and UNPIN of a dynamic attachment */
	__u32	attachment;	/* id */
	__u32	flags;		/* UNPIN: DMABUF_TOOLS_MISUSE */
};

struct dmabuf_tools_vmap {
	__s32	fd;
	__u32	flags;
	__u32	id;		/* out; must be 0 */
	__u32	reserved;
};

struct dmabuf_tools_access {	/* BEGIN_ACCESS by the kernel */
	__s32	fd;
	__u32	direction;
	__u32	flags;
	__u32	id;		/* out; must be 0 */
};

struct dmabuf_tools_fence {
	__s32	fd;
	__u32	usage;		/* enum dmabuf_tools_usage */
	/* Signals after this time; 0: by SIGNAL, or at close. KERNEL on buffers of others: not 0 */
	__u64	timeout_ns;
	__s32	error;		/* signals with 0, or -4095 to -1 */
	__u32	id;		/* out; must be 0 */
};

struct dmabuf_tools_signal {
	__u32	id;		/* of a fence; also forgets it */
	__u32	reserved;
};

/* Behaviour of close for remaining objects. */
#define DMABUF_TOOLS_LEAK	(1u << 0)	/* keep them: debugfs importer/leaked undoes them */

struct dmabuf_tools_on_close {
	__u32	flags;
	__u32	reserved;
};

#define DMABUF_TOOLS_IOC	0xdb
#define DMABUF_TOOLS_IOC_EXPORT		_IOWR(DMABUF_TOOLS_IOC, 0x00, struct dmabuf_tools_export)
#define DMABUF_TOOLS_IOC_INVALIDATE	_IOW(DMABUF_TOOLS_IOC, 0x01, struct dmabuf_tools_invalidate)

#define DMABUF_TOOLS_IOC_ATTACH		_IOWR(DMABUF_TOOLS_IOC, 0x40, struct dmabuf_tools_attach)
#define DMABUF_TOOLS_IOC_DETACH		_IOW(DMABUF_TOOLS_IOC, 0x41, struct dmabuf_tools_undo)
#define DMABUF_TOOLS_IOC_MAP		_IOWR(DMABUF_TOOLS_IOC, 0x42, struct dmabuf_tools_map)
#define DMABUF_TOOLS_IOC_UNMAP		_IOW(DMABUF_TOOLS_IOC, 0x43, struct dmabuf_tools_undo)
#define DMABUF_TOOLS_IOC_PIN		_IOW(DMABUF_TOOLS_IOC, 0x44, struct dmabuf_tools_pin)
#define DMABUF_TOOLS_IOC_UNPIN		_IOW(DMABUF_TOOLS_IOC, 0x45, struct dmabuf_tools_pin)
#define DMABUF_TOOLS_IOC_VMAP		_IOWR(DMABUF_TOOLS_IOC, 0x46, struct dmabuf_tools_vmap)
#define DMABUF_TOOLS_IOC_VUNMAP		_IOW(DMABUF_TOOLS_IOC, 0x47, struct dmabuf_tools_undo)
#define DMABUF_TOOLS_IOC_BEGIN_ACCESS	_IOWR(DMABUF_TOOLS_IOC, 0x48, struct dmabuf_tools_access)
#define DMABUF_TOOLS_IOC_END_ACCESS	_IOW(DMABUF_TOOLS_IOC, 0x49, struct dmabuf_tools_undo)
#define DMABUF_TOOLS_IOC_FENCE		_IOWR(DMABUF_TOOLS_IOC, 0x4a, struct dmabuf_tools_fence)
#define DMABUF_TOOLS_IOC_SIGNAL		_IOW(DMABUF_TOOLS_IOC, 0x4b, struct dmabuf_tools_signal)
#define DMABUF_TOOLS_IOC_ON_CLOSE	_IOW(DMABUF_TOOLS_IOC, 0x4c, struct dmabuf_tools_on_close)

#endif
