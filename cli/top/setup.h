/* SPDX-License-Identifier: GPL-2.0 */
/* The settings file: columns, sorting, delay, colors. */
#ifndef TOP_SETUP_H
#define TOP_SETUP_H

#include <stddef.h>

struct ui;

/* Read the file, if it exists. */
void setup_read(struct ui *ui);
/* Write the file. Return 0 or -errno, and the path; "" without a home. */
int setup_write(const struct ui *ui, char *path, size_t room);

#endif
