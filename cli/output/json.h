/* SPDX-License-Identifier: GPL-2.0 */
/* JSON of any bytes, by json-c; used in output/ only. */
#ifndef OUTPUT_JSON_H
#define OUTPUT_JSON_H

#include <json-c/json.h>
#include <stdio.h>

/* NULL if memory is out. */
struct json_object *json_string(const char *s);
/* 0 or -ENOMEM. */
int json_write(FILE *out, struct json_object *object);

#endif
