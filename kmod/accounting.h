/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the accounting share. Each uses only those behind it: start.c sets it up,
 * tables.c and sysfs.c show the figures, hooks.c feeds them, accounting.c keeps them, holders.c
 * finds what was there before.
 *
 * Handlers run in tracepoints, ftrace and kprobes: nothing here that they call sleeps, allocates
 * or takes a lock, but for the raw spinlock of a name seen for the first time and of the scan at
 * load.
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

#define ACCT_NAME_LEN	64	/* of exporters and devices, with NUL; what is longer is cut */

/*
 * Names are never forgotten, so that counters only grow; what comes after the last place shares
 * place 0, which has no name of its own.
 */
#define ACCT_EXPORTERS	64
#define ACCT_DEVICES	256
#define ACCT_OTHER	0

struct acct_name {
	char text[ACCT_NAME_LEN] __aligned(sizeof(long));
	u32 words;			/* whole ones before the one with its end */
	unsigned long last;		/* which bytes of that one it has, NUL included */
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
	u32 n_exporters, n_devices;	/* places in use, with that of the others */
};

extern struct acct *acct;

/*
 * Make empty accounts. Call @named for each new name, in any context. Return 0, or -ENOMEM without
 * accounts.
 */
int acct_alloc(void (*named)(void));
/* Find older buffers; the hooks are armed already. */
void acct_scan(void);
void acct_free(void);

/* Events, from any context that the kernel's functions run in. */
void acct_export(struct dma_buf *dmabuf);
void acct_release(const struct file *file);
void acct_attach(struct dma_buf_attachment *attach);
void acct_detach(struct dma_buf_attachment *attach);
void acct_map(struct dma_buf_attachment *attach, bool mapped, u64 ns);
void acct_unmap(struct dma_buf_attachment *attach);

/*
 * A buffer that is held by somebody while this is called and was there before the hooks; what is
 * known already stays as it is.
 */
void acct_found(const struct file *file);

/* Calls of map, those that failed too. */
u64 acct_map_total(const struct acct_device *device);

/* One buffer or attachment as a reader sees it. */
struct acct_row {
	const struct file *file;	/* a buffer's; not to be looked into without acct_file() */
	u64 ino;
	u64 size;			/* of a buffer */
	u32 mappings;			/* of an attachment */
	const char *name;		/* exporter's or device's; "" is one of the others */
};

enum acct_kind { ACCT_BUFFER = 1, ACCT_ATTACHMENT };

/* The next row of that kind from *at on, which moves behind it. False at the end. */
bool acct_next(enum acct_kind kind, loff_t *at, struct acct_row *row);

/* A reference to a buffer's file, NULL if it went meanwhile; fput() is the caller's. */
struct file *acct_file(loff_t at, const struct acct_row *row);

/*
 * hooks.c. 0, or -errno with *what naming the function that cannot be followed exactly: then no
 * hook is left. After hooks_disarm() no handler runs any more.
 */
int hooks_arm(const char **what);
void hooks_disarm(void);
u64 hooks_missed(void);
void hooks_show(struct seq_file *m);
/* For tests: releases are not seen, as where somebody has turned kprobes off. */
extern bool hooks_blind;

/* holders.c */
struct holder {
	struct task_struct *leader;
	const struct file *file;	/* of a buffer */
	pid_t tgid;
	const void *table;		/* fd table or address space: only to tell them apart */
	unsigned long start, end;	/* addresses of a mapping; start: the fd */
	bool mapping, readable, writable;
};

/*
 * Calls @found for each fd and mapping of a buffer that @leader's thread group has; it must not
 * sleep, and the file is good only while it runs. May sleep itself.
 */
void holders_of(struct task_struct *leader, void (*found)(const struct holder *holder, void *ctx),
		void *ctx);

/*
 * The first thread group whose id is at least *tgid, with a reference, and *tgid its id in the
 * initial namespace; NULL at the end.
 */
struct task_struct *holders_next(pid_t *tgid);

/* sysfs.c. sysfs_names() has directories made for new names; any context. */
int acct_sysfs_init(void);
void acct_sysfs_exit(void);
void acct_sysfs_names(void);

/* tables.c: files in module_debugfs; after acct_tables_exit() nobody reads them any more */
void acct_tables_init(void);
void acct_tables_exit(void);

#endif
