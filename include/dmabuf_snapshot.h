/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records a snapshot is made of, shared by BPF programs, sources, the model
 * and recordings. Fixed width, explicit padding, native endian; each starts with
 * its type and length, so that a reader can step over what it does not know.
 * Depends on nothing of ours.
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
	SNAP_NONE,			/* in recordings: a buffer that went while it was read */
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

/* snap_buffer.valid: which fields the source knew; the others are unknown, not 0. Append only */
#define SNAP_HAS_COUNT		(1u << 0)
#define SNAP_HAS_CREATED	(1u << 1)
#define SNAP_HAS_UID		(1u << 2)
#define SNAP_HAS_NAME		(1u << 3)	/* it has one, which may be empty */
#define SNAP_HAS_ATTACHMENTS	(1u << 4)	/* all of them follow as records */
#define SNAP_HAS_SIZE		(1u << 5)
#define SNAP_HAS_EXPORTER	(1u << 6)
#define SNAP_TORN		(1u << 7)	/* in recordings: it changed while it was read */

struct snap_head {
	__u16 type;			/* enum snap_type */
	__u16 len;			/* of the whole record, a multiple of 8 */
	__u32 valid;			/* SNAP_HAS_*, or the record's own flags */
};

struct snap_buffer {
	struct snap_head head;
	__u64 ino;
	__u64 size;			/* bytes */
	__u64 count;			/* file references, the observer's own left out */
	__s64 created;			/* CLOCK_REALTIME, seconds */
	__u32 uid;			/* of the creator, in the initial user namespace */
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
 * A place that holds a reference. What the fields mean depends on the type; keys are opaque (no
 * addresses of the kernel but in BPF programs), and good within one snapshot only:
 *
 * type            table            start           end
 * SNAP_FD         fd table         fd              0
 * SNAP_MAP        address space    first address   first address after it
 * SNAP_GEM        DRM file         handle          GEM object, if that refers to the buffer too
 * SNAP_IN_FLIGHT  receiving socket place in queue  sending socket
 * SNAP_SOCKET     socket           fd              0; no buffer: who is at the end of a socket
 * SNAP_IO_URING   ring             place in table  0
 * SNAP_FRAMEBUFFER DRM file        framebuffer     as SNAP_GEM
 *
 * A GEM handle holds one reference, and its object another; a framebuffer none but its object's;
 * a message in flight is held by no process (pid 0).
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
	char comm[SNAP_COMM_LEN];	/* of the thread group's leader, any bytes */
};

/* Append only */
#define SNAP_SLOT_HAS_COUNT	(1u << 0)
#define SNAP_SLOT_READ		(1u << 1)	/* a mapping's protection */
#define SNAP_SLOT_WRITE		(1u << 2)
#define SNAP_SLOT_IMPORT	(1u << 3)	/* a GEM object that was imported */

/* The references once more, after all slots were seen: finds rows that moved meanwhile. */
struct snap_recount {
	struct snap_head head;
	__u64 ino;
	__u64 count;
};

/*
 * What hooks have seen since they were set, beside what the kernel's tables say. One for each
 * attachment; of those of one buffer and one device any belongs to any. One that was detached goes
 * on with the next of the same device.
 */
struct snap_mapping {
	struct snap_head head;		/* valid: SNAP_MAPPING_OLDER */
	__u64 ino;
	__u64 since;			/* mapped last, CLOCK_REALTIME ns; 0: not seen */
	__u64 maps[3];			/* how often, by enum dma_data_direction */
	__u64 took, waited;		/* all of them, ns; of that, for fences */
	__u32 mapped[3];		/* mappings there are now, by direction */
	__u32 id;			/* not 0, never used again while the hooks are set */
	__u32 rdev;			/* the node it was attached or mapped through, 0 unknown */
	__u32 pad;
	char device[SNAP_DEVICE_LEN];
};

/* Append only */
#define SNAP_MAPPING_OLDER	(1u << 0)	/* attached before that: there may be more of all */
#define SNAP_MAPPING_PAST	(1u << 1)	/* detached, unless another record has its id */

/* Who had a buffer exported. */
struct snap_origin {
	struct snap_head head;
	__u64 ino;
	__u32 pid;			/* thread group */
	__u32 rdev;			/* through this node: major << 20 | minor, 0 unknown */
	char comm[SNAP_COMM_LEN];	/* any bytes */
};

/* A process that accesses a buffer by the CPU, as begin access tells. */
struct snap_access {
	struct snap_head head;
	__u64 ino;
	__u64 reads, writes;		/* how often */
	__u64 last;			/* CLOCK_REALTIME, ns */
	__u32 pid;			/* thread group */
	__u32 pad;
};

/* A device file that a process has open or mapped: whose buffers it may have queued there. */
struct snap_node {
	struct snap_head head;
	__u32 rdev;			/* major << 20 | minor */
	__u32 pid;			/* V4L2's: thread group; 0 unknown, or another's */
	char name[SNAP_DEVICE_LEN];	/* below /dev: "video0", "dma_heap/system" */
	char device[SNAP_DEVICE_LEN];	/* that it belongs to, empty: none, or unknown */
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
