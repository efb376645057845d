/* SPDX-License-Identifier: GPL-2.0 */
/* Capabilities: what is missing, and giving up what is not needed. May be called by commands. */
#ifndef SOURCE_PRIVILEGES_H
#define SOURCE_PRIVILEGES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRIVILEGE(cap)		(1ull << (cap))
/* Reading and writing files of whoever runs sudo */
#define PRIVILEGES_FILES	(PRIVILEGE(CAP_DAC_READ_SEARCH) | PRIVILEGE(CAP_DAC_OVERRIDE))
/*
 * Watching: BPF; hooks where perf_event_paranoid is above 2, module BTF and other processes'
 * network namespaces (SYS_ADMIN); /proc of other users; kernel addresses; signals to others.
 */
#define PRIVILEGES_WATCH	(PRIVILEGES_FILES |					\
				 PRIVILEGE(CAP_BPF) | PRIVILEGE(CAP_PERFMON) |		\
				 PRIVILEGE(CAP_SYS_ADMIN) | PRIVILEGE(CAP_SYS_PTRACE) |	\
				 PRIVILEGE(CAP_SYSLOG) | PRIVILEGE(CAP_KILL))

/* Whether a capability is in force. */
bool privileges_have(unsigned int cap);
/*
 * Gives up all capabilities but those, in every set and for what would be executed, as far as that
 * is permitted: once what is needed is open. No more can be had afterwards.
 */
void privileges_keep(uint64_t keep);
/* Why the kernel refuses BPF or a hook, and what helps: one line, good until the next call. */
const char *privileges_missing(void);
/* The kernel's lockdown: "none", "integrity", "confidentiality", "unknown". */
void privileges_lockdown(char *word, size_t room);

#endif
