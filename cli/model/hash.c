// SPDX-License-Identifier: GPL-2.0
/* Hash tables of the model; see hash.h. Pure data, no I/O. */
#include "model/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

/* Of this process: nobody can choose keys that go to one place. */
static uint64_t seed;

static void __attribute__((constructor)) choose_seed(void)
{
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = getauxval(AT_RANDOM) ^ (uint64_t)getpid() << 32;
}

/* Finalizer of splitmix64 (Steele, Lea, Flood 2014): inodes are consecutive numbers. */
static uint64_t mix(uint64_t x)
{
	x ^= seed;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

uint32_t index_get(const struct index *index, uint64_t key)
{
	if (!index->size)
		return INDEX_NONE;
	for (uint32_t at = mix(key) & (index->size - 1); index->slots[at].value != INDEX_NONE;
	     at = (at + 1) & (index->size - 1))
		if (index->slots[at].key == key)
			return index->slots[at].value;
	return INDEX_NONE;
}

static void index_place(struct index *index, uint64_t key, uint32_t value)
{
	uint32_t at = mix(key) & (index->size - 1);

	while (index->slots[at].value != INDEX_NONE && index->slots[at].key != key)
		at = (at + 1) & (index->size - 1);
	if (index->slots[at].value == INDEX_NONE)
		index->used++;
	index->slots[at].key = key;
	index->slots[at].value = value;
}

static int index_grow(struct index *index)
{
	struct index larger = { .size = index->size ? index->size * 2 : 64 };

	larger.slots = malloc(larger.size * sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	memset(larger.slots, 0xff, larger.size * sizeof(*larger.slots));
	for (uint32_t i = 0; i < index->size; i++)
		if (index->slots[i].value != INDEX_NONE)
			index_place(&larger, index->slots[i].key, index->slots[i].value);
	free(index->slots);
	*index = larger;
	return 0;
}

int index_put(struct index *index, uint64_t key, uint32_t value)
{
	if ((uint64_t)index->used * 4 >= (uint64_t)index->size * 3 &&
	    index_get(index, key) == INDEX_NONE) {
		int err = index_grow(index);

		if (err)
			return err;
	}
	index_place(index, key, value);
	return 0;
}

/* Those behind it move up, so that each is still found from its own place on (Knuth 6.4, R). */
void index_remove(struct index *index, uint64_t key)
{
	uint32_t mask = index->size - 1, hole, at, home;

	if (index_get(index, key) == INDEX_NONE)
		return;
	for (hole = mix(key) & mask; index->slots[hole].key != key; hole = (hole + 1) & mask)
		;
	for (at = (hole + 1) & mask; index->slots[at].value != INDEX_NONE; at = (at + 1) & mask) {
		home = mix(index->slots[at].key) & mask;
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		index->slots[hole] = index->slots[at];
		hole = at;
	}
	memset(&index->slots[hole], 0xff, sizeof(index->slots[hole]));
	index->used--;
}

void index_clear(struct index *index)
{
	if (index->used)
		memset(index->slots, 0xff, index->size * sizeof(*index->slots));
	index->used = 0;
}

void index_free(struct index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

struct intern_block {
	struct intern_block *next;
	size_t used, size;
	char bytes[];
};

/* Eight bytes at a time, each mixed with all before; len tells "a" from "a\0". */
static uint64_t hash_bytes(const char *s, size_t len)
{
	uint64_t h = mix(len), part;

	for (; len > sizeof(part); len -= sizeof(part), s += sizeof(part)) {
		memcpy(&part, s, sizeof(part));
		h = mix(h ^ part);
	}
	part = 0;
	memcpy(&part, s, len);
	return mix(h ^ part);
}

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

static void sip_rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = ROTATE(v[1], 13) ^ v[0];
		v[3] = ROTATE(v[3], 16) ^ v[2];
		v[0] = ROTATE(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = ROTATE(v[3], 21) ^ v[0];
		v[1] = ROTATE(v[1], 17) ^ v[2];
		v[2] = ROTATE(v[2], 32);
	}
}

/* Aumasson and Bernstein, SipHash: a fast short-input PRF; the number is 8 bytes, little endian. */
uint64_t hash_secret(uint64_t number, const uint64_t secret[2])
{
	const uint64_t words[] = { number, 8ull << 56 };	/* the last one has the length */
	uint64_t v[] = {
		secret[0] ^ 0x736f6d6570736575ull, secret[1] ^ 0x646f72616e646f6dull,
		secret[0] ^ 0x6c7967656e657261ull, secret[1] ^ 0x7465646279746573ull,
	};

	for (int i = 0; i < 2; i++) {
		v[3] ^= words[i];
		sip_rounds(v, 2);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_string(const char *s)
{
	return s ? hash_bytes(s, strlen(s)) : 0;
}

static char *intern_copy(struct intern *table, const char *s, size_t len)
{
	struct intern_block *block = table->blocks;
	char *copy;

	if (!block || block->size - block->used < len + 1) {
		size_t size = len + 1 > 4000 ? len + 1 : 4000;

		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		block->next = table->blocks;
		block->used = 0;
		block->size = size;
		table->blocks = block;
	}
	copy = block->bytes + block->used;
	memcpy(copy, s, len);
	copy[len] = '\0';
	block->used += len + 1;
	return copy;
}

static const char **intern_find(const struct intern *table, const char *s, size_t len)
{
	uint32_t at = hash_bytes(s, len) & (table->size - 1);

	while (table->slots[at] &&
	       (strncmp(table->slots[at], s, len) || table->slots[at][len]))
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static int intern_grow(struct intern *table)
{
	struct intern larger = { .size = table->size ? table->size * 2 : 64 };

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->size; i++)
		if (table->slots[i])
			*intern_find(&larger, table->slots[i], strlen(table->slots[i])) =
				table->slots[i];
	free(table->slots);
	table->slots = larger.slots;
	table->size = larger.size;
	return 0;
}

const char *intern(struct intern *table, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	const char **slot;

	if (!s || ((uint64_t)table->used * 4 >= (uint64_t)table->size * 3 && intern_grow(table)))
		return NULL;
	slot = intern_find(table, s, len);
	if (!*slot) {
		*slot = intern_copy(table, s, len);
		if (*slot)
			table->used++;
	}
	return *slot;
}

void intern_free(struct intern *table)
{
	struct intern_block *block, *next;

	for (block = table->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

int name_find(const char *(*name)(unsigned int i), const char *text, size_t len)
{
	for (unsigned int i = 0; name(i); i++)
		if (!strncmp(name(i), text, len) && !name(i)[len])
			return i;
	return -1;
}

int array_grow(void *array, uint32_t *room, size_t element)
{
	uint32_t larger = *room ? *room * 2 : 16;
	char **base = array, *moved;

	if (larger < *room)
		return -ENOMEM;
	moved = realloc(*base, larger * element);
	if (!moved)
		return -ENOMEM;
	*base = moved;
	*room = larger;
	return 0;
}

int buffer_reserve(void *buffer, size_t *room, size_t size)
{
	char **base = buffer, *moved;

	if (size <= *room)
		return 0;
	moved = realloc(*base, size + size / 2);
	if (!moved)
		return -ENOMEM;
	*base = moved;
	*room = size + size / 2;
	return 0;
}
