// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks of events: what the ring says of them beside the records that are given on. Files are
 * opened while they are there; copies of a user's stack become frames (bpf/events_stacks.bpf.h).
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "events_shared.h"
#include "events.skel.h"
#include "symbols/elf_file.h"
#include "events/own.h"
#include "regular.h"
#include "symbols/symbols.h"

#define FRAMES_RECORDS ((EVENT_FRAMES_MAX + EVENT_FRAMES_EACH - 1) / EVENT_FRAMES_EACH)
#define MAX_MAPS 4096			/* of code, in a process */
#define MAX_WAITING 64			/* stacks that are kept until more is told */

/* Where code is in a process, as far as it was told; what came last holds. */
struct process_maps {
	uint64_t pid;
	struct stack_map *maps;
	uint32_t n, room;
};

struct copied_stack {
	uint64_t copy, number;		/* the number that it has got */
};

struct event_stacks {
	struct symbols *symbols;
	struct stacks stacks;
	struct table copies, processes;	/* struct copied_stack, struct process_maps */
	uint32_t next_file;		/* number of the next one that the kernel does not know */
	struct ring_copy **waiting;	/* for maps that a later copy may have */
	uint32_t n_waiting, room_waiting;
	uint64_t cut;
	uint64_t seed;
};

int events_open_stacks(struct events *e)
{
	struct event_stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	e->stacks = s;
	s->symbols = symbols_new();
	s->copies.size = sizeof(struct copied_stack);
	s->processes.size = sizeof(struct process_maps);
	s->next_file = STACK_MAX_FILES + 1;
	s->seed = e->skel->rodata->settings.seed;
	return s->symbols ? 0 : -ENOMEM;
}

uint64_t events_stack_seed(void)
{
	uint64_t seed = 0x6a09e667f3bcc908;

	/* Without randomness somebody could make his own stacks look alike: no more than that */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed ^= getpid();
	return seed;
}

/* Equal for equal frames, never that of a copy, never 0. */
static uint64_t stack_number(const struct event_stacks *s, const uint64_t *frames, uint32_t n)
{
	uint64_t hash = s->seed;

	for (uint32_t i = 0; i < n; i++)
		/* NOLINTNEXTLINE: the first n are set */
		hash = hash_mix(hash, frames[i]);
	hash &= ~STACK_PROVISIONAL;
	return hash ? hash : 1;
}

/* Its path as the kernel has told it. */
static void join_names(char *path, size_t room, const struct ring_file *record)
{
	uint32_t i = record->n_names < STACK_NAMES ? record->n_names : STACK_NAMES;
	size_t len = 0;

	*path = '\0';
	while (i--)
		len += snprintf(path + len, room - len, "/%.*s", STACK_NAME - 1, record->names[i]);
}

/* By a mapping of the process, though it was deleted. */
static int open_mapped(uint32_t pid, uint64_t start, uint64_t end,
		       const struct regular_identity *identity)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	return regular_open(name, true, identity);
}

/* What an open file is called, though its process is gone by now; false: that cannot be said. */
static bool path_of(int fd, char *path, size_t room)
{
	static const char deleted[] = " (deleted)";
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, room - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	n -= sizeof(deleted) - 1;
	if (n > 0 && !strcmp(path + n, deleted))
		path[n] = '\0';
	return *path;
}

/* By its path, which starts at the root that nobody has changed: the process's, else PID 1's. */
static int open_told(uint32_t pid, const char *told, const struct regular_identity *identity)
{
	const uint32_t roots[] = { pid, 1 };
	char name[PATH_MAX];
	int fd = -ENOENT;

	for (size_t i = 0; *told && fd < 0 && i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(name, sizeof(name), "/proc/%u/root%s", roots[i], told);
		fd = regular_open(name, false, identity);
	}
	return *told && fd < 0 ? regular_open(told, false, identity) : fd;
}

static int take_file(struct event_stacks *s, const struct ring_file *record)
{
	struct regular_identity identity = { .size = record->size, .mtime = record->mtime };
	char told[STACK_NAMES * (STACK_NAME + 1) + 1], other[PATH_MAX];
	const char *path;
	int fd;

	join_names(told, sizeof(told), record);
	path = *told ? told : NULL;
	fd = open_mapped(record->pid, record->start, record->end, &identity);
	if (fd < 0) {
		identity.ino = record->ino;
		identity.dev = makedev(record->dev >> 20, record->dev & 0xfffff);
		fd = open_told(record->pid, told, &identity);
	}
	if (fd >= 0 && path_of(fd, other, sizeof(other)))
		path = other;
	return symbols_add_file(s->symbols, record->number, fd, path, NULL);
}

static int add_map(struct process_maps *p, const struct stack_map *map)
{
	uint32_t i, n = 0;

	for (i = 0; i < p->n; i++)
		if (p->maps[i].end <= map->start || p->maps[i].start >= map->end)
			p->maps[n++] = p->maps[i];
	p->n = n;
	return n < MAX_MAPS ? array_append(&p->maps, &p->n, &p->room, map, sizeof(*map)) : 0;
}

static const struct stack_map *find_map(const struct process_maps *p, uint64_t address)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (address >= p->maps[i].start && address < p->maps[i].end)
			return &p->maps[i];
	return NULL;
}

/* The number of a file that only /proc has told of, 0 if none is left. */
static uint32_t add_file(struct event_stacks *s, uint32_t pid, const struct stack_map *map,
			 const char *path)
{
	int fd = open_mapped(pid, map->start, map->end, NULL);
	uint32_t number = symbols_find_file(s->symbols, fd, path);

	if (number || s->next_file > UINT16_MAX) {
		if (fd >= 0)
			close(fd);
		return number;
	}
	if (symbols_add_file(s->symbols, s->next_file, fd, path, NULL))
		return 0;
	return s->next_file++;
}

/*
 * Where somebody changed the mappings meanwhile, or there were too many, the process says the
 * rest, while it is there: /proc/PID/maps, "start-end rwxp offset dev ino  path".
 */
static int read_maps(struct event_stacks *s, uint32_t pid, struct process_maps *p)
{
	char name[64], line[4400];
	int err = 0;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%u/maps", pid);
	in = fopen(name, "re");
	while (in && !err && fgets(line, sizeof(line), in)) {
		uint64_t start, end, offset;
		struct stack_map map;
		int path = 0;
		char x;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%*c%c%*c %" SCNx64 " %*s %*s %n",
			   &start, &end, &x, &offset, &path) != 4 || x != 'x')
			continue;
		line[strcspn(line, "\n")] = '\0';
		map = (struct stack_map){ start, end, offset };
		if (path && line[path] == '/')
			map.first |= (uint64_t)add_file(s, pid, &map, line + path) << 48;
		err = add_map(p, &map);
	}
	if (in)
		fclose(in);
	return err;
}

static bool read_word(const struct ring_copy *copy, uint64_t address, uint64_t *word)
{
	uint64_t base = copy->sp & ~(uint64_t)(STACK_CHUNK - 1);
	uint64_t len = copy->chunks * (uint64_t)STACK_CHUNK;

	if (len > STACK_COPY)
		len = STACK_COPY;
	if (address < base || address - base > len || len - (address - base) < sizeof(*word))
		return false;
	memcpy(word, copy->bytes + (address - base), sizeof(*word));
	return true;
}

/*
 * Goes up a copied stack, where may_wait as long as it is known what is mapped where. Returns how
 * many frames, -EAGAIN if that is not known, or -errno.
 */
static int unwind(struct event_stacks *s, const struct ring_copy *copy, uint64_t *frames,
		  bool may_wait)
{
	uint64_t ip = copy->ip, sp = copy->sp, fp = copy->fp, cfa;
	struct process_maps *p = table_add(&s->processes, copy->pid);
	bool asked = false;
	const struct stack_map *map;
	struct elf_rule rule;
	int n = 0, err = 0;

	for (uint32_t i = 0; p && i < STACK_MAPS && !err; i++)
		err = copy->maps[i].start ? add_map(p, &copy->maps[i]) : 0;
	while (p && !err && n < EVENT_FRAMES_MAX && ip) {
		map = find_map(p, ip - 1);
		if (!map && !asked) {
			asked = true;
			err = read_maps(s, copy->pid, p);
			map = find_map(p, ip - 1);
		}
		if (!map) {
			if (may_wait && copy->busy)
				return -EAGAIN;
			s->cut++;
			break;
		}
		frames[n++] = map->first >> 48 ? map->first + (ip - map->start) : ip;
		/* Code without .eh_frame may still keep a frame pointer */
		if (!(map->first >> 48) || !symbols_rule(s->symbols, frames[n - 1], &rule))
			rule = (struct elf_rule){ ELF_RULE_FP, true, 16, -8, -16 };
		if (rule.kind == ELF_RULE_END)
			break;
		cfa = (rule.kind == ELF_RULE_FP ? fp : sp) + rule.cfa;
		if (rule.kind == ELF_RULE_LINK && n == 1) {
			ip = copy->link;
		} else if (rule.kind == ELF_RULE_LINK || cfa <= sp ||
			   !read_word(copy, cfa + rule.ra, &ip)) {
			s->cut++;
			break;
		}
		if (rule.fp_saved && !read_word(copy, cfa + rule.fp, &fp))
			break;
		sp = cfa;
	}
	return !p ? -ENOMEM : err ? err : n;
}

/* Frames as records have them, first for whoever is given records. */
static int tell(struct events *e, uint64_t time, uint64_t number, const uint64_t *frames,
		uint32_t n, bool user, uint8_t event)
{
	struct dmabuf_event_frames records[FRAMES_RECORDS] = { 0 };
	uint32_t i, at;
	int err = 0;

	for (i = 0, at = 0; at < n && !err; i++, at += EVENT_FRAMES_EACH) {
		uint32_t each = n - at < EVENT_FRAMES_EACH ? n - at : EVENT_FRAMES_EACH;

		records[i] = (struct dmabuf_event_frames){
			.time = time, .stack = number, .at = at, .n = n, .user = user,
			.event = event, .type = EVENT_FRAMES,
		};
		memcpy(records[i].frames, frames + at, each * sizeof(*frames));
		err = stacks_take(&e->stacks->stacks, &records[i]);
	}
	if (!err && i && e->take_raw)
		err = e->take_raw(e->ctx, records, i * sizeof(*records));
	return err;
}

static int take_frames(struct events *e, const struct ring_frames *record)
{
	uint32_t n = record->n < EVENT_FRAMES_MAX ? record->n : EVENT_FRAMES_MAX;

	return tell(e, record->time, record->number, (const uint64_t *)record->frames, n, false,
		    record->event);
}

/* A thread may change the mappings while another's stack is copied, and be gone when we ask. */
static int wait_for_maps(struct event_stacks *s, const struct ring_copy *copy)
{
	struct ring_copy **place = array_add(&s->waiting, &s->n_waiting, &s->room_waiting,
					     sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = malloc(sizeof(*copy));
	if (!*place) {
		s->n_waiting--;
		return -ENOMEM;
	}
	memcpy(*place, copy, sizeof(*copy));
	return 0;
}

static int take_copy(struct events *e, const struct ring_copy *copy, bool may_wait)
{
	uint64_t frames[EVENT_FRAMES_MAX], number;
	struct event_stacks *s = e->stacks;
	struct copied_stack *copied;
	uint32_t known;
	bool user;
	int n = unwind(s, copy, frames, may_wait && s->n_waiting < MAX_WAITING);

	if (n == -EAGAIN)
		return wait_for_maps(s, copy);
	if (n < 0)
		return n;
	number = n ? stack_number(s, frames, n) : 0;
	copied = table_add(&s->copies, copy->number);
	if (!copied)
		return -ENOMEM;
	copied->number = number;
	if (!number || stacks_raw(&s->stacks, number, &known, &user))
		return 0;
	return tell(e, copy->time, number, frames, n, true, copy->event);
}

bool events_stacks_wait(const struct events *e)
{
	return e->stacks && e->stacks->n_waiting;
}

int events_settle_stacks(struct events *e)
{
	struct event_stacks *s = e->stacks;
	int err = 0;

	for (uint32_t i = 0; s && i < s->n_waiting; i++) {
		if (!err)
			err = take_copy(e, s->waiting[i], false);
		free(s->waiting[i]);
	}
	if (s)
		s->n_waiting = 0;
	return err;
}

/* The number that a copied stack has got. */
uint64_t events_stack_settled(const struct events *e, uint64_t number)
{
	const struct copied_stack *copied;

	if (!e->stacks || !(number & STACK_PROVISIONAL))
		return number;
	copied = table_get(&e->stacks->copies, number);
	return copied ? copied->number : 0;
}

int events_take_stack(struct events *e, const void *data, size_t len)
{
	const struct dmabuf_event *record = data;
	int err;

	switch (e->stacks ? record->type : 0) {
	case RING_FILE:
		err = len < sizeof(struct ring_file) ? 0 : take_file(e->stacks, data);
		break;
	case RING_FRAMES:
		err = len < sizeof(struct ring_frames) ? 0 : take_frames(e, data);
		break;
	case RING_COPY:
		err = len < sizeof(struct ring_copy) ? 0 : take_copy(e, data, true);
		break;
	default:
		return 0;
	}
	return err ? err : 1;
}

const struct stack *events_stack(struct events *e, uint64_t number)
{
	if (!e->stacks || !number)
		return NULL;
	return stacks_get(&e->stacks->stacks, number, symbols_name, e->stacks->symbols);
}

bool events_file(struct events *e, uint32_t number, const char **path, const char **build_id)
{
	return e->stacks && symbols_file(e->stacks->symbols, number, path, build_id);
}

const char *events_kernel_symbol(struct events *e, uint64_t address)
{
	return e->stacks ? symbols_kernel_text(e->stacks->symbols, address) : NULL;
}

void events_stack_counts(const struct events *e, struct events_stack_counts *counts)
{
	const struct events_counts *c = &e->skel->bss->tables.counts;

	*counts = (struct events_stack_counts){
		.lost = c->stacks_lost, .told = c->stacks_told, .copied = c->stacks_copied,
		.kernel_lacks = e->stacks ? symbols_lacks(e->stacks->symbols) : NULL,
	};
	if (e->stacks)
		counts->cut = e->stacks->cut;
}

void events_free_stacks(struct events *e)
{
	struct event_stacks *s = e->stacks;

	if (!s)
		return;
	symbols_free(s->symbols);
	stacks_free(&s->stacks);
	for (uint32_t i = 0; i < s->processes.n; i++)
		free(((struct process_maps *)table_row(&s->processes, i))->maps);
	table_free(&s->processes);
	table_free(&s->copies);
	for (uint32_t i = 0; i < s->n_waiting; i++)
		free(s->waiting[i]);
	free(s->waiting);
	free(s);
}
