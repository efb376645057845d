/* SPDX-License-Identifier: GPL-2.0 */
/* Views by their names. */
#ifndef UNIT_VIEWS_H
#define UNIT_VIEWS_H

#include <string.h>

#include "output/columns.h"

/* NULL if there is none of that name. */
static inline const struct view *view_find(const char *name)
{
	enum view_id v;

	for (v = 0; v < VIEWS; v++)
		if (!strcmp(views[v].name, name))
			return &views[v];
	return NULL;
}

#endif
