// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting of all dma-bufs; see accounting.h.
 *
 * Live buffers, by file, and live attachments, by address, are in one table of slots without a
 * lock. A slot is claimed by compare-and-exchange and never moves, so a look-up walks from the
 * key's place over at most PROBES slots, past empty ones. This is sound, because no look-up races
 * with a change of the same key: the caller of attach, map or release owns the object. Only the
 * scan at load finds the objects of others; during the scan, all changes take scan_lock.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "accounting.h"
#include "compat.h"
#include "module.h"

/* At half the slots in use, linear probing's longest run among 65,536 is about 60. */
#define PROBES	128

#define CLAIMED	((void *)1)	/* key of an incomplete slot */

static unsigned int slots = 65536;
module_param_named(accounting_slots, slots, uint, 0444);
MODULE_PARM_DESC(accounting_slots,
		 "slots for live buffers and attachments, 32 bytes each; best twice their number (default 65536)");

struct slot {
	const void *key;	/* NULL: free */
	u64 ino;
	union {
		u64 size;		/* of a buffer */
		struct {		/* of an attachment */
			atomic_t mappings;
			bool gone;	/* detached during the scan, which may still find it */
		};
	};
	union {
		struct acct_exporter *exporter;
		struct acct_device *device;
		void *owner;
	};
};

struct acct *acct;
static struct slot *table;
static u32 table_mask;
#define HINT_BITS	8
static struct acct_exporter *exporter_hints[1 << HINT_BITS];
static struct acct_device *device_hints[1 << HINT_BITS];
static DEFINE_RAW_SPINLOCK(names_lock);
static DEFINE_RAW_SPINLOCK(scan_lock);
static bool marking;	/* until the scan's end: detached attachments get the mark gone */
static bool scanning;	/* until no mark is left: changes take scan_lock */
static void (*new_name)(void);	/* called for a new name */

/* Arrays of one allocation: an attachment's owner is a device. */
static bool is_attachment(const struct slot *slot)
{
	return slot->owner >= (void *)acct->devices;
}

/* hash_ptr() with a constant shift: accounting_slots is at most 2^32. */
static inline u32 place_of_key(const void *key)
{
	return ((u64)(unsigned long)key * GOLDEN_RATIO_64 >> 32) & table_mask;
}

static inline struct slot *find(const void *key)
{
	u32 at = place_of_key(key), i;

	for (i = 0; i < PROBES; i++, at = (at + 1) & table_mask)
		if (READ_ONCE(table[at].key) == key)
			return &table[at];
	return NULL;
}

/*
 * Compare by words, because an attach spends most time here. A word is read only if all words
 * before are equal, so no word after the end of @name is read. False also for some equal names:
 * unsafe to read by words, or truncated.
 */
static inline bool same_name(const struct acct_name *stored, const char *name)
{
	const unsigned long *words = (const unsigned long *)stored->text;
	u32 i;

	if (unlikely(offset_in_page(name) > PAGE_SIZE - ACCT_NAME_LEN))
		return false;
	for (i = 0; i < stored->words; i++)
		if (read_word_at_a_time(name + i * sizeof(*words)) != words[i])
			return false;
	return !((read_word_at_a_time(name + i * sizeof(*words)) ^ words[i]) & stored->last);
}

static void store_name(struct acct_name *stored, const char *name)
{
	ssize_t len = strscpy(stored->text, name, sizeof(stored->text));

	if (len < 0)
		len = sizeof(stored->text) - 1;
	stored->words = len / sizeof(long);
	memset(&stored->last, 0xff, len % sizeof(long) + 1);
}

/*
 * Return the place of a name in an array of structs that start with a name. Names of drivers and
 * devices may be in reused memory, so the address is only a hint.
 */
static void *place_of(const char *name, void *things, size_t size, u32 *used, u32 room)
{
	u32 i, n;

	if (!*name)
		return things;
	/* Before the names: pairs with the release below */
	n = smp_load_acquire(used);
	for (i = ACCT_OTHER + 1; i < n; i++)
		if (!strncmp(things + i * size, name, ACCT_NAME_LEN - 1))
			return things + i * size;
	if (n == room)
		return things;
	raw_spin_lock(&names_lock);
	for (; i < *used; i++)
		if (!strncmp(things + i * size, name, ACCT_NAME_LEN - 1))
			break;
	if (i == room) {
		i = ACCT_OTHER;
	} else if (i == *used) {
		store_name(things + i * size, name);
		/* After the name, which is read without the lock */
		smp_store_release(used, i + 1);
		new_name();
	}
	raw_spin_unlock(&names_lock);
	return things + i * size;
}

static inline struct acct_exporter *exporter_of(const char *name)
{
	struct acct_exporter **hint = &exporter_hints[hash_ptr(name, HINT_BITS)];
	struct acct_exporter *exporter = READ_ONCE(*hint);

	if (unlikely(!exporter || !same_name(&exporter->name, name))) {
		exporter = place_of(name, acct->exporters, sizeof(*exporter), &acct->n_exporters,
				    ACCT_EXPORTERS);
		WRITE_ONCE(*hint, exporter);
	}
	return exporter;
}

static inline struct acct_device *device_of(struct device *dev)
{
	struct acct_device **hint = &device_hints[hash_ptr(dev, HINT_BITS)];
	struct acct_device *device = READ_ONCE(*hint);
	const char *name = name_of_device(dev);

	if (unlikely(!device || !same_name(&device->name, name))) {
		device = place_of(name, acct->devices, sizeof(*device), &acct->n_devices,
				  ACCT_DEVICES);
		WRITE_ONCE(*hint, device);
	}
	return device;
}

static inline void raise_peak(atomic64_t *peak, s64 value)
{
	s64 old = atomic64_read(peak);

	while (unlikely(value > old) && !atomic64_try_cmpxchg(peak, &old, value))
		;
}

static void take_off(struct slot *slot)
{
	struct acct_device *device = slot->device;

	atomic64_dec(&device->attachments);
	if (unlikely(atomic_read(&slot->mappings)))
		atomic64_sub(atomic_read(&slot->mappings), &device->mappings);
}

static void take_out(struct slot *slot)
{
	struct acct_exporter *exporter = slot->exporter;

	atomic64_dec(&acct->buffers);
	atomic64_dec(&exporter->buffers);
	atomic64_sub(slot->size, &acct->bytes);
	atomic64_sub(slot->size, &exporter->bytes);
}

/*
 * Drop the object of a slot, whose end was missed by a disabled hook. Return false if the slot
 * belongs to another object now.
 */
static noinline bool drop(struct slot *slot, const void *key, u64 ino)
{
	if (cmpxchg(&slot->key, key, CLAIMED) != key)
		return false;
	if (slot->ino != ino) {
		smp_store_release(&slot->key, key);	/* unchanged again */
		return false;
	}
	if (is_attachment(slot))
		take_off(slot);
	else
		take_out(slot);
	atomic64_inc(&acct->missed);
	return true;
}

/* Claim a slot for a new object at the address @key: a slot with @key is of an old object. */
static inline struct slot *claim(const void *key)
{
	u32 at = place_of_key(key), i;

	for (i = 0; i < PROBES; i++, at = (at + 1) & table_mask) {
		struct slot *slot = &table[at];
		const void *old = READ_ONCE(slot->key);

		if (!old && !cmpxchg(&slot->key, NULL, CLAIMED))
			return slot;
		if (unlikely(old == key) && drop(slot, key, slot->ino))
			return slot;
	}
	atomic64_inc(&acct->missed);
	return NULL;
}

static inline void release(struct slot *slot)
{
	/* The next owner writes to the slot after these reads */
	smp_store_release(&slot->key, NULL);
}

static struct slot *add_buffer(const struct file *file, const struct dma_buf *dmabuf)
{
	struct acct_exporter *exporter = exporter_of(dmabuf->exp_name ?: "");
	struct slot *slot = claim(file);

	if (!slot)
		return NULL;
	slot->ino = file_inode(file)->i_ino;
	slot->size = dmabuf->size;
	slot->exporter = exporter;
	/* After all fields: pairs with acct_next() */
	smp_store_release(&slot->key, file);
	atomic64_inc(&acct->buffers);
	atomic64_inc(&exporter->buffers);
	raise_peak(&acct->bytes_peak, atomic64_add_return(dmabuf->size, &acct->bytes));
	raise_peak(&exporter->bytes_peak, atomic64_add_return(dmabuf->size, &exporter->bytes));
	return slot;
}

void acct_export(struct dma_buf *dmabuf)
{
	/* The scan cannot find the buffer yet: no descriptor exists. */
	struct slot *slot = add_buffer(dmabuf->file, dmabuf);

	atomic64_inc(&acct->exports_total);
	if (slot)
		atomic64_inc(&slot->exporter->exports_total);
}

void acct_release(const struct file *file)
{
	struct slot *slot;

	/* A failed export also releases its file. */
	if (!file->private_data)
		return;
	slot = find(file);
	if (!slot) {
		atomic64_inc(&acct->unknown_releases_total);
		return;
	}
	take_out(slot);
	atomic64_inc(&acct->releases_total);
	release(slot);
}

void acct_found(const struct file *file)
{
	if (!find(file))
		add_buffer(file, file->private_data);
}

static __always_inline struct slot *add_attachment(struct dma_buf_attachment *attach)
{
	struct acct_device *device = device_of(attach->dev);
	struct slot *slot = claim(attach);

	if (!slot)
		return NULL;
	slot->ino = file_inode(attach->dmabuf->file)->i_ino;
	atomic_set(&slot->mappings, 0);
	slot->gone = false;
	slot->device = device;
	/* After all fields: pairs with acct_next() */
	smp_store_release(&slot->key, attach);
	atomic64_inc(&device->attachments);
	return slot;
}

/* During the scan. @hook: called by the attach, so that an existing slot is of an old object. */
static noinline struct slot *add_attachment_once(struct dma_buf_attachment *attach, bool hook)
{
	struct slot *slot;

	raw_spin_lock(&scan_lock);
	slot = find(attach);
	if (slot && slot->gone && hook) {
		release(slot);
		slot = NULL;
	}
	if (!slot)
		slot = add_attachment(attach);
	raw_spin_unlock(&scan_lock);
	return slot;
}

void acct_attach(struct dma_buf_attachment *attach)
{
	struct slot *slot;

	/* Pairs with the release at the end of the scan */
	if (likely(!smp_load_acquire(&scanning)))
		slot = add_attachment(attach);
	else
		slot = add_attachment_once(attach, true);

	if (slot)
		atomic64_inc(&slot->device->attach_total);
}

/*
 * If the hook is the function's entry, the scan may still find the attachment in the buffer's list
 * after this: the mark gone prevents a new slot.
 */
static noinline void detach_while_scanning(struct dma_buf_attachment *attach)
{
	struct slot *slot;

	raw_spin_lock(&scan_lock);
	slot = find(attach);
	if (!slot)
		slot = add_attachment(attach);
	if (slot) {
		take_off(slot);
		if (marking)
			slot->gone = true;
		else
			release(slot);
	}
	raw_spin_unlock(&scan_lock);
}

void acct_detach(struct dma_buf_attachment *attach)
{
	struct slot *slot;

	/* As in acct_attach() */
	if (unlikely(smp_load_acquire(&scanning))) {
		detach_while_scanning(attach);
		return;
	}
	slot = find(attach);
	if (slot) {
		take_off(slot);
		release(slot);
	} else if (!compat_attach_failed(attach)) {
		atomic64_inc(&acct->unknown_detaches);
	}
}

static inline void count_map(struct slot *slot, bool mapped, u64 ns)
{
	struct acct_device *device = slot->device;

	atomic64_add(ns, &device->map_ns_total);
	atomic64_inc(&device->map_buckets[min_t(u32, ilog2(ns | 1), OP_BUCKETS - 1)]);
	if (likely(mapped)) {
		atomic_inc(&slot->mappings);
		atomic64_inc(&device->mappings);
	} else {
		atomic64_inc(&device->map_errors_total);
	}
}

/* An attachment from before the hooks, on a buffer without an fd and a mapping. */
static noinline void map_unknown(struct dma_buf_attachment *attach, bool mapped, u64 ns)
{
	struct slot *slot = add_attachment_once(attach, false);

	if (slot)
		count_map(slot, mapped, ns);
}

void acct_map(struct dma_buf_attachment *attach, bool mapped, u64 ns)
{
	struct slot *slot = find(attach);

	if (likely(slot))
		count_map(slot, mapped, ns);
	else
		map_unknown(attach, mapped, ns);
}

void acct_unmap(struct dma_buf_attachment *attach)
{
	struct slot *slot = find(attach);

	if (likely(slot && atomic_dec_if_positive(&slot->mappings) >= 0))
		atomic64_dec(&slot->device->mappings);
	else
		atomic64_inc(&acct->unknown_unmaps);
}

u64 acct_map_total(const struct acct_device *device)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < OP_BUCKETS; i++)
		sum += atomic64_read(&device->map_buckets[i]);
	return sum;
}

bool acct_next(enum acct_kind kind, loff_t *at, struct acct_row *row)
{
	for (; *at <= table_mask; ++*at) {
		struct slot *slot = &table[*at];
		bool attachment = kind == ACCT_ATTACHMENT;
		const void *key;

		/* Before the rest: pairs with add_buffer() and add_attachment() */
		key = smp_load_acquire(&slot->key);
		if (!key || key == CLAIMED || is_attachment(slot) != attachment ||
		    (attachment && slot->gone))
			continue;
		row->file = key;
		row->ino = slot->ino;
		row->size = slot->size;
		row->mappings = atomic_read(&slot->mappings);
		row->name = attachment ? slot->device->name.text : slot->exporter->name.text;
		/* If the slot has a new owner, the fields may be of both: read the key last. */
		smp_rmb();
		if (READ_ONCE(slot->key) != key)
			continue;
		++*at;
		return true;
	}
	return false;
}

/*
 * Return whether an open file is the buffer's: another file may have the memory now. A new file
 * gets its inode late, then its buffer; the buffer gets its file last.
 */
static bool is_of(const struct file *file, u64 ino)
{
	const struct inode *inode = READ_ONCE(file->f_inode);
	const struct dma_buf *dmabuf;

	if (!inode || inode->i_sb->s_magic != DMA_BUF_MAGIC || inode->i_ino != ino)
		return false;
	dmabuf = READ_ONCE(file->private_data);
	return dmabuf && READ_ONCE(dmabuf->file) == file;
}

/*
 * Files are freed after RCU, or their memory stays a file: a recent pointer is readable. An older
 * pointer, with a missed release, belongs to another file now.
 */
struct file *acct_file(loff_t at, const struct acct_row *row)
{
	struct slot *slot = &table[at - 1];
	struct file *file = NULL;

	rcu_read_lock();
	if (READ_ONCE(slot->key) == row->file)
		file = compat_get_file_active((struct file *)row->file);
	rcu_read_unlock();
	if (!file || is_of(file, row->ino))
		return file;
	if (drop(slot, row->file, row->ino))
		release(slot);
	fput(file);
	return NULL;
}

static void found_holder(const struct holder *holder, void *ctx)
{
	acct_found(holder->file);
}

/* The attachments of a buffer are missed if its reservation stays locked. */
static void scan_attachments(struct dma_buf *dmabuf, unsigned int *tries)
{
	struct dma_buf_attachment *attach;
	unsigned int try;

	for (try = 0; !dma_resv_trylock(dmabuf->resv); try++)
		if (!try_again(try, tries)) {
			atomic64_inc(&acct->missed);
			return;
		}
	list_for_each_entry(attach, &dmabuf->attachments, node)
		add_attachment_once(attach, false);
	dma_resv_unlock(dmabuf->resv);
}

/* A chunk of slots at a time: the lock switches preemption off, and a table may be large. */
static void release_gone(void)
{
	u32 at, i;

	raw_spin_lock(&scan_lock);
	marking = false;
	raw_spin_unlock(&scan_lock);
	for (at = 0; at <= table_mask; at += PROBES) {
		raw_spin_lock(&scan_lock);
		for (i = at; i < at + PROBES; i++) {
			/* Before the rest: exports take no lock */
			const void *key = smp_load_acquire(&table[i].key);

			if (key && key != CLAIMED && is_attachment(&table[i]) && table[i].gone)
				release(&table[i]);
		}
		raw_spin_unlock(&scan_lock);
		cond_resched();
	}
	smp_store_release(&scanning, false);	/* after the released slots */
}

/* A stuck driver may hold the locks of many processes and buffers: do not wait for each. */
#define SCAN_TRIES	1000

void acct_scan(void)
{
	unsigned int tries = SCAN_TRIES;
	struct acct_row row;
	struct task_struct *leader;
	struct file *file;
	pid_t tgid = 1;
	loff_t at = 0;

	for (; (leader = holders_next(&tgid)); tgid++) {
		if (!holders_of(leader, found_holder, NULL, &tries))
			atomic64_inc(&acct->missed);
		put_task_struct(leader);
		cond_resched();
	}
	while (acct_next(ACCT_BUFFER, &at, &row)) {
		file = acct_file(at, &row);
		if (file) {
			scan_attachments(file->private_data, &tries);
			fput(file);
		}
		cond_resched();
	}
	release_gone();
}

int acct_alloc(void (*named)(void))
{
	if (slots > ACCT_MAX_SLOTS)
		return -EINVAL;
	table_mask = roundup_pow_of_two(max(slots, 2u * PROBES)) - 1;
	acct = vzalloc(sizeof(*acct));
	table = vzalloc(array_size(table_mask + 1, sizeof(*table)));
	if (!acct || !table) {
		acct_free();
		return -ENOMEM;
	}
	/* So that same_name() is false for the other names of place 0 */
	store_name(&acct->exporters[ACCT_OTHER].name, "");
	store_name(&acct->devices[ACCT_OTHER].name, "");
	acct->n_exporters = ACCT_OTHER + 1;
	acct->n_devices = ACCT_OTHER + 1;
	new_name = named;
	scanning = true;
	marking = true;
	return 0;
}

void acct_free(void)
{
	vfree(table);
	vfree(acct);
	acct = NULL;
}
