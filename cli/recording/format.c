// SPDX-License-Identifier: GPL-2.0
/* Checksums and columns of recordings; see format.h. */
#include "recording/format.h"

#include <string.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "dmabuf_events.h"

#define POLYNOMIAL 0x82f63b78u		/* Castagnoli's, the lowest bit first */

/* Eight bytes at a time ("slicing by 8"): tables[k] is what a byte does k bytes further on. */
static uint32_t tables[8][256];

static void __attribute__((constructor)) make_tables(void)
{
	uint32_t i, k, crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (k = 1; k < 8; k++)
			tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xff];
}

uint32_t recording_crc(uint32_t crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	crc = ~crc;
	for (; len >= 8; len -= 8, at += 8)
		crc = tables[7][at[0] ^ (crc & 0xff)] ^ tables[6][at[1] ^ (crc >> 8 & 0xff)] ^
		      tables[5][at[2] ^ (crc >> 16 & 0xff)] ^ tables[4][at[3] ^ crc >> 24] ^
		      tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
	for (; len; len--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
	return ~crc;
}

uint32_t recording_head_crc(const struct recording_head *head, const char *texts)
{
	struct recording_head copy = *head;

	copy.crc = 0;
	return recording_crc(recording_crc(0, &copy, sizeof(copy)), texts,
			     head->len - sizeof(*head));
}

uint32_t recording_block_crc(const struct recording_block_head *head)
{
	return recording_crc(0, head, offsetof(struct recording_block_head, head_crc));
}

#define STRIDE sizeof(struct dmabuf_event)
#define WORDS (STRIDE / sizeof(uint64_t))

struct columns_head {
	uint64_t same;			/* 1 << i: column i is a byte that all records have */
	uint64_t time;			/* of the first record */
};

/* Steps back, as of CPUs that tell out of order, are small numbers too. */
static uint64_t zigzag(uint64_t step)
{
	return step << 1 ^ -(step >> 63);
}

static uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ -(z & 1);
}

static uint64_t time_of(const char *record)
{
	uint64_t time;

	memcpy(&time, record, sizeof(time));
	return time;
}

/* Which bytes are not the same in all records; of times: of what the column has of them. */
static void find_changes(const char *from, size_t n, uint64_t changes[WORDS])
{
	uint64_t first[WORDS], word[WORDS], before = time_of(from);
	size_t i, k;

	memset(changes, 0, STRIDE);
	memcpy(first, from, STRIDE);
	for (i = 0; i < n; i++, from += STRIDE) {
		memcpy(word, from, STRIDE);
		changes[0] |= zigzag(word[0] - before);
		before = word[0];
		for (k = 1; k < WORDS; k++)
			changes[k] |= word[k] ^ first[k];
	}
}

size_t recording_to_columns(char *to, const char *from, size_t n)
{
	struct columns_head head = { 0 };
	uint64_t changes[WORDS], before, step;
	size_t i, b, len = sizeof(head);

	if (!n)
		return 0;
	head.time = time_of(from);
	find_changes(from, n, changes);
	for (b = 0; b < STRIDE; b++) {
		if (!((const char *)changes)[b]) {
			head.same |= 1ull << b;
			len++;
		} else {
			len += n;
		}
	}
	if (len >= n * STRIDE)
		return 0;
	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	for (b = 0; b < STRIDE; b++) {
		size_t each = head.same >> b & 1 ? 1 : n;

		if (b >= sizeof(step)) {
			for (i = 0; i < each; i++)
				to[i] = from[i * STRIDE + b];
		} else {
			for (i = 0, before = head.time; i < each; i++) {
				step = time_of(from + i * STRIDE) - before;
				before += step;
				step = zigzag(step);
				to[i] = ((const char *)&step)[b];
			}
		}
		to += each;
	}
	return len;
}

bool recording_from_columns(char *to, size_t n, const char *from, size_t len)
{
	struct columns_head head;
	uint64_t step;
	size_t i, b;

	if (len < sizeof(head))
		return false;
	memcpy(&head, from, sizeof(head));
	if (head.same >> STRIDE)
		return false;
	from += sizeof(head);
	len -= sizeof(head);
	for (b = 0; b < STRIDE; b++) {
		size_t each = head.same >> b & 1 ? 1 : n;

		if (len < each)
			return false;
		if (each == n)
			for (i = 0; i < n; i++)
				to[i * STRIDE + b] = from[i];
		else
			for (i = 0; i < n; i++)
				to[i * STRIDE + b] = *from;
		from += each;
		len -= each;
	}
	for (i = 0; i < n; i++, to += STRIDE) {
		step = time_of(to);
		head.time += unzigzag(step);
		memcpy(to, &head.time, sizeof(head.time));
	}
	return !len;
}

const char *recording_zstd_version(void)
{
#ifdef HAVE_ZSTD
	return ZSTD_versionString();
#else
	return NULL;
#endif
}
