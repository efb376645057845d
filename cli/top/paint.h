/* SPDX-License-Identifier: GPL-2.0 */
/* Text, bars and colors on the screen. */
#ifndef TOP_PAINT_H
#define TOP_PAINT_H

#include "top/layout.h"
#include "top/view.h"

struct ui;

/* The widest line, in bytes of UTF-8 with combining marks */
#define LINE_ROOM 4096

/* Set up the colors. ncurses is up. */
void paint_init(struct ui *ui);
/* Write text in at most width cells, cut if necessary, not padded. Return the cells. */
int paint_text(const struct ui *ui, int y, int x, int width, enum role role, const char *text);
int paint_format(const struct ui *ui, int y, int x, int width, enum role role,
		 const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* Fill a line with the background of a role. */
void paint_fill(const struct ui *ui, int y, int x, int width, enum role role);
/* Make a place of the screen clickable. */
void paint_spot(struct ui *ui, struct rect rect, int key, const struct column *column);
/* Draw a bar of eighths of a cell, at least one for a part above 0. Return the cells. */
int paint_bar(const struct ui *ui, int y, int x, int width, double part, double whole);

#endif
