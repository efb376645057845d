/* SPDX-License-Identifier: GPL-2.0 */
/* Sums of the module in sysfs. */
#ifndef SOURCE_MODULE_SUMS_H
#define SOURCE_MODULE_SUMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Read the module's sums (model/sums.h), without root, into the struct of the last reading.
 * Return 0 or -errno; -ENOENT: no module, or no accounts. sums.c
 */
struct module_sums;
bool sums_are_there(void);
int sums_read(struct module_sums *sums);
void sums_free(struct module_sums *sums);
/* Decode a name of the module, with "\ooo" escapes; cut at room. module.c */
void module_name(char *out, size_t room, const char *field);

#endif
