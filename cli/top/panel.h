/* SPDX-License-Identifier: GPL-2.0 */
/* Pages of text: help, and the reasons for the life of a buffer. */
#ifndef TOP_PANEL_H
#define TOP_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "top/view.h"

/* A page of text. */
struct panel {
	struct panel_line {
		enum role role;
		int label;		/* cells of a label at its start */
		char *text;		/* safe to print */
	} *lines;
	uint32_t n, room, top;
	int width;			/* width of the text */
};

/* Rebuild the text. Return 0 or -ENOMEM. */
int panel_help(struct panel *panel, int width);
/* Details of a buffer: the reasons for its life. */
int panel_buffer(struct panel *panel, const struct model *model, uint64_t ino, int width,
		 bool bytes);
void panel_free(struct panel *panel);

#endif
