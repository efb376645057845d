// SPDX-License-Identifier: GPL-2.0
/* Names of a recording's stacks; see recorded_stack.h. */
#include "symbols/recorded_stack.h"

#include "recording/recording.h"
#include "recording/replay.h"
#include "symbols/symbols.h"

struct namer {
	struct replay *replay;
	struct symbols *symbols;
};

static uint32_t name_frame(void *ctx, uint64_t frame, bool user, struct stack_frame *frames,
			   uint32_t max)
{
	const struct namer *n = ctx;
	uint32_t file = EVENT_FRAME_FILE(frame);
	const char *text;

	if (user) {
		text = replay_name(n->replay, RECORDING_FILE, file);
		if (text && symbols_add_file(n->symbols, file, -1, text,
					     replay_second_name(n->replay, RECORDING_FILE, file)))
			return 0;
	} else {
		text = replay_name(n->replay, RECORDING_SYMBOL, frame);
		/* Not the running kernel's, which is another */
		if (!text) {
			*frames = (struct stack_frame){ .kernel = true, .offset = frame };
			return 1;
		}
		if (symbols_add_kernel(n->symbols, frame, text))
			return 0;
	}
	return symbols_name(n->symbols, frame, user, frames, max);
}

const struct stack *recorded_stack(struct replay *replay, struct symbols *symbols,
				   uint64_t number)
{
	struct namer namer = { replay, symbols };

	return number ? stacks_get(replay_stacks(replay), number, name_frame, &namer) : NULL;
}
