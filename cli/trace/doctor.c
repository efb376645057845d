// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace doctor: what this machine offers, which source is used and why, what would help. */
#define _GNU_SOURCE	/* memmem */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "options.h"
#include "source/source.h"
#include "trace/trace.h"

#define DEBUGFS_MAGIC 0x64626720	/* include/uapi/linux/magic.h */

static const struct option long_options[] = {
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static void print_line(const char *state, const char *what, const char *text)
{
	printf(" %-4s %-12s %s\n", state, what, text);
}

/* Bits of CapEff that matter here (include/uapi/linux/capability.h). */
static void print_capabilities(void)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} caps[] = { { 21, "SYS_ADMIN" }, { 38, "PERFMON" }, { 39, "BPF" }, { 19, "SYS_PTRACE" } };
	char *text = NULL, *line;
	unsigned long long effective = 0;
	size_t room = 0, i;

	if (read_whole(AT_FDCWD, "/proc/self/status", &text, &room) > 0 &&
	    (line = strstr(text, "\nCapEff:")))
		effective = strtoull(line + 8, NULL, 16);
	free(text);
	printf("user     %s, capabilities", geteuid() ? "not root" : "root");
	for (i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		printf(" %s%s", effective >> caps[i].bit & 1 ? "+" : "-", caps[i].name);
	putchar('\n');
}

/* "none [integrity] confidentiality": the word in brackets is in force. */
static void get_lockdown(char *word, size_t size)
{
	char *text = NULL, *start, *end;
	size_t room = 0;

	snprintf(word, size, "unknown");
	if (read_whole(AT_FDCWD, "/sys/kernel/security/lockdown", &text, &room) > 0 &&
	    (start = strchr(text, '[')) && (end = strchr(start, ']')))
		snprintf(word, size, "%.*s", (int)(end - start - 1), start + 1);
	free(text);
}

static bool debugfs_mounted(void)
{
	struct statfs fs;

	return !statfs("/sys/kernel/debug", &fs) && fs.f_type == DEBUGFS_MAGIC;
}

static void print_kernel(void)
{
	struct utsname name;
	char lockdown[32];

	uname(&name);
	get_lockdown(lockdown, sizeof(lockdown));
	printf("dmabuf-tools %s   libbpf %s\n", VERSION, libbpf_version_string());
	printf("kernel   %s %s   lockdown %s   BTF %s   debugfs %s\n", name.release, name.machine,
	       lockdown, access("/sys/kernel/btf/vmlinux", R_OK) ? "no" : "yes",
	       debugfs_mounted() ? "mounted" : "not mounted");
	print_capabilities();
}

/* Whether any source by BPF opened: print_sources() finds out. */
static bool bpf_works;

/* Tries each source alone, so that every refusal is told with its reason. */
static int print_sources(void)
{
	const char *used = NULL;
	int i;

	for (i = 0; source_all[i]; i++) {
		struct source source;
		char *why = NULL, line[320];

		if (source_open(&source, source_all[i]->name, &why)) {
			/* The line begins with the source's name, which stands before it already */
			why[strcspn(why, "\n")] = '\0';
			print_line("--", source_all[i]->name,
				   why + strlen(source_all[i]->name) + 2);
		} else {
			snprintf(line, sizeof(line), "%s%s", source_all[i]->summary,
				 used ? "" : "   <- used");
			print_line("ok", source_all[i]->name, line);
			if (!used)
				used = source_all[i]->name;
			bpf_works |= source_all[i] != &source_proc;
			source_close(&source);
		}
		free(why);
	}
	if (used && strcmp(used, source_proc.name) == 0)
		print_line("WARN", "snapshot",
			   "own processes only: no devices, nothing that only the kernel holds");
	return used ? EXIT_OK : EXIT_FAILED;
}

/* DRM may be built in, be a module, or not be there, and then nothing has GEM handles. */
static void print_references(void)
{
	char *btf = NULL;
	size_t room = 0;
	long len = 0;

	if (access("/sys/kernel/btf/drm", R_OK))
		len = read_whole(AT_FDCWD, "/sys/kernel/btf/vmlinux", &btf, &room);
	if (len >= 0 && (!btf || memmem(btf, len, "drm_prime_member", sizeof("drm_prime_member"))))
		print_line("ok", "GEM handles", "by each DRM file's PRIME table");
	else
		print_line("--", "GEM handles", "no DRM driver is loaded; one that is loaded later "
			   "is seen by tools that start after it");
	print_line("ok", "in flight", "messages in unix sockets of this network namespace");
	print_line("--", "io_uring", "registered files are not told apart: unexplained");
	free(btf);
}

int doctor_main(int argc, char **argv)
{
	int opt, status;

	while ((opt = getopt_long(argc, argv, "vh", long_options, NULL)) != -1) {
		switch (opt) {
		case 'v':
			source_verbose = true;
			break;
		case 'h':
			puts("Usage: dmabuf-trace doctor [-v]\n"
			     "Tells what this kernel offers, which source is used and why, and what helps.\n"
			     "  -v, --verbose            with what libbpf says");
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "dmabuf-trace doctor: '%s' is not an option\n", argv[optind]);
		return EXIT_USAGE;
	}
	print_kernel();
	status = print_sources();
	if (status == EXIT_OK && bpf_works)
		print_references();
	if (!debugfs_mounted())
		print_line("WARN", "debugfs", "buffers that only the kernel holds may go unseen on "
			   "kernels before 6.16: mount -t debugfs none /sys/kernel/debug");
	return status;
}
