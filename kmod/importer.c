// SPDX-License-Identifier: GPL-2.0
/*
 * The importer: /dev/dmabuf_tools/importer, its virtual devices, and the objects of each open
 * file, by id; see dmabuf_tools_uapi.h.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "compat.h"
#include "dmabuf_tools_uapi.h"
#include "importer.h"
#include "module.h"

static unsigned int devices = 4;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of importer devices, dmabuf-importer.N, 1 to 256 (default 4)");

struct op_counters importer_counters;

static struct platform_device *device[DMABUF_TOOLS_MAX_DEVICES];

/* One open file. */
struct importer {
	struct mutex lock;	/* of all below, and fields of struct import; not held in a wait */
	struct xarray ids;	/* struct import; a reserved entry before publish() */
	u32 next, count;
	bool leak;
	struct list_head node;	/* in leaked */
};

static LIST_HEAD(leaked);
static DEFINE_MUTEX(leaked_lock);

union args {
	struct dmabuf_tools_attach attach;
	struct dmabuf_tools_map map;
	struct dmabuf_tools_undo undo;
	struct dmabuf_tools_pin pin;
	struct dmabuf_tools_vmap vmap;
	struct dmabuf_tools_access access;
	struct dmabuf_tools_fence fence;
	struct dmabuf_tools_signal signal;
	struct dmabuf_tools_on_close on_close;
};

/* Reserve an id, which find() does not return before publish(). */
static struct import *reserve(struct importer *importer, enum import_kind kind)
{
	struct import *import = kzalloc(sizeof(*import), GFP_KERNEL);
	int err = -ENOSPC;

	if (!import)
		return ERR_PTR(-ENOMEM);
	import->kind = kind;
	mutex_lock(&importer->lock);
	/* Upwards, so that an old id is not reused soon. */
	if (importer->count < DMABUF_TOOLS_MAX_IDS)
		err = xa_alloc_cyclic(&importer->ids, &import->id, NULL, XA_LIMIT(1, INT_MAX),
				      &importer->next, GFP_KERNEL);
	if (err >= 0)
		importer->count++;
	mutex_unlock(&importer->lock);
	if (err >= 0)
		return import;
	kfree(import);
	return ERR_PTR(err);
}

static void publish(struct importer *importer, struct import *import)
{
	/* The place is reserved: no memory is required. */
	xa_store(&importer->ids, import->id, import, GFP_KERNEL);
}

/* Free an id after the undo, or after a failure. */
static void drop(struct importer *importer, struct import *import)
{
	mutex_lock(&importer->lock);
	xa_erase(&importer->ids, import->id);
	importer->count--;
	if (import->kind == IMPORT_MAPPING && import->of)
		import->of->mappings--;
	mutex_unlock(&importer->lock);
	if (import->dmabuf)
		dma_buf_put(import->dmabuf);
	kfree(import);
}

/* Under the file's lock. */
static struct import *find(struct importer *importer, u32 id, enum import_kind kind)
{
	struct import *import = xa_load(&importer->ids, id);

	if (!import || import->kind != kind)
		return ERR_PTR(-ENOENT);
	return import->undoing ? ERR_PTR(-EBUSY) : import;
}

static int get_buffer(struct import *made, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	made->dmabuf = dmabuf;
	return 0;
}

static int attach(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_attach *arg = &args->attach;
	int err;

	if (arg->flags & ~DMABUF_TOOLS_ATTACH_DYNAMIC || arg->id)
		return -EINVAL;
	if (arg->device >= devices)
		return -ENODEV;
	err = get_buffer(made, arg->fd);
	if (err)
		return err;
	arg->id = made->id;
	return import_attach(made, &device[arg->device]->dev, arg->flags);
}

/*
 * Exporters with one table for each attachment, such as heaps, lose a mapping at a second map;
 * our exporter does not.
 */
static int add_mapping(struct importer *importer, u32 id, struct import *made)
{
	struct import *attachment;
	int err = 0;

	mutex_lock(&importer->lock);
	attachment = find(importer, id, IMPORT_ATTACHMENT);
	if (IS_ERR(attachment)) {
		err = PTR_ERR(attachment);
	} else if (attachment->mappings && !exporter_owns(attachment->dmabuf)) {
		err = -EBUSY;
	} else {
		attachment->mappings++;
		made->of = attachment;
		made->dmabuf = attachment->dmabuf;
		get_dma_buf(made->dmabuf);
	}
	mutex_unlock(&importer->lock);
	return err;
}

static int map(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_map *arg = &args->map;
	u64 ns;
	int err;

	if (arg->flags || arg->id || arg->bytes || arg->duration_ns ||
	    arg->direction > DMABUF_TOOLS_FROM_DEVICE)
		return -EINVAL;
	err = add_mapping(importer, arg->attachment, made);
	if (err)
		return err;
	err = import_map(made, arg->direction, &ns);
	if (err)
		return err;
	arg->id = made->id;
	arg->bytes = import_mapped_bytes(made);
	arg->duration_ns = ns;
	return 0;
}

static int vmap_buffer(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_vmap *arg = &args->vmap;
	int err;

	if (arg->flags || arg->id || arg->reserved)
		return -EINVAL;
	err = get_buffer(made, arg->fd);
	if (err)
		return err;
	arg->id = made->id;
	return import_vmap(made);
}

static int begin_access(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_access *arg = &args->access;
	int err;

	if (arg->flags || arg->id || arg->direction > DMABUF_TOOLS_FROM_DEVICE)
		return -EINVAL;
	err = get_buffer(made, arg->fd);
	if (err)
		return err;
	arg->id = made->id;
	return import_begin(made, arg->direction);
}

static int fence(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_fence *arg = &args->fence;
	u64 start;
	int err;

	if (arg->id || arg->usage > DMABUF_TOOLS_USAGE_BOOKKEEP || arg->timeout_ns > KTIME_MAX ||
	    arg->error > 0 || arg->error < -MAX_ERRNO)
		return -EINVAL;
	err = get_buffer(made, arg->fd);
	if (err)
		return err;
	/* The owner's memory cannot move before the signal, which may even stop reclaim. */
	if (arg->usage == DMABUF_TOOLS_USAGE_KERNEL && !arg->timeout_ns &&
	    !exporter_owns(made->dmabuf))
		return -EPERM;
	arg->id = made->id;
	start = ktime_get_ns();
	made->fence = fence_add(made->dmabuf, arg->usage, arg->timeout_ns, arg->error);
	err = PTR_ERR_OR_ZERO(made->fence);
	op_done(&importer_counters, OP_FENCE, start, err);
	return err;
}

static int pin(struct importer *importer, union args *args, struct import *made)
{
	struct import *attachment;
	int err = 0;

	if (args->pin.flags)
		return -EINVAL;
	mutex_lock(&importer->lock);
	attachment = find(importer, args->pin.attachment, IMPORT_ATTACHMENT);
	if (IS_ERR(attachment))
		err = PTR_ERR(attachment);
	else if (!attachment->dynamic)
		err = -EINVAL;
	else if (attachment->pins + attachment->users >= DMABUF_TOOLS_MAX_IDS)
		err = -ENOSPC;
	else
		attachment->users++;
	mutex_unlock(&importer->lock);
	if (err)
		return err;

	err = import_pin(attachment);
	mutex_lock(&importer->lock);
	attachment->users--;
	if (!err)
		attachment->pins++;
	mutex_unlock(&importer->lock);
	return err;
}

static int unpin(struct importer *importer, union args *args, struct import *made)
{
	bool misuse = args->pin.flags & DMABUF_TOOLS_MISUSE;
	struct import *attachment;
	int err = 0;

	if (args->pin.flags & ~DMABUF_TOOLS_MISUSE)
		return -EINVAL;
	mutex_lock(&importer->lock);
	attachment = find(importer, args->pin.attachment, IMPORT_ATTACHMENT);
	if (IS_ERR(attachment)) {
		err = PTR_ERR(attachment);
	} else if (misuse && !exporter_checks(attachment->dmabuf)) {
		err = -EPERM;
	} else if (!attachment->dynamic || misuse == !!attachment->pins) {
		err = -EINVAL;
	} else {
		attachment->users++;
		attachment->pins -= !misuse;
	}
	mutex_unlock(&importer->lock);
	if (err)
		return err;

	err = import_unpin(attachment, true);
	mutex_lock(&importer->lock);
	attachment->users--;
	if (err && !misuse)
		attachment->pins++;
	mutex_unlock(&importer->lock);
	return err;
}

/* Under the file's lock: set undoing of all mappings of @attachment, unless one is set. */
static bool claim_mappings(struct importer *importer, struct import *attachment)
{
	struct import *import;
	unsigned long id;
	u32 found = 0;

	xa_for_each(&importer->ids, id, import)
		if (import->kind == IMPORT_MAPPING && import->of == attachment)
			found += !import->undoing;
	if (found != attachment->mappings)	/* or one is incomplete */
		return false;
	xa_for_each(&importer->ids, id, import)
		if (import->kind == IMPORT_MAPPING && import->of == attachment)
			import->undoing = true;
	return true;
}

/* Under the file's lock: whether @import may be undone now. */
static int may_undo(struct importer *importer, struct import *import, bool misuse)
{
	if (misuse && !exporter_checks(import->dmabuf))
		return -EPERM;
	if (import->users)
		return -EBUSY;
	if (import->kind != IMPORT_ATTACHMENT)
		return 0;
	if ((import->pins || import->mappings) && !misuse)
		return -EBUSY;
	if (!claim_mappings(importer, import))
		return -EBUSY;
	return 0;
}

/*
 * Find the object to undo, and hide the object and its mappings from other calls. With @misuse,
 * an attachment may have pins and mappings.
 */
static struct import *claim(struct importer *importer, u32 id, enum import_kind kind, bool misuse)
{
	struct import *import;
	int err;

	mutex_lock(&importer->lock);
	import = find(importer, id, kind);
	if (!IS_ERR(import)) {
		err = may_undo(importer, import, misuse);
		if (err)
			import = ERR_PTR(err);
		else
			import->undoing = true;
	}
	mutex_unlock(&importer->lock);
	return import;
}

/* claim() taken back. */
static void unclaim(struct importer *importer, struct import *claimed)
{
	struct import *import;
	unsigned long id;

	mutex_lock(&importer->lock);
	claimed->undoing = false;
	if (claimed->kind == IMPORT_ATTACHMENT && claimed->mappings)
		xa_for_each(&importer->ids, id, import)
			if (import->kind == IMPORT_MAPPING && import->of == claimed)
				import->undoing = false;
	mutex_unlock(&importer->lock);
}

static void drop_mappings(struct importer *importer, struct import *attachment)
{
	struct import *import;
	unsigned long id;

	xa_for_each(&importer->ids, id, import)
		if (import->kind == IMPORT_MAPPING && import->of == attachment)
			drop(importer, import);
}

static int undo_wrongly(struct importer *importer, struct import *import,
			const struct dmabuf_tools_undo *arg)
{
	struct iosys_map vmap;
	int err;

	switch (import->kind) {
	case IMPORT_MAPPING:
		if (arg->flags & DMABUF_TOOLS_WRONG_TABLE)
			return import_unmap_wrong_table(import);
		return import_unmap_wrongly(import, arg->direction);
	case IMPORT_ATTACHMENT:
		/* The core's own tables would be lost with the mappings. */
		if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
			return -EOPNOTSUPP;
		err = import_undo(import, true);
		if (!err)
			drop_mappings(importer, import);
		return err;
	case IMPORT_VMAP:
		if (!import_is_last_vmap(import))
			return -EBUSY;
		vmap = import->vmap;
		err = import_undo(import, true);
		if (!err)
			import_vunmap_again(import->dmabuf, &vmap);
		return err;
	case IMPORT_ACCESS:
		err = import_undo(import, true);
		if (!err)
			import_end_again(import->dmabuf, import->direction);
		return err;
	default:
		return -EINVAL;
	}
}

static int undo(struct importer *importer, const struct dmabuf_tools_undo *arg,
		enum import_kind kind)
{
	bool misuse = arg->flags & DMABUF_TOOLS_MISUSE;
	bool wrong_table = arg->flags & DMABUF_TOOLS_WRONG_TABLE;
	bool wrong_direction = misuse && kind == IMPORT_MAPPING && !wrong_table;
	struct import *import;
	int err;

	if (arg->flags & ~(DMABUF_TOOLS_MISUSE | DMABUF_TOOLS_WRONG_TABLE) || arg->reserved)
		return -EINVAL;
	if (wrong_table && (!misuse || kind != IMPORT_MAPPING))
		return -EINVAL;
	if (arg->direction > (wrong_direction ? DMABUF_TOOLS_FROM_DEVICE : 0))
		return -EINVAL;
	import = claim(importer, arg->id, kind, misuse);
	if (IS_ERR(import))
		return PTR_ERR(import);
	err = misuse ? undo_wrongly(importer, import, arg) : import_undo(import, true);
	if (err || wrong_table)
		unclaim(importer, import);
	else
		drop(importer, import);
	return err;
}

static int detach(struct importer *importer, union args *args, struct import *made)
{
	return undo(importer, &args->undo, IMPORT_ATTACHMENT);
}

static int unmap(struct importer *importer, union args *args, struct import *made)
{
	return undo(importer, &args->undo, IMPORT_MAPPING);
}

static int vunmap_buffer(struct importer *importer, union args *args, struct import *made)
{
	return undo(importer, &args->undo, IMPORT_VMAP);
}

static int end_access(struct importer *importer, union args *args, struct import *made)
{
	return undo(importer, &args->undo, IMPORT_ACCESS);
}

static int signal_fence(struct importer *importer, union args *args, struct import *made)
{
	struct dmabuf_tools_undo arg = { .id = args->signal.id };

	return args->signal.reserved ? -EINVAL : undo(importer, &arg, IMPORT_FENCE);
}

static int on_close(struct importer *importer, union args *args, struct import *made)
{
	if (args->on_close.flags & ~DMABUF_TOOLS_LEAK || args->on_close.reserved)
		return -EINVAL;
	/* Without debugfs, no user could undo the leak. */
	if (args->on_close.flags && IS_ERR(module_debugfs))
		return -EOPNOTSUPP;
	mutex_lock(&importer->lock);
	importer->leak = args->on_close.flags;
	mutex_unlock(&importer->lock);
	return 0;
}

#define MAKES_NOTHING	-1

/* Indexed by the number of the ioctl, from ATTACH on. */
static const struct command {
	unsigned int cmd;
	int makes;	/* enum import_kind */
	int (*run)(struct importer *importer, union args *args, struct import *made);
} commands[] = {
	{ DMABUF_TOOLS_IOC_ATTACH, IMPORT_ATTACHMENT, attach },
	{ DMABUF_TOOLS_IOC_DETACH, MAKES_NOTHING, detach },
	{ DMABUF_TOOLS_IOC_MAP, IMPORT_MAPPING, map },
	{ DMABUF_TOOLS_IOC_UNMAP, MAKES_NOTHING, unmap },
	{ DMABUF_TOOLS_IOC_PIN, MAKES_NOTHING, pin },
	{ DMABUF_TOOLS_IOC_UNPIN, MAKES_NOTHING, unpin },
	{ DMABUF_TOOLS_IOC_VMAP, IMPORT_VMAP, vmap_buffer },
	{ DMABUF_TOOLS_IOC_VUNMAP, MAKES_NOTHING, vunmap_buffer },
	{ DMABUF_TOOLS_IOC_BEGIN_ACCESS, IMPORT_ACCESS, begin_access },
	{ DMABUF_TOOLS_IOC_END_ACCESS, MAKES_NOTHING, end_access },
	{ DMABUF_TOOLS_IOC_FENCE, IMPORT_FENCE, fence },
	{ DMABUF_TOOLS_IOC_SIGNAL, MAKES_NOTHING, signal_fence },
	{ DMABUF_TOOLS_IOC_ON_CLOSE, MAKES_NOTHING, on_close },
};

static long importer_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	unsigned int nr = _IOC_NR(cmd) - _IOC_NR(DMABUF_TOOLS_IOC_ATTACH);
	struct importer *importer = file->private_data;
	const struct command *command;
	struct import *made = NULL;
	union args args = { };
	int err;

	if (nr >= ARRAY_SIZE(commands) || cmd != commands[nr].cmd)
		return -ENOTTY;
	command = &commands[nr];
	if (copy_from_user(&args, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (command->makes != MAKES_NOTHING) {
		made = reserve(importer, command->makes);
		if (IS_ERR(made))
			return PTR_ERR(made);
	}
	err = command->run(importer, &args, made);
	if (!made)
		return err;
	if (err) {
		drop(importer, made);
		return err;
	}
	if (copy_to_user((void __user *)user, &args, _IOC_SIZE(cmd))) {
		import_undo(made, false);
		drop(importer, made);
		return -EFAULT;
	}
	publish(importer, made);
	return 0;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer = kzalloc(sizeof(*importer), GFP_KERNEL);

	if (!importer)
		return -ENOMEM;
	mutex_init(&importer->lock);
	xa_init_flags(&importer->ids, XA_FLAGS_ALLOC1);
	file->private_data = importer;
	return 0;
}

/* After the last ioctl. An operation that fails to end stays open: no caller can try again. */
static void undo_all(struct importer *importer)
{
	struct import *import;
	enum import_kind kind;
	unsigned long id;

	for (kind = IMPORT_FENCE; kind <= IMPORT_ATTACHMENT; kind++)
		xa_for_each(&importer->ids, id, import) {
			if (import->kind != kind)
				continue;
			for (; kind == IMPORT_ATTACHMENT && import->pins; import->pins--)
				import_unpin(import, false);
			import_undo(import, false);
			drop(importer, import);
			cond_resched();
		}
	xa_destroy(&importer->ids);
	mutex_destroy(&importer->lock);
	kfree(importer);
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *importer = file->private_data;

	if (!importer->leak || !importer->count) {
		undo_all(importer);
		return 0;
	}
	__module_get(THIS_MODULE);
	mutex_lock(&leaked_lock);
	list_add_tail(&importer->node, &leaked);
	mutex_unlock(&leaked_lock);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

struct miscdevice importer_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_tools_importer",
	.nodename = "dmabuf_tools/importer",
	.mode = 0600,
	.fops = &importer_fops,
};

static int leaked_show(struct seq_file *m, void *v)
{
	static const char *const names[] = {
		[IMPORT_FENCE] = "fence", [IMPORT_ACCESS] = "access", [IMPORT_VMAP] = "vmap",
		[IMPORT_MAPPING] = "mapping", [IMPORT_ATTACHMENT] = "attachment",
	};
	unsigned long count[ARRAY_SIZE(names)] = { }, pins = 0, id;
	struct importer *importer;
	struct import *import;
	int i;

	if (mutex_lock_interruptible(&leaked_lock))
		return -ERESTARTSYS;
	list_for_each_entry(importer, &leaked, node)
		xa_for_each(&importer->ids, id, import) {
			count[import->kind]++;
			if (import->kind == IMPORT_ATTACHMENT)
				pins += import->pins;
		}
	mutex_unlock(&leaked_lock);
	for (i = ARRAY_SIZE(names) - 1; i >= 0; i--)
		seq_printf(m, "%s %lu\n", names[i], count[i]);
	seq_printf(m, "pin %lu\n", pins);
	return 0;
}

static ssize_t leaked_write(struct file *file, const char __user *text, size_t len, loff_t *pos)
{
	struct importer *importer, *next;

	if (mutex_lock_interruptible(&leaked_lock))
		return -ERESTARTSYS;
	list_for_each_entry_safe(importer, next, &leaked, node) {
		list_del(&importer->node);
		undo_all(importer);
		module_put(THIS_MODULE);	/* this file still holds a reference */
	}
	mutex_unlock(&leaked_lock);
	return len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(leaked);

static void remove_devices(unsigned int count)
{
	while (count--)
		platform_device_unregister(device[count]);
}

static int add_devices(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < devices; i++) {
		device[i] = platform_device_register_simple("dmabuf-importer", i, NULL, 0);
		if (IS_ERR(device[i])) {
			err = PTR_ERR(device[i]);
			goto err_device;
		}
		dma_set_max_seg_size(&device[i]->dev, UINT_MAX);
		err = dma_set_mask_and_coherent(&device[i]->dev, DMA_BIT_MASK(64));
		if (err) {
			i++;
			goto err_device;
		}
	}
	return 0;

err_device:
	remove_devices(i);
	return err;
}

int importer_init(void)
{
	struct dentry *dir;
	int err;

	if (!devices || devices > DMABUF_TOOLS_MAX_DEVICES)
		return -EINVAL;
	err = add_devices();
	if (err)
		return err;
	dir = debugfs_create_dir("importer", module_debugfs);
	op_counters_files(&importer_counters, dir);
	debugfs_create_file("leaked", 0600, dir, NULL, &leaked_fops);
	return 0;
}

void importer_exit(void)
{
	remove_devices(devices);
	fence_exit();
}
