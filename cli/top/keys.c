// SPDX-License-Identifier: GPL-2.0
/* The one table of keys: what each does, the last line of the screen, and its help. */
#include <curses.h>
#include <stdio.h>

#include "top/ui.h"

#define KEY_ESCAPE	27
#define CONTROL(c)	((c) & 0x1f)

const struct binding bindings[] = {
	{ { KEY_F(1), 'h', '?' }, act_help, 0, "Help", "this list" },
	{ { KEY_F(6), '>' }, act_sort_beside, 1, "Sort", "sort by the next column" },
	{ { '<' }, act_sort_beside, -1, NULL, "sort by the column before" },
	{ { 'I' }, act_invert, 0, "Invert", "the other way round" },
	{ { '1' }, act_view, 0, NULL, "processes" },
	{ { '2' }, act_view, 1, NULL, "buffers" },
	{ { '3' }, act_view, 2, NULL, "devices" },
	{ { '4' }, act_view, 3, NULL, "exporters" },
	{ { '\t' }, act_next_view, 1, NULL, "next view" },
	{ { KEY_BTAB }, act_next_view, -1, NULL, "view before" },
	{ { '\n', '\r', KEY_ENTER }, act_enter, 0, "", "open: the buffers of a row" },
	{ { KEY_ESCAPE, KEY_BACKSPACE }, act_back, 0, NULL, "back" },
	{ { KEY_UP }, act_move, -1, NULL, "move" },
	{ { KEY_DOWN }, act_move, 1, NULL, NULL },
	{ { KEY_PPAGE }, act_page, -1, NULL, "move by a screen" },
	{ { KEY_NPAGE }, act_page, 1, NULL, NULL },
	{ { KEY_HOME }, act_home, 0, NULL, "to the first row, and stay there" },
	{ { KEY_END }, act_end, 0, NULL, "to the last row" },
	{ { 'Z' }, act_pause, 0, "Pause", "stop refreshing, go on" },
	{ { CONTROL('L') }, act_refresh, 0, NULL, "refresh and redraw now" },
	{ { KEY_F(10), 'q' }, act_quit, 0, "Quit", "quit" },
};

const uint32_t n_bindings = sizeof(bindings) / sizeof(*bindings);

unsigned int keys_handle(struct ui *ui, int key)
{
	uint32_t i, k;

	for (i = 0; i < n_bindings; i++)
		for (k = 0; k < 4 && bindings[i].keys[k]; k++)
			if (bindings[i].keys[k] == key)
				return bindings[i].handle(ui, bindings[i].arg);
	return 0;
}

const char *key_name(int key)
{
	static const struct {
		int key;
		const char *name;
	} names[] = {
		{ KEY_UP, "Up" }, { KEY_DOWN, "Down" }, { KEY_PPAGE, "PgUp" }, { KEY_NPAGE, "PgDn" },
		{ KEY_HOME, "Home" }, { KEY_END, "End" }, { '\n', "Enter" }, { '\t', "Tab" },
		{ KEY_BTAB, "Shift-Tab" }, { KEY_ESCAPE, "Esc" }, { KEY_BACKSPACE, "BkSp" },
		{ ' ', "Space" }, { '\r', NULL }, { KEY_ENTER, NULL },
	};
	static char name[16];
	uint32_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].key == key)
			return names[i].name;
	if (key >= KEY_F(1) && key <= KEY_F(12))
		snprintf(name, sizeof(name), "F%d", key - KEY_F0);
	else if (key > 0 && key < ' ')
		snprintf(name, sizeof(name), "Ctrl-%c", key | 0x40);
	else if (key > ' ' && key < 127)
		snprintf(name, sizeof(name), "%c", key);
	else
		return NULL;
	return name;
}
