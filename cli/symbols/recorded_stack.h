/* SPDX-License-Identifier: GPL-2.0 */
/* Stacks of a recording with their names: what it says, and what its programs' files still say. */
#ifndef RECORDED_STACK_H
#define RECORDED_STACK_H

#include "model/stack.h"

struct replay;
struct symbols;

/*
 * The stack of a number in an event that replay has told; symbols: those of this recording alone.
 * NULL none. Good until replay_free(); strings until symbols_free() too.
 */
const struct stack *recorded_stack(struct replay *replay, struct symbols *symbols,
				   uint64_t number);

#endif
