/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How user space reads hashes: each entry's key, and its value. Part of events.bpf.c, which
 * includes it; see cli/events/maps.c for why it is done so.
 */
#ifndef EVENTS_MAPS_BPF_H
#define EVENTS_MAPS_BPF_H

#define READER(name, bytes)								\
SEC("iter/bpf_map_elem") int read_##name(struct bpf_iter__bpf_map_elem *ctx)		\
{											\
	void *key = ctx->key, *value = ctx->value;					\
											\
	if (!key || !value)								\
		return 0;								\
	bpf_seq_write(ctx->meta->seq, key, sizeof(__u64));				\
	bpf_seq_write(ctx->meta->seq, value, bytes);					\
	return 0;									\
}

READER(states, sizeof(struct events_buffer))
READER(attachments, sizeof(struct events_attachment))
READER(buffers, sizeof(__u64))

#endif
