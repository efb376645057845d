/* SPDX-License-Identifier: GPL-2.0 */
/* What the tables of columns are written with; used in output/ only. */
#ifndef OUTPUT_GETTERS_H
#define OUTPUT_GETTERS_H

#include "output/columns.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static inline void set_number(struct value *v, uint64_t n)
{
	v->known = true;
	v->number = n;
}

static inline void set_string(struct value *v, const char *s)
{
	v->known = s != NULL;
	v->string = s;
}

/* A column whose value is a field of its row, always known, and one that is a string. */
#define NUMBER_OF(function, type, field)						\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
	set_number(v, ((const struct type *)row)->field);				\
}

#define STRING_OF(function, type, field)						\
static void function(const struct model *m, const void *row, struct value *v)		\
{											\
	(void)m;									\
	set_string(v, ((const struct type *)row)->field);				\
}

#define VIEW(name, title, columns, sort)						\
	{ #name, title, columns, ARRAY_SIZE(columns), sort, name##_count, name##_row }

/* Tables and getters that columns.c has from the other files */
#define OPERATION_COLUMNS 15
#define FLOW_COLUMNS 16
#define SUSPECT_COLUMNS 12
#define EVENT_COLUMNS 27
extern const struct column operation_columns[OPERATION_COLUMNS];	/* event_columns.c */
extern const struct column event_columns[EVENT_COLUMNS];
extern const struct column flow_columns[FLOW_COLUMNS];			/* flow_columns.c */
extern const struct column suspect_columns[SUSPECT_COLUMNS];		/* suspect_columns.c */
uint32_t suspects_count(const struct model *m);
const void *suspects_row(const struct model *m, uint32_t i);
uint32_t pipelines_count(const struct model *m);
const void *pipelines_row(const struct model *m, uint32_t i);
const char *direction_name(unsigned int direction);
void buffer_node(const struct model *m, const void *row, struct value *v);
void attachment_mapped_now(const struct model *m, const void *row, struct value *v);
void attachment_direction(const struct model *m, const void *row, struct value *v);
const char *attachment_direction_at(const struct model *m, const void *row, uint32_t i);
void attachment_since(const struct model *m, const void *row, struct value *v);
void attachment_maps(const struct model *m, const void *row, struct value *v);
void attachment_p99(const struct model *m, const void *row, struct value *v);
void attachment_node(const struct model *m, const void *row, struct value *v);
void device_mapped_now(const struct model *m, const void *row, struct value *v);
void device_direction(const struct model *m, const void *row, struct value *v);
const char *device_direction_at(const struct model *m, const void *row, uint32_t i);
void device_map_rate(const struct model *m, const void *row, struct value *v);
void device_p99(const struct model *m, const void *row, struct value *v);

#endif
