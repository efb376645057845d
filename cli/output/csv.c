// SPDX-License-Identifier: GPL-2.0
/* Rows as CSV (RFC 4180); bytes and seconds, unknown values empty. See output.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model/snapshot.h"
#include "output/output.h"
#include "output/text.h"

static void put_string(FILE *out, const char *s)
{
	bool quote = s[strcspn(s, ",\"; ")] != '\0';

	if (quote)
		putc_unlocked('"', out);
	for (; *s; s++) {
		if (*s == '"')
			putc_unlocked('"', out);
		putc_unlocked(*s, out);
	}
	if (quote)
		putc_unlocked('"', out);
}

/* Control characters are made visible here too: CSV is read in terminals and line by line. */
static void put_value(FILE *out, const struct column *column, const struct model *model,
		      const void *row)
{
	char text[TEXT_SAFE_ROOM(256)];
	struct value v = { 0 };
	uint32_t i;

	column->get(model, row, &v);
	if (!v.known)
		return;
	switch (column->type) {
	case VALUE_STRING:
		text_safe(text, sizeof(text), v.string);
		put_string(out, text);
		break;
	case VALUE_LIST:
		for (i = 0; i < v.number; i++) {
			if (i)
				putc_unlocked(';', out);
			text_safe(text, sizeof(text), column->item(model, row, i));
			put_string(out, text);
		}
		break;
	case VALUE_BOOL:
		fputs(v.number ? "true" : "false", out);
		break;
	default:
		fprintf(out, "%" PRIu64, v.number);
	}
}

int output_csv(FILE *out, const struct view *view, const struct model *model,
	       const struct rows *rows, const struct output_options *options)
{
	uint32_t i, j;

	(void)view;
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
	return ferror(out) ? -EIO : 0;
}
