// SPDX-License-Identifier: GPL-2.0
/* Rows as CSV (RFC 4180); bytes and seconds, unknown values empty. See output.h. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>

#include "model/model.h"
#include "output/output.h"
#include "output/text.h"

static const char *string_at(const struct column *column, const struct model *model,
			     const void *row, const struct value *v, uint32_t i)
{
	return column->item ? column->item(model, row, i) : v->string;
}

/*
 * A string, or a list's joined by ";": one field, quoted as a whole if any part wants it. Control
 * characters are made visible here too: CSV is read in terminals and line by line.
 */
static void put_strings(FILE *out, const struct column *column, const struct model *model,
			const void *row, const struct value *v)
{
	uint32_t n = column->item ? v->number : 1, i;
	char text[TEXT_SAFE_ROOM(OUTPUT_STRING_MAX)];
	bool quote = false;
	const char *at;

	for (i = 0; i < n && !quote; i++)
		quote = strpbrk(string_at(column, model, row, v, i), ",\"; ");
	if (quote)
		putc_unlocked('"', out);
	for (i = 0; i < n; i++) {
		if (i)
			putc_unlocked(';', out);
		text_safe(text, sizeof(text), string_at(column, model, row, v, i));
		for (at = text; *at; at++) {
			if (*at == '"')
				putc_unlocked('"', out);
			putc_unlocked(*at, out);
		}
	}
	if (quote)
		putc_unlocked('"', out);
}

static void put_value(FILE *out, const struct column *column, const struct model *model,
		      const void *row)
{
	struct value v = column_value(column, model, row);

	if (!v.known)
		return;
	switch (column->type) {
	case VALUE_STRING:
	case VALUE_LIST:
	case VALUE_IDS:
		put_strings(out, column, model, row, &v);
		break;
	case VALUE_RATE:
		fprintf(out, "%" PRIu64 ".%03u", v.number / 1000,
			(unsigned int)(v.number % 1000));
		break;
	case VALUE_CHANGE:
		fprintf(out, "%" PRId64, (int64_t)v.number);
		break;
	case VALUE_BOOL:
		fputs(v.number ? "true" : "false", out);
		break;
	default:
		fprintf(out, "%" PRIu64, v.number);
	}
}

/* For programs: the same bytes whatever the terminal can show. 0: as it is. */
static locale_t utf8(void)
{
	static locale_t made;

	if (!made)
		made = newlocale(LC_CTYPE_MASK, "C.UTF-8", 0);
	return made;
}

static void put_rows(FILE *out, const struct model *model, const struct rows *rows,
		     const struct output_options *options)
{
	uint32_t i, j;

	if (!options->no_header) {
		if (options->timed)
			fputs("time,", out);
		for (j = 0; j < options->columns->n; j++)
			fprintf(out, "%s%s", j ? "," : "", options->columns->columns[j]->name);
		putc_unlocked('\n', out);
	}
	for (i = 0; i < rows->n; i++) {
		if (options->timed)
			fprintf(out, "%.3f,", model->time);
		for (j = 0; j < options->columns->n; j++) {
			if (j)
				putc_unlocked(',', out);
			put_value(out, options->columns->columns[j], model, rows->rows[i]);
		}
		putc_unlocked('\n', out);
	}
}

int output_csv(FILE *out, const struct view *view, const struct model *model,
	       const struct rows *rows, const struct output_options *options)
{
	locale_t before = utf8() ? uselocale(utf8()) : 0;

	put_rows(out, model, rows, options);
	if (before)
		uselocale(before);
	return ferror(out) ? -EIO : 0;
}
