// SPDX-License-Identifier: GPL-2.0
/* Clicks and the wheel; see mouse.h. */
#include "top/mouse.h"

#include <curses.h>

#include "top/actions.h"
#include "top/ui.h"

/* Select the clicked line. */
static unsigned int click_line(struct ui *ui, int y)
{
	const struct rect *r = &ui->layout.list;
	uint32_t line = y - r->y;

	if (y < r->y || y >= r->y + r->h || ui_has_panel(ui))
		return 0;
	if (ui->dialog.menu)
		return dialog_choose(ui, ui->dialog.top + line);
	line = list_at(ui->list, line);
	if (line >= list_count(ui->list))
		return 0;
	list_move(ui->list, (int64_t)line - ui->list->cursor);
	return REACT_DRAW;
}

static unsigned int click(struct ui *ui, int x, int y)
{
	for (uint32_t i = 0; i < ui->n_spots; i++) {
		const struct spot *s = &ui->spots[i];

		if (y != s->rect.y || x < s->rect.x || x >= s->rect.x + s->rect.w)
			continue;
		if (!s->column) {
			ui->pressed = s->key;
			return REACT_KEY;
		}
		if (ui->list->sort == s->column)
			return act_invert(ui, 0);
		ui->list->sort = s->column;
		ui->list->invert = false;
		return REACT_COLLECT;
	}
	return click_line(ui, y);
}

#define WHEEL_LINES 3

unsigned int act_mouse(struct ui *ui, int arg)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return 0;
	if (event.bstate & BUTTON4_PRESSED)
		return act_move(ui, -WHEEL_LINES);
	if (event.bstate & BUTTON5_PRESSED)
		return act_move(ui, WHEEL_LINES);
	return event.bstate & BUTTON1_PRESSED ? click(ui, event.x, event.y) : 0;
}
