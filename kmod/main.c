// SPDX-License-Identifier: GPL-2.0
/* Loads and unloads the parts of dmabuf_tools.ko; each can be off by a parameter. */
#include <linux/debugfs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "compat.h"
#include "module.h"

static bool exporter = true, importer = true, accounting = true;

module_param(exporter, bool, 0444);
MODULE_PARM_DESC(exporter, "create /dev/dmabuf_tools/exporter (default 1)");
module_param(importer, bool, 0444);
MODULE_PARM_DESC(importer, "create /dev/dmabuf_tools/importer (default 1)");
module_param(accounting, bool, 0444);
MODULE_PARM_DESC(accounting, "account for all dma-bufs in /sys/kernel/dmabuf_tools (default 1)");

struct dentry *module_debugfs;

/* A failed load must not leave an open node, whose code is freed: nodes are registered last. */
static struct {
	const bool *wanted;
	int (*init)(void);
	void (*exit)(void);
	struct miscdevice *node;
	bool published;
} parts[] = {
	{ &exporter, exporter_init, NULL, &exporter_node },
	{ &importer, importer_init, importer_exit, &importer_node },
	{ &accounting, accounting_init, accounting_exit },
};

static void exit_parts(size_t count)
{
	while (count--) {
		if (parts[count].published)
			misc_deregister(parts[count].node);
		if (*parts[count].wanted && parts[count].exit)
			parts[count].exit();
	}
	debugfs_remove_recursive(module_debugfs);
}

/* The last step. After the first node, the module stays loaded, even if a part has no node. */
static int __init publish(void)
{
	bool any = false;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!*parts[i].wanted || !parts[i].node)
			continue;
		err = misc_register(parts[i].node);
		if (err && !any)
			return err;
		if (err)
			pr_warn("dmabuf_tools: cannot create %s (%d)\n", parts[i].node->name, err);
		parts[i].published = !err;
		any = true;
	}
	return 0;
}

static int __init dmabuf_tools_init(void)
{
	size_t i;
	int err = 0;

	module_debugfs = debugfs_create_dir("dmabuf_tools", NULL);
	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		err = *parts[i].wanted ? parts[i].init() : 0;
	if (err)
		i--;	/* a failed init cleans up after itself */
	else
		err = publish();
	if (err)
		exit_parts(i);
	return err;
}
module_init(dmabuf_tools_init);

static void __exit dmabuf_tools_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}
module_exit(dmabuf_tools_exit);

MODULE_DESCRIPTION("Instrumented dma-buf exporter and importer, accounting of all dma-bufs");
MODULE_LICENSE("GPL");
MODULE_VERSION(DMABUF_TOOLS_VERSION);
COMPAT_IMPORT_NS(DMA_BUF);
