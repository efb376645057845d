// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots by BPF (bpf/snapshot.bpf.c). Two sources: bpf:iter, with the kernel's iterator over
 * dma-bufs (Linux 6.16), and bpf:task, with fds and mappings, and a walk along the kernel's list
 * of buffers from any of them. If no process holds a buffer, bufinfo has the list.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "snapshot_shared.h"
#include "snapshot.skel.h"
#include "source/bpf.h"
#include "source/kernel.h"
#include "opaque.h"
#include "source/privileges.h"
#include "source/bufinfo.h"
#include "source/source.h"
#include "source/users.h"

/* Room for about 2,000 buffers; a snapshot that needs more makes the ring larger. */
#define RING_SIZE (256 << 10)

struct net {
	__u32 ino;
	int fd;				/* -1: no visible process in the namespace */
};

struct bpf_source {
	struct snapshot_bpf *skel;
	struct bpf_program *walk;	/* along the list */
	struct bpf_link *fds, *maps, *messages;
	struct net nets[SNAPSHOT_MAX_NETS];	/* others, whose sockets have messages */
	int n_nets, own_net;		/* fd of ours, -1: cannot leave it */
	bool drm;			/* its types were known when the programs were loaded */
	struct ring_buffer *ring;
	int ring_fd;
	struct records *into;		/* records from the ring */
	int error;			/* of the ring's callback */
};

/* libbpf's last warning: the best explanation of a refusal. */
static char last_warning[256];
bool source_verbose;

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list copy;

	if (level == LIBBPF_WARN && !last_warning[0]) {
		va_copy(copy, args);
		vsnprintf(last_warning, sizeof(last_warning), format, copy);
		va_end(copy);
	}
	return source_verbose ? vfprintf(stderr, format, args) : 0;
}

void bpf_listen(void)
{
	libbpf_set_print(print_libbpf);
	last_warning[0] = '\0';
}

const char *bpf_explain(int err, const char *what)
{
	static char text[384];
	char lockdown[32];

	privileges_lockdown(lockdown, sizeof(lockdown));
	/*
	 * The verifier also returns EACCES, but to root only for a faulty program. If
	 * unprivileged_bpf_disabled is 0, every user gets further, and EINVAL at a privileged
	 * feature.
	 */
	if (err == -EPERM || (err == -EACCES && geteuid()) ||
	    !strcmp(lockdown, "confidentiality") ||
	    (!privileges_have(CAP_SYS_ADMIN) && !privileges_have(CAP_BPF)))
		return privileges_missing();
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return "no BTF; the kernel requires CONFIG_DEBUG_INFO_BTF=y";
	if (err == -ENOSYS)
		return "no BPF; the kernel requires CONFIG_BPF_SYSCALL=y";
	/* libbpf before 1.3 requires the modules' types, also */
	if (strstr(last_warning, "failed to iterate BTF objects") &&
	    !privileges_have(CAP_SYS_ADMIN)) {
		snprintf(text, sizeof(text), "libbpf %s also requires CAP_SYS_ADMIN",
			 libbpf_version_string());
		return text;
	}
	last_warning[strcspn(last_warning, "\n")] = '\0';
	snprintf(text, sizeof(text), "%s%s%s (%s)", what, *what ? ": " : "",
		 strerror(-err), last_warning[0] ? last_warning : "use -v for details");
	return text;
}

static int take_record(void *ctx, void *data, size_t len)
{
	struct bpf_source *own = ctx;

	if (!own->error)
		own->error = records_add(own->into, data, len);
	return 0;
}

/* Replace the ring by a ring of at least that size. */
static int set_ring(struct bpf_source *own, size_t bytes)
{
	__u32 size = RING_SIZE, zero = 0;
	int err;

	while (size < bytes && size < 1U << 30)
		size *= 2;
	ring_buffer__free(own->ring);
	own->ring = NULL;
	if (own->ring_fd >= 0)
		close(own->ring_fd);
	own->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "dmabuf_buffers", 0, 0, size, NULL);
	if (own->ring_fd < 0)
		return -errno;
	err = bpf_map_update_elem(bpf_map__fd(own->skel->maps.rings), &zero, &own->ring_fd, 0);
	if (err)
		return -errno;
	own->ring = ring_buffer__new(own->ring_fd, take_record, own, NULL);
	return own->ring ? 0 : -errno;
}

/* Close the network namespaces that no process has: an open namespace stays alive. */
static void keep_nets(struct bpf_source *own, const __u32 *nets, __u32 n)
{
	int i, kept = 0;

	for (i = 0; i < own->n_nets; i++) {
		__u32 at = 0;

		while (at < n && nets[at] != own->nets[i].ino)
			at++;
		if (at < n)
			own->nets[kept++] = own->nets[i];
		else if (own->nets[i].fd >= 0)
			close(own->nets[i].fd);
	}
	own->n_nets = kept;
}

static int open_net(__u32 ino)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[280];
	struct stat st;
	int fd = -1;

	while (proc && fd < 0 && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		if (*entry->d_name < '1' || *entry->d_name > '9' || stat(path, &st) ||
		    st.st_ino != ino)
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		/* The process may have gone meanwhile, and another have its number. */
		if (fd >= 0 && (fstat(fd, &st) || st.st_ino != ino)) {
			close(fd);
			fd = -1;
		}
	}
	if (proc)
		closedir(proc);
	return fd;
}

/* Add the namespaces that the walk over fds found. Return whether some are new. */
static bool update_nets(struct bpf_source *own)
{
	const struct snapshot_run *run = &own->skel->bss->run;
	__u32 n = run->n_nets < SNAPSHOT_MAX_NETS ? run->n_nets : SNAPSHOT_MAX_NETS, i;
	bool more = false;
	int at;

	keep_nets(own, run->nets, n);
	for (i = 0; i < n; i++) {
		for (at = 0; at < own->n_nets && own->nets[at].ino != run->nets[i]; at++)
			;
		if (at < own->n_nets)
			continue;
		own->nets[at].ino = run->nets[i];
		own->nets[at].fd = open_net(run->nets[i]);
		more |= own->nets[at].fd >= 0;
		own->n_nets++;
	}
	return more;
}

static void bpf_close(struct source *s)
{
	struct bpf_source *own = s->own;

	bpf_link__destroy(own->fds);
	bpf_link__destroy(own->maps);
	bpf_link__destroy(own->messages);
	keep_nets(own, NULL, 0);
	if (own->own_net >= 0)
		close(own->own_net);
	ring_buffer__free(own->ring);
	if (own->ring_fd >= 0)
		close(own->ring_fd);
	snapshot_bpf__destroy(own->skel);
	free(own);
	s->own = NULL;
}

static int bpf_load(struct bpf_source *own, bool iterator)
{
	struct stat st;
	bool cast;
	int err;

	own->drm = kernel_has_drm();
	bpf_listen();
	own->skel = snapshot_bpf__open();
	if (!own->skel)
		return -errno;
	bpf_program__set_autoload(own->skel->progs.buffers_by_iterator, iterator);
	cast = kernel_has_cast();
	own->walk = cast ? own->skel->progs.buffers_by_list : own->skel->progs.buffers_by_list_6_1;
	bpf_program__set_autoload(own->skel->progs.buffers_by_list, !iterator && cast);
	bpf_program__set_autoload(own->skel->progs.buffers_by_list_6_1, !iterator && !cast);
	err = snapshot_bpf__load(own->skel);
	if (err)
		return err;
	own->fds = bpf_program__attach_iter(own->skel->progs.fd_slots, NULL);
	if (!own->fds)
		return -errno;
	own->maps = bpf_program__attach_iter(own->skel->progs.mappings, NULL);
	if (!own->maps)
		return -errno;
	own->messages = bpf_program__attach_iter(own->skel->progs.in_flight, NULL);
	if (!own->messages)
		return -errno;
	if (own->own_net >= 0 && !fstat(own->own_net, &st))
		own->skel->bss->run.net = st.st_ino;
	err = set_ring(own, RING_SIZE);
	kernel_forget();
	/* Return several MiB of the parser of the kernel's BTF. */
	malloc_trim(0);
	return err;
}

static const char *bpf_open(struct source *s, bool iterator)
{
	struct bpf_source *own = calloc(1, sizeof(*own));
	const char *missing = NULL;
	int err;

	if (!own)
		return strerror(ENOMEM);
	own->ring_fd = -1;
	own->own_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	s->own = own;
	err = bpf_load(own, iterator);
	if (err) {
		missing = bpf_explain(err, "cannot load the BPF programs");
		bpf_close(s);
	}
	s->sees = MODEL_SEES_HOLDERS | MODEL_SEES_KERNEL_ONLY | MODEL_SEES_ATTACHMENTS |
		  MODEL_SEES_REFERENCES | (users_are_seen() ? MODEL_SEES_USERS : 0);
	return missing;
}

/* The programs know DRM's types only if they were there: the first driver has us load anew. */
static void meet_drm(struct source *s, bool iterator)
{
	struct source old = *s;
	struct bpf_source *own = s->own;

	if (own->drm || !kernel_has_drm())
		return;
	if (bpf_open(s, iterator)) {
		own->drm = true;	/* no use to try again */
		*s = old;
	} else {
		bpf_close(&old);
	}
}

static const char *bpf_iter_open(struct source *s)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return bpf_explain(-ENOENT, "");
	if (!kernel_has_dmabuf_iterator())
		return "no iterator over dma-bufs in this kernel; requires Linux 6.16";
	return bpf_open(s, true);
}

static const char *bpf_task_open(struct source *s)
{
	return bpf_open(s, false);
}

int bpf_read_iterator(struct bpf_link *link, struct records *records)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	ssize_t n;
	int err = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		/* The kernel gives at most 32 KiB a call (seq_file of BPF iterators). */
		void *place = records_reserve(records, 32 << 10);

		if (!place) {
			err = -ENOMEM;
			break;
		}
		n = read(fd, place, 32 << 10);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		records->len += n;
	}
	close(fd);
	return err;
}

/* Sockets of the snapshot before. From key to key: from the start, each look would scan again. */
static void forget_sockets(struct bpf_source *own)
{
	int fd = bpf_map__fd(own->skel->maps.sockets);
	__u64 key, next;
	int err = bpf_map_get_next_key(fd, NULL, &key);

	while (!err) {
		err = bpf_map_get_next_key(fd, &key, &next);
		bpf_map_delete_elem(fd, &key);
		key = next;
	}
}

/* Read the ring; return 1 if the ring was too small, and is larger now. */
static int take_ring(struct bpf_source *own)
{
	const struct snapshot_run *run = &own->skel->bss->run;
	int err = ring_buffer__consume(own->ring);

	if (err < 0 || own->error)
		return own->error ? own->error : err;
	if (!run->dropped)
		return 0;
	/* A quarter more, for new buffers meanwhile. */
	err = set_ring(own, run->bytes + run->bytes / 4);
	return err ? err : 1;
}

static void start_run(struct bpf_source *own, struct records *records, size_t start)
{
	struct snapshot_run *run = &own->skel->bss->run;

	records->len = start;
	own->into = records;
	own->error = 0;
	run->bytes = run->dropped = run->whole = 0;
}

/* Read the messages of our network namespace and of the others with messages. */
static int read_messages(struct bpf_source *own, struct records *records)
{
	int err = bpf_read_iterator(own->messages, records), i;

	for (i = 0; i < own->n_nets && !err; i++) {
		if (own->nets[i].fd < 0 || setns(own->nets[i].fd, CLONE_NEWNET))
			continue;
		err = bpf_read_iterator(own->messages, records);
		if (setns(own->own_net, CLONE_NEWNET) && !err)
			err = -errno;
	}
	return err;
}

/*
 * Messages come first: the walk over fds finds the processes that have their sockets open. GEM
 * handles come by the ring, because a DRM file has more handles than an iterator can return at
 * once.
 */
static int read_slots(struct bpf_source *own, struct records *records)
{
	struct snapshot_run *run = &own->skel->bss->run;
	size_t start = records->len;
	int try, err = 1;

	for (try = 0; try < 3 && err == 1; try++) {
		start_run(own, records, start);
		if (run->in_flight)
			forget_sockets(own);
		run->in_flight = 0;
		run->n_nets = 0;
		run->node = 0;
		run->anchor = 0;
		err = read_messages(own, records) ?: bpf_read_iterator(own->fds, records);
		if (!err && update_nets(own))
			err = 1;
		if (!err)
			err = bpf_read_iterator(own->maps, records);
		if (!err)
			err = take_ring(own);
	}
	if (!err)
		opaque_slots(records->bytes + start, records->len - start);
	return err == 1 ? -EAGAIN : err;
}

/* Run a program that writes all buffers to the ring; again with a larger ring if necessary. */
static int read_buffers(struct bpf_source *own, struct bpf_program *prog, bool recount,
			struct records *records, bool *whole)
{
	struct snapshot_run *run = &own->skel->bss->run;
	size_t start = records->len;
	int try, err = 1;

	run->recount = recount;
	for (try = 0; try < 3 && err == 1; try++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);

		start_run(own, records, start);
		err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
		if (err)
			return -errno;
		*whole = run->whole;
		err = take_ring(own);
	}
	return err == 1 ? -EAGAIN : err;
}

static int bpf_iter_snapshot(struct source *s, struct records *records)
{
	struct bpf_source *own;
	bool whole;

	meet_drm(s, true);
	own = s->own;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): not NULL, opened again or not */
	return read_buffers(own, own->skel->progs.buffers_by_iterator, false, records, &whole) ?:
	       read_slots(own, records);
}

static int bpf_iter_recount(struct source *s, struct records *records)
{
	struct bpf_source *own = s->own;
	bool whole;

	return read_buffers(own, own->skel->progs.buffers_by_iterator, true, records, &whole);
}

/*
 * The walk has no lock: if the list changes below it, the walk restarts, a few times. The kernel's
 * bufinfo, which is slower and locks, replaces a failed walk. Return 0, or -errno with *why.
 */
static int walk_buffers(struct bpf_source *own, struct records *records, bool recount,
			const char **why)
{
	struct snapshot_run *run = &own->skel->bss->run;
	size_t start = records->len;
	bool whole = false;
	int try, err = 0;

	for (try = 0; try < 5 && !err && !whole && (run->head || run->anchor); try++) {
		records->len = start;
		err = read_buffers(own, own->walk, recount, records, &whole);
	}
	if (whole)
		return 0;
	records->len = start;
	run->head = 0;
	err = bufinfo_snapshot(records, why);
	return err && run->anchor ? -EAGAIN : err;
}

static int bpf_task_snapshot(struct source *s, struct records *records)
{
	struct bpf_source *own;
	int err;

	meet_drm(s, false);
	own = s->own;
	err = read_slots(own, records);
	if (err)
		return err;
	s->lacks = NULL;
	s->sees |= MODEL_SEES_KERNEL_ONLY;
	/* No start for the walk: the kernel holds all buffers, and bufinfo may list them. */
	err = walk_buffers(own, records, false, &s->lacks);
	if (err == -EAGAIN) {
		snprintf(s->error, sizeof(s->error),
			 "bpf:task: the kernel's list of buffers changes too fast, and bufinfo is not readable; mount debugfs");
		return err;
	}
	if (err)
		s->sees &= ~MODEL_SEES_KERNEL_ONLY;
	else
		s->lacks = NULL;
	return 0;
}

static int bpf_task_recount(struct source *s, struct records *records)
{
	const char *why;

	return walk_buffers(s->own, records, true, &why);
}

const struct source_ops source_bpf_iter = {
	.name = "bpf:iter",
	.summary = "iterator over dma-bufs, iter/task_file + task_vma",
	.open = bpf_iter_open,
	.snapshot = bpf_iter_snapshot,
	.recount = bpf_iter_recount,
	.close = bpf_close,
};

const struct source_ops source_bpf_task = {
	.name = "bpf:task",
	.summary = "iter/task_file + task_vma, then along the kernel's list",
	.open = bpf_task_open,
	.snapshot = bpf_task_snapshot,
	.recount = bpf_task_recount,
	.close = bpf_close,
};
