/* SPDX-License-Identifier: GPL-2.0 */
/* Drawing the state of the screen. */
#ifndef TOP_DRAW_H
#define TOP_DRAW_H

struct ui;

/* Draw everything. */
void draw(struct ui *ui);
/* Draw the parts between the head of the screen and the last two lines. */
void draw_list(struct ui *ui);
void draw_menu(struct ui *ui);
void draw_panel(struct ui *ui);
/* Draw the chart of the cursor's row in the lower half. */
void draw_chart(struct ui *ui);
/* Return the lines of the chart, at most room. */
int draw_chart_lines(const struct ui *ui, int room);

#endif
