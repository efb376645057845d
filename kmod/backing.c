// SPDX-License-Identifier: GPL-2.0
/* The memory of the exporter's buffers; see buffer.h. */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "buffer.h"

/* Who asks for too much gets -ENOMEM: no message, no other process ended for it. */
#define BACKING_GFP	(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

static int alloc_contiguous(struct backing *backing, size_t count)
{
	char *memory = alloc_pages_exact(count << PAGE_SHIFT, BACKING_GFP);

	if (!memory)
		return -ENOMEM;
	for (; backing->count < count; backing->count++)
		backing->pages[backing->count] =
			virt_to_page(memory + (backing->count << PAGE_SHIFT));
	return 0;
}

static int alloc_scattered(struct backing *backing, size_t count)
{
	for (; backing->count < count; backing->count++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		backing->pages[backing->count] = alloc_page(BACKING_GFP | __GFP_HIGHMEM);
		if (!backing->pages[backing->count])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

int backing_alloc(struct backing *backing, size_t count, bool contiguous)
{
	int err;

	*backing = (struct backing) {
		.pages = kvmalloc_array(count, sizeof(*backing->pages), GFP_KERNEL),
		.contiguous = contiguous,
	};
	if (!backing->pages)
		return -ENOMEM;
	err = contiguous ? alloc_contiguous(backing, count) : alloc_scattered(backing, count);
	if (err)
		backing_free(backing);
	return err;
}

/* alloc_pages_exact() splits what it returns, so that it can be freed page by page too. */
void backing_free(struct backing *backing)
{
	while (backing->count) {
		__free_page(backing->pages[--backing->count]);
		cond_resched();
	}
	kvfree(backing->pages);
}

int backing_table(const struct backing *backing, struct device *dev, struct sg_table *sgt)
{
	return sg_alloc_table_from_pages_segment(sgt, backing->pages, backing->count, 0,
						 backing->count << PAGE_SHIFT,
						 backing->contiguous ? dma_get_max_seg_size(dev)
								     : PAGE_SIZE, GFP_KERNEL);
}
