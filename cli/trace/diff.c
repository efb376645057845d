// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace diff: compare the memory held at the end of two recordings. */
#include <errno.h>
#include <getopt.h>

#include "trace/diff_stacks.h"
#include "trace/report.h"
#include "trace/trace.h"

static const char *group_name(unsigned int i)
{
	static const char *const names[] = {
		[DIFF_EXPORTER] = "exporter", [DIFF_COMM] = "comm", [DIFF_NAME] = "name",
		[DIFF_STACK] = "stack", [DIFF_STACK + 1] = NULL,
	};

	return names[i];
}

static const struct option_spec specs[] = {
	{ "by", 0, OPTION_CHOICE, "GROUP", .at = offsetof(struct report, by), .value = group_name,
	  .help = "group by exporter, comm, buffer name or recorded\n"
		  "stack (default exporter)" },
	{ 0 }
};

#define COMMON offsetof(struct report, common)

static const struct option_table table = {
	"dmabuf-trace diff",
	"Usage: dmabuf-trace diff [options] A B\n"
	"Compare the memory held at the end of recordings A and B. Root is not required.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, specs, 0 },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ OPTIONS_TABLE_TITLE, options_table, COMMON },
		{ NULL, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
};

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
		options_tell_damage(&r->common, &r->source, paths[side]);
		/* The last readable snapshot */
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
	status = report_parse(&r, argc, argv, &table, NULL, &diff_view, 1);
	if (status == OPTIONS_GO && argc - optind != 2)
		status = options_usage(&r.common, "two recordings are required, the earlier first");
	if (status == OPTIONS_GO)
		status = diff(&r, argv + optind);
	report_release(&r);
	return status;
}
