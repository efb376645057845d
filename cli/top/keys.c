// SPDX-License-Identifier: GPL-2.0
/* The one table of keys: handlers, labels in the last line, and help. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "top/actions.h"
#include "top/keys.h"
#include "top/mouse.h"
#include "top/ui.h"


#define KEY_ESCAPE	27
#define CONTROL(c)	((c) & 0x1f)

const struct binding bindings[] = {
	{ { KEY_F(1), 'h', '?' }, act_help, 0, "Help", "show or hide this help", "Help" },
	{ { '\n', '\r', KEY_ENTER }, act_enter, 0, "", "show buffers or details", NULL },
	{ { KEY_ESCAPE, KEY_BACKSPACE, 127 }, act_back, 0, NULL, "go back", "Back" },
	{ { KEY_F(3), '/' }, act_prompt, PROMPT_SEARCH, "Search", "search names and ids", NULL },
	{ { 'n' }, act_search_next, 1, NULL, "next, previous match", NULL },
	{ { 'N' }, act_search_next, -1, NULL, NULL, NULL },
	{ { KEY_F(4), '\\' }, act_prompt, PROMPT_FILTER, "Filter", "filter rows: term|term", NULL },
	{ { KEY_F(5), 't' }, act_open, 0, "Open", "open or close in place", NULL },
	{ { KEY_F(6) }, act_menu, MENU_SORT, "Sort", "choose the sort column", NULL },
	{ { '<' }, act_sort_beside, -1, NULL, "sort by adjacent column", NULL },
	{ { '>' }, act_sort_beside, 1, NULL, NULL, NULL },
	{ { 'I' }, act_invert, 0, NULL, "reverse the sort order", NULL },
	{ { KEY_F(2), 'C' }, act_menu, MENU_COLUMNS, NULL, "choose columns", NULL },
	{ { ' ' }, act_tag, 0, "Tag", "tag or untag a row", NULL },
	{ { 'U' }, act_untag, 0, NULL, "untag all rows", NULL },
	{ { KEY_F(9), 'k' }, act_signal, 0, "Signal", "send a signal, asks first", "Signal" },
	{ { 'w' }, act_prompt, PROMPT_WRITE, NULL, "write rows to a JSON file", "Write" },
	{ { 'Z' }, act_pause, 0, "Pause", "pause or resume; play", NULL },
	{ { ',' }, act_step, -1, NULL, "recording: back, forward", NULL },
	{ { '.' }, act_step, 1, NULL, NULL, NULL },
	{ { 'g' }, act_prompt, PROMPT_TIME, NULL, "recording: go to a time", NULL },
	{ { 'd' }, act_prompt, PROMPT_DELAY, NULL, "set the delay in seconds", NULL },
	{ { CONTROL('L') }, act_refresh, 0, NULL, "refresh and redraw now", NULL },
	{ { 'c' }, act_colours, 0, NULL, "toggle colors", NULL },
	{ { 'S' }, act_setup, 0, NULL, "save the settings", NULL },
	{ .keys = { 0 } },		/* the keys of the views */
	{ { 'l' }, act_scale, 0, NULL, "chart: linear or log", NULL },
	{ { '\t' }, act_next_view, 1, NULL, "next, previous view", NULL },
	{ { KEY_BTAB }, act_next_view, -1, NULL, NULL, NULL },
	{ { KEY_UP }, act_move, -1, NULL, "move the cursor", NULL },
	{ { KEY_DOWN }, act_move, 1, NULL, NULL, NULL },
	{ { KEY_PPAGE }, act_page, -1, NULL, "move by a page", NULL },
	{ { KEY_NPAGE }, act_page, 1, NULL, NULL, NULL },
	{ { KEY_HOME }, act_home, 0, NULL, "stay on the first row", NULL },
	{ { KEY_END }, act_end, 0, NULL, "move to the last row", NULL },
	{ { KEY_MOUSE }, act_mouse, 0, NULL, "select, sort, scroll", NULL },
	{ { KEY_F(10), 'q' }, act_quit, 0, "Quit", "quit", "Quit" },
};

const uint32_t n_bindings = sizeof(bindings) / sizeof(*bindings);

static unsigned int handle(struct ui *ui, int key)
{
	uint32_t i, k;

	if ((ui->dialog.prompt || ui->dialog.menu) && key != KEY_MOUSE)
		return dialog_key(ui, key);
	for (i = 0; i < n_bindings; i++)
		for (k = 0; k < 4 && bindings[i].keys[k]; k++)
			if (bindings[i].keys[k] == key)
				return bindings[i].handle(ui, bindings[i].arg);
	for (enum view_id v = 0; v < VIEWS; v++)
		if (screen_views[v].data && screen_views[v].key == key)
			return act_view(ui, v);
	return 0;
}

unsigned int keys_handle(struct ui *ui, int key)
{
	unsigned int react;

	/* The user has read the message of the previous key. */
	ui->message[0] = '\0';
	react = handle(ui, key);
	return react & REACT_KEY ? handle(ui, ui->pressed) : react;
}

const char *key_text(int key)
{
	static const struct {
		int key;
		const char *name;
	} names[] = {
		{ KEY_UP, "Up" }, { KEY_DOWN, "Down" }, { KEY_PPAGE, "PgUp" }, { KEY_NPAGE, "PgDn" },
		{ KEY_HOME, "Home" }, { KEY_END, "End" }, { '\n', "Enter" }, { '\t', "Tab" },
		{ KEY_BTAB, "BackTab" }, { KEY_ESCAPE, "Esc" }, { KEY_BACKSPACE, "BkSp" },
		{ ' ', "Spc" }, { KEY_MOUSE, "Mouse" }, { '\r', NULL }, { KEY_ENTER, NULL },
	};
	static char name[16];

	for (uint32_t i = 0; i < sizeof(names) / sizeof(*names); i++)
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

static void key_names(const struct binding *b, char *text, size_t room)
{
	size_t at = 0;

	*text = '\0';
	for (int k = 0; k < 4 && b->keys[k]; k++) {
		const char *name = key_text(b->keys[k]);

		if (name && at < room)
			at += snprintf(text + at, room - at, "%s%s", k ? " " : "", name);
	}
}

const char *keys_help(uint32_t want, char *names, size_t room)
{
	const struct binding *b;
	size_t len;

	for (b = bindings; b < bindings + n_bindings; b++) {
		for (enum view_id v = 0; !b->keys[0] && v < VIEWS; v++) {
			if (!screen_views[v].data || want--)
				continue;
			snprintf(names, room, "%c", screen_views[v].key);
			return screen_views[v].help;
		}
		if (!b->help || want--)
			continue;
		key_names(b, names, room);
		/* The next binding may share the help: Up, Down. */
		len = strlen(names);
		if (b + 1 < bindings + n_bindings && !b[1].help && b[1].keys[0] && len + 1 < room) {
			names[len] = ' ';
			key_names(b + 1, names + len + 1, room - len - 1);
		}
		return b->help;
	}
	return NULL;
}
