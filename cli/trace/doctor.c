// SPDX-License-Identifier: GPL-2.0
/* dmabuf-trace doctor: features of this machine, the source in use, and remedies. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
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

/* include/uapi/linux/magic.h */
#define DEBUGFS_MAGIC 0x64626720
#define TRACEFS_MAGIC 0x74726163
#define SECURITYFS_MAGIC 0x73636673

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
		{ CAP_SYS_PTRACE, "SYS_PTRACE" }, { CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH" },
	};

	printf("user     %s, capabilities", geteuid() ? "not root" : "root");
	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		printf(" %s%s", privileges_have(caps[i].bit) ? "+" : "-", caps[i].name);
	putchar('\n');
}

static bool is_mounted(const char *path, uint32_t magic)
{
	struct statfs fs;

	return !statfs(path, &fs) && (uint32_t)fs.f_type == magic;
}

static bool debugfs_mounted(void)
{
	return is_mounted("/sys/kernel/debug", DEBUGFS_MAGIC);
}

/* Where libbpf looks for tracepoints */
static bool tracefs_mounted(void)
{
	return is_mounted("/sys/kernel/tracing", TRACEFS_MAGIC) ||
	       is_mounted("/sys/kernel/debug/tracing", TRACEFS_MAGIC);
}

static const char *lockdown(void)
{
	static char word[32];

	privileges_lockdown(word, sizeof(word));
	if (strcmp(word, "unknown"))
		return word;
	return !is_mounted("/sys/kernel/security", SECURITYFS_MAGIC) ? "unknown: no securityfs" :
		access("/sys/kernel/security/lockdown", F_OK) ? "not in this kernel" :
		"unknown: requires root";
}

static void print_kernel(void)
{
	long paranoid = privileges_paranoid();
	struct utsname name;

	uname(&name);
	options_print_version("dmabuf-tools");
	printf("kernel   %s %s   BTF %s   lockdown %s\n", name.release, name.machine,
	       access("/sys/kernel/btf/vmlinux", R_OK) ? "no" : "yes", lockdown());
	printf("system   debugfs %s   tracefs %s   perf_event_paranoid ",
	       debugfs_mounted() ? "mounted" : "not mounted",
	       tracefs_mounted() ? "mounted" : "not mounted");
	printf(paranoid == LONG_MIN ? "-\n" : "%ld\n", paranoid);
	print_capabilities();
}

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

/* Try each source alone, to print the reason of each failure. *bpf_works: a BPF source opens. */
static int print_sources(bool *bpf_works)
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
			*bpf_works |= !strncmp(source_all[i]->name, "bpf:", 4);
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

/* Print the hook of each event in live, stat and record. */
static void print_events(void)
{
	struct events_hook hook;

	printf(" %-11s %-10s %-28s %s\n", "EVENT", "HOOK", "SYMBOL", "WHY");
	for (uint32_t i = 0; events_hook(i, HOOKS_AUTO, true, &hook); i++)
		printf(" %-11s %-10s %-28s %s\n", event_name(hook.event),
		       events_hooks_name(hook.hooks), hook.function, hook.why);
	puts("dmabuf-top uses fentry for its statistics, which is cheaper, and shows missed events.");
}

/* Attach the hooks of live for a moment. Return why they fail, or NULL. */
static const char *hooks_missing(const struct options *options)
{
	const struct events_options wanted = {
		.wanted = EVENT_SET_ALL & ~EVENT_SET_PROCESS, .exact = true, .to_ring = true,
		.filter = &options->filter,
	};
	static char error[512];
	struct events *events;
	uint64_t unhooked;

	if (events_open(&events, &wanted, error, sizeof(error)))
		return error;
	unhooked = events_unhooked(events);
	events_close(events);
	return unhooked == wanted.wanted ? "this kernel has neither kprobes nor the function tracer" :
		NULL;
}

/* Print the commands that work, and the missing ones with the reason; missing: of hooks. */
static void print_verdict(bool any_source, const char *missing)
{
	if (!any_source)
		puts("Works: report, diff, export of recordings.  Missing: the commands that observe this machine.");
	else if (!missing)
		puts("Works: dmabuf-top, record, stat, live, leaks, metrics.  Missing: nothing.");
	else
		printf("Works: dmabuf-top, record without events, metrics without latencies.\n"
		       "Missing: stat, live, leaks: %s.\n", missing);
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
	bool bpf_works = false;
	const char *missing;
	int status;

	options_init(&options, "dmabuf-trace doctor");
	status = option_table_parse(&table, &options, argc, argv);
	if (status == OPTIONS_GO)
		status = options_no_words(&options, argc, argv, "");
	if (status != OPTIONS_GO)
		return status;
	print_kernel();
	status = print_sources(&bpf_works);
	if (status == EXIT_OK && bpf_works)
		print_references();
	if (!tracefs_mounted())
		print_help("WARN", "tracefs", "hooks require tracepoints",
			   "mount -t tracefs none /sys/kernel/tracing");
	if (bpf_works)
		print_events();
	missing = hooks_missing(&options);
	kernel_forget();
	print_verdict(status == EXIT_OK, missing);
	return status;
}
