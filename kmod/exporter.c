// SPDX-License-Identifier: GPL-2.0
/* /dev/dmabuf_tools/exporter: makes buffers (buffer.c) by dma-heap's ioctl and by its own. */
#include <linux/debugfs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>
#include <uapi/linux/dma-heap.h>

#include "buffer.h"
#include "compat.h"
#include "dmabuf_tools_uapi.h"
#include "module.h"

struct op_counters exporter_counters;

/*
 * Gives the caller a descriptor of @dmabuf, whose reference this takes over: stores it in *@fd,
 * a field of @data, and copies @size bytes of that to @out. Nothing is left if that fails.
 */
static int give_fd(struct dma_buf *dmabuf, u32 fd_flags, s32 *fd, void __user *out,
		   const void *data, size_t size)
{
	int err;

	err = get_unused_fd_flags(fd_flags & O_CLOEXEC);
	if (err < 0)
		goto put;
	*fd = err;
	if (copy_to_user(out, data, size)) {
		err = -EFAULT;
		goto put_fd;
	}
	compat_fd_install(dmabuf, *fd);
	return 0;

put_fd:
	put_unused_fd(*fd);
put:
	dma_buf_put(dmabuf);
	return err;
}

/*
 * As dma-heap does it, structures of other sizes, which older and newer clients may have, are
 * understood: what is missing is 0, what is more is ignored.
 */
static int ioctl_heap_alloc(unsigned int cmd, void __user *arg)
{
	size_t size = min_t(size_t, _IOC_SIZE(cmd), sizeof(struct dma_heap_allocation_data));
	struct dma_heap_allocation_data data = {};
	struct dma_buf *dmabuf;

	if (_IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE) || size < offsetofend(typeof(data), fd))
		return -ENOTTY;
	if (copy_from_user(&data, arg, size))
		return -EFAULT;
	if (data.fd || data.heap_flags & ~DMA_HEAP_VALID_HEAP_FLAGS)
		return -EINVAL;
	dmabuf = buffer_export(data.len, 0, data.fd_flags, "");
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	return give_fd(dmabuf, data.fd_flags, (s32 *)&data.fd, arg, &data, size);
}

static int ioctl_export(void __user *arg)
{
	struct dmabuf_tools_export data;
	struct dma_buf *dmabuf;

	if (copy_from_user(&data, arg, sizeof(data)))
		return -EFAULT;
	if (data.fd || data.reserved || strnlen(data.name, sizeof(data.name)) == sizeof(data.name))
		return -EINVAL;
	dmabuf = buffer_export(data.size, data.flags, data.fd_flags, data.name);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	return give_fd(dmabuf, data.fd_flags, &data.fd, arg, &data, sizeof(data));
}

static int ioctl_invalidate(void __user *arg)
{
	struct dmabuf_tools_invalidate data;
	struct dma_buf *dmabuf;
	int err;

	if (copy_from_user(&data, arg, sizeof(data)))
		return -EFAULT;
	if (data.reserved)
		return -EINVAL;
	dmabuf = dma_buf_get(data.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = buffer_invalidate(dmabuf);
	dma_buf_put(dmabuf);
	return err;
}

static long exporter_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_TYPE(cmd) == DMA_HEAP_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return ioctl_heap_alloc(cmd, (void __user *)arg);
	switch (cmd) {
	case DMABUF_TOOLS_IOC_EXPORT:
		return ioctl_export((void __user *)arg);
	case DMABUF_TOOLS_IOC_INVALIDATE:
		return ioctl_invalidate((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations exporter_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = exporter_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

struct miscdevice exporter_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_tools_exporter",
	.nodename = "dmabuf_tools/exporter",
	.mode = 0600,
	.fops = &exporter_fops,
};

int exporter_init(void)
{
	struct dentry *dir = debugfs_create_dir("exporter", module_debugfs);

	inject_init();
	op_counters_files(&exporter_counters, dir);
	log_file(dir);
	checked_file(dir);
	return 0;
}
