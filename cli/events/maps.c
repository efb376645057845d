// SPDX-License-Identifier: GPL-2.0
/*
 * What hooks keep in maps, read by mmap() and by iterators. While bpf() reads a map for somebody,
 * what is hooked by kprobes and sessions is not run on that CPU (bpf_disable_instrumentation() in
 * the kernel), and who reads may lose the CPU meanwhile: then those hooks would miss bursts.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "events_shared.h"
#include "events.skel.h"
#include "source/bpf.h"
#include "events/own.h"

/* The programs that read, and what */
static struct bpf_program *reader(const struct events *e, enum events_map map, struct bpf_map **of)
{
	switch (map) {
	case MAP_STATES:
		*of = e->skel->maps.states;
		return e->skel->progs.read_states;
	case MAP_ATTACHMENTS:
		*of = e->skel->maps.attachments;
		return e->skel->progs.read_attachments;
	default:
		*of = e->skel->maps.buffers;
		return e->skel->progs.read_buffers;
	}
}

/* Return the highest number of a CPU, plus 1; numbers may have gaps. -1: unknown. */
static int count_cpu_numbers(void)
{
	FILE *in = fopen("/sys/devices/system/cpu/possible", "re");
	int last = -1, n;

	/* "0-3,8-11": the last number is the highest */
	while (in && fscanf(in, "%d%*[-,]", &n) == 1)
		last = n;
	if (in)
		fclose(in);
	return last < 0 ? -1 : last + 1;
}

int events_prepare_maps(struct events *e, const struct events_options *o)
{
	struct bpf_map *of;

	e->n_cpus = count_cpu_numbers();
	if (e->n_cpus < 0)
		return -ENOENT;
	bpf_program__set_autoload(reader(e, MAP_STATES, &of), o->to_state);
	bpf_program__set_autoload(reader(e, MAP_ATTACHMENTS, &of), o->to_state);
	bpf_program__set_autoload(reader(e, MAP_BUFFERS, &of), o->to_ring);
	return bpf_map__set_max_entries(e->skel->maps.histograms,
					o->to_histograms ? e->n_cpus * EVENTS_MAX_HISTOGRAMS : 1);
}

static size_t histograms_size(const struct events *e)
{
	return (size_t)e->n_cpus * EVENTS_MAX_HISTOGRAMS * sizeof(struct events_histogram);
}

int events_open_maps(struct events *e, const struct events_options *o)
{
	for (enum events_map map = 0; map < EVENTS_MAPS; map++) {
		union bpf_iter_link_info info = { 0 };
		struct bpf_map *of;
		struct bpf_program *program = reader(e, map, &of);
		LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));

		if (!bpf_program__autoload(program))
			continue;
		info.map.map_fd = bpf_map__fd(of);
		e->readers[map] = bpf_program__attach_iter(program, &opts);
		if (!e->readers[map])
			return -errno;
	}
	if (!o->to_histograms)
		return 0;
	e->histograms = mmap(NULL, histograms_size(e), PROT_READ, MAP_SHARED,
			     bpf_map__fd(e->skel->maps.histograms), 0);
	if (e->histograms != MAP_FAILED)
		return 0;
	e->histograms = NULL;
	return -errno;
}

void events_close_maps(struct events *e)
{
	for (enum events_map map = 0; map < EVENTS_MAPS; map++)
		bpf_link__destroy(e->readers[map]);
	if (e->histograms)
		munmap((void *)e->histograms, histograms_size(e));
}

int events_read_map(struct events *e, enum events_map map,
		    int (*take)(struct events *e, uint64_t key, const void *value, void *ctx),
		    void *ctx)
{
	struct records entries = { 0 };
	struct bpf_map *of;
	size_t size, at;
	uint64_t key;
	int err;

	reader(e, map, &of);
	size = sizeof(key) + bpf_map__value_size(of);
	err = bpf_read_iterator(e->readers[map], &entries);
	for (at = 0; !err && entries.len - at >= size; at += size) {
		memcpy(&key, entries.bytes + at, sizeof(key));
		err = take(e, key, entries.bytes + at + sizeof(key), ctx);
	}
	records_free(&entries);
	return err;
}

/* The model's is the same, and its parts are those of histogram_merge(). */
_Static_assert(sizeof(struct events_histogram) == sizeof(struct histogram) &&
	       offsetof(struct events_histogram, wait) == offsetof(struct histogram, wait) &&
	       offsetof(struct events_histogram, buckets) == offsetof(struct histogram, buckets),
	       "the same");

/* h: the first CPU's */
static void add_cpus(struct histogram *sum, const struct events_histogram *h, int n)
{
	struct histogram one;

	for (; n; n--, h += EVENTS_MAX_HISTOGRAMS) {
		memcpy(&one, h, sizeof(one));
		histogram_merge(sum, &one);
	}
}

int events_operations(struct events *e, struct model_operations *operations)
{
	const uint32_t *keys = e->skel->bss->tables.keys;
	int err = 0;

	operations->n = 0;
	for (uint32_t i = 0; e->histograms && i < EVENTS_MAX_HISTOGRAMS && !err; i++) {
		const char *exporter = events_exporter(e, EVENTS_KEY_EXPORTER(keys[i]));
		const char *device = events_device(e, EVENTS_KEY_DEVICE(keys[i]));
		struct model_operation *row;

		if (!keys[i])
			continue;
		if (!events_are_wanted(e->options.filter, exporter, device))
			continue;
		row = operations_row(operations, EVENTS_KEY_EVENT(keys[i]),
				     EVENTS_KEY_DIRECTION(keys[i]), exporter, device);
		if (row)
			add_cpus(&row->histogram, e->histograms + i, e->n_cpus);
		else
			err = -ENOMEM;
	}
	operations_sort(operations);
	return err;
}
