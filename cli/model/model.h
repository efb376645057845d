/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of one moment: buffers, who holds them, what they are attached to. Made from
 * snapshot records (include/dmabuf_snapshot.h) by any source; read by views. Pure data and
 * arithmetic: no I/O.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/hash.h"
#include "model/pipeline.h"
#include "model/suspects.h"

struct filter;

/* What the source could see. */
/* Append only: recordings hold these bits, and a missing one means unknown. */
#define MODEL_SEES_HOLDERS	(1u << 0)	/* the fds and mappings of all processes */
#define MODEL_SEES_KERNEL_ONLY	(1u << 1)	/* buffers that no process holds */
#define MODEL_SEES_ATTACHMENTS	(1u << 2)
#define MODEL_SEES_REFERENCES	(1u << 3)	/* GEM handles, messages in flight, io_uring */
#define MODEL_SEES_USERS	(1u << 4)	/* open device files; who held a buffer and lives */

/* What hooks are set for, beside snapshots */
#define MODEL_WATCHES_STATE	(1u << 0)	/* mappings, CPU accesses, nodes */
#define MODEL_WATCHES_TIMES	(1u << 1)	/* how long operations take */

/* model_slot.process of what no process holds: a message in flight */
#define NO_PROCESS UINT32_MAX

struct model_buffer {
	uint64_t ino;
	uint64_t size;			/* bytes, 0 if unknown */
	uint64_t count;			/* references; if !torn and SNAP_HAS_COUNT */
	int64_t created;		/* seconds, CLOCK_REALTIME */
	const char *exporter;		/* NULL unknown */
	const char *name;		/* NULL none, or unknown; any bytes */
	uint32_t valid;			/* SNAP_HAS_* */
	uint32_t uid;
	uint32_t fds, maps;		/* distinct slots */
	uint32_t gem, in_flight;	/* distinct GEM handles, fds in messages */
	uint32_t io_uring;		/* distinct places in io_uring's tables of files */
	uint32_t framebuffers;		/* distinct framebuffers of its objects: no references */
	uint32_t objects;		/* GEM objects that refer to it */
	uint32_t procs;			/* processes that hold it */
	uint32_t first_holder;		/* index of the first of procs in model.holders */
	uint32_t first_attachment, attachments;
	uint32_t first_access, accesses;	/* in model.accesses */
	uint32_t first_past, pasts;	/* in model.pasts */
	uint32_t node;			/* that it was exported through, index or INDEX_NONE */
	uint32_t exported_by;		/* process id, 0 unknown */
	const char *exported_comm;	/* its name then */
	uint32_t flow, next_of_flow;	/* indices or INDEX_NONE */
	bool torn;			/* it changed while it was read: count is unknown */
	bool recounted;
	bool selected;			/* by the filter */
};

/*
 * What holds one buffer: a process, or, after those, a socket whose queue it is in, or an importer.
 * In the order of the buffers.
 */
struct model_holder {
	uint32_t buffer;		/* index */
	uint32_t process;		/* index, or NO_PROCESS */
	/* This process' slots, in that order in model.slots */
	uint32_t fds, maps, gem, io_uring, framebuffers;
	uint32_t in_flight;		/* this socket's */
	uint32_t first_slot;
	uint32_t attachment;		/* index, or INDEX_NONE: not an importer */
	const char *socket;		/* who is at its ends, NULL not a socket; any bytes */
};

/* A socket with buffers in flight, as a process has it open. */
struct model_socket {
	uint64_t table;			/* as in snap_slot */
	uint64_t ino;
	uint32_t process;
	uint32_t next;			/* of the same socket, or INDEX_NONE */
	const char *holders;		/* of the first: who has it open, NULL not made yet */
};

/* A device node. */
struct model_node {
	uint32_t rdev;
	const char *path;		/* the source fills it in, NULL unknown */
};

/* An open V4L2 node of a process. */
struct model_opened {
	uint32_t node;			/* index */
	uint32_t next;			/* of the same process in model.opened, or INDEX_NONE */
};

/* One place that holds a reference; see snap_slot. */
struct model_slot {
	uint64_t table;
	uint64_t start, end;
	uint32_t buffer, process;	/* indices; process: or NO_PROCESS */
	uint32_t flags;			/* SNAP_SLOT_* */
	uint32_t node;			/* SNAP_GEM, SNAP_FRAMEBUFFER: index */
	uint32_t type;			/* SNAP_FD and so on, but no SNAP_SOCKET */
};

struct model_process {
	uint32_t pid;			/* 0: the row of what only the kernel holds */
	const char *comm;		/* any bytes */
	const char *cgroup;		/* path, NULL unknown */
	uint64_t cgroup_id;
	uint64_t buffers, fds, maps;	/* of selected buffers */
	uint64_t rss, uss;		/* bytes */
	uint64_t pss, pss_part;		/* bytes; their rest << MODEL_PSS_SHIFT */
	bool matches;			/* the filter's pid, comm and cgroup */
	bool unsized;			/* the size of one of the buffers is unknown: so are sums */
};

/*
 * PSS keeps this many bits below a byte, so that only the last step rounds: 2^32 shares add up
 * without overflow, and 50,000 of them err by 50,000 / 2^32 of a byte. Whole bytes stand apart:
 * sizes may be any number.
 */
#define MODEL_PSS_SHIFT 32

struct model_attachment {
	uint32_t buffer;		/* index */
	uint32_t device;		/* index */
	uint32_t flags;			/* SNAP_ATTACHMENT_* */
	/* As hooks have seen it; see snap_mapping and pipeline.h */
	uint32_t id;			/* 0: they have not */
	bool older;			/* than the hooks: there may be more of what follows */
	uint32_t mapped[3];		/* mappings there are, by direction */
	uint32_t node;			/* index, or INDEX_NONE */
	uint64_t maps[3], took, waited;
	double since;			/* mapped last, CLOCK_REALTIME seconds, 0 not seen */
	uint64_t recent[3];		/* maps since the snapshot before */
	uint32_t next_bare;		/* in model.bare: of the same buffer and device */
};

struct model_device {
	const char *device;
	const char *driver;		/* NULL unknown, "" none */
	uint64_t attachments, buffers, bytes;	/* sums of selected buffers */
	uint64_t mapped;		/* mapped attachments */
	bool mapped_unknown;		/* for an attachment, mapped is unknown */
	unsigned int directions;	/* 1 << each direction seen */
	const char *nodes;		/* its device files, joined by ";"; the source's */
	uint32_t last_buffer;		/* so that each buffer counts once */
	bool matches;			/* the filter's devices */
	bool unsized;			/* see model_process */
};

struct model_exporter {
	const char *exporter;
	uint64_t buffers, bytes;
	bool unsized;			/* see model_process */
};

struct model_totals {
	uint64_t buffers, bytes;	/* of all selected buffers */
	uint64_t kernel_only_buffers, kernel_only_bytes;
	uint64_t unexplained_buffers, unexplained_bytes;
	bool kernel_only_known;
};

struct model {
	struct model_buffer *buffers;		/* sorted by ino, which is 0 for those that went */
	uint32_t n_buffers, room_buffers;
	struct model_attachment *attachments;	/* sorted by buffer */
	uint32_t n_attachments, room_attachments;
	struct model_slot *slots;		/* by buffer, process, kind, place; see holders */
	uint32_t n_slots, room_slots;		/* n_slots: with those that were there twice */
	struct model_slot *sorted;		/* scratch of their sorting */
	uint32_t room_sorted;
	struct model_holder *holders;
	uint32_t n_holders, room_holders;
	struct model_socket *sockets;
	uint32_t n_sockets, room_sockets;
	struct model_node *nodes;
	uint32_t n_nodes, room_nodes;
	struct model_opened *opened;
	uint32_t n_opened, room_opened;
	struct model_process *processes;
	uint32_t n_processes, room_processes;
	struct model_device *devices;
	uint32_t n_devices, room_devices;
	struct model_exporter *exporters;
	uint32_t n_exporters, room_exporters;
	struct model_totals totals;

	/* What hooks tell */
	uint32_t watched;		/* MODEL_WATCHES_*: what they are set for */
	const char *no_hooks;		/* why some that were asked for are not, NULL none lacks */
	uint64_t lost;			/* events, since they are set */
	struct model_access *accesses;	/* sorted by buffer, process */
	uint32_t n_accesses, room_accesses;
	struct model_past *pasts;		/* sorted by buffer */
	uint32_t n_pasts, room_pasts;
	struct model_operations operations, operations_before;	/* since they are set */
	double operations_time;		/* of those, seconds; 0: none */
	bool operations_timed;		/* there were others before: rates are known */
	struct pipelines pipelines;
	struct suspects suspects;	/* from moment to moment */

	uint32_t sees;			/* MODEL_SEES_* */
	double time;			/* CLOCK_REALTIME, seconds */
	const char *source;		/* its name */
	const char *lacks;		/* reason for missing data, NULL none */
	uint32_t torn;			/* rows that changed while they were read */
	bool wants_recount;		/* references that no slot explains: model_recount() */

	bool process_terms;			/* the filter asks for processes */
	struct index by_ino, by_pid, by_device, by_socket, by_node, by_exporter;
	struct index open;		/* device files: rdev, hashes of name, device and driver */
	struct index opened_by;		/* pids, to the first of model.opened */
	struct index bare, by_id;	/* attachments without an id, and with; while loading */
	struct index former;		/* pids that held a buffer and live, holding none */
	bool exporters_asked;		/* by pid, whether they are there: not of a recording */
	struct intern strings, old_strings;
};

/*
 * Makes the model anew from records: bytes of whole snap_* records in any order. Keeps its
 * memory; strings of the snapshot before stay good, so that the two can be compared, those of
 * earlier ones do not. sees and the rest of the header are the caller's to set before.
 * Returns 0, or with an empty model -ENOMEM, or -EBADMSG for records that are not well-formed.
 */
int model_load(struct model *model, const void *records, size_t len);

/*
 * Holds the references against a second count (snap_recount or snap_buffer records), made after
 * the slots were seen: marks the rows that moved as torn, drops those that went. Returns 0 or
 * -EBADMSG.
 */
int model_recount(struct model *model, const void *records, size_t len);

/* Without a second count, mark the rows that need it as torn. Return 0. */
int model_distrust(struct model *model);

/*
 * Sums up: RSS, PSS, USS, devices, exporters and totals over the buffers that the filter selects
 * (NULL: all). May be called again with another. Returns 0 or -ENOMEM.
 */
int model_account(struct model *model, const struct filter *filter);

/* Whether all was seen and nothing moved meanwhile. */
bool model_complete(const struct model *model);

/*
 * count = fds + maps + kernel, and kernel = gem + objects + imports + in_flight +
 * io_uring + unexplained,
 * where the usual importer takes one reference for its attachment. Each returns false where it
 * is unknown.
 */
bool model_buffer_count(const struct model *model, const struct model_buffer *b, uint64_t *count);
bool model_buffer_kernel(const struct model *model, const struct model_buffer *b, uint64_t *kernel);
/* References seen one by one: all except importers' and unexplained ones. */
uint64_t model_buffer_named(const struct model_buffer *b);
bool model_buffer_imports(const struct model *model, const struct model_buffer *b,
			  uint64_t *imports);
bool model_buffer_unexplained(const struct model *model, const struct model_buffer *b,
			      uint64_t *unexplained);

/* A process' slots of one type, SNAP_FD and so on; *n: how many. */
const struct model_slot *model_holder_slots(const struct model *model, const struct model_holder *h,
					    uint32_t type, uint32_t *n);

/* The key in model.open of any device file of a major number. */
#define MODEL_OPEN_MAJOR(major) (1ull << 40 | (major))

/* Bytes, rounded to nearest. */
uint64_t model_pss(const struct model_process *process);

void model_free(struct model *model);

#endif
