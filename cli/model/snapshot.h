/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of one moment: buffers, who holds them, what they are attached to. Made from
 * snapshot records (include/dmabuf_snapshot.h) by any source; read by views. Pure data and
 * arithmetic: no I/O.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/hash.h"

struct filter;

/* What the source could see. */
#define MODEL_SEES_HOLDERS	(1u << 0)	/* the fds and mappings of all processes */
#define MODEL_SEES_KERNEL_ONLY	(1u << 1)	/* buffers that no process holds */
#define MODEL_SEES_ATTACHMENTS	(1u << 2)

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
	uint32_t procs;			/* processes that hold it */
	uint32_t first_holder;		/* index of the first of procs in model.holders */
	uint32_t first_attachment, attachments;
	bool torn;			/* it changed while it was read: count is unknown */
	bool recounted;
	bool selected;			/* by the filter */
};

/* One process' hold on one buffer. Sorted by buffer, then process. */
struct model_holder {
	uint32_t buffer;		/* index */
	uint32_t process;		/* index */
	uint32_t fds, maps;		/* this process' slots */
	uint32_t first_slot;		/* fds + maps slots in model.slots */
};

/* One fd slot or mapping, as a process has it. */
struct model_slot {
	uint64_t table;
	uint64_t start, end;		/* fd; or address range */
	uint32_t buffer, process;	/* indices */
	uint32_t flags;			/* SNAP_SLOT_* */
	uint32_t type;			/* SNAP_FD, SNAP_MAP */
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
};

struct model_device {
	const char *device;
	const char *driver;		/* NULL unknown, "" none */
	uint64_t attachments, buffers, bytes;
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
	struct model_process *processes;
	uint32_t n_processes, room_processes;
	struct model_device *devices;
	uint32_t n_devices, room_devices;
	struct model_exporter *exporters;
	uint32_t n_exporters, room_exporters;
	struct model_totals totals;

	uint32_t sees;			/* MODEL_SEES_* */
	double time;			/* CLOCK_REALTIME, seconds */
	const char *source;		/* its name */
	const char *lacks;		/* what the source could not see, NULL nothing */
	uint32_t torn;			/* rows that changed while they were read */
	bool wants_recount;		/* references that no slot explains: model_recount() */

	struct index by_ino, by_pid, by_device;
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

/* Where no second count could be had: marks the rows that wanted one as torn. Returns 0. */
int model_distrust(struct model *model);

/*
 * Sums up: RSS, PSS, USS, devices, exporters and totals over the buffers that the filter selects
 * (NULL: all). May be called again with another. Returns 0 or -ENOMEM.
 */
int model_account(struct model *model, const struct filter *filter);

/* Whether all was seen and nothing moved meanwhile. */
bool model_complete(const struct model *model);

/*
 * The sum of DESIGN.md section 2: count = fds + maps + kernel, unexplained = max(0, kernel
 * - attachments). Each returns false where it is unknown.
 */
bool model_buffer_count(const struct model *model, const struct model_buffer *b, uint64_t *count);
bool model_buffer_kernel(const struct model *model, const struct model_buffer *b, uint64_t *kernel);
bool model_buffer_unexplained(const struct model *model, const struct model_buffer *b,
			      uint64_t *unexplained);

/* Bytes, rounded to nearest. */
uint64_t model_pss(const struct model_process *process);

void model_free(struct model *model);

#endif
