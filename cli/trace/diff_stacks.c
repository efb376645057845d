// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace diff --by=stack: the functions that exported the buffers of a recording. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "recording/replay.h"
#include "symbols/recorded_stack.h"
#include "symbols/symbols.h"
#include "trace/diff_stacks.h"

/* As many functions as a baseline of leaks has */
#define FUNCTIONS 5

struct diff_stacks {
	struct replay *replay;
	struct symbols *symbols;
	struct index by_ino;		/* of all exported: places in exports */
	struct export {
		uint64_t kernel, user;	/* numbers of stacks */
	} *exports;
	uint32_t n, room;
	char text[1024];
};

static int take(void *ctx, const struct model_event *event)
{
	struct diff_stacks *s = ctx;
	const struct export export = { event->kernel_stack, event->user_stack };

	/* The next buffer of an inode has a new export: releases do not matter */
	if (event->raw.type != EVENT_EXPORT || event->raw.result)
		return 0;
	return array_append(&s->exports, &s->n, &s->room, &export, sizeof(export)) ?:
	       index_put(&s->by_ino, event->raw.ino, s->n - 1);
}

struct diff_stacks *diff_stacks_read(struct recording *recording, int *err)
{
	struct diff_stacks *s = calloc(1, sizeof(*s));
	const struct replay_taker taker = { .event = take, .ctx = s };

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->replay = replay_new(recording, NULL);
	s->symbols = symbols_new();
	if (s->replay && s->symbols)
		*err = replay_run(s->replay, &taker, UINT32_MAX);
	if (*err) {
		diff_stacks_free(s);
		return NULL;
	}
	return s;
}

/* "new_surface < start < main"; the file replaces an unknown function. */
static const char *functions(struct diff_stacks *s, const struct stack *stack)
{
	uint32_t i, n = 0;
	size_t len = 0;

	for (i = 0; stack && i < stack->n && n < FUNCTIONS; i++) {
		const struct stack_frame *f = &stack->frames[i];
		const char *name = f->function ? f->function : f->module;

		if (name && len < sizeof(s->text))
			len += snprintf(s->text + len, sizeof(s->text) - len, "%s%s",
					n++ ? " < " : "", name);
	}
	return n ? s->text : NULL;
}

const char *diff_stacks_key(void *ctx, uint64_t ino)
{
	struct diff_stacks *s = ctx;
	uint32_t i = index_get(&s->by_ino, ino);
	const char *text;

	if (i == INDEX_NONE)
		return NULL;
	text = functions(s, recorded_stack(s->replay, s->symbols, s->exports[i].user));
	return text ? text : functions(s, recorded_stack(s->replay, s->symbols,
							 s->exports[i].kernel));
}

void diff_stacks_free(struct diff_stacks *s)
{
	if (!s)
		return;
	replay_free(s->replay);
	symbols_free(s->symbols);
	index_free(&s->by_ino);
	free(s->exports);
	free(s);
}
