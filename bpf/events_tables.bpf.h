/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small numbers for names, the filter, and histograms. Part of events.bpf.c, which includes it.
 * A table's place is found by the kernel's address, a few places from where its hash says; it is
 * taken once, and then only read: no lock, and no helper to call.
 */
#ifndef EVENTS_TABLES_BPF_H
#define EVENTS_TABLES_BPF_H

#define CALL_IOCTL	63	/* no event by itself; all bits of an event's number */

_Static_assert(EVENT_TYPES <= CALL_IOCTL, "calls that are no event follow all events");

const volatile struct events_settings settings;
struct events_tables tables;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* event: one of the list, or CALL_IOCTL, which nobody wants. */
static __always_inline bool wants(__u32 event)
{
	return settings.events & EVENT_BIT(event & CALL_IOCTL);
}

/* An address as a number: the verifier lets nobody calculate with what it knows as a pointer. */
static __always_inline __u64 as_number(volatile __u64 *scratch, const void *pointer)
{
	*scratch = (__u64)pointer;
	return *scratch;
}

#define DIRECT	settings.can_cast
/* A field of what an address points to, by plain loads where that can be. */
#define READ(address, type, field)							\
	(DIRECT ? compat_cast((void *)(address), struct type)->field :			\
	 BPF_CORE_READ((struct type *)(address), field))
#define READ2(address, type, a, b)							\
	(DIRECT ? compat_cast((void *)(address), struct type)->a->b :			\
	 BPF_CORE_READ((struct type *)(address), a, b))
#define READ3(address, type, a, b, c)							\
	(DIRECT ? compat_cast((void *)(address), struct type)->a->b->c :		\
	 BPF_CORE_READ((struct type *)(address), a, b, c))

static __always_inline __u32 hash_address(__u64 key)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> 40;
}

static __always_inline __u64 mix(__u64 hash, __u64 with)
{
	hash = (hash ^ with) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* The key of a place that is being filled, or was given up: no kernel's address */
#define NO_ADDRESS	1

/* Not unrolled: each program has it, and the verifier takes its time by the instruction. */
#define EACH_PROBE(i)	_Pragma("nounroll") for (i = 0; i < EVENTS_PROBES; i++)

/* Whether a name begins with one of the filter's prefixes. */
static __always_inline bool has_prefix(const char *name, const volatile char *prefixes, __u32 n)
{
	__u32 i, j;

	_Pragma("nounroll") for (i = 0; i < EVENTS_PREFIXES; i++) {
		const volatile char *prefix = prefixes + i * EVENTS_PREFIX;
		bool same = i < n;

		for (j = 0; j < EVENTS_PREFIX && same && prefix[j]; j++)
			same = name[j] == prefix[j];
		if (same)
			return true;
	}
	return false;
}

/*
 * The number of a key's place in a table, whose entries begin with it. Negative: one to be filled
 * and published; 0: there is none.
 */
static __always_inline int find_place(void *table, __u32 size, __u32 places, __u64 key)
{
	__u32 hash = hash_address(key), i;

	EACH_PROBE(i) {
		int at = (hash + i) & (places - 1);
		__u64 *place = table + at * size;

		if (*place == key)
			return at + 1;
		if (!*place && !__sync_val_compare_and_swap(place, 0, NO_ADDRESS))
			return -(at + 1);
	}
	return 0;
}

/* With a barrier: who finds the key finds what the place holds. */
static __always_inline void publish(__u64 *place, __u64 key)
{
	__sync_val_compare_and_swap(place, NO_ADDRESS, key);
}

/* The key of a name: no key of an empty or an unfinished place */
static __always_inline __u64 hash_name(const __u64 *words, __u32 n)
{
	__u64 hash = n;
	__u32 i;

	for (i = 0; i < n; i++)
		hash = mix(hash, words[i]);
	return hash | 2;
}

/*
 * Not inlined, because it is slow and rare: the first use of an address. When modules are loaded, a
 * text may move to another address, and another text to this address.
 */
__noinline int take_exporter(__u64 address)
{
	union {
		char text[sizeof(tables.exporters[0].name)];
		__u64 words[sizeof(tables.exporters[0].name) / sizeof(__u64)];
	} name = { 0 };
	struct events_exporter *e;
	int number;
	__u64 key;

	bpf_probe_read_kernel_str(name.text, sizeof(name.text), (void *)address);
	key = hash_name(name.words, sizeof(name) / sizeof(__u64));
	number = find_place(tables.exporters, sizeof(*e), EVENTS_MAX_EXPORTERS, key);
	if (number < 0) {
		number = -number;
		e = &tables.exporters[(number - 1) & (EVENTS_MAX_EXPORTERS - 1)];
		__builtin_memcpy(e->name, name.text, sizeof(e->name));
		e->unwanted = settings.n_exporters &&
			      !has_prefix(e->name, settings.exporters[0], settings.n_exporters);
		publish(&e->key, key);
	}
	tables.hints[hash_address(address) & (EVENTS_MAX_HINTS - 1)] = address << 8 | number;
	return number;
}

/* The number of the exporter whose name is at this address, 0 for none. */
static __always_inline __u32 exporter_number(__u64 address)
{
	__u64 hint = tables.hints[hash_address(address) & (EVENTS_MAX_HINTS - 1)];

	return (hint ^ address << 8) < 256 ? (__u8)hint : take_exporter(address);
}

static __always_inline void read_device(struct events_device *d, __u64 key)
{
	struct device *dev = (void *)key;
	struct device_driver *driver = BPF_CORE_READ(dev, driver);
	const char *name = BPF_CORE_READ(dev, init_name);

	if (!name)
		name = BPF_CORE_READ(dev, kobj.name);
	bpf_probe_read_kernel_str(d->name, sizeof(d->name), name);
	if (driver)
		bpf_probe_read_kernel_str(d->driver, sizeof(d->driver),
					  BPF_CORE_READ(driver, name));
}

/* Apart from take_device(), or the verifier goes through all of that for each place. */
__noinline int device_place(__u64 key)
{
	return find_place(tables.devices, sizeof(tables.devices[0]), EVENTS_MAX_DEVICES, key);
}

static __always_inline bool same_name(const struct events_device *a, const struct events_device *b)
{
	const __u64 *left = (void *)a->name, *right = (void *)b->name;
	__u32 i;

	_Static_assert(!(__builtin_offsetof(struct events_device, name) % 8 | sizeof(a->name) % 8),
		       "names are compared by words");
	for (i = 0; i < sizeof(a->name) / 8; i++)
		if (left[i] != right[i])
			return false;
	return true;
}

__noinline int take_device(__u64 key, int check)
{
	int number = device_place(key);
	struct events_device *d = &tables.devices[(number - 1) & (EVENTS_MAX_DEVICES - 1)];
	struct events_device now = { 0 };

	if (number > 0 && !check)
		return number;
	read_device(&now, key);
	if (number > 0) {
		if (same_name(d, &now))
			return number;
		/* Another stands at the address of one that went, whose place is given up */
		d->key = NO_ADDRESS;
		number = device_place(key);
	}
	if (number >= 0)
		return number;
	number = -number;
	d = &tables.devices[(number - 1) & (EVENTS_MAX_DEVICES - 1)];
	__builtin_memcpy(d->name, now.name, sizeof(now.name));
	__builtin_memcpy(d->driver, now.driver, sizeof(now.driver));
	d->unwanted = settings.n_devices &&
		      !has_prefix(d->name, settings.devices[0], settings.n_devices);
	publish(&d->key, key);
	return number;
}

/* check: the device may be another than the one that was at this address before. */
static __always_inline __u32 device_number(__u64 key, bool check)
{
	__u32 at = hash_address(key) & (EVENTS_MAX_DEVICES - 1);

	/* The key of an empty place */
	if (!key)
		return 0;
	if (!check && tables.devices[at].key == key)
		return at + 1;
	return take_device(key, check);
}

static __always_inline bool device_unwanted(__u32 number)
{
	return settings.filtered && settings.n_devices &&
	       (!number || tables.devices[(number - 1) & (EVENTS_MAX_DEVICES - 1)].unwanted);
}

__noinline int node_number(__u32 rdev)
{
	__u32 i;

	EACH_PROBE(i) {
		__u32 *node = &tables.nodes[(hash_address(rdev) + i) & (EVENTS_MAX_NODES - 1)];

		if (*node == rdev || !__sync_val_compare_and_swap(node, 0, rdev) || *node == rdev)
			return node - tables.nodes + 1;
	}
	return 0;
}

/* Whether a task has registers of user space. A kernel thread may borrow memory of a process. */
static __always_inline bool has_user_registers(struct task_struct *task)
{
	return task->mm && !(task->flags & PF_KTHREAD);
}

/* The device file whose ioctl the current task is in, by its place; 0 none. */
static __always_inline __u32 current_node(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int fd = compat_ioctl_fd(task, (void *)bpf_task_pt_regs(task));
	struct fdtable *table;
	struct file **files, *file;
	__u32 rdev;

	if (fd < 0 || !has_user_registers(task))
		return 0;
	table = BPF_CORE_READ(task, files, fdt);
	if ((__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0;
	rdev = BPF_CORE_READ(file, f_inode, i_rdev);
	return rdev ? node_number(rdev) : 0;
}

/* Of each CPU as many; user space reads them where they are (cli/events/maps.c). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVENTS_MAX_HISTOGRAMS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct events_histogram);
} histograms SEC(".maps");

/* The place of a key; EVENTS_MAX_HISTOGRAMS if there is none left near its own. */
__noinline int take_histogram(__u32 key)
{
	__u32 hash = hash_address(key), i;

	EACH_PROBE(i) {
		__u32 at = (hash + i) & (EVENTS_MAX_HISTOGRAMS - 1);

		if (tables.keys[at] == key)
			return at;
		if (tables.keys[at])
			continue;
		__sync_val_compare_and_swap(&tables.keys[at], 0, key);
		if (tables.keys[at] == key)
			return at;
	}
	return EVENTS_MAX_HISTOGRAMS;
}

static __always_inline struct events_histogram *get_histogram(__u32 key)
{
	__u32 at = hash_address(key) & (EVENTS_MAX_HISTOGRAMS - 1);

	if (tables.keys[at] != key)
		at = take_histogram(key);
	if (at >= EVENTS_MAX_HISTOGRAMS)
		return NULL;
	at += bpf_get_smp_processor_id() * EVENTS_MAX_HISTOGRAMS;
	return bpf_map_lookup_elem(&histograms, &at);
}

static const __u8 highest_bits[256] = {
	[2 ... 3] = 1, [4 ... 7] = 2, [8 ... 15] = 3, [16 ... 31] = 4, [32 ... 63] = 5,
	[64 ... 127] = 6, [128 ... 255] = 7,
};

/* The highest bit that is set; 0 of 0. */
static __always_inline __u32 highest_bit(__u64 n)
{
	__u32 bit = 0;

	if (n >> 32) {
		bit = 32;
		n >>= 32;
	}
	if (n >> 16) {
		bit += 16;
		n >>= 16;
	}
	if (n >> 8) {
		bit += 8;
		n >>= 8;
	}
	return bit + highest_bits[n & 255];
}

/* The filter, as far as it is about tasks */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENTS_MAX_BUFFERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} filter_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, EVENTS_PREFIXES);
	__type(key, __u32);
	__type(value, __u32);
} filter_cgroups SEC(".maps");

/* Buffers exported since the start by somebody who is wanted, and how large they are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENTS_MAX_BUFFERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} buffers SEC(".maps");

static __always_inline bool is_task_wanted(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, i;

	if (settings.by_process && !bpf_map_lookup_elem(&filter_pids, &pid))
		return false;
	if (!settings.by_cgroup)
		return true;
	for (i = 0; i < settings.by_cgroup && i < EVENTS_PREFIXES; i++)
		if (bpf_current_task_under_cgroup(&filter_cgroups, i) == 1)
			return true;
	return false;
}

/* Whether the filter wants what the current task does to a buffer. */
static __always_inline bool is_wanted(__u64 ino, __u64 size, __u32 exporter)
{
	if (!settings.filtered)
		return true;
	if (size < settings.min_size)
		return false;
	if (settings.n_exporters &&
	    (!exporter ||
	     tables.exporters[(exporter - 1) & (EVENTS_MAX_EXPORTERS - 1)].unwanted))
		return false;
	if (!settings.by_process && !settings.by_cgroup)
		return true;
	return is_task_wanted() || bpf_map_lookup_elem(&buffers, &ino);
}

#endif
