/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of a snapshot, shared by BPF programs, sources, the model and recordings. Fixed
 * width, explicit padding, native endian. Each record starts with type and length, so that a
 * reader can skip unknown records. Depends on no other header of ours.
 */
#ifndef DMABUF_SNAPSHOT_H
#define DMABUF_SNAPSHOT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define SNAP_NAME_LEN		32	/* DMA_BUF_NAME_LEN, NUL included */
#define SNAP_EXPORTER_LEN	32	/* a module's name, cut */
#define SNAP_DEVICE_LEN		64	/* dev_name(), cut */
#define SNAP_DRIVER_LEN		32
#define SNAP_COMM_LEN		16	/* TASK_COMM_LEN */

/* Append only: recordings hold these numbers. */
enum snap_type {
	SNAP_NONE,			/* in recordings: a buffer released during the snapshot */
	SNAP_BUFFER,
	SNAP_ATTACHMENT,
	SNAP_FD,
	SNAP_MAP,
	SNAP_RECOUNT,
	SNAP_GEM,
	SNAP_IN_FLIGHT,
	SNAP_SOCKET,
	SNAP_IO_URING,
	SNAP_FRAMEBUFFER,
	SNAP_MAPPING,
	SNAP_ORIGIN,
	SNAP_ACCESS,
	SNAP_NODE,
	SNAP_FORMER,
	SNAP_TYPES			/* a reader steps over others */
};

/* snap_buffer.valid: the known fields; the others are unknown, not 0. Append only */
#define SNAP_HAS_COUNT		(1u << 0)
#define SNAP_HAS_CREATED	(1u << 1)
#define SNAP_HAS_UID		(1u << 2)
#define SNAP_HAS_NAME		(1u << 3)	/* the name may be empty */
#define SNAP_HAS_ATTACHMENTS	(1u << 4)	/* all of them follow as records */
#define SNAP_HAS_SIZE		(1u << 5)
#define SNAP_HAS_EXPORTER	(1u << 6)
#define SNAP_TORN		(1u << 7)	/* in recordings: changed during the snapshot */

struct snap_head {
	__u16 type;			/* enum snap_type */
	__u16 len;			/* bytes of the record, a multiple of 8 */
	__u32 valid;			/* SNAP_HAS_*, or the record's own flags */
};

struct snap_buffer {
	struct snap_head head;
	__u64 ino;
	__u64 size;			/* bytes */
	__u64 count;			/* file references, the observer's own left out */
	__s64 created;			/* CLOCK_REALTIME, seconds */
	__u32 uid;			/* the creator's, in the initial user namespace */
	__u32 pad;
	char exporter[SNAP_EXPORTER_LEN];
	char name[SNAP_NAME_LEN];	/* any bytes, ended by NUL */
};

/* Append only */
#define SNAP_ATTACHMENT_DYNAMIC		(1u << 0)
#define SNAP_ATTACHMENT_DYNAMIC_KNOWN	(1u << 1)
#define SNAP_ATTACHMENT_DRIVER_KNOWN	(1u << 2)

struct snap_attachment {
	struct snap_head head;		/* valid: SNAP_ATTACHMENT_* */
	__u64 ino;
	char device[SNAP_DEVICE_LEN];
	char driver[SNAP_DRIVER_LEN];	/* empty: no driver bound */
};

/*
 * A place that holds a reference. The meaning of the fields depends on the type. Keys are opaque
 * (addresses of the kernel only in BPF programs), and valid within a snapshot only:
 *
 * type            table            start           end
 * SNAP_FD         fd table         fd              0
 * SNAP_MAP        address space    first address   first address after it
 * SNAP_GEM        DRM file         handle          GEM object, if it also refers to the buffer
 * SNAP_IN_FLIGHT  receiving socket place in queue  sending socket
 * SNAP_SOCKET     socket           fd              0; no buffer: a process with an end of a socket
 * SNAP_IO_URING   ring             place in table  0
 * SNAP_FRAMEBUFFER DRM file        framebuffer     as SNAP_GEM
 *
 * A GEM handle holds a reference, and its object another. A framebuffer holds only the reference of
 * its object. No process holds a message in flight (pid 0).
 */
struct snap_slot {
	struct snap_head head;		/* valid: SNAP_SLOT_* */
	__u64 ino;
	__u64 table;
	__u64 start;
	__u64 end;
	__u64 count;			/* the buffer's references at this moment */
	__u64 cgroup;			/* cgroup v2 id, 0 unknown */
	__u32 pid;			/* thread group */
	__u32 rdev;			/* SNAP_GEM, _FRAMEBUFFER: the node, major << 20 | minor */
	char comm[SNAP_COMM_LEN];	/* the thread group leader's, any bytes */
};

/* Append only */
#define SNAP_SLOT_HAS_COUNT	(1u << 0)
#define SNAP_SLOT_READ		(1u << 1)	/* a mapping's protection */
#define SNAP_SLOT_WRITE		(1u << 2)
#define SNAP_SLOT_IMPORT	(1u << 3)	/* an imported GEM object */

/* The references again, after all slots: to find references that moved meanwhile. */
struct snap_recount {
	struct snap_head head;
	__u64 ino;
	__u64 count;
};

/*
 * Figures of hooks since their start, in addition to the kernel's tables. One record for each
 * attachment; among attachments of the same buffer and device, any record belongs to any. A
 * detached attachment continues with the next one of the same device.
 */
struct snap_mapping {
	struct snap_head head;		/* valid: SNAP_MAPPING_OLDER */
	__u64 ino;
	__u64 since;			/* mapped last, CLOCK_REALTIME ns; 0: not seen */
	__u64 maps[3];			/* how often, by enum dma_data_direction */
	__u64 took, waited;		/* sum of durations, and of waits for fences, ns */
	__u32 mapped[3];		/* mappings there are now, by direction */
	__u32 id;			/* not 0, never used again while the hooks are set */
	__u32 rdev;			/* the node of the attach or map, 0 unknown */
	__u32 pad;
	char device[SNAP_DEVICE_LEN];
};

/* Append only */
#define SNAP_MAPPING_OLDER	(1u << 0)	/* attached before that: there may be more of all */
#define SNAP_MAPPING_PAST	(1u << 1)	/* detached, unless another record has its id */

/* The process that exported a buffer. */
struct snap_origin {
	struct snap_head head;
	__u64 ino;
	__u32 pid;			/* thread group */
	__u32 rdev;			/* through this node: major << 20 | minor, 0 unknown */
	char comm[SNAP_COMM_LEN];	/* any bytes */
};

/* A process with CPU access to a buffer, between begin and end. */
struct snap_access {
	struct snap_head head;
	__u64 ino;
	__u64 reads, writes;		/* how often */
	__u64 last;			/* CLOCK_REALTIME, ns */
	__u32 pid;			/* thread group */
	__u32 pad;
};

/* A device file that a process has open or mapped: the process may have queued buffers there. */
struct snap_node {
	struct snap_head head;
	__u32 rdev;			/* major << 20 | minor */
	__u32 pid;			/* V4L2's: thread group; 0 unknown, or another's */
	char name[SNAP_DEVICE_LEN];	/* below /dev: "video0", "dma_heap/system" */
	char device[SNAP_DEVICE_LEN];	/* device of the file, empty: none, or unknown */
	char driver[SNAP_DRIVER_LEN];	/* of that */
};

/* A process that held a buffer, holds none now, and lives. */
struct snap_former {
	struct snap_head head;
	__u32 pid;			/* thread group */
	__u32 pad;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct snap_node) == 176, "layout");
_Static_assert(sizeof(struct snap_former) == 16, "layout");
_Static_assert(sizeof(struct snap_mapping) == 152, "layout");
_Static_assert(sizeof(struct snap_origin) == 40, "layout");
_Static_assert(sizeof(struct snap_access) == 48, "layout");
_Static_assert(sizeof(struct snap_head) == 8, "layout");
_Static_assert(sizeof(struct snap_buffer) == 112, "layout");
_Static_assert(sizeof(struct snap_attachment) == 112, "layout");
_Static_assert(sizeof(struct snap_slot) == 80, "layout");
_Static_assert(sizeof(struct snap_recount) == 24, "layout");
#endif

#endif
