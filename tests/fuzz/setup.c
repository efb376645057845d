// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target: reads any text as the settings of dmabuf-top and writes the settings. */
#include "fuzz.h"

#include "top/setup.c"
#include "top/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct top_options options = { 0 };
	struct ui *ui = calloc(1, sizeof(*ui));
	FILE *in = size ? fmemopen((void *)data, size, "r") : NULL, *out = fopen("/dev/null", "w");
	enum view_id v;

	if (!ui || !out)
		abort();
	ui->options = &options;
	for (v = 0; v < VIEWS; v++)
		if (screen_views[v].data)
			list_init(&ui->lists[v], &screen_views[v], NULL);
	if (in) {
		read_lines(ui, in);
		fclose(in);
	}
	for (v = 0; v < VIEWS; v++) {
		if (screen_views[v].data)
			put_list(out, &ui->lists[v]);
		list_free(&ui->lists[v]);
	}
	fclose(out);
	free(ui);
	return 0;
}
