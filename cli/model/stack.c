// SPDX-License-Identifier: GPL-2.0
/* Stacks: kept by number, and once each by what their frames are called; see stack.h. */
#include "model/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX (4 * EVENT_FRAMES_MAX)	/* with inlined functions */

struct raw_stack {
	uint64_t number;
	uint8_t n, seen, user, event;
	uint64_t frames[EVENT_FRAMES_MAX];
	const struct stack *named;
};

/* The function that an event of a type is hooked at */
static const char *const hooked[EVENT_TYPES] = {
	[EVENT_EXPORT] = "dma_buf_export", [EVENT_FD] = "dma_buf_fd", [EVENT_GET] = "dma_buf_get",
	[EVENT_PUT] = "dma_buf_put", [EVENT_MMAP] = "dma_buf_mmap_internal",
	[EVENT_ATTACH] = "dma_buf_dynamic_attach", [EVENT_DETACH] = "dma_buf_detach",
	[EVENT_MAP] = "dma_buf_map_attachment", [EVENT_UNMAP] = "dma_buf_unmap_attachment",
	[EVENT_PIN] = "dma_buf_pin", [EVENT_UNPIN] = "dma_buf_unpin", [EVENT_VMAP] = "dma_buf_vmap",
	[EVENT_VUNMAP] = "dma_buf_vunmap", [EVENT_BEGIN] = "dma_buf_begin_cpu_access",
	[EVENT_END] = "dma_buf_end_cpu_access", [EVENT_RELEASE] = "dma_buf_file_release",
};

int stacks_take(struct stacks *s, const struct dmabuf_event_frames *record)
{
	uint32_t i = index_get(&s->by_number, record->stack), at;
	struct raw_stack *raw;

	if (!record->stack || !record->n || record->n > EVENT_FRAMES_MAX)
		return 0;
	if (i == INDEX_NONE) {
		raw = array_add(&s->raw, &s->n_raw, &s->room_raw, sizeof(*raw));
		if (!raw || index_put(&s->by_number, record->stack, s->n_raw - 1))
			return -ENOMEM;
		*raw = (struct raw_stack){
			.number = record->stack, .n = record->n, .user = record->user == 1,
			.event = record->event,
		};
	} else {
		raw = &s->raw[i];
	}
	/* In their order; a second telling of the same is nothing new */
	if (record->at != raw->seen || record->n != raw->n)
		return 0;
	for (at = 0; at < EVENT_FRAMES_EACH && raw->seen < raw->n; at++)
		raw->frames[raw->seen++] = record->frames[at];
	return 0;
}

uint32_t stacks_count(const struct stacks *s)
{
	return s->n_raw;
}

static const struct raw_stack *find(const struct stacks *s, uint64_t number)
{
	uint32_t i = number ? index_get(&s->by_number, number) : INDEX_NONE;

	return i != INDEX_NONE && s->raw[i].seen == s->raw[i].n ? &s->raw[i] : NULL;
}

const uint64_t *stacks_raw(const struct stacks *s, uint64_t number, uint32_t *n, bool *user)
{
	const struct raw_stack *raw = find(s, number);

	if (!raw)
		return NULL;
	*n = raw->n;
	*user = raw->user;
	return raw->frames;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Of what the kernel runs between a hooked function and our program */
static bool is_machinery(const char *f)
{
	static const char *const beginnings[] = {
		"bpf_prog_", "bpf_trampoline_", "trace_call_bpf", "kprobe_", "kretprobe_",
		"__kretprobe_", "rethook_", "arch_rethook_", "__bpf_prog", "__bpf_trace_",
		"bpf_trace_run", "__traceiter_", "ftrace_", "asm_exc_int3", "exc_int3", "do_int3",
		"opt_pre_handler", "optimized_callback", "bpf_get_task_stack", "bpf_dispatcher_",
		"__bpf_get_", "aggr_pre_handler", "return_to_handler", "fprobe_", "perf_trace_", "get_callchain_entry",
		"stack_trace_save", "arch_stack_walk", "__do_sys_rethook", "function_graph_",
	};

	for (size_t i = 0; f && i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (begins(f, beginnings[i]))
			return true;
	return false;
}

/* How many frames at the top are not the hooked function's or its callers'. */
static uint32_t machinery(const struct stack_frame *frames, uint32_t n, const char *function)
{
	uint32_t i, end = 0;

	/* What our program has called */
	for (i = 0; i < n && i < 8 && !end; i++)
		if (frames[i].function && begins(frames[i].function, "bpf_prog_"))
			end = i;
	for (i = end; i < n; i++) {
		if (function && frames[i].function && !strcmp(frames[i].function, function))
			return i;
		if (is_machinery(frames[i].function))
			end = i + 1;
		/* Trampolines may have no names */
		else if (frames[i].function)
			break;
	}
	return end < n ? end : 0;
}

static uint32_t trim(struct stack_frame *frames, uint32_t n, const char *function)
{
	uint32_t skip = machinery(frames, n, function), i, kept = 0;
	bool there;

	there = skip < n && function && frames[skip].function &&
		!strcmp(frames[skip].function, function);
	if (!there && function && !skip && n < NAMED_MAX) {
		memmove(frames + 1, frames, n * sizeof(*frames));
		n++;
		skip = 1;
	}
	if (!there && function && skip)
		frames[--skip] = (struct stack_frame){ .function = function, .kernel = true };
	/* Others may have hooked its callers */
	for (i = skip; i < n; i++)
		if (!frames[i].function || !begins(frames[i].function, "bpf_trampoline_"))
			frames[kept++] = frames[i];
	return kept;
}

static bool keep_strings(struct stacks *s, struct stack_frame *f)
{
	const char **texts[] = { &f->function, &f->file, &f->module, &f->build_id };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!*texts[i])
			continue;
		*texts[i] = intern(&s->strings, *texts[i], 4096);
		if (!*texts[i])
			return false;
	}
	return true;
}

static bool same_frame(const struct stack_frame *a, const struct stack_frame *b)
{
	return a->function == b->function && a->file == b->file && a->module == b->module &&
	       a->build_id == b->build_id && a->offset == b->offset && a->line == b->line &&
	       a->kernel == b->kernel && a->inlined == b->inlined;
}

static uint64_t hash_frames(const struct stack_frame *frames, uint32_t n)
{
	uint64_t hash = n;

	for (uint32_t i = 0; i < n; i++)
		hash = hash_mix(hash, (uintptr_t)frames[i].function ^ frames[i].offset << 32 ^
				(uintptr_t)frames[i].module << 16 ^ frames[i].line);
	return hash;
}

static const struct stack *keep(struct stacks *s, uint64_t number,
				const struct stack_frame *frames, uint32_t n)
{
	uint64_t hash = hash_frames(frames, n);
	struct stack *stack, **place;
	uint32_t i, j;

	/* Another of the same hash stands at the next place */
	for (;; hash++) {
		i = index_get(&s->by_content, hash);
		if (i == INDEX_NONE)
			break;
		stack = s->all[i];
		for (j = 0; stack->n == n && j < n && same_frame(&stack->frames[j], &frames[j]);)
			j++;
		if (stack->n == n && j == n)
			return stack;
	}
	stack = malloc(sizeof(*stack) + n * sizeof(*frames));
	place = stack ? array_add(&s->all, &s->n_all, &s->room_all, sizeof(*place)) : NULL;
	if (!place || index_put(&s->by_content, hash, s->n_all - 1)) {
		if (place)
			s->n_all--;
		free(stack);
		return NULL;
	}
	*place = stack;
	stack->number = number;
	stack->n = n;
	memcpy(stack->frames, frames, n * sizeof(*frames));
	return stack;
}

const struct stack *stacks_get(struct stacks *s, uint64_t number, stack_namer *namer, void *ctx)
{
	struct raw_stack *raw = (struct raw_stack *)find(s, number);
	struct stack_frame frames[NAMED_MAX];
	uint32_t i, n = 0;

	if (!raw || raw->named)
		return raw ? raw->named : NULL;
	memset(frames, 0, sizeof(frames));
	for (i = 0; i < raw->n && n < NAMED_MAX; i++)
		n += namer(ctx, raw->frames[i], raw->user, frames + n, NAMED_MAX - n);
	if (!raw->user)
		n = trim(frames, n, raw->event < EVENT_TYPES ? hooked[raw->event] : NULL);
	for (i = 0; i < n; i++)
		if (!keep_strings(s, &frames[i]))
			return NULL;
	return raw->named = keep(s, number, frames, n);
}

void stacks_free(struct stacks *s)
{
	for (uint32_t i = 0; i < s->n_all; i++)
		free(s->all[i]);
	free(s->all);
	free(s->raw);
	index_free(&s->by_number);
	index_free(&s->by_content);
	intern_free(&s->strings);
	memset(s, 0, sizeof(*s));
}
