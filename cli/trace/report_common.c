// SPDX-License-Identifier: GPL-2.0
/* Open a recording, select a part, print: shared by report, diff and export. */
#include "symbols/symbols.h"
#include "trace/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "source/privileges.h"

int report_damaged(const struct report *r, const char *path, int err)
{
	if (err != -EBADMSG && err != -ENOTSUP)
		return err;
	fprintf(stderr, "%s: %s: %s\n", r->common.command, path, r->source.error);
	return 0;
}

int report_open(struct report *r, const char *path)
{
	int err;

	if (options_check_output(&r->common, path, r->common.output))
		return EXIT_USAGE;
	/* Read the files of other users with as few privileges as possible */
	privileges_keep(PRIVILEGES_FILES);
	err = source_open_recording(&r->source, path);
	if (err == -ENOENT)
		return options_fail(&r->common, "%s; record a file with 'dmabuf-trace record'", r->source.error);
	return err ? options_fail(&r->common, "%s", r->source.error) : EXIT_OK;
}

int report_failed(const struct report *r, const char *path, int err)
{
	return options_fail(&r->common, "%s: %s", path, r->source.error[0] ? r->source.error :
			    err == -E2BIG ? "damaged: more live buffers than a file of this size can hold" :
			    strerror(-err));
}

bool report_is_narrowed(const struct report *r)
{
	const struct filter *f = &r->common.filter;

	return filter_has_process_terms(f) || f->exporters.n || f->devices.n || f->min_size ||
	       r->from || r->to;
}

void report_tell_empty(const struct report *r)
{
	if (!r->matches && report_is_narrowed(r) && !r->common.quiet)
		fprintf(stderr, "%s: %s: nothing matches the filters, --from and --to\n",
			r->common.command, r->path);
}

int report_replay(struct report *r)
{
	const struct recording_head *head = recording_head(source_file(&r->source));
	int64_t start = head->start + head->realtime, from = INT64_MIN, to = INT64_MAX;

	if ((r->from && !options_time(r->from, start, &from)) ||
	    (r->to && !options_time(r->to, start, &to)))
		return options_usage(&r->common, "invalid --from or --to (expected seconds from the start, such as 1.5 or 300ms, HH:MM:SS, or YYYY-MM-DDTHH:MM:SS)");
	if (from > to)
		return options_usage(&r->common, "--from %s is after --to %s", r->from, r->to);
	r->replay = replay_new(source_file(&r->source), &r->common.filter);
	if (!r->replay)
		return options_fail(&r->common, "%s", strerror(ENOMEM));
	replay_window(r->replay, from, to);
	return EXIT_OK;
}

int report_rows(struct report *r, const struct view *view, const void *base, uint32_t n,
		size_t size, const char *shown)
{
	struct output_options output = {
		.no_header = r->common.no_header, .bytes = r->common.bytes,
	};
	struct column_list columns = { 0 };
	struct rows rows = { 0 };
	char *unknown = NULL;
	int err = column_list_parse(&columns, view, r->common.columns, shown, &unknown);

	free(unknown);
	output.columns = &columns;
	for (uint32_t i = 0; i < n && !err; i++)
		err = rows_add(&rows, (const char *)base + i * size);
	if (!err)
		err = rows_sort(&rows, NULL, view_column(view, view->sort), false);
	if (!err && r->common.format == OUTPUT_JSON)
		err = output_json_rows(r->out, view, NULL, &rows, &output);
	else if (!err && r->common.format == OUTPUT_CSV)
		err = output_csv(r->out, view, NULL, &rows, &output);
	else if (!err)
		err = output_table(r->out, view, NULL, &rows, &output);
	rows_free(&rows);
	free(columns.columns);
	return err;
}

int report_print(struct report *r, int (*what)(struct report *))
{
	const char *path = r->common.output ? r->common.output : "standard output";
	struct file_whole file = { 0 };
	int err;

	r->out = r->common.output ? file_begin_stream(&file, path, FILE_PRIVATE) : stdout;
	if (!r->out)
		return options_fail(&r->common, "cannot write %s: %s", path, file_error(errno));
	err = what(r);
	/* The stream has no errno of the failure; another flush sets errno */
	if (fflush(r->out) && (!err || err == -EIO))
		err = -errno;
	err = file_end(&file, err);
	if (err == -ENOMEM)
		return options_fail(&r->common, "%s", strerror(ENOMEM));
	return err ? options_fail(&r->common, "cannot write %s: %s", path, strerror(-err)) : EXIT_OK;
}

#define AT(field) .at = offsetof(struct report, field)

const struct option_spec report_input[] = {
	{ "input", 'i', OPTION_TEXT, "FILE", AT(path), .help = "read the recording FILE (default dmabuf.data)" },
	{ 0 }
};

const struct option_spec report_part[] = {
	{ "from", 0, OPTION_TEXT, "TIME", AT(from),
	  .help = "read a part: seconds from start, [DATET]HH:MM:SS" },
	{ "to", 0, OPTION_TEXT, "TIME", AT(to) },
	{ 0 }
};

int report_parse(struct report *r, int argc, char **argv, const struct option_table *table,
		 const char *hint, const struct view *views, uint32_t n)
{
	struct column_list list = { 0 };
	int status;

	r->common.from_file = true;
	status = option_table_parse(table, r, argc, argv);
	/* --events has columns of its own */
	if (r->events) {
		views = &event_view;
		n = 1;
	}
	if (status == OPTIONS_GO && r->common.list_columns) {
		output_list_columns(stdout, views, n);
		return EXIT_OK;
	}
	for (uint32_t i = 0; i < n && status == OPTIONS_GO; i++)
		if (!r->view || !strcmp(r->view, views[i].name))
			status = options_columns(&r->common, &views[i], NULL, &list);
	free(list.columns);
	if (status == OPTIONS_GO && hint)
		status = options_no_words(&r->common, argc, argv, hint);
	return status;
}

void report_release(struct report *r)
{
	replay_free(r->replay);
	symbols_free(r->symbols);
	source_close(&r->source);
	model_free(&r->model);
	summary_free(&r->summary);
	activity_free(&r->activity);
	diff_free(&r->diff);
	options_free(&r->common);
}
