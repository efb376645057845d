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
	{ "doctor", doctor_main, "what this kernel offers, what is missing and how to get it" },
};

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: dmabuf-trace COMMAND [options]\n\n", out);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'dmabuf-trace COMMAND --help' tells a command's options.\n", out);
}

int main(int argc, char **argv)
{
	size_t i;

	/* Characters as the terminal has them; numbers stay 0.5, in and out, for programs. */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		printf("dmabuf-trace %s (libbpf %s)\n", VERSION, libbpf_version_string());
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
