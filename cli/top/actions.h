/* SPDX-License-Identifier: GPL-2.0 */
/* Handlers of keys. Each returns REACT_* bits. */
#ifndef TOP_ACTIONS_H
#define TOP_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct ui;

unsigned int act_help(struct ui *ui, int arg);
unsigned int act_sort_beside(struct ui *ui, int by);
unsigned int act_invert(struct ui *ui, int arg);
unsigned int act_view(struct ui *ui, int number);
unsigned int act_next_view(struct ui *ui, int by);
unsigned int act_move(struct ui *ui, int by);
unsigned int act_page(struct ui *ui, int by);
unsigned int act_home(struct ui *ui, int arg);
unsigned int act_end(struct ui *ui, int arg);
unsigned int act_enter(struct ui *ui, int arg);
unsigned int act_back(struct ui *ui, int arg);
unsigned int act_open(struct ui *ui, int arg);
unsigned int act_tag(struct ui *ui, int arg);
unsigned int act_untag(struct ui *ui, int arg);
unsigned int act_colours(struct ui *ui, int arg);
unsigned int act_setup(struct ui *ui, int arg);
unsigned int act_pause(struct ui *ui, int arg);
unsigned int act_step(struct ui *ui, int by);
unsigned int act_refresh(struct ui *ui, int arg);
unsigned int act_quit(struct ui *ui, int arg);
unsigned int act_scale(struct ui *ui, int arg);
/* Whether a page of text is shown. */
bool ui_has_panel(const struct ui *ui);
/* Whether the lower half shows a chart. */
bool ui_has_chart(const struct ui *ui);
/* Return the hooks necessary for the screen, MODEL_WATCHES_*. */
uint32_t ui_needs(const struct ui *ui);

void ui_say(struct ui *ui, bool bad_news, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
