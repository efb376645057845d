/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows that come and go, found by a number: what lives at one moment, however much there was
 * before.
 */
#ifndef MODEL_TABLE_H
#define MODEL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "model/hash.h"

/* Rows are structs of that size which begin with their uint64_t key. Zero but for size is empty. */
struct table {
	size_t size;
	char *rows;			/* n of them, side by side, in no order */
	uint32_t n, room;
	struct index by_key;
};

/* The row, good until the next one is added or removed; NULL: there is none. */
void *table_get(const struct table *table, uint64_t key);
/* The same, new and zeroed but for its key if there was none. NULL if memory is out. */
void *table_add(struct table *table, uint64_t key);
void table_remove(struct table *table, uint64_t key);
/* Row i of table->n. */
void *table_row(const struct table *table, uint32_t i);
/* Forgets all rows, keeps the memory. */
void table_clear(struct table *table);
void table_free(struct table *table);

#endif
