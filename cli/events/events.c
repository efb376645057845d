// SPDX-License-Identifier: GPL-2.0
/* Hooks for events: choosing, loading, attaching, and what they count; see events.h. */
#include "events/events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "events_shared.h"
#include "events.skel.h"
#include "model/filter.h"
#include "source/bpf.h"
#include "events/own.h"
#include "source/kernel.h"
#include "source/source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
#define RING_BYTES (8 << 20)

/*
 * What is hooked: programs are called NAME_KIND (bpf/events_hooks.bpf.h). Of two functions the
 * first that the kernel has.
 */
struct call {
	const char *name;
	uint64_t events;		/* EVENT_BIT()s of those that need it */
	const char *functions[2];
	bool entry, leave;		/* programs that it has */
	const char *tracepoint;		/* that says the same, with preemption off */
	bool optional;			/* the kernel may well have none, and nothing lacks then */
	bool no_fentry;			/* most calls are none of ours: misses are not counted */
	const char *why;		/* kprobes are the choice; NULL: because they are exact */
};

#define BOTH .entry = true, .leave = true

static const struct call calls[] = {
	{ "export", EVENT_BIT(EVENT_EXPORT), { "dma_buf_export" }, .leave = true,
	  .tracepoint = "dma_buf_export" },
	{ "fd", EVENT_BIT(EVENT_FD), { "dma_buf_fd" }, BOTH },
	{ "fd_install", EVENT_BIT(EVENT_FD), { "dma_buf_fd_install" }, .entry = true,
	  .optional = true },
	{ "get", EVENT_BIT(EVENT_GET), { "dma_buf_get" }, BOTH },
	{ "put", EVENT_BIT(EVENT_PUT), { "dma_buf_put" }, .entry = true,
	  .why = "its tracepoint is unsafe" },
	{ "mmap_file", EVENT_BIT(EVENT_MMAP), { "dma_buf_mmap_internal" }, BOTH },
	{ "mmap", EVENT_BIT(EVENT_MMAP), { "dma_buf_mmap" }, BOTH },
	{ "attach", EVENT_BIT(EVENT_ATTACH), { "dma_buf_dynamic_attach" }, BOTH },
	{ "detach", EVENT_BIT(EVENT_DETACH), { "dma_buf_detach" }, BOTH },
	{ "map", EVENT_BIT(EVENT_MAP), { "dma_buf_map_attachment" }, BOTH },
	{ "unmap", EVENT_BIT(EVENT_UNMAP), { "dma_buf_unmap_attachment" }, BOTH },
	{ "pin", EVENT_BIT(EVENT_PIN), { "dma_buf_pin" }, BOTH },
	{ "unpin", EVENT_BIT(EVENT_UNPIN), { "dma_buf_unpin" }, BOTH },
	{ "vmap", EVENT_BIT(EVENT_VMAP), { "dma_buf_vmap" }, BOTH },
	{ "vunmap", EVENT_BIT(EVENT_VUNMAP), { "dma_buf_vunmap" }, BOTH },
	{ "begin", EVENT_BIT(EVENT_BEGIN), { "dma_buf_begin_cpu_access" }, BOTH },
	{ "end", EVENT_BIT(EVENT_END), { "dma_buf_end_cpu_access" }, BOTH },
	{ "ioctl", EVENT_BIT(EVENT_END) | EVENT_BIT(EVENT_NAME), { "dma_buf_ioctl" }, BOTH,
	  .no_fentry = true, .why = "its return ends an access, or sets a name" },
	{ "invalidate", EVENT_BIT(EVENT_INVALIDATE),
	  { "dma_buf_invalidate_mappings", "dma_buf_move_notify" }, BOTH, .why = "renamed in 7.x" },
	{ "release", EVENT_BIT(EVENT_RELEASE), { "dma_buf_file_release" }, .entry = true },
	{ "left_fd", EVENT_BIT(EVENT_LEFT), { "filp_close" }, .entry = true },
	{ "left_map", EVENT_BIT(EVENT_LEFT), { "uprobe_munmap" }, .entry = true, .optional = true },
};

/* Programs whose hook is a tracepoint on every kernel */
static const struct {
	const char *program, *tracepoint;
	uint64_t events;
} tracepoints[] = {
	{ "fence_wait_start", "dma_fence_wait_start", EVENT_BIT(EVENT_FENCE_WAIT) },
	{ "fence_wait_end", "dma_fence_wait_end", EVENT_BIT(EVENT_FENCE_WAIT) },
	{ "process_fork", "task_newtask", EVENT_BIT(EVENT_FORK) },
	{ "process_exec", "sched_process_exec", EVENT_BIT(EVENT_EXEC) },
	{ "process_exit", "sched_process_exit", EVENT_BIT(EVENT_EXIT) },
};

static const char *const hooks_names[] = { "auto", "tracepoint", "kprobe", "session",
					   "fentry", "--" };

const char *events_hooks_name(enum events_hooks hooks)
{
	return hooks_names[hooks];
}

/* The function that this kernel has for it, NULL none. Most have been there all along. */
static const char *call_function(const struct call *call)
{
	if (!call->functions[1] && !call->optional)
		return call->functions[0];
	if (kernel_mentions(call->functions[0]))
		return call->functions[0];
	return call->functions[1];
}

static bool has_tracepoint(const struct call *call)
{
	return call->tracepoint && kernel_has_tracepoint(call->tracepoint);
}

static enum events_hooks choose_probe(const struct call *call)
{
	return call->entry && call->leave && kernel_sessions_are_exact() ? HOOKS_SESSION :
		HOOKS_KPROBE;
}

static bool accounting_is_there(void)
{
	return !access("/sys/kernel/dmabuf_tools", F_OK);
}

static enum events_hooks choose_best(const struct call *call, bool exact, const char **why)
{
	if (exact && has_tracepoint(call) && !kernel_spinlocks_sleep()) {
		*why = "a tracepoint with preemption off misses nothing";
		return HOOKS_TRACEPOINT;
	}
	*why = call->why ?: exact ? "fentry misses events under preemption" :
	       "cheapest; missed events are counted";
	if (accounting_is_there() && kernel_trampolines_are_fragile()) {
		*why = "fentry is not safe beside the module's accounting before Linux 6.4";
	} else if (!call->no_fentry && (!exact || !kernel_is_preempted())) {
		if (exact)
			*why = "this kernel is not preempted: fentry misses nothing";
		return HOOKS_FENTRY;
	}
	return choose_probe(call);
}

/*
 * Return the hooks of a call and the reason. Exact hooks miss no event; the others are the
 * cheapest. available() checks that the kernel has the hooks.
 */
static enum events_hooks choose(const struct call *call, enum events_hooks asked, bool exact,
				const char **why)
{
	*why = "requested";
	if (!call_function(call)) {
		*why = "not in this kernel";
		return HOOKS_NONE;
	}
	switch (asked) {
	case HOOKS_AUTO:
		return choose_best(call, exact, why);
	case HOOKS_TRACEPOINT:
		if (has_tracepoint(call))
			return HOOKS_TRACEPOINT;
		*why = "no exact tracepoint exists";
		return HOOKS_NONE;
	case HOOKS_SESSION:
		if (!call->entry || !call->leave)
			return HOOKS_KPROBE;
		if (kernel_has_sessions())
			return HOOKS_SESSION;
		*why = "requires Linux 6.10";
		return HOOKS_NONE;
	default:
		if (asked != HOOKS_FENTRY || !call->no_fentry)
			return asked;
		*why = "missed events of fentry could not be counted here";
		return choose_probe(call);
	}
}

static enum events_hooks available(const struct call *call, enum events_hooks asked, bool exact,
				   const char **why)
{
	enum events_hooks hooks = choose(call, asked, exact, why);

	if (hooks == HOOKS_KPROBE && !kernel_has_kprobes()) {
		*why = "no kprobes in this kernel; requires CONFIG_KPROBE_EVENTS=y";
		return HOOKS_NONE;
	}
	if (hooks == HOOKS_FENTRY && !kernel_has_trampolines()) {
		*why = "no fentry in this kernel; requires CONFIG_FUNCTION_TRACER=y";
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
		hook->event = __builtin_ctzll(tracepoints[i].events);
		hook->function = tracepoints[i].tracepoint;
		hook->hooks = HOOKS_TRACEPOINT;
		hook->why = "this event has only a tracepoint";
		return true;
	}
	call = &calls[i];
	hook->event = __builtin_ctzll(call->events);
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
static uint64_t needed_events(const struct events_options *o)
{
	uint64_t needed = o->wanted;

	/* Or an attachment's place would be taken for the next one's */
	if (needed & EVENT_SET_ATTACHED)
		needed |= EVENT_BIT(EVENT_DETACH);
	/* What somebody exported is watched until it goes */
	if (o->follow || (o->filter && (o->filter->n_pids || o->filter->cgroups.n)))
		needed |= EVENT_BIT(EVENT_EXPORT);
	if (needed & EVENT_BIT(EVENT_EXPORT))
		needed |= EVENT_BIT(EVENT_RELEASE);
	if (o->follow)
		needed |= EVENT_BIT(EVENT_FORK);
	/* Returns that a task missed last are found when it ends */
	if (o->follow || o->exact)
		needed |= EVENT_BIT(EVENT_EXIT);
	/* Their share of fence waits */
	if (needed & (EVENT_SET_ATTACHED | EVENT_BIT(EVENT_BEGIN) | EVENT_BIT(EVENT_END) |
		      EVENT_BIT(EVENT_VMAP)))
		needed |= EVENT_BIT(EVENT_FENCE_WAIT);
	return needed;
}

static int add_program(struct events *e, struct bpf_program *program, const char *function,
		       enum program_place place, enum events_hooks hooks, uint64_t events)
{
	struct hooked *h = array_add(&e->hooked, &e->n_hooked, &e->room_hooked, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->session = -1;
	if (!program)
		return -ENOENT;
	h->program = program;
	h->function = function;
	h->place = place;
	h->hooks = hooks;
	h->events = events;
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
	uint64_t needed = needed_events(o);
	struct bpf_program *program;
	int err = 0;

	bpf_object__for_each_program(program, e->programs->obj)
		bpf_program__set_autoload(program, false);
	for (uint32_t i = 0; i < ARRAY_SIZE(calls) && !err; i++)
		if (calls[i].events & needed)
			err = choose_call(e, &calls[i], o);
	for (uint32_t i = 0; i < ARRAY_SIZE(tracepoints) && !err; i++) {
		program = bpf_object__find_program_by_name(e->programs->obj,
							   tracepoints[i].program);
		if (tracepoints[i].events & needed)
			err = add_program(e, program, tracepoints[i].tracepoint, PLACE_MOMENT,
					  HOOKS_TRACEPOINT, tracepoints[i].events);
	}
	/* No event: exporters are known by addresses in modules */
	if (!err && kernel_has_tracepoint("module_load"))
		err = add_program(e, e->programs->progs.forget_addresses, "module_load",
				  PLACE_MOMENT, HOOKS_TRACEPOINT, 0);
	return err;
}

/*
 * What a pattern begins with, up to where it may mean anything: the kernel lets through what
 * begins so, and who reads the events looks at the rest. Returns how many; 0: all may pass.
 */
static uint32_t fill_prefixes(char prefixes[][EVENTS_PREFIX], const struct filter_list *list)
{
	if (list->n > EVENTS_PREFIXES)
		return 0;
	for (uint32_t i = 0; i < list->n; i++) {
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
		.can_cast = kernel_has_cast(),
		.follow = o->follow != 0,
		.by_process = o->follow != 0,
		.stacks = o->stacks,
		.seed = o->stacks ? events_stack_seed() : 0,
		.page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE)),
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

	for (i = 0; i < filter->cgroups.n && !err; i++) {
		char pattern[4096];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "/sys/fs/cgroup%s", filter->cgroups.items[i]);
		if (glob(pattern, GLOB_ONLYDIR, NULL, &found)) {
			snprintf(error, room, "no such cgroup: %s", filter->cgroups.items[i]);
			return -ENOENT;
		}
		for (size_t j = 0; j < found.gl_pathc && !err; j++) {
			int fd = open(found.gl_pathv[j], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (n >= EVENTS_PREFIXES) {
				snprintf(error, room, "--cgroup matches more than %d cgroups; name their parent",
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
	int err;

	for (uint32_t i = 0; i < e->n_hooked; i++) {
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
	err = choose_programs(e, o) ?: size_maps(e, o);
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
		     kernel_trampolines_are_fragile();
	kernel_forget();
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
			snprintf(error, room, "%s", bpf_explain(err, "cannot load the BPF programs"));
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
	uint64_t hooked = e->events_hooked;
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
	kernel_forget();
	malloc_trim(0);
	if (!err)
		return 0;
	if (!error[0])
		snprintf(error, room, "%s", bpf_explain(err, "cannot load the BPF programs"));
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

uint64_t events_unhooked(const struct events *e)
{
	return e->options.wanted & ~e->events_hooked;
}

const char *events_hooks_used(const struct events *e)
{
	static char text[64];
	size_t len = 0;

	for (int i = HOOKS_TRACEPOINT; i < HOOKS_NONE; i++)
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
