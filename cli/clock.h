/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's clocks as numbers; for all but model/ and output/, which are told the time. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

/* What a clock says, ns. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* CLOCK_MONOTONIC, ns, as in the kernel's records. */
static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline double now_seconds(void)
{
	return now_ns() / 1e9;
}

/* CLOCK_REALTIME less CLOCK_MONOTONIC, ns, now. */
static inline int64_t clock_offset(void)
{
	uint64_t mono = now_ns();

	return clock_ns(CLOCK_REALTIME) - mono;
}

#endif
