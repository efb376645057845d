// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: any text as dmabuf-top's set-up, which is written again then. */
#include "fuzz.h"

#include "top/setup.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct top_options options = { 0 };
	struct ui *ui = calloc(1, sizeof(*ui));
	FILE *in = size ? fmemopen((void *)data, size, "r") : NULL, *out = fopen("/dev/null", "w");
	int i;

	if (!ui || !out)
		abort();
	ui->options = &options;
	for (i = 0; i < SCREEN_VIEWS; i++)
		list_init(&ui->lists[i], &screen_views[i], NULL);
	if (in) {
		read_lines(ui, in);
		fclose(in);
	}
	for (i = 0; i < SCREEN_VIEWS; i++) {
		put_list(out, &ui->lists[i]);
		list_free(&ui->lists[i]);
	}
	fclose(out);
	free(ui);
	return 0;
}
