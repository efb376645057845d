// SPDX-License-Identifier: GPL-2.0
/* Checksums of a recording that was made up; see fuzz.h. */
#include "../fuzz.h"

#include "recording/format.h"

void fuzz_checksums(char *bytes, size_t size)
{
	struct recording_head *head = (void *)bytes;
	size_t at;

	if (size < sizeof(*head))
		return;
	memcpy(head->magic, RECORDING_MAGIC, sizeof(head->magic));
	head->endian = RECORDING_ENDIAN;
	head->version = RECORDING_VERSION;
	if (head->len < sizeof(*head) || head->len > size || head->len % 8)
		return;
	head->crc = recording_head_crc(head, bytes + sizeof(*head));
	for (at = head->len; at + sizeof(struct recording_block_head) <= size;) {
		struct recording_block_head *block = (void *)(bytes + at);

		block->magic = RECORDING_BLOCK_MAGIC;
		at += sizeof(*block);
		if (block->len > size - at)
			break;
		block->crc = recording_crc(0, bytes + at, block->len);
		block->head_crc = recording_block_crc(block);
		at += block->len + RECORDING_PAD(block->len);
	}
}
