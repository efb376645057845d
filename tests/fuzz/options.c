// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: any words, of which a NUL ends each, as the options that commands share; the
 * filter that they make is asked, and the words are columns, too.
 */
#include "fuzz.h"

#include "options.h"
#include "output/columns.h"

#define MAX_WORDS 32

static void take(int argc, char **argv)
{
	static const struct option longs[] = {
		OPTIONS_FILTER, OPTIONS_TABLE, OPTIONS_SOURCE, OPTIONS_LAST, { 0 }
	};
	struct column_list columns = { 0 };
	struct options options;
	char *unknown = NULL;
	int opt;

	options_init(&options, "fuzz");
	options.from_file = true;	/* whether a process exists is no matter of the input */
	optind = 0;
	while ((opt = options_next(argc, argv, longs, true)) != -1)
		if (opt != OPT_VERSION && options_take(&options, opt, optarg))
			break;
	filter_matches_process(&options.filter, 4711, "comm", "/a/cgroup");
	filter_matches_pattern(&options.filter.exporters, "system");
	filter_matches_pattern(&options.filter.devices, NULL);
	column_list_parse(&columns, &views[0], options.columns, &unknown);
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
