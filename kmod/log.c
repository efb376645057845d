// SPDX-License-Identifier: GPL-2.0
/* The last operations on the exporter's buffers, in a ring; see buffer.h. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "buffer.h"
#include "module.h"

#define LOG_ENTRIES	1024

struct log_entry {
	u64 start, ns, ino;
	char device[32];	/* empty: none */
	s32 result;
	u8 op, direction;
};

static DEFINE_SPINLOCK(log_lock);	/* for the two below */
static struct log_entry entries[LOG_ENTRIES];
static u64 written;

void log_op(u64 start, u64 ns, enum op op, u64 ino, struct device *dev,
	    enum dma_data_direction direction, int result)
{
	struct log_entry *entry;

	spin_lock(&log_lock);
	entry = &entries[written++ % LOG_ENTRIES];
	*entry = (struct log_entry) {
		.start = start, .ns = ns, .ino = ino,
		.result = result, .op = op, .direction = direction,
	};
	strscpy(entry->device, name_of_device(dev), sizeof(entry->device));
	spin_unlock(&log_lock);
}

static int log_show(struct seq_file *m, void *v)
{
	static const char *const directions[] = {
		[DMA_BIDIRECTIONAL] = "bidirectional", [DMA_TO_DEVICE] = "to_device",
		[DMA_FROM_DEVICE] = "from_device", [DMA_NONE] = "-",
	};
	u64 i, end = READ_ONCE(written);

	seq_puts(m, "time_ns op inode device direction result ns\n");
	for (i = end > LOG_ENTRIES ? end - LOG_ENTRIES : 0; i < end; i++) {
		struct log_entry entry;
		bool lost;

		spin_lock(&log_lock);
		lost = written - i > LOG_ENTRIES;
		entry = entries[i % LOG_ENTRIES];
		spin_unlock(&log_lock);
		if (lost)	/* overwritten since we began */
			continue;
		seq_printf(m, "%llu %s ", entry.start, op_names[entry.op]);
		if (entry.ino)
			seq_printf(m, "%llu ", entry.ino);
		else	/* it was not made */
			seq_puts(m, "- ");
		print_name(m, entry.device[0] ? entry.device : "-");
		seq_printf(m, " %s %d %llu\n", directions[min_t(u8, entry.direction, DMA_NONE)],
			   entry.result, entry.ns);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(log);

void log_file(struct dentry *dir)
{
	debugfs_create_file("log", 0400, dir, NULL, &log_fops);
}
