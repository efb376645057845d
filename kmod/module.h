/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of dmabuf_tools.ko and what they ask of each other. Each part is one file with an
 * init and an exit; main.c calls them, in the order below and back. No init registers its part's
 * node: main.c does so when nothing can fail any more.
 */
#ifndef DMABUF_TOOLS_MODULE_H
#define DMABUF_TOOLS_MODULE_H

#include <linux/types.h>

#include "ops.h"

struct dentry;
struct dma_buf;
struct miscdevice;
struct seq_file;

/*
 * main.c: /sys/kernel/debug/dmabuf_tools. An error pointer where there is no debugfs, which
 * debugfs' own functions take.
 */
extern struct dentry *module_debugfs;

/*
 * escape.c: prints @text, which anybody may have chosen: what is not a printable ASCII
 * character, and backslash and space, as \ooo.
 */
void print_name(struct seq_file *m, const char *text);

/*
 * inject.c: fails or delays the exporter's operations as debugfs' inject/<op>/ says. May sleep
 * for the delay, interruptibly where the operation can fail: -EINTR then. Returns 0 or the -errno
 * to fail with, for those that cannot fail and without CONFIG_DEBUG_FS always 0.
 */
void inject_init(void);
int inject(enum op op);

/* exporter.c, with its buffers (buffer.h) */
extern struct miscdevice exporter_node;
int exporter_init(void);
/* Whether @dmabuf is the exporter's own, and whether it was made with DMABUF_TOOLS_CHECKED. */
bool exporter_owns(const struct dma_buf *dmabuf);
bool exporter_checks(const struct dma_buf *dmabuf);

/* importer.c */
extern struct miscdevice importer_node;
int importer_init(void);
void importer_exit(void);

/* start.c: figures (accounting.c), hooks and files. Never fails: the accounting is off then. */
int accounting_init(void);
void accounting_exit(void);

#endif
