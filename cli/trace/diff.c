// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace diff: how what is held at the end of two recordings differs. */
#include <errno.h>
#include <string.h>

#include "trace/diff_stacks.h"
#include "trace/report.h"
#include "trace/trace.h"

static const struct option long_options[] = {
	OPTIONS_FILTER,
	OPTIONS_TABLE,
	OPTIONS_LAST,
	{ "by", required_argument, NULL, OPT_BY },
	{ 0 }
};

static const char help[] =
	"Usage: dmabuf-trace diff [options] A B\n"
	"How what was held at the end of recording B differs from A; needs no root.\n\n"
	"      --by=GROUP           exporter (default), comm, name of the buffers; stack:\n"
	"                           the functions that exported them (record --stacks)\n"
	OPTIONS_FILTER_HELP
	OPTIONS_TABLE_HELP
	OPTIONS_OUTPUT_HELP
	OPTIONS_LAST_HELP;

static int print_diff(struct report *r)
{
	bool json = r->common.format == OUTPUT_JSON;
	int err = json ? output_json_begin(r->out, &r->model) : 0;

	if (!err)
		err = report_rows(r, &diff_view, r->diff.rows, r->diff.n,
				  sizeof(*r->diff.rows), NULL);
	if (json)
		output_json_end(r->out);
	return err;
}

static int add(struct report *r, int side)
{
	struct diff_stacks *stacks = NULL;
	int err = 0;

	if (r->by == DIFF_STACK)
		stacks = diff_stacks_read(source_file(&r->source), &err);
	if (!err)
		err = diff_add(&r->diff, &r->model, side, r->by, diff_stacks_key, stacks);
	diff_stacks_free(stacks);
	return err;
}

static int diff(struct report *r, char **paths)
{
	int side, status, err;
	uint32_t n;

	for (side = 0; side < 2; side++) {
		status = report_open(r, paths[side]);
		if (status)
			return status;
		report_tell_damage(r, paths[side]);
		/* The last one that can be read */
		n = source_moments(&r->source);
		do {
			source_choose(&r->source, n ? n - 1 : 0);
			err = source_snapshot(&r->source, &r->model, &r->common.filter);
			if (err && n > 1)
				err = report_damaged(r, paths[side], err) ? err : -EAGAIN;
		} while (err == -EAGAIN && --n);
		if (!err)
			err = add(r, side);
		if (err)
			return report_failed(r, paths[side], err);
		if (!side)
			source_close(&r->source);
	}
	return report_print(r, print_diff);
}

int diff_main(int argc, char **argv)
{
	struct report r = { 0 };
	int status;

	options_init(&r.common, "dmabuf-trace diff");
	status = report_parse(&r, argc, argv, long_options, help, &diff_view, 1);
	if (!status && argc - optind != 2)
		status = options_usage(&r.common, "it takes two recordings, the earlier one first") + 1;
	status = status ? status - 1 : diff(&r, argv + optind);
	report_release(&r);
	return status;
}
