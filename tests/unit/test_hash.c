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

/* The longest row of taken places: no search looks at more. */
static uint32_t longest_search(const struct index *index)
{
	uint32_t longest = 0, run = 0, i;

	/* Rows may go on at the start */
	for (i = 0; i < 2 * index->size; i++) {
		run = index->slots[i % index->size].value == INDEX_NONE ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static uint64_t unshift(uint64_t x, int shift)
{
	uint64_t value = x;
	int i;

	for (i = shift; i < 64; i += shift)
		value = x ^ value >> shift;
	return value;
}

static uint64_t inverse(uint64_t a)
{
	uint64_t x = a;
	int i;

	for (i = 0; i < 6; i++)
		x *= 2 - a * x;
	return x;
}

/* Made for splitmix64 as it is published: without a seed all go to one place. */
static void chosen_keys(void **state)
{
	struct index index = { 0 };
	uint64_t i;

	(void)state;
	for (i = 1; i <= MANY; i++) {
		uint64_t x = inverse(0x94d049bb133111ebULL) * unshift(i << 32, 31);

		x = unshift(inverse(0xbf58476d1ce4e5b9ULL) * unshift(x, 27), 30);
		assert_int_equal(index_put(&index, x, i), 0);
	}
	assert_int_equal(index.used, MANY);
	assert_in_range(longest_search(&index), 1, 1000);
	index_free(&index);
}

/* The same for FNV-1a */
static void chosen_strings(void **state)
{
	uint32_t longest = 0, run = 0, made = 0, number, i;
	struct intern table = { 0 };
	char name[16];

	(void)state;
	for (number = 0; made < 300; number++) {
		uint64_t h = 0xcbf29ce484222325ULL;

		snprintf(name, sizeof(name), "%x", number);
		for (i = 0; name[i]; i++)
			h = (h ^ (unsigned char)name[i]) * 0x100000001b3ULL;
		if (h & 1023)
			continue;
		assert_non_null(intern(&table, name, sizeof(name)));
		made++;
	}
	for (i = 0; i < 2 * table.size; i++) {
		run = table.slots[i % table.size] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	assert_in_range(longest, 1, 150);
	intern_free(&table);
}

/* One that is there takes no room, even where the next one would need more. */
static void replaced(void **state)
{
	struct index index = { 0 };
	uint64_t i;

	(void)state;
	for (i = 0; i < 48; i++)
		assert_int_equal(index_put(&index, i, i), 0);
	assert_int_equal(index.size, 64);
	assert_int_equal(index_put(&index, 7, 8), 0);
	assert_int_equal(index.size, 64);
	assert_int_equal(index_get(&index, 7), 8);
	index_free(&index);
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

/* The vector for 8 bytes of the reference implementation: bytes 0 to 7, key 0 to 15. */
static void secret_hashes_are_siphash(void **state)
{
	static const uint64_t secret[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

	(void)state;
	assert_int_equal(hash_secret(0x0706050403020100, secret), 0x93f5f5799a932462);
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
		cmocka_unit_test(chosen_keys),
		cmocka_unit_test(chosen_strings),
		cmocka_unit_test(replaced),
		cmocka_unit_test(secret_hashes_are_siphash),
		cmocka_unit_test(arrays),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
