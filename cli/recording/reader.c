// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a recording that may be cut, damaged or made to do harm; see recording.h. Blocks are
 * read one at a time rather than mapped: a file that is cut while it is read then gives an error,
 * not a signal, and memory does not grow with the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "dmabuf_events.h"
#include "dmabuf_snapshot.h"
#include "model/hash.h"
#include "recording/recording.h"

struct place {
	uint64_t offset, time;
};

struct read_buffer {
	char *bytes;
	size_t room;
};

/* Things of types that this version does not know. */
struct unknown {
	uint64_t n;
	unsigned int type;		/* of the first one */
};

struct recording {
	int fd;
	uint64_t size;
	struct recording_head head;
	char *texts;			/* of the header, ended by NUL */
	char *ended;			/* texts of the last INFO block, NULL none seen */
	size_t ended_len;
	struct read_buffer stored, plain, raw;	/* of one block: at most RECORDING_BLOCK_MAX */
	uint64_t bad_at;		/* offset of what is no block, 0 none */
	uint32_t damaged, unknown;	/* blocks that could not be read */
	char damage[160];
	struct unknown new_blocks, new_events, new_records;
	uint64_t met;			/* records of blocks before this offset were counted */
	uint32_t met_snapshots;		/* the same of snapshots */
	char new_types[256];
	struct place *snapshots;
	uint32_t n_snapshots, room_snapshots;
	struct read_buffer snapshot;		/* put together from several blocks */
	size_t snapshot_len;
	uint32_t snapshot_read;		/* which it is, from 1; 0 none */
#ifdef HAVE_ZSTD
	ZSTD_DCtx *zstd;
#endif
};

/* Returns 0, -ENODATA where the file ends before, or -errno. */
static int read_at(const struct recording *r, void *to, size_t len, uint64_t offset)
{
	char *at = to;

	if (offset > r->size || len > r->size - offset)
		return -ENODATA;
	while (len) {
		ssize_t n = pread(r->fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		at += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int refuse(char *error, size_t room, int err, const char *why)
{
	snprintf(error, room, "%s", why);
	return err;
}

static int check_head(struct recording *r, char *error, size_t room)
{
	struct recording_head *head = &r->head;
	size_t texts;
	int err = read_at(r, head, r->size < sizeof(*head) ? r->size : sizeof(*head), 0);

	if (!err && r->size < sizeof(*head))
		err = -ENODATA;
	if (err && err != -ENODATA)
		return refuse(error, room, err, strerror(-err));
	if (!r->size)
		return refuse(error, room, -ENODATA, "empty file");
	if (memcmp(head->magic, RECORDING_MAGIC, r->size < sizeof(head->magic) ? r->size :
		   sizeof(head->magic)))
		return refuse(error, room, -EBADMSG, "not a recording; 'dmabuf-trace record' writes recordings");
	if (err)
		return refuse(error, room, -ENODATA, "truncated in the header");
	if (head->endian == __builtin_bswap32(RECORDING_ENDIAN))
		return refuse(error, room, -ENOTSUP,
			      "recorded on a machine of the other byte order; read the file on such a machine");
	if (head->endian != RECORDING_ENDIAN || !head->version)
		return refuse(error, room, -EBADMSG, "damaged header");
	if (head->version > RECORDING_VERSION) {
		snprintf(error, room, "format %u is unknown, this version reads %d; use a newer dmabuf-trace",
			 head->version, RECORDING_VERSION);
		return -ENOTSUP;
	}
	if (head->len < sizeof(*head) || head->len > RECORDING_HEAD_MAX || head->len % 8)
		return refuse(error, room, -EBADMSG, "damaged header");
	if (head->len > r->size)
		return refuse(error, room, -ENODATA, "truncated in the header");
	texts = head->len - sizeof(*head);
	r->texts = calloc(1, texts + 1);
	if (!r->texts)
		return refuse(error, room, -ENOMEM, strerror(ENOMEM));
	err = read_at(r, r->texts, texts, sizeof(*head));
	if (err)
		return refuse(error, room, err, "cannot read the header");
	if (recording_head_crc(head, r->texts) != head->crc)
		return refuse(error, room, -EBADMSG, "damaged header");
	return 0;
}

int recording_open_fd(struct recording **out, int fd, char *error, size_t room)
{
	struct recording *r = calloc(1, sizeof(*r));
	struct stat st;
	int err = 0;

	if (!r) {
		close(fd);
		return refuse(error, room, -ENOMEM, strerror(ENOMEM));
	}
	r->fd = fd;
	if (fstat(fd, &st))
		err = refuse(error, room, -errno, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		err = refuse(error, room, -EISDIR, strerror(EISDIR));
	else if (!S_ISREG(st.st_mode))
		err = refuse(error, room, -EINVAL,
			     "not a regular file; copy the recording to a file first");
	if (!err) {
		r->size = st.st_size;
		err = check_head(r, error, room);
	}
	if (err) {
		recording_close(r);
		return err;
	}
	*out = r;
	return 0;
}

int recording_open(struct recording **out, const char *path, char *error, size_t room)
{
	/* Opening a pipe must not wait for who writes into it */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(error, room, -errno, strerror(errno));
	return recording_open_fd(out, fd, error, room);
}

uint64_t recording_size(const struct recording *r)
{
	return r->size;
}

const struct recording_head *recording_head(const struct recording *r)
{
	return &r->head;
}

/* In texts side by side, ended by padding, which is no text. */
static const char *find_text(const char *all, size_t len, const char *key)
{
	const char *text;
	size_t n = strlen(key);

	for (text = all; text < all + len && *text; text += strlen(text) + 1)
		if (!strncmp(text, key, n) && text[n] == '=')
			return text + n + 1;
	return NULL;
}

const char *recording_text(const struct recording *r, const char *key)
{
	const char *found = find_text(r->texts, r->head.len - sizeof(r->head), key);

	return found || !r->ended ? found : find_text(r->ended, r->ended_len, key);
}

static bool is_block(const struct recording *r, const struct recording_block *b)
{
	const struct recording_block_head *h = &b->head;

	return h->magic == RECORDING_BLOCK_MAGIC && h->head_crc == recording_block_crc(h) &&
	       h->len <= RECORDING_BLOCK_MAX && h->raw_len <= RECORDING_BLOCK_MAX &&
	       h->len <= r->size - b->offset - sizeof(*h);
}

int recording_next(struct recording *r, uint64_t *at, struct recording_block *b)
{
	int err;

	if (!*at)
		*at = r->head.len;
	b->offset = *at;
	b->data = NULL;
	if (*at >= r->size)
		return 0;
	err = read_at(r, &b->head, sizeof(b->head), *at);
	if (err || !is_block(r, b)) {
		r->bad_at = *at;
		return err && err != -ENODATA ? err : 0;
	}
	*at += sizeof(b->head) + b->head.len + RECORDING_PAD(b->head.len);
	return 1;
}

const char *recording_damage(struct recording *r)
{
	size_t len = 0;

	*r->damage = '\0';
	if (r->bad_at)
		len = snprintf(r->damage, sizeof(r->damage), "truncated or damaged at byte %llu of %llu; the part before is read",
			       (unsigned long long)r->bad_at, (unsigned long long)r->size);
	if (r->damaged)
		len += snprintf(r->damage + len, sizeof(r->damage) - len, "%s%u damaged blocks were skipped",
				len ? "; " : "", r->damaged);
	if (r->unknown)
		snprintf(r->damage + len, sizeof(r->damage) - len, "%s%u blocks have a compression that this build lacks",
			 len ? "; " : "", r->unknown);
	return *r->damage ? r->damage : NULL;
}

static void meet(struct unknown *u, unsigned int type)
{
	if (!u->n++)
		u->type = type;
}

static size_t add_unknown(char *text, size_t room, size_t len, const struct unknown *u,
			  const char *what)
{
	if (!u->n)
		return len;
	return len + snprintf(text + len, room - len, "%s%s of unknown type %u (%llu)",
			      len ? ", " : "ignored ", what, u->type, (unsigned long long)u->n);
}

const char *recording_unknown(struct recording *r)
{
	size_t room = sizeof(r->new_types), len = 0;

	len = add_unknown(r->new_types, room, len, &r->new_blocks, "blocks");
	len = add_unknown(r->new_types, room, len, &r->new_events, "event records");
	len = add_unknown(r->new_types, room, len, &r->new_records, "snapshot records");
	if (!len)
		return NULL;
	snprintf(r->new_types + len, room - len, "; a newer dmabuf-trace reads them");
	return r->new_types;
}

/* Blocks are read more than once, and their records counted the first time. */
static void meet_events(struct recording *r, const struct recording_block *b)
{
	const struct dmabuf_event *e = (const void *)b->data;
	const struct dmabuf_event *end = e + b->head.raw_len / sizeof(*e);

	if (b->head.type != RECORDING_EVENTS || b->offset < r->met)
		return;
	r->met = b->offset + 1;
	for (; e < end; e++)
		if (e->type >= EVENT_RECORDS_END ||
		    (e->type >= EVENT_TYPES && e->type < EVENT_TASK))
			meet(&r->new_events, e->type);
}

static void meet_records(struct recording *r, const struct recording_snapshot *s, uint32_t i)
{
	const char *at = s->records, *end = at + s->len;

	if (i < r->met_snapshots)
		return;
	r->met_snapshots = i + 1;
	while ((size_t)(end - at) >= sizeof(struct snap_head)) {
		const struct snap_head *head = (const void *)at;

		if (head->len < sizeof(*head) || head->len > end - at || head->len % 8)
			break;
		if (head->type >= SNAP_TYPES)
			meet(&r->new_records, head->type);
		at += head->len;
	}
}

/* Also nothing has a place. */
static int make_room(struct read_buffer *b, size_t len)
{
	return buffer_reserve(&b->bytes, &b->room, len + 1);
}

/* Sets *len to that of what comes out, which is at most that of the content. */
static int unpack(struct recording *r, const struct recording_block_head *head, size_t *len)
{
#ifdef HAVE_ZSTD
	if (!r->zstd)
		r->zstd = ZSTD_createDCtx();
	if (!r->zstd || make_room(&r->plain, head->raw_len))
		return -ENOMEM;
	*len = ZSTD_decompressDCtx(r->zstd, r->plain.bytes, head->raw_len, r->stored.bytes,
				   head->len);
	return ZSTD_isError(*len) ? -EBADMSG : 0;
#else
	return -ENOTSUP;
#endif
}

static int load(struct recording *r, struct recording_block *b)
{
	const struct recording_block_head *head = &b->head;
	size_t len, n;
	int err;

	if (head->flags & ~RECORDING_FLAGS)
		return -ENOTSUP;
	/* What all is kept of may not be larger than the file */
	if (head->flags & RECORDING_ZSTD && head->type != RECORDING_SNAPSHOT &&
	    head->type != RECORDING_EVENTS)
		return -EBADMSG;
	if (make_room(&r->stored, head->len))
		return -ENOMEM;
	err = read_at(r, r->stored.bytes, head->len, b->offset + sizeof(*head));
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	if (recording_crc(0, r->stored.bytes, head->len) != head->crc)
		return -EBADMSG;
	b->data = r->stored.bytes;
	len = head->len;
	if (head->flags & RECORDING_ZSTD) {
		err = unpack(r, head, &len);
		if (err)
			return err;
		b->data = r->plain.bytes;
	}
	n = head->raw_len / sizeof(struct dmabuf_event);
	if (head->type == RECORDING_EVENTS && head->raw_len % sizeof(struct dmabuf_event))
		return -EBADMSG;
	if (head->flags & RECORDING_COLUMNS) {
		if (head->type != RECORDING_EVENTS)
			return -EBADMSG;
		if (make_room(&r->raw, head->raw_len))
			return -ENOMEM;
		if (!recording_from_columns(r->raw.bytes, n, b->data, len))
			return -EBADMSG;
		b->data = r->raw.bytes;
	} else if (len != head->raw_len) {
		return -EBADMSG;
	}
	return 0;
}

int recording_load(struct recording *r, struct recording_block *b)
{
	int err = load(r, b);

	if (err)
		b->data = NULL;
	else
		meet_events(r, b);
	if (err == -EBADMSG)
		r->damaged++;
	else if (err == -ENOTSUP)
		r->unknown++;
	return err;
}

bool recording_next_name(const struct recording_block *b, const struct recording_name **name)
{
	const char *end = b->data + b->head.raw_len;
	const char *at = *name ? (const char *)*name + (*name)->len : b->data;
	const struct recording_name *next = (const void *)at;

	if ((size_t)(end - at) < sizeof(*next) + 8 || next->len < sizeof(*next) + 8 ||
	    next->len % 8 || next->len > end - at || at[next->len - 1])
		return false;
	*name = next;
	return true;
}

const char *recording_second(const struct recording_name *name)
{
	size_t len = strlen(name->text) + 1;

	/* Up to 7 bytes are padding, which is no text */
	return sizeof(*name) + len < name->len && name->text[len] ? name->text + len : NULL;
}

static int keep_info(struct recording *r, const struct recording_block *b)
{
	free(r->ended);
	r->ended = calloc(1, b->head.raw_len + 1);
	if (!r->ended)
		return -ENOMEM;
	memcpy(r->ended, b->data, b->head.raw_len);
	r->ended_len = b->head.raw_len;
	return 0;
}

/* Damage to one block is no reason to miss the next. */
static bool goes_on(int err)
{
	return err == -EBADMSG || err == -ENOTSUP;
}

static int survey_block(struct recording *r, struct recording_block *b, bool *more,
			int (*take)(void *ctx, const struct recording_name *name), void *ctx)
{
	const struct recording_name *name = NULL;
	int err = 0;

	if (b->head.type == RECORDING_SNAPSHOT) {
		if (!*more) {
			err = array_append(&r->snapshots, &r->n_snapshots, &r->room_snapshots,
					   &(struct place){ b->offset, b->head.first },
					   sizeof(*r->snapshots));
		}
		*more = b->head.flags & RECORDING_MORE;
		return err;
	}
	if (!b->head.type || b->head.type >= RECORDING_TYPES)
		meet(&r->new_blocks, b->head.type);
	if (b->head.type != RECORDING_NAMES && b->head.type != RECORDING_INFO)
		return 0;
	err = recording_load(r, b);
	if (err)
		return goes_on(err) ? 0 : err;
	if (b->head.type == RECORDING_INFO)
		return keep_info(r, b);
	while (!err && recording_next_name(b, &name))
		err = take ? take(ctx, name) : 0;
	return err;
}

/* Whether the file ends with where its index is. */
static bool find_index(struct recording *r, struct recording_block *b)
{
	uint64_t len = sizeof(b->head) + sizeof(struct recording_end);
	struct recording_end end;

	b->offset = r->size - len;
	if (r->size < r->head.len + len || read_at(r, &b->head, sizeof(b->head), b->offset) ||
	    !is_block(r, b) || b->head.type != RECORDING_END ||
	    b->head.raw_len != sizeof(end) || load(r, b))
		return false;
	memcpy(&end, b->data, sizeof(end));
	b->offset = end.index;
	return end.index >= r->head.len && end.index < r->size;
}

/*
 * Goes by the index. It only says where blocks are: what stands there is checked as ever. Returns
 * 1, 0 if it is no good, -errno.
 */
static int survey_index(struct recording *r,
			int (*take)(void *ctx, const struct recording_name *name), void *ctx)
{
	struct recording_block index, b;
	struct recording_entry *entries = NULL;
	uint64_t at, before = 0;
	bool more = false;
	int err = 0;

	if (!find_index(r, &index))
		return 0;
	at = index.offset;
	do {
		uint32_t n, i;

		if (recording_next(r, &at, &index) != 1 || index.head.type != RECORDING_INDEX ||
		    load(r, &index))
			err = -ENOENT;
		n = err ? 0 : index.head.raw_len / sizeof(*entries);
		/* The buffer is wanted for the blocks */
		free(entries);
		entries = malloc(n * sizeof(*entries) + 1);
		if (!entries)
			return -ENOMEM;
		if (n)
			memcpy(entries, index.data, n * sizeof(*entries));
		for (i = 0; i < n && !err; i++) {
			uint64_t place = entries[i].offset;

			/* In the file's order, so that no block comes twice */
			if (place < r->head.len || place <= before)
				err = -ENOENT;
			before = place;
			if (err || entries[i].type == RECORDING_EVENTS)
				continue;
			if (recording_next(r, &place, &b) != 1 ||
			    b.head.type != entries[i].type)
				err = -ENOENT;
			else
				err = survey_block(r, &b, &more, take, ctx);
		}
	} while (!err && index.head.flags & RECORDING_MORE);
	free(entries);
	return err == -ENOENT ? 0 : err ? err : 1;
}

int recording_survey(struct recording *r,
		     int (*take)(void *ctx, const struct recording_name *name), void *ctx)
{
	struct recording_block b;
	bool more = false;
	uint64_t at = 0;
	int err;

	r->n_snapshots = 0;
	err = survey_index(r, take, ctx);
	if (err)
		return err < 0 ? err : 0;
	r->n_snapshots = 0;
	r->bad_at = 0;
	r->damaged = r->unknown = 0;
	r->new_blocks.n = 0;
	while ((err = recording_next(r, &at, &b)) == 1) {
		err = survey_block(r, &b, &more, take, ctx);
		if (err)
			break;
	}
	return err;
}

uint32_t recording_snapshots(const struct recording *r)
{
	return r->n_snapshots;
}

uint64_t recording_snapshot_time(const struct recording *r, uint32_t i)
{
	return r->snapshots[i].time;
}

static int append(struct recording *r, size_t *len, const struct recording_block *b)
{
	if (*len + b->head.raw_len > RECORDING_SNAPSHOT_MAX(r->size))
		return -EBADMSG;
	if (make_room(&r->snapshot, *len + b->head.raw_len))
		return -ENOMEM;
	memcpy(r->snapshot.bytes + *len, b->data, b->head.raw_len);
	*len += b->head.raw_len;
	return 0;
}

/* Puts its blocks together, unless that is what was done last. */
static int read_blocks(struct recording *r, uint32_t i)
{
	uint64_t at = r->snapshots[i].offset;
	struct recording_block b;
	int err;

	if (r->snapshot_read == i + 1)
		return 0;
	r->snapshot_read = 0;
	r->snapshot_len = 0;
	do {
		err = recording_next(r, &at, &b);
		if (err != 1)
			return err ? err : -EBADMSG;
		if (b.head.type != RECORDING_SNAPSHOT)
			return -EBADMSG;
		err = recording_load(r, &b) ?: append(r, &r->snapshot_len, &b);
		if (err)
			return err;
	} while (b.head.flags & RECORDING_MORE);
	r->snapshot_read = i + 1;
	return 0;
}

int recording_read_snapshot(struct recording *r, uint32_t i, struct recording_snapshot *s)
{
	const struct recording_moment *moment;
	int err = read_blocks(r, i);
	size_t len = r->snapshot_len;

	if (err)
		return err;
	moment = (const void *)r->snapshot.bytes;
	if (len < sizeof(*moment) || moment->lacks_len > len - sizeof(*moment) ||
	    moment->lacks_len % 8 ||
	    (moment->lacks_len && moment->lacks[moment->lacks_len - 1]))
		return -EBADMSG;
	*s = (struct recording_snapshot){
		.time = r->snapshots[i].time,
		.realtime = moment->realtime,
		.sees = moment->sees,
		.lacks = moment->lacks_len && *moment->lacks ? moment->lacks : NULL,
		.records = moment->lacks + moment->lacks_len,
		.len = len - sizeof(*moment) - moment->lacks_len,
	};
	meet_records(r, s, i);
	return 0;
}

int recording_probe(struct recording *r)
{
	uint32_t damaged = r->damaged, unknown = r->unknown, i;
	uint64_t bad_at = r->bad_at, at = 0;
	struct recording_snapshot s;
	bool none = !r->n_snapshots;
	struct recording_block b;
	int err = -EBADMSG;

	for (i = 0; i < r->n_snapshots && goes_on(err); i++)
		err = recording_read_snapshot(r, i, &s);
	while (goes_on(err) && recording_next(r, &at, &b) == 1) {
		if (b.head.type != RECORDING_EVENTS)
			continue;
		none = false;
		err = recording_load(r, &b);
	}
	if (goes_on(err) && !(none && !r->bad_at && !r->damaged && !r->unknown))
		return err;
	/* What is damaged is counted when it is read */
	r->damaged = damaged;
	r->unknown = unknown;
	r->bad_at = bad_at;
	return goes_on(err) ? 0 : err;
}

void recording_close(struct recording *r)
{
	if (!r)
		return;
	close(r->fd);
#ifdef HAVE_ZSTD
	ZSTD_freeDCtx(r->zstd);
#endif
	free(r->texts);
	free(r->ended);
	free(r->stored.bytes);
	free(r->plain.bytes);
	free(r->raw.bytes);
	free(r->snapshots);
	free(r->snapshot.bytes);
	free(r);
}
