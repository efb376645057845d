/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events as views see them: with names instead of numbers, and what they come to when summed up.
 * Made by a source or from a recording. Pure data.
 */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmabuf_events.h"
#include "model/hash.h"
#include "model/histogram.h"

/* NULL for a type that is no event. */
const char *event_name(unsigned int type);
/* Whether it has a duration. */
bool event_is_call(unsigned int type);
/* Return "to_device" for the direction in flags, NULL for none. */
const char *direction_name(unsigned int flags);
/* Return the direction for text, "TO_DEVICE"; "WRITE" for an access by the CPU. */
const char *direction_word(unsigned int type, unsigned int flags);

struct stack;

/* One event; strings are any bytes, NULL unknown, and good until the next one. */
struct model_event {
	struct dmabuf_event raw;
	uint64_t realtime;		/* CLOCK_REALTIME, ns */
	uint32_t pid;			/* 0 unknown */
	const char *comm;
	const char *exporter, *device, *node;
	const char *text, *text2;	/* name; fence_wait: driver, timeline */
	uint64_t lifetime;		/* release: ns; 0 unknown */
	uint64_t cgroup;
	uint64_t size;			/* the buffer's, if that was seen; 0 unknown */
	uint64_t kernel_stack, user_stack;	/* numbers, 0 none */
	const struct dmabuf_event_map_details *map;	/* NULL none, as the next */
	const struct dmabuf_event_fence_details *fence;
	const struct stack *kernel, *user;	/* NULL: not requested */
};

/* One kind of operation: by all processes, on all buffers of an exporter. */
struct model_operation {
	unsigned int type;		/* EVENT_* */
	unsigned int direction;		/* enum dma_data_direction */
	const char *exporter, *device;	/* NULL: none, or unknown */
	struct histogram histogram;
	double rate;			/* calls a second, if set */
	uint32_t next;			/* next row of the device, or INDEX_NONE */
	bool ranked;			/* percentiles are those of the durations themselves: */
	uint64_t p50, p90, p99;		/* ns */
};

struct model_operations {
	struct model_operation *rows;
	uint32_t n, room;		/* n = 0: no rows */
	struct index by_key, by_device;	/* also hold former rows */
};

/*
 * The row of these four, new if there is none yet; strings are the caller's, compared as
 * strings. NULL if memory is out.
 */
struct model_operation *operations_row(struct model_operations *operations, unsigned int type,
				       unsigned int direction, const char *exporter,
				       const char *device);
/* Find a row without making a new row. */
struct model_operation *operations_find(const struct model_operations *operations,
					unsigned int type, unsigned int direction,
					const char *exporter, const char *device);
/* Return the first row of a device, or INDEX_NONE; next links the others. */
uint32_t operations_of(const struct model_operations *operations, const char *device);
/* By exporter, device, event, direction. */
void operations_sort(struct model_operations *operations);
void operations_free(struct model_operations *operations);

#endif
