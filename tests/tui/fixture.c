// SPDX-License-Identifier: GPL-2.0
/*
 * top-fixture FILE [OPTION...]: the screen of dmabuf-top over snapshots of a text file, with a
 * clock, host and kernel of its own. SIGUSR1 moves to the next snapshot, except after the last.
 *
 *	host NAME; release NAME; memory BYTES; source NAME; lacks TEXT
 *	time SECONDS			a snapshot begins
 *	again SECONDS			another snapshot SECONDS later, a copy of the last
 *	fail TEXT			the snapshot cannot be read
 *	slow				the open takes until SIGUSR1
 *	unopened TEXT			the open fails
 *	process PID COMM CGROUP		for later lines
 *	buffer INO SIZE COUNT AGE EXPORTER [NAME]
 *	attach INO DEVICE DRIVER [dynamic|static]
 *	fd PID INO FD
 *	map PID INO START rw		in hex; as long as the buffer
 *	gem PID INO HANDLE NODE [OBJECT [import]]
 *	fb PID INO ID NODE [OBJECT]
 *	ring PID INO PLACE
 *	flight INO SOCKET PLACE SENDER	in the SOCKET's queue
 *	socket PID SOCKET FD		SOCKET is an inode number
 *	node NODE PATH			0xMMMmmmmm, major and minor
 *	nodes DEVICE PATH;PATH
 *	exited INO PID			PID exported the buffer and exited
 *	many BUFFERS PROCESSES		64 KiB each, with an fd and a mapping
 *
 * State of the hooks at the snapshot; DIR is W (the device writes), R, B (both):
 *	mapping INO DEVICE DIR MAPS NOW NODE SINCE TOOK,WAITED [older]	SINCE: seconds ago; ns
 *	origin INO PID COMM NODE
 *	access INO PID READS WRITES SECONDS	SECONDS ago
 *	op EXPORTER DEVICE OP DIR ERRORS WAITED BUCKET:CALLS...	ns, since the last snapshot; each
 *					call takes 5/4 of its bound
 *	lost EVENTS
 *	nohooks TEXT			hooks cannot be attached
 *
 * \xNN stands for a byte, - for nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabuf_snapshot.h"
#include "model/model.h"
#include "output/columns.h"
#include "source/names.h"
#include "source/source.h"
#include "source/users.h"
#include "top/top.h"

#define PROCESSES 4096
#define MOMENTS 64

static struct {
	struct records records[MOMENTS];
	double times[MOMENTS];
	char fails[MOMENTS][128];
	int n;
	struct { uint32_t pid; char comm[64], cgroup[128]; } processes[PROCESSES];
	uint32_t n_processes;
	struct { uint64_t ino; uint32_t pid; } exited[4];
	int n_exited;
	struct { char key[64], path[128]; } nodes[16];
	int n_nodes;
	char source[32], lacks[128], no_hooks[128], unopened[128];
	/* By snapshot */
	struct records states[MOMENTS];
	struct model_operations operations[MOMENTS];
	uint64_t lost[MOMENTS];
	uint32_t ids;
	struct intern strings;
} fixture;

static volatile sig_atomic_t at, slow;

static void next(int sig)
{
	(void)sig;
	if (slow)
		slow = 0;
	else if (at < fixture.n - 1)
		at++;
}

static int snapshot(struct source *s, struct records *records)
{
	int i = at;

	if (fixture.fails[i][0]) {
		snprintf(s->error, sizeof(s->error), "%s", fixture.fails[i]);
		return -EIO;
	}
	s->time = fixture.times[i];
	return records_add(records, fixture.records[i].bytes, fixture.records[i].len);
}

static const char *cgroup(struct source *s, uint64_t id)
{
	(void)s;
	return id && strcmp(fixture.processes[id - 1].cgroup, "-") ?
	       fixture.processes[id - 1].cgroup : NULL;
}

/* Replaces cli/source/nodes.c, which reads the machine. */
static const char *path_of(const char *key)
{
	int i;

	for (i = 0; i < fixture.n_nodes; i++)
		if (!strcmp(fixture.nodes[i].key, key))
			return fixture.nodes[i].path;
	return NULL;
}

const char *node_of_number(struct node_names **names, uint32_t rdev)
{
	char key[16];

	(void)names;
	snprintf(key, sizeof(key), "%#x", rdev);
	return path_of(key);
}

const char *nodes_of_device(struct node_names **names, const char *device)
{
	(void)names;
	return path_of(device);
}

void node_names_free(struct node_names *names)
{
	(void)names;
}

/* Replaces cli/source/users.c, which reads the machine. */
bool users_are_seen(void)
{
	return true;
}

int users_name_nodes(struct node_names **names, struct records *records)
{
	(void)names;
	(void)records;
	return 0;
}

int users_update(struct users *users, struct model *m, struct records *records)
{
	int i;

	(void)users;
	(void)records;
	m->exporters_asked = true;
	for (i = 0; i < fixture.n_exited; i++) {
		uint32_t at = index_get(&m->by_ino, fixture.exited[i].ino);

		if (at == INDEX_NONE)
			continue;
		m->buffers[at].exported_by = fixture.exited[i].pid;
		m->buffers[at].exported_comm = "c";
	}
	return 0;
}

void users_free(struct users *users)
{
	(void)users;
}

static const char *watch(struct source *s, uint32_t what)
{
	(void)s;
	(void)what;
	return fixture.no_hooks[0] ? fixture.no_hooks : NULL;
}

static int state(struct source *s, struct records *records)
{
	s->lost = fixture.lost[at];
	return records_add(records, fixture.states[at].bytes, fixture.states[at].len);
}

static int operations(struct source *s, struct model_operations *out)
{
	const struct model_operations *from = &fixture.operations[at];
	uint32_t i;

	s->lost = fixture.lost[at];
	for (i = 0; i < from->n; i++) {
		const struct model_operation *o = &from->rows[i];
		struct model_operation *row = operations_row(out, o->type, o->direction,
							     o->exporter, o->device);

		row->histogram = o->histogram;
	}
	return 0;
}

static void nothing(struct source *s)
{
	(void)s;
}

static const struct source_ops ops = {
	.name = fixture.source, .snapshot = snapshot, .cgroup = cgroup, .watch = watch,
	.state = state, .operations = operations, .close = nothing,
};

static void unescape(char *dst, size_t room, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < room; n++) {
		if (src[0] == '\\' && src[1] == 'x') {
			char hex[3] = { src[2], src[3], '\0' };

			dst[n] = strtoul(hex, NULL, 16);
			src += 4;
		} else {
			dst[n] = *src++;
		}
	}
	dst[n] = '\0';
}

static void field(char *dst, size_t room, const char *src)
{
	char text[256];

	unescape(text, sizeof(text), strcmp(src, "-") ? src : "");
	memcpy(dst, text, strlen(text) < room ? strlen(text) : room);
}

static uint32_t process_of(uint32_t pid)
{
	uint32_t i;

	/* The last line of a process counts. */
	for (i = fixture.n_processes; i > 0; i--)
		if (fixture.processes[i - 1].pid == pid)
			return i - 1;
	fprintf(stderr, "no process %u\n", pid);
	exit(2);
}

static struct snap_buffer *buffer_of(struct records *r, uint64_t ino)
{
	size_t i;

	for (i = 0; i < r->len; i += ((struct snap_head *)(r->bytes + i))->len) {
		struct snap_buffer *b = (void *)(r->bytes + i);

		if (b->head.type == SNAP_BUFFER && b->ino == ino)
			return b;
	}
	fprintf(stderr, "no buffer %lu\n", (unsigned long)ino);
	exit(2);
}

static struct snap_slot slot(enum snap_type type, const char *pid, const char *ino, uint64_t start)
{
	uint32_t i = process_of(strtoul(pid, NULL, 10));
	struct snap_slot s = {
		.head = { type, sizeof(s), 0 }, .ino = strtoull(ino, NULL, 10),
		.table = fixture.processes[i].pid, .start = start, .cgroup = i + 1,
		.pid = fixture.processes[i].pid,
	};

	field(s.comm, sizeof(s.comm), fixture.processes[i].comm);
	return s;
}

/* Add a slot with a reference; false: w is not a slot. */
static bool place(struct records *r, char **w, int n)
{
	struct snap_slot s;

	if (!strcmp(w[0], "fd") && n == 4) {
		s = slot(SNAP_FD, w[1], w[2], strtoull(w[3], NULL, 10));
	} else if (!strcmp(w[0], "map") && n == 5) {
		s = slot(SNAP_MAP, w[1], w[2], strtoull(w[3], NULL, 16));
		s.end = s.start + buffer_of(r, s.ino)->size;
		s.head.valid = (strchr(w[4], 'r') ? SNAP_SLOT_READ : 0) |
			       (strchr(w[4], 'w') ? SNAP_SLOT_WRITE : 0);
	} else if (!strcmp(w[0], "ring") && n == 4) {
		s = slot(SNAP_IO_URING, w[1], w[2], strtoull(w[3], NULL, 10));
	} else if ((!strcmp(w[0], "gem") || !strcmp(w[0], "fb")) && n >= 5) {
		s = slot(*w[0] == 'g' ? SNAP_GEM : SNAP_FRAMEBUFFER, w[1], w[2],
			 strtoull(w[3], NULL, 10));
		s.rdev = strtoul(w[4], NULL, 16);
		s.end = n > 5 ? strtoull(w[5], NULL, 10) : 0;
		s.head.valid = n > 6 ? SNAP_SLOT_IMPORT : 0;
	} else if (!strcmp(w[0], "flight") && n == 5) {
		s = (struct snap_slot){
			.head = { SNAP_IN_FLIGHT, sizeof(s), 0 }, .ino = strtoull(w[1], NULL, 10),
			.table = strtoull(w[2], NULL, 10), .start = strtoull(w[3], NULL, 10),
			.end = strtoull(w[4], NULL, 10),
		};
	} else if (!strcmp(w[0], "socket") && n == 4) {
		s = slot(SNAP_SOCKET, w[1], w[2], strtoull(w[3], NULL, 10));
		s.table = s.ino;
	} else {
		return false;
	}
	records_add(r, &s, sizeof(s));
	return true;
}

static unsigned int direction_of(const char *word)
{
	return *word == 'W' ? DIRECTION_FROM_DEVICE : *word == 'R' ? DIRECTION_TO_DEVICE :
	       *word == 'B' ? DIRECTION_BOTH : DIRECTION_NONE;
}

/* The mapping of the last snapshot */
static struct snap_mapping *mapping_of(struct records *r, uint64_t ino, const char *device)
{
	size_t i;

	for (i = 0; i < r->len; i += ((struct snap_head *)(r->bytes + i))->len) {
		struct snap_mapping *a = (void *)(r->bytes + i);

		if (a->head.type == SNAP_MAPPING && a->ino == ino &&
		    !strncmp(a->device, device, sizeof(a->device)))
			return a;
	}
	return NULL;
}

static void again(double seconds)
{
	int new = fixture.n++, old = new - 1;
	uint32_t i;

	fixture.times[new] = fixture.times[old] + seconds;
	fixture.lost[new] = fixture.lost[old];
	records_add(&fixture.records[new], fixture.records[old].bytes, fixture.records[old].len);
	records_add(&fixture.states[new], fixture.states[old].bytes, fixture.states[old].len);
	for (i = 0; i < fixture.operations[old].n; i++) {
		const struct model_operation *o = &fixture.operations[old].rows[i];

		*operations_row(&fixture.operations[new], o->type, o->direction, o->exporter,
				o->device) = *o;
	}
}

static void mapping(struct records *r, double time, char **w, int n)
{
	unsigned int direction = direction_of(w[3]);
	struct snap_mapping a = {
		.head = { SNAP_MAPPING, sizeof(a), n > 9 ? SNAP_MAPPING_OLDER : 0 },
		.ino = strtoull(w[1], NULL, 10), .id = ++fixture.ids,
		.rdev = strtoul(w[6], NULL, 16),
		.since = strcmp(w[7], "-") ? (time - strtod(w[7], NULL)) * 1e9 : 0,
		.took = strtoull(w[8], NULL, 10),
	}, *was;

	if (strchr(w[8], ','))
		a.waited = strtoull(strchr(w[8], ',') + 1, NULL, 10);
	if (direction < DIRECTION_NONE) {
		a.maps[direction] = strtoull(w[4], NULL, 10);
		a.mapped[direction] = strtoul(w[5], NULL, 10);
	}
	field(a.device, sizeof(a.device), w[2]);
	was = mapping_of(r, a.ino, a.device);
	if (was) {
		a.id = was->id;
		*was = a;
		return;
	}
	records_add(r, &a, sizeof(a));
}

static void operation(struct model_operations *o, char **w, int n)
{
	char exporter[64] = "", device[64] = "";
	struct model_operation *row;
	struct histogram *h;
	int i;

	field(exporter, sizeof(exporter) - 1, w[1]);
	field(device, sizeof(device) - 1, w[2]);
	row = operations_row(o, name_find(event_name, w[3], strlen(w[3])), direction_of(w[4]),
			     *exporter ? intern(&fixture.strings, exporter, SIZE_MAX) : NULL,
			     *device ? intern(&fixture.strings, device, SIZE_MAX) : NULL);
	h = &row->histogram;
	h->errors += strtoull(w[5], NULL, 10);
	h->wait += strtoull(w[6], NULL, 10);
	for (i = 7; i < n; i++) {
		unsigned int bucket = strtoul(w[i], NULL, 10);
		uint64_t calls = strtoull(strchr(w[i], ':') + 1, NULL, 10);
		uint64_t ns = histogram_bound(bucket) + histogram_bound(bucket) / 4;

		h->buckets[bucket] += calls;
		h->count += calls;
		h->sum += ns * calls;
		if (ns > h->max)
			h->max = ns;
	}
}

/* Add state of the hooks; false: w is no such line. */
static bool told(struct records *r, int at, double time, char **w, int n)
{
	if (!strcmp(w[0], "mapping") && n >= 9) {
		mapping(r, time, w, n);
	} else if (!strcmp(w[0], "origin") && n == 5) {
		struct snap_origin o = {
			.head = { SNAP_ORIGIN, sizeof(o), 0 }, .ino = strtoull(w[1], NULL, 10),
			.pid = strtoul(w[2], NULL, 10), .rdev = strtoul(w[4], NULL, 16),
		};

		field(o.comm, sizeof(o.comm), w[3]);
		records_add(r, &o, sizeof(o));
	} else if (!strcmp(w[0], "access") && n == 6) {
		struct snap_access a = {
			.head = { SNAP_ACCESS, sizeof(a), 0 }, .ino = strtoull(w[1], NULL, 10),
			.pid = strtoul(w[2], NULL, 10), .reads = strtoull(w[3], NULL, 10),
			.writes = strtoull(w[4], NULL, 10),
			.last = (time - strtod(w[5], NULL)) * 1e9,
		};

		records_add(r, &a, sizeof(a));
	} else if (!strcmp(w[0], "op") && n >= 8) {
		operation(&fixture.operations[at], w, n);
	} else if (!strcmp(w[0], "lost") && n == 2) {
		fixture.lost[at] = strtoull(w[1], NULL, 10);
	} else {
		return false;
	}
	return true;
}

static void many(struct records *r, double time, uint32_t buffers, uint32_t processes)
{
	uint32_t i;

	for (i = 0; i < buffers; i++) {
		uint32_t pid = 100000 + i % processes;
		struct snap_buffer b = {
			.head = { SNAP_BUFFER, sizeof(b), SNAP_HAS_COUNT | SNAP_HAS_CREATED |
				  SNAP_HAS_UID | SNAP_HAS_ATTACHMENTS | SNAP_HAS_SIZE |
				  SNAP_HAS_EXPORTER },
			.ino = 100000 + i, .size = 65536, .count = 2, .created = (int64_t)time - 60,
			.exporter = "system",
		};
		struct snap_slot fd = {
			.head = { SNAP_FD, sizeof(fd), 0 },
			.ino = b.ino, .table = pid, .start = 3 + i / processes, .pid = pid,
		};
		struct snap_slot map = fd;

		map.head = (struct snap_head){ SNAP_MAP, sizeof(map), SNAP_SLOT_READ };
		map.start = 0x7f0000000000 + (uint64_t)i * b.size;
		map.end = map.start + b.size;
		snprintf(fd.comm, sizeof(fd.comm), "client%u", i % processes % 1000000);
		memcpy(map.comm, fd.comm, sizeof(map.comm));
		records_add(r, &b, sizeof(b));
		records_add(r, &fd, sizeof(fd));
		records_add(r, &map, sizeof(map));
	}
}

static void line(struct source *s, char *text)
{
	struct records *r = fixture.n ? &fixture.records[fixture.n - 1] : NULL;
	double time = fixture.n ? fixture.times[fixture.n - 1] : 0;
	char *w[32] = { NULL }, *rest = strchr(text, ' ');
	int n = 0;

	rest = rest ? strdup(rest + 1) : "";
	for (text = strtok(text, " \t"); text && n < 32; text = strtok(NULL, " \t"))
		w[n++] = text;
	if (!n || *w[0] == '#')
		return;
	if (!strcmp(w[0], "host")) {
		snprintf(s->host, sizeof(s->host), "%s", rest);
	} else if (!strcmp(w[0], "release")) {
		snprintf(s->release, sizeof(s->release), "%s", rest);
	} else if (!strcmp(w[0], "memory")) {
		s->memory = strtoull(rest, NULL, 10);
	} else if (!strcmp(w[0], "source")) {
		snprintf(fixture.source, sizeof(fixture.source), "%s", rest);
	} else if (!strcmp(w[0], "lacks")) {
		snprintf(fixture.lacks, sizeof(fixture.lacks), "%s", rest);
		s->lacks = fixture.lacks;
	} else if (!strcmp(w[0], "nohooks")) {
		snprintf(fixture.no_hooks, sizeof(fixture.no_hooks), "%s", rest);
	} else if (!strcmp(w[0], "time")) {
		fixture.times[fixture.n++] = strtod(rest, NULL);
		/* Attachments stay the same ones. */
		fixture.ids = 0;
	} else if (!strcmp(w[0], "again") && fixture.n && fixture.n < MOMENTS) {
		again(strtod(rest, NULL));
	} else if (!strcmp(w[0], "exited") && n == 3 && fixture.n_exited < 4) {
		fixture.exited[fixture.n_exited].ino = strtoull(w[1], NULL, 10);
		fixture.exited[fixture.n_exited++].pid = strtoul(w[2], NULL, 10);
	} else if (!strcmp(w[0], "slow")) {
		slow = 1;
	} else if (!strcmp(w[0], "unopened")) {
		snprintf(fixture.unopened, sizeof(fixture.unopened), "%s", rest);
	} else if (!strcmp(w[0], "fail")) {
		snprintf(fixture.fails[fixture.n - 1], sizeof(fixture.fails[0]), "%s", rest);
	} else if (!strcmp(w[0], "process") && n == 4 && fixture.n_processes < PROCESSES) {
		uint32_t i = fixture.n_processes++;

		fixture.processes[i].pid = strtoul(w[1], NULL, 10);
		snprintf(fixture.processes[i].comm, sizeof(fixture.processes[i].comm), "%s", w[2]);
		unescape(fixture.processes[i].cgroup, sizeof(fixture.processes[i].cgroup), w[3]);
	} else if (!strcmp(w[0], "buffer") && r && n >= 6) {
		struct snap_buffer b = {
			.head = { SNAP_BUFFER, sizeof(b), SNAP_HAS_COUNT | SNAP_HAS_CREATED |
				  SNAP_HAS_UID | SNAP_HAS_NAME | SNAP_HAS_ATTACHMENTS |
				  SNAP_HAS_SIZE | SNAP_HAS_EXPORTER },
			.ino = strtoull(w[1], NULL, 10), .size = strtoull(w[2], NULL, 10),
			.count = strtoull(w[3], NULL, 10),
			.created = (int64_t)time - strtoll(w[4], NULL, 10), .uid = 1000,
		};

		field(b.exporter, sizeof(b.exporter), w[5]);
		if (n < 7 || !strcmp(w[6], "-"))
			b.head.valid &= ~SNAP_HAS_NAME;
		field(b.name, sizeof(b.name) - 1, n > 6 ? w[6] : "-");
		records_add(r, &b, sizeof(b));
	} else if (!strcmp(w[0], "attach") && r && n >= 4) {
		struct snap_attachment a = {
			.head = { SNAP_ATTACHMENT, sizeof(a), SNAP_ATTACHMENT_DRIVER_KNOWN },
			.ino = strtoull(w[1], NULL, 10),
		};

		if (n > 4)
			a.head.valid |= SNAP_ATTACHMENT_DYNAMIC_KNOWN |
				(strcmp(w[4], "dynamic") ? 0 : SNAP_ATTACHMENT_DYNAMIC);

		field(a.device, sizeof(a.device), w[2]);
		field(a.driver, sizeof(a.driver), w[3]);
		records_add(r, &a, sizeof(a));
	} else if (!strcmp(w[0], "many") && r && n == 3) {
		many(r, time, strtoul(w[1], NULL, 10), strtoul(w[2], NULL, 10));
	} else if ((!strcmp(w[0], "node") || !strcmp(w[0], "nodes")) && n == 3 &&
		   fixture.n_nodes < 16) {
		snprintf(fixture.nodes[fixture.n_nodes].key, 64, "%s", w[1]);
		snprintf(fixture.nodes[fixture.n_nodes++].path, 128, "%s", w[2]);
	} else if (!r || !(told(&fixture.states[fixture.n - 1], fixture.n - 1, time, w, n) ||
			   place(r, w, n))) {
		fprintf(stderr, "not understood: %s\n", w[0]);
		exit(2);
	}
}

static void load(struct source *s, const char *path)
{
	FILE *in = fopen(path, "re");
	char text[512];

	if (!in) {
		perror(path);
		exit(2);
	}
	while (fgets(text, sizeof(text), in)) {
		text[strcspn(text, "\n")] = '\0';
		line(s, text);
	}
	fclose(in);
}

/* The fixture is loaded before. */
static int open_slowly(struct top_options *options, struct source *source)
{
	(void)options;
	while (slow)
		poll(NULL, 0, 1);
	snprintf(source->error, sizeof(source->error), "%s", fixture.unopened);
	return *fixture.unopened ? -EIO : 0;
}

static const char *view_name(unsigned int i)
{
	return i < VIEWS ? views[i].name : NULL;
}

int main(int argc, char **argv)
{
	struct top_options top = { .delay = 1 };
	struct sigaction action = { .sa_handler = next, .sa_flags = SA_RESTART };
	struct source source = {
		.ops = &ops,
		.sees = MODEL_SEES_HOLDERS | MODEL_SEES_KERNEL_ONLY | MODEL_SEES_ATTACHMENTS |
			MODEL_SEES_REFERENCES | MODEL_SEES_USERS,
	};
	const char *view = "processes";
	int opt, v, status;

	setlocale(LC_ALL, "");
	options_init(&top.common, "dmabuf-top");
	while ((opt = getopt(argc, argv, "d:n:O:s:v:I")) != -1) {
		switch (opt) {
		case 'd': top.delay = strtod(optarg, NULL); top.delay_given = true; break;
		case 'n': top.refreshes = strtol(optarg, NULL, 10); break;
		case 'O': top.common.columns = optarg; break;
		case 's': top.sort = optarg; break;
		case 'v': view = optarg; break;
		case 'I': top.invert = true; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc)
		return EXIT_USAGE;
	load(&source, argv[optind]);
	v = name_find(view_name, view, strlen(view));
	if (v < 0)
		return EXIT_USAGE;
	top.views[top.n_views++] = &views[v];
	sigaction(SIGUSR1, &action, NULL);
	status = screen_run(&top, &source, open_slowly);
	options_free(&top.common);
	return status;
}
