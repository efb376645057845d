/* SPDX-License-Identifier: GPL-2.0 */
/* Stacks as people read them. */
#ifndef STACK_TEXT_H
#define STACK_TEXT_H

#include <stdio.h>

#include "model/stack.h"

#define STACK_FRAME_ROOM 1024

/*
 * One frame, any bytes, cut to room: "dma_buf_export+0x0 [kernel]", "new_surface decoder.c:36",
 * or what is known of these: a function and its offset, then the file that it lies in.
 */
const char *stack_frame_text(char *text, size_t room, const struct stack_frame *frame);
/* A line each, safe for a terminal, after indent; stack: NULL none. */
void stack_print(FILE *out, const struct stack *stack, const char *indent);

#endif
