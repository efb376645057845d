// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace export: a recording for other tools, in memory that does not grow with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/export.h"
#include "trace/report.h"
#include "trace/trace.h"

static const struct option long_options[] = {
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "input", required_argument, NULL, 'i' },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	OPTIONS_FILTER,
	OPTIONS_LAST,
	{ 0 }
};

static const char help[] =
	"Usage: dmabuf-trace export --format FORMAT [options]\n"
	"Makes of a recording what other tools read; needs no root.\n\n"
	"      --format=FORMAT      perfetto: for ui.perfetto.dev; chrome: JSON, for that\n"
	"                           and chrome://tracing; ndjson: an object on each line\n"
	"  -i, --input=FILE         the recording (dmabuf.data)\n"
	"      --from=TIME, --to=TIME  a part: seconds since the start, [DATET]HH:MM:SS\n"
	OPTIONS_FILTER_HELP
	"Output:\n"
	OPTIONS_OUTPUT_HELP
	OPTIONS_LAST_HELP;

static const struct {
	const char *name;
	const struct timeline_ops *ops;	/* NULL: ndjson */
} formats[] = {
	{ "perfetto", &timeline_perfetto },
	{ "chrome", &timeline_chrome },
	{ "ndjson", NULL },
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

static int find_format(const struct report *r)
{
	size_t i;

	for (i = 0; r->format && i < FORMATS; i++)
		if (!strcmp(r->format, formats[i].name))
			return i;
	return -1;
}

static int write_it(struct report *r)
{
	const struct timeline_ops *ops = formats[find_format(r)].ops;

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
		report_tell_damage(r, r->path);
	return status;
}

int export_main(int argc, char **argv)
{
	struct report r = { .path = "dmabuf.data" };
	int status;

	options_init(&r.common, "dmabuf-trace export");
	activity_init(&r.activity);
	status = report_parse(&r, argc, argv, long_options, help, &event_view, 1);
	if (!status && optind < argc)
		status = options_usage(&r.common, "'%s' is not an option; a recording is -i FILE",
				       argv[optind]) + 1;
	if (!status && find_format(&r) < 0)
		status = options_usage(&r.common, "--format takes perfetto, chrome or ndjson") + 1;
#ifndef HAVE_PROTOBUF_C
	if (!status && formats[find_format(&r)].ops == &timeline_perfetto)
		status = options_fail(&r.common,
				      "perfetto needs protobuf-c, which this build is without; chrome is read by Perfetto too") + 1;
#endif
	status = status ? status - 1 : export(&r);
	report_release(&r);
	return status;
}
