/* SPDX-License-Identifier: GPL-2.0 */
/* Keys in place of the kernel's addresses, which must not reach a recording, or JSON. */
#ifndef OPAQUE_H
#define OPAQUE_H

#include <stddef.h>
#include <stdint.h>

struct dmabuf_event_frames;

/* Return a key that is the same for one address as long as this process runs; of 0 it is 0. */
uint64_t opaque_key(uint64_t address);
/* Replace addresses in len bytes of snapshot records. */
void opaque_slots(void *records, size_t len);
/* Replace addresses in n records of a kernel stack; user stacks have none. */
void opaque_frames(struct dmabuf_event_frames *frames, size_t n);

#endif
