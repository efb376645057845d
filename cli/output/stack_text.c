// SPDX-License-Identifier: GPL-2.0
/* Stacks as text; see stack.h. */
#include "output/stack_text.h"

#include <inttypes.h>

#include "output/text.h"

const char *stack_frame_text(char *text, size_t room, const struct stack_frame *f)
{
	const char *inlined = f->inlined ? " (inlined)" : "";

	if (f->kernel && f->function && !f->offset)
		snprintf(text, room, "%s [%s]", f->function, f->module ? f->module : "kernel");
	else if (f->kernel && f->function)
		snprintf(text, room, "%s+0x%" PRIx64 " [%s]", f->function, f->offset,
			 f->module ? f->module : "kernel");
	else if (f->kernel)
		snprintf(text, room, "0x%" PRIx64 " [kernel]", f->offset);
	else if (f->function && f->file)
		snprintf(text, room, "%s %s:%u%s", f->function, f->file, f->line, inlined);
	else if (f->function)
		snprintf(text, room, "%s+0x%" PRIx64 " (%s)%s", f->function, f->offset,
			 f->module ? f->module : "-", inlined);
	else if (f->module)
		snprintf(text, room, "%s+0x%" PRIx64, f->module, f->offset);
	else
		snprintf(text, room, "0x%" PRIx64, f->offset);
	return text;
}

void stack_print(FILE *out, const struct stack *stack, const char *indent)
{
	char text[STACK_FRAME_ROOM], safe[TEXT_SAFE_ROOM(STACK_FRAME_ROOM)];

	for (uint32_t i = 0; stack && i < stack->n; i++) {
		text_safe(safe, sizeof(safe),
			  stack_frame_text(text, sizeof(text), &stack->frames[i]));
		fprintf(out, "%s%s\n", indent, safe);
	}
}
