// SPDX-License-Identifier: GPL-2.0
/* Flows; see pipeline.h. */
#include "model/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/event.h"
#include "model/model.h"

/* The highest bit is left out, so that no count is INDEX_NONE: it differs by less at a time. */
#define COUNT_MASK 0x7fffffffu

/*
 * How much a count grew since the snapshot before. What was not there then began at 0, since
 * hooks see all that begins. What fell began again: hooks count for the last processes only.
 */
static int grown(struct pipelines *p, struct index *now, uint64_t key, uint64_t count,
		 uint64_t *recent)
{
	uint32_t before = index_get(&p->before, key);

	*recent = 0;
	if (!count)
		return 0;
	if (p->time)
		*recent = (count - (before == INDEX_NONE ? 0 : before)) & COUNT_MASK;
	if (*recent > COUNT_MASK / 2)
		*recent = count & COUNT_MASK;
	return index_put(now, key, count & COUNT_MASK);
}

static int count_recent(struct model *m)
{
	struct pipelines *p = &m->pipelines;
	struct index now = { 0 };
	int d, err = 0;

	for (uint32_t i = 0; i < m->n_attachments && !err; i++) {
		struct model_attachment *a = &m->attachments[i];

		for (d = 0; a->id && d < 3 && !err; d++)
			err = grown(p, &now, hash_mix(a->id, d), a->maps[d], &a->recent[d]);
	}
	for (uint32_t i = 0; i < m->n_pasts && !err; i++)
		for (d = 0; d < 3 && !err; d++)
			err = grown(p, &now, hash_mix(m->pasts[i].id, d), m->pasts[i].maps[d],
				    &m->pasts[i].recent[d]);
	for (uint32_t i = 0; i < m->n_accesses && !err; i++) {
		struct model_access *a = &m->accesses[i];
		uint64_t key = hash_mix(m->buffers[a->buffer].ino, m->processes[a->process].pid);

		key = hash_mix(key, 3);
		err = grown(p, &now, hash_mix(key, 0), a->reads, &a->recent[0]) ?:
		      grown(p, &now, hash_mix(key, 1), a->writes, &a->recent[1]);
	}
	index_free(&p->before);
	p->before = now;
	return err;
}

static int by_end(const void *a, const void *b)
{
	const struct flow_end *x = a, *y = b;

	int names;

	if (!x->device != !y->device)
		return !x->device - !y->device;
	names = x->device ? strcmp(x->device, y->device) : 0;
	if (names)
		return names;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (int)x->direction - (int)y->direction;
}

/* Adds to the ends that begin at first, each device and direction once. */
static int add_end(struct pipelines *p, uint32_t first, const struct flow_end *end)
{
	for (uint32_t i = first; i < p->n_ends; i++) {
		if (by_end(&p->ends[i], end))
			continue;
		p->ends[i].recent += end->recent;
		if (p->ends[i].node == INDEX_NONE)
			p->ends[i].node = end->node;
		return 0;
	}
	return array_append(&p->ends, &p->n_ends, &p->room_ends, end, sizeof(*end));
}

static int add_directed(struct pipelines *p, uint32_t first, struct flow_end *end,
			unsigned int direction, uint64_t recent)
{
	end->direction = direction;
	end->recent = recent;
	return add_end(p, first, end);
}

static bool is_late(const struct model *m, const struct model_past *past)
{
	return past->since && m->time - past->since < PIPELINE_PAST_SECONDS;
}

/* Whether a device, NULL any, used the buffer and was detached from it lately. */
static bool has_late(const struct model *m, const struct model_buffer *b, const char *device)
{
	for (uint32_t i = b->first_past; i < b->first_past + b->pasts; i++)
		if (is_late(m, &m->pasts[i]) &&
		    (!device || !strcmp(m->pasts[i].device, device)))
			return true;
	return false;
}

static int add_attachment_ends(struct model *m, uint32_t first, const struct model_attachment *a)
{
	struct pipelines *p = &m->pipelines;
	unsigned int seen = attachment_directions(a), d;
	struct flow_end end = { .device = m->devices[a->device].device, .node = a->node,
				.direction = DIRECTION_NONE };
	int err = 0;

	/* The attachment may be gone when hooks are asked: its device's next one is as the last */
	if (!seen)
		return has_late(m, &m->buffers[a->buffer], end.device) ? 0 :
		       add_end(p, first, &end);
	for (d = 0; d < DIRECTION_NONE && !err; d++)
		if (seen & 1u << d)
			err = add_directed(p, first, &end, d, a->recent[d]);
	return err;
}

/* Who attaches for each frame is one that stays. */
static int add_past_ends(struct pipelines *p, uint32_t first, const struct model_past *past)
{
	struct flow_end end = { .device = past->device, .node = past->node };
	int err = 0;

	for (unsigned int d = 0; d < DIRECTION_NONE && !err; d++)
		if (past->maps[d])
			err = add_directed(p, first, &end, d, past->recent[d]);
	return err;
}

/* A process that reads is a consumer, as a device that is mapped to read; see flow_end_side(). */
static int add_access_ends(struct pipelines *p, uint32_t first, const struct model_access *a)
{
	struct flow_end end = { .process = a->process, .node = INDEX_NONE };

	return (a->reads ? add_directed(p, first, &end, DIRECTION_TO_DEVICE, a->recent[0]) : 0) ?:
	       (a->writes ? add_directed(p, first, &end, DIRECTION_FROM_DEVICE, a->recent[1]) : 0);
}

/* Those of one buffer, at the end of the array. */
static int add_ends(struct model *m, const struct model_buffer *b)
{
	struct pipelines *p = &m->pipelines;
	uint32_t first = p->n_ends, i;
	int err = 0;

	for (i = 0; i < b->attachments && !err; i++)
		err = add_attachment_ends(m, first, &m->attachments[b->first_attachment + i]);
	for (i = b->first_past; i < b->first_past + b->pasts && !err; i++)
		if (is_late(m, &m->pasts[i]))
			err = add_past_ends(p, first, &m->pasts[i]);
	for (i = 0; i < b->accesses && !err; i++)
		err = add_access_ends(p, first, &m->accesses[b->first_access + i]);
	if (!err && p->n_ends > first)
		qsort(&p->ends[first], p->n_ends - first, sizeof(*p->ends), by_end);
	return err;
}

static uint64_t flow_key(const struct model *m, const struct model_buffer *b, uint32_t first)
{
	const struct pipelines *p = &m->pipelines;
	uint64_t key = hash_mix(hash_string(b->exporter), b->size);

	key = hash_mix(key, b->node == INDEX_NONE ? 0 : m->nodes[b->node].rdev);
	for (uint32_t i = first; i < p->n_ends; i++) {
		const struct flow_end *e = &p->ends[i];

		/* What they are called, since places change from snapshot to snapshot */
		key = hash_mix(key, e->device ? hash_string(e->device) :
			       m->processes[e->process].pid);
		key = hash_mix(key, !e->device << 2 | e->direction);
	}
	return key;
}

static int add_process(struct pipelines *p, struct model_flow *f, uint32_t process)
{
	for (uint32_t i = 0; i < f->processes; i++)
		if (p->processes[f->first_process + i] == process)
			return 0;
	f->processes++;
	return array_append(&p->processes, &p->n_processes, &p->room_processes, &process,
			    sizeof(process));
}

/* Takes one more buffer into a flow; its own ends are at the end of the array. */
static void add_buffer(struct model *m, struct model_flow *f, struct model_buffer *b,
		       uint32_t first)
{
	struct pipelines *p = &m->pipelines;

	f->buffers++;
	b->next_of_flow = f->first_buffer;
	f->first_buffer = b - m->buffers;
	if (b->valid & SNAP_HAS_CREATED && (!f->created || b->created < f->created))
		f->created = b->created;
	for (uint32_t i = 0; i < b->attachments; i++) {
		const struct model_attachment *a = &m->attachments[b->first_attachment + i];

		f->held |= a->mapped[0] || a->mapped[1] || a->mapped[2];
		f->took += a->took;
		f->waited += a->waited;
		if (a->since > f->last)
			f->last = a->since;
	}
	for (uint32_t i = b->first_past; i < b->first_past + b->pasts; i++) {
		const struct model_past *past = &m->pasts[i];

		f->took += past->took;
		f->waited += past->waited;
		if (past->since > f->last)
			f->last = past->since;
	}
	for (uint32_t i = 0; i < b->accesses; i++)
		if (m->accesses[b->first_access + i].last > f->last)
			f->last = m->accesses[b->first_access + i].last;
	if (first == f->first_end)
		return;
	for (uint32_t i = 0; i < f->ends; i++) {
		struct flow_end *mine = &p->ends[f->first_end + i];

		mine->recent += p->ends[first + i].recent;
		if (mine->node == INDEX_NONE)
			mine->node = p->ends[first + i].node;
	}
	p->n_ends = first;
}

static int find_flow(struct model *m, struct model_buffer *b)
{
	struct pipelines *p = &m->pipelines;
	uint32_t first = p->n_ends;
	struct model_flow *f;
	uint64_t key;
	int err;

	err = add_ends(m, b);
	if (err)
		return err;
	key = flow_key(m, b, first);
	b->flow = index_get(&p->by_key, key);
	if (b->flow == INDEX_NONE) {
		f = array_add(&p->flows, &p->n_flows, &p->room_flows, sizeof(*f));
		if (!f)
			return -ENOMEM;
		f->key = key;
		f->exporter = b->exporter;
		f->node = b->node;
		f->size = b->size;
		f->sized = b->valid & SNAP_HAS_SIZE;
		f->first_end = first;
		f->ends = p->n_ends - first;
		f->first_buffer = INDEX_NONE;
		b->flow = p->n_flows - 1;
		err = index_put(&p->by_key, key, b->flow);
		if (err)
			return err;
	}
	add_buffer(m, &p->flows[b->flow], b, first);
	return 0;
}

/* Flow by flow, so that each one's stand side by side. */
static int add_processes(struct model *m, uint32_t flow)
{
	struct pipelines *p = &m->pipelines;
	struct model_flow *f = &p->flows[flow];
	uint32_t i, h;

	f->first_process = p->n_processes;
	for (i = f->first_buffer; i != INDEX_NONE; i = m->buffers[i].next_of_flow) {
		const struct model_buffer *b = &m->buffers[i];

		for (h = 0; h < b->procs; h++)
			if (add_process(p, f, m->holders[b->first_holder + h].process))
				return -ENOMEM;
	}
	return 0;
}

static bool is_video(const struct model *m, const struct model_flow *f, uint32_t node)
{
	const char *path = m->nodes[node].path;

	for (uint32_t i = 0; i < f->ends; i++)
		if (m->pipelines.ends[f->first_end + i].node == node)
			return false;
	return path && !strncmp(path, "/dev/video", strlen("/dev/video"));
}

/*
 * The one node through which the exporter may work for a holder; INDEX_NONE: none, or several.
 * A process that has its capture device open keeps it open: hooks that came later miss the export.
 */
static uint32_t presumed_node(const struct model *m, const struct model_flow *f)
{
	uint32_t found = INDEX_NONE, i, at;

	if (!f->presumed || f->node != INDEX_NONE || !f->exporter ||
	    strncmp(f->exporter, "videobuf2", strlen("videobuf2")))
		return f->node;
	for (i = 0; i < f->processes; i++) {
		uint32_t process = m->pipelines.processes[f->first_process + i];

		at = index_get(&m->opened_by, m->processes[process].pid);
		for (; at != INDEX_NONE; at = m->opened[at].next) {
			uint32_t node = m->opened[at].node;

			if (node == found || !is_video(m, f, node))
				continue;
			if (found != INDEX_NONE)
				return INDEX_NONE;
			found = node;
		}
	}
	return found;
}

static enum flow_side flow_end_side(const struct flow_end *end)
{
	/* DMA_BIDIRECTIONAL permits writes and proves none: a consumer */
	return end->direction == DIRECTION_NONE ? FLOW_OTHER :
	       end->direction == DIRECTION_FROM_DEVICE ? FLOW_PRODUCER : FLOW_CONSUMER;
}

static void sum_up(struct model *m, struct model_flow *f)
{
	const struct pipelines *p = &m->pipelines;
	uint64_t busiest[2] = { 0, 0 };
	bool has[2] = { false, false };

	for (uint32_t i = 0; i < f->ends; i++) {
		const struct flow_end *e = &p->ends[f->first_end + i];
		enum flow_side side = flow_end_side(e);

		if (side == FLOW_OTHER)
			continue;
		has[side] = true;
		if (e->recent > busiest[side])
			busiest[side] = e->recent;
	}
	f->presumed = !has[FLOW_PRODUCER];
	/* Of what was never seen to move nothing is known. */
	f->rate_known = p->time && m->time > p->time && (has[0] || has[1]);
	if (f->rate_known)
		f->rate = busiest[has[FLOW_CONSUMER] ? FLOW_CONSUMER : FLOW_PRODUCER] /
			  (m->time - p->time);
	/* V4L2 maps a buffer once and then passes frame after frame through it. */
	if (f->held && !f->rate)
		f->rate_known = false;
}

int pipelines_update(struct model *m)
{
	struct pipelines *p = &m->pipelines;
	int err;

	p->n_flows = p->n_ends = p->n_processes = 0;
	index_clear(&p->by_key);
	for (uint32_t i = 0; i < m->n_buffers; i++)
		m->buffers[i].flow = INDEX_NONE;
	if (!(m->watched & MODEL_WATCHES_STATE)) {
		index_clear(&p->before);
		p->time = 0;
		return 0;
	}
	err = count_recent(m);
	for (uint32_t i = 0; i < m->n_buffers && !err; i++)
		if (m->buffers[i].selected &&
		    (m->buffers[i].attachments || m->buffers[i].accesses ||
		     has_late(m, &m->buffers[i], NULL)))
			err = find_flow(m, &m->buffers[i]);
	for (uint32_t i = 0; i < p->n_flows && !err; i++) {
		sum_up(m, &p->flows[i]);
		err = add_processes(m, i);
		p->flows[i].presumed_node = presumed_node(m, &p->flows[i]);
	}
	p->time = m->time;
	return err;
}

void pipelines_free(struct pipelines *p)
{
	free(p->flows);
	free(p->ends);
	free(p->processes);
	index_free(&p->by_key);
	index_free(&p->before);
	memset(p, 0, sizeof(*p));
}

const char *flow_end_name(const struct model *m, const struct model_flow *f, enum flow_side side,
			  uint32_t i)
{
	static char name[512];

	for (uint32_t at = 0; at < f->ends; at++) {
		const struct flow_end *e = &m->pipelines.ends[f->first_end + at];
		const char *node = e->node == INDEX_NONE ? NULL : m->nodes[e->node].path;

		if (flow_end_side(e) != side || i--)
			continue;
		if (!e->device)
			snprintf(name, sizeof(name), "cpu:%s", m->processes[e->process].comm);
		else
			snprintf(name, sizeof(name), "%s%s%s", node ? node : "", node ? " " : "",
				 e->device);
		return name;
	}
	return NULL;
}

const char *flow_presumed(const struct model *m, const struct model_flow *f)
{
	uint32_t at = f->presumed_node;
	const char *node = at == INDEX_NONE ? NULL : m->nodes[at].path;

	return !f->presumed ? NULL : node ? node : f->exporter;
}

bool flow_is_stalled(const struct model *m, const struct model_flow *f, uint64_t *seconds)
{
	*seconds = f->last && m->time > f->last ? m->time - f->last : 0;
	return !f->held && *seconds >= PIPELINE_STALL_SECONDS;
}

bool flow_fence_share(const struct model_flow *f, uint64_t *percent)
{
	*percent = f->took ? 100.0 * f->waited / f->took + 0.5 : 0;
	return f->took;
}

bool attachment_mapped(const struct model_attachment *a, bool *mapped)
{
	*mapped = a->mapped[0] || a->mapped[1] || a->mapped[2];
	return a->id && (*mapped || !a->older);
}

unsigned int attachment_directions(const struct model_attachment *a)
{
	unsigned int d, seen = 0;

	for (d = 0; a->id && d < DIRECTION_NONE; d++)
		if (a->maps[d] || a->mapped[d])
			seen |= 1u << d;
	return seen;
}

static bool is_map(const struct model_operation *o, const char *exporter, const char *device)
{
	return o->type == EVENT_MAP && (!device || (o->device && !strcmp(o->device, device))) &&
	       (!exporter || (o->exporter && !strcmp(o->exporter, exporter)));
}

bool map_percentile(const struct model *m, const char *exporter, const char *device,
		    double percent, uint64_t *ns)
{
	const struct model_operations *all = &m->operations;
	const struct model_operation *o;
	struct histogram sum = { 0 };
	uint32_t i;

	for (unsigned int d = 0; exporter && device && d <= DIRECTION_NONE; d++) {
		o = operations_find(all, EVENT_MAP, d, exporter, device);
		if (o)
			histogram_merge(&sum, &o->histogram);
	}
	i = !device ? 0 : exporter ? INDEX_NONE : operations_of(all, device);
	for (; i < all->n; i = device ? o->next : i + 1) {
		o = &all->rows[i];
		if (is_map(o, exporter, device))
			histogram_merge(&sum, &o->histogram);
	}
	return histogram_percentile(&sum, percent, ns);
}

bool map_rate(const struct model *m, const char *device, uint64_t *rate)
{
	uint32_t i = operations_of(&m->operations, device);

	*rate = 0;
	while (i < m->operations.n) {
		const struct model_operation *o = &m->operations.rows[i];

		if (is_map(o, NULL, device))
			*rate += o->rate * 1000 + 0.5;
		i = o->next;
	}
	return m->operations_timed;
}
