/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of dmabuf_tools.ko and their shared functions. Each part is one file with an init and
 * an exit; main.c calls init in the order below, and exit in reverse. No init registers the node of
 * its part: main.c registers the nodes after the last possible failure.
 */
#ifndef DMABUF_TOOLS_MODULE_H
#define DMABUF_TOOLS_MODULE_H

#include <linux/device.h>
#include <linux/types.h>

#include "ops.h"

struct dentry;
struct dma_buf;
struct miscdevice;
struct seq_file;

/*
 * main.c: /sys/kernel/debug/dmabuf_tools, or an error pointer without debugfs; debugfs' own
 * functions accept the error pointer.
 */
extern struct dentry *module_debugfs;

/* "" without a device, and for a device without a name: nobody has added it yet. */
static inline const char *name_of_device(const struct device *dev)
{
	return dev ? dev_name(dev) ?: "" : "";
}

/*
 * escape.c: print @text, chosen by any user, with all characters except printable ASCII, and with
 * backslash and space, as \ooo.
 */
void print_name(struct seq_file *m, const char *text);

/*
 * inject.c: fail or delay the exporter's operations, as set in debugfs' inject/<op>/. May sleep for
 * the delay, interruptibly if the operation can fail: then -EINTR. Return 0 or the -errno to fail
 * with; always 0 for operations that cannot fail, and without CONFIG_DEBUG_FS.
 */
void inject_init(void);
int inject(enum op op);

/* exporter.c, with its buffers (buffer.h) */
extern struct miscdevice exporter_node;
int exporter_init(void);
/* Whether @dmabuf is the exporter's own, and whether it has DMABUF_TOOLS_CHECKED. */
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
