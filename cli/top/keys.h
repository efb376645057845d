/* SPDX-License-Identifier: GPL-2.0 */
/* Keys and their handlers. */
#ifndef TOP_KEYS_H
#define TOP_KEYS_H

#include <stdint.h>

struct ui;

/* Handle a key of ncurses. Return REACT_* bits. */
unsigned int keys_handle(struct ui *ui, int key);

struct binding {
	int keys[4];			/* none: stands for those of the views */
	unsigned int (*handle)(struct ui *ui, int arg);
	int arg;
	const char *label;		/* in the last line, NULL not there */
	const char *help;		/* NULL: the line before says it too */
	const char *panel;		/* in the last line while a page of text is shown */
};

extern const struct binding bindings[];
extern const uint32_t n_bindings;
/* A key as people call it: "F1", "Enter", "q". Good until the next call. */
const char *key_text(int key);
/* Entry i of the help: its keys' names, "F1 h ?", and what they do; NULL: there are no more. */
const char *keys_help(uint32_t i, char *names, size_t room);

#endif
