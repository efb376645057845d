/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash tables of the model: numbers to indices, and strings kept once. The order of slots differs
 * from process to process: nothing may depend on the order.
 */
#ifndef MODEL_HASH_H
#define MODEL_HASH_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
	uint64_t key;
	uint32_t value;			/* INDEX_NONE: free */
};

/* A map of 64-bit keys to 32-bit values. Zero-initialised: empty. */
struct index {
	struct index_slot *slots;
	uint32_t used, size;		/* size: 0 or a power of two */
};

/* Return the value of key, INDEX_NONE for an unknown key. */
uint32_t index_get(const struct index *index, uint64_t key);
/* Set the value of key. Return 0 or -ENOMEM; a known key never fails. */
int index_put(struct index *index, uint64_t key, uint32_t value);
/* Remove key, if known. */
void index_remove(struct index *index, uint64_t key);
/* Remove all keys, keep the memory. */
void index_clear(struct index *index);
void index_free(struct index *index);

struct intern_block;

/* Strings kept once, valid until intern_free(). Zero-initialised: empty. */
struct intern {
	const char **slots;
	uint32_t used, size;
	struct intern_block *blocks;
};

/*
 * Return the kept copy of at most max bytes of s, up to NUL; equal strings have equal pointers.
 * Return NULL for NULL, or without memory.
 */
const char *intern(struct intern *table, const char *s, size_t max);
void intern_free(struct intern *table);

/* SipHash-2-4 of a number; the secret prevents inversion and collisions. */
uint64_t hash_secret(uint64_t number, const uint64_t secret[2]);

/* Return the hash of a sequence of numbers from the hash so far and the next number. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t n)
{
	hash = (hash ^ n) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Return i with name(i) equal to the len bytes of text, or -1. name() ends the list with NULL. */
int name_find(const char *(*name)(unsigned int i), const char *text, size_t len);

/* Return a hash, equal for equal strings within the process; NULL has a hash, too. */
uint64_t hash_string(const char *s);

/* Double an array. Return 0, or -ENOMEM with the array unchanged. */
int array_grow(void *array, uint32_t *room, size_t element);

/*
 * Enlarge a buffer of *room bytes to at least size bytes, with a reserve. Return 0, or -ENOMEM
 * with the buffer unchanged.
 */
int buffer_reserve(void *buffer, size_t *room, size_t size);

/*
 * Append a zeroed element to an array and return the element, or NULL without memory, with the
 * array unchanged. Inline: every record calls this, and the caller knows the size of the element.
 */
static inline void *array_add(void *array, uint32_t *n, uint32_t *room, size_t element)
{
	char **base = array;

	if (*n == *room && array_grow(array, room, element))
		return NULL;
	/* NOLINTNEXTLINE: with room there is an array */
	return memset(*base + (size_t)(*n)++ * element, 0, element);
}

/* Append a copy of value to an array. Return 0 or -ENOMEM. */
static inline int array_append(void *array, uint32_t *n, uint32_t *room, const void *value,
			       size_t element)
{
	void *new = array_add(array, n, room, element);

	return new ? (memcpy(new, value, element), 0) : -ENOMEM;
}

#endif
