// SPDX-License-Identifier: GPL-2.0
/* Starts and ends the accounting: figures, files in sysfs, hooks, tables; see accounting.h. */
#include <linux/kernel.h>
#include <linux/stringify.h>

#include "accounting.h"
#include "module.h"

/* Wrong figures are worse than none, and the other parts work without figures. */
static int leave_off(const char *why, int err)
{
	pr_warn("dmabuf_tools: accounting is off: %s (%d)\n", why, err);
	acct_free();
	return 0;
}

int accounting_init(void)
{
	const char *what;
	char why[64];
	int err;

	err = acct_alloc(acct_sysfs_names);
	if (err)
		return leave_off(err == -EINVAL ?
			   "accounting_slots is above " __stringify(ACCT_MAX_SLOTS) :
			   "cannot allocate the slots", err);
	err = acct_sysfs_init();
	if (err)
		return leave_off("cannot create files in sysfs", err);
	err = hooks_arm(&what);
	if (err) {
		snprintf(why, sizeof(why), "cannot hook %s", what);
		acct_sysfs_exit();
		return leave_off(why, err);
	}
	acct_scan();
	acct_tables_init();
	return 0;
}

void accounting_exit(void)
{
	if (!acct)
		return;
	acct_tables_exit();
	hooks_disarm();
	acct_sysfs_exit();
	acct_free();
}
