// SPDX-License-Identifier: GPL-2.0
/* Rows that come and go; see table.h. */
#include "model/table.h"

#include <stdlib.h>
#include <string.h>

void *table_row(const struct table *t, uint32_t i)
{
	return t->rows + (size_t)i * t->size;
}

void *table_get(const struct table *t, uint64_t key)
{
	uint32_t i = index_get(&t->by_key, key);

	return i == INDEX_NONE ? NULL : table_row(t, i);
}

void *table_add(struct table *t, uint64_t key)
{
	char *row = table_get(t, key);

	if (row)
		return row;
	row = array_add(&t->rows, &t->n, &t->room, t->size);
	if (!row)
		return NULL;
	if (index_put(&t->by_key, key, t->n - 1)) {
		t->n--;
		return NULL;
	}
	memcpy(row, &key, sizeof(key));
	return row;
}

void table_remove(struct table *t, uint64_t key)
{
	uint32_t i = index_get(&t->by_key, key);
	uint64_t last;

	if (i == INDEX_NONE)
		return;
	index_remove(&t->by_key, key);
	if (i == --t->n)
		return;
	/* The last one fills the gap; its key has a slot already, so there is room */
	memcpy(&last, table_row(t, t->n), sizeof(last));
	memcpy(table_row(t, i), table_row(t, t->n), t->size);
	index_put(&t->by_key, last, i);
}

void table_clear(struct table *t)
{
	t->n = 0;
	index_clear(&t->by_key);
}

void table_free(struct table *t)
{
	free(t->rows);
	index_free(&t->by_key);
	*t = (struct table){ .size = t->size };
}
