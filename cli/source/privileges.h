/* SPDX-License-Identifier: GPL-2.0 */
/* Capabilities: find the missing ones, drop the others. May be called by commands. */
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
 * Drop all other capabilities, in every set and for executed programs, as far as permitted. Call
 * this after all files are open: dropped capabilities do not return.
 */
void privileges_keep(uint64_t keep);
/* Return why the kernel refuses BPF or a hook, and the remedy; good until the next call. */
const char *privileges_missing(void);
/* kernel.perf_event_paranoid; LONG_MIN: unknown. */
long privileges_paranoid(void);
/* The kernel's lockdown: "none", "integrity", "confidentiality", "unknown". */
void privileges_lockdown(char *word, size_t room);

#endif
