/* SPDX-License-Identifier: GPL-2.0 */
/* Keys and their handlers. */
#ifndef TOP_KEYS_H
#define TOP_KEYS_H

#include <stdint.h>

struct ui;

/* Handle a key of ncurses. Return REACT_* bits. */
unsigned int keys_handle(struct ui *ui, int key);

struct binding {
	int keys[4];			/* none: a row for the keys of the views */
	unsigned int (*handle)(struct ui *ui, int arg);
	int arg;
	const char *label;		/* in the last line; NULL: no label */
	const char *help;		/* NULL: the binding before has the help */
	const char *panel;		/* in the last line below a page of text */
};

extern const struct binding bindings[];
extern const uint32_t n_bindings;
/* Return the name of a key: "F1", "Enter", "q". Valid until the next call. */
const char *key_text(int key);
/* Return help entry i and write the names of its keys, "F1 h ?"; NULL after the last entry. */
const char *keys_help(uint32_t i, char *names, size_t room);

#endif
