/* SPDX-License-Identifier: GPL-2.0 */
/* Questions on the screen: a line of text, or a menu. */
#ifndef TOP_DIALOG_H
#define TOP_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

enum prompt {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_WRITE,
	PROMPT_DELAY,
	PROMPT_TIME,
};

enum menu {
	MENU_NONE,
	MENU_SORT,
	MENU_COLUMNS,
	MENU_HOLDERS,			/* holders, for a signal */
	MENU_SIGNAL,
};

/* A question: a line of text, or a menu. */
struct dialog {
	enum prompt prompt;
	char text[256];
	uint32_t from;			/* first line of a search */
	enum menu menu;
	uint32_t cursor, top;
	char title[64];			/* safe to print */
	struct target {
		uint32_t pid;
		char comm[64];		/* name at the opening of the menu */
	} *targets;			/* processes for a signal */
	uint32_t n_targets, room_targets;
};

struct ui;

unsigned int act_prompt(struct ui *ui, int prompt);
unsigned int act_menu(struct ui *ui, int menu);
unsigned int act_signal(struct ui *ui, int arg);
unsigned int act_search_next(struct ui *ui, int by);
/* Handle a key during a question. */
unsigned int dialog_key(struct ui *ui, int key);
unsigned int dialog_choose(struct ui *ui, uint32_t item);
/* Return the cells of the widest menu item, 0 without a menu. */
int dialog_width(const struct ui *ui);
/* Write item i of the menu, safe to print; false after the last. */
bool dialog_item(const struct ui *ui, uint32_t i, char *text, size_t room);
/* The words before the typed text. */
const char *dialog_label(const struct ui *ui);

#endif
