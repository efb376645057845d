// SPDX-License-Identifier: GPL-2.0
/* dmabuf-top: who holds each dma-buf, live. Options here; all else in top/. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "output/columns.h"
#include "output/output.h"
#include "source/privileges.h"
#include "source/source.h"
#include "top/top.h"

enum {
	OPT_VIEW = OPT_OWN,
};

static const struct option long_options[] = {
	OPTIONS_FILTER,
	OPTIONS_TABLE,
	OPTIONS_SOURCE,
	OPTIONS_LAST,
	{ "batch", no_argument, NULL, 'b' },
	{ "refreshes", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' },
	{ "replay", required_argument, NULL, 'r' },
	{ "view", required_argument, NULL, OPT_VIEW },
	{ "sort", required_argument, NULL, 's' },
	{ "invert", no_argument, NULL, 'I' },
	{ 0 }
};

static const char help[] =
	"Usage: dmabuf-top [options]\n"
	"Shows who holds each dma-buf, live, as top does for processes.\n\n"
	"  -b, --batch              print refreshes instead of a screen\n"
	"  -n, --refreshes=N        end after N\n"
	"  -d, --delay=SECONDS      time between two (1)\n"
	"  -r, --replay=FILE        what dmabuf-trace record saw, instead of what is now\n"
	"      --view=VIEW[,VIEW]   processes, buffers, holders, devices, attachments,\n"
	"                           exporters, latency, pipelines, suspects\n"
	"  -s, --sort=COLUMN        by that column; -I, --invert: the other way round\n"
	OPTIONS_FILTER_HELP
	OPTIONS_TABLE_HELP
	OPTIONS_OUTPUT_HELP
	OPTIONS_SOURCE_HELP
	OPTIONS_LAST_HELP;

static int no_such_view(const struct options *o, const char *name)
{
	uint32_t i;

	fprintf(stderr, "%s: no view '%s'; there are:", o->command, name);
	for (i = 0; i < VIEWS; i++)
		fprintf(stderr, " %s", views[i].name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int no_such_column(const struct options *o, const struct view *view, const char *name)
{
	const struct column *c;

	fprintf(stderr, "%s: no column '%s' in view %s; there are:", o->command, name, view->name);
	for (c = view->columns; c->name; c++)
		fprintf(stderr, " %s", c->name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

/* A view's columns can be named only once the view is known, so these come last. */
static int check_columns(struct top_options *top)
{
	struct column_list list = { 0 };
	char *unknown = NULL;
	int status = 0, i;

	for (i = 0; i < top->n_views && !status; i++) {
		if (top->sort && !view_column(top->views[i], top->sort))
			status = no_such_column(&top->common, top->views[i], top->sort) + 1;
		else if (column_list_parse(&list, top->views[i], top->common.columns,
					   &unknown) == -EINVAL)
			status = no_such_column(&top->common, top->views[i], unknown) + 1;
	}
	free(unknown);
	free(list.columns);
	return status;
}

static int take_views(struct top_options *top, const char *arg)
{
	top->n_views = 0;
	for (; arg; arg = strchr(arg, ',') ? strchr(arg, ',') + 1 : NULL) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg, ","), arg);
		if (top->n_views == TOP_MAX_VIEWS)
			return options_usage(&top->common, "--view takes %d views at most",
					     TOP_MAX_VIEWS) + 1;
		top->views[top->n_views] = view_find(name);
		if (!top->views[top->n_views++])
			return no_such_view(&top->common, name) + 1;
	}
	return 0;
}

static int take_number(struct top_options *top, int opt, const char *arg)
{
	char *end;

	errno = 0;
	if (opt == 'n') {
		top->refreshes = strtol(arg, &end, 10);
		if (errno || end == arg || *end || top->refreshes < 1)
			return options_usage(&top->common, "-n takes a count from 1 on: '%s'", arg) + 1;
	} else {
		top->delay = options_seconds(arg, 0.1, 86400);
		top->delay_given = true;
		if (top->delay < 0)
			return options_usage(&top->common, "-d takes seconds from 0.1 to 86400: '%s'",
					     arg) + 1;
	}
	return 0;
}

/* How other options are taken depends on it, wherever it stands. */
static void find_replay(struct top_options *top, int argc, char **argv)
{
	int opt;

	opterr = 0;
	while ((opt = options_next(argc, argv, long_options, false)) != -1)
		if (opt == 'r')
			top->replay = optarg;
	opterr = 1;
	optind = 0;
	top->common.from_file = top->replay;
}

static int parse(struct top_options *top, int argc, char **argv)
{
	int opt, status = take_views(top, "processes");

	find_replay(top, argc, argv);
	while (!status && (opt = options_next(argc, argv, long_options, false)) != -1) {
		switch (opt) {
		case 'b':
			top->batch = true;
			break;
		case 'n':
		case 'd':
			status = take_number(top, opt, optarg);
			break;
		case 'r':
			break;
		case 's':
			top->sort = optarg;
			break;
		case 'I':
			top->invert = true;
			break;
		case OPT_VIEW:
			status = take_views(top, optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK + 1;
		default:
			status = options_take(&top->common, opt, optarg);
		}
	}
	if (status)
		return status;
	if (optind < argc)
		return options_usage(&top->common, "'%s' is not an option", argv[optind]) + 1;
	/* What cannot be shown on a screen means batch; a file is no screen either. */
	if (top->common.format != OUTPUT_TEXT || top->common.output)
		top->batch = true;
	return check_columns(top);
}

/* Of sources that were tried, why they are not used. */
static void tell_passed(struct top_options *top)
{
	if (top->common.verbose && top->passed)
		fputs(top->passed, stderr);
	free(top->passed);
	top->passed = NULL;
}

/* And gives up the privileges that only that needs. */
static int open_source(struct top_options *top, struct source *source)
{
	const char *damage;
	int err;

	if (top->replay)
		err = source_open_recording(source, top->replay);
	else
		err = source_open(source, top->common.source, &top->passed);
	if (top->batch)
		tell_passed(top);
	if (err)
		return err;
	damage = top->replay ? source_damage(source) : NULL;
	if (damage && !top->common.quiet)
		fprintf(stderr, "%s: %s: %s\n", top->common.command, top->replay, damage);
	privileges_keep(top->replay ? PRIVILEGES_FILES : PRIVILEGES_WATCH);
	return 0;
}

int main(int argc, char **argv)
{
	struct top_options top = { .delay = 1 };
	struct source source = { 0 };
	int status;

	options_open_standard();
	/* Characters as the terminal has them; numbers stay 0.5, in and out, for programs. */
	setlocale(LC_CTYPE, "");
	options_safe_stderr();
	options_init(&top.common, "dmabuf-top");
	status = parse(&top, argc, argv);
	if (status) {
		options_free(&top.common);
		return options_end("dmabuf-top", status - 1);
	}
	if (top.common.list_columns) {
		output_list_columns(stdout, views, VIEWS);
	} else if (!top.batch) {
		status = screen_run(&top, &source, open_source);
	} else if (open_source(&top, &source)) {
		status = options_fail(&top.common, "%s", source.error);
	} else {
		status = batch_run(&top, &source);
	}
	source_close(&source);
	/* Not while there was a screen */
	tell_passed(&top);
	options_free(&top.common);
	return options_end("dmabuf-top", status);
}
