// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any text as the module's tables in debugfs, of which a NUL ends each. */
#include "fuzz.h"

#include "source/module.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records records = { 0 };
	char *text = fuzz_text(data, size), *at = text, *next;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(*tables) && at <= text + size; i++, at = next) {
		next = at + strlen(at) + 1;
		parse_table(&tables[i], at, &records);
	}
	free(text);
	fuzz_records(&records);
	return 0;
}
