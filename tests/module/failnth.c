// SPDX-License-Identifier: GPL-2.0
/* For failslab.t: one system call whose n-th allocation fails, and nothing around it. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int arm(int control, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(control, text, len, 0) == len ? 0 : -errno;
}

/*
 * control: this thread's fail-nth. left, out: how many more allocations the fault waited for;
 * 0 if it was injected. Returns what the call of @args (its number first) returned, or -errno;
 * -ENOEXEC if the fault could not be set up.
 */
long fail_nth(int control, unsigned int n, const long *args, unsigned int *left)
{
	char text[16] = "";
	long ret;

	if (arm(control, n))
		return -ENOEXEC;
	ret = syscall(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
	if (ret == -1)
		ret = -errno;
	if (pread(control, text, sizeof(text) - 1, 0) < 1 || sscanf(text, "%u", left) != 1)
		ret = -ENOEXEC;
	return arm(control, 0) ? -ENOEXEC : ret;
}
