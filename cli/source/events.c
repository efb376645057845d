// SPDX-License-Identifier: GPL-2.0
/* Hooks for events: choosing, loading, attaching, and what they count; see events.h. */
#define _GNU_SOURCE
#include "source/events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "hooks.h"
#include "events.skel.h"
#include "model/filter.h"
#include "source/bpf.h"
#include "source/events_own.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
#define RING_BYTES (8 << 20)
#define BIT(event) (1u << EVENT_##event)
#define TRACE_KPROBE_SESSION 56	/* enum bpf_attach_type; headers of older systems have it not */
#define OF_ATTACHMENTS (BIT(ATTACH) | BIT(DETACH) | BIT(MAP) | BIT(UNMAP) | BIT(PIN) | BIT(UNPIN))

/*
 * What is hooked: programs are called NAME_KIND (bpf/events_hooks.bpf.h). Of two functions the
 * first that the kernel has.
 */
struct call {
	const char *name;
	uint32_t events;		/* that need it */
	const char *functions[2];
	bool entry, leave;
	const char *tracepoint;		/* that says the same, with preemption off */
	bool optional;			/* the kernel may well have none, and nothing lacks then */
};

static const struct call calls[] = {
	{ "export", BIT(EXPORT), { "dma_buf_export" }, false, true, "dma_buf_export", false },
	{ "fd", BIT(FD), { "dma_buf_fd" }, true, true, NULL, false },
	{ "fd_install", BIT(FD), { "dma_buf_fd_install" }, true, false, NULL, true },
	{ "get", BIT(GET), { "dma_buf_get" }, true, true, NULL, false },
	{ "put", BIT(PUT), { "dma_buf_put" }, true, false, NULL, false },
	{ "mmap_file", BIT(MMAP), { "dma_buf_mmap_internal" }, true, true, NULL, false },
	{ "mmap", BIT(MMAP), { "dma_buf_mmap" }, true, true, NULL, false },
	{ "attach", BIT(ATTACH), { "dma_buf_dynamic_attach" }, true, true, NULL, false },
	{ "detach", BIT(DETACH), { "dma_buf_detach" }, true, true, NULL, false },
	{ "map", BIT(MAP), { "dma_buf_map_attachment" }, true, true, NULL, false },
	{ "unmap", BIT(UNMAP), { "dma_buf_unmap_attachment" }, true, true, NULL, false },
	{ "pin", BIT(PIN), { "dma_buf_pin" }, true, true, NULL, false },
	{ "unpin", BIT(UNPIN), { "dma_buf_unpin" }, true, true, NULL, false },
	{ "vmap", BIT(VMAP), { "dma_buf_vmap" }, true, true, NULL, false },
	{ "vunmap", BIT(VUNMAP), { "dma_buf_vunmap" }, true, true, NULL, false },
	{ "begin", BIT(BEGIN), { "dma_buf_begin_cpu_access" }, true, true, NULL, false },
	{ "end", BIT(END), { "dma_buf_end_cpu_access" }, true, true, NULL, false },
	{ "ioctl", BIT(END) | BIT(NAME), { "dma_buf_ioctl" }, true, true, NULL, false },
	{ "invalidate", BIT(INVALIDATE), { "dma_buf_invalidate_mappings", "dma_buf_move_notify" },
	  true, true, NULL, false },
	{ "release", BIT(RELEASE), { "dma_buf_file_release" }, true, false, NULL, false },
	{ "left_fd", BIT(LEFT), { "filp_close" }, true, false, NULL, false },
	{ "left_map", BIT(LEFT), { "uprobe_munmap" }, true, false, NULL, true },
};

/* Programs whose hook is a tracepoint on every kernel */
static const struct {
	const char *program, *tracepoint;
	uint32_t events;
} tracepoints[] = {
	{ "fence_wait_start", "dma_fence_wait_start", BIT(FENCE_WAIT) },
	{ "fence_wait_end", "dma_fence_wait_end", BIT(FENCE_WAIT) },
	{ "process_fork", "sched_process_fork", BIT(FORK) },
	{ "process_exec", "sched_process_exec", BIT(EXEC) },
	{ "process_exit", "sched_process_exit", BIT(EXIT) },
};

static const char *const hooks_names[] = { "auto", "tracepoint", "kprobe", "session",
					   "fentry", "--" };

const char *events_hooks_name(enum events_hooks hooks)
{
	return hooks_names[hooks];
}

int events_hooks_find(const char *name, enum events_hooks *hooks)
{
	for (*hooks = HOOKS_AUTO; *hooks < HOOKS_NONE; (*hooks)++)
		if (!strcmp(name, hooks_names[*hooks]))
			return 0;
	return -EINVAL;
}

int events_stacks_find(const char *name, uint32_t *stacks)
{
	static const char *const names[] = { NULL, "kernel", "user", "both" };
	uint32_t i;

	for (i = 1; i < 4; i++) {
		if (!strcmp(name, names[i])) {
			*stacks = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The function that this kernel has for it, NULL none. Most have been there all along. */
static const char *call_function(const struct call *call)
{
	if (!call->functions[1] && !call->optional)
		return call->functions[0];
	if (btf_mentions(call->functions[0]))
		return call->functions[0];
	return call->functions[1];
}

static bool has_tracepoint(const struct call *call)
{
	char type[64];

	if (!call->tracepoint)
		return false;
	snprintf(type, sizeof(type), "btf_trace_%s", call->tracepoint);
	return btf_mentions(type);
}

static bool kernel_is_built(const char *how)
{
	struct utsname name;

	uname(&name);
	return strstr(name.version, how);
}

/*
 * Whether tasks may lose their CPU inside the kernel, which is when fentry misses events: by how it
 * was built, or started. It can be changed later; what is missed then is counted.
 */
static bool is_preempted(void)
{
	static const char path[] = "/sys/kernel/debug/sched/preempt";
	char *text = NULL;
	size_t room = 0;
	bool preempted = true;

	if (!kernel_is_built("PREEMPT"))
		return false;
	/* "none (voluntary) full" */
	if (read_whole(AT_FDCWD, path, &text, &room) > 0)
		preempted = !strstr(text, "(none)") && !strstr(text, "(voluntary)");
	free(text);
	return preempted;
}

/* On PREEMPT_RT kernels what holds a spinlock may lose its CPU, too. */
static bool spinlocks_sleep(void)
{
	return kernel_is_built("PREEMPT_RT");
}

static bool has_sessions(void)
{
	return btf_mentions("bpf_session_is_return");
}

/*
 * Probes of returns have room for so many tasks that are in the function, ten on small machines,
 * and miss others. Sessions have that room in each task, since they are made of the function graph
 * (6.14, 4346ba160409, which brought the name below); before they had room for even fewer.
 */
static bool sessions_are_exact(void)
{
	return has_sessions() && btf_mentions("fprobe_hlist");
}

/*
 * Before Linux 6.4 (the name is gone since), to set a trampoline on a function which an ftrace_ops
 * with registers follows, as the module's accounting does, has crashed while it was called (6.1).
 */
static bool trampolines_are_fragile(void)
{
	return btf_mentions("register_ftrace_direct_multi");
}

static bool accounting_is_there(void)
{
	return !access("/sys/kernel/dmabuf_tools", F_OK);
}

/* Kprobes for perf events, and trampolines, which come with the function tracer */
static bool has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe/type", F_OK);
}

static bool has_trampolines(void)
{
	static int known = -1;	/* asked for each call; the kernel's types are some MiB */

	if (known < 0)
		known = btf_mentions("register_ftrace_direct");
	return known;
}

/*
 * Return the hooks of a call and the reason. Exact hooks miss no event; the others are the
 * cheapest. available() checks that the kernel has the hooks.
 */
static enum events_hooks choose(const struct call *call, enum events_hooks asked, bool exact,
				const char **why)
{
	bool tracepoint = has_tracepoint(call);

	*why = asked == HOOKS_AUTO ? "" : "as asked";
	if (!call_function(call)) {
		*why = "not in this kernel";
		return HOOKS_NONE;
	}
	switch (asked) {
	case HOOKS_TRACEPOINT:
		if (!tracepoint)
			*why = "no tracepoint exists, or none that is exact";
		return tracepoint ? HOOKS_TRACEPOINT : HOOKS_NONE;
	case HOOKS_AUTO:
		if (exact && tracepoint && !spinlocks_sleep()) {
			*why = "a tracepoint with preemption off misses nothing";
			return HOOKS_TRACEPOINT;
		}
		if (!strcmp(call->name, "put"))
			*why = "its tracepoint is unsafe";
		else if (!strcmp(call->name, "ioctl"))
			*why = "access ends and names are set where this returns";
		else if (!strcmp(call->name, "invalidate"))
			*why = "renamed in 7.x";
		else
			*why = exact ? "fentry misses events under preemption" :
				"cheapest; what it misses is counted";
		if (accounting_is_there() && trampolines_are_fragile()) {
			*why = "fentry is not safe beside the module's accounting before Linux 6.4";
		} else if (strcmp(call->name, "ioctl") && (!exact || !is_preempted())) {
			if (exact)
				*why = "this kernel is not preempted: fentry misses nothing";
			return HOOKS_FENTRY;
		}
		return call->entry && call->leave && sessions_are_exact() ? HOOKS_SESSION :
			HOOKS_KPROBE;
	case HOOKS_SESSION:
		if (!call->entry || !call->leave)
			return HOOKS_KPROBE;
		if (has_sessions())
			return HOOKS_SESSION;
		*why = "needs Linux 6.10";
		return HOOKS_NONE;
	default:
		/* Most calls of it are none of ours: it must be known which ones were missed */
		if (asked == HOOKS_FENTRY && !strcmp(call->name, "ioctl")) {
			*why = "what fentry misses here could not be counted";
			return sessions_are_exact() ? HOOKS_SESSION : HOOKS_KPROBE;
		}
		return asked;
	}
}

static enum events_hooks available(const struct call *call, enum events_hooks asked, bool exact,
				   const char **why)
{
	enum events_hooks hooks = choose(call, asked, exact, why);

	if (hooks == HOOKS_KPROBE && !has_kprobes()) {
		*why = "no kprobes in this kernel: CONFIG_KPROBE_EVENTS=y";
		return HOOKS_NONE;
	}
	if (hooks == HOOKS_FENTRY && !has_trampolines()) {
		*why = "no fentry in this kernel: CONFIG_FUNCTION_TRACER=y";
		return HOOKS_NONE;
	}
	return hooks;
}

bool events_hook(uint32_t i, enum events_hooks asked, bool exact, struct events_hook *hook)
{
	const struct call *call;

	if (i >= ARRAY_SIZE(calls)) {
		i -= ARRAY_SIZE(calls);
		if (i >= ARRAY_SIZE(tracepoints))
			return false;
		hook->event = __builtin_ctz(tracepoints[i].events);
		hook->function = tracepoints[i].tracepoint;
		hook->hooks = HOOKS_TRACEPOINT;
		hook->why = "only a tracepoint";
		return true;
	}
	call = &calls[i];
	hook->event = __builtin_ctz(call->events);
	hook->hooks = available(call, asked, exact, &hook->why);
	hook->function = hook->hooks == HOOKS_TRACEPOINT ? call->tracepoint : call_function(call);
	if (!hook->function)
		hook->function = call->functions[0];
	return true;
}

static struct bpf_program *find_program(struct events *e, const char *call, const char *kind)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", call, kind);
	return bpf_object__find_program_by_name(e->programs->obj, name);
}

/* What must be hooked so that the wanted events are right. */
static uint32_t needed_events(const struct events_options *o)
{
	uint32_t needed = o->wanted;

	/* Or an attachment's place would be taken for the next one's */
	if (needed & OF_ATTACHMENTS)
		needed |= BIT(DETACH);
	/* What somebody exported is watched until it goes */
	if (o->follow || (o->filter && (o->filter->n_pids || o->filter->cgroups.n)))
		needed |= BIT(EXPORT);
	if (needed & BIT(EXPORT))
		needed |= BIT(RELEASE);
	if (o->follow)
		needed |= BIT(FORK);
	/* Returns that a task missed last are found when it ends */
	if (o->follow || o->exact)
		needed |= BIT(EXIT);
	/* Their share of fence waits */
	if (needed & (OF_ATTACHMENTS | BIT(BEGIN) | BIT(END) | BIT(VMAP)))
		needed |= BIT(FENCE_WAIT);
	return needed;
}

static int add_program(struct events *e, struct bpf_program *program, const char *function,
		       enum program_place place, enum events_hooks hooks, uint32_t events)
{
	struct hooked *h = array_add(&e->hooked, &e->n_hooked, &e->room_hooked, sizeof(*h));

	if (!h || !program)
		return -ENOMEM;
	h->program = program;
	h->function = function;
	h->place = place;
	h->hooks = hooks;
	h->events = events;
	h->session = -1;
	e->kinds |= 1u << hooks;
	e->events_hooked |= events;
	bpf_program__set_autoload(program, true);
	if (hooks == HOOKS_SESSION) {
		bpf_program__set_type(program, BPF_PROG_TYPE_KPROBE);
		bpf_program__set_expected_attach_type(program, TRACE_KPROBE_SESSION);
	}
	if (hooks == HOOKS_FENTRY)
		return bpf_program__set_attach_target(program, 0, function);
	return 0;
}

static int choose_call(struct events *e, const struct call *call, const struct events_options *o)
{
	const char *function = call_function(call), *why;
	enum events_hooks hooks = available(call, o->hooks, o->exact, &why);
	const char *entry, *leave;
	int err = 0;

	if (hooks == HOOKS_NONE)
		return 0;
	if (hooks == HOOKS_TRACEPOINT)
		return add_program(e, find_program(e, call->name, "tracepoint"), call->tracepoint,
				   PLACE_MOMENT, hooks, call->events);
	if (hooks == HOOKS_SESSION)
		return add_program(e, find_program(e, call->name, "session"), function,
				   PLACE_SESSION, hooks, call->events);
	entry = hooks == HOOKS_FENTRY ? "fentry" : "kprobe";
	leave = hooks == HOOKS_FENTRY ? "fexit" : "kretprobe";
	if (call->entry)
		err = add_program(e, find_program(e, call->name, entry), function,
				  call->leave ? PLACE_ENTRY : PLACE_MOMENT, hooks, call->events);
	if (!err && call->leave)
		err = add_program(e, find_program(e, call->name, leave), function,
				  call->entry ? PLACE_RETURN : PLACE_RETURN_ONLY, hooks,
				  call->events);
	return err;
}

static int choose_programs(struct events *e, const struct events_options *o)
{
	uint32_t needed = needed_events(o), i;
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, e->programs->obj)
		bpf_program__set_autoload(program, false);
	for (i = 0; i < ARRAY_SIZE(calls) && !err; i++)
		if (calls[i].events & needed)
			err = choose_call(e, &calls[i], o);
	for (i = 0; i < ARRAY_SIZE(tracepoints) && !err; i++) {
		program = bpf_object__find_program_by_name(e->programs->obj,
							   tracepoints[i].program);
		if (tracepoints[i].events & needed)
			err = add_program(e, program, tracepoints[i].tracepoint, PLACE_MOMENT,
					  HOOKS_TRACEPOINT, tracepoints[i].events);
	}
	return err;
}

/*
 * What a pattern begins with, up to where it may mean anything: the kernel lets through what
 * begins so, and who reads the events looks at the rest. Returns how many; 0: all may pass.
 */
static uint32_t fill_prefixes(char prefixes[][EVENTS_PREFIX], const struct filter_list *list)
{
	uint32_t i;

	if (list->n > EVENTS_PREFIXES)
		return 0;
	for (i = 0; i < list->n; i++) {
		size_t len = strcspn(list->items[i], "*?[\\");

		if (!len)
			return 0;
		snprintf(prefixes[i], EVENTS_PREFIX, "%.*s", (int)len, list->items[i]);
	}
	return list->n;
}

static void fill_settings(struct events *e, const struct events_options *o)
{
	struct events_settings s = {
		.to_ring = o->to_ring,
		.to_histograms = o->to_histograms,
		.to_state = o->to_state,
		.events = o->wanted,
		.can_cast = btf_mentions("bpf_rdonly_cast"),
		.follow = o->follow != 0,
		.by_process = o->follow != 0,
		.stacks = o->stacks,
		.seed = o->stacks ? events_stack_seed() : 0,
	};

	if (o->filter) {
		s.by_process |= o->filter->n_pids != 0;
		s.by_cgroup = o->filter->cgroups.n;
		s.min_size = o->filter->min_size;
		s.n_exporters = fill_prefixes(s.exporters, &o->filter->exporters);
		s.n_devices = fill_prefixes(s.devices, &o->filter->devices);
	}
	s.filtered = s.by_process || s.by_cgroup || s.min_size || s.n_exporters || s.n_devices;
	s.describe = o->to_histograms || o->to_state || s.filtered;
	memcpy((void *)&e->skel->rodata->settings, &s, sizeof(s));
}

/* Cgroups that the patterns name, as they are now, in the map that the programs ask. */
static int fill_cgroups(struct events *e, const struct filter *filter, char *error, size_t room)
{
	int map = bpf_map__fd(e->skel->maps.filter_cgroups), err = 0;
	uint32_t n = 0, i;
	size_t j;

	for (i = 0; i < filter->cgroups.n && !err; i++) {
		char pattern[4096];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "/sys/fs/cgroup%s", filter->cgroups.items[i]);
		if (glob(pattern, GLOB_ONLYDIR, NULL, &found)) {
			snprintf(error, room, "no cgroup %s", filter->cgroups.items[i]);
			return -ENOENT;
		}
		for (j = 0; j < found.gl_pathc && !err; j++) {
			int fd = open(found.gl_pathv[j], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (n >= EVENTS_PREFIXES) {
				snprintf(error, room, "more than %d cgroups: name one above them",
					 EVENTS_PREFIXES);
				err = -E2BIG;
			} else if (fd < 0 || bpf_map_update_elem(map, &n, &fd, BPF_ANY)) {
				err = -errno;
				snprintf(error, room, "cgroup %s: %s", found.gl_pathv[j],
					 strerror(errno));
			}
			n++;
			if (fd >= 0)
				close(fd);
		}
		globfree(&found);
	}
	return err;
}

static int fill_pids(struct events *e, const struct events_options *o)
{
	int fd = bpf_map__fd(e->skel->maps.filter_pids);
	uint32_t one = 1, i;

	for (i = 0; o->filter && i < o->filter->n_pids; i++)
		if (bpf_map_update_elem(fd, &o->filter->pids[i], &one, BPF_ANY))
			return -errno;
	if (o->follow && bpf_map_update_elem(fd, &o->follow, &one, BPF_ANY))
		return -errno;
	e->skel->bss->tables.counts.processes = o->follow ? 1 : 0;
	return 0;
}

static int size_maps(struct events *e, const struct events_options *o)
{
	size_t bytes = o->ring_bytes ? o->ring_bytes : RING_BYTES;
	uint32_t size = sysconf(_SC_PAGESIZE);

	while (o->to_ring && size < bytes && size < 1u << 30)
		size *= 2;
	if (bpf_map__set_max_entries(e->skel->maps.ring, size))
		return -EINVAL;
	if (events_prepare_maps(e, o))
		return -EINVAL;
	if (!o->to_state && bpf_map__set_max_entries(e->skel->maps.states, 1))
		return -EINVAL;
	if (o->stacks)
		return 0;
	if (bpf_map__set_max_entries(e->skel->maps.stacks_seen, 1))
		return -EINVAL;
	return bpf_map__set_max_entries(e->skel->maps.stack_files, 1);
}

static int attach_session(struct hooked *h)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = &h->function,
		    .kprobe_multi.cnt = 1);

	/* Not by libbpf's own function, which reads all of the kernel's symbols first */
	h->session = bpf_link_create(bpf_program__fd(h->program), 0, TRACE_KPROBE_SESSION, &opts);
	return h->session < 0 ? -errno : 0;
}

/* Entries before returns: a call that begins in between is only never told. */
static int attach_hook(struct hooked *h)
{
	bool leave = h->place == PLACE_RETURN || h->place == PLACE_RETURN_ONLY;

	if (h->hooks == HOOKS_SESSION)
		return attach_session(h);
	if (h->hooks == HOOKS_KPROBE)
		h->link = bpf_program__attach_kprobe(h->program, leave, h->function);
	else
		h->link = bpf_program__attach(h->program);
	return h->link ? 0 : -errno;
}

static int attach_all(struct events *e, char *error, size_t room)
{
	uint32_t i;
	int err;

	for (i = 0; i < e->n_hooked; i++) {
		struct hooked *h = &e->hooked[i];

		err = attach_hook(h);
		if (!err)
			continue;
		snprintf(error, room, "cannot hook %s by %s: %s; see 'dmabuf-trace doctor'", h->function,
			 hooks_names[h->hooks], bpf_explain(err, ""));
		return err;
	}
	return 0;
}

static int load(struct events *e, const struct events_options *o, char *error, size_t room)
{
	int err;

	bpf_listen();
	e->skel = e->programs = events_bpf__open();
	if (!e->skel)
		return -errno;
	err = choose_programs(e, o);
	if (!err)
		err = size_maps(e, o);
	if (err)
		return err;
	fill_settings(e, o);
	err = events_bpf__load(e->skel);
	if (err)
		return err;
	err = fill_pids(e, o);
	if (!err && o->filter)
		err = fill_cgroups(e, o->filter, error, room);
	if (!err)
		err = events_open_maps(e, o);
	if (!err)
		err = attach_all(e, error, room);
	if (!err && o->to_ring)
		err = events_open_ring(e);
	if (!err && o->stacks)
		err = events_open_stacks(e);
	e->fragile = o->hooks == HOOKS_AUTO && e->kinds & 1u << HOOKS_FENTRY &&
		     trampolines_are_fragile();
	btf_forget();
	malloc_trim(0);
	return err;
}

int events_open(struct events **events, const struct events_options *options, char *error,
		size_t room)
{
	struct events *e = calloc(1, sizeof(*e));
	int err;

	*events = NULL;
	error[0] = '\0';
	if (!e)
		return -ENOMEM;
	e->options = *options;
	err = load(e, options, error, room);
	if (err) {
		if (!error[0])
			snprintf(error, room, "events: %s", bpf_explain(err, "BPF programs do not load"));
		events_close(e);
		return err;
	}
	*events = e;
	return 0;
}

/* Lets the new programs use the maps of the old ones. Returns 0 or -errno. */
static int share_maps(struct events *e)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, e->programs->obj)
		err = err ?: bpf_map__reuse_fd(map, bpf_object__find_map_fd_by_name(e->skel->obj,
								      bpf_map__name(map)));
	return err;
}

/* Hooks the same calls anew. Returns 0, or -errno with error, one line, and nothing hooked. */
static int replace_programs(struct events *e, char *error, size_t room)
{
	uint32_t hooked = e->events_hooked;
	bool told;
	int err;

	/* The events until the others are set: at least one */
	e->missed_before += events_hooks_missed(e, &told) + 1;
	events_detach(e);
	bpf_listen();
	e->programs = events_bpf__open();
	err = e->programs ? choose_programs(e, &e->options) : -errno;
	if (!err && hooked & ~e->events_hooked)
		err = -ENOTSUP;
	if (!err)
		err = share_maps(e);
	if (!err)
		err = events_bpf__load(e->programs);
	if (!err)
		err = attach_all(e, error, room);
	btf_forget();
	malloc_trim(0);
	if (!err)
		return 0;
	if (!error[0])
		snprintf(error, room, "%s", bpf_explain(err, "BPF programs do not load"));
	events_detach(e);
	events_bpf__destroy(e->programs);
	e->programs = e->skel;
	return err;
}

int events_look_again(struct events *e, char *why, size_t room)
{
	char error[128] = "";
	int err;

	if (!e || !e->fragile || !accounting_is_there())
		return 0;
	e->fragile = false;
	err = replace_programs(e, error, sizeof(error));
	snprintf(why, room, "hooks: fentry replaced by %s: not safe beside the module's accounting before Linux 6.4; events are lost%s%s",
		 err ? "none" : events_hooks_used(e), err ? ": " : "", error);
	return err ? err : 1;
}

void events_start(struct events *e)
{
	e->skel->bss->tables.since = now_ns();
}

void events_stop(struct events *e)
{
	e->skel->bss->tables.since = 0;
}

void events_totals(const struct events *e, struct events_totals *totals)
{
	const struct events_counts *counts = &e->skel->bss->tables.counts;

	totals->live_bytes = counts->live_bytes;
	totals->live_buffers = counts->live_buffers;
	totals->peak_bytes = counts->peak_bytes;
	totals->peak_buffers = counts->peak_buffers;
	totals->processes = counts->processes;
}

uint32_t events_unhooked(const struct events *e)
{
	return e->options.wanted & ~e->events_hooked;
}

const char *events_hooks_used(const struct events *e)
{
	static char text[64];
	size_t len = 0;
	int i;

	for (i = HOOKS_TRACEPOINT; i < HOOKS_NONE; i++)
		if (e->kinds & 1u << i)
			len += snprintf(text + len, sizeof(text) - len, "%s%s", len ? "+" : "",
					hooks_names[i]);
	return text;
}

void events_close(struct events *e)
{
	if (!e)
		return;
	events_detach(e);
	free(e->hooked);
	events_close_maps(e);
	events_free_reading(e);
	if (e->programs != e->skel)
		events_bpf__destroy(e->programs);
	events_bpf__destroy(e->skel);
	free(e);
}
