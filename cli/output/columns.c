// SPDX-License-Identifier: GPL-2.0
/* The one table of views and columns; see columns.h. */
#include "output/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/snapshot.h"
#include "output/getters.h"

/* Buffers */

NUMBER_OF(buffer_ino, model_buffer, ino)
STRING_OF(buffer_exporter, model_buffer, exporter)
STRING_OF(buffer_name, model_buffer, name)

static void buffer_size(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	(void)m;
	v->number = b->size;
	v->known = b->valid & SNAP_HAS_SIZE;
}

static void buffer_age(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	/* A clock that was set back since must not make an age negative. */
	v->number = m->time > b->created ? (uint64_t)(m->time - b->created) : 0;
	v->known = b->valid & SNAP_HAS_CREATED;
}

static void buffer_uid(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	(void)m;
	v->number = b->uid;
	v->known = b->valid & SNAP_HAS_UID;
}

static void buffer_count(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_count(m, row, &v->number);
}

/* Of a buffer's slots we see all, or only those of processes that we may read. */
static void buffer_fds(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->fds;
	v->known = m->sees & MODEL_SEES_HOLDERS || b->fds;
}

static void buffer_maps(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->maps;
	v->known = m->sees & MODEL_SEES_HOLDERS || b->maps;
}

static void buffer_procs(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	v->number = b->procs;
	v->known = m->sees & MODEL_SEES_HOLDERS || b->procs;
}

static void buffer_kernel(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_kernel(m, row, &v->number);
}

static void buffer_attachments(const struct model *m, const void *row, struct value *v)
{
	const struct model_buffer *b = row;

	(void)m;
	v->number = b->attachments;
	v->known = b->valid & SNAP_HAS_ATTACHMENTS;
}

/* What a source cannot see is unknown; what it saw is at least there. */
static void set_reference(const struct model *m, uint32_t n, struct value *v)
{
	v->number = n;
	v->known = m->sees & MODEL_SEES_REFERENCES;
}

static void buffer_gem(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_buffer *)row)->gem, v);
}

static void buffer_objects(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_buffer *)row)->objects, v);
}

static void buffer_in_flight(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_buffer *)row)->in_flight, v);
}

static void buffer_io_uring(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_buffer *)row)->io_uring, v);
}

static void buffer_framebuffers(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_buffer *)row)->framebuffers, v);
}

static void buffer_imports(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_imports(m, row, &v->number);
}

static void buffer_unexplained(const struct model *m, const void *row, struct value *v)
{
	v->known = model_buffer_unexplained(m, row, &v->number);
}

static const char *buffer_device(const struct model *m, const void *row, uint32_t i)
{
	const struct model_buffer *b = row;

	return m->devices[m->attachments[b->first_attachment + i].device].device;
}

static const struct column buffer_columns[] = {
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL,
	  "inode number: the buffer's key, never used again", buffer_ino, NULL },
	{ "size", "SIZE", VALUE_BYTES, "bytes", 6, CUT_TAIL, "size of the buffer", buffer_size, NULL },
	{ "age", "AGE", VALUE_SECONDS, "s", 5, CUT_TAIL, "time since it was exported", buffer_age, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 8, CUT_MIDDLE,
	  "driver that exported it", buffer_exporter, NULL },
	{ "name", "NAME", VALUE_STRING, "", 8, CUT_TAIL,
	  "name that a user gave it", buffer_name, NULL },
	{ "node", "NODE", VALUE_STRING, "", 10, CUT_HEAD,
	  "device file that it was exported through, if hooks saw that", buffer_node, NULL },
	{ "uid", "UID", VALUE_ID, "", 5, CUT_TAIL, "user who had it exported", buffer_uid, NULL },
	{ "count", "CNT", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "references: fds + maps + kernel", buffer_count, NULL },
	{ "fds", "FD", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "fd slots that refer to it, shared tables once", buffer_fds, NULL },
	{ "maps", "MAP", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "memory mappings of it, shared address spaces once", buffer_maps, NULL },
	{ "kernel", "KRN", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "references held inside the kernel", buffer_kernel, NULL },
	{ "attachments", "ATT", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "attachments of devices to it", buffer_attachments, NULL },
	{ "gem", "GEM", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "GEM handles of it, shared DRM files once", buffer_gem, NULL },
	{ "objects", "OBJ", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "GEM objects that refer to it", buffer_objects, NULL },
	{ "imports", "IMP", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "references of importers, one for each attachment", buffer_imports, NULL },
	{ "in_flight", "FLT", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "fds of it in messages that nobody has received", buffer_in_flight, NULL },
	{ "io_uring", "IOU", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "places where it is registered with io_uring", buffer_io_uring, NULL },
	{ "unexplained", "?", VALUE_NUMBER, "", 2, CUT_TAIL,
	  "kernel references that none of these explains", buffer_unexplained, NULL },
	{ "framebuffers", "FB", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "framebuffers made of it, which hold no reference", buffer_framebuffers, NULL },
	{ "procs", "PROCS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "processes that hold it", buffer_procs, NULL },
	{ "devices", "DEVICES", VALUE_LIST, "", 7, CUT_MIDDLE,
	  "device of each attachment", buffer_attachments, buffer_device },
};

static uint32_t buffers_count(const struct model *m)
{
	return m->n_buffers;
}

static const void *buffers_row(const struct model *m, uint32_t i)
{
	return m->buffers[i].selected ? &m->buffers[i] : NULL;
}

/* Holders */

static const struct model_process *holder_process(const struct model *m, const void *row)
{
	return &m->processes[((const struct model_holder *)row)->process];
}

static const struct model_buffer *holder_buffer(const struct model *m, const void *row)
{
	return &m->buffers[((const struct model_holder *)row)->buffer];
}

static bool is_process(const void *row)
{
	return ((const struct model_holder *)row)->process != NO_PROCESS;
}

static void holder_pid(const struct model *m, const void *row, struct value *v)
{
	if (is_process(row))
		set_number(v, holder_process(m, row)->pid);
}

static void holder_comm(const struct model *m, const void *row, struct value *v)
{
	if (is_process(row))
		set_string(v, holder_process(m, row)->comm);
}

static void holder_ino(const struct model *m, const void *row, struct value *v)
{
	buffer_ino(m, holder_buffer(m, row), v);
}

static void holder_size(const struct model *m, const void *row, struct value *v)
{
	buffer_size(m, holder_buffer(m, row), v);
}

static void holder_exporter(const struct model *m, const void *row, struct value *v)
{
	buffer_exporter(m, holder_buffer(m, row), v);
}

static void holder_name(const struct model *m, const void *row, struct value *v)
{
	buffer_name(m, holder_buffer(m, row), v);
}

NUMBER_OF(holder_fds, model_holder, fds)
NUMBER_OF(holder_maps, model_holder, maps)
STRING_OF(holder_socket, model_holder, socket)

/* The kinds of one row, in this order; returns how many, and sets the name of the i-th. */
static uint32_t holder_kinds(const struct model_holder *h, uint32_t i, const char **name)
{
	const struct {
		bool has;
		const char *name;
	} kinds[] = {
		{ h->fds, "fd" }, { h->maps, "map" }, { h->gem, "gem" }, { h->in_flight, "in-flight" },
		{ h->io_uring, "io_uring" }, { h->framebuffers, "framebuffer" },
		{ h->attachment != INDEX_NONE, "import" },
	};
	uint32_t k, n = 0;

	for (k = 0; k < ARRAY_SIZE(kinds); k++)
		if (kinds[k].has && n++ == i)
			*name = kinds[k].name;
	return n;
}

static void holder_kind(const struct model *m, const void *row, struct value *v)
{
	const char *name;

	(void)m;
	set_number(v, holder_kinds(row, 0, &name));
}

static const char *holder_kind_at(const struct model *m, const void *row, uint32_t i)
{
	const char *name = "";

	(void)m;
	holder_kinds(row, i, &name);
	return name;
}

static void holder_handles(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_holder *)row)->gem, v);
}

static void holder_io_uring(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_holder *)row)->io_uring, v);
}

static void holder_framebuffers(const struct model *m, const void *row, struct value *v)
{
	set_reference(m, ((const struct model_holder *)row)->framebuffers, v);
}

static const char *slot_number(const struct model *m, const void *row, uint32_t type, uint32_t i)
{
	static char digits[24];
	uint32_t n;

	snprintf(digits, sizeof(digits), "%" PRIu64, model_holder_slots(m, row, type, &n)[i].start);
	return digits;
}

static const char *holder_handle_at(const struct model *m, const void *row, uint32_t i)
{
	return slot_number(m, row, SNAP_GEM, i);
}

static const char *holder_framebuffer_at(const struct model *m, const void *row, uint32_t i)
{
	return slot_number(m, row, SNAP_FRAMEBUFFER, i);
}

static const char *importer_nodes(const struct model *m, const struct model_holder *h)
{
	return m->devices[m->attachments[h->attachment].device].nodes;
}

/* Of a GEM handle the node that it was made through, of an importer those of its device. */
static void holder_nodes(const struct model *m, const void *row, struct value *v)
{
	const struct model_holder *h = row;
	const char *at;

	set_reference(m, h->gem, v);
	if (h->attachment == INDEX_NONE)
		return;
	v->known = true;
	for (at = importer_nodes(m, h); at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
		v->number++;
}

static const char *holder_node_at(const struct model *m, const void *row, uint32_t i)
{
	static char one[256];
	const struct model_holder *h = row;
	const char *path;
	uint32_t n;

	if (h->attachment == INDEX_NONE) {
		path = m->nodes[model_holder_slots(m, h, SNAP_GEM, &n)[i].node].path;
		return path ? path : "-";
	}
	for (path = importer_nodes(m, h); i; i--)
		path = strchr(path, ';') + 1;
	snprintf(one, sizeof(one), "%.*s", (int)strcspn(path, ";"), path);
	return one;
}

static const struct column holder_columns[] = {
	{ "pid", "PID", VALUE_ID, "", 7, CUT_TAIL, "process (thread group)", holder_pid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 12, CUT_TAIL, "its command name", holder_comm, NULL },
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL, "the buffer that it holds", holder_ino, NULL },
	{ "size", "SIZE", VALUE_BYTES, "bytes", 6, CUT_TAIL, "size of the buffer", holder_size, NULL },
	{ "exporter", "EXPORTER", VALUE_STRING, "", 10, CUT_MIDDLE,
	  "driver that exported it", holder_exporter, NULL },
	{ "name", "NAME", VALUE_STRING, "", 10, CUT_TAIL,
	  "name that a user gave it", holder_name, NULL },
	{ "fds", "FDS", VALUE_NUMBER, "", 4, CUT_TAIL,
	  "this process' fds of it", holder_fds, NULL },
	{ "maps", "MAPS", VALUE_NUMBER, "", 4, CUT_TAIL,
	  "this process' mappings of it", holder_maps, NULL },
	{ "kind", "KIND", VALUE_LIST, "", 8, CUT_TAIL,
	  "how it holds it: fd, map, gem, in-flight, io_uring, framebuffer, import", holder_kind, holder_kind_at },
	{ "node", "NODE", VALUE_LIST, "", 10, CUT_TAIL,
	  "device file of each GEM handle, or of the importing device", holder_nodes,
	  holder_node_at },
	{ "handle", "HANDLE", VALUE_IDS, "", 6, CUT_TAIL,
	  "its GEM handles", holder_handles, holder_handle_at },
	{ "io_uring", "IOU", VALUE_NUMBER, "", 3, CUT_TAIL,
	  "places where it has registered it with io_uring", holder_io_uring, NULL },
	{ "framebuffer", "FB", VALUE_IDS, "", 4, CUT_TAIL,
	  "its framebuffers made of it", holder_framebuffers, holder_framebuffer_at },
	{ "socket", "SOCKET", VALUE_STRING, "", 10, CUT_TAIL,
	  "socket it is in flight in: inode, who can receive, who sent", holder_socket, NULL },
};

static uint32_t holders_count(const struct model *m)
{
	return m->n_holders;
}

static const void *holders_row(const struct model *m, uint32_t i)
{
	const struct model_holder *h = &m->holders[i];

	if (!m->buffers[h->buffer].selected)
		return NULL;
	if (h->process != NO_PROCESS)
		return m->processes[h->process].matches ? h : NULL;
	return m->process_terms ? NULL : h;
}

/* Processes */

static bool is_kernel_only(const void *row)
{
	return !((const struct model_process *)row)->pid;
}

static void process_pid(const struct model *m, const void *row, struct value *v)
{
	(void)m;
	v->number = ((const struct model_process *)row)->pid;
	v->known = v->number;
}

STRING_OF(process_comm, model_process, comm)
STRING_OF(process_cgroup, model_process, cgroup)
NUMBER_OF(process_buffers, model_process, buffers)
NUMBER_OF(process_fds, model_process, fds)
NUMBER_OF(process_maps, model_process, maps)

static void process_rss(const struct model *m, const void *row, struct value *v)
{
	const struct model_process *p = row;

	(void)m;
	v->number = p->rss;
	v->known = !is_kernel_only(p) && !p->unsized;
}

static void process_pss(const struct model *m, const void *row, struct value *v)
{
	const struct model_process *p = row;

	v->number = model_pss(p);
	/* A share needs to know all who share. */
	v->known = m->sees & MODEL_SEES_HOLDERS && !p->unsized;
}

static void process_uss(const struct model *m, const void *row, struct value *v)
{
	const struct model_process *p = row;

	v->number = p->uss;
	v->known = !is_kernel_only(p) && m->sees & MODEL_SEES_HOLDERS && !p->unsized;
}

static const struct column process_columns[] = {
	{ "pid", "PID", VALUE_ID, "", 7, CUT_TAIL,
	  "process (thread group); unknown in the row of what only the kernel holds",
	  process_pid, NULL },
	{ "comm", "COMM", VALUE_STRING, "", 13, CUT_TAIL, "its command name", process_comm, NULL },
	{ "cgroup", "CGROUP", VALUE_STRING, "", 13, CUT_HEAD,
	  "its cgroup v2 path", process_cgroup, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "distinct buffers that it holds", process_buffers, NULL },
	{ "fds", "FDS", VALUE_NUMBER, "", 5, CUT_TAIL, "its fds of them", process_fds, NULL },
	{ "maps", "MAPS", VALUE_NUMBER, "", 5, CUT_TAIL, "its mappings of them", process_maps, NULL },
	{ "rss", "RSS", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "sizes of the buffers that it holds", process_rss, NULL },
	{ "pss", "PSS", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "each size divided by the processes that hold the buffer", process_pss, NULL },
	{ "uss", "USS", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "sizes of the buffers that nobody else holds", process_uss, NULL },
};

static uint32_t processes_count(const struct model *m)
{
	return m->n_processes;
}

static const void *processes_row(const struct model *m, uint32_t i)
{
	const struct model_process *p = &m->processes[i];

	return p->matches && p->buffers ? p : NULL;
}

/* Devices */

STRING_OF(device_device, model_device, device)
NUMBER_OF(device_attachments, model_device, attachments)
NUMBER_OF(device_buffers, model_device, buffers)

static void device_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct model_device *d = row;

	(void)m;
	v->number = d->bytes;
	v->known = !d->unsized;
}

static void device_driver(const struct model *m, const void *row, struct value *v)
{
	const char *driver = ((const struct model_device *)row)->driver;

	(void)m;
	set_string(v, driver && *driver ? driver : NULL);
}

static const struct column device_columns[] = {
	{ "device", "DEVICE", VALUE_STRING, "", 17, CUT_MIDDLE,
	  "device that buffers are attached to", device_device, NULL },
	{ "driver", "DRIVER", VALUE_STRING, "", 12, CUT_MIDDLE, "its driver", device_driver, NULL },
	{ "attachments", "ATT", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "attachments to it", device_attachments, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "distinct buffers attached to it", device_buffers, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL, "their sizes", device_bytes, NULL },
	{ "mapped", "MAPPED", VALUE_NUMBER, "", 6, CUT_TAIL,
	  "attachments that are mapped now", device_mapped_now, NULL },
	{ "direction", "DIR", VALUE_LIST, "", 13, CUT_TAIL,
	  "directions seen: to_device (it reads), from_device (it writes), bidirectional",
	  device_direction, device_direction_at },
	{ "map_rate", "MAP/S", VALUE_RATE, "1/s", 5, CUT_TAIL,
	  "maps in a second, since the last refresh", device_map_rate, NULL },
	{ "p99", "P99", VALUE_NS, "ns", 5, CUT_TAIL,
	  "99 % of the maps took no longer", device_p99, NULL },
};

static uint32_t devices_count(const struct model *m)
{
	return m->n_devices;
}

static const void *devices_row(const struct model *m, uint32_t i)
{
	return m->devices[i].matches && m->devices[i].attachments ? &m->devices[i] : NULL;
}

/* Attachments */

static const struct model_device *attachment_of(const struct model *m, const void *row)
{
	return &m->devices[((const struct model_attachment *)row)->device];
}

static void attachment_ino(const struct model *m, const void *row, struct value *v)
{
	set_number(v, m->buffers[((const struct model_attachment *)row)->buffer].ino);
}

static void attachment_device(const struct model *m, const void *row, struct value *v)
{
	device_device(m, attachment_of(m, row), v);
}

static void attachment_driver(const struct model *m, const void *row, struct value *v)
{
	device_driver(m, attachment_of(m, row), v);
}

static void attachment_dynamic(const struct model *m, const void *row, struct value *v)
{
	uint32_t flags = ((const struct model_attachment *)row)->flags;

	(void)m;
	v->known = flags & SNAP_ATTACHMENT_DYNAMIC_KNOWN;
	v->number = !!(flags & SNAP_ATTACHMENT_DYNAMIC);
}

static const struct column attachment_columns[] = {
	{ "ino", "INO", VALUE_ID, "", 6, CUT_TAIL, "the buffer", attachment_ino, NULL },
	{ "device", "DEVICE", VALUE_STRING, "", 17, CUT_MIDDLE,
	  "the device attached to it", attachment_device, NULL },
	{ "driver", "DRIVER", VALUE_STRING, "", 12, CUT_MIDDLE,
	  "its driver", attachment_driver, NULL },
	{ "dynamic", "DYNAMIC", VALUE_BOOL, "", 7, CUT_TAIL,
	  "whether the importer lets the buffer move", attachment_dynamic, NULL },
	{ "mapped", "MAPPED", VALUE_BOOL, "", 6, CUT_TAIL,
	  "whether it is mapped now", attachment_mapped_now, NULL },
	{ "direction", "DIR", VALUE_LIST, "", 13, CUT_TAIL,
	  "directions seen: to_device (it reads), from_device (it writes), bidirectional",
	  attachment_direction, attachment_direction_at },
	{ "since", "SINCE", VALUE_SECONDS, "s", 5, CUT_TAIL,
	  "time since it was mapped last", attachment_since, NULL },
	{ "maps", "MAPS", VALUE_NUMBER, "", 5, CUT_TAIL,
	  "how often it was mapped, of attachments that hooks have seen", attachment_maps, NULL },
	{ "p99", "P99", VALUE_NS, "ns", 5, CUT_TAIL,
	  "99 % of the device's maps of that exporter's buffers took no longer", attachment_p99, NULL },
	{ "node", "NODE", VALUE_STRING, "", 10, CUT_HEAD,
	  "device file that it was attached or mapped through", attachment_node, NULL },
};

static uint32_t attachments_count(const struct model *m)
{
	return m->n_attachments;
}

static const void *attachments_row(const struct model *m, uint32_t i)
{
	const struct model_attachment *a = &m->attachments[i];

	return m->buffers[a->buffer].selected && m->devices[a->device].matches ? a : NULL;
}

/* Exporters */

STRING_OF(exporter_exporter, model_exporter, exporter)
NUMBER_OF(exporter_buffers, model_exporter, buffers)

static void exporter_bytes(const struct model *m, const void *row, struct value *v)
{
	const struct model_exporter *e = row;

	(void)m;
	v->number = e->bytes;
	v->known = !e->unsized;
}

static const struct column exporter_columns[] = {
	{ "exporter", "EXPORTER", VALUE_STRING, "", 20, CUT_MIDDLE,
	  "driver that exports", exporter_exporter, NULL },
	{ "buffers", "BUFS", VALUE_NUMBER, "", 5, CUT_TAIL, "its buffers", exporter_buffers, NULL },
	{ "bytes", "BYTES", VALUE_BYTES, "bytes", 6, CUT_TAIL,
	  "their sizes", exporter_bytes, NULL },
};

static uint32_t exporters_count(const struct model *m)
{
	return m->n_exporters;
}

static const void *exporters_row(const struct model *m, uint32_t i)
{
	return &m->exporters[i];
}

/* Latency */

static uint32_t latency_count(const struct model *m)
{
	return m->operations.n;
}

static const void *latency_row(const struct model *m, uint32_t i)
{
	return m->operations.rows[i].histogram.count ? &m->operations.rows[i] : NULL;
}

const struct view views[] = {
	VIEW(processes, "Processes", process_columns, "pss"),
	VIEW(buffers, "Buffers", buffer_columns, "size"),
	VIEW(holders, "Holders", holder_columns, "size"),
	VIEW(devices, "Devices", device_columns, "bytes"),
	VIEW(attachments, "Attachments", attachment_columns, "ino"),
	VIEW(exporters, "Exporters", exporter_columns, "bytes"),
	VIEW(latency, "Latency", operation_columns, "p99"),
	VIEW(pipelines, "Pipelines", flow_columns, "throughput"),
	VIEW(suspects, "Suspects", suspect_columns, "kind"),
};

const uint32_t n_views = ARRAY_SIZE(views);

uint32_t view_needs(const struct view *view)
{
	return !strcmp(view->name, "latency") ? MODEL_WATCHES_TIMES :
	       !strcmp(view->name, "pipelines") ? MODEL_WATCHES_STATE : 0;
}

uint32_t column_needs(const struct view *view, const struct column *column)
{
	static const struct {
		const char *view, *column;
		uint32_t needs;
	} needs[] = {
		{ "buffers", "node", MODEL_WATCHES_STATE },
		{ "devices", "mapped", MODEL_WATCHES_STATE },
		{ "devices", "direction", MODEL_WATCHES_STATE },
		{ "devices", "map_rate", MODEL_WATCHES_TIMES },
		{ "devices", "p99", MODEL_WATCHES_TIMES },
		{ "attachments", "mapped", MODEL_WATCHES_STATE },
		{ "attachments", "direction", MODEL_WATCHES_STATE },
		{ "attachments", "since", MODEL_WATCHES_STATE },
		{ "attachments", "maps", MODEL_WATCHES_STATE },
		{ "attachments", "node", MODEL_WATCHES_STATE },
		{ "attachments", "p99", MODEL_WATCHES_TIMES },
		/* Old is what hooks see nobody use */
		{ "suspects", "kind", MODEL_WATCHES_STATE },
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(needs); i++)
		if (!strcmp(needs[i].view, view->name) && !strcmp(needs[i].column, column->name))
			return needs[i].needs;
	return 0;
}
