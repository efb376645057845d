/* SPDX-License-Identifier: GPL-2.0 */
/* JSON of any bytes, by json-c. */
#ifndef OUTPUT_JSON_H
#define OUTPUT_JSON_H

#include <json-c/json.h>
#include <stdio.h>

/* NULL for NULL, which is JSON's null, or if memory is out. */
struct json_object *json_string(const char *s);
/* Takes value into an object; key: a constant. */
void json_add(struct json_object *to, const char *key, struct json_object *value);
/* Writes it with nothing in it that a terminal may obey. 0 or -ENOMEM. */
int json_write(FILE *out, struct json_object *object);

#endif
