// SPDX-License-Identifier: GPL-2.0
/* Pages of text: the help, and the details of a buffer; see panel.h. No drawing. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dmabuf_snapshot.h"
#include "output/text.h"
#include "top/cells.h"
#include "top/keys.h"
#include "top/lines.h"
#include "top/paint.h"
#include "top/panel.h"

/* On a screen of at least this width, labels and tables are side by side. */
#define WIDE 72

static bool is_wide(const struct panel *p)
{
	return p->width >= WIDE;
}

static void clear(struct panel *p)
{
	while (p->n)
		free(p->lines[--p->n].text);
}

void panel_free(struct panel *p)
{
	clear(p);
	free(p->lines);
}

static int add(struct panel *p, enum role role, int label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int add(struct panel *p, enum role role, int label, const char *format, ...)
{
	struct panel_line *line = array_add(&p->lines, &p->n, &p->room, sizeof(*line));
	va_list args;
	int len;

	if (!line)
		return -ENOMEM;
	line->role = role;
	line->label = label;
	va_start(args, format);
	len = vasprintf(&line->text, format, args);
	va_end(args);
	if (len < 0) {
		p->n--;
		return -ENOMEM;
	}
	return 0;
}

/* Widths of the longest names of keys, and of an entry with a gap */
#define HELP_KEYS	13
#define HELP_WIDTH	40

/* Write entry i of the help; "" after the last. */
static void help_entry(uint32_t i, char *text, size_t room)
{
	char keys[64];
	const char *help = keys_help(i, keys, sizeof(keys));

	*text = '\0';
	if (help)
		snprintf(text, room, "%-*s %s", HELP_KEYS - 1, keys, help);
}

int panel_help(struct panel *p, int width)
{
	uint32_t i, n = 0, columns = width >= 2 * HELP_WIDTH ? 2 : 1, lines;
	char keys[64];
	int err = 0;

	clear(p);
	while (keys_help(n, keys, sizeof(keys)))
		n++;
	lines = (n + columns - 1) / columns;
	for (i = 0; i < lines && !err; i++) {
		char left[HELP_WIDTH * 2], right[HELP_WIDTH * 2] = "";

		help_entry(i, left, sizeof(left));
		if (columns > 1)
			help_entry(i + lines, right, sizeof(right));
		err = add(p, ROLE_PLAIN, 0, " %-*s %s", columns > 1 ? HELP_WIDTH - 2 : 0, left,
			  right);
	}
	return err;
}

/* Add text broken between words, with an indent; before replaces the indent of the first line. */
static int add_words(struct panel *p, enum role role, int label, const char *before, int indent,
		     const char *text)
{
	int room = p->width - indent > 16 ? p->width - indent : 16, err = 0;

	while (*text && !err) {
		int n = strlen(text), cut = n;

		if (text_width(text) > room)
			for (cut = room < n ? room : n - 1; cut > 0 && text[cut] != ' '; cut--)
				;
		if (!cut)
			cut = n;
		err = add(p, role, label, "%-*s%.*s", indent, before, cut, text);
		text += cut + (text[cut] == ' ');
		before = "";
		label = 0;
	}
	return err;
}

static const char *count_words(uint64_t n, const char *word, char *text, size_t room)
{
	snprintf(text, room, "%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
	return text;
}

/* Return the label of a section; on a narrow screen, add the label as a line of its own. */
static const char *label(struct panel *p, const char *name, int *err)
{
	if (is_wide(p))
		return name;
	*err = add(p, ROLE_PLAIN, strlen(name), "%s", name);
	return "";
}

#define LABEL	13		/* cells of labels on a wide screen */

/* Write "   exported by camsrv 812 (uid 1000) through /dev/video0", as far as known. */
static void put_origin(const struct model *m, const struct model_buffer *b, char *text, size_t room)
{
	const char *node = b->node == INDEX_NONE ? NULL : m->nodes[b->node].path;
	char comm[256], path[256], uid[24] = "";

	snprintf(uid, sizeof(uid), "uid %u", b->uid);
	text_safe(comm, sizeof(comm), b->exported_comm ?: "");
	text_safe(path, sizeof(path), node ?: "");
	if (b->exported_by)
		snprintf(text, room, "   exported by %s %u%s%s%s", comm, b->exported_by,
			 b->valid & SNAP_HAS_UID ? " (" : "", b->valid & SNAP_HAS_UID ? uid : "",
			 b->valid & SNAP_HAS_UID ? ")" : "");
	else if (b->valid & SNAP_HAS_UID)
		snprintf(text, room, "   exported by %s", uid);
	if (node && *text)
		snprintf(text + strlen(text), room - strlen(text), " through %s", path);
}

static int add_title(struct panel *p, const struct model *m, const struct model_buffer *b,
		     bool bytes)
{
	bool wide = is_wide(p);
	char size[24] = "-", exporter[256], name[256] = "", who[600] = "", age[24] = "unknown";
	char title[64], right[600];
	int err, room;

	if (b->valid & SNAP_HAS_SIZE && bytes)
		snprintf(size, sizeof(size), "%" PRIu64, b->size);
	else if (b->valid & SNAP_HAS_SIZE)
		text_size(size, b->size);
	text_safe(exporter, sizeof(exporter), b->exporter ? b->exporter : "-");
	if (b->name) {
		char safe[256];

		text_safe(safe, sizeof(safe), b->name);
		snprintf(name, sizeof(name), " \"%.200s\"", safe);
	}
	if (b->valid & SNAP_HAS_CREATED)
		text_age(age, m->time > b->created ? m->time - b->created : 0);
	put_origin(m, b, who, sizeof(who));
	snprintf(title, sizeof(title), "Buffer %" PRIu64 ": why is it alive?", b->ino);
	snprintf(right, sizeof(right), "%s %s%s", size, exporter, name);
	room = p->width - (int)strlen(title);
	if (wide && room > text_width(right))
		err = add(p, ROLE_PLAIN, strlen(title), "%s%*s%s", title, room - text_width(right), "", right);
	else
		err = add(p, ROLE_PLAIN, strlen(title), "%s", title) ?: add(p, ROLE_PLAIN, 0, " %s", right);
	snprintf(right, sizeof(right), " age %s", age);
	if (text_width(right) + text_width(who) <= p->width)
		return err ?: add(p, ROLE_PLAIN, 0, "%s%s", right, who);
	/* Break a long line between words. */
	return err ?: add(p, ROLE_PLAIN, 0, "%s", right) ?:
	       add_words(p, ROLE_PLAIN, 0, "", 1, who + strspn(who, " "));
}

/* Add a term except 0 to a sum, on a new line if necessary. */
static int add_term(struct panel *p, int indent, char *line, size_t room, uint64_t n,
		    const char *term)
{
	size_t len = strlen(line);
	int err = 0;

	if (!n)
		return 0;
	if (len + 3 + strlen(term) > (size_t)(p->width > indent ? p->width - indent : 0)) {
		err = add(p, ROLE_PLAIN, 0, "%*s%s", indent, "", line);
		snprintf(line, room, "+ %s", term);
	} else {
		snprintf(line + len, room - len, "%s%s", line[len - 1] == '=' ? " " : " + ", term);
	}
	return err;
}

/* Add the references of the kernel, "2 kernel = 1 gem handle + 1 object + 0 unexplained". */
static int add_kernel_sum(struct panel *p, const struct model *m, const struct model_buffer *b,
			  int indent, uint64_t kernel)
{
	uint64_t imports = 0, rest = kernel + b->fds + b->maps - model_buffer_named(b);
	bool known = model_buffer_imports(m, b, &imports);
	char line[256], terms[6][48];
	int err;

	/* All references are unknown. */
	if (!kernel || (!known && rest == kernel))
		return 0;
	rest -= imports;
	snprintf(line, sizeof(line), "%" PRIu64 " kernel =", kernel);
	count_words(b->gem, "gem handle", terms[0], sizeof(terms[0]));
	count_words(b->objects, "object", terms[1], sizeof(terms[1]));
	count_words(imports, "import", terms[2], sizeof(terms[2]));
	snprintf(terms[3], sizeof(terms[3]), "%u in flight", b->in_flight);
	snprintf(terms[4], sizeof(terms[4]), "%u in io_uring", b->io_uring);
	snprintf(terms[5], sizeof(terms[5]), "%" PRIu64 " %s", rest,
		 known ? "unexplained" : "unknown");
	err = add_term(p, indent, line, sizeof(line), b->gem, terms[0]) ?:
	      add_term(p, indent, line, sizeof(line), b->objects, terms[1]) ?:
	      add_term(p, indent, line, sizeof(line), imports, terms[2]) ?:
	      add_term(p, indent, line, sizeof(line), b->in_flight, terms[3]) ?:
	      add_term(p, indent, line, sizeof(line), b->io_uring, terms[4]) ?:
	      add_term(p, indent, line, sizeof(line), 1, terms[5]);
	return err ?: add(p, ROLE_PLAIN, 0, "%*s%s", indent, "", line);
}

/* Add the references of a buffer: count = fd slots + memory mappings + kernel. */
static int add_references(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	char fds[32], maps[32];
	uint64_t count, kernel;
	int err = 0;
	const char *name = label(p, "REFERENCES", &err);
	int indent = is_wide(p) ? LABEL : 1;

	if (err)
		return err;
	count_words(b->fds, "fd", fds, sizeof(fds));
	count_words(b->maps, "map", maps, sizeof(maps));
	if (!model_buffer_count(m, b, &count))
		return add(p, ROLE_WARNING, strlen(name), "%-*s%s", indent, name, b->torn ?
			   "unknown: changed during the snapshot" : "unknown to this source");
	if (!model_buffer_kernel(m, b, &kernel))
		return add(p, ROLE_PLAIN, strlen(name), "%-*s%" PRIu64 ", visible: %s + %s",
			   indent, name, count, fds, maps);
	err = add(p, ROLE_PLAIN, strlen(name), "%-*s%" PRIu64 " = %s + %s + %" PRIu64 " kernel",
		  indent, name, count, fds, maps, kernel);
	return err ?: add_kernel_sum(p, m, b, indent, kernel);
}

#define COMM	12
#define FDS	16
#define GEM	6		/* column of handles, taken from the fds */

/* Add lines with all slots of a type of a process. */
static int add_slots(struct panel *p, const struct model *m, const struct model_holder *h,
		     uint32_t type, const char *name)
{
	char slots[SLOT_ROOM];
	uint32_t at = 0, n;
	int err = 0;

	model_holder_slots(m, h, type, &n);
	while (at < n && !err) {
		at = lines_put_slots(m, h, type, at, slots, type == SNAP_MAP ? 1 : 33);
		err = add(p, ROLE_PLAIN, 0, "  %s %s", name, slots);
	}
	return err;
}

static int add_holder(struct panel *p, const struct model *m, const struct model_holder *h,
		      bool gem)
{
	const struct model_process *process = &m->processes[h->process];
	char comm[256], who[LINE_ROOM + 8] = "", fds[SLOT_ROOM], handles[SLOT_ROOM];
	char map[SLOT_ROOM];
	uint32_t fd = 0, at = 0, handle = 0;
	int room = gem ? FDS - GEM - 1 : FDS, len, err = 0;

	text_safe(comm, sizeof(comm), process->comm);
	if (!is_wide(p))
		return add(p, ROLE_PLAIN, 0, " %u %s", process->pid, comm) ?:
		       add_slots(p, m, h, SNAP_FD, "fds") ?: add_slots(p, m, h, SNAP_MAP, "map") ?:
		       add_slots(p, m, h, SNAP_GEM, "gem") ?:
		       add_slots(p, m, h, SNAP_FRAMEBUFFER, "fb");
	len = snprintf(who, sizeof(who), "%-7u ", process->pid);
	cell_fit(who + len, sizeof(who) - len, comm, COMM, CUT_TAIL, false);
	do {
		fd = lines_put_slots(m, h, SNAP_FD, fd, fds, room + 1);
		handle = lines_put_slots(m, h, SNAP_GEM, handle, handles, GEM + 1);
		at = lines_put_slots(m, h, SNAP_MAP, at, map, 1);
		/* A dash on the first line means none. */
		err = add(p, ROLE_PLAIN, 0, "%*s%-*s %-*s %-*s%s%s", LABEL, "", 8 + COMM, who, room,
			  *who && !*fds ? "-" : fds, gem ? GEM : 0,
			  gem ? *who && !*handles ? "-" : handles : "", gem ? " " : "",
			  *who && !*map ? "-" : map);
		*who = '\0';
	} while ((fd < h->fds || at < h->maps || handle < h->gem) && !err);
	return err;
}

static int add_holders(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p), gem = b->gem;
	int err = 0;
	const char *name = label(p, "HOLDERS", &err);

	if (err)
		return err;
	if (!b->procs)
		return m->sees & MODEL_SEES_HOLDERS ?
			add(p, ROLE_KERNEL_ONLY, strlen(name), "%-*sno process: only the kernel holds it",
			    wide ? LABEL : 1, name) :
			add(p, ROLE_PLAIN, strlen(name), "%-*snone visible without privileges",
			    wide ? LABEL : 1, name);
	if (wide)
		err = add(p, ROLE_PLAIN, LABEL + 80, "%-*s%-7s %-*s %-*s %-*s%s", LABEL, name, "PID",
			  COMM, "COMM", gem ? FDS - GEM - 1 : FDS, "FDS", gem ? GEM + 1 : 0,
			  gem ? "GEM" : "", "MAPPINGS");
	for (uint32_t i = 0; i < b->procs && !err; i++)
		err = add_holder(p, m, &m->holders[b->first_holder + i], gem);
	return err;
}

/* Least width of a screen with wide columns of devices */
#define ROOMY	100

/* Write "13:48:24", or the date if older than a day. */
static void put_since(const struct model *m, const struct model_attachment *a, char *text,
		      size_t room)
{
	time_t seconds = a->since;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, room, !a->since ? "-" : m->time - a->since < 86400 ? "%H:%M:%S" : "%b %e",
		 &tm);
}

static const char *dynamic_word(const struct model_attachment *a, bool wide)
{
	if (!(a->flags & SNAP_ATTACHMENT_DYNAMIC_KNOWN))
		return "-";
	if (a->flags & SNAP_ATTACHMENT_DYNAMIC)
		return wide ? "yes" : "dynamic";
	return wide ? "no" : "static";
}

/* Add an attached device, and its use of the buffer as seen by hooks. */
static int add_device(struct panel *p, const struct model *m, const struct model_buffer *b,
		      const struct model_attachment *a)
{
	const struct model_device *d = &m->devices[a->device];
	const char *node = a->node == INDEX_NONE ? NULL : m->nodes[a->node].path;
	const char *dir = screen_direction(attachment_directions(a));
	char device[256], driver[256], nodes[256], cells[2][256], all[700];
	char since[16], p99[16] = "-";
	bool roomy = p->width >= ROOMY, mapped, known = attachment_mapped(a, &mapped);
	int at;
	uint64_t ns;

	text_safe(device, sizeof(device), d->device);
	text_safe(driver, sizeof(driver), d->driver && *d->driver ? d->driver : "-");
	/* The node used to attach or map, else all nodes of the device */
	if (node)
		text_safe(nodes, sizeof(nodes), node);
	else
		lines_nodes(d, nodes, sizeof(nodes));
	if (map_percentile(m, b->exporter, d->device, 99, &ns))
		cell_ns(p99, ns);
	put_since(m, a, since, sizeof(since));
	if (!is_wide(p))
		return add(p, ROLE_PLAIN, 0, " %s %s %s %s%s", device, driver,
			   dynamic_word(a, false), dir, known && mapped ? " mapped" : "") ?:
		       (*nodes ? add_words(p, ROLE_PLAIN, 0, "", 2, nodes) : 0);
	cell_fit(cells[0], sizeof(cells[0]), device, roomy ? 20 : 13, CUT_MIDDLE, false);
	cell_fit(cells[1], sizeof(cells[1]), driver, roomy ? 12 : 8, CUT_MIDDLE, false);
	at = snprintf(all, sizeof(all), "%*s%s %s ", LABEL, "", cells[0], cells[1]);
	if (roomy)
		at += snprintf(all + at, sizeof(all) - at, "%-7s ", dynamic_word(a, true));
	snprintf(all + at, sizeof(all) - at, "%-4s %-6s %-8s %7s  ", dir,
		 !known ? "-" : mapped ? "yes" : "no", since, p99);
	return add_words(p, ROLE_PLAIN, 0, all, text_width(all), *nodes ? nodes : "-");
}

static int add_devices(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	bool wide = is_wide(p), roomy = p->width >= ROOMY;
	int err = 0, indent = wide ? LABEL : 1;
	const char *name = label(p, "DEVICES", &err);

	if (err)
		return err;
	if (!(b->valid & SNAP_HAS_ATTACHMENTS))
		return add(p, ROLE_PLAIN, strlen(name), "%-*sunknown to this source", indent, name);
	if (!b->attachments)
		return add(p, ROLE_PLAIN, strlen(name), "%-*snone is attached", indent, name);
	if (wide)
		err = add(p, ROLE_PLAIN, LABEL + 80, "%-*s%-*s %-*s %s%s %s %-8s %s  %s", LABEL,
			  name, roomy ? 20 : 13, "DEVICE", roomy ? 12 : 8, "DRIVER",
			  roomy ? "DYNAMIC " : "", "DIR ", "MAPPED", "SINCE", "MAP p99",
			  "THROUGH");
	for (uint32_t i = 0; i < b->attachments && !err; i++)
		err = add_device(p, m, b, &m->attachments[b->first_attachment + i]);
	return err;
}

/* Add a reference of the kernel. *name: label of the section, "" after the first line. */
static int add_item(struct panel *p, const char **name, const char *text)
{
	const char *before = *name;
	int err = 0;

	*name = "";
	if (is_wide(p))
		return add_words(p, ROLE_PLAIN, strlen(before), before, LABEL, text);
	if (*before)
		err = add(p, ROLE_PLAIN, strlen(before), "%s", before);
	return err ?: add_words(p, ROLE_PLAIN, 0, "", 1, text);
}

/* The page lists this number of references of each kind, and counts the others. */
#define ITEMS 8

static int add_more(struct panel *p, const char **name, uint32_t n, const char *what)
{
	char count[32], text[96];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "and %s more %s", cell_thousands(count, n), what);
	return add_item(p, name, text);
}

/* Sort by handle: processes with a shared DRM file share its handles. */
static int by_handle(const void *a, const void *b)
{
	const struct model_slot *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int by_object(const void *a, const void *b)
{
	const struct model_slot *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	/* A handle is a better name than a framebuffer. */
	return x->type != y->type ? (x->type == SNAP_GEM ? -1 : 1) : by_handle(a, b);
}

static const char *process_name(const struct model *m, const struct model_slot *s, char *text,
				size_t room)
{
	const struct model_process *process = &m->processes[s->process];

	text_safe(text, room, process->comm);
	snprintf(text + strlen(text), room - strlen(text), " %u", process->pid);
	return text;
}

static int add_handles(struct panel *p, const struct model *m, const struct model_buffer *b,
		       struct model_slot *slots, uint32_t n, const char **name)
{
	char who[128], node[256], others[48], text[512];
	uint32_t i, next, shown = 0;
	int err = 0;

	qsort(slots, n, sizeof(*slots), by_handle);
	for (i = 0; i < n && shown < ITEMS && !err; i = next, shown++) {
		for (next = i + 1; next < n && !by_handle(&slots[i], &slots[next]); next++)
			;
		*others = '\0';
		if (next - i > 1)
			snprintf(others, sizeof(others), " and %u more", next - i - 1);
		text_safe(node, sizeof(node), m->nodes[slots[i].node].path ?: "unknown node");
		snprintf(text, sizeof(text), "gem handle %" PRIu64 " of %s%s through %s",
			 slots[i].start, process_name(m, &slots[i], who, sizeof(who)), others,
			 node);
		err = add_item(p, name, text);
	}
	return err ?: add_more(p, name, b->gem - shown, "gem handles");
}

static int add_objects(struct panel *p, const struct model *m, const struct model_buffer *b,
		       struct model_slot *slots, uint32_t n, const char **name)
{
	char who[128], text[512];
	uint32_t i, shown = 0;
	int err = 0;

	qsort(slots, n, sizeof(*slots), by_object);
	for (i = 0; i < n && shown < ITEMS && !err; i++) {
		const struct model_slot *s = &slots[i];

		if (!s->end || (i && s->end == s[-1].end))
			continue;
		snprintf(text, sizeof(text), "%s gem object: %s %" PRIu64 " of %s",
			 s->flags & SNAP_SLOT_IMPORT ? "importing" : "exporting",
			 s->type == SNAP_GEM ? "handle" : "framebuffer", s->start,
			 process_name(m, s, who, sizeof(who)));
		err = add_item(p, name, text);
		shown++;
	}
	return err ?: add_more(p, name, b->objects - shown, "objects");
}

/* Copy all slots of a type of all holders. Return their number. */
static uint32_t gather_slots(const struct model *m, const struct model_buffer *b, uint32_t type,
			     struct model_slot *to)
{
	uint32_t i, n = 0, of;

	for (i = 0; i < b->procs; i++, n += of) {
		const struct model_slot *first =
			model_holder_slots(m, &m->holders[b->first_holder + i], type, &of);

		memcpy(to + n, first, of * sizeof(*to));
	}
	return n;
}

static int add_gem(struct panel *p, const struct model *m, const struct model_buffer *b,
		   const char **name)
{
	struct model_slot *slots;
	uint32_t i, handles, n = 0;
	int err;

	for (i = 0; i < b->procs; i++) {
		const struct model_holder *h = &m->holders[b->first_holder + i];

		n += h->gem + h->framebuffers;
	}
	if (!n)
		return 0;
	slots = malloc(n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	handles = gather_slots(m, b, SNAP_GEM, slots);
	gather_slots(m, b, SNAP_FRAMEBUFFER, slots + handles);
	err = add_handles(p, m, b, slots, handles, name) ?: add_objects(p, m, b, slots, n, name);
	free(slots);
	return err;
}

static int add_imports(struct panel *p, const struct model *m, const struct model_buffer *b,
		       const char **name)
{
	char device[256], driver[256], nodes[256], text[LINE_ROOM];
	uint32_t i, next, shown = 0;
	uint64_t imports;
	int err = 0;

	if (!model_buffer_imports(m, b, &imports) || !imports)
		return 0;
	/* Not every importer holds a reference; the kernel does not list the holding importers. */
	if (imports < b->attachments) {
		snprintf(text, sizeof(text), "%" PRIu64 " of %u importers, unknown which", imports,
			 b->attachments);
		return add_item(p, name, text);
	}
	for (i = 0; i < b->attachments && shown < ITEMS && !err; i = next) {
		const struct model_attachment *a = &m->attachments[b->first_attachment + i];
		const struct model_device *d = &m->devices[a->device];
		char count[32] = "import";

		for (next = i + 1; next < b->attachments && a[next - i].device == a->device; next++)
			;
		if (next - i > 1)
			count_words(next - i, "import", count, sizeof(count));
		text_safe(device, sizeof(device), d->device);
		text_safe(driver, sizeof(driver), d->driver && *d->driver ? d->driver : "-");
		lines_nodes(d, nodes, sizeof(nodes));
		snprintf(text, sizeof(text), "%s by %s (%s)%s%s", count, device, driver,
			 *nodes ? " through " : "", nodes);
		err = add_item(p, name, text);
		shown++;
	}
	return err ?: add_more(p, name, b->attachments - i, "imports");
}

static int add_in_flight(struct panel *p, const struct model *m, const struct model_buffer *b,
			 const char **name)
{
	const struct model_holder *sockets = &m->holders[b->first_holder + b->procs];
	uint32_t i, n = lines_sockets(m, b), more = b->in_flight;
	char socket[1024], count[32] = "", text[1100];
	int err = 0;

	for (i = 0; i < n && i < ITEMS && !err; i++) {
		/* Mark a cut: the sender is missing. */
		if (text_safe(socket, sizeof(socket), sockets[i].socket) > sizeof(socket) - 8)
			strcpy(socket + sizeof(socket) - 12, "...");
		if (sockets[i].in_flight > 1)
			snprintf(count, sizeof(count), "%u times ", sockets[i].in_flight);
		snprintf(text, sizeof(text), "in flight %sin socket %s", count, socket);
		err = add_item(p, name, text);
		more -= sockets[i].in_flight;
		*count = '\0';
	}
	return err ?: add_more(p, name, more, "in flight");
}

static int add_io_uring(struct panel *p, const struct model *m, const struct model_buffer *b,
			const char **name)
{
	char who[128], text[256], count[32];
	uint32_t i, n, shown = 0, more = 0;
	int err = 0;

	for (i = 0; i < b->procs && !err; i++) {
		const struct model_slot *s =
			model_holder_slots(m, &m->holders[b->first_holder + i], SNAP_IO_URING, &n);

		if (!n)
			continue;
		if (shown++ >= ITEMS) {
			more++;
			continue;
		}
		count_words(n, "slot", count, sizeof(count));
		snprintf(text, sizeof(text), "registered with io_uring by %s, %s",
			 process_name(m, s, who, sizeof(who)), count);
		err = add_item(p, name, text);
	}
	return err ?: add_more(p, name, more, "rings");
}

/* Add the references of the kernel, as far as known. */
static int add_kernel(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	const char *name = "KERNEL";

	return add_gem(p, m, b, &name) ?: add_imports(p, m, b, &name) ?:
	       add_in_flight(p, m, b, &name) ?: add_io_uring(p, m, b, &name);
}

/* Add the framebuffers: a display may scan out the buffer. */
static int add_framebuffers(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	char who[128], node[256], text[512];
	const char *name = "SCAN-OUT";
	uint32_t i, j, n, shown = 0;
	int err = 0;

	for (i = 0; i < b->procs && b->framebuffers; i++) {
		const struct model_holder *h = &m->holders[b->first_holder + i];
		const struct model_slot *s = model_holder_slots(m, h, SNAP_FRAMEBUFFER, &n);

		for (j = 0; j < n && shown < ITEMS && !err; j++, shown++) {
			text_safe(node, sizeof(node), m->nodes[s[j].node].path ?: "unknown node");
			snprintf(text, sizeof(text), "framebuffer %" PRIu64 " of %s through %s",
				 s[j].start, process_name(m, &s[j], who, sizeof(who)), node);
			err = add_item(p, &name, text);
		}
	}
	return err ?: add_more(p, &name, b->framebuffers - shown, "framebuffers");
}

static int add_unexplained(struct panel *p, const struct model *m, const struct model_buffer *b)
{
	/* Known holders of references that no table of the kernel lists. */
	static const char *const causes[] = {
		"a GEM handle, its object, or an fd in flight in a socket;",
		"an io_uring request in progress;",
		"a driver with several references or without an attachment;",
		"an fd in flight in a network namespace without processes;",
		"a poll() waiting for a fence.",
	};
	uint64_t unexplained;
	char text[64];
	const char *name;
	int err = 0, indent = is_wide(p) ? LABEL : 1;

	if (!model_buffer_unexplained(m, b, &unexplained))
		return 0;
	name = label(p, "UNEXPLAINED", &err);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%" PRIu64 "%s", unexplained,
		 unexplained ? ", possible causes:" : "");
	err = add_words(p, unexplained ? ROLE_UNEXPLAINED : ROLE_PLAIN, strlen(name), name,
			indent, text);
	/* Skip the first cause if the source sees these references. */
	for (size_t i = !!(m->sees & MODEL_SEES_REFERENCES);
	     unexplained && i < sizeof(causes) / sizeof(*causes) && !err; i++)
		err = add_words(p, ROLE_PLAIN, 0, "", is_wide(p) ? LABEL : 2, causes[i]);
	return err;
}

int panel_buffer(struct panel *p, const struct model *m, uint64_t ino, int width, bool bytes)
{
	uint32_t i = index_get(&m->by_ino, ino);
	const struct model_buffer *b = i == INDEX_NONE ? NULL : &m->buffers[i];

	clear(p);
	p->width = width;
	if (!b || !b->ino)
		return add(p, ROLE_PLAIN, 0, "Buffer %" PRIu64 " does not exist.", ino);
	return add_title(p, m, b, bytes) ?: add_references(p, m, b) ?: add_holders(p, m, b) ?:
	       add_devices(p, m, b) ?: add_kernel(p, m, b) ?: add_framebuffers(p, m, b) ?:
	       add_unexplained(p, m, b);
}
