/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks that led to events: as numbers in records, and with the names of their functions. Equal
 * ones are one, so that findings can be grouped by address. Pure data: who knows names is asked.
 */
#ifndef MODEL_STACK_H
#define MODEL_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "dmabuf_events.h"
#include "model/hash.h"

/* What is not known is NULL or 0; strings are any bytes, good until stacks_free(). */
struct stack_frame {
	const char *function;
	const char *file;		/* source */
	const char *module;		/* the file that it lies in; of the kernel its module */
	const char *build_id;		/* of that file, as hex digits */
	uint64_t offset;		/* in the function; without one, in the module */
	uint32_t line;
	bool kernel;
	bool inlined;			/* into the next frame's function */
};

struct stack {
	uint64_t number;		/* the first that it had: kernels may tell one as several */
	uint32_t n;
	struct stack_frame frames[];	/* the innermost first */
};

struct raw_stack;

/* Zero is empty and ready. */
struct stacks {
	struct index by_number, by_content;
	struct raw_stack *raw;
	uint32_t n_raw, room_raw;
	struct stack **all;		/* those with names, each once */
	uint32_t n_all, room_all;
	struct intern strings;
};

/*
 * What is known of one frame of a record: its names, of inlined functions first, at most max of
 * them. Returns how many. event: where the stack was seen.
 */
typedef uint32_t stack_namer(void *ctx, uint64_t frame, bool user, struct stack_frame *frames,
			     uint32_t max);

/* Keeps what a record says. Returns 0 or -ENOMEM; what makes no sense is left out. */
int stacks_take(struct stacks *stacks, const struct dmabuf_event_frames *record);
/* How many were told of, in part or whole. */
uint32_t stacks_count(const struct stacks *stacks);
/* The frames as in records, n of them; NULL if the number is not known. */
const uint64_t *stacks_raw(const struct stacks *stacks, uint64_t number, uint32_t *n, bool *user);
/*
 * The stack of a number, with names: asked for once. Of a kernel stack what hooked the function
 * is left out, and the function put there. NULL: there is none, or memory is out.
 */
const struct stack *stacks_get(struct stacks *stacks, uint64_t number, stack_namer *namer,
			       void *ctx);
void stacks_free(struct stacks *stacks);

#endif
