// SPDX-License-Identifier: GPL-2.0
/* Sums over the model: processes, devices, exporters, totals; see snapshot.h. */
#include <errno.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/filter.h"
#include "model/model.h"

static void match_processes(struct model *m, const struct filter *filter)
{
	for (uint32_t i = 0; i < m->n_processes; i++) {
		struct model_process *p = &m->processes[i];

		p->buffers = p->fds = p->maps = p->rss = p->uss = p->pss = p->pss_part = 0;
		p->unsized = false;
		p->matches = !filter || filter_matches_process(filter, p->pid, p->comm, p->cgroup);
	}
}

static bool is_unsized(const struct model_buffer *b)
{
	return !(b->valid & SNAP_HAS_SIZE);
}

static bool held_by_match(const struct model *m, const struct model_buffer *b)
{
	for (uint32_t i = 0; i < b->procs; i++)
		if (m->processes[m->holders[b->first_holder + i].process].matches)
			return true;
	return false;
}

static bool attached_to_match(const struct model *m, const struct model_buffer *b,
			      const struct filter_list *devices)
{
	if (!devices->n)
		return true;
	for (uint32_t i = 0; i < b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[b->first_attachment + i];

		if (m->devices[a->device].matches)
			return true;
	}
	return false;
}

static bool selects(const struct model *m, const struct model_buffer *b,
		    const struct filter *filter)
{
	if (!b->ino)
		return false;
	if (!filter)
		return true;
	return filter_matches_pattern(&filter->exporters, b->exporter) &&
	       b->size >= filter->min_size && attached_to_match(m, b, &filter->devices) &&
	       (!filter_has_process_terms(filter) || held_by_match(m, b));
}

static void account_holders(struct model *m, const struct model_buffer *b)
{
	for (uint32_t i = 0; i < b->procs; i++) {
		const struct model_holder *h = &m->holders[b->first_holder + i];
		struct model_process *p = &m->processes[h->process];

		p->buffers++;
		p->fds += h->fds;
		p->maps += h->maps;
		p->unsized |= is_unsized(b);
		p->rss += b->size;
		p->pss += b->size / b->procs;
		p->pss_part += (b->size % b->procs << MODEL_PSS_SHIFT) / b->procs;
		if (b->procs == 1)
			p->uss += b->size;
	}
}

static void account_devices(struct model *m, const struct model_buffer *b, uint32_t index)
{
	for (uint32_t i = 0; i < b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[b->first_attachment + i];
		struct model_device *d = &m->devices[a->device];
		bool mapped;

		d->attachments++;
		d->mapped_unknown |= !attachment_mapped(a, &mapped);
		d->mapped += mapped;
		d->directions |= attachment_directions(a);
		if (d->last_buffer != index) {
			d->last_buffer = index;
			d->buffers++;
			d->bytes += b->size;
			d->unsized |= is_unsized(b);
		}
	}
}

/* So many are looked at one by one */
#define FEW_EXPORTERS 4

static int account_exporter(struct model *m, const struct model_buffer *b)
{
	struct model_exporter *e;
	uint32_t i;

	/* Exporters are few: mostly it is one of the first. Equal strings have one address. */
	for (i = 0; i < m->n_exporters && i < FEW_EXPORTERS; i++)
		if (m->exporters[i].exporter == b->exporter)
			break;
	if (i == FEW_EXPORTERS)
		i = index_get(&m->by_exporter, (uintptr_t)b->exporter);
	if (i == INDEX_NONE || i == m->n_exporters) {
		i = m->n_exporters;
		e = array_add(&m->exporters, &m->n_exporters, &m->room_exporters, sizeof(*e));
		if (!e || index_put(&m->by_exporter, (uintptr_t)b->exporter, i))
			return -ENOMEM;
		e->exporter = b->exporter;
	}
	m->exporters[i].buffers++;
	m->exporters[i].bytes += b->size;
	m->exporters[i].unsized |= is_unsized(b);
	return 0;
}

static void account_totals(struct model *m, const struct model_buffer *b)
{
	uint64_t unexplained;

	m->totals.buffers++;
	m->totals.bytes += b->size;
	if (!b->procs) {
		m->totals.kernel_only_buffers++;
		m->totals.kernel_only_bytes += b->size;
	}
	/* Fds and mappings explain most of them */
	if (b->count != (uint64_t)b->fds + b->maps &&
	    model_buffer_unexplained(m, b, &unexplained) && unexplained) {
		m->totals.unexplained_buffers++;
		m->totals.unexplained_bytes += b->size;
	}
}

/* The row that makes PSS add up to what is held in all. */
static int add_kernel_only(struct model *m)
{
	struct model_process *p;

	p = array_add(&m->processes, &m->n_processes, &m->room_processes, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->comm = "(kernel only)";
	p->buffers = m->totals.kernel_only_buffers;
	p->pss = m->totals.kernel_only_bytes;
	p->matches = true;
	return 0;
}

int model_account(struct model *m, const struct filter *filter)
{
	bool process_terms = filter && filter_has_process_terms(filter);
	int err = 0;

	/* The row of an earlier call goes first. */
	if (m->n_processes && !m->processes[m->n_processes - 1].pid)
		m->n_processes--;
	memset(&m->totals, 0, sizeof(m->totals));
	m->n_exporters = 0;
	index_clear(&m->by_exporter);
	for (uint32_t i = 0; i < m->n_devices; i++) {
		struct model_device *d = &m->devices[i];

		d->attachments = d->buffers = d->bytes = d->mapped = 0;
		d->unsized = d->mapped_unknown = false;
		d->directions = 0;
		d->last_buffer = INDEX_NONE;
		d->matches = !filter || filter_matches_pattern(&filter->devices, d->device);
	}
	match_processes(m, filter);
	for (uint32_t i = 0; i < m->n_buffers && !err; i++) {
		struct model_buffer *b = &m->buffers[i];

		b->selected = selects(m, b, filter);
		if (!b->selected)
			continue;
		account_totals(m, b);
		account_holders(m, b);
		account_devices(m, b, i);
		err = account_exporter(m, b);
	}
	m->process_terms = process_terms;
	m->totals.kernel_only_known = m->sees & MODEL_SEES_KERNEL_ONLY && !process_terms;
	if (!err && m->totals.kernel_only_known && m->totals.kernel_only_buffers)
		err = add_kernel_only(m);
	return err;
}

uint64_t model_pss(const struct model_process *p)
{
	return p->pss + ((p->pss_part + (1ULL << (MODEL_PSS_SHIFT - 1))) >> MODEL_PSS_SHIFT);
}
