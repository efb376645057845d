// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace: events on dma-bufs. The table of subcommands is also the usage. */
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
	{ "record", record_main, "record events and holders of dma-bufs to a file" },
	{ "report", report_main, "summarize a recording, or print its events" },
	{ "export", export_main, "convert a recording for Perfetto, Chrome, or to JSON lines" },
	{ "diff", diff_main, "compare the memory held at the end of two recordings" },
	{ "stat", stat_main, "count and time operations by exporter, device and direction" },
	{ "live", live_main, "print events as they occur" },
	{ "metrics", metrics_main, "print, write or serve sums for Prometheus" },
	{ "leaks", leaks_main, "check a command for leaks of dma-bufs, for CI" },
	{ "doctor", doctor_main, "print this kernel's features, and how to enable the rest" },
};

static void usage(FILE *out)
{
	fputs("Usage: dmabuf-trace COMMAND [options]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'dmabuf-trace COMMAND --help' prints the options of COMMAND.\n", out);
}

static int run_command(int argc, char **argv)
{
	static char name[32];

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name)) {
			/* getopt_long() prints this name before an unknown option */
			snprintf(name, sizeof(name), "dmabuf-trace %s", argv[1]);
			argv[1] = name;
			return commands[i].run(argc - 1, argv + 1);
		}
	fprintf(stderr, "dmabuf-trace: no command '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}

/* "help COMMAND" is "COMMAND --help" */
static int help(int argc, char **argv)
{
	static char option[] = "--help";
	char *words[] = { argv[0], argv[2], option, NULL };

	if (argc > 2)
		return run_command(3, words);
	usage(stdout);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		options_print_version("dmabuf-trace");
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc, argv);
	return run_command(argc, argv);
}

int main(int argc, char **argv)
{
	options_open_standard();
	/* The terminal's characters; numbers keep the decimal point, for programs. */
	setlocale(LC_CTYPE, "");
	options_safe_stderr();
	return options_end("dmabuf-trace", run(argc, argv));
}
