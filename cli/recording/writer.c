// SPDX-License-Identifier: GPL-2.0
/* Writing a recording: whole blocks, one after another, never going back; see recording.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "clock.h"
#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "model/hash.h"
#include "recording/recording.h"

/* Events that wait to become a block: enough to pack well, little to lose. */
#define EVENTS_ROOM (5461 * sizeof(struct dmabuf_event))	/* just below 256 KiB */

/* A block that is kept in memory. */
struct kept {
	struct kept *next;
	struct recording_block_head head;
	char content[];
};

struct written_name {
	unsigned int kind;
	uint64_t number;
	const char *text, *second;
};

struct recording_writer {
	int fd;
	bool seekable;
	int error;			/* nothing more is written */
	struct recording_options options;
	struct recording_totals totals;
	uint64_t lost;			/* told, and not yet in a block */
	bool gap;			/* blocks were dropped, and none was written since */
	struct recording_entry *entries;
	uint32_t n_entries, room_entries;

	char *events;			/* events_room */
	size_t events_len, events_room;
	char *scratch, *packed;		/* RECORDING_BLOCK_MAX; of packing */
	size_t packed_room;
	/* Of the snapshot that is written: its bytes so far, and at least so many in the file */
	uint64_t snapshot_raw, snapshot_file;

	struct index by_name;		/* hash of kind, number and device: the last of them */
	struct written_name *names;
	uint32_t n_names, room_names, n_names_out;
	struct intern strings;

	/* Only with keep: what the file is to get, and which tasks and stacks it names */
	struct kept *first, *last;
	struct index by_tid;
	struct dmabuf_event_task *tasks;
	uint32_t n_tasks, room_tasks;
	struct dmabuf_event_frames *frames;
	uint32_t n_frames, room_frames, n_frames_out;
#ifdef HAVE_ZSTD
	ZSTD_CCtx *zstd;
#endif
};

static int write_all(struct recording_writer *w, struct iovec *part, int n)
{
	while (n) {
		ssize_t wrote = writev(w->fd, part, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		for (; n && (size_t)wrote >= part->iov_len; part++, n--)
			wrote -= part->iov_len;
		if (n) {
			part->iov_base = (char *)part->iov_base + wrote;
			part->iov_len -= wrote;
		}
	}
	return 0;
}

/* Room that INFO, index and end will need, if there are so many entries. */
static uint64_t ending_room(uint32_t entries)
{
	uint32_t blocks = entries / (RECORDING_BLOCK_MAX / sizeof(struct recording_entry)) + 1;

	return (blocks + 2) * sizeof(struct recording_block_head) + 256 +
	       (uint64_t)(entries + 2) * sizeof(struct recording_entry);
}

/* What was begun is taken back: a block is there whole or not at all. */
static int fail(struct recording_writer *w, int err, uint64_t size)
{
	/* Where that fails too, the reader finds out by itself */
	if (w->seekable && !ftruncate(w->fd, size) && lseek(w->fd, size, SEEK_SET) >= 0) {
		w->totals.bytes = size;
		while (w->n_entries && w->entries[w->n_entries - 1].offset >= size)
			w->n_entries--;
	}
	w->error = err;
	return err;
}

/* head: type, flags, len, first and count are set; raw_len and last, if they are other numbers. */
static int write_block(struct recording_writer *w, struct recording_block_head *head,
		       const void *content)
{
	static const char zeros[8];
	uint64_t size = sizeof(*head) + head->len + RECORDING_PAD(head->len);
	struct iovec parts[] = {
		{ head, sizeof(*head) },
		{ (void *)content, head->len },
		{ (void *)zeros, RECORDING_PAD(head->len) },
	};
	struct recording_entry *entry;
	int err;

	if (w->error)
		return w->error;
	if (w->options.max_size && !w->options.keep && head->type < RECORDING_INFO &&
	    w->totals.bytes + size + ending_room(w->n_entries + 1) > w->options.max_size)
		return w->error = -EDQUOT;
	entry = array_add(&w->entries, &w->n_entries, &w->room_entries, sizeof(*entry));
	if (!entry)
		return w->error = -ENOMEM;
	head->magic = RECORDING_BLOCK_MAGIC;
	head->raw_len = head->raw_len ?: head->len;
	head->last = head->last ?: head->first;
	*entry = (struct recording_entry){
		.offset = w->totals.bytes, .first = head->first, .last = head->last,
		.count = head->count, .type = head->type, .flags = head->flags,
	};
	head->crc = recording_crc(0, content, head->len);
	head->head_crc = recording_block_crc(head);
	err = write_all(w, parts, 3);
	if (err)
		return fail(w, err, w->totals.bytes);
	w->totals.bytes += size;
	return 0;
}

static void drop_first(struct recording_writer *w)
{
	struct kept *k = w->first;

	w->first = k->next;
	if (!w->first)
		w->last = NULL;
	w->totals.held -= sizeof(*k) + k->head.len;
	/* Lost is lost, whether or not what stood beside it is kept */
	if (w->first)
		w->first->head.lost += k->head.lost;
	else
		w->lost += k->head.lost;
	w->gap = true;
	free(k);
}

static int keep_block(struct recording_writer *w, const struct recording_block_head *head,
		      const void *content)
{
	struct kept *k = malloc(sizeof(*k) + head->len);

	if (!k)
		return w->error = -ENOMEM;
	k->next = NULL;
	k->head = *head;
	memcpy(k->content, content, head->len);
	if (w->last)
		w->last->next = k;
	else
		w->first = k;
	w->last = k;
	w->totals.held += sizeof(*k) + head->len;
	while (w->first != w->last &&
	       ((w->options.max_size && w->totals.held > w->options.max_size) ||
		w->first->head.last + w->options.keep < head->last))
		drop_first(w);
	return 0;
}

/*
 * Whether the reader will take a block that is packed so well, should the file end with it: the
 * bound of snapshots, and of what lives, which is in replay.c.
 */
static bool is_readable(const struct recording_writer *w, const struct recording_block_head *head,
			size_t packed)
{
	if (head->type == RECORDING_EVENTS)
		return packed >= head->raw_len / sizeof(struct dmabuf_event);
	return w->snapshot_raw + head->raw_len <=
	       RECORDING_SNAPSHOT_MAX(w->snapshot_file + sizeof(*head) + packed);
}

/* Leaves out what can be: what events have in common, then what zstd finds. */
static const char *pack(struct recording_writer *w, struct recording_block_head *head,
			const char *content)
{
	size_t n = 0;

	if (head->type == RECORDING_EVENTS)
		n = recording_to_columns(w->scratch, content,
					 head->len / sizeof(struct dmabuf_event));
	if (n && is_readable(w, head, n)) {
		content = w->scratch;
		head->len = n;
		head->flags |= RECORDING_COLUMNS;
	}
#ifdef HAVE_ZSTD
	if (w->zstd) {
		n = ZSTD_compressCCtx(w->zstd, w->packed, w->packed_room, content, head->len,
				      w->options.compress);
		if (!ZSTD_isError(n) && n < head->len && is_readable(w, head, n)) {
			head->flags |= RECORDING_ZSTD;
			head->len = n;
			return w->packed;
		}
	}
#endif
	return content;
}

/* head: type, flags, first, last and count are set; what was lost goes with it. */
static int put_block(struct recording_writer *w, struct recording_block_head *head,
		     const char *content, size_t len)
{
	if (w->error)
		return w->error;
	head->len = head->raw_len = len;
	if (head->type != RECORDING_NAMES) {
		head->lost = w->lost;
		w->lost = 0;
	}
	if (head->type == RECORDING_EVENTS || head->type == RECORDING_SNAPSHOT)
		content = pack(w, head, content);
	w->snapshot_raw += head->raw_len;
	w->snapshot_file += sizeof(*head) + head->len;
	return w->options.keep ? keep_block(w, head, content) : write_block(w, head, content);
}

static int write_head(struct recording_writer *w, const struct recording_about *about)
{
	struct recording_head head = {
		.endian = RECORDING_ENDIAN,
		.version = RECORDING_VERSION,
		.realtime = about->realtime,
		.boottime = about->boottime,
		.start = about->start,
		.memory = about->memory,
		.page_size = sysconf(_SC_PAGESIZE),
	};
	struct iovec parts[2] = { { &head, sizeof(head) } };
	size_t room = RECORDING_HEAD_MAX - sizeof(head), len = 0;
	char *texts = calloc(1, room);
	int i, err;

	if (!texts)
		return -ENOMEM;
	memcpy(head.magic, RECORDING_MAGIC, sizeof(head.magic));
	/* One that is too long is cut */
	for (i = 0; about->texts && about->texts[i] && len + 1 < room; i++) {
		size_t n = strnlen(about->texts[i], room - len - 1);

		memcpy(texts + len, about->texts[i], n);
		len += n + 1;
	}
	len += RECORDING_PAD(len);
	head.len = sizeof(head) + len;
	head.crc = recording_head_crc(&head, texts);
	parts[1] = (struct iovec){ texts, len };
	err = write_all(w, parts, 2);
	free(texts);
	if (err)
		return fail(w, err, 0);
	w->totals.bytes = head.len;
	return 0;
}

static int make_room(struct recording_writer *w)
{
	/* What does not fit is left out by whole blocks: of a small file they are small */
	w->events_room = EVENTS_ROOM;
	if (w->options.max_size / 16 < EVENTS_ROOM && w->options.max_size && !w->options.keep)
		w->events_room = w->options.max_size / 16 / 96 * 96;
	w->events = malloc(w->events_room);
	w->scratch = malloc(RECORDING_BLOCK_MAX);
	if (!w->events || !w->scratch)
		return -ENOMEM;
	if (!w->options.compress)
		return 0;
#ifdef HAVE_ZSTD
	w->packed_room = ZSTD_compressBound(RECORDING_BLOCK_MAX);
	w->packed = malloc(w->packed_room);
	w->zstd = ZSTD_createCCtx();
	return w->packed && w->zstd ? 0 : -ENOMEM;
#else
	return -ENOTSUP;
#endif
}

int recording_create(struct recording_writer **out, int fd, const struct recording_about *about,
		     const struct recording_options *options)
{
	struct recording_writer *w = calloc(1, sizeof(*w));
	struct stat st;
	int err;

	if (!w)
		return -ENOMEM;
	w->fd = fd;
	w->seekable = !fstat(fd, &st) && S_ISREG(st.st_mode);
	w->options = *options;
	err = make_room(w) ?: write_head(w, about);
	if (err) {
		recording_free(w);
		return err;
	}
	*out = w;
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

int recording_add_name(struct recording_writer *w, unsigned int kind, uint64_t number,
		       const char *text, const char *second)
{
	uint64_t key = (number + 1) * 0x9e3779b97f4a7c15u ^ kind;
	uint32_t i;

	if (kind == RECORDING_DEVICE_NODES)
		key ^= hash_string(text);
	i = index_get(&w->by_name, key);
	if (i != INDEX_NONE && same(w->names[i].text, text) && same(w->names[i].second, second))
		return 0;
	text = intern(&w->strings, text, SIZE_MAX);
	second = intern(&w->strings, second, SIZE_MAX);
	if (!text)
		return -ENOMEM;
	return array_append(&w->names, &w->n_names, &w->room_names,
			    &(struct written_name){ kind, number, text, second },
			    sizeof(*w->names)) ?: index_put(&w->by_name, key, w->n_names - 1);
}

/* The longest text there is, a path; two of them and their NULs fit in recording_name.len. */
#define NAME_MAX_TEXT 4096

static size_t put_name(char *at, const struct written_name *name)
{
	size_t len = strnlen(name->text, NAME_MAX_TEXT);
	size_t more = name->second ? strnlen(name->second, NAME_MAX_TEXT) + 1 : 0;
	size_t all = sizeof(struct recording_name) + len + 1 + more;
	struct recording_name head = {
		.kind = name->kind, .len = all + RECORDING_PAD(all), .number = name->number,
	};

	memset(at, 0, head.len);
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), name->text, len);
	if (more)
		memcpy(at + sizeof(head) + len + 1, name->second, more - 1);
	return head.len;
}

#define NAMES_ROOM (1u << 16)

/* Writes names from there on; straight to the file with to_file. */
static int put_names(struct recording_writer *w, uint32_t from, bool to_file)
{
	char *block = from < w->n_names ? malloc(NAMES_ROOM) : NULL;
	int err = 0;

	if (!block)
		return from < w->n_names ? -ENOMEM : 0;
	while (from < w->n_names && !err) {
		struct recording_block_head head = { .type = RECORDING_NAMES, .first = now_ns() };
		size_t len = 0;

		while (from < w->n_names && len < NAMES_ROOM - 2 * NAME_MAX_TEXT - 64) {
			len += put_name(block + len, &w->names[from++]);
			head.count++;
		}
		head.len = len;
		err = to_file ? write_block(w, &head, block) : put_block(w, &head, block, len);
	}
	free(block);
	return err;
}

static int keep_task(struct recording_writer *w, const struct dmabuf_event_task *task)
{
	uint32_t i = index_get(&w->by_tid, task->tid);
	struct dmabuf_event_task *kept;

	if (i == INDEX_NONE) {
		kept = array_add(&w->tasks, &w->n_tasks, &w->room_tasks, sizeof(*kept));
		if (!kept || index_put(&w->by_tid, task->tid, w->n_tasks - 1))
			return -ENOMEM;
		i = w->n_tasks - 1;
	}
	w->tasks[i] = *task;
	return 0;
}

static int keep_frames(struct recording_writer *w, const struct dmabuf_event_frames *frames)
{
	return array_append(&w->frames, &w->n_frames, &w->room_frames, frames, sizeof(*frames));
}

/* What the block's header says of the records. */
static int look_at_events(struct recording_writer *w, struct recording_block_head *head)
{
	const struct dmabuf_event *e = (const void *)w->events;
	const struct dmabuf_event *end = (const void *)(w->events + w->events_len);
	int err = 0;

	for (; e < end && !err; e++) {
		if (e->type == EVENT_TEXT)
			continue;
		head->count += e->type < EVENT_TYPES;
		if (!head->first || e->time < head->first)
			head->first = e->time;
		if (e->time > head->last)
			head->last = e->time;
		if (w->options.keep && e->type == EVENT_TASK)
			err = keep_task(w, (const void *)e);
		else if (w->options.keep && e->type == EVENT_FRAMES)
			err = keep_frames(w, (const void *)e);
	}
	return err;
}

int recording_flush(struct recording_writer *w)
{
	struct recording_block_head head = { .type = RECORDING_EVENTS };
	int err = w->error;

	/* With keep, names are written when it is known that the file wants them */
	if (!err && !w->options.keep) {
		err = put_names(w, w->n_names_out, false);
		w->n_names_out = w->n_names;
	}
	if (err || !w->events_len)
		return err;
	err = look_at_events(w, &head) ?: put_block(w, &head, w->events, w->events_len);
	if (!err)
		w->totals.events += head.count;
	w->events_len = 0;
	return err;
}

int recording_add_events(struct recording_writer *w, const void *records, size_t len,
			 uint64_t lost)
{
	const char *at = records;
	int err = w->error;

	w->totals.lost += lost;
	/* Those already here came before: what was lost belongs behind them */
	if (lost && !err)
		err = recording_flush(w);
	w->lost += lost;
	/* An event and its text stay together */
	if (!err && len > w->events_room - w->events_len)
		err = recording_flush(w);
	while (len && !err) {
		size_t n = w->events_room - w->events_len;

		if (n > len)
			n = len;
		memcpy(w->events + w->events_len, at, n);
		w->events_len += n;
		at += n;
		len -= n;
		if (w->events_len == w->events_room)
			err = recording_flush(w);
	}
	return err;
}

static uint32_t count_buffers(const char *at, size_t len)
{
	const char *end = at + len;
	uint32_t n = 0;

	while (at < end) {
		const struct snap_head *head = (const void *)at;

		n += head->type == SNAP_BUFFER;
		at += head->len;
	}
	return n;
}

int recording_add_snapshot(struct recording_writer *w, uint64_t time,
			   const struct recording_moment *moment, const char *lacks,
			   const void *records, size_t len)
{
	size_t text = lacks ? strnlen(lacks, NAME_MAX_TEXT) + 1 : 0, all, at;
	struct recording_moment head = *moment;
	uint64_t size;
	char *content;
	int err = recording_flush(w);

	if (err)
		return err;
	text += RECORDING_PAD(text);
	head.lacks_len = text;
	all = sizeof(head) + text + len;
	content = calloc(1, all);
	if (!content)
		return -ENOMEM;
	memcpy(content, &head, sizeof(head));
	if (lacks)
		memcpy(content + sizeof(head), lacks, strnlen(lacks, text - 1));
	if (len)
		memcpy(content + sizeof(head) + text, records, len);
	size = w->snapshot_file = w->totals.bytes;
	w->snapshot_raw = 0;
	for (at = 0; at < all && !err; at += RECORDING_BLOCK_MAX) {
		struct recording_block_head block = {
			.type = RECORDING_SNAPSHOT,
			.flags = all - at > RECORDING_BLOCK_MAX ? RECORDING_MORE : 0,
			.first = time, .last = time,
			.count = count_buffers(records, len),
		};

		err = put_block(w, &block, content + at, all - at > RECORDING_BLOCK_MAX ?
				RECORDING_BLOCK_MAX : all - at);
	}
	free(content);
	if (err && at > RECORDING_BLOCK_MAX && !w->options.keep)
		return fail(w, err, size);
	w->totals.snapshots += !err;
	return err;
}

/* Records that events of later blocks need, of the size of an event. */
static int dump_records(struct recording_writer *w, const void *records, uint32_t n)
{
	uint32_t each = sizeof(struct dmabuf_event), most = RECORDING_BLOCK_MAX / each, i;
	int err = 0;

	for (i = 0; i < n && !err; i += most) {
		const char *at = (const char *)records + (size_t)i * each;
		struct recording_block_head head = {
			.type = RECORDING_EVENTS, .first = w->first->head.first,
			.len = (n - i < most ? n - i : most) * each,
		};

		err = write_block(w, &head, at);
	}
	return err;
}

int recording_dump(struct recording_writer *w)
{
	uint64_t time = now_ns();
	int err = recording_flush(w);

	while (w->first && w->first->head.last + w->options.keep < time)
		drop_first(w);
	if (err || !w->first)
		return err;
	err = put_names(w, w->n_names_out, true) ?: dump_records(w, w->tasks, w->n_tasks) ?:
	      dump_records(w, w->frames + w->n_frames_out, w->n_frames - w->n_frames_out);
	w->n_names_out = w->n_names;
	w->n_frames_out = w->n_frames;
	if (w->gap)
		w->first->head.flags |= RECORDING_GAP;
	w->gap = false;
	while (w->first && !err) {
		struct kept *k = w->first;

		err = write_block(w, &k->head, k->content);
		if (err)
			break;
		w->first = k->next;
		if (!w->first)
			w->last = NULL;
		w->totals.held -= sizeof(*k) + k->head.len;
		free(k);
	}
	return err;
}

static int write_index(struct recording_writer *w)
{
	uint32_t most = RECORDING_BLOCK_MAX / sizeof(*w->entries), n = w->n_entries, i;
	struct recording_end end = { .index = w->totals.bytes };
	struct recording_entry *entries = w->entries;
	struct recording_block_head head = {
		.type = RECORDING_END, .first = now_ns(), .len = sizeof(end),
	};
	int err = 0;

	/* Writing a block adds to the entries, and may move them */
	w->entries = NULL;
	w->n_entries = w->room_entries = 0;
	for (i = 0; i < n && !err; i += most) {
		uint32_t some = n - i < most ? n - i : most;
		struct recording_block_head index = {
			.type = RECORDING_INDEX, .flags = i + some < n ? RECORDING_MORE : 0,
			.first = head.first, .count = some, .len = some * sizeof(*entries),
		};

		err = write_block(w, &index, entries + i);
	}
	free(entries);
	return err ?: write_block(w, &head, &end);
}

int recording_finish(struct recording_writer *w, const char *why)
{
	struct recording_block_head head = { .type = RECORDING_INFO, .first = now_ns() };
	char text[128] = "end=";
	size_t len;
	int err = w->options.keep ? recording_dump(w) : recording_flush(w);

	/* For this, room was left */
	if (w->error == -EDQUOT)
		w->error = err = 0;
	if (err)
		return err;
	len = strlen(text);
	memcpy(text + len, why, strnlen(why, sizeof(text) - len - 1));
	len = strlen(text) + 1;
	head.len = len + RECORDING_PAD(len);
	head.lost = w->lost;
	w->lost = 0;
	return write_block(w, &head, text) ?: write_index(w);
}

void recording_totals(const struct recording_writer *w, struct recording_totals *totals)
{
	*totals = w->totals;
}

void recording_free(struct recording_writer *w)
{
	if (!w)
		return;
	while (w->first)
		drop_first(w);
#ifdef HAVE_ZSTD
	ZSTD_freeCCtx(w->zstd);
#endif
	index_free(&w->by_name);
	index_free(&w->by_tid);
	intern_free(&w->strings);
	free(w->entries);
	free(w->events);
	free(w->scratch);
	free(w->packed);
	free(w->names);
	free(w->tasks);
	free(w->frames);
	free(w);
}
