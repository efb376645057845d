// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: any words, of which a NUL ends each, as the options that commands share; the
 * filter that they make is asked, and the words are columns, too.
 */
#include "fuzz.h"

#include <getopt.h>

#include "options.h"
#include "output/columns.h"

#define MAX_WORDS 32

static const struct option_table table = {
	"fuzz", "Usage: fuzz\n",
	.groups = (const struct option_group[]) {
		{ OPTIONS_FILTER_TITLE, options_filter, 0 },
		{ OPTIONS_TABLE_TITLE, options_table, 0 },
		{ NULL, options_output, 0 },
		{ NULL, options_source, 0 },
		{ NULL, options_last, 0 },
		{ 0 }
	},
	.runs = true,
};

static void take(int argc, char **argv)
{
	struct column_list columns = { 0 };
	struct options options;
	char *unknown = NULL;

	options_init(&options, "fuzz");
	options.from_file = true;	/* whether a process exists is no matter of the input */
	optind = 0;
	option_table_parse(&table, &options, argc, argv);
	filter_matches_process(&options.filter, 4711, "comm", "/a/cgroup");
	filter_matches_pattern(&options.filter.exporters, "system");
	filter_matches_pattern(&options.filter.devices, NULL);
	column_list_parse(&columns, &views[0], options.columns, COLUMNS_FOR_TEXT, &unknown);
	free(columns.columns);
	free(unknown);
	options_free(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *at = text, *argv[MAX_WORDS + 1] = { "fuzz" };
	int argc = 1;

	for (; argc < MAX_WORDS && at < text + size; at += strlen(at) + 1)
		argv[argc++] = at;
	take(argc, argv);
	free(text);
	return 0;
}
