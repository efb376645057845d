// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: a driver with one bad habit, named by the parameter what. Unloading ends all waits for
 * this driver.
 */
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

static char *what = "";
module_param(what, charp, 0444);
static int fd = -1;	/* a buffer of insmod's process */
module_param(fd, int, 0444);
static int pid;
module_param(pid, int, 0444);
static bool freed;	/* the device, after the last reference */
module_param(freed, bool, 0444);

static struct device device;
static struct dma_buf *dmabuf;
static struct mm_struct *mm;
static struct task_struct *thread;
static DECLARE_COMPLETION(locked);

static void device_freed(struct device *dev)
{
	freed = true;
}

/* Attach a device before its addition. */
static int unnamed_device(void)
{
	struct dma_buf_attachment *attach;

	device_initialize(&device);
	attach = dma_buf_attach(dmabuf, &device);
	if (!IS_ERR(attach))
		dma_buf_detach(dmabuf, attach);
	put_device(&device);
	return PTR_ERR_OR_ZERO(attach);
}

static struct sg_table *map(struct dma_buf_attachment *attach, enum dma_data_direction direction)
{
	return ERR_PTR(-EIO);
}

static void unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		  enum dma_data_direction direction)
{
}

static void release(struct dma_buf *released)
{
}

static int unnamed_exporter(void)
{
	static const struct dma_buf_ops ops = {
		.map_dma_buf = map, .unmap_dma_buf = unmap, .release = release,
	};
	const struct dma_buf_export_info info = {
		.owner = THIS_MODULE, .ops = &ops, .size = PAGE_SIZE, .priv = (void *)&ops,
	};

	struct dma_buf *made = dma_buf_export(&info);

	if (IS_ERR(made))
		return PTR_ERR(made);
	/* The release comes when insmod leaves the kernel: this init must not fail after here. */
	dma_buf_put(made);
	return 0;
}

/* Map for a device, then forget the attachment and remove the device. */
static int forget(void)
{
	struct dma_buf_attachment *attach;
	struct sg_table *table;
	int err;

	device_initialize(&device);
	device.dma_mask = &device.coherent_dma_mask;
	device.coherent_dma_mask = DMA_BIT_MASK(64);
	err = dev_set_name(&device, "rogue");
	if (!err)
		err = device_add(&device);
	if (err)
		goto put;
	attach = dma_buf_attach(dmabuf, &device);
	err = PTR_ERR_OR_ZERO(attach);
	if (err)
		goto del;
	table = dmabuf->ops->map_dma_buf(attach, DMA_TO_DEVICE);
	err = PTR_ERR_OR_ZERO(table);
	if (err) {
		dma_buf_detach(dmabuf, attach);
		goto del;
	}
	/* The core, too: it would only warn. */
	dma_resv_lock(dmabuf->resv, NULL);
	list_del(&attach->node);
	dma_resv_unlock(dmabuf->resv);
	kfree(attach);
del:
	device_del(&device);
put:
	put_device(&device);
	return err;
}

static int hold_locks(void *unused)
{
	/* In the kernel's order */
	mmap_write_lock(mm);
	dma_resv_lock(dmabuf->resv, NULL);
	complete(&locked);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	dma_resv_unlock(dmabuf->resv);
	mmap_write_unlock(mm);
	return 0;
}

/* Hold the locks of a buffer and of a process. */
static int lock(void)
{
	struct pid *found = find_get_pid(pid);
	struct task_struct *task = get_pid_task(found, PIDTYPE_PID);

	put_pid(found);
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return -ESRCH;
	thread = kthread_run(hold_locks, NULL, "rogue");
	if (IS_ERR(thread)) {
		int err = PTR_ERR(thread);

		thread = NULL;
		mmput(mm);
		return err;
	}
	wait_for_completion(&locked);
	return 0;
}

static void rogue_exit(void)
{
	if (!thread)
		return;
	kthread_stop(thread);
	mmput(mm);
	dma_buf_put(dmabuf);
}

static int __init rogue_init(void)
{
	int err = -EINVAL;

	device.release = device_freed;
	if (fd >= 0)
		dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (!strcmp(what, "unnamed_device"))
		err = unnamed_device();
	else if (!strcmp(what, "unnamed_exporter"))
		err = unnamed_exporter();
	else if (!strcmp(what, "forget"))
		err = forget();
	else if (!strcmp(what, "lock"))
		err = lock();
	/* The buffer must not outlive this module's device. */
	if (!thread && dmabuf) {
		dma_buf_put(dmabuf);
		dmabuf = NULL;
	}
	return err;
}
module_init(rogue_init);
module_exit(rogue_exit);

MODULE_DESCRIPTION("Breaks the rules of dma-buf, for tests of dmabuf_tools.ko");
MODULE_LICENSE("GPL");
MODULE_INFO(import_ns, "DMA_BUF");	/* MODULE_IMPORT_NS() differs between kernels */
