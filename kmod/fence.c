// SPDX-License-Identifier: GPL-2.0
/* The importer's fences: a fence on a buffer's reservation that a user or a timer signals. */
#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "dmabuf_tools_uapi.h"
#include "importer.h"

struct import_fence {
	struct dma_fence base;
	spinlock_t lock;	/* dma_fence's own */
	struct hrtimer timer;
	atomic_t signalled;
};

/*
 * A reservation's list of fences is one kmalloc of twice their number, for which the core knows
 * no bound: so many that the allocator WARNs must not come together on one buffer.
 */
static atomic_t unsignalled = ATOMIC_INIT(0);

static const char *driver_name(struct dma_fence *base)
{
	return "dmabuf_tools";
}

static const char *timeline_name(struct dma_fence *base)
{
	return "importer";
}

static void free_fence(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);

	kfree(container_of(base, struct import_fence, base));
	module_put(THIS_MODULE);
}

/* Any context. Whoever looks at a fence under RCU alone may still call its ops. */
static void release(struct dma_fence *base)
{
	call_rcu(&base->rcu, free_fence);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = release,
};

static void signal_once(struct import_fence *fence)
{
	u64 start = ktime_get_ns();

	if (atomic_xchg(&fence->signalled, 1))
		return;
	dma_fence_signal(&fence->base);
	atomic_dec(&unsignalled);
	op_done(&importer_counters, OP_SIGNAL, start, 0);
}

static enum hrtimer_restart timed_out(struct hrtimer *timer)
{
	signal_once(container_of(timer, struct import_fence, timer));
	return HRTIMER_NORESTART;
}

static int add_to_reservation(struct dma_buf *dmabuf, struct dma_fence *base, u32 usage)
{
	int err = dma_resv_lock_interruptible(dmabuf->resv, NULL);

	if (err)
		return err;
	err = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!err)
		dma_resv_add_fence(dmabuf->resv, base, usage);
	dma_resv_unlock(dmabuf->resv);
	return err;
}

struct import_fence *fence_add(struct dma_buf *dmabuf, u32 usage, u64 timeout_ns, int error)
{
	struct import_fence *fence;
	int err;

	if (atomic_inc_return(&unsignalled) > DMABUF_TOOLS_MAX_IDS) {
		err = -ENOSPC;
		goto err_count;
	}
	fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	if (!fence) {
		err = -ENOMEM;
		goto err_count;
	}
	/* The caller's open file holds the module meanwhile. */
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	compat_hrtimer_setup(&fence->timer, timed_out, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	/* A context each: of one context a later fence replaces an earlier. */
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	if (error)
		dma_fence_set_error(&fence->base, error);
	err = add_to_reservation(dmabuf, &fence->base, usage);
	if (err)
		goto err_fence;
	if (timeout_ns)
		hrtimer_start(&fence->timer, ns_to_ktime(timeout_ns), HRTIMER_MODE_REL);
	return fence;

err_fence:
	dma_fence_put(&fence->base);
err_count:
	atomic_dec(&unsignalled);
	return ERR_PTR(err);
}

void fence_remove(struct import_fence *fence)
{
	hrtimer_cancel(&fence->timer);
	signal_once(fence);
	dma_fence_put(&fence->base);
}

void fence_exit(void)
{
	/* free_fence() may still be on its way back from module_put(). */
	rcu_barrier();
}
