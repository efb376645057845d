// SPDX-License-Identifier: GPL-2.0
/* dmabuf-top shows the holders of each dma-buf, live. Options are here, all else is in top/. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "output/columns.h"
#include "output/output.h"
#include "source/privileges.h"
#include "source/source.h"
#include "top/top.h"

/* Check columns after all other options: the columns depend on --view. */
static int check_columns(struct top_options *top)
{
	struct column_list list = { 0 };
	int status = OPTIONS_GO, i;

	for (i = 0; i < top->n_views && status == OPTIONS_GO; i++) {
		if (top->sort)
			status = options_column(&top->common, top->views[i], top->sort);
		if (status == OPTIONS_GO)
			status = options_columns(&top->common, top->views[i], NULL, &list);
	}
	free(list.columns);
	return status;
}

static const char *view_name(unsigned int i)
{
	return i < VIEWS ? views[i].name : NULL;
}

static int parse_views(void *data, const struct option_use *use, const char *arg)
{
	struct top_options *top = data;
	int view;

	for (top->n_views = 0; arg; top->views[top->n_views++] = &views[view]) {
		if (top->n_views == TOP_MAX_VIEWS)
			return options_usage(&top->common, "--view accepts at most %d views",
					     TOP_MAX_VIEWS);
		view = option_value_next(use, &arg);
		if (view < 0)
			return EXIT_USAGE;
	}
	return OPTIONS_GO;
}

static int parse_replay(void *data, const struct option_use *use, const char *arg)
{
	struct top_options *top = data;

	top->replay = arg;
	top->common.from_file = true;
	return OPTIONS_GO;
}

#define AT(field) .at = offsetof(struct top_options, field)

static const struct option_spec specs[] = {
	{ "batch", 'b', OPTION_FLAG, AT(batch), .help = "print refreshes instead of a screen" },
	{ "refreshes", 'n', OPTION_NUMBER, "N", AT(refreshes), .least = 1,
	  .help = "exit after N refreshes" },
	{ "delay", 'd', OPTION_SECONDS, "SECONDS", AT(delay), .least = 0.1, .most = 86400,
	  .given = offsetof(struct top_options, delay_given),
	  .help = "time between refreshes (default 1)" },
	{ "replay", 'r', OPTION_CALL, "FILE", .parse = parse_replay,
	  .help = "show a recording instead of the live system" },
	{ "view", 0, OPTION_CALL, "VIEW[,VIEW]", .parse = parse_views, .value = view_name,
	  .help = "show processes (default), buffers, holders, devices,\n"
		  "attachments, exporters, latency, pipelines, suspects" },
	{ "sort", 's', OPTION_TEXT, "COLUMN", AT(sort),
	  .help = "sort by COLUMN; -I, --invert reverses the order" },
	{ "invert", 'I', OPTION_FLAG, AT(invert), .hidden = true },
	{ 0 }
};

static const struct option_table table = {
	"dmabuf-top",
	"Usage: dmabuf-top [options]\n"
	"Show the holders of each dma-buf, live, as top(1) shows processes.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, specs, 0 },
		{ OPTIONS_FILTER_TITLE, options_filter, 0 },
		{ OPTIONS_TABLE_TITLE, options_table, 0 },
		{ NULL, options_output, 0 },
		{ NULL, options_source, 0 },
		{ NULL, options_last, 0 },
		{ 0 }
	},
};

static int parse(struct top_options *top, int argc, char **argv)
{
	int status = option_table_parse(&table, top, argc, argv);

	if (status == OPTIONS_GO)
		status = options_no_words(&top->common, argc, argv, "");
	if (status == OPTIONS_GO)
		status = options_check(&top->common);
	/* JSON, CSV and files imply batch output. */
	if (top->common.format != OUTPUT_TEXT || top->common.output)
		top->batch = true;
	return status == OPTIONS_GO ? check_columns(top) : status;
}

/* With -v, print the reasons against the sources tried before. */
static void print_passed(struct top_options *top)
{
	if (top->common.verbose && top->passed)
		fputs(top->passed, stderr);
	free(top->passed);
	top->passed = NULL;
}

/* Open the source, then drop the privileges needed only for opening. */
static int open_source(struct top_options *top, struct source *source)
{
	int err;

	if (top->replay)
		err = source_open_recording(source, top->replay);
	else
		err = source_open(source, top->common.source, &top->passed);
	if (top->batch)
		print_passed(top);
	if (err)
		return err;
	if (top->replay)
		options_tell_damage(&top->common, source, top->replay);
	privileges_keep(top->replay ? PRIVILEGES_FILES : PRIVILEGES_WATCH);
	return 0;
}

int main(int argc, char **argv)
{
	struct top_options top = { .delay = 1, .views = { &views[VIEW_PROCESSES] }, .n_views = 1 };
	struct source source = { 0 };
	int status;

	options_open_standard();
	/* Use the characters of the locale, but numbers of the C locale: programs read 0.5. */
	setlocale(LC_CTYPE, "");
	options_safe_stderr();
	options_init(&top.common, "dmabuf-top");
	status = parse(&top, argc, argv);
	if (status != OPTIONS_GO) {
		options_free(&top.common);
		return options_end("dmabuf-top", status);
	}
	if (top.common.list_columns) {
		output_list_columns(stdout, views, VIEWS);
		status = EXIT_OK;
	} else if (!top.batch) {
		status = screen_run(&top, &source, open_source);
	} else if (open_source(&top, &source)) {
		status = options_fail(&top.common, "%s", source.error);
	} else {
		status = batch_run(&top, &source);
	}
	source_close(&source);
	/* The screen has closed now. */
	print_passed(&top);
	options_free(&top.common);
	return options_end("dmabuf-top", status);
}
