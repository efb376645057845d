// SPDX-License-Identifier: GPL-2.0
/* Names that anybody may have chosen, in the module's files in debugfs; see module.h. */
#include <linux/ctype.h>
#include <linux/seq_file.h>

#include "module.h"

void print_name(struct seq_file *m, const char *text)
{
	for (; *text; text++)
		if (isascii(*text) && isgraph(*text) && *text != '\\')
			seq_putc(m, *text);
		else
			seq_printf(m, "\\%03o", (unsigned char)*text);
}
