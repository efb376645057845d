/* SPDX-License-Identifier: GPL-2.0 */
/* What bpf/snapshot.bpf.c and its loader, cli/source/bpf.c, say to each other. */
#ifndef SNAPSHOT_SHARED_H
#define SNAPSHOT_SHARED_H

/* Bounds of the walks; beyond, the snapshot says that it is not whole. */
#define SNAPSHOT_MAX_BUFFERS		(1 << 22)
#define SNAPSHOT_MAX_ATTACHMENTS	(1 << 16)
#define SNAPSHOT_MAX_HANDLES		(1 << 18)	/* of one DRM file */
#define SNAPSHOT_MAX_MESSAGES		(1 << 14)	/* in one socket's queue */
#define SNAPSHOT_MAX_SOCKETS		(1 << 16)	/* with buffers in flight */

#define SNAPSHOT_MAX_NETS		16	/* other network namespaces with messages */

struct snapshot_run {
	__u64 anchor;		/* a struct dma_buf that a process holds, 0 none: from the slots */
	__u64 head;		/* of the kernel's list, once a walk has found it; never moves */
	__u64 in_flight;	/* buffers seen in messages: from the sockets */
	__u64 recount;		/* in: snap_recount records only */
	__u64 bytes;		/* out: ring space that all records need */
	__u64 dropped;		/* out: records that did not fit */
	__u64 whole;		/* out: the walk came to its end */
	__u64 node;		/* in: 0; process and number of the last device file */
	__u32 net;		/* in: inode number of our network namespace */
	__u32 n_nets;		/* out: how many others have sockets with messages */
	__u32 nets[SNAPSHOT_MAX_NETS];
};

#endif
