// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace doctor: features of this machine, the source in use, and remedies. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "options.h"
#include "events/events.h"
#include "source/kernel.h"
#include "source/privileges.h"
#include "source/source.h"
#include "trace/trace.h"

#define DEBUGFS_MAGIC 0x64626720	/* include/uapi/linux/magic.h */

static void print_line(const char *state, const char *what, const char *text)
{
	printf(" %-4s %-12s %s\n", state, what, text);
}

/* Print a line with a remedy. */
static void print_help(const char *state, const char *what, const char *text, const char *help)
{
	printf(" %-4s %-12s %-26s %s\n", state, what, text, help);
}

static void print_capabilities(void)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} caps[] = {
		{ CAP_SYS_ADMIN, "SYS_ADMIN" }, { CAP_PERFMON, "PERFMON" }, { CAP_BPF, "BPF" },
		{ CAP_SYS_PTRACE, "SYS_PTRACE" },
	};

	printf("user     %s, capabilities", geteuid() ? "not root" : "root");
	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		printf(" %s%s", privileges_have(caps[i].bit) ? "+" : "-", caps[i].name);
	putchar('\n');
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
	privileges_lockdown(lockdown, sizeof(lockdown));
	options_print_version("dmabuf-tools");
	printf("kernel   %s %s   lockdown %s   BTF %s   debugfs %s\n", name.release, name.machine,
	       lockdown, access("/sys/kernel/btf/vmlinux", R_OK) ? "no" : "yes",
	       debugfs_mounted() ? "mounted" : "not mounted");
	print_capabilities();
}

/* A BPF source opened; print_sources() sets this. */
static bool bpf_works;

/* Print whether the source finds buffers that no process holds. */
static void print_kernel_only(const char *used)
{
	if (!strcmp(used, source_bpf_iter.name))
		print_line("ok", "kernel-only", "buffers that no process holds, by the iterator");
	else if (!strcmp(used, source_module.name))
		print_line("ok", "kernel-only", "buffers exported since the module was loaded");
	else if (!strcmp(used, source_bpf_task.name) && debugfs_mounted())
		print_line("WARN", "kernel-only", "from bufinfo, which a stuck driver can block");
	else
		print_help("--", "kernel-only", "buffers that no process holds are missing",
			   "mount -t debugfs none /sys/kernel/debug");
}

/* Try each source alone, to print the reason of each failure. */
static int print_sources(void)
{
	const char *used = NULL;

	for (int i = 0; source_all[i]; i++) {
		struct source source;
		char *why = NULL, line[320];

		if (source_open(&source, source_all[i]->name, &why)) {
			/* Skip the name of the source: print_line() prints the name */
			why[strcspn(why, "\n")] = '\0';
			print_line("--", source_all[i]->name,
				   why + strlen(source_all[i]->name) + 2);
		} else {
			snprintf(line, sizeof(line), "%s%s", source_all[i]->summary,
				 used ? "" : "   <- used");
			print_line("ok", source_all[i]->name, line);
			if (!used)
				used = source_all[i]->name;
			bpf_works |= !strncmp(source_all[i]->name, "bpf:", 4);
			source_close(&source);
		}
		free(why);
	}
	if (used && strcmp(used, source_proc.name) == 0)
		print_line("WARN", "snapshot",
			   "readable processes only: no devices, no buffers that only the kernel holds");
	else if (used)
		print_kernel_only(used);
	return used ? EXIT_OK : EXIT_FAILED;
}

/* DRM may be built in, a module, or missing; without DRM there are no GEM handles. */
static void print_references(void)
{
	if (kernel_has_prime_types())
		print_line("ok", "GEM handles", "by each DRM file's PRIME table");
	else
		print_line("--", "GEM handles", "no DRM driver is loaded");
	print_line("ok", "in flight", "messages in unix sockets, in the network namespaces of all processes");
	if (kernel_has_io_uring())
		print_line("ok", "io_uring", "registered files");
	else
		print_line("--", "io_uring", "not in this kernel");
}

/* Print the hook of each event in live, stat and record. Return whether calls have hooks. */
static bool print_events(void)
{
	struct events_hook hook;
	bool any = false;

	printf(" %-11s %-10s %-28s %s\n", "EVENT", "HOOK", "SYMBOL", "WHY");
	for (uint32_t i = 0; events_hook(i, HOOKS_AUTO, true, &hook); i++) {
		printf(" %-11s %-10s %-28s %s\n", event_name(hook.event),
		       events_hooks_name(hook.hooks), hook.function, hook.why);
		any |= hook.hooks != HOOKS_TRACEPOINT && hook.hooks != HOOKS_NONE;
	}
	puts("dmabuf-top uses fentry for its statistics, which is cheaper, and shows missed events.");
	return any;
}

/* Print the subcommands that work, and the missing ones with the reason. */
static void print_verdict(bool any_source, bool any_hook)
{
	if (any_hook)
		puts("Works: dmabuf-top, record, stat, live, leaks, metrics.  Missing: nothing.");
	else if (any_source)
		printf("Works: dmabuf-top, record without events, metrics without latencies.\n"
		       "Missing: stat, live, leaks, which need %s.\n", bpf_works ?
		       "a kernel with kprobes and the function tracer" :
		       "BPF: root, or CAP_BPF and CAP_PERFMON, and a kernel with BTF");
	else
		puts("Works: report, diff, export of recordings.  Missing: the commands that observe this machine.");
}

static const struct option_table table = {
	"dmabuf-trace doctor",
	"Usage: dmabuf-trace doctor [-v]\n"
	"Print this kernel's features, the source in use, and how to enable the rest.\n",
	.groups = (const struct option_group[]) {
		{ NULL, options_last, 0 },
		{ 0 }
	},
};

int doctor_main(int argc, char **argv)
{
	struct options options;
	bool any_hook = false;
	int status;

	options_init(&options, "dmabuf-trace doctor");
	status = option_table_parse(&table, &options, argc, argv);
	if (status == OPTIONS_GO)
		status = options_no_words(&options, argc, argv, "");
	if (status != OPTIONS_GO)
		return status;
	print_kernel();
	status = print_sources();
	if (status == EXIT_OK && bpf_works)
		print_references();
	if (!debugfs_mounted())
		print_line("WARN", "debugfs", "before Linux 6.16, buffers that only the kernel holds may be "
			   "missing; mount -t debugfs none /sys/kernel/debug");
	if (bpf_works)
		any_hook = print_events();
	kernel_forget();
	print_verdict(status == EXIT_OK, any_hook);
	return status;
}
