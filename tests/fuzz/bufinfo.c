// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any text as debugfs' bufinfo. */
#include "fuzz.h"

#include "source/bufinfo.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records records = { 0 };
	char *text = fuzz_text(data, size);

	bufinfo_parse(text, &records);
	free(text);
	fuzz_records(&records);
	return 0;
}
