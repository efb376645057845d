// SPDX-License-Identifier: GPL-2.0
/* Who has buffers open or mapped: walks over descriptors and address spaces; see accounting.h. */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/fdtable.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "accounting.h"

struct walk {
	struct holder holder;
	void (*found)(const struct holder *holder, void *ctx);
	void *ctx;
};

/* Its inode's superblock tells a dma-buf; one whose export has failed has no buffer. */
static void look_at(struct walk *walk, const struct file *file)
{
	if (file_inode(file)->i_sb->s_magic != DMA_BUF_MAGIC || !file->private_data)
		return;
	walk->holder.file = file;
	walk->found(&walk->holder, walk->ctx);
}

static int look_at_fd(const void *ctx, struct file *file, unsigned int fd)
{
	struct walk *walk = (struct walk *)ctx;

	walk->holder.start = fd;
	look_at(walk, file);
	return 0;
}

/* Whether a thread before @task has its table; threads nearly always share the first one's. */
static bool is_repeated(struct task_struct *leader, const struct task_struct *task)
{
	struct task_struct *before;

	for_each_thread(leader, before) {
		if (before == task)
			break;
		if (READ_ONCE(before->files) == task->files)
			return true;
	}
	return false;
}

static void walk_fds(struct task_struct *leader, struct walk *walk)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_thread(leader, task) {
		task_lock(task);
		if (task->files && !is_repeated(leader, task)) {
			walk->holder.table = task->files;
			iterate_fd(task->files, 0, look_at_fd, walk);
		}
		task_unlock(task);
	}
	rcu_read_unlock();
}

/* The threads' address space, which the leader has left if it has ended before the others. */
static struct mm_struct *get_mm(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	rcu_read_lock();
	for_each_thread(leader, task) {
		mm = get_task_mm(task);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

#define LOCK_TRIES	100

bool try_again(unsigned int try, unsigned int *tries)
{
	if (try == LOCK_TRIES || !*tries || fatal_signal_pending(current))
		return false;
	--*tries;
	usleep_range(1000, 2000);
	return true;
}

static bool lock_mm(struct mm_struct *mm, unsigned int *tries)
{
	unsigned int try;

	if (!tries)
		return !mmap_read_lock_killable(mm);
	for (try = 0; !mmap_read_trylock(mm); try++)
		if (!try_again(try, tries))
			return false;
	return true;
}

static bool walk_mappings(struct task_struct *leader, struct walk *walk, unsigned int *tries)
{
	struct mm_struct *mm = get_mm(leader);
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	bool locked;

	if (!mm)
		return true;
	vma_iter_init(&vmi, mm, 0);
	walk->holder.mapping = true;
	walk->holder.table = mm;
	locked = lock_mm(mm, tries);
	if (locked) {
		for_each_vma(vmi, vma) {
			if (!vma->vm_file)
				continue;
			walk->holder.start = vma->vm_start;
			walk->holder.end = vma->vm_end;
			walk->holder.readable = vma->vm_flags & VM_READ;
			walk->holder.writable = vma->vm_flags & VM_WRITE;
			look_at(walk, vma->vm_file);
		}
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return locked;
}

bool holders_of(struct task_struct *leader, void (*found)(const struct holder *holder, void *ctx),
		void *ctx, unsigned int *tries)
{
	struct walk walk = {
		.holder.leader = leader,
		.holder.tgid = task_pid_nr(leader),
		.found = found,
		.ctx = ctx,
	};

	walk_fds(leader, &walk);
	return walk_mappings(leader, &walk, tries);
}

struct task_struct *holders_next(pid_t *tgid)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	while (!task && (pid = find_ge_pid(*tgid, &init_pid_ns))) {
		*tgid = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		if (task)
			get_task_struct(task);
		else
			++*tgid;
	}
	rcu_read_unlock();
	return task;
}
