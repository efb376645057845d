// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks of the accounting: for each event the cheapest hook of this kernel that misses none.
 * A tracepoint or an ftrace_ops of our own costs about 40 instructions, a kprobe 160, a return
 * probe 460 (7.3, x86); so results and durations are read only if required.
 */
#include <linux/dma-buf.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "accounting.h"
#include "compat.h"

/* Concurrent calls of a function with a return probe; exporters may sleep on a list. */
#define MAX_ACTIVE	1024

/*
 * A function's entry, with arguments: an ftrace_ops if the kernel passes arguments, else a kprobe.
 * Permanent: kernel.ftrace_enabled cannot disable the hook.
 */
struct entry_hook {
	const char *function;
	void (*seen)(unsigned long first, unsigned long second);
#ifdef COMPAT_FTRACE_ARGS
	struct ftrace_ops ops;
#else
	struct kprobe probe;
#endif
};

bool hooks_blind;

static void release_seen(unsigned long inode, unsigned long file)
{
	if (likely(!READ_ONCE(hooks_blind)))
		acct_release((const struct file *)file);
}

static void detach_seen(unsigned long first, unsigned long second)
{
	const struct dma_buf *dmabuf = (const struct dma_buf *)first;
	struct dma_buf_attachment *attach = (struct dma_buf_attachment *)second;

	/* Else the kernel warns, and since 6.2 returns. */
	if (dmabuf && attach && attach->dmabuf == dmabuf)
		acct_detach(attach);
}

static void unmap_seen(unsigned long attach, unsigned long table)
{
	if (attach && table)
		acct_unmap((struct dma_buf_attachment *)attach);
}

#ifdef COMPAT_FTRACE_ARGS

static void notrace entry_called(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				 struct ftrace_regs *regs)
{
	struct entry_hook *hook = container_of(ops, struct entry_hook, ops);

	hook->seen(compat_argument(regs, 0), compat_argument(regs, 1));
}

/*
 * Hook the function's address. The name would be simpler, but ftrace_set_filter() returns success
 * without memory (7.3), and an ops without any function is called for all functions.
 */
static int entry_arm_at(struct entry_hook *hook, kprobe_opcode_t *function, ftrace_func_t called)
{
	int err;

	hook->ops.func = called;
	hook->ops.flags = FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(&hook->ops, (unsigned long)function, 0, 1);
	if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err)
		ftrace_free_filter(&hook->ops);
	return err;
}

static int entry_arm(struct entry_hook *hook, ftrace_func_t called)
{
	/*
	 * A kprobe that is never armed finds the address: the look-up of symbols is not exported.
	 */
	struct kprobe probe = { .symbol_name = hook->function, .flags = KPROBE_FLAG_DISABLED };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	unregister_kprobe(&probe);
	return entry_arm_at(hook, probe.addr, called);
}

static void entry_disarm(struct entry_hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}

static const char *entry_kind(struct entry_hook *hook, u64 *missed)
{
	*missed = 0;
	return "ftrace";
}

#else

static int entry_called(struct kprobe *probe, struct pt_regs *regs)
{
	struct entry_hook *hook = container_of(probe, struct entry_hook, probe);

	hook->seen(regs_get_kernel_argument(regs, 0), regs_get_kernel_argument(regs, 1));
	return 0;
}

static int entry_arm(struct entry_hook *hook, kprobe_pre_handler_t called)
{
	memset(&hook->probe, 0, sizeof(hook->probe));
	hook->probe.symbol_name = hook->function;
	hook->probe.pre_handler = called;
	return register_kprobe(&hook->probe);
}

static void entry_disarm(struct entry_hook *hook)
{
	unregister_kprobe(&hook->probe);
}

static const char *entry_kind(struct entry_hook *hook, u64 *missed)
{
	*missed = hook->probe.nmissed;
	return "kprobe";
}

#endif

/* Results and durations, by ktime_get_ns(): ktime_get_mono_fast_ns() may go backwards. */
struct map_call {
	struct dma_buf_attachment *attach;
	u64 start;
};

static int map_called(struct kretprobe_instance *call, struct pt_regs *regs)
{
	struct map_call *map = (struct map_call *)call->data;

	map->attach = (struct dma_buf_attachment *)regs_get_kernel_argument(regs, 0);
	map->start = ktime_get_ns();
	/* The kernel warns and fails. */
	return !map->attach || !map->attach->dmabuf;
}

static int map_returns(struct kretprobe_instance *call, struct pt_regs *regs)
{
	struct map_call *map = (struct map_call *)call->data;

	acct_map(map->attach, !IS_ERR_OR_NULL((void *)regs_return_value(regs)),
		 ktime_get_ns() - map->start);
	return 0;
}

static int export_returns(struct kretprobe_instance *call, struct pt_regs *regs)
{
	void *dmabuf = (void *)regs_return_value(regs);

	if (!IS_ERR_OR_NULL(dmabuf))
		acct_export(dmabuf);
	return 0;
}

static int attach_returns(struct kretprobe_instance *call, struct pt_regs *regs)
{
	void *attach = (void *)regs_return_value(regs);

	if (!IS_ERR_OR_NULL(attach))
		acct_attach(attach);
	return 0;
}

static void export_traced(void *unused, struct dma_buf *dmabuf)
{
	acct_export(dmabuf);
}

static void attach_traced(void *unused, struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
			  bool dynamic, struct device *dev)
{
	acct_attach(attach);
}

/* An event. The first hook that this kernel has is used: tracepoint, entry, return. */
static struct hook {
	const char *function;
	void *traced;
	void (*entered)(unsigned long first, unsigned long second);
	int (*returns)(struct kretprobe_instance *call, struct pt_regs *regs);
	int (*called)(struct kretprobe_instance *call, struct pt_regs *regs);
	size_t data_size;

	enum { OFF, TRACEPOINT, ENTRY, RETURN } how;
	struct tracepoint *tracepoint;
	struct entry_hook entry;
	struct kretprobe ret;
} hooks[] = {
	{ "dma_buf_file_release", .entered = release_seen },
	{ "dma_buf_detach", .entered = detach_seen },
	{ "dma_buf_unmap_attachment", .entered = unmap_seen },
	{ "dma_buf_export", .traced = export_traced, .returns = export_returns },
	{ "dma_buf_dynamic_attach", .traced = attach_traced, .returns = attach_returns },
	{ "dma_buf_map_attachment", .called = map_called, .returns = map_returns,
	  .data_size = sizeof(struct map_call) },
};

/*
 * A kretprobe. The way from a breakpoint or ftrace to a kprobe takes two thirds of the time before
 * the entry handler. If an ftrace_ops of our own has the required registers, the kprobe stays
 * disabled, and the ftrace_ops calls the kprobe's handler, which makes the function return through
 * ours. debugfs' kprobes/enabled cannot disable the ftrace_ops.
 */
#ifdef COMPAT_FTRACE_RETURN

static void notrace return_entered(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				   struct ftrace_regs *regs)
{
	struct kprobe *probe = &container_of(ops, struct hook, entry.ops)->ret.kp;

	preempt_disable_notrace();
	probe->pre_handler(probe, compat_regs(regs));
	preempt_enable_notrace();
}

#endif

static int return_arm(struct hook *hook)
{
	int err;

	hook->ret = (struct kretprobe) {
		.kp.symbol_name = hook->function,
		.handler = hook->returns,
		.entry_handler = hook->called,
		.data_size = hook->data_size,
		.maxactive = MAX_ACTIVE,
	};
#ifdef COMPAT_FTRACE_RETURN
	hook->ret.kp.flags = KPROBE_FLAG_DISABLED;
#endif
	err = register_kretprobe(&hook->ret);
#ifdef COMPAT_FTRACE_RETURN
	if (err)
		return err;
	err = entry_arm_at(&hook->entry, hook->ret.kp.addr, return_entered);
	if (err)
		unregister_kretprobe(&hook->ret);
#endif
	return err;
}

static void return_disarm(struct hook *hook)
{
#ifdef COMPAT_FTRACE_RETURN
	entry_disarm(&hook->entry);
#endif
	unregister_kretprobe(&hook->ret);
}

static void find_tracepoint(struct tracepoint *tracepoint, void *ctx)
{
	struct hook *hook = ctx;

	if (!strcmp(tracepoint->name, hook->function))
		hook->tracepoint = tracepoint;
}

static int arm(struct hook *hook)
{
	int err = -ENOENT;

	COMPAT_CHECK_PROBE(dma_buf_export, export_traced);
	COMPAT_CHECK_PROBE(dma_buf_dynamic_attach, attach_traced);
	if (hook->traced && COMPAT_TRACEPOINTS) {
		for_each_kernel_tracepoint(find_tracepoint, hook);
		if (hook->tracepoint)
			err = tracepoint_probe_register(hook->tracepoint, hook->traced, NULL);
		if (!err)
			hook->how = TRACEPOINT;
	}
	if (err && hook->entered) {
		hook->entry.function = hook->function;
		hook->entry.seen = hook->entered;
		err = entry_arm(&hook->entry, entry_called);
		if (!err)
			hook->how = ENTRY;
	}
	if (err && hook->returns) {
		err = return_arm(hook);
		if (!err)
			hook->how = RETURN;
	}
	return err;
}

int hooks_arm(const char **what)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		err = arm(&hooks[i]);
		if (err) {
			*what = hooks[i].function;
			hooks_disarm();
			return err;
		}
	}
	return 0;
}

/* Events that create come first, events that end last: no counted object misses its end. */
void hooks_disarm(void)
{
	size_t i = ARRAY_SIZE(hooks);

	while (i--) {
		struct hook *hook = &hooks[i];

		if (hook->how == TRACEPOINT)
			tracepoint_probe_unregister(hook->tracepoint, hook->traced, NULL);
		else if (hook->how == ENTRY)
			entry_disarm(&hook->entry);
		else if (hook->how == RETURN)
			return_disarm(hook);
		hook->how = OFF;
	}
	tracepoint_synchronize_unregister();
	/* Handlers of kprobes and of ftrace were waited for above, preempted ones too. */
}

static const char *kind_of(struct hook *hook, u64 *missed)
{
	*missed = 0;
	if (hook->how == ENTRY)
		return entry_kind(&hook->entry, missed);
	if (hook->how == RETURN) {
		*missed = hook->ret.nmissed + hook->ret.kp.nmissed;
		return "kretprobe";
	}
	return "tracepoint";
}

u64 hooks_missed(void)
{
	u64 missed, sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		kind_of(&hooks[i], &missed);
		sum += missed;
	}
	return sum;
}

void hooks_show(struct seq_file *m)
{
	u64 missed;
	size_t i;

	seq_puts(m, "function hook missed unknown\n");
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		const char *kind = kind_of(&hooks[i], &missed);

		seq_printf(m, "%s %s %llu ", hooks[i].function, kind, missed);
		if (hooks[i].entered)
			seq_printf(m, "%lld\n", atomic64_read(hooks[i].entered == release_seen ?
				   &acct->unknown_releases_total : hooks[i].entered == detach_seen ?
				   &acct->unknown_detaches : &acct->unknown_unmaps));
		else
			seq_puts(m, "-\n");
	}
}
