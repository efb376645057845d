// SPDX-License-Identifier: GPL-2.0
/*
 * The accounting's tables in debugfs, for root: a line of titles, then a line for each object,
 * with single spaces. Names are escaped, so that no line has more fields than titles.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/sort.h>

#include "accounting.h"
#include "compat.h"
#include "dmabuf_tools_uapi.h"
#include "module.h"

static void print_owner(struct seq_file *m, const char *name)
{
	if (*name)
		print_name(m, name);
	else
		seq_puts(m, "(other)");
}

/* Rows of a table of slots: the position is the slot's, plus 1 for the titles. */
struct rows {
	enum acct_kind kind;
	struct acct_row row;
	loff_t at;
};

static void *rows_seek(struct rows *rows, loff_t *pos)
{
	rows->at = *pos - 1;
	if (!acct_next(rows->kind, &rows->at, &rows->row))
		return NULL;
	*pos = rows->at;	/* the slot, and 1 */
	return rows;
}

static void *rows_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? rows_seek(m->private, pos) : SEQ_START_TOKEN;
}

static void *rows_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return rows_seek(m->private, pos);
}

static void rows_stop(struct seq_file *m, void *v)
{
}

/* Print the fields of the buffer itself; "-" for a released buffer and for no name. */
static void print_live(struct seq_file *m, struct rows *rows)
{
	struct file *file = acct_file(rows->at, &rows->row);
	char name[DMABUF_TOOLS_NAME_LEN];
	struct dma_buf *dmabuf;
	bool named;

	if (!file) {
		seq_puts(m, " - - - -");
		return;
	}
	dmabuf = file->private_data;
	/* Without our own reference */
	seq_printf(m, " %ld %lld %u ", (long)file_count(file) - 1, compat_created(file),
		   from_kuid(&init_user_ns, file->f_cred->uid));
	spin_lock(&dmabuf->name_lock);
	named = dmabuf->name;
	strscpy(name, named ? dmabuf->name : "-", sizeof(name));
	spin_unlock(&dmabuf->name_lock);
	if (named && (!*name || !strcmp(name, "-")))
		seq_puts(m, *name ? "\\055" : "\\000");
	else
		print_name(m, name);
	fput(file);
}

static int buffers_show(struct seq_file *m, void *v)
{
	struct rows *rows = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "ino bytes exporter count created uid name\n");
		return 0;
	}
	seq_printf(m, "%llu %llu ", rows->row.ino, rows->row.size);
	print_owner(m, rows->row.name);
	print_live(m, rows);
	seq_putc(m, '\n');
	return 0;
}

static int attachments_show(struct seq_file *m, void *v)
{
	struct rows *rows = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "ino device mappings\n");
		return 0;
	}
	seq_printf(m, "%llu ", rows->row.ino);
	print_owner(m, rows->row.name);
	seq_printf(m, " %u\n", rows->row.mappings);
	return 0;
}

/* A line, or several, for each thread group: the position is its id. */
static void *groups_seek(loff_t *pos)
{
	pid_t tgid = min_t(loff_t, *pos, INT_MAX);
	struct task_struct *leader = holders_next(&tgid);

	*pos = tgid;
	return leader;
}

static void *groups_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? groups_seek(pos) : SEQ_START_TOKEN;
}

static void *groups_next(struct seq_file *m, void *v, loff_t *pos)
{
	if (v != SEQ_START_TOKEN)
		put_task_struct(v);
	++*pos;
	return groups_seek(pos);
}

static void groups_stop(struct seq_file *m, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		put_task_struct(v);
}

static void print_comm(struct seq_file *m, struct task_struct *task)
{
	char comm[TASK_COMM_LEN];

	/* Not get_task_comm(): before 6.13, it takes the lock of a walk over descriptors. */
	strscpy_pad(comm, task->comm, sizeof(comm));
	seq_putc(m, ' ');
	print_name(m, comm);
	seq_putc(m, '\n');
}

static siphash_key_t table_key;

/*
 * A table's number, the same until the module is unloaded. Not %p: its 32 bits may be the same for
 * two of some thousand tables, and early at boot it prints no number.
 */
static u64 number_of(const void *table)
{
	return siphash_1u64((unsigned long)table, &table_key);
}

static void print_holder(const struct holder *holder, void *ctx)
{
	struct seq_file *m = ctx;
	u64 ino = file_inode(holder->file)->i_ino, table = number_of(holder->table);

	if (holder->mapping)
		seq_printf(m, "%d map%s%s %016llx %lu %lu %llu", holder->tgid,
			   holder->readable ? ",r" : "", holder->writable ? ",w" : "", table,
			   holder->start, holder->end, ino);
	else
		seq_printf(m, "%d fd %016llx %lu 0 %llu", holder->tgid, table, holder->start, ino);
	print_comm(m, holder->leader);
}

static int holders_show(struct seq_file *m, void *v)
{
	if (v == SEQ_START_TOKEN)
		seq_puts(m, "pid kind table start end ino comm\n");
	else
		holders_of(v, print_holder, m, NULL);
	return 0;
}

/* The holdings of a thread group; n also counts those without room. */
struct held {
	struct held_buffer {
		u64 ino, size;
	} *buffers;
	size_t n, room, fds, maps;
};

static void collect(const struct holder *holder, void *ctx)
{
	struct dma_buf *dmabuf = holder->file->private_data;
	struct held *held = ctx;

	if (held->n < held->room)
		held->buffers[held->n] = (struct held_buffer) {
			file_inode(holder->file)->i_ino, dmabuf->size };
	held->n++;
	if (holder->mapping)
		held->maps++;
	else
		held->fds++;
}

static int compare(const void *a, const void *b)
{
	const struct held_buffer *one = a, *other = b;

	return one->ino < other->ino ? -1 : one->ino > other->ino;
}

/* Repeat with more room until all fit; -ENOMEM. */
static int collect_all(struct task_struct *leader, struct held *held)
{
	do {
		kvfree(held->buffers);
		held->room = held->n + held->n / 4;
		held->buffers = held->room ? kvmalloc_array(held->room, sizeof(*held->buffers),
							    GFP_KERNEL) : NULL;
		if (held->room && !held->buffers)
			return -ENOMEM;
		held->n = 0;
		held->fds = 0;
		held->maps = 0;
		holders_of(leader, collect, held, NULL);
	} while (held->n > held->room);
	return 0;
}

static int processes_show(struct seq_file *m, void *v)
{
	struct held held = { };
	size_t i, buffers = 0;
	u64 bytes = 0;
	int err;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "pid buffers bytes fds maps comm\n");
		return 0;
	}
	err = collect_all(v, &held);
	if (!err && held.n) {
		sort(held.buffers, held.n, sizeof(*held.buffers), compare, NULL);
		for (i = 0; i < held.n; i++)
			if (!i || held.buffers[i].ino != held.buffers[i - 1].ino) {
				buffers++;
				bytes += held.buffers[i].size;
			}
		seq_printf(m, "%d %zu %llu %zu %zu", task_pid_nr(v), buffers, bytes, held.fds,
			   held.maps);
		print_comm(m, v);
	}
	kvfree(held.buffers);
	return err;
}

static int latency_show(struct seq_file *m, void *v)
{
	u32 i, bucket, n;

	/* Before the names: pairs with place_of() */
	n = smp_load_acquire(&acct->n_devices);
	seq_puts(m, "op device ns calls\n");
	for (i = 0; i < n; i++)
		for (bucket = 0; bucket < OP_BUCKETS; bucket++) {
			struct acct_device *device = &acct->devices[i];
			u64 calls = atomic64_read(&device->map_buckets[bucket]);

			if (!calls)
				continue;
			seq_puts(m, "map ");
			print_owner(m, device->name.text);
			seq_printf(m, " %llu %llu\n", bucket ? 1ULL << bucket : 0, calls);
		}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int hooks_file_show(struct seq_file *m, void *v)
{
	hooks_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hooks_file);

static const struct seq_operations buffers_ops = {
	.start = rows_start, .next = rows_next, .stop = rows_stop, .show = buffers_show,
}, attachments_ops = {
	.start = rows_start, .next = rows_next, .stop = rows_stop, .show = attachments_show,
}, holders_ops = {
	.start = groups_start, .next = groups_next, .stop = groups_stop, .show = holders_show,
}, processes_ops = {
	.start = groups_start, .next = groups_next, .stop = groups_stop, .show = processes_show,
};

static int rows_open(struct file *file, const struct seq_operations *ops, enum acct_kind kind)
{
	struct rows *rows = __seq_open_private(file, ops, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	rows->kind = kind;
	return 0;
}

static int buffers_open(struct inode *inode, struct file *file)
{
	return rows_open(file, &buffers_ops, ACCT_BUFFER);
}

static int attachments_open(struct inode *inode, struct file *file)
{
	return rows_open(file, &attachments_ops, ACCT_ATTACHMENT);
}

static int holders_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &holders_ops, 0);
}

static int processes_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &processes_ops, 0);
}

#define FOPS(table)						\
static const struct file_operations table##_fops = {		\
	.owner = THIS_MODULE, .open = table##_open, .read = seq_read,	\
	.llseek = seq_lseek, .release = seq_release_private,	\
}

FOPS(buffers);
FOPS(attachments);
FOPS(holders);
FOPS(processes);

static struct {
	const char *name;
	const struct file_operations *fops;
	struct dentry *file;
} tables[] = {
	{ "buffers", &buffers_fops }, { "attachments", &attachments_fops },
	{ "holders", &holders_fops }, { "processes", &processes_fops },
	{ "latency", &latency_fops }, { "hooks", &hooks_file_fops },
};

void acct_tables_init(void)
{
	size_t i;

	get_random_bytes(&table_key, sizeof(table_key));
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		tables[i].file = debugfs_create_file(tables[i].name, 0400, module_debugfs, NULL,
						     tables[i].fops);
	debugfs_create_bool("unseen_releases", 0600, module_debugfs, &hooks_blind);
}

void acct_tables_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		debugfs_remove(tables[i].file);
}
