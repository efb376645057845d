/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two hash tables that the model is built with: numbers to indices, and strings kept once. Places
 * in them differ from process to process, so that nothing may depend on their order.
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

/* Maps a 64-bit key to a 32-bit value. Zero-initialised is empty and ready. */
struct index {
	struct index_slot *slots;
	uint32_t used, size;		/* size: 0 or a power of two */
};

/* Returns the value of key, INDEX_NONE if there is none. */
uint32_t index_get(const struct index *index, uint64_t key);
/* Adds key: 0, or -ENOMEM. Or gives one that is there a new value, which never fails. */
int index_put(struct index *index, uint64_t key, uint32_t value);
/* Forgets key, if it is there. */
void index_remove(struct index *index, uint64_t key);
/* Forgets all keys, keeps the memory. */
void index_clear(struct index *index);
void index_free(struct index *index);

struct intern_block;

/* Strings kept once; what intern() returned stays good until intern_free(). Zero is empty. */
struct intern {
	const char **slots;
	uint32_t used, size;
	struct intern_block *blocks;
};

/*
 * Returns the kept copy of at most max bytes of s (up to its NUL); equal strings give equal
 * pointers. NULL for NULL, or if memory is out.
 */
const char *intern(struct intern *table, const char *s, size_t max);
void intern_free(struct intern *table);

/* SipHash-2-4 of a number: not to be undone, or made to collide, without the secret. */
uint64_t hash_secret(uint64_t number, const uint64_t secret[2]);

/* A number for a sequence of numbers: that of those before, and the next one. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t n)
{
	hash = (hash ^ n) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* The i of name(i), which is NULL behind the last, that is those len bytes of text; -1: none. */
int name_find(const char *(*name)(unsigned int i), const char *text, size_t len);

/* A number for a string, equal for equal ones in this process; NULL has one of its own. */
uint64_t hash_string(const char *s);

/* Makes an array of elements of that size twice as large. 0, or -ENOMEM: it is as before. */
int array_grow(void *array, uint32_t *room, size_t element);

/*
 * Makes a buffer, of *room bytes so far, large enough for size bytes, and some more if it must
 * grow. 0, or -ENOMEM: it is as before.
 */
int buffer_reserve(void *buffer, size_t *room, size_t size);

/*
 * Makes room for one more element in an array that grows by doubling; returns the new
 * element, zeroed, or NULL if memory is out (the array is then as before). Inline, because it is
 * called for every record and the element's size is known where it is.
 */
static inline void *array_add(void *array, uint32_t *n, uint32_t *room, size_t element)
{
	char **base = array;

	if (*n == *room && array_grow(array, room, element))
		return NULL;
	/* NOLINTNEXTLINE: with room there is an array */
	return memset(*base + (size_t)(*n)++ * element, 0, element);
}

/* Puts a copy of value behind the elements there are. 0, or -ENOMEM. */
static inline int array_append(void *array, uint32_t *n, uint32_t *room, const void *value,
			       size_t element)
{
	void *new = array_add(array, n, room, element);

	return new ? (memcpy(new, value, element), 0) : -ENOMEM;
}

#endif
