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

void recording_to_columns(char *to, const char *from, size_t n)
{
	uint64_t before = 0, time, step;
	size_t i, b;

	for (i = 0; i < n; i++, from += STRIDE) {
		memcpy(&time, from, sizeof(time));
		step = time - before;
		before = time;
		for (b = 0; b < sizeof(step); b++)
			to[b * n + i] = ((const char *)&step)[b];
		for (; b < STRIDE; b++)
			to[b * n + i] = from[b];
	}
}

void recording_from_columns(char *to, const char *from, size_t n)
{
	uint64_t time = 0, step;
	size_t i, b;

	for (i = 0; i < n; i++, to += STRIDE) {
		for (b = 0; b < sizeof(step); b++)
			((char *)&step)[b] = from[b * n + i];
		time += step;
		memcpy(to, &time, sizeof(time));
		for (; b < STRIDE; b++)
			to[b] = from[b * n + i];
	}
}

const char *recording_zstd_version(void)
{
#ifdef HAVE_ZSTD
	return ZSTD_versionString();
#else
	return NULL;
#endif
}
