/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a recording is made of, byte by byte: man/dmabuf-trace.data.5 specifies it. Fixed width,
 * explicit padding, the byte order of the machine that recorded. A header, then blocks; each
 * block starts on a multiple of 8 bytes and carries its own checksums, so that whatever was
 * written whole can be read, wherever the file was cut.
 */
#ifndef RECORDING_FORMAT_H
#define RECORDING_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_MAGIC		"\211dmabuf\n"	/* 8 bytes, no NUL; no text begins so */
#define RECORDING_ENDIAN	0x0a0b0c0du
#define RECORDING_VERSION	1
#define RECORDING_HEAD_MAX	65536u		/* bytes of the header with its texts */

/* magic, endian and version stand where they are in every version. */
struct recording_head {
	char magic[8];
	uint32_t endian;
	uint32_t version;
	uint32_t len;			/* of the header with its texts, a multiple of 8 */
	uint32_t crc;			/* CRC-32C of those bytes, this field being 0 */
	int64_t realtime, boottime;	/* these clocks less CLOCK_MONOTONIC at the start, ns */
	uint64_t start;			/* CLOCK_MONOTONIC, ns */
	uint64_t memory;		/* bytes of RAM, 0 unknown */
	uint32_t page_size;
	uint32_t reserved;
	/* then "key=value" texts, each ended by NUL, padded with NULs */
};

/* Append only, as are the flags and the kinds of names. */
enum recording_type {
	RECORDING_NAMES = 1,		/* struct recording_name, one after another */
	RECORDING_SNAPSHOT,		/* struct recording_moment, then snap_* records */
	RECORDING_EVENTS,		/* records of dmabuf_events.h */
	RECORDING_INFO,			/* "key=value" texts, as in the header */
	RECORDING_INDEX,		/* struct recording_entry, one for each block before */
	RECORDING_END,			/* the last block: struct recording_end */
	RECORDING_TYPES			/* others are stepped over */
};

#define RECORDING_ZSTD		(1u << 0)	/* stored as one zstd frame */
#define RECORDING_COLUMNS	(1u << 1)	/* see recording_to_columns() */
#define RECORDING_MORE		(1u << 2)	/* the next block of this type continues it */
#define RECORDING_GAP		(1u << 3)	/* what was before it is not in the recording */
#define RECORDING_FLAGS		0x0fu		/* all that there are */

#define RECORDING_BLOCK_MAGIC	0x4b4c4264u	/* "dBLK" */
#define RECORDING_BLOCK_MAX	(1u << 20)	/* bytes of a block's content, unpacked */
/* What a snapshot may unpack to: in a small file so much, and more only as that is larger. */
#define RECORDING_SNAPSHOT_MAX(file_bytes)	((4u << 20) + 32 * (uint64_t)(file_bytes))

struct recording_block_head {
	uint32_t magic;
	uint16_t type;			/* enum recording_type */
	uint16_t flags;			/* RECORDING_* */
	uint32_t len;			/* of the content as stored; padded to 8 */
	uint32_t raw_len;		/* of the content */
	uint64_t first, last;		/* CLOCK_MONOTONIC, ns, of what it holds */
	uint64_t lost;			/* events lost since the block before */
	uint32_t count;			/* events, buffers, names, entries */
	uint32_t crc;			/* CRC-32C of the content as stored */
	uint32_t reserved;
	uint32_t head_crc;		/* CRC-32C of what stands before it here */
};

enum recording_name_kind {
	RECORDING_DEVICE = 1,		/* number: dmabuf_event.device */
	RECORDING_EXPORTER,		/* number: dmabuf_event.device of an export */
	RECORDING_NODE,			/* number: dmabuf_event.node; text: its path */
	RECORDING_CGROUP,		/* number: cgroup v2 id; text: its path */
	RECORDING_RDEV,			/* number: major << 20 | minor; text: its path */
	RECORDING_DEVICE_NODES,		/* text: a device; second: its files, joined by ";" */
	RECORDING_FILE,			/* number: a user frame's; text: path; second: build-id */
	RECORDING_SYMBOL,		/* number: a kernel frame; text: "function+0x12 [module]" */
	RECORDING_NAME_KINDS		/* others are stepped over */
};

/* What a number, or a device, is called; a later one of the same kind and number replaces it. */
struct recording_name {
	uint16_t kind;			/* enum recording_name_kind */
	uint16_t len;			/* of all of it, a multiple of 8 */
	uint32_t reserved;
	uint64_t number;
	char text[];			/* ended by NUL; a second text, ended by NUL, may follow */
};

/* What a snapshot begins with. */
struct recording_moment {
	int64_t realtime;		/* CLOCK_REALTIME, ns */
	uint32_t sees;			/* MODEL_SEES_*, as in the man page */
	uint32_t lacks_len;		/* of the text, a multiple of 8; 0 none */
	char lacks[];			/* what could not be seen and what helps, ended by NUL */
};

struct recording_entry {
	uint64_t offset;		/* of the block in the file */
	uint64_t first, last;
	uint32_t count;
	uint16_t type, flags;
};

struct recording_end {
	uint64_t index;			/* offset of the first index block */
};

_Static_assert(sizeof(struct recording_head) == 64, "layout");
_Static_assert(sizeof(struct recording_block_head) == 56, "layout");
_Static_assert(sizeof(struct recording_name) == 16, "layout");
_Static_assert(sizeof(struct recording_moment) == 16, "layout");
_Static_assert(sizeof(struct recording_entry) == 32, "layout");

/* Bytes up to the next multiple of 8. */
#define RECORDING_PAD(len) (-(size_t)(len) & 7)

/* CRC-32C (Castagnoli, RFC 3720 B.4) of more bytes; crc: 0, or that of those before. */
uint32_t recording_crc(uint32_t crc, const void *bytes, size_t len);
/* As the fields crc and head_crc hold it. */
uint32_t recording_head_crc(const struct recording_head *head, const char *texts);
uint32_t recording_block_crc(const struct recording_block_head *head);

/*
 * Event records without what does not change: first two words, which columns are one byte that
 * all records have, and the time of the first; then the first bytes of all records, all second
 * bytes and so on, or that one byte. Of times each one's step from the record before, as zigzag
 * numbers. n records of the size of struct dmabuf_event; to and from must not overlap.
 * Returns the length, which is less than that of the records, or 0 if it would not be.
 */
size_t recording_to_columns(char *to, const char *from, size_t n);
/* Undoes it. False if those len bytes are not what n records make. */
bool recording_from_columns(char *to, size_t n, const char *from, size_t len);

/* Version of libzstd, NULL if it was left out of this build. */
const char *recording_zstd_version(void);

#endif
