// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace: what happens to dma-bufs. A table of subcommands, which is also the usage. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "options.h"
#include "trace/trace.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "record", record_main, "what happens to dma-bufs and who holds them, into a file" },
	{ "report", report_main, "what a recording comes to" },
	{ "export", export_main, "a recording for Perfetto, Chrome, or line by line as JSON" },
	{ "diff", diff_main, "how what is held differs between two recordings" },
	{ "stat", stat_main, "how often, and how long, by exporter, device and direction" },
	{ "live", live_main, "what happens to buffers, as it happens" },
	{ "metrics", metrics_main, "sums for Prometheus: printed, into a file, or by HTTP" },
	{ "leaks", leaks_main, "whether a command leaks dma-bufs, for CI" },
	{ "doctor", doctor_main, "what this kernel offers, what is missing and how to get it" },
};

static void usage(FILE *out)
{
	fputs("Usage: dmabuf-trace COMMAND [options]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'dmabuf-trace COMMAND --help' tells a command's options.\n", out);
}

static int run(int argc, char **argv)
{
	static char name[32];

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name)) {
			/* Whose option it is that getopt_long() does not know */
			snprintf(name, sizeof(name), "dmabuf-trace %s", argv[1]);
			argv[1] = name;
			return commands[i].run(argc - 1, argv + 1);
		}
	if (!strcmp(argv[1], "--version")) {
		options_print_version("dmabuf-trace");
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return EXIT_OK;
	}
	fprintf(stderr, "dmabuf-trace: no command '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	options_open_standard();
	/* Characters as the terminal has them; numbers stay 0.5, in and out, for programs. */
	setlocale(LC_CTYPE, "");
	options_safe_stderr();
	return options_end("dmabuf-trace", run(argc, argv));
}
