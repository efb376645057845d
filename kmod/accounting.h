/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of the accounting. Each file uses only the files after it: start.c starts the
 * accounting, tables.c and sysfs.c print the figures, hooks.c reports events, accounting.c keeps
 * the figures, holders.c finds older buffers.
 *
 * Handlers run in tracepoints, ftrace and kprobes: no function that they call sleeps, allocates or
 * takes a lock, except the raw spinlocks of a new name and of the scan at load.
 */
#ifndef DMABUF_TOOLS_ACCOUNTING_H
#define DMABUF_TOOLS_ACCOUNTING_H

#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/types.h>

#include "ops.h"

struct dma_buf;
struct dma_buf_attachment;
struct file;
struct seq_file;
struct task_struct;

#define ACCT_NAME_LEN	64	/* of exporters and devices, with NUL; longer names are truncated */

#define ACCT_MAX_SLOTS	16777216	/* a power of 2: 512 MiB */

/*
 * Names stay for ever, so that counters only grow. Names after the last place share place 0, which
 * has no name of its own.
 */
#define ACCT_EXPORTERS	64
#define ACCT_DEVICES	256
#define ACCT_OTHER	0

struct acct_name {
	char text[ACCT_NAME_LEN] __aligned(sizeof(long));
	u32 words;			/* whole words before the word with the end */
	unsigned long last;		/* mask of the bytes in this last word, with NUL */
};

struct acct_exporter {
	struct acct_name name;
	atomic64_t buffers, bytes, bytes_peak, exports_total;
	struct kobject *kobj;		/* sysfs.c's */
};

struct acct_device {
	struct acct_name name;
	atomic64_t attachments, mappings;
	atomic64_t attach_total, map_errors_total, map_ns_total;
	atomic64_t map_buckets[OP_BUCKETS];	/* all calls, by duration as in ops.h */
	struct kobject *kobj;
};

struct acct {
	atomic64_t buffers, bytes, bytes_peak, exports_total, releases_total;
	atomic64_t missed;		/* no free slot, or no end; see hooks_missed() */
	atomic64_t unknown_releases_total, unknown_detaches, unknown_unmaps;
	struct acct_exporter exporters[ACCT_EXPORTERS];
	struct acct_device devices[ACCT_DEVICES];
	u32 n_exporters, n_devices;	/* places in use, including place 0 */
};

extern struct acct *acct;

/*
 * Make empty accounts. Call @named for each new name, in any context. Return 0, or without accounts
 * -ENOMEM, or -EINVAL for too many slots.
 */
int acct_alloc(void (*named)(void));
/* Find older buffers; the hooks are armed already. */
void acct_scan(void);
void acct_free(void);

/* Events, from any context of the kernel's functions. */
void acct_export(struct dma_buf *dmabuf);
void acct_release(const struct file *file);
void acct_attach(struct dma_buf_attachment *attach);
void acct_detach(struct dma_buf_attachment *attach);
void acct_map(struct dma_buf_attachment *attach, bool mapped, u64 ns);
void acct_unmap(struct dma_buf_attachment *attach);

/*
 * Add a buffer from before the hooks, while a holder keeps the buffer alive. A known buffer stays
 * unchanged.
 */
void acct_found(const struct file *file);

/* Return the number of map calls, including failed ones. */
u64 acct_map_total(const struct acct_device *device);

/* A buffer or attachment, for readers. */
struct acct_row {
	const struct file *file;	/* a buffer's; dereference only after acct_file() */
	u64 ino;
	u64 size;			/* of a buffer */
	u32 mappings;			/* of an attachment */
	const char *name;		/* exporter's or device's; "": in place 0 */
};

enum acct_kind { ACCT_BUFFER = 1, ACCT_ATTACHMENT };

/* Get the next row of a kind from *at on, and move *at behind the row. False at the end. */
bool acct_next(enum acct_kind kind, loff_t *at, struct acct_row *row);

/* Return a reference to a buffer's file, NULL after the release; the caller calls fput(). */
struct file *acct_file(loff_t at, const struct acct_row *row);

/*
 * hooks.c. Return 0, or -errno without a hook, and set *what to the function without an exact hook.
 * After hooks_disarm(), no handler runs.
 */
int hooks_arm(const char **what);
void hooks_disarm(void);
u64 hooks_missed(void);
void hooks_show(struct seq_file *m);
/* For tests: miss releases, as if a user had disabled kprobes. */
extern bool hooks_blind;

/* holders.c */
struct holder {
	struct task_struct *leader;
	const struct file *file;	/* of a buffer */
	pid_t tgid;
	const void *table;		/* fd table or address space: for comparisons only */
	unsigned long start, end;	/* addresses of a mapping; start: the fd */
	bool mapping, readable, writable;
};

/*
 * Call @found for each fd and mapping of a buffer in @leader's thread group. @found must not sleep,
 * and the file is valid only during @found. Sleep until the address space can be locked, or the
 * caller is killed; with @tries, as try_again(). Return false without the lock: @found got no
 * mapping.
 */
bool holders_of(struct task_struct *leader, void (*found)(const struct holder *holder, void *ctx),
		void *ctx, unsigned int *tries);

/*
 * Whether to try a lock again, after a sleep of 1 or 2 ms. @try: the number of tries so far;
 * *tries: the remaining tries of all locks.
 */
bool try_again(unsigned int try, unsigned int *tries);

/*
 * The first thread group whose id is at least *tgid, with a reference, and *tgid its id in the
 * initial namespace; NULL at the end.
 */
struct task_struct *holders_next(pid_t *tgid);

/* sysfs.c. sysfs_names() has directories made for new names; any context. */
int acct_sysfs_init(void);
void acct_sysfs_exit(void);
void acct_sysfs_names(void);

/* tables.c: files in module_debugfs; after acct_tables_exit(), no reader is left */
void acct_tables_init(void);
void acct_tables_exit(void);

#endif
