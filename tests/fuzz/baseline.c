// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any file as a baseline. */
#include "fuzz.h"

#include "trace/findings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = { 0 };
	char error[160];
	uint32_t i, k;

	if (!baseline_read(&findings.baseline, fuzz_file(data, size), error, sizeof(error)))
		for (i = 0; i < findings.baseline.n; i++)
			for (k = 0; k < BASELINE_FUNCTIONS; k++)
				if (strlen(findings.baseline.known[i].functions[k]) > size)
					abort();
	findings_free(&findings);
	return 0;
}
