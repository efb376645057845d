/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of the screen as JSON. */
#ifndef TOP_WRITE_H
#define TOP_WRITE_H

#include <stdint.h>

struct ui;

/* Write the shown rows to a file. Return 0 or -errno. */
int write_shown(const struct ui *ui, const char *path, uint32_t *rows);

#endif
