// SPDX-License-Identifier: GPL-2.0
/* Differences between kernels that user space knows; see kernel.h. */
#include "source/kernel.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/source.h"

static char *names;			/* names in the kernel's BTF; NULL: not read */
static size_t names_len;

/* Names are the last third of the BTF, a file of some MiB, read page by page. */
static void read_names(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct btf_header head;
	ssize_t n;

	if (fd < 0)
		return;
	if (pread(fd, &head, sizeof(head), 0) == sizeof(head))
		names = malloc(head.str_len);
	names_len = 0;
	while (names && names_len < head.str_len) {
		n = pread(fd, names + names_len, head.str_len - names_len,
			  (off_t)head.hdr_len + head.str_off + names_len);
		if (n <= 0)
			break;
		names_len += n;
	}
	close(fd);
}

bool kernel_mentions(const char *name)
{
	if (!names)
		read_names();
	return names && memmem(names, names_len, name, strlen(name) + 1);
}

void kernel_forget(void)
{
	free(names);
	names = NULL;
}

/* The type of a tracepoint's probes has the tracepoint's name. */
bool kernel_has_tracepoint(const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return kernel_mentions(type);
}

bool kernel_has_dmabuf_iterator(void)
{
	return kernel_mentions("bpf_iter_dmabuf_new");
}

bool kernel_has_cast(void)
{
	return kernel_mentions("bpf_rdonly_cast");
}

bool kernel_has_drm(void)
{
	return !access("/sys/class/drm", F_OK);
}

/* Types of a module are in a file of that module. */
bool kernel_has_prime_types(void)
{
	return !access("/sys/kernel/btf/drm", R_OK) || kernel_mentions("drm_prime_member");
}

bool kernel_has_io_uring(void)
{
	return kernel_mentions("io_ring_ctx");
}

bool kernel_has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe/type", F_OK);
}

bool kernel_has_trampolines(void)
{
	static int known = -1;	/* asked for each call; the kernel's types are some MiB */

	if (known < 0)
		known = kernel_mentions("register_ftrace_direct");
	return known;
}

bool kernel_has_sessions(void)
{
	return kernel_mentions("bpf_session_is_return");
}

/*
 * Probes of returns have room for a number of tasks in the function, ten on small machines, and
 * miss other tasks. Sessions use the function graph, with room in each task, since 6.14
 * (4346ba160409, with the name below). Earlier sessions have less room.
 */
bool kernel_sessions_are_exact(void)
{
	return kernel_has_sessions() && kernel_mentions("fprobe_hlist");
}

/*
 * Before Linux 6.4, with the name below, the kernel may crash if a trampoline is attached to a
 * function in use and an ftrace_ops with registers, such as the module's accounting, follows the
 * function (seen on 6.1).
 */
bool kernel_trampolines_are_fragile(void)
{
	return kernel_mentions("register_ftrace_direct_multi");
}

static bool is_built(const char *how)
{
	struct utsname name;

	uname(&name);
	return strstr(name.version, how);
}

/* By the build and the boot's options. If that changes later, missed events are counted. */
bool kernel_is_preempted(void)
{
	static const char path[] = "/sys/kernel/debug/sched/preempt";
	char *text = NULL;
	size_t room = 0;
	bool preempted = true;

	if (!is_built("PREEMPT"))
		return false;
	/* "none (voluntary) full" */
	if (read_whole(AT_FDCWD, path, &text, &room) > 0)
		preempted = !strstr(text, "(none)") && !strstr(text, "(voluntary)");
	free(text);
	return preempted;
}

bool kernel_spinlocks_sleep(void)
{
	return is_built("PREEMPT_RT");
}

/*
 * struct bpf_link_info of kernels since 6.7, with the number of missed calls of a probe. Headers of
 * older systems lack these fields.
 */
struct link_info {
	uint32_t type, id, prog_id, pad;
	union {
		struct {
			uint32_t perf_type, pad2;
			uint64_t func_name;
			uint32_t name_len, offset;
			uint64_t addr, missed;
		} kprobe;
		struct {
			uint64_t addrs;
			uint32_t count, flags;
			uint64_t missed;
		} session;
	};
	char room[184];
};

bool kernel_probe_missed(int link, bool session, uint64_t *missed)
{
	struct link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &len))
		return false;
	if (session) {
		*missed = info.session.missed;
		return true;
	}
	if (len < offsetof(struct link_info, room) || !info.kprobe.perf_type)
		return false;
	*missed = info.kprobe.missed;
	return true;
}
