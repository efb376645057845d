// SPDX-License-Identifier: GPL-2.0
/* From snapshot records to the model, and which of its rows can be trusted; see snapshot.h. */
#include "model/model.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/holders.h"

/* Strings of processes and buffers long gone pile up: from so many on, all are kept anew. */
#define STRINGS_MAX(m) (4096 + 4 * ((m)->n_buffers + (m)->n_processes + (m)->n_devices))

static void drop_strings(struct model *m)
{
	if (m->strings.used > STRINGS_MAX(m)) {
		/* One snapshot fills less than that: between two drops there are some. */
		intern_free(&m->old_strings);
		m->old_strings = m->strings;
		memset(&m->strings, 0, sizeof(m->strings));
	}
}

static void drop_rows(struct model *m)
{
	m->n_buffers = m->n_attachments = m->n_slots = m->n_holders = 0;
	m->n_processes = m->n_devices = m->n_exporters = 0;
	m->n_sockets = m->n_nodes = m->n_opened = m->n_accesses = m->n_pasts = 0;
	index_clear(&m->by_socket);
	index_clear(&m->by_ino);
	index_clear(&m->by_pid);
	index_clear(&m->by_device);
	index_clear(&m->by_node);
	index_clear(&m->open);
	index_clear(&m->opened_by);
	index_clear(&m->former);
	index_clear(&m->bare);
	index_clear(&m->by_id);
	memset(&m->totals, 0, sizeof(m->totals));
	m->torn = 0;
	m->wants_recount = false;
}

static int add_buffer(struct model *m, const void *record)
{
	const struct snap_buffer *in = record;
	struct model_buffer *b;

	b = array_add(&m->buffers, &m->n_buffers, &m->room_buffers, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->ino = in->ino;
	b->size = in->head.valid & SNAP_HAS_SIZE ? in->size : 0;
	b->count = in->count;
	b->created = in->created;
	b->uid = in->uid;
	b->valid = in->head.valid;
	b->node = b->flow = INDEX_NONE;
	b->torn = in->head.valid & SNAP_TORN;
	/* Most neighbours have the same one */
	if (in->head.valid & SNAP_HAS_EXPORTER && m->n_buffers > 1 && b[-1].exporter &&
	    !strncmp(b[-1].exporter, in->exporter, sizeof(in->exporter))) {
		b->exporter = b[-1].exporter;
	} else if (in->head.valid & SNAP_HAS_EXPORTER) {
		b->exporter = intern(&m->strings, in->exporter, sizeof(in->exporter));
		if (!b->exporter)
			return -ENOMEM;
	}
	if (in->head.valid & SNAP_HAS_NAME) {
		b->name = intern(&m->strings, in->name, sizeof(in->name));
		if (!b->name)
			return -ENOMEM;
	}
	return 0;
}

static int by_ino(const void *a, const void *b)
{
	const struct model_buffer *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int sort_buffers(struct model *m)
{
	struct model_buffer *b = m->buffers;
	uint32_t i, falling = 0, rising = 0, kept = 0;
	int err = 0;

	for (i = 1; i < m->n_buffers; i++)
		b[i].ino < b[i - 1].ino ? falling++ : rising++;
	if (falling && rising) {
		qsort(b, m->n_buffers, sizeof(*b), by_ino);
	} else if (falling) {
		/* The kernel's list as it is: the newest first */
		for (i = 0; i < m->n_buffers / 2; i++) {
			struct model_buffer swap = b[i];

			b[i] = b[m->n_buffers - 1 - i];
			b[m->n_buffers - 1 - i] = swap;
		}
	}
	for (i = 0; i < m->n_buffers && !err; i++) {
		/*
		 * A list that changes while it is walked may show a buffer twice, and then its
		 * attachments, too: how many there are is not known.
		 */
		if (kept && b[kept - 1].ino == b[i].ino) {
			b[kept - 1].valid &= ~SNAP_HAS_ATTACHMENTS;
			continue;
		}
		if (kept != i)
			b[kept] = b[i];
		err = index_put(&m->by_ino, b[kept].ino, kept);
		kept++;
	}
	m->n_buffers = kept;
	return err;
}

static int add_device(struct model *m, const struct snap_attachment *in, uint32_t *device)
{
	const char *name = intern(&m->strings, in->device, sizeof(in->device));
	bool known = in->head.valid & SNAP_ATTACHMENT_DRIVER_KNOWN;
	char both[SNAP_DEVICE_LEN + SNAP_DRIVER_LEN + 2];
	const char *driver, *key;
	struct model_device *d;

	/* Equal strings have one address: that of the pair is its key. */
	snprintf(both, sizeof(both), "%.*s\n%.*s", SNAP_DEVICE_LEN, in->device, SNAP_DRIVER_LEN,
		 known ? in->driver : "");
	key = intern(&m->strings, both, sizeof(both));
	driver = known ? intern(&m->strings, in->driver, sizeof(in->driver)) : NULL;
	if (!name || !key || (known && !driver))
		return -ENOMEM;
	*device = index_get(&m->by_device, (uintptr_t)key);
	if (*device != INDEX_NONE)
		return 0;
	d = array_add(&m->devices, &m->n_devices, &m->room_devices, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->device = name;
	d->driver = driver;
	*device = m->n_devices - 1;
	return index_put(&m->by_device, (uintptr_t)key, *device);
}

static int add_attachment(struct model *m, const void *record)
{
	const struct snap_attachment *in = record;
	uint32_t buffer = index_get(&m->by_ino, in->ino);
	struct model_attachment *a;
	uint32_t device;
	int err;

	if (buffer == INDEX_NONE)
		return 0;
	err = add_device(m, in, &device);
	if (err)
		return err;
	a = array_add(&m->attachments, &m->n_attachments, &m->room_attachments, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->buffer = buffer;
	a->device = device;
	a->flags = in->head.valid;
	a->node = INDEX_NONE;
	return 0;
}

static int add_process(struct model *m, const struct snap_slot *in, uint32_t *process)
{
	struct model_process *p;

	/* Slots come process by process */
	if (m->n_slots) {
		uint32_t last = m->slots[m->n_slots - 1].process;

		if (last != NO_PROCESS && m->processes[last].pid == in->pid) {
			*process = last;
			return 0;
		}
	}
	*process = index_get(&m->by_pid, in->pid);
	if (*process != INDEX_NONE)
		return 0;
	p = array_add(&m->processes, &m->n_processes, &m->room_processes, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->pid = in->pid;
	p->comm = intern(&m->strings, in->comm, sizeof(in->comm));
	p->cgroup_id = in->cgroup;
	if (!p->comm)
		return -ENOMEM;
	*process = m->n_processes - 1;
	return index_put(&m->by_pid, in->pid, *process);
}

static int add_socket(struct model *m, const void *record)
{
	const struct snap_slot *in = record;
	uint32_t first = index_get(&m->by_socket, in->table);
	struct model_socket *s;
	uint32_t process;
	int err;

	if (!in->pid)
		return -EBADMSG;
	err = add_process(m, in, &process);
	if (err)
		return err;
	s = array_add(&m->sockets, &m->n_sockets, &m->room_sockets, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->table = in->table;
	s->ino = in->ino;
	s->process = process;
	s->next = INDEX_NONE;
	if (first == INDEX_NONE)
		return index_put(&m->by_socket, in->table, m->n_sockets - 1);
	s->next = m->sockets[first].next;
	m->sockets[first].next = m->n_sockets - 1;
	return 0;
}

static int add_node(struct model *m, uint32_t rdev, uint32_t *node)
{
	struct model_node *n;

	*node = index_get(&m->by_node, rdev);
	if (*node != INDEX_NONE)
		return 0;
	*node = m->n_nodes;
	n = array_add(&m->nodes, &m->n_nodes, &m->room_nodes, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->rdev = rdev;
	return index_put(&m->by_node, rdev, *node);
}

static int add_slot(struct model *m, const void *record)
{
	const struct snap_slot *in = record;
	uint32_t buffer = index_get(&m->by_ino, in->ino);
	struct model_slot *s;
	uint32_t process, node = 0;
	int err;

	/* The row of what only the kernel holds has pid 0: nobody else does. */
	if (!in->pid != (in->head.type == SNAP_IN_FLIGHT))
		return -EBADMSG;
	/* Exported after the buffers were read, or released before: not in this snapshot. */
	if (buffer == INDEX_NONE)
		return 0;
	process = NO_PROCESS;
	err = in->pid ? add_process(m, in, &process) : 0;
	if (!err && (in->head.type == SNAP_GEM || in->head.type == SNAP_FRAMEBUFFER))
		err = add_node(m, in->rdev, &node);
	if (err)
		return err;
	s = array_add(&m->slots, &m->n_slots, &m->room_slots, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->table = in->table;
	s->start = in->start;
	s->end = in->end;
	s->buffer = buffer;
	s->process = process;
	s->flags = in->head.valid;
	s->node = node;
	s->type = in->head.type;
	if (in->head.valid & SNAP_SLOT_HAS_COUNT &&
	    (!(m->buffers[buffer].valid & SNAP_HAS_COUNT) ||
	     in->count != m->buffers[buffer].count))
		m->buffers[buffer].torn = true;
	return 0;
}

static uint64_t hash_field(const char *field, size_t room)
{
	char text[SNAP_DEVICE_LEN + 1];

	snprintf(text, sizeof(text), "%.*s", (int)room, field);
	return *text ? hash_string(text) : 0;
}

/* The key, by buffer and device, of the first attachment without an id */
static uint64_t bare_key(uint32_t buffer, uint64_t device)
{
	return device ^ buffer * 0x9e3779b97f4a7c15ULL;
}

static int list_bare(struct model *m)
{
	uint32_t i = m->n_attachments;
	int err = 0;

	while (i-- && !err) {
		struct model_attachment *a = &m->attachments[i];
		const char *device = m->devices[a->device].device;
		uint64_t key = bare_key(a->buffer, hash_field(device, SNAP_DEVICE_LEN));

		a->next_bare = index_get(&m->bare, key);
		if (a->next_bare == INDEX_NONE)
			a->next_bare = m->n_attachments;
		err = index_put(&m->bare, key, i);
	}
	return err;
}

/*
 * Find the buffer's next attachment to that device without an id. *found NULL: attached after the
 * snapshot, or detached before. Return 0 or -ENOMEM.
 */
static int next_attachment(struct model *m, const struct snap_mapping *in,
			   struct model_attachment **found)
{
	uint32_t buffer = index_get(&m->by_ino, in->ino), i;
	uint64_t key = bare_key(buffer, hash_field(in->device, sizeof(in->device)));
	int err = m->bare.used ? 0 : list_bare(m);

	*found = NULL;
	i = index_get(&m->bare, key);
	if (err || buffer == INDEX_NONE || i == INDEX_NONE || i == m->n_attachments)
		return err;
	*found = &m->attachments[i];
	return index_put(&m->bare, key, (*found)->next_bare);
}

static uint64_t id_key(uint32_t buffer, uint32_t id)
{
	return (uint64_t)buffer << 32 | id;
}

/* Add the calls of a detached device. The records of attachments come first. */
static int add_past(struct model *m, const struct snap_mapping *in)
{
	uint32_t buffer = index_get(&m->by_ino, in->ino);
	struct model_past *p;

	if (buffer == INDEX_NONE || index_get(&m->by_id, id_key(buffer, in->id)) != INDEX_NONE)
		return 0;
	p = array_add(&m->pasts, &m->n_pasts, &m->room_pasts, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->buffer = buffer;
	p->id = in->id;
	p->node = INDEX_NONE;
	p->device = intern(&m->strings, in->device, sizeof(in->device));
	memcpy(p->maps, in->maps, sizeof(p->maps));
	p->took = in->took;
	p->waited = in->waited;
	p->since = in->since / 1e9;
	if (!p->device)
		return -ENOMEM;
	return in->rdev ? add_node(m, in->rdev, &p->node) : 0;
}

/* What hooks saw of an attachment. */
static int add_mapping(struct model *m, const void *record)
{
	const struct snap_mapping *in = record;
	struct model_attachment *a = NULL;
	int err = 0;

	if (in->head.valid & SNAP_MAPPING_PAST)
		return add_past(m, in);
	if (in->id)
		err = next_attachment(m, in, &a);
	if (!err && a)
		err = index_put(&m->by_id, id_key(a->buffer, in->id), 1);
	if (err || !a)
		return err;
	a->id = in->id;
	a->older = in->head.valid & SNAP_MAPPING_OLDER;
	memcpy(a->mapped, in->mapped, sizeof(a->mapped));
	memcpy(a->maps, in->maps, sizeof(a->maps));
	a->took = in->took;
	a->waited = in->waited;
	a->since = in->since / 1e9;
	return in->rdev ? add_node(m, in->rdev, &a->node) : 0;
}

static int add_origin(struct model *m, const void *record)
{
	const struct snap_origin *in = record;
	uint32_t buffer = index_get(&m->by_ino, in->ino);
	struct model_buffer *b;

	if (buffer == INDEX_NONE)
		return 0;
	b = &m->buffers[buffer];
	b->exported_by = in->pid;
	b->exported_comm = intern(&m->strings, in->comm, sizeof(in->comm));
	if (!b->exported_comm)
		return -ENOMEM;
	return in->rdev ? add_node(m, in->rdev, &b->node) : 0;
}

/* No view asks for processes without buffers. */
static int add_access(struct model *m, const void *record)
{
	const struct snap_access *in = record;
	uint32_t buffer = index_get(&m->by_ino, in->ino), process = index_get(&m->by_pid, in->pid);
	struct model_access *a;

	if (buffer == INDEX_NONE || process == INDEX_NONE)
		return 0;
	a = array_add(&m->accesses, &m->n_accesses, &m->room_accesses, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->buffer = buffer;
	a->process = process;
	a->reads = in->reads;
	a->writes = in->writes;
	a->last = in->last / 1e9;
	return 0;
}

static int put_hash(struct model *m, const char *field, size_t room)
{
	uint64_t hash = hash_field(field, room);

	return hash ? index_put(&m->open, hash, 1) : 0;
}

static int add_opened(struct model *m, const struct snap_node *in)
{
	struct model_opened *o = array_add(&m->opened, &m->n_opened, &m->room_opened, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->next = index_get(&m->opened_by, in->pid);
	return add_node(m, in->rdev, &o->node) ?:
		index_put(&m->opened_by, in->pid, m->n_opened - 1);
}

/* Add an open device file. */
static int add_open(struct model *m, const void *record)
{
	const struct snap_node *in = record;

	return (in->pid ? add_opened(m, in) : 0) ?: index_put(&m->open, in->rdev, 1) ?:
	       index_put(&m->open, MODEL_OPEN_MAJOR(in->rdev >> 20), 1) ?:
	       put_hash(m, in->name, sizeof(in->name)) ?:
	       put_hash(m, in->device, sizeof(in->device)) ?:
	       put_hash(m, in->driver, sizeof(in->driver));
}

static int add_former(struct model *m, const void *record)
{
	return index_put(&m->former, ((const struct snap_former *)record)->pid, 1);
}

/* By which of the passes a record is taken: each needs what those before it have made. */
enum pass {
	PASS_BUFFERS,
	PASS_REFERENCES,		/* attachments and slots, of buffers */
	PASS_HOOKS,			/* of attachments and processes */
};

#define TYPE(name, pass, add) { sizeof(struct snap_##name), PASS_##pass, add }

static const struct {
	size_t size;
	enum pass pass;
	int (*add)(struct model *m, const void *record);	/* NULL: by no pass */
} types[] = {
	[SNAP_BUFFER] = TYPE(buffer, BUFFERS, add_buffer),
	[SNAP_ATTACHMENT] = TYPE(attachment, REFERENCES, add_attachment),
	[SNAP_FD] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_MAP] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_RECOUNT] = TYPE(recount, BUFFERS, NULL),
	[SNAP_GEM] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_IN_FLIGHT] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_SOCKET] = TYPE(slot, REFERENCES, add_socket),
	[SNAP_IO_URING] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_FRAMEBUFFER] = TYPE(slot, REFERENCES, add_slot),
	[SNAP_MAPPING] = TYPE(mapping, HOOKS, add_mapping),
	[SNAP_ORIGIN] = TYPE(origin, HOOKS, add_origin),
	[SNAP_ACCESS] = TYPE(access, HOOKS, add_access),
	[SNAP_NODE] = TYPE(node, REFERENCES, add_open),
	[SNAP_FORMER] = TYPE(former, REFERENCES, add_former),
};
#define TYPES (sizeof(types) / sizeof(*types))

/* Steps to the next record; returns 1 with *record set, 0 at the end, -EBADMSG if ill-formed. */
static int next_record(const char **at, const char *end, const struct snap_head **record)
{
	const struct snap_head *head = (const void *)*at;

	if (*at == end)
		return 0;
	if ((size_t)(end - *at) < sizeof(*head) || head->len < sizeof(*head) || head->len % 8 ||
	    head->len > end - *at)
		return -EBADMSG;
	if (head->type < TYPES && head->len < types[head->type].size)
		return -EBADMSG;
	*at += head->len;
	*record = head;
	return 1;
}

static int load_pass(struct model *m, const char *at, const char *end, enum pass pass)
{
	const struct snap_head *head;
	int err;

	while ((err = next_record(&at, end, &head)) > 0) {
		if (head->type < TYPES && types[head->type].add && types[head->type].pass == pass)
			err = types[head->type].add(m, head);
		if (err < 0)
			break;
	}
	return err;
}

/* Compare rows: each begins with the buffer, then a number. */
static int by_buffer(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return x[1] < y[1] ? -1 : x[1] > y[1];
}

static int by_attachment(const void *a, const void *b)
{
	const struct model_attachment *x = a, *y = b;
	int order = by_buffer(a, b);

	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

/* Sort the rows. Store the index of the first row and the number of rows in each buffer. */
static void sort_rows(struct model *m, void *rows, uint32_t n, size_t size, size_t first,
		      size_t many)
{
	if (n)
		qsort(rows, n, size, by_buffer);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *buffer = (const void *)((const char *)rows + i * size);
		char *b = (char *)&m->buffers[*buffer];

		if (!(*(uint32_t *)(b + many))++)
			*(uint32_t *)(b + first) = i;
	}
}

/* More slots than references: a race. Fewer: references of the kernel, or a race. */
static void check_references(struct model *m)
{
	m->torn = 0;
	for (uint32_t i = 0; i < m->n_buffers; i++) {
		struct model_buffer *b = &m->buffers[i];
		uint64_t held = model_buffer_named(b);

		if (b->valid & SNAP_HAS_COUNT) {
			if (held > b->count)
				b->torn = true;
			else if (held < b->count)
				m->wants_recount = true;
		}
		if (m->sees & MODEL_SEES_ATTACHMENTS && !(b->valid & SNAP_HAS_ATTACHMENTS))
			b->torn = true;
		if (b->torn)
			m->torn++;
	}
}

static int load_records(struct model *m, const char *at, const char *end)
{
	int err = load_pass(m, at, end, PASS_BUFFERS) ?: sort_buffers(m) ?:
		  load_pass(m, at, end, PASS_REFERENCES);

	if (err)
		return err;
	sort_rows(m, m->attachments, m->n_attachments, sizeof(*m->attachments),
		  offsetof(struct model_buffer, first_attachment),
		  offsetof(struct model_buffer, attachments));
	err = load_pass(m, at, end, PASS_HOOKS);
	if (err)
		return err;
	/* A stable order, also for attachments of one device */
	if (m->watched && m->n_attachments)
		qsort(m->attachments, m->n_attachments, sizeof(*m->attachments), by_attachment);
	sort_rows(m, m->pasts, m->n_pasts, sizeof(*m->pasts),
		  offsetof(struct model_buffer, first_past), offsetof(struct model_buffer, pasts));
	sort_rows(m, m->accesses, m->n_accesses, sizeof(*m->accesses),
		  offsetof(struct model_buffer, first_access),
		  offsetof(struct model_buffer, accesses));
	err = model_make_holders(m);
	if (!err)
		check_references(m);
	return err;
}

int model_load(struct model *m, const void *records, size_t len)
{
	const char *at = len ? records : "";
	int err;

	drop_strings(m);
	drop_rows(m);
	err = load_records(m, at, at + len);
	/* Incomplete rows refer to missing rows. */
	if (err)
		drop_rows(m);
	return err;
}

/* Mark the rows of a released buffer: they are not shown. */
static void forget_buffer(struct model_buffer *b)
{
	b->ino = 0;
	b->torn = false;
}

int model_recount(struct model *m, const void *records, size_t len)
{
	const char *at = len ? records : "", *end = at + len;
	const struct snap_head *head;
	int err;

	while ((err = next_record(&at, end, &head)) > 0) {
		uint64_t ino, count;
		uint32_t buffer;

		if (head->type == SNAP_RECOUNT) {
			ino = ((const struct snap_recount *)head)->ino;
			count = ((const struct snap_recount *)head)->count;
		} else if (head->type == SNAP_BUFFER) {
			ino = ((const struct snap_buffer *)head)->ino;
			count = ((const struct snap_buffer *)head)->count;
		} else {
			continue;
		}
		buffer = index_get(&m->by_ino, ino);
		if (buffer == INDEX_NONE)
			continue;
		m->buffers[buffer].recounted = true;
		if (count != m->buffers[buffer].count)
			m->buffers[buffer].torn = true;
	}
	if (err)
		return err;
	m->torn = 0;
	for (uint32_t i = 0; i < m->n_buffers; i++) {
		if (!m->buffers[i].recounted)
			forget_buffer(&m->buffers[i]);
		if (m->buffers[i].torn)
			m->torn++;
	}
	m->wants_recount = false;
	return 0;
}

int model_distrust(struct model *m)
{
	m->torn = 0;
	for (uint32_t i = 0; i < m->n_buffers; i++) {
		struct model_buffer *b = &m->buffers[i];

		if (b->valid & SNAP_HAS_COUNT && b->count > model_buffer_named(b))
			b->torn = true;
		m->torn += b->torn;
	}
	m->wants_recount = false;
	return 0;
}

bool model_complete(const struct model *m)
{
	return !m->torn && !m->lacks;
}

const struct model_slot *model_holder_slots(const struct model *m, const struct model_holder *h,
					    uint32_t type, uint32_t *n)
{
	const struct {
		uint32_t type, n;
	} kinds[] = {
		{ SNAP_FD, h->fds }, { SNAP_MAP, h->maps }, { SNAP_GEM, h->gem },
		{ SNAP_IO_URING, h->io_uring }, { SNAP_FRAMEBUFFER, h->framebuffers },
	};
	uint32_t first = h->first_slot, k = 0;

	while (kinds[k].type != type)
		first += kinds[k++].n;
	*n = kinds[k].n;
	return &m->slots[first];
}

void model_free(struct model *m)
{
	free(m->buffers);
	free(m->attachments);
	free(m->slots);
	free(m->sorted);
	free(m->holders);
	free(m->sockets);
	free(m->nodes);
	free(m->opened);
	free(m->processes);
	free(m->devices);
	free(m->exporters);
	free(m->accesses);
	free(m->pasts);
	operations_free(&m->operations);
	operations_free(&m->operations_before);
	pipelines_free(&m->pipelines);
	suspects_free(&m->suspects);
	index_free(&m->by_ino);
	index_free(&m->by_pid);
	index_free(&m->by_device);
	index_free(&m->open);
	index_free(&m->opened_by);
	index_free(&m->former);
	index_free(&m->bare);
	index_free(&m->by_id);
	index_free(&m->by_socket);
	index_free(&m->by_node);
	index_free(&m->by_exporter);
	intern_free(&m->strings);
	intern_free(&m->old_strings);
	memset(m, 0, sizeof(*m));
}
