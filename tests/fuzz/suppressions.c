// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any file as suppressions, each pattern tried on each other. */
#include "fuzz.h"

#include "trace/findings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = { 0 };
	struct suppressions *s = &findings.suppressions;
	char error[160];
	uint32_t i, j;

	suppressions_read(s, fuzz_file(data, size), error, sizeof(error));
	for (i = 0; i < s->n && i < 16; i++)
		for (j = 0; j < s->n && j < 16; j++)
			suppression_matches(s->rules[i].pattern, s->rules[j].pattern);
	findings_free(&findings);
	return 0;
}
