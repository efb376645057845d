// SPDX-License-Identifier: GPL-2.0
/* Text, bars and colors on the screen; see paint.h. */

#include "top/paint.h"
#include <curses.h>
#include <stdarg.h>
#include <stdio.h>

#include "output/text.h"
#include "top/cells.h"
#include "top/ui.h"

/*
 * Colors for light and dark terminals, on the terminal's own background. The colors of 256 have a
 * contrast of about 4 to black and to white.
 */
static const struct {
	short few, many;		/* of 8; of 256 */
	short background;		/* -1: the terminal's */
	attr_t attributes;		/* with colors */
	attr_t plain;			/* without */
} looks[ROLES] = {
	[ROLE_PLAIN] = { -1, -1, -1, 0, 0 },
	[ROLE_TITLE] = { -1, -1, -1, A_BOLD, A_BOLD },
	[ROLE_HEAD] = { COLOR_BLACK, 16, COLOR_GREEN, 0, A_REVERSE },
	[ROLE_SORTED] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE | A_BOLD },
	[ROLE_SELECTED] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE },
	[ROLE_BAR] = { COLOR_GREEN, 28, -1, 0, 0 },
	[ROLE_TAB] = { COLOR_BLACK, 16, COLOR_GREEN, 0, A_REVERSE },
	[ROLE_KEY] = { -1, -1, -1, 0, 0 },
	[ROLE_LABEL] = { COLOR_BLACK, 16, COLOR_CYAN, 0, A_REVERSE },
	[ROLE_KERNEL_ONLY] = { COLOR_RED, 160, -1, 0, A_BOLD },
	[ROLE_UNEXPLAINED] = { COLOR_MAGENTA, 127, -1, 0, A_UNDERLINE },
	[ROLE_GROWING] = { COLOR_GREEN, 28, -1, 0, 0 },
	[ROLE_DEAD] = { -1, 243, -1, 0, A_DIM },
	[ROLE_TAGGED] = { COLOR_CYAN, 130, -1, 0, A_BOLD | A_UNDERLINE },
	[ROLE_WARNING] = { COLOR_RED, 160, -1, A_BOLD, A_BOLD },
	[ROLE_DETAIL] = { -1, 243, -1, 0, 0 },
};

void paint_init(struct ui *ui)
{
	ui->colours = has_colors() && start_color() != ERR;
	if (!ui->colours)
		return;
	use_default_colors();
	for (int role = 1; role < ROLES; role++)
		init_pair(role, COLORS >= 256 ? looks[role].many : looks[role].few,
			  looks[role].background);
}

static attr_t look(const struct ui *ui, enum role role)
{
	if (!ui->colours || ui->no_colours)
		return looks[role].plain;
	/* Eight colors have no grey. */
	return COLOR_PAIR(role) | looks[role].attributes |
	       (role == ROLE_DEAD && COLORS < 256 ? A_DIM : 0);
}

int paint_text(const struct ui *ui, int y, int x, int width, enum role role, const char *text)
{
	char line[LINE_ROOM];
	int w = text_width(text);

	if (width <= 0)
		return 0;
	if (w > width) {
		cell_fit(line, sizeof(line), text, width, CUT_TAIL, false);
		text = line;
		w = width;
	}
	attrset(look(ui, role));
	mvaddstr(y, x, text);
	attrset(A_NORMAL);
	return w;
}

int paint_format(const struct ui *ui, int y, int x, int width, enum role role,
		const char *format, ...)
{
	char text[LINE_ROOM];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return paint_text(ui, y, x, width, role, text);
}

void paint_fill(const struct ui *ui, int y, int x, int width, enum role role)
{
	paint_format(ui, y, x, width, role, "%*s", width > 0 ? width : 0, "");
}

void paint_spot(struct ui *ui, struct rect rect, int key, const struct column *column)
{
	if (ui->n_spots < MAX_SPOTS)
		ui->spots[ui->n_spots++] = (struct spot){ rect, key, column };
}

int paint_bar(const struct ui *ui, int y, int x, int width, double part, double whole)
{
	static const char *const eighths[] = {
		"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589",
	};
	char bar[LINE_ROOM] = "";
	size_t at = 0;
	int n = 0, i;

	/* A narrow screen has no room; sums of a forged recording may wrap */
	if (width > LINE_ROOM / 4)
		width = LINE_ROOM / 4;
	if (whole && width > 0)
		n = (part < whole ? part / whole : 1) * width * 8 + 0.5;
	if (part > 0 && !n && width > 0)
		n = 1;
	if (!ui->utf8)
		n = (n + 7) / 8 * 8;
	for (i = 0; i < n / 8; i++)
		at += snprintf(bar + at, sizeof(bar) - at, "%s", ui->utf8 ? "\u2588" : "#");
	snprintf(bar + at, sizeof(bar) - at, "%s", eighths[n % 8]);
	return paint_text(ui, y, x, width, ROLE_BAR, bar);
}
