// SPDX-License-Identifier: GPL-2.0
/* Sums for Prometheus; see metrics.h. */
#include "output/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "model/sums.h"
#include "output/text.h"

/* Numbers of exporters and devices with rows of their own, as in the module. */
#define MAX_EXPORTERS 64
#define MAX_DEVICES 256
/* Number of buffers with a row each, the oldest: every user can create buffers. */
#define MAX_BUFFERS 10000
#define MAX_LABEL 1024		/* bytes; longer labels are truncated */
#define BIT(place) (1u << (place))

struct metrics_group {
	const char *label;
	uint64_t pss, pss_part;		/* as in model_process */
	uint64_t buffers, rss, uss;
	uint32_t row;			/* with the sum */
	uint32_t last;			/* buffer, and 1 */
	bool unsized;
};

/* No label: "", always at the same address. */
static const char none[] = "";

/*
 * Different names may be equal in UTF-8: the label is the key of a row, so that no two series are
 * equal.
 */
static const char *label(struct intern *strings, const char *raw)
{
	char text[MAX_LABEL];

	if (!raw)
		return none;
	text_utf8(text, sizeof(text), raw);
	return *text ? intern(strings, text, SIZE_MAX) : none;
}

static struct metrics_row *find_row(struct metrics *m, enum metrics_set set,
				    const char *const *labels, uint32_t most)
{
	struct metrics_rows *rows = &m->sets[set];
	struct metrics_row *row;

	for (uint32_t i = 0; i < METRICS_LABELS; i++)
		if (!labels[i])
			return NULL;
	for (uint32_t i = 0; i < rows->n; i++)
		if (!memcmp(rows->rows[i].labels, labels, sizeof(rows->rows[i].labels)))
			return &rows->rows[i];
	if (most && rows->n >= most) {
		const char *const other[METRICS_LABELS] = {
			intern(&m->strings, "(other)", SIZE_MAX), none, none };

		return find_row(m, set, other, 0);
	}
	row = array_add(&rows->rows, &rows->n, &rows->room, sizeof(*row));
	if (!row)
		return NULL;
	memcpy(row->labels, labels, sizeof(row->labels));
	row->histogram = INDEX_NONE;
	return row;
}

static struct metrics_row *named_row(struct metrics *m, enum metrics_set set, const char *name,
				     uint32_t most)
{
	const char *const labels[METRICS_LABELS] = { label(&m->strings, name), none, none };

	return find_row(m, set, labels, most);
}

static struct metrics_row *exporter_row(struct metrics *m, const char *name)
{
	return named_row(m, METRICS_EXPORTER, name, MAX_EXPORTERS);
}

static struct metrics_row *device_row(struct metrics *m, const char *name)
{
	return named_row(m, METRICS_DEVICE, name, MAX_DEVICES);
}

static struct metrics_row *one(struct metrics *m)
{
	return &m->sets[METRICS_ONE].rows[0];
}

static void set_value(struct metrics_row *row, unsigned int place, uint64_t value)
{
	row->values[place] = value;
	row->known |= BIT(place);
}

/* All existing rows have these values, 0 without an addition. */
static void all_known(struct metrics *m, enum metrics_set set, uint32_t places)
{
	for (uint32_t i = 0; i < m->sets[set].n; i++)
		m->sets[set].rows[i].known |= places;
}

int metrics_begin(struct metrics *m)
{
	const char *const labels[METRICS_LABELS] = { none, none, none };

	m->has = 0;
	m->n_groups = m->n_histograms = 0;
	index_clear(&m->by_label);
	for (enum metrics_set set = 0; set < METRICS_SETS; set++) {
		struct metrics_rows *rows = &m->sets[set];

		/* A series that existed once continues with 0, instead of ending */
		if (set != METRICS_EXPORTER && set != METRICS_DEVICE)
			rows->n = 0;
		for (uint32_t i = 0; i < rows->n; i++) {
			memset(rows->rows[i].values, 0, sizeof(rows->rows[i].values));
			rows->rows[i].known = 0;
		}
	}
	intern_free(&m->passing);
	return find_row(m, METRICS_ONE, labels, 0) ? 0 : -ENOMEM;
}

static int add_exporters(struct metrics *m, const struct model *model)
{
	for (uint32_t i = 0; i < model->n_exporters; i++) {
		const struct model_exporter *e = &model->exporters[i];
		struct metrics_row *row = exporter_row(m, e->exporter);

		if (!row)
			return -ENOMEM;
		row->values[EXPORTER_BUFFERS] += e->buffers;
		row->values[EXPORTER_BYTES] += e->bytes;
	}
	return 0;
}

/* Mark the values of all exporters with a row as known, also exporters that only hooks know. */
static void know_exporters(struct metrics *m, const struct model *model)
{
	all_known(m, METRICS_EXPORTER, BIT(EXPORTER_BUFFERS) | BIT(EXPORTER_BYTES));
	for (uint32_t i = 0; i < model->n_exporters; i++) {
		const struct model_exporter *e = &model->exporters[i];

		if (e->unsized)
			exporter_row(m, e->exporter)->known &= ~BIT(EXPORTER_BYTES);
	}
}

/* Add the sums that require all buffers. */
static void add_unheld(struct metrics *m, const struct model *model)
{
	bool sized = true;

	for (uint32_t i = 0; i < model->n_buffers; i++) {
		const struct model_buffer *b = &model->buffers[i];

		if (!b->ino || b->procs)
			continue;
		sized &= (b->valid & SNAP_HAS_SIZE) != 0;
	}
	if (sized)
		set_value(one(m), ONE_KERNEL_ONLY_BYTES, model->totals.kernel_only_bytes);
	if (model->sees & MODEL_SEES_USERS)
		set_value(&m->sets[METRICS_SUSPECT].rows[0], SUSPECT_BUFFERS,
			  model->suspects.kernel_held);
}

static void add_unexplained(struct metrics *m, const struct model *model)
{
	uint64_t sum = 0, n;

	for (uint32_t i = 0; i < model->n_buffers; i++)
		if (model->buffers[i].ino &&
		    model_buffer_unexplained(model, &model->buffers[i], &n))
			sum += n;
	set_value(one(m), ONE_UNEXPLAINED, sum);
}

/* Groups: processes with the same name or cgroup */

static uint32_t group_at(struct metrics *m, const char *text)
{
	uint32_t i = index_get(&m->by_label, (uintptr_t)text);
	struct metrics_group *g;

	if (i != INDEX_NONE)
		return i;
	g = array_add(&m->groups, &m->n_groups, &m->room_groups, sizeof(*g));
	if (!g || index_put(&m->by_label, (uintptr_t)text, m->n_groups - 1))
		return INDEX_NONE;
	g->label = text;
	return m->n_groups - 1;
}

static int compare_groups(const void *x, const void *y)
{
	const struct metrics_group *a = *(struct metrics_group *const *)x;
	const struct metrics_group *b = *(struct metrics_group *const *)y;

	if (a->pss != b->pss)
		return a->pss > b->pss ? -1 : 1;
	return strcmp(a->label, b->label);
}

/*
 * Give each of the largest groups a row, and all other groups one row, "other". A group of this
 * name is part of the row.
 */
static int choose_groups(struct metrics *m)
{
	struct metrics_group **order = calloc(m->n_groups + 1, sizeof(*order));
	uint32_t i, n = 0, rest = 0;
	const char *labels[METRICS_LABELS] = { none, none, none };

	if (!order)
		return -ENOMEM;
	for (i = 0; i < m->n_groups; i++)
		order[i] = &m->groups[i];
	qsort(order, m->n_groups, sizeof(*order), compare_groups);
	m->sets[METRICS_GROUP].n = 0;
	for (i = 0; i < m->n_groups; i++) {
		if (n >= m->options.top || !strcmp(order[i]->label, "other")) {
			order[i]->row = INDEX_NONE;
			rest++;
			continue;
		}
		labels[0] = order[i]->label;
		order[i]->row = n++;
		if (!find_row(m, METRICS_GROUP, labels, 0))
			break;
	}
	labels[0] = "other";
	if (i < m->n_groups || (rest && !find_row(m, METRICS_GROUP, labels, 0))) {
		free(order);
		return -ENOMEM;
	}
	for (i = 0; i < m->n_groups; i++)
		if (m->groups[i].row == INDEX_NONE)
			m->groups[i].row = n;
	free(order);
	return 0;
}

/* Count a buffer once in each row with a holder, and in USS if only one row has holders. */
static void count_buffer(struct metrics *m, const struct model *model, uint32_t index,
			 const uint32_t *group_of, uint32_t *last)
{
	const struct model_buffer *b = &model->buffers[index];
	struct metrics_row *row = NULL, *rows = m->sets[METRICS_GROUP].rows;
	uint32_t i, n = 0;

	for (i = b->first_holder; i < b->first_holder + b->procs; i++) {
		uint32_t at = m->groups[group_of[model->holders[i].process]].row;

		if (last[at] == index + 1)
			continue;
		last[at] = index + 1;
		n++;
		row = &rows[at];
		row->values[GROUP_BUFFERS]++;
		row->values[GROUP_RSS] += b->size;
		if (!(b->valid & SNAP_HAS_SIZE))
			row->known &= ~(BIT(GROUP_RSS) | BIT(GROUP_PSS) | BIT(GROUP_USS));
	}
	if (n == 1)
		row->values[GROUP_USS] += b->size;
}

static int add_pss(struct metrics *m)
{
	struct metrics_rows *rows = &m->sets[METRICS_GROUP];
	uint64_t *parts = calloc(rows->n + 1, sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->n_groups; i++) {
		const struct metrics_group *g = &m->groups[i];

		rows->rows[g->row].values[GROUP_PSS] += g->pss;
		parts[g->row] += g->pss_part;
	}
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct model_process sum = {
			.pss = rows->rows[i].values[GROUP_PSS], .pss_part = parts[i],
		};

		rows->rows[i].values[GROUP_PSS] = model_pss(&sum);
	}
	free(parts);
	return 0;
}

static int sum_groups(struct metrics *m, const struct model *model, uint32_t *group_of)
{
	uint32_t i, *last;
	int err = 0;

	for (i = 0; i < model->n_processes; i++) {
		const struct model_process *p = &model->processes[i];
		struct metrics_group *g;

		if (!p->pid || !p->buffers)
			continue;
		group_of[i] = group_at(m, label(&m->passing, m->options.by_cgroup ? p->cgroup :
						p->comm));
		if (group_of[i] == INDEX_NONE)
			return -ENOMEM;
		g = &m->groups[group_of[i]];
		g->pss += p->pss;
		g->pss_part += p->pss_part;
		g->pss += g->pss_part >> MODEL_PSS_SHIFT;
		g->pss_part &= (1ull << MODEL_PSS_SHIFT) - 1;
	}
	err = choose_groups(m);
	if (err)
		return err;
	all_known(m, METRICS_GROUP, BIT(GROUP_BUFFERS) | BIT(GROUP_RSS) | BIT(GROUP_PSS) |
		  BIT(GROUP_USS));
	last = calloc(m->sets[METRICS_GROUP].n + 1, sizeof(*last));
	if (!last)
		return -ENOMEM;
	for (i = 0; i < model->n_buffers; i++)
		if (model->buffers[i].ino && model->buffers[i].selected)
			count_buffer(m, model, i, group_of, last);
	free(last);
	return add_pss(m);
}

static int add_groups(struct metrics *m, const struct model *model)
{
	uint32_t *group_of = calloc(model->n_processes + 1, sizeof(*group_of));
	int err = group_of ? sum_groups(m, model, group_of) : -ENOMEM;

	free(group_of);
	return err;
}

static int add_devices(struct metrics *m, const struct model *model)
{
	for (uint32_t i = 0; i < model->n_devices; i++) {
		struct metrics_row *row = device_row(m, model->devices[i].device);

		if (!row)
			return -ENOMEM;
		row->values[DEVICE_ATTACHMENTS] += model->devices[i].attachments;
	}
	all_known(m, METRICS_DEVICE, BIT(DEVICE_ATTACHMENTS));
	return 0;
}

/* Add the buffers that are mapped for each device, once; unknown if a mapping may be missing. */
static int add_mapped(struct metrics *m, const struct model *model)
{
	uint32_t *last = calloc(model->n_devices + 1, sizeof(*last)), i;
	bool mapped;

	if (!last)
		return -ENOMEM;
	all_known(m, METRICS_DEVICE, BIT(DEVICE_MAPPED_BYTES));
	for (i = 0; i < model->n_attachments; i++) {
		const struct model_attachment *a = &model->attachments[i];
		const struct model_buffer *b = &model->buffers[a->buffer];
		struct metrics_row *row;

		if (!b->ino || last[a->device] == a->buffer + 1)
			continue;
		row = device_row(m, model->devices[a->device].device);
		if (!attachment_mapped(a, &mapped) || (mapped && !(b->valid & SNAP_HAS_SIZE))) {
			row->known &= ~BIT(DEVICE_MAPPED_BYTES);
		} else if (mapped) {
			last[a->device] = a->buffer + 1;
			row->values[DEVICE_MAPPED_BYTES] += b->size;
		}
	}
	free(last);
	return 0;
}

/* What hooks counted */

static const char *direction_label(struct metrics *m, unsigned int direction)
{
	const char *name = direction_name(direction);

	return name ? intern(&m->strings, name, SIZE_MAX) : none;
}

static int add_histogram(struct metrics *m, enum metrics_set set, const char *exporter,
			 const char *device, unsigned int direction, const struct histogram *h,
			 bool timed)
{
	const char *const labels[METRICS_LABELS] = {
		label(&m->strings, exporter), label(&m->strings, device),
		direction_label(m, direction),
	};
	struct metrics_row *row = find_row(m, set, labels, 0);
	struct histogram *place;

	if (!row)
		return -ENOMEM;
	if (row->histogram == INDEX_NONE) {
		place = array_add(&m->histograms, &m->n_histograms, &m->room_histograms,
				  sizeof(*place));
		if (!place)
			return -ENOMEM;
		row->histogram = m->n_histograms - 1;
	}
	histogram_merge(&m->histograms[row->histogram], h);
	row->timed = timed;
	set_value(row, CALL_COUNT, m->histograms[row->histogram].count);
	set_value(row, CALL_ERRORS, m->histograms[row->histogram].errors);
	return 0;
}

static int add_operation(struct metrics *m, const struct model_operation *o)
{
	struct metrics_row *row;

	switch (o->type) {
	case EVENT_EXPORT:
	case EVENT_RELEASE:
		row = exporter_row(m, o->exporter);
		if (!row)
			return -ENOMEM;
		row->values[o->type == EVENT_EXPORT ? EXPORTER_EXPORTS : EXPORTER_RELEASES] +=
			o->histogram.count - o->histogram.errors;
		return 0;
	case EVENT_MAP:
		return add_histogram(m, METRICS_CALL, o->exporter, o->device, o->direction,
				     &o->histogram, true);
	case EVENT_FENCE_WAIT:
		/* Others are not about a buffer */
		if (!o->exporter)
			return 0;
		return add_histogram(m, METRICS_WAIT, o->exporter, o->device ? o->device : "cpu",
				     o->direction, &o->histogram, true);
	default:
		return 0;
	}
}

static int add_operations(struct metrics *m, const struct model *model)
{
	int err = 0;

	for (uint32_t i = 0; i < model->operations.n && !err; i++)
		err = add_operation(m, &model->operations.rows[i]);
	all_known(m, METRICS_EXPORTER, BIT(EXPORTER_EXPORTS) | BIT(EXPORTER_RELEASES));
	set_value(one(m), ONE_LOST, model->lost);
	m->has |= METRICS_EXPORTS | METRICS_MAPS | METRICS_WAITS | METRICS_LOST;
	return err;
}

static int add_buffers(struct metrics *m, const struct model *model)
{
	struct metrics_rows *rows = &m->sets[METRICS_BUFFER];
	uint64_t count;

	for (uint32_t i = 0; i < model->n_buffers && rows->n < MAX_BUFFERS; i++) {
		const struct model_buffer *b = &model->buffers[i];
		struct metrics_row *row;
		char ino[24];

		if (!b->ino)
			continue;
		row = array_add(&rows->rows, &rows->n, &rows->room, sizeof(*row));
		if (!row)
			return -ENOMEM;
		snprintf(ino, sizeof(ino), "%" PRIu64, b->ino);
		row->labels[0] = intern(&m->passing, ino, SIZE_MAX);
		row->labels[1] = label(&m->passing, b->exporter);
		row->labels[2] = label(&m->passing, b->name);
		if (!row->labels[0] || !row->labels[1] || !row->labels[2])
			return -ENOMEM;
		row->histogram = INDEX_NONE;
		if (b->valid & SNAP_HAS_SIZE)
			set_value(row, BUFFER_BYTES, b->size);
		if (model_buffer_count(model, b, &count))
			set_value(row, BUFFER_REFERENCES, count);
		if (model->sees & MODEL_SEES_HOLDERS)
			set_value(row, BUFFER_PROCESSES, b->procs);
		if (b->valid & SNAP_HAS_ATTACHMENTS)
			set_value(row, BUFFER_ATTACHMENTS, b->attachments);
	}
	m->has |= METRICS_PER_BUFFER;
	return 0;
}

static int add_all_buffers(struct metrics *m, const struct model *model)
{
	const char *const kind[METRICS_LABELS] = { "kernel-held", none, none };
	int err = add_exporters(m, model);

	if (!err && !find_row(m, METRICS_SUSPECT, kind, 0))
		err = -ENOMEM;
	if (!err)
		add_unheld(m, model);
	m->has |= METRICS_ALL_BUFFERS;
	return err;
}

int metrics_add_model(struct metrics *m, const struct model *model)
{
	int err = 0;

	if (model->sees & MODEL_SEES_KERNEL_ONLY)
		err = add_all_buffers(m, model);
	if (!err && model->sees & MODEL_SEES_HOLDERS) {
		err = add_groups(m, model);
		m->has |= METRICS_HOLDERS;
	}
	if (!err && model->sees & MODEL_SEES_REFERENCES) {
		add_unexplained(m, model);
		m->has |= METRICS_REFERENCES;
	}
	if (!err && model->sees & MODEL_SEES_ATTACHMENTS) {
		err = add_devices(m, model);
		m->has |= METRICS_ATTACHMENTS;
	}
	if (!err && model->watched & MODEL_WATCHES_STATE) {
		err = add_mapped(m, model);
		m->has |= METRICS_MAPPED;
	}
	if (!err && model->watched & MODEL_WATCHES_TIMES)
		err = add_operations(m, model);
	if (!err && m->has & METRICS_ALL_BUFFERS)
		know_exporters(m, model);
	if (!err && m->options.per_buffer)
		err = add_buffers(m, model);
	return err;
}

/* Sums of the module alone: since the module was loaded, by exporter or by device. */

static int add_sums_exporters(struct metrics *m, const struct module_sums *s, uint32_t lacks)
{
	struct metrics_row *row;

	for (uint32_t i = 0; i < s->n_exporters; i++) {
		const struct sums_exporter *e = &s->exporters[i];

		row = exporter_row(m, e->exporter);
		if (!row)
			return -ENOMEM;
		if (lacks & METRICS_ALL_BUFFERS) {
			row->values[EXPORTER_BUFFERS] += e->buffers;
			row->values[EXPORTER_BYTES] += e->bytes;
			row->known |= BIT(EXPORTER_BUFFERS) | BIT(EXPORTER_BYTES);
		}
		if (lacks & METRICS_EXPORTS) {
			row->values[EXPORTER_EXPORTS] += e->exports;
			row->known |= BIT(EXPORTER_EXPORTS);
		}
	}
	if (!(lacks & METRICS_EXPORTS))
		return 0;
	/* The module does not distinguish them */
	row = exporter_row(m, NULL);
	if (!row)
		return -ENOMEM;
	set_value(row, EXPORTER_RELEASES, s->releases);
	return 0;
}

static int add_sums_devices(struct metrics *m, const struct module_sums *s, uint32_t lacks)
{
	int err = 0;

	for (uint32_t i = 0; i < s->n_devices && !err; i++) {
		const struct sums_device *d = &s->devices[i];
		struct metrics_row *row = device_row(m, d->device);

		if (!row)
			return -ENOMEM;
		if (lacks & METRICS_ATTACHMENTS) {
			row->values[DEVICE_ATTACHMENTS] += d->attachments;
			row->known |= BIT(DEVICE_ATTACHMENTS);
		}
		if (lacks & METRICS_MAPS && d->maps.count)
			err = add_histogram(m, METRICS_CALL, NULL, d->device, 3, &d->maps,
					    s->timed);
	}
	return err;
}

int metrics_add_sums(struct metrics *m, const struct module_sums *s)
{
	uint32_t lacks = ~m->has & (METRICS_ALL_BUFFERS | METRICS_ATTACHMENTS | METRICS_EXPORTS |
				    METRICS_MAPS | METRICS_LOST);
	int err = add_sums_exporters(m, s, lacks) ?: add_sums_devices(m, s, lacks);

	if (lacks & METRICS_LOST)
		set_value(one(m), ONE_LOST, s->missed);
	m->has |= lacks;
	return err;
}

int metrics_end(struct metrics *m, bool up, const char *source, uint64_t ns)
{
	const char *const labels[METRICS_LABELS] = {
		intern(&m->strings, VERSION, SIZE_MAX), label(&m->strings, source), none,
	};
	struct metrics_row *row = find_row(m, METRICS_BUILD, labels, 0);

	if (!row)
		return -ENOMEM;
	set_value(row, BUILD_ONE, 1);
	set_value(one(m), ONE_UP, up);
	set_value(one(m), ONE_DURATION, ns);
	return 0;
}

void metrics_free(struct metrics *m)
{
	for (enum metrics_set set = 0; set < METRICS_SETS; set++)
		free(m->sets[set].rows);
	free(m->groups);
	free(m->histograms);
	index_free(&m->by_label);
	intern_free(&m->strings);
	intern_free(&m->passing);
	memset(m, 0, sizeof(*m));
}
