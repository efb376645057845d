// SPDX-License-Identifier: GPL-2.0
/* Rows as JSON, by json-c, one row in memory at a time. See output.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "output/json.h"
#include "output/output.h"
#include "output/text.h"

struct json_object *json_string(const char *s)
{
	char buf[TEXT_SAFE_ROOM(OUTPUT_STRING_MAX)];

	if (!s)
		return NULL;
	text_utf8(buf, sizeof(buf), s);
	return json_object_new_string(buf);
}

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add_ex(to, key, value, JSON_C_OBJECT_KEY_IS_CONSTANT);
}

static struct json_object *list_object(const struct column *column, const struct model *model,
				       const void *row, uint32_t n)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; list && i < n; i++) {
		const char *item = column->item(model, row, i);

		json_object_array_add(list, column->type == VALUE_IDS ?
				      json_object_new_uint64(strtoull(item, NULL, 10)) :
				      json_string(item));
	}
	return list;
}

/* Returns the value, NULL (JSON's null) if it is unknown. */
static struct json_object *value_object(const struct column *column, const struct model *model,
					const void *row)
{
	struct value v = column_value(column, model, row);
	char digits[32];

	if (!v.known)
		return NULL;
	switch (column->type) {
	case VALUE_STRING:
		return json_string(v.string);
	case VALUE_LIST:
	case VALUE_IDS:
		return list_object(column, model, row, v.number);
	case VALUE_RATE:
		snprintf(digits, sizeof(digits), "%" PRIu64 ".%03u", v.number / 1000,
			 (unsigned int)(v.number % 1000));
		return json_object_new_double_s(v.number / 1000.0, digits);
	case VALUE_CHANGE:
		return json_object_new_int64(v.number);
	case VALUE_BOOL:
		return json_object_new_boolean(v.number);
	default:
		return json_object_new_uint64(v.number);
	}
}

/*
 * json-c escapes C0 controls and leaves DEL and the C1 controls as they are, which a terminal
 * may obey: those become \u00XX here. In JSON text they stand only inside strings.
 */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		const unsigned char *c = (const unsigned char *)text;

		if (*c == 0x7f) {
			fputs("\\u007f", out);
		} else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			fprintf(out, "\\u%04x", c[1]);
			text++;
		} else {
			putc_unlocked(*text, out);
		}
	}
}

int json_write(FILE *out, struct json_object *object)
{
	const char *text;

	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		put_text(out, text);
	return text ? 0 : -ENOMEM;
}

static int put_row(FILE *out, const struct model *model, const void *row,
		   const struct column_list *columns)
{
	struct json_object *object = json_object_new_object();
	int err = object ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < columns->n && !err; i++)
		if (json_object_object_add_ex(object, columns->columns[i]->name,
					      value_object(columns->columns[i], model, row),
					      JSON_C_OBJECT_KEY_IS_CONSTANT))
			err = -ENOMEM;
	if (!err)
		err = json_write(out, object);
	json_object_put(object);
	return err;
}

static int put_string(FILE *out, const char *key, const char *s)
{
	struct json_object *object = json_string(s);
	int err;

	fprintf(out, ",\"%s\":", key);
	err = object ? json_write(out, object) : -ENOMEM;
	json_object_put(object);
	return err;
}

int output_json_begin(FILE *out, const struct model *model)
{
	int err;

	fprintf(out, "{\"time\":%.3f", model->time);
	err = put_string(out, "source", model->source);
	fprintf(out, ",\"complete\":%s", model_complete(model) ? "true" : "false");
	if (!err && model->lacks)
		err = put_string(out, "lacks", model->lacks);
	if (model->torn)
		fprintf(out, ",\"torn\":%u", model->torn);
	if (model->watched)
		fprintf(out, ",\"lost\":%" PRIu64, model->lost);
	if (!err && model->no_hooks)
		err = put_string(out, "no_hooks", model->no_hooks);
	return err ? err : ferror(out) ? -EIO : 0;
}

int output_json_rows(FILE *out, const struct view *view, const struct model *model,
		     const struct rows *rows, const struct output_options *options)
{
	int err = 0;

	fprintf(out, ",\"%s\":[", view->name);
	for (uint32_t i = 0; i < rows->n && !err; i++) {
		if (i)
			putc_unlocked(',', out);
		err = put_row(out, model, rows->rows[i], options->columns);
	}
	putc_unlocked(']', out);
	return err ? err : ferror(out) ? -EIO : 0;
}

void output_json_end(FILE *out)
{
	fputs("}\n", out);
}

int output_json_line(FILE *out, const void *row, const struct column_list *columns)
{
	int err = put_row(out, NULL, row, columns);

	putc_unlocked('\n', out);
	return err ? err : ferror(out) ? -EIO : 0;
}
