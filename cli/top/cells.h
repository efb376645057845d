/* SPDX-License-Identifier: GPL-2.0 */
/* Texts of cells. */
#ifndef TOP_CELLS_H
#define TOP_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/columns.h"

/*
 * Fit a text into width cells: pad it, on the left if right, or cut it with a ~. src is safe to
 * print. Return dst.
 */
char *cell_fit(char *dst, size_t room, const char *src, int width, enum column_cut cut, bool right);
/* 1,668. Returns dst, of 32 bytes at least. */
char *cell_thousands(char *dst, uint64_t n);
/* Bytes per second with their sign, 0 for none. Returns dst, of 16 bytes at least. */
char *cell_rate(char *dst, int64_t rate);
/* A duration in five cells: 812ns, 41us, 3.1ms. Returns dst, of 16 bytes at least. */
char *cell_ns(char *dst, uint64_t ns);

#endif
