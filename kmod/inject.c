// SPDX-License-Identifier: GPL-2.0
/* Failures and delays of the exporter's operations, as debugfs' inject/ says; see module.h. */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "module.h"

enum field { FIELD_ERRNO, FIELD_EVERY, FIELD_TIMES, FIELD_DELAY_US, FIELD_COUNT };

static const struct {
	const char *name;
	int min, max;
} fields[FIELD_COUNT] = {
	[FIELD_ERRNO] = { "errno", -MAX_ERRNO, MAX_ERRNO },
	[FIELD_EVERY] = { "every", 1, INT_MAX },
	[FIELD_TIMES] = { "times", 0, INT_MAX },
	[FIELD_DELAY_US] = { "delay_us", 0, 60 * USEC_PER_SEC },
};

static struct injection {
	spinlock_t lock;	/* for all below */
	int value[FIELD_COUNT];	/* errno: 0 or negative */
	u32 calls, hits;	/* since something was written */
} injections[OP_COUNT];

#define FAILS		(1u << OP_EXPORT | 1u << OP_ATTACH | 1u << OP_MAP | 1u << OP_PIN |	\
			 1u << OP_VMAP | 1u << OP_BEGIN | 1u << OP_END | 1u << OP_MMAP |	\
			 1u << OP_INVALIDATE)
#define STALLS		(FAILS | 1u << OP_RELEASE | 1u << OP_DETACH | 1u << OP_UNMAP |	\
			 1u << OP_UNPIN | 1u << OP_VUNMAP)

static int wait_us(int us, bool fails)
{
	ktime_t expires = ns_to_ktime((u64)us * NSEC_PER_USEC);

	set_current_state(fails ? TASK_INTERRUPTIBLE : TASK_UNINTERRUPTIBLE);
	return schedule_hrtimeout(&expires, HRTIMER_MODE_REL);
}

int inject(enum op op)
{
	struct injection *injection = &injections[op];
	bool fails = FAILS & 1u << op, hit;
	int error, delay, err;

	spin_lock(&injection->lock);
	error = injection->value[FIELD_ERRNO];
	delay = injection->value[FIELD_DELAY_US];
	hit = (error || delay) && !(++injection->calls % injection->value[FIELD_EVERY]) &&
		(!injection->value[FIELD_TIMES] ||
		 injection->hits < injection->value[FIELD_TIMES]);
	injection->hits += hit;
	spin_unlock(&injection->lock);
	if (!hit)
		return 0;
	err = delay ? wait_us(delay, fails) : 0;
	return err ? err : error;
}

/* A file's private data: which value of which operation. */
static int *value_of(const struct file *file)
{
	return file_inode(file)->i_private;
}

static int value_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", READ_ONCE(*(int *)m->private));
	return 0;
}

static ssize_t value_write(struct file *file, const char __user *text, size_t len, loff_t *pos)
{
	size_t offset = (char *)value_of(file) - (char *)injections;
	struct injection *injection = &injections[offset / sizeof(*injection)];
	enum field field = value_of(file) - injection->value;
	int value, err;

	err = kstrtoint_from_user(text, len, 0, &value);
	if (err)
		return err;
	if (value < fields[field].min || value > fields[field].max)
		return -ERANGE;
	spin_lock(&injection->lock);
	injection->value[field] = field == FIELD_ERRNO ? -abs(value) : value;
	injection->calls = 0;
	injection->hits = 0;
	spin_unlock(&injection->lock);
	return len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(value);

void inject_init(void)
{
	struct dentry *all = debugfs_create_dir("inject", module_debugfs), *dir;
	enum field field;
	enum op op;

	for (op = 0; op < OP_COUNT; op++) {
		spin_lock_init(&injections[op].lock);
		injections[op].value[FIELD_EVERY] = 1;
		if (!(STALLS & 1u << op))
			continue;
		dir = debugfs_create_dir(op_names[op], all);
		for (field = 0; field < FIELD_COUNT; field++)
			if (field != FIELD_ERRNO || FAILS & 1u << op)
				debugfs_create_file(fields[field].name, 0600, dir,
						    &injections[op].value[field], &value_fops);
	}
}
