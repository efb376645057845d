// SPDX-License-Identifier: GPL-2.0
/* Numbers to indices, strings kept once, growing arrays. */
#include "fixture.h"

#include "model/hash.h"

#define MANY 10007

/* Inodes are consecutive, cgroup ids and addresses are multiples of large powers of two. */
static void index_keeps_all(void **state)
{
	static const uint64_t steps[] = { 1, 4096, 1ULL << 32, 0x9e3779b97f4a7c15ULL };
	struct index index = { 0 };
	uint64_t s, i;

	(void)state;
	assert_int_equal(index_get(&index, 1), INDEX_NONE);
	for (s = 0; s < ARRAY_SIZE(steps); s++) {
		for (i = 0; i < MANY; i++)
			assert_int_equal(index_put(&index, i * steps[s], i), 0);
		assert_int_equal(index.used, MANY);
		for (i = 0; i < MANY; i++)
			assert_int_equal(index_get(&index, i * steps[s]), i);
		assert_int_equal(index_get(&index, MANY * steps[s]), INDEX_NONE);
		index_clear(&index);
		assert_int_equal(index_get(&index, 0), INDEX_NONE);
	}
	index_put(&index, UINT64_MAX, 1);
	index_put(&index, UINT64_MAX, 2);
	assert_int_equal(index.used, 1);
	assert_int_equal(index_get(&index, UINT64_MAX), 2);
	index_free(&index);
	assert_int_equal(index_get(&index, UINT64_MAX), INDEX_NONE);
}

static void strings_once(void **state)
{
	struct intern table = { 0 };
	char large[9000], name[16];
	const char *first, *kept[MANY];
	int i;

	(void)state;
	first = intern(&table, "ab", 99);
	assert_string_equal(first, "ab");
	assert_ptr_equal(intern(&table, "abc", 2), first);
	assert_ptr_not_equal(intern(&table, "a", 99), first);
	assert_ptr_not_equal(intern(&table, "abc", 99), first);
	assert_string_equal(intern(&table, "abc", 0), "");
	/* Any bytes, and more than a block holds */
	assert_string_equal(intern(&table, "\xff\n\x1b", 99), "\xff\n\x1b");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_string_equal(intern(&table, large, sizeof(large)), large);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		kept[i] = intern(&table, name, sizeof(name));
	}
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_string_equal(kept[i], name);
		assert_ptr_equal(intern(&table, name, sizeof(name)), kept[i]);
	}
	assert_ptr_equal(intern(&table, "ab", 99), first);
	intern_free(&table);
	assert_int_equal(table.used, 0);
}

static void numbers_of_strings(void **state)
{
	char a[] = "vgem";

	(void)state;
	assert_true(hash_string(a) == hash_string("vgem"));
	assert_true(hash_string("vgem") != hash_string("vgen"));
	assert_true(hash_string(NULL) != hash_string(""));
}

static void arrays(void **state)
{
	uint32_t n = 0, room = 0, i;
	uint64_t *array = NULL, *new;

	(void)state;
	for (i = 0; i < 1000; i++) {
		new = array_add(&array, &n, &room, sizeof(*array));
		assert_non_null(new);
		assert_int_equal(*new, 0);
		*new = i + 1;
	}
	assert_int_equal(n, 1000);
	assert_true(room >= n);
	for (i = 0; i < n; i++)
		assert_int_equal(array[i], i + 1);
	/* Room that is used again is zeroed again. */
	n = 0;
	assert_int_equal(*(uint64_t *)array_add(&array, &n, &room, sizeof(*array)), 0);
	free(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_keeps_all),
		cmocka_unit_test(strings_once),
		cmocka_unit_test(numbers_of_strings),
		cmocka_unit_test(arrays),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
