// SPDX-License-Identifier: GPL-2.0
/* Reports of what users of checked buffers do wrong; see buffer.h. */
#define pr_fmt(fmt) "dmabuf_tools: " fmt
#include <linux/debugfs.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "buffer.h"
#include "compat.h"
#include "dmabuf_tools_uapi.h"

static const struct {
	const char *name, *text;
} violations[VIOLATION_COUNT] = {
#define X(id, name, text)	{ name, text },
	VIOLATIONS(X)
#undef X
};

static atomic_t counts[VIOLATION_COUNT];

void checked_report(struct buffer *buffer, struct dma_buf *dmabuf, enum violation violation)
{
	char name[DMABUF_TOOLS_NAME_LEN] = "", escaped[4 * DMABUF_TOOLS_NAME_LEN];
	int len;

	if (!(buffer->flags & DMABUF_TOOLS_CHECKED) ||
	    test_and_set_bit(violation, &buffer->reported))
		return;
	atomic_inc(&counts[violation]);
	spin_lock(&dmabuf->name_lock);
	if (dmabuf->name)
		strscpy(name, dmabuf->name, sizeof(name));
	spin_unlock(&dmabuf->name_lock);
	/* Not %pE: it takes Latin-1's letters for printable. */
	len = string_escape_mem(name, strlen(name), escaped, sizeof(escaped),
				ESCAPE_SPECIAL | ESCAPE_OCTAL | ESCAPE_NAP, NULL);
	pr_notice("buffer %llu '%.*s': %s\n", buffer->ino, len, escaped,
		  violations[violation].text);
}

static int counts_show(struct seq_file *m, void *v)
{
	int i;

	seq_puts(m, "kind count\n");
	for (i = 0; i < VIOLATION_COUNT; i++)
		seq_printf(m, "%s %d\n", violations[i].name, atomic_read(&counts[i]));
	return 0;
}

static ssize_t counts_write(struct file *file, const char __user *text, size_t len, loff_t *pos)
{
	int i;

	for (i = 0; i < VIOLATION_COUNT; i++)
		atomic_set(&counts[i], 0);
	return len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(counts);

void checked_file(struct dentry *dir)
{
	debugfs_create_file("violations", 0600, dir, NULL, &counts_fops);
}
