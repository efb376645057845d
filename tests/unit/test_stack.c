// SPDX-License-Identifier: GPL-2.0
/* Stacks as records tell them, in whatever order, and by their names. */
#include "model/stack.h"
#include "fixture.h"

/* One record of a stack of n frames, 100, 101 and so on. */
static void tell(struct stacks *s, uint64_t number, uint32_t at, uint32_t n, bool user)
{
	struct dmabuf_event_frames record = {
		.stack = number, .at = at, .n = n, .user = user, .event = EVENT_MAP,
		.type = EVENT_FRAMES,
	};
	uint32_t i;

	for (i = 0; i < EVENT_FRAMES_EACH; i++)
		record.frames[i] = 100 + at + i;
	assert_int_equal(stacks_take(s, &record), 0);
}

static void tell_all(struct stacks *s, uint64_t number, uint32_t n, bool user)
{
	uint32_t at;

	for (at = 0; at < n; at += EVENT_FRAMES_EACH)
		tell(s, number, at, n, user);
}

static void raw(void **state)
{
	struct stacks s = { 0 };
	const uint64_t *frames;
	uint32_t n, i;
	bool user;

	(void)state;
	tell_all(&s, 7, 5, true);
	tell_all(&s, 7, 5, true);
	frames = stacks_raw(&s, 7, &n, &user);
	assert_non_null(frames);
	assert_int_equal(n, 5);
	assert_true(user);
	for (i = 0; i < n; i++)
		assert_int_equal(frames[i], 100 + i);
	assert_null(stacks_raw(&s, 8, &n, &user));
	assert_null(stacks_raw(&s, 0, &n, &user));
	tell_all(&s, 9, EVENT_FRAMES_MAX, false);
	assert_non_null(stacks_raw(&s, 9, &n, &user));
	assert_int_equal(n, EVENT_FRAMES_MAX);
	assert_false(user);
	stacks_free(&s);
}

static void hostile(void **state)
{
	static const uint32_t many[] = { 0, EVENT_FRAMES_MAX + 1, 255 };
	struct stacks s = { 0 };
	uint32_t n, i;
	bool user;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		tell(&s, 20 + i, 0, many[i], true);
		assert_null(stacks_raw(&s, 20 + i, &n, &user));
	}
	tell(&s, 0, 0, 3, true);
	/* Out of order, then another length, then beyond the end */
	tell(&s, 7, 3, 5, true);
	assert_null(stacks_raw(&s, 7, &n, &user));
	tell(&s, 7, 0, 5, true);
	tell(&s, 7, 3, 6, true);
	tell(&s, 7, 252, 5, true);
	assert_null(stacks_raw(&s, 7, &n, &user));
	tell(&s, 7, 3, 5, true);
	assert_non_null(stacks_raw(&s, 7, &n, &user));
	tell(&s, 7, 5, 5, true);
	assert_int_equal(n, 5);
	stacks_free(&s);
}

static const char *const kernel_names[] = {
	"a_helper", "bpf_prog_1_map_kretprobe", "kretprobe_dispatcher", "arch_rethook_trampoline", "import_map",
	"bpf_trampoline_7", "importer_ioctl",
};

/* Of the kernel by the frame's number, of programs two for each frame. */
static uint32_t namer(void *ctx, uint64_t frame, bool user, struct stack_frame *frames,
		      uint32_t max)
{
	if (!user) {
		frames[0] = (struct stack_frame){
			.function = kernel_names[(frame - 100) % ARRAY_SIZE(kernel_names)],
			.kernel = true, .offset = 8,
		};
		return 1;
	}
	frames[0] = (struct stack_frame){ .function = ctx, .inlined = true, .line = 3 };
	if (max < 2)
		return 1;
	frames[1] = (struct stack_frame){ .function = "main", .line = 5 };
	return 2;
}

static void named(void **state)
{
	struct stacks s = { 0 };
	const struct stack *kernel, *user;

	(void)state;
	tell_all(&s, 1, ARRAY_SIZE(kernel_names), false);
	kernel = stacks_get(&s, 1, namer, NULL);
	assert_non_null(kernel);
	/* What hooked it, and who else did, is not shown; what is hooked is */
	assert_int_equal(kernel->n, 3);
	assert_string_equal(kernel->frames[0].function, "dma_buf_map_attachment");
	assert_string_equal(kernel->frames[1].function, "import_map");
	assert_string_equal(kernel->frames[2].function, "importer_ioctl");
	/* Equal ones are one, whatever their numbers */
	tell_all(&s, 2, 2, true);
	tell_all(&s, 3, 2, true);
	tell_all(&s, 4, 2, true);
	user = stacks_get(&s, 2, namer, "draw");
	assert_int_equal(user->n, 4);
	assert_true(user->frames[0].inlined);
	assert_ptr_equal(stacks_get(&s, 3, namer, "draw"), user);
	assert_int_equal(user->number, 2);
	assert_ptr_not_equal(stacks_get(&s, 4, namer, "paint"), user);
	assert_ptr_equal(stacks_get(&s, 4, namer, "draw"), stacks_get(&s, 4, namer, "x"));
	tell_all(&s, 5, EVENT_FRAMES_MAX, true);
	assert_int_equal(stacks_get(&s, 5, namer, "draw")->n, 2 * EVENT_FRAMES_MAX);
	assert_null(stacks_get(&s, 6, namer, "draw"));
	stacks_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw), cmocka_unit_test(hostile), cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
