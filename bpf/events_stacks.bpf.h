/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks that led to an event. Part of events.bpf.c. A stack is told once, and
 * from then on a number. Kernel frames are told as they are. A user's stack is unwound in user
 * space (cli/events/stacks.c), from a copy of its memory and the mappings of code that it
 * points to; its number is a hash of all that may be a return address in there, so that the copy
 * is told only where something is new.
 */
#ifndef EVENTS_STACKS_BPF_H
#define EVENTS_STACKS_BPF_H

#include "events_tables.bpf.h"

#define CHUNK_WORDS	(STACK_CHUNK / 8)

/* What lies at an address of the current process */
struct code {
	__u64 start, end, offset;	/* offset: of start in the file */
	struct stack_file_key key;
	__u64 mnt, dentry;		/* its path */
	__u32 executable;
	__u32 n_names;
};

/*
 * What is known of the task's stacks. A program's stack has no room for it, and the verifier would
 * look at each value of each number there; nor may it be a CPU's, since fentry programs are
 * preempted.
 */
struct walk {
	__u64 kernel, user;		/* numbers that were found, 0 none */
	struct user_place place;	/* of the user's stack */
	__u64 base, top;		/* of the chunk that it begins in; where to stop */
	__u64 start, end;		/* of code, where the last word pointed to */
	__u64 data_start, data_end;	/* the same of what is no code */
	__u64 hash;
	__u32 busy;			/* somebody changes the maps: what is code is not known */
	__u32 pad;
	__u64 mm;			/* that the maps are of */
	struct stack_map maps[STACK_MAPS];
	struct code code;
	struct ring_file file;
	struct ring_frames frames;
	__u64 words[CHUNK_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct walk);
} walks SEC(".maps");

/* Numbers of stacks that were told */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STACK_MAX_SEEN);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} stacks_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STACK_MAX_FILES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct stack_file_key);
	__type(value, __u32);
} stack_files SEC(".maps");

static __always_inline struct walk *get_walk(__u64 flags)
{
	return bpf_task_storage_get(&walks, bpf_get_current_task_btf(), 0, flags);
}

/* Where it has no room, a stack is told again and again. */
static __always_inline void now_seen(__u64 number)
{
	__u32 one = 1;

	bpf_map_update_elem(&stacks_seen, &number, &one, BPF_ANY);
}

/* Returns the number of the current kernel stack, told of by then; 0 if that failed. */
static __always_inline __u64 kernel_stack(struct walk *w, __u32 event)
{
	struct ring_frames *out = &w->frames;
	__u64 number = mix(settings.seed, event);
	long n;
	__u32 i;

	n = bpf_get_task_stack(bpf_get_current_task_btf(), out->frames, sizeof(out->frames), 0);
	if (n <= 0)
		return 0;
	n = (__u64)n / 8;
	for (i = 0; i < EVENT_FRAMES_MAX; i++) {
		if (i >= n)
			break;
		number = mix(number, out->frames[i]);
	}
	number = (number & ~STACK_PROVISIONAL) | 1;
	if (bpf_map_lookup_elem(&stacks_seen, &number))
		return number;
	out->time = bpf_ktime_get_ns();
	out->number = number;
	out->n = n;
	out->event = event;
	out->type = RING_FRAMES;
	if (bpf_ringbuf_output(&ring, out, sizeof(*out), BPF_RB_NO_WAKEUP))
		return 0;
	now_seen(number);
	count(&tables.counts.stacks_told);
	return number;
}

static long find_code(struct task_struct *task, struct vm_area_struct *vma, struct walk **ctx)
{
	struct file *file = vma->vm_file;
	struct code *c = &(*ctx)->code;
	struct inode *inode;

	c->start = vma->vm_start;
	c->end = vma->vm_end;
	c->executable = vma->vm_flags & VM_EXEC;
	c->dentry = 0;
	if (!file || !c->executable)
		return 0;
	c->offset = vma->vm_pgoff << (settings.page_shift & 63);
	inode = BPF_CORE_READ(file, f_inode);
	c->key.ino = BPF_CORE_READ(inode, i_ino);
	c->key.size = BPF_CORE_READ(inode, i_size);
	c->key.mtime = compat_inode_mtime(inode);
	c->key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	compat_file_path(file, &c->mnt, &c->dentry);
	c->n_names = 0;
	return 0;
}

/* One name of a path, from its end, or one step to what is mounted where. */
static long read_name(__u32 i, struct walk **ctx)
{
	struct code *c = &(*ctx)->code;
	struct dentry *dentry = (void *)c->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct vfsmount *mnt = (void *)c->mnt;
	__u32 n = c->n_names;

	if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
		struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(m, mnt_parent);

		if (above == m)
			return 1;
		c->dentry = (__u64)BPF_CORE_READ(m, mnt_mountpoint);
		c->mnt = (__u64)above + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	if (dentry == parent || !parent || n >= STACK_NAMES)
		return 1;
	/* After that test clang would drop the mask, which 6.1's verifier needs. */
	asm volatile("" : "+r"(n));
	bpf_probe_read_kernel_str((*ctx)->file.names[n & (STACK_NAMES - 1)], STACK_NAME,
				  BPF_CORE_READ(dentry, d_name.name));
	c->n_names = n + 1;
	c->dentry = (__u64)parent;
	return 0;
}

/*
 * The number of the file that the walk's code lies in, told of first; 0 if that cannot be. This
 * and the following are not inlined so that they are verified once.
 */
__noinline int file_number(void)
{
	struct walk *w = settings.stacks ? get_walk(0) : NULL;
	__u32 *known, number;

	if (!w)
		return 0;
	known = bpf_map_lookup_elem(&stack_files, &w->code.key);
	if (known)
		return *known;
	number = __sync_fetch_and_add(&tables.files, 1) + 1;
	if (number > STACK_MAX_FILES)
		return 0;
	bpf_loop(2 * STACK_NAMES, read_name, &w, 0);
	w->file.start = w->code.start;
	w->file.end = w->code.end;
	w->file.size = w->code.key.size;
	w->file.mtime = w->code.key.mtime;
	w->file.ino = w->code.key.ino;
	w->file.dev = w->code.key.dev;
	w->file.pid = bpf_get_current_pid_tgid() >> 32;
	w->file.number = number;
	w->file.n_names = w->code.n_names;
	w->file.type = RING_FILE;
	if (bpf_ringbuf_output(&ring, &w->file, sizeof(w->file), BPF_RB_NO_WAKEUP))
		return 0;
	/* Another CPU may have told of it meanwhile: one number, or equal stacks would differ */
	if (bpf_map_update_elem(&stack_files, &w->code.key, &number, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&stack_files, &w->code.key);
		if (known)
			return *known;
	}
	return number;
}

/* Whether it is code, or may be; its mapping is kept then. */
__noinline int is_code(__u64 address)
{
	struct walk *w = settings.stacks ? get_walk(0) : NULL;
	__u32 i, at, number;
	struct code *c;
	long err;

	if (!w)
		return 0;
	if (w->busy)
		return 1;
	err = bpf_find_vma(bpf_get_current_task_btf(), address, find_code, &w, 0);
	if (err == -2)
		return 0;
	if (err) {
		w->busy = 1;
		return 1;
	}
	c = &w->code;
	if (!c->executable) {
		w->data_start = c->start;
		w->data_end = c->end;
		return 0;
	}
	w->start = c->start;
	w->end = c->end;
	number = c->dentry ? file_number() : 0;
	w->hash = mix(w->hash, number);
	_Pragma("nounroll") for (i = 0; i < STACK_PROBES; i++) {
		at = (hash_address(c->start) + i) & (STACK_MAPS - 1);
		if (!w->maps[at].start || w->maps[at].start == c->start)
			break;
	}
	w->maps[at].start = c->start;
	w->maps[at].end = c->end;
	w->maps[at].first = number ? (__u64)number << 48 | c->offset : 0;
	return 1;
}

static long look_at_word(__u32 i, struct walk **ctx)
{
	struct walk *w = *ctx;
	__u64 at = w->base + i * 8ULL, word;

	if (!(i & (CHUNK_WORDS - 1)) &&
	    bpf_probe_read_user(w->words, sizeof(w->words), (void *)at))
		return 1;
	word = w->words[i & (CHUNK_WORDS - 1)];
	/* Neither small numbers nor addresses in the stack itself are code */
	if (at < w->place.sp || word < 65536 || word >> 48 || word - w->base < 1 << 20 ||
	    (word >= w->data_start && word < w->data_end))
		return 0;
	if ((word >= w->start && word < w->end) || is_code(word))
		w->hash = mix(w->hash, word ^ (__u64)i << 48);
	return 0;
}

/*
 * Where the stack ends, if that is nearer than what may be copied: what lies above are arguments
 * and environment of a process, or no stack at all.
 */
static __always_inline void find_top(struct walk *w, struct mm_struct *mm)
{
	__u64 sp = w->place.sp, main = mm->start_stack;

	w->top = w->base + STACK_COPY;
	if (main > sp && main < w->top)
		w->top = main;
	else if (!bpf_find_vma(bpf_get_current_task_btf(), sp, find_code, &w, 0) &&
		 w->code.end < w->top)
		w->top = w->code.end;
}

/* Tells of the stack that was looked at. False if there was no room. */
static __always_inline bool tell_copy(struct walk *w, __u32 event)
{
	struct ring_copy *out;
	__u32 i;

	/* Events go first */
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >
	    bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / 2)
		return false;
	out = bpf_ringbuf_reserve(&ring, sizeof(*out), 0);
	if (!out)
		return false;
	out->time = bpf_ktime_get_ns();
	out->number = w->hash;
	out->ip = w->place.ip;
	out->sp = w->place.sp;
	out->fp = w->place.fp;
	out->link = w->place.link;
	out->pid = bpf_get_current_pid_tgid() >> 32;
	out->event = event;
	out->busy = w->busy;
	out->type = RING_COPY;
	bpf_probe_read_kernel(out->maps, sizeof(out->maps), w->maps);
	for (i = 0; i < STACK_COPY / STACK_CHUNK; i++)
		if (w->base + i * STACK_CHUNK >= w->top ||
		    bpf_probe_read_user(out->bytes + i * STACK_CHUNK, STACK_CHUNK,
					(void *)w->base + i * STACK_CHUNK))
			break;
	out->chunks = i;
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	return true;
}

/* Finds the number of the current user stack, told of by then. Returns 0, 1 if that failed. */
__noinline int user_stack(__u32 event)
{
	struct walk *w = settings.stacks & STACKS_USER ? get_walk(0) : NULL;
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 mm, number;

	if (!w || !has_user_registers(task))
		return 0;
	compat_user_place(task, (void *)bpf_task_pt_regs(task), &w->place);
	if (!w->place.sp)
		return 0;
	mm = as_number(&w->user, task->mm);
	w->user = 0;
	if (w->mm != mm)
		__builtin_memset(w->maps, 0, sizeof(w->maps));
	w->mm = mm;
	w->base = w->place.sp & ~(__u64)(STACK_CHUNK - 1);
	find_top(w, task->mm);
	w->start = w->end = w->data_start = w->data_end = 0;
	w->busy = 0;
	w->hash = mix(mix(mix(settings.seed, bpf_get_current_pid_tgid() >> 32), w->place.sp),
		      w->place.ip);
	is_code(w->place.ip - 1);
	bpf_loop((w->top - w->base) / 8, look_at_word, &w, 0);
	number = w->hash | STACK_PROVISIONAL;
	w->hash = number;
	if (!bpf_map_lookup_elem(&stacks_seen, &number)) {
		if (!tell_copy(w, event))
			return 1;
		now_seen(number);
		count(&tables.counts.stacks_copied);
	}
	w->user = number;
	return 0;
}

/* Returns the number of the current task's kernel stack, 0 if it cannot be had. */
__noinline __u64 take_kernel_stack(__u32 event)
{
	struct walk *w = get_walk(BPF_LOCAL_STORAGE_GET_F_CREATE);

	return w ? kernel_stack(w, event) : 0;
}

/*
 * Finds the current task's stacks and leaves their numbers in its walk; kernel: that of the
 * kernel's if it was taken already, else 0. Returns 1, 0 if there is none.
 */
__noinline int take_stacks(__u32 event, __u64 kernel)
{
	struct walk *w;

	if (!settings.stacks)
		return 0;
	w = get_walk(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!w) {
		count(&tables.counts.stacks_lost);
		return 0;
	}
	w->kernel = w->user = 0;
	if (settings.stacks & STACKS_KERNEL) {
		w->kernel = kernel ?: kernel_stack(w, event);
		if (!w->kernel)
			count(&tables.counts.stacks_lost);
	}
	if (user_stack(event))
		count(&tables.counts.stacks_lost);
	return 1;
}

/* The record beside an event, of what take_stacks() has found. */
static __always_inline void fill_stack(struct dmabuf_event_stack *out, __u64 now)
{
	struct walk *w = get_walk(0);

	__builtin_memset(out, 0, sizeof(*out));
	out->time = now;
	out->kernel = w ? w->kernel : 0;
	out->user = w ? w->user : 0;
	out->tid = bpf_get_current_pid_tgid();
	out->type = EVENT_STACK;
}

#endif
