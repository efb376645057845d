// SPDX-License-Identifier: GPL-2.0
/* Capabilities of this process; see privileges.h. */
#include "source/privileges.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/source.h"

#define VERSION_3 _LINUX_CAPABILITY_VERSION_3

static bool get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { .version = VERSION_3 };

	return !syscall(SYS_capget, &head, data);
}

bool privileges_have(unsigned int cap)
{
	struct __user_cap_data_struct data[2];

	return get(data) && data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

void privileges_keep(uint64_t keep)
{
	struct __user_cap_header_struct head = { .version = VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned long cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap >= 64 || !(keep & PRIVILEGE(cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!get(data))
		return;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= keep >> 32 * i;
		data[i].effective &= keep >> 32 * i;
		data[i].inheritable = 0;	/* also clears ambient */
	}
	syscall(SYS_capset, &head, data);
}

/* "none [integrity] confidentiality": the word in brackets is in force. */
void privileges_lockdown(char *word, size_t room)
{
	char *text = NULL, *start, *end;
	size_t size = 0;

	snprintf(word, room, "unknown");
	if (read_whole(AT_FDCWD, "/sys/kernel/security/lockdown", &text, &size) > 0 &&
	    (start = strchr(text, '[')) && (end = strchr(start, ']')))
		snprintf(word, room, "%.*s", (int)(end - start - 1), start + 1);
	free(text);
}

/* Debian has more levels than the kernel's documentation: 3 refuses more than 2. */
long privileges_paranoid(void)
{
	char *text = NULL;
	size_t room = 0;
	long level = LONG_MIN;

	if (read_whole(AT_FDCWD, "/proc/sys/kernel/perf_event_paranoid", &text, &room) > 0)
		level = strtol(text, NULL, 10);
	free(text);
	return level;
}

const char *privileges_missing(void)
{
	static char text[192];
	char lockdown[32];
	long paranoid = privileges_paranoid();

	if (!privileges_have(CAP_SYS_ADMIN) &&
	    !(privileges_have(CAP_BPF) && privileges_have(CAP_PERFMON))) {
		snprintf(text, sizeof(text), "%s; hooks also require CAP_DAC_READ_SEARCH%s", geteuid() ?
			 "requires root, or CAP_BPF and CAP_PERFMON" :
			 "root lacks CAP_BPF and CAP_PERFMON, as in a container; add both",
			 paranoid > 2 ? " and CAP_SYS_ADMIN" : "");
		return text;
	}
	privileges_lockdown(lockdown, sizeof(lockdown));
	if (!strcmp(lockdown, "confidentiality"))
		return "lockdown is confidentiality: BPF cannot read kernel memory; requires lockdown none or integrity";
	if (paranoid > 2 && !privileges_have(CAP_SYS_ADMIN)) {
		snprintf(text, sizeof(text), "kernel.perf_event_paranoid is %ld: above 2, hooks also "
			 "require CAP_SYS_ADMIN", paranoid);
		return text;
	}
	return "refused despite CAP_BPF and CAP_PERFMON: by a security module, or for lack of access to debugfs and tracefs (CAP_DAC_READ_SEARCH)";
}
