// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace export: convert a recording for other tools, in constant memory. */
#include <unistd.h>

#include "trace/export.h"
#include "trace/report.h"
#include "trace/trace.h"

static const struct {
	const char *name;
	const struct timeline_ops *ops;	/* NULL: ndjson */
} formats[] = {
	{ "perfetto", &timeline_perfetto },
	{ "chrome", &timeline_chrome },
	{ "ndjson", NULL },
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

static const char *format_name(unsigned int i)
{
	return i < FORMATS ? formats[i].name : NULL;
}

static const struct option_spec specs[] = {
	{ "format", 0, OPTION_CHOICE, "FORMAT", .at = offsetof(struct report, format),
	  .value = format_name,
	  .help = "write perfetto for ui.perfetto.dev, chrome JSON also\n"
		  "for chrome://tracing, or ndjson, an object per line" },
	{ 0 }
};

#define COMMON offsetof(struct report, common)

static const struct option_table table = {
	"dmabuf-trace export",
	"Usage: dmabuf-trace export --format FORMAT [options]\n"
	"Convert a recording for other tools. Root is not required.\n\n",
	.groups = (const struct option_group[]) {
		{ NULL, specs, 0 },
		{ NULL, report_input, 0 },
		{ NULL, report_part, 0 },
		{ OPTIONS_FILTER_TITLE, options_filter, COMMON },
		{ OPTIONS_TABLE_TITLE, options_output, COMMON },
		{ NULL, options_last, COMMON },
		{ 0 }
	},
};

static int write_it(struct report *r)
{
	const struct timeline_ops *ops = formats[r->format].ops;

	return ops ? export_timeline(r, ops) : export_lines(r);
}

static int export(struct report *r)
{
	int status = report_open(r, r->path);

	if (!status)
		status = report_replay(r);
	if (!status)
		status = report_print(r, write_it);
	if (r->source.ops)
		options_tell_damage(&r->common, &r->source, r->path);
	if (!status)
		report_tell_empty(r);
	if (!status && r->common.output && !r->common.quiet)
		fprintf(stderr, "%s: %s is written%s\n", r->common.command, r->common.output,
			formats[r->format].ops ? "; open the file at https://ui.perfetto.dev" : "");
	return status;
}

int export_main(int argc, char **argv)
{
	struct report r = { .path = "dmabuf.data", .format = FORMATS };
	int status;

	options_init(&r.common, "dmabuf-trace export");
	activity_init(&r.activity);
	status = report_parse(&r, argc, argv, &table, "; name a recording with -i FILE", &event_view, 1);
	if (status == OPTIONS_GO && r.format == FORMATS)
		status = options_usage(&r.common, "--format is required (perfetto, chrome, ndjson)");
	if (status == OPTIONS_GO && formats[r.format].ops == &timeline_perfetto &&
	    !r.common.output && isatty(STDOUT_FILENO))
		status = options_usage(&r.common, "--format=perfetto: binary data is not for a terminal; write to a file with -o");
#ifndef HAVE_PROTOBUF_C
	if (status == OPTIONS_GO && formats[r.format].ops == &timeline_perfetto)
		status = options_fail(&r.common,
				      "--format=perfetto requires protobuf-c, which this build lacks; Perfetto also reads --format=chrome");
#endif
	if (status == OPTIONS_GO)
		status = export(&r);
	report_release(&r);
	return status;
}
