// SPDX-License-Identifier: GPL-2.0
/* Loads and unloads the parts of dmabuf_tools.ko; each can be off by a parameter. */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "compat.h"
#include "module.h"

static bool exporter = true, importer = true, accounting = true;

module_param(exporter, bool, 0444);
MODULE_PARM_DESC(exporter, "offer /dev/dmabuf_tools/exporter (1)");
module_param(importer, bool, 0444);
MODULE_PARM_DESC(importer, "offer /dev/dmabuf_tools/importer (1)");
module_param(accounting, bool, 0444);
MODULE_PARM_DESC(accounting, "keep accounts of all dma-bufs in /sys/kernel/dmabuf_tools (1)");

struct dentry *module_debugfs;

static struct {
	const bool *wanted;
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ &exporter, exporter_init, exporter_exit },
	{ &importer, importer_init, importer_exit },
	{ &accounting, accounting_init, accounting_exit },
};

static void exit_parts(size_t count)
{
	while (count--)
		if (*parts[count].wanted)
			parts[count].exit();
	debugfs_remove_recursive(module_debugfs);
}

static int __init dmabuf_tools_init(void)
{
	size_t i;
	int err;

	module_debugfs = debugfs_create_dir("dmabuf_tools", NULL);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = *parts[i].wanted ? parts[i].init() : 0;
		if (err) {
			exit_parts(i);
			return err;
		}
	}
	return 0;
}
module_init(dmabuf_tools_init);

static void __exit dmabuf_tools_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}
module_exit(dmabuf_tools_exit);

MODULE_DESCRIPTION("Instrumented dma-buf exporter and importer, and accounting of all dma-bufs");
MODULE_LICENSE("GPL");
MODULE_VERSION(DMABUF_TOOLS_VERSION);
COMPAT_IMPORT_NS(DMA_BUF);
