// SPDX-License-Identifier: GPL-2.0
/* Counters of operations and their files in debugfs; see ops.h. */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "compat.h"
#include "ops.h"

const char *const op_names[OP_COUNT] = {
#define X(id, name)	name,
	DMABUF_TOOLS_OPS(X)
#undef X
};

u64 op_done(struct op_counters *counters, enum op op, u64 start, int result)
{
	u64 ns = ktime_get_ns() - start;

	atomic64_inc(&counters->op[op].calls);
	if (result < 0)
		atomic64_inc(&counters->op[op].errors);
	atomic64_add(ns, &counters->op[op].ns);
	atomic64_inc(&counters->op[op].buckets[min(ilog2(ns | 1), OP_BUCKETS - 1)]);
	return ns;
}

static int counters_show(struct seq_file *m, void *v)
{
	struct op_counters *counters = m->private;
	int op;

	seq_puts(m, "op calls errors ns\n");
	for (op = 0; op < OP_COUNT; op++)
		if (atomic64_read(&counters->op[op].calls))
			seq_printf(m, "%s %lld %lld %lld\n", op_names[op],
				   atomic64_read(&counters->op[op].calls),
				   atomic64_read(&counters->op[op].errors),
				   atomic64_read(&counters->op[op].ns));
	return 0;
}

static ssize_t counters_write(struct file *file, const char __user *text, size_t len, loff_t *pos)
{
	struct op_counters *counters = ((struct seq_file *)file->private_data)->private;
	int op, bucket;

	for (op = 0; op < OP_COUNT; op++) {
		atomic64_set(&counters->op[op].calls, 0);
		atomic64_set(&counters->op[op].errors, 0);
		atomic64_set(&counters->op[op].ns, 0);
		for (bucket = 0; bucket < OP_BUCKETS; bucket++)
			atomic64_set(&counters->op[op].buckets[bucket], 0);
	}
	return len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(counters);

static int latency_show(struct seq_file *m, void *v)
{
	struct op_counters *counters = m->private;
	int op, bucket;

	seq_puts(m, "op ns calls\n");
	for (op = 0; op < OP_COUNT; op++)
		for (bucket = 0; bucket < OP_BUCKETS; bucket++) {
			s64 calls = atomic64_read(&counters->op[op].buckets[bucket]);

			if (calls)
				seq_printf(m, "%s %llu %lld\n", op_names[op],
					   bucket ? 1ULL << bucket : 0, calls);
		}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

void op_counters_files(struct op_counters *counters, struct dentry *dir)
{
	debugfs_create_file("counters", 0600, dir, counters, &counters_fops);
	debugfs_create_file("latency", 0400, dir, counters, &latency_fops);
}
