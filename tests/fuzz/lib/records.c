// SPDX-License-Identifier: GPL-2.0
/* A model of records that came of an input, printed in full; see fuzz.h. */
#include "../fuzz.h"

#include "model/model.h"
#include "output/output.h"
#include "source/source.h"

static void print(FILE *out, const struct model *model)
{
	struct column_list all;
	struct output_options options = { .columns = &all };
	struct rows rows = { 0 };
	uint32_t i;

	output_json_begin(out, model);
	for (i = 0; i < VIEWS; i++) {
		const struct view *view = &views[i];

		memset(&all, 0, sizeof(all));
		if (!column_list_parse(&all, view, NULL, NULL, NULL) &&
		    !rows_collect(&rows, view, model, view_column(view, view->sort), false)) {
			output_json_rows(out, view, model, &rows, &options);
			output_csv(out, view, model, &rows, &options);
			output_table(out, view, model, &rows, &options);
		}
		free(all.columns);
	}
	output_json_end(out);
	rows_free(&rows);
}

void fuzz_records(struct records *records)
{
	struct model model = {
		.time = 1e9, .source = "fuzz",
		.sees = MODEL_SEES_HOLDERS | MODEL_SEES_KERNEL_ONLY | MODEL_SEES_ATTACHMENTS,
	};
	static FILE *out;

	if (!out)
		out = fopen("/dev/null", "w");
	if (!model_load(&model, records->bytes, records->len) && !model_account(&model, NULL))
		print(out, &model);
	model_recount(&model, records->bytes, records->len);
	model_free(&model);
	records_free(records);
}
