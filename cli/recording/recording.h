/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing recordings and reading them back; format.h has what they look like. The writer appends
 * whole blocks; the reader believes nothing that it has not checked.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/format.h"

struct recording_options {
	int compress;			/* level of zstd, 0 none */
	uint64_t max_size;		/* bytes, 0 no limit; with keep: of memory */
	uint64_t keep;			/* ns: only the last, in memory; 0 all, in the file */
};

/* What the header says; texts are "key=value", ended by NULL. */
struct recording_about {
	int64_t realtime, boottime;	/* these clocks less CLOCK_MONOTONIC, ns */
	uint64_t start;			/* CLOCK_MONOTONIC, ns */
	uint64_t memory;
	const char *const *texts;
};

struct recording_totals {
	uint64_t bytes;			/* of the file */
	uint64_t held;			/* in memory, not yet in the file */
	uint64_t events, lost, snapshots;
};

struct recording_writer;

/*
 * All that write return 0 or -errno: -EDQUOT when max_size is reached. After an error the file
 * ends with its last whole block where it can be cut, and nothing more is written to it.
 */

/* Writes the header to fd, an empty file or a pipe, which stays the caller's. */
int recording_create(struct recording_writer **writer, int fd, const struct recording_about *about,
		     const struct recording_options *options);
/* Says what a number is called, if that is new; second: NULL, or the second text. */
int recording_add_name(struct recording_writer *writer, unsigned int kind, uint64_t number,
		       const char *text, const char *second);
/*
 * Adds records as they came from the ring, of the size of struct dmabuf_event each, and how
 * many events were lost before them. They are in the file when a block is full or flushed.
 */
int recording_add_events(struct recording_writer *writer, const void *records, size_t len,
			 uint64_t lost);
/* A snapshot of time (CLOCK_MONOTONIC, ns); moment's lacks_len is set here; lacks: NULL none. */
int recording_add_snapshot(struct recording_writer *writer, uint64_t time,
			   const struct recording_moment *moment, const char *lacks,
			   const void *records, size_t len);
/* What was added goes out. */
int recording_flush(struct recording_writer *writer);
/* With keep: what is kept goes to the file, after what did before. */
int recording_dump(struct recording_writer *writer);
/* Flushes, then writes why it ended, and the index. */
int recording_finish(struct recording_writer *writer, const char *why);
void recording_totals(const struct recording_writer *writer, struct recording_totals *totals);
void recording_free(struct recording_writer *writer);

struct recording;

struct recording_block {
	uint64_t offset;		/* in the file */
	struct recording_block_head head;
	const char *data;		/* unpacked; from recording_load() until the next */
};

/*
 * Opens a recording for reading. Returns 0, or -errno with error saying what is wrong, one line
 * without the path.
 */
int recording_open(struct recording **recording, const char *path, char *error, size_t room);
/* The same for a file that is open, which is closed even on error. */
int recording_open_fd(struct recording **recording, int fd, char *error, size_t room);
const struct recording_head *recording_head(const struct recording *recording);
/* Of the file, bytes. */
uint64_t recording_size(const struct recording *recording);
/* A text of the header, or, with ended, of how it ended; NULL: there is none. */
const char *recording_text(const struct recording *recording, const char *key);

/*
 * Steps to the block at *at (0: the first) and sets *at to the next one's place. Returns 1, or 0
 * at the end: of the file, or of what can be read of it, see recording_damage().
 */
int recording_next(struct recording *recording, uint64_t *at, struct recording_block *block);
/*
 * Reads the content. Returns 0, -EBADMSG if it is damaged, -ENOTSUP if this build or version
 * cannot unpack it (after these, the next block may be fine), -ENOMEM, or what the file gave.
 */
int recording_load(struct recording *recording, struct recording_block *block);
/* What of the file could not be read so far, one line; NULL nothing. */
const char *recording_damage(struct recording *recording);
/* Return the blocks and records of unknown types, in one line; NULL none. */
const char *recording_unknown(struct recording *recording);

/* Steps through a names block that was loaded: *name NULL first. False: no more. */
bool recording_next_name(const struct recording_block *block, const struct recording_name **name);
/* The second text of a name, NULL none. */
const char *recording_second(const struct recording_name *name);

struct recording_snapshot {
	uint64_t time;			/* CLOCK_MONOTONIC, ns */
	int64_t realtime;		/* ns */
	uint32_t sees;
	const char *lacks;		/* NULL nothing */
	const char *records;		/* multiple of 8; all good until the next one is read */
	size_t len;
};

/*
 * How many snapshots there are, by the index where it is good, else by looking at each block.
 * Names are given to take() on the way. Returns 0 or -errno.
 */
int recording_survey(struct recording *recording,
		     int (*take)(void *ctx, const struct recording_name *name), void *ctx);
uint32_t recording_snapshots(const struct recording *recording);
/* CLOCK_MONOTONIC, ns, of snapshot i. */
uint64_t recording_snapshot_time(const struct recording *recording, uint32_t i);
/* Reads snapshot i. Returns as recording_load(). */
int recording_read_snapshot(struct recording *recording, uint32_t i,
			    struct recording_snapshot *snapshot);
/*
 * Whether anything that it tells of can be read: 0, also if there is nothing in it; -EBADMSG or
 * -ENOTSUP if there is, and none can be. After recording_survey().
 */
int recording_probe(struct recording *recording);
void recording_close(struct recording *recording);

#endif
